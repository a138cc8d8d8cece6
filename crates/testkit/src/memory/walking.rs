//! Reading collections from one end to the other, over memory.

use async_trait::async_trait;
use ports::stores::{Seen, Target, Walked};
use ports::{Fault, Walker};

use super::connector::{FROM_THE_START, MemoryConnector, wanted};
use super::stores::Sight;
use crate::inject::Point;

#[async_trait]
impl Walker for MemoryConnector {
    async fn walk(&self, target: &Target<'_>, cursor: Option<&str>) -> Result<Walked, Fault> {
        let point = Point::WalkerWalk;
        self.pass(point, || {
            if self.is_blind(Sight::Walk) {
                return Ok(Walked { records: Vec::new(), next: None });
            }
            if self.begins_empty(cursor) {
                return Ok(Walked { records: Vec::new(), next: Some(FROM_THE_START.to_owned()) });
            }
            let after = self.read_cursor(point, cursor)?;
            let size = self.page_size();
            self.with(point, target, |contents| {
                let rows = contents.records(target.collection, after.as_ref())?.take(size);
                let seen = rows
                    .map(|(key, row)| Seen { key: key.into_owned(), values: wanted(&row, target.wanted) });
                let records: Vec<Seen> = seen.collect();
                // A full page has a next one, even if that turns out empty.
                let last = records.last().filter(|_| records.len() == size);
                let next = last.and_then(|seen| serde_json::to_string(&seen.key).ok());
                Some(Walked { records, next })
            })
        })
    }
}
