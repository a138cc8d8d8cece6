//! The command line: what it looks like, and how a wrong one is explained.

pub mod audit;
pub mod catalog;
pub mod hold;
pub mod ledger;
pub mod mask;
pub mod request;
pub mod vault;
pub mod verify;

use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Parser, Subcommand};
use domain::Personal;
use domain::identity::IdentityType;

use crate::ending::Ending;
use crate::screen::Screen;

/// Data subject requests, legal holds, catalogs, sealed files and proofs, from the command line.
#[derive(Parser)]
#[command(name = "lacuna", version, after_help = AFTER)]
pub struct Arguments {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

const AFTER: &str = "\
Environment:
  LACUNA_URL    where the API is; https, or http on this machine
  LACUNA_TOKEN  a token whose role may do it
  LACUNA_AUDIT_KEY  the public key that `verify` checks with
  NO_COLOR      set: no colours
`make up` writes the first two to target/local/env.sh; `. target/local/env.sh` sets them.

Exit codes: 0 done, 1 failed, 2 wrong command line or environment. A watched request: 0 fulfilled or
ready to be fetched, 3 ended otherwise, 4 parked, 5 still open when the time was up. 130 interrupted.";

const COMMON: &str = "Common options";

/// What every command understands.
#[derive(Args)]
pub struct Global {
    /// Where the API is, instead of `LACUNA_URL`
    #[arg(long, global = true, value_name = "URL", help_heading = COMMON)]
    pub url: Option<String>,
    /// A file with the token, instead of `LACUNA_TOKEN`
    #[arg(long, global = true, value_name = "FILE", help_heading = COMMON)]
    pub token_file: Option<PathBuf>,
    /// For machines: the API's bodies as they are
    #[arg(long, global = true, help_heading = COMMON)]
    pub json: bool,
}

/// What there is to do.
#[derive(Subcommand)]
pub enum Command {
    /// Submit a request, follow it, change its course
    #[command(subcommand)]
    Request(request::Command),
    /// Legal holds: while one stands, nothing of that person is erased
    #[command(subcommand)]
    Hold(hold::Command),
    /// Stores that were restored from a backup, and the erasure ledger
    #[command(subcommand)]
    Ledger(ledger::Command),
    /// The catalog of stores: check it, print its schema (needs no API)
    #[command(subcommand)]
    Catalog(catalog::Command),
    /// Seal files and open them; the keys of the vault, and when they are rotated
    #[command(subcommand)]
    Vault(vault::Command),
    /// The audit log: export it, pack a period for a regulator, get its last checkpoint and its key
    #[command(subcommand)]
    Audit(audit::Command),
    /// Mask personal data in a log or any other text, from standard input (needs no API)
    Mask(mask::Mask),
    /// Check evidence packs, audit exports, receipts and checkpoints, with a public key and nothing else (needs no API)
    Verify(verify::Verify),
}

/// `type=value`, as it stands on the command line.
#[derive(Clone)]
pub struct Given {
    /// The type.
    pub kind: IdentityType,
    /// The value, or `-`.
    pub value: Personal,
}

// Parsers of personal data accept whatever it is: clap quotes what a parser refuses. What is wrong
// with it is found afterwards, in `input`, and said without quoting it.
#[allow(clippy::unnecessary_wraps, reason = "clap's signature")]
fn personal(text: &str) -> Result<Personal, std::convert::Infallible> {
    Ok(Personal::new(text))
}

fn given(text: &str) -> Result<Given, String> {
    let form = "write it as TYPE=VALUE, such as `customer_id=57`; TYPE=- reads the value";
    let (kind, value) = text.split_once('=').ok_or(form)?;
    Ok(Given { kind: kind.parse().map_err(|_| form)?, value: Personal::new(value) })
}

/// Whether it is one of the words that may stand behind `lacuna mask`.
fn is_of_mask(word: &str) -> bool {
    word == "help" || mask::Command::has_subcommand(word)
}

/// Prints help, or what is wrong with the command line. What was typed is not repeated where it
/// could be an identity in the wrong place.
pub fn explain(mut error: clap::Error, screen: &mut Screen) -> u8 {
    if !error.use_stderr() {
        let _ = screen.raw(&error.render().to_string());
        return Ending::Done.code();
    }
    let hidden = || ContextValue::String("…".to_owned());
    let mut hint = "";
    let used =
        |what: &str| error.get(ContextKind::Usage).is_some_and(|usage| usage.to_string().contains(what));
    let has = |what: ContextKind| error.get(what).is_some();
    // Behind an option a stray word is told as a subcommand that does not go with it.
    let conflicts = error.kind() == ErrorKind::ArgumentConflict
        && error.get(ContextKind::InvalidSubcommand).is_some_and(|word| !is_of_mask(&word.to_string()));
    let is_unknown = matches!(error.kind(), ErrorKind::InvalidSubcommand | ErrorKind::UnknownArgument);
    let typed = |name: &str| {
        error
            .get(ContextKind::InvalidArg)
            .is_some_and(|typed| typed.to_string().split('=').next() == Some(name))
    };
    let is_stray =
        conflicts || is_unknown && !has(ContextKind::SuggestedSubcommand) && !has(ContextKind::SuggestedArg);
    let rules = error.kind() == ErrorKind::UnknownArgument && typed("--rules") && used("lacuna mask ");
    let of =
        |names: &[&str]| error.kind() == ErrorKind::UnknownArgument && names.iter().any(|name| typed(name));
    let is_option =
        error.get(ContextKind::InvalidArg).is_some_and(|typed| typed.to_string().starts_with('-'));
    let is_plain = used("lacuna mask [OPTIONS] <");
    if is_plain && of(&["--columns", "--format", "--delimiter", "--null"]) {
        hint = "That is an option of `lacuna mask table`: see `lacuna mask table --help`.\n";
        error.remove(ContextKind::SuggestedArg);
    } else if is_plain && of(&["--from", "--tables", "--out", "--draft"]) {
        hint = "That is an option of `lacuna mask copy`: see `lacuna mask copy --help`.\n";
        error.remove(ContextKind::SuggestedArg);
    } else if is_option && !rules {
        hint = "";
    } else if rules {
        hint = "Rules for a table or a database stand in the file of `--columns` or `--tables`, below `rules`.\n";
        error.remove(ContextKind::SuggestedArg);
    } else if is_stray && used("lacuna mask table ") && !used("lacuna mask copy ") {
        hint = "`lacuna mask table` reads standard input: `lacuna mask table --columns FILE < TABLE`.\n";
    } else if is_stray && used("lacuna mask [OPTIONS] <") {
        hint = "`lacuna mask` reads standard input: `lacuna mask < FILE`.\n";
    }
    if error.kind() == ErrorKind::InvalidSubcommand || conflicts {
        error.insert(ContextKind::InvalidSubcommand, hidden());
        // The tip says how to pass it as a value, and quotes it.
        error.remove(ContextKind::Suggested);
    }
    if error.get(ContextKind::InvalidValue).is_some_and(|v| *v != ContextValue::String(String::new())) {
        error.insert(ContextKind::InvalidValue, hidden());
    }
    if error.kind() == ErrorKind::UnknownArgument {
        let typed = error.get(ContextKind::InvalidArg).map(ToString::to_string);
        let typed = typed.unwrap_or_default();
        let name = typed.split('=').next().unwrap_or_default();
        let plain = |ch: char| ch.is_ascii_lowercase() || ch == '-';
        let shown = if name.starts_with("--") && name.chars().all(plain) { name } else { "…" };
        error.insert(ContextKind::InvalidArg, ContextValue::String(shown.to_owned()));
        // The tip says how to pass what looks like an option as a value, and quotes it.
        error.remove(ContextKind::Suggested);
    }
    let _ = screen.complaint(&format!("{}{hint}", error.render()));
    Ending::Usage.code()
}
