//! What an evidence pack was found to prove.

use audit::pack::{Lack, Metrics, Pack};

use super::{entries, range};
use crate::text::table::{Cell, cell, toned};
use crate::text::time::exact;
use crate::text::{Tone, count};

/// What there is to say of one.
pub(super) fn facts(pack: &Pack) -> Vec<(&'static str, Cell)> {
    let (manifest, metrics, export) = (&pack.manifest, &pack.metrics, &pack.export);
    let period = manifest.period;
    let received = metrics.rows.last().map_or(0, |all| all.received);
    let mut facts = vec![
        (
            "pack",
            cell(format!(
                "of {}, {period}; it says that it was made at {}",
                manifest.tenant,
                exact(manifest.made_at)
            )),
        ),
        (
            "figures",
            cell(format!(
                "{} received; counted anew from {} ({}), of {} until {}, all of them signed",
                count(received, "request"),
                range(export.first, export.last),
                entries(export.last + 1 - export.first),
                exact(metrics.log.first_at),
                exact(metrics.log.last_at),
            )),
        ),
    ];
    let lacks = metrics.log.lacks(period);
    facts.extend(lacks.into_iter().map(|lack| ("unfinished", toned(Tone::Warn, lacking(metrics, lack)))));
    let all_missing = pack.receipts.all_missing();
    let of = if all_missing == 0 {
        format!("{}: of each closing in the period", pack.receipts.issued)
    } else {
        format!("{} of {} closings in the period", pack.receipts.issued, pack.receipts.issued + all_missing)
    };
    facts.push(("receipts", cell(of)));
    facts.extend(pack.receipts.missing.iter().map(|(why, count)| {
        ("missing", toned(Tone::Warn, format!("{count}: {why}. So the pack says; nothing proves it")))
    }));
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
