//! Reading a table.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use ports::{Class, Code, Fault};

use super::condition::Condition;
use super::fault;
use super::items::{Item, s};
use super::keys::Key;

/// Keys of one `BatchGetItem`.
pub(super) const MOST_KEYS: usize = 100;
/// How often keys that DynamoDB did not get to are asked for again. Waits of 20 ms, doubled each
/// time: 0.6 s in all.
const ATTEMPTS: u32 = 6;
const BATCH: &str = "dynamodb:BatchGetItem";

/// A table, through a client.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub client: Client,
    pub name: String,
}

/// What is asked of one partition.
pub(super) struct Search {
    index: Option<(&'static str, &'static str, &'static str)>,
    partition: String,
    range: Range,
    descending: bool,
    projection: Option<&'static str>,
}

/// The sort keys that are asked for.
pub(super) enum Range {
    /// All.
    All,
    /// Those that begin so.
    Prefix(String),
    /// Those before this one.
    Before(String),
    /// Those after this one.
    After(String),
    /// Those from the first to the second, both included.
    Between(String, String),
}

impl Search {
    /// In the table itself, strongly consistent.
    pub fn new(partition: String, range: Range) -> Self {
        Self { index: None, partition, range, descending: false, projection: None }
    }

    /// In an index with these keys. An index lags behind its table.
    #[must_use]
    pub fn index(mut self, name: &'static str, pk: &'static str, sk: &'static str) -> Self {
        self.index = Some((name, pk, sk));
        self
    }

    /// The greatest first.
    #[must_use]
    pub fn descending(mut self) -> Self {
        self.descending = true;
        self
    }

    /// Only these attributes, none of them a reserved word.
    #[must_use]
    pub fn only(mut self, projection: &'static str) -> Self {
        self.projection = Some(projection);
        self
    }

    fn condition(&self) -> &'static str {
        match self.range {
            Range::All => "#pk = :pk",
            Range::Prefix(_) => "#pk = :pk AND begins_with(#sk, :a)",
            Range::Before(_) => "#pk = :pk AND #sk < :a",
            Range::After(_) => "#pk = :pk AND #sk > :a",
            Range::Between(..) => "#pk = :pk AND #sk BETWEEN :a AND :b",
        }
    }

    fn names(&self) -> HashMap<String, String> {
        let (pk, sk) = self.index.map_or(("pk", "sk"), |(_, pk, sk)| (pk, sk));
        let mut names = HashMap::from([("#pk".to_owned(), pk.to_owned())]);
        if !matches!(self.range, Range::All) {
            names.insert("#sk".to_owned(), sk.to_owned());
        }
        names
    }

    fn values(&self) -> HashMap<String, AttributeValue> {
        let mut values = HashMap::from([(":pk".to_owned(), s(&self.partition))]);
        match &self.range {
            Range::All => {}
            Range::Prefix(a) | Range::Before(a) | Range::After(a) => {
                values.insert(":a".to_owned(), s(a));
            }
            Range::Between(a, b) => {
                values.insert(":a".to_owned(), s(a));
                values.insert(":b".to_owned(), s(b));
            }
        }
        values
    }
}

impl Table {
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self { client, name: name.into() }
    }

    /// An item, strongly consistent.
    pub async fn get(&self, key: &Key) -> Result<Option<Item>, Fault> {
        let call = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(key.attributes()))
            .consistent_read(true);
        match call.send().await {
            Ok(found) => Ok(found.item),
            Err(error) => Err(fault::dynamodb("dynamodb:GetItem", &self.name, &error)),
        }
    }

    /// The items of these keys that are there, strongly consistent, in whatever order. At most [`MOST_KEYS`] keys,
    /// none of them twice; of the items only these attributes, if any are named.
    pub async fn get_many(&self, keys: &[Key], projection: Option<&str>) -> Result<Vec<Item>, Fault> {
        let mut found = Vec::new();
        let mut wanted: Vec<Item> = keys.iter().map(Key::attributes).collect();
        for attempt in 0..ATTEMPTS {
            if wanted.is_empty() {
                return Ok(found);
            }
            if attempt > 0 {
                tokio::time::sleep(Duration::from_millis(10 << attempt)).await;
            }
            let keys = KeysAndAttributes::builder()
                .set_keys(Some(wanted))
                .consistent_read(true)
                .set_projection_expression(projection.map(str::to_owned))
                .build()
                .map_err(|_| self.batch_fault(Class::Permanent, "incomplete request"))?;
            let call = self.client.batch_get_item().request_items(&self.name, keys);
            let answer = match call.send().await {
                Ok(answer) => answer,
                Err(error) => return Err(fault::dynamodb(BATCH, &self.name, &error)),
            };
            let tables: HashMap<String, Vec<Item>> = answer.responses.unwrap_or_default();
            found.extend(tables.into_values().flatten());
            let left = answer.unprocessed_keys.unwrap_or_default();
            wanted = left.into_values().flat_map(|left| left.keys).collect();
        }
        if wanted.is_empty() { Ok(found) } else { Err(self.batch_fault(Class::Throttled, "UnprocessedKeys")) }
    }

    fn batch_fault(&self, class: Class, detail: &str) -> Fault {
        Fault::new(class, Code::ControlUnavailable, BATCH, &self.name, detail)
    }

    /// Puts an item on a condition; `false` if that does not hold.
    pub async fn put_if(&self, item: Item, condition: &Condition) -> Result<bool, Fault> {
        let call = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression(condition.expression.as_ref())
            .set_expression_attribute_names(condition.names())
            .set_expression_attribute_values(condition.values());
        let refused = PutItemError::is_conditional_check_failed_exception;
        match call.send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(refused) => Ok(false),
            Err(error) => Err(fault::dynamodb("dynamodb:PutItem", &self.name, &error)),
        }
    }

    /// Deletes an item, if it is there.
    pub async fn delete(&self, key: &Key) -> Result<(), Fault> {
        let call = self.client.delete_item().table_name(&self.name).set_key(Some(key.attributes()));
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(fault::dynamodb("dynamodb:DeleteItem", &self.name, &error)),
        }
    }

    /// The first `most` items of a search; all of them without a limit. Reads page by page.
    pub async fn search(&self, search: &Search, most: Option<usize>) -> Result<Vec<Item>, Fault> {
        let mut found = Vec::new();
        let mut start = None;
        loop {
            let missing = most.map(|most| most.saturating_sub(found.len()));
            if missing == Some(0) {
                return Ok(found);
            }
            let (items, next) = self.page(search, missing, start).await?;
            found.extend(items);
            start = next;
            if start.is_none() {
                return Ok(found);
            }
        }
    }

    /// One page of a search, of at most so many items, and where the next one starts.
    pub async fn page(
        &self,
        search: &Search,
        most: Option<usize>,
        start: Option<Item>,
    ) -> Result<(Vec<Item>, Option<Item>), Fault> {
        let call = self
            .client
            .query()
            .table_name(&self.name)
            .set_index_name(search.index.map(|(name, ..)| name.to_owned()))
            .consistent_read(search.index.is_none())
            .key_condition_expression(search.condition())
            .set_expression_attribute_names(Some(search.names()))
            .set_expression_attribute_values(Some(search.values()))
            .set_projection_expression(search.projection.map(str::to_owned))
            .set_limit(most.map(|n| i32::try_from(n).unwrap_or(i32::MAX)))
            .scan_index_forward(!search.descending)
            .set_exclusive_start_key(start);
        match call.send().await {
            Ok(page) => Ok((page.items.unwrap_or_default(), page.last_evaluated_key)),
            Err(error) => Err(fault::dynamodb("dynamodb:Query", &self.name, &error)),
        }
    }
}
