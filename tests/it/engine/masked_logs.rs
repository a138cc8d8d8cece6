//! A log group gets a masked copy: the template of a copy, the subscription, and the real function.

use std::time::{Duration, Instant};

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::types::InputLogEvent;

use super::client::{fresh_key, places, python};

/// Somebody whom no store knows.
const PERSON: &str = "masked.journey@example.org";
const PATIENCE: Duration = Duration::from_secs(90);

/// The lines of a stream; none if it is not there yet.
async fn lines(logs: &Client, group: &str, stream: &str) -> Vec<(i64, String)> {
    let read = logs.get_log_events().log_group_name(group).log_stream_name(stream).start_from_head(true);
    let Ok(read) = read.send().await else { return Vec::new() };
    let text = |message: Option<&str>| message.unwrap_or_default().to_owned();
    read.events().iter().map(|line| (line.timestamp().unwrap_or_default(), text(line.message()))).collect()
}

#[tokio::test]
#[ignore = "needs the local engine: `make test` starts it"]
#[allow(clippy::disallowed_methods, reason = "a journey is a client of its own, with a clock of its own")]
async fn what_a_service_logs_is_read_masked_in_the_copy_of_its_group() {
    let logs = Client::new(&aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await);
    let group = format!("/journeys/{}", fresh_key("app").replace(':', "."));
    logs.create_log_group().log_group_name(&group).send().await.expect("a group");
    let (fine, copy, told) = python("localstack/subscribe.py", &[&group]);
    assert!(fine && copy.trim() == format!("{group}/masked"), "{copy}{told}");
    let (stream, now) = ("2026/11/22/[$LATEST]94fa867e5374431291a7fc14e2f56ae7", jiff::Timestamp::now());
    let written = [
        (now.as_millisecond() - 2, format!("from {PERSON} with 4111 1111 1111 1111")),
        (now.as_millisecond() - 1, format!(r#"{{"to":"{}"}}"#, PERSON.replace('@', r"\u0040"))),
        (now.as_millisecond(), "order 1234567890".to_owned()),
    ];
    logs.create_log_stream().log_group_name(&group).log_stream_name(stream).send().await.expect("a stream");
    let event = |(at, text): &(i64, String)| InputLogEvent::builder().timestamp(*at).message(text).build();
    let events: Vec<_> = written.iter().map(|line| event(line).expect("a line")).collect();
    let put = logs.put_log_events().log_group_name(&group).log_stream_name(stream);
    put.set_log_events(Some(events)).send().await.expect("written");
    let began = Instant::now();
    while lines(&logs, copy.trim(), stream).await.len() < written.len() {
        assert!(began.elapsed() < PATIENCE, "nothing came to {copy}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let masked = [
        "from m***@example.org with **** **** **** 1111",
        r#"{"to":"m***@example.org"}"#,
        "order 1234567890",
    ];
    let expect: Vec<_> = written.iter().zip(masked).map(|((at, _), text)| (*at, text.to_owned())).collect();
    assert_eq!(lines(&logs, copy.trim(), stream).await, expect);
    assert_eq!(
        places(PERSON),
        [format!("log {group}, stream {stream}")],
        "it is in the group, and nowhere else"
    );
    logs.delete_log_group().log_group_name(&group).send().await.expect("deleted");
    assert_eq!(places(PERSON), Vec::<String>::new());
}
