//! `lacuna catalog …`

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What can be done with a catalog file.
#[derive(Subcommand)]
pub enum Command {
    /// Check a catalog: who must mend what, where and how
    Check(Check),
    /// Print the JSON Schema of catalog files, for editors
    Schema,
}

/// `check`
#[derive(Args)]
pub struct Check {
    /// The catalog, YAML or JSON; `-` reads standard input
    pub file: PathBuf,
    /// Write the canonical JSON there, as it is published: its SHA-256 is the version
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}
