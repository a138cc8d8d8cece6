//! How long it takes to refuse: if that depended on which byte is wrong, it would tell.

use std::time::Instant;

use ::vault::{HEADER, open, seal};
use serde_json::json;

use super::ours::{Fresh, RECORD, TOOL, context, key};
use crate::run::middle;
use crate::{Failure, machine};

const TRIES: usize = 40_000;

/// Where a byte is wrong: its name, and its place in the message.
pub const PLACES: [(&str, usize); 7] = [
    ("magic", 0),
    ("version", 4),
    ("salt", 24),
    ("commitment", 56),
    ("check", 88),
    ("body", HEADER + RECORD / 2),
    ("tag", HEADER + RECORD + 15),
];

/// The median time to refuse each, taken in turns and not always in one order.
pub fn measure() -> Result<(), Failure> {
    let (key, context) = (key(), context("record-0"));
    let fine = seal(&key, &context, Fresh::new().take()?, &[5; RECORD])?;
    if open(&key, &context, &fine)? != [5; RECORD] {
        return Err("the message that nothing is wrong with does not open".into());
    }
    let messages: Vec<Vec<u8>> = PLACES
        .iter()
        .map(|(_, place)| {
            let mut wrong = fine.clone();
            wrong[*place] ^= 1;
            wrong
        })
        .collect();
    let mut times: Vec<Vec<f64>> = vec![Vec::with_capacity(TRIES); PLACES.len()];
    for number in 0..TRIES {
        for turn in 0..PLACES.len() {
            let at = (turn + number) % PLACES.len();
            let begun = Instant::now();
            let refused = std::hint::black_box(open(&key, &context, &messages[at])).is_err();
            let seconds = begun.elapsed().as_secs_f64();
            if !refused {
                return Err(format!("a wrong byte was not refused: {}", PLACES[at].0).into());
            }
            times[at].push(seconds);
        }
    }
    for ((name, _), times) in PLACES.iter().zip(&times) {
        let seconds = middle(times).unwrap_or_default();
        let what = format!("wrong: {name}");
        let version = machine::locked("aws-lc-rs");
        println!(
            "{}",
            json!({ "tool": TOOL, "version": version, "what": what, "count": 1, "seconds": seconds })
        );
    }
    Ok(())
}
