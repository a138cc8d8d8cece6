//! What a database is made of.

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _};

use super::CopyError;
use super::single::is_single;

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: TableKind,
    /// The columns that rows are written with: not those that are computed.
    pub columns: Vec<Column>,
    /// What it refers to.
    pub references: Vec<Reference>,
    /// Whether values have to differ in what is computed of them: an index on an expression, a column that is computed.
    pub computed_key: bool,
    /// By what name each row's number is known, if the table counts them in no column.
    pub row_number: Option<&'static str>,
}

/// What a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableKind {
    /// It has rows of its own.
    Plain,
    /// A module of the database answers for it, from tables of its own or from elsewhere: a full-text index. Its rows are not copied.
    Virtual,
    /// A module that is not known here does, or keeps its rows in it. It cannot be made.
    Unknown,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Whether it may not be null.
    pub needed: bool,
    /// Whether it is part of what no two rows share: the table's key, or another one.
    pub key: bool,
    /// What it holds, by its declaration.
    pub form: Form,
}

/// What a column holds, by its declaration (SQLite's affinity).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Whole numbers; or other ones, where a strict table takes no text.
    Integer,
    /// Other numbers, dates, truth values, bytes.
    Other,
    /// Texts, or anything.
    Text,
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The table that it refers to.
    pub table: String,
    /// Each column of its own, and the one that it refers to there.
    pub columns: Vec<(String, String)>,
}

/// The definitions of a database, in the order in which they are to be made.
pub(super) struct Schema {
    /// Of tables.
    pub(super) made_first: Vec<Definition>,
    /// Of what is made when the rows are there: indexes, views, triggers.
    pub(super) made_last: Vec<Definition>,
}

/// What makes something.
pub(super) struct Definition {
    /// Its name.
    pub(super) name: String,
    /// One statement.
    pub(super) sql: String,
    /// The table whose rows it reads, if it is an index.
    pub(super) indexes: Option<String>,
}

/// An identifier. In double quotes a column that is not there would be a text; in brackets none can have a bracket.
pub(super) fn quoted(name: &str) -> String {
    if name.contains(']') { format!("\"{}\"", name.replace('"', "\"\"")) } else { format!("[{name}]") }
}

pub(super) type Read<T> = Result<T, CopyError>;

pub(super) async fn rows(
    connection: &mut SqliteConnection,
    question: &str,
    about: Option<&str>,
) -> Result<Vec<SqliteRow>, sqlx::Error> {
    let mut query = sqlx::query(AssertSqlSafe(question)).persistent(false);
    if let Some(about) = about {
        query = query.bind(about.to_owned());
    }
    query.fetch_all(connection).await
}

async fn ask(connection: &mut SqliteConnection, question: &str, about: Option<&str>) -> Read<Vec<SqliteRow>> {
    rows(connection, question, about).await.map_err(|error| CopyError::unread(&error))
}

pub(super) fn get<'r, T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>>(
    row: &'r SqliteRow,
    at: usize,
) -> Read<T> {
    row.try_get(at).map_err(|error| CopyError::unread(&error))
}

fn single(name: &str, sql: &str) -> Read<()> {
    if is_single(sql) {
        return Ok(());
    }
    let why = "it is not one statement, or has a parameter, a control character or a byte order mark in it";
    Err(CopyError::Definition(name.to_owned(), why.to_owned()))
}

/// Reads all of them.
pub(super) async fn read(connection: &mut SqliteConnection) -> Read<(Vec<Table>, Schema)> {
    let encoding = ask(connection, "SELECT encoding = 'UTF-8' FROM pragma_encoding", None).await?;
    if !encoding.first().map(|row| get::<bool>(row, 0)).transpose()?.unwrap_or(false) {
        return Err(CopyError::Encoding);
    }
    // The database's own tables are left out: it makes them itself, and its statistics have values of columns in them.
    let question = "SELECT m.name, m.sql, l.type \
        FROM sqlite_schema AS m JOIN pragma_table_list AS l ON l.schema = 'main' AND l.name = m.name \
        WHERE m.type = 'table' AND m.sql IS NOT NULL AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY m.rowid";
    let mut found = Vec::new();
    for row in ask(connection, question, None).await? {
        let (name, sql): (String, String) = (get(&row, 0)?, get(&row, 1)?);
        single(&name, &sql)?;
        found.push((name, sql, get::<String>(&row, 2)?));
    }
    // Some virtual tables take their columns from a plain one, which has to be there before.
    let of = |kind: &'static str| {
        found.iter().filter(move |(_, _, other)| other == kind).map(|(_, sql, _)| sql.as_str())
    };
    let made = made_by_modules(of("table").chain(of("virtual"))).await?;
    let modules: Vec<_> =
        found.iter().filter(|(_, _, kind)| kind == "virtual").map(|(name, _, _)| name.clone()).collect();
    let (mut tables, mut made_first) = (Vec::new(), Vec::new());
    for (name, sql, kind) in found {
        let kind = match kind.as_str() {
            "virtual" if made.contains(&name) => TableKind::Virtual,
            "virtual" => TableKind::Unknown,
            // A virtual table makes it. One that only has the name of such a table is a plain one.
            "shadow" if made.contains(&name) => continue,
            // What one keeps that cannot be made: words of an index, in a form that nobody searches.
            "shadow" if owner(&modules, &name).is_some_and(|owner| !made.contains(owner)) => {
                TableKind::Unknown
            }
            _ => TableKind::Plain,
        };
        tables.push(table(connection, &name, kind).await?);
        if kind != TableKind::Unknown {
            made_first.push(Definition { name, sql, indexes: None });
        }
    }
    let question = "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE type <> 'table' AND sql IS NOT NULL \
        ORDER BY CASE type WHEN 'index' THEN 0 WHEN 'view' THEN 1 ELSE 2 END, rowid";
    let mut made_last = Vec::new();
    for row in ask(connection, question, None).await? {
        let (kind, name, table): (String, String, String) = (get(&row, 0)?, get(&row, 1)?, get(&row, 2)?);
        let sql: String = get(&row, 3)?;
        single(&name, &sql)?;
        let is_left_out =
            |other: &Table| other.kind == TableKind::Unknown && other.name.eq_ignore_ascii_case(&table);
        if tables.iter().any(is_left_out) {
            continue;
        }
        let indexes = (kind == "index").then_some(table);
        made_last.push(Definition { name, sql, indexes });
    }
    Ok((tables, Schema { made_first, made_last }))
}

/// The virtual table that such a table has its name of.
fn owner<'m>(modules: &'m [String], name: &str) -> Option<&'m String> {
    let is_owner = |module: &&String| {
        let begin = name.get(..module.len()).unwrap_or_default();
        begin.eq_ignore_ascii_case(module) && name.as_bytes().get(module.len()) == Some(&b'_')
    };
    modules.iter().filter(is_owner).max_by_key(|module| module.len())
}

/// The virtual tables that can be made here, and the tables that are made with them.
async fn made_by_modules<'d>(definitions: impl Iterator<Item = &'d str>) -> Read<Vec<String>> {
    let options = SqliteConnectOptions::new().in_memory(true).disable_statement_logging();
    let unread = |error: sqlx::Error| CopyError::unread(&error);
    let mut memory = SqliteConnection::connect_with(&options).await.map_err(unread)?;
    for sql in definitions {
        // One that cannot be made is not listed.
        let _ = sqlx::query(AssertSqlSafe(sql)).persistent(false).execute(&mut memory).await;
    }
    let made = ask(&mut memory, "SELECT name FROM sqlite_schema WHERE type = 'table'", None).await?;
    made.iter().map(|row| get(row, 0)).collect()
}

async fn table(connection: &mut SqliteConnection, name: &str, kind: TableKind) -> Read<Table> {
    let mut table = Table {
        name: name.to_owned(),
        kind,
        columns: Vec::new(),
        references: Vec::new(),
        computed_key: false,
        row_number: None,
    };
    if kind != TableKind::Plain {
        return Ok(table);
    }
    // A REAL of a strict table takes numbers and nothing else.
    let question = "SELECT name, [notnull] OR pk > 0, pk > 0, \
            iif(upper(type) = 'REAL' AND (SELECT strict FROM pragma_table_list(?1) WHERE schema = 'main'), 'INT', upper(type)), hidden \
        FROM pragma_table_xinfo(?1) WHERE hidden IN (0, 2, 3) ORDER BY cid";
    let mut computed = Vec::new();
    for row in ask(connection, question, Some(name)).await? {
        let column = Column {
            name: get(&row, 0)?,
            needed: get(&row, 1)?,
            key: get(&row, 2)?,
            form: form(&get::<String>(&row, 3)?),
        };
        match get::<i64>(&row, 4)? {
            0 => table.columns.push(column),
            _ => computed.push(column.name),
        }
    }
    let is_free = |name: &&str| {
        let columns = table.columns.iter().map(|column| &column.name).chain(&computed);
        !columns.into_iter().any(|column| column.eq_ignore_ascii_case(name))
    };
    if counts_rows(connection, name).await? {
        table.row_number = ROW_NUMBER.into_iter().find(is_free);
    }
    // An index over an expression has no column's name.
    let question =
        "SELECT i.name FROM pragma_index_list(?1) AS l, pragma_index_info(l.name) AS i WHERE l.[unique] = 1";
    for row in ask(connection, question, Some(name)).await? {
        let column: Option<String> = get(&row, 0)?;
        match column.as_ref().and_then(|name| table.columns.iter_mut().find(|column| column.name == *name)) {
            Some(column) => column.key = true,
            None => table.computed_key |= column.is_none_or(|name| computed.contains(&name)),
        }
    }
    // A foreign key that names no column refers to the primary key.
    let question = "SELECT f.id, f.[table], f.[from], \
        coalesce(f.[to], (SELECT i.name FROM pragma_table_info(f.[table]) AS i WHERE i.pk = f.seq + 1), '') \
        FROM pragma_foreign_key_list(?1) AS f ORDER BY f.id, f.seq";
    for row in ask(connection, question, Some(name)).await? {
        let at = usize::try_from(get::<i64>(&row, 0)?).unwrap_or(0);
        if at >= table.references.len() {
            table.references.push(Reference { table: get(&row, 1)?, columns: Vec::new() });
        }
        if let Some(reference) = table.references.get_mut(at) {
            reference.columns.push((get(&row, 2)?, get(&row, 3)?));
        }
    }
    Ok(table)
}

/// By what name a row's number is known, unless a column has it: SQLite, "ROWIDs and the INTEGER PRIMARY KEY".
const ROW_NUMBER: [&str; 3] = ["rowid", "_rowid_", "oid"];

/// Whether its rows have a number that is in none of its columns. Of a key `INTEGER … DESC` it is said that they have not, though they have:
/// then they are counted anew.
async fn counts_rows(connection: &mut SqliteConnection, name: &str) -> Read<bool> {
    let question = "SELECT NOT wr AND NOT (SELECT count(*) = 1 AND max(upper(type)) = 'INTEGER' FROM pragma_table_info(?1) WHERE pk > 0) \
        FROM pragma_table_list(?1) WHERE schema = 'main'";
    let rows = ask(connection, question, Some(name)).await?;
    Ok(rows.first().map(|row| get::<bool>(row, 0)).transpose()?.unwrap_or(false))
}

/// The copy of a table that was asked never to give out a number twice (AUTOINCREMENT) knows which one was the last.
pub(super) async fn count_on(
    source: &mut SqliteConnection,
    target: &mut SqliteConnection,
    table: &str,
) -> Read<()> {
    let counts = "SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence' AND type = 'table'";
    if ask(source, counts, None).await?.is_empty() || ask(target, counts, None).await?.is_empty() {
        return Ok(());
    }
    let last =
        ask(source, "SELECT CAST(seq AS INTEGER) FROM sqlite_sequence WHERE name = ?1", Some(table)).await?;
    let Some(last) = last.first().map(|row| get::<i64>(row, 0)).transpose()? else { return Ok(()) };
    for statement in [
        "DELETE FROM sqlite_sequence WHERE name = ?1",
        "INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)",
    ] {
        let query = sqlx::query(statement).persistent(false).bind(table.to_owned()).bind(last);
        query.execute(&mut *target).await.map_err(|error| CopyError::unwritten(&error))?;
    }
    Ok(())
}

/// SQLite, "Datatypes", 3.1: which form a declaration has.
fn form(declared: &str) -> Form {
    let has = |words: &[&str]| words.iter().any(|word| declared.contains(word));
    if has(&["INT"]) {
        Form::Integer
    } else if declared.is_empty() || declared == "ANY" || has(&["CHAR", "CLOB", "TEXT"]) {
        Form::Text
    } else {
        Form::Other
    }
}

/// The numbers by which programs know the form of a database.
pub(super) async fn marks(connection: &mut SqliteConnection) -> Read<Vec<String>> {
    let mut marks = Vec::new();
    for mark in ["user_version", "application_id"] {
        let rows = ask(connection, &format!("PRAGMA {mark}"), None).await?;
        let value: i64 = rows.first().map(|row| get(row, 0)).transpose()?.unwrap_or(0);
        marks.push(format!("PRAGMA {mark} = {value}"));
    }
    Ok(marks)
}
