//! `write-audit`: chain committed events, each exactly once (G5).

use std::collections::BTreeMap;
use std::sync::Arc;

use audit::Block;
use domain::TenantId;
use domain::event::{Event, EventKind};
use ports::{AuditLog, Class, Code, Fault};

use crate::error::StepError;

/// How often a block is built anew when another writer took its place.
const TRIES: u32 = 10;

/// What the step needs.
pub struct Ports {
    /// The audit table.
    pub audit_log: Arc<dyn AuditLog>,
}

/// Runs the step on a batch of the stream, in its order. Doing it twice adds nothing.
pub async fn run(ports: &Ports, events: Vec<Event>) -> Result<(), StepError> {
    let mut by_tenant: BTreeMap<TenantId, Vec<Event>> = BTreeMap::new();
    for event in events {
        by_tenant.entry(event.tenant.clone()).or_default().push(event);
    }
    for (tenant, events) in by_tenant {
        chain(ports, &tenant, events).await?;
    }
    Ok(())
}

async fn chain(ports: &Ports, tenant: &TenantId, events: Vec<Event>) -> Result<(), StepError> {
    let mut rest = events;
    let mut tries = 0;
    loop {
        rest = ports.audit_log.unchained(tenant, &rest).await?;
        let head = ports.audit_log.head(tenant).await?;
        let Some(block) = Block::after(&head, tenant, &rest, legal_basis) else {
            return Ok(());
        };
        if !ports.audit_log.append(&block).await? {
            tries += 1;
            if tries >= TRIES {
                let detail = "other writers were first ten times";
                let operation = "append";
                return Err(Fault::new(
                    Class::Throttled,
                    Code::ControlUnavailable,
                    operation,
                    "audit",
                    detail,
                )
                .into());
            }
        }
    }
}

/// What the processing that an event reports rests on.
fn legal_basis(event: &Event) -> String {
    match event.kind {
        EventKind::HoldPlaced | EventKind::HoldReleased => "GDPR Art. 17(3)",
        _ => "GDPR Art. 5(2)",
    }
    .to_owned()
}
