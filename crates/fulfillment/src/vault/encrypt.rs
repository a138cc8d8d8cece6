//! `POST /v1/vault/encrypt`: seals bytes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contract::vault::{Encrypt, KeyName, MOST_PLAINTEXT, Purpose, Sealed};
use ports::KeyScope;
use vault::DataKey;

use super::Ports;
use super::keys::{rotated_every, scope_of};
use super::object::{Bytes, CONTEXT, MOST_BODY, Object, SUBJECT, Want};
use crate::api::body::{self, Shape, anything, needed};
use crate::api::identities::settings;
use crate::api::refusal::Refusal;
use crate::api::{Answer, Call};
use crate::error::StepError;

const SHAPE: Shape =
    Shape::Object(&[CONTEXT, needed("plaintext", Shape::Text("a text in base64", anything)), SUBJECT]);

/// Answers the call.
pub(super) async fn encrypt(ports: &Ports, call: &Call) -> Result<Answer, Refusal> {
    let body: Encrypt = body::read_within(&call.body, &SHAPE, MOST_BODY)?;
    let mut errors = Vec::new();
    let plain = Bytes::decode(body.plaintext, "plaintext", MOST_PLAINTEXT, &mut errors)?;
    let object = Object::of((ports, call), Want::Seal, body.context, body.subject.as_ref(), errors).await?;
    let key = sealing_key(ports, &object.scope).await?;
    let sealed = vault::seal(&key, &object.context(), ports.entropy.bytes(), plain.expose())
        .map_err(|_| StepError::broken("seal", "the cryptographic library refused"))?;
    let name = KeyName { purpose: object.scope.purpose().to_owned(), version: key.version() };
    Ok(Answer::json(200, &Sealed { sealed: STANDARD.encode(sealed), key: name })?)
}

/// The present version of a key, made if there is none.
///
/// A key that rotates is made by its rotation, so that from its first day on it is due when the
/// tenant's settings say so; a keyring knows no settings.
async fn sealing_key(ports: &Ports, scope: &KeyScope) -> Result<DataKey, StepError> {
    if let Some(key) = ports.keyring.open(scope).await? {
        return Ok(key);
    }
    let tenant = scope.tenant();
    let purpose = if scope.rotates() { Purpose::Fields } else { Purpose::Subjects };
    let rotating = scope_of(tenant, purpose);
    if scope.rotates() || ports.keyring.open(&rotating).await?.is_none() {
        let every = rotated_every(&*settings(&*ports.tenants, tenant).await?, purpose)?;
        ports.key_admin.rotate(&rotating, 0, every).await?;
    }
    Ok(ports.keyring.obtain(scope).await?)
}
