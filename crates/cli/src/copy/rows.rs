//! Each value of each row, as was decided.

use std::collections::{BTreeMap, BTreeSet};

use connectors::sql::copy::{Change, Reference, Table, TableKind, Value};
use masking::{Column, Columns, Others, RulesError, Tokens, What};

use super::tables::{Decided, Decision};

/// Names in a complaint at the most.
const MOST_NAMED: usize = 20;

/// What becomes of the rows of every table of a database.
pub struct Rows {
    /// All columns of all tables, under names of this module.
    masking: masking::Table,
    /// By the table's place; `None` leaves its rows out.
    tables: Vec<Option<Vec<Place>>>,
    cut: Vec<(String, String)>,
    /// Columns of text that refer to something, or are referred to: what is left out of these is a reference.
    joined: BTreeSet<At>,
    emptied: Emptied,
}

/// A column, by the places of its table and of itself.
type At = (usize, usize);

/// How many values of a column are not in the copy since nothing could be found in them.
pub type Emptied = BTreeMap<At, u64>;

/// A column.
struct Place {
    /// Its name in `masking`; `None` keeps its values. In text a number can be called what its column is called.
    name: Option<String>,
    /// Whether it may not be null.
    needed: bool,
    decided: Column,
}

/// Why not, in words.
pub enum Undecided {
    /// Something has to be decided first.
    Tables(String),
    /// The rules cannot be used.
    Rules(RulesError),
}

impl Rows {
    /// Every table and every column is decided on, and what refers to something becomes the same as what it refers to, or nothing
    /// is copied.
    pub fn new(decided: &Decided, found: &[Table], tokens: Option<Tokens>) -> Result<Self, Undecided> {
        all_there(decided, found).map_err(Undecided::Tables)?;
        let (mut open, mut tables) = (Vec::new(), Vec::with_capacity(found.len()));
        for table in found {
            tables.push(places(decided, table, &mut open).map_err(Undecided::Tables)?);
        }
        if !open.is_empty() {
            return Err(Undecided::Tables(format!(
                "nobody decided on {}: name each under `tables`, or say what becomes of `others`",
                few(&open)
            )));
        }
        let cut = references(found, &tables).map_err(Undecided::Tables)?;
        let places = tables.iter().flatten().flatten();
        let columns = places.filter_map(|place| Some((place.name.clone()?, place.decided.clone())));
        let columns =
            Columns { columns: columns.collect(), others: Others::Refuse, rules: decided.rules.clone() };
        let masking = masking::Table::new(&columns, tokens).map_err(Undecided::Rules)?;
        let joined = joined(found, &tables);
        Ok(Self { masking, tables, cut, joined, emptied: Emptied::new() })
    }

    /// Whether any value is written otherwise than it was.
    pub fn mask(&self) -> bool {
        self.tables.iter().flatten().flatten().any(|place| place.name.is_some())
    }

    /// How many columns are text that is searched, in which names stay.
    pub fn searched(&self) -> usize {
        let is_searched = |place: &&Place| place.name.is_some() && place.decided.what == What::Text;
        self.tables.iter().flatten().flatten().filter(is_searched).count()
    }

    /// References that lead nowhere, as was decided: from, to.
    pub fn cut(&self) -> &[(String, String)] {
        &self.cut
    }

    /// Values that are not in the copy since nothing could be found in them; what to decide otherwise, if any of them was a reference, or
    /// what one led to.
    pub fn emptied(self, found: &[Table]) -> Result<Emptied, String> {
        let lost: Vec<_> = self.joined.iter().filter(|at| self.emptied.contains_key(at)).collect();
        let name = |(table, column): &At| {
            let table = found.get(*table)?;
            Some(format!("{}.{}", table.name, table.columns.get(*column)?.name))
        };
        let names: Vec<String> = lost.into_iter().filter_map(name).collect();
        if names.is_empty() {
            return Ok(self.emptied);
        }
        Err(format!(
            "{}: `text` leaves bytes empty that cannot be searched, and what refers to them, or by them, would refer to nothing: write \
             `token` or `keep`",
            few(&names)
        ))
    }
}

/// What becomes of a table's columns; `None` if it has no rows. What is not decided on is added to `open`.
fn places(decided: &Decided, table: &Table, open: &mut Vec<String>) -> Result<Option<Vec<Place>>, String> {
    let named = decided.tables.get(&table.name);
    if table.kind != TableKind::Plain {
        return match (named, decided.others) {
            (Some(Decision::Empty), _) | (None, Others::Text | Others::Empty) => Ok(None),
            (None, Others::Refuse) => {
                open.push(table.name.clone());
                Ok(None)
            }
            (Some(_), _) => Err(format!(
                "{0} is a virtual table (a full-text index, say), whose rows cannot be copied one by one: write `{0}: empty`, and \
                 fill it in the copy",
                table.name
            )),
        };
    }
    let of = |what: What| Column { what, kind: None, field: None };
    let others = match decided.others {
        Others::Refuse => None,
        Others::Text => Some(of(What::Text)),
        Others::Empty => Some(of(What::Empty)),
    };
    let mut places = Vec::with_capacity(table.columns.len());
    for column in &table.columns {
        let decided = match named {
            Some(Decision::Empty) => return Ok(None),
            None if decided.others == Others::Empty => return Ok(None),
            None if decided.others == Others::Refuse => {
                open.push(table.name.clone());
                return Ok(None);
            }
            None => others.clone(),
            Some(Decision::Keep) => Some(of(What::Keep)),
            Some(Decision::Text) => Some(of(What::Text)),
            Some(Decision::Columns(columns)) => columns.get(&column.name).cloned().or_else(|| others.clone()),
        };
        let Some(mut decided) = decided else {
            open.push(format!("{}.{}", table.name, column.name));
            continue;
        };
        // As in a table of its own: without a field and a kind, its tokens are of its name.
        if decided.kind.is_none() {
            decided.field.get_or_insert_with(|| column.name.clone());
        }
        let name = match decided.what {
            What::Keep => None,
            // All text is the same, whichever table it is in.
            What::Text => {
                decided = of(What::Text);
                Some(column.name.clone())
            }
            What::Empty | What::Number | What::Whole(_) => Some(format!("{}\0{}", table.name, column.name)),
        };
        places.push(Place { name, needed: column.needed, decided });
    }
    Ok(Some(places))
}

/// What refers to something becomes what that becomes, or is empty. Those that lead nowhere then: from, to.
fn references(found: &[Table], tables: &[Option<Vec<Place>>]) -> Result<Vec<(String, String)>, String> {
    let mut cut = Vec::new();
    for (table, places) in found.iter().zip(tables) {
        let Some(places) = places else { continue };
        for reference in &table.references {
            let other =
                found.iter().zip(tables).find(|(other, _)| other.name.eq_ignore_ascii_case(&reference.table));
            let Some((other, taken)) = other else { continue };
            let Some(taken) = taken else {
                cut.push((table.name.clone(), other.name.clone()));
                continue;
            };
            if is_cut(table, places, (other, taken), reference)? {
                cut.push((table.name.clone(), other.name.clone()));
            }
        }
    }
    cut.dedup();
    Ok(cut)
}

/// The columns of text that refer to something, or are referred to by one.
fn joined(found: &[Table], tables: &[Option<Vec<Place>>]) -> BTreeSet<At> {
    let at = |table: &str, column: &str| -> Option<At> {
        let table = found.iter().position(|found| found.name.eq_ignore_ascii_case(table))?;
        let column =
            found.get(table)?.columns.iter().position(|own| own.name.eq_ignore_ascii_case(column))?;
        let place = tables.get(table)?.as_ref()?.get(column)?;
        (place.decided.what == What::Text).then_some((table, column))
    };
    let references = found.iter().flat_map(|table| table.references.iter().map(move |to| (table, to)));
    let columns = references.flat_map(|(table, reference)| {
        reference.columns.iter().map(move |(from, to)| (at(&table.name, from), at(&reference.table, to)))
    });
    columns.filter_map(|(from, to)| Some([from?, to?])).flatten().collect()
}

fn is_cut(
    table: &Table,
    places: &[Place],
    (other, taken): (&Table, &[Place]),
    reference: &Reference,
) -> Result<bool, String> {
    let place = |table: &Table, places: &'_ [Place], name: &str| {
        let at = table.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name))?;
        places.get(at).map(|place| (place.decided.clone(), place.needed))
    };
    let mut is_cut = false;
    for (from, to) in &reference.columns {
        // What is computed is compared in the copy.
        let ours = place(table, places, from);
        let (Some((ours, needed)), Some((theirs, _))) = (ours, place(other, taken, to)) else { continue };
        if ours.what == What::Empty && needed {
            return Err(format!(
                "{0}.{from} refers to {1}.{to} and may not be null, so it cannot be empty: give it the `what`, `kind` and `field` of \
                 {1}.{to}",
                table.name, other.name
            ));
        }
        if ours.what == What::Empty {
            is_cut = true;
        } else if !is_same(&ours, &theirs) {
            return Err(format!(
                "{}.{from} refers to {}.{to}, and would become something else: give both the same `what`, `kind` and `field`, or write \
                 `{from}: empty`",
                table.name, other.name
            ));
        }
    }
    Ok(is_cut)
}

/// Whether the same value becomes the same.
fn is_same(one: &Column, other: &Column) -> bool {
    let keyed = match one.what {
        What::Number => true,
        What::Whole(mode) => mode.needs_key(),
        What::Keep | What::Text | What::Empty => false,
    };
    let field = |column: &Column| column.field.clone().or(column.kind.map(|kind| kind.name().to_owned()));
    one.what == other.what
        && (matches!(one.what, What::Keep | What::Text) || one.kind == other.kind)
        && (!keyed || field(one) == field(other))
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

impl Change for Rows {
    fn takes(&self, table: usize) -> bool {
        self.tables.get(table).is_some_and(Option::is_some)
    }

    fn keeps(&self, table: usize) -> bool {
        let places = self.tables.get(table).and_then(Option::as_ref);
        places.is_some_and(|places| places.iter().all(|place| place.name.is_none()))
    }

    fn change(&mut self, table: usize, column: usize, value: Value) -> Value {
        // Nothing is written that was not decided on.
        let Some(Some(places)) = self.tables.get(table) else { return Value::Null };
        let Some(place) = places.get(column) else { return Value::Null };
        let Some(name) = &place.name else { return value };
        let Some(cell) = self.masking.column(name) else { return Value::Null };
        if cell.what() == What::Text && hides(&value) {
            *self.emptied.entry((table, column)).or_default() += 1;
            return empty(place.needed, &value);
        }
        changed(cell, place.needed, value)
    }
}

/// Whether a text could be in there that nobody sees: in bytes that are none in UTF-8, or with zeros between its letters, as UTF-16 has them.
fn hides(value: &Value) -> bool {
    match value {
        Value::Bytes(bytes) => bytes.contains(&0) || std::str::from_utf8(bytes).is_err(),
        Value::Text(text) => text.contains('\0'),
        Value::Raw(bytes) => bytes.contains(&0),
        Value::Null | Value::Integer(_) | Value::Real(_) => false,
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
        What::Empty => return empty(needed, &value),
        What::Text | What::Number | What::Whole(_) => {}
    }
    let digits;
    let text = match &value {
        Value::Text(text) => text.as_bytes(),
        Value::Raw(bytes) | Value::Bytes(bytes) => bytes,
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
        (What::Number, _) => number(&out),
        // A column can take nothing else, and to the database no text is the same as bytes.
        (_, Value::Bytes(_)) => Value::Bytes(out),
        _ => String::from_utf8(out).map_or_else(|error| Value::Raw(error.into_bytes()), Value::Text),
    }
}

fn number(digits: &[u8]) -> Value {
    let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
    number.map_or(Value::Null, Value::Integer)
}

/// Nothing; where there may not be nothing, the empty value of its form.
fn empty(needed: bool, value: &Value) -> Value {
    if !needed {
        return Value::Null;
    }
    match value {
        Value::Null => Value::Null,
        Value::Integer(_) => Value::Integer(0),
        Value::Real(_) => Value::Real(0.0),
        Value::Text(_) | Value::Raw(_) => Value::Text(String::new()),
        Value::Bytes(_) => Value::Bytes(Vec::new()),
    }
}
