//! Which records of a store a pass has located already, so that each is counted, and treated, once:
//! a record may carry two identities, or be referred to by two others.
//!
//! What was located is read back from the sealed pages, and only where its collection is searched
//! again. A record is remembered by 128 bits of its key's digest: 100,000 of them take about 4 MB.

use std::collections::{BTreeMap, HashSet};

use domain::plan::{Page, PageRef, Plan, Record, RecordKey, Value};
use domain::{StoreId, Task};
use futures::future::try_join_all;

use super::locate_store::written;
use crate::error::StepError;
use crate::papers::Desk;

/// Pages that are read at the same time.
const AT_ONCE: usize = 8;

/// The records located so far, by collection.
#[derive(Default)]
pub(super) struct Seen {
    collections: BTreeMap<String, HashSet<u128>>,
}

impl Seen {
    /// Reads what the pass located in a collection, unless that was read before.
    pub(super) async fn recall(
        &mut self,
        desk: &Desk<'_>,
        plan: &Plan,
        (store, task): (&StoreId, &Task),
        collection: &str,
    ) -> Result<(), StepError> {
        if self.collections.contains_key(collection) {
            return Ok(());
        }
        let mut known = HashSet::new();
        let rounds = plan.passes.last().map_or(&[][..], |pass| &pass.rounds);
        let listed = rounds.iter().filter_map(|round| round.pages.get(store)).flatten();
        let listed = listed.filter(|page: &&PageRef| page.collection == collection && !page.gone);
        let mut objects: Vec<String> = listed.map(|page| page.object.clone()).collect();
        // What an earlier call found in this round is not listed yet.
        objects.extend(written(desk, plan, task));
        for some in objects.chunks(AT_ONCE) {
            let mut reading = Vec::with_capacity(some.len());
            for object in some {
                reading.push(desk.page(object));
            }
            for page in try_join_all(reading).await? {
                if page.collection == collection && !page.gone {
                    known.extend(keys_of(&page));
                }
            }
        }
        self.collections.insert(collection.to_owned(), known);
        Ok(())
    }

    /// Whether the record is new. From now on it is not.
    pub(super) fn is_new(&mut self, collection: &str, record: &Record) -> bool {
        self.collections.entry(collection.to_owned()).or_default().insert(digest(&record.key))
    }
}

fn keys_of(page: &Page) -> impl Iterator<Item = u128> {
    page.records.iter().map(|record| digest(&record.key))
}

/// The first 128 bits of SHA-256 over a key: each part with its kind and the lengths of its texts.
pub(super) fn digest(key: &RecordKey) -> u128 {
    let mut bytes = Vec::new();
    for (name, value) in key {
        bytes.push(match value {
            Value::Text(_) => b't',
            Value::Number(_) => b'n',
        });
        for text in [name.as_str(), value.expose()] {
            bytes.extend((text.len() as u64).to_be_bytes());
            bytes.extend(text.as_bytes());
        }
    }
    vault::sha256(&bytes).iter().take(16).fold(0, |all, byte| (all << 8) | u128::from(*byte))
}
