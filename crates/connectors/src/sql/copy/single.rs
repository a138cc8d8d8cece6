//! Whether a definition is one statement. A file that somebody else made can have anything in the place of a definition, and all of a
//! text is run.
//!
//! Where words and quotes end is asked as SQLite asks it (its `tokenize.c`): whoever finds another end finds other statements. What it
//! could read in another way than we do is refused; no definition needs it.

/// What a character begins, outside of words.
enum Token {
    /// White space, a comment.
    Nothing,
    Semicolon,
    /// A word of letters.
    Word(String),
    Other,
    /// What no definition needs: a parameter, whose name can have a quote in it; a control character or a byte order mark, which
    /// are white space in one place and none in another.
    Doubtful,
}

/// Whether this is one `CREATE`, and nothing after it. The statements of a trigger are a part of it, up to `; END`.
pub(super) fn is_single(sql: &str) -> bool {
    // SQLite reads no further, and what is prepared of the rest never comes to an end.
    if sql.contains('\0') {
        return false;
    }
    let (mut rest, mut words) = (sql, 0_u32);
    // What it makes, and whether that is a trigger; how it is listed says nothing.
    let mut is_trigger = None;
    // A trigger is closed by its END, anything else by a semicolon or the end of the text.
    let (mut closed, mut after_semicolon) = (false, false);
    while let Some((token, length)) = next(rest) {
        rest = rest.get(length..).unwrap_or_default();
        match token {
            Token::Nothing => continue,
            Token::Doubtful => return false,
            Token::Semicolon if words == 0 => return false,
            Token::Semicolon => {
                closed |= is_trigger != Some(true);
                after_semicolon = true;
                continue;
            }
            // What comes behind the end is another statement.
            _ if closed => return false,
            Token::Word(word) => {
                words += 1;
                let is = |name: &str| word.eq_ignore_ascii_case(name);
                if words == 1 && !is("CREATE") {
                    return false;
                }
                if words > 1 && is_trigger.is_none() && !is("TEMP") && !is("TEMPORARY") {
                    is_trigger = Some(is("TRIGGER"));
                }
                closed = is_trigger == Some(true) && after_semicolon && is("END");
            }
            Token::Other if words == 0 => return false,
            Token::Other => {}
        }
        after_semicolon = false;
    }
    words > 0 && (closed || is_trigger != Some(true))
}

/// The token that begins there, and its length in bytes.
fn next(text: &str) -> Option<(Token, usize)> {
    let first = text.chars().next()?;
    let until = |end: &str, from: usize| {
        text.get(from..).and_then(|rest| rest.find(end)).map_or(text.len(), |at| from + at + end.len())
    };
    Some(match first {
        _ if text.starts_with("--") => (Token::Nothing, until("\n", 2)),
        _ if text.starts_with("/*") => (Token::Nothing, until("*/", 2)),
        // A quote that is doubled ends one and begins another.
        '\'' => (Token::Other, until("'", 1)),
        '"' => (Token::Other, until("\"", 1)),
        '`' => (Token::Other, until("`", 1)),
        '[' => (Token::Other, until("]", 1)),
        ';' => (Token::Semicolon, 1),
        '$' | '@' | '#' | ':' | '?' | '\u{feff}' => (Token::Doubtful, first.len_utf8()),
        first if is_word(first) => {
            let length = text.find(|c| !is_word(c)).unwrap_or(text.len());
            (Token::Word(text.get(..length).unwrap_or_default().to_owned()), length)
        }
        first if first.is_ascii_whitespace() => (Token::Nothing, 1),
        first if first.is_ascii_control() => (Token::Doubtful, 1),
        first => (Token::Other, first.len_utf8()),
    })
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()
}

#[cfg(test)]
mod tests {
    use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
    use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

    use super::*;

    #[test]
    fn one_statement_and_no_more() {
        let check = |sql: &str, expect: bool| assert_eq!(is_single(sql), expect, "{sql}");
        check("CREATE TABLE t (a, b CHECK (b <> ';'), [c;], \"d;\"\"\", `e;`)", true);
        check("create table t (a) ; -- the end\n /* ; */", true);
        check("CREATE TABLE t (a); DROP TABLE u", false);
        check("CREATE TABLE t (a) /* */ ; ATTACH 'x' AS y", false);
        check("CREATE TABLE trigger (a); ATTACH 'x' AS y; DELETE FROM y.z; END", false);
        check("CREATE VIEW trigger AS SELECT 1; DROP TABLE u", false);
        check("ATTACH 'x' AS y", false);
        check("CREATE VIEW v AS SELECT 'it''s; fine'", true);
        check("CREATE VIEW v AS SELECT 'open", true);
        check("", false);
        check("; CREATE TABLE t (a)", false);
    }

    #[test]
    fn what_sqlite_reads_otherwise_is_refused() {
        let check = |sql: &str, expect: bool| assert_eq!(is_single(sql), expect, "{sql:?}");
        let trigger =
            |end: &str| format!("CREATE TRIGGER t AFTER INSERT ON u BEGIN SELECT 1;{end}; SELECT 1; END");
        check(&trigger("\u{feff}END"), false);
        check(&trigger(" \u{b}END"), false);
        check(&trigger(" \u{a0}END"), true);
        check("CREATE TABLE t (a)\0", false);
        check("CREATE TABLE t (a DEFAULT 'x\0')", false);
        check("CREATE VIRTUAL TABLE t USING fts4(a, $x(')); SELECT 1; --')", false);
        check("CREATE VIRTUAL TABLE t USING fts4(a, @x(')); SELECT 1; --')", false);
        check("CREATE TABLE t (a$ DEFAULT 1.5e+3, \"\u{feff}\", '\u{b}@') -- \u{b}?", true);
        check("CREATE TABLE t (\u{e9}\u{200d}a)", true);
        // What is no trigger closes at its first semicolon.
        check("CREATE VIEW v AS SELECT 1; SELECT 2; END", false);
        check("CREATE TEMP VIEW TRIGGER AS SELECT 1; SELECT 2; END", false);
    }

    /// SQLite is asked: what is taken for one statement is one to it, or none at all.
    #[tokio::test]
    async fn sqlite_finds_no_second_statement() {
        const PARTS: &[&str] = &[
            ";", " ", "END", "'", "\"", "`", "[", "]", "(", ")", "--", "/*", "*/", "\n", "$x(", "')", "@",
            "#a", ":", "?", "\u{feff}", "\u{b}", "\u{c}", "\u{e9}", "\u{a0}", "x'", "1.", "e", "SELECT 1",
        ];
        let options = SqliteConnectOptions::new().in_memory(true).disable_statement_logging();
        let mut memory = SqliteConnection::connect_with(&options).await.expect("a database");
        sqlx::raw_sql("CREATE TABLE u (a)").execute(&mut memory).await.expect("a table");
        let mut state = 1_u32;
        let mut part = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            PARTS[usize::try_from(state >> 16).expect("a place") % PARTS.len()]
        };
        let mut taken = 0;
        for round in 0..15_000 {
            let middle: String = (0..=round % 7).map(|_| part()).collect();
            let sql = match round % 3 {
                0 => format!("CREATE TRIGGER t AFTER INSERT ON u BEGIN SELECT 1;{middle};SELECT 1;END"),
                1 => format!("CREATE VIRTUAL TABLE t USING fts4(a,{middle});SELECT 1;--')"),
                _ => format!("CREATE VIEW t AS SELECT 1 {middle};SELECT 1"),
            };
            if !is_single(&sql) {
                continue;
            }
            // What runs at the end says that it did.
            let row = sqlx::raw_sql(AssertSqlSafe(sql.as_str())).fetch_optional(&mut memory).await;
            assert!(!matches!(row, Ok(Some(_))), "{sql:?}");
            taken += 1;
            let undo = "DROP TRIGGER IF EXISTS t; DROP VIEW IF EXISTS t; DROP TABLE IF EXISTS t";
            for statement in undo.split(';') {
                // There is nothing of most of these names, or it is something else.
                let _ = sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut memory).await;
            }
        }
        assert!(taken > 1_000, "{taken}");
    }

    #[test]
    fn a_trigger_has_statements_of_its_own() {
        let check = |sql: &str, expect: bool| assert_eq!(is_single(sql), expect, "{sql}");
        check(
            "CREATE TRIGGER t AFTER INSERT ON u BEGIN SELECT CASE 1 WHEN 1 THEN 2 END; DELETE FROM v; END",
            true,
        );
        check("CREATE TEMP TRIGGER t AFTER INSERT ON u BEGIN SELECT 1; END;", true);
        check("CREATE TRIGGER t AFTER INSERT ON u BEGIN SELECT 1; END; DELETE FROM v", false);
        check(
            "CREATE TRIGGER t AFTER INSERT ON u BEGIN SELECT 1; END DELETE FROM v; END; DROP TABLE v",
            false,
        );
        check("CREATE TRIGGER t AFTER INSERT ON u BEGIN SELECT 1; DELETE FROM v", false);
        check("CREATE TABLE t (a); DROP TABLE u", false);
    }
}
