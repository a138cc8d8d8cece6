//! What an evidence pack was found to prove.

use audit::pack::Pack;

use super::{entries, range};
use crate::text::table::{Cell, cell, toned};
use crate::text::{Tone, count};

/// What there is to say of one.
pub(super) fn facts(pack: &Pack) -> Vec<(&'static str, Cell)> {
    let (manifest, metrics, export) = (&pack.manifest, &pack.metrics, &pack.export);
    let period = manifest.period;
    let received = metrics.rows.last().map_or(0, |all| all.received);
    let mut facts = vec![
        ("pack", cell(format!("of {}, {period}, made at {}", manifest.tenant, manifest.made_at))),
        (
            "figures",
            cell(format!(
                "{} received; counted anew from {} ({}), all of them signed",
                count(received, "request"),
                range(export.first, export.last),
                entries(export.last + 1 - export.first)
            )),
        ),
    ];
    if !metrics.complete {
        let text = format!("the log does not show all of {period}: the figures are as of {}", metrics.as_of);
        facts.push(("unfinished", toned(Tone::Warn, text)));
    }
    facts.push(("receipts", cell(format!("{}: of each closing in the period", pack.receipts))));
    facts.push((
        "on record",
        match &pack.bound {
            Some(bound) => {
                let (size, who) = (entries(bound.checkpoint.size), &bound.who);
                let text = format!("entry {}, at {}, by {who}; signed with {size}", bound.seq, bound.at);
                cell(text)
            }
            None => toned(Tone::Warn, "no: it has no proof.json, so nothing binds it to the log"),
        },
    ));
    if !pack.own_verifier {
        let text = "another version's: what that page would say was not checked";
        facts.push(("verify.html", toned(Tone::Warn, text)));
    }
    facts
}
