//! The connectors against real stores.
//!
//! SQLite runs against files. DynamoDB and S3 run against the local engine: those tests are ignored
//! unless they are asked for, and then `AWS_ENDPOINT_URL` says where the engine is. `make test` starts
//! it and asks for them; by hand:
//!
//! ```text
//! AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=test \
//!     AWS_SECRET_ACCESS_KEY=test cargo test -p connectors --test it -- --include-ignored
//! ```

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on says so; the lint knows tests by their attribute, not their helpers"
)]

mod collecting;
mod contents;
mod copying;
mod dynamodb;
mod engine;
mod environment;
mod faults;
mod looking;
mod planting;
mod s3;
mod s3_folders;
mod s3_listings;
mod sqlite;
mod sqlite_faults;
mod sqlite_rules;
mod stub;
mod volume;
mod walking;
