//! Locks on a person's identities, and who waits for them.

use domain::{Pseudonym, Request, Status};
use ports::Refused;

use super::Deployment;
use super::fixtures::{change, committed, pseudonym, pseudonyms, stored, taken_in, tenant};

async fn locked(d: &Deployment, request: &Request, subjects: &[Pseudonym]) -> Request {
    let mut lock = change(request, Status::Planning);
    lock.lock = subjects.to_vec();
    lock.request.locks = subjects.to_vec();
    committed(d, &lock).await
}

/// To lock what one has locked already is fine.
pub async fn a_lock_has_one_owner(d: &Deployment) {
    let (mine, other) = (tenant("lock"), tenant("lock-other"));
    let subject = pseudonyms("lock", 2);
    let requests = &d.requests;
    assert_eq!(requests.lock_owner(&mine, &subject[0]).await, Ok(None));
    let first = taken_in(d, &mine, 1, &subject[..1]).await;
    let first = locked(d, &first, &subject[..1]).await;
    let owner = requests.lock_owner(&mine, &subject[0]).await;
    assert_eq!(owner, Ok(Some(first.id.clone())));
    let first = locked(d, &first, &subject).await;

    let second = taken_in(d, &mine, 2, &subject[1..]).await;
    let mut lock = change(&second, Status::Planning);
    lock.lock = subject[1..].to_vec();
    let refused = Err(Refused::Locked(subject[1].clone()));
    assert_eq!(requests.commit(&lock).await, refused);
    assert_eq!(stored(d, &second).await, second);

    let mut close = change(&first, Status::Cancelled);
    close.unlock.clone_from(&subject);
    committed(d, &close).await;
    committed(d, &lock).await;
    let owner = requests.lock_owner(&mine, &subject[1]).await;
    assert_eq!(owner, Ok(Some(second.id)));

    assert_eq!(requests.lock_owner(&other, &subject[1]).await, Ok(None));
    let third = taken_in(d, &other, 3, &subject).await;
    locked(d, &third, &subject).await;
}

/// Half of a person's locks would be a deadlock.
pub async fn all_locks_are_taken_or_none(d: &Deployment) {
    let tenant = tenant("lock-all");
    let subject = pseudonyms("lock-all", 5);
    let first = taken_in(d, &tenant, 1, &subject[..1]).await;
    locked(d, &first, &subject[3..4]).await;
    let second = taken_in(d, &tenant, 2, &subject[1..2]).await;
    let mut lock = change(&second, Status::Planning);
    lock.lock.clone_from(&subject);
    let refused = Err(Refused::Locked(subject[3].clone()));
    assert_eq!(d.requests.commit(&lock).await, refused);
    for free in [0, 1, 2, 4] {
        let owner = d.requests.lock_owner(&tenant, &subject[free]).await;
        assert_eq!(owner, Ok(None), "{free}");
    }
}

/// A list of locks may name some that were never got.
pub async fn only_own_locks_are_released(d: &Deployment) {
    let tenant = tenant("unlock");
    let subject = pseudonyms("unlock", 4);
    let first = taken_in(d, &tenant, 1, &subject[..1]).await;
    locked(d, &first, &subject[..2]).await;
    let second = taken_in(d, &tenant, 2, &subject[2..3]).await;
    let second = locked(d, &second, &subject[2..3]).await;
    let mut close = change(&second, Status::NoMatch);
    close.unlock.clone_from(&subject);
    committed(d, &close).await;
    for (at, expect) in [Some(&first.id), Some(&first.id), None, None].into_iter().enumerate() {
        let owner = d.requests.lock_owner(&tenant, &subject[at]).await;
        assert_eq!(owner, Ok(expect.cloned()), "{at}");
    }
}

/// Though the next one has it by then.
pub async fn a_close_whose_answer_was_lost_takes_no_lock_away(d: &Deployment) {
    let tenant = tenant("unlock-again");
    let subject = pseudonyms("unlock-again", 2);
    let first = taken_in(d, &tenant, 1, &subject).await;
    let first = locked(d, &first, &subject).await;
    let mut close = change(&first, Status::NoMatch);
    close.unlock.clone_from(&subject);
    let closed = committed(d, &close).await;
    let second = taken_in(d, &tenant, 2, &subject).await;
    locked(d, &second, &subject).await;
    assert_eq!(d.requests.commit(&close).await, Ok(()));
    let mut again = change(&closed, Status::NoMatch);
    again.unlock.clone_from(&subject);
    committed(d, &again).await;
    let owner = d.requests.lock_owner(&tenant, &subject[0]).await;
    assert_eq!(owner, Ok(Some(second.id.clone())));
    let open = d.requests.open_requests(&tenant, second.kind, &subject);
    assert_eq!(open.await, Ok(vec![second.id]));
}

/// Nobody waits for what is free, or for itself.
pub async fn waiters_queue_behind_a_holder_only(d: &Deployment) {
    let tenant = tenant("wait");
    let subject = pseudonym("wait");
    let holder = taken_in(d, &tenant, 1, &pseudonyms("wait-holder", 1)).await;
    let mut waiting = Vec::new();
    for second in 2..5 {
        let own = pseudonyms(&format!("wait-{second}"), 1);
        let request = taken_in(d, &tenant, second, &own).await;
        waiting.push(committed(d, &change(&request, Status::Planning)).await);
    }
    let wait = |request: &Request| {
        let mut wait = change(request, Status::Waiting);
        wait.wait_for = Some(subject.clone());
        wait
    };
    let refused = d.requests.commit(&wait(&waiting[0])).await;
    assert_eq!(refused, Err(Refused::Conflict), "nobody holds it");
    let holder = locked(d, &holder, std::slice::from_ref(&subject)).await;
    let mut behind_itself = change(&holder, Status::Waiting);
    behind_itself.wait_for = Some(subject.clone());
    let refused = d.requests.commit(&behind_itself).await;
    assert_eq!(refused, Err(Refused::Conflict), "it is its own");
    assert_eq!(stored(d, &holder).await, holder);

    for request in &mut waiting {
        *request = committed(d, &wait(request)).await;
    }
    let mut once_more = change(&waiting[1], Status::Waiting);
    once_more.wait_for = Some(subject.clone());
    committed(d, &once_more).await;
    let queue = |expect: &[usize]| {
        let ids: Vec<_> = expect.iter().map(|at| waiting[*at].id.clone()).collect();
        Ok(ids)
    };
    let found = d.requests.waiters(&tenant, &subject).await;
    assert_eq!(found, queue(&[0, 1, 2]));

    let subjects = [pseudonym("wait-nobody"), subject.clone()];
    for _ in 0..2 {
        let stopped = d.requests.stop_waiting(&tenant, &subjects, &waiting[1].id);
        assert_eq!(stopped.await, Ok(()));
        let found = d.requests.waiters(&tenant, &subject).await;
        assert_eq!(found, queue(&[0, 2]));
    }
    let owner = d.requests.lock_owner(&tenant, &subject).await;
    assert_eq!(owner, Ok(Some(holder.id)));
}

/// Either it could not queue, or a holder that looks after letting go sees it.
pub async fn no_waiter_is_missed(d: &Deployment) {
    let tenant = tenant("wait-race");
    for turn in 0..20_u32 {
        let subject = pseudonyms(&format!("wait-race-{turn}"), 1);
        let own = pseudonyms(&format!("wait-race-own-{turn}"), 1);
        let holder = taken_in(d, &tenant, 2 * turn, &subject).await;
        let holder = locked(d, &holder, &subject).await;
        let waiter = taken_in(d, &tenant, 2 * turn + 1, &own).await;
        let waiter = committed(d, &change(&waiter, Status::Planning)).await;
        let mut wait = change(&waiter, Status::Waiting);
        wait.wait_for = Some(subject[0].clone());
        let mut close = change(&holder, Status::NoMatch);
        close.unlock.clone_from(&subject);
        let closing = async {
            // Another transaction at the same lock may stand in the way for a moment.
            while d.requests.commit(&close).await == Err(Refused::Conflict) {}
            d.requests.waiters(&tenant, &subject[0]).await
        };
        let (waits, seen) = if turn % 2 == 0 {
            futures::join!(d.requests.commit(&wait), closing)
        } else {
            let (seen, waits) = futures::join!(closing, d.requests.commit(&wait));
            (waits, seen)
        };
        let expect = match waits {
            Ok(()) => vec![waiter.id],
            Err(refused) => {
                assert_eq!(refused, Refused::Conflict);
                vec![]
            }
        };
        assert_eq!(seen, Ok(expect), "turn {turn}");
    }
}
