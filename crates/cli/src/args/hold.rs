//! `lacuna hold …`

use clap::{Args, Subcommand};
use domain::{HoldId, Personal};

use super::request::Pages;
use super::{Given, given, personal};

/// What can be done with legal holds.
#[derive(Subcommand)]
pub enum Command {
    /// Place a hold on one identity
    #[command(after_help = ADD)]
    Add(Add),
    /// List holds
    List(Pages),
    /// Release a hold
    Release(Release),
}

const ADD: &str = "\
The identity is sent, and never printed or logged; `--email -` reads it from standard input.
A hold placed while stores are being erased stops the others, and says for which it came too late.";

/// `add`
#[derive(Args)]
pub struct Add {
    #[command(flatten)]
    pub whose: Whose,
    /// A reason code, such as litigation; never a name
    #[arg(long, value_name = "CODE")]
    pub reason: String,
    /// When to look whether it is still needed: 30d, 6mo, 2026-12-31
    #[arg(long, value_name = "DATE")]
    pub review_at: String,
    /// Names this call, so that sending it again does nothing twice; random by default
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
}

/// The identity that is held.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct Whose {
    /// An e-mail address of the person; `-` reads it from standard input
    #[arg(long, value_parser = personal, value_name = "ADDRESS")]
    pub email: Option<Personal>,
    /// Another identity, such as `customer_id=57`; TYPE=- reads the value
    #[arg(long, value_parser = given, value_name = "TYPE=VALUE")]
    pub identity: Option<Given>,
}

/// `release`
#[derive(Args)]
pub struct Release {
    /// The hold: `hold_…`
    pub id: HoldId,
}
