//! `lacuna request …`

use contract::api::{RequestSummary, RequestView, Submitted, TimelineEntry};
use domain::RequestId;
use serde_json::json;

use super::list::{joined, pages};
use super::{Desk, export};
use crate::api::{Answer, Api, Call, Subject, Submit, Verification};
use crate::args::request::{self, Command, Pages, Patience};
use crate::ending::Ending;
use crate::input;
use crate::show;
use crate::text::{Line, Tone};
use crate::watch::{self, Watch};

pub async fn run(command: Command, desk: Desk<'_>) -> anyhow::Result<Ending> {
    match command {
        Command::Submit(submit) => self::submit(submit, desk).await,
        Command::Status(one) => status(&one.id, desk).await,
        Command::Watch(watch) => self::watch(watch.one.id, &watch.patience, desk).await,
        Command::Cancel(one) => {
            let call = Call::delete(["requests", one.id.as_str()]);
            change(&one.id, call, desk.api()?, desk).await
        }
        Command::Resume(resume) => {
            let id = resume.one.id;
            let mut call = Call::post(["requests", id.as_str(), "resume"]);
            if resume.erase_again {
                call = call.with(&json!({"erase_again": true}))?;
            }
            change(&id, call, desk.api()?, desk).await
        }
        Command::Accept(accept) => {
            let body = json!({"risk": "unproven", "reason": accept.reason});
            let id = accept.one.id;
            let call = Call::post(["requests", id.as_str(), "acceptances"]).with(&body)?;
            change(&id, call, desk.api()?, desk).await
        }
        Command::Dismiss(dismiss) => {
            let id = dismiss.one.id;
            let call =
                Call::post(["requests", id.as_str(), "dismiss"]).with(&json!({"reason": dismiss.reason}))?;
            change(&id, call, desk.api()?, desk).await
        }
        Command::Verify(verify) => self::verify(verify, desk).await,
        Command::Timeline(one) => timeline(&one.id, desk).await,
        Command::Receipt(args) => super::audit::receipt(&args.one.id, args.written, desk).await,
        Command::Salt(args) => super::audit::salt(&args.one.id, args.written, desk).await,
        Command::Fetch(fetch) => export::fetch(fetch, desk).await,
        Command::Code(one) => export::code(&one.id, desk).await,
        Command::Downloads(one) => export::downloads(&one.id, desk).await,
        Command::List(list) => self::list(&list, desk).await,
    }
}

async fn submit(args: request::Submit, mut desk: Desk<'_>) -> anyhow::Result<Ending> {
    let now = desk.now();
    // What the command line says is checked before anything is asked for or sent.
    let api = desk.api()?;
    input::length("--timeout", &args.patience.timeout)?;
    let at = input::past("--verified-at", &args.verified_at, now)?;
    let copy = args.copy;
    let min_versions = input::min_versions(copy.min_version)?;
    let mut typed = desk.typed();
    let identities = typed.identities(args.email, args.identity)?;
    let verification = match args.verified_by.zip(args.reference) {
        None => None,
        Some((method, reference)) => {
            Some(Verification { method, at, reference: typed.personal(reference, "reference")? })
        }
    };
    let body = Submit {
        kind: args.kind.into(),
        subject: Subject::of(identities),
        jurisdiction: args.jurisdiction.into(),
        verification,
        export_first: copy.export_first,
        format: copy.format.map(Into::into),
        recipient: typed.recipient(copy.recipient, copy.passphrase_file.as_deref())?,
        min_versions,
    };
    let key = key(args.idempotency_key, &desk)?;
    let call = Call::post(["requests"]).with(&body)?.named(&key);
    let answer = api.call(call).await?;
    if desk.screen.json() {
        desk.screen.json_line(&answer.body)?;
        if !args.watch {
            return Ok(Ending::Done);
        }
    }
    let submitted: Submitted = answer.read()?;
    if !desk.screen.json() {
        let lines = show::request::submitted(&submitted, args.watch, now, desk.screen.width());
        desk.screen.lines(&lines)?;
    }
    if !args.watch {
        return Ok(Ending::Done);
    }
    if !desk.screen.json() {
        desk.screen.lines(&[Line::empty()])?;
    }
    watch(submitted.request_id, &args.patience, desk).await
}

async fn status(id: &RequestId, mut desk: Desk<'_>) -> anyhow::Result<Ending> {
    let answer = desk.api()?.call(Call::get(["requests", id.as_str()])).await?;
    print(&answer, None, &mut desk)
}

fn print(answer: &Answer, view: Option<RequestView>, desk: &mut Desk<'_>) -> anyhow::Result<Ending> {
    if desk.screen.json() {
        desk.screen.body(&answer.body)?;
        return Ok(Ending::Done);
    }
    let view = view.map_or_else(|| answer.read(), Ok)?;
    let lines = show::request::whole(&view, desk.now(), desk.screen.width());
    desk.screen.lines(&lines)?;
    Ok(Ending::Done)
}

/// The key that was given, or one that nobody else has.
pub fn key(given: Option<String>, desk: &Desk<'_>) -> anyhow::Result<String> {
    if let Some(key) = given {
        return Ok(key);
    }
    let millis = u64::try_from(desk.now().as_millisecond()).unwrap_or(0);
    let random = (desk.world.random)()?;
    Ok(ulid::Ulid::from_parts(millis, random).to_string().to_lowercase())
}

/// Changes a request's course, and shows where it is then.
async fn change(id: &RequestId, call: Call<'_>, api: Api, mut desk: Desk<'_>) -> anyhow::Result<Ending> {
    let answer = api.call(call).await?;
    if desk.screen.json() {
        return print(&answer, None, &mut desk);
    }
    // The answer to a change may be brief.
    let view = match answer.read::<RequestView>() {
        Ok(view) => view,
        Err(_) => api.request(id).await?.0,
    };
    print(&answer, Some(view), &mut desk)
}

async fn verify(args: request::Verify, mut desk: Desk<'_>) -> anyhow::Result<Ending> {
    let api = desk.api()?;
    let at = input::past("--at", &args.at, desk.now())?;
    let id = args.one.id;
    let body = Verification {
        method: args.method,
        at,
        reference: desk.typed().personal(args.reference, "reference")?,
    };
    // The API knows the same verification when it comes again.
    let call = Call::post(["requests", id.as_str(), "verification"]).with(&body)?.repeatable();
    change(&id, call, api, desk).await
}

async fn timeline(id: &RequestId, desk: Desk<'_>) -> anyhow::Result<Ending> {
    let api = desk.api()?;
    let path = ["requests", id.as_str(), "timeline"];
    let whole = Pages { all: true, cursor: None };
    let (mut items, mut bodies) = (Vec::<TimelineEntry>::new(), Vec::new());
    pages(&api, &path, None, &whole, |page| {
        items.extend(page.items);
        bodies.push(page.answer);
        Ok(())
    })
    .await?;
    if desk.screen.json() {
        desk.screen.body(&joined(bodies)?)?;
    } else {
        let lines = show::timeline::table(&items, desk.screen.width());
        desk.screen.lines(&lines)?;
    }
    Ok(Ending::Done)
}

async fn list(args: &request::List, desk: Desk<'_>) -> anyhow::Result<Ending> {
    let api = desk.api()?;
    let (now, json, width) = (desk.now(), desk.screen.json(), desk.screen.width());
    let (screen, mut bodies) = (desk.screen, Vec::new());
    let status = args.status.as_deref();
    let mut first = true;
    let next = pages::<RequestSummary>(&api, &["requests"], status, &args.pages, |page| {
        if json {
            bodies.push(page.answer);
            return Ok(());
        }
        // A page can be empty though others follow it.
        let lines = show::request::list(&page.items, first, now, width);
        first &= lines.is_empty();
        Ok(screen.lines(&lines)?)
    })
    .await?;
    if json {
        screen.body(&joined(bodies)?)?;
    } else if let Some(cursor) = next {
        screen.lines(&[more(&cursor)])?;
    } else if first {
        screen.lines(&[Line::plain("no requests")])?;
    }
    Ok(Ending::Done)
}

/// That a list goes on, and how to see the rest.
pub fn more(cursor: &str) -> Line {
    Line::of(Tone::Quiet, "there are more: --all, or --cursor ").and(Tone::Quiet, cursor)
}

async fn watch(id: RequestId, patience: &Patience, desk: Desk<'_>) -> anyhow::Result<Ending> {
    let watch = Watch {
        id,
        within: input::length("--timeout", &patience.timeout)?,
        through_parked: patience.through_parked,
        now: desk.world.now.clone(),
        pace: desk.world.pace,
    };
    watch::watch(watch, desk.api()?, desk.screen).await
}
