//! What auditors are given, attacked: every verifier has to find, and name, the same.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "all of this is tests")]

mod attacks;
mod later;
mod named;
mod packs;
mod page;
mod rewritten;
mod together;
