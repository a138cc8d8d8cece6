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
