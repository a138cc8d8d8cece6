//! Records and objects whole.

use domain::export::{Bytes, Datum, Row};
use domain::plan::{Record, Value};
use ports::stores::{PAGE, Search, Target};
use ports::{Class, Code};

use super::{customer, database, number, part, shop, tenant, text};
use crate::inject::{Plan, Point};
use crate::memory::World;

async fn located(world: &World, store: &str, field: &str, value: Value) -> Vec<Record> {
    let catalog = world.current_catalog().expect("published");
    let (store, collection) = part(&catalog, store);
    let target = Target { store, collection, wanted: &[] };
    let connector = world.stores().connector(&tenant(), store).await.expect("connected");
    let values = [value];
    let (mut records, mut cursor) = (Vec::new(), None);
    loop {
        let search = Search { field, values: &values };
        let found = connector.locate(&target, &search, cursor.as_deref()).await.expect("found");
        records.extend(found.records);
        cursor = found.next;
        if cursor.is_none() {
            return records;
        }
    }
}

#[tokio::test]
async fn rows_are_shown_as_they_are_and_only_to_whom_they_belong() {
    let (world, catalog) = shop();
    let (store, customers) = part(&catalog, "shop");
    let db = database(&world, "shop");
    for id in 1..=5 {
        let scan = Datum::Bytes(Bytes::new(vec![u8::try_from(id).expect("small"), 0, 255]));
        let more = [("scan".to_owned(), scan)];
        db.put_whole(customers, customer(id, "a@example.com"), more.into()).expect("put");
    }
    let found = located(&world, "shop", "email", text("a@example.com")).await;
    db.remove("customers", |row| row.get("id") == Some(&number(2)));
    db.put(customers, customer(3, "new@example.com")).expect("put");
    db.put(customers, customer(4, "A@Example.com")).expect("put");
    let mut asked = found.clone();
    asked.extend(found.clone());
    let target = Target { store, collection: customers, wanted: &[] };
    let collector = world.stores().collector(&tenant(), store).await.expect("connected");
    let collected = collector.collect(&target, &asked).await.expect("rows");
    assert_eq!((collected.taken, collected.gone, collected.foreign), (10, 1, 1));
    let ids: Vec<_> = collected.rows.iter().map(|row| row.fields["id"].clone()).collect();
    assert_eq!(ids, ["1", "4", "5"].map(Datum::number));
    let scan = |row: &Row| row.fields.get("scan").cloned();
    assert_eq!(scan(&collected.rows[0]), Some(Datum::Bytes(Bytes::new(vec![1, 0, 255]))));
    assert_eq!(scan(&collected.rows[1]), None);

    // So small that one record is all there is room for.
    world.set_most_collected(1);
    let collected = collector.collect(&target, &found).await.expect("rows");
    assert_eq!((collected.taken, collected.rows.len()), (1, 1));

    let page = vec![found[0].clone(); PAGE + 1];
    let refused = collector.collect(&target, &page).await.expect_err("refused");
    assert_eq!((refused.class, refused.code), (Class::Permanent, Code::StoreRefused));
    world.injector().arm(Plan::nth(Point::CollectorCollect, 0).on("shop"));
    let failed = collector.collect(&target, &found).await.expect_err("injected");
    assert_eq!((failed.class, failed.operation), (Class::Transient, "collector.collect"));
    let contents = world.stores().contents(&tenant(), store).await.expect("an answer");
    assert!(contents.is_none(), "rows have no content");
}

/// The content of an object's version, if it is still there.
async fn read(world: &World, content: &domain::export::Content) -> Option<Vec<u8>> {
    let catalog = world.current_catalog().expect("published");
    let (store, collection) = part(&catalog, "files");
    let target = Target { store, collection, wanted: &[] };
    let contents = world.stores().contents(&tenant(), store).await.expect("an answer").expect("objects");
    let mut chunks = contents.content(&target, content).await.expect("an answer").there()?;
    let mut bytes = Vec::new();
    while let Some(piece) = chunks.next().await.expect("a piece") {
        assert!((1..=1 << 20).contains(&piece.len()));
        bytes.extend(piece);
    }
    Some(bytes)
}

async fn tickets(world: &World) -> Vec<Row> {
    let found = located(world, "files", "customer", text("7")).await;
    let catalog = world.current_catalog().expect("published");
    let (store, collection) = part(&catalog, "files");
    let target = Target { store, collection, wanted: &[] };
    let collector = world.stores().collector(&tenant(), store).await.expect("connected");
    collector.collect(&target, &found).await.expect("rows").rows
}

#[tokio::test]
async fn objects_are_shown_version_by_version() {
    let (world, _) = shop();
    let db = database(&world, "files");
    db.put_object("files", "tickets/8/1.json", "other");
    db.put_typed("files", "tickets/7/1.json", "one", Some("application/json"));
    let before = tickets(&world).await;
    let content = before[0].content.clone().expect("a content");
    assert_eq!((content.size, content.version_id.as_ref(), content.is_latest), (3, None, true));
    assert_eq!(content.media_type.as_deref(), Some("application/json"));
    assert_eq!(before[0].version.as_deref(), Some(crate::memory::BEGINNING));
    let fields = [("customer", Datum::text("7")), ("ticket", Datum::text("1"))];
    assert_eq!(before[0].fields, fields.map(|(name, datum)| (name.to_owned(), datum)).into());
    assert_eq!(read(&world, &content).await, Some(b"one".to_vec()));

    // Without versions the next writing replaces it.
    db.put_object("files", "tickets/7/1.json", "two");
    assert_eq!(read(&world, &content).await, None);

    db.keep_versions("files");
    let long = vec![7; 200_000];
    db.put_object("files", "tickets/7/1.json", long.clone());
    let rows = tickets(&world).await;
    let contents: Vec<_> = rows.iter().map(|row| row.content.clone().expect("a content")).collect();
    assert_eq!(contents.iter().map(|content| content.is_latest).collect::<Vec<_>>(), [true, false]);
    assert_eq!(read(&world, &contents[0]).await, Some(long));
    assert_eq!(read(&world, &contents[1]).await, Some(b"two".to_vec()));
    assert!(db.mentions("two"));

    world.injector().arm(Plan::nth(Point::ContentsRead, 1).on("files"));
    let catalog = world.current_catalog().expect("published");
    let (store, collection) = part(&catalog, "files");
    let target = Target { store, collection, wanted: &[] };
    let port = world.stores().contents(&tenant(), store).await.expect("an answer").expect("objects");
    let mut chunks =
        port.content(&target, &contents[0]).await.expect("an answer").there().expect("it is there");
    assert!(chunks.next().await.is_ok());
    assert_eq!(chunks.next().await.expect_err("it breaks off").class, Class::Transient);
}
