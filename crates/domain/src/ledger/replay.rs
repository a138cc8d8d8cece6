//! A restored store, and the replay of the ledger that makes it fit for traffic again.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ids::{Pseudonym, ReplayId, RequestId, StoreId, TenantId};

/// Walks of one replay at the most. Each erases what the one before found; the last one finds nothing.
const MOST_WALKS: u32 = 5;

/// How long a dry run's count is believed.
pub const COUNTED_FOR: SignedDuration = SignedDuration::from_hours(24);

/// How a store stands to its backups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Whose.
    pub tenant: TenantId,
    /// The store.
    pub store: StoreId,
    /// How many events there are about it: the number of the last one.
    pub events: u32,
    /// When somebody said that it was restored.
    pub restored_at: Option<Timestamp>,
    /// The instant whose state it has since then.
    pub taken_at: Option<Timestamp>,
    /// When a replay after that was done.
    pub replayed_at: Option<Timestamp>,
    /// The latest replay that was to change something.
    pub replay: Option<ReplayId>,
    /// The latest dry run of what it is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<ReplayId>,
    /// What that counted, once it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<Counted>,
    /// A mark of nobody, under the key that the store's marks are made with: with another key none of them is found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Pseudonym>,
    /// How far sampling is.
    #[serde(default)]
    pub sampling: Sampling,
}

/// What a dry run counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// When it was done.
    pub at: Timestamp,
    /// The people whom it found.
    pub people: u64,
}

impl Counted {
    /// Whether it says how things are: since then people may have been erased, and have come back.
    pub fn is_recent(&self, now: Timestamp) -> bool {
        now.duration_since(self.at) <= COUNTED_FOR
    }
}

/// How far looking for people who came back is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sampling {
    /// Which of the collections that are walked is at hand.
    pub collection: usize,
    /// Where it goes on in it, sealed.
    pub cursor: Option<String>,
    /// When the last page was looked at.
    pub at: Option<Timestamp>,
}

/// Why a store is not fit for traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// It was restored, and nothing was replayed since.
    NotReplayed,
    /// A replay is under way.
    Replaying,
    /// The last replay failed.
    ReplayFailed,
}

impl Unfit {
    /// As it is written in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotReplayed => "restored-and-not-replayed",
            Self::Replaying => "replay-under-way",
            Self::ReplayFailed => "replay-failed",
        }
    }
}

impl Standing {
    /// A store about which nothing was said.
    pub fn new(tenant: TenantId, store: StoreId) -> Self {
        Self {
            tenant,
            store,
            events: 0,
            restored_at: None,
            taken_at: None,
            replayed_at: None,
            replay: None,
            dry_run: None,
            counted: None,
            check: None,
            sampling: Sampling::default(),
        }
    }

    /// Whether a replay reads what is there now: the store was not restored again since, and no other replay was begun.
    pub fn is_of(&self, replay: &Replay) -> bool {
        let latest = if replay.dry_run { &self.dry_run } else { &self.replay };
        latest.as_ref() == Some(&replay.id)
    }

    /// Whether the restored state was dealt with.
    pub fn is_fit(&self) -> bool {
        self.restored_at.is_none() || self.replayed_at.is_some()
    }

    /// Why it is not fit for traffic, if it is not. `replay` is the latest one, as it is stored.
    pub fn unfit(&self, replay: Option<&Replay>) -> Option<Unfit> {
        if self.is_fit() {
            return None;
        }
        Some(match replay.map(|replay| replay.status) {
            Some(ReplayStatus::Running) => Unfit::Replaying,
            Some(ReplayStatus::Failed) => Unfit::ReplayFailed,
            Some(ReplayStatus::Done) | None => Unfit::NotReplayed,
        })
    }
}

/// How far a replay is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplayStatus {
    /// It walks, or waits for the erasures that it asked for.
    Running,
    /// Nobody who was erased is in the store any more; of a dry run: it was counted.
    Done,
    /// It cannot go on by itself: `why` says more.
    Failed,
}

/// What a walk is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It reads the store.
    Walking,
    /// It counts those it found.
    Counting,
    /// It asks for the erasure of those it found.
    Asking,
    /// It waits until all of these have ended.
    Waiting,
}

impl Phase {
    /// As it is written in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Walking => "walking",
            Self::Counting => "counting",
            Self::Asking => "asking",
            Self::Waiting => "waiting",
        }
    }
}

/// One replay of the ledger into a store. Holds no personal data: the cursor is sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    /// Whose.
    pub tenant: TenantId,
    /// Its id.
    pub id: ReplayId,
    /// The store.
    pub store: StoreId,
    /// The instant whose state the store has: who was erased before it was not brought back. `None`: unknown.
    pub taken_at: Option<Timestamp>,
    /// Whether it only counts.
    pub dry_run: bool,
    /// People whom one walk may find at the most, or it makes no request. Of a dry run: any number.
    #[serde(default)]
    pub most: u64,
    /// Records that it reads in a second, on the average of a minute.
    pub rate: u32,
    /// The catalog that it reads the store by.
    pub catalog_version: String,
    /// Who began it, as the audit names them.
    pub by: String,
    /// When it was begun.
    pub begun_at: Timestamp,
    /// How far it is.
    pub status: ReplayStatus,
    /// Which walk it is, from 1.
    pub walk: u32,
    /// What this walk is at.
    pub phase: Phase,
    /// Up to whom the erasures of this walk were asked for, or have ended.
    pub at_found: Option<Found>,
    /// Which of the collections that are walked is at hand.
    pub collection: usize,
    /// Where it goes on in it, sealed.
    pub cursor: Option<String>,
    /// Up to whom those of the page at the cursor were noted, if the time was up before the last of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noted: Option<RequestId>,
    /// Whether it came by the control's record in the collection at hand.
    #[serde(default)]
    pub control_seen: bool,
    /// People whom this walk found, as far as they are counted.
    #[serde(default)]
    pub people: u64,
    /// Records that this walk left where they are: a source wanted them kept, or denied it, when their erasure was asked for.
    #[serde(default)]
    pub left: u64,
    /// People whom it asked to be erased and whose erasure a source denied, in all walks.
    #[serde(default)]
    pub denied: u64,
    /// Records that were read, in all walks.
    pub walked: u64,
    /// Records of people who were erased, in all walks.
    pub found: u64,
    /// Erasures that were asked for, in all walks; of a dry run: those that would be.
    pub requests: u64,
    /// Up to when its rate is used up.
    pub paced_until: Timestamp,
    /// When it last changed.
    pub at: Timestamp,
    /// Why it failed.
    pub why: Option<String>,
}

impl Replay {
    /// One into a store as it stands, that begins now and of which nothing was read. How it reads is still to be said: the
    /// rate, the catalog, and whether it only counts.
    pub fn new(standing: &Standing, id: ReplayId, by: String, now: Timestamp) -> Self {
        Self {
            tenant: standing.tenant.clone(),
            id,
            store: standing.store.clone(),
            taken_at: standing.taken_at,
            dry_run: false,
            rate: 0,
            catalog_version: String::new(),
            by,
            begun_at: now,
            status: ReplayStatus::Running,
            walk: 1,
            phase: Phase::Walking,
            at_found: None,
            collection: 0,
            cursor: None,
            noted: None,
            control_seen: false,
            people: 0,
            left: 0,
            denied: 0,
            most: 0,
            walked: 0,
            found: 0,
            requests: 0,
            paced_until: now,
            at: now,
            why: None,
        }
    }

    /// Whether its rate allows another page. After a pause it may catch up on a minute: it is called once in one, so
    /// what it may read in a minute can come in one burst.
    pub fn may_read(&self, now: Timestamp) -> bool {
        self.paced_until <= now
    }

    /// Counts a page of so many records against its rate.
    pub fn pace(&mut self, records: usize, now: Timestamp) {
        let a_minute_ago = now.checked_sub(SignedDuration::from_mins(1)).unwrap_or(now);
        let nanos = (records as u64).saturating_mul(1_000_000_000) / u64::from(self.rate.max(1));
        let takes = SignedDuration::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX));
        let from = self.paced_until.max(a_minute_ago);
        self.paced_until = from.checked_add(takes).unwrap_or(Timestamp::MAX);
    }

    /// Whether another walk may follow this one.
    pub fn may_walk_again(&self) -> bool {
        self.walk < MOST_WALKS
    }

    /// Goes on with what follows in this walk.
    pub fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.at_found = None;
    }

    /// Begins the next walk.
    pub fn walk_again(&mut self) {
        self.walk += 1;
        self.phase = Phase::Walking;
        self.at_found = None;
        self.collection = 0;
        self.cursor = None;
        self.people = 0;
        self.left = 0;
    }

    /// How many people a walk may find where a dry run counted so many: in between more may have been erased, and so be
    /// known.
    pub fn most_for(counted: u64) -> u64 {
        counted.saturating_add(counted / 10)
    }

    /// Whether who was erased then may be in what was restored.
    pub fn concerns(&self, erased_at: Timestamp) -> bool {
        self.taken_at.is_none_or(|taken_at| erased_at >= taken_at)
    }
}

/// Somebody whom a walk found: their records are erased together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// In which walk.
    pub walk: u32,
    /// The request by which they were erased at first.
    pub original: RequestId,
    /// The request by which they are erased again.
    pub request: RequestId,
}
