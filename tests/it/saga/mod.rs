//! The saga: the whole lifecycle in memory, with everything that can go wrong going wrong.

mod auditing;
mod calling;
mod controls;
mod exports;
mod faults;
mod five_gigabytes;
mod leak;
mod ledger;
mod objections;
mod outages;
mod outcomes;
mod proof;
mod queries;
mod receipt_salt;
mod recheck;
mod shop;
mod shredding;
mod stage;
mod waiting;
