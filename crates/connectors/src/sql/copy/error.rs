//! Why a database is not copied.

use std::fmt;

use super::schema::Definition;

/// Why a database is not copied. It has names of tables and columns in it, and no values.
#[derive(Debug, PartialEq, Eq)]
pub enum CopyError {
    /// What is there cannot be read, and why.
    Unread(String),
    /// The copy cannot be written, and why.
    Unwritten(String),
    /// Somebody wanted no more of it.
    Stopped,
    /// Texts are in another encoding than UTF-8.
    Encoding,
    /// A definition that the copy does not take, by the name of what it defines, and why.
    Definition(String, String),
    /// What values became breaks a rule of a table or an index: its name, which rule, and what to write instead.
    Refused(String, String, &'static str),
    /// What a table computes of its values cannot be computed of what they became.
    Computed(String),
    /// Rows refer to what is not there, though they did before: from, to, how many.
    Dangling(String, String, u64),
}

impl fmt::Display for CopyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unread(why) => write!(f, "the database cannot be read: {why}"),
            Self::Unwritten(why) => write!(f, "the copy cannot be written: {why}"),
            Self::Stopped => f.write_str("it was stopped"),
            Self::Encoding => f.write_str(
                "the database's texts are in another encoding than UTF-8: copy it into one that is in UTF-8 first (sqlite3 OLD .dump | \
                 sqlite3 NEW)",
            ),
            Self::Definition(name, why) => write!(f, "the definition of {name} cannot be copied: {why}"),
            Self::Refused(name, rule, instead) => {
                write!(f, "what values became breaks a rule of {name}: {rule}. {instead}")
            }
            Self::Computed(name) => write!(
                f,
                "{name} computes something of its values (a column, a CHECK, an index) that cannot be computed of what they became, or needs \
                 a function that is not known here: `keep` or `empty` what it is computed of"
            ),
            Self::Dangling(from, to, rows) => write!(
                f,
                "references from {from} to {to} that led somewhere lead nowhere in the copy ({rows}): values that the database takes for the \
                 same are written in two ways, in other letters perhaps, or as `text` of columns with two names, of which one says what the \
                 number is. A `token` of a `kind` that does not tell them apart helps, or `keep`"
            ),
        }
    }
}

impl std::error::Error for CopyError {}

/// `SQLITE_ERROR`: whatever has no code of its own.
const ERROR: u32 = 1;
/// `SQLITE_CONSTRAINT`: a rule of a table.
const CONSTRAINT: u32 = 19;
/// `SQLITE_MISMATCH`: a text where the key is a whole number.
const MISMATCH: u32 = 20;
/// `SQLITE_CONSTRAINT_CHECK`, `_NOTNULL`, `_DATATYPE`; of the others that rows can break each wants values that differ.
const CHECK: u32 = 275;
const NOT_NULL: u32 = 1299;
const DATATYPE: u32 = 3091;

/// What to write where values became what a rule does not take.
fn instead(error: &sqlx::Error) -> &'static str {
    match code(error) {
        Some(CHECK) => {
            "It asks for values of a form: `keep` what it is about, or `empty` it where it may be null (or write a `number`, where any will do)"
        }
        Some(NOT_NULL) => "It may not be null: write something else than `empty`",
        Some(DATATYPE | MISMATCH) => {
            "Only values of the column's form may stand there: write `number` for numbers, `token` for texts and bytes, or `keep` or `empty`"
        }
        _ => {
            "Values have to differ there: write `token` or `number`, and of no `kind` where they differ in spelling alone"
        }
    }
}

fn code(error: &sqlx::Error) -> Option<u32> {
    let sqlx::Error::Database(answer) = error else { return None };
    answer.code()?.parse().ok()
}

fn message(error: &sqlx::Error) -> String {
    let message = error.as_database_error().map(|answer| answer.message().to_owned());
    message.unwrap_or_default()
}

impl CopyError {
    pub(super) fn unread(error: &sqlx::Error) -> Self {
        Self::Unread(words(error))
    }

    pub(super) fn unwritten(error: &sqlx::Error) -> Self {
        Self::Unwritten(words(error))
    }

    /// Rows that were not written. The messages that are kept are made of the definition alone.
    pub(super) fn of_rows(table: &str, error: &sqlx::Error) -> Self {
        match code(error).map(|code| code & 0xff) {
            Some(CONSTRAINT | MISMATCH) => Self::Refused(table.to_owned(), message(error), instead(error)),
            Some(ERROR) => Self::Computed(table.to_owned()),
            _ => Self::Unwritten(format!("{table}: {}", words(error))),
        }
    }

    /// What was not defined. An index reads the rows, which are there already: what it says can quote them.
    pub(super) fn of_definition(made: &Definition, error: &sqlx::Error) -> Self {
        let name = made.name.clone();
        match (code(error).map(|code| code & 0xff), &made.indexes) {
            (Some(CONSTRAINT), _) => Self::Refused(name, message(error), instead(error)),
            (Some(ERROR), Some(table)) => Self::Computed(table.clone()),
            (Some(ERROR), None) => Self::Definition(name, message(error)),
            _ => Self::Unwritten(format!("{name}: {}", words(error))),
        }
    }
}

/// A message could quote a value, so a code is said in words of ours.
fn words(error: &sqlx::Error) -> String {
    let said = match (code(error), error) {
        (Some(776), _) => "a change was broken off: open it once with the program that it belongs to",
        (Some(1544 | 8), _) => {
            "its folder cannot be written, which a database with a write-ahead log needs: copy a backup of it"
        }
        (Some(code), _) => match code & 0xff {
            5 | 6 => "somebody else has it locked",
            11 => "it is damaged",
            13 => "the disk is full",
            14 => "it cannot be opened",
            26 => "it is no SQLite database",
            _ => return format!("SQLite's code {code}"),
        },
        (None, sqlx::Error::Io(error)) => return error.kind().to_string(),
        (None, _) => "no answer",
    };
    said.to_owned()
}
