//! What expressions see, and what they answer.

use serde_json::{Value, json};

use super::{error, machine, output, single, task, walk, walk_with};
use crate::walker::Role;

/// A Pass whose `Output` is `template`.
async fn check(template: Value, input: Value, expect: Value) {
    let definition = single(&json!({"Type": "Pass", "Output": template, "End": true}));
    let walked = walk(&definition, input).await;
    assert_eq!(output(&walked), &expect, "{template}");
}

/// The same, when it must fail with a cause that says `expect`.
async fn check_broken(template: Value, input: Value, expect: &str) {
    let definition = single(&json!({"Type": "Pass", "Output": template, "End": true}));
    let walked = walk(&definition, input).await;
    let (name, cause) = error(&walked);
    assert_eq!(name, "States.QueryEvaluationError");
    assert!(cause.contains(expect), "{cause}");
    assert_eq!(walked.trace.events("EvaluationFailed"), 1);
}

#[tokio::test]
async fn expressions_stand_anywhere_in_a_field() {
    check(
        json!({"a": ["{% $states.input.n + 1 %}", "plain"], "b": {"c": "{% $states.input %}"}}),
        json!({"n": 1}),
        json!({"a": [2, "plain"], "b": {"c": {"n": 1}}}),
    )
    .await;
    check(json!("{% [1..3] %}"), json!({}), json!([1, 2, 3])).await;
    check(json!("$states.input"), json!({}), json!("$states.input")).await;
}

#[tokio::test]
async fn without_output_the_input_goes_on() {
    let definition = single(&json!({"Type": "Pass", "End": true}));
    assert_eq!(output(&walk(&definition, json!([1])).await), &json!([1]));
}

#[tokio::test]
async fn null_is_a_value_and_undefined_is_not() {
    check(json!({"v": "{% $states.input.a %}"}), json!({"a": null}), json!({"v": null})).await;
    check_broken(
        json!({"v": "{% $states.input.b %}"}),
        json!({"a": null}),
        "The JSONata expression '$states.input.b' specified for the field 'Output/v' returned \
         nothing (undefined).",
    )
    .await;
    // Inside one expression an undefined field is left out, as JSONata does.
    check(json!("{% {'v': $states.input.b, 'w': 1} %}"), json!({}), json!({"w": 1})).await;
}

#[tokio::test]
async fn what_cannot_be_evaluated_fails_the_state() {
    check_broken(json!("{% $states.input.a + 1 %}"), json!({"a": "x"}), "T2001").await;
    check_broken(json!("{% function($x) { $x } %}"), json!({}), "unsupported result type").await;
    check_broken(json!("{% $eval('1') %}"), json!({}), "T1006").await;
    check_broken(json!("{% $hash('a', 'SHA-256') %}"), json!({}), "does not compute").await;
}

#[tokio::test]
async fn the_cause_says_where_it_happened() {
    let definition = machine(
        "A",
        &json!({
            "A": {"Type": "Pass", "Next": "B"},
            "B": {"Type": "Pass", "Output": {"x": ["{% $nope %}"]}, "End": true},
        }),
    );
    let walked = walk(&definition, json!({})).await;
    assert_eq!(
        error(&walked).1,
        "An error occurred while executing the state 'B' (entered at the event id #4). The JSONata \
         expression '$nope' specified for the field 'Output/x[0]' returned nothing (undefined)."
    );
}

#[tokio::test]
async fn numbers_are_written_as_javascript_does() {
    check(json!("{% 6 / 2 %}"), json!({}), json!(3)).await;
    check(json!("{% 1 / 4 %}"), json!({}), json!(0.25)).await;
    // What no expression touches keeps all its digits.
    let large = json!({"n": 12_345_678_901_234_567_890_u64});
    let definition = single(&json!({"Type": "Pass", "End": true}));
    assert_eq!(output(&walk(&definition, large.clone()).await), &large);
}

#[tokio::test]
async fn the_functions_of_step_functions_are_there() {
    check(json!("{% $parse('{\"a\":[1]}').a %}"), json!({}), json!([1])).await;
    check(json!("{% $partition([1..5], 2) %}"), json!({}), json!([[1, 2], [3, 4], [5]])).await;
    check(json!("{% $partition([1..5], 2.9) %}"), json!({}), json!([[1, 2], [3, 4], [5]])).await;
    check(json!("{% $range(1, 9, 4) %}"), json!({}), json!([1, 5, 9])).await;
    check(json!("{% $range(9, 1, -4) %}"), json!({}), json!([9, 5, 1])).await;
    check(json!("{% $range(1, 1, 1) %}"), json!({}), json!(1)).await;
    check(json!("{% $random(7) = $random(7) %}"), json!({}), json!(true)).await;
    check(json!("{% $length($uuid()) %}"), json!({}), json!(36)).await;
    check(json!("{% $now() %}"), json!({}), json!("2026-01-01T12:00:00.000Z")).await;
    check(json!("{% $now('[Y]/[M]') %}"), json!({}), json!("2026/1")).await;
    check(json!("{% $millis() %}"), json!({}), json!(1_767_268_800_000_i64)).await;
    for nothing in ["$partition([], 2)", "$partition([1], 0)", "$range(1, 5)", "$range(1, 5, -1)"] {
        check_broken(json!(format!("{{% {nothing} %}}")), json!({}), "undefined").await;
    }
    check_broken(json!("{% $parse('nope') %}"), json!({}), "not a JSON text").await;
}

#[tokio::test]
async fn chance_is_repeated_by_the_same_seed() {
    use super::{Call, Fake};
    use crate::walker::Walk;
    let definition = single(&json!({"Type": "Pass", "Output": "{% $uuid() %}", "End": true}));
    let tasks = Fake::new(|_: &Call| Ok(Value::Null));
    let run = |seed| Walk::new(&definition, &tasks).seed(seed).run(json!({}));
    assert_eq!(run(1).await.end, run(1).await.end);
    assert_ne!(run(1).await.end, run(2).await.end);
}

#[tokio::test]
async fn the_context_says_which_execution_and_state() {
    let definition = single(&json!({
        "Type": "Pass",
        "Output": {
            "name": "{% $states.context.Execution.Name %}",
            "input": "{% $states.context.Execution.Input.a %}",
            "start": "{% $states.context.Execution.StartTime %}",
            "id": "{% $contains($states.context.Execution.Id, ':execution:') %}",
            "state": "{% $states.context.State.Name %}",
            "entered": "{% $states.context.State.EnteredTime %}",
            "retries": "{% $states.context.State.RetryCount %}",
        },
        "End": true,
    }));
    let walked = walk(&definition, json!({"a": 1})).await;
    assert_eq!(
        output(&walked),
        &json!({
            "name": "walk", "input": 1, "start": "2026-01-01T12:00:00.000Z", "id": true,
            "state": "S", "entered": "2026-01-01T12:00:00.000Z", "retries": 0,
        })
    );
}

#[tokio::test]
async fn a_task_passes_on_its_result_unless_it_has_an_output() {
    let answer = |_: &super::Call| Ok(json!({"n": 2}));
    let plain = walk_with(&single(&task(&json!({}))), json!({}), answer).await;
    assert_eq!(output(&plain)["Payload"], json!({"n": 2}));
    assert_eq!(output(&plain)["StatusCode"], json!(200));

    let shaped = task(&json!({"Output": "{% $states.result.Payload.n + $states.input.n %}"}));
    let shaped = walk_with(&single(&shaped), json!({"n": 40}), answer).await;
    assert_eq!(output(&shaped), &json!(42));
}

#[tokio::test]
async fn every_payload_is_seen() {
    let definition = machine(
        "T",
        &json!({
            "T": task(&json!({
                "Assign": {"v": "{% $states.result.Payload.secret %}"},
                "Output": "{% 'mark-output' %}",
                "Next": "F",
            })),
            "F": {"Type": "Fail", "Error": "E", "Cause": "{% 'mark-cause ' & $v %}"},
        }),
    );
    let input = json!({"mark-name": 1});
    let walked = walk_with(&definition, input, |_| Ok(json!({"secret": "mark-result"}))).await;
    let roles = |mark: &str| -> Vec<Role> {
        walked.trace.payloads_with(mark).into_iter().map(|p| p.role.clone()).collect()
    };
    assert_eq!(roles("mark-name"), [Role::Input, Role::Arguments]);
    assert_eq!(roles("mark-result"), [Role::Result, Role::Variable("v".to_owned()), Role::Error]);
    assert_eq!(roles("mark-output"), [Role::Output, Role::Input]);
    assert_eq!(roles("mark-cause"), [Role::Error]);
    assert!(roles("absent").is_empty());
}

#[tokio::test]
async fn a_cause_may_quote_a_value_and_is_seen() {
    let definition = single(&json!({
        "Type": "Wait", "Seconds": "{% $states.input.name %}", "End": true,
    }));
    let walked = walk(&definition, json!({"name": "ada@example.org"})).await;
    assert!(error(&walked).1.contains("Expected 'number', but was 'string' for value: \"ada"));
    let roles: Vec<_> = walked.trace.payloads_with("ada@").iter().map(|p| p.role.clone()).collect();
    assert_eq!(roles, [Role::Input, Role::Error]);
}
