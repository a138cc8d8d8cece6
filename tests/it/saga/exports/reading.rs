//! Reading a store whole, while it changes, and fails, and is a copy of another.

use domain::plan::Value;
use domain::{Personal, Status};
use testkit::inject::{Plan, Point};

use super::super::shop::{self, NAME, PERSON};
use super::super::stage::Stage;
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
    assert!(page.contains("somebody else’s") && page.contains("deleted before"), "{page}");
}

/// A replica of the CRM's contacts.
const COPY: &str = "
  - id: replica
    kind: sql
    owner: { team: data, page: data@example.com }
    connection: lacuna/demo/replica
    copy_of: crm
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

/// What both have is shown once; what only the copy has is shown there.
#[tokio::test]
async fn what_a_copy_has_too_is_shown_once_and_what_only_it_has_is_shown() {
    for pages in [None, Some(0)] {
        let mut stage = Stage::new(1);
        (stage.manner.pages, stage.manner.twice) = (pages, pages.is_some());
        stage.world.publish_yaml(&format!("{}{COPY}", shop::CATALOG)).expect("the catalog is whole");
        let catalog = stage.world.current_catalog().expect("published");
        stage.world.provision(&stage.tenant, &catalog);
        let replica = catalog.store(&"replica".parse().expect("a store")).expect("there");
        let contacts = replica.collection("contacts").expect("there");
        for contact in ["C0001", "C0001-old"] {
            let text = |text: &str| Value::Text(Personal::new(text));
            let row = [
                ("contact_id", text(contact)),
                ("customer_id", Value::Number(Personal::new("1"))),
                ("email", text(PERSON)),
                ("full_name", text(NAME)),
            ];
            let row = row.map(|(name, value)| (name.to_owned(), value)).into();
            database(&stage, "replica").put(contacts, row).expect("put");
        }
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
