//! Reading again: what is left is counted.

use ports::stores::Treatment;

use super::{Fixture, Scene};

/// What is left is counted: by a search, and by the records' keys.
pub async fn counts_residue(fixture: &dyn Fixture) {
    let scene = Scene::of(fixture);
    let who = [fixture.person(1)];
    scene.plant(&who[0], 9).await;
    scene.plant(&fixture.person(2), 2).await;
    let found = scene.locate(&who).await;
    assert_eq!(scene.confirm(&who).await, 9);
    assert_eq!(scene.confirm_records(&found, &Treatment::Delete).await, 9);
    scene.erased(&found[..4], &Treatment::Delete).await;
    assert_eq!(scene.confirm(&who).await, 5);
    assert_eq!(scene.confirm_records(&found, &Treatment::Delete).await, 5);
    assert_eq!(scene.confirm_records(&found[..4], &Treatment::Delete).await, 0);
    // The same record told twice is still one record.
    let twice = [found[5].clone(), found[5].clone()];
    assert_eq!(scene.confirm_records(&twice, &Treatment::Delete).await, 1);
    assert_eq!(scene.confirm_records(&[], &Treatment::Delete).await, 0);
}
