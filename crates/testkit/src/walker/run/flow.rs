//! The states that neither call nor contain anything.

use super::scope::{Outcome, Step};
use super::{Run, Seen, Stay};
use crate::walker::failure::{Failure, NO_CHOICE, RUNTIME};
use crate::walker::model::{ChoiceRule, Until};
use crate::walker::scene::Broken;
use crate::walker::schedule::Reason;
use crate::walker::template::Template;
use crate::walker::time::{after, parse};
use crate::walker::trace::Role;
use jiff::SignedDuration;

/// The longest Wait, in seconds. AWS ends a longer one with `States.Runtime` (recorded by
/// `LocalStack`, `test_timestamp_too_far_in_future_boundary`).
const LONGEST_WAIT: i64 = 2_147_483_647;

impl Run<'_> {
    /// A Pass, a Succeed, and how a Wait ends.
    pub(super) fn pass(&self, stay: &Stay<'_>) -> Result<Step, Failure> {
        let (assign, output) = (stay.state.assign.as_ref(), stay.state.output.as_ref());
        self.go(stay, "", assign, output, stay.state.next.clone())
    }

    fn go(
        &self,
        stay: &Stay<'_>,
        place: &str,
        assign: Option<&Template>,
        output: Option<&Template>,
        next: Option<String>,
    ) -> Result<Step, Failure> {
        let outcome =
            Outcome { assign, output, place: place.to_owned(), seen: Seen::default(), default: stay.input };
        let (output, assigned) = self.outcome(stay, &outcome)?;
        Ok(Step { output, assigned, next })
    }

    /// A Choice: the first rule whose condition is true, else the Default.
    pub(super) fn choose(
        &self,
        stay: &Stay<'_>,
        rules: &[ChoiceRule],
        default: Option<&str>,
    ) -> Result<Step, Failure> {
        for (i, rule) in rules.iter().enumerate() {
            let field = format!("Choices[{i}]/Condition");
            let matched = stay.scene(self, Seen::default()).boolean(&rule.condition, &field);
            if matched.map_err(|broken| self.broken(stay, &broken))? {
                let (assign, output) = (rule.assign.as_ref(), rule.output.as_ref());
                let place = format!("Choices[{i}]/");
                return self.go(stay, &place, assign, output, Some(rule.next.clone()));
            }
        }
        let Some(default) = default else {
            let cause = "Failed to transition out of the state. The state does not point to a next \
                         state.";
            return Err(Failure::runtime(stay.name(), stay.entered, NO_CHOICE, cause));
        };
        let (assign, output) = (stay.state.assign.as_ref(), stay.state.output.as_ref());
        self.go(stay, "", assign, output, Some(default.to_owned()))
    }

    /// A Wait. A moment that is past is no wait.
    pub(super) async fn wait(&self, stay: &Stay<'_>, until: &Until) -> Result<Step, Failure> {
        let now = self.clock.now();
        let at = {
            let scene = stay.scene(self, Seen::default());
            match until {
                Until::Seconds(seconds) => scene.whole(seconds, "Seconds", 0, u64::MAX).map(|seconds| {
                    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
                    after(now, SignedDuration::from_secs(seconds))
                }),
                Until::Timestamp(timestamp) => scene.text(timestamp, "Timestamp").and_then(|text| {
                    parse(&text).ok_or_else(|| Broken {
                        field: "Timestamp".to_owned(),
                        cause: format!(
                            "The Timestamp field cannot be parsed as an ISO-8601 extended offset \
                                 date-time format string: {text}"
                        ),
                    })
                }),
            }
        };
        let at = at.map_err(|broken| self.broken(stay, &broken))?;
        if at > after(now, SignedDuration::from_secs(LONGEST_WAIT)) {
            let cause = "Wait state delay is too long.";
            return Err(Failure::runtime(stay.name(), stay.entered, RUNTIME, cause));
        }
        if at > now {
            self.pause(stay, Reason::Wait, at).await;
        }
        self.pass(stay)
    }

    /// A Fail.
    pub(super) fn fail(
        &self,
        stay: &Stay<'_>,
        error: Option<&Template>,
        cause: Option<&Template>,
    ) -> Failure {
        let texts = {
            let scene = stay.scene(self, Seen::default());
            let text = |template: Option<&Template>, field: &str| {
                template.map_or(Ok(String::new()), |template| scene.text(template, field))
            };
            text(error, "Error").and_then(|error| Ok((error, text(cause, "Cause")?)))
        };
        match texts {
            Ok((error, cause)) => Failure::new(stay.name(), &error, &cause),
            Err(broken) => self.broken(stay, &broken),
        }
    }

    /// Keeps what the history shows of a failure.
    pub(super) fn failed(&self, stay: &Stay<'_>, failure: &Failure) {
        let output = failure.output();
        // Too large to be kept is not a failure of its own here: both texts are cut.
        let _ = self.payload(stay.place, stay.name(), Role::Error, &output);
    }
}
