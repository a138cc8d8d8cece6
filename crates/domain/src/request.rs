//! A data subject request and what it may become.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock::{Jurisdiction, due_by};
use crate::event::EnterAt;
use crate::export::Export;
use crate::ids::{Generation, Pseudonym, ReplayId, RequestId, StoreId, TenantId};
use crate::recheck::Recheck;
use crate::status::{IllegalTransition, Status};
use crate::task::{Operation, Task};

/// What a person asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RequestType {
    /// Erase what is held about the person (GDPR Art. 17, Cal. Civ. Code 1798.105).
    Erasure,
    /// Give the person what is held about them (GDPR Art. 15, Cal. Civ. Code 1798.110).
    Access,
    /// Give it in a form that others can read (GDPR Art. 20, Cal. Civ. Code 1798.130(a)(3)(B)(iii)).
    Portability,
}

impl RequestType {
    /// As it is written in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Erasure => "erasure",
            Self::Access => "access",
            Self::Portability => "portability",
        }
    }

    /// Every type.
    pub const ALL: [Self; 3] = [Self::Erasure, Self::Access, Self::Portability];

    /// Whether it changes anything in the stores.
    pub fn erases(self) -> bool {
        self == Self::Erasure
    }
}

/// How the person was verified by whoever submitted the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// `token` (the person's own verified claims), or what the backend did: `session`, `email`, ...
    pub method: String,
    /// When.
    pub at: Timestamp,
    /// The backend's own record of it, by a keyed hash: the reference could name the person.
    pub reference: Pseudonym,
}

/// Something that a sanction source wants kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// The source that said so.
    pub source: String,
    /// The stores it concerns; empty means those of `categories`.
    #[serde(default)]
    pub stores: Vec<StoreId>,
    /// The data categories it concerns.
    #[serde(default)]
    pub categories: Vec<String>,
    /// A reason code.
    pub reason: String,
    /// Until when, if the source knows.
    pub until: Option<Timestamp>,
}

/// Why a request stopped, and how it goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// Where it re-enters when it is resumed.
    pub enter_at: EnterAt,
    /// The state in which it stopped.
    pub state: String,
    /// The store in question, if there is one.
    pub store: Option<StoreId>,
    /// The operator's code, with a page under `docs/errors/`.
    pub code: String,
    /// What happened, for the operator. Ids only, never an identity.
    pub detail: String,
    /// Whether it may mend by itself: then the sweeper tries again.
    pub transient: bool,
}

/// A privacy officer accepted that nothing proves what some stores did not find.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedRisk {
    /// Who, as the audit names them.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// A reason code.
    pub reason: String,
    /// The stores that were unproven then: it counts for no other.
    pub stores: Vec<StoreId>,
}

/// How many different officers must accept a risk.
const OFFICERS: usize = 2;

/// The sealed plan that is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanRef {
    /// Its object key.
    pub object: String,
    /// SHA-256 of the sealed bytes, in hex.
    pub sha256: String,
}

/// What a request that Lacuna itself made goes back to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The request by which the person was erased at first.
    pub request: RequestId,
    /// The replay that found them in a restored store. `None`: they were met in a store that was not restored, and
    /// may have come back by themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<ReplayId>,
    /// The store that was restored, in which alone the replay erases them: what stands there is the backup's. What is
    /// elsewhere may belong to somebody who came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreId>,
}

impl Origin {
    /// The restored store to which a replay limits the erasure. There the person is erased as the backup has brought them
    /// back: nobody waits for them to think better of it.
    pub fn only_in(&self) -> Option<&StoreId> {
        self.replay.as_ref().and(self.store.as_ref())
    }
}

/// How much of what a request erased is in the ledger, while it is being closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledgered {
    /// When it was begun: what is written counts as erased then.
    pub at: Timestamp,
    /// Pages of the plan that were gone through.
    pub pages: u32,
    /// Marks that were written.
    pub marks: u64,
}

/// What the receipt of an ended request names the person by, as long as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptSalt {
    /// Until when it is kept; longer while the request's stores are still to be read again. Up to a day later than was
    /// promised, so that what ended together does not come due together ([`crate::recheck::due_at`]).
    pub until: Timestamp,
    /// When it was destroyed: whose the receipt is can be shown by nobody any more, nor guessed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destroyed_at: Option<Timestamp>,
}

/// A request. Holds no personal data: the person is in the sealed plan, and here by pseudonym only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Request {
    /// Whose request it is.
    pub tenant: TenantId,
    /// Its id.
    pub id: RequestId,
    /// What is asked.
    #[serde(rename = "type")]
    pub kind: RequestType,
    /// Where it is.
    pub status: Status,
    /// The law whose clock runs.
    pub jurisdiction: Jurisdiction,
    /// When it was taken in.
    pub received_at: Timestamp,
    /// The last moment of the legal term.
    pub due_by: Timestamp,
    /// When it ended.
    pub closed_at: Option<Timestamp>,
    /// The execution that may write.
    pub generation: Generation,
    /// How many events it has: the number of the last one.
    pub events: u32,
    /// When the sweeper looks after it, if nothing else happened. `None`: nobody will.
    pub progress_by: Option<Timestamp>,
    /// How the person was verified.
    pub verification: Option<Verification>,
    /// The identities that were given, by pseudonym.
    pub subject: Vec<Pseudonym>,
    /// The identity keys that are locked for it, by pseudonym.
    #[serde(default)]
    pub locks: Vec<Pseudonym>,
    /// The object that holds the sealed identities that were given.
    pub subject_object: String,
    /// The catalog it was planned with.
    pub catalog_version: String,
    /// The plan in force.
    pub plan: Option<PlanRef>,
    /// When the cooling-off ends; set once, by the first clear answer. Of one that is erased again, when that was begun:
    /// nobody waits for it a second time.
    pub cooling_off_until: Option<Timestamp>,
    /// What sanction sources want kept.
    #[serde(default)]
    pub retentions: Vec<Retention>,
    /// Whether a store was begun: from then on it cannot be cancelled.
    #[serde(default)]
    pub erasing_begun: bool,
    /// The stores whose sealed data goes with the person's keys, once destroying these was begun in the
    /// present pass: whoever wants any of it kept from then on comes too late.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shredded: Vec<StoreId>,
    /// The collections of each store whose records were begun to be deleted or anonymised, in whatever pass: some may be
    /// gone, so that whoever wants any of them kept from then on comes too late.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub touched: BTreeMap<StoreId, BTreeSet<String>>,
    /// Somebody withdrew it.
    #[serde(default)]
    pub cancel_requested: bool,
    /// A sanction source denied it: the reason code.
    pub denied: Option<String>,
    /// Until when somebody objects, while it is held.
    #[serde(default)]
    pub held_until: Option<Timestamp>,
    /// The lock that it queues behind, while it waits.
    #[serde(default)]
    pub waits_for: Option<Pseudonym>,
    /// The planning pass under way or last made.
    #[serde(default)]
    pub pass: u32,
    /// How often residue was found after erasing.
    #[serde(default)]
    pub residue_rounds: u32,
    /// How often it was parked for something transient since it last made progress.
    #[serde(default)]
    pub attempts: u32,
    /// Why it stopped, while it is parked.
    pub parked: Option<Parked>,
    /// The stores whose searches found nobody and did not find their control either, when that was looked at
    /// last: that nothing is left there is unproven.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unproven: Vec<StoreId>,
    /// Who accepted that, each officer once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted_risks: Vec<AcceptedRisk>,
    /// Whether the outcome was announced.
    #[serde(default)]
    pub announced: bool,
    /// What it exports. With an erasure: before anything is erased (G2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export: Option<Export>,
    /// What it goes back to, if Lacuna made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// How much of what it erased is in the ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledgered: Option<Ledgered>,
    /// Reading its stores again after its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recheck: Option<Recheck>,
    /// How often it was opened again, because the person was found, and erased again.
    #[serde(default)]
    pub reopened: u32,
    /// The salt of its receipt, once it has ended; of one that ended in an earlier version nothing is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<ReceiptSalt>,
    /// The last pass of the time before, if it was opened again: what was done until then is not done by it now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reopened_after: Option<u32>,
    /// Whether it was opened again, and no store was begun since. Not so in what an earlier build opened: that counts as
    /// begun, so that what was wanted stays kept.
    #[serde(default)]
    pub not_begun_again: bool,
    /// Whether a wave of some store was begun in the present pass, though perhaps all of it was passed over as kept; or a
    /// store was confirmed in it, where there was nothing to begin.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wave_begun: bool,
}

impl Request {
    /// One that was just received, of which nothing was done. Unless the person was verified it waits for that. Nobody
    /// looks after it yet.
    pub fn received(
        (tenant, id): (TenantId, RequestId),
        kind: RequestType,
        jurisdiction: Jurisdiction,
        verification: Option<Verification>,
        at: Timestamp,
    ) -> Self {
        let verified = verification.is_some();
        Self {
            tenant,
            id,
            kind,
            status: if verified { Status::Accepted } else { Status::AwaitingVerification },
            jurisdiction,
            received_at: at,
            due_by: due_by(jurisdiction, at),
            closed_at: None,
            generation: Generation::FIRST,
            events: 1,
            progress_by: None,
            verification,
            subject: Vec::new(),
            locks: Vec::new(),
            subject_object: String::new(),
            catalog_version: String::new(),
            plan: None,
            cooling_off_until: None,
            retentions: Vec::new(),
            erasing_begun: false,
            shredded: Vec::new(),
            touched: BTreeMap::new(),
            cancel_requested: false,
            denied: None,
            held_until: None,
            waits_for: None,
            pass: 0,
            residue_rounds: 0,
            attempts: 0,
            parked: None,
            unproven: Vec::new(),
            accepted_risks: Vec::new(),
            announced: false,
            export: None,
            origin: None,
            ledgered: None,
            recheck: None,
            reopened: 0,
            salt: None,
            reopened_after: None,
            not_begun_again: false,
            wave_begun: false,
        }
    }

    /// Moves it to another status, if the table allows. Once erasing has begun it does not end as if
    /// nothing had happened.
    pub fn become_status(&mut self, to: Status) -> Result<(), IllegalTransition> {
        let unhappened = matches!(to, Status::Cancelled | Status::Denied | Status::NoMatch);
        if !self.status.may_become(to) || (self.erasing_begun && unhappened) {
            return Err(IllegalTransition { from: self.status, to });
        }
        self.status = to;
        if to != Status::Parked {
            self.parked = None;
        }
        if to != Status::Held {
            self.held_until = None;
        }
        if to != Status::Waiting {
            self.waits_for = None;
        }
        Ok(())
    }

    /// Whether a collection was begun to be erased or anonymised.
    pub fn has_touched(&self, store: &StoreId, collection: &str) -> bool {
        self.touched.get(store).is_some_and(|collections| collections.contains(collection))
    }

    /// Whether a task of the plan is of the present time, and not of one before the request was opened again. Not for
    /// [`Operation::Recheck`](crate::Operation::Recheck), whose tasks count readings.
    pub fn is_of_this_time(&self, task: &Task) -> bool {
        self.reopened_after.is_none_or(|last| task.pass > last)
    }

    /// Whether a store was begun since the request was opened last: who goes first, and what may still be decided anew,
    /// does not hang on what was begun the time before. Asked of the request at hand, where it decides what is committed.
    pub fn has_begun(&self) -> bool {
        self.erasing_begun && !self.not_begun_again
    }

    /// Whether what sources wanted kept stays kept, though they think better of it: some of it may have gone, or was passed
    /// over and is confirmed as kept. Asked of the request at hand, as [`Self::has_begun`] is.
    pub fn keeps_what_was_wanted(&self) -> bool {
        self.has_begun() || self.wave_begun
    }

    /// Those of its tasks that are of the present time ([`Self::is_of_this_time`]), without the readings after an end.
    #[must_use]
    pub fn tasks_of_this_time(&self, tasks: Vec<Task>) -> Vec<Task> {
        let is_ours = |task: &Task| task.op != Operation::Recheck && self.is_of_this_time(task);
        tasks.into_iter().filter(is_ours).collect()
    }

    /// A store is begun, in the change that says so of its task.
    pub fn begin_erasing(&mut self) {
        if !self.has_begun() {
            // What officers accepted before was about finding the person. Reading again is another matter.
            self.accepted_risks.clear();
        }
        (self.erasing_begun, self.not_begun_again) = (true, false);
    }

    /// Whether packages of it are there, to be fetched or to be destroyed.
    pub fn has_packages(&self) -> bool {
        self.export.as_ref().is_some_and(Export::is_there)
    }

    /// Whether its packages are still to be made.
    pub fn is_to_be_exported(&self) -> bool {
        self.export.as_ref().is_some_and(|export| !export.is_there() && !export.is_over())
    }

    /// Those of the unproven stores whose risk has not been accepted by two different officers.
    pub fn not_accepted(&self, unproven: &[StoreId]) -> Vec<StoreId> {
        let is_accepted = |store: &&StoreId| {
            let by: BTreeSet<&str> = self
                .accepted_risks
                .iter()
                .filter(|risk| risk.stores.contains(store))
                .map(|risk| risk.by.as_str())
                .collect();
            by.len() >= OFFICERS
        };
        unproven.iter().filter(|store| !is_accepted(store)).cloned().collect()
    }

    /// Whether it has ended, was announced, and is only read again, or was opened again by that: then the step for it is
    /// the next, and no other.
    pub fn is_rechecked(&self) -> bool {
        let begun = self.status == Status::Reopened || self.is_at_rest();
        begun && self.recheck.as_ref().is_some_and(Recheck::is_open)
    }

    /// When somebody looks after it next, once it has ended and was announced: its stores are read again, and when that is
    /// over the salt of its receipt goes. `None`: nobody any more.
    pub fn rests_until(&self) -> Option<Timestamp> {
        match self.recheck.as_ref().filter(|recheck| recheck.is_open()) {
            Some(recheck) => Some(recheck.at),
            None => self.salt.filter(|salt| salt.destroyed_at.is_none()).map(|salt| salt.until),
        }
    }

    /// Whether the salt of its receipt is to be destroyed by now. Not while its stores are still to be read again: it may
    /// be opened anew by that, and ends with another receipt, by the same salt. That its end could not be announced keeps
    /// nothing, nor that nobody could be told what the reading came to.
    pub fn is_salt_over(&self, now: Timestamp) -> bool {
        let is_over = self.salt.is_some_and(|salt| salt.destroyed_at.is_none() && salt.until <= now);
        is_over && self.status.is_end() && !self.recheck.as_ref().is_some_and(Recheck::may_reopen)
    }

    /// Whether nobody waits for it any more: it has ended, and was announced.
    pub fn is_at_rest(&self) -> bool {
        self.status.is_end() && self.announced
    }

    /// Whether it is one whose stores are read again after its end: something was erased, and nobody wanted less.
    pub fn is_to_be_rechecked(&self) -> bool {
        self.kind.erases() && self.erasing_begun && self.denied.is_none()
    }

    /// The one store in which the person is erased. `None`: in all of them.
    pub fn only_in(&self) -> Option<&StoreId> {
        self.origin.as_ref().and_then(Origin::only_in)
    }

    /// Withdrawn or denied: it will not be erased, or not all of it.
    pub fn is_given_up(&self) -> bool {
        self.cancel_requested || self.denied.is_some()
    }

    /// Whether it can still be withdrawn.
    pub fn can_cancel(&self) -> bool {
        !self.erasing_begun && !self.status.is_end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recheck::Stage;
    use proptest::prelude::*;

    fn request() -> Request {
        let at = Timestamp::UNIX_EPOCH;
        let whose = ("demo".parse().expect("a tenant"), RequestId::new(at, 1));
        Request::received(whose, RequestType::Erasure, Jurisdiction::Eu, None, at)
    }

    /// What one store's officers accepted is nothing to another store, and nobody counts for two.
    #[test]
    fn a_risk_is_accepted_by_two_officers_for_the_stores_that_they_named() {
        let stores = |names: &[&str]| -> Vec<StoreId> {
            names.iter().map(|name| name.parse().expect("a store")).collect()
        };
        let accepted = |by: &str, names: &[&str]| AcceptedRisk {
            by: by.to_owned(),
            at: Timestamp::UNIX_EPOCH,
            reason: "store-retired".to_owned(),
            stores: stores(names),
        };
        let check = |risks: &[AcceptedRisk], expect: &[&str]| {
            let request = Request { accepted_risks: risks.to_vec(), ..request() };
            assert_eq!(request.not_accepted(&stores(&["crm", "shop"])), stores(expect), "{risks:?}");
        };
        check(&[], &["crm", "shop"]);
        check(&[accepted("officer:a", &["crm", "shop"])], &["crm", "shop"]);
        check(&[accepted("officer:a", &["crm"]), accepted("officer:a", &["crm"])], &["crm", "shop"]);
        check(&[accepted("officer:a", &["crm"]), accepted("officer:b", &["crm", "shop"])], &["shop"]);
        check(&[accepted("officer:a", &["crm", "shop"]), accepted("officer:b", &["shop", "crm"])], &[]);
    }

    /// The salt goes when everything else is over: a request that may be opened anew ends by the same one.
    #[test]
    fn a_salt_is_over_when_its_time_is_and_nothing_else_is_to_be_done() {
        let until = Timestamp::UNIX_EPOCH;
        let salt = ReceiptSalt { until, destroyed_at: None };
        let recheck = |stage| Recheck {
            stage,
            at: Timestamp::MAX,
            ended: Status::Fulfilled,
            paper: None,
            reading: 1,
            compared_by: None,
            stores: Vec::new(),
            terms_at: None,
            unproven: 0,
            unpaged: false,
            found: [].into(),
            since: None,
            paged: 0,
            of: String::new(),
            pages: 0,
        };
        let ended = Request { status: Status::Fulfilled, announced: true, salt: Some(salt), ..request() };
        let due = Request { recheck: Some(recheck(Stage::Due)), ..ended.clone() };
        let clear = Request { recheck: Some(recheck(Stage::Clear)), ..ended.clone() };
        let gone = ReceiptSalt { destroyed_at: Some(until), ..salt };
        let check = |request: Request, is_over: bool, rests: Option<Timestamp>| {
            assert_eq!((request.is_salt_over(until), request.rests_until()), (is_over, rests), "{request:?}");
        };
        check(ended.clone(), true, Some(until));
        check(clear, true, Some(until));
        // Nor that the owners of a store could not be paged: somebody comes for that, and it is opened by nobody.
        let unpaged = Recheck { unpaged: true, ..recheck(Stage::NotProven) };
        check(Request { recheck: Some(unpaged), ..ended.clone() }, true, Some(Timestamp::MAX));
        check(due, false, Some(Timestamp::MAX));
        // That nobody could be told keeps it from nothing.
        check(Request { announced: false, ..ended.clone() }, true, Some(until));
        check(Request { status: Status::Parked, ..ended.clone() }, false, Some(until));
        check(Request { salt: Some(gone), ..ended.clone() }, false, None);
        check(Request { salt: None, ..ended.clone() }, false, None);
        let later = until.checked_add(jiff::SignedDuration::from_secs(1)).expect("in time");
        let kept = ReceiptSalt { until: later, ..salt };
        check(Request { salt: Some(kept), ..ended }, false, Some(later));
    }

    proptest! {
        /// Once erasing has begun no walk through the table ends as if nothing had happened, though
        /// somebody may object, or withdraw, on the way.
        #[test]
        fn what_is_partly_erased_is_not_called_untouched(steps in proptest::collection::vec(0usize..16, 0..60)) {
            let mut request = request();
            request.status = Status::Erasing;
            request.erasing_begun = true;
            for step in steps {
                let next = request.status.next();
                let Some(to) = next.get(step % next.len().max(1)) else { break };
                // What the table allows and the request does not is left alone.
                let _ = request.become_status(*to);
                prop_assert!(!matches!(request.status, Status::Cancelled | Status::Denied | Status::NoMatch));
            }
        }
    }
}
