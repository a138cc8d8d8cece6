//! Rotation, and how the keys stand.

use async_trait::async_trait;
use domain::TenantId;
use jiff::SignedDuration;
use ports::{
    Begin, Budget, Fault, KeyAdmin, KeyScope, KeyState, KeyStatus, MOST_COUNTED, Rewrapped, RotatingKeys,
};

use super::rotating::state;
use super::{KeysTable, unusable};
use crate::dynamo::items::text;
use crate::dynamo::keys::{self, Key};
use crate::dynamo::table::{Range, Search};
use crate::telemetry::{self, Metric};

const INDEX: (&str, &str, &str) = ("by_work", "work_pk", "work_sk");

/// A search of the index of upkeep.
pub(super) fn work(partition: String, range: Range) -> Search {
    Search::new(partition, range).index(INDEX.0, INDEX.1, INDEX.2)
}

/// Says that rows of a partition name no key: nobody looks after what they belong to.
pub(super) fn tell_unreadable(partition: &str, rows: usize) {
    if rows > 0 {
        tracing::warn!(partition, rows, "rows of the index of stored keys cannot be read");
    }
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
            return Err(unusable("rotate", scope, "this key does not rotate"));
        }
        self.make_version(scope, expected, every).await
    }

    async fn status(&self, tenant: &TenantId) -> Result<Vec<KeyStatus>, Fault> {
        let mut states = Vec::new();
        for scope in [KeyScope::Fields(tenant.clone()), KeyScope::Subjects(tenant.clone())] {
            let Some(head) = self.head(&scope).await? else { continue };
            let prefix = format!("{}#", keys::rotating_key(&scope).sk);
            let versions = Search::new(keys::keys_of(tenant), Range::Prefix(prefix));
            let versions = self.table.search(&versions, Some(MOST_COUNTED as usize)).await?;
            let mut left = versions.iter().filter(|item| text(item, "root") != Some(&self.root)).count();
            if matches!(scope, KeyScope::Subjects(_)) {
                let (partition, before) = keys::sealed_before(tenant, head.version);
                let earlier = work(partition, Range::Before(before));
                left += self.table.search(&earlier, Some(MOST_COUNTED as usize)).await?.len();
            }
            let to_rewrap = u32::try_from(left).unwrap_or(u32::MAX).min(MOST_COUNTED);
            states.push(KeyStatus { key: state(&scope, &head), to_rewrap });
        }
        Ok(states)
    }

    async fn rotating(&self, begin: &Begin, most: usize) -> Result<RotatingKeys, Fault> {
        let range = match begin {
            Begin::First => Range::All,
            Begin::DueAfter(instant) => Range::After(keys::due_until(*instant)),
            Begin::At(place) => Range::After(place.clone()),
        };
        let search = work(keys::ROTATION.to_owned(), range);
        let (items, next) = self.table.page(&search, Some(most), None).await?;
        let scope_of = |item| Key::of(item).and_then(|key| keys::parse_scope(&key));
        let scopes: Vec<KeyScope> = items.iter().filter_map(scope_of).collect();
        tell_unreadable(keys::ROTATION, items.len() - scopes.len());
        let mut found = Vec::new();
        for scope in scopes {
            // The index lags behind, and says only where to look.
            let head = self.head(&scope).await.transpose();
            found.extend(head.map(|head| head.map(|head| state(&scope, &head))));
        }
        let next = next.as_ref().and_then(|next| text(next, INDEX.2)).map(str::to_owned);
        Ok(RotatingKeys { keys: found, next })
    }

    async fn rewrap(&self, budget: &dyn Budget) -> Rewrapped {
        let rewrapped = self.rewrap_all(budget).await;
        telemetry::count("rotate-keys", Metric::DamagedKeys, rewrapped.damaged);
        rewrapped
    }
}
