//! The log and the receipts of a pack.

use anyhow::Context as _;
use audit::pack::{AFTER, BEFORE, CHECKPOINT, LOG, MOST_RECEIPTS, no_receipt_name, receipt_name};
use audit::pack::{Closing, Counted, Log, NoReceipt, Receipts};
use audit::receipt::Unissuable;
use audit::tenant_of;
use audit::verify::{Export, Pinned};
use domain::Period;
use jiff::Timestamp;

use super::{Parts, later};
use crate::api::{Api, Call, Refusal};
use crate::commands::Desk;
use crate::ending::Usage;
use crate::pack::Bundle;
use crate::text::count;
use crate::text::time::day;

/// A pack that is being made.
pub struct Making<'a, 'd> {
    pub desk: &'a mut Desk<'d>,
    pub api: Api,
    pub bundle: Bundle,
}

impl Making<'_, '_> {
    /// Writes the log and its last checkpoint: what it is, and what it counts.
    pub async fn log(&mut self, pinned: &Pinned, period: Period) -> anyhow::Result<(Export, Counted)> {
        let tenant = tenant_of(pinned.key.name()).context("the API's key is of no tenant")?;
        let from = period.start().checked_sub(BEFORE).unwrap_or(Timestamp::MIN);
        let to = period.end().checked_add(AFTER).unwrap_or(Timestamp::MAX);
        self.desk.stage(&format!("Reading the log from {} to {}.", day(from), day(to)))?;
        let mut log = Log::new(pinned, tenant, period, [].into());
        let mut parts = Parts::new(&self.api, (from, to), true);
        self.bundle.begin(LOG)?;
        loop {
            let (lines, is_last) = parts.next().await?;
            self.bundle.write(lines.as_bytes())?;
            log.take(lines.as_bytes()).context("the API's export does not verify")?;
            if is_last {
                break;
            }
            let entries = log.entries();
            self.desk.progress(&format!("{entries} entries so far"))?;
        }
        self.bundle.end();
        let note = log.note();
        let read = log.finish().context(
            "the API's export proves nothing: where nothing is signed yet, wait for the first checkpoint",
        )?;
        let counted = read.counted.with_context(|| format!("{}. Nothing was packed", later(LOG)))?;
        self.bundle.put(CHECKPOINT, note.context("the API's export has no checkpoint")?.as_bytes())?;
        Ok((read.export, counted))
    }

    /// Writes the receipt of each closing, or that there is none.
    pub async fn receipts(&mut self, export: &Export, counted: &Counted) -> anyhow::Result<Receipts> {
        let all = counted.closings.len();
        if all > MOST_RECEIPTS {
            let text = format!(
                "{all} requests ended in this period, and a pack has {MOST_RECEIPTS} receipts at the most.\nGive a shorter \
                 --period. Nothing was packed."
            );
            return Err(Usage(text).into());
        }
        let (entries, ends) = (export.last + 1 - export.first, count(all as u64, "receipt"));
        self.desk.stage(&format!("It has {entries} entries. Fetching {ends}."))?;
        let mut receipts = Receipts::default();
        for (done, (seq, Closing { request, .. })) in counted.closings.iter().enumerate() {
            self.desk.progress(&format!("{done} of {ends}"))?;
            let entry = seq.to_string();
            let path = ["requests", request.as_str(), "receipt"];
            let call = || Call::get(path).asking("entry", Some(&entry));
            let is_final = |error: &anyhow::Error| unissuable(error).is_some();
            match self.desk.patiently(&self.api, call, is_final).await {
                Ok(Some(answer)) => {
                    receipts.issued += 1;
                    self.bundle.put(&receipt_name(request, *seq), answer.body.trim_end().as_bytes())?;
                }
                Ok(None) => anyhow::bail!(
                    "a receipt did not come with any checkpoint for so long: is the log being signed? See the alarms of \
                     checkpoint-audit. Nothing was packed."
                ),
                Err(error) => {
                    let why = unissuable(&error).ok_or(error)?;
                    receipts.miss(why);
                    let none = NoReceipt::new(request.clone(), *seq, why);
                    self.bundle.put(&no_receipt_name(request, *seq), &none.bytes())?;
                }
            }
        }
        Ok(receipts)
    }
}

/// Why there is no receipt, if the API says that it cannot be issued: so far, or for good.
fn unissuable(error: &anyhow::Error) -> Option<Unissuable> {
    error.downcast_ref::<Refusal>().and_then(Refusal::code).and_then(Unissuable::parse)
}
