//! `lacuna request fetch`

use std::cell::Cell;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use aws_lc_rs::digest::{Context, SHA256};
use contract::api::RequestView;
use contract::export::{ExportView, PackageView};
use domain::RequestId;
use tokio::time::{MissedTickBehavior, interval};

use super::super::Desk;
use super::{is_unsure, name};
use crate::api::{Api, Call, Incoming, Refusal, Unopened};
use crate::args::request::Fetch;
use crate::ending::{Advice, Ending, Usage};
use crate::file::{Draft, Place, Sink, Stop, is_standard};
use crate::show::export::{Fetched, is_fetchable};
use crate::show::request::doing;
use crate::show::vault::progress;
use crate::text::{Line, bytes, count};

/// How somebody gets another package while one is there that gives out no more links.
const ANEW: &str = "Submit the same again:\na new package is made when the time of this one is over, or once \
                    this request is cancelled.";

/// What is fetched.
struct Job<'a> {
    api: &'a Api,
    id: &'a RequestId,
    export: &'a ExportView,
    package: &'a PackageView,
    /// Where to, if somebody said so.
    out: Option<&'a Path>,
    /// What it is called in this folder otherwise, as far as that is known before.
    expected: &'a str,
    /// Bytes so far.
    done: &'a Cell<u64>,
}

/// Fetches a package, follows its link, and gives the file its name when it is proved to be the package.
pub async fn fetch(args: Fetch, mut desk: Desk<'_>) -> anyhow::Result<Ending> {
    let out = args.out.as_deref();
    if out.is_some_and(|out| is_standard(Some(out))) {
        let text = "--out -: a package is written to a file, which appears when all of it is proved to be right.\n\
                    Name a file.";
        return Err(Usage(text.to_owned()).into());
    }
    Place::checked(out, args.force)?;
    let (api, id) = (desk.api()?, &args.one.id);
    // From here on, whoever stops us is heard: nothing is written before.
    let mut stop = Stop::listen().context("this machine does not say when it is interrupted")?;
    let done = Cell::new(0);
    let asking = async {
        let (view, _) = api.request(id).await?;
        let (export, package) = wanted(&view, args.package, desk.now())?;
        Ok::<_, anyhow::Error>((export, package))
    };
    let asked = tokio::select! {
        biased;
        () = stop.heard() => None,
        asked = asking => Some(asked),
    };
    let Some(asked) = asked else { return interrupted(&mut desk, None) };
    let (export, package) = asked?;
    let expected = name::expected(id, package.package, &export);
    // Looked at, and begun, before a link is used up.
    let place = Place::file(out.unwrap_or(Path::new(&expected)), args.force)?;
    let (draft, sink) = place.begin(desk.screen.output(), (desk.world.random)()?)?;
    let job =
        Job { api: &api, id, export: &export, package: &package, out, expected: &expected, done: &done };
    let began = desk.now();
    let fetched = {
        let shown = desk.screen.live_notes(false);
        let fetching = job.run(draft, sink);
        tokio::pin!(fetching);
        let mut ticks = interval(desk.world.pace.tick);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first is at once: what is quick shows no progress.
        ticks.tick().await;
        let fetched = loop {
            tokio::select! {
                biased;
                () = stop.heard() => break None,
                fetched = &mut fetching => break Some(fetched),
                _ = ticks.tick(), if shown => {
                    if done.get() == 0 {
                        continue;
                    }
                    let took = desk.now().duration_since(began);
                    // A picture that could not be drawn is drawn at the next tick.
                    let _ = desk.screen.redraw(Some(&progress(done.get(), Some(package.bytes), took)));
                }
            }
        };
        if shown && done.get() > 0 {
            let _ = desk.screen.redraw(None);
        }
        fetched
    };
    let Some(fetched) = fetched else { return interrupted(&mut desk, Some(id)) };
    let out = fetched?;
    let took = desk.now().duration_since(began);
    let fetched = Fetched { id, out: &out, package: &package, export: &export, took };
    if desk.screen.json() {
        desk.screen.body(&fetched.json().to_string())?;
    } else {
        let lines = fetched.lines(desk.now(), desk.screen.width());
        desk.screen.lines(&lines)?;
    }
    Ok(Ending::Done)
}

fn interrupted(desk: &mut Desk<'_>, asked: Option<&RequestId>) -> anyhow::Result<Ending> {
    let link = asked.map_or(String::new(), perhaps);
    let lines: Vec<Line> =
        format!("Interrupted. Nothing was written. {link}").lines().map(Line::plain).collect();
    desk.screen.notes(&lines)?;
    Ok(Ending::Interrupted)
}

/// That nobody knows whether a link was used up, and how to know.
fn perhaps(id: &RequestId) -> String {
    format!("A link may have been used up; this says how many are left:\nlacuna request status {id}")
}

/// The package, if it can be fetched: what cannot be uses up no link.
fn wanted(
    view: &RequestView,
    number: u32,
    now: jiff::Timestamp,
) -> anyhow::Result<(ExportView, PackageView)> {
    let id = &view.request_id;
    let Some(export) = &view.export else {
        anyhow::bail!(
            "{id} gives nothing to fetch.\nA package comes from a request of the type access or portability, or \
             from an erasure with --export-first."
        )
    };
    if export.destroyed_at.is_some() {
        anyhow::bail!(
            "the package was destroyed, and nothing can be fetched.\nA new request makes a new one."
        )
    }
    if view.status.is_end() || view.cancelling {
        anyhow::bail!(
            "there is no package: {}\nNothing was fetched. A new request makes one.",
            doing(view, now)
        )
    }
    if export.ready_at.is_none() || export.packages.is_empty() {
        anyhow::bail!(
            "the package is not there yet: {}\nNothing was fetched. `lacuna request watch {id}` waits for it.",
            doing(view, now)
        )
    }
    if !is_fetchable(view, now) {
        anyhow::bail!(
            "the package's time is over, and it is being destroyed.\nNothing was fetched. A new request makes a new \
             one."
        )
    }
    if export.downloads_left == 0 {
        anyhow::bail!(
            "all {} links were used up.\nNothing was fetched, and no more are given out. {ANEW}",
            export.downloads
        )
    }
    let package = export.packages.iter().find(|package| package.package == number).ok_or_else(|| {
        let all = u64::try_from(export.packages.len()).unwrap_or(u64::MAX);
        anyhow::anyhow!(
            "there is no package {number}: this request has {}.\nNothing was fetched. Name one of 1 to {all} with \
             --package.",
            count(all, "package")
        )
    })?;
    Ok((export.clone(), package.clone()))
}

impl Job<'_> {
    /// The path of what was written, as it was given.
    async fn run(&self, mut draft: Draft, sink: Sink) -> anyhow::Result<PathBuf> {
        let number = self.package.package.to_string();
        let call = Call::get(["requests", self.id.as_str(), "export"]);
        let link = self.api.link(call.asking("package", Some(&number)).counted()).await;
        let link = link.map_err(|error| self.advised(error))?;
        let incoming = self.api.open(&link).await.map_err(|error| self.unopened(error))?;
        let path = match (self.out, incoming.disposition().and_then(name::given)) {
            (Some(out), _) => out.to_owned(),
            (None, None) => self.expected.into(),
            (None, Some(name)) => {
                draft.rename(&name).map_err(|Usage(text)| self.failed(&text))?;
                name.into()
            }
        };
        self.save(incoming, sink, &path).await?;
        draft.publish().map_err(|error| self.failed(&format!("{error:#}")))?;
        Ok(path)
    }

    async fn save(&self, mut incoming: Incoming, mut sink: Sink, path: &Path) -> anyhow::Result<()> {
        let whole = self.package.bytes;
        if let Some(length) = incoming.length().filter(|length| *length != whole) {
            return Err(self.other(&format!("it has {length} bytes, and not {whole}")));
        }
        let unwritten =
            |error: std::io::Error| self.failed(&format!("{} cannot be written: {error}", path.display()));
        let mut digest = Context::new(&SHA256);
        while let Some(piece) = incoming.piece().await.map_err(|cause| self.broken(&cause))? {
            let piece = piece.as_ref();
            let done = self.done.get().saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
            if done > whole {
                return Err(self.other(&format!("it has more than {whole} bytes")));
            }
            digest.update(piece);
            sink.write_all(piece).map_err(unwritten)?;
            self.done.set(done);
        }
        if self.done.get() < whole {
            return Err(self.broken("nothing more came"));
        }
        if !hex::encode(digest.finish()).eq_ignore_ascii_case(&self.package.sha256) {
            return Err(self.other("its SHA-256 is another"));
        }
        // A slow disk does not keep Ctrl-C waiting.
        let finished = tokio::task::spawn_blocking(|| sink.finish()).await.context("the work broke off")?;
        finished.map_err(unwritten)
    }

    fn advised(&self, error: anyhow::Error) -> anyhow::Error {
        let id = self.id;
        let advice = match error.downcast_ref() {
            Some(Refusal { status: 403, .. }) => format!(
                "Only the person's own token fetches their package. For somebody without a login, this makes a \
                 code:\nlacuna request code {id}"
            ),
            _ if is_unsure(&error) => format!("Nothing was written. {}", perhaps(id)),
            _ => return error,
        };
        error.context(Advice(advice))
    }

    fn unopened(&self, error: anyhow::Error) -> anyhow::Error {
        match error.downcast_ref::<Unopened>() {
            Some(Unopened { refused: true, .. }) => self.failed(&format!(
                "{error}\nA link works for five minutes, from anywhere: is a proxy in between, or a clock wrong?"
            )),
            Some(_) => self.failed(&error.to_string()),
            None => error,
        }
    }

    fn broken(&self, cause: &str) -> anyhow::Error {
        let (done, whole) = (bytes(self.done.get()), bytes(self.package.bytes));
        self.failed(&format!("the package broke off after {done} of {whole}: {cause}"))
    }

    fn other(&self, what: &str) -> anyhow::Error {
        self.failed(&format!(
            "this is not the package that the request names: {what}\nIt may have been made anew in between. If it \
             happens again, tell whoever runs Lacuna."
        ))
    }

    /// An error once a link was given out: what became of it, and what to do.
    fn failed(&self, what: &str) -> anyhow::Error {
        let next = match self.export.downloads_left.saturating_sub(1) {
            0 => format!("and it was the last link. {ANEW}"),
            left => format!("and a link was used up; {} left. Run it again.", count(u64::from(left), "link")),
        };
        anyhow::anyhow!("{what}\nNothing of it was kept, {next}")
    }
}
