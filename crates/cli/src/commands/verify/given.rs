//! What proofs are checked with: a key, a checkpoint, a person.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use audit::{Checkpoint, VerifierKey};
use domain::Personal;
use domain::identity::Identity;
use zeroize::Zeroizing;

use crate::args::Given;
use crate::ending::Usage;
use crate::input::Typed;
use crate::world::World;

/// Bytes of a small file at the most: a key, a checkpoint, a salt.
const MOST: u64 = 64 << 10;

const VARIABLE: &str = "LACUNA_AUDIT_KEY";

/// The key: its text, or a file with it.
pub fn key(given: Option<&str>, world: &World) -> Result<VerifierKey, Usage> {
    let set = world.set(VARIABLE);
    let (name, text) = match (given, &set) {
        (Some(text), _) => ("--key", text),
        (None, Some(text)) => (VARIABLE, text.as_str()),
        (None, None) => {
            return Err(Usage(format!(
                "there is no key to check with.\nGive it with --key or in {VARIABLE}: the text \
                 <name>+<hex>+<base64>, or a file with it.\nIt must come to you in another way than the files: \
                 whoever could make them up could make up a key as well."
            )));
        }
    };
    if let Ok(key) = VerifierKey::parse(text) {
        return Ok(key);
    }
    let path = Path::new(text);
    let wrong = |what: &str| Usage(format!("{name}: {what}"));
    if !path.is_file() && text.splitn(3, '+').count() == 3 {
        return Err(wrong(
            "it is no key. One is written <name>+<8 hex digits>+<base64>, on one line, and its digits are computed of the \
             rest: look for a slip in any of them",
        ));
    }
    if !path.is_file() && text.contains('+') {
        return Err(wrong("it is no key: one is written <name>+<8 hex digits>+<base64>, on one line"));
    }
    let neither = |what| {
        Usage(format!(
            "{name} {text}: it is no key's text, and as a file it cannot be read: {what}.\n`lacuna audit key > log.key` \
                 writes one, for whoever may ask the log for it."
        ))
    };
    let read = small(path).map_err(neither)?;
    VerifierKey::parse(&read).map_err(|error| {
        let is_note = read.contains("\n\u{2014} ");
        let what = if is_note {
            "it is a checkpoint, which a key signed, and no key".to_owned()
        } else {
            error.to_string()
        };
        Usage(format!("{name} {text}: {what}"))
    })
}

/// A checkpoint that was seen before, if it is one.
pub fn since(file: &Path, key: &VerifierKey) -> Result<Checkpoint, Usage> {
    let name = file.display();
    let note = small(file).map_err(|what| {
        let advice = "\nIt has to be a checkpoint: `lacuna audit checkpoint --out FILE` writes one.";
        Usage(format!("--since {name}: {what}{}", if file.is_file() { advice } else { "" }))
    })?;
    Checkpoint::open(&note, key).map_err(|error| {
        Usage(format!(
            "--since {name}: {error}.\nNothing was checked: give a checkpoint of this log, as it was signed."
        ))
    })
}

/// The salt and the identity that make up a receipt's mark of a person.
pub type Whose = (Zeroizing<[u8; 32]>, Identity);

/// What was given of a person.
pub fn subject(identity: Given, salt: Personal, typed: &mut Typed<'_>) -> anyhow::Result<Whose> {
    let identity =
        typed.identities([], [identity])?.pop().ok_or(Usage("--identity: write one".to_owned()))?;
    let salt = typed.personal(salt, "salt")?;
    let salt = match salt.expose().strip_prefix('@') {
        Some(file) => {
            let name = Path::new(file).display();
            let read = small(Path::new(file)).map_err(|what| Usage(format!("--salt @{name}: {what}")))?;
            Personal::new(read)
        }
        None => salt,
    };
    let mut bytes = Zeroizing::new([0; 32]);
    hex::decode_to_slice(salt.expose().trim(), bytes.as_mut_slice())
        .map_err(|_| Usage("--salt: write 64 hex digits, or @FILE with them".to_owned()))?;
    Ok((bytes, identity))
}

fn small(path: &Path) -> Result<String, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut text = String::new();
    match file.take(MOST + 1).read_to_string(&mut text) {
        Ok(read) if read as u64 > MOST => Err("it is too long to be what belongs here".to_owned()),
        Ok(_) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => Err("it is no text".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
