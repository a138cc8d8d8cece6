//! Whoever withdraws gets rid of what was made for them, at once.

use std::sync::{Arc, Mutex};

use domain::event::EventKind;
use domain::{RequestId, Status};
use ports::Upload;
use testkit::walker::Next;

use super::super::faults::assert_ours_is_clean;
use super::super::shop::{self, PERSON};
use super::super::stage::{Happening, Stage, at_once};
use super::{access, both, events, splitting::TINY};

type OnItsWay = Arc<Mutex<Option<Box<dyn Upload>>>>;

fn withdraws_when_ready(id: RequestId) -> Happening {
    Box::new(move |stage, pause| {
        if !pause.waiters.iter().any(|waiter| waiter.state == "WaitForDownload") {
            *stage.happening.lock().expect("not poisoned") = Some(withdraws_when_ready(id.clone()));
            return Next::GoOn;
        }
        at_once(stage.cancel(&id));
        at_once(stage.deliver());
        Next::GoOn
    })
}

#[tokio::test]
async fn what_can_be_fetched_is_destroyed_at_once_when_it_is_withdrawn() {
    for erases in [false, true] {
        let mut stage = Stage::new(1);
        stage.manner.twice = erases;
        let before = shop::everything(&stage.world, &stage.tenant);
        let id = if erases { both(&stage).await } else { access(&stage, PERSON).await };
        *stage.happening.lock().expect("not poisoned") = Some(withdraws_when_ready(id.clone()));
        stage.play().await;
        let request = stage.request(&id);
        assert_eq!(request.status, Status::Cancelled);
        let asked = events(&stage, &id, EventKind::CancelRequested)[0].at;
        let destroyed = request.export.and_then(|export| export.destroyed_at).expect("destroyed");
        assert!(destroyed.duration_since(asked).as_secs() < 60, "{asked} {destroyed}");
        assert!(shop::everything(&stage.world, &stage.tenant) == before, "nothing was touched");
        assert_ours_is_clean(&stage, &id);
    }
}

fn appears_late(on_its_way: OnItsWay) -> Happening {
    Box::new(move |stage, pause| {
        if !pause.waiters.iter().any(|waiter| waiter.state == "WaitForDownload") {
            *stage.happening.lock().expect("not poisoned") = Some(appears_late(on_its_way.clone()));
            return Next::GoOn;
        }
        let mut upload = on_its_way.lock().expect("not poisoned").take().expect("it was begun");
        at_once(upload.write(b"late".to_vec())).expect("written");
        at_once(upload.finish()).expect("it appears");
        assert!(!stage.world.stored_packages("").is_empty());
        Next::GoOn
    })
}

/// The end of a package may still be on its way when it is withdrawn: a call that is being made is not ended by that.
/// What appears then is waited for, and goes too.
#[tokio::test]
async fn what_appears_after_it_was_withdrawn_is_destroyed_too() {
    for twice in [false, true] {
        let mut stage = Stage::new(1);
        (stage.manner.limits, stage.manner.pages) = (Some(TINY), Some(0));
        stage.manner.twice = twice;
        let id = access(&stage, PERSON).await;
        let on_its_way = OnItsWay::default();
        let (begun, theirs) = (on_its_way.clone(), id.clone());
        super::before(&stage, "PackageExport", move |stage| {
            let mut begun = begun.lock().expect("not poisoned");
            if stage.request(&theirs).status == Status::Packaging && begun.is_none() {
                let packages = stage.world.packages();
                let upload = at_once(packages.begin(&stage.tenant, &theirs, "package-1-9.zip"));
                *begun = Some(upload.expect("begun"));
                at_once(stage.cancel(&theirs));
                at_once(stage.deliver());
            }
        });
        *stage.happening.lock().expect("not poisoned") = Some(appears_late(on_its_way.clone()));
        let request = stage.play_to_the_end(&id).await;
        assert_eq!(request.status, Status::Cancelled);
        assert!(on_its_way.lock().expect("not poisoned").is_none(), "it was waited for");
        let asked = events(&stage, &id, EventKind::CancelRequested)[0].at;
        let closed = request.closed_at.expect("closed");
        assert!(closed.duration_since(asked).as_mins() < 10, "{asked} {closed}");
        assert_ours_is_clean(&stage, &id);
    }
}

/// At any moment: before any call of any step. Whatever is half made goes too, whoever was making it.
#[tokio::test]
async fn nothing_is_left_of_what_is_half_made_when_it_is_withdrawn() {
    let mut ends = std::collections::BTreeMap::new();
    for zombies in [false, true] {
        // Beside its successor an execution is watched at every third call.
        for n in (0..).step_by(if zombies { 3 } else { 1 }) {
            let mut stage = Stage::new(1);
            (stage.manner.limits, stage.manner.pages, stage.manner.zombies) = (Some(TINY), Some(0), zombies);
            let id = access(&stage, PERSON).await;
            let (mut left, theirs) = (n, id.clone());
            let done = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
            let asked = done.clone();
            *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, _| {
                left -= 1;
                if left == 0 && stage.request(&theirs).can_cancel() {
                    asked.store(true, std::sync::atomic::Ordering::Relaxed);
                    at_once(stage.cancel(&theirs));
                    at_once(stage.deliver());
                }
            }));
            let request = stage.play_to_the_end(&id).await;
            assert_ours_is_clean(&stage, &id);
            *ends.entry(request.status.as_str()).or_insert(0) += 1;
            if n > 0 && !done.load(std::sync::atomic::Ordering::Relaxed) {
                break;
            }
        }
    }
    assert!(ends["cancelled"] > 60 && ends.len() == 2, "{ends:?}");
}
