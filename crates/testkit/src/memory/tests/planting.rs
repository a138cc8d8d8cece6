//! A control person's record.

use domain::catalog::Catalog;
use ports::stores::Target;
use ports::{Class, Code, Fault};

use super::{customer, database, number, part, shop, tenant, text};
use crate::inject::{Plan, Point, When};
use crate::memory::{Row, World};

async fn plant(world: &World, catalog: &Catalog, store: &str, record: &Row, mark: &str) -> Result<(), Fault> {
    let (store, collection) = part(catalog, store);
    let planter = world.stores().planter(&tenant(), store).await.expect("an answer").expect("it plants");
    planter.plant(&Target { store, collection, wanted: &[] }, record, mark).await
}

fn is_mismatch(planted: Result<(), Fault>) {
    let fault = planted.expect_err("it is refused");
    assert_eq!((fault.class, fault.code), (Class::Permanent, Code::CatalogMismatch));
    assert!(!fault.to_string().contains("example.invalid"), "a value is quoted");
}

#[tokio::test]
async fn a_row_is_planted_once_replaced_and_shown() {
    let (world, catalog) = shop();
    let db = database(&world, "shop");
    let control = customer(7, "control@example.invalid");
    for _ in 0..2 {
        plant(&world, &catalog, "shop", &control, "email").await.expect("planted");
    }
    let mut expected = control.clone();
    expected.insert("hidden".to_owned(), number(0));
    assert_eq!(db.rows("customers"), [expected.clone()]);

    let (_, customers) = part(&catalog, "shop");
    let mut hidden = control.clone();
    hidden.extend([("hidden".to_owned(), number(1)), ("name".to_owned(), text("An Older Name"))]);
    db.put(customers, hidden).expect("put");
    plant(&world, &catalog, "shop", &control, "email").await.expect("planted");
    assert_eq!(db.rows("customers"), [expected]);
}

#[tokio::test]
async fn a_stranger_s_row_is_left_alone() {
    let (world, catalog) = shop();
    let (_, customers) = part(&catalog, "shop");
    let db = database(&world, "shop");
    let control = customer(7, "control@example.invalid");
    let mut unmarked = customer(7, "x@example.com");
    unmarked.remove("email");
    for stranger in [customer(7, "x@example.com"), unmarked] {
        db.put(customers, stranger.clone()).expect("put");
        is_mismatch(plant(&world, &catalog, "shop", &control, "email").await);
        assert_eq!(db.rows("customers"), [stranger]);
    }
}

#[tokio::test]
async fn a_record_that_is_none_is_refused() {
    let (world, catalog) = shop();
    let control = customer(7, "control@example.invalid");
    for missing in ["id", "email"] {
        let mut record = control.clone();
        record.remove(missing);
        is_mismatch(plant(&world, &catalog, "shop", &record, "email").await);
    }
    let mut record = control.clone();
    record.insert("undeclared".to_owned(), text("x"));
    is_mismatch(plant(&world, &catalog, "shop", &record, "email").await);
    let before = |ticket| [("customer".to_owned(), text("c")), ("ticket".to_owned(), text(ticket))].into();
    for ticket in ["", "a/b", "a%b"] {
        is_mismatch(plant(&world, &catalog, "files", &before(ticket), "customer").await);
    }
    assert!(database(&world, "shop").rows("customers").is_empty());
    assert!(database(&world, "files").objects("files").is_empty());
}

#[tokio::test]
async fn an_object_is_planted_once_and_a_stranger_s_is_left_alone() {
    let (world, catalog) = shop();
    let db = database(&world, "files");
    let control = [("customer", "c"), ("ticket", "t"), ("more", "x")];
    let control: Row = control.map(|(name, value)| (name.to_owned(), text(value))).into();
    for _ in 0..2 {
        plant(&world, &catalog, "files", &control, "customer").await.expect("planted");
    }
    assert_eq!(db.objects("files"), ["tickets/c/t.json"]);
    let planted = db.snapshot();
    assert_eq!(planted.buckets["files"]["tickets/c/t.json"], br#"{"lacuna":"control"}"#);

    // Whoever writes it takes it over.
    db.put_object("files", "tickets/c/t.json", "theirs");
    let before = db.snapshot();
    is_mismatch(plant(&world, &catalog, "files", &control, "customer").await);
    assert_eq!(db.snapshot(), before);
}

#[tokio::test]
async fn an_answer_may_be_lost() {
    let (world, catalog) = shop();
    let control = customer(7, "control@example.invalid");
    world.injector().arm(Plan::nth(Point::PlanterPlant, 0).on("shop").when(When::After));
    let lost = plant(&world, &catalog, "shop", &control, "email").await;
    assert_eq!(lost.expect_err("lost").class, Class::Transient);
    assert_eq!(database(&world, "shop").rows("customers").len(), 1);
    plant(&world, &catalog, "shop", &control, "email").await.expect("planted");
}
