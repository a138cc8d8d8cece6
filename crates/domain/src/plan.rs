//! Where a person's records are: how they were found, in which order they go.
//!
//! Locating goes in rounds. Round 1 looks for the given identities; each later round looks for what
//! the round before brought: new identities, and the values that other collections refer to. So a
//! record found in round *r* was found through something found before *r*, and erasing the rounds
//! in reverse never erases a record while something still needs it to be found. Each round, read
//! backwards, is a wave: nobody writes an order by hand.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::catalog::{Catalog, FieldKind, FieldRef, Whose};
use crate::identity::{Identity, IdentityType};
use crate::ids::{Generation, StoreId};
use crate::pii::Personal;

/// Rounds of one pass at the most: a longer chain of references is a mistake in the catalog.
pub const MOST_ROUNDS: u32 = 8;

/// Identity keys of one person at the most; each is locked and guarded in one transaction.
pub const MOST_IDENTITIES: usize = 40;

/// A value of a field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Text.
    Text(#[serde(with = "crate::pii::exposed")] Personal),
    /// A number, as its decimal text.
    Number(#[serde(with = "crate::pii::exposed")] Personal),
}

impl Value {
    /// A value of the field's kind from a text.
    pub fn of(kind: FieldKind, text: &str) -> Self {
        match kind {
            FieldKind::Text => Self::Text(Personal::new(text)),
            FieldKind::Number => Self::Number(Personal::new(text)),
        }
    }

    /// The text of either form.
    pub fn expose(&self) -> &str {
        match self {
            Self::Text(p) | Self::Number(p) => p.expose(),
        }
    }
}

/// A record's primary key (or an object's key, under the name `object`).
pub type RecordKey = BTreeMap<String, Value>;

/// One record of the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its key.
    pub key: RecordKey,
    /// The field that it was found by: it is only touched while this still holds.
    pub via: String,
    /// That field's value.
    pub via_value: Value,
    /// The values of the fields that identify the person or are referred to.
    pub values: BTreeMap<String, Value>,
}

/// A page of located records, sealed into one object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// The collection that they are in.
    pub collection: String,
    /// The records.
    pub records: Vec<Record>,
}

/// Where a page is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageRef {
    /// The object's key.
    pub object: String,
    /// The collection of its records.
    pub collection: String,
    /// How many records it has.
    pub records: u32,
}

/// Where the values that are looked for come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// These identities' values.
    Identities(Vec<Value>),
    /// One field of the records of these pages.
    Pages {
        /// The field.
        field: String,
        /// The pages.
        pages: Vec<PageRef>,
    },
}

/// One thing to look for in a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lookup {
    /// The collection.
    pub collection: String,
    /// The field that is compared.
    pub field: String,
    /// With what.
    pub source: Source,
}

/// One round of locating.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// What each store is to look for.
    pub lookups: BTreeMap<StoreId, Vec<Lookup>>,
    /// What each store brought.
    pub pages: BTreeMap<StoreId, Vec<PageRef>>,
}

/// Locating from the given identities to the end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    /// Its rounds, from the first.
    pub rounds: Vec<Round>,
    /// Whether nothing more was to be found.
    pub complete: bool,
    /// Whether it was made after the cooling-off, so that it may be erased.
    pub for_erasing: bool,
    /// The execution that began it.
    pub generation: Generation,
}

/// An identity of the person, and the round that brought it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// The identity.
    pub identity: Identity,
    /// 0 for what was given.
    pub round: u32,
}

/// The plan of one request. It is only ever stored sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The catalog it was made with.
    pub catalog_version: String,
    /// 128 random bits: what stands for the person where a record stays.
    pub surrogate: u128,
    /// Every identity known so far. Never shrinks.
    pub identities: Vec<Known>,
    /// The passes so far: one before the wait, one after it, one for each residue found.
    pub passes: Vec<Pass>,
    /// How many earlier passes were dropped, because nothing was done by them and others replaced them.
    #[serde(default)]
    pub dropped: u32,
}

/// What a store did with the pages of one round, in the order of erasing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wave {
    /// Its number, from 0.
    pub number: u32,
    /// The stores that have records in it.
    pub stores: Vec<StoreId>,
}

impl Plan {
    /// A plan that knows the given identities and nothing else.
    pub fn new(catalog_version: String, given: Vec<Identity>, surrogate: u128) -> Self {
        let identities = given.into_iter().map(|identity| Known { identity, round: 0 }).collect();
        Self { catalog_version, surrogate, identities, passes: Vec::new(), dropped: 0 }
    }

    /// Begins a pass with the round that looks for the given identities. Its later rounds look also
    /// for what refers to any record that the same round of an earlier pass located: what led to it
    /// may be gone by now (erased by us, or by its owner while the request waited), and leads to
    /// nothing.
    pub fn begin_pass(&mut self, catalog: &Catalog, for_erasing: bool, generation: Generation) {
        let first = self.lookups_for(catalog, 1, &BTreeMap::new());
        self.passes.push(Pass {
            rounds: vec![Round { lookups: first, pages: BTreeMap::new() }],
            complete: false,
            for_erasing,
            generation,
        });
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

    /// What a round located, in this pass and those before it.
    fn located_in(&self, round: usize) -> BTreeMap<StoreId, Vec<PageRef>> {
        let mut all: BTreeMap<StoreId, Vec<PageRef>> = BTreeMap::new();
        // The pass under way first: most of what the others located is in it again.
        for (store, pages) in
            self.passes.iter().rev().filter_map(|p| p.rounds.get(round)).flat_map(|r| &r.pages)
        {
            all.entry(store.clone()).or_default().extend(pages.iter().cloned());
        }
        all
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
        if let Some(round) = self.passes.last_mut().and_then(|pass| pass.rounds.last_mut()) {
            round.pages = pages;
        }
        let located = self.located_in(rounds.saturating_sub(1));
        let lookups = self.lookups_for(catalog, number + 1, &located);
        let known_later = self.identities.iter().any(|k| k.round > number);
        let located_later = self.passes.iter().flat_map(|p| p.rounds.iter().skip(rounds));
        let located_later = located_later.flat_map(|r| r.pages.values()).any(|pages| !pages.is_empty());
        let Some(pass) = self.passes.last_mut() else {
            return false;
        };
        if lookups.is_empty() && !known_later && !located_later {
            pass.complete = true;
            return false;
        }
        pass.rounds.push(Round { lookups, pages: BTreeMap::new() });
        true
    }

    /// What round `number` looks for: the identities that the round before brought (in this pass or
    /// an earlier one) and the fields that refer to what it located.
    fn lookups_for(
        &self,
        catalog: &Catalog,
        number: u32,
        brought: &BTreeMap<StoreId, Vec<PageRef>>,
    ) -> BTreeMap<StoreId, Vec<Lookup>> {
        let mut lookups: BTreeMap<StoreId, Vec<Lookup>> = BTreeMap::new();
        for (store, collection) in catalog.collections() {
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
                    let pages = pages_of(brought, target);
                    if !pages.is_empty() {
                        add(Source::Pages { field: target.field.clone(), pages });
                    }
                }
            }
        }
        lookups
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

    /// The waves of the last pass: its rounds in reverse, and the stores in each. Earlier passes
    /// were settled before it was begun.
    pub fn waves(&self) -> Vec<Wave> {
        let mut waves = Vec::new();
        for round in self.passes.last().iter().flat_map(|p| p.rounds.iter().rev()) {
            let stores: Vec<StoreId> =
                round.pages.iter().filter(|(_, pages)| !pages.is_empty()).map(|(s, _)| s.clone()).collect();
            if !stores.is_empty() {
                let number = u32::try_from(waves.len()).unwrap_or(u32::MAX);
                waves.push(Wave { number, stores });
            }
        }
        waves
    }

    /// A store's pages of the last pass in the order of erasing, each with the number of its wave.
    pub fn erase_order(&self, store: &StoreId) -> Vec<(u32, &PageRef)> {
        let mut ordered = Vec::new();
        let mut number = 0;
        for round in self.passes.last().iter().flat_map(|p| p.rounds.iter().rev()) {
            if let Some(pages) = round.pages.get(store) {
                ordered.extend(pages.iter().map(|page| (number, page)));
            }
            if round.pages.values().any(|pages| !pages.is_empty()) {
                number += 1;
            }
        }
        ordered
    }

    /// Every page of a store, of every pass.
    pub fn pages<'a>(&'a self, store: &'a StoreId) -> impl Iterator<Item = &'a PageRef> + 'a {
        let rounds = self.passes.iter().flat_map(|p| p.rounds.iter());
        rounds.filter_map(|r| r.pages.get(store)).flatten()
    }

    /// Every lookup of a store, of every pass: what must find nothing in the end.
    pub fn lookups<'a>(&'a self, store: &'a StoreId) -> impl Iterator<Item = &'a Lookup> + 'a {
        let rounds = self.passes.iter().flat_map(|p| p.rounds.iter());
        rounds.filter_map(|r| r.lookups.get(store)).flatten()
    }

    /// Whether anybody was found: by the last pass, or, once the wait is over, by one before it: what was
    /// found once is read again before anything is said about it.
    pub fn found_somebody(&self) -> bool {
        let after_wait = self.passes.last().is_some_and(|p| p.for_erasing);
        let looked = if after_wait {
            self.passes.as_slice()
        } else {
            self.passes.last().map_or(&[][..], std::slice::from_ref)
        };
        let rounds = looked.iter().flat_map(|p| p.rounds.iter());
        rounds.flat_map(|r| r.pages.values().flatten()).any(|page| page.records > 0)
    }

    /// The stores that were asked or have pages, in any pass.
    pub fn stores(&self) -> Vec<StoreId> {
        let rounds = self.passes.iter().flat_map(|p| p.rounds.iter());
        let mut stores: Vec<StoreId> =
            rounds.flat_map(|r| r.lookups.keys().chain(r.pages.keys()).cloned()).collect();
        stores.sort();
        stores.dedup();
        stores
    }

    /// The surrogate in the form of a field: a text, or a whole number that a double still holds.
    pub fn surrogate_for(&self, kind: FieldKind) -> Value {
        const BASE: u128 = 1 << 52;
        match kind {
            FieldKind::Text => Value::Text(Personal::new(format!("erased-{:032x}", self.surrogate))),
            FieldKind::Number => Value::Number(Personal::new((BASE + self.surrogate % BASE).to_string())),
        }
    }
}

/// The identities that a located record brings, by the catalog.
pub fn identities_of(catalog: &Catalog, store: &StoreId, collection: &str, record: &Record) -> Vec<Identity> {
    let Some(collection) = catalog.store(store).and_then(|s| s.collection(collection)) else {
        return Vec::new();
    };
    let own = collection.fields.iter().filter(|(_, f)| f.whose == Whose::Subject);
    own.filter_map(|(name, f)| {
        let kind = f.identity.clone()?;
        let value = record.values.get(name)?;
        Identity::of_record(kind, &Personal::new(value.expose()))
    })
    .collect()
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
