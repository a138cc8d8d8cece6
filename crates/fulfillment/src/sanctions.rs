//! Asking everyone who may object.

use std::collections::BTreeMap;

use contract::sanction::Question;
use contract::settings::{SanctionSource, Settings};
use domain::catalog::{Catalog, Collection, Method, Store};
use domain::hold::{Hold, Ruling, Verdict, rule};
use domain::request::Retention;
use domain::{Identity, Request, StoreId};
use futures::future::try_join_all;
use jiff::Timestamp;
use ports::{Class, Code, Fault, Holds, Sanctions};

use crate::error::StepError;

/// What the sources said, together and each.
pub struct Heard {
    /// What it comes to.
    pub ruling: Ruling,
    /// Source and verdict, for the audit.
    pub answers: BTreeMap<String, String>,
}

/// Sources that are asked at the same time: one that is slow does not make the others late.
const AT_ONCE: usize = 8;

/// Everyone who may object.
pub struct Panel<'a> {
    /// The holds that stand.
    pub holds: &'a dyn Holds,
    /// The way to the tenant's sources.
    pub sanctions: &'a dyn Sanctions,
    /// Which sources the tenant has.
    pub settings: &'a Settings,
    /// What their answers are about.
    pub catalog: &'a Catalog,
}

impl Panel<'_> {
    /// Asks the holds table and the tenant's sources: all of them about the whole, or, where stores are
    /// named, about each of these those that it concerns. A source that does not answer fails the step,
    /// and so does one that wants something kept that the catalog does not know: neither is *clear* (G1).
    pub async fn hear(
        &self,
        request: &Request,
        identities: &[Identity],
        stores: &[&StoreId],
    ) -> Result<Heard, StepError> {
        let mut answers = BTreeMap::new();
        let standing = self.holds.standing(&request.tenant, &request.locks).await?;
        answers.insert("holds".to_owned(), if standing.is_empty() { "clear" } else { "hold" }.to_owned());
        let held = |hold: Hold| Verdict::Hold { reason: hold.reason, review_at: hold.review_at };
        let mut verdicts: Vec<Verdict> = standing.into_iter().map(held).collect();
        let asked = self.questions(stores);
        let mut strictest: BTreeMap<&str, &Verdict> = BTreeMap::new();
        let mut said = Vec::with_capacity(asked.len());
        for questions in asked.chunks(AT_ONCE) {
            let mut asking = Vec::with_capacity(questions.len());
            for (source, store) in questions {
                asking.push(self.ask(source, request, identities, *store));
            }
            said.extend(try_join_all(asking).await?);
        }
        for ((source, _), verdict) in asked.iter().zip(&said) {
            let known = strictest.entry(&source.id).or_insert(verdict);
            if weight(verdict) > weight(known) {
                *known = verdict;
            }
        }
        answers.extend(strictest.into_iter().map(|(id, verdict)| (id.to_owned(), word(verdict).to_owned())));
        verdicts.extend(said);
        Ok(Heard { ruling: rule(verdicts), answers })
    }

    /// Who is asked, and about which store; `None` is the whole.
    fn questions<'q>(&'q self, stores: &[&'q StoreId]) -> Vec<(&'q SanctionSource, Option<&'q StoreId>)> {
        let all = &self.settings.sanctions;
        if stores.is_empty() {
            return all.iter().map(|source| (source, None)).collect();
        }
        let concerned = |source: &SanctionSource, s| source.stores.is_empty() || source.stores.contains(s);
        let about = |s: &'q StoreId| {
            all.iter().filter(move |source| concerned(source, s)).map(move |source| (source, Some(s)))
        };
        stores.iter().flat_map(|s| about(s)).collect()
    }

    async fn ask(
        &self,
        source: &SanctionSource,
        request: &Request,
        identities: &[Identity],
        store: Option<&StoreId>,
    ) -> Result<Verdict, StepError> {
        let question = Question {
            tenant: request.tenant.clone(),
            request_id: request.id.clone(),
            kind: request.kind,
            jurisdiction: request.jurisdiction,
            identities: identities.to_vec(),
            store: store.cloned(),
        };
        let verdict = self.sanctions.ask(self.settings, source, &question).await?;
        self.check(source, &verdict)?;
        Ok(verdict)
    }

    /// What is to be kept must be known. A name that is spelt otherwise here would keep nothing.
    fn check(&self, source: &SanctionSource, verdict: &Verdict) -> Result<(), Fault> {
        let Verdict::Retain(retention) = verdict else {
            return Ok(());
        };
        let wrong = |detail| {
            Fault::new(Class::Permanent, Code::SanctionUnreadable, "retain", source.id.as_str(), detail)
        };
        if retention.stores.iter().any(|store| self.catalog.store(store).is_none()) {
            return Err(wrong("unknown-store"));
        }
        let fields = || self.catalog.collections().flat_map(|(_, collection)| collection.fields.values());
        let known = |wide: &String| fields().any(|field| covers(wide, &field.category));
        if retention.categories.iter().all(known) { Ok(()) } else { Err(wrong("unknown-category")) }
    }
}

/// Of two answers of one source the heavier is written down.
fn weight(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::Clear => 0,
        Verdict::Retain(_) => 1,
        Verdict::Hold { .. } => 2,
        Verdict::Deny { .. } => 3,
    }
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Clear => "clear",
        Verdict::Retain(_) => "retain",
        Verdict::Hold { .. } => "hold",
        Verdict::Deny { .. } => "deny",
    }
}

/// Adds what a source wants kept, once; what it names again, it may want kept for longer.
pub fn add_retentions(request: &mut Request, more: Vec<Retention>) {
    for retention in more {
        let same = |r: &&mut Retention| {
            let about = |r: &Retention| (r.source.clone(), r.stores.clone(), r.categories.clone());
            about(r) == about(&retention) && r.reason == retention.reason
        };
        match request.retentions.iter_mut().find(same) {
            // `None` is for ever.
            Some(known) => known.until = known.until.zip(retention.until).map(|(a, b)| a.max(b)),
            None => request.retentions.push(retention),
        }
    }
}

/// Takes in what the sources that were asked about the whole request want kept, instead of what they
/// wanted before. Once any store was begun ([`Request::keeps_what_was_wanted`]), by whichever call, what was wanted stays
/// kept: a store that was passed over, and confirmed as kept, must not count as erased because its source thought better
/// of it.
pub fn replace_retentions(request: &mut Request, asked: &BTreeMap<String, String>, now: Vec<Retention>) {
    if !request.keeps_what_was_wanted() {
        request.retentions.retain(|r| !asked.contains_key(&r.source));
    }
    add_retentions(request, now);
}

/// The retention that keeps a collection, if a source wants it kept and its term still runs. Where it is
/// erased by destroying the person's keys, that is one that keeps any collection of the kind: one key seals
/// what is in all of them. Then it counts that its term ran when the wait was over: were it to run out
/// between two stores, what was counted as kept in the first would go with the second.
pub fn kept_by<'a>(
    request: &'a Request,
    catalog: &Catalog,
    store: &Store,
    collection: &Collection,
    now: Timestamp,
) -> Option<&'a Retention> {
    if collection.erasure.method != Method::Shred {
        return wanted_by(request, store, collection, now);
    }
    let then = request.cooling_off_until.map_or(now, |until| until.min(now));
    let wanted = |store, collection| wanted_by(request, store, collection, then);
    let any = || catalog.shredded().find_map(|(store, collection)| wanted(store, collection));
    wanted(store, collection).or_else(any)
}

fn wanted_by<'a>(
    request: &'a Request,
    store: &Store,
    collection: &Collection,
    now: Timestamp,
) -> Option<&'a Retention> {
    request.retentions.iter().filter(|r| r.until.is_none_or(|until| now < until)).find(|r| {
        r.stores.contains(&store.id)
            || collection.fields.values().any(|f| r.categories.iter().any(|c| covers(c, &f.category)))
    })
}

/// `user.contact` covers `user.contact.email`.
fn covers(wide: &str, category: &str) -> bool {
    category.strip_prefix(wide).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn a_category_covers_itself_and_what_is_below_it() {
        assert!(covers("user.contact", "user.contact.email"));
        assert!(covers("user.contact", "user.contact"));
        assert!(!covers("user.con", "user.contact"));
        assert!(!covers("user.contact.email", "user.contact"));
    }
}
