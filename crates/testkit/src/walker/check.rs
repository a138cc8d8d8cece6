//! The rules that AWS checks when a state machine is created, beyond the shape of its fields.
//!
//! Sources: Amazon States Language, "Transitions", "Variable Scope" and "`JSONata` Restrictions";
//! that AWS refuses unreachable states, scopes without an end, and expressions that read an input
//! document (`MISSING_TRANSITION_TARGET`, `MISSING_END_STATE`, `UNSUPPORTED_JSONATA_EXPRESSION`)
//! was measured by the Floci emulator (its `docs/services/step-functions.md`).

use std::collections::BTreeSet;

use super::fields::Sees;
use super::finding::{Finding, Rule};
use super::model::{Kind, Machine, Scope, State};

/// Everything that AWS would refuse.
pub(super) fn check(machine: &Machine) -> Vec<Finding> {
    let mut findings = Vec::new();
    scope(&machine.scope, "", &BTreeSet::new(), &mut findings);
    for state in machine.scope.all() {
        expressions(state, &mut findings);
    }
    findings
}

fn find(findings: &mut Vec<Finding>, state: &str, rule: Rule, message: String) {
    findings.push(Finding { state: state.to_owned(), rule, message });
}

fn scope(scope: &Scope, owner: &str, outer: &BTreeSet<&str>, findings: &mut Vec<Finding>) {
    graph(scope, owner, findings);
    for state in scope.states.values() {
        for name in state.assigns().filter(|name| outer.contains(name)) {
            let message = format!("${name} is assigned in an outer scope too");
            find(findings, &state.name, Rule::Variable, message);
        }
    }
    let visible: BTreeSet<&str> = outer.iter().copied().chain(scope.assigns()).collect();
    for state in scope.states.values() {
        // A Distributed Map's iterations are executions of their own, with variables of their own.
        let seen = if state.is_distributed() { BTreeSet::new() } else { visible.clone() };
        for inner in state.inner() {
            self::scope(inner, &state.name, &seen, findings);
        }
    }
}

fn graph(scope: &Scope, owner: &str, findings: &mut Vec<Finding>) {
    if !scope.start.is_empty() && !scope.states.contains_key(&scope.start) {
        let message = format!("StartAt names {:?}, which is not a state of its scope", scope.start);
        find(findings, owner, Rule::Target, message);
        return;
    }
    let mut broken = false;
    for state in scope.states.values() {
        for target in state.targets().filter(|target| !scope.states.contains_key(*target)) {
            broken = true;
            let message = format!("goes to {target:?}, which is not a state of its scope");
            find(findings, &state.name, Rule::Target, message);
        }
    }
    if broken {
        return;
    }
    let reached = closure(BTreeSet::from([scope.start.as_str()]), |name| {
        scope.states.get(name).into_iter().flat_map(State::targets).collect()
    });
    for name in scope.states.keys().filter(|name| !reached.contains(name.as_str())) {
        find(findings, name, Rule::Reachable, "no state leads here".to_owned());
    }
    let is_end = |state: &&State| state.next.is_none() && !matches!(state.kind, Kind::Choice { .. });
    let ends = scope.states.values().filter(is_end).map(|state| state.name.as_str()).collect();
    let ending = closure(ends, |name| {
        let leads = scope.states.values().filter(|s| s.targets().any(|target| target == name));
        leads.map(|s| s.name.as_str()).collect()
    });
    for name in scope.states.keys().filter(|name| !ending.contains(name.as_str())) {
        find(findings, name, Rule::Ends, "no end can be reached from here".to_owned());
    }
}

fn closure<'s>(start: BTreeSet<&'s str>, step: impl Fn(&'s str) -> Vec<&'s str>) -> BTreeSet<&'s str> {
    let mut reached = start.clone();
    let mut open: Vec<&str> = start.into_iter().collect();
    while let Some(name) = open.pop() {
        for next in step(name) {
            if reached.insert(next) {
                open.push(next);
            }
        }
    }
    reached
}

fn expressions(state: &State, findings: &mut Vec<Finding>) {
    for field in state.fields() {
        field.template.visit(&field.place, &mut |place, expression| {
            let survey = expression.survey();
            let mut refuse = |message: String| {
                find(findings, &state.name, Rule::Expression, format!("{place}: {message}"));
            };
            for name in &survey.document {
                refuse(format!("a reference to '{name}' at the top level is not supported"));
            }
            if survey.root {
                refuse("a reference to '$$' is not supported".to_owned());
            }
            for operator in &survey.newer {
                refuse(format!("JSONata 2.0.6 has no operator {operator}"));
            }
            if field.sees != Sees::Error && survey.reads("errorOutput") {
                refuse("$states.errorOutput is only for a catcher".to_owned());
            }
        });
    }
}
