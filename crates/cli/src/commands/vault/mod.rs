//! `lacuna vault …`

mod files;

use contract::api::List;
use contract::vault::KeyView;

use super::Desk;
use crate::api::{Call, Refusal, Rotate, Unanswered};
use crate::args::vault::Command;
use crate::ending::{Advice, Ending};
use crate::show::vault::{rotated, status};
use files::Job;

pub async fn run(command: Command, desk: Desk<'_>) -> anyhow::Result<Ending> {
    match command {
        Command::Encrypt(files) => Job::begin(&files, false, desk)?.encrypt().await,
        Command::Decrypt(files) => Job::begin(&files, true, desk)?.decrypt().await,
        Command::Rotate(rotate) => self::rotate(Rotate { purpose: rotate.key.into() }, desk).await,
        Command::Status => look(desk).await,
    }
}

/// A repetition would make one version more: it is not sent again by itself.
async fn rotate(body: Rotate, desk: Desk<'_>) -> anyhow::Result<Ending> {
    let answer = desk.api()?.call(Call::post(["vault", "rotate"]).with(&body)?).await.map_err(|error| {
        let unsure = error.downcast_ref().is_some_and(|u: &Unanswered| !u.unsent)
            || error.downcast_ref().is_some_and(Refusal::passes);
        let advice = "`lacuna vault status` says which version there is, and since when.";
        if unsure { error.context(Advice(advice.to_owned())) } else { error }
    })?;
    if desk.screen.json() {
        desk.screen.body(&answer.body)?;
    } else {
        let key: KeyView = answer.read()?;
        let lines = rotated(&key, desk.now(), desk.screen.width());
        desk.screen.lines(&lines)?;
    }
    Ok(Ending::Done)
}

async fn look(desk: Desk<'_>) -> anyhow::Result<Ending> {
    let answer = desk.api()?.call(Call::get(["vault", "status"])).await?;
    if desk.screen.json() {
        desk.screen.body(&answer.body)?;
    } else {
        let keys: List<KeyView> = answer.read()?;
        let lines = status(&keys.items, desk.now(), desk.screen.width());
        desk.screen.lines(&lines)?;
    }
    Ok(Ending::Done)
}
