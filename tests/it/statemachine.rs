//! The state machine, the folders, the modules, the template and the error names say the same.

use std::collections::BTreeSet;

use contract::step::Outcome;
use domain::event::EnterAt;
use fulfillment::StepError;
use fulfillment::steps::park_request::STORE_FAILED;
use serde_json::Value;
use testkit::walker::Definition;

use crate::repository::{folders, kebab, read, root};

/// States whose function has another name by intent: an item's failure is recorded for its step.
const ENTRY_POINTS: &[&str] = &["Plan", "CloseRequest", "AnnounceOutcome", "Recheck"];

fn definition() -> Value {
    serde_json::from_str(&read("statemachine.asl.json")).expect("JSON")
}

/// Every state, at any depth, with its name.
fn states(machine: &Value, into: &mut Vec<(String, Value)>) {
    for (name, state) in machine["States"].as_object().expect("states") {
        into.push((name.clone(), state.clone()));
        if state["ItemProcessor"].is_object() {
            states(&state["ItemProcessor"], into);
        }
    }
}

fn all_states() -> Vec<(String, Value)> {
    let mut all = Vec::new();
    states(&definition(), &mut all);
    all
}

/// The function of a task state, as `EraseStore`.
fn function_of(state: &Value) -> Option<String> {
    let name = state["Arguments"]["FunctionName"].as_str()?;
    Some(name.strip_prefix("${")?.strip_suffix("FunctionArn}")?.to_owned())
}

#[test]
fn the_definition_breaks_no_rule_of_aws() {
    let definition = Definition::parse(&read("statemachine.asl.json")).expect("it reads");
    let findings = definition.lints();
    assert!(findings.is_empty(), "{findings:#?}");
}

#[test]
fn state_folder_module_and_template_have_one_name() {
    let template = read("template.yaml");
    let functions = folders("functions");
    for (name, state) in all_states() {
        let Some(function) = function_of(&state) else { continue };
        let folder = kebab(&function);
        assert!(name.starts_with(&function), "{name} calls {function}");
        assert!(functions.contains(&folder), "{name} has no functions/{folder}");
        let module = root().join(format!("crates/fulfillment/src/steps/{}.rs", folder.replace('-', "_")));
        assert!(module.is_file(), "{name} has no module in fulfillment::steps");
        assert!(
            template.contains(&format!("  {function}Function:\n")),
            "template.yaml has no {function}Function"
        );
        assert!(
            template.contains(&format!("{function}FunctionArn:")),
            "template.yaml does not substitute {function}FunctionArn"
        );
    }
}

#[test]
fn every_function_is_in_the_template() {
    let template = read("template.yaml");
    for folder in folders("functions") {
        let function = crate::repository::pascal(&folder);
        assert!(
            template.contains(&format!("  {function}Function:\n")),
            "template.yaml has no {function}Function"
        );
        assert!(
            template.contains(&format!("CodeUri: target/lambda/{folder}/")),
            "{function} has another CodeUri"
        );
    }
}

#[test]
fn the_error_names_are_those_that_steps_return() {
    let returned: BTreeSet<&str> = StepError::error_types().into_iter().collect();
    let mut caught = BTreeSet::new();
    for (name, state) in all_states() {
        if function_of(&state).is_none() {
            continue;
        }
        let rules = ["Retry", "Catch"].iter().filter_map(|f| state[*f].as_array()).flatten();
        let names: Vec<&str> = rules
            .flat_map(|r| r["ErrorEquals"].as_array().expect("names"))
            .filter_map(Value::as_str)
            .collect();
        for own in names.iter().filter(|n| n.starts_with("Lacuna.")) {
            assert!(returned.contains(own), "{name} waits for {own}, which no step returns");
            caught.insert((*own).to_owned());
        }
        for must in [
            "Lacuna.Transient",
            "Lacuna.Throttled",
            "Lambda.ServiceException",
            "Lambda.TooManyRequestsException",
        ] {
            assert!(names.contains(&must), "{name} does not retry {must}");
        }
    }
    for retried in ["Lacuna.Transient", "Lacuna.Throttled", "Lacuna.Stale", "Lacuna.More"] {
        assert!(caught.contains(retried), "{retried} is caught nowhere");
    }
    assert!(read("statemachine.asl.json").contains(STORE_FAILED));
}

#[test]
fn route_knows_every_outcome_and_no_other() {
    let definition = definition();
    let choices = definition["States"]["Route"]["Choices"].as_array().expect("choices").clone();
    let routed: BTreeSet<String> = choices
        .iter()
        .map(|c| c["Condition"].as_str().expect("a condition").split('\'').nth(1).expect("quoted").to_owned())
        .collect();
    let outcomes: BTreeSet<String> = Outcome::ALL
        .iter()
        .map(|o| serde_json::to_value(o).expect("JSON").as_str().expect("a text").to_owned())
        .collect();
    assert_eq!(routed, outcomes);
}

#[test]
fn executions_enter_where_requests_say() {
    let definition = definition();
    for entry in ENTRY_POINTS {
        assert!(definition["States"][entry].is_object(), "{entry} is no state");
    }
    for entry in [EnterAt::Plan, EnterAt::CloseRequest, EnterAt::AnnounceOutcome, EnterAt::Recheck] {
        assert!(ENTRY_POINTS.contains(&entry.as_str()));
    }
}

/// The graph, as a text that a reviewer reads: state, and what may come after it.
#[test]
fn the_graph_is_the_one_that_was_reviewed() {
    let mut graph = String::new();
    for (name, state) in all_states() {
        let mut next = BTreeSet::new();
        for field in ["Next", "Default"] {
            next.extend(state[field].as_str().map(str::to_owned));
        }
        let rules = ["Choices", "Catch"].iter().filter_map(|f| state[*f].as_array()).flatten();
        next.extend(rules.filter_map(|r| r["Next"].as_str().map(str::to_owned)));
        let next: Vec<String> = next.into_iter().collect();
        let next = if next.is_empty() { "end".to_owned() } else { next.join(", ") };
        graph += &[name.as_str(), " -> ", &next, "\n"].concat();
    }
    crate::golden::check("statemachine.txt", &graph);
}
