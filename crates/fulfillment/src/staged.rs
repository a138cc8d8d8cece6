//! What was read of a store and not yet packaged: sealed pages of rows, blocks of content, and one index.
//!
//! ```text
//! collected/{tenant}/{request}/g{generation}/{store}/index         how far it is, and what there is
//! collected/{tenant}/{request}/g{generation}/{store}/{page}-{piece}        rows, in JSON
//! collected/{tenant}/{request}/g{generation}/{store}/{page}.{row}.{block}   content
//! ```
//!
//! The index is the truth: a page that it does not name is not there, and is written again by whoever goes
//! on. Each execution writes below its own generation.

use std::collections::{BTreeMap, BTreeSet};

use contract::step::Run;
use domain::export::Row;
use domain::{Generation, RequestId, StoreId, TenantId};
use ports::Fault;
use serde::{Deserialize, Serialize};

use crate::error::StepError;
use crate::papers::Desk;

/// Bytes of a block of content, and of a piece of a page. Sealed it must still be an object that is got at
/// once.
pub(crate) const BLOCK: usize = 4 << 20;

/// Where everything is that was collected for a request.
pub fn collected_prefix(tenant: &TenantId, id: &RequestId) -> String {
    format!("collected/{tenant}/{id}/")
}

/// Where that is which one execution collected.
fn generation_prefix(tenant: &TenantId, id: &RequestId, generation: Generation) -> String {
    format!("{}g{generation}/", collected_prefix(tenant, id))
}

/// A row, and where its content is.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StagedRow {
    /// The row, with what is somebody else's masked.
    pub row: Row,
    /// How many values of others were masked in it.
    pub masked: u64,
    /// Its content, if it has any that is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<StagedContent>,
}

/// The content of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StagedContent {
    /// How many blocks it takes; none if it is empty.
    pub blocks: u32,
    /// How many values of others were masked in it.
    pub masked: u64,
}

/// Rows of one collection.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct StagedPage {
    /// The rows.
    pub rows: Vec<StagedRow>,
}

/// A page that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PageRef {
    /// Its number in the store.
    pub number: u32,
    /// In how many pieces: a single record can be larger than an object that is got at once.
    pub pieces: u32,
}

/// What was read of a collection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StagedCollection {
    /// Its pages.
    pub pages: Vec<PageRef>,
    /// For CSV: the fields that the rows have, as many as become columns.
    pub columns: BTreeSet<String>,
    /// Rows.
    pub rows: u64,
    /// Values of others that were masked.
    pub masked: u64,
    /// Located records that are not there any more.
    pub gone: u64,
    /// Located records that are somebody else's by now.
    pub foreign: u64,
    /// Records that the original of this copy has: they are shown there.
    pub elsewhere: u64,
    /// Keys of the person's own under which the store holds what cannot be read from here.
    #[serde(default)]
    pub sealed: u64,
    /// Versions of objects whose content is not shown, since others in it could not be told apart.
    #[serde(default)]
    pub unreadable: u64,
    /// Versions of objects whose content is in the store's own archive.
    #[serde(default)]
    pub archived: u64,
    /// The newest version of a row.
    pub newest: Option<String>,
}

impl StagedCollection {
    /// Whether something that was located is not shown, or not whole.
    pub(crate) fn lacks_any(&self) -> bool {
        self.gone + self.foreign + self.elsewhere + self.sealed + self.unreadable + self.archived > 0
    }
}

/// What was read of a store, and how far that is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StagedStore {
    /// Whether all of it was read.
    pub done: bool,
    /// Located pages that were read.
    pub located: usize,
    /// Records of the next one that were read.
    pub within: usize,
    /// Pages that were written.
    pub pages: u32,
    /// By collection.
    pub collections: BTreeMap<String, StagedCollection>,
}

/// Where one store's part is kept.
#[derive(Clone)]
pub(crate) struct Shelf<'a> {
    desk: &'a Desk<'a>,
    prefix: String,
}

impl<'a> Shelf<'a> {
    pub(crate) fn of(desk: &'a Desk<'a>, run: &Run, store: &StoreId) -> Self {
        let prefix = generation_prefix(&run.tenant, &run.request_id, run.generation);
        Self { desk, prefix: format!("{prefix}{store}") }
    }

    /// How far it is; from the beginning if nothing was written.
    pub(crate) async fn index(&self) -> Result<StagedStore, StepError> {
        let index = self.desk.find(&format!("{}/index", self.prefix), "collected-index").await?;
        Ok(index.unwrap_or_default())
    }

    /// Writes down how far it is: from here on the pages that it names are there.
    pub(crate) async fn file_index(&self, index: &StagedStore) -> Result<(), StepError> {
        self.desk.put(&format!("{}/index", self.prefix), "collected-index", index).await.map(drop)
    }

    pub(crate) async fn page(&self, page: PageRef) -> Result<StagedPage, StepError> {
        let object = |piece| self.piece_object(page.number, piece);
        self.desk.get_pieces(object, "collected", page.pieces).await
    }

    pub(crate) async fn file_page(&self, number: u32, rows: &StagedPage) -> Result<PageRef, StepError> {
        let object = |piece| self.piece_object(number, piece);
        let pieces = self.desk.put_pieces(object, "collected", rows).await?;
        Ok(PageRef { number, pieces })
    }

    fn piece_object(&self, page: u32, piece: u32) -> String {
        format!("{}/{page}-{piece}", self.prefix)
    }

    pub(crate) async fn block(&self, page: u32, row: usize, block: u32) -> Result<Vec<u8>, StepError> {
        self.desk.get_bytes(&self.block_object(page, row, block), "content").await
    }

    pub(crate) async fn file_block(
        &self,
        (page, row, block): (u32, usize, u32),
        bytes: &[u8],
    ) -> Result<(), StepError> {
        self.desk.put_bytes(&self.block_object(page, row, block), "content", bytes).await.map(drop)
    }

    fn block_object(&self, page: u32, row: usize, block: u32) -> String {
        format!("{}/{page}.{row}.{block}", self.prefix)
    }
}

/// Removes what was read by executions that came to nothing. Each only below its own prefix: what another one
/// has begun to read meanwhile stays.
pub(crate) async fn remove_of(
    staging: &dyn ports::Staging,
    run: &Run,
    generations: &[Generation],
) -> Result<(), Fault> {
    for generation in generations {
        staging.delete_all(&generation_prefix(&run.tenant, &run.request_id, *generation)).await?;
    }
    Ok(())
}

/// Removes what was collected for a request. Doing it twice is fine.
pub(crate) async fn remove(
    staging: &dyn ports::Staging,
    tenant: &TenantId,
    id: &RequestId,
) -> Result<(), Fault> {
    staging.delete_all(&collected_prefix(tenant, id)).await
}
