//! testkit

pub mod clock;
pub mod conformance;
pub mod contract_tests;
pub mod inject;
pub mod memory;
pub mod proofs;
pub mod walker;
