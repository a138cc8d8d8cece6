//! Reading located records whole: each as it was planted, and nobody else's.

use std::slice::from_ref;

use domain::export::Row;
use domain::plan::{Record, Value};
use ports::stores::{Collected, MOST_COLLECTED, PAGE, Treatment};
use ports::{Class, Code};

use super::{Fixture, Scene};

/// A form in which rows can be compared and put in order.
fn told(rows: &[Row]) -> Vec<String> {
    let mut told: Vec<String> =
        rows.iter().map(|row| serde_json::to_string(row).expect("it serialises")).collect();
    told.sort();
    told
}

/// How many different records are answered for, and how many of them are shown.
fn shown(fixture: &dyn Fixture, rows: &[Row]) -> usize {
    if fixture.contents().is_none() {
        return rows.len();
    }
    let keys = rows.iter().filter_map(|row| row.content.as_ref());
    keys.map(|content| content.key.expose()).collect::<std::collections::BTreeSet<_>>().len()
}

/// Whatever a store holds is shown as it is, with nothing lost and nothing of a neighbour.
pub async fn shows_what_was_planted(fixture: &dyn Fixture) {
    let scene = Scene::of(fixture);
    let who = fixture.person(1);
    scene.plant(&fixture.person(10), 3).await;
    let planted = fixture.plant_whole(&who).await;
    assert!(planted.len() >= 3, "the fixture plants something to be shown");
    let before = scene.rows().await;
    let found = scene.locate(from_ref(&who)).await;
    let collected = scene.collected(&found).await;
    let (got, expected) = (told(&collected.rows), told(&planted));
    for (got, expected) in got.iter().zip(&expected) {
        assert!(got == expected, "{}\nis shown for\n{}", start(got), start(expected));
    }
    assert_eq!(got.len(), expected.len());
    assert_eq!((collected.gone, collected.foreign, collected.taken), (0, 0, found.len()));
    assert_eq!(scene.rows().await, before, "reading changes nothing");
    // In whatever order they are asked for, that is the order of what is shown.
    let backwards: Vec<Record> = found.iter().rev().cloned().collect();
    let collected = scene.collected(&backwards).await;
    assert_eq!(told(&collected.rows), expected);
    for (row, record) in collected.rows.iter().zip(&backwards).filter(|_| fixture.contents().is_none()) {
        for (part, value) in &record.key {
            let said = serde_json::to_string(&row.fields[part]).expect("it serialises");
            assert!(said.contains(&serde_json::to_string(value.expose()).expect("a text")));
        }
    }
}

fn start(text: &str) -> String {
    text.chars().take(2000).collect()
}

/// What is gone is counted, once, and so is what went to somebody else: it is not shown.
pub async fn leaves_what_is_gone_or_somebody_else_s(fixture: &dyn Fixture) {
    let scene = Scene::of(fixture);
    let (who, heir) = (fixture.person(1), fixture.person(2));
    scene.plant(&who, 8).await;
    let found = scene.locate(from_ref(&who)).await;
    scene.erased(&found[2..4], &Treatment::Delete).await;
    let foreign = u64::from(fixture.reassign(&found[5].key, &heir).await);
    let collected = scene.collected(&found).await;
    assert_eq!((collected.gone, collected.foreign), (2, foreign));
    assert_eq!(shown(fixture, &collected.rows) as u64, 6 - foreign);
    if foreign == 1 {
        let rows = told(&collected.rows).concat();
        assert!(!rows.contains(heir.expose()), "somebody else's record is shown");
    }
    scene.erased(&found, &Treatment::Delete).await;
    let collected = scene.collected(&found).await;
    assert_eq!(collected.rows, []);
    assert_eq!((collected.gone, collected.foreign, collected.taken), (8 - foreign, foreign, 8));
}

/// A record that was found in two ways is shown once; it is shown while one of the ways holds.
pub async fn shows_a_record_once(fixture: &dyn Fixture) {
    let scene = Scene::of(fixture);
    let who = fixture.person(1);
    scene.plant(&who, 6).await;
    let found = scene.locate(from_ref(&who)).await;
    scene.erased(&found[5..], &Treatment::Delete).await;
    let once = scene.collected(&found).await;
    let mut asked = found.clone();
    asked.extend(found.iter().rev().cloned());
    asked.push(found[5].clone());
    let twice = scene.collected(&asked).await;
    assert_eq!(told(&twice.rows), told(&once.rows));
    assert_eq!((twice.taken, twice.gone, twice.foreign), (13, 1, 0));

    // A way that holds no more is before, or behind, one that does.
    let stale = |record: &Record| Record { via_value: fixture.person(77), ..record.clone() };
    let asked = [stale(&found[0]), found[0].clone(), found[1].clone(), stale(&found[1]), stale(&found[2])];
    let collected = scene.collected(&asked).await;
    assert_eq!(shown(fixture, &collected.rows), 2);
    assert_eq!((collected.taken, collected.gone, collected.foreign), (5, 0, 1));
}

/// Nothing is shown of nothing, a full page is answered for, and more is refused.
pub async fn keeps_to_a_page(fixture: &dyn Fixture) {
    let scene = Scene::of(fixture);
    let who = fixture.person(1);
    scene.plant(&who, PAGE).await;
    let mut found = scene.locate(from_ref(&who)).await;
    assert_eq!(scene.collect(&[]).await, Ok(Collected::default()));
    let collected = scene.collected(&found).await;
    assert_eq!((shown(fixture, &collected.rows), collected.taken), (PAGE, PAGE));
    found.push(found[0].clone());
    let fault = scene.collect(&found).await.expect_err("more than a page is refused");
    assert_eq!((fault.class, fault.code), (Class::Permanent, Code::StoreRefused));
}

/// Many large records come in several calls, none of which holds too many bytes; none is lost, and none
/// comes twice.
pub async fn keeps_to_its_bytes(fixture: &dyn Fixture) {
    let scene = Scene::of(fixture);
    let who = fixture.person(1);
    let weight = 300 * 1024;
    scene.plant(&who, 30).await;
    assert!(fixture.plant(&who, 50, weight).await, "large records can be planted");
    let found = scene.locate(from_ref(&who)).await;
    let mut left = &found[..];
    let (mut rows, mut calls) = (Vec::new(), 0);
    while !left.is_empty() {
        let collected = scene.collect(left).await.expect("rows");
        assert!((1..=left.len()).contains(&collected.taken));
        let bytes: usize = collected.rows.iter().map(Row::size).sum();
        assert!(bytes <= MOST_COLLECTED + weight + 4096, "{bytes} bytes at once");
        assert!(collected.taken == left.len() || bytes >= MOST_COLLECTED, "it stops too early");
        left = &left[collected.taken..];
        rows.extend(collected.rows);
        calls += 1;
    }
    assert_eq!(shown(fixture, &rows), 80);
    let expected = if fixture.contents().is_some() { 1 } else { 4 };
    assert_eq!(calls, expected);
}

/// Nothing of a value is in a fault.
pub async fn tells_no_values(fixture: &dyn Fixture) {
    let scene = Scene::of(fixture);
    let who = fixture.person(1);
    scene.plant(&who, 1).await;
    let mut record = scene.locate(from_ref(&who)).await.remove(0);
    record.key = [("other".to_owned(), Value::of(fixture.kind(), "marked"))].into();
    let fault = scene.collect(&[record]).await.expect_err("no key");
    assert_eq!((fault.class, fault.code), (Class::Permanent, Code::CatalogMismatch));
    assert!(!format!("{fault} {fault:?}").contains("marked"));
}
