//! Choice, Pass, Succeed and Fail.

use serde_json::{Value, json};

use super::{error, machine, output, single, task, walk, walk_with};
use crate::walker::{Definition, End};

fn choice(rules: &Value, more: &Value) -> Definition {
    let choice = super::with(json!({"Type": "Choice", "Choices": rules}), more);
    let end = json!({"Type": "Pass", "Output": "{% [$states.context.State.Name, $states.input, $exists($v) ? $v : 'none'] %}", "End": true});
    machine("S", &json!({"S": choice, "A": end.clone(), "B": end.clone(), "D": end}))
}

fn two_rules() -> Value {
    json!([
        {"Condition": "{% $states.input.n > 10 %}", "Next": "A", "Assign": {"v": "a"}},
        {"Condition": "{% $states.input.n > 5 %}", "Next": "B", "Output": "{% $states.input.n * 2 %}"},
    ])
}

#[tokio::test]
async fn the_first_true_rule_decides() {
    let definition = choice(&two_rules(), &json!({"Default": "D", "Assign": {"v": "d"}, "Output": 0}));
    let check = async |n: i64, expect: Value| {
        assert_eq!(output(&walk(&definition, json!({"n": n})).await), &expect);
    };
    // The rule's own Assign and Output count, not those of the state.
    check(11, json!(["A", {"n": 11}, "a"])).await;
    check(6, json!(["B", 12, "none"])).await;
    check(1, json!(["D", 0, "d"])).await;
}

#[tokio::test]
async fn without_a_match_or_a_default_the_execution_ends() {
    let rules = json!([
        {"Condition": "{% $states.input.n > 5 %}", "Next": "A"},
        {"Condition": "{% $states.input.n > 7 %}", "Next": "B"},
        {"Condition": false, "Next": "D"},
    ]);
    let walked = walk(&choice(&rules, &json!({})), json!({"n": 1})).await;
    assert_eq!(error(&walked).0, "States.NoChoiceMatched");
    assert!(error(&walked).1.contains("does not point to a next state"));
}

#[tokio::test]
async fn nothing_catches_a_choice_that_matches_nothing() {
    let choice = json!({"Type": "Choice", "Choices": [{"Condition": false, "Next": "P"}]});
    let states = json!({"C": choice, "P": {"Type": "Pass", "End": true}});
    let map = super::map(
        "C",
        &states,
        &json!({
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
        }),
    );
    let definition = machine("M", &json!({"M": map, "Caught": {"Type": "Succeed"}}));
    let walked = walk(&definition, json!([1])).await;
    assert_eq!(error(&walked).0, "States.NoChoiceMatched");
}

#[tokio::test]
async fn a_condition_must_be_a_boolean() {
    for condition in ["{% 1 %}", "{% 'true' %}", "{% $states.input.absent %}"] {
        let rules = json!([
            {"Condition": condition, "Next": "A"}, {"Condition": true, "Next": "B"},
        ]);
        let walked = walk(&choice(&rules, &json!({"Default": "D"})), json!({})).await;
        assert_eq!(error(&walked).0, "States.QueryEvaluationError", "{condition}");
        assert!(error(&walked).1.contains("'Choices[0]/Condition'"), "{:?}", walked.end);
    }
}

#[tokio::test]
async fn a_later_condition_is_not_evaluated() {
    let rules = json!([
        {"Condition": true, "Next": "A"},
        {"Condition": "{% $absent %}", "Next": "B"},
    ]);
    let walked = walk(&choice(&rules, &json!({"Default": "D"})), json!({})).await;
    assert_eq!(output(&walked)[0], "A");
}

#[tokio::test]
async fn succeed_ends_with_its_output() {
    let definition = single(&json!({"Type": "Succeed", "Output": "{% $states.input.a %}"}));
    assert_eq!(output(&walk(&definition, json!({"a": 1})).await), &json!(1));
}

#[tokio::test]
async fn fail_says_its_error_and_cause() {
    let check = async |fields: Value, error: &str, cause: &str| {
        let definition = single(&super::with(json!({"Type": "Fail"}), &fields));
        let expect = End::Failed { error: error.into(), cause: cause.into(), state: "S".into() };
        assert_eq!(walk(&definition, json!({"e": "Dynamic"})).await.end, expect);
    };
    check(json!({"Error": "E", "Cause": "c"}), "E", "c").await;
    check(json!({"Error": "{% $states.input.e %}"}), "Dynamic", "").await;
    check(json!({}), "", "").await;
}

#[tokio::test]
async fn errors_and_causes_are_cut_to_what_aws_keeps() {
    let definition = single(&json!({
        "Type": "Fail", "Error": "e".repeat(300), "Cause": "é".repeat(40_000),
    }));
    let walked = walk(&definition, json!({})).await;
    let (error, cause) = error(&walked);
    assert_eq!((error.len(), cause.chars().count()), (256, 32_768));
}

#[tokio::test]
async fn the_history_of_simple_states_is_that_of_aws() {
    let definition = choice(&two_rules(), &json!({"Default": "D"}));
    let walked = walk(&definition, json!({"n": 1})).await;
    let kinds: Vec<_> = walked.trace.history.iter().map(|event| event.kind).collect();
    assert_eq!(
        kinds,
        [
            "ExecutionStarted",
            "ChoiceStateEntered",
            "ChoiceStateExited",
            "PassStateEntered",
            "PassStateExited",
            "ExecutionSucceeded",
        ]
    );
    assert_eq!(walked.trace.transitions, 2);

    let fail = walk(&single(&json!({"Type": "Fail"})), json!({})).await;
    let kinds: Vec<_> = fail.trace.history.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, ["ExecutionStarted", "FailStateEntered", "ExecutionFailed"]);
}

#[tokio::test]
async fn the_history_of_a_task_is_that_of_aws() {
    let walked = walk_with(&single(&task(&json!({}))), json!({}), |_| Ok(json!(1))).await;
    let kinds: Vec<_> = walked.trace.history.iter().map(|event| event.kind).collect();
    assert_eq!(
        kinds,
        [
            "ExecutionStarted",
            "TaskStateEntered",
            "TaskScheduled",
            "TaskStarted",
            "TaskSucceeded",
            "TaskStateExited",
            "ExecutionSucceeded",
        ]
    );
    let ids: Vec<_> = walked.trace.history.iter().map(|event| event.id).collect();
    assert_eq!(ids, [1, 2, 3, 4, 5, 6, 7]);
}
