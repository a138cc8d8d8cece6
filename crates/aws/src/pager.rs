//! Paging the owners of stores: on a topic, to which each team subscribes.

use async_trait::async_trait;
use aws_sdk_sns::Client;
use contract::page::Page;
use ports::{Class, Code, Fault, Pager};

use crate::announcer::attribute;
use crate::sdk;

const PUBLISH: &str = "sns:Publish";

/// Pages on an SNS topic. The attributes `team` and `page` are what subscriptions filter by.
pub struct Pages {
    topics: Client,
    topic: String,
}

impl Pages {
    /// Pages on the topic with this ARN.
    pub fn new(topics: Client, topic: impl Into<String>) -> Self {
        Self { topics, topic: topic.into() }
    }
}

#[async_trait]
impl Pager for Pages {
    async fn page(&self, page: &Page) -> Result<(), Fault> {
        let request = page.request_id.as_str();
        let unbuilt = || Fault::new(Class::Permanent, Code::PagingFailed, PUBLISH, request, "not-built");
        let message = serde_json::to_string(page).map_err(|_| unbuilt())?;
        let named = [
            ("tenant", page.tenant.as_str()),
            ("team", &page.team),
            ("page", &page.page),
            ("code", &page.code),
        ];
        let mut publish = self.topics.publish().topic_arn(&self.topic).message(message);
        for (name, value) in named {
            publish = publish.message_attributes(name, attribute(value).map_err(|_| unbuilt())?);
        }
        let sent = publish.send().await;
        sent.map(drop).map_err(|error| sdk::fault(Code::PagingFailed, PUBLISH, request, &error))
    }
}
