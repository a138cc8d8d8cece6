//! Variables: when they change, and who sees them.

use serde_json::json;

use super::{error, machine, map, output, walk};

#[tokio::test]
async fn assign_and_output_see_what_was_there_at_the_entry() {
    let definition = machine(
        "A",
        &json!({
            "A": {"Type": "Pass", "Assign": {"x": 3, "y": 6}, "Next": "B"},
            "B": {
                "Type": "Pass", "Assign": {"x": "{% $y %}", "y": "{% $x %}"},
                "Output": {"x": "{% $x %}", "y": "{% $y %}"}, "Next": "C",
            },
            "C": {"Type": "Pass", "Output": ["{% $states.input %}", "{% $x %}", "{% $y %}"], "End": true},
        }),
    );
    assert_eq!(output(&walk(&definition, json!({})).await), &json!([{"x": 3, "y": 6}, 6, 3]));
}

#[tokio::test]
async fn an_expression_cannot_assign_a_variable() {
    let definition = machine(
        "A",
        &json!({
            "A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "B"},
            "B": {"Type": "Pass", "Output": "{% ($x := 2; $x) %}", "Next": "C"},
            "C": {"Type": "Pass", "Output": "{% [$states.input, $x] %}", "End": true},
        }),
    );
    assert_eq!(output(&walk(&definition, json!({})).await), &json!([2, 1]));
}

#[tokio::test]
async fn an_inline_iteration_reads_outer_variables_and_keeps_its_own() {
    let states = json!({
        "Begin": {"Type": "Pass", "Assign": {"inner": "{% $outer & $states.input %}"}, "Next": "End"},
        "End": {"Type": "Succeed", "Output": "{% $inner %}"},
    });
    let more = json!({"Assign": {"outer": "{% $states.result[1] %}"}, "Next": "After"});
    let definition = machine(
        "First",
        &json!({
            "First": {"Type": "Pass", "Assign": {"outer": "o"}, "Next": "M"},
            "M": map("Begin", &states, &more),
            "After": {"Type": "Pass", "Output": "{% [$outer, $exists($inner)] %}", "End": true},
        }),
    );
    assert_eq!(output(&walk(&definition, json!(["a", "b"])).await), &json!(["ob", false]));
}

#[tokio::test]
async fn one_branch_does_not_see_what_another_assigns() {
    let branch = |name: &str| {
        let first = format!("{name}1");
        let second = format!("{name}2");
        json!({
            "StartAt": first,
            "States": {
                first.as_str(): {"Type": "Pass", "Assign": {name: 1}, "Next": second},
                second.as_str(): {"Type": "Pass", "Output": "{% [$exists($a), $exists($b)] %}", "End": true},
            },
        })
    };
    let definition = machine(
        "P",
        &json!({"P": {"Type": "Parallel", "Branches": [branch("a"), branch("b")], "End": true}}),
    );
    assert_eq!(output(&walk(&definition, json!({})).await), &json!([[true, false], [false, true]]));
}

#[tokio::test]
async fn a_distributed_iteration_does_not_see_outer_variables() {
    let check = async |mode: serde_json::Value, expect: bool| {
        let processor = json!({
            "ProcessorConfig": mode,
            "StartAt": "I",
            "States": {"I": {"Type": "Pass", "Output": "{% $exists($outer) %}", "End": true}},
        });
        let definition = machine(
            "A",
            &json!({
                "A": {"Type": "Pass", "Assign": {"outer": 1}, "Next": "M"},
                "M": {"Type": "Map", "ItemProcessor": processor, "End": true},
            }),
        );
        assert_eq!(output(&walk(&definition, json!([1])).await), &json!([expect]));
    };
    check(json!({"Mode": "INLINE"}), true).await;
    check(json!({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}), false).await;
}

#[tokio::test]
async fn a_catcher_of_a_map_assigns_in_the_outer_scope() {
    let states = json!({"F": {"Type": "Fail", "Error": "E"}});
    let more = json!({"Catch": [{
        "ErrorEquals": ["States.ALL"],
        "Assign": {"why": "{% $states.errorOutput.Error %}"},
        "Next": "After",
    }]});
    let definition = machine(
        "M",
        &json!({
            "M": map("F", &states, &more),
            "After": {"Type": "Pass", "Output": "{% $why %}", "End": true},
        }),
    );
    assert_eq!(output(&walk(&definition, json!([1])).await), &json!("E"));
}

#[tokio::test]
async fn a_variable_that_this_path_did_not_assign_is_undefined() {
    let definition = machine(
        "C",
        &json!({
            "C": {
                "Type": "Choice",
                "Choices": [{"Condition": "{% $states.input %}", "Assign": {"v": 1}, "Next": "End"}],
                "Default": "End",
            },
            "End": {"Type": "Pass", "Output": "{% $v %}", "End": true},
        }),
    );
    assert_eq!(output(&walk(&definition, json!(true)).await), &json!(1));
    let walked = walk(&definition, json!(false)).await;
    assert_eq!(error(&walked).0, "States.QueryEvaluationError");
}
