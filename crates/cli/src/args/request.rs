//! `lacuna request …`

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand, ValueEnum};
use domain::Status;
use domain::clock::Jurisdiction;
use domain::export::{Format, Place, is_version};
use domain::request::RequestType;
use domain::{Personal, RequestId};

use super::{Given, given, personal};

/// What can be done with requests.
#[derive(Subcommand)]
pub enum Command {
    /// Submit a request
    #[command(after_help = SUBMIT)]
    Submit(Submit),
    /// Where a request is, and what became of the person's records in each store
    Status(One),
    /// Follow a request until it ends, can be fetched, is parked, or the time is up
    #[command(after_help = WATCH)]
    Watch(WatchOne),
    /// Withdraw a request: possible until erasing begins; what was hidden is shown again
    Cancel(One),
    /// Set a parked request going again
    Resume(Resume),
    /// Accept that nothing proves what some stores did not find, for a request parked with `store-unproven`
    #[command(after_help = ACCEPT)]
    Accept(Accept),
    /// Leave what was found again after the end, for a request parked with `person-found-again`
    Dismiss(Dismiss),
    /// Say how the person was verified, for a request that waits for it
    Verify(Verify),
    /// Everything that happened to a request
    Timeline(One),
    /// Get the receipt of a request that has ended: what was done, and the proof
    Receipt(Receipt),
    /// Get the salt of one's own receipt: with it, and nobody without it, it can be shown whose the receipt is
    #[command(after_help = SALT)]
    Salt(Receipt),
    /// Fetch a package into a file, with the person's own token
    #[command(after_help = FETCH)]
    Fetch(Fetch),
    /// Make a download code for a person without a login; the one before ends
    #[command(after_help = CODE)]
    Code(One),
    /// From where packages were fetched: kept for 30 days. That you looked is in the audit
    Downloads(One),
    /// List requests
    List(List),
}

const SUBMIT: &str = "\
Identities are sent, and never printed or logged. To keep one out of the shell's history and the
list of processes, write `-` and give it on standard input, one line for each `-`: e-mail addresses
first, then other identities, then the reference, then the passphrase.
  lacuna request submit --type erasure --email - --jurisdiction EU < address.txt
A token of role `subject` says itself who it is about: give no identity then.
A passphrase is never an argument: every user of the machine can read the list of processes.
  (umask 077; openssl rand -base64 24 > secret.txt)
  lacuna request submit --type access --jurisdiction EU --passphrase-file secret.txt
Submitting twice with the same --idempotency-key is submitting once.";

const ACCEPT: &str = "\
Only a privacy officer may, and it takes two different ones: the second one sets the request going, which then ends as
partially_fulfilled, unless the stores find their control person after all.";

const WATCH: &str = "\
Exit codes: 0 fulfilled, or the person can fetch it; 3 ended otherwise, 4 parked, 5 still open when
the time was up, 130 interrupted. Watching changes nothing: the request goes on without it.
An access or portability request is followed until its package can be fetched, not until that is
destroyed; an erasure with --export-first until it ends.";

const FETCH: &str = "\
Only the person's own token fetches a package, and each run uses up one of its links. FILE appears,
readable by you alone, when all of it is there and its SHA-256 is the one that the request names.
What breaks off leaves nothing, and is not resumed: run it again.";

const SALT: &str = "\
Only the person's own token gets it. Then `lacuna verify RECEIPT --key KEY --identity email=- --salt @FILE`
says whether the receipt is about an address, and whether the stores were asked for it.";

const CODE: &str = "\
The code is shown once and kept nowhere. It gives out a few links to what the person may fetch, until
that is destroyed: give it to them by a way that only they read. A code that was made before ends.";

/// One request.
#[derive(Args)]
pub struct One {
    /// The request: `req_…`
    pub id: RequestId,
}

/// `receipt` and `salt`
#[derive(Args)]
pub struct Receipt {
    #[command(flatten)]
    pub one: One,
    #[command(flatten)]
    pub written: super::audit::Written,
}

/// `submit`
#[derive(Args)]
pub struct Submit {
    /// What is asked for
    #[arg(long = "type", value_name = "TYPE")]
    pub kind: Kind,
    #[command(flatten)]
    pub copy: Copied,
    /// An e-mail address of the person; `-` reads it from standard input
    #[arg(long, value_parser = personal, value_name = "ADDRESS")]
    pub email: Vec<Personal>,
    /// Another identity of the same person, such as `customer_id=57`; TYPE=- reads the value
    #[arg(long, value_parser = given, value_name = "TYPE=VALUE")]
    pub identity: Vec<Given>,
    /// The law it is asked under
    #[arg(long, ignore_case = true, value_name = "LAW")]
    pub jurisdiction: Law,
    /// How the person was verified: session, email, document, …
    #[arg(long, value_name = "METHOD", requires = "reference")]
    pub verified_by: Option<String>,
    /// When: `now`, or 2026-11-04T09:00:00Z
    #[arg(long, value_name = "TIME", requires = "verified_by", default_value = "now")]
    pub verified_at: String,
    /// Your own record of the verification; `-` reads it from standard input
    #[arg(long, alias = "verification-reference", value_parser = personal, value_name = "REFERENCE", requires = "verified_by")]
    pub reference: Option<Personal>,
    /// Names this submission, so that sending it again does nothing twice; random by default
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
    /// Follow it afterwards, as `request watch` does
    #[arg(long)]
    pub watch: bool,
    #[command(flatten)]
    pub patience: Patience,
}

/// What a submission says about the copy that the person gets.
#[derive(Args)]
pub struct Copied {
    /// With an erasure: first give the person what is held, and the time to fetch it
    #[arg(long)]
    pub export_first: bool,
    /// The form of the files: json (by default), csv or xml
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<Form>,
    /// Encrypt the package for an age recipient, `age1…`, whose secret key opens it
    #[arg(long, value_parser = personal, value_name = "RECIPIENT", conflicts_with = "passphrase_file")]
    pub recipient: Option<Personal>,
    /// Encrypt it with the passphrase in FILE, which you alone can read; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// How new the data of a store or a collection must be, such as `crm/contacts=57` or `shop=2026-11-04T09:00:00Z`
    #[arg(long, value_parser = min_version, value_name = "STORE=VERSION")]
    pub min_version: Vec<(Place, String)>,
}

/// `accept`
#[derive(Args)]
pub struct Accept {
    #[command(flatten)]
    pub one: One,
    /// Why, as a code of a-z, 0-9, `-` and `_`, such as `store-retired`
    #[arg(long, value_name = "CODE")]
    pub reason: String,
}

/// `resume`
#[derive(Args)]
pub struct Resume {
    #[command(flatten)]
    pub one: One,
    /// Erase again who was found after the end, for a request parked with `person-found-again`
    #[arg(long)]
    pub erase_again: bool,
}

/// `dismiss`
#[derive(Args)]
pub struct Dismiss {
    #[command(flatten)]
    pub one: One,
    /// Why, as a code of a-z, 0-9, `-` and `_`, such as `came-back-by-themselves`
    #[arg(long, value_name = "CODE")]
    pub reason: String,
}

/// `fetch`
#[derive(Args)]
pub struct Fetch {
    #[command(flatten)]
    pub one: One,
    /// Where to write; the name that the package has, in this folder, without it
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Which package, where there are several
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub package: u32,
    /// Replace FILE if it is there
    #[arg(long)]
    pub force: bool,
}

/// `watch`
#[derive(Args)]
pub struct WatchOne {
    #[command(flatten)]
    pub one: One,
    #[command(flatten)]
    pub patience: Patience,
}

/// How long a watch lasts.
#[derive(Args)]
pub struct Patience {
    /// How long to watch: 90s, 15m, 2h
    #[arg(long, value_name = "TIME", default_value = "15m")]
    pub timeout: String,
    /// Go on watching a parked request that is tried again by itself
    #[arg(long)]
    pub through_parked: bool,
}

/// `verify`
#[derive(Args)]
pub struct Verify {
    #[command(flatten)]
    pub one: One,
    /// How the person was verified: session, email, document, …
    #[arg(long, value_name = "METHOD")]
    pub method: String,
    /// Your own record of the verification; `-` reads it from standard input
    #[arg(long, value_parser = personal, value_name = "REFERENCE")]
    pub reference: Personal,
    /// When: `now`, or 2026-11-04T09:00:00Z
    #[arg(long, value_name = "TIME", default_value = "now")]
    pub at: String,
}

/// `list`
#[derive(Args)]
pub struct List {
    /// Only those of this status
    #[arg(long, value_parser = statuses(), value_name = "STATUS")]
    pub status: Option<String>,
    #[command(flatten)]
    pub pages: Pages,
}

/// Which part of a list.
#[derive(Args)]
pub struct Pages {
    /// Every page, not only the first
    #[arg(long)]
    pub all: bool,
    /// The page that begins here: what the page before ended with
    #[arg(long, value_name = "CURSOR")]
    pub cursor: Option<String>,
}

fn min_version(text: &str) -> Result<(Place, String), String> {
    let form = "write it as STORE=VERSION, with a whole number or a time as the version: \
                `crm/contacts=57`, `shop=2026-11-04T09:00:00Z`";
    let (place, version) = text.split_once('=').filter(|(_, version)| is_version(version)).ok_or(form)?;
    Ok((place.parse().map_err(|_| form)?, version.to_owned()))
}

fn statuses() -> PossibleValuesParser {
    PossibleValuesParser::new(Status::ALL.map(Status::as_str))
}

/// The type of a request.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Kind {
    /// Erase what is held about the person
    Erasure,
    /// Give the person what is held about them
    Access,
    /// Give it in a form that other services can read
    Portability,
}

impl From<Kind> for RequestType {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Erasure => Self::Erasure,
            Kind::Access => Self::Access,
            Kind::Portability => Self::Portability,
        }
    }
}

/// The form of the files in a package.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Form {
    /// JSON Lines: one record a line
    Json,
    /// For spreadsheets
    Csv,
    /// XML 1.0
    Xml,
}

impl From<Form> for Format {
    fn from(form: Form) -> Self {
        match form {
            Form::Json => Self::Json,
            Form::Csv => Self::Csv,
            Form::Xml => Self::Xml,
        }
    }
}

/// The law whose clock runs.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Law {
    /// GDPR: one month
    #[value(name = "EU")]
    Eu,
    /// UK GDPR: one month
    #[value(name = "UK")]
    Uk,
    /// CCPA, California: 45 days
    #[value(name = "US-CA")]
    UsCa,
}

impl From<Law> for Jurisdiction {
    fn from(law: Law) -> Self {
        match law {
            Law::Eu => Self::Eu,
            Law::Uk => Self::Uk,
            Law::UsCa => Self::UsCa,
        }
    }
}
