//! Task states: what is called, and time limits.

use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Call, Fake, error, machine, output, single, some_clock, task, walk_with};
use crate::walker::{TaskError, Walk};

#[tokio::test]
async fn lambda_invoke_names_the_function_and_unwraps_the_payload() {
    let tasks = Fake::new(|_: &Call| Ok(json!(1)));
    let definition = single(&task(&json!({})));
    Walk::new(&definition, &tasks).name("req_1-2").run(json!({"a": 1})).await;
    let call = &tasks.calls()[0];
    assert_eq!(call.function, "F");
    assert_eq!(call.payload, json!({"a": 1}));
    assert_eq!((call.state.as_str(), call.attempt, call.token.as_ref()), ("S", 0, None));
    assert_eq!(call.execution, "req_1-2");
}

#[tokio::test]
async fn a_function_can_be_the_resource_itself() {
    let definition = single(&json!({
        "Type": "Task", "Resource": "${PlanFunctionArn}", "Arguments": {"a": 1}, "End": true,
    }));
    let tasks = Fake::new(|_: &Call| Ok(json!({"b": 2})));
    let walked = Walk::new(&definition, &tasks).run(json!({})).await;
    assert_eq!(output(&walked), &json!({"b": 2}), "nothing is wrapped");
    assert_eq!(tasks.calls()[0].function, "PlanFunctionArn");
    assert_eq!(tasks.calls()[0].payload, json!({"a": 1}));
    assert_eq!(walked.trace.events("LambdaFunctionScheduled"), 1);
    assert_eq!(walked.trace.events("LambdaFunctionSucceeded"), 1);
}

#[tokio::test]
async fn other_services_answer_their_own_result() {
    let definition = single(&json!({
        "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage",
        "Arguments": {"MessageBody": "{% $string($states.input) %}"}, "End": true,
    }));
    let tasks = Fake::new(|_: &Call| Ok(json!({"MessageId": "m"})));
    let walked = Walk::new(&definition, &tasks).run(json!({"a": 1})).await;
    assert_eq!(output(&walked), &json!({"MessageId": "m"}));
    assert_eq!(tasks.calls()[0].resource, "arn:aws:states:::sqs:sendMessage");
    assert_eq!(tasks.calls()[0].payload, json!({"MessageBody": "{\"a\":1}"}));
}

#[tokio::test]
async fn without_arguments_the_input_is_sent() {
    let definition = single(&json!({"Type": "Task", "Resource": "arn:aws:lambda:f", "End": true}));
    let tasks = Fake::new(|_: &Call| Ok(json!(1)));
    Walk::new(&definition, &tasks).run(json!({"a": 1})).await;
    assert_eq!(tasks.calls()[0].payload, json!({"a": 1}));
}

#[tokio::test]
async fn a_task_that_does_not_answer_times_out() {
    let check = async |fields: Value, answer: TaskError, seconds: i64| {
        let clock = Arc::new(some_clock());
        let started = clock.peek();
        let definition = single(&task(&fields));
        let tasks = Fake::new(move |_: &Call| Err(answer.clone()));
        let walk = Walk::new(&definition, &tasks).clock(clock.clone());
        let walked = walk.run(json!({"limit": 30})).await;
        assert_eq!(error(&walked), ("States.Timeout", ""));
        assert_eq!(walked.trace.events("TaskTimedOut"), 1);
        assert_eq!(clock.peek().duration_since(started), SignedDuration::from_secs(seconds));
    };
    check(json!({"TimeoutSeconds": 60}), TaskError::TimedOut, 60).await;
    check(json!({"TimeoutSeconds": "{% $states.input.limit %}"}), TaskError::TimedOut, 30).await;
    check(json!({"TimeoutSeconds": 60, "HeartbeatSeconds": 10}), TaskError::HeartbeatTimedOut, 10).await;
}

#[tokio::test]
async fn a_task_that_takes_too_long_times_out_even_if_it_answers() {
    let clock = Arc::new(some_clock());
    let slow = Arc::clone(&clock);
    let definition = single(&task(&json!({"TimeoutSeconds": 60})));
    let tasks = Fake::new(move |_: &Call| {
        slow.advance_to(slow.peek() + SignedDuration::from_secs(61));
        Ok(json!(1))
    });
    let walked = Walk::new(&definition, &tasks).clock(clock).run(json!({})).await;
    assert_eq!(error(&walked).0, "States.Timeout");
}

#[tokio::test]
async fn a_missed_heartbeat_is_caught_under_both_names() {
    for name in ["States.HeartbeatTimeout", "States.Timeout", "States.ALL"] {
        let definition = machine(
            "T",
            &json!({
                "T": task(&json!({
                    "TimeoutSeconds": 60, "HeartbeatSeconds": 10,
                    "Catch": [{"ErrorEquals": [name], "Next": "Caught"}],
                })),
                "Caught": {"Type": "Pass", "End": true},
            }),
        );
        let walked = walk_with(&definition, json!({}), |_| Err(TaskError::HeartbeatTimedOut)).await;
        assert_eq!(output(&walked), &json!({"Error": "States.Timeout", "Cause": ""}), "{name}");
    }
}

#[tokio::test]
async fn a_call_that_waits_for_the_real_world_is_awaited() {
    struct Slow;
    #[async_trait::async_trait]
    impl crate::walker::Tasks for Slow {
        async fn invoke(&self, call: &Call) -> super::Answer {
            for _ in 0..3 {
                tokio::task::yield_now().await;
            }
            Ok(call.payload.clone())
        }
    }
    let states = json!({
        "W": {"Type": "Wait", "Seconds": 5, "Next": "T"},
        "T": task(&json!({"Output": "{% $states.result.Payload %}"})),
    });
    let definition = single(&super::map("W", &states, &json!({})));
    let walked = Walk::new(&definition, &Slow).run(json!([1, 2, 3])).await;
    assert_eq!(output(&walked), &json!([1, 2, 3]));
}
