//! Faults at any call of any port: before it, in the middle of it, or after it took effect.
//!
//! Every call of an in-memory port passes a [`Point`] and gets a number, from 0. A run without
//! faults tells how many there are, and a saga test then repeats it with a fault at each:
//!
//! ```
//! use testkit::inject::{Injector, Plan, When};
//!
//! # fn saga(injector: &Injector) {}
//! let injector = Injector::default();
//! saga(&injector);
//! for call in injector.trace() {
//!     for when in [When::Before, When::Midway, When::After] {
//!         injector.reset();
//!         injector.arm(Plan::call(call.n).when(when));
//!         saga(&injector);
//!     }
//! }
//! ```

mod point;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ports::{Class, Code, Fault};

pub use point::Point;

/// When a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Before it takes effect.
    Before,
    /// When half of its effect is there, for calls that are several writes; for those that are one
    /// transaction, the same as [`When::Before`].
    Midway,
    /// After it took effect: the answer is lost.
    After,
}

#[derive(Debug, Clone)]
enum Which {
    Call(u64),
    Nth(Point, u64),
    Every(String),
}

/// What is to fail, and how. [`Class::Transient`] unless told otherwise.
#[derive(Debug, Clone)]
pub struct Plan {
    which: Which,
    target: Option<String>,
    when: When,
    class: Class,
    crash: bool,
    seen: u64,
}

impl Plan {
    fn new(which: Which) -> Self {
        Self { which, target: None, when: When::Before, class: Class::Transient, crash: false, seen: 0 }
    }

    /// Fails call number `n` of the run, from 0.
    pub fn call(n: u64) -> Self {
        Self::new(Which::Call(n))
    }

    /// Fails the `nth` call of a point, from 0, counted from when the plan is armed.
    pub fn nth(point: Point, nth: u64) -> Self {
        Self::new(Which::Nth(point, nth))
    }

    /// Fails every call whose point's name begins so, until it is disarmed: `connector.`, or
    /// everything with an empty prefix.
    pub fn outage(prefix: impl Into<String>) -> Self {
        Self::new(Which::Every(prefix.into()))
    }

    /// Only calls on this target count: a store's id, a sanction source's id.
    #[must_use]
    pub fn on(mut self, target: impl Into<String>) -> Self {
        self.target = Some(target.into());
        self
    }

    /// When within the call.
    #[must_use]
    pub fn when(mut self, when: When) -> Self {
        self.when = when;
        self
    }

    /// The class of the fault.
    #[must_use]
    pub fn class(mut self, class: Class) -> Self {
        self.class = class;
        self
    }

    /// The process dies there: this and every later call fails until [`Injector::revive`].
    #[must_use]
    pub fn crash(mut self) -> Self {
        self.crash = true;
        self
    }

    fn strikes(&mut self, n: u64, point: Point, target: &str) -> bool {
        if self.target.as_deref().is_some_and(|t| t != target) {
            return false;
        }
        match &self.which {
            Which::Call(call) => *call == n,
            Which::Every(prefix) => point.name().starts_with(prefix.as_str()),
            Which::Nth(at, _) if *at != point => false,
            Which::Nth(_, nth) => {
                self.seen += 1;
                self.seen == nth + 1
            }
        }
    }
}

/// One call of the run. Names only, no data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// Its number, from 0.
    pub n: u64,
    /// What was called.
    pub point: Point,
}

#[derive(Debug, Default)]
struct State {
    trace: Vec<Call>,
    plans: Vec<Plan>,
    struck: u64,
    dead: bool,
}

enum Fate {
    Lives,
    Fails(When, Fault),
}

/// Counts the calls, and makes those fail that a plan names. Clones share one count.
#[derive(Debug, Clone, Default)]
pub struct Injector {
    state: Arc<Mutex<State>>,
}

impl Injector {
    /// Adds a plan to those in force. Without any, calls are only counted.
    pub fn arm(&self, plan: Plan) {
        self.lock().plans.push(plan);
    }

    /// Drops all plans: outages end.
    pub fn disarm(&self) {
        self.lock().plans.clear();
    }

    /// Forgets plans, count, trace and death: a new run begins.
    pub fn reset(&self) {
        *self.lock() = State::default();
    }

    /// How many calls there were so far.
    pub fn total(&self) -> u64 {
        self.lock().trace.len() as u64
    }

    /// The calls so far, in their order.
    pub fn trace(&self) -> Vec<Call> {
        self.lock().trace.clone()
    }

    /// How many calls a plan made fail. A test that meant to inject a fault checks that it did.
    pub fn struck(&self) -> u64 {
        self.lock().struck
    }

    /// Whether the process has died, and everything fails until it is revived.
    pub fn is_dead(&self) -> bool {
        self.lock().dead
    }

    /// A new process begins; `true` if the old one had died. Plans that have struck by call number
    /// do not strike again, because numbers go on.
    pub fn revive(&self) -> bool {
        std::mem::take(&mut self.lock().dead)
    }

    /// Makes a call that is one transaction.
    pub(crate) fn pass<T, E: From<Fault>>(
        &self,
        point: Point,
        target: &str,
        effect: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        match self.decide(point, target) {
            Fate::Lives => effect(),
            Fate::Fails(When::Before | When::Midway, fault) => Err(fault.into()),
            Fate::Fails(When::After, fault) => {
                // Whatever it answered, the caller never learns it.
                let _lost = effect();
                Err(fault.into())
            }
        }
    }

    /// Makes a call that is `writes` writes one after another; `effect` is told how many to do.
    pub(crate) fn pass_many<T>(
        &self,
        point: Point,
        target: &str,
        writes: usize,
        effect: impl FnOnce(usize) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        match self.decide(point, target) {
            Fate::Lives => effect(writes),
            Fate::Fails(When::Before, fault) => Err(fault),
            Fate::Fails(when, fault) => {
                let _lost = effect(if when == When::After { writes } else { writes / 2 });
                Err(fault)
            }
        }
    }

    fn decide(&self, point: Point, target: &str) -> Fate {
        let mut state = self.lock();
        if state.dead {
            let fault = fault(point, Class::Transient, target, "the process has died");
            return Fate::Fails(When::Before, fault);
        }
        let n = state.trace.len() as u64;
        state.trace.push(Call { n, point });
        // Every plan sees every call, so that each counts its own.
        let mut first: Option<(When, Class, bool)> = None;
        for plan in &mut state.plans {
            if plan.strikes(n, point, target) && first.is_none() {
                first = Some((plan.when, plan.class, plan.crash));
            }
        }
        let Some((when, class, crash)) = first else {
            return Fate::Lives;
        };
        state.struck += 1;
        state.dead |= crash;
        let detail = match when {
            When::Before => "injected before",
            When::Midway => "injected midway",
            When::After => "injected after: the answer is lost",
        };
        Fate::Fails(when, fault(point, class, target, detail))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A fault as the adapter of this port would name it.
pub(crate) fn fault(point: Point, class: Class, target: &str, detail: &str) -> Fault {
    let code = match (point.code(), class) {
        (Code::StoreUnavailable, Class::Throttled) => Code::StoreThrottled,
        (Code::StoreUnavailable, Class::Permanent) => Code::StoreRefused,
        (code, _) => code,
    };
    Fault::new(class, code, point.name(), target, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(injector: &Injector, point: Point, done: &mut u32) -> Result<u32, Fault> {
        injector.pass(point, "shop", || {
            *done += 1;
            Ok(*done)
        })
    }

    #[test]
    fn without_a_plan_calls_are_counted_and_traced() {
        let (injector, mut done) = (Injector::default(), 0);
        assert_eq!(call(&injector, Point::RequestsLoad, &mut done), Ok(1));
        assert_eq!(call(&injector, Point::RequestsCommit, &mut done), Ok(2));
        assert_eq!(injector.total(), 2);
        let names: Vec<_> = injector.trace().iter().map(|c| c.point.name()).collect();
        assert_eq!(names, ["requests.load", "requests.commit"]);
    }

    #[test]
    fn before_has_no_effect_and_after_loses_only_the_answer() {
        fn check(when: When, effects: u32) {
            let (injector, mut done) = (Injector::default(), 0);
            injector.arm(Plan::call(0).when(when));
            let fault = call(&injector, Point::RequestsCommit, &mut done).expect_err("a fault");
            assert_eq!(fault.class, Class::Transient);
            assert_eq!(done, effects, "{when:?}");
            assert!(call(&injector, Point::RequestsCommit, &mut done).is_ok());
            assert_eq!(injector.struck(), 1);
        }
        check(When::Before, 0);
        check(When::Midway, 0);
        check(When::After, 1);
    }

    #[test]
    fn midway_does_half_of_many_writes() {
        let injector = Injector::default();
        injector.arm(Plan::nth(Point::ConnectorErase, 0).when(When::Midway));
        let mut done = 0;
        let answer = injector.pass_many(Point::ConnectorErase, "shop", 4, |upto| {
            done = upto;
            Ok(())
        });
        assert!(answer.is_err());
        assert_eq!(done, 2);
    }

    #[test]
    fn a_crash_lasts_until_the_process_is_revived() {
        let (injector, mut done) = (Injector::default(), 0);
        injector.arm(Plan::call(1).when(When::After).crash());
        assert!(call(&injector, Point::RequestsLoad, &mut done).is_ok());
        assert!(call(&injector, Point::RequestsCommit, &mut done).is_err());
        assert!(call(&injector, Point::RequestsLoad, &mut done).is_err());
        assert_eq!(done, 2, "the write took effect, the call after it did not");
        assert!(injector.is_dead());
        assert!(injector.revive());
        assert!(call(&injector, Point::RequestsLoad, &mut done).is_ok());
        assert_eq!(injector.total(), 3, "a dead process makes no calls");
    }

    #[test]
    fn an_outage_strikes_its_target_until_it_is_over() {
        let (injector, mut done) = (Injector::default(), 0);
        injector.arm(Plan::outage("connector.").on("shop").class(Class::Throttled));
        for _ in 0..3 {
            let fault = call(&injector, Point::ConnectorLocate, &mut done).expect_err("a fault");
            assert_eq!(fault.code, Code::StoreThrottled);
        }
        let elsewhere = injector.pass(Point::ConnectorLocate, "crm", || Ok::<_, Fault>(()));
        assert!(elsewhere.is_ok());
        assert!(call(&injector, Point::RequestsLoad, &mut done).is_ok());
        injector.disarm();
        assert!(call(&injector, Point::ConnectorLocate, &mut done).is_ok());
    }

    #[test]
    fn the_nth_call_of_a_point_is_counted_from_arming() {
        let (injector, mut done) = (Injector::default(), 0);
        assert!(call(&injector, Point::StagingPut, &mut done).is_ok());
        injector.arm(Plan::nth(Point::StagingPut, 1));
        assert!(call(&injector, Point::StagingPut, &mut done).is_ok());
        assert!(call(&injector, Point::StagingGet, &mut done).is_ok());
        assert!(call(&injector, Point::StagingPut, &mut done).is_err());
        assert!(call(&injector, Point::StagingPut, &mut done).is_ok());
    }
}
