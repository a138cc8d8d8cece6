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
        // As many as there are packages, times the links of each: all of them, page by page.
        let items = self.table.search(&search, None).await?;
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{Answer, canned};

    /// A request in seven packages gives out 140 links.
    #[tokio::test]
    async fn every_visit_is_read_however_many_there_are() {
        let items = |numbers: std::ops::Range<u32>| -> Vec<serde_json::Value> {
            let item = |n| json!({"sk": {"S": format!("VISIT#{n:010}")}, "expires_at": {"N": "9"}, "sealed": {"B": "AA=="}});
            numbers.map(item).collect()
        };
        let first = json!({"Items": items(0..100), "LastEvaluatedKey": {"pk": {"S": "p"}, "sk": {"S": "s"}}});
        let last = json!({"Items": items(100..140)});
        let server = canned(move |asked| {
            let goes_on = String::from_utf8_lossy(&asked.body).contains("ExclusiveStartKey");
            Answer::json(200, &if goes_on { &last } else { &first }.to_string())
        })
        .await;
        let visits = VisitsTable::new(Client::new(&server.sdk()), "lacuna-keys");
        let (tenant, id) = ("demo".parse().expect("a tenant"), "req_01kjpwd6m0b9d5mpjtb9d5mpjt".parse());
        let kept = visits.kept(&tenant, &id.expect("an id"), Timestamp::UNIX_EPOCH).await.expect("visits");
        let numbers: Vec<u32> = kept.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, (0..140).collect::<Vec<_>>());
    }
}
