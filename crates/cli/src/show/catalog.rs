//! What is wrong with a catalog, or its version.

use contract::catalog::Published;
use domain::catalog::Problem;

use crate::text::table::{Table, cell, sentences, words};
use crate::text::{Line, Tone, count};

/// A catalog that can be used.
pub fn good(published: &Published, width: usize) -> Vec<Line> {
    let stores = published.catalog.stores.len();
    let collections = published.catalog.collections().count();
    let mut lines = vec![Line::of(Tone::Good, "The catalog can be used.")];
    let facts = [
        ("version", cell(&published.version)),
        ("stores", cell(stores.to_string())),
        ("collections", cell(collections.to_string())),
    ];
    lines.extend(Table::facts(facts).lines(width, 0));
    lines
}

/// A catalog that cannot: who must mend what, where and how.
pub fn problems(problems: &[Problem], width: usize) -> Vec<Line> {
    let mut table = Table::new(&[
        words("owner"),
        words("place"),
        sentences("what is wrong"),
        sentences("what to change"),
    ]);
    for problem in problems {
        table.row([cell(&problem.owner), cell(&problem.at), cell(&problem.what), cell(&problem.fix)]);
    }
    let mut lines = table.lines(width, 0);
    lines.push(Line::empty());
    let problems = count(u64::try_from(problems.len()).unwrap_or(u64::MAX), "problem");
    let sentence = format!("The catalog cannot be used: {problems}.");
    lines.push(Line::of(Tone::Bad, sentence));
    lines
}

/// A file that is no catalog at all.
pub fn unreadable(why: &str) -> Vec<Line> {
    let mut lines = vec![Line::of(Tone::Bad, "The file is not a catalog:")];
    lines.extend(why.lines().map(Line::plain));
    lines.push(Line::of(Tone::Quiet, "`lacuna catalog schema` prints what it must look like."));
    lines
}
