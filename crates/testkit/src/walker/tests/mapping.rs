//! Inline Map and Parallel.

use serde_json::{Value, json};

use super::{Call, Fake, error, machine, map, output, single, some_clock, task, walk, walk_with};
use crate::walker::{End, TaskError, Walk};

fn double() -> Value {
    json!({"I": {"Type": "Pass", "Output": "{% $states.input * 2 %}", "End": true}})
}

#[tokio::test]
async fn a_map_answers_in_the_order_of_its_items() {
    let definition = single(&map("I", &double(), &json!({})));
    assert_eq!(output(&walk(&definition, json!([1, 2, 3])).await), &json!([2, 4, 6]));
    assert_eq!(output(&walk(&definition, json!([])).await), &json!([]));
}

#[tokio::test]
async fn items_and_selector_shape_the_iterations() {
    let states = json!({"I": {"Type": "Pass", "End": true}});
    let definition = single(&map(
        "I",
        &states,
        &json!({
            "Items": "{% $states.input.stores %}",
            "ItemSelector": {
                "id": "{% $states.context.Map.Item.Value.id %}",
                "n": "{% $states.context.Map.Item.Index %}",
                "tenant": "{% $states.input.tenant %}",
            },
        }),
    ));
    let input = json!({"tenant": "t", "stores": [{"id": "a"}, {"id": "b"}]});
    assert_eq!(
        output(&walk(&definition, input).await),
        &json!([{"id": "a", "n": 0, "tenant": "t"}, {"id": "b", "n": 1, "tenant": "t"}])
    );
}

#[tokio::test]
async fn the_item_is_known_to_the_selector_alone() {
    let states = json!({
        "I": {"Type": "Pass", "Output": "{% $exists($states.context.Map) %}", "End": true},
    });
    let definition = single(&map("I", &states, &json!({})));
    assert_eq!(output(&walk(&definition, json!([1])).await), &json!([false]));
}

#[tokio::test]
async fn items_that_are_no_array_fail_the_map() {
    let check = async |items: &str, found: &str| {
        let definition = single(&map("I", &double(), &json!({"Items": items})));
        let walked = walk(&definition, json!({"stores": [{"on": true}, {"on": false}]})).await;
        assert_eq!(error(&walked).0, "States.QueryEvaluationError", "{items}");
        let said = format!("Expected 'array', but was '{found}'");
        assert!(error(&walked).1.contains(&said), "{:?}", walked.end);
        assert_eq!(walked.trace.events("MapStateFailed"), 1);
    };
    check("{% 1 %}", "number").await;
    check("{% {'a': 1} %}", "object").await;
    check("{% null %}", "null").await;
    // A filter that leaves one item answers the item itself.
    check("{% $states.input.stores[on] %}", "object").await;

    let bare = single(&map("I", &double(), &json!({})));
    assert_eq!(error(&walk(&bare, json!({})).await).0, "States.QueryEvaluationError");
}

#[tokio::test]
async fn the_history_of_a_map_is_that_of_aws() {
    let definition = single(&map("I", &double(), &json!({"MaxConcurrency": 1})));
    let walked = walk(&definition, json!([1, 2])).await;
    let kinds: Vec<_> = walked.trace.history.iter().map(|event| event.kind).collect();
    let iteration = ["MapIterationStarted", "PassStateEntered", "PassStateExited", "MapIterationSucceeded"];
    let expect = [
        &["ExecutionStarted", "MapStateEntered", "MapStateStarted"][..],
        &iteration,
        &iteration,
        &["MapStateSucceeded", "MapStateExited", "ExecutionSucceeded"],
    ]
    .concat();
    assert_eq!(kinds, expect);
    assert_eq!(walked.trace.transitions, 3);
}

#[tokio::test]
async fn a_failed_item_fails_the_map_with_its_own_error() {
    let states = json!({"T": task(&json!({}))});
    let definition = single(&map("T", &states, &json!({})));
    let walked = walk_with(&definition, json!([1, 2, 3]), |call| {
        if call.payload == json!(2) { Err(TaskError::new("E", "why")) } else { Ok(json!(1)) }
    })
    .await;
    assert_eq!(walked.end, End::Failed { error: "E".into(), cause: "why".into(), state: "T".into() });
    assert_eq!(walked.trace.events("MapIterationFailed"), 1);
    assert_eq!(walked.trace.events("MapStateFailed"), 1);
    assert_eq!(walked.trace.count("T"), 2, "the third item is never started");
}

#[tokio::test]
async fn a_failed_item_ends_those_that_still_run() {
    let states = json!({
        "W": {"Type": "Wait", "Seconds": "{% $states.input %}", "Next": "T"},
        "T": task(&json!({})),
    });
    let definition = single(&map("W", &states, &json!({})));
    let clock = std::sync::Arc::new(some_clock());
    let started = clock.peek();
    let tasks = Fake::new(|_: &Call| Err(TaskError::new("E", "")));
    let walk = Walk::new(&definition, &tasks).clock(clock.clone());
    let walked = walk.run(json!([100, 10, 50])).await;
    assert_eq!(error(&walked).0, "E");
    assert_eq!(tasks.calls().len(), 1);
    assert_eq!(clock.peek().duration_since(started).as_secs(), 10);
    assert_eq!(walked.trace.events("MapIterationAborted"), 2);
}

#[tokio::test]
async fn tolerated_failures_are_for_distributed_maps() {
    let states = json!({"F": {"Type": "Fail", "Error": "E"}});
    let more = json!({"ToleratedFailurePercentage": 100, "ToleratedFailureCount": 9});
    let walked = walk(&single(&map("F", &states, &more)), json!([1])).await;
    assert_eq!(error(&walked).0, "E");
}

#[tokio::test]
async fn a_map_is_retried_as_a_whole() {
    let states = json!({"T": task(&json!({"Output": "{% $states.result.Payload %}"}))});
    let more = json!({"Retry": [{"ErrorEquals": ["E"], "MaxAttempts": 1}]});
    let definition = single(&map("T", &states, &more));
    let failures = std::sync::atomic::AtomicUsize::new(0);
    let walked = walk_with(&definition, json!([1, 2]), |call| {
        let first = failures.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 1;
        if first { Err(TaskError::new("E", "")) } else { Ok(call.payload.clone()) }
    })
    .await;
    assert_eq!(output(&walked), &json!([1, 2]));
    assert_eq!(walked.trace.paths(), ["S", "S[0]/T", "S[1]/T", "S[0]/T", "S[1]/T"]);
    assert_eq!(walked.trace.transitions, 6);
}

#[tokio::test]
async fn maps_nest() {
    let inner = map("I", &double(), &json!({}));
    let definition = single(&map("Inner", &json!({"Inner": inner}), &json!({})));
    let walked = walk(&definition, json!([[1, 2], [3]])).await;
    assert_eq!(output(&walked), &json!([[2, 4], [6]]));
    assert_eq!(
        walked.trace.paths(),
        ["S", "S[0]/Inner", "S[0]/Inner[0]/I", "S[0]/Inner[1]/I", "S[1]/Inner", "S[1]/Inner[0]/I"]
    );
}

#[tokio::test]
async fn branches_have_one_input_and_answer_in_order() {
    let branch = |name: &str, output: &str| json!({"StartAt": name, "States": {name: {"Type": "Pass", "Output": output, "End": true}}});
    let branches = json!([branch("A", "{% $states.input + 1 %}"), branch("B", "{% $states.input + 2 %}"),]);
    let state = json!({
        "Type": "Parallel", "Arguments": "{% $states.input.n %}", "Branches": branches,
        "Output": "{% $sum($states.result) %}", "End": true,
    });
    let walked = walk(&single(&state), json!({"n": 10})).await;
    assert_eq!(output(&walked), &json!(23));
    assert_eq!(walked.trace.paths(), ["S", "S[0]/A", "S[1]/B"]);
    assert_eq!(walked.trace.events("ParallelStateSucceeded"), 1);
}

#[tokio::test]
async fn a_failed_branch_fails_the_parallel_with_its_own_error() {
    let branches = json!([
        {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E", "Cause": "c"}}},
        {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": true}}},
    ]);
    let parallel = json!({
        "Type": "Parallel", "Branches": branches,
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}], "End": true,
    });
    let definition = machine("P", &json!({"P": parallel, "Caught": {"Type": "Pass", "End": true}}));
    let walked = walk(&definition, json!({})).await;
    assert_eq!(output(&walked), &json!({"Error": "E", "Cause": "c"}));
    assert_eq!(walked.trace.events("ParallelStateFailed"), 1);
}
