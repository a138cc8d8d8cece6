//! What AWS accepts, and this project does not.

use serde_json::{Value, json};

use super::{machine, map, single, task, with};
use crate::walker::{Definition, Rule};

fn retry() -> Value {
    json!([{
        "ErrorEquals": [
            "Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException",
            "Lambda.TooManyRequestsException",
        ],
        "JitterStrategy": "FULL",
    }])
}

fn good() -> Value {
    task(&json!({"TimeoutSeconds": 60, "Retry": retry()}))
}

#[track_caller]
fn check(definition: &Definition, expect: &[Rule]) {
    let found: Vec<_> = definition.lints().into_iter().map(|finding| finding.rule).collect();
    assert_eq!(found, expect, "{:?}", definition.lints());
}

#[test]
fn a_good_task_has_nothing_to_say() {
    check(&single(&good()), &[]);
    assert!(Rule::Mode.is_refusal() && !Rule::Timeout.is_refusal());
}

#[test]
fn a_task_says_how_long_it_may_take() {
    let mut state = good();
    state.as_object_mut().unwrap().remove("TimeoutSeconds");
    check(&single(&state), &[Rule::Timeout]);
}

#[test]
fn a_lambda_task_retries_the_four_errors_with_jitter() {
    check(&single(&task(&json!({"TimeoutSeconds": 60}))), &[Rule::LambdaRetry]);
    let wide = json!([{"ErrorEquals": ["States.ALL"], "JitterStrategy": "FULL"}]);
    check(&single(&task(&json!({"TimeoutSeconds": 60, "Retry": wide}))), &[Rule::LambdaRetry]);
    let mut never = retry();
    never[0]["MaxAttempts"] = json!(0);
    check(&single(&task(&json!({"TimeoutSeconds": 60, "Retry": never}))), &[Rule::LambdaRetry]);
    let mut regular = retry();
    regular[0].as_object_mut().unwrap().remove("JitterStrategy");
    check(&single(&task(&json!({"TimeoutSeconds": 60, "Retry": regular}))), &[Rule::Jitter]);
    let mut steady = retry();
    steady.as_array_mut().unwrap().push(json!({"ErrorEquals": ["More"], "BackoffRate": 1}));
    check(&single(&task(&json!({"TimeoutSeconds": 60, "Retry": steady}))), &[]);
    let service = json!({
        "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "TimeoutSeconds": 9, "End": true,
    });
    check(&single(&service), &[]);
}

#[test]
fn the_attempts_of_a_retrier_fit_the_history() {
    let more = |attempts: u64| {
        let mut retry = retry();
        let steady = json!({"ErrorEquals": ["More"], "BackoffRate": 1, "MaxAttempts": attempts});
        retry.as_array_mut().unwrap().push(steady);
        single(&task(&json!({"TimeoutSeconds": 60, "Retry": retry})))
    };
    check(&more(8_000), &[]);
    check(&more(10_000), &[Rule::History]);
}

#[test]
fn a_token_is_passed_on_and_has_a_heartbeat() {
    let resource = "arn:aws:states:::lambda:invoke.waitForTaskToken";
    let payload = json!({"token": "{% $states.context.Task.Token %}"});
    let state = with(
        good(),
        &json!({
            "Resource": resource, "HeartbeatSeconds": 10,
            "Arguments": {"FunctionName": "f", "Payload": payload},
        }),
    );
    check(&single(&state), &[]);
    let deaf = with(good(), &json!({"Resource": resource}));
    check(&single(&deaf), &[Rule::Token, Rule::Token]);
    // Elsewhere there is no token.
    let none = with(good(), &json!({"Arguments": {"FunctionName": "f", "Payload": payload}}));
    check(&single(&none), &[Rule::Undefined]);
}

#[test]
fn a_choice_has_a_default() {
    let choice = json!({"Type": "Choice", "Choices": [{"Condition": true, "Next": "B"}]});
    let definition = machine("A", &json!({"A": choice, "B": {"Type": "Succeed"}}));
    check(&definition, &[Rule::Default]);
}

#[test]
fn what_is_read_has_a_value() {
    let output = |text: &str| json!({"Type": "Pass", "Output": text, "End": true});
    check(&single(&output("{% $nobody %}")), &[Rule::Undefined]);
    check(&single(&output("{% $states.result %}")), &[Rule::Undefined]);
    check(&single(&output("{% $states.context.Map.Item.Index %}")), &[Rule::Undefined]);
    check(&single(&output("{% $eval('1') %}")), &[Rule::Undefined]);
    check(&single(&output("{% $hash('a', 'MD5') %}")), &[Rule::Unsupported]);
    check(&single(&output("{% ($f := function($x) { $x }; $f(1)) %}")), &[]);
    let definition = machine(
        "A",
        &json!({
            "A": {"Type": "Pass", "Assign": {"v": 1}, "Next": "B"},
            "B": {"Type": "Pass", "Output": "{% $v %}", "End": true},
        }),
    );
    check(&definition, &[]);
}

#[test]
fn a_distributed_iteration_reads_no_outer_variable() {
    let states = json!({"I": {"Type": "Pass", "Output": "{% $v %}", "End": true}});
    let check_mode = |mode: Value, expect: &[Rule]| {
        let mut state = map("I", &states, &json!({}));
        state["ItemProcessor"]["ProcessorConfig"] = mode;
        let first = json!({"Type": "Pass", "Assign": {"v": 1}, "Next": "M"});
        check(&machine("A", &json!({"A": first, "M": state})), expect);
    };
    check_mode(json!({"Mode": "INLINE"}), &[]);
    check_mode(json!({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}), &[Rule::Undefined]);
}

#[test]
fn what_has_no_effect_is_said() {
    let states = json!({"I": {"Type": "Pass", "End": true}});
    check(&single(&map("I", &states, &json!({"MaxConcurrency": 41}))), &[Rule::NoEffect]);
    check(&single(&map("I", &states, &json!({"ToleratedFailureCount": 1}))), &[Rule::NoEffect]);
    check(&single(&map("I", &states, &json!({"MaxConcurrency": 40}))), &[]);
}

#[test]
fn names_can_be_used_in_metrics() {
    check(&machine("Erase store", &json!({"Erase store": {"Type": "Succeed"}})), &[Rule::Metrics]);
}
