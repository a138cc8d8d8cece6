//! Who is told that the packages are there, and what if nobody can be.

use domain::event::EventKind;
use domain::export::Format;
use domain::request::RequestType;
use domain::{RequestId, Status};
use jiff::SignedDuration;
use testkit::inject::{Plan, Point, When};

use super::super::faults::assert_ours_is_clean;
use super::super::shop::PERSON;
use super::super::stage::Stage;
use super::{
    access, asked, assert_whole, events, fetch_all, held, last, stop_when_ready, unpack, until_ready,
    writing_letters,
};

const WHOLE: SignedDuration = SignedDuration::from_hours(72);

fn codes(stage: &Stage) -> Vec<String> {
    stage.world.letters().iter().map(|letter| letter.data["code"].expose().to_owned()).collect()
}

/// The last letter's code is the one that opens the packages, for as long as they are there.
fn assert_opens(stage: &Stage, id: &RequestId) {
    let export = stage.request(id).export.expect("an export");
    let token = export.token.expect("a code");
    let code = codes(stage).pop().expect("a letter");
    assert_eq!(code.len(), 64);
    assert_eq!(vault::sha256_hex(code.as_bytes()), token.sha256);
    assert_eq!(Some(token.expires_at), export.expires_at);
}

#[tokio::test]
async fn the_person_gets_one_letter_with_what_opens_their_package() {
    let stage = writing_letters().await;
    let id = access(&stage, PERSON).await;
    until_ready(&stage, &id).await;
    let letters = stage.world.letters();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].to.expose(), PERSON);
    assert_eq!(
        (letters[0].from.as_str(), letters[0].template.as_str()),
        ("privacy@example.com", "export-ready")
    );
    assert_eq!(letters[0].data["request"].expose(), id.as_str());
    assert!(!letters[0].data.values().any(|value| value.expose().contains(".zip")), "no link to a package");
    assert_opens(&stage, &id);
    let told = &events(&stage, &id, EventKind::ExportAnnounced)[0].detail["told"];
    assert_eq!(told, "mail topic webhook");
    stage.play_to_the_end(&id).await;
    // Only its digest is left: what made it is destroyed.
    assert_ours_is_clean(&stage, &id);
}

/// Whoever cannot be told keeps nothing from the others, and loses nothing: they are told once they can be, and
/// the time to fetch begins then.
#[tokio::test]
async fn who_cannot_be_told_for_hours_is_told_later_and_the_time_counts_from_then() {
    for point in ["announcer.webhook", "announcer.topic", "mailer."] {
        let stage = writing_letters().await;
        let (fetched, whole) = (fetch_all(&stage), held(&stage));
        let id = access(&stage, PERSON).await;
        stage.world.injector().arm(Plan::outage(point));
        let began = stage.world.clock().now();
        super::before(&stage, "Announce", move |stage| {
            if stage.world.clock().now().duration_since(began) > SignedDuration::from_hours(10) {
                stage.world.injector().disarm();
            }
        });
        stage.play().await;
        let request = stage.request(&id);
        let missed = events(&stage, &id, EventKind::ExportNotAnnounced);
        assert!(missed.len() > 10 && missed.len() < 20, "{point}: {}", missed.len());
        let told = events(&stage, &id, EventKind::ExportAnnounced);
        assert_eq!(told.len(), 1, "{point}");
        assert!(told[0].at.duration_since(began) >= SignedDuration::from_hours(10));
        let destroyed = request.export.and_then(|export| export.destroyed_at).expect("destroyed");
        assert!(destroyed.duration_since(told[0].at) >= WHOLE, "{point}");
        let ready = stage.world.announced();
        let ready = ready.iter().filter(|one| one.announcement.status == Status::Ready).count();
        assert_eq!((ready, stage.world.letters().len()), (2, 1), "{point}: everybody once");
        assert_whole(&unpack(&last(&fetched, &id)), &whole);
        stage.play_to_the_end(&id).await;
        assert_ours_is_clean(&stage, &id);
    }
}

/// The code of a letter works for as long as the package is there, also if that became longer since.
#[tokio::test]
async fn a_code_works_as_long_as_its_package_is_there() {
    let stage = writing_letters().await;
    let id = access(&stage, PERSON).await;
    stage.world.injector().arm(Plan::outage("announcer.webhook"));
    let began = stage.world.clock().now();
    super::before(&stage, "Announce", move |stage| {
        if stage.world.clock().now().duration_since(began) > SignedDuration::from_hours(10) {
            stage.world.injector().disarm();
        }
    });
    until_ready(&stage, &id).await;
    assert_eq!(stage.world.letters().len(), 1);
    assert_opens(&stage, &id);
}

/// A letter whose answer was lost is sent again with the same code.
#[tokio::test]
async fn a_letter_that_is_sent_again_has_the_same_code() {
    for (point, crash) in
        [(Point::MailerSend, false), (Point::MailerSend, true), (Point::AnnouncerTopic, true)]
    {
        let stage = writing_letters().await;
        let id = access(&stage, PERSON).await;
        let plan = Plan::nth(point, 0).when(When::After);
        stage.world.injector().arm(if crash { plan.crash() } else { plan });
        until_ready(&stage, &id).await;
        let codes = codes(&stage);
        assert_eq!(codes.len(), if point == Point::MailerSend { 2 } else { 1 });
        assert!(codes.iter().all(|code| *code == codes[0]));
        assert_opens(&stage, &id);
    }
    let mut stage = writing_letters().await;
    stage.manner.twice = true;
    let id = access(&stage, PERSON).await;
    until_ready(&stage, &id).await;
    assert_opens(&stage, &id);
}

/// A letter goes to an address that the stores have, never to one that was merely given.
#[tokio::test]
async fn an_address_that_was_only_given_gets_no_letter() {
    let stage = writing_letters().await;
    let given = [("customer_id", "1"), ("email", "somebody-else@example.com")];
    let id = stage.submit_as(RequestType::Access, Some(asked(Format::Json)), &given, None).await;
    until_ready(&stage, &id).await;
    let letters = stage.world.letters();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].to.expose(), PERSON);
}

/// Without an address in any store nobody is written to, and the others are told that.
#[tokio::test]
async fn without_an_address_in_any_store_there_is_no_letter_and_that_is_written_down() {
    let stage = writing_letters().await;
    let catalog = stage.world.current_catalog().expect("published");
    for (store, collection, table, field) in
        [("shop", "customers", "shop-customers", "Email"), ("crm", "contacts", "contacts", "email")]
    {
        let store = catalog.store(&store.parse().expect("a store")).expect("there");
        let database = stage.world.database(&stage.tenant, &store.id);
        for mut row in database.rows(table) {
            if row.get(field).is_some_and(|email| email.expose() == PERSON) {
                row.remove(field);
                database.put(store.collection(collection).expect("there"), row).expect("put");
            }
        }
    }
    let given = [("customer_id", "1"), ("email", PERSON)];
    let id = stage.submit_as(RequestType::Access, Some(asked(Format::Json)), &given, None).await;
    until_ready(&stage, &id).await;
    assert!(stage.world.letters().is_empty());
    let told = &events(&stage, &id, EventKind::ExportAnnounced)[0].detail;
    assert_eq!((told["told"].as_str(), told["mail"].as_str()), ("topic webhook", "no address in any store"));
    assert_eq!(stage.request(&id).export.and_then(|export| export.token), None);
}

/// Nobody can be told, for as long as the packages are there.
async fn nobody_is_told(stage: &Stage, id: &RequestId) {
    stage.world.injector().arm(Plan::outage("announcer.webhook"));
    stage.play().await;
    let request = stage.request(id);
    assert_eq!(request.status, Status::Parked);
    let parked = request.parked.expect("parked");
    assert_eq!((parked.code.as_str(), parked.transient), ("announcement-failed", false));
    assert_eq!(parked.state, "SweepExport");
    assert_eq!(request.progress_by, None, "made again when somebody has mended it, not before");
    assert!(stage.world.stored_packages("").is_empty(), "in time all the same");
    assert_eq!(events(stage, id, EventKind::Packaged).len(), 1);
    let destroyed = events(stage, id, EventKind::ExportDestroyed)[0].at;
    assert!(destroyed.duration_since(events(stage, id, EventKind::Packaged)[0].at) >= WHOLE);
}

#[tokio::test]
async fn what_expired_before_anybody_could_be_told_is_made_again_when_that_is_mended() {
    let stage = writing_letters().await;
    let whole = held(&stage);
    let id = access(&stage, PERSON).await;
    nobody_is_told(&stage, &id).await;
    stage.world.injector().disarm();
    stage.resume(&id).await;
    *stage.happening.lock().expect("not poisoned") = Some(stop_when_ready(id.clone()));
    stage.play().await;
    assert_whole(&super::files(&stage, &id), &whole);
    assert_opens(&stage, &id);
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::Fulfilled);
    assert_ours_is_clean(&stage, &id);
}

/// The same, whatever fails while they are destroyed, and however often that is done.
#[tokio::test]
async fn what_nobody_was_told_of_is_parked_once_whatever_fails() {
    for crash in [false, true] {
        for nth in 0..7 {
            let mut stage = writing_letters().await;
            stage.manner.twice = nth % 2 == 1;
            let mut begun = false;
            super::before(&stage, "Sweep", move |stage| {
                if !std::mem::replace(&mut begun, true) {
                    let plan = Plan::call(stage.world.injector().total() + nth).when(When::After);
                    stage.world.injector().arm(if crash { plan.crash() } else { plan });
                }
            });
            let id = access(&stage, PERSON).await;
            nobody_is_told(&stage, &id).await;
        }
    }
}
