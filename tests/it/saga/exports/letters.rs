//! To whom a letter goes, and what happens while it is written.

use std::sync::Arc;

use async_trait::async_trait;
use contract::settings::Settings;
use contract::step::Run;
use domain::event::EventKind;
use domain::export::{DownloadToken, Format};
use domain::request::RequestType;
use domain::{RequestId, Status, TenantId};
use fulfillment::steps::announce_export;
use fulfillment::{Actor, Amend, Draft, Scope, amend};
use ports::{Fault, Letter, Mailer};
use testkit::inject::Plan;
use testkit::memory::World;
use testkit::walker::Next;

use super::super::shop::{self, PERSON};
use super::super::stage::Stage;
use super::{access, asked, events, until_ready, writing_letters};

/// An address that the CRM has of the person, besides the shop's.
const OTHER: &str = "Partner.Of.Old@example.com";

/// Another contact of the same customer.
fn another_contact(stage: &Stage, address: &str) {
    shop::contact_of(&stage.world, &stage.tenant, "C9001", 1, address, "Luis");
}

/// To whom letters went, and what the timeline says if there was none.
async fn written_to(stage: &Stage, given: &[(&str, &str)]) -> (Vec<String>, Option<String>) {
    let id = stage.submit_as(RequestType::Access, Some(asked(Format::Json)), given, None).await;
    until_ready(stage, &id).await;
    let letters = stage.world.letters().iter().map(|letter| letter.to.expose().to_owned()).collect();
    let told = &events(stage, &id, EventKind::ExportAnnounced)[0].detail;
    assert!(!told.values().any(|value| value.contains('@')), "{told:?}");
    (letters, told.get("mail").cloned())
}

async fn check(address: &str, given: &[(&str, &str)], expect: Result<&str, &str>) {
    let stage = writing_letters().await;
    another_contact(&stage, address);
    let got = written_to(&stage, given).await;
    let expect = match expect {
        Ok(to) => (vec![to.to_owned()], None),
        Err(nowhere) => (vec![], Some(nowhere.to_owned())),
    };
    assert_eq!(got, expect, "{address} {given:?}");
}

/// The code opens everything: it goes to whoever asked, or to the only address that there is, or nowhere.
#[tokio::test]
async fn of_several_addresses_only_one_that_was_given_gets_a_letter() {
    let several = Err("several addresses, and none of them was given");
    let customer = ("customer_id", "1");
    check(OTHER, &[customer], several).await;
    check(OTHER, &[customer, ("email", "somebody-else@example.com")], several).await;
    check(OTHER, &[customer, ("email", PERSON)], Ok(PERSON)).await;
    // However they are written, here or there.
    check(OTHER, &[("email", &OTHER.to_uppercase())], Ok(&OTHER.to_lowercase())).await;
    check(&PERSON.to_uppercase(), &[customer], Ok(PERSON)).await;
    check("unknown", &[customer], Ok(PERSON)).await;
}

/// Where a letter is all that tells, and nobody gets one, the packages are not announced: somebody has to see to it.
#[tokio::test]
async fn what_nobody_was_written_of_is_not_called_announced() {
    let stage = writing_letters().await;
    let settings = stage.world.tenants().settings(&stage.tenant).await.expect("read").expect("there");
    stage.world.put_settings(Settings { webhook: None, topic: false, ..(*settings).clone() });
    another_contact(&stage, OTHER);
    let export = Some(asked(Format::Json));
    let id = stage.submit_as(RequestType::Access, export, &[("customer_id", "1")], None).await;
    stage.play().await;
    assert!(events(&stage, &id, EventKind::ExportAnnounced).is_empty());
    let missed = events(&stage, &id, EventKind::ExportNotAnnounced);
    assert!(
        missed.len() > 3 && missed[0].detail["failed.mail"].contains("announcement-failed"),
        "{missed:?}"
    );
    let parked = stage.request(&id).parked.expect("parked");
    assert_eq!(parked.code.as_str(), "announcement-failed");
}

/// Whoever was told is not told again because the address of somebody else cannot be read.
#[tokio::test]
async fn when_the_address_cannot_be_read_the_others_are_told_once() {
    let stage = writing_letters().await;
    let mut calls = 0;
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, called| {
        let announces = called == "AnnounceFunctionArn";
        calls += usize::from(announces);
        if announces && calls <= 3 {
            stage.world.injector().arm(Plan::outage("catalogs."));
        } else {
            stage.world.injector().disarm();
        }
    }));
    let id = access(&stage, PERSON).await;
    until_ready(&stage, &id).await;
    let missed = events(&stage, &id, EventKind::ExportNotAnnounced);
    assert_eq!(missed.len(), 3);
    for event in &missed {
        assert_eq!(event.detail["told"], "topic webhook");
        assert!(event.detail["failed.mail"].contains("catalog-unreadable"), "{event:?}");
    }
    let ready = stage.world.announced();
    let ready = ready.iter().filter(|one| one.announcement.status == Status::Ready).count();
    assert_eq!((ready, stage.world.letters().len()), (2, 1), "everybody once");
}

/// Sends letters, and while one is on its way a code is made.
struct Slow {
    world: World,
    tenant: TenantId,
    id: RequestId,
}

#[async_trait]
impl Mailer for Slow {
    async fn send(&self, letter: &Letter) -> Result<(), Fault> {
        let (requests, clock, actor) =
            (self.world.requests(), self.world.clock(), Actor("officer:o".to_owned()));
        let (requests, clock) = (&*requests, &*clock);
        let scope =
            Scope { requests, clock, tenant: &self.tenant, id: &self.id, generation: None, actor: &actor };
        let made = amend(&scope, |mut request| {
            let export = request.export.as_mut().expect("an export");
            let expires_at = export.expires_at.expect("a time");
            let newest = DownloadToken { number: 2, sha256: "newest".into(), expires_at, tries: 0, uses: 0 };
            export.token = Some(newest);
            Ok(Amend::commit(Draft::new(request, EventKind::TokenMade, clock.now()), ()))
        });
        made.await.expect("made").expect("made");
        self.world.mailer().send(letter).await
    }
}

#[tokio::test]
async fn a_code_that_is_made_while_a_letter_is_on_its_way_stays_the_newest() {
    let stage = writing_letters().await;
    stage.world.injector().arm(Plan::outage("mailer."));
    *stage.happening.lock().expect("not poisoned") = Some(Box::new(|_, pause| {
        let waits = pause.waiters.iter().any(|waiter| waiter.state == "WaitForDownload");
        if waits { Next::Stop } else { Next::GoOn }
    }));
    let id = access(&stage, PERSON).await;
    stage.play().await;
    stage.world.injector().disarm();
    let w = &stage.world;
    let ports = announce_export::Ports {
        requests: w.requests(),
        tenants: w.tenants(),
        catalogs: w.catalogs(),
        keyring: w.keyring(),
        staging: w.staging(),
        announcer: w.announcer(),
        mailer: Arc::new(Slow { world: w.clone(), tenant: stage.tenant.clone(), id: id.clone() }),
        clock: w.clock(),
        entropy: w.entropy(),
    };
    let generation = stage.request(&id).generation;
    let run = Run { tenant: stage.tenant.clone(), request_id: id.clone(), generation };
    let announced = announce_export::run(&ports, &run).await.expect("announced");
    assert_eq!((announced.untold, w.letters().len()), (0, 1));
    let export = stage.request(&id).export.expect("an export");
    assert!(export.announced_at.is_some());
    let token = export.token.expect("a code");
    assert_eq!((token.number, token.sha256.as_str()), (2, "newest"));
    assert_eq!(Some(token.expires_at), export.expires_at, "as long as the package is there");
}
