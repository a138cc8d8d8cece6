//! A state machine's definition, as it is deployed.

use std::fmt::Write as _;

use super::check::check;
use super::finding::{Finding, Rule};
use super::lint;
use super::model::Machine;
use super::read::{Reader, json};

/// The largest definition, in bytes.
const LARGEST: usize = 1_048_576;

/// A state machine's definition that AWS would accept.
#[derive(Debug)]
pub struct Definition {
    pub(super) machine: Machine,
}

/// Why a definition is refused.
#[derive(Debug, thiserror::Error)]
pub enum DefinitionError {
    /// It is larger than 1 MiB.
    #[error("the definition has {0} bytes, {LARGEST} are allowed")]
    TooLarge(usize),
    /// It is not JSON, or a name stands twice in one object.
    #[error("the definition is not valid JSON")]
    NotJson(#[from] serde_json::Error),
    /// AWS would refuse it.
    #[error("the definition is refused:{}", list(.0))]
    Refused(Vec<Finding>),
}

fn list(findings: &[Finding]) -> String {
    findings.iter().fold(String::new(), |mut text, finding| {
        let _ = write!(text, "\n- {finding}");
        text
    })
}

impl Definition {
    /// Reads a definition exactly as it is written, and refuses what AWS refuses.
    ///
    /// Placeholders of `DefinitionSubstitutions` may stand in the name of a function; those that
    /// stand for a number must be replaced before.
    pub fn parse(text: &str) -> Result<Self, DefinitionError> {
        if text.len() > LARGEST {
            return Err(DefinitionError::TooLarge(text.len()));
        }
        let mut reader = Reader::default();
        let machine = reader.machine(&json::parse(text)?);
        let mut findings = reader.findings;
        findings.extend(check(&machine));
        if findings.is_empty() { Ok(Self { machine }) } else { Err(DefinitionError::Refused(findings)) }
    }

    /// What AWS would accept, and should not be there: no timeout, no retry of a passing error, a
    /// variable that nothing assigns. Empty for a definition that is fit to be deployed.
    pub fn lints(&self) -> Vec<Finding> {
        lint::lints(&self.machine)
    }

    /// The names of all states, those of Maps and Parallels included, each after the one it is
    /// inside of.
    pub fn states(&self) -> Vec<&str> {
        self.machine.scope.all().into_iter().map(|state| state.name.as_str()).collect()
    }
}

impl DefinitionError {
    /// The rules that are broken, each with its state, if that is why.
    pub fn broken(&self) -> Vec<(&str, Rule)> {
        match self {
            Self::Refused(findings) => findings.iter().map(|f| (f.state.as_str(), f.rule)).collect(),
            _ => Vec::new(),
        }
    }
}
