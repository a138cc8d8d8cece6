//! Rotation and re-wrapping, in the background.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Pseudonym, TenantId};
use jiff::{SignedDuration, Timestamp};
use ports::{Class, Code, Fault, KeyAdmin, KeyScope, KeyState, Keyring, MOST_COUNTED};
use vault::DataKey;

use super::persons::Stored;
use super::rotating::{Head, state};
use super::{KeysTable, unusable};
use crate::dynamo::condition::Condition;
use crate::dynamo::items::{Item, n, text};
use crate::dynamo::keys::{self, Key};
use crate::dynamo::table::{Range, Search};

const INDEX: (&str, &str, &str) = ("by_work", "work_pk", "work_sk");

fn work(partition: String, range: Range) -> Search {
    Search::new(partition, range).index(INDEX.0, INDEX.1, INDEX.2)
}

#[async_trait]
impl KeyAdmin for KeysTable {
    async fn rotate(
        &self,
        scope: &KeyScope,
        expected: u32,
        every: SignedDuration,
    ) -> Result<KeyState, Fault> {
        if !scope.rotates() {
            let detail = "this key does not rotate";
            return Err(Fault::new(
                Class::Permanent,
                Code::KeyUnavailable,
                "rotate",
                scope.purpose(),
                detail,
            ));
        }
        self.make_version(scope, expected, every).await
    }

    async fn status(&self, tenant: &TenantId) -> Result<Vec<KeyState>, Fault> {
        let mut states = Vec::new();
        for scope in [KeyScope::Fields(tenant.clone()), KeyScope::Subjects(tenant.clone())] {
            let Some(head) = self.head(&scope).await? else { continue };
            let prefix = format!("{}#", keys::rotating_key(&scope).sk);
            let versions = Search::new(keys::keys_of(tenant), Range::Prefix(prefix));
            let versions = self.table.search(&versions, Some(MOST_COUNTED as usize)).await?;
            let earlier_root = |item: &&Item| text(item, "root") != Some(&self.root);
            let mut left = versions.iter().filter(earlier_root).count();
            if matches!(scope, KeyScope::Subjects(_)) {
                let earlier = self.sealed_before(tenant, head.version, MOST_COUNTED as usize).await?;
                left += earlier.len();
            }
            let to_rewrap = u32::try_from(left).unwrap_or(u32::MAX).min(MOST_COUNTED);
            states.push(KeyState { to_rewrap, ..state(&scope, &head) });
        }
        Ok(states)
    }

    async fn due(&self, now: Timestamp, most: usize) -> Result<Vec<KeyState>, Fault> {
        // `~` sorts after every digit and letter.
        let until = Range::Before(format!("{}~", keys::instant(now)));
        let found = self.table.search(&work(keys::ROTATION.to_owned(), until), Some(most)).await?;
        let mut due = Vec::new();
        let mut failed = None;
        for item in found {
            let Some(scope) = Key::of(&item).as_ref().and_then(keys::parse_scope) else { continue };
            match self.head(&scope).await {
                // The index lags behind: what was rotated a moment ago is not due.
                Ok(head) => {
                    due.extend(head.filter(|head| head.rotate_by <= now).map(|head| state(&scope, &head)));
                }
                Err(fault) => failed = failed.or(Some(fault)),
            }
        }
        unless_nothing(due, Vec::is_empty, failed)
    }

    async fn rewrap(&self, most: usize) -> Result<usize, Fault> {
        // One that cannot be read or wrapped does not keep the others from their turn.
        let mut failed = None;
        let mut done = self.rewrap_roots(most, &mut failed).await?;
        let rotating = self.table.search(&work(keys::ROTATION.to_owned(), Range::All), None).await?;
        for item in rotating {
            let Some(KeyScope::Subjects(tenant)) = Key::of(&item).as_ref().and_then(keys::parse_scope) else {
                continue;
            };
            if done >= most {
                break;
            }
            match self.rewrap_persons(&tenant, most - done, &mut failed).await {
                Ok(more) => done += more,
                Err(fault) => failed = failed.or(Some(fault)),
            }
        }
        unless_nothing(done, |done| *done == 0, failed)
    }
}

/// What was done, or why nothing was.
fn unless_nothing<T>(done: T, is_nothing: impl Fn(&T) -> bool, failed: Option<Fault>) -> Result<T, Fault> {
    match failed {
        Some(fault) if is_nothing(&done) => Err(fault),
        _ => Ok(done),
    }
}

impl KeysTable {
    /// Keys that are wrapped under an earlier root key.
    async fn rewrap_roots(&self, most: usize, failed: &mut Option<Fault>) -> Result<usize, Fault> {
        let mut done = 0;
        for shard in 0..keys::SHARDS {
            let before = Range::Before(format!("{}#", self.root));
            let after = Range::Between(format!("{}#~", self.root), "~".to_owned());
            for range in [before, after] {
                let search = work(keys::root_partition(shard), range);
                for item in self.table.search(&search, Some(most.saturating_sub(done))).await? {
                    let Some(key) = Key::of(&item) else { continue };
                    match self.rewrap_root(&key).await {
                        Ok(rewrapped) => done += usize::from(rewrapped),
                        Err(fault) => *failed = failed.take().or(Some(fault)),
                    }
                }
            }
        }
        Ok(done)
    }

    async fn rewrap_root(&self, key: &Key) -> Result<bool, Fault> {
        let Some(scope) = keys::parse_scope(key) else { return Ok(false) };
        let Some(item) = self.table.get(key).await? else { return Ok(false) };
        if text(&item, "root") == Some(&self.root) {
            return Ok(false);
        }
        let wrapped = item.get("wrapped").and_then(|wrapped| wrapped.as_b().ok()).cloned();
        let wrapped = wrapped.ok_or_else(|| unusable("dynamodb:GetItem", &scope, "unreadable-item"))?;
        let anew = self.wrap_anew(&scope, &wrapped).await?;
        let mut replaced = item;
        replaced.extend(self.wrapped_item(key, anew).build());
        let same = Condition::new("#wrapped = :wrapped")
            .name("#wrapped", "wrapped")
            .value(":wrapped", AttributeValue::B(wrapped));
        self.put(replaced, same).await
    }

    /// Persons' keys that are sealed under an earlier version of the tenant's.
    async fn sealed_before(&self, tenant: &TenantId, version: u32, most: usize) -> Result<Vec<Item>, Fault> {
        let (partition, before) = keys::sealed_before(tenant, version);
        self.table.search(&work(partition, Range::Before(before)), Some(most)).await
    }

    async fn rewrap_persons(
        &self,
        tenant: &TenantId,
        most: usize,
        failed: &mut Option<Fault>,
    ) -> Result<usize, Fault> {
        let scope = KeyScope::Subjects(tenant.clone());
        let Some(Head { version, .. }) = self.head(&scope).await? else { return Ok(0) };
        let Some(under) = self.open_version(&scope, version).await? else { return Ok(0) };
        let mut done = 0;
        for item in self.sealed_before(tenant, version, most).await? {
            let person = Key::of(&item).as_ref().and_then(keys::parse_scope);
            let Some(KeyScope::Subject(_, subject)) = &person else { continue };
            match self.rewrap_person(tenant, subject, &under).await {
                Ok(rewrapped) => done += usize::from(rewrapped),
                Err(fault) => *failed = failed.take().or(Some(fault)),
            }
        }
        Ok(done)
    }

    async fn rewrap_person(
        &self,
        tenant: &TenantId,
        subject: &Pseudonym,
        under: &DataKey,
    ) -> Result<bool, Fault> {
        let scope = KeyScope::Subject(tenant.clone(), subject.clone());
        let Some(Stored { version, sealed: Some(sealed) }) = self.stored(&scope).await? else {
            return Ok(false);
        };
        let material = self.unseal(&scope, tenant, subject, &sealed).await?;
        let item = self.person_item(&scope, tenant, subject, (under, &material, version))?;
        // Destroyed, or sealed anew, by somebody else meanwhile: then theirs stands.
        let same = Condition::new("#version = :version AND #sealed = :sealed")
            .name("#version", "version")
            .name("#sealed", "sealed")
            .value(":version", n(&version))
            .value(":sealed", AttributeValue::B(aws_sdk_dynamodb::primitives::Blob::new(sealed)));
        self.put(item, same).await
    }
}
