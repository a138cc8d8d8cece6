//! Reading located rows whole, by their keys: one question for many of them, whose rows come one by one.
//!
//! Which row is whose is left to the database, as it is when rows are erased: it answers with the record's
//! number, and whether the field that the record was found by still holds the value.

use std::collections::BTreeMap;

use domain::export::{Datum, Row};
use domain::plan::Record;
use ports::stores::{Collected, MOST_RECORD, Target};
use ports::{Class, Code, Fault};

use super::database::{Database, Path, Whole};
use super::dialect::Dialect;
use super::statement::{Statement, Writer};
use crate::collecting::{self, Answer, Asked};
use crate::place;

const COLLECT: &str = "sql:collect";

/// A record that one question asks for.
pub(super) struct Numbered<'r> {
    /// Its place among those that are asked for; a key's ways have the same.
    pub(super) number: usize,
    pub(super) record: &'r Record,
}

/// Reads records until there are enough bytes.
pub(super) async fn records(
    database: &dyn Database,
    target: &Target<'_>,
    records: &[Record],
) -> Result<Collected, Fault> {
    let asked = collecting::distinct(target, records, &target.collection.key, COLLECT)?;
    let mut answer = Answer::to(&asked, records);
    // A way takes its key's parameters, and three more.
    let each = target.collection.key.len() + 3;
    let most = (database.dialect().most_parameters / each).max(1);
    let columns =
        database.columns(&target.collection.resource).await.map_err(|t| t.fault(target, COLLECT))?;
    while answer.next().is_some() {
        let group = group(&asked, answer.answered(), most);
        let large = large(database.dialect(), target, &group, &columns)?;
        if !database.read(Path::Usual, &large).await.map_err(|t| t.fault(target, COLLECT))?.is_empty() {
            let what = format!("a record is larger than {} MiB", MOST_RECORD >> 20);
            let (class, code) = (Class::Permanent, Code::RecordTooLarge);
            return Err(Fault::new(class, code, COLLECT, place::name(target), what));
        }
        let question = question(database.dialect(), target, &group)?;
        let end = group.last().map_or(answer.answered(), |last| last.number + 1);
        let mut rows = Rows { target, answer: &mut answer, end, pending: None, nonsense: false };
        let read = database.stream(&question, &mut |row| rows.take(row)).await;
        read.map_err(|t| t.fault(target, COLLECT))?;
        rows.end()?;
    }
    Ok(answer.done())
}

/// The next records with all of their ways, as many as one question takes.
fn group<'r>(asked: &[Asked<'r>], from: usize, most: usize) -> Vec<Numbered<'r>> {
    let mut group: Vec<Numbered<'r>> = Vec::new();
    for (number, one) in asked.iter().enumerate().skip(from) {
        if !group.is_empty() && group.len() + one.ways.len() > most {
            break;
        }
        group.extend(one.ways.iter().map(|record| Numbered { number, record }));
    }
    group
}

/// Columns whose lengths are added up in one pair of brackets: SQLite takes no deeper sums than of 1,000.
const ADDED_UP: usize = 100;

/// Asks whether one of the records is too large to be read. The database knows the lengths without reading
/// what is that long.
fn large(
    dialect: &Dialect,
    target: &Target<'_>,
    group: &[Numbered<'_>],
    columns: &[String],
) -> Result<Statement, Fault> {
    let mut with = Writer::new(dialect, target, COLLECT);
    with.sql("SELECT 1 FROM ").table()?.sql(" AS kept WHERE ");
    let records: Vec<&Record> = group.iter().map(|one| one.record).collect();
    with.these(&records, None)?.sql(" AND 0");
    for some in columns.chunks(ADDED_UP) {
        // The table's own names, which need not be plain. After `kept.` they are taken for nothing else.
        let quoted = some.iter().map(|name| format!("kept.\"{}\"", name.replace('"', "\"\"")));
        let lengths: Vec<String> = quoted.map(|name| format!("coalesce(octet_length({name}), 0)")).collect();
        with.sql(&format!(" + ({})", lengths.join(" + ")));
    }
    with.sql(&format!(" > {MOST_RECORD} LIMIT 1"));
    Ok(with.done())
}

/// Asks for the rows of the records that are there, each with the record's number, and whether it still
/// holds what the record was found by.
pub(super) fn question(
    dialect: &Dialect,
    target: &Target<'_>,
    group: &[Numbered<'_>],
) -> Result<Statement, Fault> {
    let vias: BTreeMap<&str, usize> = {
        let vias = group.iter().map(|one| (one.record.via.as_str(), 0)).collect::<BTreeMap<_, _>>();
        vias.into_keys().enumerate().map(|(at, via)| (via, at)).collect()
    };
    let whole = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let mut with = Writer::new(dialect, target, COLLECT);
    with.sql("SELECT asked.column1, CASE asked.column2");
    for (via, at) in &vias {
        with.sql(&format!(" WHEN {at} THEN kept.")).name(via)?.sql(" = asked.column3");
        // An address in other letters is the person's as well.
        if place::field(target, via, COLLECT)?.is_address() {
            with.sql(" OR lower(kept.").name(via)?.sql(") = lower(asked.column3)");
        }
    }
    with.sql(" END, kept.* FROM (VALUES ");
    for (at, one) in group.iter().enumerate() {
        let via = one.record.via.as_str();
        with.sql(if at == 0 { "(" } else { ", (" });
        with.number(whole(one.number)).sql(", ");
        with.number(whole(vias.get(via).copied().unwrap_or_default())).sql(", ");
        with.value(via, one.record.via_value.expose())?;
        for part in &target.collection.key {
            let text = place::key_part(target, one.record, part, COLLECT)?;
            with.sql(", ").value(part, text)?;
        }
        with.sql(")");
    }
    // SQLite reads the left side of a `CROSS JOIN` first, and so the table by its key and in the order that
    // was asked for. Sorting would hold every row, and may write them into a file.
    with.sql(") AS asked CROSS JOIN ").table()?.sql(" AS kept WHERE ");
    for (at, part) in target.collection.key.iter().enumerate() {
        with.sql(if at == 0 { "kept." } else { " AND kept." }).name(part)?;
        with.sql(&format!(" = asked.column{}", at + 4));
    }
    Ok(with.done())
}

/// Takes the rows of one question.
struct Rows<'a, 't> {
    target: &'a Target<'t>,
    answer: &'a mut Answer<'t>,
    /// After the last number.
    end: usize,
    /// The number of a record that is there and, by what came so far, somebody else's.
    pending: Option<usize>,
    nonsense: bool,
}

impl Rows<'_, '_> {
    /// Takes a row; whether more are wanted.
    fn take(&mut self, row: Whole) -> bool {
        let mut columns = row.into_iter();
        let (number, theirs) = match (columns.next(), columns.next()) {
            (Some((_, Datum::Number(number))), Some((_, theirs))) => (number.expose().parse().ok(), theirs),
            _ => (None, Datum::Null),
        };
        // One that was passed over, or is of nobody, would have to be taken back.
        let known = |number: &usize| *number < self.end && *number + 1 >= self.answer.answered();
        let Some(number) = number.filter(known) else {
            self.nonsense = true;
            return false;
        };
        // Another way of a record that is shown already.
        if number < self.answer.answered() {
            return true;
        }
        self.pass(number);
        if theirs == Datum::number("1") {
            self.pending = None;
            self.answer.shown([whole(self.target, columns.collect())]);
        } else {
            self.pending = Some(number);
        }
        !self.answer.is_full()
    }

    /// Answers for the records before one: what did not come is not there.
    fn pass(&mut self, before: usize) {
        while self.answer.answered() < before {
            if self.pending.take_if(|pending| *pending == self.answer.answered()).is_some() {
                self.answer.foreign();
            } else {
                self.answer.gone();
            }
        }
    }

    /// After the last row.
    fn end(mut self) -> Result<(), Fault> {
        if self.nonsense {
            return Err(place::senseless(self.target, COLLECT, "a row that nobody asked for"));
        }
        if !self.answer.is_full() {
            self.pass(self.end);
        }
        Ok(())
    }
}

/// A row, as it is. Databases tell no cases of names apart: a column that the catalog knows has the
/// catalog's name, so that whatever is said of the field is said of it.
fn whole(target: &Target<'_>, columns: Whole) -> Row {
    let declared = &target.collection.fields;
    let named = |name: String| {
        let known = declared.keys().find(|known| known.eq_ignore_ascii_case(&name));
        known.cloned().unwrap_or(name)
    };
    let fields: BTreeMap<String, Datum> =
        columns.into_iter().map(|(name, datum)| (named(name), datum)).collect();
    let version = collecting::version(target.collection, &fields);
    Row { fields, version, content: None }
}
