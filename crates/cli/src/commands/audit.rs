//! `lacuna audit …`, and `lacuna request receipt|salt`

use std::io::Write as _;

use anyhow::Context as _;
use audit::{VerifierKey, tenant_of};
use contract::audit::{CheckpointView, ExportPart, KeyView, SaltView};
use domain::RequestId;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::Desk;
use crate::api::Call;
use crate::args::audit::{Command, Export, Of, Written};
use crate::ending::{Ending, Usage};
use crate::file::{Draft, Place, Sink};
use crate::text::Line;
use crate::text::time::day;

/// Parts of one export at the most: far more than a log has, so that an API that goes round in circles is left.
const MOST_PARTS: usize = 10_000_000;

pub async fn run(command: Command, desk: Desk<'_>) -> anyhow::Result<Ending> {
    match command {
        Command::Export(args) => export(args, desk).await,
        Command::Pack(args) => Box::pin(super::pack::run(args, desk)).await,
        Command::Checkpoint(written) => checkpoint(written, desk).await,
        Command::Key => key(desk).await,
    }
}

async fn key(desk: Desk<'_>) -> anyhow::Result<Ending> {
    let answer = desk.api()?.call(Call::get(["audit", "key"])).await?;
    if desk.screen.json() {
        desk.screen.body(&answer.body)?;
    } else {
        let KeyView { key } = answer.read()?;
        desk.screen.body(&key)?;
    }
    Ok(Ending::Done)
}

async fn checkpoint(written: Written, mut desk: Desk<'_>) -> anyhow::Result<Ending> {
    let place = Place::checked(written.out.as_deref(), written.force)?;
    let answer = desk.api()?.call(Call::get(["audit", "checkpoint"])).await?;
    let CheckpointView { checkpoint, size } = answer.read()?;
    let what = format!("The checkpoint over {}", entries_of(size));
    save(place, &written, &checkpoint, &what, &mut desk)?;
    Ok(Ending::Done)
}

/// Gives the receipt of a request.
pub async fn receipt(id: &RequestId, written: Written, mut desk: Desk<'_>) -> anyhow::Result<Ending> {
    let place = Place::checked(written.out.as_deref(), written.force)?;
    let answer = desk.api()?.call(Call::get(["requests", id.as_str(), "receipt"])).await?;
    // Its bytes are the proof: nothing is added but the end of the line.
    save(place, &written, &format!("{}\n", answer.body.trim_end()), "The receipt", &mut desk)?;
    Ok(Ending::Done)
}

/// Gives the salt of a receipt, as `lacuna verify --salt` takes it.
pub async fn salt(id: &RequestId, written: Written, mut desk: Desk<'_>) -> anyhow::Result<Ending> {
    let place = Place::checked(written.out.as_deref(), written.force)?;
    let answer = desk.api()?.call(Call::get(["requests", id.as_str(), "receipt", "salt"])).await?;
    let SaltView { salt, kept_until } = answer.read()?;
    save(place, &written, &format!("{salt}\n"), "The salt", &mut desk)?;
    if let Some(until) = kept_until {
        desk.screen
            .notes(&[Line::plain(format!("It can be had until {}; then it is destroyed.", day(until)))])?;
    }
    Ok(Ending::Done)
}

/// Writes something whole, and says so if it is a file.
fn save(place: Place, written: &Written, text: &str, what: &str, desk: &mut Desk<'_>) -> anyhow::Result<()> {
    let (draft, mut sink) = place.begin(desk.screen.output(), (desk.world.random)()?)?;
    sink.write_all(text.as_bytes()).context("it cannot be written")?;
    sink.finish().context("it cannot be written")?;
    draft.publish()?;
    if let Some(out) = &written.out {
        desk.screen.notes(&[Line::plain(format!("{what} is in {}.", out.display()))])?;
    }
    Ok(())
}

async fn export(args: Export, mut desk: Desk<'_>) -> anyhow::Result<Ending> {
    let extent = extent(&args, &desk)?;
    let place = Place::checked(args.written.out.as_deref(), args.written.force)?;
    if args.of.tenant.is_some() {
        let KeyView { key } = desk.api()?.call(Call::get(["audit", "key"])).await?.read()?;
        let key = VerifierKey::parse(&key).context("the API's key does not read")?;
        of_tenant(&args.of, &key, "Nothing was exported.")?;
    }
    let (draft, sink) = place.begin(desk.screen.output(), (desk.world.random)()?)?;
    let written = parts(&mut desk, extent.as_ref(), draft, sink).await?;
    if let Some(out) = &args.written.out {
        let (entries, out) = (entries_of(written.entries), out.display());
        let are = if written.entries == 1 { "is" } else { "are" };
        let mut notes = vec![Line::plain(format!(
            "{entries} {are} in {out}. Check it with `lacuna verify {out} --key KEY`."
        ))];
        if extent.is_none() {
            notes = vec![Line::plain(format!(
                "{entries} {are} in {out}, without checkpoints. Check it with `lacuna verify {out} --key KEY --since CHECKPOINT`, \
                 with one that you kept."
            ))];
        } else if written.unsigned > 0 {
            notes.push(Line::plain(format!(
                "Of these the last {} not signed so far. Export again after the next checkpoint, which is made \
                 every five minutes.",
                if written.unsigned == 1 { "is".to_owned() } else { format!("{} are", written.unsigned) }
            )));
        }
        desk.screen.notes(&notes)?;
    }
    Ok(Ending::Done)
}

/// Whether a log is whose it has to be.
pub fn of_tenant(Of { tenant }: &Of, key: &VerifierKey, what: &str) -> Result<(), Usage> {
    let Some(tenant) = tenant else { return Ok(()) };
    let log = tenant_of(key.name());
    if log.as_ref() == Some(tenant) {
        return Ok(());
    }
    let whose = log.as_ref().map_or(key.name(), |log| log.as_str());
    Err(Usage(format!(
        "--tenant {tenant}: the token is for {whose}, and gives no other log. Use a token of {tenant}.\n{what}"
    )))
}

/// From when to when; none is the whole table as it stands.
fn extent(args: &Export, desk: &Desk<'_>) -> anyhow::Result<Option<(String, String)>> {
    let Some(from) = &args.from else { return Ok(None) };
    let from = beginning(from)?;
    let to = args.to.as_deref().map_or_else(|| Ok(desk.now()), end)?;
    if from > to {
        let what = if args.to.is_some() { "--to is before --from." } else { "--from is in the future." };
        return Err(Usage(format!("{what}\nNothing was exported.")).into());
    }
    Ok(Some((from.to_string(), to.to_string())))
}

/// How much was exported.
#[derive(Default)]
struct Exported {
    entries: u64,
    /// How many entries follow the last checkpoint.
    unsigned: u64,
}

impl Exported {
    fn count(&mut self, lines: &str) {
        for line in lines.lines() {
            if line.starts_with("{\"entry\":") {
                self.entries += 1;
                self.unsigned += 1;
            } else if line.starts_with("{\"checkpoint\":") {
                self.unsigned = 0;
            }
        }
    }
}

/// Writes part after part; how many entries there were. The file appears when all of it is there.
async fn parts(
    desk: &mut Desk<'_>,
    extent: Option<&(String, String)>,
    draft: Draft,
    mut sink: Sink,
) -> anyhow::Result<Exported> {
    let api = desk.api()?;
    let shown = desk.screen.live_notes(true);
    let (mut exported, mut cursor) = (Exported::default(), None::<String>);
    for _ in 0..MOST_PARTS {
        let first = cursor.is_none();
        let times = extent.filter(|_| first);
        let call = Call::get(["audit", "export"])
            .asking("from", times.map(|(from, _)| from.as_str()))
            .asking("to", times.map(|(_, to)| to.as_str()))
            .asking("raw", (first && extent.is_none()).then_some("true"))
            .asking("cursor", cursor.as_deref());
        let ExportPart { lines, cursor: next } = api.call(call).await?.read()?;
        sink.write_all(lines.as_bytes()).context("the export cannot be written")?;
        exported.count(&lines);
        anyhow::ensure!(next.is_none() || next != cursor, "the API's export goes round in circles");
        cursor = next;
        if cursor.is_none() {
            if shown {
                desk.screen.redraw(None)?;
            }
            sink.finish().context("the export cannot be written")?;
            draft.publish()?;
            return Ok(exported);
        }
        if shown {
            desk.screen.redraw(Some(&Line::plain(format!("{} so far", entries_of(exported.entries)))))?;
        }
    }
    anyhow::bail!("the API's export has no end")
}

fn entries_of(number: u64) -> String {
    if number == 1 { "1 entry".to_owned() } else { format!("{number} entries") }
}

fn beginning(text: &str) -> Result<Timestamp, Usage> {
    moment(text, "--from", false)
}

fn end(text: &str) -> Result<Timestamp, Usage> {
    moment(text, "--to", true)
}

/// An instant, or the first or last of a day, by UTC.
fn moment(text: &str, name: &str, last: bool) -> Result<Timestamp, Usage> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let day: Option<Date> = text.parse().ok();
    let day = day.and_then(|day| if last { day.checked_add(1.day()).ok() } else { Some(day) });
    let at = day.and_then(|day| day.to_zoned(TimeZone::UTC).ok()).map(|day| day.timestamp());
    let at = if last { at.and_then(|at| at.checked_sub(1.nanosecond()).ok()) } else { at };
    at.ok_or_else(|| {
        Usage(format!(
            "{name} is a day or an instant: 2026-10-01, or 2026-10-01T12:00:00Z.\nNothing was exported."
        ))
    })
}
