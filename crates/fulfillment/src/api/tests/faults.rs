//! Every port may fail at every call, before or after it did its work: the answer says so, nothing
//! is half made, and the same call again comes to the same end.

use domain::Status;
use domain::access::Role;
use domain::event::EnterAt;
use ports::{Class, KeyScope};
use testkit::inject::{Plan, Point, When};

use super::*;

const WHENS: [When; 3] = [When::Before, When::Midway, When::After];

/// The calls that an undisturbed run makes.
async fn trace(scene: impl AsyncFn(&Front)) -> usize {
    let front = front();
    front.world.injector().reset();
    scene(&front).await;
    front.world.injector().trace().len()
}

fn submit() -> Call {
    with_key(&caller(Role::Backend), "/v1/requests", "k", &submission(PERSON))
}

/// One that has a paper more: for whom it is encrypted.
fn submit_sealed() -> Call {
    let mut body = submission(PERSON);
    body["type"] = serde_json::json!("access");
    body["recipient"] = serde_json::json!({"passphrase": "correct horse battery"});
    with_key(&caller(Role::Backend), "/v1/requests", "k", &body)
}

/// The request has its key and its papers: it can be worked on.
fn whole(front: &Front, id: &RequestId) {
    let request = front.request(id);
    assert!(front.world.staged().contains(&request.subject_object));
    let sealed = request.export.is_some_and(|export| export.sealed_for != domain::export::SealedFor::Nobody);
    let recipient = format!("{}.recipient", request.subject_object);
    assert_eq!(front.world.staged().contains(&recipient), sealed);
    assert!(front.world.keys().contains(&KeyScope::Plan(tenant("demo"), id.clone())));
}

#[tokio::test]
async fn a_submission_that_failed_anywhere_is_made_once_by_sending_it_again() {
    made_once(submit).await;
    made_once(submit_sealed).await;
}

async fn made_once(submit: fn() -> Call) {
    let calls = trace(async |front| drop(front.send(&submit()).await)).await;
    assert!(calls > 5, "{calls}");
    for n in 0..calls {
        for when in WHENS {
            let front = front();
            front.world.injector().arm(Plan::call(n as u64).when(when));
            let first = front.send(&submit()).await;
            assert_eq!(front.world.injector().struck(), 1);
            for request in front.world.all_requests() {
                whole(&front, &request.id);
            }
            if first.status == 503 {
                assert!(first.headers.contains(&("retry-after", "1".into())));
                assert!(first.fault.is_some());
            }
            let second = front.send(&submit()).await;
            assert_eq!(second.status, 202, "call {n} {when:?}: {}", second.body);
            if first.status == 202 {
                assert_eq!(first.body, second.body);
            }
            assert_eq!(front.world.all_requests().len(), 1, "call {n} {when:?}");
            whole(&front, &id_of(&second));
        }
    }
}

#[tokio::test]
async fn while_nobody_knows_whether_it_was_made_its_papers_stay() {
    let front = front();
    front.world.injector().arm(Plan::outage("requests.create").when(When::After));
    let first = front.send(&submit()).await;
    assert_eq!(first.status, 503);
    assert!(front.world.destroyed_keys().is_empty());
    front.world.injector().disarm();
    let second = front.send(&submit()).await;
    assert_eq!(second.status, 202);
    whole(&front, &id_of(&second));
    assert_eq!(front.world.all_requests().len(), 1);
}

#[tokio::test]
async fn papers_that_could_not_be_filed_are_thrown_away() {
    for nth in [0, 1] {
        let front = front();
        front.world.injector().arm(Plan::nth(Point::StagingPut, nth).when(When::After));
        assert_eq!(front.send(&submit_sealed()).await.status, 503);
        assert!(front.world.staged().is_empty(), "{nth}");
        assert_eq!(front.world.destroyed_keys().len(), 1);
    }
}

#[tokio::test]
async fn a_fault_that_does_not_mend_itself_is_not_worth_another_try() {
    let front = front();
    front.world.injector().arm(Plan::outage("requests.create").class(Class::Permanent));
    let answer = front.send(&submit()).await;
    assert_eq!(answer.status, 503);
    assert!(answer.headers.iter().all(|(name, _)| *name != "retry-after"));
    assert!(answer.body.contains("control-unavailable"), "{}", answer.body);
}

#[tokio::test]
async fn a_hold_that_failed_anywhere_stands_once_and_wakes_by_sending_it_again() {
    async fn prepared(front: &Front) -> RequestId {
        let id = front.submit(PERSON).await;
        front.pin(&id).await;
        front.change(&id, |draft| draft.tasks.push(task(Operation::Erase, "shop", Tally::default()))).await;
        front.world.injector().reset();
        front.world.stream().drain();
        id
    }
    let place = || with_key(&caller(Role::Officer), "/v1/holds", "h", &hold(PERSON));
    let reference = front();
    prepared(&reference).await;
    reference.send(&place()).await;
    let calls = reference.world.injector().total();
    assert!(calls > 5, "{calls}");
    for n in 0..calls {
        for when in WHENS {
            let front = front();
            let id = prepared(&front).await;
            front.world.injector().arm(Plan::call(n).when(when));
            front.send(&place()).await;
            assert_eq!(front.world.injector().struck(), 1);
            let answer = front.send(&place()).await;
            assert_eq!(answer.status, 201, "call {n} {when:?}: {}", answer.body);
            assert_eq!(json_of(&answer)["too_late_for"], serde_json::json!(["shop"]));
            let holds = json_of(&front.ask(&caller(Role::Officer), "GET", "/v1/holds").await);
            assert_eq!(holds["items"].as_array().map(Vec::len), Some(1), "call {n} {when:?}");
            assert_eq!(holds["items"][0], json_of(&answer));
            let events = front.world.events_of(&tenant("demo"), &id);
            assert_eq!(events.last().and_then(|e| e.wake), Some(EnterAt::Plan), "call {n} {when:?}");
        }
    }
}

#[tokio::test]
async fn a_release_that_failed_anywhere_wakes_by_sending_it_again() {
    async fn prepared(front: &Front) -> (RequestId, Call) {
        let id = front.submit(PERSON).await;
        front.pin(&id).await;
        let placed = front.post(&caller(Role::Officer), "/v1/holds", &hold(PERSON)).await;
        for status in [Status::Checking, Status::Held] {
            front.change(&id, |draft| draft.request.status = status).await;
        }
        front.world.injector().reset();
        let hold = json_of(&placed)["hold_id"].as_str().expect("an id").to_owned();
        (id, call(&caller(Role::Officer), "DELETE", &format!("/v1/holds/{hold}")))
    }
    let reference = front();
    let (_, release) = prepared(&reference).await;
    reference.send(&release).await;
    for n in 0..reference.world.injector().total() {
        for when in WHENS {
            let front = front();
            let (id, release) = prepared(&front).await;
            front.world.injector().arm(Plan::call(n).when(when));
            front.send(&release).await;
            assert_eq!(front.send(&release).await.status, 204, "call {n} {when:?}");
            let events = front.world.events_of(&tenant("demo"), &id);
            assert_eq!(events.last().and_then(|e| e.wake), Some(EnterAt::Plan), "call {n} {when:?}");
        }
    }
}
