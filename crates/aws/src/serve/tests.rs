//! Payloads as AWS sends them, and what is answered.

use std::sync::Mutex;

use async_trait::async_trait;
use contract::step::{Run, Start, StoreRun};
use domain::Generation;
use domain::event::EnterAt;
use ports::{Code, Delivered, EventKey, Intake};
use serde_json::json;

use super::*;
use crate::auth::tests::{claims, scene, subject};
use crate::serve::authorizer::authorize;
use crate::testing::status;

const REQUEST: &str = "req_01arz3ndektsv4rrffq69g5fav";

fn minute() -> Deadline {
    Deadline::in_time(Duration::from_mins(1))
}

fn transient() -> Fault {
    let code = Code::StoreUnavailable;
    Fault::new(Class::Transient, code, "dynamodb:Query", "shop", "timed-out")
}

/// Serves one invocation of a step, as [`serve`] does.
async fn step<I, O>(
    payload: Value,
    handler: impl AsyncFn(I, &dyn Budget) -> Result<O, Fault>,
) -> Result<Value, Failure>
where
    I: DeserializeOwned,
    O: Serialize,
{
    let left = Duration::from_mins(1);
    invoke("test", payload, left, async |payload, budget| {
        let output = handler(read(payload)?, budget).await;
        write(&output.map_err(|fault| Failure::of(&fault, &class))?)
    })
    .await
}

#[tokio::test]
async fn a_step_gets_its_input_and_its_time_and_answers() {
    let payload = json!({"tenant": "demo", "request_id": REQUEST, "generation": 2,
        "store": "shop", "wave": null});
    let got = step(payload, async |run: StoreRun, budget: &dyn Budget| {
        assert_eq!(run.run.generation, Generation(2));
        assert_eq!(run.store.as_str(), "shop");
        Ok(budget.is_spent())
    })
    .await;
    assert_eq!(got, Ok(json!(false)));
}

#[tokio::test]
async fn an_error_is_named_as_the_state_machine_catches_it() {
    let got = step(json!(null), async |(): (), _: &dyn Budget| Err::<(), Fault>(transient())).await;
    let failure = got.expect_err("failed");
    assert_eq!(failure.error_type, "Lacuna.Transient");
    assert_eq!(failure.message, "store-unavailable: dynamodb:Query on shop: timed-out");
    let diagnostic = serde_json::to_value(Diagnostic::from(failure)).expect("JSON");
    assert_eq!(diagnostic["errorType"], "Lacuna.Transient");
}

#[tokio::test]
async fn a_payload_that_does_not_read_is_not_quoted() {
    for payload in [
        json!({"tenant": "marked@example.com"}),
        json!("marked@example.com"),
        json!({"tenant": "demo", "request_id": "marked@example.com", "generation": 1}),
    ] {
        let got = step(payload, async |_: Run, _: &dyn Budget| Ok(())).await;
        let failure = got.expect_err("failed");
        assert_eq!(failure.error_type, "Lacuna.Permanent");
        assert!(!failure.message.contains("marked"), "{}", failure.message);
    }
}

#[tokio::test]
async fn a_crash_is_a_failure_that_does_not_quote_its_cause() {
    let got = step(json!(null), async |(): (), _: &dyn Budget| {
        let name = "marked@example.com";
        assert!(name.is_empty(), "cannot deal with {name}");
        Ok(())
    })
    .await;
    let failure = got.expect_err("failed");
    assert_eq!(failure.error_type, "Lacuna.Permanent");
    assert_eq!(failure.message, "step-failed: it crashed; its log says where");
}

fn stream_record(sequence: u32, event: &Value) -> Value {
    json!({
        "eventID": "7de3041dd709b024af6f29e4fa13d34c",
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_800_000_000,
            "Keys": {"pk": {"S": format!("T#demo#R#{REQUEST}")}, "sk": {"S": "EVENT#00000001"}},
            "NewImage": {
                "pk": {"S": format!("T#demo#R#{REQUEST}")},
                "sk": {"S": "EVENT#00000001"},
                "relay": {"S": "wake"},
                "n": {"N": "1"},
                "doc": {"S": event.to_string()},
            },
            "SequenceNumber": sequence.to_string(),
            "SizeBytes": 512,
            "StreamViewType": "NEW_IMAGE",
        },
        "eventSourceARN": "arn:aws:dynamodb:eu-west-1:1:table/lacuna-requests/stream/2027-01-01",
    })
}

fn event(generation: u32, wake: Option<&str>) -> Value {
    json!({"tenant": "demo", "about": {"request": REQUEST}, "n": 1, "at": "2027-01-15T08:00:00Z",
        "kind": "request.accepted", "who": "backend", "generation": generation,
        "status": "accepted", "store": null, "tally": null, "why": null, "wake": wake})
}

/// An intake that takes so many starts, and then fails.
struct Taking(usize, Mutex<Vec<Start>>);

#[async_trait]
impl Intake for Taking {
    async fn send(&self, start: &Start) -> Result<(), Fault> {
        let mut taken = self.1.lock().expect("a lock");
        if taken.len() == self.0 {
            return Err(transient());
        }
        taken.push(start.clone());
        Ok(())
    }
}

async fn relayed(most: usize, events: &[Value], budget: &Deadline) -> (Value, Vec<Start>) {
    let intake = Taking(most, Mutex::default());
    let records = (1..).zip(events).map(|(n, event)| stream_record(n, event));
    let payload = json!({"Records": records.collect::<Vec<_>>()});
    let relay =
        async |records: Vec<StreamRecord>, budget: &dyn Budget| crate::relay(&intake, records, budget).await;
    let answer = batch::stream("test", payload, budget, &class, &relay).await;
    let taken = intake.1.lock().expect("a lock").clone();
    (answer.expect("an answer"), taken)
}

#[tokio::test]
async fn an_event_that_wakes_is_relayed_as_a_start() {
    let events = [event(1, Some("Plan")), event(1, None), event(2, Some("CloseRequest"))];
    let (answer, taken) = relayed(9, &events, &minute()).await;
    assert_eq!(answer, json!({"batchItemFailures": []}));
    let start = |generation, enter_at| Start {
        run: Run {
            tenant: "demo".parse().expect("a tenant"),
            request_id: REQUEST.parse().expect("an id"),
            generation: Generation(generation),
        },
        enter_at,
    };
    let expect = [start(1, EnterAt::Plan), start(2, EnterAt::CloseRequest)];
    assert_eq!(taken, expect);
}

#[tokio::test]
async fn from_the_first_event_that_is_not_relayed_on_all_come_again() {
    let events = [1, 2, 3].map(|generation| event(generation, Some("Plan")));
    let (answer, taken) = relayed(1, &events, &minute()).await;
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "2"}]}));
    assert_eq!(taken.len(), 1);

    let unreadable = [events[0].clone(), json!({"tenant": "demo"})];
    let (answer, _) = relayed(9, &unreadable, &minute()).await;
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "2"}]}));

    let (answer, taken) = relayed(9, &events, &Deadline::in_time(Duration::ZERO)).await;
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "1"}]}));
    assert!(taken.is_empty());
}

/// What the handler of a batch of events is given, and what is answered if it fails at `failed`.
async fn delivered(records: &[Value], failed: Option<&str>) -> (Vec<Delivered>, Value) {
    let seen = Mutex::new(Vec::new());
    let handler = async |events: Vec<Delivered>, _: &dyn Budget| {
        *seen.lock().expect("a lock") = events;
        failed.map(|sequence| (sequence.to_owned(), transient()))
    };
    let payload = json!({"Records": records});
    let answer = batch::events("test", payload, &minute(), &class, &handler).await;
    (seen.into_inner().expect("a lock"), answer.expect("an answer"))
}

#[tokio::test]
async fn events_come_with_their_places_and_those_that_do_not_read_among_them() {
    let mut again = stream_record(3, &event(1, None));
    again["eventName"] = json!("MODIFY");
    again["dynamodb"]["NewImage"]["redriven"] = json!({"N": "2"});
    let unreadable = stream_record(2, &json!({"tenant": "marked@example.com"}));
    let (seen, answer) = delivered(&[stream_record(1, &event(1, None)), unreadable, again], None).await;
    assert_eq!(answer, json!({"batchItemFailures": []}));
    let told: Vec<_> = seen.iter().map(|d| (d.sequence.as_str(), d.redriven, d.event.is_some())).collect();
    assert_eq!(told, [("1", 0, true), ("2", 0, false), ("3", 2, true)]);
    let key = EventKey { pk: format!("T#demo#R#{REQUEST}"), sk: "EVENT#00000001".into() };
    assert!(seen.iter().all(|d| d.key == key));
    assert!(!format!("{seen:?}").contains("marked"));
}

/// Its tenant and its number are where it stands: nothing gets into another's chain.
#[tokio::test]
async fn an_event_that_stands_where_another_belongs_is_none() {
    let mut elsewhere = stream_record(1, &event(1, None));
    elsewhere["dynamodb"]["NewImage"]["pk"] = json!({"S": format!("T#other#R#{REQUEST}")});
    let mut another = stream_record(2, &event(1, None));
    another["dynamodb"]["NewImage"]["sk"] = json!({"S": "EVENT#00000002"});
    let mut nowhere = stream_record(3, &event(1, None));
    nowhere["dynamodb"]["NewImage"].as_object_mut().expect("an image").remove("pk");
    let (seen, _) = delivered(&[elsewhere, another, nowhere], None).await;
    assert!(seen.iter().all(|d| d.event.is_none()));
}

#[tokio::test]
async fn from_what_failed_on_events_come_again() {
    let records: Vec<Value> = (1..=3).map(|n| stream_record(n, &event(1, None))).collect();
    let (_, answer) = delivered(&records, Some("2")).await;
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "2"}]}));
    let (seen, answer) = delivered(&[], None).await;
    assert_eq!((seen, answer), (vec![], json!({"batchItemFailures": []})));
}

#[test]
fn a_way_to_end_is_not_a_fault() {
    let class = |error_type: &str| {
        let (error_type, message) = (error_type.to_owned(), String::new());
        Failure { error_type, message }.class()
    };
    assert_eq!(class("Lacuna.Permanent"), Some(Class::Permanent));
    assert_eq!(class("Lacuna.Throttled"), Some(Class::Throttled));
    assert_eq!(class("Lacuna.Stale"), None);
    assert_eq!(class("Unauthorized"), None);
}

#[test]
fn a_stream_record_does_not_print_its_item() {
    let record: batch::Streamed = read(stream_record(7, &event(1, None))).expect("a record");
    let record = StreamRecord::from(record);
    assert_eq!(record.text("relay"), Some("wake"));
    assert_eq!(record.text("n"), None);
    assert_eq!(format!("{record:?}"), "StreamRecord { sequence: \"7\", .. }");
}

#[tokio::test]
async fn messages_fail_one_by_one() {
    let message = |id: &str, body: String| {
        json!({
            "messageId": id,
            "receiptHandle": "AQEB",
            "body": body,
            "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1800000000000",
                "MessageGroupId": "demo"},
            "messageAttributes": {},
            "md5OfBody": "",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-west-1:1:lacuna-intake",
            "awsRegion": "eu-west-1",
        })
    };
    let start = |generation: u32| {
        json!({"tenant": "demo", "request_id": REQUEST, "generation": generation,
            "enter_at": "Plan"})
        .to_string()
    };
    let payload = json!({"Records": [message("a", start(1)), message("b", start(2)),
        message("c", "not json".into()), message("d", "{}".into()), message("e", start(3))]});
    let seen = Mutex::new(Vec::new());
    let handler = async |start: Start, _: &dyn Budget| {
        let generation = start.run.generation.0;
        seen.lock().expect("a lock").push(generation);
        if generation == 2 { Err(transient()) } else { Ok(()) }
    };
    let answer = batch::queue("test", payload, &minute(), &class, &handler).await;
    let failed = ["b", "c", "d"].map(|id| json!({"itemIdentifier": id}));
    assert_eq!(answer, Ok(json!({"batchItemFailures": failed})));
    assert_eq!(*seen.lock().expect("a lock"), [1, 2, 3]);
}

fn proxied(body: &str, base64: bool) -> Value {
    json!({
        "resource": "/v1/requests/{id}/verification",
        "path": format!("/v1/requests/{REQUEST}/verification"),
        "httpMethod": "POST",
        "headers": {"Authorization": "Bearer x", "Idempotency-Key": "k-1"},
        "multiValueHeaders": {"Authorization": ["Bearer x"], "Idempotency-Key": ["k-1"]},
        "queryStringParameters": {"cursor": "c"},
        "multiValueQueryStringParameters": {"cursor": ["c"]},
        "pathParameters": {"id": REQUEST},
        "stageVariables": null,
        "requestContext": {"resourcePath": "/v1/requests/{id}/verification", "stage": "live",
            "authorizer": {"tenant": "demo", "role": "backend", "sub": "s-1"}},
        "body": body,
        "isBase64Encoded": base64,
    })
}

#[tokio::test]
async fn the_api_gets_a_request_and_answers() {
    let handler = async |request: Request| {
        assert_eq!(request.method, "POST");
        assert_eq!(request.resource, "/v1/requests/{id}/verification");
        assert_eq!(request.path_params["id"], REQUEST);
        assert_eq!(request.query["cursor"], "c");
        assert_eq!(request.headers["idempotency-key"], "k-1");
        assert_eq!(request.body, br#"{"a":"marked@example.com"}"#);
        assert!(!format!("{request:?}").contains("marked"));
        assert!(!format!("{request:?}").contains(REQUEST));
        Response::json(202, &json!({"ok": true})).with_header("location", "/v1")
    };
    let plain = proxied(r#"{"a":"marked@example.com"}"#, false);
    let coded = proxied("eyJhIjoibWFya2VkQGV4YW1wbGUuY29tIn0=", true);
    for payload in [plain, coded] {
        let answer = api::api(payload, &handler).await.expect("an answer");
        assert_eq!(
            answer,
            json!({"statusCode": 202, "body": "{\"ok\":true}", "isBase64Encoded": false,
                "headers": {"content-type": "application/json", "cache-control": "no-store",
                    "x-content-type-options": "nosniff", "location": "/v1"}})
        );
    }
}

#[tokio::test]
async fn a_request_may_have_nothing_but_a_route() {
    let payload = json!({"resource": "/v1/requests", "path": "/v1/requests", "httpMethod": "GET",
        "headers": null, "queryStringParameters": null, "pathParameters": null, "body": null,
        "requestContext": {}, "isBase64Encoded": false});
    let handler = async |request: Request| {
        assert!(request.body.is_empty() && request.query.is_empty());
        Response::problem(&contract::problem::Problem::not_found("There is none."))
    };
    let answer = api::api(payload, &handler).await.expect("an answer");
    assert_eq!(answer["statusCode"], 404);
    assert_eq!(answer["headers"]["content-type"], "application/problem+json");
}

const METHOD: &str = "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/live/GET/v1/requests";

fn asked(authorization: &str) -> Value {
    json!({"type": "TOKEN", "authorizationToken": authorization, "methodArn": METHOD})
}

#[tokio::test]
async fn a_good_token_is_let_in_and_its_identities_stay_out() {
    let scene = scene().await;
    let oidc = json!({"email": "marked@example.com", "email_verified": true});
    let bearer = format!("Bearer {}", scene.sign(&subject(&oidc)));
    let by_header = json!({"type": "REQUEST", "methodArn": METHOD,
        "headers": {"authorization": bearer}, "httpMethod": "GET"});
    for payload in [asked(&bearer), by_header] {
        let policy = authorize("test", payload, &scene.verifier).await;
        assert_eq!(
            policy,
            Ok(json!({
                "principalId": "demo/subject",
                "policyDocument": {"Version": "2012-10-17", "Statement": [{
                    "Effect": "Allow",
                    "Action": "execute-api:Invoke",
                    "Resource": "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/live/*",
                }]},
                "context": {"tenant": "demo", "role": "subject"},
            }))
        );
    }
}

#[tokio::test]
async fn any_other_token_is_unauthorized_and_trouble_is_not() {
    let scene = scene().await;
    let good = scene.sign(&claims());
    for header in ["", "Bearer", "Bearer x", &good, &format!("Bearer {good}x")] {
        let got = authorize("test", asked(header), &scene.verifier).await;
        let failure = got.expect_err("refused");
        assert_eq!(failure.message, "Unauthorized", "{header}");
    }
    let nothing = json!({"type": "REQUEST", "methodArn": METHOD, "headers": {}});
    let got = authorize("test", nothing, &scene.verifier).await;
    assert_eq!(got.expect_err("refused").message, "Unauthorized");

    let away = crate::auth::tests::scene().await;
    *away.server.answer.lock().expect("a lock") = status("503 Away", "");
    let bearer = format!("Bearer {}", away.sign(&claims()));
    let got = authorize("test", asked(&bearer), &away.verifier).await;
    assert_eq!(got.expect_err("a fault").error_type, "Lacuna.Transient");
}

#[test]
fn the_time_left_is_counted_from_now() {
    assert_eq!(left(0), Duration::ZERO);
    let now = u64::try_from(SystemClock.now().as_millisecond()).expect("after 1970");
    let half_a_minute = left(now + 30_000);
    assert!(half_a_minute > Duration::from_secs(29) && half_a_minute <= Duration::from_secs(30));
}
