//! Legal holds and the verdicts of sanction sources.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{HoldId, Pseudonym, StoreId, TenantId};
use crate::request::Retention;

/// A legal hold on one identity: while it stands, nothing of that person is erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Whose.
    pub tenant: TenantId,
    /// Its id.
    pub id: HoldId,
    /// The identity, by pseudonym.
    pub subject: Pseudonym,
    /// The kind of identity, for people.
    pub identity_type: String,
    /// A reason code.
    pub reason: String,
    /// When somebody should look whether it is still needed.
    pub review_at: Timestamp,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// Who placed it.
    pub placed_by: String,
    /// When it was released, if it was.
    pub released_at: Option<Timestamp>,
    /// The stores for which it came too late.
    #[serde(default)]
    pub too_late_for: Vec<StoreId>,
}

/// What a sanction source answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing speaks against erasing.
    Clear,
    /// Keep some of it.
    Retain(Retention),
    /// Not now.
    Hold {
        /// A reason code.
        reason: String,
        /// When to ask again.
        review_at: Timestamp,
    },
    /// No.
    Deny {
        /// A reason code.
        reason: String,
    },
}

/// What all sources together mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// Go on, keeping what is listed.
    Clear(Vec<Retention>),
    /// Wait until then.
    Held {
        /// The first reason.
        reason: String,
        /// The latest date named: before it at least one source still objects.
        review_at: Timestamp,
    },
    /// Denied.
    Denied {
        /// The reason.
        reason: String,
    },
}

/// One denial denies; one hold holds; only then what is to be kept counts.
pub fn rule(verdicts: impl IntoIterator<Item = Verdict>) -> Ruling {
    let mut retentions = Vec::new();
    let mut held: Option<(String, Timestamp)> = None;
    let mut denied = None;
    for verdict in verdicts {
        match verdict {
            Verdict::Clear => {}
            Verdict::Retain(retention) => retentions.push(retention),
            Verdict::Hold { reason, review_at } => {
                held = Some(match held {
                    None => (reason, review_at),
                    Some((first, at)) => (first, at.max(review_at)),
                });
            }
            Verdict::Deny { reason } => denied = denied.or(Some(reason)),
        }
    }
    match (denied, held) {
        (Some(reason), _) => Ruling::Denied { reason },
        (None, Some((reason, review_at))) => Ruling::Held { reason, review_at },
        (None, None) => Ruling::Clear(retentions),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strictest_verdict_wins() {
        let t = |s| Timestamp::from_second(s).unwrap_or_default();
        let hold = |s| Verdict::Hold { reason: format!("h{s}"), review_at: t(s) };
        let deny = || Verdict::Deny { reason: "fraud".into() };
        assert_eq!(rule([]), Ruling::Clear(vec![]));
        assert_eq!(rule([Verdict::Clear]), Ruling::Clear(vec![]));
        assert_eq!(rule([hold(5), hold(9), hold(7)]), Ruling::Held { reason: "h5".into(), review_at: t(9) });
        assert_eq!(rule([hold(5), deny(), Verdict::Clear]), Ruling::Denied { reason: "fraud".into() });
    }
}
