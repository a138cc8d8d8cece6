//! What a plan says: in which order, where, and what must find nothing in the end.

use super::{Lookup, PageRef, Plan, Source, Value, Wave};
use crate::catalog::FieldKind;
use crate::ids::StoreId;
use crate::pii::Personal;

impl Plan {
    /// The waves of the last pass: its rounds in reverse, and the stores in each. Earlier passes
    /// were settled before it was begun.
    pub fn waves(&self) -> Vec<Wave> {
        let mut waves = Vec::new();
        for round in self.passes.last().iter().flat_map(|p| p.rounds.iter().rev()) {
            let there = |pages: &[PageRef]| pages.iter().any(|page| !page.gone);
            let stores: Vec<StoreId> =
                round.pages.iter().filter(|(_, pages)| there(pages)).map(|(s, _)| s.clone()).collect();
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
            let there = |pages: &&PageRef| !pages.gone;
            let pages = round.pages.get(store).into_iter().flatten().filter(there);
            ordered.extend(pages.map(|page| (number, page)));
            if round.pages.values().flatten().any(|page| !page.gone) {
                number += 1;
            }
        }
        ordered
    }

    /// Every page of a store that was located in any pass.
    pub fn pages<'a>(&'a self, store: &'a StoreId) -> impl Iterator<Item = &'a PageRef> + 'a {
        let rounds = self.passes.iter().flat_map(|p| p.rounds.iter());
        rounds.filter_map(|r| r.pages.get(store)).flatten().filter(|page| !page.gone)
    }

    /// Every page of a store of the last pass, and what was gone by then: none may name the person in
    /// the end. Earlier passes are in it, since it looked again at all that they located.
    pub fn last_pages<'a>(&'a self, store: &'a StoreId) -> impl Iterator<Item = &'a PageRef> + 'a {
        let rounds = self.passes.last().into_iter().flat_map(|p| p.rounds.iter());
        rounds.filter_map(|r| r.pages.get(store)).flatten()
    }

    /// Every search of a store of the last pass: what must find nothing in the end.
    pub fn searches<'a>(&'a self, store: &'a StoreId) -> impl Iterator<Item = &'a Lookup> + 'a {
        let rounds = self.passes.last().into_iter().flat_map(|p| p.rounds.iter());
        let lookups = rounds.filter_map(|r| r.lookups.get(store)).flatten();
        lookups.filter(|lookup| !matches!(lookup.source, Source::Earlier(_) | Source::Own(_)))
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
        rounds.flat_map(|r| r.pages.values().flatten()).any(|page| page.records > 0 && !page.gone)
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
