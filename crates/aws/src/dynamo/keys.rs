//! The keys of all items, built in one place. Ids hold no `#`, so no key can be read in two ways.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::event::{About, Event};
use domain::ledger::{Found, Replay};
use domain::request::RequestType;
use domain::{HoldId, Pseudonym, ReplayId, RequestId, Status, StoreId, Task, TenantId};
use jiff::Timestamp;
use ports::KeyScope;

use super::items::s;

/// In how many partitions the index by progress is cut: a single one would carry every write.
pub(super) const SHARDS: u32 = 8;

/// What the sort keys of events begin with.
pub(super) const EVENTS: &str = "EVENT#";
/// What the sort keys of tasks begin with.
pub(super) const TASKS: &str = "TASK#";
/// What the sort keys of those who wait for a lock begin with.
pub(super) const WAITERS: &str = "WAIT#";
/// What the sort keys of holds begin with.
pub(super) const HOLDS: &str = "HOLD#";
/// What the sort keys of blocks begin with.
pub(super) const BLOCKS: &str = "SEQ#";

/// The primary key of an item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub pk: String,
    pub sk: String,
}

impl Key {
    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }

    /// The key of an item.
    pub fn of(item: &super::items::Item) -> Option<Self> {
        let part = |name| super::items::text(item, name).map(str::to_owned);
        Some(Self { pk: part("pk")?, sk: part("sk")? })
    }

    /// As an operation wants it, and as an item begins.
    pub fn attributes(&self) -> HashMap<String, AttributeValue> {
        HashMap::from([("pk".to_owned(), s(&self.pk)), ("sk".to_owned(), s(&self.sk))])
    }
}

/// An instant in a form that sorts as time does.
pub(super) fn instant(at: Timestamp) -> String {
    format!("{at:.9}")
}

pub(super) fn request_partition(tenant: &TenantId, id: &RequestId) -> String {
    format!("T#{tenant}#R#{id}")
}

/// Reads what [`request_partition`] writes.
pub(super) fn parse_request_partition(pk: &str) -> Option<(TenantId, RequestId)> {
    let (tenant, id) = pk.strip_prefix("T#")?.split_once("#R#")?;
    Some((tenant.parse().ok()?, id.parse().ok()?))
}

pub(super) fn request(tenant: &TenantId, id: &RequestId) -> Key {
    Key::new(request_partition(tenant, id), "REQ")
}

pub(super) fn task(tenant: &TenantId, id: &RequestId, task: &Task) -> Key {
    let sk = format!("{TASKS}{}#{}", task.op.as_str(), task.store);
    Key::new(request_partition(tenant, id), sk)
}

pub(super) fn event_sort(n: u32) -> String {
    format!("{EVENTS}{n:08}")
}

pub(super) fn event(event: &Event) -> Key {
    let pk = match &event.about {
        About::Request(id) => request_partition(&event.tenant, id),
        About::Hold(id) => format!("T#{}#H#{id}", event.tenant),
        About::Store(id) => format!("T#{}#STORE#{id}", event.tenant),
    };
    Key::new(pk, event_sort(event.n))
}

pub(super) fn lock_partition(tenant: &TenantId, subject: &Pseudonym) -> String {
    format!("T#{tenant}#LOCK#{subject}")
}

pub(super) fn lock(tenant: &TenantId, subject: &Pseudonym) -> Key {
    Key::new(lock_partition(tenant, subject), "LOCK")
}

pub(super) fn waiter(tenant: &TenantId, subject: &Pseudonym, id: &RequestId) -> Key {
    Key::new(lock_partition(tenant, subject), format!("{WAITERS}{id}"))
}

pub(super) fn open(tenant: &TenantId, kind: RequestType, subject: &Pseudonym) -> Key {
    let pk = format!("T#{tenant}#OPEN#{}#{subject}", kind.as_str());
    Key::new(pk, "OPEN")
}

pub(super) fn idempotency(tenant: &TenantId, key: &Pseudonym) -> Key {
    Key::new(format!("T#{tenant}#IDEM#{key}"), "IDEM")
}

/// The partition of the index by tenant.
pub(super) fn by_tenant(tenant: &TenantId) -> String {
    format!("T#{tenant}")
}

/// The partition of the index by status.
pub(super) fn by_status(tenant: &TenantId, status: Status) -> String {
    format!("T#{tenant}#S#{status}")
}

/// The sort key of both: the newest is the greatest.
pub(super) fn received(at: Timestamp, id: &RequestId) -> String {
    format!("{}#{id}", instant(at))
}

/// A partition of the index by progress.
pub(super) fn by_progress(shard: u32) -> String {
    format!("PROGRESS#{shard}")
}

/// Its sort key.
pub(super) fn progress(by: Timestamp, tenant: &TenantId, id: &RequestId) -> String {
    format!("{}#{tenant}#{id}", instant(by))
}

/// Greater than the sort key of everything that was to progress by `now`, less than any other.
pub(super) fn progress_until(now: Timestamp) -> String {
    // `$` is the character after `#`.
    format!("{}$", instant(now))
}

/// FNV-1a: the same in every version of the program, as the default hasher is not.
pub(super) fn shard(id: &str) -> u32 {
    let hash =
        id.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    // The low bits of FNV-1a mix least.
    ((hash >> 16) ^ hash) % SHARDS
}

pub(super) fn subject_partition(tenant: &TenantId, subject: &Pseudonym) -> String {
    format!("T#{tenant}#SUBJECT#{subject}")
}

pub(super) fn hold(tenant: &TenantId, subject: &Pseudonym, id: &HoldId) -> Key {
    Key::new(subject_partition(tenant, subject), format!("{HOLDS}{id}"))
}

pub(super) fn guard(tenant: &TenantId, subject: &Pseudonym) -> Key {
    Key::new(subject_partition(tenant, subject), "GUARD")
}

pub(super) fn holds_partition(tenant: &TenantId) -> String {
    format!("T#{tenant}#HOLDS")
}

pub(super) fn hold_pointer(tenant: &TenantId, id: &HoldId) -> Key {
    Key::new(holds_partition(tenant), id.as_str())
}

pub(super) fn chain_partition(tenant: &TenantId) -> String {
    format!("T#{tenant}")
}

pub(super) fn block(tenant: &TenantId, first_seq: u64) -> Key {
    Key::new(chain_partition(tenant), format!("{BLOCKS}{first_seq:020}"))
}

pub(super) fn marker(tenant: &TenantId, event: &Event) -> Key {
    let pk = format!("E#{tenant}#{}", audit::Entry::event_key(event));
    Key::new(pk, "MARK")
}

pub(super) fn settings(tenant: &TenantId) -> Key {
    Key::new(format!("T#{tenant}"), "TENANT")
}

pub(super) fn issuer(issuer: &str) -> Key {
    Key::new(format!("ISS#{issuer}"), "ISSUER")
}

pub(super) fn data_key(scope: &KeyScope) -> Key {
    match scope {
        KeyScope::Pseudonyms(tenant) => Key::new(format!("T#{tenant}"), "PSEUDONYMS"),
        KeyScope::Ledger(tenant) => Key::new(format!("T#{tenant}"), "LEDGER"),
        KeyScope::Plan(tenant, id) => Key::new(request_partition(tenant, id), "PLAN"),
        KeyScope::Export(tenant, id) => Key::new(request_partition(tenant, id), "EXPORT"),
        KeyScope::Fields(_) | KeyScope::Subjects(_) => rotating_key(scope),
        KeyScope::Subject(tenant, subject) => Key::new(format!("T#{tenant}#S#{subject}"), "SUBJECT"),
    }
}

/// A mark of the erasure ledger. Each is a partition of its own, so that writes spread.
pub(super) fn mark(tenant: &TenantId, store: &StoreId, mark: &Pseudonym) -> Key {
    Key::new(format!("T#{tenant}#M#{store}#{mark}"), "MARK")
}

pub(super) fn standings_partition(tenant: &TenantId) -> String {
    format!("T#{tenant}#STORES")
}

/// How a store stands to its backups.
pub(super) fn standing(tenant: &TenantId, store: &StoreId) -> Key {
    Key::new(standings_partition(tenant), store.as_str())
}

/// The partition of all stores that have a standing.
pub(super) const STORES: &str = "STORES";

/// A store in it. `#` sorts before all that a name may have: the order is that of tenants, then of stores.
pub(super) fn listed_store(tenant: &TenantId, store: &StoreId) -> Key {
    Key::new(STORES.to_owned(), format!("{tenant}#{store}"))
}

/// Reads the sort key that [`listed_store`] writes.
pub(super) fn parse_listed_store(sk: &str) -> Option<(TenantId, StoreId)> {
    let (tenant, store) = sk.split_once('#')?;
    Some((tenant.parse().ok()?, store.parse().ok()?))
}

pub(super) fn replay_partition(tenant: &TenantId, id: &ReplayId) -> String {
    format!("T#{tenant}#REPLAY#{id}")
}

pub(super) fn replay(tenant: &TenantId, id: &ReplayId) -> Key {
    Key::new(replay_partition(tenant, id), "REPLAY")
}

/// What the sort keys of those begin with whom a replay found.
pub(super) const FOUND: &str = "FOUND#";

pub(super) fn found(tenant: &TenantId, id: &ReplayId, found: &Found) -> Key {
    Key::new(replay_partition(tenant, id), found_sort(found))
}

pub(super) fn found_sort(found: &Found) -> String {
    format!("{FOUND}{:04}#{}", found.walk, found.original)
}

/// The partition of the replays that run.
pub(super) const RUNNING: &str = "RUNNING";

/// A replay in it; those that began first come first.
pub(super) fn running(replay: &Replay) -> Key {
    Key::new(RUNNING.to_owned(), format!("{}#{}#{}", instant(replay.begun_at), replay.tenant, replay.id))
}

/// Reads the sort key that [`running`] writes.
pub(super) fn parse_running(sk: &str) -> Option<(TenantId, ReplayId)> {
    let (tenant, id) = sk.split_once('#')?.1.split_once('#')?;
    Some((tenant.parse().ok()?, id.parse().ok()?))
}

/// What the sort key of a visit begins with.
pub(super) const VISIT: &str = "VISIT#";

/// From where a link was asked for.
pub(super) fn visit(tenant: &TenantId, id: &RequestId, number: u32) -> Key {
    Key::new(request_partition(tenant, id), format!("{VISIT}{number:010}"))
}

/// The partition of a tenant's own keys.
pub(super) fn keys_of(tenant: &TenantId) -> String {
    format!("T#{tenant}")
}

/// Which version of a rotating key is in force.
pub(super) fn rotating_key(scope: &KeyScope) -> Key {
    Key::new(keys_of(scope.tenant()), format!("KEY#{}", scope.purpose()))
}

/// A version of a rotating key.
pub(super) fn key_version(scope: &KeyScope, version: u32) -> Key {
    Key::new(keys_of(scope.tenant()), format!("KEY#{}#{version:010}", scope.purpose()))
}

/// The partition of all rotating keys in the index of upkeep.
pub(super) const ROTATION: &str = "ROTATE";

/// Where upkeep finds a rotating key: by when it is due.
pub(super) fn by_rotation(due: Timestamp, key: &Key) -> (String, String) {
    (ROTATION.to_owned(), format!("{}#{}#{}", instant(due), key.pk, key.sk))
}

/// Greater than the place of every rotating key that is due by an instant, less than any other's.
pub(super) fn due_until(at: Timestamp) -> String {
    format!("{}$", instant(at))
}

/// Where upkeep finds a wrapped key: by its root key.
pub(super) fn by_root(root: &str, key: &Key) -> (String, String) {
    (root_partition(shard(&key.pk)), format!("{root}#{}#{}", key.pk, key.sk))
}

pub(super) fn root_partition(shard: u32) -> String {
    format!("ROOT#{shard}")
}

/// Where upkeep finds a person's key: by the version that it is sealed under.
pub(super) fn by_version(tenant: &TenantId, version: u32, subject: &Pseudonym) -> (String, String) {
    (format!("T#{tenant}#W"), format!("{version:010}#{subject}"))
}

/// The partition of a tenant's persons' keys, and what those before a version sort before.
pub(super) fn sealed_before(tenant: &TenantId, version: u32) -> (String, String) {
    (format!("T#{tenant}#W"), format!("{version:010}#"))
}

/// What a key of the `keys` table is for.
pub(super) fn parse_scope(key: &Key) -> Option<KeyScope> {
    if let Some((tenant, id)) = parse_request_partition(&key.pk) {
        return match key.sk.as_str() {
            "PLAN" => Some(KeyScope::Plan(tenant, id)),
            "EXPORT" => Some(KeyScope::Export(tenant, id)),
            _ => None,
        };
    }
    let rest = key.pk.strip_prefix("T#")?;
    if let Some((tenant, subject)) = rest.split_once("#S#") {
        return Some(KeyScope::Subject(tenant.parse().ok()?, subject.parse().ok()?));
    }
    let tenant = rest.parse().ok()?;
    match key.sk.split('#').nth(1) {
        None if key.sk == "PSEUDONYMS" => Some(KeyScope::Pseudonyms(tenant)),
        None if key.sk == "LEDGER" => Some(KeyScope::Ledger(tenant)),
        Some("fields") => Some(KeyScope::Fields(tenant)),
        Some("subjects") => Some(KeyScope::Subjects(tenant)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }

    #[test]
    fn instants_sort_as_time_does() {
        let times = [
            "2026-01-02T03:04:05Z",
            "2026-01-02T03:04:05.000000001Z",
            "2026-01-02T03:04:05.1Z",
            "2026-01-02T03:04:06Z",
            "2026-11-02T03:04:05.999Z",
        ];
        let texts: Vec<String> = times.iter().map(|t| instant(at(t))).collect();
        assert_eq!(texts[0], "2026-01-02T03:04:05.000000000Z");
        assert!(texts.is_sorted());
    }

    #[test]
    fn what_is_due_now_is_due_and_a_nanosecond_later_is_not() {
        let tenant: TenantId = "demo".parse().expect("a tenant");
        let now = at("2026-01-02T03:04:05Z");
        let id = RequestId::new(now, 3);
        let later = at("2026-01-02T03:04:05.000000001Z");
        assert!(progress(now, &tenant, &id) < progress_until(now));
        assert!(progress(later, &tenant, &id) > progress_until(now));
    }

    #[test]
    fn a_request_partition_reads_back() {
        let tenant: TenantId = "demo".parse().expect("a tenant");
        let id = RequestId::new(Timestamp::UNIX_EPOCH, 3);
        let pk = request_partition(&tenant, &id);
        assert_eq!(parse_request_partition(&pk), Some((tenant, id)));
        assert_eq!(parse_request_partition("T#demo#H#hold_1"), None);
    }

    #[test]
    fn shards_are_stable_and_about_even() {
        let id: RequestId = "req_01arz3ndektsv4rrffq69g5fav".parse().expect("an id");
        assert_eq!(shard(id.as_str()), 4, "a change moves every request of the index");
        let mut counts = [0_u32; SHARDS as usize];
        for random in 0..8_000_u128 {
            let id = RequestId::new(Timestamp::UNIX_EPOCH, random);
            counts[shard(id.as_str()) as usize] += 1;
        }
        assert!(counts.iter().all(|n| (700..1_300).contains(n)), "{counts:?}");
    }
}
