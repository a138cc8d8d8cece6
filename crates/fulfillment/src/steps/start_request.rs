//! `start-request`: start the execution that a request's generation calls for, and stop those that
//! it replaces.

use std::sync::Arc;

use contract::step::{Run, Start};
use domain::{Generation, RequestId, TenantId};
use ports::{Executions, Requests};

use crate::error::StepError;

/// How many superseded executions are looked for. More than one is there only if starts were lost
/// or came late, and the fence keeps any that is missed from changing anything.
const LOOK_BACK: u32 = 8;

/// What the step needs.
pub struct Ports {
    /// The requests.
    pub requests: Arc<dyn Requests>,
    /// The state machine.
    pub executions: Arc<dyn Executions>,
}

/// The execution's name: at most 80 characters, and all that is needed to find the request.
pub fn execution_name(tenant: &TenantId, id: &RequestId, generation: Generation) -> String {
    format!("{tenant}_{id}-{generation}")
}

/// Reads what [`execution_name`] writes.
pub fn parse_execution_name(name: &str) -> Option<Run> {
    let (tenant, rest) = name.split_once('_')?;
    let (id, generation) = rest.rsplit_once('-')?;
    Some(Run {
        tenant: tenant.parse().ok()?,
        request_id: id.parse().ok()?,
        generation: Generation(generation.parse().ok()?),
    })
}

/// Runs the step. A message that is late or doubled does nothing.
pub async fn run(ports: &Ports, input: &Start) -> Result<(), StepError> {
    let run = &input.run;
    let Some(request) = ports.requests.load(&run.tenant, &run.request_id).await? else {
        return Ok(());
    };
    if request.generation != run.generation {
        return Ok(());
    }
    let newest = run.generation.0.saturating_sub(1);
    for older in (newest.saturating_sub(LOOK_BACK - 1).max(1)..=newest).rev() {
        let name = execution_name(&run.tenant, &run.request_id, Generation(older));
        if ports.executions.stop(&name).await? {
            break;
        }
    }
    ports.executions.start(&execution_name(&run.tenant, &run.request_id, run.generation), input).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_are_short_enough() {
        let tenant: TenantId = "a".repeat(36).parse().expect("the longest tenant id");
        let request_id = RequestId::new(jiff::Timestamp::UNIX_EPOCH, 3);
        let run = Run { tenant, request_id, generation: Generation(u32::MAX) };
        let name = execution_name(&run.tenant, &run.request_id, run.generation);
        assert!(name.len() <= 80, "{}", name.len());
        assert_eq!(parse_execution_name(&name), Some(run));
        assert_eq!(parse_execution_name("something-else"), None);
    }
}
