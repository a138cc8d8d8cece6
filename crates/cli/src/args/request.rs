//! `lacuna request …`

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand, ValueEnum};
use domain::Status;
use domain::clock::Jurisdiction;
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
    /// Follow a request until it ends, is parked, or the time is up
    #[command(after_help = WATCH)]
    Watch(WatchOne),
    /// Withdraw a request: possible until erasing begins; what was hidden is shown again
    Cancel(One),
    /// Set a parked request going again
    Resume(One),
    /// Say how the person was verified, for a request that waits for it
    Verify(Verify),
    /// Everything that happened to a request
    Timeline(One),
    /// List requests
    List(List),
}

const SUBMIT: &str = "\
Identities are sent, and never printed or logged. To keep one out of the shell's history and the
list of processes, write `-` and give it on standard input, one line for each `-`: e-mail addresses
first, then other identities, then the reference.
  lacuna request submit --type erasure --email - --jurisdiction EU < address.txt
A token of role `subject` says itself who it is about: give no identity then.
Submitting twice with the same --idempotency-key is submitting once.";

const WATCH: &str = "\
Exit codes: 0 fulfilled, 3 ended otherwise, 4 parked, 5 still open when the time was up,
130 interrupted. Watching changes nothing: the request goes on without it.";

/// One request.
#[derive(Args)]
pub struct One {
    /// The request: `req_…`
    pub id: RequestId,
}

/// `submit`
#[derive(Args)]
pub struct Submit {
    /// What is asked for
    #[arg(long = "type", value_name = "TYPE")]
    pub kind: Kind,
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

fn statuses() -> PossibleValuesParser {
    PossibleValuesParser::new(Status::ALL.map(Status::as_str))
}

/// The type of a request.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Kind {
    /// Erase what is held about the person
    Erasure,
}

impl From<Kind> for RequestType {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Erasure => Self::Erasure,
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
