//! What a walk did.

use std::fmt;

use jiff::Timestamp;
use serde_json::Value;

/// An iteration of a Map, or a branch of a Parallel.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Iteration {
    /// The Map or the Parallel.
    pub state: String,
    /// Which item, batch or branch; the first is 0.
    pub index: usize,
}

/// One entry into a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// The state.
    pub state: String,
    /// What it is inside of, outermost first.
    pub within: Vec<Iteration>,
    /// When it was entered.
    pub at: Timestamp,
}

impl fmt::Display for Visit {
    /// `EraseStores[3]/EraseStore`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Iteration { state, index } in &self.within {
            write!(f, "{state}[{index}]/")?;
        }
        f.write_str(&self.state)
    }
}

/// What a payload is to its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// What the state was given.
    Input,
    /// What a Task sent.
    Arguments,
    /// What a Task was answered, or what the iterations of a Map came to.
    Result,
    /// What the state passed on.
    Output,
    /// A variable it assigned.
    Variable(String),
    /// An error it met, with its cause. AWS shows both in the history, and a catcher passes them
    /// on; a cause may quote a value.
    Error,
}

/// A value that Step Functions has seen, and would keep in the history for 90 days.
#[derive(Debug, Clone)]
pub struct Payload {
    /// The state.
    pub state: String,
    /// What the state is inside of, outermost first.
    pub within: Vec<Iteration>,
    /// What it is to the state.
    pub role: Role,
    /// The value.
    pub value: Value,
    /// Its size as compact JSON, in bytes.
    pub bytes: usize,
}

/// One event of an execution's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Its number; the first is 1.
    pub id: u64,
    /// Its type, as `GetExecutionHistory` names it.
    pub kind: &'static str,
}

/// What a walk did, in order.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    /// Every entry into a state.
    pub visits: Vec<Visit>,
    /// State transitions as AWS bills them: each entry into a state, and each retry.
    ///
    /// Source: AWS Step Functions pricing. Whether a child execution of a Distributed Map costs
    /// one more is not said there, and is not counted.
    pub transitions: u64,
    /// The history of the execution. The children of a Distributed Map have their own.
    pub history: Vec<Event>,
    /// The longest history of a Distributed Map's child execution.
    pub longest_child: u64,
    /// Every payload.
    pub payloads: Vec<Payload>,
}

impl Trace {
    /// The states entered, in order, by name.
    pub fn states(&self) -> Vec<&str> {
        self.visits.iter().map(|visit| visit.state.as_str()).collect()
    }

    /// The states entered, in order, with the iterations they are inside of.
    pub fn paths(&self) -> Vec<String> {
        self.visits.iter().map(Visit::to_string).collect()
    }

    /// How often a state was entered.
    pub fn count(&self, state: &str) -> usize {
        self.visits.iter().filter(|visit| visit.state == state).count()
    }

    /// How many events of a type the history has.
    pub fn events(&self, kind: &str) -> usize {
        self.history.iter().filter(|event| event.kind == kind).count()
    }

    /// The largest payload.
    pub fn largest(&self) -> Option<&Payload> {
        self.payloads.iter().max_by_key(|payload| payload.bytes)
    }

    /// The payloads that have `mark` in a text or in a name.
    pub fn payloads_with(&self, mark: &str) -> Vec<&Payload> {
        self.payloads.iter().filter(|payload| has(&payload.value, mark)).collect()
    }
}

fn has(value: &Value, mark: &str) -> bool {
    match value {
        Value::String(text) => text.contains(mark),
        Value::Array(items) => items.iter().any(|item| has(item, mark)),
        Value::Object(fields) => fields.iter().any(|(k, v)| k.contains(mark) || has(v, mark)),
        Value::Number(n) => n.to_string() == mark,
        _ => false,
    }
}

/// The size of a value as compact JSON, in bytes of UTF-8.
pub(super) fn size(value: &Value) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // Neither a `Value` nor the counter can fail to be written.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_size_is_in_bytes_of_utf_8() {
        assert_eq!(size(&json!({"a": "é"})), r#"{"a":"é"}"#.len());
        assert_eq!(size(&json!("é")), 4);
    }

    #[test]
    fn a_mark_is_found_in_texts_and_names() {
        let check = |value: Value, expect: bool| assert_eq!(has(&value, "mark@x"), expect, "{value}");
        check(json!({"a": [{"b": "to mark@x.example"}]}), true);
        check(json!({"mark@x": 1}), true);
        check(json!({"a": "marc@x"}), false);
    }
}
