//! Committing changes.

use domain::{Operation, Status, TaskStatus};
use ports::{Class, Refused};

use super::Deployment;
use super::fixtures::{
    change, committed, fault, placed, pseudonyms, request, stored, taken_in, task, tenant,
};

/// The request, its event and its tasks, of which the later replaces the earlier.
pub async fn a_change_its_event_and_its_tasks_are_committed_together(d: &Deployment) {
    let tenant = tenant("commit");
    let first = taken_in(d, &tenant, 1, &pseudonyms("commit", 1)).await;
    let mut planning = change(&first, Status::Planning);
    planning.tasks =
        vec![task(Operation::Locate, "crm"), task(Operation::Locate, "shop"), task(Operation::Erase, "crm")];
    let second = committed(d, &planning).await;
    assert_eq!(stored(d, &first).await, second);
    let mut located = change(&second, Status::Planning);
    let mut done = task(Operation::Locate, "shop");
    done.status = TaskStatus::Done;
    done.tally.located = 7;
    located.tasks = vec![done.clone()];
    committed(d, &located).await;

    let mut tasks = d.requests.tasks(&tenant, &first.id).await.expect("tasks");
    tasks.sort_by_key(|task| (task.op, task.store.clone()));
    let expect = [planning.tasks[0].clone(), done, planning.tasks[2].clone()];
    assert_eq!(tasks, expect);
    let events = d.requests.events(&tenant, &first.id, 1, 10).await;
    assert_eq!(events, Ok(vec![planning.event, located.event]));
}

/// The fencing token: an execution that was superseded writes nothing.
pub async fn another_generation_is_stale_and_changes_nothing(d: &Deployment) {
    let tenant = tenant("stale");
    let subject = pseudonyms("stale", 1);
    let first = taken_in(d, &tenant, 1, &subject).await;
    let mut woken = change(&first, Status::Planning);
    woken.request.generation = first.generation.next();
    woken.event.generation = first.generation.next();
    let woken = committed(d, &woken).await;

    let mut stale = change(&woken, Status::Checking);
    stale.expected = first.generation;
    stale.request.generation = first.generation;
    stale.tasks = vec![task(Operation::Locate, "crm")];
    stale.lock.clone_from(&subject);
    assert_eq!(d.requests.commit(&stale).await, Err(Refused::Stale));
    assert_eq!(stored(d, &first).await, woken);
    assert_eq!(d.requests.tasks(&tenant, &first.id).await, Ok(vec![]));
    let events = d.requests.events(&tenant, &first.id, 2, 10).await;
    assert_eq!(events, Ok(vec![]));
    let owner = d.requests.lock_owner(&tenant, &subject[0]).await;
    assert_eq!(owner, Ok(None));
}

/// Of the same generation, but decided on what is no longer so.
pub async fn another_event_is_a_conflict_and_changes_nothing(d: &Deployment) {
    let tenant = tenant("conflict");
    let first = taken_in(d, &tenant, 1, &pseudonyms("conflict", 1)).await;
    let second = committed(d, &change(&first, Status::Planning)).await;
    let mut late = change(&first, Status::Cancelled);
    late.tasks = vec![task(Operation::Locate, "crm")];
    assert_eq!(d.requests.commit(&late).await, Err(Refused::Conflict));
    let mut early = change(&second, Status::Checking);
    early.request.events += 1;
    early.event.n += 1;
    assert_eq!(d.requests.commit(&early).await, Err(Refused::Conflict));
    assert_eq!(stored(d, &first).await, second);
    assert_eq!(d.requests.tasks(&tenant, &first.id).await, Ok(vec![]));
}

/// Else a superseded execution would go on as if it had been told to wait.
pub async fn being_stale_comes_before_every_other_refusal(d: &Deployment) {
    let tenant = tenant("stale-first");
    let subject = pseudonyms("stale-first", 3);
    let holder = taken_in(d, &tenant, 1, &subject[..1]).await;
    let mut lock = change(&holder, Status::Planning);
    lock.lock = subject[..1].to_vec();
    committed(d, &lock).await;
    placed(d, &tenant, 1, &subject[1]).await;

    let first = taken_in(d, &tenant, 2, &subject[2..]).await;
    let mut woken = change(&first, Status::Planning);
    woken.request.generation = first.generation.next();
    committed(d, &woken).await;
    let mut stale = change(&first, Status::Planning);
    stale.lock = subject[..1].to_vec();
    stale.unless_held = subject[1..2].to_vec();
    assert_eq!(d.requests.commit(&stale).await, Err(Refused::Stale));
}

/// Whoever reads again finds that there is none.
pub async fn a_request_that_is_not_there_is_a_conflict(d: &Deployment) {
    let tenant = tenant("commit-nothing");
    let nothing = request(&tenant, 1, &pseudonyms("commit-nothing", 1));
    let refused = d.requests.commit(&change(&nothing, Status::Planning)).await;
    assert_eq!(refused, Err(Refused::Conflict));
    assert_eq!(d.requests.load(&tenant, &nothing.id).await, Ok(None));
    let events = d.requests.events(&tenant, &nothing.id, 0, 10).await;
    assert_eq!(events, Ok(vec![]));
}

/// Whatever has happened since: it did go through, and must not look like another's.
pub async fn a_change_whose_answer_was_lost_is_fine_for_ever(d: &Deployment) {
    let tenant = tenant("lost-answer");
    let subject = pseudonyms("lost-answer", 2);
    let first = taken_in(d, &tenant, 1, &subject).await;
    let mut begin = change(&first, Status::Planning);
    begin.request.generation = first.generation.next();
    begin.lock.clone_from(&subject);
    begin.unless_held.clone_from(&subject);
    begin.tasks = vec![task(Operation::Locate, "crm")];
    let second = committed(d, &begin).await;
    assert_eq!(d.requests.commit(&begin).await, Ok(()));
    placed(d, &tenant, 1, &subject[0]).await;
    assert_eq!(d.requests.commit(&begin).await, Ok(()), "despite the hold");
    let third = committed(d, &change(&second, Status::Checking)).await;
    assert_eq!(d.requests.commit(&begin).await, Ok(()), "it has gone on");
    assert_eq!(stored(d, &first).await, third);
    let events = d.requests.events(&tenant, &first.id, 0, 10).await;
    assert_eq!(events.map(|events| events.len()), Ok(3));

    let mut similar = begin;
    similar.tasks = vec![];
    assert_eq!(d.requests.commit(&similar).await, Err(Refused::Stale));
}

/// The other learns it.
pub async fn of_two_at_once_one_commits(d: &Deployment) {
    let tenant = tenant("two-at-once");
    for turn in 0..20 {
        let subject = pseudonyms(&format!("two-at-once-{turn}"), 1);
        let first = taken_in(d, &tenant, turn, &subject).await;
        let one = change(&first, Status::Planning);
        let mut other = change(&first, Status::Cancelled);
        other.event.who.push('2');
        let (a, b) = futures::join!(d.requests.commit(&one), d.requests.commit(&other));
        let winner = match (a, b) {
            (Ok(()), Err(Refused::Conflict)) => Some(one),
            (Err(Refused::Conflict), Ok(())) => Some(other),
            _ => None,
        };
        let winner = winner.expect("one commit and one conflict");
        assert_eq!(stored(d, &first).await, winner.request);
        let events = d.requests.events(&tenant, &first.id, 1, 10).await;
        assert_eq!(events, Ok(vec![winner.event]));
    }
}

/// 100 actions are what one transaction may have, and no item may be in it twice.
pub async fn a_change_that_is_too_large_or_wrong_is_refused_whole(d: &Deployment) {
    let tenant = tenant("too-large");
    let subject = pseudonyms("too-large", 1);
    let first = taken_in(d, &tenant, 1, &subject).await;
    let mut full = change(&first, Status::Planning);
    full.lock = pseudonyms("too-large-lock", 40);
    full.unless_held.clone_from(&full.lock);
    full.tasks = (0..18).map(|n| task(Operation::Locate, &format!("store-{n}"))).collect();
    let mut too_large = full.clone();
    too_large.tasks.push(task(Operation::Erase, "store-0"));
    let refused = fault(d.requests.commit(&too_large).await);
    assert_eq!(refused.class, Class::Permanent, "{refused}");

    let mut twice = change(&first, Status::Planning);
    twice.tasks = vec![task(Operation::Erase, "crm"), task(Operation::Erase, "crm")];
    let mut to_and_fro = change(&first, Status::Planning);
    to_and_fro.lock.clone_from(&subject);
    to_and_fro.unlock.clone_from(&subject);
    let mut gap = change(&first, Status::Planning);
    gap.event.n += 1;
    let mut foreign = change(&first, Status::Planning);
    foreign.event.tenant = super::fixtures::tenant("too-large-other");
    for wrong in [twice, to_and_fro, gap, foreign] {
        let refused = fault(d.requests.commit(&wrong).await);
        assert_eq!(refused.class, Class::Permanent, "{refused}");
    }
    assert_eq!(stored(d, &first).await, first);
    committed(d, &full).await;
}
