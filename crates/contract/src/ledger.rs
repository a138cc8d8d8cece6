//! The erasure ledger, as the API shows it.

use domain::ledger::{Replay, ReplayStatus, Standing};
use domain::{ReplayId, StoreId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Records that a replay reads in a second on the average of a minute, if nobody says how many.
pub const USUAL_RATE: u32 = 500;

/// Records that a replay reads in a second on the average of a minute, at the most.
pub const MOST_RATE: u32 = 100_000;

/// `POST /v1/ledger/restores`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclareRestore {
    /// The store that was restored.
    pub store: StoreId,
    /// The instant whose state it has now.
    pub taken_at: Timestamp,
}

/// `POST /v1/ledger/replays`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartReplay {
    /// The store.
    pub store: StoreId,
    /// Whether it only counts.
    pub dry_run: Option<bool>,
    /// The people whom a dry run has counted in the last day, for a replay that is none.
    pub expect: Option<u64>,
    /// Records that it reads in a second, on the average of a minute.
    pub rate: Option<u32>,
}

/// How a store stands to its backups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerStore {
    /// The store.
    pub store: StoreId,
    /// Whether it may be given traffic.
    pub fit_for_traffic: bool,
    /// Why not: `restored-and-not-replayed`, `replay-under-way`, `replay-failed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// When somebody said that it was restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored_at: Option<Timestamp>,
    /// The instant whose state it has since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<Timestamp>,
    /// When a replay after that was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replayed_at: Option<Timestamp>,
    /// The latest replay since then that was to change something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay_id: Option<ReplayId>,
    /// If that is done: records of people who were erased that it left, since sources want them kept.
    #[serde(default, skip_serializing_if = "is_none_of_them")]
    pub left: u64,
    /// If that is done: people whose erasure a source denied.
    #[serde(default, skip_serializing_if = "is_none_of_them")]
    pub denied: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives it by reference")]
fn is_none_of_them(count: &u64) -> bool {
    *count == 0
}

impl LedgerStore {
    /// A store about which nothing was said.
    pub fn untouched(store: StoreId) -> Self {
        Self {
            store,
            fit_for_traffic: true,
            why: None,
            restored_at: None,
            taken_at: None,
            replayed_at: None,
            replay_id: None,
            left: 0,
            denied: 0,
        }
    }

    /// As it stands; `replay` is its latest one.
    pub fn new(standing: &Standing, replay: Option<&Replay>) -> Self {
        let done = replay.filter(|replay| replay.status == ReplayStatus::Done);
        Self {
            store: standing.store.clone(),
            fit_for_traffic: standing.is_fit(),
            why: standing.unfit(replay).map(|why| why.as_str().to_owned()),
            restored_at: standing.restored_at,
            taken_at: standing.taken_at,
            replayed_at: standing.replayed_at,
            replay_id: standing.replay.clone(),
            left: done.map_or(0, |replay| replay.left),
            denied: done.map_or(0, |replay| replay.denied),
        }
    }
}

/// `GET /v1/ledger/stores`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerStores {
    /// Every store of the catalog, and those that were once in it.
    pub items: Vec<LedgerStore>,
}

/// How far a replay is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayView {
    /// The replay.
    pub replay_id: ReplayId,
    /// The store.
    pub store: StoreId,
    /// `running`, `done`, `failed`.
    pub status: ReplayStatus,
    /// Whether it only counts.
    pub dry_run: bool,
    /// Records that it reads in a second, on the average of a minute.
    pub rate: u32,
    /// The instant whose state the store has, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<Timestamp>,
    /// When it was begun.
    pub begun_at: Timestamp,
    /// When it last got on.
    pub at: Timestamp,
    /// Which walk it is: it is done when one finds nobody.
    pub walk: u32,
    /// `walking`, `counting`, `asking`, `waiting`: what the walk is at.
    pub phase: String,
    /// Records that were read, in all walks.
    pub walked: u64,
    /// Of these: of people who were erased.
    pub found: u64,
    /// Records that this walk left where they are: a source wanted them kept, or denied it, when their erasure was asked for.
    #[serde(default)]
    pub left: u64,
    /// People whose erasure a source denied, in all walks.
    #[serde(default)]
    pub denied: u64,
    /// Erasures that were asked for; of a dry run: the people for whom they would be.
    pub requests: u64,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl From<&Replay> for ReplayView {
    fn from(replay: &Replay) -> Self {
        Self {
            replay_id: replay.id.clone(),
            store: replay.store.clone(),
            status: replay.status,
            dry_run: replay.dry_run,
            rate: replay.rate,
            taken_at: replay.taken_at,
            begun_at: replay.begun_at,
            at: replay.at,
            walk: replay.walk,
            phase: replay.phase.as_str().to_owned(),
            walked: replay.walked,
            found: replay.found,
            left: replay.left,
            denied: replay.denied,
            requests: replay.requests,
            why: replay.why.clone(),
        }
    }
}
