//! Reading one state.

use serde_json::{Map as Object, Value};

use super::{Reader, Rule};
use crate::walker::model::{ChoiceRule, Kind, State, Task, Until};

/// The fields that every state may have.
const COMMON: [&str; 3] = ["Type", "Comment", "QueryLanguage"];

/// The fields of each kind besides [`COMMON`].
///
/// Source: Amazon States Language, "Table of State Types and Fields (`JSONata`)", and the
/// sections of the kinds.
fn fields_of(kind: &str) -> &'static [&'static str] {
    match kind {
        "Pass" => &["Output", "Assign", "Next", "End"],
        "Task" => &[
            "Output",
            "Assign",
            "Next",
            "End",
            "Arguments",
            "Retry",
            "Catch",
            "Resource",
            "TimeoutSeconds",
            "HeartbeatSeconds",
            "Credentials",
        ],
        "Choice" => &["Output", "Assign", "Choices", "Default"],
        "Wait" => &["Output", "Assign", "Next", "End", "Seconds", "Timestamp"],
        "Succeed" => &["Output"],
        "Fail" => &["Error", "Cause"],
        "Parallel" => &["Output", "Assign", "Next", "End", "Arguments", "Retry", "Catch", "Branches"],
        "Map" => &[
            "Output",
            "Assign",
            "Next",
            "End",
            "Retry",
            "Catch",
            "Items",
            "ItemSelector",
            "ItemProcessor",
            "MaxConcurrency",
            "ToleratedFailurePercentage",
            "ToleratedFailureCount",
            "ItemReader",
            "ItemBatcher",
            "ResultWriter",
            "Label",
        ],
        _ => &[],
    }
}

impl Reader {
    /// Reads a state; nothing if it has no known `Type`.
    pub(super) fn state(&mut self, name: &str, value: &Value) -> Option<State> {
        let Some(fields) = value.as_object() else {
            self.shape(name, "a state must be an object");
            return None;
        };
        let kind_name = self.required(name, fields, "Type")?;
        let allowed = [fields_of(&kind_name), &COMMON].concat();
        if allowed.len() == COMMON.len() {
            self.shape(name, &format!("{kind_name:?} is not a type of state"));
            return None;
        }
        self.known(name, fields, &allowed);
        if fields.get("QueryLanguage").is_some_and(|language| language != "JSONata") {
            self.find(name, Rule::QueryLanguage, "a state of a JSONata machine cannot be JSONPath");
        }
        let next = self.next(name, fields, &kind_name);
        let kind = self.kind(name, fields, &kind_name)?;
        Some(State {
            name: name.to_owned(),
            kind,
            next,
            assign: self.assign(name, fields, "Assign"),
            output: self.template(name, fields, "Output", "Output"),
            retry: self.retriers(name, fields),
            catch: self.catchers(name, fields),
        })
    }

    fn next(&mut self, name: &str, fields: &Object<String, Value>, kind: &str) -> Option<String> {
        if matches!(kind, "Choice" | "Succeed" | "Fail") {
            return None;
        }
        let next = self.string(name, fields, "Next");
        let end = fields.get("End").is_some_and(|end| *end == Value::Bool(true));
        if fields.get("End").is_some_and(|end| !end.is_boolean()) {
            self.shape(name, "End must be true or false");
        } else if next.is_some() == end {
            self.shape(name, "a state has either Next or \"End\": true");
        }
        next
    }

    fn kind(&mut self, name: &str, fields: &Object<String, Value>, kind: &str) -> Option<Kind> {
        Some(match kind {
            "Pass" => Kind::Pass,
            "Succeed" => Kind::Succeed,
            "Fail" => Kind::Fail {
                error: self.template(name, fields, "Error", "Error"),
                cause: self.template(name, fields, "Cause", "Cause"),
            },
            "Task" => Kind::Task(self.task(name, fields)?),
            "Choice" => self.choice(name, fields),
            "Wait" => self.wait(name, fields)?,
            "Parallel" => self.parallel(name, fields),
            _ => Kind::Map(Box::new(self.map(name, fields)?)),
        })
    }

    fn task(&mut self, name: &str, fields: &Object<String, Value>) -> Option<Task> {
        let timeout = self.number(name, fields, "TimeoutSeconds", 1);
        let heartbeat = self.number(name, fields, "HeartbeatSeconds", 1);
        let literal = |template: Option<&_>| {
            template.and_then(crate::walker::template::Template::fixed).and_then(Value::as_u64)
        };
        if let (Some(timeout), Some(heartbeat)) = (literal(timeout.as_ref()), literal(heartbeat.as_ref()))
            && heartbeat >= timeout
        {
            self.shape(name, "HeartbeatSeconds must be smaller than TimeoutSeconds");
        }
        let task = Task {
            resource: self.required(name, fields, "Resource")?,
            arguments: self.template(name, fields, "Arguments", "Arguments"),
            timeout,
            heartbeat,
        };
        if task.waits_for_token() && fields.get("Arguments").is_none() {
            self.shape(name, "a state that waits for a task token must pass it in Arguments");
        }
        Some(task)
    }

    fn choice(&mut self, name: &str, fields: &Object<String, Value>) -> Kind {
        let mut rules = Vec::new();
        match fields.get("Choices").and_then(Value::as_array) {
            Some(choices) if !choices.is_empty() => {
                for (i, rule) in choices.iter().enumerate() {
                    rules.extend(self.choice_rule(name, &format!("Choices[{i}]"), rule));
                }
            }
            _ => self.shape(name, "Choices must be an array that has rules"),
        }
        Kind::Choice { rules, default: self.string(name, fields, "Default") }
    }

    fn choice_rule(&mut self, name: &str, place: &str, rule: &Value) -> Option<ChoiceRule> {
        let Some(fields) = rule.as_object() else {
            self.shape(name, &format!("{place} must be an object"));
            return None;
        };
        self.known(name, fields, &["Condition", "Next", "Assign", "Output", "Comment"]);
        let field = format!("{place}/Condition");
        let condition = self.template(name, fields, "Condition", &field);
        if condition.as_ref().is_none_or(|c| c.fixed().is_some_and(|value| !value.is_boolean())) {
            self.shape(name, &format!("{field} must be a boolean or a JSONata string"));
        }
        Some(ChoiceRule {
            condition: condition?,
            next: self.required(name, fields, "Next")?,
            assign: self.assign(name, fields, &format!("{place}/Assign")),
            output: self.template(name, fields, "Output", &format!("{place}/Output")),
        })
    }

    fn wait(&mut self, name: &str, fields: &Object<String, Value>) -> Option<Kind> {
        let seconds = self.number(name, fields, "Seconds", 0);
        let timestamp = self.template(name, fields, "Timestamp", "Timestamp");
        if let Some(text) = timestamp.as_ref().and_then(|t| t.fixed())
            && text.as_str().and_then(crate::walker::time::parse).is_none()
        {
            self.shape(name, "Timestamp must be an RFC 3339 timestamp or a JSONata string");
        }
        match (seconds, timestamp) {
            (Some(seconds), None) => Some(Kind::Wait(Until::Seconds(seconds))),
            (None, Some(timestamp)) => Some(Kind::Wait(Until::Timestamp(timestamp))),
            _ => {
                self.shape(name, "a Wait has either Seconds or Timestamp");
                None
            }
        }
    }

    fn parallel(&mut self, name: &str, fields: &Object<String, Value>) -> Kind {
        let mut branches = Vec::new();
        match fields.get("Branches").and_then(Value::as_array) {
            Some(list) if !list.is_empty() => {
                for branch in list {
                    let empty = Object::new();
                    let branch = branch.as_object().unwrap_or(&empty);
                    self.known(name, branch, &["StartAt", "States", "Comment"]);
                    branches.push(self.scope(name, branch));
                }
            }
            _ => self.shape(name, "Branches must be an array that has branches"),
        }
        let arguments = self.template(name, fields, "Arguments", "Arguments");
        Kind::Parallel { branches, arguments }
    }
}
