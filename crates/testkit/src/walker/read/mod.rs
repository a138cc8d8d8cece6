//! Reading a definition, and saying everything that is wrong with its shape at once.

mod handlers;
pub(super) mod json;
mod map;
mod states;

use std::collections::BTreeSet;

use serde_json::{Map as Object, Value};

use super::finding::{Finding, Rule};
use super::model::{Machine, Scope};
use super::template::Template;

/// The longest name of a state or a variable, in characters.
const LONGEST_NAME: usize = 80;

/// The fields that belong to `JSONPath`.
const JSON_PATH: [&str; 18] = [
    "InputPath",
    "OutputPath",
    "ResultPath",
    "Parameters",
    "ResultSelector",
    "Result",
    "ItemsPath",
    "MaxConcurrencyPath",
    "SecondsPath",
    "TimestampPath",
    "TimeoutSecondsPath",
    "HeartbeatSecondsPath",
    "ErrorPath",
    "CausePath",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentagePath",
    "Variable",
    "MaxItemsPath",
];

/// Reads definitions, and collects what is wrong with them.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) findings: Vec<Finding>,
    names: BTreeSet<String>,
}

impl Reader {
    /// Reads a whole state machine.
    pub(super) fn machine(&mut self, value: &Value) -> Machine {
        let fields = value.as_object().cloned().unwrap_or_default();
        if !value.is_object() {
            self.shape("", "the definition must be a JSON object");
        }
        let allowed = ["Comment", "QueryLanguage", "StartAt", "States", "TimeoutSeconds", "Version"];
        self.known("", &fields, &allowed);
        if fields.get("QueryLanguage").and_then(Value::as_str) != Some("JSONata") {
            self.find("", Rule::QueryLanguage, "QueryLanguage must be \"JSONata\"");
        }
        let timeout_seconds = self.whole("", &fields, "TimeoutSeconds", 1);
        Machine { scope: self.scope("", &fields), timeout_seconds }
    }

    /// Reads `StartAt` and `States` of a machine, a branch or an item processor. `owner` is the
    /// state it belongs to.
    fn scope(&mut self, owner: &str, fields: &Object<String, Value>) -> Scope {
        let start = self.required(owner, fields, "StartAt").unwrap_or_default();
        let mut scope = Scope { start, ..Scope::default() };
        match fields.get("States").and_then(Value::as_object) {
            Some(states) if !states.is_empty() => {
                for (name, state) in states {
                    self.name(name);
                    if let Some(state) = self.state(name, state) {
                        scope.states.insert(name.clone(), state);
                    }
                }
            }
            _ => self.shape(owner, "States must be an object that has states"),
        }
        scope
    }

    fn name(&mut self, name: &str) {
        if name.chars().count() > LONGEST_NAME {
            let message = format!("the name is longer than {LONGEST_NAME} characters");
            self.find(name, Rule::Name, &message);
        }
        if !self.names.insert(name.to_owned()) {
            self.find(name, Rule::Name, "another state of this machine has the same name");
        }
    }

    fn find(&mut self, state: &str, rule: Rule, message: &str) {
        self.findings.push(Finding { state: state.to_owned(), rule, message: message.to_owned() });
    }

    fn shape(&mut self, state: &str, message: &str) {
        self.find(state, Rule::Shape, message);
    }

    /// Reports the fields that are not `allowed`.
    fn known(&mut self, state: &str, fields: &Object<String, Value>, allowed: &[&str]) {
        for name in fields.keys().filter(|name| !allowed.contains(&name.as_str())) {
            if JSON_PATH.contains(&name.as_str()) || name.ends_with(".$") {
                self.find(state, Rule::QueryLanguage, &format!("field {name:?} belongs to JSONPath"));
            } else {
                self.shape(state, &format!("field {name:?} is not supported here"));
            }
        }
    }

    fn string(&mut self, state: &str, fields: &Object<String, Value>, name: &str) -> Option<String> {
        let text = fields.get(name)?.as_str().map(str::to_owned);
        if text.is_none() {
            self.shape(state, &format!("{name} must be a string"));
        }
        text
    }

    fn required(&mut self, state: &str, fields: &Object<String, Value>, name: &str) -> Option<String> {
        if !fields.contains_key(name) {
            self.shape(state, &format!("{name} is missing"));
        }
        self.string(state, fields, name)
    }

    /// A whole number, written as one, of at least `least` and at most 99,999,999.
    fn whole(&mut self, state: &str, fields: &Object<String, Value>, name: &str, least: u64) -> Option<u64> {
        let number = fields.get(name)?.as_u64().filter(|n| (least..=99_999_999).contains(n));
        if number.is_none() {
            self.shape(state, &format!("{name} must be a whole number of at least {least}"));
        }
        number
    }

    /// A field that may hold expressions. `field` is its full place, `name` its own name.
    fn template(
        &mut self,
        state: &str,
        fields: &Object<String, Value>,
        name: &str,
        field: &str,
    ) -> Option<Template> {
        let value = fields.get(name)?;
        Some(Template::read(value, field, &mut |place, message| {
            self.find(state, Rule::Expression, &format!("{place}: {message}"));
        }))
    }

    /// A field that is a whole number, or an expression of one.
    fn number(
        &mut self,
        state: &str,
        fields: &Object<String, Value>,
        name: &str,
        least: u64,
    ) -> Option<Template> {
        if fields.get(name).is_some_and(Value::is_number) {
            self.whole(state, fields, name, least);
        }
        let template = self.template(state, fields, name, name)?;
        if template.fixed().is_some_and(|value| !value.is_number()) {
            self.shape(state, &format!("{name} must be a number or a JSONata string"));
        }
        Some(template)
    }

    /// The `Assign` of a state, a rule or a catcher.
    fn assign(&mut self, state: &str, fields: &Object<String, Value>, field: &str) -> Option<Template> {
        let object = fields.get("Assign")?;
        let Some(object) = object.as_object() else {
            self.shape(state, &format!("{field} must be an object"));
            return None;
        };
        for name in object.keys() {
            if !is_variable_name(name) {
                self.find(state, Rule::Variable, &format!("{name:?} cannot name a variable"));
            }
        }
        self.template(state, fields, "Assign", field)
    }
}

/// Unicode Annex 31, as far as letters and digits go; `states` is taken.
fn is_variable_name(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(char::is_alphabetic)
        && letters.all(|c| c.is_alphanumeric() || c == '_')
        && name.chars().count() <= LONGEST_NAME
        && name != "states"
}
