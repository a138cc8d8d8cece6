//! The templates as the account reads them: YAML, with the short forms (`!Ref`) written out as
//! JSON has them, and references followed from one nested template to the other.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, json};
use serde_saphyr::Tagged;

use crate::repository::{files, read};

/// The template that the others are nested in.
pub const ROOT: &str = "template.yaml";

/// A text of YAML, with the short forms written out.
pub fn parse(name: &str, text: &str) -> Value {
    let Node(value) = serde_saphyr::from_str(text).unwrap_or_else(|e| panic!("{name} does not read: {e}"));
    value
}

struct Node(Value);

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Tagged(Plain(value), tag) = Tagged::deserialize(deserializer)?;
        Ok(Self(match tag.as_deref().and_then(|tag| tag.strip_prefix('!')) {
            None => value,
            Some(short @ ("Ref" | "Condition")) => json!({ short: value }),
            Some("GetAtt") => {
                let (id, name) = value.as_str().and_then(|v| v.split_once('.')).unwrap_or_default();
                json!({ "Fn::GetAtt": [id, name] })
            }
            Some(short) => json!({ format!("Fn::{short}"): value }),
        }))
    }
}

struct Plain(Value);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Plainly).map(Self)
    }
}

struct Plainly;

impl<'de> Visitor<'de> for Plainly {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("YAML")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(Node(value)) = seq.next_element()? {
            all.push(value);
        }
        Ok(all.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some((name, Node(value))) = map.next_entry::<String, Node>()? {
            all.insert(name, value);
        }
        Ok(all.into())
    }
}

/// A resource of a template.
#[derive(Clone, Copy)]
pub struct Resource<'a> {
    /// The template.
    pub file: &'a str,
    /// The logical id.
    pub id: &'a str,
    /// All of it.
    pub body: &'a Value,
}

impl<'a> Resource<'a> {
    /// Its type.
    pub fn kind(&self) -> &'a str {
        self.body["Type"].as_str().unwrap_or_default()
    }

    /// What is said of it.
    pub fn properties(&self) -> &'a Value {
        &self.body["Properties"]
    }

    /// Whether it stays when the stack goes, and when it would be replaced.
    pub fn is_retained(&self) -> bool {
        ["DeletionPolicy", "UpdateReplacePolicy"].iter().all(|policy| self.body[policy] == "Retain")
    }

    /// Where it is.
    pub fn at(&self) -> String {
        format!("{}: {}", self.file, self.id)
    }
}

/// All templates.
pub struct Templates {
    texts: BTreeMap<String, String>,
    read: BTreeMap<String, Value>,
}

impl Templates {
    /// Those of the repository.
    pub fn of_the_repository() -> Self {
        let named =
            files().into_iter().filter(|f| f == ROOT || (f.starts_with("infra/") && f.ends_with(".yaml")));
        // The contract of the API is no template.
        Self::over(named.filter(|f| f != "infra/openapi.yaml").map(|f| (f.clone(), read(&f))).collect())
    }

    fn over(texts: BTreeMap<String, String>) -> Self {
        let read = texts.iter().map(|(name, text)| (name.clone(), parse(name, text))).collect();
        let all = Self { texts, read };
        assert!(all.resources().count() > 60, "not all resources were read");
        all
    }

    /// The same with one text replaced, where it stands first.
    pub fn with(&self, file: &str, from: &str, to: &str) -> Self {
        let mut texts = self.texts.clone();
        let text = texts.get_mut(file).unwrap_or_else(|| panic!("there is no {file}"));
        assert!(text.contains(from), "{file} does not say {from}");
        *text = text.replacen(from, to, 1);
        Self::over(texts)
    }

    /// The root template.
    pub fn root(&self) -> &Value {
        &self.read[ROOT]
    }

    /// A condition of a template.
    pub fn condition(&self, file: &str, name: &str) -> &Value {
        &self.read[file]["Conditions"][name]
    }

    /// Every resource of every template.
    pub fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        self.read.iter().flat_map(|(file, template)| {
            let all = template["Resources"].as_object().unwrap_or_else(|| panic!("{file} has no resources"));
            all.iter().map(|(id, body)| Resource { file, id, body })
        })
    }

    /// Those of a type. There is one at least.
    pub fn of_kind(&self, kind: &str) -> Vec<Resource<'_>> {
        let found: Vec<_> = self.resources().filter(|r| r.kind() == kind).collect();
        assert!(!found.is_empty(), "no {kind} in the templates");
        found
    }

    /// What a value comes to, as a text. References are followed through parameters and outputs up
    /// to the resource, or to the parameter of the root template.
    pub fn text(&self, file: &str, value: &Value) -> String {
        match value {
            Value::String(text) => text.clone(),
            Value::Array(all) => all.iter().map(|v| self.text(file, v)).collect::<Vec<_>>().join(", "),
            Value::Object(map) => match map.iter().next().map(|(name, value)| (name.as_str(), value)) {
                Some(("Ref", name)) => self.named(file, name.as_str().unwrap_or_default()),
                Some(("Fn::GetAtt", parts)) => {
                    let part = |at: usize| parts[at].as_str().unwrap_or_default();
                    self.attribute(file, part(0), part(1))
                }
                Some(("Fn::Sub", Value::String(text))) => self.substituted(file, text),
                Some(("Fn::Join", parts)) => self.text(file, &parts[1]),
                Some(("Fn::If", of)) => {
                    let part = |at: usize| self.text(file, &of[at]);
                    format!("{} if {}, else {}", part(1), part(0), part(2))
                }
                Some((function, of)) if function.starts_with("Fn::") => {
                    format!("{function} of {}", self.text(file, of))
                }
                _ => self.plain(file, value).to_string(),
            },
            other => other.to_string(),
        }
    }

    /// A value with its references followed, and its form kept.
    pub fn plain(&self, file: &str, value: &Value) -> Value {
        match value {
            Value::Array(all) => all.iter().map(|v| self.plain(file, v)).collect(),
            Value::Object(map)
                if map.len() == 1 && map.keys().all(|k| k == "Ref" || k.starts_with("Fn::")) =>
            {
                match map.get("Fn::If") {
                    Some(branches) => json!({ "Fn::If": self.plain(file, branches) }),
                    None => self.text(file, value).into(),
                }
            }
            Value::Object(map) => {
                map.iter().map(|(name, v)| (name.clone(), self.plain(file, v))).collect::<Map<_, _>>().into()
            }
            other => other.clone(),
        }
    }

    fn named(&self, file: &str, name: &str) -> String {
        if self.read[file]["Parameters"].get(name).is_none() {
            return if name.starts_with("AWS::") { format!("${{{name}}}") } else { name.to_owned() };
        }
        let nested = |r: &Resource<'_>| r.file == ROOT && r.properties()["TemplateURL"] == file;
        match self.resources().find(nested).map(|stack| &stack.properties()["Parameters"][name]) {
            Some(Value::Null) => panic!("{ROOT} does not pass {name} to {file}"),
            Some(passed) => self.text(ROOT, passed),
            None => format!("${{{name}}}"),
        }
    }

    fn attribute(&self, file: &str, id: &str, name: &str) -> String {
        let Some(output) = name.strip_prefix("Outputs.") else {
            return format!("{id}.{name}");
        };
        let nested = self.read[file]["Resources"][id]["Properties"]["TemplateURL"].as_str();
        let nested = nested.unwrap_or_else(|| panic!("{file}: {id} is no nested stack"));
        let value = self.read[nested]["Outputs"].get(output);
        self.text(nested, &value.unwrap_or_else(|| panic!("{nested} does not put out {output}"))["Value"])
    }

    fn substituted(&self, file: &str, text: &str) -> String {
        let mut whole = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            whole += before;
            whole += &match name.split_once('.') {
                Some((id, attribute)) => self.attribute(file, id, attribute),
                None => self.named(file, name),
            };
            rest = after;
        }
        whole + rest
    }
}

/// What is wrong, by a rule.
pub type Rule = fn(&Templates) -> Vec<String>;

/// Holds the templates to a rule, and the rule to its word: each of these changes (in a file, from
/// this, to that) breaks it.
pub fn check(rule: Rule, breaks: &[(&str, &str, &str)]) {
    let templates = Templates::of_the_repository();
    let wrong = rule(&templates);
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(!breaks.is_empty(), "a rule that cannot be broken says nothing");
    for (file, from, to) in breaks {
        let wrong = rule(&templates.with(file, from, to));
        assert!(!wrong.is_empty(), "{file}: `{to}` instead of `{from}` is not noticed");
    }
}

/// Says what is wrong, if it is.
pub fn need(wrong: &mut Vec<String>, holds: bool, otherwise: impl FnOnce() -> String) {
    if !holds {
        wrong.push(otherwise());
    }
}

/// Whether it is encrypted under our own key.
pub fn under_our_key(templates: &Templates, resource: &Resource<'_>, key: &Value) -> bool {
    templates.text(resource.file, key) == "Key.Arn"
}
