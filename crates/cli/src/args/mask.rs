//! `lacuna mask`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
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
has them all, and says what is found and what is not.
Tables, column by column: `lacuna mask table --help`. Databases: `lacuna mask copy --help`.";

const TABLE: &str = "\
For a copy that developers work with. A file says what becomes of each column:
  columns:
    CustomerId: {what: number, field: customer}
    Email: {what: token_shape, kind: email}
    FirstName: redact
    Comments: text
    Total: keep
keep; text (personal data in it is masked by `rules`); empty; number (a whole number that stands for it);
redact, stars, partial, token, token_shape as for text. Columns of one field have the same token for the
same value, in every table, so joins still work. A column that is not named is refused, and nothing is
written, unless the file says `others: text` or `others: empty`. In JSON lines a name is the way to a
member (address.city); items of arrays have the array's name.
  lacuna mask table --columns customers.yaml --key-file mask.key < customers.csv > masked.csv
  lacuna mask table --columns orders.yaml --key-file mask.key --format jsonl < orders.jsonl > masked.jsonl
docs/masking.md has more.";

const COPY: &str = "\
For data that developers work with: a SQLite database, masked column by column into another one. A file says
what becomes of each column; --draft writes a first one, in which nothing of any value can be seen:
  lacuna mask copy --from shop.db --draft > tables.yaml
  tables:
    Customer:
      CustomerId: {what: number, field: customer}
      Email: {what: token_shape, kind: email}
      Country: keep
    Genre: keep
    Log: empty
A table is keep, text, empty, or its columns, which are as for `lacuna mask table`. A table or a column that is
not named is refused, and nothing is written, unless the file says `others: text` or `others: empty`.
  (umask 077; head -c 32 /dev/urandom > mask.key)
  lacuna mask copy --from shop.db --tables tables.yaml --key-file mask.key --out dev.db
All of it is of one moment. Every row that referred to another one refers to it still, or there is no copy.
docs/masking.md has more.";

/// How it is masked.
#[derive(Args)]
#[command(
    after_help = AFTER,
    args_conflicts_with_subcommands = true,
    override_usage = "lacuna mask [OPTIONS] < IN > OUT\n       lacuna mask table [OPTIONS] --columns <FILE> < IN > OUT\n       lacuna mask copy [OPTIONS] --from <DATABASE> --tables <FILE> --out <COPY>"
)]
pub struct Mask {
    /// Something else than text
    #[command(subcommand)]
    pub of: Option<Command>,
    /// A file with rules: which kinds, which modes, patterns of your own
    #[arg(long, value_name = "FILE")]
    pub rules: Option<PathBuf>,
    /// What is written instead, for every kind that the rules do not name
    #[arg(long, value_name = "MODE", value_parser = Mode::named)]
    pub mode: Option<Mode>,
    #[command(flatten)]
    pub key: TokenKey,
}

/// What tokens are made with.
#[derive(Args)]
pub struct TokenKey {
    /// A file with the key of tokens, 32 bytes or 64 hex digits, which you alone can read
    #[arg(long, value_name = "KEY")]
    pub key_file: Option<PathBuf>,
    /// Whose tokens they are: another tenant's differ
    #[arg(long, value_name = "NAME", default_value = "default", requires = "key_file")]
    pub tenant: String,
}

/// What is masked.
#[derive(Subcommand)]
pub enum Command {
    /// A table, column by column: CSV or JSON lines
    Table(Table),
    /// A database, table by table: SQLite
    Copy(Copy),
}

/// A table.
#[derive(Args)]
#[command(after_help = TABLE, override_usage = "lacuna mask table [OPTIONS] --columns <FILE> < IN > OUT")]
pub struct Table {
    /// A file that says what becomes of each column
    #[arg(long, value_name = "FILE")]
    pub columns: PathBuf,
    /// What is read and written: CSV with a header (RFC 4180), or a JSON object a line
    #[arg(long, value_enum, default_value = "csv")]
    pub format: Format,
    /// What stands between the values of CSV
    #[arg(long, value_name = "CHARACTER", default_value = ",", value_parser = delimiter)]
    pub delimiter: u8,
    /// What stands without quotes where CSV has no value, as exporters write it (\N, NULL): it stays
    #[arg(long, value_name = "TEXT")]
    pub null: Option<String>,
    #[command(flatten)]
    pub key: TokenKey,
}

/// A database.
#[derive(Args)]
#[command(
    after_help = COPY,
    override_usage = "lacuna mask copy [OPTIONS] --from <DATABASE> --tables <FILE> --out <COPY>\n       lacuna mask copy --from <DATABASE> --draft"
)]
pub struct Copy {
    /// The database's file; it is only read
    #[arg(long, value_name = "DATABASE")]
    pub from: PathBuf,
    /// A file that says what becomes of each table and column
    #[arg(long, value_name = "FILE", required_unless_present = "draft", requires = "out")]
    pub tables: Option<PathBuf>,
    /// The copy's file, which must not be there yet
    #[arg(long, value_name = "COPY", requires = "tables")]
    pub out: Option<PathBuf>,
    /// Write a first file for --tables to standard output, and copy nothing
    #[arg(long, conflicts_with_all = ["tables", "out", "key_file"])]
    pub draft: bool,
    #[command(flatten)]
    pub key: TokenKey,
}

/// How a table is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Csv,
    Jsonl,
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"\\t" => Ok(b'\t'),
        [byte] if byte.is_ascii() && !b"\"\r\n".contains(byte) => Ok(*byte),
        _ => Err("write one character, such as ; or \\t".to_owned()),
    }
}
