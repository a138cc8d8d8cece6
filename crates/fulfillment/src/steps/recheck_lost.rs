//! Where a person was found, and the catalog in force does not look any more.
//!
//! Who is erased again is erased by the catalog of that day. If it has lost, or renamed, what they were found in, nothing
//! there is looked for, and the request would end as if nothing were left.

use std::collections::BTreeSet;

use domain::catalog::{Catalog, Collection, Method, Store};
use domain::plan::{Lookup, Plan, Source};
use domain::recheck::Recheck;
use domain::{Request, StoreId};
use ports::{Class, Code, Fault};

use crate::steps::recheck::terms_of;
use crate::steps::recheck_paper::{Versions, field_of, is_looked_for};
use crate::steps::treatment::{Handling, handling};

/// How many places are named at the most: a catalog may have lost all that it had.
const MOST_NAMED: usize = 20;

/// Refuses a catalog that does not look any more, in every way in which that was done, in the stores where the person was
/// found, or where a source wanted something kept the time before: that was not read since, and is there. Names these
/// stores, or the collections, and nothing else. What the law keeps by now need not be found.
pub(super) fn refuse(
    paper: &Plan,
    request: &Request,
    recheck: &Recheck,
    catalogs: &Versions<'_>,
) -> Result<(), Fault> {
    let mut lost = BTreeSet::new();
    let kept =
        paper.stores().into_iter().filter(|id| keeps_something(paper, request, recheck, (catalogs, id)));
    let held: BTreeSet<StoreId> = recheck.found.keys().cloned().chain(kept).collect();
    for id in &held {
        let Some(now) = catalogs.now.store(id) else {
            lost.insert(id.to_string());
            continue;
        };
        let lookups = paper.searches(id).filter(|lookup| !is_still_made(catalogs, now, lookup));
        lost.extend(lookups.map(|lookup| format!("{id}.{}", lookup.collection)));
    }
    if lost.is_empty() {
        return Ok(());
    }
    let more = if lost.len() > MOST_NAMED { ", ..." } else { "" };
    let named: Vec<String> = lost.into_iter().take(MOST_NAMED).collect();
    let named = named.join(", ");
    let detail = format!(
        "it does not look any more where the person was looked for, in stores in which they were found, or kept: \
         {named}{more}"
    );
    Err(Fault::new(Class::Permanent, Code::CatalogMismatch, "plan", "catalog", detail))
}

/// Whether the last reading passed over something in a store that the paper looks in, because a source wanted it kept.
fn keeps_something(
    paper: &Plan,
    request: &Request,
    recheck: &Recheck,
    (catalogs, id): (&Versions<'_>, &StoreId),
) -> bool {
    let Some(store) = catalogs.before.store(id) else { return false };
    let at = terms_of(request, recheck);
    let is_kept = |collection| {
        matches!(handling((request, paper), catalogs.before, store, collection, at), Handling::Keep)
    };
    paper.searches(id).filter_map(|lookup| store.collection(&lookup.collection)).any(is_kept)
}

/// Whether what a search finds is found by a plan that begins with the paper: it looks in the same place, by the same
/// field, for the same identities, or for the keys of the same collection.
fn is_still_made(catalogs: &Versions<'_>, now: &Store, lookup: &Lookup) -> bool {
    let before = catalogs.before.store(&now.id);
    let Some((then, searched)) =
        before.and_then(|store| Some((store, store.collection(&lookup.collection)?)))
    else {
        return false;
    };
    let Some(collection) = now.collection(&lookup.collection) else { return false };
    if collection.erasure.method == Method::Retain {
        return true;
    }
    if !is_looked_for(catalogs.now, &now.id, lookup) {
        return false;
    }
    // A person's keys are in no place of the store.
    let is_there = place((then, searched)) == place((now, collection));
    matches!(lookup.source, Source::Keys(_))
        || (is_there && leads_the_same(catalogs, searched, collection, lookup))
}

/// Where the records of a collection are.
fn place<'a>((store, collection): (&'a Store, &'a Collection)) -> impl PartialEq + use<'a> {
    let Store { kind, space, connection, .. } = store;
    (kind, space, connection, &collection.resource, &collection.object)
}

/// Whether the field of a search means the same: a person's identities of one type, or the keys of what it refers to.
fn leads_the_same(catalogs: &Versions<'_>, then: &Collection, now: &Collection, lookup: &Lookup) -> bool {
    let field = |collection: &Collection| collection.fields.get(&lookup.field).cloned();
    let (Some(then), Some(now)) = (field(then), field(now)) else { return false };
    if then.identity.is_some() || now.identity.is_some() {
        return then.identity == now.identity;
    }
    let is_there =
        |catalog: &Catalog| now.references.as_ref().is_some_and(|to| field_of(catalog, to).is_some());
    then.references == now.references && is_there(catalogs.now)
}
