//! Calls of the API, by somebody who is known.

use domain::Personal;
use domain::access::Role;
use fulfillment::api::{self, Call, Principal};
use serde_json::Value;

use super::stage::Stage;

/// Somebody calls an operation, about a thing if it has an id, with a body if there is one; the answer's status and body.
pub async fn call(
    stage: &Stage,
    (role, sub): (Role, &str),
    (method, resource): (&str, &str),
    id: Option<&str>,
    body: &Value,
) -> (u16, Value) {
    let w = &stage.world;
    let ports = api::Ports {
        requests: w.requests(),
        holds: w.holds(),
        ledger: w.ledger(),
        packs: w.packs(),
        tenants: w.tenants(),
        catalogs: w.catalogs(),
        keyring: w.keyring(),
        staging: w.staging(),
        clock: w.clock(),
        entropy: w.entropy(),
    };
    let principal =
        Principal { tenant: stage.tenant.clone(), role, sub: Personal::new(sub), identities: vec![] };
    let call = Call {
        method: method.into(),
        resource: resource.into(),
        id: id.map(str::to_owned),
        query: [].into(),
        headers: vec![("idempotency-key".into(), "k".into())],
        body: if body.is_null() { vec![] } else { body.to_string().into_bytes() },
        principal,
    };
    let answer = api::answer(&ports, &call).await;
    (answer.status, serde_json::from_str(&answer.body).expect("JSON"))
}
