//! Our own state on DynamoDB: what its ports promise, how its items look, and what it makes of
//! DynamoDB's rarer answers.
//!
//! The tests that are ignored need an engine at `AWS_ENDPOINT_URL` and run with `--ignored`.

#![allow(clippy::expect_used)] // All of it is tests.

mod auditing;
mod canned;
mod damaged;
mod engine;
mod items;
mod keys;
mod listing;
mod lost_answers;
mod rare_answers;
mod registry;
mod upkeep;

testkit::contract_tests!(engine::deployment, ignore = "needs an engine at AWS_ENDPOINT_URL");
testkit::registry_tests!(registry::registry, ignore = "needs an engine at AWS_ENDPOINT_URL");
