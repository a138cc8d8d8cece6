//! What is announced when a request ends, or when its package is ready.
//!
//! A webhook carries the header `Lacuna-Signature: t=<unix seconds>,v1=<hex>` where the signature is
//! HMAC-SHA-256 over `<t>.<body>` under the tenant's webhook key. Receivers compare it in constant
//! time and refuse a `t` more than five minutes away.

use aws_lc_rs::hmac;
use domain::Status;
use domain::request::RequestType;
use domain::{RequestId, StoreId, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::api::StoreView;

/// The header's name.
pub const SIGNATURE_HEADER: &str = "Lacuna-Signature";

/// The announcement. Names the request, never the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// The same however often it is delivered: what a receiver removes doubles by.
    pub id: String,
    /// Whose request.
    pub tenant: TenantId,
    /// The request.
    pub request_id: RequestId,
    /// What was asked for.
    #[serde(rename = "type")]
    pub kind: RequestType,
    /// How it ended; or `ready`.
    pub status: Status,
    /// When.
    pub closed_at: Option<Timestamp>,
    /// Where a package is ready: until when it can be fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// A reason code, where it was denied.
    pub reason: Option<String>,
    /// The stores of which nothing proves that nothing is left there, as two officers accepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unproven: Vec<StoreId>,
    /// What happened in each store.
    pub stores: Vec<StoreView>,
}

/// The value of the signature header for a body.
pub fn sign(key: &[u8], at: Timestamp, body: &[u8]) -> String {
    let t = at.as_second();
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    context.update(format!("{t}.").as_bytes());
    context.update(body);
    format!("t={t},v1={}", hex::encode(context.sign()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_over_time_and_body() {
        // HMAC-SHA-256("key", "0.body"), computed with Python's hmac.
        let got = sign(b"key", Timestamp::UNIX_EPOCH, b"body");
        assert_eq!(got, "t=0,v1=e0af04d5c83b24373ff89f540d0c8fd9a4e097e2b3ee8318ab5541047697626d");
    }
}
