//! `GET /v1/requests`: the tenant's requests, newest first; a subject's own among them.

use contract::api::{List, RequestSummary};
use domain::{Request, RequestId, Status};
use jiff::Timestamp;

use super::query::{Query, wrong_cursor};
use super::reader::Reader;
use super::{Answer, Call, Ports, Refusal, cursor, names, query};
use crate::error::StepError;
use crate::subject::Pseudonymiser;

/// Requests that are read at once when most of them are somebody else's.
const READ_AT_ONCE: usize = 100;

/// How often one call reads. A subject's list is found among everybody's, so a page of it may end
/// early: its cursor says that it goes on.
const MOST_READS: usize = 10;

/// Where a list goes on: in which page of the table, and after which request of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Position {
    page: Option<String>,
    after: Option<(Timestamp, RequestId)>,
}

impl Position {
    /// Whether the list was already past this request. By time and id, not by looking for the one
    /// it stopped at, which may have left the list since.
    fn has_passed(&self, request: &Request) -> bool {
        self.after.as_ref().is_some_and(|(at, id)| (&request.received_at, &request.id) >= (at, id))
    }

    fn parts(&self) -> Vec<String> {
        let mut parts = vec![self.page.clone().unwrap_or_default()];
        if let Some((at, id)) = &self.after {
            parts.extend([at.to_string(), id.to_string()]);
        }
        parts
    }

    fn parse(parts: &[String]) -> Option<Self> {
        let (page, after) = match parts {
            [page] => (page, None),
            [page, at, id] => (page, Some((at.parse().ok()?, id.parse().ok()?))),
            _ => return None,
        };
        Some(Self { page: Some(page.clone()).filter(|page| !page.is_empty()), after })
    }
}

/// Answers the call.
pub(super) async fn list(ports: &Ports, call: &Call) -> Result<Answer, Refusal> {
    let query = query::read(call, &["status", "cursor", "limit"])?;
    let names = names(ports, call).await?;
    let reader = Reader::of(call, &names)?;
    let from = position(&names, &query)?;
    let (requests, next) = walk(ports, call, &reader, &query, from).await?;
    let next = next.map(|next| cursor::write(&names, &name(query.status), &next.parts()));
    let page = List { items: requests.iter().map(RequestSummary::from).collect(), cursor: next.transpose()? };
    Ok(Answer::json(200, &page)?)
}

/// The list's name: a cursor of one list is no cursor of another.
fn name(status: Option<Status>) -> String {
    format!("requests:{}", status.map_or("all", Status::as_str))
}

fn position(names: &Pseudonymiser, query: &Query<'_>) -> Result<Position, Refusal> {
    let Some(text) = query.cursor else {
        return Ok(Position::default());
    };
    let parts = cursor::read(names, &name(query.status), text)?;
    Ok(parts.as_deref().and_then(Position::parse).ok_or_else(wrong_cursor)?)
}

/// Collects a page, and where the next one begins.
async fn walk(
    ports: &Ports,
    call: &Call,
    reader: &Reader,
    query: &Query<'_>,
    from: Position,
) -> Result<(Vec<Request>, Option<Position>), StepError> {
    let mut at = from;
    let mut page = Vec::new();
    let at_once = if reader.is_person() { READ_AT_ONCE } else { query.limit };
    for _ in 0..MOST_READS {
        let tenant = call.tenant();
        let read = ports.requests.list(tenant, query.status, at.page.as_deref(), at_once).await?;
        for request in read.requests {
            if at.has_passed(&request) || !reader.may_see(&request) {
                continue;
            }
            if page.len() == query.limit {
                return Ok((page, Some(at)));
            }
            at.after = Some((request.received_at, request.id.clone()));
            page.push(request);
        }
        let Some(next) = read.next else {
            return Ok((page, None));
        };
        at = Position { page: Some(next), after: None };
        if page.len() == query.limit {
            break;
        }
    }
    Ok((page, Some(at)))
}
