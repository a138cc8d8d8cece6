//! What a call seals or opens: under which key, as what, and its bytes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contract::api::GivenIdentity;
use contract::problem::{Invalid, Problem};
use contract::vault::MOST_CONTEXT;
use ports::KeyScope;
use vault::Context;
use zeroize::Zeroizing;

use super::Ports;
use crate::api::Call;
use crate::api::body::{Field, Shape, needed, optional};
use crate::api::identities::{Configured, IDENTITY, of_any_type};
use crate::api::refusal::{Refusal, invalid};
use crate::subject::Pseudonymiser;

/// Bytes of a body at the most: 64 KiB in base64, and all that may stand around it.
pub(super) const MOST_BODY: usize = 128 << 10;

/// The members that both bodies have.
pub(super) const CONTEXT: Field = needed("context", Shape::Text("a text of 1 to 512 bytes", is_context));
pub(super) const SUBJECT: Field = optional("subject", Shape::Object(IDENTITY));

/// Only what a request does with a collection of this method destroys a person's key.
const NEVER_DESTROYED: &str = "nothing would ever destroy this person's key, since the catalog has no collection \
                               with `method: shred`: catalog the store that keeps what is sealed with it, or leave \
                               this out";

fn is_context(text: &str) -> bool {
    (1..=MOST_CONTEXT).contains(&text.len())
}

/// Bytes that somebody sent, or that were opened for them. Wiped when dropped; cannot be printed.
pub(super) struct Bytes(Zeroizing<Vec<u8>>);

impl Bytes {
    /// What was opened.
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Decodes a member of the body, of so many bytes at the most.
    pub(super) fn decode(
        text: String,
        member: &'static str,
        most: usize,
        errors: &mut Vec<Invalid>,
    ) -> Result<Self, Problem> {
        let text = Zeroizing::new(text);
        let longest = most.div_ceil(3) * 4;
        let bytes = if text.len() > longest { None } else { Some(STANDARD.decode(text.as_bytes())) };
        match bytes {
            Some(Ok(bytes)) if bytes.len() <= most => Ok(Self::new(bytes)),
            Some(Err(_)) => {
                // The decoder's own message quotes the byte that it stumbled over.
                let detail = "this must be base64, with its padding (RFC 4648, section 4)";
                errors.push(Invalid::new(format!("/{member}"), detail));
                Ok(Self::new(Vec::new()))
            }
            Some(Ok(_)) | None => {
                let detail = format!("this has more than {most} bytes");
                let problem = Problem::too_large(
                    "Nothing was done. What is longer than 64 KiB is sealed as a file, by `lacuna vault encrypt`.",
                );
                Err(problem.with(vec![Invalid::new(format!("/{member}"), detail)]))
            }
        }
    }

    /// The bytes, to seal them, to open them or to answer them; never for a log or an error.
    pub(super) fn expose(&self) -> &[u8] {
        &self.0
    }

    /// In base64.
    pub(super) fn encode(&self) -> String {
        STANDARD.encode(self.expose())
    }
}

/// What an object is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// To seal it: that may make a person's key, which erasing the person must be able to destroy.
    Seal,
    /// To open it: what is there opens, whatever the catalog says by now.
    Open,
}

/// What something is sealed as, and under which key.
pub(super) struct Object {
    /// The key.
    pub(super) scope: KeyScope,
    context: String,
}

impl Object {
    /// What a call names. With a subject the key is that person's own. `errors` is what was found to be
    /// wrong before.
    pub(super) async fn of(
        (ports, call): (&Ports, &Call),
        want: Want,
        context: String,
        subject: Option<&GivenIdentity>,
        mut errors: Vec<Invalid>,
    ) -> Result<Self, Refusal> {
        let tenant = call.tenant();
        let identity = match (subject, want) {
            (None, _) => None,
            (Some(given), Want::Open) => of_any_type(given, "/subject", &mut errors),
            (Some(given), Want::Seal) => {
                let configured = Configured::of(&*ports.tenants, &*ports.catalogs, tenant).await?;
                if !configured.shreds() {
                    errors.push(Invalid::new("/subject", NEVER_DESTROYED));
                }
                configured.check(given, "/subject", &mut errors)
            }
        };
        if !errors.is_empty() {
            return Err(invalid(errors).into());
        }
        let scope = match identity {
            None => KeyScope::Fields(tenant.clone()),
            Some(identity) => {
                let names = Pseudonymiser::of(&*ports.keyring, tenant).await?;
                KeyScope::Subject(tenant.clone(), names.subject(&identity)?)
            }
        };
        Ok(Self { scope, context })
    }

    /// What it is sealed as.
    pub(super) fn context(&self) -> Context<'_> {
        Context { tenant: self.scope.tenant().as_str(), purpose: self.scope.purpose(), object: &self.context }
    }
}
