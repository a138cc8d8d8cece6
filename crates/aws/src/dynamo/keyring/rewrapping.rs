//! Sealing stored keys anew, in the background. What fails is left where it is and gone past: a damaged
//! key keeps no other from its turn.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Pseudonym, TenantId};
use ports::{Budget, Fault, KeyScope, Rewrapped};

use super::persons::Stored;
use super::upkeep::work;
use super::{KeysTable, unusable};
use crate::dynamo::condition::Condition;
use crate::dynamo::items::{Item, n, text};
use crate::dynamo::keys::{self, Key};
use crate::dynamo::table::{Range, Search, Table};

/// Items that are asked for at once.
const PAGE: usize = 100;

/// One pass over the stored keys, and what it came to so far.
struct Pass<'a> {
    budget: &'a dyn Budget,
    spent: bool,
    so_far: Rewrapped,
}

impl Pass<'_> {
    /// Asked before each page and each key.
    fn is_spent(&mut self) -> bool {
        self.spent = self.spent || self.budget.is_spent();
        self.spent
    }
}

/// The items of a search, page by page.
struct Walk {
    search: Search,
    start: Option<Item>,
    over: bool,
}

impl Walk {
    fn of(partition: String, range: Range) -> Self {
        Self { search: work(partition, range), start: None, over: false }
    }

    /// The scopes of the next page; `None` when it was the last, the time is up, or it cannot be read.
    async fn next(&mut self, table: &Table, pass: &mut Pass<'_>) -> Option<Vec<(Key, KeyScope)>> {
        if self.over || pass.is_spent() {
            return None;
        }
        match table.page(&self.search, Some(PAGE), self.start.take()).await {
            Ok((items, next)) => {
                (self.over, self.start) = (next.is_none(), next);
                let keys = items.iter().filter_map(Key::of);
                Some(keys.filter_map(|key| keys::parse_scope(&key).map(|scope| (key, scope))).collect())
            }
            Err(fault) => {
                pass.so_far.note(Err(fault));
                None
            }
        }
    }
}

impl KeysTable {
    pub(super) async fn rewrap_all(&self, budget: &dyn Budget) -> Rewrapped {
        let mut pass = Pass { budget, spent: false, so_far: Rewrapped::default() };
        for shard in 0..keys::SHARDS {
            let before = Range::Before(format!("{}#", self.root));
            // `~` sorts after every digit and letter.
            let after = Range::Between(format!("{}#~", self.root), "~".to_owned());
            for range in [before, after] {
                let walk = Walk::of(keys::root_partition(shard), range);
                self.rewrap_roots(walk, &mut pass).await;
            }
        }
        let mut rotating = Walk::of(keys::ROTATION.to_owned(), Range::All);
        while let Some(keys) = rotating.next(&self.table, &mut pass).await {
            for (_, scope) in keys {
                let KeyScope::Subjects(tenant) = &scope else { continue };
                if let Err(fault) = self.rewrap_persons(&scope, tenant, &mut pass).await {
                    pass.so_far.note(Err(fault));
                }
            }
        }
        pass.so_far
    }

    /// Keys that are wrapped under an earlier root key.
    async fn rewrap_roots(&self, mut walk: Walk, pass: &mut Pass<'_>) {
        while let Some(keys) = walk.next(&self.table, pass).await {
            for (key, scope) in keys {
                if pass.is_spent() {
                    return;
                }
                pass.so_far.note(self.rewrap_root(&key, &scope).await);
            }
        }
    }

    async fn rewrap_root(&self, key: &Key, scope: &KeyScope) -> Result<bool, Fault> {
        let Some(item) = self.table.get(key).await? else { return Ok(false) };
        if text(&item, "root") == Some(&self.root) {
            return Ok(false);
        }
        let wrapped = item.get("wrapped").and_then(|wrapped| wrapped.as_b().ok()).cloned();
        let wrapped = wrapped.ok_or_else(|| unusable("dynamodb:GetItem", scope, "unreadable-item"))?;
        let anew = self.wrap_anew(scope, &wrapped).await?;
        let mut replaced = item;
        replaced.extend(self.wrapped_item(key, anew).build());
        let same = Condition::new("#wrapped = :wrapped")
            .name("#wrapped", "wrapped")
            .value(":wrapped", AttributeValue::B(wrapped));
        self.put(replaced, same).await
    }

    /// Persons' keys that are sealed under an earlier version of the tenant's.
    async fn rewrap_persons(
        &self,
        subjects: &KeyScope,
        tenant: &TenantId,
        pass: &mut Pass<'_>,
    ) -> Result<(), Fault> {
        let Some(head) = self.head(subjects).await? else { return Ok(()) };
        let (partition, before) = keys::sealed_before(tenant, head.version);
        let mut walk = Walk::of(partition, Range::Before(before));
        while let Some(keys) = walk.next(&self.table, pass).await {
            for (_, scope) in keys {
                let KeyScope::Subject(_, subject) = &scope else { continue };
                if pass.is_spent() {
                    return Ok(());
                }
                pass.so_far
                    .note(self.rewrap_person(&scope, (tenant, subject), (subjects, head.version)).await);
            }
        }
        Ok(())
    }

    async fn rewrap_person(
        &self,
        scope: &KeyScope,
        (tenant, subject): (&TenantId, &Pseudonym),
        (subjects, present): (&KeyScope, u32),
    ) -> Result<bool, Fault> {
        let Some(Stored { version, sealed: Some(sealed) }) = self.stored(scope).await? else {
            return Ok(false);
        };
        let material = self.unseal(scope, tenant, subject, &sealed).await?;
        // Asked for with each key: it is unwrapped once in five minutes, and not at all if there is none.
        let under = self.version(subjects, present).await?;
        let under = under.ok_or_else(|| unusable("seal", scope, "no-such-version"))?;
        let item = self.person_item(scope, tenant, subject, (&under, &material, version))?;
        // Destroyed, or sealed anew, by somebody else meanwhile: then theirs stands.
        let same = Condition::new("#version = :version AND #sealed = :sealed")
            .name("#version", "version")
            .name("#sealed", "sealed")
            .value(":version", n(&version))
            .value(":sealed", AttributeValue::B(Blob::new(sealed)));
        self.put(item, same).await
    }
}
