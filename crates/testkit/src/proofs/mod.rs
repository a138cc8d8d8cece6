//! Proofs to be attacked: a small log with its checkpoints and receipts, and every attack on them with what a verifier has to
//! say of it. The cases are files and words alone, so that a verifier in any language can be held to them.

mod attacks;
mod forgeries;
mod log;

pub use attacks::{Case, Expect, cases};
pub use log::Log;
