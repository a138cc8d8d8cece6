//! The auditors' front door: receipts, checkpoints and exports of the log, without a server.
//!
//! It is a function of its own: it reads the audit table and the evidence, which nothing else behind the API may, and
//! writes nowhere. What it hands out proves itself, so its own word need not be believed.

mod export;
mod pack;
mod receipt;
#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;

use audit::VerifierKey;
use contract::audit::{CheckpointView, KeyView};
use domain::TenantId;
use domain::access::Action;
use ports::{AuditLog, Evidence, Fault, Keyring, Notary, Requests};

use crate::api::refusal::{self, Refusal};
use crate::api::routes::{self, Route, route};
use crate::api::{Answer, Call};
use crate::checkpoints::{Checkpoints, key_of};

/// What the auditors' door needs.
pub struct Ports {
    /// The log.
    pub audit_log: Arc<dyn AuditLog>,
    /// Checkpoints and receipts.
    pub evidence: Arc<dyn Evidence>,
    /// Whose public key it is.
    pub notary: Arc<dyn Notary>,
    /// Whose receipts.
    pub requests: Arc<dyn Requests>,
    /// By what a person is known here, and the salts of receipts.
    pub keyring: Arc<dyn Keyring>,
    /// What the deployment's logs are called.
    pub log_name: String,
}

/// An operation. Its name is the `operationId` of `infra/openapi.yaml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// Gives a request's receipt.
    GetReceipt,
    /// Gives the salt of a receipt to the person alone.
    GetReceiptSalt,
    /// Says with which key checkpoints are checked.
    GetAuditKey,
    /// Gives the last checkpoint.
    GetCheckpoint,
    /// Gives a part of an export.
    ExportAudit,
    /// Gives the proof that the log has a pack.
    GetPackProof,
}

impl Endpoint {
    /// The operation's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GetReceipt => "GetReceipt",
            Self::GetReceiptSalt => "GetReceiptSalt",
            Self::GetAuditKey => "GetAuditKey",
            Self::GetCheckpoint => "GetCheckpoint",
            Self::ExportAudit => "ExportAudit",
            Self::GetPackProof => "GetPackProof",
        }
    }

    /// What the caller's role must allow.
    pub fn action(self) -> Action {
        match self {
            // What checks a receipt is for whoever may have one.
            Self::GetReceipt | Self::GetAuditKey => Action::Read,
            Self::GetReceiptSalt => Action::ReadSalt,
            Self::GetCheckpoint | Self::ExportAudit | Self::GetPackProof => Action::ReadAudit,
        }
    }
}

/// Every operation.
pub const ROUTES: [Route<Endpoint>; 6] = [
    route("GET", "/v1/requests/{id}/receipt", Endpoint::GetReceipt),
    route("GET", "/v1/requests/{id}/receipt/salt", Endpoint::GetReceiptSalt),
    route("GET", "/v1/audit/key", Endpoint::GetAuditKey),
    route("GET", "/v1/audit/checkpoint", Endpoint::GetCheckpoint),
    route("GET", "/v1/audit/export", Endpoint::ExportAudit),
    route("GET", "/v1/audit/packs/{id}", Endpoint::GetPackProof),
];

/// Answers a call.
pub async fn answer(ports: &Ports, call: &Call) -> Answer {
    match handle(ports, call).await {
        Ok(answer) => answer,
        Err(Refusal::Step(error)) => refusal::failed(error, "so there is no answer. Send the same again."),
        Err(refusal) => refusal.into(),
    }
}

async fn handle(ports: &Ports, call: &Call) -> Result<Answer, Refusal> {
    let endpoint = routes::find(&ROUTES, &call.method, &call.resource)?;
    if !call.principal.role.may(endpoint.action()) {
        return Err(refusal::forbidden(endpoint.action()).into());
    }
    match endpoint {
        Endpoint::GetReceipt => receipt::receipt(ports, call).await,
        Endpoint::GetReceiptSalt => receipt::salt(ports, call).await,
        Endpoint::GetAuditKey => {
            let key = ports.key(call.tenant()).await?.to_string();
            Ok(Answer::json(200, &KeyView { key })?)
        }
        Endpoint::GetCheckpoint => checkpoint(ports, call).await,
        Endpoint::ExportAudit => export::export(ports, call).await,
        Endpoint::GetPackProof => pack::proof(ports, call).await,
    }
}

impl Ports {
    async fn key(&self, tenant: &TenantId) -> Result<VerifierKey, Fault> {
        key_of(&*self.notary, &self.log_name, tenant).await
    }

    fn checkpoints<'a>(&'a self, tenant: &'a TenantId, key: &'a VerifierKey) -> Checkpoints<'a> {
        Checkpoints { evidence: &*self.evidence, tenant, key }
    }
}

async fn checkpoint(ports: &Ports, call: &Call) -> Result<Answer, Refusal> {
    let key = ports.key(call.tenant()).await?;
    let head = ports.audit_log.head(call.tenant()).await?;
    let last = ports.checkpoints(call.tenant(), &key).last(head.seq).await?;
    let last = last.ok_or_else(refusal::not_found)?;
    Ok(Answer::json(200, &CheckpointView { checkpoint: last.note, size: last.size })?)
}
