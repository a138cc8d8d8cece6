//! A field of a definition that may hold `JSONata`, at any depth.

use serde_json::Value;

use super::expression::Expression;

/// A JSON value in which any string may be an expression.
#[derive(Debug)]
pub(super) enum Template {
    /// Nothing in it is an expression.
    Fixed(Value),
    Expression(Expression),
    List(Vec<Template>),
    Object(Vec<(String, Template)>),
}

impl Template {
    /// Reads a field. What is wrong with its expressions is reported with where it stands, as
    /// AWS names places: `Output/a/b[0]`.
    pub(super) fn read(value: &Value, field: &str, report: &mut impl FnMut(&str, String)) -> Self {
        match value {
            Value::String(text) => Self::text(text, field, report),
            Value::Array(items) => {
                let items: Vec<_> = items
                    .iter()
                    .enumerate()
                    .map(|(i, item)| Self::read(item, &format!("{field}[{i}]"), report))
                    .collect();
                if items.iter().all(Self::is_fixed) { Self::Fixed(value.clone()) } else { Self::List(items) }
            }
            Value::Object(fields) => {
                let fields: Vec<_> = fields
                    .iter()
                    .map(|(k, v)| (k.clone(), Self::read(v, &format!("{field}/{k}"), report)))
                    .collect();
                if fields.iter().all(|(_, v)| v.is_fixed()) {
                    Self::Fixed(value.clone())
                } else {
                    Self::Object(fields)
                }
            }
            _ => Self::Fixed(value.clone()),
        }
    }

    fn text(text: &str, field: &str, report: &mut impl FnMut(&str, String)) -> Self {
        let Some(source) = Expression::inside(text) else {
            if Expression::inside(text.trim()).is_some() {
                report(field, format!("{text:?} has spaces around {{% %}}, so it is a plain string"));
            }
            return Self::Fixed(Value::from(text));
        };
        match Expression::parse(source) {
            Ok(expression) => Self::Expression(expression),
            Err(error) => {
                report(field, format!("the expression {source:?} cannot be parsed: {error}"));
                Self::Fixed(Value::Null)
            }
        }
    }

    fn is_fixed(&self) -> bool {
        matches!(self, Self::Fixed(_))
    }

    /// The value, if nothing in it is an expression.
    pub(super) fn fixed(&self) -> Option<&Value> {
        match self {
            Self::Fixed(value) => Some(value),
            _ => None,
        }
    }

    /// Visits every expression with where it stands.
    pub(super) fn visit<'t>(&'t self, field: &str, visit: &mut impl FnMut(&str, &'t Expression)) {
        match self {
            Self::Fixed(_) => {}
            Self::Expression(expression) => visit(field, expression),
            Self::List(items) => {
                for (i, item) in items.iter().enumerate() {
                    item.visit(&format!("{field}[{i}]"), visit);
                }
            }
            Self::Object(fields) => {
                for (key, item) in fields {
                    item.visit(&format!("{field}/{key}"), visit);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn expressions_are_found_at_any_depth() {
        let mut reports = Vec::new();
        let template = Template::read(
            &json!({"a": ["x", {"b": "{% $y %}"}], "c": 1}),
            "Output",
            &mut |field, message| reports.push(format!("{field}: {message}")),
        );
        let mut seen = Vec::new();
        template.visit("Output", &mut |field, e| {
            seen.push(format!("{field} {}", e.source));
        });
        assert_eq!(seen, ["Output/a[1]/b $y"]);
        assert!(reports.is_empty());
    }

    #[test]
    fn a_bad_expression_is_reported_where_it_stands() {
        let mut reports = Vec::new();
        let _ = Template::read(&json!({"a": "{% (1 %}", "b": "{% $x %} "}), "Assign", &mut |f, _| {
            reports.push(f.to_owned());
        });
        assert_eq!(reports, ["Assign/a", "Assign/b"]);
    }
}
