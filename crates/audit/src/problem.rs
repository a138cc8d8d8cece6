//! What is wrong with a proof, said so that whoever reads it knows where to look.

/// The first thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{what}", place(*seq, *field))]
pub struct Problem {
    /// The entry's place in the chain, if it is about one.
    pub seq: Option<u64>,
    /// The field, if one can be named.
    pub field: Option<&'static str>,
    /// What it is.
    pub what: Wrong,
}

fn place(seq: Option<u64>, field: Option<&str>) -> String {
    match (seq, field) {
        (Some(seq), Some(field)) => format!("entry {seq}, {field}: "),
        (Some(seq), None) => format!("entry {seq}: "),
        (None, Some(field)) => format!("{field}: "),
        (None, None) => String::new(),
    }
}

macro_rules! wrongs {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal;)*) => {
        /// What can be wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Wrong { $($(#[$doc])* $name,)* }

        impl Wrong {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// A word for machines.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
        }

        impl std::fmt::Display for Wrong {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self { $(Self::$name => $text,)* })
            }
        }
    };
}

wrongs! {
    /// What is written does not read as what it should be.
    Unreadable = "unreadable", "it does not read as what belongs here: it was altered";
    /// The content does not give the hash.
    Altered = "altered", "it was altered: its content does not give its hash";
    /// The content is whole, and its own hash is not.
    HashAltered = "hash-altered", "the hash beside it was altered: its content gives another, which the next entry names";
    /// It does not name the entry before it.
    NotFollowing = "not-following", "it does not follow from the entry before it";
    /// It is not there.
    Missing = "missing", "it is missing";
    /// It is there, in another place.
    Reordered = "reordered", "it is not in its place: it comes later in the file";
    /// It is there twice.
    Duplicated = "duplicated", "it is there twice";
    /// It is another tenant's.
    Foreign = "foreign", "it is another tenant's";
    /// The file ends too early.
    Truncated = "truncated", "the file ends before its own end: entries after this one are missing";
    /// Something follows the end.
    Trailing = "trailing", "something follows the end of the file";
    /// A signature is not the pinned key's.
    Forged = "forged", "it is not signed by the given key";
    /// The tree is another than what was signed.
    Rewritten = "rewritten", "the entries up to here are not those that were signed: history was rewritten";
    /// It has fewer entries than were seen before. Nothing tells an old file from a log that was cut back.
    Behind = "behind", "it ends before the checkpoint that was seen before: either it is older than that, or the log was cut back";
    /// Two checkpoints cannot both be of one log.
    Forked = "forked", "it was signed for another history than the checkpoint that was seen before";
    /// An entry is not in the tree.
    NotIncluded = "not-included", "the proof does not lead from it to the signed root";
    /// A statement is not the one that the entry is about.
    NotTheStatement = "not-the-statement", "the entry was made for another statement";
    /// An entry is not about this request.
    AnotherRequest = "another-request", "the entry is about another request, or another tenant";
    /// What the statement says and what the entry says differ.
    Contradicted = "contradicted", "the statement and the entry say different things";
}

impl Problem {
    /// Of an entry, in a field or altogether.
    pub fn at(seq: u64, field: Option<&'static str>, what: Wrong) -> Self {
        Self { seq: Some(seq), field, what }
    }

    /// Of what is not an entry.
    pub fn of(field: &'static str, what: Wrong) -> Self {
        Self { seq: None, field: Some(field), what }
    }
}
