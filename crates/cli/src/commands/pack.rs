//! `lacuna audit pack`

use std::fs::File;

use anyhow::Context as _;
use audit::pack::{self, derived, no_receipt_name, receipt_name};
use audit::pack::{AFTER, BEFORE, CHECKPOINT, FORMAT, LOG, MANIFEST, MOST_RECEIPTS, PROOF};
use audit::pack::{Closing, Lack, Log, Manifest, Metrics, NoReceipt, Read, Receipts};
use audit::receipt::Unissuable;
use audit::verify::Pinned;
use audit::{VerifierKey, tenant_of};
use contract::audit::{ExportPart, KeyView, NotePack, PackView};
use domain::{PackId, Period};
use jiff::Timestamp;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::Desk;
use crate::api::{Answer, Api, Call, Refusal};
use crate::args::audit::Pack;
use crate::ending::{Ending, Usage};
use crate::file::{Draft, Place, Sink, Stop};
use crate::pack::{Bundle, Unopened, Unpacked};
use crate::text::Line;

/// Parts of one export at the most: far more than a log has.
const MOST_PARTS: usize = 10_000_000;
/// How often something is asked for that comes with the next checkpoint: for twenty minutes, a call every five seconds.
const MOST_LOOKS: u32 = 240;

pub async fn run(args: Pack, desk: Desk<'_>) -> anyhow::Result<Ending> {
    let period: Period = args.period.parse().map_err(|_| {
        Usage(
            "--period is a year, a quarter or a month, in UTC: 2026, 2026-Q4 or 2026-11.\nNothing was packed."
                .to_owned(),
        )
    })?;
    if period.start() > desk.now() {
        return Err(Usage("--period has not begun.\nNothing was packed.".to_owned()).into());
    }
    let mut stop = Stop::listen().context("this machine does not say when it is interrupted")?;
    tokio::select! {
        biased;
        // The draft goes with what is dropped.
        () = stop.heard() => Ok(Ending::Interrupted),
        packed = pack(period, args, desk) => packed,
    }
}

async fn pack(period: Period, args: Pack, mut desk: Desk<'_>) -> anyhow::Result<Ending> {
    let out = args.out.unwrap_or_else(|| format!("lacuna-{period}.zip").into());
    let place = Place::file(&out, args.force).map_err(|Usage(text)| Usage(format!("--out {text}")))?;
    let api = desk.api()?;
    let KeyView { key } = api.call(Call::get(["audit", "key"])).await?.read()?;
    let key = VerifierKey::parse(&key).context("the API's key does not read")?;
    let tenant = tenant_of(key.name()).context("the API's key is of no tenant")?;
    let (draft, sink) = place.begin(desk.screen.output(), (desk.world.random)()?)?;
    let Sink::File(file) = sink else { anyhow::bail!("a pack is a file") };
    let made_at = desk.now();
    let mut making = Making::new(&mut desk, api, file, made_at);
    let pinned = Pinned { key, since: None };
    let (read, note) = making.log(&pinned, period).await?;
    making.bundle.put(CHECKPOINT, note.as_bytes())?;
    let receipts = making.receipts(&read).await?;
    for (name, bytes) in derived(&read.metrics, &receipts) {
        making.bundle.put(name, &bytes)?;
    }
    let manifest =
        Manifest { files: making.bundle.lines(), made_at, pack: FORMAT.to_owned(), period, tenant };
    let bytes = manifest.bytes();
    let id = Manifest::id(&bytes).context("a hash does not read")?;
    making.bundle.put(MANIFEST, &bytes)?;
    let Making { desk, api, bundle, shown } = making;
    let ended = bundle.finish().context("the pack cannot be written")?;
    // What the log names has to hold, and nobody is to have what does not.
    check(&draft, &pinned).await.context("nothing was packed, and nothing is on record")?;
    let mut noted = None;
    if !args.no_wait {
        let bundle = Bundle::again(ended, made_at).context("the pack cannot be written")?;
        let mut making = Making { desk, api, bundle, shown };
        noted = Some(making.proof(&id, period).await?);
        making.progress(None)?;
        making.bundle.finish().context("the pack cannot be written")?;
        check(&draft, &pinned).await.context("it is on record, and nothing was packed")?;
    }
    draft.publish()?;
    let out = out.display().to_string();
    let lines = said(&read.metrics, &receipts, &manifest, noted.as_ref(), &out);
    desk.screen.notes(&lines)?;
    Ok(Ending::Done)
}

/// Checks what was written so far, as whoever gets it will.
async fn check(draft: &Draft, pinned: &Pinned) -> anyhow::Result<()> {
    let path = draft.path().context("a pack is a file")?.to_owned();
    let pinned = pinned.clone();
    let checking = spawn_blocking(move || {
        let mut archive = match Unpacked::open(&path) {
            Ok(archive) => archive,
            Err(Unopened::Unread(error)) => return Err(error.into()),
            Err(Unopened::Flawed(flaw)) => return Err(flaw.into()),
        };
        pack::check(&mut archive, &pinned, &[].into(), &|_| {})?;
        Ok::<(), anyhow::Error>(())
    });
    checking.await.context("the work broke off")?.context("the pack does not verify")
}

/// What is told at the end.
fn said(
    metrics: &Metrics,
    receipts: &Receipts,
    manifest: &Manifest,
    noted: Option<&PackView>,
    out: &str,
) -> Vec<Line> {
    let period = manifest.period;
    let received = metrics.rows.last().map_or(0, |all| all.received);
    let mut lines = vec![Line::plain(format!(
        "The pack of {period} is in {out}: {received} requests received, {} files.",
        manifest.files.len() + 1 + usize::from(noted.is_some())
    ))];
    lines.extend(lacking(metrics).map(Line::plain));
    for (why, count) in &receipts.missing {
        let of = receipts.issued + receipts.all_missing();
        lines.push(Line::plain(format!(
            "Of {count} of {of} ends there is no receipt: {why} ({}). `lacuna verify` does not call such a pack intact.",
            why.as_str()
        )));
    }
    lines.push(Line::plain(match noted {
        Some(noted) => format!(
            "It is on record since {}. Check it with `lacuna verify {out} --key KEY`.",
            noted.packed_at
        ),
        None => {
            "It is not on record (--no-wait): nothing shows when it was made, or that it was not made up."
                .to_owned()
        }
    }));
    lines
}

/// What keeps the log from showing all of the period, and what can be done.
fn lacking(metrics: &Metrics) -> Option<String> {
    let lacks = metrics.log.lacks(metrics.period);
    let period = metrics.period;
    let why = if lacks.contains(&Lack::End) {
        format!(
            "the signed log goes up to {}. Pack {period} again once it goes on for a day after it",
            metrics.log.last_at
        )
    } else if lacks.contains(&Lack::Events) {
        format!("events of its requests are missing in the log ({})", metrics.log.missing)
    } else {
        format!("the log begins at {}, less than a year before it", metrics.log.first_at)
    };
    (!lacks.is_empty()).then(|| format!("It is unfinished: {why}. The figures are as of {}.", metrics.as_of))
}

/// A pack that is being made.
struct Making<'a, 'd> {
    desk: &'a mut Desk<'d>,
    api: Api,
    bundle: Bundle,
    shown: bool,
}

impl<'a, 'd> Making<'a, 'd> {
    fn new(desk: &'a mut Desk<'d>, api: Api, file: File, made_at: Timestamp) -> Self {
        let shown = desk.screen.live_notes(false);
        Self { desk, api, bundle: Bundle::new(file, made_at), shown }
    }

    fn progress(&mut self, text: Option<String>) -> anyhow::Result<()> {
        if self.shown {
            self.desk.screen.redraw(text.map(Line::plain).as_ref())?;
        }
        Ok(())
    }

    /// Writes the log and counts it; what it is, and its last checkpoint.
    async fn log(&mut self, pinned: &Pinned, period: Period) -> anyhow::Result<(Read, String)> {
        let tenant = tenant_of(pinned.key.name()).context("the API's key is of no tenant")?;
        let from = period.start().checked_sub(BEFORE).unwrap_or(Timestamp::MIN).to_string();
        let to = period.end().checked_add(AFTER).unwrap_or(Timestamp::MAX).to_string();
        let mut log = Log::new(pinned, tenant, period, [].into());
        let mut cursor = None::<String>;
        self.bundle.begin(LOG)?;
        for _ in 0..MOST_PARTS {
            let first = cursor.is_none();
            let call = Call::get(["audit", "export"])
                .asking("from", first.then_some(from.as_str()))
                .asking("to", first.then_some(to.as_str()))
                .asking("whole", first.then_some("true"))
                .asking("cursor", cursor.as_deref());
            let ExportPart { lines, cursor: next } = self.api.call(call).await?.read()?;
            self.bundle.write(lines.as_bytes())?;
            log.take(lines.as_bytes()).context("the API's export does not verify")?;
            anyhow::ensure!(next.is_none() || next != cursor, "the API's export goes round in circles");
            cursor = next;
            if cursor.is_none() {
                self.bundle.end();
                let note = log.note();
                let read = log.finish().context(
                    "the API's export proves nothing: where nothing is signed yet, wait for the first checkpoint",
                )?;
                return Ok((read, note.context("the API's export has no checkpoint")?));
            }
            let entries = log.entries();
            self.progress(Some(format!("{entries} entries so far")))?;
        }
        anyhow::bail!("the API's export has no end")
    }

    /// Writes the receipt of each closing, or that there is none.
    async fn receipts(&mut self, read: &Read) -> anyhow::Result<Receipts> {
        let all = read.closings.len();
        if all > MOST_RECEIPTS {
            let text = format!(
                "{all} requests ended in this period, and a pack has {MOST_RECEIPTS} receipts at the most.\nGive a shorter \
                 --period. Nothing was packed."
            );
            return Err(Usage(text).into());
        }
        let mut receipts = Receipts::default();
        for (done, (seq, Closing { request, .. })) in read.closings.iter().enumerate() {
            self.progress(Some(format!("{done} of {all} receipts")))?;
            let entry = seq.to_string();
            let path = ["requests", request.as_str(), "receipt"];
            let call = || Call::get(path).asking("entry", Some(&entry));
            match self.patiently(call, "a receipt").await {
                Ok(answer) => {
                    receipts.issued += 1;
                    self.bundle.put(&receipt_name(request, *seq), answer.body.trim_end().as_bytes())?;
                }
                Err(error) => {
                    let why = unissuable(&error).ok_or(error)?;
                    receipts.miss(why);
                    let none = NoReceipt::new(request.clone(), *seq, why);
                    self.bundle.put(&no_receipt_name(request, *seq), &none.bytes())?;
                }
            }
        }
        Ok(receipts)
    }

    /// Puts the pack on record, and writes the proof of it.
    async fn proof(&mut self, id: &PackId, period: Period) -> anyhow::Result<PackView> {
        let body = NotePack { period, manifest_sha256: id.clone() };
        let call = Call::post(["audit", "packs"]).with(&body)?.repeatable();
        let noted: PackView = self.api.call(call).await?.read()?;
        self.progress(Some(
            "on record; waiting for the next signed checkpoint, some five minutes".to_owned(),
        ))?;
        let path = ["audit", "packs", id.as_str()];
        let answer = self.patiently(|| Call::get(path), "the proof").await?;
        self.bundle.put(PROOF, answer.body.trim_end().as_bytes())?;
        Ok(noted)
    }

    /// Asks for what comes with the next checkpoint until it is there.
    async fn patiently<'c>(&self, call: impl Fn() -> Call<'c>, what: &str) -> anyhow::Result<Answer> {
        for _ in 0..MOST_LOOKS {
            match self.api.call(call()).await {
                Err(error) if unissuable(&error).is_none() && is_missing(&error) => {
                    sleep(self.desk.world.pace.longest_look).await;
                }
                answered => return answered,
            }
        }
        anyhow::bail!(
            "{what} did not come with any checkpoint for so long: is the log being signed? See the alarms of \
             checkpoint-audit. Nothing was packed."
        )
    }
}

fn is_missing(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Refusal>().is_some_and(|no| no.status == 404)
}

/// Why there is no receipt, if the API says that it cannot be issued: so far, or for good.
fn unissuable(error: &anyhow::Error) -> Option<Unissuable> {
    error.downcast_ref::<Refusal>().and_then(Refusal::code).and_then(Unissuable::parse)
}
