//! The bodies of the API, version 1.

use std::collections::BTreeMap;

use domain::Status;
use domain::catalog::Method;
use domain::clock::Jurisdiction;
use domain::export::Format;
use domain::hold::Hold;
use domain::recheck::{Recheck, Stage};
use domain::request::{AcceptedRisk, Parked, Request, RequestType};
use domain::task::{Operation, Task, TaskStatus};
use domain::{HoldId, Personal, RequestId, StoreId, Tally};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::export::{ExportView, Recipient};

/// `POST /v1/requests`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submit {
    /// What is asked for.
    #[serde(rename = "type")]
    pub kind: RequestType,
    /// Who it is about. A subject leaves it out: their token says who they are.
    pub subject: Option<Subject>,
    /// The law it is asked under.
    pub jurisdiction: Jurisdiction,
    /// How the person was verified, if the caller did it already.
    pub verification: Option<Verification>,
    /// With an erasure: the person gets what is held, and the time to fetch it, before anything is erased.
    pub export_first: Option<bool>,
    /// The form of the files; JSON Lines if it is left out.
    pub format: Option<Format>,
    /// For whom the package is encrypted from end to end.
    pub recipient: Option<Recipient>,
    /// How new a store's data must be: a number or an instant, by store.
    pub min_versions: Option<BTreeMap<String, String>>,
}

/// Who a request is about.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// 1 to 10 identities of one person.
    pub identities: Vec<GivenIdentity>,
}

/// An identity as it is given, not yet checked.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenIdentity {
    /// The type: `email`, `customer_id`, ...
    #[serde(rename = "type")]
    pub kind: String,
    /// The value.
    pub value: Personal,
}

/// How the person was verified.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verification {
    /// What was done: `session`, `email`, `document`, ...
    pub method: String,
    /// When.
    pub at: Timestamp,
    /// The caller's own record of it.
    pub reference: Personal,
}

/// The answer to a submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submitted {
    /// The request.
    pub request_id: RequestId,
    /// Its status.
    pub status: Status,
    /// Where it can be followed.
    pub status_url: String,
    /// The last moment of the legal term.
    pub due_by: Timestamp,
    /// Set when an open request of the same type for the same person was there already.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub duplicate: bool,
}

/// Erased, and not read again yet.
const ERASED: &str = "erased";
/// Read again, and that was the end of it.
const CONFIRMED: &str = "confirmed";
/// Erased, and perhaps read again, and not the end of it yet.
const SETTLING: &str = "settling";

/// One store's part in a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreView {
    /// The store.
    pub store: StoreId,
    /// `locating`, `located`, `suppressed`, `erasing`, `erased`, `settling`, `confirmed`, `failed`, ...
    pub status: String,
    /// Records found.
    pub located: u64,
    /// Records read whole, for an export.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub collected: u64,
    /// Records deleted.
    pub erased: u64,
    /// Records kept, with the person in them replaced.
    pub anonymised: u64,
    /// Records kept for a stated legal reason.
    pub retained: u64,
    /// Records that still name the person, when the store was read again; `null` until then.
    pub residue: Option<u64>,
    /// When the store's control person was found, by the very searches that found nobody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<Timestamp>,
    /// The search, as `collection.field`, that did not find the control: what it did not find is unproven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_missing: Option<String>,
    /// Where keys are destroyed: from when on, at the latest, nobody can open what they sealed. The request
    /// does not end before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub true_from: Option<Timestamp>,
    /// What is kept there, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<Kept>,
}

impl StoreView {
    /// The same at a time. Nothing is erased, or confirmed, before nobody can have a key any more that was
    /// destroyed.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        if [ERASED, CONFIRMED].contains(&self.status.as_str())
            && self.true_from.is_some_and(|from| from > now)
        {
            SETTLING.clone_into(&mut self.status);
        }
        self
    }
}

/// Why records are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The collection.
    pub collection: String,
    /// What is done to it.
    pub method: Method,
    /// Why, for people.
    pub reason: String,
    /// The law, or the sanction source that said so.
    pub law: String,
    /// For how long.
    pub keep_for: Option<String>,
}

/// `GET /v1/requests/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestView {
    /// The request.
    pub request_id: RequestId,
    /// What is asked for.
    #[serde(rename = "type")]
    pub kind: RequestType,
    /// Where it is.
    pub status: Status,
    /// The law it is asked under.
    pub jurisdiction: Jurisdiction,
    /// When it was taken in.
    pub received_at: Timestamp,
    /// The last moment of the legal term.
    pub due_by: Timestamp,
    /// When it ended.
    pub closed_at: Option<Timestamp>,
    /// Until when everything can be undone.
    pub cooling_off_until: Option<Timestamp>,
    /// Somebody withdrew it, and it is being undone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cancelling: bool,
    /// Why it was denied: a reason code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denied: Option<String>,
    /// Why it stopped, and what happens next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parked: Option<ParkedView>,
    /// What the person can fetch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export: Option<ExportView>,
    /// Each store's part.
    pub stores: Vec<StoreView>,
    /// The stores that found nobody and did not find their control person either: nothing proves that nothing is
    /// left there. In the end, those for which two officers accepted that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unproven: Vec<StoreId>,
    /// Who accepted that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted_risks: Vec<AcceptedRiskView>,
    /// Reading the stores again after the end; not there if they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recheck: Option<RecheckView>,
    /// What the counts rest on: `re-read` means that every store was read again after erasing, `control` that
    /// each also found its control person then.
    pub proof: String,
}

/// `POST /v1/requests/{id}/acceptances`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accept {
    /// What is accepted: `unproven`.
    pub risk: String,
    /// A reason code.
    pub reason: String,
}

/// `POST /v1/requests/{id}/resume`. Without a body nothing of it is set.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resume {
    /// The person was found again after the end, and is to be erased again.
    pub erase_again: Option<bool>,
}

/// `POST /v1/requests/{id}/dismiss`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dismiss {
    /// A reason code.
    pub reason: String,
}

/// Reading the stores again after the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecheckView {
    /// How far it is: `due`, `found`, `again`, `erasing`; or the end: `clear`, `not_proven`, `dismissed`.
    pub stage: Stage,
    /// When the stores are read, or were due to be read last.
    pub at: Timestamp,
}

impl RecheckView {
    /// As it is shown; `None` while it is being prepared.
    pub fn of(recheck: &Recheck) -> Option<Self> {
        (recheck.stage != Stage::Filing).then_some(Self { stage: recheck.stage, at: recheck.at })
    }
}

/// An officer accepted that some stores are unproven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedRiskView {
    /// Who, as the timeline names them.
    pub who: String,
    /// When.
    pub at: Timestamp,
    /// A reason code.
    pub reason: String,
    /// The stores that were unproven then.
    pub stores: Vec<StoreId>,
}

impl From<&AcceptedRisk> for AcceptedRiskView {
    fn from(risk: &AcceptedRisk) -> Self {
        let AcceptedRisk { by, at, reason, stores } = risk.clone();
        Self { who: by, at, reason, stores }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Why a request stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedView {
    /// The step.
    pub state: String,
    /// The store.
    pub store: Option<StoreId>,
    /// The store's owner.
    pub owner: Option<String>,
    /// The error's code: `docs/errors/<code>.md` explains it.
    pub code: String,
    /// What happened.
    pub detail: String,
    /// What happens next.
    pub next: String,
    /// When it is tried again by itself.
    pub resumes_at: Option<Timestamp>,
}

/// One line of `GET /v1/requests`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestSummary {
    /// The request.
    pub request_id: RequestId,
    /// What is asked for.
    #[serde(rename = "type")]
    pub kind: RequestType,
    /// Where it is.
    pub status: Status,
    /// The law it is asked under.
    pub jurisdiction: Jurisdiction,
    /// When it was taken in.
    pub received_at: Timestamp,
    /// The last moment of the legal term.
    pub due_by: Timestamp,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct List<T> {
    /// The items.
    pub items: Vec<T>,
    /// What to ask for the next page with; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// One line of a timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineEntry {
    /// Its number.
    pub n: u32,
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub event: String,
    /// Who did it.
    pub who: String,
    /// The status after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// The store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreId>,
    /// How many records of the person, where it is about records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tally: Option<Tally>,
    /// A reason code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Codes, ids and hashes that explain it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub detail: BTreeMap<String, String>,
}

/// `POST /v1/holds`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceHold {
    /// The identity that is held.
    pub identity: GivenIdentity,
    /// A reason code.
    pub reason: String,
    /// When somebody should look whether it is still needed.
    pub review_at: Timestamp,
}

/// A hold, as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldView {
    /// The hold.
    pub hold_id: HoldId,
    /// The type of the identity.
    pub identity_type: String,
    /// A reason code.
    pub reason: String,
    /// When somebody should look at it.
    pub review_at: Timestamp,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// When it was released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_at: Option<Timestamp>,
    /// The stores whose erasure had begun before it was placed.
    #[serde(default)]
    pub too_late_for: Vec<StoreId>,
}

impl From<&Hold> for HoldView {
    fn from(hold: &Hold) -> Self {
        Self {
            hold_id: hold.id.clone(),
            identity_type: hold.identity_type.clone(),
            reason: hold.reason.clone(),
            review_at: hold.review_at,
            placed_at: hold.placed_at,
            released_at: hold.released_at,
            too_late_for: hold.too_late_for.clone(),
        }
    }
}

impl From<&Request> for RequestSummary {
    fn from(request: &Request) -> Self {
        Self {
            request_id: request.id.clone(),
            kind: request.kind,
            status: request.status,
            jurisdiction: request.jurisdiction,
            received_at: request.received_at,
            due_by: request.due_by,
        }
    }
}

/// Puts a store's tasks together into its line.
pub fn store_view(store: &StoreId, tasks: &[Task], kept: Vec<Kept>) -> StoreView {
    let of = |op| tasks.iter().find(|t| t.op == op && &t.store == store);
    let (locate, erase, confirm) = (of(Operation::Locate), of(Operation::Erase), of(Operation::Confirm));
    let collect = of(Operation::Collect);
    let done = |t: Option<&Task>| t.is_some_and(|t| t.status == TaskStatus::Done);
    // What failed before the last thing that was done is mended, or was left out.
    let last = tasks
        .iter()
        .filter(|t| &t.store == store && t.op != Operation::Recheck)
        .max_by_key(|t| (t.pass, t.op));
    let failed = last.is_some_and(|t| t.status == TaskStatus::Failed);
    let status = match () {
        () if failed => "failed",
        () if done(confirm) => CONFIRMED,
        () if confirm.is_some() => "confirming",
        () if done(erase) => ERASED,
        () if erase.is_some() => "erasing",
        () if of(Operation::Restore).is_some() => "restored",
        () if of(Operation::Suppress).is_some() => "suppressed",
        () if done(collect) => "collected",
        () if collect.is_some() => "collecting",
        () if done(locate) => "located",
        () => "locating",
    };
    // What the last reading of the store rests on.
    let proof = confirm.or(locate);
    let settled = erase.map(|t| t.tally).unwrap_or_default();
    StoreView {
        store: store.clone(),
        status: status.to_owned(),
        located: locate.map_or(0, |t| t.tally.located).max(settled.settled()),
        collected: collect.map_or(0, |t| t.tally.collected),
        erased: settled.erased,
        anonymised: settled.anonymised,
        retained: settled.retained,
        residue: confirm.and_then(|t| t.tally.residue),
        control: proof.and_then(|t| t.control).filter(|seen| seen.ways > 0).map(|seen| seen.at),
        control_missing: proof.and_then(|t| t.control_missing.clone()),
        true_from: erase.and_then(|t| t.true_from),
        kept,
    }
}

/// The code of a request in which the person was found again after its end.
pub const FOUND_AGAIN: &str = "person-found-again";

/// Why a request stopped and what happens next, for people.
pub fn parked_view(parked: &Parked, owner: Option<String>, resumes_at: Option<Timestamp>) -> ParkedView {
    let next = match resumes_at {
        _ if parked.code == FOUND_AGAIN => {
            "an officer says what it is: `POST /v1/requests/{id}/resume` with `erase_again` erases it, \
             `POST /v1/requests/{id}/dismiss` leaves it"
        }
        Some(_) => "it is tried again by itself; `POST /v1/requests/{id}/resume` tries it now",
        None => "somebody must mend the cause, then `POST /v1/requests/{id}/resume`",
    };
    ParkedView {
        state: parked.state.clone(),
        store: parked.store.clone(),
        owner,
        code: parked.code.clone(),
        detail: parked.detail.clone(),
        next: next.to_owned(),
        // Then only its owners are paged once more.
        resumes_at: resumes_at.filter(|_| parked.code != FOUND_AGAIN),
    }
}
