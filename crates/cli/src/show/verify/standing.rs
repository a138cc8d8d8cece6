//! What a file is worth in which nothing is wrong: what of it is signed, and how it stands to the checkpoint of `--since`.

use audit::verify::{Export, Found, Freshness, Standing};
use audit::{Checkpoint, Wrong};

use super::{About, Checked, Checks, Verdict, entries, range};
use crate::text::Tone;
use crate::text::table::{Cell, cell, toned};

impl Checked {
    /// What can be said of it; `None` where it is broken, or could not be read.
    pub fn standing(&self) -> Option<Standing> {
        match &self.verdict {
            Verdict::Intact(found) => Some(found.standing(self.freshness)),
            Verdict::Packed(pack) => Some(pack.standing(self.freshness)),
            _ => None,
        }
    }

    pub(super) fn is_broken(&self) -> bool {
        matches!(self.verdict, Verdict::Broken(_) | Verdict::Flawed(_))
    }

    pub(super) fn is_unusable(&self) -> bool {
        matches!(self.verdict, Verdict::AnotherVersion(_) | Verdict::Unknown(_) | Verdict::Unread(_))
    }

    pub(super) fn is_whole(&self) -> bool {
        matches!(self.verdict, Verdict::Intact(_) | Verdict::Packed(_))
    }

    /// Whether it was shown to be of the log of the checkpoint that was seen before; `None` if none was given.
    pub fn is_fresh(&self) -> Option<bool> {
        self.freshness.map(|freshness| matches!(freshness, Freshness::GoesOn | Freshness::Older))
    }
}

impl Checks {
    /// Whether nothing can be said of it, or not what was asked.
    pub fn unusable(&self, file: &Checked) -> bool {
        match (&file.verdict, file.standing()) {
            (Verdict::Broken(_) | Verdict::Flawed(_), _) | (_, Some(Standing::Intact | Standing::Behind)) => {
                false
            }
            (_, Some(Standing::Unsigned)) => !self.accepts(file) || file.is_fresh() == Some(false),
            _ => true,
        }
    }

    /// Whether its unsigned tail is accepted. A file of which nothing is signed has no tail: all of it could be made up.
    pub(super) fn accepts(&self, file: &Checked) -> bool {
        let tail =
            matches!(&file.verdict, Verdict::Intact(Found::Export(export)) if export.has_signed_entries());
        self.allow_unsigned && tail
    }

    /// The word beside its name.
    pub(super) fn title(&self, file: &Checked) -> (Tone, String) {
        match (file.standing(), &file.verdict) {
            (Some(Standing::Intact), _) if file.about == Some(About::SomebodyElse) => {
                (Tone::Bad, "intact, and about SOMEBODY ELSE".to_owned())
            }
            (Some(Standing::Behind), _) => (Tone::Bad, "BEHIND".to_owned()),
            (Some(Standing::Newer), _) => (Tone::Warn, "NEWER".to_owned()),
            (Some(Standing::Unsigned), Verdict::Intact(Found::Export(export))) if self.accepts(file) => {
                (Tone::Good, format!("intact up to entry {}", export.signed_to.unwrap_or(0)))
            }
            (Some(Standing::Unsigned), _) => (Tone::Warn, "UNSIGNED".to_owned()),
            (Some(Standing::NotShown), _) => (Tone::Warn, "NOT SHOWN TO BE OF THAT LOG".to_owned()),
            (Some(Standing::NotOnRecord), _) => (Tone::Warn, "NOT ON RECORD".to_owned()),
            (Some(Standing::Unfinished), _) => (Tone::Warn, "UNFINISHED".to_owned()),
            (Some(Standing::ReceiptsMissing), _) => (Tone::Warn, "RECEIPTS MISSING".to_owned()),
            (Some(Standing::Intact) | None, _) => (Tone::Good, "intact".to_owned()),
        }
    }

    /// How it stands to the checkpoint of `--since`.
    pub(super) fn freshness(&self, file: &Checked) -> Cell {
        let of_pack;
        // How far it goes, and what leads there. A pack goes to the checkpoint of its proof.
        let (found, size) = match &file.verdict {
            Verdict::Intact(found) => (Some(found), found.size()),
            Verdict::Packed(pack) => {
                of_pack = Found::Export(pack.export.clone());
                (Some(&of_pack), pack.size())
            }
            _ => (None, 0),
        };
        let (Some(since), Some(freshness), Some(found)) = (&self.since, file.freshness, found) else {
            return toned(Tone::Warn, "not checked: give --since with a checkpoint that you kept");
        };
        let seen = format!("the checkpoint over {}", entries(since.size));
        match freshness {
            Freshness::GoesOn => toned(Tone::Good, format!("goes on from {seen}{}", as_far_as(found))),
            Freshness::Older => {
                toned(Tone::Good, format!("is older than {seen}, and of the same log{}", as_far_as(found)))
            }
            Freshness::Open => {
                let before = before(found);
                // Between the end of a pack's log and its proof nothing of it is known but where it leads.
                let lacking = range(since.size + 1, if since.size < before { before } else { size });
                toned(
                    Tone::Warn,
                    format!(
                        "not shown: nothing here leads from {seen} to it; give the export of {lacking} as well"
                    ),
                )
            }
            Freshness::Behind => {
                let lacking = range(size + 1, since.size);
                let joins = format!("the export of {lacking} would join the two");
                match found {
                    Found::Export(_) | Found::Checkpoint(_) if file.standing() == Some(Standing::Behind) => {
                        toned(Tone::Bad, format!("{}; {joins}", behind(found.size(), since)))
                    }
                    _ => toned(
                        Tone::Warn,
                        format!(
                            "not shown to be in the log of {seen}: it is older; give the export of {lacking} as well"
                        ),
                    ),
                }
            }
        }
    }
}

/// What of an export is signed, and by what.
pub(super) fn signed(export: &Export) -> Cell {
    let Some(to) = export.signed_to else {
        return toned(Tone::Warn, "nothing");
    };
    let own = export.checkpoint.as_ref().is_some_and(|own| own.size == to);
    let by = match export.checkpoints {
        _ if !own => "a checkpoint that came beside it holds".to_owned(),
        0 => "the checkpoint that it begins with holds".to_owned(),
        1 => "1 checkpoint holds".to_owned(),
        some => format!("{some} checkpoints hold"),
    };
    cell(format!("up to entry {to}: {by}"))
}

/// What of it is not; `None` if all is signed.
pub(super) fn unsigned(export: &Export, accepted: bool) -> Option<Cell> {
    if export.is_signed() {
        return None;
    }
    let which = export.unsigned().map_or_else(|| "all of it".to_owned(), |(from, to)| range(from, to));
    let advice = match (accepted, export.has_signed_entries()) {
        (true, _) => "accepted as --allow-unsigned says",
        (false, true) => "ask again after the next checkpoint, or pass --allow-unsigned to accept a tail",
        (false, false) => "ask again after the next checkpoint",
    };
    let text = format!("{which}: anybody who had this file could have made that up; {advice}");
    Some(toned(Tone::Warn, text))
}

fn behind(size: u64, since: &Checkpoint) -> String {
    format!("{} ({size} of {})", Wrong::Behind, entries(since.size))
}

/// Where the words on freshness end, if that is not the end of the file.
fn as_far_as(found: &Found) -> String {
    match found {
        Found::Export(export) if !export.is_signed() => {
            format!(", up to entry {}: no further", export.signed_to.unwrap_or(0))
        }
        _ => String::new(),
    }
}

/// How many entries the log has where it begins.
fn before(found: &Found) -> u64 {
    match found {
        Found::Export(export) => export.first - 1,
        other => other.size(),
    }
}
