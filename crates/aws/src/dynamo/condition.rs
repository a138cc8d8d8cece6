//! Conditions. Attribute names go in by placeholder, always: DynamoDB reserves more than 500 words.

use std::borrow::Cow;
use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::RequestId;

use super::items::s;

/// An expression with its placeholders.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    pub expression: Cow<'static, str>,
    names: Vec<(&'static str, &'static str)>,
    values: Vec<(Cow<'static, str>, AttributeValue)>,
}

impl Condition {
    pub fn new(expression: impl Into<Cow<'static, str>>) -> Self {
        Self { expression: expression.into(), names: Vec::new(), values: Vec::new() }
    }

    #[must_use]
    pub fn name(mut self, placeholder: &'static str, attribute: &'static str) -> Self {
        self.names.push((placeholder, attribute));
        self
    }

    #[must_use]
    pub fn value(mut self, placeholder: &'static str, value: AttributeValue) -> Self {
        self.values.push((placeholder.into(), value));
        self
    }

    /// Nothing is there.
    pub fn absent() -> Self {
        Self::new("attribute_not_exists(pk)")
    }

    /// Nothing is there, or something of this request.
    pub fn absent_or_owned_by(me: &RequestId) -> Self {
        Self::new("attribute_not_exists(pk) OR #owner = :me")
            .name("#owner", "owner")
            .value(":me", s(me.as_str()))
    }

    /// Nothing is there, or it belongs to one of these requests (100 at the most).
    pub fn absent_or_owned_by_any<'a>(owners: impl Iterator<Item = &'a RequestId>) -> Self {
        let (names, values): (Vec<_>, Vec<_>) = owners
            .enumerate()
            .map(|(n, owner)| (format!(":owner{n}"), (format!(":owner{n}").into(), s(owner.as_str()))))
            .unzip();
        let expression = format!("attribute_not_exists(pk) OR #owner IN ({})", names.join(", "));
        Self { values, ..Self::new(expression).name("#owner", "owner") }
    }

    /// Something of another request is there.
    pub fn owned_by_another_than(me: &RequestId) -> Self {
        Self::new("attribute_exists(pk) AND #owner <> :me")
            .name("#owner", "owner")
            .value(":me", s(me.as_str()))
    }

    /// The document that is there is still the one that was read.
    pub fn unchanged(doc: &str) -> Self {
        Self::new("#doc = :doc").name("#doc", "doc").value(":doc", s(doc))
    }

    /// The names as the SDK wants them: `None` if there are none, for an empty map is an error.
    pub fn names(&self) -> Option<HashMap<String, String>> {
        let names = self.names.iter();
        (!self.names.is_empty()).then(|| names.map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    /// The values as the SDK wants them.
    pub fn values(&self) -> Option<HashMap<String, AttributeValue>> {
        let values = self.values.iter();
        (!self.values.is_empty()).then(|| values.map(|(k, v)| (k.to_string(), v.clone())).collect())
    }
}
