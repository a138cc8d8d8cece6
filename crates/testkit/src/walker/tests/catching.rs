//! Catch.

use serde_json::{Value, json};

use super::{Call, error, machine, map, output, task, walk, walk_with};
use crate::walker::{Definition, TaskError};

fn catching(catch: &Value, more: &Value) -> Definition {
    let caught = json!({
        "Type": "Pass", "Output": "{% {'in': $states.input, 'v': $exists($v) ? $v : null} %}", "End": true,
    });
    let second = caught.clone();
    let state = super::with(task(&json!({"Catch": catch, "Output": "{% 'unused' %}"})), more);
    let two = json!({
        "Type": "Choice", "Choices": [{"Condition": "{% $states.input = 1 %}", "Next": "Caught"}],
        "Default": "T",
    });
    // `First` makes both catch states reachable whatever the catchers say.
    let first = super::with(
        two,
        &json!({"Choices": [
            {"Condition": "{% $states.input = 1 %}", "Next": "Caught"},
            {"Condition": "{% $states.input = 2 %}", "Next": "Second"},
        ]}),
    );
    machine("First", &json!({"First": first, "T": state, "Caught": caught, "Second": second}))
}

fn fails(name: &'static str) -> impl Fn(&Call) -> super::Answer + Send + Sync {
    move |_| Err(TaskError::new(name, "why"))
}

#[tokio::test]
async fn the_error_output_goes_on_by_default() {
    let definition = catching(&json!([{"ErrorEquals": ["E"], "Next": "Caught"}]), &json!({}));
    let walked = walk_with(&definition, json!({}), fails("E")).await;
    assert_eq!(output(&walked)["in"], json!({"Error": "E", "Cause": "why"}));
    assert_eq!(walked.trace.states(), ["First", "T", "Caught"]);
    assert_eq!(walked.trace.events("TaskStateExited"), 1);
}

#[tokio::test]
async fn a_catcher_has_its_own_assign_and_output() {
    let catch = json!([{
        "ErrorEquals": ["E"],
        "Assign": {"v": "{% $states.errorOutput.Error %}"},
        "Output": "{% $states.input.id & ' ' & $states.errorOutput.Cause %}",
        "Next": "Caught",
    }]);
    let more = json!({"Assign": {"v": "not this"}});
    let walked = walk_with(&catching(&catch, &more), json!({"id": "req_1"}), fails("E")).await;
    assert_eq!(output(&walked), &json!({"in": "req_1 why", "v": "E"}));
}

#[tokio::test]
async fn the_first_catcher_that_matches_decides() {
    let catch = json!([
        {"ErrorEquals": ["A", "B"], "Next": "Second"}, {"ErrorEquals": ["States.ALL"], "Next": "Caught"},
    ]);
    let check = async |name: &'static str, expect: &str| {
        let walked = walk_with(&catching(&catch, &json!({})), json!({}), fails(name)).await;
        assert_eq!(walked.trace.states()[2], expect, "{name}");
    };
    check("A", "Second").await;
    check("B", "Second").await;
    check("C", "Caught").await;
}

#[tokio::test]
async fn states_all_does_not_catch_everything() {
    let catch = json!([{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]);
    for name in ["States.DataLimitExceeded", "States.Runtime"] {
        let walked = walk_with(&catching(&catch, &json!({})), json!({}), fails(name)).await;
        assert_eq!(error(&walked).0, name);
    }
    // By its name the former can be caught, the latter cannot.
    let named = json!([
        {"ErrorEquals": ["States.DataLimitExceeded", "States.Runtime"], "Next": "Caught"},
    ]);
    let definition = catching(&named, &json!({}));
    let limit = walk_with(&definition, json!({}), fails("States.DataLimitExceeded")).await;
    assert_eq!(output(&limit)["in"]["Error"], "States.DataLimitExceeded");
    let runtime = walk_with(&definition, json!({}), fails("States.Runtime")).await;
    assert_eq!(error(&runtime).0, "States.Runtime");
}

#[tokio::test]
async fn an_oversized_result_is_not_caught_by_states_all() {
    let catch = json!([{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]);
    let large = |_: &Call| Ok(json!("x".repeat(262_144)));
    let walked = walk_with(&catching(&catch, &json!({})), json!({}), large).await;
    assert_eq!(error(&walked).0, "States.DataLimitExceeded");
}

#[tokio::test]
async fn an_expression_that_fails_is_caught() {
    let catch = json!([{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "Caught"}]);
    for more in [
        json!({"Arguments": "{% $absent %}"}),
        json!({"TimeoutSeconds": "{% 'soon' %}"}),
        json!({"TimeoutSeconds": "{% 0 %}"}),
        json!({"TimeoutSeconds": "{% 1.5 %}"}),
        json!({"Output": "{% $absent %}"}),
        json!({"Assign": {"w": "{% $absent %}"}}),
    ] {
        let definition = catching(&catch, &more);
        let walked = walk_with(&definition, json!({}), |_| Ok(json!(1))).await;
        assert_eq!(output(&walked)["in"]["Error"], "States.QueryEvaluationError", "{more}");
    }
}

#[tokio::test]
async fn a_catcher_that_fails_is_not_caught_again() {
    let catch = json!([
        {"ErrorEquals": ["E"], "Output": "{% $absent %}", "Next": "Caught"},
        {"ErrorEquals": ["States.ALL"], "Next": "Second"},
    ]);
    let walked = walk_with(&catching(&catch, &json!({})), json!({}), fails("E")).await;
    assert_eq!(error(&walked).0, "States.QueryEvaluationError");
    assert!(error(&walked).1.contains("'Catch[0]/Output'"));
}

#[tokio::test]
async fn an_iteration_that_catches_does_not_stop_its_siblings() {
    let states = json!({
        "Erase": task(&json!({
            "Output": "{% $states.result.Payload %}",
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Record"}],
        })),
        "Record": {"Type": "Pass", "Output": "{% 'recorded ' & $states.input.Error %}", "End": true},
    });
    let definition = machine("M", &json!({"M": map("Erase", &states, &json!({}))}));
    let walked = walk_with(&definition, json!([1, 2, 3]), |call| {
        if call.payload == json!(2) { Err(TaskError::new("E", "")) } else { Ok(call.payload.clone()) }
    })
    .await;
    assert_eq!(output(&walked), &json!([1, "recorded E", 3]));
    assert_eq!(walked.trace.paths(), ["M", "M[0]/Erase", "M[1]/Erase", "M[1]/Record", "M[2]/Erase"]);
}

#[tokio::test]
async fn choice_wait_and_pass_catch_nothing() {
    let definition = machine("P", &json!({"P": {"Type": "Pass", "Output": "{% $x %}", "End": true}}));
    assert_eq!(error(&walk(&definition, json!({})).await).0, "States.QueryEvaluationError");
}
