//! What the product does to a person's records while their request waits.

use domain::{Operation, Status};
use testkit::memory::Row;
use testkit::walker::Next;

use super::shop::{self, NAME, NEIGHBOUR, PERSON};
use super::stage::{Stage, tally};

/// Something that the product does, once, while the request waits.
fn meanwhile(stage: &Stage, what: impl Fn(&Stage) + Send + Sync + 'static) {
    *stage.happening.lock().expect("not poisoned") = Some(Box::new(move |stage, _| {
        what(stage);
        Next::GoOn
    }));
}

fn interactions_of(stage: &Stage, contact: &str) -> Vec<Row> {
    let crm = stage.world.database(&stage.tenant, &"crm".parse().expect("a store"));
    crm.rows("interactions").into_iter().filter(|row| row["contact_id"].expose() == contact).collect()
}

/// What a record was found through may be deleted by its owner while the request waits.
#[tokio::test]
async fn what_was_found_through_a_record_that_is_gone_after_the_wait_is_erased_too() {
    let mut stage = Stage::new(1);
    stage.manner.twice = true;
    let id = stage.submit(PERSON).await;
    meanwhile(&stage, |stage| {
        let crm = stage.world.database(&stage.tenant, &"crm".parse().expect("a store"));
        crm.remove("contacts", |row| row["contact_id"].expose() == "C0001");
        assert!(!interactions_of(stage, "C0001").is_empty());
    });
    let request = stage.play_to_the_end(&id).await;
    assert_eq!((request.status, request.residue_rounds), (Status::Fulfilled, 0));
    assert!(!shop::mentions(&stage.world, &stage.tenant, NAME), "the notes of calls name the person");
    assert_eq!(tally(&stage, &id, Operation::Erase, "crm").erased, 3, "what was gone is not counted");
}

/// A record that was handed to somebody else leads to what is theirs by now.
#[tokio::test]
async fn what_is_behind_a_record_that_became_somebody_elses_is_left_alone() {
    let stage = Stage::new(1);
    let id = stage.submit(PERSON).await;
    meanwhile(&stage, |stage| {
        let crm = stage.world.database(&stage.tenant, &"crm".parse().expect("a store"));
        crm.remove("contacts", |row| row["contact_id"].expose() == "C0001");
        crm.remove("interactions", |row| row["contact_id"].expose() == "C0001");
        // The same contact, and what was said with it, are the neighbour's from here on.
        shop::contact_of(&stage.world, &stage.tenant, "C0001", 11, NEIGHBOUR, "Neigh Bour");
        for n in 10..13 {
            shop::interaction(&stage.world, &stage.tenant, n, "C0001", "Neigh Bour");
        }
    });
    let request = stage.play_to_the_end(&id).await;
    assert_eq!((request.status, request.residue_rounds), (Status::Fulfilled, 0), "{:?}", request.parked);
    assert_eq!(interactions_of(&stage, "C0001").len(), 3);
    assert_eq!(tally(&stage, &id, Operation::Erase, "crm").erased, 0);
    assert!(!shop::mentions(&stage.world, &stage.tenant, NAME));
}

/// Everything but a stray object is gone after the wait: nothing is erased, and it is not called done.
#[tokio::test]
async fn what_cannot_be_erased_parks_the_request_though_nothing_else_is_left() {
    let stage = Stage::new(1);
    let id = stage.submit_all(&[("email", PERSON), ("customer_id", "1")]).await;
    meanwhile(&stage, |stage| {
        let store = |name: &str| stage.world.database(&stage.tenant, &name.parse().expect("a store"));
        for table in ["shop-customers", "shop-invoices", "shop-invoice-lines"] {
            store("shop").remove(table, |_| true);
        }
        for table in ["contacts", "interactions", "revenue_by_customer"] {
            store("crm").remove(table, |_| true);
        }
        let support = store("support");
        support.remove_objects("shop-support");
        support.put_object("shop-support", "tickets/1/scan.pdf", NAME);
    });
    for _ in 0..40 {
        stage.play().await;
        stage.world.fake_clock().advance(jiff::SignedDuration::from_hours(24));
        stage.sweep().await;
    }
    let request = stage.request(&id);
    assert_eq!((request.status, request.progress_by), (Status::Parked, None), "{:?}", request.parked);
    assert_eq!(request.parked.as_ref().map(|p| p.code.as_str()), Some("residue-remains"));
    let events = stage.world.events_of(&stage.tenant, &id).len();
    assert!(events < 200, "it is not tried for ever: {events}");
}
