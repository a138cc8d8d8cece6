//! What a database is asked to do.

use async_trait::async_trait;
use domain::Personal;
use domain::catalog::FieldKind;
use domain::export::Datum;
use domain::plan::Value;
use ports::stores::Target;
use ports::{Class, Code, Fault};

use super::dialect::Dialect;
use super::statement::Statement;
use crate::place;
use crate::values::{Decimal, same};

/// A value that is bound to a statement.
#[derive(Clone, PartialEq)]
pub(super) enum Bind {
    Integer(i64),
    Real(f64),
    Text(Personal),
}

impl Bind {
    /// A text of a kind, in the form that the store compares with an index.
    pub(super) fn of(kind: FieldKind, text: &str) -> Self {
        if kind == FieldKind::Number {
            if let Ok(integer) = text.parse() {
                return Self::Integer(integer);
            }
            // A text of more digits than a double has would be compared as another number.
            if let (Some(decimal), Ok(real)) = (Decimal::read(text), text.parse::<f64>())
                && (decimal.precision() <= 15 || real.to_string() == text)
            {
                return Self::Real(real);
            }
        }
        Self::Text(Personal::new(text))
    }
}

/// A value that a database answered.
#[derive(Clone, PartialEq)]
pub(super) enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    Text(Personal),
    /// Bytes, or a text that is no text: nothing that is looked for.
    Other,
}

impl Cell {
    /// Bytes that it takes, about.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Text(text) => text.expose().len() + size_of::<Self>(),
            _ => size_of::<Self>(),
        }
    }

    /// The cell as a field's value; `None` if it is empty. A form that the catalog does not expect is
    /// a fault, because what is compared with it would never be found.
    pub(super) fn value(
        &self,
        target: &Target<'_>,
        field: &str,
        operation: &'static str,
    ) -> Result<Option<Value>, Fault> {
        let kind = place::kind(target, field, operation)?;
        let text = match (kind, self) {
            (_, Self::Null) => return Ok(None),
            (FieldKind::Text, Self::Text(text)) => Some(text.expose().to_owned()),
            (FieldKind::Number, Self::Integer(integer)) => Some(integer.to_string()),
            (FieldKind::Number, Self::Real(real)) => Some(real.to_string()),
            // A number in a text column is compared as a text, so only its plain form is found again.
            (FieldKind::Number, Self::Text(text)) => {
                let plain: Option<i64> = text.expose().parse().ok();
                plain.map(|number| number.to_string()).filter(|plain| plain == text.expose())
            }
            _ => None,
        };
        let text = text.ok_or_else(|| {
            let what = format!("the field {field} has another form than the catalog says");
            place::mismatch(target, operation, what)
        })?;
        Ok(Some(Value::of(kind, &text)))
    }
}

/// Whether a stored value is the one that was looked for, apart from case: a column's own collation
/// may tell no cases apart.
pub(super) fn is_meant(kind: FieldKind, stored: &str, asked: &str) -> bool {
    match kind {
        FieldKind::Text => stored == asked || stored.to_lowercase() == asked.to_lowercase(),
        FieldKind::Number => same(kind, stored, asked),
    }
}

/// A row.
pub(super) type Row = Vec<Cell>;

/// A row with its columns' names, each value as the database has it.
pub(super) type Whole = Vec<(String, Datum)>;

/// Takes rows one by one, and says whether it wants more.
pub(super) type Taker<'t> = dyn FnMut(Whole) -> bool + Send + 't;

/// Why a database did not do it. Holds its code, never its message.
pub(super) struct Trouble {
    pub(super) class: Class,
    pub(super) detail: String,
}

impl Trouble {
    pub(super) fn transient(detail: impl Into<String>) -> Self {
        Self { class: Class::Transient, detail: detail.into() }
    }

    pub(super) fn fault(self, target: &Target<'_>, operation: &'static str) -> Fault {
        let code = match self.class {
            Class::Transient => Code::StoreUnavailable,
            Class::Throttled => Code::StoreThrottled,
            Class::Permanent => Code::StoreRefused,
        };
        Fault::new(self.class, code, operation, place::name(target), self.detail)
    }
}

/// Which connections a question goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Path {
    /// Those that locating and erasing use.
    Usual,
    /// Others, which cannot write.
    Apart,
}

/// A foreign key's column, and what the database does by itself to a row when the row that it refers
/// to changes: nothing, or `CASCADE`, `SET NULL`, `SET DEFAULT`.
#[derive(Debug, Clone)]
pub(super) struct ForeignKey {
    pub(super) table: String,
    /// The table and the column that it refers to.
    pub(super) to: (String, String),
    pub(super) on_delete: Option<Action>,
    pub(super) on_update: Option<Action>,
}

/// What a database does by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// The same to the row that refers.
    Cascade,
    /// The row that refers is changed, and refers to nothing or to something else.
    Set,
}

/// A database.
#[async_trait]
pub(super) trait Database: Send + Sync {
    /// How it is spoken to.
    fn dialect(&self) -> &Dialect;

    /// A table's columns, in any order; empty if there is no such table.
    async fn columns(&self, table: &str) -> Result<Vec<String>, Trouble>;

    /// The sets of columns whose values no two rows of the table share.
    async fn unique(&self, table: &str) -> Result<Vec<Vec<String>>, Trouble>;

    /// The foreign keys of all tables that do something to their own rows.
    async fn foreign_keys(&self) -> Result<Vec<ForeignKey>, Trouble>;

    /// Asks one question.
    async fn read(&self, path: Path, question: &Statement) -> Result<Vec<Row>, Trouble>;

    /// Asks one question, whose answer is of one moment, and gives the rows on as they come: few are held at
    /// once. What is left when no more are wanted is not read.
    async fn stream(&self, question: &Statement, take: &mut Taker<'_>) -> Result<(), Trouble>;

    /// Asks one question, and reads no more of its rows once they are so many bytes: one at least. Whether
    /// that are all.
    async fn some(&self, question: &Statement, most: usize) -> Result<(Vec<Row>, bool), Trouble>;

    /// Runs the changes, asks the questions, and commits, in one transaction; the answers' first
    /// cells, as numbers, one a question.
    async fn settle(&self, changes: &[Statement], questions: &[Statement]) -> Result<Vec<u64>, Trouble>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: FieldKind, text: &str, expect: &Bind) {
        assert!(&Bind::of(kind, text) == expect, "{text}");
    }

    #[test]
    fn a_number_is_bound_as_the_number_that_it_is() {
        let text = |text: &str| Bind::Text(Personal::new(text));
        check(FieldKind::Number, "7", &Bind::Integer(7));
        check(FieldKind::Number, "007", &Bind::Integer(7));
        check(FieldKind::Number, "-9223372036854775808", &Bind::Integer(i64::MIN));
        check(FieldKind::Number, "7.5", &Bind::Real(7.5));
        check(FieldKind::Number, "0.30000000000000004", &Bind::Real(0.1 + 0.2));
        // No double is this number, and its nearest one may be somebody else's.
        check(FieldKind::Number, "9223372036854775809", &text("9223372036854775809"));
        check(FieldKind::Number, "7 OR 1=1", &text("7 OR 1=1"));
        check(FieldKind::Text, "7", &text("7"));
    }

    #[test]
    fn another_case_is_meant_and_another_value_is_not() {
        assert!(is_meant(FieldKind::Text, "Ann@Example.com", "ann@example.com"));
        assert!(!is_meant(FieldKind::Text, "ann", "anne"));
        assert!(is_meant(FieldKind::Number, "7", "7.0"));
        assert!(!is_meant(FieldKind::Number, "7", "8"));
    }
}
