//! Every shape that leaves a process: the API, step inputs and outputs, the catalog file, tenant
//! settings, what sanction sources are asked and answer, what is announced.

pub mod api;
pub mod audit;
pub mod catalog;
pub mod export;
pub mod ledger;
pub mod logs;
pub mod masking;
pub mod outcome;
pub mod page;
pub mod problem;
pub mod sanction;
pub mod settings;
pub mod step;
pub mod trail;
pub mod vault;
