//! Two calls of one recheck that come to different things: what the first one has said stands, and what it still needs is
//! not destroyed by the other.

use std::sync::{Arc, Mutex};

use domain::TaskStatus;
use fulfillment::StepError;
use fulfillment::steps::recheck;
use testkit::clock::{CountedBudget, UnlimitedBudget};
use testkit::memory::World;

use super::again::{changed, publish};
use super::judging::found_again;
use super::overlaps::{late_reading, ports_of, reading_of};
use super::*;
use crate::saga::stage::slow::{Late, Slow, slow_load};

/// A call that has decided, and waits before the so-manieth time that it reads the request.
fn late_decision(stage: &Stage, id: &RequestId, nth: u32, ports: recheck::Ports) -> Late {
    let (go_on, requests) = slow_load(stage.world.requests(), nth);
    let (ports, run) = (recheck::Ports { requests, ..ports }, stage.run_of(id));
    let call = async move { recheck::run(&ports, &run, &UnlimitedBudget).await };
    Late::begun(go_on, call).expect("it waits for the request")
}

/// The last of the readings: one call cannot open what was kept, and says so when the other one has found the person.
#[tokio::test]
async fn what_was_kept_is_not_destroyed_by_a_call_that_found_nothing_where_another_found_somebody() {
    let stage = company();
    let id = erased(&stage).await;
    come_back(&stage);
    stage
        .write(&id, EventKind::RecheckPutOff, |mut draft| {
            let recheck = draft.request.recheck.as_mut().expect("it is due");
            recheck.unproven = domain::recheck::MOST_READINGS - 1;
            draft.request.progress_by = Some(recheck.at);
            draft
        })
        .await;
    let (late, theirs) = (Arc::new(Mutex::new(None)), id.clone());
    let begun = late.clone();
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        let mut begun = begun.lock().expect("not poisoned");
        if function == "RecheckFunctionArn" && begun.is_none() {
            // Its keys are those of somebody else.
            let ports = recheck::Ports { keyring: World::new(9).keyring(), ..ports_of(stage) };
            *begun = Some(late_decision(stage, &theirs, 3, ports));
        }
    }));
    let found = when_due(&stage, &id).await;
    assert_eq!((found.status, reached(&found)), (Status::Parked, Some(Reached::Found)));
    let late = late.lock().expect("not poisoned").take().expect("it was begun");
    assert_eq!(late.ends(), Err(StepError::More), "the next call goes by what was found");
    assert_eq!(stage.request(&id), found);
    assert!(is_left(&stage, &id));
    assert_eq!(ask(&stage, &id, Role::Officer, "erase").await, 202);
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::Fulfilled);
    assert!(!shop::mentions(&stage.world, &stage.tenant, PERSON));
}

/// The last of the weeks in which an officer's word can be carried out is over for one call while the other carries it out.
#[tokio::test]
async fn the_second_plan_is_not_destroyed_by_a_call_that_is_too_late_to_leave_it() {
    let stage = company();
    let id = found_again(&stage).await;
    let (late, theirs) = (Arc::new(Mutex::new(None)), id.clone());
    let (begun, told) = (late.clone(), id.clone());
    *stage.during.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        let mut begun = begun.lock().expect("not poisoned");
        if function == "RecheckFunctionArn" && begun.is_none() {
            let since = Timestamp::UNIX_EPOCH;
            at_once(stage.write(&theirs, EventKind::Progressed, |mut draft| {
                draft.request.recheck.as_mut().expect("it was found").since = Some(since);
                draft
            }));
            *begun = Some(Some(late_decision(stage, &theirs, 2, ports_of(stage))));
        }
    }));
    let ended = late.clone();
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        let late = ended.lock().expect("not poisoned").as_mut().and_then(Option::take);
        if let Some(late) = late {
            assert_eq!(
                (function, reached(&stage.request(&told))),
                ("PlanFunctionArn", Some(Reached::Erasing))
            );
            let before = stage.request(&told);
            assert_eq!(late.ends(), Err(StepError::More), "it is being erased");
            assert_eq!(stage.request(&told), before);
        }
    }));
    assert_eq!(ask(&stage, &id, Role::Officer, "erase").await, 202);
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::Fulfilled);
    assert!(matches!(*late.lock().expect("not poisoned"), Some(None)), "it came in between");
    assert!(!shop::mentions(&stage.world, &stage.tenant, PERSON));
}

/// A call that began under one catalog does not go on with it in the reading that another call began under the next.
#[tokio::test]
async fn a_call_by_an_earlier_catalog_has_no_part_in_the_reading_by_a_later_one() {
    check_late_by_an_earlier_catalog(false).await;
}

/// Nor does it take that reading for its own, if that is the first one.
#[tokio::test]
async fn a_call_by_an_earlier_catalog_takes_no_reading_from_a_later_one() {
    check_late_by_an_earlier_catalog(true).await;
}

/// A late call, and the next catalog: at once, or only when a call by the earlier one began to compare.
async fn check_late_by_an_earlier_catalog(is_first: bool) {
    let mut stage = company();
    let id = found_again(&stage).await;
    stage.manner.pages = Some(0);
    let catalog = changed(
        &[
            ("      - name: customers\n", "      - name: clients\n"),
            ("        customers: { CustomerId:", "        clients: { CustomerId:"),
        ],
        "",
    );
    let done = Arc::new(Mutex::new(false));
    let (theirs, told) = (id.clone(), done.clone());
    let (mut late, mut published) = (None, None);
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        if function != "RecheckFunctionArn" {
            return;
        }
        let compared_by = stage.request(&theirs).recheck.and_then(|recheck| recheck.compared_by);
        match (&late, &published) {
            (None, None) => {
                let (go_on, catalogs) = Slow::new(stage.world.catalogs());
                let (ports, run) = (recheck::Ports { catalogs, ..ports_of(stage) }, stage.run_of(&theirs));
                let call = async move { recheck::run(&ports, &run, &CountedBudget::new(0)).await };
                late = Some(Late::begun(go_on, call).expect("it waits for its catalog"));
                if is_first {
                    published = Some(at_once(publish(stage, &catalog)));
                }
            }
            (Some(_), None) if compared_by.is_some() => published = Some(at_once(publish(stage, &catalog))),
            (Some(_), Some(_)) if compared_by == published => {
                let before = (stage.request(&theirs), stage.world.tasks_of(&stage.tenant, &theirs));
                assert_eq!(late.take().expect("it waits").ends(), Err(StepError::More));
                let after = (stage.request(&theirs), stage.world.tasks_of(&stage.tenant, &theirs));
                assert!(before == after, "it has read nothing in a reading that is not its own");
                *told.lock().expect("not poisoned") = true;
            }
            _ => {}
        }
    }));
    assert_eq!(ask(&stage, &id, Role::Officer, "erase").await, 202);
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::Fulfilled);
    assert!(*done.lock().expect("not poisoned"), "it came in between");
}

/// One call gave a store up, and another one reads it to its end: it is read.
#[tokio::test]
async fn a_store_that_one_call_gave_up_and_another_one_read_is_read() {
    let stage = company();
    let id = erased(&stage).await;
    let (late, theirs) = (Arc::new(Mutex::new(None)), id.clone());
    let begun = late.clone();
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        let mut begun = begun.lock().expect("not poisoned");
        if function == "RecheckFunctionArn" && begun.is_none() {
            *begun = Some(Some(late_reading(stage, &theirs, 1_000)));
            stage.world.injector().arm(Plan::outage("connector.").on("crm").class(Class::Permanent));
        }
    }));
    let (waiting, theirs) = (late.clone(), id.clone());
    *stage.during.lock().expect("not poisoned") = Some(Box::new(move |stage, _| {
        let given_up = reading_of(stage, &theirs, "crm")
            .is_some_and(|task| task.status == TaskStatus::Done && task.tally.residue.is_none());
        if !given_up {
            return;
        }
        let late = waiting.lock().expect("not poisoned").as_mut().and_then(Option::take);
        if let Some(late) = late {
            stage.world.injector().disarm();
            assert_eq!(late.ends(), Ok(()));
        }
    }));
    let request = when_due(&stage, &id).await;
    assert!(matches!(*late.lock().expect("not poisoned"), Some(None)), "it came in between");
    assert_eq!((request.status, reached(&request)), (Status::Fulfilled, Some(Reached::Clear)));
    assert!(!is_left(&stage, &id));
}
