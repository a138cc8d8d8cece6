//! What is wrong with a pack.

use crate::problem::Problem;

/// The first thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {what}")]
pub struct Flaw {
    /// In which file of the pack; the archive itself is [`Flaw::ARCHIVE`].
    pub file: String,
    /// What it is.
    pub what: Unfit,
}

impl Flaw {
    /// What stands for the archive itself.
    pub const ARCHIVE: &'static str = "the archive";

    pub(crate) fn of(file: &str, what: Unfit) -> Self {
        Self { file: file.to_owned(), what }
    }

    /// The archive does not read as one that was written here.
    pub fn unreadable(why: &'static str) -> Self {
        Self::of(Self::ARCHIVE, Unfit::Archive(why))
    }
}

/// What can be wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The whole of it says that it is in another format: nothing in it was checked.
    #[error(
        "it was made by another version of Lacuna, in the format lacuna/{0}: have the `lacuna` of that version check it"
    )]
    AnotherVersion(u32),
    /// The archive is not built as a pack is.
    #[error("it is not built as a pack is: {0}")]
    Archive(&'static str),
    /// A proof does not hold.
    #[error(transparent)]
    Proof(#[from] Problem),
    /// A file is not there.
    #[error("it is missing")]
    Missing,
    /// A file is there that does not belong there.
    #[error("it does not belong here")]
    Extra,
    /// A file does not read as what it should be.
    #[error("it does not read as what belongs here: it was altered")]
    Unreadable,
    /// A file is longer than any of its kind.
    #[error("it is too large to be what belongs here")]
    TooLarge,
    /// A file is not the one that the manifest lists.
    #[error("it was altered: its content does not give the SHA-256 that the manifest has")]
    Altered,
    /// It is another tenant's.
    #[error("it is another tenant's")]
    Foreign,
    /// Figures are not those of the log.
    #[error("it is not what log.jsonl gives: the figures were altered")]
    NotTheFigures,
    /// It is not as it is in every pack.
    #[error("it is not the one that is in every pack")]
    NotThePacks,
    /// The log goes on after its last checkpoint.
    #[error("entries after its last checkpoint are not signed, and nothing can rest on them")]
    Unsigned,
    /// It is not the log's last checkpoint.
    #[error("it is not the last checkpoint of log.jsonl")]
    NotTheCheckpoint,
    /// A receipt is of no closing of the period.
    #[error("log.jsonl has no such closing in the period")]
    NoClosing,
    /// A receipt is not what its entry in the log is about.
    #[error("it is not the receipt of the closing that log.jsonl has there")]
    AnotherReceipt,
    /// What was signed is another history than the log.
    #[error("it was signed for another history than the other files of the pack")]
    Forked,
    /// The entry is about something else than this pack.
    #[error("the entry is about another pack: the manifest was altered, or the proof is another's")]
    AnotherPack,
    /// The entry names another period.
    #[error("the entry names another period than the manifest")]
    AnotherPeriod,
    /// Nothing leads from the pack's log to the checkpoint of its proof.
    #[error("its consistency proof does not lead from the end of log.jsonl to the checkpoint in it")]
    NotJoined,
    /// The entry stands before the end of the log.
    #[error("the entry is older than the log that the pack rests on")]
    TooEarly,
}

impl Unfit {
    /// A word for machines.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::AnotherVersion(_) => "another-version",
            Self::Archive(_) => "archive",
            Self::Proof(problem) => problem.what.as_str(),
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Unreadable => "unreadable",
            Self::TooLarge => "too-large",
            Self::Altered => "altered",
            Self::Foreign => "foreign",
            Self::NotTheFigures => "not-the-figures",
            Self::NotThePacks => "not-the-packs",
            Self::Unsigned => "unsigned",
            Self::NotTheCheckpoint => "not-the-checkpoint",
            Self::NoClosing => "no-closing",
            Self::AnotherReceipt => "another-receipt",
            Self::Forked => "forked",
            Self::AnotherPack => "another-pack",
            Self::AnotherPeriod => "another-period",
            Self::NotJoined => "not-joined",
            Self::TooEarly => "too-early",
        }
    }
}
