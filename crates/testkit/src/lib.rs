//! testkit

pub mod walker;
pub mod clock;
pub mod inject;
pub mod memory;
