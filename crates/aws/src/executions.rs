//! Executions of the lifecycle.

use async_trait::async_trait;
use aws_sdk_sfn::Client;
use aws_sdk_sfn::operation::start_execution::StartExecutionError;
use aws_sdk_sfn::operation::stop_execution::StopExecutionError;
use aws_sdk_sfn::types::ExecutionStatus;
use contract::step::Start;
use ports::{Class, Code, Executions, Fault};

use crate::sdk;

/// The lifecycle on Step Functions.
#[derive(Debug, Clone)]
pub struct StepFunctions {
    client: Client,
    machine: String,
    prefix: String,
}

/// An ARN that is not a state machine's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the ARN of a state machine, nor of an alias or a version of one")]
pub struct NotStateMachine;

impl StepFunctions {
    /// The state machine with this ARN. Executions are started through it as it is given: an
    /// alias, a version, or the machine itself.
    pub fn new(client: Client, machine: impl Into<String>) -> Result<Self, NotStateMachine> {
        let machine = machine.into();
        let prefix = execution_prefix(&machine).ok_or(NotStateMachine)?;
        Ok(Self { client, machine, prefix })
    }
}

/// Executions are the machine's, whatever alias started them: `arn:…:execution:<machine>:`.
fn execution_prefix(machine: &str) -> Option<String> {
    let parts: Vec<&str> = machine.split(':').collect();
    match parts.as_slice() {
        ["arn", partition, "states", region, account, "stateMachine", name, rest @ ..]
            if rest.len() < 2 && !name.is_empty() =>
        {
            Some(format!("arn:{partition}:states:{region}:{account}:execution:{name}:"))
        }
        _ => None,
    }
}

/// The bytes are the same at every retry: Step Functions compares them.
pub(crate) fn canonical(start: &Start) -> Option<String> {
    serde_json::to_value(start).ok().map(|value| audit::canonical(&value))
}

#[async_trait]
impl Executions for StepFunctions {
    async fn start(&self, name: &str, start: &Start) -> Result<(), Fault> {
        const OPERATION: &str = "states:StartExecution";
        let input = canonical(start).ok_or_else(|| {
            Fault::new(Class::Permanent, Code::ControlUnavailable, OPERATION, name, "not-built")
        })?;
        let answer = self
            .client
            .start_execution()
            .state_machine_arn(&self.machine)
            .name(name)
            .input(input)
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            // The name holds the generation, so whoever used it meant this start.
            Err(error)
                if error.as_service_error().is_some_and(StartExecutionError::is_execution_already_exists) =>
            {
                Ok(())
            }
            Err(error) => Err(sdk::fault(Code::ControlUnavailable, OPERATION, name, &error)),
        }
    }

    async fn stop(&self, name: &str) -> Result<bool, Fault> {
        let answer = self
            .client
            .stop_execution()
            .execution_arn(format!("{}{name}", self.prefix))
            .error("Lacuna.Superseded")
            .cause("a later generation has taken over")
            .send()
            .await;
        match answer {
            Ok(_) => Ok(true),
            Err(error)
                if error.as_service_error().is_some_and(StopExecutionError::is_execution_does_not_exist) =>
            {
                Ok(false)
            }
            // One that has ended by itself cannot be stopped, and need not be. Nothing says so but
            // the error's message, so it is looked at.
            Err(error) => match self.is_running(name).await {
                Ok(false) => Ok(true),
                _ => Err(sdk::fault(Code::ControlUnavailable, "states:StopExecution", name, &error)),
            },
        }
    }
}

impl StepFunctions {
    async fn is_running(&self, name: &str) -> Result<bool, Fault> {
        let described =
            self.client.describe_execution().execution_arn(format!("{}{name}", self.prefix)).send().await;
        match described {
            Ok(execution) => {
                Ok(matches!(execution.status(), ExecutionStatus::Running | ExecutionStatus::PendingRedrive))
            }
            Err(error) => Err(sdk::fault(Code::ControlUnavailable, "states:DescribeExecution", name, &error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::event::EnterAt;

    fn check(machine: &str, expect: Option<&str>) {
        assert_eq!(execution_prefix(machine).as_deref(), expect, "{machine}");
    }

    #[test]
    fn executions_belong_to_the_machine_whatever_started_them() {
        let expect = Some("arn:aws-cn:states:cn-north-1:123456789012:execution:lacuna-lifecycle:");
        let machine = "arn:aws-cn:states:cn-north-1:123456789012:stateMachine:lacuna-lifecycle";
        check(machine, expect);
        check(&format!("{machine}:live"), expect);
        check(&format!("{machine}:7"), expect);
        check(&format!("{machine}:7:8"), None);
        check("arn:aws:states:us-east-1:1:execution:a:b", None);
        check("arn:aws:states:us-east-1:1:stateMachine:", None);
        check("lacuna-lifecycle", None);
    }

    #[test]
    fn the_input_of_an_execution_is_the_same_bytes_every_time() {
        let start = Start {
            run: contract::step::Run {
                tenant: "demo".parse().expect("a tenant"),
                request_id: "req_01arz3ndektsv4rrffq69g5fav".parse().expect("an id"),
                generation: domain::Generation(3),
            },
            enter_at: EnterAt::Plan,
        };
        assert_eq!(
            canonical(&start).as_deref(),
            Some(
                r#"{"enter_at":"Plan","generation":3,"request_id":"req_01arz3ndektsv4rrffq69g5fav","tenant":"demo"}"#
            )
        );
    }
}
