//! `lacuna audit …`

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What can be done with the audit log.
#[derive(Subcommand)]
pub enum Command {
    /// Export a part of the log, as a file that proves itself
    #[command(after_help = EXPORT)]
    Export(Export),
    /// Get the last checkpoint: keep it, to see later whether the log was rolled back
    Checkpoint(Written),
    /// Print the public key that the log is checked with
    #[command(after_help = KEY)]
    Key,
}

const EXPORT: &str = "\
The file begins at a signed checkpoint before --from and ends at one after --to, if that is there by now,
so it has some more entries than were asked for. `lacuna verify FILE --key KEY` checks it, without an API.";

const KEY: &str = "\
A key that comes from where the files come from proves nothing: compare it with what the company
told you in another way, and keep it.";

/// `export`
#[derive(Args)]
pub struct Export {
    /// The beginning: 2026-10-01, or an instant
    #[arg(long, value_name = "DATE")]
    pub from: String,
    /// The end: 2026-12-31 (all of that day), or an instant; now by default
    #[arg(long, value_name = "DATE")]
    pub to: Option<String>,
    #[command(flatten)]
    pub written: Written,
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
