//! Legal holds, and the changes that they stop.

use std::collections::BTreeSet;

use domain::hold::Hold;
use domain::{Request, Status};
use ports::{Class, Refused};

use super::Deployment;
use super::fixtures::{
    change, committed, hold, hold_event, placed, pseudonyms, released, store, stored, taken_in, tenant,
};

/// For its own identity and its own tenant.
pub async fn a_hold_stands_until_it_is_released(d: &Deployment) {
    let (mine, other) = (tenant("hold"), tenant("hold-other"));
    let subject = pseudonyms("hold", 3);
    let holds = &d.holds;
    assert_eq!(holds.standing(&mine, &subject).await, Ok(vec![]));
    let first = placed(d, &mine, 1, &subject[0]).await;
    let second = placed(d, &mine, 2, &subject[1]).await;
    let third = placed(d, &mine, 3, &subject[1]).await;
    assert_eq!(holds.get(&mine, &first.id).await, Ok(Some(first.clone())));
    assert_eq!(holds.get(&other, &first.id).await, Ok(None));
    assert_eq!(holds.standing(&other, &subject).await, Ok(vec![]));
    assert_eq!(holds.standing(&mine, &subject[2..]).await, Ok(vec![]));
    let ids = |holds: &[Hold]| -> BTreeSet<_> { holds.iter().map(|h| h.id.clone()).collect() };
    let standing = holds.standing(&mine, &subject).await.expect("holds");
    assert_eq!(standing.len(), 3);
    let expect = [first.clone(), second.clone(), third.clone()];
    assert_eq!(ids(&standing), ids(&expect));

    let gone = released(&second, 9);
    let answer = holds.release(&gone, &hold_event(&gone)).await;
    assert_eq!(answer, Ok(true));
    let standing = holds.standing(&mine, &subject).await.expect("holds");
    assert_eq!(ids(&standing), ids(&[first, third]));
    assert_eq!(holds.get(&mine, &second.id).await, Ok(Some(gone)));
}

/// Calls whose answers were lost.
pub async fn placing_and_releasing_twice_are_fine(d: &Deployment) {
    let tenant = tenant("hold-twice");
    let subject = pseudonyms("hold-twice", 1);
    let first = placed(d, &tenant, 1, &subject[0]).await;
    let again = d.holds.place(&first, &hold_event(&first)).await;
    assert_eq!(again, Ok(()));
    let standing = d.holds.standing(&tenant, &subject).await;
    assert_eq!(standing, Ok(vec![first.clone()]));
    let gone = released(&first, 9);
    for _ in 0..2 {
        let answer = d.holds.release(&gone, &hold_event(&gone)).await;
        assert_eq!(answer, Ok(true));
    }
    let again = d.holds.place(&first, &hold_event(&first)).await;
    assert_eq!(again, Ok(()), "it was placed once");
    assert_eq!(d.holds.standing(&tenant, &subject).await, Ok(vec![]));

    // The count of what stands must have been kept: one hold stops, none lets through.
    let request = taken_in(d, &tenant, 1, &subject).await;
    let mut begin = change(&request, Status::Planning);
    begin.unless_held.clone_from(&subject);
    let request = committed(d, &begin).await;
    placed(d, &tenant, 2, &subject[0]).await;
    let mut go_on = change(&request, Status::Checking);
    go_on.unless_held.clone_from(&subject);
    assert_eq!(d.requests.commit(&go_on).await, Err(Refused::Held));
}

/// The first release is the one.
pub async fn a_released_hold_is_not_released_by_another(d: &Deployment) {
    let tenant = tenant("hold-release");
    let subject = pseudonyms("hold-release", 1);
    let first = placed(d, &tenant, 1, &subject[0]).await;
    let gone = released(&first, 9);
    let answer = d.holds.release(&gone, &hold_event(&gone)).await;
    assert_eq!(answer, Ok(true));
    let later = released(&first, 10);
    let answer = d.holds.release(&later, &hold_event(&later)).await;
    assert_eq!(answer, Ok(false));
    let kept = d.holds.get(&tenant, &first.id).await;
    assert_eq!(kept, Ok(Some(gone)));

    let unknown = released(&hold(&tenant, 2, &subject[0]), 9);
    let answer = d.holds.release(&unknown, &hold_event(&unknown)).await;
    assert_eq!(answer.map_err(|fault| fault.class), Err(Class::Permanent));
    let mut same_id = first;
    same_id.reason.push('2');
    let mut event = hold_event(&same_id);
    event.who.push('2');
    let answer = d.holds.place(&same_id, &event).await;
    assert_eq!(answer.map_err(|fault| fault.class), Err(Class::Permanent));
}

/// Whichever of the two is written first, by callers that do not know of each other.
pub async fn what_came_too_late_survives_the_release(d: &Deployment) {
    let tenant = tenant("hold-late");
    let subject = pseudonyms("hold-late", 2);
    for (at, note_first) in [(0, true), (1, false)] {
        let first = placed(d, &tenant, at, &subject[at as usize]).await;
        let gone = released(&first, 9);
        let mut late = first.clone();
        late.too_late_for = vec![store("crm"), store("shop")];
        if note_first {
            assert_eq!(d.holds.note_too_late(&late).await, Ok(()));
        }
        let answer = d.holds.release(&gone, &hold_event(&gone)).await;
        assert_eq!(answer, Ok(true));
        if !note_first {
            assert_eq!(d.holds.note_too_late(&late).await, Ok(()));
        }
        let kept = d.holds.get(&tenant, &first.id).await;
        let expect = Hold { too_late_for: late.too_late_for, ..gone };
        assert_eq!(kept, Ok(Some(expect)), "{note_first}");
        assert_eq!(d.holds.standing(&tenant, &subject).await, Ok(vec![]));
    }
    let unknown = hold(&tenant, 7, &subject[0]);
    let answer = d.holds.note_too_late(&unknown).await;
    assert_eq!(answer.map_err(|fault| fault.class), Err(Class::Permanent));
}

/// Released ones too, each once, and of no other tenant.
pub async fn holds_are_listed_newest_first_page_by_page(d: &Deployment) {
    let (mine, other) = (tenant("hold-list"), tenant("hold-list-other"));
    let subject = pseudonyms("hold-list", 2);
    let mut expect = Vec::new();
    for second in 0..5_u32 {
        expect.insert(0, placed(d, &mine, second, &subject[second as usize % 2]).await);
        placed(d, &other, second, &subject[0]).await;
    }
    let gone = released(&expect[2], 9);
    let answer = d.holds.release(&gone, &hold_event(&gone)).await;
    assert_eq!(answer, Ok(true));
    expect[2] = gone;
    for limit in [1, 2, 5, 100] {
        let mut found = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let page = d.holds.list(&mine, cursor.as_deref(), limit).await;
            let (holds, next) = page.expect("a page");
            assert!(holds.len() <= limit);
            found.extend(holds);
            cursor = next;
            if cursor.is_none() || found.len() > 100 {
                break;
            }
            let forged = d.holds.list(&other, cursor.as_deref(), 100).await;
            let (forged, _) = forged.expect("a page");
            assert!(forged.iter().all(|hold| hold.tenant == other));
        }
        assert_eq!(found, expect, "{limit}");
    }
}

/// Nothing of the change is done.
pub async fn a_hold_stops_a_change_that_wants_none(d: &Deployment) {
    let (mine, other) = (tenant("held"), tenant("held-other"));
    let subject = pseudonyms("held", 3);
    placed(d, &other, 1, &subject[1]).await;
    let request = taken_in(d, &mine, 1, &subject).await;
    let mut begin = change(&request, Status::Planning);
    begin.unless_held.clone_from(&subject);
    begin.lock.clone_from(&subject);
    let hold = placed(d, &mine, 1, &subject[1]).await;
    assert_eq!(d.requests.commit(&begin).await, Err(Refused::Held));
    assert_eq!(stored(d, &request).await, request);
    let owner = d.requests.lock_owner(&mine, &subject[0]).await;
    assert_eq!(owner, Ok(None));
    let mut not_asking = begin.clone();
    not_asking.unless_held = vec![];
    let request = committed(d, &not_asking).await;
    let gone = released(&hold, 9);
    let answer = d.holds.release(&gone, &hold_event(&gone)).await;
    assert_eq!(answer, Ok(true));
    let mut go_on = change(&request, Status::Checking);
    go_on.unless_held.clone_from(&subject);
    committed(d, &go_on).await;
}

/// Of two on one identity each is enough.
pub async fn every_hold_counts(d: &Deployment) {
    let tenant = tenant("held-twice");
    let subject = pseudonyms("held-twice", 1);
    let request = taken_in(d, &tenant, 1, &subject).await;
    let mut begin = change(&request, Status::Planning);
    begin.unless_held.clone_from(&subject);
    let holds = [placed(d, &tenant, 1, &subject[0]).await, placed(d, &tenant, 2, &subject[0]).await];
    for hold in &holds {
        assert_eq!(d.requests.commit(&begin).await, Err(Refused::Held));
        let gone = released(hold, 9);
        let answer = d.holds.release(&gone, &hold_event(&gone)).await;
        assert_eq!(answer, Ok(true));
    }
    committed(d, &begin).await;
}

/// The hold is placed all the same, and whoever placed it finds what it came too late for.
pub async fn a_change_before_a_hold_is_not_undone_by_it(d: &Deployment) {
    let tenant = tenant("held-late");
    let subject = pseudonyms("held-late", 1);
    let request = taken_in(d, &tenant, 1, &subject).await;
    let mut begin = change(&request, Status::Planning);
    begin.unless_held.clone_from(&subject);
    begin.request.erasing_begun = true;
    let erasing = committed(d, &begin).await;
    placed(d, &tenant, 1, &subject[0]).await;
    assert_eq!(stored(d, &request).await, erasing);
    assert_eq!(d.requests.commit(&begin).await, Ok(()), "a lost answer");
}

/// Takes so many calls' time.
async fn dawdle(d: &Deployment, request: &Request, calls: u32) {
    for _ in 0..calls {
        stored(d, request).await;
    }
}

/// However they race: a change that wants no hold is either refused, or seen by whoever looks after
/// placing one.
pub async fn a_hold_and_a_change_never_pass_each_other(d: &Deployment) {
    let tenant = tenant("hold-race");
    for turn in 0..60_u32 {
        let subject = pseudonyms(&format!("hold-race-{turn}"), 1);
        let request = taken_in(d, &tenant, turn, &subject).await;
        let mut begin = change(&request, Status::Planning);
        begin.unless_held.clone_from(&subject);
        begin.request.erasing_begun = true;
        let beginning = async {
            dawdle(d, &request, turn / 2 % 5).await;
            loop {
                match d.requests.commit(&begin).await {
                    // The other transaction was at the guard just now.
                    Err(Refused::Conflict) => {}
                    answer => return answer,
                }
            }
        };
        let hold = hold(&tenant, turn, &subject[0]);
        let event = hold_event(&hold);
        let placing = async {
            dawdle(d, &request, turn / 10 % 3).await;
            assert_eq!(d.holds.place(&hold, &event).await, Ok(()));
            stored(d, &request).await.erasing_begun
        };
        let (erasing, seen) = if turn % 2 == 0 {
            futures::join!(beginning, placing)
        } else {
            let (seen, erasing) = futures::join!(placing, beginning);
            (erasing, seen)
        };
        match erasing {
            Ok(()) => assert!(seen, "turn {turn}: begun, and the hold did not see it"),
            Err(refused) => {
                assert_eq!(refused, Refused::Held, "turn {turn}");
                assert!(!seen, "turn {turn}: refused, and yet begun");
            }
        }
        let standing = d.holds.standing(&tenant, &subject).await;
        assert_eq!(standing, Ok(vec![hold]));
    }
}
