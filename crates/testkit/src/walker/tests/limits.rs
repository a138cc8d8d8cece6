//! What is too large, too long or too much.

use serde_json::{Value, json};

use super::{Call, Fake, error, machine, map, output, single, task, walk, walk_with};
use crate::walker::{End, Limits, Role, Walk};

const LARGEST: usize = 262_144;

/// A text whose JSON has this many bytes.
fn text(bytes: usize) -> Value {
    json!("x".repeat(bytes - 2))
}

#[tokio::test]
async fn a_payload_has_at_most_256_kib_of_utf_8() {
    let definition = single(&json!({"Type": "Pass", "End": true}));
    assert_eq!(output(&walk(&definition, text(LARGEST)).await), &text(LARGEST));
    let over = walk(&definition, text(LARGEST + 1)).await;
    assert_eq!(error(&over).0, "InvalidExecutionInput");
    assert!(over.trace.history.is_empty(), "it never starts");
    // Half as many characters of two bytes each are as large.
    let wide = walk(&definition, json!("é".repeat(LARGEST / 2))).await;
    assert_eq!(error(&wide).0, "InvalidExecutionInput");
}

#[tokio::test]
async fn an_oversized_payload_anywhere_ends_the_execution() {
    let large = format!("{{% $pad('', {LARGEST}, 'x') %}}");
    let check = async |state: Value, role: Role| {
        let walked = walk_with(&single(&state), json!({}), |_| Ok(json!(1))).await;
        assert_eq!(error(&walked).0, "States.DataLimitExceeded", "{role:?}");
        let largest = walked.trace.largest().unwrap();
        assert_eq!(largest.role, role);
        assert!(largest.bytes > LARGEST);
    };
    check(json!({"Type": "Pass", "Output": large, "End": true}), Role::Output).await;
    check(json!({"Type": "Pass", "Assign": {"v": large}, "End": true}), Role::Variable("v".to_owned())).await;
    check(task(&json!({"Arguments": {"FunctionName": "f", "Payload": large}})), Role::Arguments).await;

    let result = walk_with(&single(&task(&json!({"Output": 1}))), json!({}), |_| Ok(text(LARGEST))).await;
    assert_eq!(error(&result).0, "States.DataLimitExceeded", "the wrapping counts");
}

#[tokio::test]
async fn the_results_of_a_map_must_fit_together() {
    let large = format!("{{% $pad('', {}, 'x') %}}", LARGEST / 3);
    let states = json!({"I": {"Type": "Pass", "Output": large, "End": true}});
    // An Output that would make it small comes too late.
    let definition = single(&map("I", &states, &json!({"Output": 1})));
    assert_eq!(output(&walk(&definition, json!([1, 2])).await), &json!(1));
    assert_eq!(error(&walk(&definition, json!([1, 2, 3])).await).0, "States.DataLimitExceeded");
}

#[tokio::test]
async fn the_variables_of_one_assign_must_fit_together() {
    let half = format!("{{% $pad('', {}, 'x') %}}", LARGEST / 2);
    let definition =
        single(&json!({"Type": "Pass", "Assign": {"a": half, "b": half}, "Output": 1, "End": true}));
    let walked = walk(&definition, json!({})).await;
    assert_eq!(error(&walked).0, "States.DataLimitExceeded");
    assert!(error(&walked).1.contains("Assign"));
}

#[tokio::test]
async fn all_variables_have_at_most_10_mib() {
    let mut states = serde_json::Map::new();
    for i in 0..41 {
        let state = json!({"Type": "Pass", "Assign": {format!("v{i}"): "{% $states.input %}"}, "Next": format!("S{}", i + 1)});
        states.insert(format!("S{i}"), state);
    }
    states.insert("S41".to_owned(), json!({"Type": "Succeed"}));
    let walked = walk(&machine("S0", &Value::Object(states)), text(LARGEST)).await;
    assert_eq!(error(&walked).0, "States.DataLimitExceeded");
    assert_eq!(walked.trace.visits.len(), 41);
}

#[tokio::test]
async fn forty_thousand_iterations_do_not_fit_one_history() {
    let states = json!({"I": {"Type": "Pass", "Output": 1, "End": true}});
    let more = json!({
        "Items": "{% [1..40000] %}",
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
    });
    let definition = machine("M", &json!({"M": map("I", &states, &more), "Caught": {"Type": "Succeed"}}));
    let walked = walk(&definition, json!({})).await;
    assert_eq!(
        error(&walked),
        ("States.Runtime", "The execution reached the maximum number of history events (25000).")
    );
    assert_eq!(walked.trace.history.len(), 25_000);
    assert_eq!(walked.trace.history.last().unwrap().kind, "ExecutionFailed");
    // Three events before, and four for every iteration: Started, Entered, Exited, Succeeded.
    assert_eq!(walked.trace.count("I"), (24_999 - 3) / 4);
}

#[tokio::test]
async fn the_last_event_that_fits_may_be_the_success() {
    let definition = single(&json!({"Type": "Pass", "End": true}));
    let tasks = Fake::new(|_: &Call| Ok(Value::Null));
    let run = |history| {
        let limits = Limits { history, ..Limits::default() };
        Walk::new(&definition, &tasks).limits(limits).run(json!({}))
    };
    assert_eq!(run(4).await.end, End::Succeeded(json!({})));
    let over = run(3).await;
    assert_eq!(error(&over).0, "States.Runtime");
    assert_eq!(over.trace.history.len(), 3);
}

#[tokio::test]
async fn a_polling_loop_outgrows_its_history() {
    // Six events a turn: Wait and Choice, entered and exited, and a Pass.
    let definition = machine(
        "W",
        &json!({
            "W": {"Type": "Wait", "Seconds": 300, "Next": "P"},
            "P": {"Type": "Pass", "Next": "C"},
            "C": {"Type": "Choice", "Choices": [{"Condition": false, "Next": "End"}], "Default": "W"},
            "End": {"Type": "Succeed"},
        }),
    );
    let walked = walk(&definition, json!({})).await;
    assert_eq!(error(&walked).0, "States.Runtime");
    assert_eq!(walked.trace.count("W"), 4_167, "two weeks of polling, not thirty days");
}

#[tokio::test]
async fn retries_outgrow_the_history_before_their_budget() {
    let retry = json!([{"ErrorEquals": ["More"], "BackoffRate": 1, "MaxAttempts": 10_000}]);
    let definition = machine(
        "T",
        &json!({
            "T": task(&json!({"Retry": retry, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]})),
            "Caught": {"Type": "Succeed"},
        }),
    );
    let tasks = Fake::new(|_: &Call| Err(crate::walker::TaskError::new("More", "")));
    let walked = Walk::new(&definition, &tasks).run(json!({})).await;
    assert_eq!(error(&walked).0, "States.Runtime");
    assert_eq!(tasks.calls().len(), 8_332);
}
