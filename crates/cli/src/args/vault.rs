//! `lacuna vault …`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use contract::vault::Purpose;

/// What can be done with sealed files and the vault's keys.
#[derive(Subcommand)]
pub enum Command {
    /// Seal a file of any length
    #[command(after_help = ENCRYPT)]
    Encrypt(Files),
    /// Open a file that `encrypt` sealed
    #[command(after_help = DECRYPT)]
    Decrypt(Files),
    /// Make a new version of a key: it seals from now on, and every earlier one still opens
    Rotate(Rotate),
    /// The keys, when they are rotated next, and what somebody should look at
    Status,
}

const ENCRYPT: &str = "\
The file gets a key of its own, which the API seals under the tenant's key `fields` and which stands at
the file's beginning: whoever may have it opened there may open the file.
  lacuna vault encrypt dump.sql -o dump.sql.sealed --context backup/2026-11
With --key-file neither the API nor a token is needed, and whoever has that key may open the file:
  (umask 077; head -c 32 /dev/urandom > backup.key)
  lacuna vault encrypt dump.sql -o dump.sql.sealed --context backup/2026-11 --key-file backup.key
OUT appears, readable by you alone, when all of it is written: never half of it.";

const DECRYPT: &str = "\
OUT appears, readable by you alone, when all of it is proved to be what was sealed. On standard output
each part is written as soon as it is proved: use it only if the exit code is 0, which says that
nothing is missing.
  lacuna vault decrypt dump.sql.sealed -o dump.sql --context backup/2026-11";

/// `encrypt` and `decrypt`
#[derive(Args)]
pub struct Files {
    /// What to read; standard input without it, or where it is `-`
    pub file: Option<PathBuf>,
    /// Where to write; standard output without it, or where it is `-`
    #[arg(long, short, value_name = "OUT")]
    pub out: Option<PathBuf>,
    /// What the file is: it opens only under this name. Not secret, never personal data
    #[arg(long, value_name = "NAME")]
    pub context: String,
    /// A file with a key of 32 bytes or 64 hex digits, which you alone can read; no API
    #[arg(long, value_name = "KEY")]
    pub key_file: Option<PathBuf>,
    /// Replace OUT if it is there; write sealed bytes even to a terminal
    #[arg(long)]
    pub force: bool,
}

/// `rotate`
#[derive(Args)]
pub struct Rotate {
    /// Which key
    pub key: Key,
}

/// A key that is rotated.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Key {
    /// What services and files are sealed under
    Fields,
    /// What the keys of single persons are sealed under
    Subjects,
}

impl From<Key> for Purpose {
    fn from(key: Key) -> Self {
        match key {
            Key::Fields => Self::Fields,
            Key::Subjects => Self::Subjects,
        }
    }
}
