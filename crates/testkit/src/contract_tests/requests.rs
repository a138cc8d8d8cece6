//! Taking requests in, and what idempotency keys answer.

use domain::event::EventKind;
use domain::request::RequestType;
use domain::{Request, Status, TenantId};
use ports::control::NewRequest;
use ports::{Refused, Requests};

use super::Deployment;
use super::fixtures::{
    after, change, committed, event, new_request, now, pseudonym, pseudonyms, remembered, request, taken_in,
    tenant,
};

/// It can be read back, by its own tenant only.
pub async fn a_request_is_taken_in_with_its_first_event(d: &Deployment) {
    let (mine, other) = (tenant("take-in"), tenant("take-in-other"));
    let subject = pseudonyms("take-in", 2);
    let request = taken_in(d, &mine, 1, &subject).await;
    let requests = &d.requests;
    assert_eq!(requests.load(&mine, &request.id).await, Ok(Some(request.clone())));
    assert_eq!(requests.load(&other, &request.id).await, Ok(None));
    let events = requests.events(&mine, &request.id, 0, 10).await;
    assert_eq!(events, Ok(vec![event(&request, EventKind::Accepted)]));
    assert_eq!(requests.events(&other, &request.id, 0, 10).await, Ok(vec![]));
    assert_eq!(requests.tasks(&mine, &request.id).await, Ok(vec![]));
}

/// A call whose answer was lost is made again, perhaps after the request has gone on.
pub async fn taking_in_twice_is_fine_and_another_of_the_same_id_is_a_conflict(d: &Deployment) {
    let tenant = tenant("take-in-twice");
    let request = request(&tenant, 1, &pseudonyms("take-in-twice", 1));
    let mut new = new_request(&request);
    new.remember = Some(remembered("take-in-twice", "body", 60));
    assert_eq!(d.requests.create(&new).await, Ok(()));
    assert_eq!(d.requests.create(&new).await, Ok(()));
    committed(d, &change(&request, Status::Planning)).await;
    assert_eq!(d.requests.create(&new).await, Ok(()));
    let mut other = new;
    other.event.who.push('2');
    other.remember = None;
    assert_eq!(d.requests.create(&other).await, Err(Refused::Conflict));
    let events = d.requests.events(&tenant, &request.id, 0, 10).await;
    assert_eq!(events.map(|events| events.len()), Ok(2));
}

/// One identity in common is enough, and only in the same tenant.
pub async fn an_open_request_for_the_same_person_is_named(d: &Deployment) {
    let (mine, other) = (tenant("open"), tenant("open-other"));
    let subject = pseudonyms("open", 3);
    let kind = RequestType::Erasure;
    let requests = &d.requests;
    assert_eq!(requests.open_requests(&mine, kind, &subject).await, Ok(vec![]));
    let first = taken_in(d, &mine, 1, &subject[..2]).await;
    let second = request(&mine, 2, &subject[1..]);
    let refused = Err(Refused::Open(first.id.clone()));
    assert_eq!(requests.create(&new_request(&second)).await, refused);
    assert_eq!(requests.load(&mine, &second.id).await, Ok(None));
    let open = requests.open_requests(&mine, kind, &subject).await;
    assert_eq!(open, Ok(vec![first.id.clone()]));
    let not_open = requests.open_requests(&mine, kind, &subject[2..]).await;
    assert_eq!(not_open, Ok(vec![]), "the refused one left nothing behind");
    taken_in(d, &other, 3, &subject).await;

    let mut close = change(&first, Status::Cancelled);
    close.unlock = subject[..1].to_vec();
    committed(d, &close).await;
    assert_eq!(requests.open_requests(&mine, kind, &subject).await, Ok(vec![]));
    assert_eq!(requests.create(&new_request(&second)).await, Ok(()));
}

/// One that names more than an open one takes the marker over; the open one stays as it is.
pub async fn a_request_may_go_beyond_the_open_ones_it_names(d: &Deployment) {
    let tenant = tenant("beyond");
    let subject = pseudonyms("beyond", 4);
    let kind = RequestType::Erasure;
    let first = taken_in(d, &tenant, 1, &subject[..1]).await;
    let second = taken_in(d, &tenant, 2, &subject[1..2]).await;
    let open = d.requests.open_requests(&tenant, kind, &subject).await;
    assert_eq!(open, Ok(vec![first.id.clone(), second.id.clone()]));
    let wider = request(&tenant, 3, &subject[..3]);
    let mut new = new_request(&wider);
    new.beyond = vec![first.id.clone()];
    assert_eq!(d.requests.create(&new).await, Err(Refused::Open(second.id.clone())), "it was not named");
    new.beyond.push(second.id.clone());
    assert_eq!(d.requests.create(&new).await, Ok(()));
    let open = d.requests.open_requests(&tenant, kind, &subject).await;
    assert_eq!(open, Ok(vec![wider.id.clone()]));
    // The end of the first takes nothing from the one that went beyond it.
    committed(d, &change(&first, Status::Cancelled)).await;
    let open = d.requests.open_requests(&tenant, kind, &subject).await;
    assert_eq!(open, Ok(vec![wider.id]));
}

/// A request that ends before it ever took a lock.
pub async fn an_end_frees_the_person_even_without_locks(d: &Deployment) {
    let tenant = tenant("end-without-locks");
    let subject = pseudonyms("end-without-locks", 2);
    let first = taken_in(d, &tenant, 1, &subject).await;
    let second = request(&tenant, 2, &subject);
    let going_on = committed(d, &change(&first, Status::Planning)).await;
    let refused = Err(Refused::Open(first.id.clone()));
    assert_eq!(d.requests.create(&new_request(&second)).await, refused);
    let ended = committed(d, &change(&going_on, Status::NoMatch)).await;
    assert_eq!(d.requests.create(&new_request(&second)).await, Ok(()));

    // What the first still has to say at its end does not disturb the second.
    let mut announced = change(&ended, Status::NoMatch);
    announced.request.announced = true;
    committed(d, &announced).await;
    let open = d.requests.open_requests(&tenant, second.kind, &subject).await;
    assert_eq!(open, Ok(vec![second.id]));
}

fn remembering(tenant: &TenantId, second: u32, key: &str, seconds: i64) -> (Request, NewRequest) {
    let name = format!("{tenant}-{second}");
    let request = request(tenant, second, &pseudonyms(&name, 1));
    let mut new = new_request(&request);
    new.remember = Some(remembered(key, &name, seconds));
    (request, new)
}

/// The first answer, to the tenant that got it.
pub async fn an_idempotency_key_answers_again(d: &Deployment) {
    let (mine, other) = (tenant("idempotent"), tenant("idempotent-other"));
    let key = pseudonym("key");
    assert_eq!(d.requests.remembered(&mine, &key, now()).await, Ok(None));
    let (_, first) = remembering(&mine, 1, "key", 60);
    assert_eq!(d.requests.create(&first).await, Ok(()));
    let answer = d.requests.remembered(&mine, &key, now()).await;
    assert_eq!(answer, Ok(first.remember));
    assert_eq!(d.requests.remembered(&other, &key, now()).await, Ok(None));
    let (second, new) = remembering(&mine, 2, "key", 60);
    assert_eq!(d.requests.create(&new).await, Err(Refused::Remembered));
    assert_eq!(d.requests.load(&mine, &second.id).await, Ok(None));
}

/// Who repeats a call is owed the answer of the first.
pub async fn an_idempotency_key_comes_before_an_open_request(d: &Deployment) {
    let tenant = tenant("idempotent-and-open");
    let (first, new) = remembering(&tenant, 1, "key", 60);
    assert_eq!(d.requests.create(&new).await, Ok(()));
    let mut again = new_request(&request(&tenant, 2, &first.subject));
    again.remember = Some(remembered("key", "again", 60));
    assert_eq!(d.requests.create(&again).await, Err(Refused::Remembered));
    again.remember = Some(remembered("another-key", "again", 60));
    let refused = Err(Refused::Open(first.id));
    assert_eq!(d.requests.create(&again).await, refused);
    let unused = pseudonym("another-key");
    let answer = d.requests.remembered(&tenant, &unused, now()).await;
    assert_eq!(answer, Ok(None), "what is refused is not remembered");
}

/// The instant it expires it is forgotten, whether or not the item is still there.
pub async fn an_expired_key_may_be_used_anew(d: &Deployment) {
    let tenant = tenant("idempotent-expiry");
    let key = pseudonym("key");
    let (_, first) = remembering(&tenant, 1, "key", 0);
    assert_eq!(d.requests.create(&first).await, Ok(()));
    let before = d.requests.remembered(&tenant, &key, after(-1)).await;
    assert_eq!(before, Ok(first.remember));
    assert_eq!(d.requests.remembered(&tenant, &key, now()).await, Ok(None));
    let (_, second) = remembering(&tenant, 2, "key", 60);
    assert_eq!(d.requests.create(&second).await, Ok(()));
    let answer = d.requests.remembered(&tenant, &key, now()).await;
    assert_eq!(answer, Ok(second.remember));
}

/// As the answer to a duplicate is.
pub async fn what_is_remembered_without_a_request_stays(d: &Deployment) {
    let tenant = tenant("remember");
    let requests: &dyn Requests = &*d.requests;
    let first = remembered("key", "first", 60);
    assert_eq!(requests.remember(&tenant, &first).await, Ok(()));
    assert_eq!(requests.remember(&tenant, &first).await, Ok(()));
    let second = remembered("key", "second", 60);
    let refused = Err(Refused::Remembered);
    assert_eq!(requests.remember(&tenant, &second).await, refused);
    let answer = requests.remembered(&tenant, &first.key, now()).await;
    assert_eq!(answer, Ok(Some(first)));

    let expired = remembered("old-key", "first", 0);
    assert_eq!(requests.remember(&tenant, &expired).await, Ok(()));
    let anew = remembered("old-key", "second", 60);
    assert_eq!(requests.remember(&tenant, &anew).await, Ok(()));
    let answer = requests.remembered(&tenant, &anew.key, now()).await;
    assert_eq!(answer, Ok(Some(anew)));
}
