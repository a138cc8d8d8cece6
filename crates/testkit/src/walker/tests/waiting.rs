//! Wait, time, and stopping.

use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Call, Fake, define, error, machine, output, single, some_clock, task, with};
use crate::walker::{Definition, End, Limits, Next, Pause, Reason, StopHandle, Walk, Walked, lock};

async fn run(definition: &Definition, input: Value) -> (Walked, i64) {
    let clock = Arc::new(some_clock());
    let started = clock.peek();
    let tasks = Fake::new(|_: &Call| Ok(json!(1)));
    let walked = Walk::new(definition, &tasks).clock(clock.clone()).run(input).await;
    (walked, clock.peek().duration_since(started).as_secs())
}

async fn check(fields: Value, input: Value, seconds: i64) {
    let definition = single(&with(json!({"Type": "Wait", "End": true}), &fields));
    let (walked, took) = run(&definition, input.clone()).await;
    assert_eq!((output(&walked), took), (&input, seconds), "{fields}");
}

#[tokio::test]
async fn a_wait_is_seconds_or_a_moment() {
    check(json!({"Seconds": 0}), json!({}), 0).await;
    check(json!({"Seconds": 90}), json!({}), 90).await;
    check(json!({"Seconds": "{% $states.input.days * 86400 %}"}), json!({"days": 30}), 2_592_000).await;
    check(json!({"Timestamp": "2026-01-01T12:01:00Z"}), json!({}), 60).await;
    check(json!({"Timestamp": "{% $states.input.at %}"}), json!({"at": "2026-01-01T14:00:00+01:00"}), 3600)
        .await;
    // A moment that is past is no wait.
    check(json!({"Timestamp": "2020-01-01T00:00:00Z"}), json!({}), 0).await;
}

#[tokio::test]
async fn a_wait_that_cannot_be_read_fails() {
    let check = async |fields: Value, name: &str| {
        let definition = single(&with(json!({"Type": "Wait", "End": true}), &fields));
        let (walked, _) = run(&definition, json!({})).await;
        assert_eq!(error(&walked).0, name, "{fields}");
    };
    check(json!({"Seconds": "{% -1 %}"}), "States.QueryEvaluationError").await;
    check(json!({"Seconds": "{% 1.5 %}"}), "States.QueryEvaluationError").await;
    check(json!({"Seconds": "{% '5' %}"}), "States.QueryEvaluationError").await;
    check(json!({"Timestamp": "{% 5 %}"}), "States.QueryEvaluationError").await;
    check(json!({"Timestamp": "{% '2026-01-01 12:00:00Z' %}"}), "States.QueryEvaluationError").await;
    check(json!({"Timestamp": "{% '2026-01-01T12:00:00' %}"}), "States.QueryEvaluationError").await;
    check(json!({"Timestamp": "{% '9000-01-01T12:00:00Z' %}"}), "States.Runtime").await;
}

#[tokio::test]
async fn the_machine_has_a_timeout_that_nothing_catches() {
    let states = json!({
        "T": task(&json!({"Next": "W"})),
        "W": {"Type": "Wait", "Seconds": 100, "End": true},
    });
    let mut definition = json!({"QueryLanguage": "JSONata", "StartAt": "T", "States": states});
    definition["TimeoutSeconds"] = json!(99);
    let (walked, took) = run(&define(&definition), json!({})).await;
    assert_eq!(walked.end, End::TimedOut { state: "W".into() });
    assert_eq!(took, 99);
    assert_eq!(walked.trace.history.last().unwrap().kind, "ExecutionTimedOut");
    assert_eq!(walked.trace.events("WaitStateExited"), 0);

    definition["TimeoutSeconds"] = json!(101);
    assert!(matches!(run(&define(&definition), json!({})).await.0.end, End::Succeeded(_)));
}

#[tokio::test]
async fn an_execution_ends_after_a_year() {
    let states = json!({
        "A": {"Type": "Wait", "Seconds": 31_000_000, "Next": "B"},
        "B": {"Type": "Wait", "Seconds": 31_000_000, "End": true},
    });
    let (walked, took) = run(&machine("A", &states), json!({})).await;
    assert_eq!(walked.end, End::TimedOut { state: "B".into() });
    assert_eq!(took, 31_536_000);
}

#[tokio::test]
async fn concurrent_waits_pass_together() {
    let states = json!({"W": {"Type": "Wait", "Seconds": "{% $states.input %}", "End": true}});
    let check = async |more: Value, seconds: i64| {
        let (walked, took) = run(&single(&super::map("W", &states, &more)), json!([30, 10, 20])).await;
        assert_eq!(output(&walked), &json!([30, 10, 20]));
        assert_eq!(took, seconds, "{more}");
    };
    check(json!({}), 30).await;
    check(json!({"MaxConcurrency": 1}), 60).await;
    check(json!({"MaxConcurrency": "{% 2 %}"}), 30).await;

    // However many there are, forty run at once.
    let many = single(&super::map("W", &states, &json!({"Items": "{% $map([1..41], function() { 10 }) %}"})));
    assert_eq!(run(&many, json!({})).await.1, 20);
}

#[tokio::test]
async fn a_watch_sees_every_pause_and_may_stop_the_execution() {
    let definition = machine(
        "T",
        &json!({
            "T": task(&json!({"Next": "CoolOff"})),
            "CoolOff": {"Type": "Wait", "Seconds": 2_592_000, "Next": "Erase"},
            "Erase": task(&json!({})),
        }),
    );
    let seen = Mutex::new(Vec::new());
    let watch = |pause: &Pause| {
        let waiter = &pause.waiters[0];
        lock(&seen).push((waiter.state.clone(), waiter.reason, pause.until.duration_since(pause.now)));
        let day = pause.now + SignedDuration::from_hours(24);
        if lock(&seen).len() < 3 { Next::At(day) } else { Next::Stop }
    };
    let tasks = Fake::new(|_: &Call| Ok(json!(1)));
    let walked = Walk::new(&definition, &tasks).watch(&watch).run(json!({})).await;
    assert_eq!(walked.end, End::Aborted { state: "CoolOff".into() });
    assert_eq!(tasks.calls().len(), 1);
    assert_eq!(walked.trace.history.last().unwrap().kind, "ExecutionAborted");
    let left: Vec<_> = lock(&seen).iter().map(|(_, _, left)| left.as_hours() / 24).collect();
    assert_eq!(left, [30, 29, 28]);
    assert!(lock(&seen).iter().all(|(s, r, _)| s == "CoolOff" && *r == Reason::Wait));
}

#[tokio::test]
async fn a_task_may_stop_the_execution_it_belongs_to() {
    let definition = machine("A", &json!({"A": task(&json!({"Next": "B"})), "B": task(&json!({}))}));
    let check = async |stopping: &'static str, calls: usize| {
        let stop = StopHandle::default();
        let handle = stop.clone();
        let tasks = Fake::new(move |call: &Call| {
            if call.state == stopping {
                handle.stop();
            }
            Ok(json!(1))
        });
        let walked = Walk::new(&definition, &tasks).stop_handle(stop).run(json!({})).await;
        assert!(matches!(walked.end, End::Aborted { .. }), "{:?}", walked.end);
        assert_eq!(tasks.calls().len(), calls);
    };
    check("A", 1).await;
    check("B", 2).await;
}

#[tokio::test]
async fn time_is_shared_with_the_tasks() {
    let clock = Arc::new(some_clock());
    let theirs = Arc::clone(&clock);
    let definition = machine(
        "W",
        &json!({"W": {"Type": "Wait", "Seconds": 3600, "Next": "T"}, "T": task(&json!({
            "Output": "{% [$states.result.Payload, $states.context.State.EnteredTime, $now()] %}",
        }))}),
    );
    let tasks = Fake::new(move |_: &Call| Ok(json!(theirs.peek().as_second())));
    let walked = Walk::new(&definition, &tasks).clock(clock).run(json!({})).await;
    assert_eq!(
        output(&walked),
        &json!([1_767_272_400, "2026-01-01T13:00:00.000Z", "2026-01-01T13:00:00.000Z"])
    );
}

#[tokio::test]
async fn a_shorter_life_can_be_set() {
    let definition = single(&json!({"Type": "Wait", "Seconds": 100, "End": true}));
    let tasks = Fake::new(|_: &Call| Ok(json!(1)));
    let limits = Limits { duration: SignedDuration::from_secs(50), ..Limits::default() };
    let walked = Walk::new(&definition, &tasks).limits(limits).run(json!({})).await;
    assert_eq!(walked.end, End::TimedOut { state: "S".into() });
}
