//! Following a request until it ends.

mod display;

use std::rc::Rc;
use std::time::Duration;

use contract::api::RequestView;
use domain::{RequestId, Status};
use jiff::Timestamp;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout_at};

use crate::api::{Api, Refusal, Unanswered};
use crate::ending::Ending;
use crate::screen::Screen;
use crate::show::export::is_fetchable;
use crate::world::Pace;
use display::Display;

/// What is followed, and for how long.
pub struct Watch {
    /// The request.
    pub id: RequestId,
    /// The longest time.
    pub within: Duration,
    /// Whether a parked request that is tried again by itself is followed further.
    pub through_parked: bool,
    /// The clock.
    pub now: Rc<dyn Fn() -> Timestamp>,
    /// How often it is looked at.
    pub pace: Pace,
}

/// Follows a request, and says how it ended, or why it was not followed to its end.
pub async fn watch(watch: Watch, mut api: Api, screen: &mut Screen) -> anyhow::Result<Ending> {
    let mut display = Display::new(screen, Rc::clone(&watch.now));
    api.set_notice(display.notice());
    let interrupted = tokio::select! {
        biased;
        interrupted = tokio::signal::ctrl_c() => interrupted,
        followed = follow(&watch, &api, &mut display) => return followed,
    };
    interrupted?;
    display.stopped("No longer watched.")?;
    Ok(Ending::Interrupted)
}

async fn follow(watch: &Watch, api: &Api, display: &mut Display<'_>) -> anyhow::Result<Ending> {
    let deadline = Instant::now() + watch.within;
    let Ok(first) = timeout_at(deadline, api.request(&watch.id)).await else {
        display.silent()?;
        return Ok(Ending::Timeout);
    };
    let (mut view, body) = first?;
    display.show(&view, &body)?;
    let mut pause = watch.pace.first_look;
    loop {
        if let Some(ending) = ending(&view, watch.through_parked, (watch.now)()) {
            display.ended(&view)?;
            return Ok(ending);
        }
        let look = async {
            sleep(until_next_look(&view, pause, watch)).await;
            api.request(&watch.id).await
        };
        match timeout_at(deadline, ticking(look, watch.pace.tick, display)).await {
            Err(_elapsed) => {
                display.stopped("The time is up.")?;
                let parked = view.status == Status::Parked;
                return Ok(if parked { Ending::Parked } else { Ending::Timeout });
            }
            Ok(Ok((next, body))) => {
                let changed = next != view;
                if changed {
                    pause = watch.pace.first_look;
                    display.show(&next, &body)?;
                } else {
                    pause = pause.mul_f32(1.5).min(watch.pace.longest_look);
                    display.answered();
                }
                view = next;
            }
            Ok(Err(error)) if passes(&error) => pause = watch.pace.longest_look,
            Ok(Err(error)) => {
                display.leave()?;
                return Err(error);
            }
        }
    }
}

/// Runs `look` while the display goes on counting the time.
async fn ticking<T>(look: impl Future<Output = T>, tick: Duration, display: &mut Display<'_>) -> T {
    tokio::pin!(look);
    let mut ticks = interval(tick);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            looked = &mut look => return looked,
            _ = ticks.tick() => display.tick(),
        }
    }
}

/// The end of the cooling-off is known: what comes after it is not to be missed by a long pause.
fn until_next_look(view: &RequestView, pause: Duration, watch: &Watch) -> Duration {
    let cooling = matches!(view.status, Status::CoolingOff | Status::Suppressed);
    let Some(until) = view.cooling_off_until.filter(|_| cooling) else {
        return pause;
    };
    // Past its end the next stage begins any moment.
    let left = Duration::try_from(until.duration_since((watch.now)())).unwrap_or_default();
    pause.min(left.max(watch.pace.first_look))
}

fn passes(error: &anyhow::Error) -> bool {
    error.is::<Unanswered>() || error.downcast_ref().is_some_and(Refusal::passes)
}

/// How the watch ends with this view, if it does. A copy that can be fetched waits for its person, for days:
/// what was asked of us is done.
fn ending(view: &RequestView, through_parked: bool, now: Timestamp) -> Option<Ending> {
    let waits_for_person = !view.kind.erases() && !view.cancelling && is_fetchable(view, now);
    match view.status {
        Status::Fulfilled => Some(Ending::Done),
        Status::Ready if waits_for_person => Some(Ending::Done),
        status if status.is_end() => Some(Ending::Otherwise),
        Status::Parked => {
            let resumes = view.parked.as_ref().is_some_and(|p| p.resumes_at.is_some());
            (!through_parked || !resumes).then_some(Ending::Parked)
        }
        _ => None,
    }
}
