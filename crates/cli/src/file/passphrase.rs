//! A passphrase from a file: never from the command line, where every user of the machine reads it.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use domain::Personal;
use zeroize::Zeroizing;

use super::open_to_others;
use crate::ending::Usage;

/// The longest, in bytes: more is no passphrase but some other file.
const MOST: usize = 1_024;

/// The passphrase in a file that nobody else may read: its only line.
pub fn read(path: &Path) -> Result<Personal, Usage> {
    let complaint = |what: &str| Usage(format!("--passphrase-file {}: {what}", path.display()));
    let unread = |error: std::io::Error| complaint(&error.to_string());
    let file = File::open(path).map_err(unread)?;
    if let Some(mode) = open_to_others(&file).map_err(unread)? {
        return Err(complaint(&format!(
            "other users can read it (mode {mode:04o}), so nothing was sent.\nIf they had no time to, `chmod \
             600` it; otherwise write another passphrase."
        )));
    }
    // The most that a line and its end may have, and one byte more to see that it goes on.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MOST + 3));
    let most = u64::try_from(MOST + 3).unwrap_or(u64::MAX);
    file.take(most).read_to_end(&mut bytes).map_err(unread)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| complaint("it is no text"))?;
    parse(text).map_err(complaint)
}

/// A line without its end.
pub fn parse(text: &str) -> Result<Personal, &'static str> {
    let line = text.strip_suffix('\n').unwrap_or(text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() {
        return Err("it holds no passphrase.\nWrite the passphrase into it, on one line.");
    }
    if line.len() > MOST {
        return Err("it is too long for a passphrase: write one of at most 1,024 bytes.");
    }
    if line.chars().any(char::is_control) {
        return Err(
            "it has several lines, or characters that cannot be typed.\nWrite the passphrase alone into \
                    it, on one line.",
        );
    }
    // Nobody sees it, and whoever types it to open the package leaves it out.
    if line.trim() != line {
        return Err("the passphrase begins or ends with a blank, which nobody sees.\nRemove it.");
    }
    Ok(Personal::new(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passphrase_is_one_line() {
        fn check(text: &str, expect: Option<&str>) {
            assert_eq!(parse(text).ok().as_ref().map(Personal::expose), expect, "{text:?}");
        }
        check("correct horse battery\n", Some("correct horse battery"));
        check("correct horse battery\r\n", Some("correct horse battery"));
        check("Zoë und 日本", Some("Zoë und 日本"));
        check("", None);
        check("\n", None);
        check("one\ntwo\n", None);
        check("one\n\n", None);
        check("a\tb", None);
        check(" one", None);
        check("one \n", None);
        check(&"x".repeat(1_024), Some(&"x".repeat(1_024)));
        check(&"x".repeat(1_025), None);
    }
}
