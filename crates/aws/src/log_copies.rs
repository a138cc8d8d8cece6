//! Masked copies of log groups, in `CloudWatch` Logs.

use async_trait::async_trait;
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::config::http::HttpResponse;
use aws_sdk_cloudwatchlogs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudwatchlogs::operation::put_log_events::{PutLogEventsError, PutLogEventsOutput};
use aws_sdk_cloudwatchlogs::types::{InputLogEvent, RejectedLogEventsInfo};
use ports::{Class, Code, Fault, LogCopies, LogLine};

use crate::sdk;

const PUT: &str = "logs:PutLogEvents";
const CREATE: &str = "logs:CreateLogStream";

/// Copies that are log groups. It makes streams, and no groups.
pub struct CloudWatchCopies {
    logs: Client,
}

impl CloudWatchCopies {
    /// Copies of this account.
    pub fn new(logs: Client) -> Self {
        Self { logs }
    }

    async fn put(
        &self,
        copy: &str,
        stream: &str,
        events: Vec<InputLogEvent>,
    ) -> Result<PutLogEventsOutput, SdkError<PutLogEventsError, HttpResponse>> {
        let put = self.logs.put_log_events().log_group_name(copy).log_stream_name(stream);
        put.set_log_events(Some(events)).send().await
    }

    /// Makes a stream. That somebody else has just made it is fine.
    async fn create(&self, copy: &str, stream: &str) -> Result<(), Fault> {
        let create = self.logs.create_log_stream().log_group_name(copy).log_stream_name(stream);
        match create.send().await {
            Err(error) if error.code() != Some("ResourceAlreadyExistsException") => {
                Err(sdk::fault(Code::LogsNotCopied, CREATE, copy, &error))
            }
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl LogCopies for CloudWatchCopies {
    async fn append(&self, copy: &str, stream: &str, lines: &[LogLine]) -> Result<usize, Fault> {
        let mut put = self.put(copy, stream, events(copy, lines)?).await;
        // Most streams are there already, so it is tried first.
        if put.as_ref().is_err_and(|error| error.code() == Some("ResourceNotFoundException")) {
            self.create(copy, stream).await?;
            put = self.put(copy, stream, events(copy, lines)?).await;
        }
        let put = put.map_err(|error| sdk::fault(Code::LogsNotCopied, PUT, copy, &error))?;
        Ok(put.rejected_log_events_info().map_or(0, |info| rejected(info, lines.len())))
    }
}

fn events(copy: &str, lines: &[LogLine]) -> Result<Vec<InputLogEvent>, Fault> {
    let event =
        |line: &LogLine| InputLogEvent::builder().timestamp(line.at).message(line.text.expose()).build();
    let events: Result<_, _> = lines.iter().map(event).collect();
    events.map_err(|_| Fault::new(Class::Permanent, Code::LogsNotCopied, PUT, copy, "not-built"))
}

/// How many lines were not taken: those before the first index, and those from the second on.
fn rejected(info: &RejectedLogEventsInfo, lines: usize) -> usize {
    let place = |index: Option<i32>| index.and_then(|at| usize::try_from(at).ok()).map(|at| at.min(lines));
    let early = place(info.too_old_log_event_end_index()).max(place(info.expired_log_event_end_index()));
    let early = early.unwrap_or(0);
    let late = place(info.too_new_log_event_start_index()).unwrap_or(lines).max(early);
    early + (lines - late)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use domain::Personal;
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{Answer, Asked, canned};

    fn lines(count: i64) -> Vec<LogLine> {
        (0..count).map(|at| LogLine { at, text: Personal::new("from j***@example.com") }).collect()
    }

    fn asked(request: &Asked) -> (String, Value) {
        let target = request.header("x-amz-target").unwrap_or_default();
        let body = serde_json::from_slice(&request.body).expect("JSON");
        (target.trim_start_matches("Logs_20140328.").to_owned(), body)
    }

    fn refused(code: &str) -> Answer {
        Answer::json(400, &json!({"__type": code, "message": "the line from john@example.com"}).to_string())
    }

    #[tokio::test]
    async fn a_stream_is_made_when_it_is_missed_and_by_whoever_comes_first() {
        for made in [Answer::json(200, "{}"), refused("ResourceAlreadyExistsException")] {
            let puts = AtomicUsize::new(0);
            let server = canned(move |request| match &*asked(request).0 {
                "CreateLogStream" => made.clone(),
                _ if puts.fetch_add(1, Ordering::SeqCst) == 0 => refused("ResourceNotFoundException"),
                _ => Answer::json(200, "{}"),
            })
            .await;
            let copies = CloudWatchCopies::new(Client::new(&server.sdk()));
            assert_eq!(copies.append("/shop/masked", "web", &lines(2)).await, Ok(0));
            let seen: Vec<_> = server.asked().iter().map(asked).collect();
            let calls: Vec<_> = seen.iter().map(|(call, _)| call.as_str()).collect();
            assert_eq!(calls, ["PutLogEvents", "CreateLogStream", "PutLogEvents"]);
            let text = "from j***@example.com";
            let event = |at: i64| json!({"timestamp": at, "message": text});
            let names = json!({"logGroupName": "/shop/masked", "logStreamName": "web"});
            assert_eq!(seen[1].1, names);
            let mut put = names;
            put["logEvents"] = json!([event(0), event(1)]);
            assert_eq!((&seen[0].1, &seen[2].1), (&put, &put));
        }
    }

    #[tokio::test]
    async fn a_copy_that_nobody_made_is_not_made() {
        let server = canned(|_| refused("ResourceNotFoundException")).await;
        let copies = CloudWatchCopies::new(Client::new(&server.sdk()));
        let fault = copies.append("/shop/masked", "web", &lines(1)).await.expect_err("no group");
        let expect =
            "logs-not-copied: logs:CreateLogStream on /shop/masked: ResourceNotFoundException".to_owned();
        assert_eq!((fault.class, fault.to_string()), (Class::Permanent, expect));
        assert_eq!(server.asked().len(), 2);
    }

    #[tokio::test]
    async fn a_fault_says_what_to_do_and_quotes_nothing() {
        for (status, code, class) in [
            (400, "ThrottlingException", Class::Throttled),
            (503, "ServiceUnavailableException", Class::Transient),
            (400, "InvalidParameterException", Class::Permanent),
            (400, "AccessDeniedException", Class::Permanent),
        ] {
            let said = json!({"__type": code, "message": "john@example.com"}).to_string();
            let server = canned(move |_| Answer::json(status, &said)).await;
            let copies = CloudWatchCopies::new(Client::new(&server.sdk()));
            let fault = copies.append("/shop/masked", "web", &lines(1)).await.expect_err("a fault");
            assert_eq!((fault.class, fault.code), (class, Code::LogsNotCopied), "{code}");
            assert!(!format!("{fault} {fault:?}").contains("john"), "{fault}");
        }
    }

    async fn check(info: Value, expect: usize) {
        let answer = json!({"rejectedLogEventsInfo": info}).to_string();
        let server = canned(move |_| Answer::json(200, &answer)).await;
        let copies = CloudWatchCopies::new(Client::new(&server.sdk()));
        assert_eq!(copies.append("/shop/masked", "web", &lines(10)).await, Ok(expect), "{info}");
    }

    #[tokio::test]
    async fn lines_that_are_too_old_or_too_new_are_counted() {
        check(json!(null), 0).await;
        check(json!({}), 0).await;
        check(json!({"tooOldLogEventEndIndex": 3}), 3).await;
        check(json!({"expiredLogEventEndIndex": 4}), 4).await;
        check(json!({"tooOldLogEventEndIndex": 3, "expiredLogEventEndIndex": 4}), 4).await;
        check(json!({"tooNewLogEventStartIndex": 8}), 2).await;
        check(json!({"tooNewLogEventStartIndex": 8, "tooOldLogEventEndIndex": 1}), 3).await;
        check(json!({"tooNewLogEventStartIndex": 0}), 10).await;
        check(json!({"tooOldLogEventEndIndex": 99, "tooNewLogEventStartIndex": 2}), 10).await;
        check(json!({"tooOldLogEventEndIndex": -1}), 0).await;
    }
}
