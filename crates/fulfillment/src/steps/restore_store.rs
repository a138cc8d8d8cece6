//! `restore-store`: show the person again, when the request was withdrawn or denied.

use contract::step::{StoreRan, StoreRun};
use ports::Budget;

use crate::error::StepError;
pub use crate::steps::suppress_store::Ports;
use crate::steps::suppress_store::set_hidden;

/// Runs the step.
pub async fn run(ports: &Ports, input: &StoreRun, budget: &dyn Budget) -> Result<StoreRan, StepError> {
    set_hidden(ports, input, budget, false).await
}
