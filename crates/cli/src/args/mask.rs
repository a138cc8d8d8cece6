//! `lacuna mask`

use std::path::PathBuf;

use clap::Args;
use masking::Mode;

const AFTER: &str = "\
Standard input is masked to standard output, line by line, in constant memory:
  lacuna mask < app.log > masked.log
  tail -f app.log | lacuna mask --mode redact
Modes: redact ([email]), stars (***), partial (j***@example.com, last four of a card), token (a keyed
stand-in), token_shape (one of the same shape), off. A hash without a key is none: it hides nothing.
Tokens need a key, and are the same for the same key and tenant:
  (umask 077; head -c 32 /dev/urandom > mask.key)
  lacuna mask --mode token --key-file mask.key --tenant shop < app.log
Rules are YAML or JSON: `default`, `kinds` by name, `custom` with a name and a pattern each. docs/masking.md
has them all, and says what is found and what is not.";

/// How it is masked.
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Mask {
    /// A file with rules: which kinds, which modes, patterns of your own
    #[arg(long, value_name = "FILE")]
    pub rules: Option<PathBuf>,
    /// What is written instead, for every kind that the rules do not name
    #[arg(long, value_name = "MODE", value_parser = Mode::named)]
    pub mode: Option<Mode>,
    /// A file with the key of tokens, 32 bytes or 64 hex digits, which you alone can read
    #[arg(long, value_name = "KEY")]
    pub key_file: Option<PathBuf>,
    /// Whose tokens they are: another tenant's differ
    #[arg(long, value_name = "NAME", default_value = "default", requires = "key_file")]
    pub tenant: String,
}
