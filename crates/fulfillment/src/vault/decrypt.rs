//! `POST /v1/vault/decrypt`: opens what was sealed.

use contract::problem::Problem;
use contract::vault::{Decrypt, MOST_PLAINTEXT, Opened};
use ports::KeyScope;
use vault::{DataKey, Header, Material, VaultError};

use super::Ports;
use super::object::{Bytes, CONTEXT, MOST_BODY, Object, SUBJECT, Want};
use crate::api::body::{self, Shape, anything, needed};
use crate::api::refusal::Refusal;
use crate::api::{Answer, Call};
use crate::error::StepError;

const SHAPE: Shape =
    Shape::Object(&[CONTEXT, needed("sealed", Shape::Text("a text in base64", anything)), SUBJECT]);

/// Answers the call.
pub(super) async fn decrypt(ports: &Ports, call: &Call) -> Result<Answer, Refusal> {
    let body: Decrypt = body::read_within(&call.body, &SHAPE, MOST_BODY)?;
    let mut errors = Vec::new();
    let most = MOST_PLAINTEXT + vault::overhead();
    let sealed = Bytes::decode(body.sealed, "sealed", most, &mut errors)?;
    let object = Object::of((ports, call), Want::Open, body.context, body.subject.as_ref(), errors).await?;
    let header = Header::read(sealed.expose()).map_err(closed)?;
    let version = header.key_version();
    let key = if header.is_whole() {
        ports.keyring.open_version(&object.scope, version).await?
    } else {
        // Which version it asks for was perhaps changed with the rest: no key is looked for because of that.
        // The one in force is, for nothing, so that a changed byte costs as much here as behind the header.
        ports.keyring.open(&object.scope).await?;
        None
    };
    let found = key.is_some();
    let key = key.unwrap_or_else(|| stand_in(ports, version));
    match vault::open(&key, &object.context(), sealed.expose()).map(Bytes::new) {
        Ok(plain) => Ok(Answer::json(200, &Opened { plaintext: plain.encode() })?),
        Err(VaultError::KeyVersion) if !found => Err(no_such_key(ports, &object.scope, version).await?),
        Err(error) => Err(closed(error)),
    }
}

/// A key that opens nothing and has another version, for one that there is not or that is not asked for by
/// what is whole: so all of what was sent is looked at as ever, and what is wrong with it comes before what is wrong with
/// the key. That a key was looked for and is not there can be told by the time that looking took.
fn stand_in(ports: &Ports, version: u32) -> DataKey {
    DataKey::new(&Material::new(ports.entropy.bytes()), version ^ 1)
}

/// What a sealed thing asks for a key that is not there.
async fn no_such_key(ports: &Ports, scope: &KeyScope, version: u32) -> Result<Refusal, StepError> {
    // Only a person's key is ever destroyed, and what comes after it has a higher version.
    let present = match scope {
        KeyScope::Subject(..) => ports.keyring.open(scope).await?.map_or(u32::MAX, |key| key.version()),
        _ => 0,
    };
    if version >= present {
        return Ok(closed(VaultError::KeyVersion));
    }
    let detail = "Nothing was opened. There is no such key of this person any more, or there never was: what was \
                  sealed under the key of a person who was erased cannot be opened again, by anybody.";
    Ok(Problem::key_destroyed(detail).into())
}

/// Why something does not open. Nothing of it was released.
fn closed(error: VaultError) -> Refusal {
    let (code, why) = match error {
        VaultError::Truncated => ("truncated", "Its end is missing. Send all of what was sealed."),
        VaultError::NotSealed => ("not-sealed", "It does not begin as sealed data does."),
        VaultError::Version => (
            "version",
            "It has a version or a shape that is not opened here: files are opened by `lacuna vault decrypt`.",
        ),
        VaultError::OtherKey => (
            "other-key",
            "It was sealed under another key: another tenant's, or another `subject`'s, or with or without a \
             `subject` where now it is the other way.",
        ),
        VaultError::KeyVersion => (
            "key-version",
            "There is no such version of the key: it was sealed by another tenant, for another `subject`, or by \
             another deployment.",
        ),
        VaultError::OtherContext => {
            ("other-context", "It was sealed as something else: send the `context` that it was sealed with.")
        }
        VaultError::Altered => ("altered", "It was changed after it was sealed. Look for another copy."),
        VaultError::Trailing => ("trailing", "Something follows its end. Send what was sealed, and no more."),
        VaultError::KeyLength
        | VaultError::Reordered
        | VaultError::Spliced
        | VaultError::TooLong
        | VaultError::Refused => {
            return StepError::broken("open", "the cryptographic library refused").into();
        }
    };
    Problem::sealed_data(format!("Nothing was opened. {why}")).coded(code).into()
}
