//! Reading Retry and Catch.

use serde_json::{Map as Object, Value};

use super::{Reader, Rule};
use crate::walker::model::{Catcher, Retrier};

impl Reader {
    pub(super) fn retriers(&mut self, name: &str, fields: &Object<String, Value>) -> Vec<Retrier> {
        let list = self.handlers(name, fields, "Retry");
        list.iter()
            .map(|(errors, fields)| {
                self.known(
                    name,
                    fields,
                    &[
                        "ErrorEquals",
                        "IntervalSeconds",
                        "MaxAttempts",
                        "BackoffRate",
                        "MaxDelaySeconds",
                        "JitterStrategy",
                        "Comment",
                    ],
                );
                let backoff_rate = fields.get("BackoffRate").map_or(Some(2.0), Value::as_f64);
                if backoff_rate.is_none_or(|rate| rate < 1.0) {
                    self.shape(name, "BackoffRate must be a number of at least 1");
                }
                let jitter = self.string(name, fields, "JitterStrategy");
                if jitter.as_deref().is_some_and(|jitter| !["FULL", "NONE"].contains(&jitter)) {
                    self.shape(name, "JitterStrategy must be \"FULL\" or \"NONE\"");
                }
                Retrier {
                    errors: errors.clone(),
                    interval_seconds: self.whole(name, fields, "IntervalSeconds", 1).unwrap_or(1),
                    max_attempts: self.whole(name, fields, "MaxAttempts", 0).unwrap_or(3),
                    backoff_rate: backoff_rate.unwrap_or(2.0).max(1.0),
                    max_delay_seconds: self.whole(name, fields, "MaxDelaySeconds", 1),
                    full_jitter: jitter.as_deref() == Some("FULL"),
                }
            })
            .collect()
    }

    pub(super) fn catchers(&mut self, name: &str, fields: &Object<String, Value>) -> Vec<Catcher> {
        let list = self.handlers(name, fields, "Catch");
        let mut catchers = Vec::new();
        for (i, (errors, fields)) in list.iter().enumerate() {
            self.known(name, fields, &["ErrorEquals", "Next", "Assign", "Output", "Comment"]);
            let Some(next) = self.required(name, fields, "Next") else {
                continue;
            };
            catchers.push(Catcher {
                errors: errors.clone(),
                next,
                assign: self.assign(name, fields, &format!("Catch[{i}]/Assign")),
                output: self.template(name, fields, "Output", &format!("Catch[{i}]/Output")),
            });
        }
        catchers
    }

    /// The retriers or catchers with their `ErrorEquals`.
    fn handlers(
        &mut self,
        name: &str,
        fields: &Object<String, Value>,
        which: &str,
    ) -> Vec<(Vec<String>, Object<String, Value>)> {
        let Some(list) = fields.get(which) else {
            return Vec::new();
        };
        let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
        let mut handlers = Vec::new();
        for (i, handler) in list.iter().enumerate() {
            let errors = handler["ErrorEquals"].as_array().map(Vec::as_slice).unwrap_or_default();
            let errors: Vec<_> = errors.iter().filter_map(|e| e.as_str().map(str::to_owned)).collect();
            if errors.is_empty() {
                self.shape(name, &format!("{which}[{i}] must say ErrorEquals"));
            }
            let all = errors.iter().any(|error| error == "States.ALL");
            if all && (errors.len() > 1 || i + 1 < list.len()) {
                let message = format!("States.ALL must stand alone, in the last element of {which}");
                self.find(name, Rule::StatesAll, &message);
            }
            handlers.push((errors, handler.as_object().cloned().unwrap_or_default()));
        }
        if handlers.is_empty() {
            self.shape(name, &format!("{which} must be an array that has elements"));
        }
        handlers
    }
}
