//! From where packages were fetched.

use async_trait::async_trait;
use domain::{RequestId, TenantId};
use jiff::Timestamp;
use ports::{Fault, Visits};

use super::{World, lock};
use crate::inject::Point;

/// One visit, as it is kept.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    tenant: TenantId,
    id: RequestId,
    number: u32,
    sealed: Vec<u8>,
    until: Timestamp,
}

#[async_trait]
impl Visits for World {
    async fn keep(
        &self,
        tenant: &TenantId,
        id: &RequestId,
        number: u32,
        sealed: Vec<u8>,
        until: Timestamp,
    ) -> Result<(), Fault> {
        self.injector().pass(Point::VisitsKeep, tenant.as_str(), || {
            let mut visits = lock(&self.inner.visits);
            visits.retain(|kept| (&kept.tenant, &kept.id, kept.number) != (tenant, id, number));
            visits.push(Kept { tenant: tenant.clone(), id: id.clone(), number, sealed, until });
            Ok(())
        })
    }

    async fn kept(
        &self,
        tenant: &TenantId,
        id: &RequestId,
        now: Timestamp,
    ) -> Result<Vec<(u32, Vec<u8>)>, Fault> {
        self.injector().pass(Point::VisitsKept, tenant.as_str(), || {
            let visits = lock(&self.inner.visits);
            let theirs = visits.iter().filter(|kept| &kept.tenant == tenant && &kept.id == id);
            Ok(theirs
                .filter(|kept| kept.until > now)
                .map(|kept| (kept.number, kept.sealed.clone()))
                .collect())
        })
    }
}
