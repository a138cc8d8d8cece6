//! Data keys.

use domain::{ReplayId, RequestId};
use ports::{KeyScope, Keyring};
use vault::{Context, DataKey, open, seal};

use super::Deployment;
use super::fixtures::{after, now, tenant};

const CONTEXT: Context<'static> = Context { tenant: "a tenant", purpose: "a purpose", object: "an object" };

/// Keys cannot be compared, but one opens what the other sealed.
fn is_same(one: &DataKey, other: &DataKey) -> bool {
    let sealed = seal(one, &CONTEXT, [7; 32], b"text").expect("sealed");
    open(other, &CONTEXT, &sealed).is_ok()
}

async fn obtained(keyring: &dyn Keyring, scope: &KeyScope) -> DataKey {
    keyring.obtain(scope).await.expect("a key")
}

async fn opened(keyring: &dyn Keyring, scope: &KeyScope) -> Option<DataKey> {
    keyring.open(scope).await.expect("an answer")
}

/// Of two tenants, and of two requests and two replays of the first.
fn scopes(name: &str) -> [KeyScope; 14] {
    let (mine, other) = (tenant(name), tenant(&format!("{name}-other")));
    let (id, next) = (RequestId::new(now(), 1), RequestId::new(after(1), 1));
    [
        KeyScope::Pseudonyms(mine.clone()),
        KeyScope::Pseudonyms(other.clone()),
        KeyScope::Ledger(mine.clone()),
        KeyScope::Ledger(other.clone()),
        KeyScope::Masks(mine.clone()),
        KeyScope::Masks(other),
        KeyScope::Plan(mine.clone(), id.clone()),
        KeyScope::Plan(mine.clone(), next.clone()),
        KeyScope::Export(mine.clone(), id.clone()),
        KeyScope::Export(mine.clone(), next),
        KeyScope::Receipt(mine.clone(), id.clone()),
        KeyScope::Recheck(mine.clone(), id),
        KeyScope::Replay(mine.clone(), ReplayId::new(now(), 1)),
        KeyScope::Replay(mine, ReplayId::new(after(1), 1)),
    ]
}

/// It is made by the first who wants it, and opening makes none.
pub async fn a_scope_keeps_its_key(d: &Deployment) {
    let keyring = &*d.keyring;
    for scope in scopes("key") {
        assert!(opened(keyring, &scope).await.is_none());
        assert!(opened(keyring, &scope).await.is_none());
        assert_eq!(keyring.exists(&scope).await, Ok(false), "to look makes none either");
        let key = obtained(keyring, &scope).await;
        assert!(is_same(&key, &obtained(keyring, &scope).await));
        let again = opened(keyring, &scope).await.expect("a key");
        assert!(is_same(&key, &again));
        assert_eq!(keyring.exists(&scope).await, Ok(true));
    }
}

/// Of tenants, of purposes and of requests.
pub async fn scopes_have_keys_of_their_own(d: &Deployment) {
    let mut keys = Vec::new();
    for scope in scopes("key-apart") {
        keys.push(obtained(&*d.keyring, &scope).await);
    }
    for (at, one) in keys.iter().enumerate() {
        for (other_at, other) in keys.iter().enumerate() {
            assert_eq!(is_same(one, other), at == other_at, "{at} {other_at}");
        }
    }
}

/// Else what one of them seals is lost.
pub async fn two_callers_at_once_get_the_same_key(d: &Deployment) {
    let tenant = tenant("key-race");
    for turn in 0..10_i64 {
        let scope = KeyScope::Plan(tenant.clone(), RequestId::new(after(turn), 1));
        let (one, other, third) = futures::join!(
            obtained(&*d.keyring, &scope),
            obtained(&*d.keyring, &scope),
            obtained(&*d.keyring, &scope)
        );
        assert!(is_same(&one, &other) && is_same(&one, &third), "{turn}");
        let kept = opened(&*d.keyring, &scope).await.expect("a key");
        assert!(is_same(&one, &kept), "{turn}");
    }
}

/// To destroy it twice is fine; a new one is another. None goes with another: a request's papers and its
/// packages end at different times.
pub async fn a_destroyed_key_is_gone(d: &Deployment) {
    let keyring = &*d.keyring;
    let scopes = scopes("key-destroyed");
    for (at, scope) in scopes.iter().enumerate() {
        let mut keys = Vec::new();
        for scope in &scopes {
            keys.push(obtained(keyring, scope).await);
        }
        for _ in 0..2 {
            assert_eq!(keyring.destroy(scope).await, Ok(()));
            assert!(opened(keyring, scope).await.is_none());
            assert_eq!(keyring.exists(scope).await, Ok(false));
        }
        for (other_at, other) in scopes.iter().enumerate().filter(|(other_at, _)| *other_at != at) {
            let there = opened(keyring, other).await.expect("a key");
            assert!(is_same(&keys[other_at], &there), "{at} took {other_at} along");
        }
        assert!(!is_same(&keys[at], &obtained(keyring, scope).await), "{at}");
    }
}
