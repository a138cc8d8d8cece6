//! All tenants, for what a schedule does for each of them.

use domain::TenantId;
use ports::{Entropy, Fault, Tenants};

/// Tenants that are asked for at once.
const PAGE: usize = 100;

/// All of them, beginning with one by chance: where the time does not suffice for all, the next runs come to the rest.
pub(crate) async fn everybody(tenants: &dyn Tenants, entropy: &dyn Entropy) -> Result<Vec<TenantId>, Fault> {
    let mut all: Vec<TenantId> = Vec::new();
    loop {
        let page = tenants.all(all.last(), PAGE).await?;
        let more = page.len() == PAGE;
        all.extend(page);
        if !more {
            break;
        }
    }
    let count = u128::try_from(all.len()).unwrap_or(u128::MAX).max(1);
    all.rotate_left(usize::try_from(entropy.bits() % count).unwrap_or_default());
    Ok(all)
}
