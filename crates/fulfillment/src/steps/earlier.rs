//! What an earlier pass located, looked at again: the records that are gone, and are still the person's.
//!
//! What refers to a record is found through the record. If its owner deletes it while the request waits,
//! or we erased it, the references to it still have to be found. A record that is there leads on by
//! itself, if it is the person's; if it has become somebody else's, it must not.

use std::collections::HashSet;

use domain::plan::{Lookup, PageRef, Plan, Record, Source, Value};
use ports::stores::{Connector, PAGE, Since, Target};

use super::locate_store::values_at;
use super::treatment::replacements;
use crate::error::StepError;
use crate::papers::Desk;

/// Earlier records of one collection.
pub(super) struct Earlier<'a> {
    pub desk: &'a Desk<'a>,
    pub plan: &'a Plan,
    /// What the round looks for in the store.
    pub lookups: &'a [Lookup],
    pub target: Target<'a>,
}

impl Earlier<'_> {
    /// The records of an earlier page that are gone, or carry what stands for the person by now.
    pub(super) async fn gone(
        &self,
        connector: &dyn Connector,
        page: &PageRef,
    ) -> Result<Vec<Record>, StepError> {
        let mut gone = Vec::new();
        let mut parents = None;
        for records in self.desk.page(&page.object).await?.records.chunks(PAGE) {
            let since = connector.look_again(&self.target, records).await?;
            for (record, since) in records.iter().zip(since) {
                if self.is_there(record, &since) {
                    continue;
                }
                // What was found through another record is the person's as long as that one is.
                if !self.is_identity(&record.via) {
                    let parents = match &mut parents {
                        Some(parents) => parents,
                        none => none.insert(self.parents(&record.via).await?),
                    };
                    if !parents.contains(&record.via_value) {
                        continue;
                    }
                }
                gone.push(record.clone());
            }
        }
        Ok(gone)
    }

    /// Whether it leads on by itself, or is somebody else's.
    fn is_there(&self, record: &Record, since: &Since) -> bool {
        let Since::Holds(Some(value)) = since else {
            return false;
        };
        // What we replaced the person by is nobody.
        replacements(self.plan, self.target.collection).get(&record.via) != Some(&Some(value.clone()))
    }

    fn is_identity(&self, field: &str) -> bool {
        self.target.collection.fields.get(field).is_some_and(|field| field.identity.is_some())
    }

    /// The values of the records that this round follows references to, through this field, and those that were
    /// given for it.
    async fn parents(&self, via: &str) -> Result<HashSet<Value>, StepError> {
        let mut values = HashSet::new();
        let through = |lookup: &&Lookup| {
            lookup.collection == self.target.collection.name
                && lookup.field == via
                && matches!(lookup.source, Source::Pages { .. } | Source::Given(_) | Source::Own(_))
        };
        for lookup in self.lookups.iter().filter(through).collect::<Vec<_>>() {
            let mut page = 0;
            while let Some(some) = values_at(self.desk, lookup, page).await? {
                values.extend(some);
                page += 1;
            }
        }
        Ok(values)
    }
}
