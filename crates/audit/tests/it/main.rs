//! The formats against what others made of the same specifications.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

mod notes;
mod page;
mod trees;
