//! The parameters of a query.

use contract::problem::{Invalid, Problem};
use domain::Status;

use super::Call;
use super::refusal::invalid;

/// Items of a page, if nobody says how many.
const USUAL: usize = 50;
/// Items of a page at the most.
const MOST: usize = 100;

/// The parameters of a list.
pub(super) struct Query<'a> {
    /// The status to list; `None` lists all.
    pub(super) status: Option<Status>,
    /// Where the page begins.
    pub(super) cursor: Option<&'a str>,
    /// Items of a page, 1 to 100.
    pub(super) limit: usize,
}

/// Reads the parameters, of which a list knows these.
pub(super) fn read<'a>(call: &'a Call, known: &[&str]) -> Result<Query<'a>, Problem> {
    let mut errors = Vec::new();
    let unknown = |name: &&String| !known.contains(&name.as_str());
    if call.query.keys().any(|name| unknown(&name)) {
        // Not repeated: it could be anything.
        let detail = format!("a parameter is not known here: these are {}", known.join(", "));
        errors.push(Invalid::new("query", detail));
    }
    let get = |name: &str| call.query.get(name).map(String::as_str);
    let status = get("status").and_then(|text| {
        let status = Status::parse(text);
        if status.is_none() {
            let all: Vec<&str> = Status::ALL.iter().map(|s| s.as_str()).collect();
            let detail = format!("this must be one of {}", all.join(", "));
            errors.push(Invalid::new("query:status", detail));
        }
        status
    });
    let limit = match get("limit") {
        None => USUAL,
        Some(text) => {
            let limit = text.parse().ok().filter(|limit| (1..=MOST).contains(limit));
            limit.unwrap_or_else(|| {
                let detail = format!("this must be a number from 1 to {MOST}");
                errors.push(Invalid::new("query:limit", detail));
                USUAL
            })
        }
    };
    if errors.is_empty() { Ok(Query { status, cursor: get("cursor"), limit }) } else { Err(invalid(errors)) }
}

/// A cursor that no list gave, or another one.
pub(super) fn wrong_cursor() -> Problem {
    let detail = "this must be the `cursor` of the page before, of the same list; \
                  leave it out for the first page";
    invalid(vec![Invalid::new("query:cursor", detail)])
}
