//! `lacuna ledger …`

use clap::{Args, Subcommand};
use domain::StoreId;

/// What can be done about stores that were restored from a backup.
#[derive(Subcommand)]
pub enum Command {
    /// Say that a store was restored: it is not fit for traffic from now on
    #[command(after_help = RESTORED)]
    Restored(Restored),
    /// Erase again, from a restored store, whoever was erased after the backup was taken
    #[command(after_help = REPLAY)]
    Replay(Replay),
    /// See which stores are fit for traffic
    #[command(after_help = STATUS)]
    Status(Status),
}

const RESTORED: &str = "\
Find the time out: one that is too late leaves people in the store, and one that is too early erases
people who came back before the backup was taken.";

const REPLAY: &str = "\
First `--dry-run`, then the same with the number that it counted: `--expect N`.
The store is read from one end to the other, and then once more: the replay is done when nobody is found.
Ctrl-C only stops looking: the replay goes on, and the same command follows it again.
Exit code: 0 done, 1 it failed or could not be followed.";

const STATUS: &str =
    "Exit code: 0 every store that is shown is fit for traffic, 1 one is not, or it could not be told.";

/// `restored`
#[derive(Args)]
pub struct Restored {
    /// The store of the catalog
    #[arg(long, value_name = "STORE")]
    pub store: StoreId,
    /// The instant whose state the store has now: 2026-03-01T00:00:00Z
    #[arg(long, value_name = "TIME")]
    pub taken_at: String,
}

/// `replay`
#[derive(Args)]
pub struct Replay {
    /// The store of the catalog
    #[arg(long, value_name = "STORE")]
    pub store: StoreId,
    /// Only count: nothing is erased, and the store stays as unfit as it is
    #[arg(long)]
    pub dry_run: bool,
    /// The people whom a dry run of the last day has counted: without it nothing is begun
    #[arg(long, value_name = "N", conflicts_with = "dry_run")]
    pub expect: Option<u64>,
    /// Records that are read in a second, on the average of a minute
    #[arg(long, value_name = "N")]
    pub rate: Option<u32>,
}

/// `status`
#[derive(Args)]
pub struct Status {
    /// Only this store
    #[arg(long, value_name = "STORE")]
    pub store: Option<StoreId>,
}
