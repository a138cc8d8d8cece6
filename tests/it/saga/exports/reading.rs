//! Reading a store whole, while it changes, and fails, and is a copy of another.

use domain::export::{Datum, Export, Format};
use domain::plan::Value;
use domain::request::RequestType;
use domain::{Operation, Personal, Status};
use testkit::inject::{Plan, Point};

use super::super::shop::{self, NAME, PERSON};
use super::super::stage::{Stage, at_once};
use super::{access, before, lines, manifest, searched, until_ready};

fn database(stage: &Stage, store: &str) -> testkit::memory::Database {
    stage.world.database(&stage.tenant, &store.parse().expect("a store"))
}

fn reads(stage: &Stage) -> usize {
    stage.world.injector().trace().iter().filter(|call| call.point == Point::CollectorCollect).count()
}

/// A store that fails in the middle is read on from there, not from the beginning.
#[tokio::test]
async fn a_store_that_fails_half_way_is_read_on_from_its_last_page() {
    let stage = Stage::new(1);
    stage.world.set_most_collected(1);
    let id = access(&stage, PERSON).await;
    stage.world.injector().reset();
    let expected = until_ready(&stage, &id).await;
    let clean = reads(&stage);
    assert!(clean > 25, "{clean}");
    for nth in [1, 8, 17] {
        let stage = Stage::new(1);
        stage.world.set_most_collected(1);
        let id = access(&stage, PERSON).await;
        stage.world.injector().reset();
        stage.world.injector().arm(Plan::nth(Point::CollectorCollect, nth));
        let files = until_ready(&stage, &id).await;
        assert_eq!(stage.world.injector().struck(), 1);
        assert_eq!(reads(&stage), clean + 1, "only the call that failed is made again");
        assert_eq!(super::shown(&files), super::shown(&expected));
    }
}

/// What is somebody else's by then is not shown, and what is gone is said to be.
#[tokio::test]
async fn what_changes_hands_or_is_deleted_before_it_is_read_is_counted_and_not_shown() {
    let stage = Stage::new(1);
    let mut done = false;
    before(&stage, "CollectStore", move |stage| {
        if std::mem::replace(&mut done, true) {
            return;
        }
        let crm = database(stage, "crm");
        crm.remove("interactions", |row| row["interaction_id"].expose() == "11");
        // A seller of a second-hand account: the contact is another customer's from now on.
        let catalog = stage.world.current_catalog().expect("published");
        let store = catalog.store(&"shop".parse().expect("a store")).expect("there");
        let shop = database(stage, "shop");
        for mut row in shop.rows("shop-invoices") {
            if row["InvoiceId"].expose() == "103" {
                row.insert("CustomerId".into(), Value::Number(Personal::new("11")));
                row.insert("BillingAddress".into(), Value::Text(Personal::new("Neighbour's new address")));
                shop.put(store.collection("invoices").expect("there"), row).expect("put");
            }
        }
        database(stage, "support").remove_objects("shop-support");
    });
    let id = access(&stage, PERSON).await;
    let files = until_ready(&stage, &id).await;
    assert_eq!(lines(&files, "shop/invoices").len(), 6);
    assert_eq!(lines(&files, "crm/interactions").len(), 2);
    assert_eq!(
        (&searched(&files, "shop")["reassigned"], &searched(&files, "shop")["gone"]),
        (&1.into(), &0.into())
    );
    assert_eq!(searched(&files, "crm")["gone"], 1);
    assert_eq!(searched(&files, "support")["gone"], 2);
    for (name, bytes) in &files {
        assert!(!String::from_utf8_lossy(bytes).contains("Neighbour's new address"), "{name}");
    }
    let page = String::from_utf8_lossy(&files["index.html"]).into_owned();
    assert!(page.contains("somebody else’s") && page.contains("nothing was left to read"), "{page}");
}

/// One document that nobody can read stops nothing: it is left out, its record is there, and both are said.
#[tokio::test]
async fn a_document_that_cannot_be_shown_is_left_out_and_counted() {
    let stage = Stage::new(1);
    let support = database(&stage, "support");
    let long = format!("{{\"long\":\"{}\"}}", "x".repeat(4 << 20));
    let half = "{\"assigned_to\":{\"name\":\"Employee\"},\"note\":\"\\ud800\"}".to_owned();
    let empty = String::new();
    let bad = ["{".to_owned(), half, long];
    for (n, body) in bad.into_iter().chain([empty]).enumerate() {
        support.put_object("shop-support", &format!("tickets/1/B{n}.json"), body);
    }
    support.archive("shop-support", "avatars/1.png");
    let id = access(&stage, PERSON).await;
    let files = until_ready(&stage, &id).await;
    let said = searched(&files, "support");
    assert_eq!((&said["unreadable"], &said["archived"], &said["gone"]), (&3.into(), &1.into(), &0.into()));
    let tickets = lines(&files, "support/tickets");
    let named = tickets.iter().filter_map(|ticket| ticket.get("_file")?.as_str());
    let named: Vec<&str> = named.collect();
    assert_eq!(tickets.len(), 5, "the records are there");
    assert_eq!(named, ["support/tickets/tickets/1/B3.json", "support/tickets/tickets/1/T1.json"]);
    assert!(files["support/tickets/tickets/1/B3.json"].is_empty(), "nothing is said of nobody");
    let avatars = lines(&files, "support/avatars");
    assert_eq!((avatars.len(), avatars[0].get("_file")), (1, None));
    let page = String::from_utf8_lossy(&files["index.html"]).into_owned();
    assert!(page.contains("3 records in support are shown without their documents, because"), "{page}");
    assert!(page.contains("1 record in support is shown without its document, which is in an"), "{page}");
}

/// Where the catalog says that nobody else is in the documents, they are given as they are.
#[tokio::test]
async fn a_document_in_which_nobody_is_masked_need_not_be_read() {
    let stage = Stage::new(1);
    let catalog = shop::CATALOG.replace("others: [/assigned_to/name, /assigned_to/email]", "others: []");
    assert_ne!(catalog, shop::CATALOG);
    stage.world.publish_yaml(&catalog).expect("the catalog is whole");
    let long = "x".repeat(9 << 20);
    let support = database(&stage, "support");
    support.put_object("shop-support", "tickets/1/B1.json", "{");
    support.put_object("shop-support", "tickets/1/B2.json", long.clone());
    let id = access(&stage, PERSON).await;
    let files = until_ready(&stage, &id).await;
    assert_eq!(searched(&files, "support")["unreadable"], 0);
    assert_eq!(files["support/tickets/tickets/1/B1.json"], b"{");
    assert!(files["support/tickets/tickets/1/B2.json"] == long.as_bytes());
}

/// A replica of the CRM's contacts.
const COPY: &str = "
  - id: replica
    kind: sql
    owner: { team: data, page: data@example.com }
    connection: lacuna/demo/replica
    copy_of: crm
    control:
      records:
        contacts: { contact_id: C-990001, customer_id: 990001, email: control@lacuna.invalid }
    collections:
      - name: contacts
        resource: contacts
        key: [contact_id]
        erasure: { method: delete }
        fields:
          contact_id: { category: user.unique_id, class: internal }
          customer_id: { category: user.unique_id, class: internal, kind: number, identity: customer_id, index: c }
          email: { category: user.contact.email, class: confidential, identity: email, index: e }
          full_name: { category: user.name, class: confidential }
";

/// A stage with the replica, which has the person's contact and an old one.
fn with_a_replica(contacts: &[&str]) -> Stage {
    let stage = Stage::new(1);
    stage.world.publish_yaml(&format!("{}{COPY}", shop::CATALOG)).expect("the catalog is whole");
    let catalog = stage.world.current_catalog().expect("published");
    stage.world.provision(&stage.tenant, &catalog);
    at_once(stage.plant());
    let replica = catalog.store(&"replica".parse().expect("a store")).expect("there");
    let collection = replica.collection("contacts").expect("there");
    for contact in contacts {
        let text = |text: &str| Value::Text(Personal::new(text));
        let row = [
            ("contact_id", text(contact)),
            ("customer_id", Value::Number(Personal::new("1"))),
            ("email", text(PERSON)),
            ("full_name", text(NAME)),
        ];
        let row = row.map(|(name, value)| (name.to_owned(), value)).into();
        database(&stage, "replica").put(collection, row).expect("put");
    }
    stage
}

/// What both have is shown once; what only the copy has is shown there.
#[tokio::test]
async fn what_a_copy_has_too_is_shown_once_and_what_only_it_has_is_shown() {
    for pages in [None, Some(0)] {
        let mut stage = with_a_replica(&["C0001", "C0001-old"]);
        (stage.manner.pages, stage.manner.twice) = (pages, pages.is_some());
        let id = access(&stage, PERSON).await;
        let files = until_ready(&stage, &id).await;
        assert_eq!(lines(&files, "crm/contacts").len(), 1);
        let only = lines(&files, "replica/contacts");
        assert_eq!(only.len(), 1);
        assert_eq!(only[0]["contact_id"], "C0001-old");
        assert_eq!(searched(&files, "replica")["shown_elsewhere"], 1);
        assert_eq!(searched(&files, "replica")["copy_of"], "crm");
    }
}

/// What the original does not show any more is shown where it still is.
#[tokio::test]
async fn what_is_gone_from_the_original_is_shown_in_the_copy() {
    let stage = with_a_replica(&["C0001"]);
    before(&stage, "CollectStore", |stage| {
        database(stage, "crm").remove("contacts", |row| row["contact_id"].expose() == "C0001");
    });
    let id = access(&stage, PERSON).await;
    let files = until_ready(&stage, &id).await;
    assert_eq!(searched(&files, "crm")["gone"], 1);
    assert_eq!(lines(&files, "replica/contacts").len(), 1);
    assert_eq!(searched(&files, "replica")["shown_elsewhere"], 0);
}

/// A copy is read after its original, whichever of both is asked for first; one that fails keeps both waiting.
#[tokio::test]
async fn a_copy_waits_for_its_original() {
    let stage = with_a_replica(&["C0001"]);
    let id = access(&stage, PERSON).await;
    stage.world.injector().arm(Plan::outage("collector.").on("crm"));
    stage.play().await;
    let parked = stage.request(&id).parked.expect("parked");
    assert_eq!((parked.state.as_str(), parked.code.as_str()), ("CollectStore", "store-unavailable"));
    let tasks = stage.world.requests().tasks(&stage.tenant, &id).await.expect("tasks");
    let of_the_copy = |task: &domain::Task| task.op == Operation::Collect && task.store.as_str() == "replica";
    assert!(!tasks.iter().any(of_the_copy), "nothing is read of the copy yet");
    stage.world.injector().disarm();
    stage.sweep_when_due(&id).await;
    let files = until_ready(&stage, &id).await;
    assert_eq!((lines(&files, "crm/contacts").len(), lines(&files, "replica/contacts").len()), (1, 0));
    assert_eq!(searched(&files, "replica")["shown_elsewhere"], 1);
}

/// More fields than a file has columns stop no package, in no form.
#[tokio::test]
async fn however_many_fields_the_records_have_they_are_shown() {
    for format in Format::ALL {
        let stage = Stage::new(1);
        let catalog = stage.world.current_catalog().expect("published");
        let store = catalog.store(&"shop".parse().expect("a store")).expect("there");
        let collection = store.collection("customers").expect("there");
        let shop = database(&stage, "shop");
        let row = shop.rows("shop-customers").into_iter().find(|row| row["CustomerId"].expose() == "1");
        let more = (0..2_500).map(|n| (format!("seen-{n:04}"), Datum::text(format!("on-{n:04}")))).collect();
        shop.put_whole(collection, row.expect("the person"), more).expect("put");
        let export = Export { format, ..Export::default() };
        let id = stage.submit_as(RequestType::Access, Some(export), &[("email", PERSON)], None).await;
        let files = until_ready(&stage, &id).await;
        let of = |name: &&String| name.starts_with("shop/customers.");
        let text = String::from_utf8_lossy(&files[files.keys().find(of).expect("a file")]).into_owned();
        assert!((0..2_500).all(|n| text.contains(&format!("on-{n:04}"))), "{format:?}");
        assert_eq!(text.contains(",_more,"), format == Format::Csv);
    }
}

/// What is sealed under the person's own key in an archive is not read from here. That is said.
#[tokio::test]
async fn what_is_sealed_under_the_persons_own_key_is_said_to_be_there() {
    let stage = super::super::shredding::stage();
    super::super::shredding::append(&stage, "1", "returned").await;
    let id = access(&stage, PERSON).await;
    let files = until_ready(&stage, &id).await;
    assert_eq!(stage.request(&id).status, Status::Ready);
    assert_eq!(searched(&files, "archive")["sealed"], 1, "{}", manifest(&files));
    let page = String::from_utf8_lossy(&files["index.html"]).into_owned();
    assert!(page.contains("archive") && page.contains("key of your own"), "{page}");
}
