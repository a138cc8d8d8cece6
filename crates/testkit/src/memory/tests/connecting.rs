//! The connector: pages, repetition, and records that have become somebody else's.

use domain::plan::{Record, Value};
use ports::stores::{Found, PAGE, Search, Settled, Since, Target, Treatment};
use ports::{Class, Code};

use super::{CATALOG, customer, database, number, part, shop, tenant, text};
use crate::inject::{Plan, Point, When};
use crate::memory::{Paging, World};

const WANTED: &[&str] = &["id", "email", "customer"];

/// All pages of a search, and how many there were.
async fn locate(world: &World, store: &str, field: &str, values: &[Value]) -> (Vec<Record>, u32) {
    let catalog = world.current_catalog().expect("published");
    let (store, collection) = part(&catalog, store);
    let wanted: Vec<String> = WANTED.iter().map(|&w| w.to_owned()).collect();
    let target = Target { store, collection, wanted: &wanted };
    let connector = world.stores().connector(&tenant(), store).await;
    let connector = connector.expect("connected");
    let (mut all, mut pages, mut cursor) = (Vec::new(), 0, None);
    let search = Search { field, values };
    loop {
        let found = connector.locate(&target, &search, cursor.as_deref()).await;
        let Found { records, next } = found.expect("found");
        all.extend(records);
        pages += 1;
        cursor = next;
        if cursor.is_none() {
            return (all, pages);
        }
    }
}

/// Runs `$body` with a connector and its target.
macro_rules! connected {
    ($world:expr, $store:literal, |$connector:ident, $target:ident| $body:expr) => {{
        let catalog = $world.current_catalog().expect("published");
        let (store, collection) = part(&catalog, $store);
        let $target = Target { store, collection, wanted: &[] };
        let connected = $world.stores().connector(&tenant(), store).await;
        let $connector = connected.expect("connected");
        $body
    }};
}

fn anonymised() -> Treatment {
    let fields = [("email", Some(text("erased-1"))), ("name", None)];
    Treatment::Anonymise(fields.map(|(n, v)| (n.to_owned(), v)).into())
}

fn filled() -> World {
    let (world, catalog) = shop();
    let (_, customers) = part(&catalog, "shop");
    let db = database(&world, "shop");
    for id in 1..=5 {
        db.put(customers, customer(id, "a@example.com")).expect("put");
    }
    db.put(customers, customer(6, "b@example.com")).expect("put");
    world
}

#[tokio::test]
async fn every_record_is_found_once_over_small_pages() {
    let world = filled();
    let values = [text("a@example.com"), text("c@example.com")];
    let (records, pages) = locate(&world, "shop", "email", &values).await;
    assert_eq!((records.len(), pages), (5, 3));
    assert_eq!(records[0].via_value, values[0]);
    assert_eq!(records[4].values.get("id"), Some(&number(5)));

    world.set_paging(Paging { size: 5, begins_empty: true });
    let (records, pages) = locate(&world, "shop", "email", &values).await;
    assert_eq!((records.len(), pages), (5, 3), "empty, full, empty");
}

#[tokio::test]
async fn erasing_twice_is_erasing_once() {
    let world = filled();
    let (records, _) = locate(&world, "shop", "email", &[text("a@example.com")]).await;
    for treatment in [anonymised(), Treatment::Delete] {
        let before = database(&world, "shop").snapshot();
        connected!(world, "shop", |connector, target| {
            let left = connector.confirm_records(&target, &records, &treatment);
            assert_eq!(left.await, Ok(5));
            for _ in 0..2 {
                let settled = connector.erase(&target, &records, &treatment).await;
                assert_eq!(settled, Ok(Settled { done: 5, foreign: 0 }));
            }
            let left = connector.confirm_records(&target, &records, &treatment);
            assert_eq!(left.await, Ok(0));
        });
        assert!(!database(&world, "shop").mentions("a@example.com"));
        assert!(database(&world, "shop").mentions("b@example.com"));
        database(&world, "shop").restore(before);
    }
}

#[tokio::test]
async fn a_record_that_became_somebody_else_s_is_left_alone() {
    let world = filled();
    let (records, _) = locate(&world, "shop", "email", &[text("a@example.com")]).await;
    let catalog = world.current_catalog().expect("published");
    let (_, customers) = part(&catalog, "shop");
    database(&world, "shop").put(customers, customer(2, "new@example.com")).expect("put");
    connected!(world, "shop", |connector, target| {
        for treatment in [anonymised(), Treatment::Delete] {
            let left = connector.confirm_records(&target, &records, &treatment);
            assert!(left.await.expect("counted") <= 4, "no residue of this person");
            let settled = connector.erase(&target, &records, &treatment).await;
            let settled = settled.expect("settled");
            assert!(settled.foreign >= 1);
        }
    });
    assert!(database(&world, "shop").mentions("new@example.com"));
}

/// SQL is asked for addresses in any letters; a record is erased by what it says itself.
#[tokio::test]
async fn addresses_in_sql_are_found_in_any_letters() {
    let world = filled();
    let (records, _) = locate(&world, "shop", "email", &[text("A@Example.COM")]).await;
    assert_eq!(records.len(), 5);
    connected!(world, "shop", |connector, target| {
        let settled = connector.erase(&target, &records, &Treatment::Delete).await;
        assert_eq!(settled, Ok(Settled { done: 5, foreign: 0 }));
    });
}

#[tokio::test]
async fn confirming_searches_again_over_pages() {
    let world = filled();
    connected!(world, "shop", |connector, target| {
        let values = [text("a@example.com")];
        let search = Search { field: "email", values: &values };
        let (mut records, mut cursor) = (0, None);
        loop {
            let left = connector.confirm_search(&target, &search, cursor.as_deref());
            let left = left.await.expect("counted");
            records += left.records;
            cursor = left.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(records, 5);
    });
}

#[tokio::test]
async fn looking_again_tells_what_became_of_each_record() {
    let world = filled();
    let (records, _) = locate(&world, "shop", "email", &[text("a@example.com")]).await;
    let db = database(&world, "shop");
    db.remove("customers", |row| row.get("id") == Some(&number(1)));
    let catalog = world.current_catalog().expect("published");
    let (_, customers) = part(&catalog, "shop");
    db.put(customers, customer(2, "new@example.com")).expect("put");
    connected!(world, "shop", |connector, target| {
        let settled = connector.erase(&target, &records[3..4], &anonymised()).await;
        assert_eq!(settled.expect("settled").done, 1);
        let named = Record { via: "name".into(), ..records[3].clone() };
        let asked = [&records[4], &records[3], &named, &records[1], &records[0], &records[4], &records[0]];
        let asked = asked.map(Record::clone);
        let holds = |value: &str| Since::Holds(Some(text(value)));
        let expected = [
            holds("a@example.com"),
            holds("erased-1"),
            Since::Holds(None),
            holds("new@example.com"),
            Since::Gone,
            holds("a@example.com"),
            Since::Gone,
        ];
        assert_eq!(connector.look_again(&target, &asked).await, Ok(expected.to_vec()));
        assert_eq!(connector.look_again(&target, &[]).await, Ok(Vec::new()));
        let page = vec![records[4].clone(); PAGE + 1];
        let since = connector.look_again(&target, &page[1..]).await;
        assert_eq!(since, Ok(vec![holds("a@example.com"); PAGE]));
        let refused = connector.look_again(&target, &page).await.expect_err("refused");
        assert_eq!((refused.class, refused.code), (Class::Permanent, Code::StoreRefused));

        world.injector().arm(Plan::nth(Point::ConnectorLookAgain, 0).on("shop"));
        let failed = connector.look_again(&target, &asked).await.expect_err("injected");
        assert_eq!((failed.class, failed.code), (Class::Transient, Code::StoreUnavailable));
        assert_eq!(failed.operation, "connector.look_again");
        db.drop_resource("customers");
        let refused = connector.look_again(&target, &asked).await.expect_err("refused");
        assert_eq!(refused.code, Code::StoreRefused, "never an answer that all is gone");
    });
}

#[tokio::test]
async fn an_object_is_there_until_it_is_erased() {
    let (world, _) = shop();
    let db = database(&world, "files");
    for key in ["tickets/7/1.json", "tickets/7/2.json"] {
        db.put_object("files", key, "{}");
    }
    let (records, _) = locate(&world, "files", "customer", &[text("7")]).await;
    connected!(world, "files", |connector, target| {
        let settled = connector.erase(&target, &records[..1], &Treatment::Delete).await;
        assert_eq!(settled.expect("settled").done, 1);
        let since = connector.look_again(&target, &records).await;
        assert_eq!(since, Ok(vec![Since::Gone, Since::Holds(Some(text("7")))]));
    });
}

#[tokio::test]
async fn objects_are_found_by_their_keys() {
    let (world, _) = shop();
    let db = database(&world, "files");
    for key in
        ["tickets/7/1.json", "tickets/7/2.json", "tickets/77/3.json", "tickets/7/x/4.json", "other/7/1.json"]
    {
        db.put_object("files", key, "{}");
    }
    let (records, _) = locate(&world, "files", "customer", &[text("7")]).await;
    let keys: Vec<_> = records.iter().map(|r| r.key["object"].expose()).collect();
    assert_eq!(keys, ["tickets/7/1.json", "tickets/7/2.json"]);
    assert_eq!(records[0].values.get("customer"), Some(&text("7")));
    connected!(world, "files", |connector, target| {
        let refused = connector.erase(&target, &records, &anonymised()).await;
        assert_eq!(refused.expect_err("refused").class, Class::Permanent);
        let settled = connector.erase(&target, &records, &Treatment::Delete).await;
        assert_eq!(settled.expect("settled").done, 2);
        let search = Search { field: "customer", values: &[text("7")] };
        let mut cursor = None;
        let mut left = 0;
        loop {
            let counted = connector.confirm_search(&target, &search, cursor.as_deref()).await;
            let counted = counted.expect("counted");
            left += counted.records;
            cursor = counted.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(left, 1, "one in the person's folder is of no collection");
    });
    assert_eq!(db.objects("files").len(), 3);
}

#[tokio::test]
async fn a_value_that_keys_may_hold_in_another_writing_is_refused() {
    let (world, _) = shop();
    connected!(world, "files", |connector, target| {
        for unclear in ["7/8", "7%", "7\n"] {
            let search = Search { field: "customer", values: &[text(unclear)] };
            let found = connector.locate(&target, &search, None).await;
            assert_eq!(found.expect_err("refused").code, Code::CatalogMismatch);
            let left = connector.confirm_search(&target, &search, None).await;
            assert_eq!(left.expect_err("refused").code, Code::CatalogMismatch);
        }
    });
}

#[tokio::test]
async fn a_template_that_ends_in_a_slash_has_everything_below_it() {
    let world = World::default();
    world.publish_yaml(&CATALOG.replace("/{ticket}.json", "/")).expect("a good catalog");
    let catalog = world.current_catalog().expect("published");
    world.provision(&tenant(), &catalog);
    let db = database(&world, "files");
    for key in ["tickets/7/1.json", "tickets/7/x/4.png", "tickets/77/3.json", "tickets/7"] {
        db.put_object("files", key, "{}");
    }
    let (records, _) = locate(&world, "files", "customer", &[text("7")]).await;
    let keys: Vec<_> = records.iter().map(|r| r.key["object"].expose()).collect();
    assert_eq!(keys, ["tickets/7/1.json", "tickets/7/x/4.png"]);
}

#[tokio::test]
async fn hiding_twice_is_hiding_once_and_showing_undoes_it() {
    let world = filled();
    let (mut records, _) = locate(&world, "shop", "email", &[text("a@example.com")]).await;
    records[0].via_value = text("gone@example.com");
    let catalog = world.current_catalog().expect("published");
    let (store, collection) = part(&catalog, "shop");
    let target = Target { store, collection, wanted: &[] };
    let suppressor = world.stores().suppressor(&tenant(), store).await;
    let suppressor = suppressor.expect("connected").expect("it can hide");
    let hidden = |flag| {
        let rows = database(&world, "shop").rows("customers");
        let set = rows.iter().filter(|r| r.get("hidden") == Some(&number(flag)));
        set.count()
    };
    for _ in 0..2 {
        assert_eq!(suppressor.set_hidden(&target, &records, true).await, Ok(4));
        assert_eq!(hidden(1), 4);
    }
    assert_eq!(suppressor.set_hidden(&target, &records, false).await, Ok(5));
    assert_eq!((hidden(1), hidden(0)), (0, 5), "nobody stays hidden");
    let (files, _) = part(&catalog, "files");
    let none = world.stores().suppressor(&tenant(), files).await;
    assert!(none.expect("answered").is_none());
}

#[tokio::test]
async fn killed_in_the_middle_and_run_again() {
    let world = filled();
    let (records, _) = locate(&world, "shop", "email", &[text("a@example.com")]).await;
    world.injector().arm(Plan::nth(Point::ConnectorErase, 0).when(When::Midway));
    connected!(world, "shop", |connector, target| {
        let killed = connector.erase(&target, &records, &Treatment::Delete).await;
        assert_eq!(killed.expect_err("killed").code, Code::StoreUnavailable);
        assert_eq!(database(&world, "shop").rows("customers").len(), 4);
        let settled = connector.erase(&target, &records, &Treatment::Delete).await;
        assert_eq!(settled.expect("settled").done, 5);
    });
}

#[tokio::test]
async fn a_store_that_is_not_there_is_an_error_and_never_a_zero() {
    let world = filled();
    database(&world, "shop").drop_resource("customers");
    connected!(world, "shop", |connector, target| {
        let values = [text("a@example.com")];
        let email = Search { field: "email", values: &values };
        let answer = connector.locate(&target, &email, None).await;
        assert_eq!(answer.expect_err("refused").code, Code::StoreRefused);
        let answer = connector.erase(&target, &[], &Treatment::Delete).await;
        assert_eq!(answer, Ok(Settled::default()), "nothing to do");
        let answer = connector.confirm_search(&target, &email, None).await;
        assert_eq!(answer.expect_err("refused").code, Code::StoreRefused);
        let name = Search { field: "name", values: &values };
        let answer = connector.locate(&target, &name, None).await;
        assert_eq!(answer.expect_err("refused").code, Code::StoreRefused);
    });
}
