//! Keys that rotate, and persons' own keys.

use domain::{Pseudonym, TenantId};
use jiff::SignedDuration;
use ports::{Begin, Class, Code, KeyScope, KeyState};
use vault::{Context, DataKey, Header};

use super::Deployment;
use super::fixtures::{after, now, pseudonym, tenant};
use crate::clock::{CountedBudget, UnlimitedBudget, others_turn};

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
        assert_eq!(d.keyring.exists(&scope).await, Ok(false));
        let first = d.keyring.obtain(&scope).await.expect("a key");
        assert_eq!((first.version(), d.keyring.exists(&scope).await), (1, Ok(true)));
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
    let versions: Vec<_> = states.iter().map(|one| (one.key.scope.purpose(), one.key.version)).collect();
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
        states.iter().find(|one| one.key.scope == subjects).map(|one| one.to_rewrap)
    };
    assert_eq!(left().await, Some(12));
    let mut turns = 0;
    while left().await != Some(0) {
        // Stopped anywhere, and a little later each time: others have keys here, too.
        d.key_admin.rewrap(&CountedBudget::new(turns * 4)).await;
        turns += 1;
        assert!(turns < 200, "it does not come to an end");
        for (scope, sealed) in &kept {
            assert_eq!(opened(d, scope, sealed).await.as_deref(), Some("text"));
        }
    }
    assert!(turns >= 3, "{turns}");
}

/// Whoever is first: what is destroyed while it is sealed anew stays destroyed, and nothing else goes.
pub async fn sealing_anew_brings_no_destroyed_key_back(d: &Deployment) {
    let tenant = tenant("person-raced");
    let subjects = KeyScope::Subjects(tenant.clone());
    let (mut there, mut gone) = (Vec::new(), Vec::new());
    for round in 1..=6_usize {
        let mut next = Vec::new();
        for n in 0..14 {
            let (_, scope) = person(&tenant, round * 100 + n);
            let sealed = sealed(&d.keyring.obtain(&scope).await.expect("a key"), "text");
            if n < 2 { there.push((scope, sealed)) } else { next.push((scope, sealed)) }
        }
        let version = u32::try_from(round).expect("a version");
        assert_eq!(rotated(d, &subjects, version).await, version + 1);
        // Upkeep begins anywhere and goes up; who destroys goes down: they meet, in one round a little
        // earlier than in the other.
        next.sort_by(|one, other| other.cmp(one));
        let destroying = async {
            for _ in 0..round % 3 {
                others_turn().await;
            }
            for (scope, _) in &next {
                assert_eq!(d.keyring.destroy(scope).await, Ok(()));
                others_turn().await;
            }
        };
        futures::join!(d.key_admin.rewrap(&UnlimitedBudget), destroying);
        gone.extend(next);
        for (scope, sealed) in &gone {
            assert_eq!(d.keyring.exists(scope).await, Ok(false), "{round}");
            assert!(d.keyring.open(scope).await.expect("an answer").is_none(), "{round}");
            assert_eq!(opened(d, scope, sealed).await, None, "{round}");
        }
        for (scope, sealed) in &there {
            assert_eq!(d.keyring.exists(scope).await, Ok(true), "{round}");
            assert_eq!(opened(d, scope, sealed).await.as_deref(), Some("text"), "{round}");
        }
    }
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
    d.key_admin.rewrap(&UnlimitedBudget).await;
    assert!(d.keyring.open(&scope).await.expect("an answer").is_none());
    assert_eq!(d.keyring.exists(&scope).await, Ok(false));
}

/// All of them, page by page, those that are due first before the others.
pub async fn rotating_keys_are_listed_by_when_they_are_due(d: &Deployment) {
    let (soon, later) = (KeyScope::Fields(tenant("due-soon")), KeyScope::Subjects(tenant("due-later")));
    let hours = SignedDuration::from_hours;
    // Of two versions the present one.
    d.key_admin.rotate(&soon, 0, hours(24 * 1_000)).await.expect("made");
    for (scope, expected, every) in [(&later, 0, hours(48)), (&soon, 1, hours(24))] {
        d.key_admin.rotate(scope, expected, every).await.expect("made");
    }
    for most in [1, 2, 1_000] {
        let mut listed: Vec<KeyState> = Vec::new();
        let mut begin = Begin::First;
        loop {
            let page = d.key_admin.rotating(&begin, most).await.expect("a page");
            assert!(page.keys.len() <= most);
            listed.extend(page.keys.into_iter().flatten());
            match page.next {
                Some(next) => begin = Begin::At(next),
                None => break,
            }
        }
        let ours = |state: &&KeyState| [&soon, &later].contains(&&state.scope);
        let ours: Vec<_> = listed.iter().filter(ours).map(|one| (&one.scope, one.version)).collect();
        assert_eq!(ours, [(&soon, 2), (&later, 1)], "{most}");
        let state = listed.iter().find(|one| one.scope == soon).expect("the key");
        assert_eq!((state.made_at, state.rotate_by), (now(), after(24 * 60 * 60)));
    }
    // The instant itself is not after it.
    for (second, expect) in [(-1, vec![&soon, &later]), (0, vec![&later]), (24 * 60 * 60, vec![])] {
        let begin = Begin::DueAfter(after(24 * 60 * 60 + second));
        let page = d.key_admin.rotating(&begin, 1_000).await.expect("a page");
        let scopes: Vec<_> = page.keys.iter().flatten().map(|state| &state.scope).collect();
        let ours: Vec<_> = scopes.into_iter().filter(|scope| [&soon, &later].contains(scope)).collect();
        assert_eq!(ours, expect, "{second}");
    }
}

/// What services sealed under it is in their own stores.
pub async fn what_rotates_does_not_end(d: &Deployment) {
    let tenant = tenant("not-ending");
    for scope in [KeyScope::Fields(tenant.clone()), KeyScope::Subjects(tenant.clone())] {
        let key = d.keyring.obtain(&scope).await.expect("a key");
        let fault = d.keyring.destroy(&scope).await.expect_err("a fault");
        assert_eq!((fault.class, fault.code), (Class::Permanent, Code::KeyUnavailable));
        assert_eq!(d.keyring.obtain(&scope).await.expect("a key").id(), key.id());
    }
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
