//! Lacuna's own control plane on AWS: the adapters behind the ports, and how a Lambda serves.
//!
//! [`Account`] is where a function begins: it reads the environment, and hands out each port as an
//! adapter. [`serve()`] and its siblings are where it ends: they turn what Lambda delivers into
//! calls of a use case, and what that returns into what Lambda expects.

mod account;
mod announcer;
mod catalogs;
mod dead_letters;
mod environment;
mod evidence;
mod executions;
mod intake;
mod links;
mod log;
mod log_copies;
mod mailer;
mod notary;
mod objects;
mod packages;
mod pager;
mod relay;
mod sanctions;
mod sdk;
mod secrets;
mod signer;
mod staging;
mod system;

pub mod auth;
pub mod dynamo;
pub mod http;
pub mod serve;
pub mod telemetry;

#[cfg(test)]
mod testing;

pub use account::{Account, AccountError};
pub use announcer::Outcomes;
pub use catalogs::S3Catalogs;
pub use dead_letters::SqsDeadLetters;
pub use evidence::S3Evidence;
pub use executions::{NotStateMachine, StepFunctions};
pub use intake::SqsIntake;
pub use links::{NotArn, StsLinks};
pub use log_copies::CloudWatchCopies;
pub use mailer::SesMailer;
pub use notary::KmsNotary;
pub use packages::S3Packages;
pub use relay::relay;
pub use sanctions::HttpSanctions;
pub use serve::{serve, serve_api, serve_authorizer, serve_events, serve_queue, serve_stream};
pub use signer::KmsSigner;
pub use staging::S3Staging;
pub use system::{SystemClock, SystemEntropy};
