//! Reading a collection from one end to the other: everybody, whoever comes and goes.

use std::collections::{BTreeMap, BTreeSet};

use domain::catalog::FieldKind;
use domain::plan::{RecordKey, Value};
use ports::stores::{PAGE, Seen, Target, Treatment};
use ports::{Class, Code};

use super::locating::HOSTILE;
use super::{Fixture, Scene};

fn keys_of(seen: &[Seen]) -> BTreeSet<RecordKey> {
    seen.iter().map(|seen| seen.key.clone()).collect()
}

/// All records of the store come, each once, over several pages; and nothing is changed by it.
pub async fn shows_everybody_once(fixture: &dyn Fixture) {
    let scene = Scene::of(fixture);
    for (number, count) in [(1, PAGE), (2, 1), (3, 7), (10, PAGE), (11, 3)] {
        scene.plant(&fixture.person(number), count).await;
    }
    let before = scene.rows().await;
    let seen = scene.walk().await;
    assert_eq!(seen.len(), before.len(), "each comes once");
    assert_eq!(keys_of(&seen), before.iter().map(|row| row.key.clone()).collect());
    assert_eq!(scene.rows().await, before, "reading changes nothing");
}

/// Of each record the wanted fields are shown, those that it has, and no others.
pub async fn shows_what_is_wanted(fixture: &dyn Fixture) {
    let scene = Scene::of(fixture);
    for number in 1..=9 {
        scene.plant(&fixture.person(number), 2).await;
    }
    let rows = scene.rows().await;
    let target = scene.target();
    assert!(target.wanted.iter().any(|field| field == fixture.field()));
    for seen in scene.walk().await {
        let row = rows.iter().find(|row| row.key == seen.key).expect("a record of the store");
        assert_eq!(seen.values.get(fixture.field()), Some(&row.who));
        for field in target.wanted {
            let value = seen.values.get(field).unwrap_or_else(|| panic!("{field} is missing"));
            if fixture.contents().is_none() {
                assert_eq!(Some(value.expose()), row.fields.get(field).map(String::as_str));
            }
        }
        assert!(seen.values.keys().all(|field| target.wanted.contains(field)));
    }
    let nothing = Target { wanted: &[], ..target };
    let walked = fixture.walker().walk(&nothing, None).await.expect("a page");
    assert_eq!(walked.records.len(), 18);
    assert!(walked.records.iter().all(|seen| seen.values.is_empty() && !seen.key.is_empty()));
}

/// There is an end where there is nobody.
pub async fn shows_nobody(fixture: &dyn Fixture) {
    assert_eq!(Scene::of(fixture).walk().await, []);
}

/// Records come and go between the pages, and while they are read: whoever is there all the time is shown.
pub async fn shows_who_stays_while_others_write(fixture: &dyn Fixture) {
    let scene = Scene::of(fixture);
    let (stays, comes, goes) = (fixture.person(2), fixture.person(1), fixture.person(3));
    scene.plant(&goes, 20).await;
    scene.plant(&stays, PAGE).await;
    scene.plant(&goes, 20).await;
    scene.plant(&stays, PAGE / 2).await;
    let staying = scene.keys(std::slice::from_ref(&stays)).await;
    let going = scene.locate(std::slice::from_ref(&goes)).await;
    let (scene, comes) = (&scene, &comes);
    let mut parts = going.chunks(10);
    let between = |_| {
        let part = parts.next().unwrap_or_default();
        async move {
            scene.plant(comes, 3).await;
            scene.erased(part, &Treatment::Delete).await;
        }
    };
    let write = async {
        for _ in 0..5 {
            scene.plant(comes, 2).await;
        }
    };
    let (seen, ()) = futures::join!(scene.walk_meanwhile(between), write);
    assert!(staying.is_subset(&keys_of(&seen)), "somebody who was there is not shown");
}

/// Whatever a value is, it is shown as it is.
pub async fn survives_hostile_values(fixture: &dyn Fixture) {
    let scene = Scene::of(fixture);
    if fixture.kind() == FieldKind::Number {
        return;
    }
    let mut expected: BTreeMap<String, usize> = BTreeMap::new();
    for text in HOSTILE {
        // A key with one more slash in it is of no template.
        let is_told = fixture.contents().is_none() || !text.contains('/');
        if fixture.plant(&Value::of(FieldKind::Text, text), 1, 0).await && is_told {
            expected.insert(text.to_owned(), 1);
        }
    }
    assert!(expected.len() > HOSTILE.len() / 2, "the store holds most of them");
    let mut shown: BTreeMap<String, usize> = BTreeMap::new();
    for seen in scene.walk().await {
        *shown.entry(seen.values[fixture.field()].expose().to_owned()).or_default() += 1;
    }
    assert_eq!(shown, expected);
}

/// Records of 400 KB are walked by; nothing of them is needed.
pub async fn survives_large_records(fixture: &dyn Fixture) {
    let scene = Scene::of(fixture);
    assert!(fixture.plant(&fixture.person(1), 12, 399 * 1024).await, "large records can be planted");
    scene.plant(&fixture.person(2), 3).await;
    let seen = scene.walk().await;
    assert_eq!(seen.len(), 15);
    assert_eq!(keys_of(&seen).len(), 15);
}

/// What is no cursor of its own is refused, and not quoted.
pub async fn takes_its_own_cursors_alone(fixture: &dyn Fixture) {
    let scene = Scene::of(fixture);
    scene.plant(&fixture.person(1), 1).await;
    for cursor in
        ["marked", "", "{}", r#"{"value":0,"after":"marked"}"#, r#"{"value":0,"after":["marked",1]}"#]
    {
        let fault = scene.walked(Some(cursor)).await.expect_err("it is refused");
        assert_eq!((fault.class, fault.code), (Class::Permanent, Code::PlanUnreadable), "{cursor}");
        assert!(!format!("{fault} {fault:?}").contains("marked"));
    }
}
