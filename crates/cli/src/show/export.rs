//! What the person gets: how its package stands, how it was fetched, by whom.

use std::path::Path;

use contract::api::RequestView;
use contract::export::{ExportView, PackageView};
use domain::export::Format;
use domain::{Personal, RequestId};
use jiff::{SignedDuration, Timestamp};

use crate::text::table::{Cell, Table, cell, numbers, sentences, toned, words};
use crate::text::time::{deadline, length, moment, second};
use crate::text::{Line, Tone, bytes, count, paragraph};
use contract::export::{DownloadCode, DownloadView};

/// Whether somebody can fetch it now.
pub fn is_fetchable(view: &RequestView, now: Timestamp) -> bool {
    let export = view.export.as_ref().filter(|export| export.destroyed_at.is_none());
    export.is_some_and(|export| export.expires_at.is_some_and(|until| until > now))
}

/// The export of a request; nothing where it has none.
pub fn lines(view: &RequestView, now: Timestamp, width: usize) -> Vec<Line> {
    let Some(export) = &view.export else { return Vec::new() };
    let mut lines = vec![Line::empty(), Line::of(Tone::Strong, "export")];
    lines.extend(table(view, export, now).lines(width, 2));
    lines
}

fn table(view: &RequestView, export: &ExportView, now: Timestamp) -> Table {
    let label = |package: &PackageView| match export.packages.len() {
        1 => "package".to_owned(),
        _ => format!("package {}", package.package),
    };
    let packages: Vec<(String, Cell)> =
        export.packages.iter().map(|package| (label(package), of(package))).collect();
    let mut facts = vec![("format", cell(format(export.format))), ("encrypted", encrypted(export))];
    if export.ready_at.is_some() {
        facts.push(("records", cell(export.records.to_string())));
    }
    facts.extend(packages.iter().map(|(label, package)| (label.as_str(), package.clone())));
    match (export.destroyed_at, export.expires_at) {
        (Some(at), _) => facts.push(("destroyed", cell(moment(now, at)))),
        (None, Some(until)) => {
            let tone = if until > now { Tone::Plain } else { Tone::Warn };
            facts.push(("until", toned(tone, deadline(now, until))));
        }
        (None, None) => {}
    }
    if export.ready_at.is_some() {
        facts.push(("links", links(export)));
    }
    let id = &view.request_id;
    if is_fetchable(view, now) && export.downloads_left > 0 && !view.cancelling {
        facts.push(("with login", cell(format!("lacuna request fetch {id}"))));
        facts.push(("no login", cell(format!("lacuna request code {id}"))));
    }
    Table::facts(facts)
}

fn of(package: &PackageView) -> Cell {
    cell(format!("{}, SHA-256 {}", bytes(package.bytes), package.sha256))
}

fn format(format: Format) -> &'static str {
    match format {
        Format::Json => "json (JSON Lines)",
        Format::Csv => "csv",
        Format::Xml => "xml",
    }
}

fn encrypted(export: &ExportView) -> Cell {
    match export.encrypted.as_deref() {
        None => cell("no: whoever has the file reads it"),
        Some("age") => cell("for an age recipient"),
        Some("passphrase") => cell("with a passphrase"),
        Some(other) => cell(other),
    }
}

fn links(export: &ExportView) -> Cell {
    let used = export.downloads;
    match (export.destroyed_at, export.downloads_left) {
        (Some(_), _) => cell(format!("{used} used")),
        (None, 0) => toned(Tone::Warn, format!("{used} used, none left: nobody can fetch it any more")),
        (None, left) => cell(format!("{used} used, {left} left")),
    }
}

/// A package that was fetched.
pub struct Fetched<'a> {
    /// The request.
    pub id: &'a RequestId,
    /// Where it is.
    pub out: &'a Path,
    /// The package.
    pub package: &'a PackageView,
    /// The request's export, as it was before.
    pub export: &'a ExportView,
    /// How long it took.
    pub took: SignedDuration,
}

impl Fetched<'_> {
    /// As people read it, with what to do next.
    pub fn lines(&self, now: Timestamp, width: usize) -> Vec<Line> {
        let out = self.out.display().to_string();
        let mut lines =
            vec![Line::of(Tone::Strong, &out).and(Tone::Good, "  fetched, and its SHA-256 is right")];
        let mut size = bytes(self.package.bytes);
        if self.took >= SignedDuration::from_secs(1) {
            size = format!("{size} in {}", length(self.took));
        }
        let mut facts = vec![("size", cell(size)), ("SHA-256", cell(&self.package.sha256))];
        let number = self.package.package;
        let all = self.export.packages.len();
        if all > 1 {
            facts.push(("package", cell(format!("{number} of {all}"))));
        }
        facts.extend(self.export.expires_at.map(|until| ("until", cell(deadline(now, until)))));
        lines.extend(Table::facts(facts).lines(width, 0));
        lines.push(Line::empty());
        let mut next = Table::new(&[words(""), words("")]);
        for (label, command) in self.next() {
            next.row([toned(Tone::Quiet, label), cell(command)]);
        }
        lines.extend(next.lines(width, 0));
        let own = self.export.encrypted.as_deref() == Some("age");
        if own {
            let text = "KEY is the file with the secret key of the recipient that the package is for.";
            lines.extend(paragraph(Tone::Quiet, text, width.min(100)));
        }
        lines
    }

    /// Commands, each with what it does.
    fn next(&self) -> Vec<(&'static str, String)> {
        let sealed = quoted(&self.out.display().to_string());
        let (archive, folder) = opened(self.out);
        let (archive, folder) = (quoted(&archive), quoted(&folder));
        let mut next = Vec::new();
        match self.export.encrypted.as_deref() {
            None => {}
            Some("age") => next.push(("open", format!("age -d -i KEY -o {archive} {sealed}"))),
            Some(_) => next.push(("open", format!("age -d -o {archive} {sealed}"))),
        }
        let archive = if self.export.encrypted.is_none() { sealed } else { archive };
        next.push(("unpack", format!("unzip {archive} -d {folder}")));
        let after = self.export.packages.iter().find(|package| package.package > self.package.package);
        next.extend(after.map(|package| {
            ("next", format!("lacuna request fetch {} --package {}", self.id, package.package))
        }));
        next
    }

    /// As machines read it.
    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "out": self.out.display().to_string(), "package": self.package.package,
            "bytes": self.package.bytes, "sha256": self.package.sha256, "encrypted": self.export.encrypted,
        })
    }
}

/// What a package is called once it is open, and the folder that it is unpacked into.
fn opened(out: &Path) -> (String, String) {
    let out = out.display().to_string();
    let archive = match out.strip_suffix(".age") {
        Some(archive) => archive.to_owned(),
        None => format!("{out}.zip"),
    };
    let stem = out.strip_suffix(".age").unwrap_or(&out);
    let folder = stem.strip_suffix(".zip").map_or_else(|| format!("{stem}-files"), str::to_owned);
    (archive, folder)
}

/// A word for the shell: a path may have blanks, or begin like an option.
fn quoted(word: &str) -> String {
    let plain =
        |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | '+' | ',' | ':' | '@' | '=');
    let word = if word.starts_with('-') { format!("./{word}") } else { word.to_owned() };
    if word.chars().all(plain) { word } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// A download code: the only time that it is shown.
pub fn code(id: &RequestId, made: &DownloadCode, now: Timestamp, width: usize) -> Vec<Line> {
    let mut lines = vec![Line::of(Tone::Strong, id.as_str()).and(Tone::Plain, "  download code")];
    let facts = [("code", cell(made.code.expose())), ("until", cell(deadline(now, made.expires_at)))];
    lines.extend(Table::facts(facts).lines(width, 0));
    let text = "It is shown once, and kept nowhere. A code that was made before opens nothing any more. Give it \
                to the person by a way that only they read; they enter it on the page that their message names.";
    lines.extend(paragraph(Tone::Warn, text, width.min(100)));
    lines
}

/// The links that were given out.
pub fn downloads(items: &[DownloadView], width: usize) -> Vec<Line> {
    if items.is_empty() {
        return vec![Line::plain("no downloads: nobody fetched it, or not within the last 30 days")];
    }
    let columns = [numbers("link"), words("at (UTC)"), words("address"), sentences("client")];
    let mut table = Table::new(&columns);
    for item in items {
        // Who fetched what is what was asked for.
        let shown = |text: &Personal| match text.expose() {
            "" => toned(Tone::Quiet, "-"),
            text => cell(text),
        };
        table.row([
            cell(item.link.to_string()),
            cell(second(item.at)),
            shown(&item.address),
            shown(&item.client),
        ]);
    }
    table.lines(width, 0)
}

/// How an access or portability request ended: `57 records could be fetched; 2 links were given out`.
pub fn outcome(view: &RequestView) -> String {
    let Some(export) = &view.export else { return "there was nothing to fetch".to_owned() };
    let fetched = match export.downloads {
        0 => "no link was given out, so nobody fetched them".to_owned(),
        1 => "1 link was given out".to_owned(),
        n => format!("{n} links were given out"),
    };
    format!("{} could be fetched; {fetched}. The package is destroyed", count(export.records, "record"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_be_typed_can_be() {
        fn check(out: &str, archive: &str, folder: &str) {
            let (got, into) = opened(Path::new(out));
            assert_eq!((quoted(&got), quoted(&into)), (archive.to_owned(), folder.to_owned()), "{out}");
        }
        check("req_1.zip.age", "req_1.zip", "req_1");
        check("req_1.zip", "req_1.zip.zip", "req_1");
        check("my data.zip.age", "'my data.zip'", "'my data'");
        check("it's", "'it'\\''s.zip'", "'it'\\''s-files'");
        check("-x.age", "./-x", "./-x-files");
    }
}
