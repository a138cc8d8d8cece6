//! The audit's dead-letter queue.

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use ports::{Code, DeadLetter, DeadLetters, Fault};
use serde_json::json;

use crate::sdk;

/// Letters about single events, beside the pointers that Lambda puts there for whole batches.
#[derive(Debug, Clone)]
pub struct SqsDeadLetters {
    client: Client,
    queue: String,
}

impl SqsDeadLetters {
    /// The queue with this URL.
    pub fn new(client: Client, queue: impl Into<String>) -> Self {
        Self { client, queue: queue.into() }
    }
}

#[async_trait]
impl DeadLetters for SqsDeadLetters {
    /// Where the event stands and why it cannot be chained; nothing of the event itself.
    async fn put(&self, letter: &DeadLetter) -> Result<(), Fault> {
        let body = json!({
            "pk": letter.key.pk,
            "sk": letter.key.sk,
            "sequence": letter.sequence,
            "code": letter.code.as_str(),
        });
        let call = self.client.send_message().queue_url(&self.queue).message_body(body.to_string());
        let sent = call.send().await.map(|_| ());
        sent.map_err(|error| sdk::fault(Code::ControlUnavailable, "sqs:SendMessage", "audit-dead", &error))
    }
}

#[cfg(test)]
mod tests {
    use ports::{Class, EventKey};
    use serde_json::Value;

    use super::*;
    use crate::testing::{Answer, canned};

    fn letter() -> DeadLetter {
        let key = EventKey { pk: "T#demo#R#req_1".into(), sk: "EVENT#00000002".into() };
        DeadLetter { key, sequence: "7".into(), code: Code::EventUnreadable }
    }

    #[tokio::test]
    async fn a_letter_says_where_the_event_stands_and_why() {
        let server = canned(|asked| {
            let body: Value = serde_json::from_slice(&asked.body).expect("JSON");
            let letter: Value =
                serde_json::from_str(body["MessageBody"].as_str().expect("a body")).expect("JSON");
            let expect = json!({"pk": "T#demo#R#req_1", "sk": "EVENT#00000002", "sequence": "7",
                "code": "event-unreadable"});
            let status = if letter == expect { 200 } else { 400 };
            Answer::json(status, r#"{"MessageId": "1"}"#)
        })
        .await;
        let queue = SqsDeadLetters::new(Client::new(&server.sdk()), "https://sqs.example/1/audit-dead");
        assert_eq!(queue.put(&letter()).await, Ok(()));
    }

    #[tokio::test]
    async fn a_letter_that_is_not_taken_is_a_fault() {
        let server = canned(|_| Answer::json(403, r#"{"__type": "AccessDenied"}"#)).await;
        let queue = SqsDeadLetters::new(Client::new(&server.sdk()), "https://sqs.example/1/audit-dead");
        let fault = queue.put(&letter()).await.expect_err("a fault");
        assert_eq!((fault.class, fault.target.as_str()), (Class::Permanent, "audit-dead"));
    }
}
