//! What a file begins with: its own key, sealed by the API, or the stream at once.

use std::io::{self, Read};

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::vault::{FILE_MAGIC, FILE_VERSION, KeyName, Opened, Sealed};
use vault::{Material, VaultError};
use zeroize::Zeroizing;

use super::Name;
use crate::api::{Api, Call, Refusal, UnwrapKey, WrapKey};
use crate::ending::Advice;

const FORM: &str =
    "the API's answer is not of the form that this version of lacuna knows; nothing was written";

/// What every stream begins with.
pub const STREAM: [u8; 4] = *b"LCNV";

/// How a file begins.
#[derive(Debug, PartialEq, Eq)]
pub enum Start {
    /// With its key, as the API sealed it. The stream follows.
    Key(Vec<u8>),
    /// With these bytes, which are the stream's own.
    Stream([u8; 4]),
}

/// Reads how a file begins, and no byte more.
pub fn start(from: &mut impl Read) -> io::Result<Start> {
    let magic = take::<4>(from)?;
    if magic != FILE_MAGIC {
        return Ok(Start::Stream(magic));
    }
    let [version, high, low] = take::<3>(from)?;
    if version != FILE_VERSION {
        return Err(VaultError::Version.into());
    }
    let mut sealed = vec![0; usize::from(u16::from_be_bytes([high, low]))];
    from.read_exact(&mut sealed).map_err(cut)?;
    Ok(Start::Key(sealed))
}

fn take<const N: usize>(from: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes).map_err(cut)?;
    Ok(bytes)
}

fn cut(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::UnexpectedEof { VaultError::Truncated.into() } else { error }
}

/// Has a file's key sealed by the API: what the file begins with, and under which key it was sealed.
pub async fn wrap(api: &Api, name: &Name, key: &Material) -> anyhow::Result<(Vec<u8>, KeyName)> {
    let context = name.key();
    let body = WrapKey { context: &context, plaintext: key };
    let answer = api.call(Call::post(["vault", "encrypt"]).with(&body)?.repeatable()).await;
    let answer = answer.map_err(|error| advised(error, "Nothing was written."))?;
    let Sealed { sealed, key } = serde_json::from_str(&answer.body).ok().context(FORM)?;
    let sealed = STANDARD.decode(&sealed).ok().context(FORM)?;
    let length = u16::try_from(sealed.len()).ok().context(FORM)?;
    let start = [&FILE_MAGIC[..], &[FILE_VERSION], &length.to_be_bytes(), &sealed];
    Ok((start.concat(), key))
}

/// Has a file's key opened by the API.
pub async fn unwrap(api: &Api, name: &Name, sealed: &[u8]) -> anyhow::Result<Material> {
    let context = name.key();
    let body = UnwrapKey { context: &context, sealed };
    let answer = api.call(Call::post(["vault", "decrypt"]).with(&body)?.repeatable()).await;
    let answer = answer.map_err(|error| {
        advised(
            error,
            "Nothing was written: the API did not open the key that the file begins with. Is --context the \
             name that it was sealed with, is LACUNA_TOKEN of the same tenant, and is the file's beginning as \
             it was?",
        )
    })?;
    let body = Zeroizing::new(answer.body);
    // What serde stumbles over may be the key: it is not quoted.
    let opened: Opened = serde_json::from_str(&body).ok().context(FORM)?;
    let text = Zeroizing::new(opened.plaintext);
    let bytes = Zeroizing::new(STANDARD.decode(&*text).ok().context(FORM)?);
    Material::from_slice(&bytes).ok().context(
        "what the file begins with is sealed, but it is no file's key: its beginning was replaced.\nGet the \
         file again from where it came. Nothing was written.",
    )
}

/// Says what it means for the file where the API understood the question and said no.
fn advised(error: anyhow::Error, advice: &str) -> anyhow::Error {
    let ours = |refusal: &Refusal| matches!(refusal.status, 400 | 404 | 409 | 410 | 413 | 422);
    if error.downcast_ref().is_some_and(ours) { error.context(Advice(advice.to_owned())) } else { error }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(mut bytes: &[u8], expect: Result<Start, VaultError>, rest: &[u8]) {
        let got = start(&mut bytes);
        let got = got.map_err(|e| e.get_ref().and_then(|e| e.downcast_ref::<VaultError>()).copied());
        assert_eq!(got, expect.map_err(Some));
        assert_eq!(bytes, rest);
    }

    #[test]
    fn a_file_begins_with_its_key_or_with_the_stream() {
        check(b"LCNF\x01\x00\x02abLCNV", Ok(Start::Key(b"ab".to_vec())), b"LCNV");
        check(b"LCNV\x01", Ok(Start::Stream(*b"LCNV")), b"\x01");
        check(b"LCNF\x02\x00\x02ab", Err(VaultError::Version), b"\x00\x02ab".get(2..).unwrap_or_default());
        check(b"LCNF\x01\x00\x02a", Err(VaultError::Truncated), b"");
        check(b"LCN", Err(VaultError::Truncated), b"");
    }
}
