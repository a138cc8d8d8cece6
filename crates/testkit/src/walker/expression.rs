//! A `JSONata` expression: parsed once, and what it refers to.

use std::collections::BTreeSet;

use jsonata_core::ast::AstNode;
use jsonata_core::parser;
use serde_json::Value;

/// What stands between `{%` and `%}`.
#[derive(Debug)]
pub(super) struct Expression {
    pub(super) source: String,
    pub(super) ast: AstNode,
    /// Every variable it reads, `states` and those of its own making included.
    pub(super) reads: BTreeSet<String>,
}

impl Expression {
    /// The text of a `JSONata` string, if `text` is one: it begins with `{%` and ends with `%}`,
    /// with nothing around it.
    pub(super) fn inside(text: &str) -> Option<&str> {
        text.strip_prefix("{%")?.strip_suffix("%}").map(str::trim)
    }

    pub(super) fn parse(source: &str) -> Result<Self, String> {
        let ast = parser::parse(source).map_err(|error| error.to_string())?;
        let mut expression = Self { source: source.to_owned(), ast, reads: BTreeSet::new() };
        expression.reads = expression.survey().read;
        Ok(expression)
    }

    /// What the expression refers to.
    pub(super) fn survey(&self) -> Survey {
        let mut survey = Survey::default();
        if let Ok(tree) = serde_json::to_value(&self.ast) {
            survey.walk(&tree, true);
        }
        survey
    }
}

/// What an expression refers to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Survey {
    /// Variables it reads, those of its own making included.
    read: BTreeSet<String>,
    /// Variables it makes: parameters, `:=`, `@$v`, `#$i`.
    made: BTreeSet<String>,
    /// Functions it calls by name.
    pub(super) calls: BTreeSet<String>,
    /// Names, and `$`, that read an input document, of which Step Functions has none.
    pub(super) document: BTreeSet<String>,
    /// It reads `$$`.
    pub(super) root: bool,
    /// The operators that `JSONata` 2.0.6 does not have.
    pub(super) newer: BTreeSet<&'static str>,
    /// The paths below `$states`, two steps deep: `input`, `context.Task`.
    states: BTreeSet<String>,
}

impl Survey {
    /// The state machine's variables it reads.
    pub(super) fn variables(&self) -> impl Iterator<Item = &str> {
        self.read.difference(&self.made).map(String::as_str).filter(|name| *name != "states")
    }

    /// Whether it reads `$states.` and this path, or something below it.
    pub(super) fn reads(&self, path: &str) -> bool {
        self.states.iter().any(|seen| seen == path || seen.starts_with(&format!("{path}.")))
    }

    /// Walks the serialised tree, which has one shape for all of its forty kinds of node. `top`
    /// says whether a name here would read the input document.
    fn walk(&mut self, node: &Value, top: bool) {
        match node {
            Value::Array(items) => items.iter().for_each(|item| self.walk(item, top)),
            Value::Object(fields) => {
                for (kind, body) in fields {
                    self.node(kind, body, top);
                }
            }
            _ => {}
        }
    }

    fn node(&mut self, kind: &str, body: &Value, top: bool) {
        match kind {
            "String" => {}
            "Name" if top => self.document.extend(text(body)),
            "Variable" if body == "" => {
                if top {
                    self.document.insert("$".to_owned());
                }
            }
            "Variable" => self.read.extend(text(body)),
            "ParentVariable" => self.root = true,
            "Path" => self.path(&body["steps"], top),
            "Function" => {
                self.calls.extend(text(&body["name"]));
                self.walk(&body["args"], top);
            }
            "Lambda" => {
                let params = body["params"].as_array().into_iter().flatten();
                self.made.extend(params.filter_map(text));
                self.walk(&body["body"], top);
            }
            "Binary" => self.binary(body, top),
            "Sort" => {
                self.walk(&body["input"], top);
                self.walk(&body["terms"], false);
            }
            "ObjectTransform" => {
                self.walk(&body["input"], top);
                self.walk(&body["pattern"], false);
            }
            "Transform" => self.walk(body, false),
            _ => self.walk(body, top),
        }
    }

    fn binary(&mut self, body: &Value, top: bool) {
        match body["op"].as_str() {
            Some("Coalesce") => self.newer.extend(["??"]),
            Some("Default") => self.newer.extend(["?:"]),
            Some("ColonEqual") => self.made.extend(text(&body["lhs"]["Variable"])),
            _ => {}
        }
        self.walk(&body["lhs"], top);
        self.walk(&body["rhs"], top);
    }

    fn path(&mut self, steps: &Value, top: bool) {
        let Some(steps) = steps.as_array() else {
            return;
        };
        if steps.first().is_some_and(|step| step["node"]["Variable"] == "states") {
            let names: Vec<_> = steps[1..].iter().map_while(|s| s["node"]["Name"].as_str()).take(2).collect();
            self.states.insert(names.join("."));
        }
        for (i, step) in steps.iter().enumerate() {
            self.made.extend(text(&step["focus"]));
            self.made.extend(text(&step["index_var"]));
            self.walk(&step["node"], top && i == 0);
            self.walk(&step["stages"], false);
        }
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn survey(source: &str) -> Survey {
        Expression::parse(source).unwrap().survey()
    }

    #[test]
    fn a_jsonata_string_has_nothing_around_it() {
        let check = |text: &str, expect: Option<&str>| assert_eq!(Expression::inside(text), expect);
        check("{% $x %}", Some("$x"));
        check("{%$x%}", Some("$x"));
        check(" {% $x %}", None);
        check("{% $x %} ", None);
        check("$x", None);
    }

    #[test]
    fn only_the_machine_variables_count() {
        let check = |source: &str, expect: &[&str]| {
            assert_eq!(survey(source).variables().collect::<Vec<_>>(), expect, "{source}");
        };
        check("$a + $b", &["a", "b"]);
        check("($t := $a; $t + 1)", &["a"]);
        check("$map($items, function($i, $n) { $i.x + $n })", &["items"]);
        check("$states.input.a", &[]);
        check("$x@$e.b#$i.{'e': $e, 'i': $i}", &["x"]);
    }

    #[test]
    fn a_name_at_the_top_reads_a_document_that_is_not_there() {
        let check = |source: &str, expect: &[&str]| {
            let found = survey(source);
            assert_eq!(found.document.iter().collect::<Vec<_>>(), expect, "{source}");
        };
        check("phone", &["phone"]);
        check("$.total", &["$"]);
        check("a.b[c > 1]", &["a"]);
        check("$map($x, function($v) { b })", &["b"]);
        check("$order[$.total > 10]", &[]);
        check("$order[total > 10].(price * qty)", &[]);
        check("$order^(>price)", &[]);
        check("$order{name: price}", &[]);
        check("{'name': $order.name}", &[]);
    }

    #[test]
    fn what_aws_does_not_have_is_found() {
        assert!(survey("$$.a").root);
        assert_eq!(survey("$a ?? 1").newer, BTreeSet::from(["??"]));
        assert_eq!(survey("$a ?: 1").newer, BTreeSet::from(["?:"]));
        assert!(survey("$eval('1')").calls.contains("eval"));
    }

    #[test]
    fn the_paths_below_states_are_found() {
        let states = survey("{'t': $states.context.Task.Token, 'i': $states.input}").states;
        assert_eq!(states, BTreeSet::from(["context.Task".to_owned(), "input".to_owned()]));
    }
}
