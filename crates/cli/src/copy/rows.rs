//! Each value of each row, as was decided.

use connectors::sql::copy::{Change, Table, TableKind, Value};
use masking::{Columns, Others, RulesError, Tokens, What};

use super::tables::{Decided, Decision};

/// Names in a complaint at the most.
const MOST_NAMED: usize = 20;

/// What becomes of the rows of every table of a database.
pub struct Rows {
    tables: Vec<Option<Made>>,
}

/// What becomes of a table's rows.
struct Made {
    /// `None` keeps all of them.
    masking: Option<masking::Table>,
    /// The columns' names, and whether they may not be null.
    columns: Vec<(String, bool)>,
}

/// Why not, in words.
pub enum Undecided {
    /// Something has to be decided first.
    Tables(String),
    /// The rules cannot be used.
    Rules(RulesError),
}

impl Rows {
    /// Every table and every column is decided on, or nothing is copied.
    pub fn new(decided: &Decided, found: &[Table], tokens: Option<&Tokens>) -> Result<Self, Undecided> {
        all_there(decided, found).map_err(Undecided::Tables)?;
        let mut open = Vec::new();
        let mut tables = Vec::with_capacity(found.len());
        for table in found {
            let decision = decided.tables.get(&table.name).cloned().or(match decided.others {
                Others::Refuse => None,
                Others::Text => Some(Decision::Text),
                Others::Empty => Some(Decision::Empty),
            });
            // Of those that are not named, a virtual one says nothing: it is made anew from others.
            let named = decided.tables.get(&table.name);
            if table.kind == TableKind::Virtual && named.is_some_and(|named| *named != Decision::Empty) {
                let text = format!(
                    "{} is a virtual table (a full-text index, say), whose rows cannot be copied one by one: write `{}: empty`, and \
                     fill it in the copy",
                    table.name, table.name
                );
                return Err(Undecided::Tables(text));
            }
            match decision {
                None => open.push(table.name.clone()),
                Some(decision) => {
                    tables.push(made(decision, decided, table, tokens, &mut open).map_err(Undecided::Rules)?);
                }
            }
        }
        if open.is_empty() {
            return Ok(Self { tables });
        }
        Err(Undecided::Tables(format!(
            "nobody decided on {}: name each under `tables`, or say what becomes of `others`",
            few(&open)
        )))
    }
}

fn few(names: &[String]) -> String {
    let (shown, rest) = names.split_at(names.len().min(MOST_NAMED));
    let shown = shown.join(", ");
    if rest.is_empty() { shown } else { format!("{shown} and {} more", rest.len()) }
}

/// What was decided on is there: a name that is written otherwise would leave a column to `others`.
fn all_there(decided: &Decided, found: &[Table]) -> Result<(), String> {
    let mut missing = Vec::new();
    for (name, decision) in &decided.tables {
        let Some(table) = found.iter().find(|table| table.name == *name) else {
            missing.push(name.clone());
            continue;
        };
        if let Decision::Columns(columns) = decision {
            let none =
                columns.keys().filter(|name| !table.columns.iter().any(|column| column.name == **name));
            missing.extend(none.map(|column| format!("{name}.{column}")));
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(format!("the database has no {}", few(&missing))) }
}

fn made(
    decision: Decision,
    decided: &Decided,
    table: &Table,
    tokens: Option<&Tokens>,
    open: &mut Vec<String>,
) -> Result<Option<Made>, RulesError> {
    let (columns, others) = match decision {
        Decision::Empty => return Ok(None),
        Decision::Keep => return Ok(Some(Made { masking: None, columns: Vec::new() })),
        Decision::Text => Default::default(),
        Decision::Columns(columns) => (columns, decided.others),
    };
    let others = if columns.is_empty() { Others::Text } else { others };
    let columns = Columns { columns, others, rules: decided.rules.clone() };
    let masking = masking::Table::new(&columns, tokens.cloned())?;
    let undecided = table.columns.iter().filter(|column| masking.column(&column.name).is_none());
    open.extend(undecided.map(|column| format!("{}.{}", table.name, column.name)));
    let columns = table.columns.iter().map(|column| (column.name.clone(), column.needed)).collect();
    Ok(Some(Made { masking: Some(masking), columns }))
}

impl Change for Rows {
    fn takes(&self, table: usize) -> bool {
        self.tables.get(table).is_some_and(Option::is_some)
    }

    fn change(&mut self, table: usize, column: usize, value: Value) -> Value {
        let Some(Some(made)) = self.tables.get(table) else { return Value::Null };
        let Some(masking) = &made.masking else { return value };
        let column = made.columns.get(column);
        // Nothing is written that was not decided on.
        let cell = column.and_then(|(name, needed)| Some((masking.column(name)?, *needed)));
        cell.map_or(Value::Null, |(cell, needed)| changed(cell, needed, value))
    }
}

/// What stands for a value. Nothing stays nothing: that nothing was there can be seen.
fn changed(cell: masking::Cell<'_>, needed: bool, value: Value) -> Value {
    if value == Value::Null {
        return value;
    }
    let what = cell.what();
    match what {
        What::Keep => return value,
        What::Empty if needed => return none_of_its_form(&value),
        What::Empty => return Value::Null,
        What::Text | What::Number | What::Whole(_) => {}
    }
    let digits;
    let text = match &value {
        Value::Text(text) => text.as_bytes(),
        Value::Bytes(bytes) => bytes,
        Value::Integer(integer) => {
            digits = integer.to_string();
            digits.as_bytes()
        }
        Value::Real(real) => {
            digits = real.to_string();
            digits.as_bytes()
        }
        Value::Null => &[],
    };
    let mut out = Vec::with_capacity(text.len());
    cell.write(text, &mut out);
    if out == text {
        return value;
    }
    match (what, &value) {
        (What::Text, Value::Bytes(_)) => Value::Bytes(out),
        (What::Number, _) => number(&out),
        _ => Value::Text(String::from_utf8(out).unwrap_or_default()),
    }
}

fn number(digits: &[u8]) -> Value {
    let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
    number.map_or(Value::Null, Value::Integer)
}

/// Where a column may not be null.
fn none_of_its_form(value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Integer(_) => Value::Integer(0),
        Value::Real(_) => Value::Real(0.0),
        Value::Text(_) => Value::Text(String::new()),
        Value::Bytes(_) => Value::Bytes(Vec::new()),
    }
}
