//! Reading one store: located pages in, sealed pages out.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use contract::step::Run;
use domain::catalog::{Collection, Method, Store};
use domain::export::{Format, Row, compare_versions, is_version};
use domain::plan::{PageRef, Plan, Record};
use domain::{Identity, StoreId, TenantId};
use ports::stores::{Collector, Contents, Target};
use ports::{Budget, Fault, Stores};

use crate::error::StepError;
use crate::papers::Desk;
use crate::staged::{Shelf, StagedCollection, StagedPage, StagedRow, StagedStore};
use crate::steps::content::{self, Kept};
use crate::steps::seen::digest;

pub(super) struct Collecting<'a> {
    pub tenant: &'a TenantId,
    pub run: &'a Run,
    /// The form of the files that will be made.
    pub format: Format,
    pub desk: &'a Desk<'a>,
    pub shelf: &'a Shelf<'a>,
    pub plan: &'a Plan,
    pub store: &'a Store,
    pub stores: &'a dyn Stores,
    /// The person's own identities.
    pub people: Vec<Identity>,
    /// For a copy: what the original shows, by collection.
    pub elsewhere: BTreeMap<String, HashSet<u128>>,
}

/// The store, spoken to.
struct Spoken {
    collector: Arc<dyn Collector>,
    contents: Option<Arc<dyn Contents>>,
}

impl Collecting<'_> {
    /// Goes on from where the index is; `false` if the time was up before the end.
    pub(super) async fn walk(
        &mut self,
        index: &mut StagedStore,
        budget: &dyn Budget,
    ) -> Result<bool, StepError> {
        let pages: Vec<&PageRef> = self.plan.last_pages(&self.store.id).filter(|page| !page.gone).collect();
        let mut spoken = None;
        while let Some(page) = pages.get(index.located) {
            let collection = self
                .store
                .collection(&page.collection)
                .ok_or_else(|| StepError::broken("collect", "the catalog lacks the collection"))?;
            // What is sealed under the person's own key in an archive cannot be read from here. That is said.
            let records = match collection.erasure.method {
                Method::Shred => {
                    let counted = index.collections.entry(collection.name.clone()).or_default();
                    counted.sealed += u64::from(page.records);
                    Vec::new()
                }
                Method::Delete | Method::Anonymise | Method::Retain => {
                    self.records_of(collection, page, index).await?
                }
            };
            while let Some(rest) = records.get(index.within..).filter(|rest| !rest.is_empty()) {
                if spoken.is_none() {
                    spoken = Some(self.connect().await?);
                }
                let Some(spoken) = &spoken else { break };
                self.read(spoken, collection, rest, index).await?;
                self.shelf.file_index(index).await?;
                if budget.is_spent() {
                    return Ok(false);
                }
            }
            index.located += 1;
            index.within = 0;
        }
        Ok(true)
    }

    async fn connect(&self) -> Result<Spoken, Fault> {
        Ok(Spoken {
            collector: self.stores.collector(self.tenant, self.store).await?,
            contents: self.stores.contents(self.tenant, self.store).await?,
        })
    }

    /// The records of a located page that are to be read: of a copy, those that the original does not show.
    async fn records_of(
        &mut self,
        collection: &Collection,
        page: &PageRef,
        index: &mut StagedStore,
    ) -> Result<Vec<Record>, StepError> {
        let mut records = self.desk.page(&page.object).await?.records;
        if let Some(original) = &self.store.copy_of {
            self.recall(original, &collection.name).await?;
            let there = self.elsewhere.get(&collection.name);
            let before = records.len();
            records.retain(|record| there.is_none_or(|there| !there.contains(&digest(&record.key))));
            if index.within == 0 {
                let counted = index.collections.entry(collection.name.clone()).or_default();
                counted.elsewhere += (before - records.len()) as u64;
            }
        }
        Ok(records)
    }

    /// The keys that the original's collection has of the person. None, if anything of them could not be shown
    /// there: rather is a record shown twice than nowhere.
    async fn recall(&mut self, original: &StoreId, collection: &str) -> Result<(), StepError> {
        if self.elsewhere.contains_key(collection) {
            return Ok(());
        }
        let mut known = HashSet::new();
        let read = Shelf::of(self.desk, self.run, original).index().await?;
        let lacks_any = read.collections.get(collection).is_some_and(StagedCollection::lacks_any);
        let pages = self
            .plan
            .last_pages(original)
            .filter(|_| read.done && !lacks_any)
            .filter(|page| !page.gone && page.collection == collection);
        for page in pages {
            known.extend(self.desk.page(&page.object).await?.records.iter().map(|r| digest(&r.key)));
        }
        self.elsewhere.insert(collection.to_owned(), known);
        Ok(())
    }

    /// Reads as many of the records as one answer holds, and writes a page of them.
    async fn read(
        &self,
        spoken: &Spoken,
        collection: &Collection,
        records: &[Record],
        index: &mut StagedStore,
    ) -> Result<(), StepError> {
        let target = Target { store: self.store, collection, wanted: &[] };
        let records = records.get(..ports::stores::PAGE).unwrap_or(records);
        let collected = spoken.collector.collect(&target, records).await?;
        if collected.taken == 0 || collected.taken > records.len() {
            return Err(StepError::broken("collect", "a connector took no records, or more than there are"));
        }
        let number = index.pages;
        let mut counted = index.collections.remove(&collection.name).unwrap_or_default();
        counted.gone += collected.gone;
        counted.foreign += collected.foreign;
        let mut page = StagedPage::default();
        for row in collected.rows {
            let at = (number, page.rows.len());
            if let Some(staged) = self.stage(spoken, &target, at, row, &mut counted).await? {
                page.rows.push(staged);
            }
        }
        if !page.rows.is_empty() {
            counted.pages.push(self.shelf.file_page(number, &page).await?);
            index.pages += 1;
        }
        index.collections.insert(collection.name.clone(), counted);
        index.within += collected.taken;
        Ok(())
    }

    /// Masks a row and writes its content; `None` if the content is gone by now.
    async fn stage(
        &self,
        spoken: &Spoken,
        target: &Target<'_>,
        at: (u32, usize),
        row: Row,
        counted: &mut StagedCollection,
    ) -> Result<Option<StagedRow>, StepError> {
        let own: Vec<&str> = self.people.iter().map(|person| person.value.expose()).collect();
        let (mut row, masked) = export::mask::row(target.collection, row, &own);
        let mut staged = None;
        if let Some(content) = &mut row.content {
            let Some(contents) = &spoken.contents else {
                return Err(StepError::broken("collect", "content in a store that has none"));
            };
            // A record whose content is not shown is shown without it.
            match content::keep(&**contents, target, content, (self.shelf, at), &own).await? {
                Kept::Staged(kept) => staged = Some(kept),
                Kept::Archived => counted.archived += 1,
                Kept::Unreadable => counted.unreadable += 1,
                Kept::Gone => {
                    counted.gone += 1;
                    return Ok(None);
                }
            }
        }
        counted.rows += 1;
        counted.masked += masked + staged.map_or(0, |content| content.masked);
        if self.format == Format::Csv {
            let room = export::MOST_COLUMNS.saturating_sub(counted.columns.len());
            let new = row.fields.keys().filter(|name| !counted.columns.contains(*name)).take(room).cloned();
            let new: Vec<String> = new.collect();
            counted.columns.extend(new);
        }
        if let Some(version) = &row.version
            && counted.newest.as_ref().is_none_or(|newest| newer(version, newest))
        {
            counted.newest = Some(version.clone());
        }
        Ok(Some(StagedRow { row, masked, content: staged }))
    }
}

/// Whether a version is newer than the newest so far. One that cannot be compared gives way to one that can.
fn newer(version: &str, newest: &str) -> bool {
    compare_versions(version, newest).map_or_else(|| is_version(version), Ordering::is_gt)
}
