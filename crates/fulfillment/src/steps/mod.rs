//! One module per step. Each declares the ports that it needs, and `run` does its work.

pub mod announce;
pub mod announce_export;
mod begin_store;
pub mod check_sanctions;
pub mod close_request;
pub mod collect_store;
mod collecting;
pub mod confirm_store;
mod earlier;
pub mod erase_store;
pub mod locate_store;
pub mod package_export;
mod packing;
pub mod park_request;
mod persons_keys;
pub mod pin_plan;
pub mod plan;
mod queue;
pub mod record_failure;
pub mod restore_store;
mod seen;
pub mod start_request;
pub mod suppress_store;
pub mod sweep;
pub mod sweep_export;
mod treatment;
pub mod write_audit;
