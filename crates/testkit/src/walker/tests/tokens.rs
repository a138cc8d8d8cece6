//! Task tokens, timeouts and heartbeats.

use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Call, Fake, error, machine, output, some_clock, with};
use crate::walker::{Definition, Next, Pause, Reason, TaskError, TokenError, Tokens, Walk, Walked, lock};

fn order(more: &Value) -> Value {
    with(
        json!({
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Arguments": {
                "FunctionName": "${DispatchOrderFunctionArn}",
                "Payload": {"token": "{% $states.context.Task.Token %}"},
            },
            "TimeoutSeconds": 3600,
            "HeartbeatSeconds": 600,
            "End": true,
        }),
        more,
    )
}

fn dispatch(more: &Value) -> Definition {
    super::single(&order(more))
}

/// Walks, and lets `watch` interfere; answers how it ended and how many seconds it took.
async fn run(
    definition: &Definition,
    tokens: &Tokens,
    watch: impl Fn(&Pause) -> Next + Send + Sync,
) -> (Walked, i64) {
    let clock = Arc::new(some_clock());
    let started = clock.peek();
    let tasks = Fake::new(|_: &Call| Ok(json!("this is not the result")));
    let walk = Walk::new(definition, &tasks).clock(clock.clone()).tokens(tokens.clone());
    let walked = walk.watch(&watch).run(json!({})).await;
    (walked, clock.peek().duration_since(started).as_secs())
}

#[tokio::test]
async fn the_result_comes_through_the_token() {
    let tokens = Tokens::new();
    let answer = tokens.clone();
    let (walked, took) = run(&dispatch(&json!({})), &tokens, move |pause: &Pause| {
        let waiter = &pause.waiters[0];
        assert_eq!((waiter.state.as_str(), waiter.reason), ("S", Reason::Token));
        let token = waiter.token.as_deref().unwrap();
        assert_eq!(answer.succeed(token, json!({"erased": 3})), Ok(()));
        Next::GoOn
    })
    .await;
    assert_eq!(output(&walked), &json!({"erased": 3}), "the result is not wrapped");
    assert_eq!(took, 0, "an answer comes before time passes");
    let kinds: Vec<_> = walked.trace.history.iter().map(|event| event.kind).collect();
    assert_eq!(kinds[2..6], ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]);
}

#[tokio::test]
async fn an_answer_may_come_hours_later() {
    let tokens = Tokens::new();
    let answer = tokens.clone();
    let start = some_clock().peek();
    let (walked, took) = run(&dispatch(&json!({})), &tokens, move |pause: &Pause| {
        let due = start + SignedDuration::from_mins(5);
        if pause.now < due {
            return Next::At(due);
        }
        answer.succeed(&answer.open()[0], json!(1)).unwrap();
        Next::GoOn
    })
    .await;
    assert_eq!(output(&walked), &json!(1));
    assert_eq!(took, 300);
}

#[tokio::test]
async fn an_answer_may_come_while_the_function_still_runs() {
    let tokens = Tokens::new();
    let answer = tokens.clone();
    let tasks = Fake::new(move |call: &Call| {
        let token = call.token.as_deref().unwrap();
        assert_eq!(call.payload, json!({"token": token}));
        answer.succeed(token, json!("quick")).unwrap();
        Ok(Value::Null)
    });
    let definition = dispatch(&json!({}));
    let walked = Walk::new(&definition, &tasks).tokens(tokens).run(json!({})).await;
    assert_eq!(output(&walked), &json!("quick"));
}

#[tokio::test]
async fn a_function_that_fails_fails_the_state() {
    let tokens = Tokens::new();
    let tasks = Fake::new(|_: &Call| Err(TaskError::new("Lacuna.Permanent", "no queue")));
    let definition = dispatch(&json!({}));
    let walked = Walk::new(&definition, &tasks).tokens(tokens.clone()).run(json!({})).await;
    assert_eq!(error(&walked), ("Lacuna.Permanent", "no queue"));
    assert!(tokens.open().is_empty());
}

#[tokio::test]
async fn a_failure_comes_through_the_token() {
    let tokens = Tokens::new();
    let answer = tokens.clone();
    let (walked, _) = run(&dispatch(&json!({})), &tokens, move |_: &Pause| {
        answer.fail(&answer.open()[0], "Lacuna.Agent", "disk full").unwrap();
        Next::GoOn
    })
    .await;
    assert_eq!(error(&walked), ("Lacuna.Agent", "disk full"));
    assert_eq!(walked.trace.events("TaskFailed"), 1);
}

#[tokio::test]
async fn silence_ends_at_the_heartbeat() {
    let tokens = Tokens::new();
    let (walked, took) = run(&dispatch(&json!({})), &tokens, |_: &Pause| Next::GoOn).await;
    assert_eq!(error(&walked).0, "States.Timeout");
    assert_eq!(took, 600);
    assert_eq!(walked.trace.events("TaskTimedOut"), 1);
}

#[tokio::test]
async fn heartbeats_move_the_heartbeat_but_not_the_timeout() {
    let tokens = Tokens::new();
    let beat = tokens.clone();
    let (walked, took) = run(&dispatch(&json!({})), &tokens, move |pause: &Pause| {
        beat.heartbeat(&beat.open()[0]).unwrap();
        Next::At(pause.now + SignedDuration::from_secs(590))
    })
    .await;
    assert_eq!(error(&walked).0, "States.Timeout");
    assert_eq!(took, 3600, "the timeout holds whatever the heartbeats are");
    assert_eq!(walked.trace.history.len(), 7, "a heartbeat is no event");
}

#[tokio::test]
async fn a_heartbeat_lasts_no_longer_than_it_says() {
    let tokens = Tokens::new();
    let beat = tokens.clone();
    let (walked, took) = run(&dispatch(&json!({})), &tokens, move |_: &Pause| {
        beat.heartbeat(&beat.open()[0]).unwrap();
        Next::GoOn
    })
    .await;
    assert_eq!((error(&walked).0, took), ("States.Timeout", 600));
}

#[tokio::test]
async fn a_late_answer_finds_the_token_closed() {
    let tokens = Tokens::new();
    let seen = Mutex::new(None);
    let (walked, _) = run(&dispatch(&json!({})), &tokens, |pause: &Pause| {
        lock(&seen).clone_from(&pause.waiters[0].token);
        Next::GoOn
    })
    .await;
    assert_eq!(error(&walked).0, "States.Timeout");
    let token = lock(&seen).clone().unwrap();
    assert_eq!(tokens.succeed(&token, json!(1)), Err(TokenError::TimedOut));
    assert_eq!(tokens.heartbeat(&token), Err(TokenError::TimedOut));
    assert_eq!(tokens.succeed("token.other", json!(1)), Err(TokenError::Invalid));
}

#[tokio::test]
async fn a_retry_has_a_token_of_its_own() {
    let retry = json!({"Retry": [{"ErrorEquals": ["States.HeartbeatTimeout"], "MaxAttempts": 1}]});
    let tokens = Tokens::new();
    let answer = tokens.clone();
    let seen = Mutex::new(Vec::new());
    let (walked, _) = run(&dispatch(&retry), &tokens, |pause: &Pause| {
        let Some(token) = pause.waiters[0].token.clone() else { return Next::GoOn };
        lock(&seen).push(token.clone());
        if lock(&seen).len() == 2 {
            let first = lock(&seen)[0].clone();
            assert_eq!(answer.succeed(&first, json!(0)), Err(TokenError::TimedOut));
            answer.succeed(&token, json!("second")).unwrap();
        }
        Next::GoOn
    })
    .await;
    assert_eq!(output(&walked), &json!("second"));
    let tokens = lock(&seen);
    assert_ne!(tokens[0], tokens[1]);
}

#[tokio::test]
async fn iterations_wait_for_their_tokens_together() {
    let states = json!({"Order": order(&json!({
        "TimeoutSeconds": "{% $states.input.timeout %}", "HeartbeatSeconds": "{% $states.input.beat %}",
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Record"}],
    })), "Record": {"Type": "Pass", "Output": "late", "End": true}});
    let definition = machine("M", &json!({"M": super::map("Order", &states, &json!({}))}));
    let tokens = Tokens::new();
    let answer = tokens.clone();
    let clock = Arc::new(some_clock());
    let started = clock.peek();
    let tasks = Fake::new(|_: &Call| Ok(Value::Null));
    // Only the second agent answers.
    let watch = move |pause: &Pause| {
        for waiter in &pause.waiters {
            if waiter.within[0].index == 1 {
                answer.succeed(waiter.token.as_deref().unwrap(), json!("done")).unwrap();
            }
        }
        Next::GoOn
    };
    let walk = Walk::new(&definition, &tasks).tokens(tokens).clock(clock.clone()).watch(&watch);
    let items =
        json!([{"timeout": 900, "beat": 100}, {"timeout": 9, "beat": 3}, {"timeout": 800, "beat": 700}]);
    let walked = walk.run(items).await;
    assert_eq!(output(&walked), &json!(["late", "done", "late"]));
    assert_eq!(clock.peek().duration_since(started).as_secs(), 700, "not 100 and then 700");
}
