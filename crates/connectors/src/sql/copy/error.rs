//! Why a database is not copied.

use std::fmt;

/// Why a database is not copied. It has names of tables and columns in it, and no values.
#[derive(Debug, PartialEq, Eq)]
pub enum CopyError {
    /// What is there cannot be read: the database's code.
    Unread(String),
    /// The copy cannot be written: the database's code.
    Unwritten(String),
    /// Texts are in another encoding than UTF-8.
    Encoding,
    /// A definition that the copy does not take, by the name of what it defines.
    Definition(String, String),
    /// What values became breaks a rule of a table or an index: its name, and which rule.
    Refused(String, String),
    /// Rows refer to what is not there, though they did before: from, to, how many.
    Dangling(String, String, u64),
}

impl fmt::Display for CopyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unread(code) => write!(f, "the database cannot be read: {code}"),
            Self::Unwritten(code) => write!(f, "the copy cannot be written: {code}"),
            Self::Encoding => f.write_str(
                "the database's texts are in another encoding than UTF-8: copy it into one that is in UTF-8 first (sqlite3 OLD .dump | sqlite3 NEW)",
            ),
            Self::Definition(name, code) => write!(f, "the definition of {name} cannot be copied: {code}"),
            Self::Refused(name, rule) => write!(
                f,
                "what values became breaks a rule of {name}: {rule}. Where values have to differ, write `token` or `number`; where \
                 only numbers may stand, `number`, `keep` or `empty`"
            ),
            Self::Dangling(from, to, rows) => write!(
                f,
                "{rows} rows of {from} refer to rows of {to} that are not there any more: give both columns one `field`, and the same `what`"
            ),
        }
    }
}

impl std::error::Error for CopyError {}

impl CopyError {
    pub(super) fn unread(error: &sqlx::Error) -> Self {
        Self::Unread(code(error))
    }

    pub(super) fn unwritten(error: &sqlx::Error) -> Self {
        Self::Unwritten(code(error))
    }
}

/// `SQLITE_CONSTRAINT`: a rule of a table.
const CONSTRAINT: u32 = 19;

/// The rule that a row breaks, in the database's words: they are made of the definition alone.
pub(super) fn rule(error: &sqlx::Error) -> Option<String> {
    let sqlx::Error::Database(answer) = error else { return None };
    let code = answer.code()?.parse::<u32>().ok()?;
    (code & 0xff == CONSTRAINT).then(|| answer.message().to_owned())
}

/// No message is kept but that of a definition: others can quote values.
fn code(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(answer) => match answer.code() {
            // SQLITE_NOTADB
            Some(code) if code == "26" => "it is no SQLite database".to_owned(),
            Some(code) => format!("SQLite's code {code}"),
            None => "no code".to_owned(),
        },
        sqlx::Error::Io(error) => error.kind().to_string(),
        _ => "no answer".to_owned(),
    }
}
