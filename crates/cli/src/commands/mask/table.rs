//! `lacuna mask table`

use std::io;
use std::sync::atomic::AtomicU64;

use masking::{Columns, RulesError};

use super::super::Desk;
use super::encoding::readable;
use super::{end, key_is_missing, read, tokens};
use crate::args::mask::{Format, Table};
use crate::ending::{Ending, Usage};
use crate::seal::Run;
use crate::table;

/// Masks the table on standard input.
pub async fn run(args: &Table, mut desk: Desk<'_>) -> anyhow::Result<Ending> {
    if let Some(null) = &args.null {
        is_usable(null, args)?;
    }
    let made = made(args)?;
    let shown = desk.screen.live_notes(true);
    let mut run = Run::new(None, desk.world.now.clone(), desk.world.pace.tick, shown)?;
    let input = std::mem::replace(&mut desk.world.stdin, Box::new(io::empty()));
    let output = desk.screen.output();
    let format = args.format;
    let form = table::Form { delimiter: args.delimiter, null: args.null.clone() };
    let work = move |done: &AtomicU64| {
        let input = readable(input)?;
        match format {
            Format::Csv => table::csv(&made, &form, input, &output, done),
            Format::Jsonl => table::json_lines(&made, input, &output, done),
        }
    };
    let how = run.work(work, desk.screen).await?;
    end(how, run.done(), desk.screen)
}

/// What nobody could read back stands for nothing.
fn is_usable(null: &str, args: &Table) -> Result<(), Usage> {
    let special = |byte: u8| byte == args.delimiter || matches!(byte, b'"' | b'\n' | b'\r');
    let what = match args.format {
        Format::Jsonl => "in JSON lines no value is null, and needs no name",
        Format::Csv if null.bytes().any(special) => {
            "it stands without quotes, so it has no delimiter, quote or line end in it"
        }
        Format::Csv => return Ok(()),
    };
    Err(Usage(format!("--null: {what}")))
}

fn made(args: &Table) -> anyhow::Result<masking::Table> {
    let columns: Columns = read("--columns", &args.columns)?;
    let tokens = tokens(&args.key)?;
    masking::Table::new(&columns, tokens).map_err(|error| {
        match error {
            RulesError::NoKey => key_is_missing(),
            error => Usage(format!("--columns {}: {error}", args.columns.display())),
        }
        .into()
    })
}
