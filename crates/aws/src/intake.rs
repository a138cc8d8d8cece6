//! The intake queue.

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use contract::step::Start;
use ports::{Class, Code, Fault, Intake};

use crate::executions::canonical;
use crate::sdk;

/// Starts and wakes on a standard queue.
#[derive(Debug, Clone)]
pub struct SqsIntake {
    client: Client,
    queue: String,
}

impl SqsIntake {
    /// The queue with this URL.
    pub fn new(client: Client, queue: impl Into<String>) -> Self {
        Self { client, queue: queue.into() }
    }
}

#[async_trait]
impl Intake for SqsIntake {
    async fn send(&self, start: &Start) -> Result<(), Fault> {
        const OPERATION: &str = "sqs:SendMessage";
        let request = start.run.request_id.as_str();
        let body = canonical(start).ok_or_else(|| {
            Fault::new(Class::Permanent, Code::ControlUnavailable, OPERATION, request, "not-built")
        })?;
        self.client
            .send_message()
            .queue_url(&self.queue)
            .message_body(body)
            // On a standard queue the group neither orders nor blocks: it makes the queue fair, so
            // that a tenant's burst delays that tenant only.
            .message_group_id(start.run.tenant.as_str())
            .send()
            .await
            .map(|_| ())
            .map_err(|e| sdk::fault(Code::ControlUnavailable, OPERATION, request, &e))
    }
}
