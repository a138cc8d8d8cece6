//! The calls whose answers `infra/openapi.yaml` has as examples.

use domain::{Operation, Tally, Task, TaskStatus};
use testkit::inject::{Plan, Point};

use super::*;

/// An example's name, and what the program answers.
pub(crate) async fn scenes() -> Vec<(&'static str, Answer)> {
    let me = person(&[PERSON]);
    let door = door_of(plain_front());
    let id = door.submitted(PERSON).await;
    let early = door.fetch(&me, &id).await;
    door.front
        .change(&id, |draft| {
            for (store, found) in [("crm", 1), ("shop", 10)] {
                let store: domain::StoreId = store.parse().expect("a store");
                let mut done = |op, tally| {
                    let task = Task::new(op, store.clone(), 1, draft.request.received_at);
                    draft.tasks.push(Task { tally, status: TaskStatus::Done, ..task });
                };
                done(Operation::Locate, Tally { located: found, ..Tally::default() });
                done(Operation::Collect, Tally { collected: found, ..Tally::default() });
            }
            draft.request.export.as_mut().expect("an export").format = domain::export::Format::Csv;
        })
        .await;
    door.pack(&id, 1).await;
    let wrong = door.ask(&me, "GET", &format!("/v1/requests/{id}/export?package=first")).await;
    assert_eq!(door.fetch(&me, &id).await.status, 303);
    let ready = door.front.ask(&me, "GET", &format!("/v1/requests/{id}")).await;
    let made = door.make(&caller(Role::Backend), &id).await;
    let downloads = door.downloads(&caller(Role::Officer), &id).await;
    door.front.world.injector().arm(Plan::nth(Point::LinksSign, 0));
    let no_link = door.fetch(&me, &id).await;
    door.front.world.injector().arm(Plan::outage("keyring."));
    let perhaps = door.make(&caller(Role::Backend), &id).await;
    door.front.world.injector().disarm();
    door.front.change(&id, |draft| draft.request.export.as_mut().expect("an export").downloads = 20).await;
    let no_more = door.fetch(&me, &id).await;
    door.advance(OPEN_FOR);
    let gone = door.fetch(&me, &id).await;
    let plain = door_of(plain_front());
    let erasure = plain.front.submit(PERSON).await;
    vec![
        ("notReady", early),
        ("wrongPackage", wrong),
        ("ready", ready),
        ("downloadCode", made),
        ("downloads", downloads),
        ("noLink", no_link),
        ("perhapsACode", perhaps),
        ("noMoreLinks", no_more),
        ("packageDestroyed", gone),
        ("exportsNothing", plain.fetch(&me, &erasure).await),
    ]
}
