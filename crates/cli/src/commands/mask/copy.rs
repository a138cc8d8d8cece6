//! `lacuna mask copy`

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use connectors::sql::copy::{CopyError, Progress, Source, Table};
use masking::RulesError;
use tokio::runtime::Handle;

use super::super::Desk;
use super::{key_is_missing, read, tokens};
use crate::args::mask::Copy;
use crate::copy::{Decided, Emptied, Rows, Undecided, draft};
use crate::ending::{Ending, Usage};
use crate::file::{Draft, Place, Sink, is_standard};
use crate::seal::{End, Run};
use crate::show;
use crate::show::copy::Made;
use crate::text::Line;

/// How long is waited for a copy that is to stop: it stops within a moment, unless it waits for somebody else's lock.
const STOPS_WITHIN: Duration = Duration::from_secs(10);

/// Copies a database, or proposes how.
pub async fn run(args: &Copy, mut desk: Desk<'_>) -> anyhow::Result<Ending> {
    let from = &args.from;
    if !from.is_file() {
        let what = if from.exists() { "it is no file" } else { "there is no such file" };
        return Err(Usage(format!("--from {}: {what}", from.display())).into());
    }
    let unread = |error: CopyError| anyhow::anyhow!("--from {}: {error}", from.display());
    let source = Source::open(from).await.map_err(unread)?;
    let (Some(tables), Some(out)) = (&args.tables, &args.out) else {
        let draft = draft(source.tables());
        source.close().await.map_err(unread)?;
        desk.screen.raw(&draft)?;
        return Ok(Ending::Done);
    };
    let ready = rows(args, tables, source.tables()).and_then(|rows| Ok((rows, begin(out, &mut desk)?)));
    let (rows, begun) = match ready {
        Ok(ready) => ready,
        // Whoever did not close it would leave its log behind.
        Err(error) => {
            source.close().await.map_err(unread)?;
            return Err(error);
        }
    };
    let (found, cut) = (source.tables().to_vec(), rows.cut().to_vec());
    let (masked, searched) = (rows.mask(), rows.searched());
    match copied(source, rows, begun, &mut desk).await? {
        (End::Interrupted, _) => {
            desk.screen.notes(&[Line::plain("Interrupted: nothing was written.")])?;
            Ok(Ending::Interrupted)
        }
        (_, Some(Ok((rows, emptied)))) => {
            let made = Made { found: &found, cut: &cut, emptied: &emptied, masked, searched };
            show::copy::copied(&made, &rows, out, desk.screen)?;
            Ok(Ending::Done)
        }
        (_, Some(Err(error))) => Err(anyhow::anyhow!("{error}.\nNothing was written.")),
        (_, None) => Err(anyhow::anyhow!("the work broke off: nothing was written")),
    }
}

fn rows(args: &Copy, file: &Path, found: &[Table]) -> anyhow::Result<Rows> {
    let tables: Decided = read("--tables", file)?;
    let tokens = tokens(&args.key)?;
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
    if is_standard(Some(out)) {
        return Err(Usage("--out -: a database is no stream; write the name of a file".to_owned()));
    }
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

/// What is listened with, and what is written to.
type Begun = (Run, Draft, Sink);

fn begin(out: &Path, desk: &mut Desk<'_>) -> anyhow::Result<Begun> {
    let place = place(out)?;
    let shown = desk.screen.live_notes(false);
    let run = Run::new(None, desk.world.now.clone(), desk.world.pace.tick, shown)?;
    let (draft, sink) = place.begin(desk.screen.output(), (desk.world.random)()?)?;
    Ok((run, draft, sink))
}

/// Rows of each table, and what is not in them; or why there is no copy.
type Outcome = Option<Result<(Vec<u64>, Emptied), String>>;

async fn copied(
    source: Source,
    mut rows: Rows,
    (mut run, draft, sink): Begun,
    desk: &mut Desk<'_>,
) -> anyhow::Result<(End, Outcome)> {
    let into = draft.path().unwrap_or(Path::new("")).to_owned();
    let (tell, told) = mpsc::channel();
    let stop = Arc::new(AtomicBool::new(false));
    let (stopped, runtime) = (Arc::clone(&stop), Handle::current());
    let work = move |done: &AtomicU64| {
        let progress = Progress { read: done, stop: &stopped };
        let found = source.tables().to_vec();
        let copied = runtime.block_on(source.copy(&into, &mut rows, &progress));
        // What was left empty can be why the database takes no copy, and says more.
        let emptied = rows.emptied(&found);
        let outcome = emptied.and_then(|emptied| Ok((copied.map_err(|error| error.to_string())?, emptied)));
        // Nobody listens any more if it was given up on.
        let _ = tell.send(outcome);
        Ok(())
    };
    let end = run.work(work, desk.screen).await;
    // Whoever is stopped closes the database first, so that nothing is left beside it.
    stop.store(true, Ordering::Relaxed);
    let outcome = told.recv_timeout(STOPS_WITHIN).ok();
    let end = end?;
    if let (End::Whole, Some(Ok(_))) = (&end, &outcome) {
        sink.finish()?;
        draft.publish()?;
    }
    Ok((end, outcome))
}
