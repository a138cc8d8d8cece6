//! What is wrong with a file, and what to do about it. Each kind of damage has its own words: whoever
//! reads them was not there when it happened.

use vault::VaultError;

/// Whose key a file is opened with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Under {
    /// Its own, which it begins with.
    Own,
    /// The one in this file.
    KeyFile(String),
}

const AGAIN: &str = "Get it again from where it came.";

/// What is wrong with the sealed file `from`, and what to change.
pub fn damaged(error: VaultError, from: &str, under: &Under) -> String {
    let (what, change) = match (error, under) {
        (VaultError::Truncated, _) => (
            format!("{from} ends too early: its end was cut off"),
            format!("A copy may have stopped. {AGAIN}"),
        ),
        (VaultError::NotSealed, _) => (
            format!("{from} is not a file that `lacuna vault encrypt` made"),
            "Give the sealed file as it was written: not unpacked, and not turned into text.".to_owned(),
        ),
        (VaultError::Version, _) => (
            format!("{from} has a format that this version of lacuna does not know"),
            "Open it with the version that sealed it, or with a newer one.".to_owned(),
        ),
        (VaultError::OtherKey, Under::KeyFile(key)) => (
            format!("{from} was sealed with another key than the one in {key}"),
            "Give the --key-file that it was sealed with.".to_owned(),
        ),
        (VaultError::OtherKey, Under::Own) => (
            format!("the key that {from} begins with is not the one that it was sealed with"),
            format!("Its beginning is another file's. {AGAIN}"),
        ),
        (VaultError::KeyVersion, _) => (
            format!("{from} asks for a version of its key that no file's key has"),
            "Something else than `lacuna vault encrypt` sealed it: open it with that.".to_owned(),
        ),
        (VaultError::OtherContext, _) => (
            format!("{from} was sealed under another name than this --context"),
            "Give the --context that it was sealed with.".to_owned(),
        ),
        (VaultError::Altered, _) => (format!("{from} was altered after it was sealed"), AGAIN.to_owned()),
        (VaultError::Reordered, _) => {
            (format!("parts of {from} are missing, doubled or out of order"), AGAIN.to_owned())
        }
        (VaultError::Spliced, _) => {
            (format!("{from} has a part in it that is not its own, or is damaged"), AGAIN.to_owned())
        }
        (VaultError::Trailing, _) => (
            format!("something follows the end of {from}"),
            format!("It was appended to, or several files were joined. {AGAIN}"),
        ),
        (VaultError::TooLong, _) => (
            format!("{from} is longer than a sealed file can be, which is 256 TiB"),
            "Seal it in parts.".to_owned(),
        ),
        (VaultError::KeyLength | VaultError::Refused, _) => {
            (format!("{from} cannot be processed: {error}"), "Try it again, on another machine.".to_owned())
        }
    };
    format!("{what}.\n{change}")
}

/// What became of the output of a run that broke off after `done` bytes.
pub fn half(opening: bool, out: Option<&str>, done: u64) -> String {
    match (out, opening) {
        (Some(out), _) => format!("Nothing was written to {out}."),
        (None, _) if done == 0 => "Nothing was written.".to_owned(),
        (None, true) => format!(
            "What was written to standard output so far ({}) is authentic but incomplete: it is only the \
             beginning. Do not use it as the whole.",
            crate::text::count(done, "byte")
        ),
        (None, false) => {
            "What was written to standard output is no whole file, and cannot be opened: throw it away."
                .to_owned()
        }
    }
}
