//! As much of JSON Schema as `infra/openapi.yaml` uses: enough to hold every example and every
//! answer to it. A word of the schema that is not known here is an error, so that none is ignored.

use serde_json::{Map, Value};

/// Words that say something to people only.
const PROSE: [&str; 4] = ["description", "default", "example", "contentEncoding"];

/// The document.
pub(super) struct Document(pub(super) Value);

impl Document {
    /// `infra/openapi.yaml`.
    pub(super) fn read() -> Self {
        let text = include_str!("../../../../../infra/openapi.yaml");
        Self(serde_saphyr::from_str(text).expect("YAML"))
    }

    /// What a reference stands for; anything else as it is.
    pub(super) fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value.get("$ref").and_then(Value::as_str) {
            Some(to) => self.0.pointer(to.trim_start_matches('#')).unwrap_or_else(|| panic!("no {to}")),
            None => value,
        }
    }

    /// What is wrong with a value, and where. An object has the properties that its schema names
    /// and no others, whether the schema says so or not: an answer must not outgrow its document.
    pub(super) fn errors(&self, schema: &Value, value: &Value, at: &str) -> Vec<String> {
        let mut errors = Vec::new();
        if schema.get("$ref").is_some() {
            errors.extend(self.errors(self.resolve(schema), value, at));
        }
        let mut wrong = |is_wrong: bool, what: &str| {
            if is_wrong {
                errors.push(format!("{at}: {what}"));
            }
        };
        let map = schema.as_object().expect("a schema is an object");
        for (word, rule) in map {
            match word.as_str() {
                "$ref" | "properties" | "additionalProperties" | "items" => {}
                word if PROSE.contains(&word) => {}
                "type" => wrong(!types(rule).any(|t| is_of(t, value)), "another type"),
                "enum" => wrong(!rule.as_array().is_some_and(|all| all.contains(value)), "not in the enum"),
                "const" => wrong(rule != value, "not the constant"),
                "required" => {
                    let missing = |name: &Value| value.get(name.as_str().unwrap_or_default()).is_none();
                    let all = rule.as_array().expect("a list");
                    wrong(value.is_object() && all.iter().any(missing), "a required property is missing");
                }
                "minimum" => wrong(value.as_f64() < rule.as_f64() && value.is_number(), "too small"),
                "maximum" => wrong(value.as_f64() > rule.as_f64() && value.is_number(), "too large"),
                "minLength" => wrong(length(value).is_some_and(|l| l < number(rule)), "too short"),
                "maxLength" => wrong(length(value).is_some_and(|l| l > number(rule)), "too long"),
                "minItems" => wrong(items(value).is_some_and(|n| n < number(rule)), "too few"),
                "maxItems" => wrong(items(value).is_some_and(|n| n > number(rule)), "too many"),
                "pattern" => {
                    let pattern = rule.as_str().expect("a pattern");
                    wrong(value.as_str().is_some_and(|text| !matches(pattern, text)), "not of the pattern");
                }
                "format" => {
                    let format = rule.as_str().expect("a format");
                    wrong(value.as_str().is_some_and(|text| !is_formed(format, text)), format);
                }
                "anyOf" => {
                    let mut any = rule.as_array().expect("a list").iter();
                    wrong(!any.any(|s| self.errors(s, value, at).is_empty()), "none of the schemas");
                }
                other => panic!("{other} is not known here"),
            }
        }
        errors.extend(self.children(map, value, at));
        errors
    }

    fn children(&self, schema: &Map<String, Value>, value: &Value, at: &str) -> Vec<String> {
        let mut errors = Vec::new();
        if let (Some(list), Some(item)) = (value.as_array(), schema.get("items")) {
            for (n, one) in list.iter().enumerate() {
                errors.extend(self.errors(item, one, &format!("{at}/{n}")));
            }
        }
        let known = schema.get("properties").and_then(Value::as_object);
        let others = schema.get("additionalProperties").filter(|others| others.is_object());
        if known.is_none() && others.is_none() {
            return errors;
        }
        for (name, one) in value.as_object().into_iter().flatten() {
            let at = format!("{at}/{name}");
            match known.and_then(|known| known.get(name)).or(others) {
                Some(schema) => errors.extend(self.errors(schema, one, &at)),
                None => errors.push(format!("{at}: not in the document")),
            }
        }
        errors
    }
}

fn types(rule: &Value) -> impl Iterator<Item = &str> {
    let several = rule.as_array().into_iter().flatten().filter_map(Value::as_str);
    rule.as_str().into_iter().chain(several)
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        other => panic!("{other} is not known here"),
    }
}

fn number(rule: &Value) -> usize {
    usize::try_from(rule.as_u64().expect("a number")).expect("a small number")
}

fn length(value: &Value) -> Option<usize> {
    value.as_str().map(|text| text.chars().count())
}

fn items(value: &Value) -> Option<usize> {
    value.as_array().map(Vec::len)
}

fn is_formed(format: &str, text: &str) -> bool {
    match format {
        "date-time" => text.parse::<jiff::Timestamp>().is_ok(),
        "uri" => text.contains(':') && !text.contains(' '),
        "uri-reference" => !text.contains(' '),
        other => panic!("{other} is not known here"),
    }
}

/// The patterns of the document, by what they mean.
fn matches(pattern: &str, text: &str) -> bool {
    let made_of =
        |extra: &str| text.chars().all(|c| c.is_ascii_digit() || c.is_ascii_lowercase() || extra.contains(c));
    match pattern {
        "^req_[0-9a-z]{26}$" => text.parse::<domain::RequestId>().is_ok(),
        "^hold_[0-9a-z]{26}$" => text.parse::<domain::HoldId>().is_ok(),
        "^rpl_[0-9a-z]{26}$" => text.parse::<domain::ReplayId>().is_ok(),
        "^[0-9a-z]([0-9a-z-]{0,46}[0-9a-z])?$" => text.parse::<domain::StoreId>().is_ok(),
        "^[0-9a-z_-]{1,64}$" => contract::sanction::is_reason_code(text),
        "^[0-9a-z_]{1,48}$" => made_of("_") && (1..=48).contains(&text.len()),
        "^[a-z0-9_.-]{1,64}$" => made_of("_.-") && (1..=64).contains(&text.len()),
        "^[0-9a-f]{64}$" => text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')),
        "^age1[02-9ac-hj-np-z]{58}$" => export::Recipient::parse(text).is_ok(),
        "^2[0-9]{3}(-Q[1-4]|-(0[1-9]|1[0-2]))?$" => text.parse::<domain::Period>().is_ok(),
        "^[!-~]+$" => text.bytes().all(|b| b.is_ascii_graphic()) && !text.is_empty(),
        other => panic!("{other} is not known here"),
    }
}
