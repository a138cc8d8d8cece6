//! Signed notes (<https://c2sp.org/signed-note>), with Ed25519 alone: what standard tools of transparency logs read.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Bytes of a note at the most.
pub const MOST_BYTES: usize = 64 << 10;

/// Signatures of a note at the most.
const MOST_SIGNATURES: usize = 100;

/// The signature type of Ed25519.
const ED25519_TYPE: u8 = 0x01;

/// Why a note, or a key, is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is not a note.
    #[error("it is not a signed note (c2sp.org/signed-note)")]
    Malformed,
    /// None of its signatures is by the key.
    #[error("it is not signed by the given key")]
    Unsigned,
    /// A signature that should be by the key is not.
    #[error("its signature is not the given key's over this text")]
    Forged,
    /// A key does not read.
    #[error("a key is written <name>+<8 hex digits>+<base64>, and is one of Ed25519")]
    Key,
    /// A key's id is not that of its name and its 32 bytes: one of the three was copied wrongly.
    #[error(
        "the 8 hex digits of a key are computed of its name and the rest, and these are not: look for a slip in any of them"
    )]
    KeyId,
}

/// A public key with the name that it signs under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: [u8; 4],
    key: [u8; 32],
}

impl VerifierKey {
    /// The Ed25519 key of this name (RFC 8032). `None`: a name cannot be empty, and has neither white space nor `+`.
    pub fn new(name: &str, key: [u8; 32]) -> Option<Self> {
        let valid =
            !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+');
        let mut input = name.as_bytes().to_vec();
        input.extend([b'\n', ED25519_TYPE]);
        input.extend(key);
        let sum = digest(&SHA256, &input);
        let mut id = [0; 4];
        id.copy_from_slice(&sum.as_ref()[..4]);
        valid.then(|| Self { name: name.to_owned(), id, key })
    }

    /// Reads what [`VerifierKey`] is written as: `<name>+<id>+<key>`.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key);
        };
        let key = STANDARD.decode(key).map_err(|_| NoteError::Key)?;
        let key = match key.split_first() {
            Some((&ED25519_TYPE, key)) => <[u8; 32]>::try_from(key).map_err(|_| NoteError::Key)?,
            _ => return Err(NoteError::Key),
        };
        let read = Self::new(name, key).ok_or(NoteError::Key)?;
        if hex::encode(read.id) == id { Ok(read) } else { Err(NoteError::KeyId) }
    }

    /// Under which name it signs.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key's id, in hex: over the name and the key, so another name or another key has another.
    pub fn id(&self) -> String {
        hex::encode(self.id)
    }

    /// The key's 32 bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.key
    }

    /// The text, signed: the note.
    pub fn note(&self, text: &str, signature: &[u8; 64]) -> String {
        let mut line = self.id.to_vec();
        line.extend(signature);
        format!("{text}\n\u{2014} {} {}\n", self.name, STANDARD.encode(line))
    }

    /// The text of a note, if this key signed it. Signatures of others do not matter.
    pub fn open<'a>(&self, note: &'a str) -> Result<&'a str, NoteError> {
        let (text, lines) = split(note)?;
        let mut own = None;
        for line in lines.lines() {
            let line = line.strip_prefix("\u{2014} ").ok_or(NoteError::Malformed)?;
            let (name, signature) = line.split_once(' ').ok_or(NoteError::Malformed)?;
            let signature = STANDARD.decode(signature).map_err(|_| NoteError::Malformed)?;
            let Some((id, signature)) = signature.split_at_checked(4).filter(|(_, rest)| !rest.is_empty())
            else {
                return Err(NoteError::Malformed);
            };
            if name == self.name && id == self.id && own.is_none() {
                own = Some(signature.to_vec());
            }
        }
        let own = own.ok_or(NoteError::Unsigned)?;
        let key = UnparsedPublicKey::new(&ED25519, &self.key);
        key.verify(text.as_bytes(), &own).map_err(|_| NoteError::Forged)?;
        Ok(text)
    }
}

impl std::fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut key = vec![ED25519_TYPE];
        key.extend(self.key);
        write!(f, "{}+{}+{}", self.name, hex::encode(self.id), STANDARD.encode(key))
    }
}

/// A note's text, with its last line feed, and its signature lines.
fn split(note: &str) -> Result<(&str, &str), NoteError> {
    if note.len() > MOST_BYTES || note.contains(|c: char| c < ' ' && c != '\n') {
        return Err(NoteError::Malformed);
    }
    let at = note.rfind("\n\n").ok_or(NoteError::Malformed)?;
    let (text, lines) = (&note[..=at], &note[at + 2..]);
    if text.len() < 2 || !lines.ends_with('\n') || lines.lines().count() > MOST_SIGNATURES {
        return Err(NoteError::Malformed);
    }
    Ok((text, lines))
}

/// The text of a note that nobody has checked.
pub fn unchecked_text(note: &str) -> Result<&str, NoteError> {
    split(note).map(|(text, _)| text)
}
