//! Expressions with placeholders: no name and no value is ever part of an expression's text.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

/// The placeholders of one request.
#[derive(Default)]
pub(super) struct Placeholders {
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Placeholders {
    /// A placeholder for an attribute's name; the same for the same name.
    pub(super) fn name(&mut self, name: &str) -> String {
        if let Some((known, _)) = self.names.iter().find(|(_, of)| *of == name) {
            return known.clone();
        }
        let placeholder = format!("#n{}", self.names.len());
        self.names.insert(placeholder.clone(), name.to_owned());
        placeholder
    }

    /// A placeholder for a value.
    pub(super) fn value(&mut self, value: AttributeValue) -> String {
        let placeholder = format!(":v{}", self.values.len());
        self.values.insert(placeholder.clone(), value);
        placeholder
    }

    /// `name = value`.
    pub(super) fn equals(&mut self, name: &str, value: AttributeValue) -> String {
        format!("{} = {}", self.name(name), self.value(value))
    }

    /// A projection of these fields.
    pub(super) fn projection(&mut self, fields: &[String]) -> String {
        let names: Vec<String> = fields.iter().map(|field| self.name(field)).collect();
        names.join(", ")
    }

    /// The names, if there are any: the store refuses an empty map.
    pub(super) fn names(&self) -> Option<HashMap<String, String>> {
        Some(self.names.clone()).filter(|names| !names.is_empty())
    }

    /// The values, if there are any.
    pub(super) fn values(self) -> Option<HashMap<String, AttributeValue>> {
        Some(self.values).filter(|values| !values.is_empty())
    }
}
