//! Distributed Map.

use serde_json::{Value, json};

use super::{Call, Fake, error, output, single, task, walk, walk_with, with};
use crate::walker::{Definition, TaskError, Walk};

fn distributed(start: &str, states: &Value, more: &Value) -> Definition {
    let processor = json!({
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": start, "States": states,
    });
    single(&with(json!({"Type": "Map", "ItemProcessor": processor, "End": true}), more))
}

fn pass() -> Value {
    json!({"I": {"Type": "Pass", "End": true}})
}

/// Fails for every item that is `true`.
fn failing() -> Value {
    json!({
        "C": {"Type": "Choice", "Choices": [{"Condition": "{% $states.input %}", "Next": "F"}], "Default": "P"},
        "F": {"Type": "Fail", "Error": "E", "Cause": "c"},
        "P": {"Type": "Pass", "End": true},
    })
}

#[tokio::test]
async fn children_have_histories_of_their_own() {
    let walked = walk(&distributed("I", &pass(), &json!({})), json!([1, 2])).await;
    assert_eq!(output(&walked), &json!([1, 2]));
    let kinds: Vec<_> = walked.trace.history.iter().map(|event| event.kind).collect();
    assert_eq!(
        kinds,
        [
            "ExecutionStarted",
            "MapStateEntered",
            "MapStateStarted",
            "MapRunStarted",
            "MapRunSucceeded",
            "MapStateSucceeded",
            "MapStateExited",
            "ExecutionSucceeded",
        ]
    );
    assert_eq!(walked.trace.longest_child, 4);
    assert_eq!(walked.trace.paths(), ["S", "S[0]/I", "S[1]/I"]);
}

#[tokio::test]
async fn a_child_is_an_execution_of_its_own() {
    let states = json!({"I": {
        "Type": "Pass",
        "Output": "{% [$states.context.Execution.Name, $states.context.Execution.Input] %}",
        "End": true,
    }});
    let walked = walk(&distributed("I", &states, &json!({})), json!(["a"])).await;
    assert_eq!(output(&walked), &json!([["walk.S.0", "a"]]));
}

#[tokio::test]
async fn failures_are_tolerated_up_to_the_threshold() {
    let items = json!([true, false, true, false]);
    let check = async |more: Value, tolerated: bool| {
        let walked = walk(&distributed("C", &failing(), &more), items.clone()).await;
        if tolerated {
            let failure = json!({"Error": "E", "Cause": "c"});
            assert_eq!(output(&walked), &json!([failure, false, failure, false]), "{more}");
        } else {
            assert_eq!(error(&walked).0, "States.ExceedToleratedFailureThreshold", "{more}");
            assert_eq!(walked.trace.events("MapRunFailed"), 1);
        }
    };
    check(json!({}), false).await;
    check(json!({"ToleratedFailureCount": 1}), false).await;
    check(json!({"ToleratedFailureCount": 2}), true).await;
    check(json!({"ToleratedFailurePercentage": 49}), false).await;
    check(json!({"ToleratedFailurePercentage": "{% 50 %}"}), true).await;
    check(json!({"ToleratedFailurePercentage": 100, "ToleratedFailureCount": 1}), false).await;
    check(json!({"ToleratedFailurePercentage": 100, "ToleratedFailureCount": 9}), true).await;
}

#[tokio::test]
async fn items_are_read_from_where_the_reader_says() {
    let more = json!({
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "Arguments": {"Bucket": "plans", "Key": "{% $states.input.key %}"},
            "ReaderConfig": {"InputType": "JSON", "MaxItems": 2},
        },
        "ItemSelector": {"id": "{% $states.context.Map.Item.Value %}"},
    });
    let tasks = Fake::new(|_: &Call| Ok(json!(["a", "b", "c"])));
    let definition = distributed("I", &pass(), &more);
    let walked = Walk::new(&definition, &tasks).run(json!({"key": "k"})).await;
    assert_eq!(output(&walked), &json!([{"id": "a"}, {"id": "b"}]));
    let call = &tasks.calls()[0];
    assert_eq!(call.resource, "arn:aws:states:::s3:getObject");
    assert_eq!(call.payload, json!({"Bucket": "plans", "Key": "k"}));

    let gone = walk_with(&definition, json!({"key": "k"}), |_| Err(TaskError::new("NoSuchKey", ""))).await;
    assert_eq!(error(&gone).0, "States.ItemReaderFailed");
    let none = walk_with(&definition, json!({"key": "k"}), |_| Ok(json!({}))).await;
    assert_eq!(error(&none).0, "States.ItemReaderFailed");
}

#[tokio::test]
async fn results_go_where_the_writer_says() {
    let more = json!({"ResultWriter": {
        "Resource": "arn:aws:states:::s3:putObject", "Arguments": {"Bucket": "b", "Prefix": "p"},
    }});
    let tasks = Fake::new(|_: &Call| Ok(Value::Null));
    let definition = distributed("I", &pass(), &more);
    let walked = Walk::new(&definition, &tasks).run(json!([1, 2])).await;
    let details = json!({"Bucket": "b", "Key": "p/manifest.json"});
    assert_eq!(output(&walked)["ResultWriterDetails"], details);
    assert_eq!(tasks.calls()[0].payload["Results"], json!([1, 2]));
}

#[tokio::test]
async fn items_are_batched() {
    let check = async |batcher: Value, expect: Value| {
        let definition = distributed("I", &pass(), &json!({"ItemBatcher": batcher}));
        assert_eq!(output(&walk(&definition, json!([1, 2, 3])).await), &expect);
    };
    check(
        json!({"MaxItemsPerBatch": 2, "BatchInput": {"t": "{% $count($states.input) %}"}}),
        json!([{"Items": [1, 2], "BatchInput": {"t": 3}}, {"Items": [3], "BatchInput": {"t": 3}}]),
    )
    .await;
    // {"Items":[]} has 12 bytes, and each of these items takes 2 more.
    check(json!({"MaxInputBytesPerBatch": 14}), json!([{"Items": [1]}, {"Items": [2]}, {"Items": [3]}]))
        .await;
    check(json!({"MaxInputBytesPerBatch": 16}), json!([{"Items": [1, 2]}, {"Items": [3]}])).await;
}

#[tokio::test]
async fn items_that_outgrow_one_history_fit_many() {
    let states = json!({"T": task(&json!({"Output": "{% $states.result.Payload %}"}))});
    let more = json!({"Items": "{% [1..4000] %}", "Output": "{% $count($states.result) %}"});
    let definition = distributed("T", &states, &more);
    let walked = walk_with(&definition, json!({}), |_| Ok(json!(1))).await;
    assert_eq!(output(&walked), &json!(4000));
    assert!(walked.trace.history.len() < 10);
}
