//! `index.html`: what is in the package, for the person. It needs nothing from outside, runs nothing, and all
//! that comes from a store is text in it.

mod html;
mod section;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::export::{Datum, Format};
use domain::request::RequestType;

use crate::about::Outcome;
use crate::bundle::Bundle;
use crate::error::Error;
use crate::packager::Carried;
use crate::section::Searched;
use html::{Html, counted, date, id, number, size, text};

const STYLE: &str = include_str!("style.css");

/// Writes the page.
pub(crate) fn write(state: &Carried, bundle: &mut Bundle) -> Result<(), Error> {
    let mut html = Html(bundle);
    head(state, &mut html)?;
    if is_empty(state) {
        nothing(state, &mut html)?;
    } else {
        contents(state, &mut html)?;
        for (n, store) in state.stores.iter().enumerate() {
            section::store(state, n, store, &mut html)?;
        }
    }
    rest(state, &mut html)
}

fn head(state: &Carried, html: &mut Html<'_>) -> Result<(), Error> {
    let about = &state.about;
    let hash = STANDARD.encode(digest::digest(&digest::SHA256, STYLE.as_bytes()));
    let asked = match about.kind {
        RequestType::Access => "a copy of what is held about you",
        RequestType::Portability => "your data in a form that you can take elsewhere",
        RequestType::Erasure => "erasure, with a copy of what is held about you",
    };
    html.push(&format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src 'self' file:; \
         style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>Your data at {tenant}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<header>\n\
         <p class=\"eyebrow\">{tenant}</p>\n<h1>Your data</h1>\n\
         <p class=\"lede\">{tenant} made this package for you out of what it held on {read}. It answers your request for {asked}, \
         which came in on {received}.</p>\n",
        tenant = text(&about.tenant),
        read = date(about.collected_at),
        received = date(about.received_at),
    ))?;
    if !is_empty(state) {
        facts(state, html)?;
    }
    if state.number > 1 {
        html.push(&format!(
            "<p class=\"note\">Your data fills {} packages. Unpack them all into the same folder, and the links \
             on this page work.</p>\n",
            state.number
        ))?;
    }
    html.push("</header>\n<main>\n")
}

fn is_empty(state: &Carried) -> bool {
    let totals = state.totals;
    totals.records + totals.contents == 0
}

/// What it comes to.
fn facts(state: &Carried, html: &mut Html<'_>) -> Result<(), Error> {
    let totals = state.totals;
    let mut facts = vec![
        (number(totals.records), if totals.records == 1 { "record" } else { "records" }),
        (number(totals.contents), if totals.contents == 1 { "document" } else { "documents" }),
        (
            number(state.stores.len() as u64),
            if state.stores.len() == 1 { "place searched" } else { "places searched" },
        ),
        (size(totals.bytes), "unpacked"),
    ];
    if state.number > 1 {
        facts.push((number(u64::from(state.number)), "packages"));
    }
    html.push("<dl class=\"facts\">\n")?;
    for (figure, what) in facts {
        html.push(&format!("<div><dd>{figure}</dd><dt>{what}</dt></div>\n"))?;
    }
    html.push("</dl>\n")
}

/// What is where, if there is more than one place.
fn contents(state: &Carried, html: &mut Html<'_>) -> Result<(), Error> {
    let found: Vec<(usize, &Searched, u64)> = state
        .stores
        .iter()
        .enumerate()
        .map(|(n, store)| (n, store, section::found(state, store)))
        .filter(|(_, _, found)| *found > 0)
        .collect();
    if found.len() < 2 {
        return Ok(());
    }
    html.push("<nav aria-label=\"Contents\"><ul>\n")?;
    for (n, store, found) in found {
        let (anchor, name) = (id(n), text(&store.id));
        html.push(&format!("<li><a href=\"#{anchor}\">{name}</a> <span>{}</span></li>\n", number(found)))?;
    }
    html.push("</ul></nav>\n")
}

fn nothing(state: &Carried, html: &mut Html<'_>) -> Result<(), Error> {
    let is_clean = state.stores.iter().all(|store| store.outcome == Outcome::default());
    let (title, found) = if is_clean {
        ("Nothing was found", "found no record about you")
    } else {
        ("There is nothing to show", "has no record about you that it could show you now")
    };
    html.push(&format!(
        "<section class=\"nothing\"><h2>{title}</h2>\n<p>{} searched {} and {found}.</p>\n",
        text(&state.about.tenant),
        counted(state.stores.len() as u64, "place", "places"),
    ))?;
    let names: Vec<String> = state.stores.iter().map(|store| text(&store.id)).collect();
    if !names.is_empty() {
        html.push(&format!("<p class=\"muted\">Searched: {}.</p>\n", names.join(", ")))?;
    }
    for store in &state.stores {
        section::outcome(store, html)?;
    }
    html.push("</section>\n")
}

/// What holds for the whole package: masking, files, how to check it, what else may be asked for.
fn rest(state: &Carried, html: &mut Html<'_>) -> Result<(), Error> {
    let (about, totals) = (&state.about, state.totals);
    html.push("</main>\n<footer>\n<h2>About this package</h2>\n<dl>\n")?;
    if totals.masked > 0 {
        html.push(&format!(
            "<dt>Other people</dt><dd>{} {} about somebody else, such as the employee who answered you. In \
             {} place it says <span class=\"masked\">{}</span>.</dd>\n",
            counted(totals.masked, "value", "values"),
            if totals.masked == 1 { "was" } else { "were" },
            if totals.masked == 1 { "its" } else { "their" },
            text(Datum::MASKED)
        ))?;
    }
    let form = match about.format {
        Format::Json => {
            "The records are in files with one JSON object a line (.jsonl), which any program can read."
        }
        Format::Csv => {
            "The records are in CSV files, which any spreadsheet opens. A text that a spreadsheet would run as a \
             formula has an apostrophe (') in front."
        }
        Format::Xml => "The records are in XML files, which any program can read.",
    };
    if !is_empty(state) {
        html.push(&format!(
            "<dt>Files</dt><dd>{form} This page shows only the first records of each.</dd>\n"
        ))?;
    }
    html.push(
        "<dt>For programs</dt><dd><a href=\"manifest.json\">manifest.json</a> lists every file with its length and \
         its SHA-256. <a href=\"manifest.jws\">manifest.jws</a> is its signature: with both a \
         program can tell whether a file that is listed was changed.</dd>\n",
    )?;
    html.push(&format!(
        "<dt>Your rights</dt><dd>You may ask {} to correct what is wrong, to erase it, or to use it less, and you \
         may complain to a data protection authority.</dd>\n",
        text(&about.tenant)
    ))?;
    html.push(&format!(
        "<dt>Request</dt><dd><code>{}</code>, {}. Records read on {}.</dd>\n",
        text(about.request.as_str()),
        text(about.kind.as_str()),
        date(about.collected_at)
    ))?;
    html.push("</dl>\n</footer>\n</body>\n</html>\n")
}

/// The text in a package that is not the last.
pub(crate) fn note(state: &Carried) -> String {
    format!(
        "Package {n} of your data at {tenant} (request {request}).\n\n\
         There is more: package {next} follows this one. Unpack all of them into the same folder, and open\n\
         index.html, which is in the last. manifest.json, in the last one too, lists every file of all packages.\n",
        n = state.number,
        next = state.number + 1,
        tenant = state.about.tenant,
        request = state.about.request.as_str(),
    )
}
