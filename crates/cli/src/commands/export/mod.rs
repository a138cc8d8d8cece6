//! `lacuna request fetch`, `code` and `downloads`

mod fetch;
mod name;

use contract::api::List;
use domain::RequestId;

pub use fetch::fetch;

use super::Desk;
use contract::export::{DownloadCode, DownloadView};

use crate::api::{Call, Refusal, Unanswered};
use crate::ending::{Advice, Ending};
use crate::show;

/// Makes a code. It is not sent again by itself: a call that was answered too late would end the code that a
/// later one gave.
pub async fn code(id: &RequestId, desk: Desk<'_>) -> anyhow::Result<Ending> {
    let call = Call::post(["requests", id.as_str(), "export", "code"]);
    let answer = desk.api()?.call(call).await.map_err(|error| {
        let advice = "If one was made, nobody has seen it, and the one before has ended: make another. Only the \
                      newest opens anything.";
        if is_unsure(&error) { error.context(Advice(advice.to_owned())) } else { error }
    })?;
    if desk.screen.json() {
        desk.screen.body(&answer.body)?;
    } else {
        let made: DownloadCode = answer.read()?;
        let lines = show::export::code(id, &made, desk.now(), desk.screen.width());
        desk.screen.lines(&lines)?;
    }
    Ok(Ending::Done)
}

/// Whether it may have been done all the same.
fn is_unsure(error: &anyhow::Error) -> bool {
    error.downcast_ref().is_some_and(|u: &Unanswered| !u.unsent)
        || error.downcast_ref().is_some_and(|refusal: &Refusal| refusal.status >= 500)
}

/// Lists the links that were given out: never more than a page of them.
pub async fn downloads(id: &RequestId, desk: Desk<'_>) -> anyhow::Result<Ending> {
    let answer = desk.api()?.call(Call::get(["requests", id.as_str(), "downloads"])).await?;
    if desk.screen.json() {
        desk.screen.body(&answer.body)?;
    } else {
        let list: List<DownloadView> = answer.read()?;
        let lines = show::export::downloads(&list.items, desk.screen.width());
        desk.screen.lines(&lines)?;
    }
    Ok(Ending::Done)
}
