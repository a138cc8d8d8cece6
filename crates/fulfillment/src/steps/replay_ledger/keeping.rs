//! What a replay keeps of the people whom it finds, until a request is made of each.
//!
//! ```text
//! replays/{tenant}/{replay}/{walk}/{original}   what is known of somebody, sealed
//! ```
//!
//! All of it is sealed under one key, which is made with the replay, by whoever begins it, and never again. It is
//! destroyed before the replay ends, however it ends; so nothing that is known of anybody outlives a replay that asks for
//! nobody, and a call that comes too late can seal nothing that would.

use std::collections::BTreeSet;

use domain::ledger::{Clue, Phase, Replay};
use domain::{ReplayId, RequestId, TenantId};
use futures::future::try_join_all;
use ports::{Class, Code, Fault, KeyScope};
use vault::{Context, DataKey};
use zeroize::Zeroizing;

use super::asking::some;
use super::{AT_ONCE, Ports};
use crate::error::StepError;
use crate::papers::{Papers, Subject};

/// What it is sealed as.
const PURPOSE: &str = "met";

/// Why a replay ends whose key is gone: a call that was to end it was cut off, and it was to end otherwise.
pub(super) const GONE: &str = "it was about to end, and what it had kept of people is destroyed";

/// The key of a replay.
pub(crate) fn key_of(tenant: &TenantId, id: &ReplayId) -> KeyScope {
    KeyScope::Replay(tenant.clone(), id.clone())
}

fn prefix(replay: &Replay) -> String {
    format!("replays/{}/{}/", replay.tenant, replay.id)
}

fn walk_prefix(replay: &Replay) -> String {
    format!("{}{}/", prefix(replay), replay.walk)
}

/// What the present walk keeps, with the key at hand.
pub(super) struct Keeping<'a> {
    ports: &'a Ports,
    replay: &'a Replay,
    key: DataKey,
}

impl<'a> Keeping<'a> {
    /// `None` once the key is destroyed: the replay is about to end.
    pub async fn open(ports: &'a Ports, replay: &'a Replay) -> Result<Option<Self>, StepError> {
        let key = ports.keyring.open(&key_of(&replay.tenant, &replay.id)).await?;
        Ok(key.map(|key| Self { ports, replay, key }))
    }

    /// Adds to what is known of somebody; in whatever order, and however often.
    pub async fn add(&self, original: &RequestId, more: &BTreeSet<Clue>) -> Result<(), StepError> {
        let object = self.object(original);
        let mut subject = self.read(&object).await?.unwrap_or_default();
        if !subject.add(more) {
            return Ok(());
        }
        let plain = serde_json::to_vec(&subject).map_err(|_| StepError::broken("seal", PURPOSE))?;
        let (plain, context) = (Zeroizing::new(plain), self.context(&object));
        let sealed = vault::seal(&self.key, &context, self.ports.entropy.bytes(), &plain)?;
        Ok(self.ports.staging.put(&object, sealed).await?)
    }

    /// What is known of somebody whom the walk has found.
    pub async fn of(&self, original: &RequestId) -> Result<BTreeSet<Clue>, StepError> {
        let subject = self.read(&self.object(original)).await?;
        Ok(subject.ok_or_else(|| unreadable("what was kept of somebody is missing"))?.clues())
    }

    async fn read(&self, object: &str) -> Result<Option<Subject>, StepError> {
        let Some(sealed) = self.ports.staging.get(object).await? else { return Ok(None) };
        let plain = Zeroizing::new(vault::open(&self.key, &self.context(object), &sealed)?);
        let subject = serde_json::from_slice(&plain).map_err(|_| unreadable("it has another form"))?;
        Ok(Some(subject))
    }

    fn object(&self, original: &RequestId) -> String {
        format!("{}{original}", walk_prefix(self.replay))
    }

    fn context<'c>(&'c self, object: &'c str) -> Context<'c> {
        Context { tenant: self.replay.tenant.as_str(), purpose: PURPOSE, object }
    }
}

fn unreadable(detail: &str) -> StepError {
    Fault::new(Class::Permanent, Code::PlanUnreadable, "open", "staging", detail).into()
}

/// Removes what the present walk has kept: the requests that were made of it have what they need.
pub(super) async fn remove(ports: &Ports, replay: &Replay) -> Result<(), StepError> {
    Ok(ports.staging.delete_all(&walk_prefix(replay)).await?)
}

/// Destroys all that a replay has kept: first the key, so that the rest says nothing. What was filed for a request that
/// was not made goes too. Doing it twice is fine.
pub(super) async fn destroy(ports: &Ports, replay: &Replay) -> Result<(), StepError> {
    end_key(ports, &key_of(&replay.tenant, &replay.id)).await?;
    if replay.phase == Phase::Asking {
        // At the most so many were begun since it was written down how far it is.
        for group in some(ports, replay).await?.chunks(AT_ONCE) {
            try_join_all(group.iter().map(|found| unfile(ports, replay, &found.request))).await?;
        }
    }
    Ok(ports.staging.delete_all(&prefix(replay)).await?)
}

/// What was filed for a request, if it never came to be.
async fn unfile(ports: &Ports, replay: &Replay, id: &RequestId) -> Result<(), StepError> {
    if ports.requests.load(&replay.tenant, id).await?.is_some() {
        return Ok(());
    }
    end_key(ports, &KeyScope::Plan(replay.tenant.clone(), id.clone())).await?;
    Ok(Papers::remove_subject(&*ports.staging, &replay.tenant, id).await?)
}

async fn end_key(ports: &Ports, key: &KeyScope) -> Result<(), StepError> {
    ports.keyring.destroy(key).await?;
    if ports.keyring.exists(key).await? {
        let detail = "the key is still there";
        return Err(Fault::new(Class::Transient, Code::KeyUnavailable, "destroy", "keys", detail).into());
    }
    Ok(())
}
