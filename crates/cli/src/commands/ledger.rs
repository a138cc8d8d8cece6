//! `lacuna ledger …`

use contract::ledger::{LedgerStore, LedgerStores, ReplayView};
use domain::ledger::ReplayStatus;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::time::sleep;

use super::Desk;
use crate::api::{Answer, Api, Call, Refusal, Unanswered};
use crate::args::ledger::{self, Command};
use crate::ending::{Ending, Usage};
use crate::input;
use crate::show;
use crate::text::{Line, Tone};

/// Where a note cannot be drawn over, how far the replay must have come since the one before.
const NOTE_AFTER: SignedDuration = SignedDuration::from_secs(30);

pub async fn run(command: Command, desk: Desk<'_>) -> anyhow::Result<Ending> {
    match command {
        Command::Restored(restored) => self::restored(&restored, desk).await,
        Command::Replay(replay) => self::replay(&replay, desk).await,
        Command::Status(status) => self::status(&status, desk).await,
    }
}

async fn restored(args: &ledger::Restored, desk: Desk<'_>) -> anyhow::Result<Ending> {
    let api = desk.api()?;
    let taken_at = input::past("--taken-at", &args.taken_at, desk.now())?;
    let body = json!({"store": args.store, "taken_at": taken_at});
    let answer = api.call(Call::post(["ledger", "restores"]).with(&body)?.repeatable()).await?;
    if desk.screen.json() {
        desk.screen.body(&answer.body)?;
    } else {
        let store: LedgerStore = answer.read()?;
        let lines = show::ledger::stores(&[store], desk.now(), desk.screen.width());
        desk.screen.lines(&lines)?;
    }
    Ok(Ending::Done)
}

async fn status(args: &ledger::Status, desk: Desk<'_>) -> anyhow::Result<Ending> {
    let answer = desk.api()?.call(Call::get(["ledger", "stores"])).await?;
    let mut stores: LedgerStores = answer.read()?;
    if let Some(wanted) = &args.store {
        stores.items.retain(|store| &store.store == wanted);
        if stores.items.is_empty() {
            return Err(Usage("--store: the catalog has no such store".to_owned()).into());
        }
    }
    if desk.screen.json() {
        desk.screen.body(&serde_json::to_string(&stores)?)?;
    } else {
        let lines = show::ledger::stores(&stores.items, desk.now(), desk.screen.width());
        desk.screen.lines(&lines)?;
    }
    let fit = stores.items.iter().all(|store| store.fit_for_traffic);
    Ok(if fit { Ending::Done } else { Ending::Unfit })
}

async fn replay(args: &ledger::Replay, mut desk: Desk<'_>) -> anyhow::Result<Ending> {
    let api = desk.api()?;
    let body =
        json!({"store": args.store, "dry_run": args.dry_run, "expect": args.expect, "rate": args.rate});
    let answer = api.call(Call::post(["ledger", "replays"]).with(&body)?.repeatable()).await?;
    let followed = tokio::select! {
        biased;
        interrupted = tokio::signal::ctrl_c() => { interrupted?; None }
        followed = follow(&api, answer, &mut desk) => Some(followed),
    };
    // What was drawn goes, whatever follows it.
    if desk.screen.live_notes(false) {
        desk.screen.redraw(None)?;
    }
    let Some((replay, body)) = followed.transpose()? else {
        let text = "No longer followed. The replay goes on by itself; the same command follows it again.";
        desk.screen.notes(&[Line::of(Tone::Warn, text)])?;
        return Ok(Ending::Interrupted);
    };
    if desk.screen.json() {
        desk.screen.json_line(&body)?;
    } else {
        desk.screen.lines(&show::ledger::ended(&replay, desk.screen.width()))?;
    }
    Ok(if replay.status == ReplayStatus::Done { Ending::Done } else { Ending::Error })
}

/// Follows a replay to its end; the view of it, and the body that says so. Machines get a body for each change.
async fn follow(api: &Api, begun: Answer, desk: &mut Desk<'_>) -> anyhow::Result<(ReplayView, String)> {
    let pace = desk.world.pace;
    let mut answer = begun;
    let mut shown: Option<ReplayView> = None;
    let mut noted = None;
    let mut pause = pace.first_look;
    loop {
        let replay: ReplayView = answer.read()?;
        if replay.status != ReplayStatus::Running {
            return Ok((replay, answer.body));
        }
        if shown.as_ref() == Some(&replay) {
            pause = pause.mul_f32(1.5).min(pace.longest_look);
        } else {
            pause = pace.first_look;
            show(&replay, &answer.body, &mut noted, desk)?;
        }
        let id = replay.replay_id.clone();
        shown = Some(replay);
        answer = loop {
            sleep(pause).await;
            match api.call(Call::get(["ledger", "replays", id.as_str()])).await {
                Ok(answer) => break answer,
                // It goes on by itself, whether it can be looked at or not.
                Err(error) if passes(&error) => pause = pace.longest_look,
                Err(error) => return Err(error),
            }
        };
    }
}

fn show(
    replay: &ReplayView,
    body: &str,
    noted: &mut Option<Timestamp>,
    desk: &mut Desk<'_>,
) -> anyhow::Result<()> {
    if desk.screen.json() {
        desk.screen.json_line(body)?;
    } else if desk.screen.live_notes(false) {
        desk.screen.redraw(Some(&show::ledger::progress(replay)))?;
    } else if noted.is_none_or(|noted| replay.at.duration_since(noted) >= NOTE_AFTER) {
        *noted = Some(replay.at);
        desk.screen.notes(&[show::ledger::progress(replay)])?;
    }
    Ok(())
}

fn passes(error: &anyhow::Error) -> bool {
    error.is::<Unanswered>() || error.downcast_ref().is_some_and(Refusal::passes)
}
