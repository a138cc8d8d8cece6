//! Lists, page by page.

use contract::api::List;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::api::{Answer, Api, Call};
use crate::args::request::Pages;

/// The largest page that the API gives: where all are wanted anyway, few calls are better.
const LARGEST_PAGE: &str = "100";

/// One page as it came.
pub struct Page<T> {
    /// Its items.
    pub items: Vec<T>,
    /// Where the next begins.
    pub next: Option<String>,
    /// The body.
    pub answer: Answer,
}

/// Asks for the page that begins at `cursor`.
pub async fn page<T: DeserializeOwned>(
    api: &Api,
    path: &[&str],
    status: Option<&str>,
    cursor: Option<&str>,
    all: bool,
) -> anyhow::Result<Page<T>> {
    let call = Call::get(path.iter().copied())
        .asking("status", status)
        .asking("cursor", cursor)
        .asking("limit", all.then_some(LARGEST_PAGE));
    let answer = api.call(call).await?;
    let List { items, cursor: next } = answer.read()?;
    anyhow::ensure!(
        next.is_none() || next.as_deref() != cursor,
        "the API's list goes round in circles: a page names itself as the next"
    );
    Ok(Page { items, next, answer })
}

/// The pages that were asked for, each given to `show` as it comes; the cursor of the next.
pub async fn pages<T: DeserializeOwned>(
    api: &Api,
    path: &[&str],
    status: Option<&str>,
    pages: &Pages,
    mut show: impl FnMut(Page<T>) -> anyhow::Result<()>,
) -> anyhow::Result<Option<String>> {
    let mut cursor = pages.cursor.clone();
    loop {
        let page = page(api, path, status, cursor.as_deref(), pages.all).await?;
        cursor.clone_from(&page.next);
        show(page)?;
        if cursor.is_none() || !pages.all {
            return Ok(cursor);
        }
    }
}

/// Several pages as one body. A single page stays as it is.
pub fn joined(mut bodies: Vec<Answer>) -> anyhow::Result<String> {
    if bodies.len() == 1 {
        return Ok(bodies.remove(0).body);
    }
    let mut items = Vec::new();
    for body in bodies {
        let page: List<Value> = body.read()?;
        items.extend(page.items);
    }
    Ok(json!({ "items": items }).to_string())
}
