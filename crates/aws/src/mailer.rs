//! Letters through SES, from templates that are stored there.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::types::{Destination, EmailContent, Template};
use domain::Personal;
use ports::{Class, Code, Fault, Letter, Mailer};

use crate::sdk;

const OPERATION: &str = "ses:SendEmail";

/// Sends letters through SES.
#[derive(Debug, Clone)]
pub struct SesMailer {
    client: Client,
    configuration_set: Option<String>,
}

impl SesMailer {
    /// Sends with this configuration set, or with the sender's own. Without open and click events in its
    /// destinations nothing in a letter is tracked, and none is asked for here.
    pub fn new(client: Client, configuration_set: Option<String>) -> Self {
        Self { client, configuration_set }
    }
}

/// What fills the template, as the JSON text that SES takes.
fn filled(data: &BTreeMap<String, Personal>) -> Option<String> {
    let exposed: BTreeMap<&str, &str> =
        data.iter().map(|(name, value)| (name.as_str(), value.expose())).collect();
    serde_json::to_string(&exposed).ok()
}

#[async_trait]
impl Mailer for SesMailer {
    async fn send(&self, letter: &Letter) -> Result<(), Fault> {
        let data = filled(&letter.data).ok_or_else(|| {
            let code = Code::AnnouncementFailed;
            Fault::new(Class::Permanent, code, OPERATION, &letter.template, "not-built")
        })?;
        let template = Template::builder().template_name(&letter.template).template_data(data).build();
        self.client
            .send_email()
            .from_email_address(&letter.from)
            .destination(Destination::builder().to_addresses(letter.to.expose()).build())
            .content(EmailContent::builder().template(template).build())
            .set_configuration_set_name(self.configuration_set.clone())
            .send()
            .await
            .map(|_| ())
            // By the template, never by whom it was for; the message of a refusal quotes the address.
            .map_err(|error| sdk::fault(Code::AnnouncementFailed, OPERATION, &letter.template, &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Answer, canned};

    const MARK: &str = "marked@example.com";

    fn letter() -> Letter {
        Letter {
            to: Personal::new(MARK),
            from: "privacy@shop.example".to_owned(),
            template: "lacuna-package-ready".to_owned(),
            data: BTreeMap::from([
                ("code".to_owned(), Personal::new("4711")),
                ("name".to_owned(), Personal::new("Zo\u{eb} \"Z\" <b>")),
            ]),
        }
    }

    async fn mailer(answer: Answer, set: Option<&str>) -> (SesMailer, crate::testing::Canned) {
        let server = canned(move |_| answer.clone()).await;
        let client = Client::new(&server.sdk());
        (SesMailer::new(client, set.map(str::to_owned)), server)
    }

    #[tokio::test]
    async fn a_letter_names_its_template_and_what_fills_it() {
        let (mailer, server) = mailer(Answer::json(200, r#"{"MessageId":"1"}"#), Some("lacuna")).await;
        assert_eq!(mailer.send(&letter()).await, Ok(()));
        let asked = server.asked();
        assert_eq!((asked.len(), &*asked[0].path), (1, "/v2/email/outbound-emails"));
        let body: serde_json::Value = serde_json::from_slice(&asked[0].body).expect("JSON");
        let data = body["Content"]["Template"]["TemplateData"].as_str().expect("text");
        let data: serde_json::Value = serde_json::from_str(data).expect("JSON");
        assert_eq!(data, serde_json::json!({"code": "4711", "name": "Zo\u{eb} \"Z\" <b>"}));
        assert_eq!(body["Content"]["Template"]["TemplateName"], "lacuna-package-ready");
        assert_eq!(body["FromEmailAddress"], "privacy@shop.example");
        assert_eq!(body["Destination"], serde_json::json!({"ToAddresses": [MARK]}));
        assert_eq!(body["ConfigurationSetName"], "lacuna");
        assert!(body["Content"].get("Simple").is_none() && body["Content"].get("Raw").is_none());
    }

    async fn check(status: u16, kind: &str, expect: Class) {
        let body = format!(r#"{{"message":"about {MARK}"}}"#);
        let (mailer, server) = mailer(Answer::json(status, &body).with("x-amzn-errortype", kind), None).await;
        let fault = mailer.send(&letter()).await.expect_err("a fault");
        let expect = Fault::new(expect, Code::AnnouncementFailed, OPERATION, "lacuna-package-ready", kind);
        assert_eq!(fault, expect);
        let body: serde_json::Value = serde_json::from_slice(&server.asked()[0].body).expect("JSON");
        assert!(body.get("ConfigurationSetName").is_none());
    }

    #[tokio::test]
    async fn a_refusal_is_known_by_its_code_and_quotes_nobody() {
        check(400, "MessageRejected", Class::Permanent).await;
        check(404, "NotFoundException", Class::Permanent).await;
        check(429, "TooManyRequestsException", Class::Throttled).await;
        check(400, "LimitExceededException", Class::Throttled).await;
        check(500, "InternalFailure", Class::Transient).await;
    }
}
