//! Retry and Catch, which Task, Parallel and Map states share.

use jiff::{SignedDuration, Timestamp};

use super::scope::{Outcome, Step};
use super::{Run, Seen, Stay};
use crate::walker::failure::Failure;
use crate::walker::model::{Kind, Retrier};
use crate::walker::schedule::Reason;
use crate::walker::time::after;

impl Run<'_> {
    /// Executes a state until it succeeds, is caught, or has failed for good.
    pub(super) async fn attempts(&self, mut stay: Stay<'_>) -> Result<Step, Failure> {
        let state = stay.state;
        // Each retrier has its own budget for the whole stay in the state.
        let mut spent = vec![0_u32; state.retry.len()];
        loop {
            let failure = match self.attempt(&stay).await {
                Ok(step) => return Ok(step),
                Err(failure) => failure,
            };
            self.failed(&stay, &failure);
            let Some(until) = self.retry_at(&state.retry, &mut spent, &failure) else {
                return self.catch(&stay, failure);
            };
            self.pause(&stay, Reason::Retry, until).await;
            self.transition(stay.name())?;
            stay.attempt += 1;
        }
    }

    /// One attempt. An `Assign` or `Output` that fails makes the whole attempt fail: it may be
    /// retried, and then the Task is called again.
    async fn attempt(&self, stay: &Stay<'_>) -> Result<Step, Failure> {
        let state = stay.state;
        let result = match &state.kind {
            Kind::Task(task) => self.task(stay, task).await?,
            Kind::Parallel { branches, arguments } => {
                self.parallel(stay, branches, arguments.as_ref()).await?
            }
            Kind::Map(map) => match &map.distributed {
                None => self.inline(stay, map).await?,
                Some(distributed) => self.distributed(stay, map, distributed).await?,
            },
            _ => stay.input.clone(),
        };
        let outcome = Outcome {
            assign: state.assign.as_ref(),
            output: state.output.as_ref(),
            place: String::new(),
            seen: Seen { result: Some(&result), ..Seen::default() },
            default: &result,
        };
        let (output, assigned) = self.outcome(stay, &outcome)?;
        Ok(Step { output, assigned, next: state.next.clone() })
    }

    /// When to try again; never, if no retrier matches or the one that does is used up. A later
    /// retrier is not asked then.
    ///
    /// Source: Amazon States Language, "Retrying after error" and "Complex retry scenarios".
    fn retry_at(&self, retriers: &[Retrier], spent: &mut [u32], failure: &Failure) -> Option<Timestamp> {
        let matches = |retrier: &Retrier| retrier.errors.iter().any(|e| failure.matches(e));
        let index = retriers.iter().position(matches)?;
        let (retrier, spent) = (retriers.get(index)?, spent.get_mut(index)?);
        if u64::from(*spent) >= retrier.max_attempts {
            return None;
        }
        let delay = delay(retrier, *spent);
        *spent += 1;
        let share = if retrier.full_jitter { crate::walker::lock(&self.shared).chance.unit() } else { 1.0 };
        let delay = SignedDuration::try_from_secs_f64(delay * share).unwrap_or(SignedDuration::MAX);
        Some(after(self.clock.now(), delay))
    }

    fn catch(&self, stay: &Stay<'_>, failure: Failure) -> Result<Step, Failure> {
        let matches = |errors: &[String]| errors.iter().any(|e| failure.matches(e));
        let mut catchers = stay.state.catch.iter().enumerate();
        let Some((i, catcher)) = catchers.find(|(_, catcher)| matches(&catcher.errors)) else {
            return Err(failure);
        };
        let error_output = failure.output();
        let outcome = Outcome {
            assign: catcher.assign.as_ref(),
            output: catcher.output.as_ref(),
            place: format!("Catch[{i}]/"),
            seen: Seen { error_output: Some(&error_output), ..Seen::default() },
            default: &error_output,
        };
        let (output, assigned) = self.outcome(stay, &outcome)?;
        Ok(Step { output, assigned, next: Some(catcher.next.clone()) })
    }
}

/// The delay before a retry, in seconds, before jitter.
#[expect(clippy::cast_precision_loss, reason = "delays are far below 2^53 seconds")]
fn delay(retrier: &Retrier, spent: u32) -> f64 {
    let power = retrier.backoff_rate.powi(i32::try_from(spent).unwrap_or(i32::MAX));
    let most = retrier.max_delay_seconds.map_or(f64::INFINITY, |seconds| seconds as f64);
    (retrier.interval_seconds as f64 * power).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(interval_seconds: u64, backoff_rate: f64, max_delay_seconds: Option<u64>, expect: &[f64]) {
        let retrier = Retrier {
            errors: Vec::new(),
            interval_seconds,
            max_attempts: 9,
            backoff_rate,
            max_delay_seconds,
            full_jitter: false,
        };
        let delays: Vec<_> = (0..4).map(|spent| delay(&retrier, spent)).collect();
        assert_eq!(delays, expect);
    }

    #[test]
    fn delays_grow_up_to_their_most() {
        check(1, 2.0, None, &[1.0, 2.0, 4.0, 8.0]);
        check(3, 2.0, Some(4), &[3.0, 4.0, 4.0, 4.0]);
        check(5, 1.0, None, &[5.0, 5.0, 5.0, 5.0]);
        check(2, 1.5, None, &[2.0, 3.0, 4.5, 6.75]);
    }
}
