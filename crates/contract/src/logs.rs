//! What `CloudWatch` Logs hands over to a function that is subscribed to a log group.
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-cloudwatchlogs.html>
//!
//! ```text
//! {"awslogs":{"data":"H4sIA…"}}                      base64 of gzip of
//! {"messageType":"DATA_MESSAGE","owner":"123456789012","logGroup":"/shop/app","logStream":"web-1",
//!  "subscriptionFilters":["lacuna-mask"],"logEvents":[{"id":"3195…","timestamp":1772442000000,"message":"…"}]}
//! ```
//!
//! Nobody has masked any of it yet: all that may be about a person has a type that does not print.

use domain::Personal;
use serde::Deserialize;

/// An invocation.
#[derive(Debug, Clone, Deserialize)]
pub struct Invocation {
    /// What there is in it.
    pub awslogs: Packed,
}

/// Lines, packed.
#[derive(Debug, Clone, Deserialize)]
pub struct Packed {
    /// A [`Delivery`] in JSON, compressed with gzip, in base64.
    pub data: Personal,
}

/// Lines of one stream of a log group.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// What it is.
    pub message_type: Kind,
    /// The log group, by its name.
    #[serde(default)]
    pub log_group: String,
    /// The stream, by its name, which whoever writes logs chooses.
    pub log_stream: Personal,
    /// The lines, as they were taken in.
    pub log_events: Vec<Line>,
}

/// What a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Kind {
    /// Lines.
    #[serde(rename = "DATA_MESSAGE")]
    Data,
    /// A trial, whether anybody is there.
    #[serde(rename = "CONTROL_MESSAGE")]
    Control,
}

/// One line: an event of a log, which may have line ends in it.
#[derive(Debug, Clone, Deserialize)]
pub struct Line {
    /// When it was written, in milliseconds since 1970.
    pub timestamp: i64,
    /// The text.
    pub message: Personal,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: &str, expect: Option<Kind>) {
        let text = format!(
            r#"{{"messageType": "{kind}", "owner": "1", "logGroup": "/shop/app", "logStream": "john@example.com",
                "subscriptionFilters": ["f"], "policyLevel": "LOG_GROUP",
                "logEvents": [{{"id": "3", "timestamp": 7, "message": "from john@example.com"}}]}}"#
        );
        let read: Option<Delivery> = serde_json::from_str(&text).ok();
        assert_eq!(read.as_ref().map(|delivery| delivery.message_type), expect, "{kind}");
        assert!(!format!("{read:?}").contains("john"), "no line can be printed, and no stream");
        let line = read.as_ref().map(|delivery| delivery.log_events[0].timestamp);
        assert_eq!(line, expect.map(|_| 7));
    }

    #[test]
    fn lines_and_trials_are_read_and_nothing_else() {
        check("DATA_MESSAGE", Some(Kind::Data));
        check("CONTROL_MESSAGE", Some(Kind::Control));
        check("data_message", None);
        check("", None);
    }
}
