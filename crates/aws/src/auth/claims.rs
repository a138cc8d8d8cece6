//! What a token claims, and what of it holds.

use contract::settings::Issuer;
use domain::access::Role;
use domain::{Identity, Personal};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::{Principal, Refusal};

/// How far the clocks of an issuer and of this machine may be apart.
const LEEWAY: SignedDuration = SignedDuration::from_secs(30);

/// Identities that one token may bring at the most: as many as one request may name.
const MOST_IDENTITIES: usize = 10;

/// Bytes of an issuer's name and of a `sub` at the most.
const MOST_BYTES: usize = 512;

/// The claims that are looked at. One that is there twice makes the token unreadable.
#[derive(Deserialize)]
pub(super) struct Claims {
    iss: String,
    aud: Option<Audience>,
    exp: Option<f64>,
    nbf: Option<f64>,
    sub: Option<Personal>,
    tenant: Option<String>,
    role: Option<String>,
    verified: Option<bool>,
    identities: Option<Vec<Given>>,
    email: Option<Personal>,
    email_verified: Option<bool>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
struct Given {
    #[serde(rename = "type")]
    kind: String,
    value: Personal,
}

#[derive(Deserialize)]
struct Unproven {
    iss: String,
}

/// The issuer that a token says it is from, before anything of it is proven.
pub(super) fn issuer_of(token: &str) -> Result<String, Refusal> {
    let unproven: Unproven =
        jsonwebtoken::dangerous::insecure_decode_claims(token).map_err(|_| Refusal::Form)?;
    let name = unproven.iss;
    if name.is_empty() || name.len() > MOST_BYTES || name.chars().any(char::is_control) {
        return Err(Refusal::Issuer);
    }
    Ok(name)
}

/// A `NumericDate` (RFC 7519 section 2): seconds since 1970, possibly with a fraction.
fn instant(seconds: f64) -> Option<Timestamp> {
    let since = SignedDuration::try_from_secs_f64(seconds).ok()?;
    Timestamp::UNIX_EPOCH.checked_add(since).ok()
}

impl Claims {
    /// Holds the claims to what the issuer may say, at a time.
    pub(super) fn principal(self, issuer: &Issuer, now: Timestamp) -> Result<Principal, Refusal> {
        if self.iss != issuer.issuer {
            return Err(Refusal::Issuer);
        }
        self.holds_at(now)?;
        let meant = match &self.aud {
            Some(Audience::One(aud)) => *aud == issuer.audience,
            Some(Audience::Many(all)) => all.contains(&issuer.audience),
            None => false,
        };
        if !meant || issuer.audience.is_empty() {
            return Err(Refusal::Audience);
        }
        let tenant = self.tenant.as_deref().and_then(|text| text.parse().ok());
        let tenant = tenant.filter(|tenant| issuer.tenants.contains(tenant)).ok_or(Refusal::Tenant)?;
        let role = self.role.as_deref().and_then(Role::parse);
        let role = role.ok_or(Refusal::Role)?;
        let sub = self.sub.clone().filter(is_subject).ok_or(Refusal::Subject)?;
        let identities = match role {
            Role::Subject => self.verified_identities()?,
            Role::Backend | Role::Officer | Role::Owner | Role::Auditor | Role::Admin => Vec::new(),
        };
        Ok(Principal { tenant, role, sub, identities })
    }

    fn holds_at(&self, now: Timestamp) -> Result<(), Refusal> {
        // A token without an end, or with one that is not a time, has ended.
        let until = self.exp.and_then(instant).ok_or(Refusal::Expired)?;
        if now.duration_since(until) >= LEEWAY {
            return Err(Refusal::Expired);
        }
        if let Some(seconds) = self.nbf {
            let from = instant(seconds).ok_or(Refusal::NotYet)?;
            if from.duration_since(now) > LEEWAY {
                return Err(Refusal::NotYet);
            }
        }
        Ok(())
    }

    /// What the issuer itself says it has verified; an identity that somebody typed into a profile
    /// would let them erase somebody else.
    fn verified_identities(self) -> Result<Vec<Identity>, Refusal> {
        let mut given = Vec::new();
        if self.verified == Some(true) {
            given.extend(self.identities.into_iter().flatten());
        }
        if let (Some(value), Some(true)) = (self.email, self.email_verified) {
            given.push(Given { kind: "email".to_owned(), value });
        }
        let mut identities: Vec<Identity> = Vec::with_capacity(given.len());
        for Given { kind, value } in given {
            let kind = kind.parse().map_err(|_| Refusal::Identity)?;
            let identity = Identity::new(kind, &value).map_err(|_| Refusal::Identity)?;
            if !identities.contains(&identity) {
                identities.push(identity);
            }
        }
        if identities.is_empty() || identities.len() > MOST_IDENTITIES {
            return Err(Refusal::Identity);
        }
        Ok(identities)
    }
}

fn is_subject(sub: &Personal) -> bool {
    let text = sub.expose();
    !text.trim().is_empty() && text.len() <= MOST_BYTES && !text.chars().any(char::is_control)
}
