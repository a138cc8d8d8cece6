//! What the whole must satisfy: layers, names, the state machine, the lifecycle with every fault,
//! and journeys on the engine.

#![allow(clippy::expect_used, clippy::panic, reason = "all of this is tests")]
#![allow(clippy::case_sensitive_file_extension_comparisons, reason = "our own files, named by us")]

mod docs;
mod engine;
mod golden;
mod guarantees;
mod layering;
mod proof;
mod repository;
mod saga;
mod statemachine;
mod template;
mod tidy;
mod vault_format;
