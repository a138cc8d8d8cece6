//! Download codes: what opens a package for a person without a login.
//!
//! A code is 256 bits that the export's own key makes of a number. Only its digest and the number are kept:
//! nobody reads a code out of the request, a letter that is sent again has the same one, and with the key all
//! of them are gone.

use domain::export::DownloadToken;
use domain::{Personal, RequestId, TenantId};
use jiff::Timestamp;
use ports::{KeyScope, Keyring};
use vault::PseudonymKey;

use crate::error::StepError;

/// Wrong codes in a row after which the right one opens nothing any more.
pub(crate) const MOST_TRIES: u32 = 10;

/// The codes of one request's packages.
pub(crate) struct Codes(PseudonymKey);

impl Codes {
    pub(crate) async fn of(
        keyring: &dyn Keyring,
        tenant: &TenantId,
        id: &RequestId,
    ) -> Result<Self, StepError> {
        let key = keyring.obtain(&KeyScope::Export(tenant.clone(), id.clone())).await?;
        Ok(Self(PseudonymKey::new(&key, "download-code")?))
    }

    /// The code of a number: 64 hexadecimal digits.
    pub(crate) fn code(&self, number: u32) -> Personal {
        Personal::new(self.0.pseudonym(&[&number.to_string()]))
    }

    /// What is kept of it.
    pub(crate) fn token(&self, number: u32, expires_at: Timestamp) -> DownloadToken {
        let sha256 = vault::sha256_hex(self.code(number).expose().as_bytes());
        DownloadToken { number, sha256, expires_at, tries: 0, uses: 0 }
    }
}

/// Whether a text is the code that this is kept of. Takes as long for whichever text.
pub(crate) fn opens(token: &DownloadToken, code: &Personal) -> bool {
    let given = vault::sha256_hex(code.expose().trim().as_bytes());
    vault::same(given.as_bytes(), token.sha256.as_bytes())
}
