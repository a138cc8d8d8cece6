//! Whom a package is encrypted for, in the age format (<https://age-encryption.org/v1>).

use age::secrecy::{ExposeSecret, SecretString};
use domain::Personal;

use crate::error::Error;
use crate::sink::Out;

/// scrypt's work factor: N is 2 to this, r is 8 and p is 1, so it takes 2^15 KiB = 32 MiB, once for each
/// package, at its beginning: no byte of it waits to be sent yet. age's own choice takes about 256 MiB, three times
/// what all of packaging takes. What is lost against a guesser, a factor of eight, is three bits: the shortest
/// allowed passphrase is what counts, so it is twelve characters.
const WORK_FACTOR: u8 = 15;

/// The fewest characters of a passphrase.
const SHORTEST: usize = 12;

/// The length of a recipient: `age1`, 52 characters of key and 6 of checksum.
const LENGTH: usize = 62;

/// The characters of Bech32 (BIP 173).
const BECH32: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// Why a text is no recipient. The text is not repeated; its places count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecipientError {
    /// It does not begin as a recipient does.
    #[error("an age recipient begins with age1")]
    Prefix,
    /// It is the key that opens.
    #[error(
        "this is a secret key, which nobody else may see: make a new pair, and give the recipient that begins with age1"
    )]
    SecretKey,
    /// It is a recipient of another sort: a plugin's, or a hybrid one.
    #[error("this sort of age recipient is not supported: only X25519 ones are, age1 and 58 characters")]
    OtherSort,
    /// It is cut off, or has too much.
    #[error("an age recipient has {LENGTH} characters, and this has {0}")]
    Length(usize),
    /// A character cannot be there.
    #[error("character {0} cannot be in an age recipient")]
    Character(usize),
    /// The checksum does not fit: something is mistyped.
    #[error("the checksum is wrong: at least one character is not as it was")]
    Checksum,
    /// Too easy to guess.
    #[error("a passphrase has at least {SHORTEST} characters, and this has {0}")]
    Short(usize),
}

enum Kind {
    Key(age::x25519::Recipient),
    Passphrase(SecretString),
}

/// Whom a package is encrypted for. It cannot be printed.
pub struct Recipient(Kind);

impl Recipient {
    /// Reads a recipient, `age1...`. Spaces around it do not count.
    pub fn parse(text: &str) -> Result<Self, RecipientError> {
        let text = text.trim();
        if text.get(..15).is_some_and(|start| start.eq_ignore_ascii_case("AGE-SECRET-KEY-")) {
            return Err(RecipientError::SecretKey);
        }
        let Some(rest) = text.strip_prefix("age1") else { return Err(RecipientError::Prefix) };
        // In Bech32 a `1` ends the prefix, and no digit 1 comes after the last.
        if rest.contains('1')
            && rest.chars().all(|c| c == '1' || c.is_ascii_lowercase() || c.is_ascii_digit())
        {
            return Err(RecipientError::OtherSort);
        }
        if let Some(place) = rest.chars().position(|c| !BECH32.contains(c)) {
            return Err(RecipientError::Character(place + 5));
        }
        if text.len() != LENGTH {
            return Err(RecipientError::Length(text.len()));
        }
        text.parse().map(|key| Self(Kind::Key(key))).map_err(|_| RecipientError::Checksum)
    }

    /// A passphrase. Whoever gets the package must know it already: it is in no message and no record.
    pub fn passphrase(text: &Personal) -> Result<Self, RecipientError> {
        let length = text.expose().chars().count();
        if length < SHORTEST {
            return Err(RecipientError::Short(length));
        }
        Ok(Self(Kind::Passphrase(SecretString::from(text.expose().to_owned()))))
    }

    /// Writes age's header, and encrypts from there on.
    pub(crate) fn wrap(&self, out: Out) -> Result<age::stream::StreamWriter<Out>, Error> {
        let wrapped = match &self.0 {
            Kind::Key(key) => age::Encryptor::with_recipients(std::iter::once(key as &dyn age::Recipient)),
            Kind::Passphrase(text) => {
                let mut scrypt =
                    age::scrypt::Recipient::new(SecretString::from(text.expose_secret().to_owned()));
                scrypt.set_work_factor(WORK_FACTOR);
                age::Encryptor::with_recipients(std::iter::once(&scrypt as &dyn age::Recipient))
            }
        };
        wrapped.map_err(|_| Error::Recipient)?.wrap_output(out).map_err(|_| Error::Recipient)
    }
}

impl std::fmt::Debug for Recipient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[recipient]")
    }
}
