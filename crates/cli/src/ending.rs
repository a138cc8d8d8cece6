//! How a command ends.

/// What the exit code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// 0: done; a watched request ended as asked, or what it makes can be fetched.
    Done,
    /// 1: it failed, and standard error says why.
    Error,
    /// 2: the command line or the environment is wrong; nothing was sent.
    Usage,
    /// 3: a watched request ended otherwise: partially fulfilled, no match, denied, cancelled.
    Otherwise,
    /// 4: a watched request is parked.
    Parked,
    /// 5: a watched request was still open when the time was up; a pack's proof did not come in time.
    Timeout,
    /// 6: a store of `ledger status` is not fit for traffic.
    Unfit,
    /// 130: interrupted with Ctrl-C. A request that was watched goes on; of a file nothing is left, but a pack that was checked
    /// is kept, to be gone on with.
    Interrupted,
}

impl Ending {
    /// The process's exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Error => 1,
            Self::Usage => 2,
            Self::Otherwise => 3,
            Self::Parked => 4,
            Self::Timeout => 5,
            Self::Unfit => 6,
            Self::Interrupted => 130,
        }
    }
}

/// The command line or the environment is wrong. Says what to write instead; never quotes a value.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// What to look at where the API says no: printed below what the API says itself.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Advice(pub String);
