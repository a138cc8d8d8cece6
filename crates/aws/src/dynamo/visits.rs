//! From where packages were fetched.
//!
//! | item | pk | sk | attributes |
//! |---|---|---|---|
//! | a visit | `T#<tenant>#R#<request>` | `VISIT#<link>` | `sealed`, `expires_at` |
//!
//! In the `keys` table, because it has no backup: what expires there is gone. DynamoDB removes it some time
//! after it expired, so a reader looks at `expires_at`.

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{RequestId, TenantId};
use jiff::Timestamp;
use ports::{Fault, Visits};

use super::fault;
use super::items::{Item, NewItem, n};
use super::keys;
use super::table::{Range, Search, Table};

/// Visits of one request that are read at the most: more links than that are never given out.
const MOST: usize = 100;

/// The visits in the `keys` table.
pub struct VisitsTable {
    table: Table,
}

impl VisitsTable {
    /// The table by name.
    pub fn new(client: Client, keys: impl Into<String>) -> Self {
        Self { table: Table::new(client, keys) }
    }
}

#[async_trait]
impl Visits for VisitsTable {
    async fn keep(
        &self,
        tenant: &TenantId,
        id: &RequestId,
        number: u32,
        sealed: Vec<u8>,
        until: Timestamp,
    ) -> Result<(), Fault> {
        let item = NewItem::new(&keys::visit(tenant, id, number))
            .with("sealed", AttributeValue::B(Blob::new(sealed)))
            .with("expires_at", n(&until.as_second()))
            .build();
        let call = self.table.client.put_item().table_name(&self.table.name).set_item(Some(item));
        let put = call.send().await.map(|_| ());
        put.map_err(|error| fault::dynamodb("dynamodb:PutItem", &self.table.name, &error))
    }

    async fn kept(
        &self,
        tenant: &TenantId,
        id: &RequestId,
        now: Timestamp,
    ) -> Result<Vec<(u32, Vec<u8>)>, Fault> {
        let first = keys::visit(tenant, id, 0);
        let search = Search::new(first.pk, Range::Prefix(keys::VISIT.to_owned()));
        let items = self.table.search(&search, Some(MOST)).await?;
        Ok(items.iter().filter_map(|item| visit(item, now)).collect())
    }
}

fn visit(item: &Item, now: Timestamp) -> Option<(u32, Vec<u8>)> {
    let until: i64 = item.get("expires_at")?.as_n().ok()?.parse().ok()?;
    let sk = item.get("sk")?.as_s().ok()?;
    let number = sk.strip_prefix(keys::VISIT)?.parse().ok()?;
    let sealed = item.get("sealed")?.as_b().ok()?;
    (until > now.as_second()).then(|| (number, sealed.as_ref().to_vec()))
}
