//! Reading the stores again after a request has ended: a person who was erased must stay so.
//!
//! When an erasure ends, what it looked for is kept, sealed under a key of its own, until the stores were read once
//! more. Nothing that is found then is erased by itself: the person may have come back by themselves, and to erase
//! a new customer is a wrong erasure. The request is reopened, and an officer says what it is.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::request::PlanRef;
use crate::status::Status;

/// How often the stores are read, a day apart, before it is said that nothing proves what was not found.
pub const MOST_READINGS: u32 = 7;

/// How long after a reading that proved nothing the stores are read again.
pub const READ_AGAIN: SignedDuration = SignedDuration::from_hours(24);

/// How far a recheck is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The request is ending: what it looked for is being kept.
    Filing,
    /// The stores are to be read at its time, or are being read.
    Due,
    /// Something was found: an officer has to say what it is.
    Found,
    /// An officer said: erase it. The plan is to be made of what was kept.
    Again,
    /// It is being erased again.
    Erasing,
    /// The end: every store was read, found its control, and found nothing else.
    Clear,
    /// The end: nothing was found, and nothing proves that for some store.
    NotProven,
    /// The end: an officer said that it is to be left as it is.
    Dismissed,
}

impl Stage {
    /// As it is written in the API and in events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Filing => "filing",
            Self::Due => "due",
            Self::Found => "found",
            Self::Again => "again",
            Self::Erasing => "erasing",
            Self::Clear => "clear",
            Self::NotProven => "not_proven",
            Self::Dismissed => "dismissed",
        }
    }

    /// Whether it is over.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Clear | Self::NotProven | Self::Dismissed)
    }
}

/// The reading of a request's stores after its end. Holds no personal data: what is looked for is in the paper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recheck {
    /// How far it is.
    pub stage: Stage,
    /// When the stores are read, or were read last.
    pub at: Timestamp,
    /// How the request had ended.
    pub ended: Status,
    /// What is looked for, sealed; `None` before it is kept, and once it is gone and its key is destroyed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paper: Option<PlanRef>,
    /// The number of the present reading of all stores; never used twice by a request.
    pub reading: u32,
    /// How many readings since the request ended proved nothing.
    #[serde(default)]
    pub unproven: u32,
    /// Whether the owners of stores are still to be paged.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unpaged: bool,
    /// While it is filed: SHA-256 of the plan that it is made of, in hex.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub of: String,
    /// While it is filed: how many pages were written.
    #[serde(default)]
    pub pages: u32,
}

impl Recheck {
    /// Whether the step that reads again has something to do, though perhaps not yet.
    pub fn is_open(&self) -> bool {
        match self.stage {
            Stage::Due | Stage::Found | Stage::Again => true,
            // Until its key is destroyed, and whoever is to know was told.
            Stage::Clear | Stage::NotProven | Stage::Dismissed => self.paper.is_some() || self.unpaged,
            Stage::Filing | Stage::Erasing => false,
        }
    }
}
