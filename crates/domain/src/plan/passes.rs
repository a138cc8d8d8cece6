//! Making a plan: its passes, and the rounds of each.

use std::collections::{BTreeMap, BTreeSet};

use super::{Known, Lookup, PageRef, Pass, Plan, Round, Source, Value};
use crate::catalog::{Catalog, Collection, FieldKind, FieldRef, Method, Store};
use crate::identity::{Identity, IdentityType};
use crate::ids::{Generation, StoreId};
use crate::ledger::KnownKey;
use crate::pii::Personal;

impl Plan {
    /// A plan that knows the given identities and nothing else.
    pub fn new(catalog_version: String, given: Vec<Identity>, surrogate: u128) -> Self {
        let identities = given.into_iter().map(|identity| Known { identity, round: 0 }).collect();
        Self {
            catalog_version,
            surrogate,
            identities,
            keys: Vec::new(),
            only_in: None,
            passes: Vec::new(),
            dropped: 0,
        }
    }

    /// The same plan, which knows keys as well.
    #[must_use]
    pub fn with_keys(mut self, mut keys: Vec<KnownKey>) -> Self {
        keys.sort();
        keys.dedup();
        self.keys = keys;
        self
    }

    /// The same plan, whose passes are numbered after those of an earlier plan of the same request: what was done by
    /// that one is never taken for what this one does.
    #[must_use]
    pub fn after_pass(mut self, last: u32) -> Self {
        self.dropped = last.saturating_add(1);
        self
    }

    /// The same plan, which looks in no other store than this one, if one is given.
    #[must_use]
    pub fn only_in(mut self, store: Option<StoreId>) -> Self {
        self.only_in = store;
        self
    }

    /// Whether anything of a collection is looked for. A person's own keys are theirs in all stores: one that is limited to
    /// a store destroys none.
    fn reaches(&self, store: &Store, collection: &Collection) -> bool {
        let limited = collection.erasure.method != Method::Shred;
        self.only_in.as_ref().is_none_or(|only| only == &store.id && limited)
    }

    /// Begins a pass with the round that looks for the given identities. Each round also looks again at
    /// what the same round of the pass before located: a record that is gone by now (erased by us, or
    /// deleted by its owner while the request waited) leads to nothing any more, and what refers to it
    /// must be found all the same.
    pub fn begin_pass(&mut self, catalog: &Catalog, for_erasing: bool, generation: Generation) {
        let mut first = self.lookups_for(catalog, 1, &BTreeMap::new());
        Self::add_earlier(&mut first, self.passes.iter().rev().find(|pass| pass.complete), 0);
        self.passes.push(Pass {
            rounds: vec![Round { lookups: first, pages: BTreeMap::new() }],
            complete: false,
            for_erasing,
            generation,
        });
    }

    /// The last pass is none by which anything is erased: the locks were let go before that began.
    pub fn let_go(&mut self) {
        if let Some(last) = self.passes.last_mut() {
            last.for_erasing = false;
        }
    }

    /// Before erasing: drops passes that were superseded. Of those that still stand the first and the
    /// last complete one stay: what a person's records were found through before the wait may be gone
    /// after it. Nothing was erased by either. Passes keep their numbers.
    pub fn forget_idle_passes(&mut self, they_stand: bool) {
        let first = self.passes.iter().position(|pass| pass.complete);
        let last = self.passes.iter().rposition(|pass| pass.complete);
        let all = std::mem::take(&mut self.passes);
        let before = all.len();
        let staying =
            all.into_iter().enumerate().filter(|(at, _)| they_stand && [first, last].contains(&Some(*at)));
        self.passes = staying.map(|(_, pass)| Pass { for_erasing: false, ..pass }).collect();
        let gone = u32::try_from(before - self.passes.len()).unwrap_or(u32::MAX);
        self.dropped = self.dropped.saturating_add(gone);
    }

    /// The last complete pass before the one under way.
    fn before(&self) -> Option<&Pass> {
        let (_, earlier) = self.passes.split_last()?;
        earlier.iter().rev().find(|pass| pass.complete)
    }

    /// Adds the lookups that read again what a round of an earlier pass located.
    fn add_earlier(lookups: &mut BTreeMap<StoreId, Vec<Lookup>>, pass: Option<&Pass>, round: usize) {
        let located = pass.and_then(|pass| pass.rounds.get(round)).into_iter().flat_map(|r| &r.pages);
        for (store, pages) in located {
            let mut by_collection: BTreeMap<&str, Vec<PageRef>> = BTreeMap::new();
            for page in pages {
                by_collection.entry(&page.collection).or_default().push(page.clone());
            }
            let again = by_collection.into_iter().map(|(collection, pages)| Lookup {
                collection: collection.to_owned(),
                field: String::new(),
                source: Source::Earlier(pages),
            });
            lookups.entry(store.clone()).or_default().extend(again);
        }
    }

    /// The number of the pass under way or last made, from 0.
    pub fn pass_number(&self) -> u32 {
        let kept = u32::try_from(self.passes.len().saturating_sub(1)).unwrap_or(u32::MAX);
        kept.saturating_add(self.dropped)
    }

    /// The round under way, from 1; 0 before the first pass.
    pub fn round_number(&self) -> u32 {
        let rounds = self.passes.last().map_or(0, |p| p.rounds.len());
        u32::try_from(rounds).unwrap_or(u32::MAX)
    }

    /// The round under way.
    pub fn current_round(&self) -> Option<&Round> {
        self.passes.last().and_then(|p| p.rounds.last())
    }

    /// The identities, each once, however many ways it was written.
    pub fn people(&self) -> Vec<Identity> {
        let mut all: Vec<Identity> = self.identities.iter().map(|k| k.identity.plain()).collect();
        all.sort();
        all.dedup();
        all
    }

    /// Those that were given, each once.
    pub fn given_people(&self) -> Vec<Identity> {
        let given = self.identities.iter().filter(|k| k.round == 0);
        let all: BTreeSet<Identity> = given.map(|k| k.identity.plain()).collect();
        all.into_iter().collect()
    }

    /// Adds an identity that the current round brought; `false` if it was known, so written.
    pub fn learn(&mut self, identity: Identity) -> bool {
        if self.identities.iter().any(|k| k.identity == identity) {
            return false;
        }
        let round = self.round_number();
        self.identities.push(Known { identity, round });
        true
    }

    /// Ends the current round with the pages that the stores brought, and begins the next one if
    /// there is anything left to look for; `false` when the pass is complete.
    pub fn advance(&mut self, catalog: &Catalog, pages: BTreeMap<StoreId, Vec<PageRef>>) -> bool {
        let number = self.round_number();
        let rounds = self.passes.last().map_or(0, |pass| pass.rounds.len());
        let mut lookups = self.lookups_for(catalog, number + 1, &pages);
        Self::add_earlier(&mut lookups, self.before(), rounds);
        let known_later = self.identities.iter().any(|k| k.round > number);
        let located_later = self.before().into_iter().flat_map(|pass| pass.rounds.iter().skip(rounds));
        let located_later = located_later.flat_map(|r| r.pages.values()).any(|pages| !pages.is_empty());
        let Some(pass) = self.passes.last_mut() else {
            return false;
        };
        if let Some(round) = pass.rounds.last_mut() {
            round.pages = pages;
        }
        if lookups.is_empty() && !known_later && !located_later {
            pass.complete = true;
            return false;
        }
        pass.rounds.push(Round { lookups, pages: BTreeMap::new() });
        true
    }

    /// What round `number` looks for: the identities that the round before brought (in this pass or
    /// an earlier one), their own keys, and the fields that refer to what it located.
    fn lookups_for(
        &self,
        catalog: &Catalog,
        number: u32,
        brought: &BTreeMap<StoreId, Vec<PageRef>>,
    ) -> BTreeMap<StoreId, Vec<Lookup>> {
        let mut lookups: BTreeMap<StoreId, Vec<Lookup>> = BTreeMap::new();
        let people = self.people_of(number - 1);
        let reached = catalog.collections().filter(|(store, collection)| self.reaches(store, collection));
        for (store, collection) in reached {
            if collection.erasure.method == Method::Shred {
                // A service may have sealed for an identity of any type.
                if !people.is_empty() {
                    lookups.entry(store.id.clone()).or_default().push(Lookup {
                        collection: collection.name.clone(),
                        field: String::new(),
                        source: Source::Keys(people.clone()),
                    });
                }
                continue;
            }
            for way in collection.ways() {
                let mut add = |source| {
                    lookups.entry(store.id.clone()).or_default().push(Lookup {
                        collection: collection.name.clone(),
                        field: way.name.to_owned(),
                        source,
                    });
                };
                if let Some(kind) = &way.field.identity {
                    let values = self.values_of(kind, number - 1, way.field.kind);
                    if !values.is_empty() {
                        add(Source::Identities(values));
                    }
                } else if let Some(target) = &way.field.references {
                    let given = self.given(target, way.field.kind);
                    if number == 1 && !given.is_empty() {
                        add(Source::Given(given));
                    }
                    let pages = pages_of(brought, target);
                    if !pages.is_empty() {
                        add(Source::Pages { field: target.field.clone(), pages });
                    }
                }
            }
            if number == 1 {
                // After the ways: what both find is touched only while it is the person's by a way.
                let own = self.lookups_by_own_keys(store, collection);
                if !own.is_empty() {
                    lookups.entry(store.id.clone()).or_default().extend(own);
                }
            }
        }
        lookups
    }

    /// The records of a collection that were given by their own keys, where these find them.
    fn lookups_by_own_keys(&self, store: &Store, collection: &Collection) -> Vec<Lookup> {
        let fields: BTreeSet<&FieldRef> = self
            .keys
            .iter()
            .map(|key| &key.field)
            .filter(|field| field.store == store.id && field.collection == collection.name)
            .collect();
        let found = fields.into_iter().filter_map(|target| {
            let field = collection.fields.get(&target.field)?;
            let finds = collection.finds_by(&target.field);
            let values = self.given(target, field.kind);
            (finds && !values.is_empty()).then(|| Lookup {
                collection: collection.name.clone(),
                field: target.field.clone(),
                source: Source::Own(values),
            })
        });
        found.collect()
    }

    /// The values that were given of a field, in the form of the one that is compared.
    fn given(&self, target: &FieldRef, form: FieldKind) -> Vec<Value> {
        let keys = self.keys.iter().filter(|key| &key.field == target).map(|key| key.value.expose());
        let mut values: Vec<Value> = keys
            .filter(|text| form == FieldKind::Text || is_number(text))
            .map(|text| Value::of(form, text))
            .collect();
        values.sort();
        values.dedup();
        values
    }

    /// The identities that nobody knew before a round, each once, however many ways it was written.
    fn people_of(&self, round: u32) -> Vec<Identity> {
        let known = |of: &dyn Fn(u32) -> bool| -> BTreeSet<Identity> {
            self.identities.iter().filter(|k| of(k.round)).map(|k| k.identity.plain()).collect()
        };
        let before = known(&|r| r < round);
        known(&|r| r == round).difference(&before).cloned().collect()
    }

    /// The values of the identities of a type that became known in a round, in the form of a field.
    fn values_of(&self, kind: &IdentityType, round: u32, form: FieldKind) -> Vec<Value> {
        let mut values: Vec<Value> = self
            .identities
            .iter()
            .filter(|k| k.round == round && &k.identity.kind == kind)
            .flat_map(|k| k.identity.spellings().map(Personal::expose))
            .filter(|text| form == FieldKind::Text || is_number(text))
            .map(|text| Value::of(form, text))
            .collect();
        values.sort();
        values.dedup();
        values
    }
}

fn pages_of(brought: &BTreeMap<StoreId, Vec<PageRef>>, target: &FieldRef) -> Vec<PageRef> {
    let pages = brought.get(&target.store).map_or(&[][..], Vec::as_slice);
    pages.iter().filter(|p| p.collection == target.collection && p.records > 0).cloned().collect()
}

/// Digits with an optional sign: what a number column can be compared with.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    (1..=38).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}
