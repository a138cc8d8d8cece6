//! Files that are sealed and opened here, in constant memory: whose key it is, and what is wrong with one
//! that does not open.

mod damage;
mod key;
mod run;
mod wrapped;

use contract::vault::{FILE_PURPOSE, MOST_CONTEXT};
use vault::Context;

pub use damage::{Under, damaged, half};
pub use key::{fresh, read as read_key, salt};
pub use run::{End, Run, Trouble};
pub use wrapped::{STREAM, Start, start, unwrap, wrap};

use crate::ending::Usage;

/// What a file is sealed as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// The name, if it is one that its key can be sealed as.
    pub fn new(name: &str) -> Result<Self, Usage> {
        let most = MOST_CONTEXT - FILE_PURPOSE.len() - 1;
        if name.is_empty() || name.len() > most {
            return Err(Usage(format!("--context: write a name of 1 to {most} bytes")));
        }
        Ok(Self(name.to_owned()))
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the stream is sealed as.
    pub fn stream(&self) -> Context<'_> {
        Context { tenant: "", purpose: FILE_PURPOSE, object: &self.0 }
    }

    /// What the API seals the file's key as.
    pub fn key(&self) -> String {
        format!("{FILE_PURPOSE}/{}", self.0)
    }
}
