//! Who is calling: tokens, checked.
//!
//! A token is a JWT of an issuer that is registered for the tenant it names. It is checked twice:
//! by the authorizer, before the API is reached at all, and by the API itself, which alone needs
//! the identities in it.

mod claims;
mod keys;

use std::sync::Arc;

use domain::access::Role;
use domain::{Identity, Personal, TenantId};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, Header, Validation};
use ports::{Clock, Fault, Tenants};

use crate::http::Guard;
use claims::Claims;
use keys::KeySets;

/// Characters of a token at the most. API Gateway takes 10 KiB of headers in all.
pub const MOST_CHARACTERS: usize = 8192;

/// Who a token speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The tenant.
    pub tenant: TenantId,
    /// What they may do.
    pub role: Role,
    /// Who they are to their issuer. It may name a person.
    pub sub: Personal,
    /// For a subject: what they are known by, as their issuer has verified it. Never empty for a
    /// subject, always empty for the other roles.
    pub identities: Vec<Identity>,
}

/// Why a token is not accepted. For the log, not for the caller: it would say what to try next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not `Bearer` and a token.
    #[error("no bearer token")]
    Scheme,
    /// Longer than [`MOST_CHARACTERS`].
    #[error("too long")]
    TooLong,
    /// Not a JWT, or one whose algorithm has no name here, as `none` has none.
    #[error("not a signed JWT")]
    Form,
    /// An issuer that is not registered.
    #[error("unknown issuer")]
    Issuer,
    /// An algorithm that the issuer is not registered with, or one with a shared secret.
    #[error("algorithm not accepted")]
    Algorithm,
    /// A header that must be understood, and is not (RFC 7515 section 4.1.11).
    #[error("critical header not understood")]
    Critical,
    /// No key of that id, or a key for something else.
    #[error("no such key")]
    Key,
    /// The signature is not that key's.
    #[error("wrong signature")]
    Signature,
    /// Past its end.
    #[error("expired")]
    Expired,
    /// Before its beginning.
    #[error("not yet valid")]
    NotYet,
    /// For somebody else.
    #[error("wrong audience")]
    Audience,
    /// A tenant that the issuer may not speak for.
    #[error("tenant not the issuer's")]
    Tenant,
    /// No role, or none that exists.
    #[error("no role")]
    Role,
    /// No `sub`, or an unusable one.
    #[error("no subject")]
    Subject,
    /// A subject without an identity that the issuer has verified.
    #[error("no verified identity")]
    Identity,
}

/// Why there is no principal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// The token is not accepted.
    #[error("the token is refused: {0}")]
    Refused(#[from] Refusal),
    /// Whether it is could not be found out.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Checks tokens.
pub struct Verifier {
    tenants: Arc<dyn Tenants>,
    keys: KeySets,
    clock: Arc<dyn Clock>,
}

impl Verifier {
    /// Checks against the issuers of the registry, whose key sets are fetched through the guard.
    pub fn new(tenants: Arc<dyn Tenants>, guard: Guard, clock: Arc<dyn Clock>) -> Self {
        Self { tenants, keys: KeySets::new(guard), clock }
    }

    /// Checks the value of an `Authorization` header.
    pub async fn authorization(&self, header: &str) -> Result<Principal, AuthError> {
        let (scheme, token) = header.split_once(' ').ok_or(Refusal::Scheme)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(Refusal::Scheme.into());
        }
        self.token(token.trim()).await
    }

    /// Checks a token.
    pub async fn token(&self, token: &str) -> Result<Principal, AuthError> {
        if token.len() > MOST_CHARACTERS {
            return Err(Refusal::TooLong.into());
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| Refusal::Form)?;
        if header.crit.is_some() {
            return Err(Refusal::Critical.into());
        }
        // What is read before the signature is checked serves to find the key, and nothing else.
        let unproven = claims::issuer_of(token)?;
        let issuer = self.tenants.issuer(&unproven).await?.ok_or(Refusal::Issuer)?;
        if !accepts(&issuer.algorithms, header.alg) {
            return Err(Refusal::Algorithm.into());
        }
        let now = self.clock.now();
        let kid = header.kid.as_deref().ok_or(Refusal::Key)?;
        let key = self.keys.key(&issuer, kid, now).await?;
        let key = key.ok_or(Refusal::Key)?;
        let claims = proven(token, &header, &key)?;
        Ok(claims.principal(&issuer, now)?)
    }
}

/// Whether an issuer signs with the algorithm, and it is one with a public and a private key. The
/// second does not depend on the first: a registry that lists `HS256` does not make a public key
/// a shared secret.
fn accepts(listed: &[String], algorithm: Algorithm) -> bool {
    algorithm_family(algorithm) != AlgorithmFamily::Hmac
        && listed.iter().any(|name| name.parse() == Ok(algorithm))
}

fn algorithm_family(algorithm: Algorithm) -> AlgorithmFamily {
    use AlgorithmFamily::{Ec, Ed, Hmac, Rsa};
    [Rsa, Ec, Ed].into_iter().find(|family| family.algorithms().contains(&algorithm)).unwrap_or(Hmac)
}

/// Whether a key of the set is one to check signatures of this algorithm with.
fn suits(key: &Jwk, algorithm: Algorithm) -> bool {
    let signs = match (&key.common.public_key_use, &key.common.key_operations) {
        (Some(meant), _) if *meant != PublicKeyUse::Signature => false,
        (_, Some(operations)) => operations.contains(&KeyOperations::Verify),
        _ => true,
    };
    let named = key.common.key_algorithm.is_none_or(|named| named == KeyAlgorithm::from(algorithm));
    let kind = match (&key.algorithm, algorithm) {
        (AlgorithmParameters::EllipticCurve(ec), Algorithm::ES256) => ec.curve == EllipticCurve::P256,
        (AlgorithmParameters::EllipticCurve(ec), Algorithm::ES384) => ec.curve == EllipticCurve::P384,
        (AlgorithmParameters::OctetKeyPair(okp), Algorithm::EdDSA) => okp.curve == EllipticCurve::Ed25519,
        (AlgorithmParameters::RSA(_), other) => algorithm_family(other) == AlgorithmFamily::Rsa,
        _ => false,
    };
    signs && named && kind
}

/// The claims, if the signature is the key's. When they hold is not asked here: the library would
/// ask the machine's clock, and skips a claim that is missing.
fn proven(token: &str, header: &Header, key: &Jwk) -> Result<Claims, Refusal> {
    if !suits(key, header.alg) {
        return Err(Refusal::Key);
    }
    let key = DecodingKey::from_jwk(key).map_err(|_| Refusal::Key)?;
    let mut validation = Validation::new(header.alg);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    jsonwebtoken::decode(token, &key, &validation).map(|decoded| decoded.claims).map_err(|error| match error
        .kind()
    {
        jsonwebtoken::errors::ErrorKind::Json(_) => Refusal::Form,
        _ => Refusal::Signature,
    })
}

#[cfg(test)]
pub(crate) mod tests;
