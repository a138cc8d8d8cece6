//! Proofs to be attacked: a small log with its checkpoints and receipts, and every attack on them with what a verifier has to
//! say of it. The cases are files and words alone, so that a verifier in any language can be held to them.

#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "all of this is for tests: what is written here reads, or it is mended here"
)]

mod attacks;
mod forgeries;
mod log;
mod newer;
pub mod packs;
mod unsigned;

pub use attacks::{Case, Expect, cases};
pub use log::Log;
