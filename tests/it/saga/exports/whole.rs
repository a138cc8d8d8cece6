//! Everything, nobody else's, and nothing left behind.

use domain::Status;
use domain::event::EventKind;
use domain::export::Format;
use domain::request::RequestType;
use jiff::SignedDuration;

use super::super::faults::assert_ours_is_clean;
use super::super::shop::{EMPLOYEE, NEIGHBOUR, PERSON};
use super::super::stage::Stage;
use super::{
    access, asked, assert_whole, both, events, fetch_all, held, last, manifest, unpack, until_ready,
};

#[tokio::test]
async fn a_person_gets_every_record_of_theirs_and_nobody_elses() {
    let stage = Stage::new(1);
    let id = access(&stage, PERSON).await;
    let files = until_ready(&stage, &id).await;
    assert_eq!(stage.request(&id).status, Status::Ready);
    assert_whole(&files, &held(&stage));
    for (name, bytes) in &files {
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains(NEIGHBOUR) && !text.contains(EMPLOYEE), "{name}");
    }
    assert_eq!(manifest(&files)["tenant"], "Demo");
}

/// What was collected is nowhere but in the packages as soon as they are there, and nowhere in the end.
#[tokio::test]
async fn the_package_and_its_key_are_destroyed_in_time_and_the_request_ends() {
    let stage = Stage::new(1);
    let id = access(&stage, PERSON).await;
    until_ready(&stage, &id).await;
    assert!(
        !stage.world.staged().iter().any(|key| key.starts_with("collected/")),
        "{:?}",
        stage.world.staged()
    );
    let request = stage.play_to_the_end(&id).await;
    assert_eq!(request.status, Status::Fulfilled);
    let export = request.export.expect("an export");
    let open_for = export.destroyed_at.expect("destroyed").duration_since(export.ready_at.expect("ready"));
    assert!(open_for >= SignedDuration::from_hours(72), "{open_for}");
    for kind in [EventKind::Packaged, EventKind::ExportAnnounced, EventKind::ExportDestroyed] {
        assert_eq!(events(&stage, &id, kind).len(), 1, "{kind:?}");
    }
    assert_eq!(events(&stage, &id, EventKind::Collected).len(), 3);
    assert_ours_is_clean(&stage, &id);
}

/// G4: nobody found is not a failure, and not a silence either.
#[tokio::test]
async fn who_is_not_known_gets_a_package_that_says_so() {
    for kind in [RequestType::Access, RequestType::Portability, RequestType::Erasure] {
        let stage = Stage::new(1);
        let fetched = fetch_all(&stage);
        let given = [("email", "nobody@example.com")];
        let id = stage.submit_as(kind, Some(asked(Format::Xml)), &given, None).await;
        let request = stage.play_to_the_end(&id).await;
        assert_eq!(request.status, Status::NoMatch, "{kind:?}");
        let files = unpack(&last(&fetched, &id));
        let page = String::from_utf8_lossy(&files["index.html"]);
        assert!(page.contains("Nothing was found"), "{kind:?}: {page}");
        assert_eq!(manifest(&files)["totals"]["records"], 0);
        assert_eq!(
            manifest(&files)["stores"].as_array().map(Vec::len),
            Some(2),
            "whoever could know an address"
        );
        assert_ours_is_clean(&stage, &id);
    }
}

/// Whoever signs up while a package says that nobody is known is erased all the same.
#[tokio::test]
async fn who_becomes_known_while_the_package_is_fetched_is_erased() {
    let stage = Stage::new(1);
    let crm = stage.world.database(&stage.tenant, &"crm".parse().expect("a store"));
    let nobody = "nobody@example.com";
    let given = [("email", nobody)];
    let id = stage.submit_as(RequestType::Erasure, Some(asked(Format::Json)), &given, None).await;
    until_ready(&stage, &id).await;
    super::super::shop::contact_of(&stage.world, &stage.tenant, "C0099", 99, nobody, "No Body");
    assert!(crm.mentions(nobody));
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::Fulfilled);
    assert!(!crm.mentions(nobody));
}

/// The state machine carries ids and outcomes, however much is collected.
#[tokio::test]
async fn what_the_state_machine_carries_stays_small() {
    let stage = Stage::new(1);
    for n in 0..2_000 {
        super::super::shop::invoice(&stage.world, &stage.tenant, 1, 100_000 + n, "Marked Person");
    }
    let id = both(&stage).await;
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::Fulfilled);
    for walk in stage.walks.lock().expect("not poisoned").iter() {
        let largest = walk.trace.largest().expect("payloads");
        assert!(largest.bytes < 4_096, "{}: {} bytes", largest.state, largest.bytes);
    }
}
