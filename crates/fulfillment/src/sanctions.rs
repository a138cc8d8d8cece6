//! Asking everyone who may object.

use std::collections::BTreeMap;

use contract::sanction::Question;
use contract::settings::Settings;
use domain::catalog::{Collection, Store};
use domain::hold::{Ruling, Verdict, rule};
use domain::request::Retention;
use domain::{Identity, Pseudonym, Request, StoreId};
use jiff::Timestamp;
use ports::{Holds, Sanctions};

use crate::error::StepError;

/// What the sources said, together and each.
pub struct Heard {
    /// What it comes to.
    pub ruling: Ruling,
    /// Source and verdict, for the audit.
    pub answers: BTreeMap<String, String>,
}

/// Asks the holds table and the tenant's sources: all of them, or those that concern a store. A
/// source that does not answer fails the step: no answer is not *clear* (G1).
pub async fn hear(
    holds: &dyn Holds,
    sanctions: &dyn Sanctions,
    settings: &Settings,
    request: &Request,
    identities: &[Identity],
    subjects: &[Pseudonym],
    store: Option<&StoreId>,
) -> Result<Heard, StepError> {
    let mut answers = BTreeMap::new();
    let mut verdicts = Vec::new();
    let standing = holds.standing(&request.tenant, subjects).await?;
    answers.insert("holds".to_owned(), if standing.is_empty() { "clear" } else { "hold" }.to_owned());
    verdicts.extend(
        standing.into_iter().map(|hold| Verdict::Hold { reason: hold.reason, review_at: hold.review_at }),
    );
    for source in &settings.sanctions {
        if store.is_some_and(|store| !source.stores.is_empty() && !source.stores.contains(store)) {
            continue;
        }
        let question = Question {
            tenant: request.tenant.clone(),
            request_id: request.id.clone(),
            kind: request.kind,
            jurisdiction: request.jurisdiction,
            identities: identities.to_vec(),
            store: store.cloned(),
        };
        let verdict = sanctions.ask(settings, source, &question).await?;
        answers.insert(source.id.clone(), word(&verdict).to_owned());
        verdicts.push(verdict);
    }
    Ok(Heard { ruling: rule(verdicts), answers })
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Clear => "clear",
        Verdict::Retain(_) => "retain",
        Verdict::Hold { .. } => "hold",
        Verdict::Deny { .. } => "deny",
    }
}

/// Adds what a source wants kept, once.
pub fn add_retentions(request: &mut Request, more: Vec<Retention>) {
    for retention in more {
        if !request.retentions.contains(&retention) {
            request.retentions.push(retention);
        }
    }
}

/// What the sources that were asked about the whole request want kept, instead of what they wanted
/// before.
pub fn replace_retentions(request: &mut Request, asked: &BTreeMap<String, String>, now: Vec<Retention>) {
    request.retentions.retain(|r| !asked.contains_key(&r.source));
    add_retentions(request, now);
}

/// The retention that keeps a collection, if a source wants it kept and its term still runs.
pub fn kept_by<'a>(
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
