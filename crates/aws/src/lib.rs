//! Lacuna's own control plane on AWS.
mod announcer;
mod catalogs;
mod environment;
mod executions;
mod intake;
mod objects;
mod sanctions;
mod sdk;
mod secrets;
mod staging;
mod system;

pub mod auth;
pub mod dynamo;
pub mod http;

#[cfg(test)]
mod testing;
