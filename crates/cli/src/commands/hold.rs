//! `lacuna hold …`

use contract::api::HoldView;
use domain::HoldId;

use super::Desk;
use super::list::{joined, pages};
use super::request::{key, more};
use crate::api::{Answer, Call, PlaceHold};
use crate::args::hold::{self, Command};
use crate::args::request::Pages;
use crate::ending::Ending;
use crate::input;
use crate::show;
use crate::text::{Line, Tone};

pub async fn run(command: Command, desk: Desk<'_>) -> anyhow::Result<Ending> {
    match command {
        Command::Add(add) => self::add(add, desk).await,
        Command::List(pages) => list(&pages, desk).await,
        Command::Release(release) => self::release(&release.id, desk).await,
    }
}

async fn add(args: hold::Add, mut desk: Desk<'_>) -> anyhow::Result<Ending> {
    let api = desk.api()?;
    let review_at = input::future("--review-at", &args.review_at, desk.now())?;
    let identities = desk.typed().identities(args.whose.email, args.whose.identity)?;
    let Some(identity) = identities.into_iter().next() else {
        anyhow::bail!("a hold is on one identity: give --email or --identity");
    };
    let body = PlaceHold { identity, reason: args.reason, review_at };
    let key = key(args.idempotency_key, &desk)?;
    let answer = api.call(Call::post(["holds"]).with(&body)?.named(&key)).await?;
    print(&answer, &mut desk)
}

fn print(answer: &Answer, desk: &mut Desk<'_>) -> anyhow::Result<Ending> {
    if desk.screen.json() {
        desk.screen.body(&answer.body)?;
    } else {
        let hold: HoldView = answer.read()?;
        let lines = show::hold::one(&hold, desk.now(), desk.screen.width());
        desk.screen.lines(&lines)?;
    }
    Ok(Ending::Done)
}

async fn list(args: &Pages, desk: Desk<'_>) -> anyhow::Result<Ending> {
    let api = desk.api()?;
    let (now, json, width) = (desk.now(), desk.screen.json(), desk.screen.width());
    let (mut holds, mut bodies) = (Vec::<HoldView>::new(), Vec::new());
    let next = pages(&api, &["holds"], None, args, |page| {
        holds.extend(page.items);
        bodies.push(page.answer);
        Ok(())
    })
    .await?;
    if json {
        desk.screen.body(&joined(bodies)?)?;
    } else {
        let mut lines = show::hold::list(&holds, now, width);
        lines.extend(next.map(|cursor| more(&cursor)));
        desk.screen.lines(&lines)?;
    }
    Ok(Ending::Done)
}

async fn release(id: &HoldId, mut desk: Desk<'_>) -> anyhow::Result<Ending> {
    let answer = desk.api()?.call(Call::delete(["holds", id.as_str()])).await?;
    if desk.screen.json() || answer.read::<HoldView>().is_ok() {
        return print(&answer, &mut desk);
    }
    // A release may be answered without a body.
    let line = Line::of(Tone::Strong, id.as_str()).and(Tone::Plain, "  released");
    desk.screen.lines(&[line])?;
    Ok(Ending::Done)
}
