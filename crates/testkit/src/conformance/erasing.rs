//! Erasing a person: once, completely, and nobody else.

use std::slice::from_ref;

use domain::plan::Value;
use ports::stores::{Settled, Treatment};

use super::{Fixture, Scene};

/// Twice is once; what was erased is found no more; the neighbours are what they were, byte for byte.
pub async fn twice_is_once(fixture: &dyn Fixture) {
    let scene = Scene::of(fixture);
    let who = fixture.person(1);
    for (number, count) in [(1, 7), (10, 3), (2, 4)] {
        scene.plant(&fixture.person(number), count).await;
    }
    let before = scene.others(&who).await;
    let found = scene.locate(from_ref(&who)).await;
    let first = scene.erased(&found, &Treatment::Delete).await;
    assert_eq!(first, Settled { done: 7, foreign: 0 });
    assert_eq!(scene.rows().await, before);
    let second = scene.erased(&found, &Treatment::Delete).await;
    assert_eq!(second, first);
    assert_eq!(scene.rows().await, before);
    assert!(scene.locate(from_ref(&who)).await.is_empty());
    assert_eq!(scene.confirm(&[who]).await, 0);
    assert_eq!(scene.confirm_records(&found, &Treatment::Delete).await, 0);
}

/// A record that went to somebody else after it was located is theirs: it is counted, and left alone.
pub async fn leaves_what_is_somebody_else_s(fixture: &dyn Fixture) {
    let scene = Scene::of(fixture);
    let (who, heir) = (fixture.person(1), fixture.person(2));
    scene.plant(&who, 4).await;
    let found = scene.locate(from_ref(&who)).await;
    if !fixture.reassign(&found[1].key, &heir).await {
        return;
    }
    let before = scene.others(&who).await;
    assert_eq!(before.len(), 1);
    let settled = scene.erased(&found, &Treatment::Delete).await;
    assert_eq!(settled, Settled { done: 3, foreign: 1 });
    assert_eq!(scene.rows().await, before);
    assert_eq!(scene.erased(&found, &Treatment::Delete).await, settled);
    assert_eq!(scene.confirm_records(&found, &Treatment::Delete).await, 0);
    assert_eq!(scene.confirm(&[who]).await, 0);
}

/// Others write while a person is erased: what is theirs stays, and what they add to the person is
/// either erased or counted.
pub async fn stands_concurrent_writers(fixture: &dyn Fixture) {
    let scene = Scene::of(fixture);
    let (who, neighbour) = (fixture.person(1), fixture.person(2));
    scene.plant(&who, 120).await;
    scene.plant(&neighbour, 5).await;
    let who = std::slice::from_ref(&who);
    let erase = async {
        for _ in 0..3 {
            let found = scene.locate(who).await;
            scene.erased(&found, &Treatment::Delete).await;
        }
    };
    let write = async {
        for _ in 0..10 {
            scene.plant(&neighbour, 1).await;
            scene.plant(&who[0], 1).await;
        }
    };
    futures::join!(erase, write);
    let kept: Vec<Value> = vec![neighbour];
    assert_eq!(scene.keys(&kept).await.len(), 15);
    let left = scene.keys(who).await.len();
    assert!(left <= 10, "{left} are left of 120 and 10");
    assert_eq!(scene.confirm(who).await, left as u64);
    let found = scene.locate(who).await;
    scene.erased(&found, &Treatment::Delete).await;
    assert_eq!(scene.confirm(who).await, 0);
    assert_eq!(scene.rows().await.len(), 15);
}

/// Two erase the same records at the same time, as a retried step can.
pub async fn stands_its_own_double(fixture: &dyn Fixture) {
    let scene = Scene::of(fixture);
    let who = fixture.person(1);
    scene.plant(&who, 60).await;
    scene.plant(&fixture.person(2), 2).await;
    let before = scene.others(&who).await;
    let found = scene.locate(&[who]).await;
    let (one, other) =
        futures::join!(scene.erased(&found, &Treatment::Delete), scene.erased(&found, &Treatment::Delete));
    assert_eq!(one, Settled { done: 60, foreign: 0 });
    assert_eq!(other, one);
    assert_eq!(scene.rows().await, before);
}
