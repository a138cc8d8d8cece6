//! All tenants, for what a schedule does for each of them.

use domain::TenantId;
use ports::{Entropy, Fault, Listed, Tenants};

/// Tenants that are asked for at once.
const PAGE: usize = 100;

/// All of them, beginning with one by chance: where the time does not suffice for all, the next runs come to the rest.
pub(crate) async fn everybody(tenants: &dyn Tenants, entropy: &dyn Entropy) -> Result<Vec<TenantId>, Fault> {
    let mut all = all(tenants).await?.tenants;
    let by = by_chance(all.len(), entropy);
    all.rotate_left(by);
    Ok(all)
}

/// A place among so many.
pub(crate) fn by_chance(count: usize, entropy: &dyn Entropy) -> usize {
    let count = u128::try_from(count).unwrap_or(u128::MAX).max(1);
    usize::try_from(entropy.bits() % count).unwrap_or_default()
}

/// All of them, in order.
pub(crate) async fn all(tenants: &dyn Tenants) -> Result<Listed, Fault> {
    let mut all = Listed::default();
    loop {
        let page = tenants.all(all.tenants.last(), PAGE).await?;
        let more = page.tenants.len() == PAGE;
        all.tenants.extend(page.tenants);
        all.unreadable += page.unreadable;
        if !more {
            return Ok(all);
        }
    }
}
