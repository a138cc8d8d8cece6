//! The keys of all items, built in one place. Ids hold no `#`, so no key can be read in two ways.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::event::{About, Event};
use domain::ledger::{Found, Replay};
use domain::request::RequestType;
use domain::{HoldId, Pseudonym, ReplayId, RequestId, Status, StoreId, Task, TenantId};
use jiff::Timestamp;
use ports::{EVENT_LISTS, EventKey, KeyScope, Minute, Overdue};

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
/// What the partitions of the index by time begin with.
const EVENT_INDEX: &str = "EVENTS#";
/// What the sort keys of blocks begin with.
pub(super) const BLOCKS: &str = "SEQ#";

/// The sort key of a tenant's settings, and so the partition of all tenants in the index of the registry.
pub(super) const TENANT: &str = "TENANT";

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
        About::Pack(id) => format!("T#{}#PACK#{id}", event.tenant),
    };
    Key::new(pk, event_sort(event.n))
}

/// The statement that an event has the hash of.
pub(super) fn statement(tenant: &TenantId, id: &RequestId, n: u32) -> Key {
    Key::new(request_partition(tenant, id), format!("STATEMENT#{n:08}"))
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

/// A partition of the index by progress: however many requests are at rest, nobody reads them on the way to those that
/// are not.
pub(super) fn by_progress(which: Overdue, shard: u32) -> String {
    match which {
        Overdue::Open => format!("PROGRESS#{shard}"),
        Overdue::AtRest => format!("REST#{shard}"),
    }
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

/// In how many partitions a tenant's blocks are spread: a partition takes 1,000 write units a second.
pub(super) const CHAIN_PARTITIONS: u32 = 4;

/// All partitions of a tenant's chain, each block in one of them. The first is where blocks were before
/// they were spread.
pub(super) fn chain_partitions(tenant: &TenantId) -> impl Iterator<Item = String> {
    (0..CHAIN_PARTITIONS).map(move |spread| chain_partition(tenant, spread))
}

fn chain_partition(tenant: &TenantId, spread: u32) -> String {
    match spread {
        0 => format!("T#{tenant}"),
        _ => format!("T#{tenant}#{spread}"),
    }
}

/// The place of a block. It follows from the number of its first entry alone, so two blocks after the same
/// head want the same place.
pub(super) fn block(tenant: &TenantId, first_seq: u64) -> Key {
    let spread = shard(&first_seq.to_string()) % CHAIN_PARTITIONS;
    Key::new(chain_partition(tenant, spread), block_sort(first_seq))
}

/// Sorts as the numbers do: none has more digits.
pub(super) fn block_sort(first_seq: u64) -> String {
    format!("{BLOCKS}{first_seq:020}")
}

pub(super) fn marker(tenant: &TenantId, event: &Event) -> Key {
    chained(tenant.as_str(), &audit::Entry::event_key(event))
}

fn chained(tenant: &str, event: &str) -> Key {
    Key::new(format!("E#{tenant}#{event}"), "MARK")
}

/// The mark of the event that stands there; `None` if no event can.
pub(super) fn marker_at(at: &EventKey) -> Option<Key> {
    let mut parts = at.pk.strip_prefix("T#")?.split('#');
    let (tenant, kind, id) = (parts.next()?, parts.next()?, parts.next()?);
    let n: u32 = at.sk.strip_prefix(EVENTS)?.parse().ok()?;
    let event = match kind {
        "R" | "H" => format!("{id}#{n}"),
        "STORE" => format!("store_{id}#{n}"),
        "PACK" => format!("pack_{id}#{n}"),
        _ => return None,
    };
    parts.next().is_none().then(|| chained(tenant, &event))
}

/// A list of the events of a minute, in the index by time.
pub(super) fn by_time(minute: Minute, list: u32) -> String {
    format!("{EVENT_INDEX}{minute}#{list}")
}

/// Which of them an event is in.
pub(super) fn list_of(pk: &str) -> u32 {
    shard(pk) % EVENT_LISTS
}

/// The sort key of that index.
pub(super) fn in_list(pk: &str, sk: &str) -> String {
    format!("{pk}#{sk}")
}

/// Up to where the sweeper of the audit has looked.
pub(super) fn swept_to() -> Key {
    Key::new("SWEEP#AUDIT".to_owned(), "SWEPT")
}

pub(super) fn settings(tenant: &TenantId) -> Key {
    Key::new(format!("T#{tenant}"), TENANT)
}

/// Reads the partition of [`settings`].
pub(super) fn parse_tenant(pk: &str) -> Option<TenantId> {
    pk.strip_prefix("T#")?.parse().ok()
}

pub(super) fn issuer(issuer: &str) -> Key {
    Key::new(format!("ISS#{issuer}"), "ISSUER")
}

pub(super) fn data_key(scope: &KeyScope) -> Key {
    match scope {
        KeyScope::Pseudonyms(tenant) => Key::new(format!("T#{tenant}"), "PSEUDONYMS"),
        KeyScope::Ledger(tenant) => Key::new(format!("T#{tenant}"), "LEDGER"),
        KeyScope::Masks(tenant) => Key::new(format!("T#{tenant}"), "MASKS"),
        KeyScope::Plan(tenant, id) => Key::new(request_partition(tenant, id), "PLAN"),
        KeyScope::Export(tenant, id) => Key::new(request_partition(tenant, id), "EXPORT"),
        KeyScope::Receipt(tenant, id) => Key::new(request_partition(tenant, id), "RECEIPT"),
        KeyScope::Recheck(tenant, id) => Key::new(request_partition(tenant, id), "RECHECK"),
        KeyScope::Replay(tenant, id) => Key::new(format!("T#{tenant}#L#{id}"), "REPLAY"),
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
            "RECEIPT" => Some(KeyScope::Receipt(tenant, id)),
            "RECHECK" => Some(KeyScope::Recheck(tenant, id)),
            _ => None,
        };
    }
    let rest = key.pk.strip_prefix("T#")?;
    if let Some((tenant, id)) = rest.split_once("#L#") {
        let is_replay = key.sk == "REPLAY";
        return Some(KeyScope::Replay(tenant.parse().ok()?, id.parse().ok()?)).filter(|_| is_replay);
    }
    if let Some((tenant, subject)) = rest.split_once("#S#") {
        return Some(KeyScope::Subject(tenant.parse().ok()?, subject.parse().ok()?));
    }
    let tenant = rest.parse().ok()?;
    match key.sk.split('#').nth(1) {
        None if key.sk == "PSEUDONYMS" => Some(KeyScope::Pseudonyms(tenant)),
        None if key.sk == "LEDGER" => Some(KeyScope::Ledger(tenant)),
        None if key.sk == "MASKS" => Some(KeyScope::Masks(tenant)),
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

    /// What upkeep does not know again keeps its earlier root key for ever.
    #[test]
    fn what_a_stored_key_is_for_reads_back() {
        let tenant: TenantId = "demo".parse().expect("a tenant");
        let id = RequestId::new(Timestamp::UNIX_EPOCH, 3);
        let of_tenant = [KeyScope::Pseudonyms, KeyScope::Ledger, KeyScope::Fields, KeyScope::Subjects];
        let of_request = [KeyScope::Plan, KeyScope::Export, KeyScope::Receipt, KeyScope::Recheck];
        let replay = KeyScope::Replay(tenant.clone(), ReplayId::new(Timestamp::UNIX_EPOCH, 3));
        let scopes = of_tenant.map(|scope| scope(tenant.clone())).into_iter();
        let scopes = scopes.chain(of_request.map(|scope| scope(tenant.clone(), id.clone()))).chain([replay]);
        for scope in scopes {
            assert_eq!(parse_scope(&data_key(&scope)), Some(scope));
        }
        let other = Key::new(format!("T#demo#L#{}", ReplayId::new(Timestamp::UNIX_EPOCH, 3)), "PLAN");
        assert_eq!(parse_scope(&other), None);
    }

    #[test]
    fn an_events_mark_is_found_by_where_the_event_stands() {
        let mut event: Event = serde_json::from_value(serde_json::json!({
            "tenant": "demo", "about": {"request": RequestId::new(Timestamp::UNIX_EPOCH, 3)}, "n": 12,
            "at": "2026-01-02T03:04:05Z", "kind": "request.accepted", "who": "backend", "generation": 1,
            "status": null, "store": null, "tally": null, "why": null, "wake": null,
        }))
        .expect("an event");
        for _ in 0..3 {
            let Key { pk, sk } = super::event(&event);
            assert_eq!(marker_at(&EventKey { pk, sk }), Some(marker(&event.tenant, &event)));
            event.about = if event.n == 12 {
                About::Hold(HoldId::new(Timestamp::UNIX_EPOCH, 3))
            } else {
                About::Pack("5e".repeat(32).parse().expect("a pack"))
            };
            event.n += 1;
        }
        let at = |pk: &str, sk: &str| marker_at(&EventKey { pk: pk.into(), sk: sk.into() });
        for (pk, sk) in [
            ("", ""),
            ("T#demo#R#req_1", "REQ"),
            ("T#demo#R#req_1", "EVENT#"),
            ("T#demo#R#req_1", "EVENT#x"),
            ("T#demo#R#req_1#x", "EVENT#00000001"),
            ("T#demo#S#req_1", "EVENT#00000001"),
            ("T#demo", "EVENT#00000001"),
        ] {
            assert_eq!(at(pk, sk), None, "{pk} {sk}");
        }
    }

    /// Of blocks of any size, and the places of those that were there before stay where they are.
    #[test]
    fn blocks_are_spread_about_evenly_and_each_has_one_place() {
        let tenant: TenantId = "demo".parse().expect("a tenant");
        let all: Vec<String> = chain_partitions(&tenant).collect();
        assert_eq!(all, ["T#demo", "T#demo#1", "T#demo#2", "T#demo#3"]);
        for size in [1, 2, 4, 16, 50, 99] {
            let mut counts = std::collections::BTreeMap::new();
            for block in 0..2_000 {
                *counts.entry(super::block(&tenant, 1 + block * size).pk).or_insert(0) += 1;
            }
            assert!(counts.keys().eq(&all), "{size}: {counts:?}");
            assert!(counts.values().all(|n| (350..=650).contains(n)), "{size}: {counts:?}");
        }
        assert_eq!(super::block(&tenant, 7), super::block(&tenant, 7));
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
