//! Who may do what.

use serde::{Deserialize, Serialize};

/// The role that a token carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A product's backend: submits requests for its users.
    Backend,
    /// The person: submits and sees only their own requests.
    Subject,
    /// A privacy officer.
    Officer,
    /// A service owner.
    Owner,
    /// An auditor: reads.
    Auditor,
    /// An administrator of the tenant.
    Admin,
}

/// What can be done through the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Submit a request.
    Submit,
    /// Read requests, their stores and timelines.
    Read,
    /// Withdraw a request.
    Cancel,
    /// Say how the person was verified.
    Verify,
    /// Set a parked request going again.
    Resume,
    /// Place or release a hold.
    Hold,
    /// Read holds.
    ReadHolds,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 6] =
        [Self::Backend, Self::Subject, Self::Officer, Self::Owner, Self::Auditor, Self::Admin];

    /// As it is written in a token.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Backend => "backend",
            Self::Subject => "subject",
            Self::Officer => "officer",
            Self::Owner => "owner",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
        }
    }

    /// Reads what [`Role::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// Whether the role may do it. A subject's rights are narrowed further, to their own requests.
    pub fn may(self, action: Action) -> bool {
        use Action::{Cancel, Hold, Read, ReadHolds, Resume, Submit, Verify};
        match self {
            Self::Backend => matches!(action, Submit | Read | Cancel | Verify),
            Self::Subject => matches!(action, Submit | Read | Cancel),
            Self::Officer => matches!(action, Read | Cancel | Verify | Resume | Hold | ReadHolds),
            Self::Owner => matches!(action, Read | Resume),
            Self::Auditor => matches!(action, Read | ReadHolds),
            Self::Admin => true,
        }
    }
}
