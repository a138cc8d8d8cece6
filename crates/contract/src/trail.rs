//! What `CloudTrail` says of a call to S3, as `EventBridge` hands it over ("AWS API Call via `CloudTrail`").
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>
//!
//! Of such an event only what is used is read, and whatever is of another form is [`Told::Else`]: one that
//! cannot be read must not come again and again.

use domain::Personal;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Number;

/// An event.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Told {
    /// A call.
    Call {
        /// Which.
        detail: Box<Call>,
    },
    /// Anything else.
    Else(IgnoredAny),
}

/// A call to S3, for one object.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    /// What was called: `GetObject`.
    pub event_name: String,
    /// The event's own id: the same if it comes twice.
    #[serde(rename = "eventID")]
    pub event_id: String,
    /// When.
    pub event_time: Timestamp,
    /// From where.
    #[serde(rename = "sourceIPAddress")]
    pub address: Personal,
    /// Why it was refused, if it was.
    pub error_code: Option<String>,
    /// Who.
    pub user_identity: Identity,
    /// What for.
    pub request_parameters: Parameters,
    /// What more there is.
    pub additional_event_data: Option<More>,
}

/// Who called.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// Their id; of a session, `<id of the role>:<name of the session>`.
    pub principal_id: Option<String>,
    /// Of a session: whose.
    pub session_context: Option<SessionContext>,
}

/// What a session is.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionContext {
    /// Who gave it.
    pub session_issuer: Option<Issuer>,
}

/// Who gave a session.
#[derive(Debug, Clone, Deserialize)]
pub struct Issuer {
    /// Of a role's session, the role.
    pub arn: Option<String>,
}

/// What a call was for.
#[derive(Debug, Clone, Deserialize)]
pub struct Parameters {
    /// The object.
    pub key: String,
}

/// What more `CloudTrail` says of a call to S3.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct More {
    /// Bytes that were sent; written as a decimal sometimes.
    pub bytes_transferred_out: Option<Number>,
}

impl Call {
    /// The bytes that were sent.
    pub fn bytes(&self) -> u64 {
        let number = self.additional_event_data.as_ref().and_then(|more| more.bytes_transferred_out.as_ref());
        number.map_or(0, |number| {
            let whole = number.to_string();
            let whole = whole.split_once('.').map_or(whole.as_str(), |(whole, _)| whole);
            number.as_u64().or_else(|| whole.parse().ok()).unwrap_or(0)
        })
    }

    /// The name of the session of a role that called; `None` if it was none of that role's. The name alone says
    /// nothing: whoever may take a role chooses it.
    pub fn session_of(&self, role: &str) -> Option<&str> {
        let issuer = self.user_identity.session_context.as_ref()?.session_issuer.as_ref()?;
        let name = self.user_identity.principal_id.as_deref()?.split_once(':')?.1;
        (issuer.arn.as_deref() == Some(role)).then_some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: &str = "arn:aws:iam::1:role/lacuna/export-reader/r";

    fn call(bytes: &str, principal: &str) -> Told {
        let text = format!(
            r#"{{"detail": {{"eventName": "GetObject", "eventID": "e", "eventTime": "2026-03-02T09:00:00Z",
                "sourceIPAddress": "203.0.113.7",
                "userIdentity": {{"principalId": {principal}, "sessionContext": {{"sessionIssuer": {{"arn": "{ROLE}"}}}}}},
                "requestParameters": {{"key": "k", "bucketName": "b"}},
                "additionalEventData": {{"bytesTransferredOut": {bytes}, "SignatureVersion": "SigV4"}}}}}}"#
        );
        serde_json::from_str(&text).expect("JSON")
    }

    fn check(bytes: &str, principal: &str, expect: Option<(u64, Option<&str>)>) {
        let told = call(bytes, principal);
        let got = match &told {
            Told::Call { detail } => Some((detail.bytes(), detail.session_of(ROLE))),
            Told::Else(_) => None,
        };
        assert_eq!(got, expect, "{bytes} {principal}");
        assert!(!format!("{told:?}").contains("203.0"), "an address cannot be printed");
    }

    #[test]
    fn bytes_and_session_are_read_as_they_are_written() {
        check("1234", r#""AROA:req_1""#, Some((1234, Some("req_1"))));
        check("1234.0", r#""AIDA""#, Some((1234, None)));
        check("null", "null", Some((0, None)));
        check("-1", r#""AROA:""#, Some((0, Some(""))));
        check(r#""many""#, r#""AROA:req_1""#, None);
        check("1", "7", None);
    }

    #[test]
    fn a_session_is_one_of_the_role_that_gave_it() {
        let session = |context: &str| {
            let text = r#"{"eventName": "GetObject", "eventID": "e", "eventTime": "2026-03-02T09:00:00Z",
                "sourceIPAddress": "203.0.113.7", "requestParameters": {"key": "k"},
                "userIdentity": {"principalId": "AROA:req_1"}}"#;
            let mut call: serde_json::Value = serde_json::from_str(text).expect("JSON");
            call["userIdentity"]["sessionContext"] = serde_json::from_str(context).expect("JSON");
            let call: Call = serde_json::from_value(call).expect("a call");
            call.session_of(ROLE).map(str::to_owned)
        };
        assert_eq!(
            session(&format!(r#"{{"sessionIssuer": {{"arn": "{ROLE}"}}}}"#)).as_deref(),
            Some("req_1")
        );
        for other in [
            "null",
            "{}",
            r#"{"sessionIssuer": {}}"#,
            r#"{"sessionIssuer": {"arn": "arn:aws:iam::1:role/r"}}"#,
        ] {
            assert_eq!(session(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_of_another_form_is_something_else() {
        for text in
            ["null", "7", "[]", "{}", r#"{"detail": null}"#, r#"{"detail": {"eventName": "GetObject"}}"#]
        {
            let told: Told = serde_json::from_str(text).expect("anything reads");
            assert!(matches!(told, Told::Else(_)), "{text}");
        }
    }
}
