//! What the page says of one store and of each of its collections.

use std::collections::BTreeSet;

use domain::catalog::Method;
use domain::export::Datum;

use super::html::{Html, counted, duration, href, id, number, size, text};
use crate::about::Outcome;
use crate::error::Error;
use crate::packager::Carried;
use crate::preview::{Cell, Shown};
use crate::section::{Searched, Section};

fn sections<'a>(state: &'a Carried, store: &Searched) -> impl Iterator<Item = (usize, &'a Section)> {
    let id = store.id.clone();
    state.sections.iter().enumerate().filter(move |(_, section)| section.store == id)
}

/// How many records and documents of a store are in the package.
pub(super) fn found(state: &Carried, store: &Searched) -> u64 {
    sections(state, store).map(|(_, section)| section.records.max(section.contents)).sum()
}

pub(super) fn store(state: &Carried, n: usize, store: &Searched, html: &mut Html<'_>) -> Result<(), Error> {
    html.push(&format!(
        "<section id=\"{}\">\n<h2>{}</h2>\n<p class=\"owner\">Looked after by {}</p>\n",
        id(n),
        text(&store.id),
        text(&store.owner)
    ))?;
    if let Some(original) = &store.copy_of {
        html.push(&format!(
            "<p class=\"note\"><strong>{}</strong> is a copy of <strong>{}</strong>. What both have is shown once, \
             there.</p>\n",
            text(&store.id),
            text(original)
        ))?;
    }
    outcome(store, html)?;
    let mut empty = Vec::new();
    for (n, section) in sections(state, store) {
        if section.records + section.contents == 0 {
            empty.push(text(&section.collection));
        } else {
            collection(state, n, section, html)?;
        }
    }
    // What a copy has is shown with the original, and what was found and is gone was still found.
    if store.copy_of.is_none() && !empty.is_empty() {
        let said = if store.outcome == Outcome::default() {
            "Also searched, and nothing about you was found"
        } else {
            "Also searched, and nothing is there to show"
        };
        html.push(&format!("<p class=\"muted\">{said}: {}.</p>\n", empty.join(", ")))?;
    }
    html.push("</section>\n")
}

/// What was found and is not shown, and why.
pub(super) fn outcome(store: &Searched, html: &mut Html<'_>) -> Result<(), Error> {
    let outcome = store.outcome;
    let said = [
        (
            outcome.gone,
            "was found, and nothing was left to read: it was deleted, or never uploaded to its end",
            "were found, and nothing was left to read: they were deleted, or never uploaded to their end",
        ),
        (
            outcome.reassigned,
            "had become somebody else’s before it could be read",
            "had become somebody else’s before they could be read",
        ),
        (
            outcome.shown_elsewhere,
            "is shown at another place on this page, which has it too",
            "are shown at another place on this page, which has them too",
        ),
        (
            outcome.unreadable,
            "is shown without its document, because other people’s data in it could not be told apart",
            "are shown without their documents, because other people’s data in them could not be told apart",
        ),
        (
            outcome.archived,
            "is shown without its document, which is in an archive and cannot be read at once",
            "are shown without their documents, which are in an archive and cannot be read at once",
        ),
    ];
    for (n, one, several) in said {
        if n > 0 {
            let which = text(&store.id);
            let (what, happened) = if n == 1 { ("record", one) } else { ("records", several) };
            html.push(&format!("<p class=\"note\">{} {what} in {which} {happened}.</p>\n", number(n)))?;
        }
    }
    if outcome.sealed > 0 {
        html.push(&format!(
            "<p class=\"note\">What {} holds about you is sealed under a key of your own. It cannot be read from \
             there, and is not in this package.</p>\n",
            text(&store.id)
        ))?;
    }
    Ok(())
}

fn collection(state: &Carried, n: usize, section: &Section, html: &mut Html<'_>) -> Result<(), Error> {
    let count = match (section.records, section.contents) {
        (0, contents) => counted(contents, "document", "documents"),
        (records, 0) => counted(records, "record", "records"),
        (records, contents) => {
            format!(
                "{}, {}",
                counted(records, "record", "records"),
                counted(contents, "document", "documents")
            )
        }
    };
    html.push(&format!(
        "<article>\n<h3>{} <span class=\"count\">{count}</span></h3>\n",
        text(&section.collection)
    ))?;
    if let Some(purpose) = &section.purpose {
        html.push(&format!("<p class=\"purpose\">{}</p>\n", text(purpose)))?;
    }
    html.push("<dl>\n")?;
    if !section.categories.is_empty() {
        html.push("<dt>Kinds of data</dt><dd><ul class=\"chips\">")?;
        for category in &section.categories {
            html.push(&format!("<li title=\"{}\">{}</li>", text(category), text(&spoken(category))))?;
        }
        html.push("</ul></dd>\n")?;
    }
    html.push(&format!("<dt>If you ask for erasure</dt><dd>{}</dd>\n", kept(section)))?;
    if section.masked > 0 {
        html.push(&format!(
            "<dt>Other people</dt><dd>{} masked</dd>\n",
            counted(section.masked, "value is", "values are")
        ))?;
    }
    files(state, n, section, html)?;
    html.push("</dl>\n")?;
    table(section, html)?;
    html.push("</article>\n")
}

/// `user.contact.email` as a person says it.
fn spoken(category: &str) -> String {
    category.strip_prefix("user.").unwrap_or(category).replace('.', " · ").replace('_', " ")
}

/// What becomes of it, for how long it is kept, and by which law.
fn kept(section: &Section) -> String {
    let how = match section.method {
        Method::Delete => return "It is deleted.".to_owned(),
        Method::Anonymise => "It stays, and no longer says whose it was.",
        Method::Retain => "It must be kept",
        Method::Shred => "It stays, sealed, and its key is destroyed: nobody can read it any more.",
    };
    let keep_for = section.keep_for.as_deref().map(duration);
    let how = match (section.method, keep_for) {
        (Method::Retain, Some(keep_for)) => format!("{how} for {keep_for}."),
        (Method::Retain, None) => format!("{how}."),
        (_, Some(keep_for)) => format!("{how} Kept for {keep_for}."),
        (_, None) => how.to_owned(),
    };
    let end = |reason: &str| if reason.ends_with(['.', '!', '?']) { "" } else { "." };
    let reason = section.reason.as_deref().map(|reason| format!(" {}{}", text(reason), end(reason)));
    let law = section.law.as_deref().map(|law| format!(" <span class=\"law\">{}</span>", text(law)));
    [Some(how), reason, law].into_iter().flatten().collect()
}

/// The links to the files with records, and the folder with documents.
fn files(state: &Carried, n: usize, section: &Section, html: &mut Html<'_>) -> Result<(), Error> {
    let several = state.number > 1;
    html.push("<dt>Files</dt><dd>")?;
    for line in state.records.iter().filter(|line| line.section == Some(n)) {
        let package = if several { format!(", package {}", line.package) } else { String::new() };
        html.push(&format!(
            "<a href=\"{}\">{}</a> <span class=\"muted\">{}{package}</span><br>",
            href(&line.path),
            text(&line.path),
            size(line.bytes)
        ))?;
    }
    if section.contents > 0 {
        html.push(&format!(
            "<a href=\"{0}/\">{1}/</a> <span class=\"muted\">{2}, {3}</span>",
            href(&section.folder),
            text(&section.folder),
            counted(section.contents, "document", "documents"),
            size(section.content_bytes)
        ))?;
    }
    html.push("</dd>\n")
}

fn table(section: &Section, html: &mut Html<'_>) -> Result<(), Error> {
    let rows = &section.preview.rows;
    if rows.is_empty() {
        return Ok(());
    }
    let shown = rows.len() as u64;
    let caption = match section.records {
        1 => "The record".to_owned(),
        all if all == shown => format!("All {} records", number(all)),
        all => format!("The first {} of {} records", number(shown), number(all)),
    };
    let names: BTreeSet<&str> = rows.iter().flat_map(|row| row.cells.keys().map(String::as_str)).collect();
    let key = section.key.iter().map(String::as_str).filter(|name| names.contains(name));
    let others = names.iter().copied().filter(|name| !section.key.iter().any(|key| key == name));
    let columns: Vec<&str> = key.chain(others).collect();
    let has_files = rows.iter().any(|row| row.file.is_some());
    let has_versions = rows.iter().any(|row| row.version.is_some());
    html.push(&format!(
        "<details open><summary>{caption}</summary>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" \
         aria-label=\"{}\"><table>\n<thead><tr>",
        text(&section.collection)
    ))?;
    if has_files {
        html.push("<th scope=\"col\">document</th>")?;
    }
    for column in &columns {
        html.push(&heading(section, column))?;
    }
    if has_versions {
        html.push("<th scope=\"col\" class=\"version\">version</th>")?;
    }
    html.push("</tr></thead>\n<tbody>\n")?;
    for row in rows {
        html.push("<tr>")?;
        if has_files {
            document(section, row, html)?;
        }
        for column in &columns {
            html.push(&cell(row.cells.get(*column)))?;
        }
        if has_versions {
            let version = row.version.as_deref().unwrap_or_default();
            html.push(&format!("<td class=\"version\">{}</td>", text(version)))?;
        }
        html.push("</tr>\n")?;
    }
    html.push("</tbody></table></div></details>\n")
}

fn document(section: &Section, row: &Shown, html: &mut Html<'_>) -> Result<(), Error> {
    let Some(path) = &row.file else { return html.push("<td class=\"muted\">not here</td>") };
    let (link, name) =
        (href(path), path.strip_prefix(&section.folder).unwrap_or(path).trim_start_matches('/'));
    let name = text(name);
    if row.is_image {
        return html.push(&format!(
            "<td class=\"image\"><a href=\"{link}\"><img src=\"{link}\" alt=\"{name}\" loading=\"lazy\">{name}</a></td>"
        ));
    }
    html.push(&format!("<td><a href=\"{link}\">{name}</a></td>"))
}

/// A column's title: what it is in words, as far as the catalog says it, and what it is called in the files. Over numbers it
/// stands where they stand.
fn heading(section: &Section, column: &str) -> String {
    let cells = || section.preview.rows.iter().filter_map(|row| row.cells.get(column));
    let is_numbers = cells().any(|cell| matches!(cell, Cell::Number(_)))
        && cells().all(|cell| matches!(cell, Cell::Number(_) | Cell::Empty));
    let class = if is_numbers { " class=\"number\"" } else { "" };
    let title = match section.words.get(column) {
        Some(category) => format!("{} <small>{}</small>", text(&spoken(category)), text(column)),
        None => text(column),
    };
    format!("<th scope=\"col\"{class}>{title}</th>")
}

/// Each cell reads in its own direction: a text cannot turn its neighbours.
fn cell(cell: Option<&Cell>) -> String {
    match cell {
        None | Some(Cell::Empty) => "<td class=\"empty\">–</td>".to_owned(),
        // A date or a number of an order is not broken in two.
        Some(Cell::Text(value)) if value.len() <= 32 && !value.contains(char::is_whitespace) => {
            format!("<td class=\"whole\" dir=\"auto\">{}</td>", text(value))
        }
        Some(Cell::Text(value)) => format!("<td dir=\"auto\">{}</td>", text(value)),
        Some(Cell::Number(value)) => format!("<td class=\"number\">{}</td>", text(value)),
        Some(Cell::Masked) => format!("<td><span class=\"masked\">{}</span></td>", text(Datum::MASKED)),
    }
}
