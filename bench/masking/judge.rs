//! Precision and recall: how much of what is found is there, and how much of what is there is found.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Labelled;
use crate::Failure;

/// Findings of one kind.
#[derive(Default, Clone, Copy)]
pub struct Counts {
    pub right: u32,
    pub wrong: u32,
    pub missed: u32,
}

impl Counts {
    /// What was found and is there, of all that was found; of none all are.
    pub fn precision(self) -> f64 {
        share(self.right, self.right + self.wrong)
    }

    /// What was found and is there, of all that is there.
    pub fn recall(self) -> f64 {
        share(self.right, self.right + self.missed)
    }

    fn add(&mut self, other: Self) {
        self.right += other.right;
        self.wrong += other.wrong;
        self.missed += other.missed;
    }
}

fn share(part: u32, whole: u32) -> f64 {
    if whole == 0 { f64::NAN } else { f64::from(part) / f64::from(whole) }
}

/// What a tool found in a corpus, by kind.
pub struct Judged {
    pub tool: String,
    pub counts: BTreeMap<String, Counts>,
}

impl Judged {
    /// By what a worker says: the tool, the kinds that it knows, and for each text a list of kind, start and end. A finding is right if kind
    /// and place are exactly those of the label.
    pub fn new(labelled: &[Labelled], said: &Value) -> Result<Self, Failure> {
        let kinds: Vec<String> = serde_json::from_value(said["kinds"].clone())?;
        let found: Vec<Vec<(String, usize, usize)>> = serde_json::from_value(said["findings"].clone())?;
        let tool = said["tool"].as_str().ok_or("no tool")?.to_owned();
        if found.len() != labelled.len() {
            return Err(format!("{tool}: {} texts of {}", found.len(), labelled.len()).into());
        }
        let mut counts: BTreeMap<String, Counts> =
            kinds.iter().map(|kind| (kind.clone(), Counts::default())).collect();
        for (label, found) in labelled.iter().zip(&found) {
            for finding in found {
                let counts = counts.get_mut(&finding.0).ok_or("a kind that was not named")?;
                if label.findings.contains(finding) { counts.right += 1 } else { counts.wrong += 1 }
            }
            for missed in label.findings.iter().filter(|label| !found.contains(label)) {
                if let Some(counts) = counts.get_mut(&missed.0) {
                    counts.missed += 1;
                }
            }
        }
        Ok(Self { tool, counts })
    }

    /// All of these kinds together, as far as the tool knows them; none if it knows none.
    pub fn of(&self, kinds: &[&str]) -> Option<Counts> {
        let known = self.counts.iter().filter(|(kind, _)| kinds.contains(&kind.as_str()));
        known.map(|(_, counts)| *counts).reduce(|mut all, counts| {
            all.add(counts);
            all
        })
    }
}
