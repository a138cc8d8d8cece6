//! Every step twice, a fault at every call, a process that dies at every call: the same package, the same end,
//! and nothing left behind (G3).

use std::collections::BTreeMap;

use domain::{RequestId, Status};
use fulfillment::steps::package_export::Limits;
use testkit::inject::{Plan, When};
use testkit::memory::Paging;

use super::super::faults::{Ending, assert_clean, assert_ours_is_clean, ending, is_another};
use super::super::shop::{self, PERSON};
use super::super::stage::Stage;
use super::{Fetched, access, assert_whole, both, fetch_all, held, last, unpack};

/// What must be the same however the end was reached.
type History = (Ending, BTreeMap<String, Vec<u8>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Access,
    Both,
}

/// The person's files, without what says when they were made.
fn timeless(fetched: &Fetched, id: &RequestId) -> BTreeMap<String, Vec<u8>> {
    let mut files = unpack(&last(fetched, id));
    files.retain(|name, _| !name.starts_with("manifest.") && name != "index.html");
    files
}

/// The calls up to this one are the export's own.
async fn run(asked: Asked, fault: Option<Plan>) -> (Stage, History, u64) {
    let mut stage = Stage::new(1);
    stage.manner.limits = Some(Limits { part_bytes: 1 << 20, part_files: 6, ..Limits::default() });
    stage.manner.pages = Some(2);
    let fetched = fetch_all(&stage);
    let before = (shop::everything(&stage.world, &stage.tenant), held(&stage));
    let id = match asked {
        Asked::Access => access(&stage, PERSON).await,
        Asked::Both => both(&stage).await,
    };
    stage.world.injector().reset();
    let until = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(u64::MAX));
    let noted = until.clone();
    super::before(&stage, "CheckSanctions", move |stage| {
        let total = stage.world.injector().total();
        noted.fetch_min(total, std::sync::atomic::Ordering::Relaxed);
    });
    let struck = fault.is_some();
    if let Some(fault) = fault {
        stage.world.injector().arm(fault);
    }
    let request = stage.play_to_the_end(&id).await;
    assert_eq!(request.status, Status::Fulfilled);
    if struck {
        assert_eq!(stage.world.injector().struck(), 1, "the fault was injected");
    }
    assert_whole(&unpack(&last(&fetched, &id)), &before.1);
    match asked {
        Asked::Access => {
            assert_ours_is_clean(&stage, &id);
            assert!(shop::everything(&stage.world, &stage.tenant) == before.0, "nothing was touched");
        }
        Asked::Both => assert_clean(&stage, &id),
    }
    let history = (ending(&stage, &id), timeless(&fetched, &id));
    let until = until.load(std::sync::atomic::Ordering::Relaxed).min(stage.world.injector().total());
    (stage, history, until)
}

/// One run for each of the export's calls, with one fault each.
async fn sweep(asked: Asked, when: When, crash: bool) {
    let (stage, expected, until) = run(asked, None).await;
    let trace = stage.world.injector().trace();
    assert!(until > 150, "{until}");
    let mut made = 0;
    for call in trace.iter().filter(|call| call.n < until) {
        // One of four readings: whatever fails there, the step is made again, as it is at the others.
        let skips = when == When::Before && !call.point.writes() && call.n % 4 != 0;
        if skips || !is_another(call, when) {
            continue;
        }
        let plan = Plan::call(call.n).when(when);
        let (_, got, _) = run(asked, Some(if crash { plan.crash() } else { plan })).await;
        assert!(got == expected, "{when:?} {call:?}: {:?}", got.0);
        made += 1;
    }
    assert!(made > 2, "{made}");
}

#[tokio::test]
async fn a_fault_before_any_call_of_an_access_changes_nothing_in_the_end() {
    sweep(Asked::Access, When::Before, false).await;
}

#[tokio::test]
async fn a_fault_in_the_middle_of_any_call_of_an_access_changes_nothing_in_the_end() {
    sweep(Asked::Access, When::Midway, false).await;
}

#[tokio::test]
async fn an_answer_lost_after_any_call_of_an_access_changes_nothing_in_the_end() {
    sweep(Asked::Access, When::After, false).await;
}

#[tokio::test]
async fn a_process_that_dies_after_any_call_of_an_access_changes_nothing_in_the_end() {
    sweep(Asked::Access, When::After, true).await;
}

#[tokio::test]
async fn a_process_that_dies_after_any_call_of_an_export_that_comes_first_changes_nothing_in_the_end() {
    sweep(Asked::Both, When::After, true).await;
}

#[tokio::test]
async fn every_step_of_an_export_may_run_twice_page_by_page_and_beside_its_successor() {
    for asked in [Asked::Access, Asked::Both] {
        let (_, expected, _) = run(asked, None).await;
        for (twice, pages, zombies) in [(true, None, true), (false, Some(0), true), (true, Some(1), false)] {
            let mut stage = Stage::new(1);
            stage.manner.limits = Some(Limits { part_bytes: 1 << 20, part_files: 6, ..Limits::default() });
            (stage.manner.twice, stage.manner.pages, stage.manner.zombies) = (twice, pages, zombies);
            stage.world.set_paging(Paging { size: 2, begins_empty: true });
            let (fetched, held) = (fetch_all(&stage), held(&stage));
            let id = match asked {
                Asked::Access => access(&stage, PERSON).await,
                Asked::Both => both(&stage).await,
            };
            stage.play_to_the_end(&id).await;
            assert_eq!(ending(&stage, &id), expected.0);
            assert_whole(&unpack(&last(&fetched, &id)), &held);
            assert_ours_is_clean(&stage, &id);
        }
    }
}
