//! `lacuna audit pack`: the pack is made and checked, appears under its name, and is put on record; the proof of that is added
//! when it comes. Whatever breaks off after its name is there is gone on with by `--finish`: a pack is named by its content, so
//! that it is not put on record twice.

mod making;
mod record;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use audit::pack::{self, FORMAT, Figures, Flaw, Lack, MANIFEST, Manifest, Metrics, Pack as Checked, derived};
use audit::verify::Pinned;
use audit::{VerifierKey, tenant_of};
use contract::audit::{ExportPart, KeyView, PackView};
use domain::Period;
use jiff::Timestamp;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::Desk;
use super::audit::of_tenant;
use crate::api::{Answer, Api, Call, Refusal};
use crate::args::audit::{Of, Pack};
use crate::ending::{Advice, Ending, Usage};
use crate::file::{Place, Sink, Stop};
use crate::pack::{Bundle, Unopened, Unpacked, is_pending};
use crate::text::time::exact;
use crate::text::{Line, count};
use making::Making;

/// Parts of one export at the most: far more than a log has.
const MOST_PARTS: usize = 10_000_000;
/// How often something is asked for that comes with the next checkpoint: for twenty minutes, a call every five seconds.
const MOST_LOOKS: u32 = 240;

pub async fn run(args: Pack, mut desk: Desk<'_>) -> anyhow::Result<Ending> {
    let mut stop = Stop::listen().context("this machine does not say when it is interrupted")?;
    let path: PathBuf = match (&args.finish, &args.out, &args.period) {
        (Some(path), _, _) | (None, Some(path), _) => path.clone(),
        (None, None, period) => format!("lacuna-{}.zip", period.as_deref().unwrap_or_default()).into(),
    };
    let making = async {
        if args.finish.is_some() {
            opened(&args.of, &path, &desk).await
        } else {
            make(&args, &path, &mut desk).await
        }
    };
    let made = tokio::select! {
        biased;
        // The draft goes with what is dropped.
        () = stop.heard() => return Ok(Ending::Interrupted),
        made = making => made?,
    };
    if args.no_wait {
        let text =
            "It is not on record (--no-wait): nothing shows when it was made, or that it was not made up.";
        desk.screen.notes(&[Line::plain(text), goes_on(&path)])?;
        return Ok(Ending::Done);
    }
    if let Some(bound) = &made.checked.bound {
        let text =
            format!("{} is on record since {}: nothing is left to do.", path.display(), exact(bound.at));
        desk.screen.notes(&[Line::plain(text)])?;
        return Ok(Ending::Done);
    }
    let recorded = tokio::select! {
        biased;
        () = stop.heard() => None,
        recorded = record::record(&made, &path, &mut desk) => Some(recorded),
    };
    desk.clear()?;
    match recorded {
        Some(Ok(Some(noted))) => {
            desk.screen.notes(&[on_record(&noted, &path)])?;
            Ok(Ending::Done)
        }
        Some(Ok(None)) => {
            let text = format!(
                "{} is kept, proof pending: no checkpoint came for so long. Is the log being signed? See the alarms of \
                 checkpoint-audit.",
                path.display()
            );
            desk.screen.notes(&[Line::plain(text), goes_on(&path)])?;
            Ok(Ending::Timeout)
        }
        Some(Err(error)) => {
            let text = format!("{} is kept, proof pending.\n{}", path.display(), goes_on(&path).paint(false));
            Err(error.context(Advice(text)))
        }
        None => {
            let text = format!("Interrupted. {} is kept, proof pending.", path.display());
            desk.screen.notes(&[Line::plain(text), goes_on(&path)])?;
            Ok(Ending::Interrupted)
        }
    }
}

/// A pack under its name, and what was found of it.
struct Made {
    api: Api,
    pinned: Pinned,
    checked: Checked,
}

/// Asks for the log's key.
async fn keyed(of: &Of, desk: &Desk<'_>) -> anyhow::Result<(Api, Pinned)> {
    let api = desk.api()?;
    let KeyView { key } = api.call(Call::get(["audit", "key"])).await?.read()?;
    let key = VerifierKey::parse(&key).context("the API's key does not read")?;
    of_tenant(of, &key, "Nothing was packed.")?;
    Ok((api, Pinned { key, since: None }))
}

/// One that was made before.
async fn opened(of: &Of, path: &Path, desk: &Desk<'_>) -> anyhow::Result<Made> {
    if !crate::pack::looks_packed(path) {
        let what = if path.exists() { "it is no pack that can be read" } else { "there is no such file" };
        let text = format!("--finish {}: {what}.\nNothing was done.", path.display());
        return Err(Usage(text).into());
    }
    let (api, pinned) = keyed(of, desk).await?;
    let checked = check(path, &pinned).await.context("nothing was put on record")?;
    Ok(Made { api, pinned, checked })
}

/// Makes one.
async fn make(args: &Pack, path: &Path, desk: &mut Desk<'_>) -> anyhow::Result<Made> {
    let period: Option<Period> = args.period.as_deref().and_then(|period| period.parse().ok());
    let period = period.ok_or_else(|| {
        let text = "--period is a year, a quarter or a month, in UTC: 2026, 2026-Q4 or 2026-11.";
        Usage(format!("{text}\nNothing was packed."))
    })?;
    if period.start() > desk.now() {
        return Err(Usage("--period has not begun.\nNothing was packed.".to_owned()).into());
    }
    is_free(path)?;
    let place = Place::file(path, args.force).map_err(|Usage(text)| Usage(format!("--out {text}")))?;
    let (api, pinned) = keyed(&args.of, desk).await?;
    let tenant = tenant_of(pinned.key.name()).context("the API's key is of no tenant")?;
    let (draft, sink) = place.begin(desk.screen.output(), (desk.world.random)()?)?;
    let Sink::File(file) = sink else { anyhow::bail!("a pack is a file") };
    let made_at = desk.now();
    let mut making = Making { desk, api, bundle: Bundle::new(file, made_at) };
    let (export, counted) = making.log(&pinned, period).await?;
    let receipts = making.receipts(&export, &counted).await?;
    for (name, bytes) in derived(&counted.metrics, &receipts) {
        making.bundle.put(name, &bytes)?;
    }
    let manifest =
        Manifest { files: making.bundle.lines(), made_at, pack: FORMAT.to_owned(), period, tenant };
    making.bundle.put(MANIFEST, &manifest.bytes())?;
    let Making { desk, api, bundle } = making;
    bundle.finish().context("the pack cannot be written")?;
    desk.stage("Checking the pack.")?;
    // What the log names has to hold, and nobody is to have what does not.
    let draft_path = draft.path().context("a pack is a file")?;
    let checked = check(draft_path, &pinned).await.context("nothing was packed, and nothing is on record")?;
    // Another may have been made meanwhile.
    is_free(path)?;
    // Under its name before the log names it: the log is to name no pack that nobody has.
    draft.publish()?;
    desk.clear()?;
    desk.screen.notes(&said(&checked, path))?;
    Ok(Made { api, pinned, checked })
}

/// Nothing replaces a pack that waits for its proof.
fn is_free(path: &Path) -> Result<(), Usage> {
    let out = path.display();
    let taken = format!(
        "--out {out}: a pack is there whose proof is pending, or a file that cannot be read and may be one, and the log may name it \
         already; it was left as it is.\n`lacuna audit pack --finish {out}` goes on with it. Another pack needs another name."
    );
    if is_pending(path) { Err(Usage(taken)) } else { Ok(()) }
}

/// Checks what was written, as whoever gets it will.
async fn check(path: &Path, pinned: &Pinned) -> anyhow::Result<Checked> {
    let (path, pinned) = (path.to_owned(), pinned.clone());
    let checking = spawn_blocking(move || {
        let mut archive = match Unpacked::open(&path) {
            Ok(archive) => archive,
            Err(Unopened::Unread(error)) => return Err(anyhow::Error::from(error)),
            Err(Unopened::Flawed(flaw)) => return Err(flaw.into()),
        };
        pack::check(&mut archive, &pinned, &[].into(), &|_| {}).map_err(|flaw: Flaw| flaw.into())
    });
    let checked = checking.await.context("the work broke off")?.context("the pack does not verify")?;
    match &checked.newer {
        Some(file) => Err(anyhow::anyhow!(later(file))),
        None => Ok(checked),
    }
}

/// What can be done about a file that says what only a later version knows.
fn later(file: &str) -> String {
    format!("{file} says what only a later version of Lacuna knows: update `lacuna`")
}

/// What is told of a pack that was made.
fn said(pack: &Checked, path: &Path) -> Vec<Line> {
    let Checked { figures: Some(Figures { metrics, receipts }), manifest, .. } = pack else {
        return Vec::new();
    };
    let received = metrics.rows.last().map_or(0, |all| all.received);
    let (out, period) = (path.display(), manifest.period);
    let mut lines = vec![Line::plain(format!(
        "The pack of {period} is in {out}: {} received, {} of {} in it.",
        count(received, "request"),
        receipts.issued,
        count(receipts.issued + receipts.all_missing(), "receipt"),
    ))];
    lines.extend(lacking(metrics).map(Line::plain));
    for (why, count) in &receipts.missing {
        let of = receipts.issued + receipts.all_missing();
        lines.push(Line::plain(format!(
            "Of {count} of {of} ends there is no receipt: {why} ({}). `lacuna verify` does not call such a pack intact.",
            why.as_str()
        )));
    }
    lines
}

fn on_record(noted: &PackView, path: &Path) -> Line {
    let (at, out) = (exact(noted.packed_at), path.display());
    Line::plain(format!("It is on record since {at}. Check it with `lacuna verify {out} --key KEY`."))
}

/// How a pack without its proof gets it.
fn goes_on(path: &Path) -> Line {
    let out = path.display();
    Line::plain(format!(
        "`lacuna audit pack --finish {out}` puts it on record, if it is not, and adds the proof."
    ))
}

/// What keeps the log from showing all of the period, and what can be done.
fn lacking(metrics: &Metrics) -> Option<String> {
    let lacks = metrics.log.lacks(metrics.period);
    let period = metrics.period;
    let why = if lacks.contains(&Lack::End) {
        format!(
            "the signed log goes up to {}. Pack {period} again once the log goes on for a day after that period",
            exact(metrics.log.last_at)
        )
    } else if lacks.contains(&Lack::Events) {
        format!("events of its requests are missing in the log ({})", metrics.log.missing)
    } else {
        format!("the log begins at {}, less than a year before it", exact(metrics.log.first_at))
    };
    let as_of = exact(metrics.as_of);
    (!lacks.is_empty()).then(|| format!("It is unfinished: {why}. The figures are as of {as_of}."))
}

impl Desk<'_> {
    /// What is done now. A line a stage, or drawn over where that can be.
    fn stage(&mut self, text: &str) -> anyhow::Result<()> {
        if self.screen.live_notes(false) {
            self.screen.redraw(Some(&Line::plain(text)))?;
        } else if !self.screen.json() {
            self.screen.notes(&[Line::plain(text)])?;
        }
        Ok(())
    }

    /// How far it is with that, where it can be drawn over.
    fn progress(&mut self, text: &str) -> anyhow::Result<()> {
        if self.screen.live_notes(false) {
            self.screen.redraw(Some(&Line::plain(text)))?;
        }
        Ok(())
    }

    /// Removes what is to be drawn over.
    fn clear(&mut self) -> anyhow::Result<()> {
        if self.screen.live_notes(false) {
            self.screen.redraw(None)?;
        }
        Ok(())
    }

    /// Asks for what comes with the next checkpoint until it is there; `None` if that takes too long. `is_final` says which
    /// refusals are an answer of their own.
    async fn patiently<'c>(
        &self,
        api: &Api,
        call: impl Fn() -> Call<'c>,
        is_final: fn(&anyhow::Error) -> bool,
    ) -> anyhow::Result<Option<Answer>> {
        for _ in 0..MOST_LOOKS {
            match api.call(call()).await {
                Err(error) if !is_final(&error) && is_missing(&error) => {
                    sleep(self.world.pace.longest_look).await;
                }
                answered => return answered.map(Some),
            }
        }
        Ok(None)
    }
}

/// The parts of an export, one after another.
struct Parts<'a> {
    api: &'a Api,
    from: String,
    to: String,
    whole: bool,
    cursor: Option<String>,
    left: usize,
}

impl<'a> Parts<'a> {
    fn new(api: &'a Api, (from, to): (Timestamp, Timestamp), whole: bool) -> Self {
        Self { api, from: from.to_string(), to: to.to_string(), whole, cursor: None, left: MOST_PARTS }
    }

    /// The lines of the next part, and whether it is the last.
    async fn next(&mut self) -> anyhow::Result<(String, bool)> {
        self.left = self.left.checked_sub(1).context("the API's export has no end")?;
        let first = self.cursor.is_none();
        let call = Call::get(["audit", "export"])
            .asking("from", first.then_some(self.from.as_str()))
            .asking("to", first.then_some(self.to.as_str()))
            .asking("whole", (first && self.whole).then_some("true"))
            .asking("cursor", self.cursor.as_deref());
        let ExportPart { lines, cursor } = self.api.call(call).await?.read()?;
        anyhow::ensure!(cursor.is_none() || cursor != self.cursor, "the API's export goes round in circles");
        self.cursor = cursor;
        Ok((lines, self.cursor.is_none()))
    }
}

fn is_missing(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Refusal>().is_some_and(|no| no.status == 404)
}
