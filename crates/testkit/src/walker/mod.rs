//! Walks a Step Functions definition in memory, by AWS's rules.
//!
//! The local engine is lenient where AWS is not: it leaves iterations out of the history, enforces
//! no heartbeat and no payload size, and catches what AWS does not let be caught. A walk takes
//! `statemachine.asl.json` exactly as it is deployed and does what Standard Workflows do, or what
//! their documentation promises where that is stricter. It moves a clock instead of sleeping, so a
//! request of 45 days takes milliseconds, and everything it does can be repeated from a seed.
//!
//! ```
//! use async_trait::async_trait;
//! use serde_json::{Value, json};
//! use testkit::walker::{Call, Definition, End, TaskError, Tasks, Walk};
//!
//! struct Functions;
//!
//! #[async_trait]
//! impl Tasks for Functions {
//!     async fn invoke(&self, call: &Call) -> Result<Value, TaskError> {
//!         match (call.function.as_str(), call.attempt) {
//!             ("PlanFunctionArn", 0) => Err(TaskError::lambda("Lacuna.Transient", "again")),
//!             ("PlanFunctionArn", _) => Ok(json!({"stores": ["st_1", "st_2"]})),
//!             _ => Err(TaskError::lambda("Lacuna.Permanent", "no such function")),
//!         }
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let definition = Definition::parse(
//!     r#"{
//!       "QueryLanguage": "JSONata",
//!       "StartAt": "Plan",
//!       "States": {
//!         "Plan": {
//!           "Type": "Task",
//!           "Resource": "arn:aws:states:::lambda:invoke",
//!           "Arguments": {"FunctionName": "${PlanFunctionArn}", "Payload": "{% $states.input %}"},
//!           "Retry": [{"ErrorEquals": ["Lacuna.Transient"], "JitterStrategy": "FULL"}],
//!           "Output": "{% $count($states.result.Payload.stores) %}",
//!           "Next": "CoolOff"
//!         },
//!         "CoolOff": {"Type": "Wait", "Seconds": 2592000, "End": true}
//!       }
//!     }"#,
//! )?;
//! let walked = Walk::new(&definition, &Functions).run(json!({"request_id": "req_1"})).await;
//!
//! assert_eq!(walked.end, End::Succeeded(json!(2)));
//! assert_eq!(walked.trace.states(), ["Plan", "CoolOff"]);
//! assert_eq!(walked.trace.transitions, 3);
//! # Ok(())
//! # }
//! ```
//!
//! - What a state's calls are answered is [`Tasks`]; what answers a task token is [`Tokens`].
//! - What happens while time passes is [`Watch`]: cancel during a Wait, answer an agent's order
//!   two hours later, place a hold between two stores.
//! - What a definition must and should be is [`Definition::parse`] and [`Definition::lints`].
//!
//! Not walked: `JSONPath`, Express Workflows, redrive, activities, an object as a Map's `Items`,
//! `States.BranchFailed`, and the `NONE` format of a `ResultWriter`.

mod check;
mod control;
mod definition;
mod expression;
mod failure;
mod fields;
mod finding;
mod functions;
mod lint;
mod model;
mod read;
mod rng;
mod run;
mod scene;
mod schedule;
mod settle;
mod tasks;
mod template;
#[cfg(test)]
mod tests;
mod time;
mod tokens;
mod trace;
mod walk;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use control::{End, Limits, Next, Pause, StopHandle, Walked, Watch};
pub use definition::{Definition, DefinitionError};
pub use finding::{Finding, Rule};
pub use schedule::{Order, Reason, Waiter};
pub use tasks::{Call, TaskError, Tasks};
pub use time::Clock;
pub use tokens::{TokenError, Tokens};
pub use trace::{Event, Iteration, Payload, Role, Trace, Visit};
pub use walk::Walk;

/// Locks, also after a panic elsewhere: the test that panicked has already failed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
