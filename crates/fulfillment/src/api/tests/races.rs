//! Two calls at once: the second one arrives while the first has sealed the person's identities and
//! has not yet made its request.

use std::sync::Mutex;

use async_trait::async_trait;
use domain::access::Role;
use ports::{Fault, KeyScope, Staging};

use super::*;

/// A staging bucket that lets another call come in between, once, right after an object was put.
struct Interrupted {
    inner: Arc<dyn Staging>,
    rival: Mutex<Option<(World, Call)>>,
    answered: Mutex<Option<Answer>>,
}

#[async_trait]
impl Staging for Interrupted {
    async fn put(&self, key: &str, sealed: Vec<u8>) -> Result<(), Fault> {
        self.inner.put(key, sealed).await?;
        let rival = self.rival.lock().expect("a lock").take();
        if let Some((world, call)) = rival {
            let answer = Box::pin(answer(&ports_of(&world), &call)).await;
            *self.answered.lock().expect("a lock") = Some(answer);
        }
        Ok(())
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Fault> {
        self.inner.get(key).await
    }

    async fn delete_all(&self, prefix: &str) -> Result<(), Fault> {
        self.inner.delete_all(prefix).await
    }
}

/// Sends a call into which another one comes; both answers, that of the other first.
async fn race(front: &mut Front, call: Call, rival: Call) -> (Answer, Answer) {
    let staging = Arc::new(Interrupted {
        inner: front.world.staging(),
        rival: Mutex::new(Some((front.world.clone(), rival))),
        answered: Mutex::default(),
    });
    front.ports.staging = Arc::clone(&staging) as Arc<dyn Staging>;
    let second = front.send(&call).await;
    let first = staging.answered.lock().expect("a lock").take();
    (first.expect("the other call was made"), second)
}

fn submit(key: &str, body: &Value) -> Call {
    with_key(&caller(Role::Backend), "/v1/requests", key, body)
}

/// One request, with its key and its papers, and nothing of the call that lost.
fn only(front: &Front, id: &RequestId) {
    let requests = front.world.all_requests();
    assert_eq!(requests.iter().map(|r| &r.id).collect::<Vec<_>>(), [id]);
    assert_eq!(front.world.staged(), [requests[0].subject_object.clone()]);
    let keys = front.world.keys();
    let plans: Vec<_> = keys.iter().filter(|scope| matches!(scope, KeyScope::Plan(..))).collect();
    assert_eq!(plans, [&KeyScope::Plan(tenant("demo"), id.clone())]);
    assert_eq!(front.world.destroyed_keys().len(), 1);
}

#[tokio::test]
async fn two_calls_for_one_person_make_one_request() {
    let mut front = front();
    let (first, second) =
        race(&mut front, submit("k-1", &submission(PERSON)), submit("k-2", &submission(PERSON))).await;
    assert_eq!((first.status, second.status), (202, 200));
    assert_eq!(id_of(&first), id_of(&second));
    only(&front, &id_of(&first));
    let again = front.send(&submit("k-1", &submission(PERSON))).await;
    assert_eq!((again.status, again.body), (200, second.body), "the key remembers what it was told");
}

#[tokio::test]
async fn the_same_call_twice_at_once_is_one_answer() {
    let mut front = front();
    let (first, second) =
        race(&mut front, submit("k", &submission(PERSON)), submit("k", &submission(PERSON))).await;
    assert_eq!((first.status, &first.body), (second.status, &second.body));
    only(&front, &id_of(&first));
}

#[tokio::test]
async fn one_key_with_two_bodies_at_once_is_one_request_and_one_refusal() {
    let mut front = front();
    let (first, second) =
        race(&mut front, submit("k", &submission(PERSON)), submit("k", &submission("b@example.com"))).await;
    assert_eq!((first.status, second.status), (202, 409));
    only(&front, &id_of(&first));
}
