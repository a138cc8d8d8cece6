//! Dying at any moment, and beginning again.

use std::slice::from_ref;

use ports::stores::{Settled, Treatment};

use super::scene::killed_after;
use super::{Fixture, Scene};

/// An erasure that dies in the middle and is run again ends as one that did not.
pub async fn killed_and_run_again(fixture: &dyn Fixture) {
    let mut treatments = vec![Treatment::Delete];
    treatments.extend(fixture.anonymising());
    let scene = Scene::of(fixture);
    scene.plant(&fixture.person(1000), 3).await;
    let mut number = 0;
    for treatment in &treatments {
        for waits in [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89] {
            number += 1;
            let who = fixture.person(number);
            scene.plant(&who, 40).await;
            let before = scene.others(&who).await;
            let found = scene.locate(from_ref(&who)).await;
            assert_eq!(found.len(), 40);
            killed_after(waits, scene.erase(&found, treatment)).await;
            let settled = scene.erased(&found, treatment).await;
            assert_eq!(settled, Settled { done: 40, foreign: 0 }, "after {waits} waits");
            assert_eq!(scene.confirm_records(&found, treatment).await, 0);
            let rows = scene.rows().await;
            assert!(before.iter().all(|row| rows.contains(row)), "the others are there");
            let left = rows.len() - before.len();
            let expected = if treatment == &Treatment::Delete { 0 } else { 40 };
            assert_eq!(left, expected, "after {waits} waits");
        }
    }
}

/// Locating, walking, looking again and confirming that die leave nothing behind that is in the way of others.
pub async fn readers_may_die(fixture: &dyn Fixture) {
    let scene = Scene::of(fixture);
    let who = [fixture.person(1)];
    scene.plant(&who[0], 30).await;
    for waits in 0..12 {
        killed_after(waits, scene.locate(&who)).await;
        killed_after(waits, scene.confirm(&who)).await;
        killed_after(waits, scene.walk()).await;
    }
    let found = scene.locate(&who).await;
    for waits in 0..12 {
        killed_after(waits, scene.look_again(&found)).await;
    }
    assert_eq!(scene.erased(&found, &Treatment::Delete).await.done, 30);
    assert!(scene.rows().await.is_empty());
}
