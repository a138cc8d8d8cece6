//! Anonymising: the record stays, the person in it goes.

use std::slice::from_ref;

use std::collections::BTreeMap;

use domain::plan::Value;
use ports::stores::{Settled, Treatment};

use super::{Fixture, Row, Scene};

type Changes = BTreeMap<String, Option<Value>>;

fn changes(fixture: &dyn Fixture) -> Option<(Treatment, Changes)> {
    let treatment = fixture.anonymising()?;
    let Treatment::Anonymise(changes) = treatment.clone() else {
        panic!("the fixture's treatment does not anonymise");
    };
    Some((treatment, changes))
}

/// What the treatment does not name, in the order of its values: keys may change.
fn kept(rows: &[Row], changes: &Changes) -> Vec<BTreeMap<String, String>> {
    let mut kept: Vec<_> = rows
        .iter()
        .map(|row| {
            let fields = row.fields.clone().into_iter();
            fields.filter(|(name, _)| !changes.contains_key(name)).collect()
        })
        .collect();
    kept.sort();
    kept
}

/// The named fields change, all others keep every byte, twice is once, and nobody is found any more.
pub async fn keeps_everything_else(fixture: &dyn Fixture) {
    let Some((treatment, changes)) = changes(fixture) else {
        return;
    };
    let scene = Scene::of(fixture);
    let who = fixture.person(1);
    scene.plant(&who, 6).await;
    scene.plant(&fixture.person(2), 3).await;
    let others = scene.others(&who).await;
    let before = scene.rows().await;
    let found = scene.locate(from_ref(&who)).await;
    assert_eq!(scene.confirm_records(&found, &treatment).await, 6);
    let settled = scene.erased(&found, &treatment).await;
    assert_eq!(settled, Settled { done: 6, foreign: 0 });

    let after = scene.rows().await;
    assert_eq!(after.len(), before.len(), "no record goes");
    assert_eq!(kept(&after, &changes), kept(&before, &changes));
    assert!(others.iter().all(|row| after.contains(row)), "the others are there");
    let touched: Vec<&Row> = after.iter().filter(|row| !others.contains(row)).collect();
    assert_eq!(touched.len(), 6);
    for row in touched {
        for (field, value) in &changes {
            let got = row.fields.get(field).map(String::as_str);
            assert_eq!(got, value.as_ref().map(Value::expose), "{field}");
        }
    }

    assert_eq!(scene.erased(&found, &treatment).await, settled, "twice is once");
    assert_eq!(scene.rows().await, after);
    assert_eq!(scene.confirm_records(&found, &treatment).await, 0);
    let expected = if changes.contains_key(fixture.field()) { 0 } else { 6 };
    assert_eq!(scene.confirm(from_ref(&who)).await, expected);
    assert_eq!(scene.locate(&[who]).await.len() as u64, expected);
}

/// A record that went to somebody else is theirs, and one that is gone needs nothing.
pub async fn leaves_what_is_somebody_else_s(fixture: &dyn Fixture) {
    let Some((treatment, _)) = changes(fixture) else {
        return;
    };
    let scene = Scene::of(fixture);
    let who = fixture.person(1);
    scene.plant(&who, 5).await;
    let found = scene.locate(from_ref(&who)).await;
    scene.erased(&found[4..], &Treatment::Delete).await;
    let given = fixture.reassign(&found[1].key, &fixture.person(2)).await;
    let before = scene.others(&who).await;
    let settled = scene.erased(&found, &treatment).await;
    let foreign = u64::from(given);
    assert_eq!(settled, Settled { done: 5 - foreign, foreign });
    let after = scene.rows().await;
    assert_eq!(after.len(), 4, "what is gone does not come back");
    assert!(before.iter().all(|row| after.contains(row)));
    assert_eq!(scene.erased(&found, &treatment).await, settled);
    assert_eq!(scene.rows().await, after);
    assert_eq!(scene.confirm_records(&found, &treatment).await, 0);
}
