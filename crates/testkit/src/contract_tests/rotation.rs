//! Keys that rotate, and persons' own keys.

use domain::{Pseudonym, TenantId};
use jiff::SignedDuration;
use ports::KeyScope;
use vault::{Context, DataKey, Header};

use super::Deployment;
use super::fixtures::{after, now, pseudonym, tenant};

const CONTEXT: Context<'static> = Context { tenant: "t", purpose: "fields", object: "an object" };
const EVERY: SignedDuration = SignedDuration::from_hours(24);

fn sealed(key: &DataKey, text: &str) -> Vec<u8> {
    vault::seal(key, &CONTEXT, [7; 32], text.as_bytes()).expect("sealed")
}

/// Opens what was sealed under some version of a scope's key.
async fn opened(d: &Deployment, scope: &KeyScope, sealed: &[u8]) -> Option<String> {
    let version = Header::read(sealed).expect("a header").key_version();
    let key = d.keyring.open_version(scope, version).await.expect("an answer")?;
    let plain = vault::open(&key, &CONTEXT, sealed).expect("it opens");
    Some(String::from_utf8(plain).expect("text"))
}

async fn rotated(d: &Deployment, scope: &KeyScope, expected: u32) -> u32 {
    d.key_admin.rotate(scope, expected, EVERY).await.expect("rotated").version
}

fn person(tenant: &TenantId, n: usize) -> (Pseudonym, KeyScope) {
    let subject = pseudonym(&format!("{tenant}-{n}"));
    (subject.clone(), KeyScope::Subject(tenant.clone(), subject))
}

/// What was sealed before opens after it; what is sealed after it is sealed under the next version.
pub async fn a_rotated_key_opens_what_it_sealed(d: &Deployment) {
    let tenant = tenant("rotated");
    for scope in [KeyScope::Fields(tenant.clone()), KeyScope::Subjects(tenant.clone())] {
        assert!(d.keyring.open(&scope).await.expect("an answer").is_none());
        let first = d.keyring.obtain(&scope).await.expect("a key");
        assert_eq!(first.version(), 1);
        let old = sealed(&first, "old");
        assert_eq!(rotated(d, &scope, 1).await, 2);
        let next = d.keyring.obtain(&scope).await.expect("a key");
        assert_eq!(next.version(), 2);
        assert_ne!(next.id(), first.id());
        assert_eq!(opened(d, &scope, &old).await.as_deref(), Some("old"));
        assert_eq!(opened(d, &scope, &sealed(&next, "new")).await.as_deref(), Some("new"));
        assert!(d.keyring.open_version(&scope, 3).await.expect("an answer").is_none());
    }
    let states = d.key_admin.status(&tenant).await.expect("states");
    let versions: Vec<_> = states.iter().map(|state| (state.scope.purpose(), state.version)).collect();
    assert_eq!(versions, [("fields", 2), ("subjects", 2)]);
}

/// Else a version would be in force that nobody asked for.
pub async fn of_two_who_rotate_at_once_one_does(d: &Deployment) {
    let scope = KeyScope::Fields(tenant("rotated-twice"));
    d.keyring.obtain(&scope).await.expect("a key");
    for version in 1..4 {
        let (one, other, third) = futures::join!(
            rotated(d, &scope, version),
            rotated(d, &scope, version),
            rotated(d, &scope, version)
        );
        assert_eq!((one, other, third), (version + 1, version + 1, version + 1));
    }
    assert_eq!(rotated(d, &scope, 1).await, 4, "who comes late changes nothing");
}

/// Readers and writers do not notice.
pub async fn a_rotation_in_the_middle_of_reads_and_writes_loses_nothing(d: &Deployment) {
    let scope = KeyScope::Fields(tenant("rotated-under-load"));
    d.keyring.obtain(&scope).await.expect("a key");
    let mut all: Vec<(Vec<u8>, String)> = Vec::new();
    for version in 1..5 {
        let writes = async {
            let mut written = Vec::new();
            for n in 0..10 {
                let text = format!("{version}-{n}");
                let key = d.keyring.obtain(&scope).await.expect("a key");
                written.push((sealed(&key, &text), text));
            }
            written
        };
        let reads = async {
            for (sealed, text) in &all {
                assert_eq!(opened(d, &scope, sealed).await.as_ref(), Some(text));
            }
        };
        let (written, (), _) = futures::join!(writes, reads, rotated(d, &scope, version));
        all.extend(written);
    }
    for (sealed, text) in &all {
        assert_eq!(opened(d, &scope, sealed).await.as_ref(), Some(text));
    }
}

/// In the background, a few at a time, while they are used.
pub async fn persons_keys_are_sealed_anew(d: &Deployment) {
    let tenant = tenant("persons");
    let subjects = KeyScope::Subjects(tenant.clone());
    let mut kept = Vec::new();
    for n in 0..12 {
        let (_, scope) = person(&tenant, n);
        let key = d.keyring.obtain(&scope).await.expect("a key");
        assert_eq!(key.version(), 1);
        kept.push((scope, sealed(&key, "text")));
    }
    assert_eq!(rotated(d, &subjects, 1).await, 2);
    let left = async || {
        let states = d.key_admin.status(&tenant).await.expect("states");
        states.iter().find(|state| state.scope == subjects).map(|state| state.to_rewrap)
    };
    assert_eq!(left().await, Some(12));
    let mut turns = 0;
    while left().await != Some(0) {
        assert!(d.key_admin.rewrap(5).await.expect("rewrapped") <= 5);
        turns += 1;
        assert!(turns < 50, "it does not come to an end");
        for (scope, sealed) in &kept {
            assert_eq!(opened(d, scope, sealed).await.as_deref(), Some("text"));
        }
    }
    assert!(turns >= 3, "{turns}");
}

/// What was sealed under it cannot be opened any more, whoever comes back.
pub async fn a_destroyed_persons_key_is_not_made_again(d: &Deployment) {
    let tenant = tenant("person-destroyed");
    let (_, scope) = person(&tenant, 1);
    let (_, other) = person(&tenant, 2);
    let key = d.keyring.obtain(&scope).await.expect("a key");
    let theirs = sealed(&d.keyring.obtain(&other).await.expect("a key"), "theirs");
    let old = sealed(&key, "old");
    for _ in 0..2 {
        assert_eq!(d.keyring.destroy(&scope).await, Ok(()));
        assert!(d.keyring.open(&scope).await.expect("an answer").is_none());
        assert_eq!(opened(d, &scope, &old).await, None);
    }
    let next = d.keyring.obtain(&scope).await.expect("a key");
    assert_eq!(next.version(), 2);
    assert_eq!(opened(d, &scope, &old).await, None, "the next one is another");
    assert_eq!(opened(d, &scope, &sealed(&next, "new")).await.as_deref(), Some("new"));
    assert_eq!(opened(d, &other, &theirs).await.as_deref(), Some("theirs"));
    // Upkeep brings nothing back.
    assert_eq!(d.keyring.destroy(&scope).await, Ok(()));
    assert_eq!(rotated(d, &KeyScope::Subjects(tenant), 1).await, 2);
    while d.key_admin.rewrap(100).await.expect("rewrapped") > 0 {}
    assert!(d.keyring.open(&scope).await.expect("an answer").is_none());
}

/// By when it is due, whoever it belongs to.
pub async fn keys_that_are_due_are_found(d: &Deployment) {
    let (soon, later) = (KeyScope::Fields(tenant("due-soon")), KeyScope::Fields(tenant("due-later")));
    let hours = SignedDuration::from_hours;
    for (scope, every) in [(&soon, hours(24)), (&later, hours(48))] {
        d.key_admin.rotate(scope, 0, every).await.expect("made");
    }
    let due = async |seconds: i64| {
        let due = d.key_admin.due(after(seconds), 1_000).await.expect("an answer");
        let ours: Vec<KeyScope> = due.into_iter().map(|state| state.scope).collect();
        (ours.contains(&soon), ours.contains(&later))
    };
    let day = 24 * 60 * 60;
    assert!(d.key_admin.due(now(), 1_000).await.expect("an answer").iter().all(|s| s.scope != soon));
    assert_eq!(due(day).await, (true, false));
    assert_eq!(due(2 * day).await, (true, true));
    d.key_admin.rotate(&soon, 1, hours(24 * 365)).await.expect("rotated");
    assert_eq!(due(2 * day).await, (false, true));
}

/// Others have one version, which is destroyed and never replaced.
pub async fn what_does_not_rotate_is_not_rotated(d: &Deployment) {
    let tenant = tenant("not-rotating");
    for scope in [KeyScope::Pseudonyms(tenant.clone()), person(&tenant, 1).1] {
        let key = d.keyring.obtain(&scope).await.expect("a key");
        assert!(d.key_admin.rotate(&scope, 1, EVERY).await.is_err());
        assert_eq!(d.keyring.obtain(&scope).await.expect("a key").id(), key.id());
    }
}
