//! Holds, pages of lists, and what the sweeper finds.

use jiff::SignedDuration;
use ports::Overdue;

use super::{beginning, change, hold, new_request, subject, tenant};
use crate::memory::World;

#[tokio::test]
async fn holds_stand_until_released_and_know_what_they_missed() {
    let world = World::default();
    let holds = world.holds();
    let (mut first, event) = hold(1, subject(1));
    holds.place(&first, &event).await.expect("placed");
    let (second, event) = hold(2, subject(2));
    holds.place(&second, &event).await.expect("placed");

    first.too_late_for = vec!["shop".parse().expect("an id")];
    holds.note_too_late(&first).await.expect("noted");
    let standing = holds.standing(&tenant(), &[subject(1), subject(9)]).await;
    assert_eq!(standing, Ok(vec![first.clone()]));

    let (page, next) = holds.list(&tenant(), None, 1).await.expect("a page");
    assert_eq!(page, [second]);
    let (page, _) = holds.list(&tenant(), next.as_deref(), 1).await.expect("a page");
    assert_eq!(page, [first]);
    let other = "other".parse().expect("a tenant");
    assert_eq!(holds.standing(&other, &[subject(1)]).await, Ok(vec![]));
}

#[tokio::test]
async fn requests_are_listed_newest_first_page_by_page() {
    let world = World::default();
    for n in 1..=3 {
        let new = new_request(n, vec![subject(u8::try_from(n).expect("small"))]);
        world.requests().create(&new).await.expect("created");
    }
    let (mut cursor, mut ids) = (None, Vec::new());
    loop {
        let page = world.requests().list(&tenant(), None, cursor.as_deref(), 2).await.expect("a page");
        ids.extend(page.requests.into_iter().map(|r| r.id));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let mut expect: Vec<_> = world.all_requests().into_iter().map(|r| r.id).collect();
    expect.reverse();
    assert_eq!(ids, expect);
}

#[tokio::test]
async fn the_longest_overdue_come_first() {
    let world = World::default();
    let mut ids = Vec::new();
    for (n, hours) in [(1, 3), (2, 1), (3, 9)] {
        let new = new_request(n, vec![subject(u8::try_from(n).expect("small"))]);
        world.requests().create(&new).await.expect("created");
        let mut late = change(&new.request);
        late.request.progress_by = Some(beginning() + SignedDuration::from_hours(hours));
        world.requests().commit(&late).await.expect("committed");
        ids.push((tenant(), new.request.id));
    }
    let now = beginning() + SignedDuration::from_hours(3);
    let overdue = world.requests().overdue(Overdue::Open, now, 10).await;
    assert_eq!(overdue, Ok(vec![ids[1].clone(), ids[0].clone()]));
}
