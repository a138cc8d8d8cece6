//! Looking again at what was located: what is gone, and what the rest holds by now.

use std::slice::from_ref;

use domain::plan::{Record, Value};
use ports::stores::{PAGE, Since, Treatment};
use ports::{Class, Code};

use super::{Fixture, Row, Scene};

/// It is there and holds this.
fn holds(value: &Value) -> Since {
    Since::Holds(Some(value.clone()))
}

/// What is there holds what it was found by, and what was erased is gone; in the order of the records,
/// however often each of them is told.
pub async fn tells_what_is_gone(fixture: &dyn Fixture) {
    let scene = Scene::of(fixture);
    let who = fixture.person(1);
    scene.plant(&who, 9).await;
    // Neighbours, some of whose keys begin as the person's do.
    scene.plant(&fixture.person(10), 3).await;
    let found = scene.locate(from_ref(&who)).await;
    let before = scene.rows().await;
    assert_eq!(scene.since(&found).await, vec![holds(&who); 9]);
    assert_eq!(scene.rows().await, before, "looking changes nothing");

    let (kept, erased): (Vec<Record>, Vec<Record>) = {
        let mut halves = (Vec::new(), Vec::new());
        for (at, record) in found.iter().enumerate() {
            let half = if at % 2 == 0 { &mut halves.0 } else { &mut halves.1 };
            half.push(record.clone());
        }
        halves
    };
    scene.erased(&erased, &Treatment::Delete).await;
    let expected = |record: &Record| if kept.contains(record) { holds(&who) } else { Since::Gone };
    let mut asked = found.clone();
    asked.extend(found.iter().rev().cloned());
    asked.extend([erased[0].clone(), kept[0].clone(), kept[0].clone(), erased[0].clone()]);
    assert_eq!(scene.since(&asked).await, asked.iter().map(expected).collect::<Vec<_>>());

    scene.erased(&kept, &Treatment::Delete).await;
    assert_eq!(scene.since(&asked).await, vec![Since::Gone; asked.len()]);
}

/// What one field of a record holds, as the store itself has it.
fn held(fixture: &dyn Fixture, rows: &[Row], record: &Record) -> Since {
    let Some(row) = rows.iter().find(|row| row.key == record.key) else {
        return Since::Gone;
    };
    let kind = fixture.collection().fields[&record.via].kind;
    Since::Holds(row.fields.get(&record.via).map(|text| Value::of(kind, text)))
}

/// An anonymised record holds what replaced the person, or nothing where that was removed; it is gone
/// where its key was replaced. Records that were found by different fields are told apart.
pub async fn tells_what_was_replaced(fixture: &dyn Fixture) {
    let Some(treatment) = fixture.anonymising() else {
        return;
    };
    let Treatment::Anonymise(changes) = &treatment else {
        panic!("the fixture's treatment does not anonymise");
    };
    let scene = Scene::of(fixture);
    let who = fixture.person(1);
    scene.plant(&who, 5).await;
    let found = scene.locate(from_ref(&who)).await;
    // As if each of them had been found by each field that is replaced, next to the one that it was.
    let mut asked = Vec::new();
    for record in &found {
        asked.push(record.clone());
        for via in changes.keys().filter(|via| *via != fixture.field()) {
            asked.push(Record { via: via.clone(), ..record.clone() });
        }
    }
    let rows = scene.rows().await;
    let before: Vec<Since> = asked.iter().map(|record| held(fixture, &rows, record)).collect();
    assert!(before.iter().all(|since| matches!(since, Since::Holds(Some(_)))));
    assert_eq!(scene.since(&asked).await, before);

    scene.erased(&found[1..], &treatment).await;
    let moves = changes.keys().any(|field| fixture.collection().key.contains(field));
    let expected = asked.iter().zip(before).map(|(record, before)| {
        if record.key == found[0].key {
            return before;
        }
        match changes.get(&record.via) {
            _ if moves => Since::Gone,
            Some(replacement) => Since::Holds(replacement.clone()),
            None => before,
        }
    });
    assert_eq!(scene.since(&asked).await, expected.collect::<Vec<_>>());
}

/// A record that went to somebody else holds the other person's value.
pub async fn tells_whose_it_is_by_now(fixture: &dyn Fixture) {
    let scene = Scene::of(fixture);
    let (who, heir) = (fixture.person(1), fixture.person(2));
    scene.plant(&who, 4).await;
    let found = scene.locate(from_ref(&who)).await;
    if !fixture.reassign(&found[1].key, &heir).await {
        return;
    }
    scene.erased(&found[2..3], &Treatment::Delete).await;
    let expected = [holds(&who), holds(&heir), Since::Gone, holds(&who)];
    assert_eq!(scene.since(&found).await, expected);
}

/// Nothing is asked about nothing, a full page is answered, and more is refused.
pub async fn keeps_to_a_page(fixture: &dyn Fixture) {
    let scene = Scene::of(fixture);
    let who = fixture.person(1);
    scene.plant(&who, PAGE).await;
    let mut found = scene.locate(from_ref(&who)).await;
    assert_eq!(scene.since(&[]).await, []);
    assert_eq!(scene.since(&found).await, vec![holds(&who); PAGE]);

    let (erased, _) = found.split_at(PAGE / 2 + 1);
    scene.erased(erased, &Treatment::Delete).await;
    let mut expected = vec![Since::Gone; erased.len()];
    expected.resize(PAGE, holds(&who));
    assert_eq!(scene.since(&found).await, expected);

    found.push(found[PAGE - 1].clone());
    let fault = scene.look_again(&found).await.expect_err("more than a page is refused");
    assert_eq!((fault.class, fault.code), (Class::Permanent, Code::StoreRefused));
    assert!(
        !fault.to_string().contains(who.expose()) || fixture.kind() == domain::catalog::FieldKind::Number
    );
}
