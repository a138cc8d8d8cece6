//! Looking for people who were erased, page by page of a collection.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use domain::catalog::{Catalog, Collection, Method, Store};
use domain::ledger::{Clue, Entry, clues_of, is_anonymised, wanted_by_walk};
use domain::plan::Value;
use domain::{Pseudonym, Request, RequestId, TenantId};
use futures::future::try_join_all;
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use ports::stores::{Seen, Target};
use ports::{Class, Code, Entropy, Fault, Ledger, MOST_MARKS, Requests, Walker};
use vault::Context;
use zeroize::Zeroizing;

use super::{Marks, StoreMarks};
use crate::error::StepError;
use crate::sanctions::kept_by;

/// Questions to the ledger that are asked at the same time.
const AT_ONCE: usize = 8;

/// Who looks, where, and for whom.
pub(crate) struct Look<'a> {
    /// The ledger.
    pub ledger: &'a dyn Ledger,
    /// What was kept of whom.
    pub requests: &'a dyn Requests,
    /// Whose store it is.
    pub tenant: &'a TenantId,
    /// What the store declares.
    pub catalog: &'a Catalog,
    /// The store.
    pub store: &'a Store,
    /// Its marks.
    pub marks: &'a StoreMarks,
    /// Now.
    pub now: Timestamp,
}

/// Somebody in a page who was erased.
pub(crate) struct Met {
    /// What the ledger says of them: the latest that it says.
    pub entry: Entry,
    /// What of them it knows. If there are identities, nothing else: these lead to everything.
    pub clues: BTreeSet<Clue>,
    /// How many records of the page are theirs.
    pub records: u64,
    /// Whether the erasure that it says that of was given up on the way: then the rest was left on purpose.
    pub given_up: bool,
}

/// What a page came to.
pub(crate) struct Looked {
    /// Records that were read.
    pub read: usize,
    /// Who was met, by the request that had erased them at first.
    pub met: BTreeMap<RequestId, Met>,
    /// Whether the store's control is in it, if the collection has one.
    pub control: bool,
    /// Where the store goes on.
    pub next: Option<String>,
}

impl Look<'_> {
    /// Looks at one page of a collection. Only what the ledger has of people whom `concerns` says yes to counts; what
    /// is anonymised, or was kept on somebody's word when they were erased, is as it should be.
    pub(crate) async fn page(
        &self,
        walker: &dyn Walker,
        collection: &Collection,
        cursor: Option<&str>,
        concerns: impl Fn(&Entry) -> bool,
    ) -> Result<Looked, StepError> {
        let wanted = wanted_by_walk(self.catalog, self.store, collection);
        let target = Target { store: self.store, collection, wanted: &wanted };
        let page = walker.walk(&target, cursor).await?;
        let mut records = Vec::with_capacity(page.records.len());
        for seen in &page.records {
            records.push((seen, self.marked(collection, seen)?));
        }
        let known = self.known(records.iter().flat_map(|(_, marked)| marked.values()).cloned().collect());
        let known = known.await?;
        let mut met = BTreeMap::new();
        for (seen, marked) in &records {
            let hits = marked.iter().filter_map(|(clue, mark)| Some((clue, known.get(mark)?)));
            let hits: Vec<(&Clue, &Entry)> = hits.filter(|(_, entry)| concerns(entry)).collect();
            let Some((_, latest)) = hits.iter().max_by_key(|(_, e)| (e.erased_at, &e.request)) else {
                continue;
            };
            if collection.erasure.method == Method::Anonymise && self.is_as_left(collection, seen, &known)? {
                continue;
            }
            let one = met.entry(latest.original.clone()).or_insert_with(|| Met {
                entry: (*latest).clone(),
                clues: BTreeSet::new(),
                records: 0,
                given_up: false,
            });
            if latest.erased_at > one.entry.erased_at {
                one.entry = (*latest).clone();
            }
            one.records += 1;
            one.clues.extend(leading(&hits));
        }
        let met = self.not_kept(collection, met).await?;
        let control = self.store.control.as_ref();
        let control = control.is_some_and(|control| {
            page.records.iter().any(|seen| control.is_seen(collection, &values_of(seen)))
        });
        Ok(Looked { read: page.records.len(), met, control, next: page.next })
    }

    /// A record's clues, each with its mark.
    fn marked(&self, collection: &Collection, seen: &Seen) -> Result<BTreeMap<Clue, Pseudonym>, StepError> {
        let clues = clues_of(self.catalog, self.store, collection, &values_of(seen));
        clues.into_iter().map(|clue| self.marks.mark(&clue).map(|mark| (clue, mark))).collect()
    }

    /// What the ledger has of these marks.
    async fn known(&self, marks: BTreeSet<Pseudonym>) -> Result<BTreeMap<Pseudonym, Entry>, StepError> {
        let marks: Vec<Pseudonym> = marks.into_iter().collect();
        let questions: Vec<&[Pseudonym]> = marks.chunks(MOST_MARKS).collect();
        let mut known = BTreeMap::new();
        for some in questions.chunks(AT_ONCE) {
            let mut asked = Vec::with_capacity(some.len());
            for marks in some {
                asked.push(self.ledger.find(self.tenant, &self.store.id, marks));
            }
            let found = try_join_all(asked).await?;
            known.extend(found.into_iter().flatten().map(|entry| (entry.mark.clone(), entry)));
        }
        Ok(known)
    }

    /// Whether a record that stays is as anonymising left it.
    fn is_as_left(
        &self,
        collection: &Collection,
        seen: &Seen,
        known: &BTreeMap<Pseudonym, Entry>,
    ) -> Result<bool, StepError> {
        let mut marked = BTreeSet::new();
        for (name, value) in &seen.values {
            let one = [(name.clone(), value.clone())].into();
            for clue in clues_of(self.catalog, self.store, collection, &one) {
                if known.contains_key(&self.marks.mark(&clue)?) {
                    marked.insert(name.as_str());
                }
            }
        }
        Ok(is_anonymised(collection, &seen.values, |name| marked.contains(name)))
    }

    /// Without those whose records of this collection a source wanted kept when they were erased, and still does.
    async fn not_kept(
        &self,
        collection: &Collection,
        met: BTreeMap<RequestId, Met>,
    ) -> Result<BTreeMap<RequestId, Met>, StepError> {
        let keeps =
            |request: &Request| kept_by(request, self.catalog, self.store, collection, self.now).is_some();
        let looked = met.into_iter().map(|(original, one)| async move {
            let request = self.requests.load(self.tenant, &one.entry.request).await?;
            Ok::<_, Fault>((original, one, request))
        });
        let looked: Vec<_> = stream::iter(looked).buffered(AT_ONCE).try_collect().await?;
        let left = looked.into_iter().filter(|(.., request)| !request.as_ref().is_some_and(keeps));
        let given_up = |request: &Option<Request>| request.as_ref().is_some_and(Request::is_given_up);
        Ok(left.map(|(original, one, r)| (original, Met { given_up: given_up(&r), ..one })).collect())
    }
}

/// What leads to all that is a person's: the identities that the ledger knows, or else the keys.
fn leading(hits: &[(&Clue, &Entry)]) -> BTreeSet<Clue> {
    let identities = hits.iter().filter(|(clue, _)| matches!(clue, Clue::Identity(_)));
    let identities: BTreeSet<Clue> = identities.map(|(clue, _)| (*clue).clone()).collect();
    if identities.is_empty() { hits.iter().map(|(clue, _)| (*clue).clone()).collect() } else { identities }
}

fn values_of(seen: &Seen) -> BTreeMap<String, Value> {
    let key = seen.key.iter().chain(&seen.values);
    key.map(|(name, value)| (name.clone(), value.clone())).collect()
}

impl Marks {
    /// Seals where a store goes on: its cursor can contain keys.
    pub(crate) fn seal_cursor(
        &self,
        tenant: &TenantId,
        object: &str,
        entropy: &dyn Entropy,
        cursor: &str,
    ) -> Result<String, StepError> {
        let context = Context { tenant: tenant.as_str(), purpose: CURSOR, object };
        Ok(STANDARD_NO_PAD.encode(vault::seal(self.key(), &context, entropy.bytes(), cursor.as_bytes())?))
    }

    /// Opens what [`Marks::seal_cursor`] made.
    pub(crate) fn open_cursor(
        &self,
        tenant: &TenantId,
        object: &str,
        cursor: &str,
    ) -> Result<Zeroizing<String>, StepError> {
        let unreadable = |detail| {
            StepError::from(Fault::new(Class::Permanent, Code::PlanUnreadable, "open", "ledger", detail))
        };
        let sealed = STANDARD_NO_PAD.decode(cursor).map_err(|_| unreadable("a cursor is not base64"))?;
        let context = Context { tenant: tenant.as_str(), purpose: CURSOR, object };
        let plain = vault::open(self.key(), &context, &sealed)?;
        String::from_utf8(plain).map(Zeroizing::new).map_err(|_| unreadable("a cursor is not text"))
    }
}

/// What a sealed cursor is.
const CURSOR: &str = "walk-cursor";
