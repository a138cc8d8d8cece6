//! The package from outside: what goes in is what readers of other makes get out.

#![allow(clippy::expect_used)] // All of it is tests.

mod encrypted;
mod formats;
mod large;
mod others;
mod packages;
mod page;
mod support;
