//! Sealing for the tenant's services: what each operation of `/v1/vault` means, without a server.
//!
//! It is a front door of its own, in a function of its own: nothing else opens a tenant's key for
//! fields, and the steps that shred only look whether a person's is there. [`answer`] takes a call whose
//! caller is known, and always has an answer; none says what was sealed, as what, or about whom, except
//! that `decrypt` says what it opened. While the key
//! service is away nothing is sealed: there is no other way than through a key.
//!
//! [`rotate_keys`] is what a schedule does with the same keys.

mod decrypt;
mod encrypt;
mod keys;
mod object;
pub mod rotate_keys;
#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;

use domain::access::Action;
use ports::{Catalogs, Clock, Entropy, KeyAdmin, Keyring, Tenants};

use crate::api::refusal::{self, Refusal};
use crate::api::routes::{self, Route, route};
use crate::api::{Answer, Call};

/// What the vault needs.
pub struct Ports {
    /// The tenants' settings.
    pub tenants: Arc<dyn Tenants>,
    /// The catalogs: by what a person can be known.
    pub catalogs: Arc<dyn Catalogs>,
    /// The keys.
    pub keyring: Arc<dyn Keyring>,
    /// Their rotation.
    pub key_admin: Arc<dyn KeyAdmin>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Salts.
    pub entropy: Arc<dyn Entropy>,
}

/// An operation. Its name is the `operationId` of `infra/openapi.yaml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// Seals bytes.
    EncryptData,
    /// Opens what was sealed.
    DecryptData,
    /// Makes the next version of a key.
    RotateKey,
    /// Shows the keys, and how old they are.
    ListKeys,
}

impl Endpoint {
    /// The operation's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EncryptData => "EncryptData",
            Self::DecryptData => "DecryptData",
            Self::RotateKey => "RotateKey",
            Self::ListKeys => "ListKeys",
        }
    }

    /// What the caller's role must allow.
    pub fn action(self) -> Action {
        match self {
            Self::EncryptData => Action::Seal,
            Self::DecryptData => Action::Unseal,
            Self::RotateKey => Action::RotateKeys,
            Self::ListKeys => Action::ReadKeys,
        }
    }

    /// What became of a call that failed on our side and may be tried again, and what to do.
    fn again(self) -> &'static str {
        match self {
            Self::EncryptData => "so nothing was sealed. Send the same again.",
            Self::DecryptData => "so nothing was opened. Send the same again.",
            // Sent again, it would make one version more.
            Self::RotateKey => {
                "so it is not known whether the key was rotated. `GET /v1/vault/status` says it; send this \
                 again if it was not."
            }
            Self::ListKeys => "so there is no answer. Send the same again.",
        }
    }
}

/// Every operation.
pub const ROUTES: [Route<Endpoint>; 4] = [
    route("POST", "/v1/vault/encrypt", Endpoint::EncryptData),
    route("POST", "/v1/vault/decrypt", Endpoint::DecryptData),
    route("POST", "/v1/vault/rotate", Endpoint::RotateKey),
    route("GET", "/v1/vault/status", Endpoint::ListKeys),
];

/// Answers a call.
pub async fn answer(ports: &Ports, call: &Call) -> Answer {
    let endpoint = match routes::find(&ROUTES, &call.method, &call.resource) {
        Ok(endpoint) => endpoint,
        Err(refusal) => return refusal.into(),
    };
    match handle(ports, call, endpoint).await {
        Ok(answer) => answer,
        Err(Refusal::Step(error)) => refusal::failed(error, endpoint.again()),
        Err(refusal) => refusal.into(),
    }
}

async fn handle(ports: &Ports, call: &Call, endpoint: Endpoint) -> Result<Answer, Refusal> {
    if !call.principal.role.may(endpoint.action()) {
        return Err(refusal::forbidden(endpoint.action()).into());
    }
    match endpoint {
        Endpoint::EncryptData => encrypt::encrypt(ports, call).await,
        Endpoint::DecryptData => decrypt::decrypt(ports, call).await,
        Endpoint::RotateKey => keys::rotate(ports, call).await,
        Endpoint::ListKeys => keys::status(ports, call).await,
    }
}
