//! Collections from one end to the other.

use std::sync::Arc;

use domain::plan::Value;
use ports::stores::{Seen, Target};
use ports::{Class, Code, Walker};

use super::{customer, database, number, part, shop, tenant, text};
use crate::inject::{Plan, Point};
use crate::memory::{Paging, World};

async fn walker(world: &World, store: &str) -> Arc<dyn Walker> {
    let catalog = world.current_catalog().expect("published");
    let (store, _) = part(&catalog, store);
    world.stores().walker(&tenant(), store).await.expect("connected")
}

/// All records, and over how many pages they came.
async fn walk(world: &World, store: &str, wanted: &[&str]) -> (Vec<Seen>, u32) {
    let walker = walker(world, store).await;
    let catalog = world.current_catalog().expect("published");
    let (store, collection) = part(&catalog, store);
    let wanted: Vec<String> = wanted.iter().map(|&name| name.to_owned()).collect();
    let target = Target { store, collection, wanted: &wanted };
    let (mut all, mut pages, mut cursor) = (Vec::new(), 0, None);
    loop {
        let page = walker.walk(&target, cursor.as_deref()).await.expect("a page");
        all.extend(page.records);
        pages += 1;
        assert!(pages < 100, "walking does not end");
        cursor = page.next;
        if cursor.is_none() {
            return (all, pages);
        }
    }
}

#[tokio::test]
async fn every_row_comes_once_with_what_is_wanted_of_it() {
    let (world, catalog) = shop();
    let (_, customers) = part(&catalog, "shop");
    let db = database(&world, "shop");
    for id in 1..=4 {
        db.put(customers, customer(id, &format!("{id}@example.com"))).expect("put");
    }
    let (seen, pages) = walk(&world, "shop", &["email", "hidden"]).await;
    assert_eq!((seen.len(), pages), (4, 3), "two full pages, and an empty one");
    let key = |n| [("id".to_owned(), number(n))].into();
    let email = |text: Value| [("email".to_owned(), text)].into();
    assert_eq!(seen[0], Seen { key: key(1), values: email(text("1@example.com")) });
    assert_eq!(seen[3], Seen { key: key(4), values: email(text("4@example.com")) });

    world.set_paging(Paging { size: 500, begins_empty: true });
    let (again, pages) = walk(&world, "shop", &["email"]).await;
    assert_eq!((again, pages), (seen, 2));
}

#[tokio::test]
async fn an_object_is_what_its_key_says_and_one_of_no_template_is_left_out() {
    let (world, _) = shop();
    let db = database(&world, "files");
    for key in ["tickets/7/1.json", "tickets/7/2.json", "tickets/8/1.json", "tickets/8", "other/9/1.json"] {
        db.put_object("files", key, "{}");
    }
    let (seen, _) = walk(&world, "files", &["customer"]).await;
    let keys: Vec<&str> = seen.iter().map(|seen| seen.key["object"].expose()).collect();
    assert_eq!(keys, ["tickets/7/1.json", "tickets/7/2.json", "tickets/8/1.json"]);
    assert_eq!(seen[2].values, [("customer".to_owned(), text("8"))].into());
}

#[tokio::test]
async fn what_is_not_there_is_not_walked() {
    let (world, catalog) = shop();
    let (store, collection) = part(&catalog, "shop");
    let target = Target { store, collection, wanted: &[] };
    let walker = walker(&world, "shop").await;
    let fault = walker.walk(&target, Some("not a cursor")).await.expect_err("refused");
    assert_eq!((fault.class, fault.operation), (Class::Permanent, "walker.walk"));
    world.injector().arm(Plan::nth(Point::WalkerWalk, 0).on("shop"));
    assert_eq!(walker.walk(&target, None).await.expect_err("injected").class, Class::Transient);
    database(&world, "shop").drop_resource("customers");
    let fault = walker.walk(&target, None).await.expect_err("no table");
    assert_eq!((fault.class, fault.code), (Class::Permanent, Code::StoreRefused));
}
