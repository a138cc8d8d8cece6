//! `lacuna audit …`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::TenantId;

/// What can be done with the audit log.
#[derive(Subcommand)]
pub enum Command {
    /// Export a part of the log, as a file that proves itself
    #[command(after_help = EXPORT)]
    Export(Export),
    /// Pack what became of a period's requests, with the proofs, for a regulator
    #[command(after_help = PACK)]
    Pack(Pack),
    /// Get the last checkpoint: keep it, to see later whether the log was rolled back
    Checkpoint(Written),
    /// Print the public key that the log is checked with
    #[command(after_help = KEY)]
    Key,
}

const EXPORT: &str = "\
The file begins at a signed checkpoint before --from and ends at one after --to, if that is there by now,
so it has some more entries than were asked for. `lacuna verify FILE --key KEY` checks it, without an API.

--raw is for when the log is not what was signed: all entries as the table has them, without
checkpoints. `lacuna verify FILE --key KEY --since CHECKPOINT` says where it is wrong.";

const PACK: &str = "\
One archive: the figures (11 CCR 7102, GDPR Art. 5(2)) for people and programs, the log that they are
counted from, the receipts, and how to check it all: `lacuna verify FILE --key KEY`.
The log itself takes down that the pack was made. The proof of that comes with the next signed
checkpoint, within some five minutes, and is waited for, for twenty minutes at the most. The file is
there before: if the proof does not come, or the command breaks off, --finish FILE goes on.";

const KEY: &str = "\
A key that comes from where the files come from proves nothing: compare it with what the company
told you in another way, and keep it.";

/// `export`
#[derive(Args)]
pub struct Export {
    /// The beginning: 2026-10-01, or an instant
    #[arg(long, value_name = "DATE", required_unless_present = "raw")]
    pub from: Option<String>,
    /// The end: 2026-12-31 (all of that day), or an instant; now by default
    #[arg(long, value_name = "DATE")]
    pub to: Option<String>,
    /// The whole table as it stands, without checkpoints
    #[arg(long, conflicts_with_all = ["from", "to"])]
    pub raw: bool,
    #[command(flatten)]
    pub of: Of,
    #[command(flatten)]
    pub written: Written,
}

/// `pack`
#[derive(Args)]
pub struct Pack {
    /// A year, a quarter or a month, in UTC: 2026, 2026-Q4 or 2026-11. One that has not ended is packed as far as it is signed
    #[arg(long, value_name = "PERIOD", required_unless_present = "finish")]
    pub period: Option<String>,
    /// Go on with a pack that was made and lacks its proof: put it on record, if it is not, and add the proof
    #[arg(long, value_name = "FILE", conflicts_with_all = ["period", "out", "force", "no_wait"])]
    pub finish: Option<PathBuf>,
    #[command(flatten)]
    pub of: Of,
    /// The file; lacuna-PERIOD.zip by default
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Replace a file that is there
    #[arg(long)]
    pub force: bool,
    /// Do not put it on record: nothing then shows when it was made, and `verify` says so
    #[arg(long)]
    pub no_wait: bool,
}

/// Whose log it is. The token says so: this is for whoever has several.
#[derive(Args)]
pub struct Of {
    /// Whose log it has to be: where the token is another tenant's nothing is done
    #[arg(long, value_name = "NAME")]
    pub tenant: Option<TenantId>,
}

/// Where something is written.
#[derive(Args)]
pub struct Written {
    /// The file; standard output by default
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Replace a file that is there
    #[arg(long)]
    pub force: bool,
}
