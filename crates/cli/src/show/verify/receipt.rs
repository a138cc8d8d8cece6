//! What a receipt says was done.

use audit::QueryStatement;
use audit::receipt::{SanctionAnswer, Statement, StoreStatement};
use audit::verify::{Newer, Proved};
use domain::catalog::Method;

use super::{About, entries};
use crate::text::table::{Cell, Table, cell, numbers, toned, words};
use crate::text::time::{instant, term};
use crate::text::{Line, Tone, count};

/// What it is about, and what proves it.
pub fn facts(proved: &Proved, about: Option<&About>) -> Vec<(&'static str, Cell)> {
    let Statement { request, kind, jurisdiction, tenant, .. } = &proved.statement;
    let Statement { outcome, received_at, closed_at, due_by, .. } = &proved.statement;
    let mut facts = vec![
        ("receipt", cell(format!("of {request}, {}, {}, {tenant}", kind.as_str(), jurisdiction.as_str()))),
        ("outcome", toned(Tone::Strong, outcome.as_str())),
        ("received", cell(instant(*received_at))),
        ("closed", cell(format!("{}, due by {}", instant(*closed_at), instant(*due_by)))),
    ];
    if let Some(verified) = &proved.statement.verification {
        facts.push(("verified", cell(format!("{}, {}", verified.method, instant(verified.at)))));
    }
    let is_listed = |answer: &SanctionAnswer| {
        proved.statement.stores.iter().any(|store| answer.store.as_ref() == Some(&store.store))
    };
    let of_all = proved.statement.sanctions.iter().filter(|answer| !is_listed(answer));
    facts.extend(answers(of_all, true).into_iter().map(|said| ("sanction", cell(said))));
    let size = entries(proved.checkpoint.size);
    facts.push((
        "proof",
        cell(format!("entry {} of the audit, under the signed checkpoint over {size}", proved.seq)),
    ));
    match about {
        None => {}
        Some(About::Them { alone }) => {
            facts.push(("about", toned(Tone::Good, "the person that was asked for")));
            let searches = proved.statement.stores.iter().map(searches_of).sum();
            if searches > 0 {
                facts.push((
                    "asked",
                    cell(format!(
                        "for exactly this identity, and nothing else, in {alone} of {}",
                        count(searches, "way")
                    )),
                ));
            }
        }
        Some(About::SomebodyElse) => facts.push((
            "about",
            toned(Tone::Bad, "NOT the person that was asked for, or the salt is another receipt's"),
        )),
    }
    facts
}

/// What can be said of one in the words of a later version.
pub fn newer(newer: &Newer) -> Vec<(&'static str, Cell)> {
    let Newer { seq, checkpoint, .. } = newer;
    let size = entries(checkpoint.size);
    vec![
        ("receipt", toned(Tone::Warn, "whole, and written by a newer version: update to read it")),
        ("proof", cell(format!("entry {seq} of the audit, under the signed checkpoint over {size}"))),
    ]
}

/// What became of the records, store by store.
pub fn stores(statement: &Statement, width: usize) -> Vec<Line> {
    let mut table = Table::new(&[
        words("store"),
        numbers("located"),
        numbers("collected"),
        numbers("erased"),
        numbers("anonymised"),
        numbers("retained"),
        numbers("residue"),
        words("as of"),
    ]);
    for store in &statement.stores {
        let residue = match store.residue {
            None if is_changed(store) => toned(Tone::Warn, "-"),
            None => cell("-"),
            Some(0) => toned(Tone::Good, "0"),
            Some(some) => toned(Tone::Bad, some.to_string()),
        };
        let counts = [store.located, store.collected, store.erased, store.anonymised, store.retained];
        let counts = counts.map(|count| cell(count.to_string()));
        let read = match store.confirmed_at {
            Some(at) => instant(at),
            None if is_changed(store) => "not read again".to_owned(),
            None => "-".to_owned(),
        };
        table.row([cell(store.store.as_str())].into_iter().chain(counts).chain([residue, cell(read)]));
        let own = statement.sanctions.iter().filter(|answer| answer.store.as_ref() == Some(&store.store));
        for said in answers(own, false) {
            table.note(cell(format!("sanction: {said}")));
        }
        remarks(&mut table, store);
    }
    table.lines(width, 2)
}

/// What sanction sources answered, each answer with all times at which it was given: they are asked again before anything is
/// erased.
fn answers<'a>(all: impl Iterator<Item = &'a SanctionAnswer>, names_store: bool) -> Vec<String> {
    let mut said: Vec<(String, Vec<String>)> = Vec::new();
    for SanctionAnswer { at, source, store, verdict } in all {
        let (answer, at) = (format!("{source}: {verdict}"), instant(*at));
        let answer = match store.as_ref().filter(|_| names_store) {
            Some(store) => format!("{answer} for {store}"),
            None => answer,
        };
        match said.iter_mut().find(|(known, _)| *known == answer) {
            Some((_, times)) if times.contains(&at) => {}
            Some((_, times)) => times.push(at),
            None => said.push((answer, vec![at])),
        }
    }
    said.into_iter().map(|(answer, times)| format!("{answer}, {}", times.join(", "))).collect()
}

/// Whether anything was erased there: then the store was to be read again, and its backups to be waited for.
fn is_changed(store: &StoreStatement) -> bool {
    store.erased > 0 || store.anonymised > 0
}

/// What the counts rest on, what stays, and until when backups have it.
fn remarks(table: &mut Table, store: &StoreStatement) {
    match (store.control_found_at, store.residue) {
        (Some(at), _) => {
            table.note(toned(
                Tone::Quiet,
                format!("the control person was found by the same reading, {}", instant(at)),
            ));
        }
        (None, Some(_)) => {
            table.note(toned(
                Tone::Quiet,
                "whether the reading finds anybody was not tried with a control person",
            ));
        }
        (None, None) => {}
    }
    if let Some(asked) = asked(store) {
        table.note(toned(Tone::Quiet, asked));
    }
    for kept in &store.kept {
        let how = match kept.method {
            Method::Delete => "deleted",
            Method::Anonymise => "anonymised",
            Method::Retain => "kept as they are",
            Method::Shred => "kept unreadable",
        };
        let long = kept.keep_for.as_deref().map(|long| format!(", for {}", term(long))).unwrap_or_default();
        table.note(cell(format!(
            "{}: {} {how}: {} ({}{long})",
            kept.collection,
            records(kept.records),
            kept.reason,
            kept.law
        )));
    }
    for backup in &store.backups {
        let sealed = if backup.encrypted { "encrypted" } else { "not encrypted" };
        let term = term(&backup.expires_after);
        table.note(toned(Tone::Quiet, format!("backups ({}): {sealed}, each kept for {term}", backup.kind)));
    }
    let gone = match store.gone_from_backups_by {
        Some(at) => format!("gone from the last backup by {}", instant(at)),
        None if is_changed(store) => "when the last backup is gone is not said".to_owned(),
        None => return,
    };
    table.note(toned(Tone::Quiet, gone));
}

/// In how many ways a store was searched.
fn searches_of(store: &StoreStatement) -> u64 {
    let records = |query: &&QueryStatement| matches!(query, QueryStatement::Records { .. });
    store.queries.iter().filter(|query| !records(query)).count() as u64
}

/// How a store was asked: the digests of what it was asked for are for whoever has the salt.
fn asked(store: &StoreStatement) -> Option<String> {
    let (mut values, mut read) = (0, 0);
    for query in &store.queries {
        match query {
            QueryStatement::Records { records, .. } => read += records,
            QueryStatement::Search { values: n, .. } | QueryStatement::Keys { keys: n, .. } => values += n,
        }
    }
    let mut parts = Vec::new();
    if searches_of(store) > 0 {
        parts.push(format!("asked {}, {}", count(searches_of(store), "way"), count(values, "value")));
    }
    if read > 0 {
        parts.push(format!("{} read by {}", records(read), if read == 1 { "its key" } else { "their keys" }));
    }
    if store.queries_unlisted > 0 {
        parts.push(format!("{} not listed", count(store.queries_unlisted, "more question")));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn records(n: u64) -> String {
    count(n, "record")
}
