//! Finding a person: all of theirs, and nothing of anybody else's.

use std::slice::from_ref;

use std::collections::BTreeSet;

use domain::catalog::FieldKind;
use domain::plan::Value;
use ports::stores::{MOST_VALUES, PAGE, Search, Treatment};
use ports::{Class, Code};

use super::scene::keys_of;
use super::{Fixture, Scene};

/// A search finds exactly the person's records, with what was asked for in them.
pub async fn finds_exactly_the_person(fixture: &dyn Fixture) {
    let scene = Scene::of(fixture);
    // 1 and 10 and 11: whoever compares beginnings finds the wrong ones.
    for (number, count) in [(1, 3), (10, 4), (11, 2), (2, 5)] {
        scene.plant(&fixture.person(number), count).await;
    }
    let who = fixture.person(1);
    let found = scene.locate(from_ref(&who)).await;
    assert_eq!(keys_of(&found), scene.keys(from_ref(&who)).await);
    assert_eq!(found.len(), 3);
    for record in &found {
        assert_eq!(record.via_value, who);
        for field in &fixture.collection().key {
            assert_eq!(record.values.get(field), record.key.get(field));
        }
        let wanted = scene.target().wanted.iter();
        for field in wanted {
            assert!(record.values.contains_key(field), "{field} is missing");
        }
    }
    let both = [fixture.person(1), fixture.person(2)];
    let found = scene.locate(&both).await;
    assert_eq!(keys_of(&found), scene.keys(&both).await);
}

/// As many values as one search may have, each with a record or none, some of them twice.
pub async fn searches_many_values(fixture: &dyn Fixture) {
    let scene = Scene::of(fixture);
    let mut values = Vec::new();
    for number in 0..MOST_VALUES - 2 {
        values.push(fixture.person(number));
        if number % 2 == 0 {
            scene.plant(&fixture.person(number), 1).await;
        }
    }
    scene.plant(&fixture.person(1000), 2).await;
    values.push(fixture.person(0));
    values.push(fixture.person(4));
    let found = scene.locate(&values).await;
    assert_eq!(keys_of(&found), scene.keys(&values).await);
    assert_eq!(found.len(), (MOST_VALUES - 2) / 2);
    assert_eq!(scene.confirm(&values).await, found.len() as u64);
}

/// A page's worth of records, one more, and two values that fill pages together.
pub async fn keeps_page_boundaries(fixture: &dyn Fixture) {
    let scene = Scene::of(fixture);
    let (one, other) = (fixture.person(1), fixture.person(2));
    scene.plant(&one, PAGE).await;
    let pages = scene.pages(from_ref(&one)).await;
    assert_eq!(pages.concat().len(), PAGE);
    assert!(pages.len() <= 2, "a full page and at most an empty one");

    scene.plant(&one, 1).await;
    let found = scene.locate(from_ref(&one)).await;
    assert_eq!(keys_of(&found), scene.keys(from_ref(&one)).await);
    assert_eq!(found.len(), PAGE + 1);

    scene.plant(&other, 3).await;
    let both = [other, one];
    assert_eq!(scene.locate(&both).await.len(), PAGE + 4);
    assert_eq!(scene.confirm(&both).await, PAGE as u64 + 4);
}

/// Nobody is found where there is nobody.
pub async fn finds_nobody(fixture: &dyn Fixture) {
    let scene = Scene::of(fixture);
    let nobody = [fixture.person(404)];
    assert!(scene.locate(&nobody).await.is_empty(), "an empty store");
    scene.plant(&fixture.person(1), 2).await;
    assert!(scene.locate(&nobody).await.is_empty());
    assert!(scene.locate(&[]).await.is_empty());
    assert_eq!(scene.confirm(&nobody).await, 0);
    assert_eq!(scene.confirm(&[]).await, 0);
    assert_eq!(scene.erased(&[], &Treatment::Delete).await.done, 0);
}

/// Texts that are something else to somebody: SQL, patterns, paths, expressions, other scripts.
pub(super) const HOSTILE: [&str; 20] = [
    "O'Brien",
    "\"; DROP TABLE people; --",
    "' OR '1'='1",
    "%",
    "_",
    "*",
    "?",
    "a%2Fb",
    "..",
    "a/b",
    "back\\slash",
    "line\nbreak",
    "nul\0byte",
    "👩‍👩‍👧 🏳️‍🌈",
    "\u{202e}backwards",
    "#n0 = :v0",
    "{person}",
    " spaces around ",
    "e\u{301}tienne",
    "étienne",
];

/// Numbers that are none.
const NO_NUMBERS: [&str; 7] = ["1 OR 1=1", "NaN", "0x1", "١", "1e400", "", "--1"];

/// Hostile values find their own record, or nothing, and never somebody else's; or they are refused.
pub async fn survives_hostile_values(fixture: &dyn Fixture) {
    let scene = Scene::of(fixture);
    scene.plant(&fixture.person(1), 2).await;
    if fixture.kind() == FieldKind::Number {
        for text in NO_NUMBERS {
            let value = [Value::of(FieldKind::Number, text)];
            assert!(scene.locate(&value).await.is_empty(), "{text}");
            assert_eq!(scene.confirm(&value).await, 0, "{text}");
        }
        return;
    }
    let mut planted = BTreeSet::new();
    for text in HOSTILE {
        let value = Value::of(FieldKind::Text, text);
        if fixture.plant(&value, 1, 0).await {
            planted.insert(text);
        }
    }
    assert!(planted.len() > HOSTILE.len() / 2, "the store holds most of them");
    for text in HOSTILE {
        let value = Value::of(FieldKind::Text, text);
        let expected = usize::from(planted.contains(text));
        let values = [value.clone()];
        if fixture.refuses(&value) {
            is_refused(&scene, &values).await;
            continue;
        }
        let before = scene.others(&value).await;
        let found = scene.locate(&values).await;
        assert_eq!(found.len(), expected, "{text:?} is found");
        assert_eq!(scene.confirm(&values).await, expected as u64, "{text:?}");
        let settled = scene.erased(&found, &Treatment::Delete).await;
        assert_eq!((settled.done, settled.foreign), (expected as u64, 0), "{text:?}");
        assert_eq!(scene.others(&value).await, before, "{text:?} touched others");
        if expected == 1 {
            assert!(scene.keys(&values).await.is_empty(), "{text:?} is still there");
        }
    }
}

/// Neither locating nor confirming takes it for a value that is not there, and neither quotes it.
async fn is_refused(scene: &Scene<'_>, values: &[Value]) {
    let before = scene.rows().await;
    let search = Search { field: scene.fixture.field(), values };
    let connector = scene.fixture.connector();
    let located = scene.page(values, None).await.map(|found| found.records.len() as u64);
    let confirmed = connector.confirm_search(&scene.target(), &search, None).await.map(|left| left.records);
    for answer in [located, confirmed] {
        let text = values[0].expose();
        let fault = answer.expect_err("a value that may not be found is refused");
        assert_eq!((fault.class, fault.code), (Class::Permanent, Code::CatalogMismatch), "{text:?}");
        let (store, collection) = (scene.fixture.store(), scene.fixture.collection());
        assert_eq!(fault.target, format!("{}.{}", store.id, collection.name));
        assert!(fault.detail.contains(scene.fixture.field()), "the field is named");
        // A `/` alone is in the words of the fault itself.
        assert!(text.len() == 1 || !fault.to_string().contains(text), "{text:?} is quoted");
    }
    assert_eq!(scene.rows().await, before);
}

/// Records of 400 KB, of which nobody needs more than the key.
pub async fn survives_large_records(fixture: &dyn Fixture) {
    let scene = Scene::of(fixture);
    let who = fixture.person(1);
    let weight = 399 * 1024;
    assert!(fixture.plant(&who, 12, weight).await, "large records can be planted");
    assert!(fixture.plant(&fixture.person(2), 1, weight).await);
    let found = scene.locate(from_ref(&who)).await;
    assert_eq!(keys_of(&found), scene.keys(from_ref(&who)).await);
    let before = scene.others(&who).await;
    let settled = scene.erased(&found, &Treatment::Delete).await;
    assert_eq!(settled.done, 12);
    assert_eq!(scene.confirm(from_ref(&who)).await, 0);
    assert_eq!(scene.others(&who).await, before);
}
