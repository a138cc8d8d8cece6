//! Hiding a person, and showing them again.

use std::slice::from_ref;

use super::{Fixture, Scene};

/// Hidden and shown again, everything is as it was; twice is once.
pub async fn hides_and_shows(fixture: &dyn Fixture) {
    let Some(suppressor) = fixture.suppressor() else {
        return;
    };
    let scene = Scene::of(fixture);
    let target = scene.target();
    let who = fixture.person(1);
    scene.plant(&who, 5).await;
    scene.plant(&fixture.person(2), 2).await;
    let before = scene.rows().await;
    let others = scene.others(&who).await;
    let found = scene.locate(from_ref(&who)).await;
    for _ in 0..2 {
        let hidden = suppressor.set_hidden(&target, &found, true).await;
        assert_eq!(hidden.expect("it is hidden"), 5);
        let rows = scene.rows().await;
        assert_eq!(scene.others(&who).await, others);
        let flag = fixture.collection().suppress.clone().expect("a flag");
        for row in rows.iter().filter(|row| row.who == who) {
            let raw = row.fields.get(&flag).map(String::as_str);
            assert!(matches!(raw, Some("1" | "true")), "{raw:?}");
        }
    }
    assert_eq!(scene.locate(&[who]).await.len(), 5, "hidden records are found");
    for _ in 0..2 {
        let shown = suppressor.set_hidden(&target, &found, false).await;
        assert_eq!(shown.expect("it is shown"), 5);
        assert_eq!(scene.rows().await, before);
    }
}

/// A record that is somebody else's by the time it is shown again does not stay hidden.
pub async fn shows_whoever_it_hid(fixture: &dyn Fixture) {
    let Some(suppressor) = fixture.suppressor() else {
        return;
    };
    let scene = Scene::of(fixture);
    let target = scene.target();
    let who = fixture.person(1);
    scene.plant(&who, 3).await;
    let found = scene.locate(from_ref(&who)).await;
    let flag = fixture.collection().suppress.clone().expect("a flag");
    let is_hidden = |raw: Option<&String>| matches!(raw.map(String::as_str), Some("1" | "true"));
    assert_eq!(suppressor.set_hidden(&target, &found, true).await.expect("hidden"), 3);
    if !fixture.reassign(&found[0].key, &fixture.person(2)).await {
        return;
    }
    assert!(scene.rows().await.iter().all(|row| is_hidden(row.fields.get(&flag))), "all are hidden");
    for _ in 0..2 {
        assert_eq!(suppressor.set_hidden(&target, &found, false).await.expect("shown"), 3);
        assert!(!scene.rows().await.iter().any(|row| is_hidden(row.fields.get(&flag))));
    }
}

/// A record that went to somebody else stays visible.
pub async fn leaves_what_is_somebody_else_s(fixture: &dyn Fixture) {
    let Some(suppressor) = fixture.suppressor() else {
        return;
    };
    let scene = Scene::of(fixture);
    let who = fixture.person(1);
    scene.plant(&who, 3).await;
    let found = scene.locate(from_ref(&who)).await;
    if !fixture.reassign(&found[0].key, &fixture.person(2)).await {
        return;
    }
    let others = scene.others(&who).await;
    let hidden = suppressor.set_hidden(&scene.target(), &found, true).await;
    assert_eq!(hidden.expect("the others are hidden"), 2);
    assert_eq!(scene.others(&who).await, others);
    let none = suppressor.set_hidden(&scene.target(), &[], true).await;
    assert_eq!(none.expect("nothing to do"), 0);
}
