//! What people see: tables and sentences made of the API's bodies.

pub mod catalog;
pub mod copy;
pub mod export;
pub mod failure;
pub mod hold;
pub mod ledger;
pub mod outcome;
pub mod request;
pub mod stores;
pub mod timeline;
pub mod vault;
pub mod verify;
