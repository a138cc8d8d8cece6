//! Retry.

use std::sync::Mutex;

use serde_json::{Value, json};

use super::{Answer, Call, Fake, error, machine, output, single, some_clock, task, walk_with};
use crate::walker::{Definition, End, Limits, TaskError, Walk, lock};

/// Answers these errors, one a call, and then 1.
fn failing(errors: &[&'static str]) -> impl Fn(&Call) -> Answer + Send + Sync + use<> {
    let errors = Mutex::new(errors.to_vec());
    move |_| {
        let mut errors = lock(&errors);
        if errors.is_empty() { Ok(json!(1)) } else { Err(TaskError::new(errors.remove(0), "why")) }
    }
}

fn retrying(retry: &Value) -> Definition {
    single(&task(&json!({"Retry": retry})))
}

/// How many calls a Task with these retriers makes of these errors, and how it ends.
async fn check(retry: Value, errors: &[&'static str], calls: usize, ends: Result<(), &str>) {
    let tasks = Fake::new(failing(errors));
    let definition = retrying(&retry);
    let walked = Walk::new(&definition, &tasks).run(json!({})).await;
    assert_eq!(tasks.calls().len(), calls, "{retry} {errors:?}");
    match ends {
        Ok(()) => assert_eq!(output(&walked)["Payload"], json!(1)),
        Err(name) => assert_eq!(error(&walked).0, name),
    }
    assert_eq!(walked.trace.transitions, calls as u64, "each retry is a transition");
    assert_eq!(walked.trace.visits.len(), 1, "a retry is no new entry");
}

#[tokio::test]
async fn by_default_three_retries() {
    check(json!([{"ErrorEquals": ["E"]}]), &["E", "E", "E"], 4, Ok(())).await;
    check(json!([{"ErrorEquals": ["E"]}]), &["E", "E", "E", "E"], 4, Err("E")).await;
    check(json!([{"ErrorEquals": ["E"]}]), &["Other"], 1, Err("Other")).await;
}

#[tokio::test]
async fn no_attempts_means_never() {
    let retry = json!([
        {"ErrorEquals": ["E"], "MaxAttempts": 0}, {"ErrorEquals": ["States.ALL"]},
    ]);
    check(retry.clone(), &["E"], 1, Err("E")).await;
    check(retry, &["Other"], 2, Ok(())).await;
}

#[tokio::test]
async fn each_retrier_has_its_own_budget_for_the_whole_stay() {
    let retry = json!([
        {"ErrorEquals": ["A", "B"], "MaxAttempts": 2}, {"ErrorEquals": ["C"], "MaxAttempts": 2},
    ]);
    // The example of the States Language: the fourth error finds the first retrier used up.
    check(retry.clone(), &["A", "B", "C", "B"], 4, Err("B")).await;
    check(retry.clone(), &["A", "B", "C", "C"], 5, Ok(())).await;
    // A retrier that is used up is not followed by a later one that would match.
    let shadowed = json!([
        {"ErrorEquals": ["A"], "MaxAttempts": 1}, {"ErrorEquals": ["States.ALL"], "MaxAttempts": 9},
    ]);
    check(shadowed, &["A", "A"], 2, Err("A")).await;
    check(retry, &["A", "A", "A"], 3, Err("A")).await;
}

#[tokio::test]
async fn the_wildcards_match_what_they_promise() {
    let all = json!([{"ErrorEquals": ["States.ALL"]}]);
    let failed = json!([{"ErrorEquals": ["States.TaskFailed"]}]);
    check(all.clone(), &["Lacuna.Permanent"], 2, Ok(())).await;
    check(failed.clone(), &["Lacuna.Permanent"], 2, Ok(())).await;
    check(all.clone(), &["States.Timeout"], 2, Ok(())).await;
    check(failed, &["States.Timeout"], 1, Err("States.Timeout")).await;
    check(all.clone(), &["States.Runtime"], 1, Err("States.Runtime")).await;
    check(all, &["States.DataLimitExceeded"], 1, Err("States.DataLimitExceeded")).await;
}

#[tokio::test]
async fn delays_back_off() {
    let check = async |retrier: Value, expect: &[i64]| {
        let clock = std::sync::Arc::new(some_clock());
        let started = clock.peek();
        let times = Mutex::new(Vec::new());
        let (at, seen) = (std::sync::Arc::clone(&clock), &times);
        let tasks = Fake::new(move |_: &Call| {
            lock(seen).push(at.peek().duration_since(started).as_secs());
            Err(TaskError::new("E", ""))
        });
        let definition = retrying(&json!([retrier]));
        let walked = Walk::new(&definition, &tasks).clock(clock.clone()).run(json!({})).await;
        assert_eq!(error(&walked).0, "E");
        assert_eq!(*lock(&times), expect, "{retrier}");
    };
    check(json!({"ErrorEquals": ["E"]}), &[0, 1, 3, 7]).await;
    check(
        json!({"ErrorEquals": ["E"], "IntervalSeconds": 3, "BackoffRate": 1, "MaxAttempts": 2}),
        &[0, 3, 6],
    )
    .await;
    check(json!({"ErrorEquals": ["E"], "IntervalSeconds": 3, "MaxDelaySeconds": 4}), &[0, 3, 7, 11]).await;
}

#[tokio::test]
async fn full_jitter_spreads_delays_and_is_repeatable() {
    let retry = json!([{
        "ErrorEquals": ["E"], "IntervalSeconds": 100, "BackoffRate": 1, "MaxAttempts": 20,
        "JitterStrategy": "FULL",
    }]);
    let definition = retrying(&retry);
    let took = async |seed| {
        let clock = std::sync::Arc::new(some_clock());
        let started = clock.peek();
        let tasks = Fake::new(failing(&["E"; 20]));
        let walk = Walk::new(&definition, &tasks).clock(clock.clone()).seed(seed);
        assert_eq!(output(&walk.run(json!({})).await)["Payload"], json!(1));
        clock.peek().duration_since(started).as_millis()
    };
    let first = took(1).await;
    assert_eq!(first, took(1).await);
    assert_ne!(first, took(2).await);
    assert!((200_000..1_800_000).contains(&first), "20 delays of 0 to 100 s took {first} ms");
}

#[tokio::test]
async fn the_handler_and_the_context_know_the_attempt() {
    let definition = single(&json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "f", "Payload": "{% $states.context.State.RetryCount %}"},
        "Retry": [{"ErrorEquals": ["E"]}],
        "End": true,
    }));
    let tasks = Fake::new(failing(&["E", "E"]));
    Walk::new(&definition, &tasks).run(json!({})).await;
    let seen: Vec<_> = tasks.calls().iter().map(|call| (call.attempt, call.payload.clone())).collect();
    assert_eq!(seen, [(0, json!(0)), (1, json!(1)), (2, json!(2))]);
}

#[tokio::test]
async fn every_attempt_has_its_events() {
    let definition = retrying(&json!([{"ErrorEquals": ["E"]}]));
    let walked = walk_with(&definition, json!({}), failing(&["E", "E"])).await;
    assert_eq!(walked.trace.events("TaskScheduled"), 3);
    assert_eq!(walked.trace.events("TaskFailed"), 2);
    assert_eq!(walked.trace.events("TaskSucceeded"), 1);
    assert_eq!(walked.trace.history.len(), 3 + 3 * 3 + 1);
}

#[tokio::test]
async fn an_output_that_fails_calls_the_task_again() {
    // A retrier of States.ALL matches States.QueryEvaluationError, after the task has succeeded.
    let check = async |retry: Value, calls: usize| {
        let definition = single(&task(&json!({"Retry": retry, "Output": "{% $absent %}"})));
        let tasks = Fake::new(|_: &Call| Ok(json!(1)));
        let walked = Walk::new(&definition, &tasks).run(json!({})).await;
        assert_eq!(error(&walked).0, "States.QueryEvaluationError");
        assert_eq!(tasks.calls().len(), calls);
    };
    check(json!([{"ErrorEquals": ["States.ALL"]}]), 4).await;
    check(json!([{"ErrorEquals": ["States.QueryEvaluationError"], "MaxAttempts": 0}]), 1).await;
}

#[tokio::test]
async fn leaving_the_state_gives_the_retries_back() {
    let definition = machine(
        "T",
        &json!({
            "T": task(&json!({
                "Retry": [{"ErrorEquals": ["E"], "MaxAttempts": 1}],
                "Catch": [{"ErrorEquals": ["E"], "Next": "Again"}],
            })),
            "Again": {"Type": "Pass", "Next": "T"},
        }),
    );
    let walked = walk_with(&definition, json!({}), failing(&["E", "E", "E"])).await;
    assert_eq!(walked.trace.states(), ["T", "Again", "T"]);
    assert_eq!(walked.trace.transitions, 5);
}

#[tokio::test]
async fn a_loop_ends_at_the_safety_limit() {
    let definition = machine(
        "A",
        &json!({
            "A": {"Type": "Choice", "Choices": [{"Condition": false, "Next": "End"}], "Default": "A"},
            "End": {"Type": "Succeed"},
        }),
    );
    let tasks = Fake::new(failing(&[]));
    let limits = Limits { transitions: 50, ..Limits::default() };
    let walked = Walk::new(&definition, &tasks).limits(limits).run(json!({})).await;
    assert!(matches!(&walked.end, End::Failed { error, .. } if error == "Walker.TooManyTransitions"));
}
