//! What an evidence pack was found to prove.

use audit::pack::{Figures, Lack, Metrics, Pack};

use audit::verify::Export;

use super::{entries, range};
use crate::text::table::{Cell, cell, toned};
use crate::text::time::exact;
use crate::text::{Tone, count};

/// What there is to say of one.
pub(super) fn facts(pack: &Pack) -> Vec<(&'static str, Cell)> {
    let manifest = &pack.manifest;
    let made_at = exact(manifest.made_at);
    let whose = format!("of {}, {}; it says that it was made at {made_at}", manifest.tenant, manifest.period);
    let mut facts = vec![("pack", cell(whose))];
    facts.extend(pack.newer.iter().map(|file| ("newer", toned(Tone::Warn, newer(file, pack)))));
    facts.extend(pack.figures.iter().flat_map(|figures| counted(figures, &pack.export)));
    facts.push((
        "on record",
        match &pack.bound {
            Some(bound) => {
                let (size, who) = (entries(bound.checkpoint.size), &bound.who);
                let text = format!("entry {}, {}, by {who}; signed with {size}", bound.seq, exact(bound.at));
                cell(text)
            }
            None => toned(Tone::Warn, "no: it has no proof.json, so nothing binds it to the log; `lacuna audit pack --finish` adds it"),
        },
    ));
    if !pack.own_verifier {
        let text = "another version's: what that page would say was not checked";
        facts.push(("verify.html", toned(Tone::Warn, text)));
    }
    facts
}

/// What a file says that only a later version knows, and what that leaves open here.
fn newer(file: &str, pack: &Pack) -> String {
    let open = match pack.figures {
        Some(_) => "what it says besides",
        None => "the figures, and whether each closing has its receipt",
    };
    format!(
        "{file} says what only a later version of Lacuna knows. All that this one can check holds (hashes, signatures, one \
         history). It cannot check {open}: update for that"
    )
}

/// What a pack counts.
fn counted(Figures { metrics, receipts }: &Figures, export: &Export) -> Vec<(&'static str, Cell)> {
    let received = metrics.rows.last().map_or(0, |all| all.received);
    let figures = format!(
        "{} received; counted anew from {} ({}), of {} until {}, all of them signed",
        count(received, "request"),
        range(export.first, export.last),
        entries(export.last + 1 - export.first),
        exact(metrics.log.first_at),
        exact(metrics.log.last_at),
    );
    let mut facts = vec![("figures", cell(figures))];
    let lacks = metrics.log.lacks(metrics.period);
    facts.extend(lacks.into_iter().map(|lack| ("unfinished", toned(Tone::Warn, lacking(metrics, lack)))));
    let all_missing = receipts.all_missing();
    let of = if all_missing == 0 {
        format!("{}: of each closing in the period", receipts.issued)
    } else {
        format!("{} of {} closings in the period", receipts.issued, receipts.issued + all_missing)
    };
    facts.push(("receipts", cell(of)));
    facts.extend(receipts.missing.iter().map(|(why, count)| {
        ("missing", toned(Tone::Warn, format!("{count}: {why}. So the pack says; nothing proves it")))
    }));
    facts
}

fn lacking(metrics: &Metrics, lack: Lack) -> String {
    let (log, period) = (&metrics.log, metrics.period);
    match lack {
        Lack::Beginning => format!(
            "the log begins at {}, less than a year before {period}: what was open since is not counted",
            exact(log.first_at)
        ),
        Lack::End if metrics.as_of < metrics.to => {
            format!("the log does not show all of {period}: the figures are as of {}", exact(metrics.as_of))
        }
        Lack::End => format!(
            "the log ends at {}, less than a day after {period}: what was late to be chained is not counted",
            exact(log.last_at)
        ),
        Lack::Events => {
            let missing = count(log.missing, "event");
            format!("missing in the log: {missing} of requests, of which later ones are there")
        }
    }
}
