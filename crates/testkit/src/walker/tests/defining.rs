//! What AWS refuses.

use serde_json::{Value, json};

use super::{map, task, with};
use crate::walker::{Definition, DefinitionError, Rule};

#[track_caller]
fn broken(definition: &Value) -> Vec<(String, Rule)> {
    match Definition::parse(&definition.to_string()) {
        Ok(_) => Vec::new(),
        Err(error) => error.broken().into_iter().map(|(state, rule)| (state.to_owned(), rule)).collect(),
    }
}

/// A machine with these states is refused for these reasons only.
#[track_caller]
fn check(states: &Value, expect: &[(&str, Rule)]) {
    let start = states.as_object().and_then(|s| s.keys().next()).cloned().unwrap_or_default();
    let found = broken(&json!({"QueryLanguage": "JSONata", "StartAt": start, "States": states}));
    let expect: Vec<_> = expect.iter().map(|(s, rule)| ((*s).to_owned(), *rule)).collect();
    assert_eq!(found, expect, "{states}");
}

/// A machine of one state with these fields.
#[track_caller]
fn check_one(state: &Value, expect: &[Rule]) {
    let expect: Vec<_> = expect.iter().map(|rule| ("S", *rule)).collect();
    check(&json!({"S": state}), &expect);
}

/// A state so broken that it cannot be read, and so cannot be started at.
#[track_caller]
fn check_lost(state: &Value) {
    check(&json!({"S": state}), &[("S", Rule::Shape), ("", Rule::Target)]);
}

fn pass() -> Value {
    json!({"Type": "Pass", "End": true})
}

#[test]
fn a_good_definition_is_read() {
    check(&json!({"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Succeed"}}), &[]);
    let definition = super::machine("M", &json!({"M": map("I", &json!({"I": pass()}), &json!({}))}));
    assert_eq!(definition.states(), ["M", "I"]);
}

#[test]
fn it_must_be_json_of_at_most_a_mebibyte() {
    assert!(matches!(Definition::parse("nope"), Err(DefinitionError::NotJson(_))));
    let twice = r#"{"StartAt": "A", "States": {"A": {}, "A": {}}}"#;
    assert!(matches!(Definition::parse(twice), Err(DefinitionError::NotJson(_))));
    let large = " ".repeat(1_048_577);
    assert!(matches!(Definition::parse(&large), Err(DefinitionError::TooLarge(1_048_577))));
    assert_eq!(broken(&json!([]))[0].1, Rule::Shape);
}

#[test]
fn it_is_jsonata_throughout() {
    let states = json!({"S": pass()});
    for language in [json!("JSONPath"), json!("jsonata"), Value::Null] {
        let found = broken(&json!({"QueryLanguage": language, "StartAt": "S", "States": states}));
        assert_eq!(found, [(String::new(), Rule::QueryLanguage)]);
    }
    for field in ["InputPath", "OutputPath", "ResultPath", "Parameters", "Result"] {
        check_one(&with(pass(), &json!({field: "$"})), &[Rule::QueryLanguage]);
    }
    check_one(&with(pass(), &json!({"QueryLanguage": "JSONPath"})), &[Rule::QueryLanguage]);
    let path = json!({"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": true, "Next": "S"}]});
    let found = broken(&json!({"QueryLanguage": "JSONata", "StartAt": "S", "States": {"S": path}}));
    assert!(found.iter().any(|(_, rule)| *rule == Rule::QueryLanguage));
}

#[test]
fn a_field_belongs_to_its_type() {
    check_one(&with(pass(), &json!({"Resource": "x"})), &[Rule::Shape]);
    check_one(&with(pass(), &json!({"TimeoutSeconds": 1})), &[Rule::Shape]);
    check_one(&with(pass(), &json!({"Retry": []})), &[Rule::Shape, Rule::Shape]);
    check_one(&json!({"Type": "Succeed", "End": true}), &[Rule::Shape]);
    check_one(&json!({"Type": "Fail", "Assign": {}}), &[Rule::Shape]);
    check_lost(&json!({"Type": "Loop", "End": true}));
    check_lost(&json!({"End": true}));
    let found =
        broken(&json!({"QueryLanguage": "JSONata", "StartAt": "S", "States": {"S": pass()}, "Extra": 1}));
    assert_eq!(found, [(String::new(), Rule::Shape)]);
}

#[test]
fn a_state_either_goes_on_or_ends() {
    check_one(&json!({"Type": "Pass"}), &[Rule::Shape]);
    check_one(&json!({"Type": "Pass", "End": false}), &[Rule::Shape]);
    check(&json!({"A": {"Type": "Pass", "Next": "B", "End": true}, "B": pass()}), &[("A", Rule::Shape)]);
}

#[test]
fn every_target_is_a_state_of_its_scope() {
    check(&json!({"A": {"Type": "Pass", "Next": "Gone"}}), &[("A", Rule::Target)]);
    let choice = json!({"Type": "Choice", "Choices": [{"Condition": true, "Next": "X"}], "Default": "Y"});
    check(&json!({"A": choice}), &[("A", Rule::Target), ("A", Rule::Target)]);
    let catch = task(&json!({"Catch": [{"ErrorEquals": ["E"], "Next": "Gone"}]}));
    check(&json!({"A": catch}), &[("A", Rule::Target)]);
    let out = map("I", &json!({"I": {"Type": "Pass", "Next": "After"}}), &json!({"Next": "After"}));
    check(&json!({"A": out, "After": pass()}), &[("I", Rule::Target)]);
    let found = broken(&json!({"QueryLanguage": "JSONata", "StartAt": "Z", "States": {"A": pass()}}));
    assert_eq!(found, [(String::new(), Rule::Target)]);
}

#[test]
fn every_state_can_be_reached_and_reaches_an_end() {
    check(&json!({"A": pass(), "B": pass()}), &[("B", Rule::Reachable)]);
    let round = |next: &str| json!({"Type": "Pass", "Next": next});
    check(&json!({"A": round("B"), "B": round("A")}), &[("A", Rule::Ends), ("B", Rule::Ends)]);
    let inner = map("I", &json!({"I": pass(), "J": pass()}), &json!({}));
    check(&json!({"A": inner}), &[("J", Rule::Reachable)]);
}

#[test]
fn names_are_short_and_unique_in_the_whole_machine() {
    let long = "n".repeat(81);
    check(&json!({long.as_str(): pass()}), &[(&long, Rule::Name)]);
    let fits = "é".repeat(80);
    check(&json!({fits.as_str(): pass()}), &[]);
    check(&json!({"A": map("A", &json!({"A": pass()}), &json!({}))}), &[("A", Rule::Name)]);
}

#[test]
fn states_all_stands_last_and_alone() {
    for handler in ["Retry", "Catch"] {
        let check = |list: Value, refused: bool| {
            let list: Vec<_> = list
                .as_array()
                .unwrap()
                .iter()
                .map(|errors| {
                    let mut element = json!({"ErrorEquals": errors});
                    if handler == "Catch" {
                        element["Next"] = json!("S");
                    }
                    element
                })
                .collect();
            let expect: &[Rule] = if refused { &[Rule::StatesAll] } else { &[] };
            check_one(&task(&json!({handler: list})), expect);
        };
        check(json!([["E"], ["States.ALL"]]), false);
        check(json!([["States.ALL"], ["E"]]), true);
        check(json!([["E", "States.ALL"]]), true);
    }
}

#[test]
fn retriers_and_catchers_are_complete() {
    let retry = |more: Value| task(&json!({"Retry": [with(json!({"ErrorEquals": ["E"]}), &more)]}));
    check_one(&retry(json!({"BackoffRate": 0.5})), &[Rule::Shape]);
    check_one(&retry(json!({"IntervalSeconds": 0})), &[Rule::Shape]);
    check_one(&retry(json!({"MaxAttempts": -1})), &[Rule::Shape]);
    check_one(&retry(json!({"JitterStrategy": "SOME"})), &[Rule::Shape]);
    check_one(&retry(json!({"ErrorEquals": []})), &[Rule::Shape]);
    check_one(&retry(json!({"Backoff": 2})), &[Rule::Shape]);
    check_one(&task(&json!({"Catch": [{"ErrorEquals": ["E"]}]})), &[Rule::Shape]);
    check_one(&retry(json!({"IntervalSeconds": 2, "MaxAttempts": 0, "MaxDelaySeconds": 3})), &[]);
}

#[test]
fn tasks_waits_and_choices_are_complete() {
    check_lost(&json!({"Type": "Task", "End": true}));
    check_one(&task(&json!({"TimeoutSeconds": 10, "HeartbeatSeconds": 10})), &[Rule::Shape]);
    check_one(&task(&json!({"TimeoutSeconds": 0})), &[Rule::Shape]);
    check_one(&task(&json!({"TimeoutSeconds": "10"})), &[Rule::Shape]);
    check_lost(&json!({"Type": "Wait", "End": true}));
    let both = json!({"Type": "Wait", "Seconds": 1, "Timestamp": "2026-01-01T00:00:00Z", "End": true});
    check_lost(&both);
    check_one(&json!({"Type": "Wait", "Timestamp": "tomorrow", "End": true}), &[Rule::Shape]);
    let token =
        json!({"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "End": true});
    check_one(&token, &[Rule::Shape]);
    let choice =
        |rules: Value| json!({"A": {"Type": "Choice", "Choices": rules, "Default": "B"}, "B": pass()});
    check(&choice(json!([])), &[("A", Rule::Shape)]);
    check(&choice(json!([{"Condition": 1, "Next": "B"}])), &[("A", Rule::Shape)]);
    check(&choice(json!([{"Condition": true}])), &[("A", Rule::Shape)]);
}

#[test]
fn expressions_are_those_of_jsonata_2_0_6() {
    let output = |text: &str| with(pass(), &json!({"Output": {"v": text}}));
    check_one(&output("{% (1 %}"), &[Rule::Expression]);
    check_one(&output(" {% 1 %}"), &[Rule::Expression]);
    check_one(&output("{% phone %}"), &[Rule::Expression]);
    check_one(&output("{% $.phone %}"), &[Rule::Expression]);
    check_one(&output("{% $$ %}"), &[Rule::Expression]);
    check_one(&output("{% $x ?? 1 %}"), &[Rule::Expression]);
    check_one(&output("{% $states.errorOutput %}"), &[Rule::Expression]);
    check_one(&output("{% $states.input.items[value > 3].(a & b) %}"), &[]);
    let catch = json!([{"ErrorEquals": ["E"], "Output": "{% $states.errorOutput %}", "Next": "S"}]);
    check_one(&task(&json!({"Catch": catch})), &[]);
}

#[test]
fn variables_have_names_of_their_own() {
    for name in ["states", "1st", "a.b", "a[1]", ""] {
        check_one(&with(pass(), &json!({"Assign": {name: 1}})), &[Rule::Variable]);
    }
    check_one(&with(pass(), &json!({"Assign": {"größe_1": 1}})), &[]);
    check_one(&with(pass(), &json!({"Assign": [1]})), &[Rule::Shape]);
}

#[test]
fn an_inner_scope_does_not_assign_an_outer_variable() {
    let inner = |mode: &Value| {
        let assign = json!({"I": with(pass(), &json!({"Assign": {"v": 1}}))});
        let mut map = map("I", &assign, &json!({"Assign": {"v": 2}}));
        map["ItemProcessor"]["ProcessorConfig"] = mode.clone();
        json!({"M": map})
    };
    check(&inner(&json!({"Mode": "INLINE"})), &[("I", Rule::Variable)]);
    check(&inner(&json!({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"})), &[]);
}

#[test]
fn a_map_says_how_it_runs() {
    let mode = |config: &Value, more: &Value| {
        let mut state = map("I", &json!({"I": pass()}), more);
        state["ItemProcessor"]["ProcessorConfig"] = config.clone();
        json!({"M": state})
    };
    let check = |config: Value, more: Value, refused: bool| {
        let expect: &[_] = if refused { &[("M", Rule::Mode)] } else { &[] };
        check(&mode(&config, &more), expect);
    };
    check(json!({}), json!({}), true);
    check(json!({"Mode": "INLINE"}), json!({}), false);
    check(json!({"Mode": "INLINE", "ExecutionType": "STANDARD"}), json!({}), true);
    check(json!({"Mode": "DISTRIBUTED"}), json!({}), true);
    check(json!({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}), json!({"Label": "L"}), false);
    let reader = json!({"ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Arguments": {}}});
    check(json!({"Mode": "INLINE"}), reader.clone(), true);
    check(json!({"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}), reader, false);
}

#[test]
fn everything_wrong_is_said_at_once() {
    let definition = json!({
        "QueryLanguage": "JSONata", "StartAt": "A",
        "States": {"A": {"Type": "Pass", "Nexxt": "B", "InputPath": "$", "Next": "B"}},
    });
    let error = Definition::parse(&definition.to_string()).unwrap_err().to_string();
    for said in ["\"Nexxt\"", "\"InputPath\"", "goes to \"B\""] {
        assert!(error.contains(said), "{error}");
    }
}
