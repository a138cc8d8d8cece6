//! `lacuna verify …`

use std::path::PathBuf;

use clap::Args;
use domain::Personal;

use super::{Given, given, personal};

const AFTER: &str = "\
No server is asked, and no token is needed: the key and the files are all there is.
  lacuna verify audit.jsonl receipt.json --key shop.example.key --since last-year.checkpoint
The key must come to you in another way than the files do: one that comes with them proves nothing.
Without --since a log that was cut back, or replaced by whoever has the key, is not noticed. Keep the
last checkpoint of each export, and give it the next time.
An identity is compared here, and never printed: `--identity email=-` reads it from standard input, and
then the salt with `--salt -`.

What is under no signature is not intact: anybody who had the file could have made it up. Entries that
were chained after the last checkpoint are signed by the next one, so ask for the export again then, or
accept them with --allow-unsigned.

Exit codes: 0 intact; 1 broken, behind the checkpoint of --since, or a receipt about somebody else;
2 unsigned, of a newer version, a pack that is not on record, unfinished or without all receipts,
unusable input, or freshness that could not be shown. Where both are so it is 1.";

/// What is checked, and with what.
#[derive(Args)]
#[command(
    after_help = AFTER,
    override_usage = "lacuna verify [OPTIONS] --key <KEY> <FILE>...\n       lacuna verify --page"
)]
pub struct Verify {
    /// Evidence packs, audit exports, receipts and checkpoints, in any order; `-` is standard input
    #[arg(value_name = "FILE", required_unless_present = "page")]
    pub files: Vec<PathBuf>,
    /// The log's public key, <name>+<hex>+<base64>, or a file with it, instead of `LACUNA_AUDIT_KEY`
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// A file with a checkpoint that you have seen before: the log must go on from it
    #[arg(long, value_name = "CHECKPOINT")]
    pub since: Option<PathBuf>,
    /// Accept entries after the last signed one, though anybody could have made them up
    #[arg(long)]
    pub allow_unsigned: bool,
    /// Say of each receipt whether it is about this person, such as `email=ines@example.com`
    #[arg(long, value_parser = given, value_name = "TYPE=VALUE", requires = "salt")]
    pub identity: Option<Given>,
    /// The receipt's salt, which `lacuna request salt` gives its person: 64 hex digits, or @FILE with them
    #[arg(long, value_parser = personal, value_name = "SALT", requires = "identity")]
    pub salt: Option<Personal>,
    /// Print a page that checks the same in a browser, offline, and nothing else
    #[arg(long, conflicts_with_all = ["files", "key", "since", "allow_unsigned", "identity"])]
    pub page: bool,
}
