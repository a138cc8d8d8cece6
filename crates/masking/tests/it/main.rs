//! The library as its users meet it: measured on a labelled corpus, beside regular expressions, and with anything at all.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a test says what it found")]

mod allocations;
mod corpus;
mod differential;
mod edges;
mod frames;
mod fuzz;
mod held_out;
mod marks;
mod negatives;
mod rows;
mod values;
