//! What went wrong, and what to do about it.

use std::io;

use crate::api::{Refusal, Repeat, Unanswered};
use crate::ending::Advice;
use crate::screen::Screen;
use crate::text::table::{Table, cell, sentences, words};
use crate::text::{Line, Tone, paragraph};

/// Prints an error. A refusal's body goes to standard output too where a machine reads it.
pub fn print(error: &anyhow::Error, screen: &mut Screen) -> io::Result<()> {
    let width = screen.width();
    let mut lines = match (error.downcast_ref(), error.downcast_ref()) {
        (Some(refusal), _) => refused(refusal, width),
        (None, Some(unanswered)) => silent(unanswered, width),
        (None, None) => told(error, width),
    };
    if let Some(Advice(text)) = error.downcast_ref() {
        // A command stands on a line of its own.
        lines.extend(text.lines().flat_map(|part| paragraph(Tone::Plain, part, width.min(100))));
    }
    if let Some(refusal) = error.downcast_ref::<Refusal>().filter(|_| screen.json()) {
        screen.body(&refusal.body)?;
    }
    screen.notes(&lines)
}

fn heading(text: &str) -> Line {
    Line::of(Tone::Bad, "error: ").and(Tone::Strong, text)
}

fn refused(refusal: &Refusal, width: usize) -> Vec<Line> {
    let mut lines = vec![heading(&refusal.to_string())];
    let mut say = |text: &str| lines.extend(paragraph(Tone::Plain, text, width.min(100)));
    let problem = refusal.problem.as_ref();
    match (problem.and_then(|p| p.detail.as_deref()), refusal.status) {
        (Some(detail), _) => say(detail),
        (None, 300..=399) => {
            say("It answered with a redirect, which is not followed: check LACUNA_URL.");
        }
        (None, 401 | 403 | 404 | 429) => {}
        (None, 500..) => say(doubt(&refusal.repeat).unwrap_or("Try again later.")),
        (None, _) => say("It gave no explanation: is LACUNA_URL the API's address?"),
    }
    if let (Repeat::Key(key), 500..) = (&refusal.repeat, refusal.status) {
        say(&with_key(key));
    }
    if refusal.status == 401 {
        say("LACUNA_TOKEN may have expired: get a new one (on this machine: `make up`, then `. \
             target/local/env.sh`).");
    }
    if refusal.status == 403 {
        say(
            "LACUNA_TOKEN has to be of a role that may (on this machine target/local/env.sh has one of each: LACUNA_TOKEN_OFFICER, \
             LACUNA_TOKEN_AUDITOR and so on).",
        );
    }
    let parts = problem.map_or(&[][..], |p| &p.errors);
    if !parts.is_empty() {
        let mut table = Table::new(&[words("where"), sentences("what to change")]);
        for part in parts {
            table.row([cell(&part.at), cell(&part.detail)]);
        }
        lines.push(Line::empty());
        lines.extend(table.lines(width, 0));
    }
    lines
}

fn silent(unanswered: &Unanswered, width: usize) -> Vec<Line> {
    let mut lines = vec![heading(&unanswered.to_string())];
    let mut say = |text: &str| lines.extend(paragraph(Tone::Plain, text, width.min(100)));
    match doubt(&unanswered.repeat).filter(|_| !unanswered.unsent) {
        Some(doubt) => say(doubt),
        None => say("Nothing was changed. Is LACUNA_URL right, and is the API up (on this machine: `make \
             up`)?"),
    }
    if let (Repeat::Key(key), false) = (&unanswered.repeat, unanswered.unsent) {
        say(&with_key(key));
    }
    lines
}

/// That nobody knows whether it was done, where that matters.
fn doubt(repeat: &Repeat) -> Option<&'static str> {
    match repeat {
        Repeat::Harmless => None,
        Repeat::Key(_) => Some("It is not known whether it was done."),
        Repeat::Twice => Some("It is not known whether it was done: look before you repeat it."),
    }
}

fn with_key(key: &str) -> String {
    format!("Repeat it with `--idempotency-key {key}`: then it is done once, whatever happened before.")
}

fn told(error: &anyhow::Error, width: usize) -> Vec<Line> {
    // Advice comes below.
    let advice = error.downcast_ref().map(|Advice(text)| text.as_str());
    let causes = error.chain().map(ToString::to_string).filter(|cause| Some(cause.as_str()) != advice);
    let text = causes.collect::<Vec<_>>().join(": ");
    let mut parts = text.lines();
    let mut lines = vec![heading(parts.next().unwrap_or_default())];
    for part in parts {
        lines.extend(paragraph(Tone::Plain, part, width.min(100)));
    }
    lines
}
