//! Keeping a control person's record: it is found as anybody's is, and nobody else's is touched.

use std::collections::BTreeMap;
use std::slice::from_ref;

use domain::catalog::FieldKind;
use domain::plan::Value;
use ports::stores::Treatment;
use ports::{Class, Code, Fault};

use super::locating::HOSTILE;
use super::scene::killed_after;
use super::{Fixture, Row, Scene};

/// The rows that were not there before. All that were there are as they were.
async fn added(scene: &Scene<'_>, before: &[Row]) -> Vec<Row> {
    let mut rows = scene.rows().await;
    assert!(before.iter().all(|row| rows.contains(row)), "a neighbour was touched");
    rows.retain(|row| !before.contains(row));
    rows
}

fn is_taken(planted: Result<(), Fault>) {
    let fault = planted.expect_err("it is refused");
    assert_eq!((fault.class, fault.code), (Class::Permanent, Code::CatalogMismatch));
    let told = format!("{fault} {fault:?}");
    assert!(!told.contains("person-") && !told.contains("900001"), "{told}");
}

/// Twice is once; the record is found by every way of looking, with the values that it was given.
pub async fn twice_is_once(fixture: &dyn Fixture) {
    let scene = Scene::of(fixture);
    let who = fixture.person(7);
    for number in [1, 70, 77] {
        scene.plant(&fixture.person(number), 3).await;
    }
    let before = scene.rows().await;
    let control = scene.control(&who);
    let mut planted = Vec::new();
    for _ in 0..3 {
        scene.planted(&control).await;
        let now = added(&scene, &before).await;
        assert_eq!(now.len(), 1);
        assert!(planted.is_empty() || planted == now, "the second time changes something");
        planted = now;
    }
    let found = scene.locate(from_ref(&who)).await;
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0].key, &found[0].via_value), (&planted[0].key, &who));
    assert_eq!(scene.confirm(from_ref(&who)).await, 1);
    assert_eq!(scene.confirm_records(&found, &Treatment::Delete).await, 1);
    let seen = scene.walk().await.into_iter().filter(|seen| seen.values[fixture.field()] == who);
    assert_eq!(seen.map(|seen| seen.key).collect::<Vec<_>>(), [found[0].key.clone()]);
    if fixture.contents().is_none() {
        for (field, value) in &control.0 {
            assert_eq!(planted[0].fields.get(field).map(String::as_str), Some(value.expose()), "{field}");
        }
    }
}

/// What it held before is replaced.
pub async fn replaces_its_older_form(fixture: &dyn Fixture) {
    let scene = Scene::of(fixture);
    let who = fixture.person(7);
    scene.plant(&fixture.person(1), 2).await;
    let before = scene.rows().await;
    let (record, mark) = scene.control(&who);
    let collection = fixture.collection();
    let field = record.iter().find(|(name, value)| {
        matches!(value, Value::Text(_)) && *name != &mark && !collection.key.contains(name)
    });
    let Some((field, _)) = field.filter(|_| fixture.contents().is_none()) else {
        return;
    };
    for text in ["older", "newer"] {
        let mut record = record.clone();
        record.insert(field.clone(), Value::of(FieldKind::Text, text));
        scene.planted(&(record, mark.clone())).await;
        let now = added(&scene, &before).await;
        assert_eq!(now.len(), 1);
        assert_eq!(now[0].fields.get(field).map(String::as_str), Some(text));
    }
}

/// It goes as anybody's record goes, and can be planted again.
pub async fn is_erased_and_planted_again(fixture: &dyn Fixture) {
    let scene = Scene::of(fixture);
    let who = fixture.person(7);
    scene.plant(&fixture.person(1), 2).await;
    let before = scene.rows().await;
    let control = scene.control(&who);
    for _ in 0..2 {
        scene.planted(&control).await;
        let found = scene.locate(from_ref(&who)).await;
        assert_eq!(found.len(), 1);
        assert_eq!(scene.erased(&found, &Treatment::Delete).await.done, 1);
        assert_eq!(scene.confirm(from_ref(&who)).await, 0);
        assert_eq!(scene.rows().await, before);
    }
}

/// A record of the same key whose mark is another one is somebody's: it stays as it is.
pub async fn leaves_what_is_somebody_else_s(fixture: &dyn Fixture) {
    // Objects are marked by themselves: their own tests write a stranger's.
    if fixture.contents().is_some() {
        return;
    }
    let scene = Scene::of(fixture);
    let (record, mark) = scene.control(&fixture.person(7));
    let mut stranger = record.clone();
    let other = match &record[&mark] {
        Value::Text(_) => Value::of(FieldKind::Text, "person-8@example.com"),
        Value::Number(_) => Value::of(FieldKind::Number, "8"),
    };
    stranger.insert(mark.clone(), other);
    scene.planted(&(stranger, mark.clone())).await;
    let before = scene.rows().await;
    for _ in 0..2 {
        is_taken(scene.try_plant(&record, &mark).await);
        assert_eq!(scene.rows().await, before);
    }
    // One that is not whole is none.
    for field in fixture.collection().key.iter().chain([&mark]) {
        let mut record = record.clone();
        record.remove(field);
        is_taken(scene.try_plant(&record, &mark).await);
    }
    assert_eq!(scene.rows().await, before);
}

/// A control that was hidden is seen again once it is planted.
pub async fn is_seen(fixture: &dyn Fixture) {
    let Some(suppressor) = fixture.suppressor() else {
        return;
    };
    let scene = Scene::of(fixture);
    let who = fixture.person(7);
    let control = scene.control(&who);
    scene.planted(&control).await;
    let before = scene.rows().await;
    let found = scene.locate(from_ref(&who)).await;
    assert_eq!(suppressor.set_hidden(&scene.target(), &found, true).await.expect("it is hidden"), 1);
    let flag = fixture.collection().suppress.clone().expect("a flag");
    scene.planted(&control).await;
    assert_eq!(scene.rows().await, before);
    // What the record says of the flag is not asked.
    let kind = fixture.collection().fields[&flag].kind;
    let (mut record, mark) = control;
    record.insert(flag, Value::of(kind, if kind == FieldKind::Number { "1" } else { "true" }));
    scene.planted(&(record, mark)).await;
    assert_eq!(scene.rows().await, before);
}

/// Whatever the values are, they are the record's, and nothing else happens; or they are refused.
pub async fn survives_hostile_values(fixture: &dyn Fixture) {
    let scene = Scene::of(fixture);
    scene.plant(&fixture.person(1), 2).await;
    let before = scene.rows().await;
    if fixture.kind() == FieldKind::Number {
        return;
    }
    for text in HOSTILE {
        let who = [Value::of(FieldKind::Text, text)];
        let (record, mark) = scene.control(&who[0]);
        if fixture.refuses(&who[0]) {
            is_taken(scene.try_plant(&record, &mark).await);
            assert_eq!(scene.rows().await, before, "{text:?}");
            continue;
        }
        scene.planted(&(record, mark)).await;
        let found = scene.locate(&who).await;
        assert_eq!((found.len(), scene.confirm(&who).await), (1, 1), "{text:?}");
        assert_eq!(added(&scene, &before).await.len(), 1, "{text:?}");
        assert_eq!(scene.erased(&found, &Treatment::Delete).await.done, 1, "{text:?}");
        assert_eq!(scene.rows().await, before, "{text:?}");
    }
}

/// Two plant the same at the same time, as a retried step can.
pub async fn stands_its_own_double(fixture: &dyn Fixture) {
    let scene = Scene::of(fixture);
    scene.plant(&fixture.person(1), 2).await;
    let before = scene.rows().await;
    for number in 7..12 {
        let control = scene.control(&fixture.person(number));
        let one = || scene.planted(&control);
        futures::join!(one(), one(), one());
        let found = scene.locate(&[fixture.person(number)]).await;
        assert_eq!(found.len(), 1);
        scene.erased(&found, &Treatment::Delete).await;
        assert_eq!(scene.rows().await, before);
    }
}

/// Planting that dies and is run again ends as one that did not.
pub async fn killed_and_run_again(fixture: &dyn Fixture) {
    let scene = Scene::of(fixture);
    scene.plant(&fixture.person(1), 2).await;
    let before = scene.rows().await;
    for waits in [0, 1, 2, 3, 5, 8, 13, 21] {
        let who = [fixture.person(7)];
        let control: (BTreeMap<String, Value>, String) = scene.control(&who[0]);
        killed_after(waits, scene.planted(&control)).await;
        scene.planted(&control).await;
        assert_eq!(added(&scene, &before).await.len(), 1, "after {waits} waits");
        let found = scene.locate(&who).await;
        scene.erased(&found, &Treatment::Delete).await;
        assert_eq!(scene.rows().await, before, "after {waits} waits");
    }
}
