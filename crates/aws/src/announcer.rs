//! Telling how a request ended: by webhook, and on a topic.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_sns::types::MessageAttributeValue;
use aws_sdk_sns::{Client, error::BuildError};
use contract::outcome::{Announcement, SIGNATURE_HEADER, sign};
use contract::settings::{Settings, is_own_secret};
use jiff::Timestamp;
use ports::{Announcer, Class, Clock, Code, Fault};

use crate::http::{Call, CallError, Guard};
use crate::sdk;
use crate::secrets::Secrets;

/// Announces by a signed webhook through the guard, and on an SNS topic.
pub struct Outcomes {
    guard: Guard,
    secrets: Secrets,
    topics: Client,
    topic: String,
}

impl Outcomes {
    /// Announces through this guard, with signing keys from Secrets Manager, and on the topic with
    /// this ARN.
    pub fn new(
        guard: Guard,
        secrets: aws_sdk_secretsmanager::Client,
        clock: Arc<dyn Clock>,
        topics: Client,
        topic: impl Into<String>,
    ) -> Self {
        Self { guard, secrets: Secrets::new(secrets, clock), topics, topic: topic.into() }
    }
}

const WEBHOOK: &str = "POST";
const TOPIC: &str = "sns:Publish";

fn failed(operation: &'static str, announcement: &Announcement, detail: &str) -> Fault {
    Fault::new(
        Class::Permanent,
        Code::AnnouncementFailed,
        operation,
        announcement.request_id.as_str(),
        detail,
    )
}

/// What a status says about whether the receiver has it.
fn received(status: u16) -> Result<(), Class> {
    match status {
        200..=299 => Ok(()),
        429 => Err(Class::Throttled),
        408 | 500.. => Err(Class::Transient),
        // Sent again it would be refused again; a redirect is not followed.
        _ => Err(Class::Permanent),
    }
}

/// What to do about a webhook that gave no status.
fn unanswered(error: CallError) -> (Class, Code) {
    match error {
        CallError::Refused(_) => (Class::Permanent, Code::SettingsInvalid),
        CallError::Unresolved
        | CallError::Unreachable
        | CallError::TimedOut
        | CallError::TooLarge
        | CallError::Broken
        | CallError::Unusable => (Class::Transient, Code::AnnouncementFailed),
    }
}

pub(crate) fn attribute(value: &str) -> Result<MessageAttributeValue, BuildError> {
    MessageAttributeValue::builder().data_type("String").string_value(value).build()
}

#[async_trait]
impl Announcer for Outcomes {
    async fn webhook(
        &self,
        settings: &Settings,
        announcement: &Announcement,
        at: Timestamp,
    ) -> Result<(), Fault> {
        let Some(webhook) = &settings.webhook else {
            return Ok(());
        };
        let body =
            serde_json::to_vec(announcement).map_err(|_| failed(WEBHOOK, announcement, "not-built"))?;
        if !is_own_secret(&settings.tenant, &webhook.secret) {
            return Err(Fault::new(
                Class::Permanent,
                Code::SettingsInvalid,
                WEBHOOK,
                settings.tenant.as_str(),
                "the webhook's secret is not this tenant's: lacuna/<tenant>/<name>",
            ));
        }
        let key = self.secrets.key(&webhook.secret).await?;
        let headers = [(SIGNATURE_HEADER, sign(&key, at, &body))];
        let mut call = Call::post(&webhook.url, &settings.allowed_hosts, body);
        call.headers = &headers;
        let status = self.guard.status(call).await.map_err(|error| {
            let (class, code) = unanswered(error);
            Fault::new(class, code, WEBHOOK, announcement.request_id.as_str(), error.as_str())
        })?;
        received(status)
            .map_err(|class| Fault { class, ..failed(WEBHOOK, announcement, &format!("status {status}")) })
    }

    async fn topic(&self, announcement: &Announcement) -> Result<(), Fault> {
        let unbuilt = || failed(TOPIC, announcement, "not-built");
        let message = serde_json::to_string(announcement).map_err(|_| unbuilt())?;
        let tenant = attribute(announcement.tenant.as_str()).map_err(|_| unbuilt())?;
        let status = attribute(announcement.status.as_str()).map_err(|_| unbuilt())?;
        self.topics
            .publish()
            .topic_arn(&self.topic)
            .message(message)
            .message_attributes("tenant", tenant)
            .message_attributes("status", status)
            .send()
            .await
            .map(|_| ())
            .map_err(|error| {
                let request = announcement.request_id.as_str();
                sdk::fault(Code::AnnouncementFailed, TOPIC, request, &error)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Rule;

    fn check(status: u16, expect: Result<(), Class>) {
        assert_eq!(received(status), expect, "{status}");
    }

    #[test]
    fn a_2xx_is_received_and_the_rest_says_whether_to_send_again() {
        for status in [200, 201, 202, 204] {
            check(status, Ok(()));
        }
        for status in [408, 500, 502, 503, 599] {
            check(status, Err(Class::Transient));
        }
        check(429, Err(Class::Throttled));
        for status in [301, 302, 307, 400, 401, 403, 404, 410, 422] {
            check(status, Err(Class::Permanent));
        }
    }

    #[test]
    fn a_receiver_that_is_away_is_tried_again_and_a_forbidden_one_is_not() {
        assert_eq!(unanswered(CallError::TimedOut), (Class::Transient, Code::AnnouncementFailed));
        assert_eq!(unanswered(CallError::Refused(Rule::Host)), (Class::Permanent, Code::SettingsInvalid));
    }
}
