//! `lacuna mask copy`

use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use connectors::sql::copy::{CopyError, Source, Table};
use masking::{RulesError, Tokens};
use tokio::runtime::Handle;

use super::super::Desk;
use super::{key_is_missing, read};
use crate::args::mask::Copy;
use crate::copy::{Decided, Rows, Undecided, draft};
use crate::ending::{Ending, Usage};
use crate::file::Place;
use crate::seal::{End, Run, read_key};
use crate::show;
use crate::text::Line;

/// Copies a database, or proposes how.
pub async fn run(args: &Copy, mut desk: Desk<'_>) -> anyhow::Result<Ending> {
    let from = &args.from;
    if !from.is_file() {
        return Err(Usage(format!("--from {}: there is no such file", from.display())).into());
    }
    let unread = |error: CopyError| anyhow::anyhow!("--from {}: {error}", from.display());
    let source = Source::open(from).await.map_err(unread)?;
    let (Some(tables), Some(out)) = (&args.tables, &args.out) else {
        let draft = draft(source.tables());
        source.close().await.map_err(unread)?;
        desk.screen.raw(&draft)?;
        return Ok(Ending::Done);
    };
    let ready = rows(args, tables, source.tables()).and_then(|rows| Ok((rows, place(out)?)));
    let (rows, place) = match ready {
        Ok(ready) => ready,
        Err(error) => {
            source.close().await.map_err(unread)?;
            return Err(error);
        }
    };
    let (found, cut) = (source.tables().to_vec(), rows.cut().to_vec());
    match copied(source, rows, place, &mut desk).await? {
        (End::Interrupted, _) => {
            desk.screen.notes(&[Line::plain("Interrupted: nothing was written.")])?;
            Ok(Ending::Interrupted)
        }
        (_, Some(Ok(rows))) => {
            show::copy::copied(&found, &rows, &cut, out, desk.screen)?;
            Ok(Ending::Done)
        }
        (_, Some(Err(error))) => Err(anyhow::anyhow!("{error}.\nNothing was written.")),
        (_, None) => Err(anyhow::anyhow!("the work broke off: nothing was written")),
    }
}

fn rows(args: &Copy, file: &Path, found: &[Table]) -> anyhow::Result<Rows> {
    let tables: Decided = read("--tables", file)?;
    let tokens = match &args.key_file {
        Some(file) => Some(Tokens::new(read_key(file)?.expose(), &args.tenant).map_err(anyhow::Error::new)?),
        None => None,
    };
    Rows::new(&tables, found, tokens).map_err(|why| {
        match why {
            Undecided::Tables(what) => Usage(format!("--tables {}: {what}", file.display())),
            Undecided::Rules(RulesError::NoKey) => key_is_missing(),
            Undecided::Rules(error) => Usage(format!("--tables {}: {error}", file.display())),
        }
        .into()
    })
}

/// A copy is never written over anything: what is there could be what the product works with.
fn place(out: &Path) -> Result<Place, Usage> {
    let name = out.display();
    for end in ["", "-wal", "-journal", "-shm"] {
        let mut beside = out.as_os_str().to_owned();
        beside.push(end);
        if Path::new(&beside).symlink_metadata().is_ok() {
            return Err(Usage(format!(
                "--out {name}: {name}{end} is there already, and was left as it is.\nWrite another name, or remove it."
            )));
        }
    }
    Place::file(out, false)
}

type Outcome = Option<Result<Vec<u64>, CopyError>>;

async fn copied(
    source: Source,
    mut rows: Rows,
    place: Place,
    desk: &mut Desk<'_>,
) -> anyhow::Result<(End, Outcome)> {
    let shown = desk.screen.live_notes(false);
    let mut run = Run::new(None, desk.world.now.clone(), desk.world.pace.tick, shown)?;
    let (draft, sink) = place.begin(desk.screen.output(), (desk.world.random)()?)?;
    let into = draft.path().unwrap_or(Path::new("")).to_owned();
    let outcome = Arc::new(Mutex::new(None));
    let (told, runtime) = (Arc::clone(&outcome), Handle::current());
    let work = move |done: &AtomicU64| {
        let copied = runtime.block_on(source.copy(&into, &mut rows, done));
        *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(copied);
        Ok(())
    };
    let end = run.work(work, desk.screen).await?;
    let outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let (End::Whole, Some(Ok(_))) = (&end, &outcome) {
        sink.finish()?;
        draft.publish()?;
    }
    Ok((end, outcome))
}
