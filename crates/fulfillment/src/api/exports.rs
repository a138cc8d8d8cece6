//! What a submission says about exporting.

use std::collections::BTreeMap;

use contract::api::Submit;
use contract::export::{Recipient, links_left};
use contract::problem::Invalid;
use domain::catalog::{Collection, Store};
use domain::export::{Export, Place, SealedFor, is_version};

use super::identities::Configured;
use crate::papers::Sealing;

/// What is exported, and for whom it is encrypted. What is wrong is added to `errors`.
pub(super) fn check(
    configured: &Configured,
    given: &Submit,
    errors: &mut Vec<Invalid>,
) -> (Option<Export>, Option<Sealing>) {
    let first = given.export_first.unwrap_or_default();
    let min_versions = given.min_versions.as_ref().filter(|min| !min.is_empty());
    if given.kind.erases() && !first {
        let said = [
            ("/format", given.format.is_some()),
            ("/recipient", given.recipient.is_some()),
            ("/min_versions", min_versions.is_some()),
        ];
        for (at, _) in said.iter().filter(|(_, said)| *said) {
            let detail = "leave this out, or say `export_first`: an erasure alone exports nothing";
            errors.push(Invalid::new(*at, detail));
        }
        return (None, None);
    }
    if !given.kind.erases() && first {
        errors.push(Invalid::new("/export_first", "leave this out: only an erasure has an export before it"));
    }
    let sealing = given.recipient.as_ref().and_then(|given| sealing(given, errors));
    let sealed_for = match &sealing {
        None => SealedFor::Nobody,
        Some(Sealing::Age(_)) => SealedFor::Age,
        Some(Sealing::Passphrase(_)) => SealedFor::Passphrase,
    };
    let min_versions =
        min_versions.map(|given| self::min_versions(configured, given, errors)).unwrap_or_default();
    let format = given.format.unwrap_or_default();
    (Some(Export { format, sealed_for, min_versions, ..Export::default() }), sealing)
}

/// Whether an open request gives what is wanted here. What is encrypted is for whoever asked for it so, and
/// for nobody else; what was destroyed, or has no links left, is not given again.
pub(super) fn covers(open: Option<&Export>, wanted: Option<&Export>) -> bool {
    let plain = |export: &Export| export.sealed_for == SealedFor::Nobody;
    match (open, wanted) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(open), Some(wanted)) => {
            let alike = open.format == wanted.format && open.min_versions == wanted.min_versions;
            let used_up = open.is_there() && links_left(open) == 0;
            alike && plain(open) && plain(wanted) && !open.is_over() && !used_up
        }
    }
}

fn sealing(given: &Recipient, errors: &mut Vec<Invalid>) -> Option<Sealing> {
    let (at, sealing) = match (&given.age, &given.passphrase) {
        (Some(age), None) => ("/recipient/age", Sealing::Age(age.clone())),
        (None, Some(passphrase)) => ("/recipient/passphrase", Sealing::Passphrase(passphrase.clone())),
        (Some(_), Some(_)) => {
            errors.push(Invalid::new("/recipient", "give `age` or `passphrase`, not both"));
            return None;
        }
        (None, None) => {
            errors.push(Invalid::new("/recipient", "give `age` or `passphrase`, or leave it out"));
            return None;
        }
    };
    if let Err(wrong) = sealing.recipient() {
        errors.push(Invalid::new(at, wrong.to_string()));
        return None;
    }
    Some(sealing)
}

fn min_versions(
    configured: &Configured,
    given: &BTreeMap<String, String>,
    errors: &mut Vec<Invalid>,
) -> BTreeMap<Place, String> {
    let mut known = BTreeMap::new();
    let mut unknown = 0;
    for (name, version) in given {
        let place: Option<Place> = name.parse().ok();
        let found = place.and_then(|place| configured.store(&place.store).map(|store| (place, store)));
        let Some((place, store)) = found else {
            unknown += 1;
            continue;
        };
        let meant = |c: &&Collection| place.collection.as_ref().is_none_or(|name| *name == c.name);
        let meant: Vec<&Collection> = store.collections.iter().filter(meant).collect();
        if meant.is_empty() {
            unknown += 1;
            continue;
        }
        let says = |c: &&Collection| c.version.is_some() || c.object.is_some();
        let wrong = if let Some(original) = &store.copy_of {
            format!("this is a copy, which shows what its original lacks: name {original}")
        } else if !meant.iter().any(says) {
            "the catalog does not say how new these records are: leave it out".to_owned()
        } else if !is_version(version) {
            "this must be a whole number or an instant, such as 2026-03-02T09:00:00Z, as a text".to_owned()
        } else if let Some(wrong) = ambiguous(store, &meant, version) {
            wrong
        } else {
            known.insert(place, version.clone());
            continue;
        };
        errors.push(Invalid::new(format!("/min_versions/{}", place.to_string().replace('/', "~1")), wrong));
    }
    if unknown > 0 {
        // The name of a store that is not known here is not repeated: it could be anything.
        let detail =
            format!("{unknown} name(s) here are no stores of the catalog, or no collections of them");
        errors.push(Invalid::new("/min_versions", detail));
    }
    known
}

/// Two collections count on their own: a number says nothing of the one that it was not taken from.
fn ambiguous(store: &Store, meant: &[&Collection], version: &str) -> Option<String> {
    let counting = meant.iter().filter(|c| c.version.is_some());
    let counting: Vec<String> = counting.map(|c| format!("{}/{}", store.id, c.name)).collect();
    (counting.len() > 1 && version.parse::<i128>().is_ok()).then(|| {
        format!(
            "these collections count each on their own: name one ({}), or give an instant if their versions are instants",
            counting.join(", ")
        )
    })
}
