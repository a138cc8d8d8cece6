//! What can be wrong with rules. Nothing here quotes text that was masked.

/// Rules that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// A custom rule's pattern cannot be used.
    #[error("rule {rule}: {says}")]
    Pattern {
        /// The rule's name.
        rule: String,
        /// What is wrong with it, and what to write instead.
        says: String,
    },
    /// There are too many custom rules.
    #[error("there are {count} custom rules, and {most} are the most")]
    TooMany {
        /// How many there are.
        count: usize,
        /// How many there may be.
        most: usize,
    },
    /// The custom rules make too large an automaton.
    #[error(
        "the custom rules are too large together: leave out large repetitions, or write [a-z] instead of \\w"
    )]
    TooLarge,
    /// A kind or group of kinds that does not exist.
    #[error("{0} is no kind of data: the names are {known}", known = crate::rules::known())]
    NoKind(String),
    /// A group of kinds where one has to be said.
    #[error("{0} is a group of kinds, and a column is of one of them: {members}", members = crate::rules::members(.0))]
    Group(String),
    /// A custom rule's name is not usable.
    #[error("rule names are 1 to 40 small letters, digits and underscores, each once, and no kind's: {0}")]
    Name(String),
    /// Tokens are wanted and there is no key. Nothing else is wrong with the rules.
    #[error("tokens need a key, and none was given")]
    NoKey,
    /// A key of a wrong length.
    #[error("a key for tokens has 32 bytes or more")]
    ShortKey,
}
