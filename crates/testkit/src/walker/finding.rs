//! What is wrong with a definition.

use std::fmt;

/// One thing that is wrong with a definition, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The state; empty for the state machine itself.
    pub state: String,
    /// Which rule is broken.
    pub rule: Rule,
    /// What to change.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.state.is_empty() { "the state machine" } else { &self.state };
        write!(f, "{state}: {} ({:?})", self.message, self.rule)
    }
}

/// The rules for definitions.
///
/// A definition that breaks one up to [`Rule::Mode`] is refused, by AWS too except where a Map leaves
/// its mode unsaid. The others are promises that AWS does not ask for, or mistakes that it finds only
/// while executing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// A field is missing, unknown, or of the wrong type.
    Shape,
    /// `JSONata` only: the machine says so, and no state says otherwise or has a `JSONPath` field.
    QueryLanguage,
    /// State names are unique in the machine and at most 80 characters long.
    Name,
    /// `StartAt`, `Next` and `Default` name a state of the same scope.
    Target,
    /// Every state can be reached.
    Reachable,
    /// From every state an end can be reached.
    Ends,
    /// `States.ALL` stands alone, and in the last retrier or catcher.
    StatesAll,
    /// An expression can be parsed by `JSONata` 2.0.6, and reads no input document.
    Expression,
    /// A variable's name is an identifier, not `states`, and not one of an outer scope.
    Variable,
    /// A Map says how it runs, and has only the fields of that mode.
    Mode,

    /// A Task says how long it may take.
    Timeout,
    /// A Lambda Task retries the four transient errors of the Lambda service.
    LambdaRetry,
    /// A retrier that backs off spreads its delays. One that only goes on at a steady pace need not.
    Jitter,
    /// The attempts that a retrier allows fit the history of one execution: else it is the history
    /// that ends them, with an error that nothing catches.
    History,
    /// A Task that waits for a token passes it on, and has a heartbeat.
    Token,
    /// A Choice has a Default.
    Default,
    /// A field has no effect here.
    NoEffect,
    /// A variable or a field of `$states` that is read has a value here.
    Undefined,
    /// The name can be used in metrics.
    Metrics,
    /// The walker cannot compute this.
    Unsupported,
}

impl Rule {
    /// A definition that breaks the rule is refused.
    pub fn is_refusal(self) -> bool {
        self <= Self::Mode
    }
}
