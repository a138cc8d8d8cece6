//! `mask-logs`: write masked copies of the lines of log groups.
//!
//! `CloudWatch` Logs hands over lines of one stream at a time, of whatever group is subscribed. They are masked, and appended to
//! the stream of that name in the group's copy, `<group>/masked`. A delivery that comes twice, or is tried again after half of it was
//! appended, is in the copy twice: there is nothing by which the copy could tell. What was never appended is in the group
//! itself, so no line is kept anywhere else, and none is in an error.

mod batches;
mod delivery;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use contract::logs::{Invocation, Kind};
use domain::{Personal, TenantId};
use masking::Masker;
use ports::{LogCopies, LogLine};
use serde::Serialize;

use self::batches::{Batch, pieces};
use crate::error::StepError;
use crate::masking as by_rules;

/// What the name of a copy ends with.
const COPY: &str = "/masked";

/// The longest name of a log group, and of a stream, in characters.
const LONGEST_NAME: usize = 512;

/// What the step needs.
pub struct Ports {
    /// Tenants' rules, and the keys of their tokens.
    pub masking: by_rules::Ports,
    /// By whose rules lines are masked; without, everything that is found is shown in part.
    pub tenant: Option<TenantId>,
    /// The copies.
    pub copies: Arc<dyn LogCopies>,
    /// The log group that this function writes its own lines to.
    pub own_logs: String,
}

/// What became of the lines of a delivery.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Done {
    /// Lines that are in the copy. One that is too long is in it as several.
    pub copied: usize,
    /// Lines that are not, and never will be: of a group that has no copy, or too old.
    pub left_out: usize,
}

/// Runs the step. That a group has no copy is no error: it would be tried again, and if the group is the function's own, each
/// try would write the lines of the next.
pub async fn run(ports: &Ports, invocation: &Invocation) -> Result<Done, StepError> {
    let mut delivery = delivery::unpack(invocation.awslogs.data.expose())?;
    if delivery.message_type == Kind::Control {
        return Ok(Done::default());
    }
    let Some(copy) = copy_of(&delivery.log_group, &ports.own_logs) else {
        return Ok(Done { copied: 0, left_out: delivery.log_events.len() });
    };
    let masker = match &ports.tenant {
        Some(tenant) => by_rules::masker(&ports.masking, tenant).await?,
        None => Arc::default(),
    };
    let stream = stream_of(&masker, delivery.log_stream.expose())?;
    // They are taken from the earliest to the latest. Those of one instant keep their order.
    delivery.log_events.sort_by_key(|line| line.timestamp);
    let (mut batch, mut done) = (Batch::default(), Done::default());
    for line in &delivery.log_events {
        let text = mask(&masker, line.message.expose())?;
        for piece in pieces(text.expose()) {
            let line = LogLine { at: line.timestamp, text: Personal::new(piece) };
            if let Some(full) = batch.push(line) {
                append(ports, (&copy, &stream), &full, &mut done).await?;
            }
        }
    }
    append(ports, (&copy, &stream), &batch.rest(), &mut done).await?;
    Ok(done)
}

async fn append(
    ports: &Ports,
    (copy, stream): (&str, &str),
    lines: &[LogLine],
    done: &mut Done,
) -> Result<(), StepError> {
    if !lines.is_empty() {
        let refused = ports.copies.append(copy, stream, lines).await?;
        done.left_out += refused;
        done.copied += lines.len().saturating_sub(refused);
    }
    Ok(())
}

/// The name of a group's copy. A copy has none of its own, and neither has what this function itself writes: its lines would bring it
/// more lines.
fn copy_of(group: &str, own: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-/.#".contains(&byte);
    let may = !group.is_empty()
        && group != own
        && !group.ends_with(COPY)
        && group.len() <= LONGEST_NAME - COPY.len()
        && group.bytes().all(plain);
    may.then(|| format!("{group}{COPY}"))
}

/// The name of the stream in the copy: the same, but for what is found in it. Whoever writes logs may name a stream after a person.
fn stream_of(masker: &Masker, stream: &str) -> Result<String, StepError> {
    let mut name = Vec::with_capacity(stream.len());
    masker.mask(stream.as_bytes(), &mut name);
    let name = text(name)?;
    // These two are in no stream's name.
    Ok(name.chars().map(|c| if c == ':' || c == '*' { '-' } else { c }).take(LONGEST_NAME).collect())
}

/// A line as JSON if all of it is, and otherwise each of its lines for itself.
fn mask(masker: &Masker, line: &str) -> Result<Personal, StepError> {
    let (line, mut out) = (line.as_bytes(), Vec::with_capacity(line.len()));
    if masker.mask_json(line, &mut out).is_none() {
        masker.mask_lines(line, &mut out);
    }
    text(out).map(Personal::new)
}

fn text(bytes: Vec<u8>) -> Result<String, StepError> {
    String::from_utf8(bytes).map_err(|_| StepError::broken("mask", "a text became no text"))
}
