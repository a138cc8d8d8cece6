//! Several packages, several calls, several pages: together the same.

use domain::RequestId;
use domain::export::SealedFor;
use domain::request::RequestType;
use fulfillment::Sealing;
use fulfillment::steps::package_export::Limits;
use testkit::inject::{Plan, When};
use testkit::memory::Paging;

use super::super::faults::assert_ours_is_clean;
use super::super::shop::{NAME, PERSON};
use super::super::stage::Stage;
use super::{
    Files, access, asked, assert_whole, fetch_all, held, last, manifest, packages, unpack, until_ready,
};

/// Limits with which every record begins a package of its own.
pub const TINY: Limits = Limits { part_bytes: 1, part_input: u64::MAX, part_files: 1 };

/// Limits with which the person fills a few.
pub const SMALL: Limits = Limits { part_bytes: 1 << 20, part_input: u64::MAX, part_files: 4 };

/// Files, without what says how they are split.
fn contents(files: &Files) -> Vec<(&String, &Vec<u8>)> {
    files.iter().filter(|(name, _)| name.starts_with("support/") && !name.ends_with(".jsonl")).collect()
}

#[tokio::test]
async fn packages_that_are_split_anywhere_hold_every_record_once() {
    let whole = {
        let stage = Stage::new(1);
        let id = access(&stage, PERSON).await;
        until_ready(&stage, &id).await
    };
    for (limits, pages, collected) in
        [(TINY, None, None), (TINY, Some(0), None), (TINY, Some(0), Some(1)), (SMALL, Some(1), Some(200))]
    {
        let mut stage = Stage::new(1);
        stage.manner.limits = Some(limits);
        stage.manner.pages = pages;
        stage.manner.twice = collected.is_some();
        stage.world.set_paging(Paging { size: 3, begins_empty: true });
        if let Some(bytes) = collected {
            stage.world.set_most_collected(bytes);
        }
        let id = access(&stage, PERSON).await;
        let files = until_ready(&stage, &id).await;
        let several = stage.request(&id).export.expect("an export").packages.len();
        assert!(several > if limits == TINY { 30 } else { 2 }, "{several}");
        assert_eq!(manifest(&files)["packages"], several);
        assert_whole(&files, &held(&stage));
        assert_eq!(contents(&files), contents(&whole));
        let manifests = packages(&stage, &stage.request(&id));
        let with =
            manifests.iter().filter(|one| unpack(std::slice::from_ref(one)).contains_key("manifest.json"));
        assert_eq!(with.count(), 1, "one manifest, whatever the number of packages");
        assert_eq!(stage.world.stored_packages("").len(), several, "nothing else is in the bucket");
        stage.play_to_the_end(&id).await;
        assert_ours_is_clean(&stage, &id);
    }
}

/// What is fetched of an access whose state machine meets one fault, in its calls from `from` on.
async fn fetched_with(fault: Option<Plan>) -> (Stage, RequestId, Vec<Vec<u8>>) {
    let mut stage = Stage::new(1);
    stage.manner.limits = Some(SMALL);
    stage.manner.pages = Some(0);
    let fetched = fetch_all(&stage);
    let id = access(&stage, PERSON).await;
    stage.world.injector().reset();
    if let Some(fault) = fault {
        stage.world.injector().arm(fault);
    }
    stage.play_to_the_end(&id).await;
    let packages = last(&fetched, &id);
    (stage, id, packages)
}

/// Every byte but those of the signature, which is another one each time by its nature (ES256).
fn same_bytes(some: &[Vec<u8>], others: &[Vec<u8>]) -> bool {
    let but_the_last = |packages: &[Vec<u8>]| packages.split_last().map(|(_, before)| before.to_vec());
    let unsigned = |packages: &[Vec<u8>]| {
        let mut files = unpack(packages.last().map(std::slice::from_ref).unwrap_or_default());
        files.remove("manifest.jws").expect("a signature");
        files
    };
    but_the_last(some) == but_the_last(others) && unsigned(some) == unsigned(others)
}

/// What is made again is the same, byte for byte, whatever failed while it was made: what was read, and when,
/// does not change by that.
#[tokio::test]
async fn the_same_input_gives_the_same_bytes() {
    let (stage, _, expected) = fetched_with(None).await;
    assert!(expected.len() > 2);
    let trace = stage.world.injector().trace();
    let of =
        |name: &'static str| trace.iter().filter(move |call| call.point.name() == name).map(|call| call.n);
    let from = of("packages.begin").min().expect("it is packaged");
    let to = of("packages.finish").max().expect("it is packaged") + 3;
    assert!(to - from > 40, "{from} {to}");
    for n in from..to {
        for fault in [Plan::call(n), Plan::call(n).when(When::After).crash()] {
            let (stage, id, packages) = fetched_with(Some(fault)).await;
            assert!(same_bytes(&packages, &expected), "{:?}", trace[usize::try_from(n).expect("few")]);
            assert_ours_is_clean(&stage, &id);
        }
    }
}

/// Packages that are encrypted for the person: each says what it is, and nothing can be read in it.
#[tokio::test]
async fn packages_that_are_sealed_are_split_and_made_again_too() {
    let mut stage = Stage::new(1);
    stage.manner.limits = Some(SMALL);
    stage.manner.pages = Some(0);
    stage.manner.twice = true;
    let passphrase = domain::Personal::new("correct horse battery staple");
    let mut export = asked(domain::export::Format::Json);
    export.sealed_for = SealedFor::Passphrase;
    let sealing = Sealing::Passphrase(passphrase);
    let given = [("email", PERSON)];
    let id = stage.submit_as(RequestType::Access, Some(export), &given, Some(&sealing)).await;
    *stage.happening.lock().expect("not poisoned") = Some(super::stop_when_ready(id.clone()));
    stage.play().await;
    let request = stage.request(&id);
    let sealed = packages(&stage, &request);
    assert!(sealed.len() > 2);
    for bytes in &sealed {
        assert!(bytes.starts_with(b"age-encryption.org/v1"));
        for mark in [PERSON, NAME, "shop/", "manifest"] {
            assert!(!bytes.windows(mark.len()).any(|window| window == mark.as_bytes()), "{mark}");
        }
    }
    assert!(
        request.export.expect("an export").packages.iter().all(|package| package.name.ends_with(".zip.age"))
    );
    stage.play_to_the_end(&id).await;
    assert_ours_is_clean(&stage, &id);
}
