//! Whether a definition is one statement. A file that somebody else made can have anything in the place of a definition, and all of a
//! text is run.

/// What a character begins, outside of words.
enum Token {
    /// White space, a comment.
    Nothing,
    Semicolon,
    /// A word of letters.
    Word(String),
    Other,
}

/// Whether this is one `CREATE`, and nothing after it. The statements of a trigger are a part of it, up to `; END`.
pub(super) fn is_single(sql: &str, is_trigger: bool) -> bool {
    let (mut rest, mut words) = (sql, 0_u32);
    // A trigger is closed by its END, anything else by a semicolon or the end of the text.
    let (mut closed, mut after_semicolon) = (false, false);
    while let Some((token, length)) = next(rest) {
        rest = rest.get(length..).unwrap_or_default();
        match token {
            Token::Nothing => continue,
            Token::Semicolon if words == 0 => return false,
            Token::Semicolon => {
                closed |= !is_trigger;
                after_semicolon = true;
                continue;
            }
            // What comes behind the end is another statement.
            _ if closed => return false,
            Token::Word(word) => {
                words += 1;
                if words == 1 && !word.eq_ignore_ascii_case("CREATE") {
                    return false;
                }
                closed = is_trigger && after_semicolon && word.eq_ignore_ascii_case("END");
            }
            Token::Other if words == 0 => return false,
            Token::Other => {}
        }
        after_semicolon = false;
    }
    words > 0 && (closed || !is_trigger)
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
        first if is_word(first) => {
            let length = text.find(|c| !is_word(c)).unwrap_or(text.len());
            (Token::Word(text.get(..length).unwrap_or_default().to_owned()), length)
        }
        first if first.is_ascii_whitespace() => (Token::Nothing, 1),
        first => (Token::Other, first.len_utf8()),
    })
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_statement_and_no_more() {
        let check = |sql: &str, expect: bool| assert_eq!(is_single(sql, false), expect, "{sql}");
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
    fn a_trigger_has_statements_of_its_own() {
        let check = |sql: &str, expect: bool| assert_eq!(is_single(sql, true), expect, "{sql}");
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
