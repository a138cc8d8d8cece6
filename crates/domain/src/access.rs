//! Who may do what.

use serde::{Deserialize, Serialize};

/// The role that a token carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
    /// An auditor: reads, and has packs of what they read put on record.
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
    /// Accept the risk that what a store did not find is unproven.
    Accept,
    /// Say what somebody is who was found again after the end: erased again, or left.
    Judge,
    /// Fetch a package: nobody's but the person's own.
    Fetch,
    /// Make a download code for a person without a login.
    MakeCode,
    /// Read from where packages were fetched.
    ReadVisits,
    /// Read what a receipt names its person by: nobody's but the person's own.
    ReadSalt,
    /// Read the log, and its checkpoints.
    ReadAudit,
    /// Have it written into the log that an evidence pack was made.
    Pack,
    /// Place or release a hold.
    Hold,
    /// Read holds.
    ReadHolds,
    /// Say that a store was restored, and have the erasure ledger replayed into it.
    Replay,
    /// Read how stores stand to their backups, and replays.
    ReadLedger,
    /// Seal data under the tenant's keys.
    Seal,
    /// Open what was sealed.
    Unseal,
    /// Make the next version of a key.
    RotateKeys,
    /// Read which keys there are, and how old they are; never a key itself.
    ReadKeys,
    /// Have texts masked by the tenant's rules.
    Mask,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 22] = [
        Self::Submit,
        Self::Read,
        Self::Cancel,
        Self::Verify,
        Self::Resume,
        Self::Accept,
        Self::Judge,
        Self::Fetch,
        Self::MakeCode,
        Self::ReadVisits,
        Self::ReadSalt,
        Self::ReadAudit,
        Self::Pack,
        Self::Hold,
        Self::ReadHolds,
        Self::Replay,
        Self::ReadLedger,
        Self::Seal,
        Self::Unseal,
        Self::RotateKeys,
        Self::ReadKeys,
        Self::Mask,
    ];
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
    /// An administrator is no officer: one person must not be both of two who accept a risk.
    /// Whoever looks after the keys does not read what is sealed under them, not even as an administrator. Nor do they have texts
    /// masked: who can have a token made for a guess finds out by it whose token it is.
    pub fn may(self, action: Action) -> bool {
        use Action::{
            Accept, Cancel, Fetch, Hold, Judge, MakeCode, Mask, Pack, Read, ReadAudit, ReadHolds, ReadKeys,
            ReadLedger, ReadSalt, ReadVisits, Replay, Resume, Seal, Submit, Unseal, Verify,
        };
        match self {
            Self::Backend => {
                matches!(action, Submit | Read | Cancel | Verify | MakeCode | Seal | Unseal | Mask)
            }
            Self::Subject => matches!(action, Submit | Read | Cancel | Fetch | ReadSalt),
            Self::Officer => {
                let reads = matches!(action, Read | ReadVisits | ReadAudit | ReadHolds | ReadLedger);
                reads
                    || matches!(
                        action,
                        Cancel | Verify | Resume | Accept | Judge | MakeCode | Pack | Hold | Replay
                    )
            }
            Self::Owner => matches!(action, Read | Resume | Replay | ReadLedger),
            Self::Auditor => matches!(action, Read | ReadAudit | Pack | ReadHolds | ReadLedger | ReadKeys),
            Self::Admin => !matches!(action, Accept | Judge | Fetch | ReadSalt | Seal | Unseal | Mask),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of `infra/openapi.yaml`, in the order of [`Role::ALL`].
    const MAY: [(Action, &str); 22] = [
        (Action::Submit, "backend subject admin"),
        (Action::Read, "backend subject officer owner auditor admin"),
        (Action::Cancel, "backend subject officer admin"),
        (Action::Verify, "backend officer admin"),
        (Action::Resume, "officer owner admin"),
        (Action::Accept, "officer"),
        (Action::Judge, "officer"),
        (Action::Fetch, "subject"),
        (Action::MakeCode, "backend officer admin"),
        (Action::ReadVisits, "officer admin"),
        (Action::ReadSalt, "subject"),
        (Action::ReadAudit, "officer auditor admin"),
        (Action::Pack, "officer auditor admin"),
        (Action::Hold, "officer admin"),
        (Action::ReadHolds, "officer auditor admin"),
        (Action::Replay, "officer owner admin"),
        (Action::ReadLedger, "officer owner auditor admin"),
        (Action::Seal, "backend"),
        (Action::Unseal, "backend"),
        (Action::RotateKeys, "admin"),
        (Action::ReadKeys, "auditor admin"),
        (Action::Mask, "backend"),
    ];

    #[test]
    fn each_action_is_for_the_roles_of_the_table() {
        assert_eq!(MAY.map(|(action, _)| action), Action::ALL);
        for (action, expect) in MAY {
            let roles = Role::ALL.into_iter().filter(|role| role.may(action));
            let names: Vec<&str> = roles.map(Role::as_str).collect();
            assert_eq!(names.join(" "), expect, "{action:?}");
        }
    }

    #[test]
    fn a_role_is_read_as_it_is_written() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        assert_eq!(Role::parse("Admin"), None);
    }
}
