//! Evaluating a field: what its expressions see, and what they may answer.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jsonata_core::evaluator::{Context, Evaluator};
use jsonata_core::value::JValue;
use serde_json::{Map, Value, json};

use super::expression::Expression;
use super::functions;
use super::template::Template;

/// The state machine's variables that a state sees.
pub(super) type Variables = BTreeMap<String, Value>;

/// What the expressions of one state see while it is evaluated.
///
/// It is made anew for each evaluation: the evaluator's values are not `Send`, and so must not
/// live across a call.
pub(super) struct Scene<'a> {
    pub(super) input: &'a Value,
    pub(super) result: Option<&'a Value>,
    pub(super) error_output: Option<&'a Value>,
    pub(super) context: Value,
    pub(super) variables: &'a Variables,
    pub(super) now: Timestamp,
    /// For `$random` and `$uuid`.
    pub(super) seed: u64,
}

/// An evaluation that failed: always a `States.QueryEvaluationError`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken {
    /// Where the expression stands: `Output/a/b[0]`.
    pub(super) field: String,
    /// AWS's own sentence. It may quote the value.
    pub(super) cause: String,
}

impl Scene<'_> {
    /// The value of a field.
    ///
    /// Sources for the sentences: executions on AWS recorded by `LocalStack`
    /// (`test_undefined_reference`, `test_map_state_items_eval_jsonata_fail`).
    pub(super) fn evaluate(&self, template: &Template, field: &str) -> Result<Value, Broken> {
        match template {
            Template::Fixed(value) => Ok(value.clone()),
            _ => fill(&mut self.evaluator(template), template, field),
        }
    }

    /// The value of a field that must be `true` or `false`.
    pub(super) fn boolean(&self, template: &Template, field: &str) -> Result<bool, Broken> {
        let value = self.evaluate(template, field)?;
        value.as_bool().ok_or_else(|| wrong_type(template, field, "boolean", &value))
    }

    /// The value of a field that must be a text.
    pub(super) fn text(&self, template: &Template, field: &str) -> Result<String, Broken> {
        match self.evaluate(template, field)? {
            Value::String(text) => Ok(text),
            value => Err(wrong_type(template, field, "string", &value)),
        }
    }

    /// The value of a field that must be an array.
    pub(super) fn list(&self, template: &Template, field: &str) -> Result<Vec<Value>, Broken> {
        match self.evaluate(template, field)? {
            Value::Array(items) => Ok(items),
            value => Err(wrong_type(template, field, "array", &value)),
        }
    }

    /// The value of a field that must be a whole number of at least `least` and at most `most`.
    pub(super) fn whole(
        &self,
        template: &Template,
        field: &str,
        least: u64,
        most: u64,
    ) -> Result<u64, Broken> {
        let value = self.evaluate(template, field)?;
        if !value.is_number() {
            return Err(wrong_type(template, field, "number", &value));
        }
        value.as_u64().filter(|n| (least..=most).contains(n)).ok_or_else(|| Broken {
            field: field.to_owned(),
            cause: format!(
                "The {field} field cannot be parsed as an integer between {least} and {most}: {value}"
            ),
        })
    }

    /// An evaluator for this field. It is given only what the field reads: a walk evaluates
    /// thousands of fields, and what a state sees may be large.
    fn evaluator(&self, template: &Template) -> Evaluator {
        let mut reads = BTreeSet::new();
        template.visit("", &mut |_, expression| reads.extend(&expression.reads));
        let mut context = Context::new();
        for name in reads {
            if name == "states" {
                context.bind(name.clone(), JValue::from(self.states()));
            } else if let Some(value) = self.variables.get(name) {
                context.bind(name.clone(), JValue::from(value.clone()));
            }
        }
        let mut evaluator = Evaluator::with_context(context);
        functions::register(&mut evaluator, self.now, self.seed);
        evaluator
    }

    fn states(&self) -> Value {
        let mut states = Map::new();
        states.insert("input".to_owned(), self.input.clone());
        states.insert("context".to_owned(), self.context.clone());
        states.extend(self.result.map(|result| ("result".to_owned(), result.clone())));
        states.extend(self.error_output.map(|error| ("errorOutput".to_owned(), error.clone())));
        Value::Object(states)
    }
}

fn fill(evaluator: &mut Evaluator, template: &Template, field: &str) -> Result<Value, Broken> {
    match template {
        Template::Fixed(value) => Ok(value.clone()),
        Template::Expression(expression) => solve(evaluator, expression, field),
        Template::List(items) => items
            .iter()
            .enumerate()
            .map(|(i, item)| fill(evaluator, item, &format!("{field}[{i}]")))
            .collect(),
        Template::Object(fields) => fields
            .iter()
            .map(|(k, v)| Ok((k.clone(), fill(evaluator, v, &format!("{field}/{k}"))?)))
            .collect(),
    }
}

fn solve(evaluator: &mut Evaluator, expression: &Expression, field: &str) -> Result<Value, Broken> {
    let broken = |what: &str| Broken {
        field: field.to_owned(),
        cause: format!(
            "The JSONata expression '{}' specified for the field '{field}' {what}",
            expression.source
        ),
    };
    // There is no input document: `$`, `$$` and names at the top level are undefined.
    match evaluator.evaluate(&expression.ast, &JValue::Undefined) {
        Err(error) => Err(broken(&format!("threw an error during evaluation. {}", error.message()))),
        Ok(JValue::Undefined) => Err(broken("returned nothing (undefined).")),
        Ok(value) => json_of(&value).ok_or_else(|| broken("returned an unsupported result type.")),
    }
}

/// The JSON of a result; nothing for a function.
fn json_of(value: &JValue) -> Option<Value> {
    Some(match value {
        JValue::Null | JValue::Undefined => Value::Null,
        JValue::Bool(b) => json!(b),
        JValue::Number(n) => number(*n),
        JValue::String(text) => json!(**text),
        JValue::Array(items) => items.iter().map(json_of).collect::<Option<_>>()?,
        JValue::Object(fields) => fields
            .iter()
            .filter(|(_, v)| !v.is_undefined())
            .map(|(k, v)| Some((k.clone(), json_of(v)?)))
            .collect::<Option<_>>()?,
        _ => return None,
    })
}

/// A number as JavaScript writes it: without a fraction when it has none.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn number(n: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if n.fract() == 0.0 && n.abs() <= EXACT {
        json!(n as i64)
    } else if n.is_finite() {
        json!(n)
    } else {
        // Step Functions writes these as the texts that JavaScript names them by.
        json!(n.to_string().replace("inf", "Infinity"))
    }
}

fn wrong_type(template: &Template, field: &str, expected: &str, value: &Value) -> Broken {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let subject = match template {
        Template::Expression(e) => format!("The JSONata expression '{}'", e.source),
        _ => "The value".to_owned(),
    };
    Broken {
        field: field.to_owned(),
        cause: format!(
            "{subject} specified for the field '{field}' returned an unexpected result type. \
             Expected '{expected}', but was '{found}' for value: {value}"
        ),
    }
}
