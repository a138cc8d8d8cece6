//! Lost answers: what was applied and is sent again is fine, and happens once.

use ports::{Class, Refused};

use super::{change, hold, new_request, subject, tenant, with_request};
use crate::inject::{Plan, Point, When};
use crate::memory::World;

fn lose_answer(world: &World, point: Point) {
    world.injector().arm(Plan::nth(point, 0).when(When::After));
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_can_be_repeated() {
    let (world, request) = with_request(vec![subject(1)]).await;
    let mut first = change(&request);
    first.lock = vec![subject(1)];
    lose_answer(&world, Point::RequestsCommit);
    let answer = world.requests().commit(&first).await;
    assert!(matches!(answer, Err(Refused::Fault(f)) if f.class == Class::Transient));
    assert_eq!(world.locks_of(&tenant(), &request.id), [subject(1)]);

    let second = change(&first.request);
    world.requests().commit(&second).await.expect("went on");
    assert_eq!(world.requests().commit(&first).await, Ok(()));
    assert_eq!(world.request(&tenant(), &request.id), Some(second.request), "the repetition changed nothing");
    assert_eq!(world.stream().drain().len(), 3);
}

#[tokio::test]
async fn a_fault_before_a_commit_leaves_nothing() {
    let (world, request) = with_request(vec![subject(1)]).await;
    world.injector().arm(Plan::nth(Point::RequestsCommit, 0));
    let first = change(&request);
    assert!(world.requests().commit(&first).await.is_err());
    assert_eq!(world.request(&tenant(), &request.id), Some(request));
    assert_eq!(world.requests().commit(&first).await, Ok(()));
}

#[tokio::test]
async fn a_request_is_taken_in_once() {
    let world = World::default();
    let new = new_request(1, vec![subject(1)]);
    lose_answer(&world, Point::RequestsCreate);
    assert!(world.requests().create(&new).await.is_err());
    assert_eq!(world.requests().create(&new).await, Ok(()));
    assert_eq!(world.stream().history().len(), 1);
    let mut other = new.clone();
    other.event.who = "step:other".into();
    assert_eq!(world.requests().create(&other).await, Err(Refused::Conflict));
}

#[tokio::test]
async fn a_hold_is_placed_and_released_once() {
    let world = World::default();
    let (mut placed, event) = hold(1, subject(1));
    lose_answer(&world, Point::HoldsPlace);
    assert!(world.holds().place(&placed, &event).await.is_err());
    assert_eq!(world.holds().place(&placed, &event).await, Ok(()));

    placed.released_at = Some(event.at);
    let mut released = event.clone();
    released.n = 2;
    lose_answer(&world, Point::HoldsRelease);
    assert!(world.holds().release(&placed, &released).await.is_err());
    assert_eq!(world.holds().release(&placed, &released).await, Ok(true));
    released.who = "another officer".into();
    assert_eq!(world.holds().release(&placed, &released).await, Ok(false));
    assert_eq!(world.stream().drain().len(), 2);
}

#[tokio::test]
async fn the_stream_delivers_in_order_and_again_if_asked() {
    let (world, request) = with_request(vec![subject(1)]).await;
    world.requests().commit(&change(&request)).await.expect("committed");
    let stream = world.stream();
    let first = stream.take(1);
    assert_eq!(first[0].n, 1);
    stream.redeliver(first);
    let numbers: Vec<_> = stream.drain().iter().map(|e| e.n).collect();
    assert_eq!(numbers, [1, 2]);
    assert!(stream.is_empty());
}
