//! A request is made and nobody hears of it: the answer of the table is lost, and by the time that
//! it is asked again the world has moved on.

use std::collections::VecDeque;
use std::sync::Mutex;

use async_trait::async_trait;
use domain::access::Role;
use ports::{Class, Code, Fault, KeyScope, NewRequest, Refused, Requests};
use testkit::memory::{Differing, Differs};

use super::*;

/// What a call of `create` does.
enum Create {
    /// What it should, and its answer is lost.
    Lost,
    /// Nothing, because another call for the person comes first; and its answer is lost.
    Overtaken,
    /// Nothing: the request is there and is not as it was made.
    Conflict,
    /// What it should.
    Done,
}

/// A table whose `create` does these, one after another.
struct Unsure {
    world: World,
    turns: Mutex<VecDeque<Create>>,
}

#[async_trait]
impl Differs for Unsure {
    async fn create(&self, table: &dyn Requests, new: &NewRequest) -> Result<(), Refused> {
        let turn = self.turns.lock().expect("a lock").pop_front();
        let lost = Fault::new(Class::Transient, Code::ControlUnavailable, "create", "requests", "lost");
        match turn {
            Some(Create::Lost) => {
                table.create(new).await?;
                Err(lost.into())
            }
            Some(Create::Overtaken) => {
                let who = caller(Role::Backend);
                let rival = with_key(&who, "/v1/requests", "rival", &submission(PERSON));
                Box::pin(answer(&ports_of(&self.world), &rival)).await;
                Err(lost.into())
            }
            Some(Create::Conflict) => Err(Refused::Conflict),
            Some(Create::Done) | None => table.create(new).await,
        }
    }
}

/// Submits while `create` does these; the front and the answer.
async fn submitted(turns: impl IntoIterator<Item = Create>) -> (Front, Answer) {
    let mut front = front();
    let differs = Unsure { world: front.world.clone(), turns: Mutex::new(turns.into_iter().collect()) };
    front.ports.requests = Arc::new(Differing { table: front.world.requests(), differs });
    let who = caller(Role::Backend);
    let answer = front.post_with(&who, "/v1/requests", "k", &submission(PERSON)).await;
    (front, answer)
}

fn is_whole(front: &Front, id: &RequestId) {
    assert!(front.world.keys().contains(&KeyScope::Plan(tenant("demo"), id.clone())));
    assert!(front.world.staged().contains(&front.request(id).subject_object));
}

#[tokio::test]
async fn a_request_that_was_made_and_has_moved_on_is_still_ours() {
    let (front, answer) = submitted([Create::Lost, Create::Conflict]).await;
    assert_eq!(answer.status, 202);
    is_whole(&front, &id_of(&answer));
    assert!(front.world.destroyed_keys().is_empty());
}

#[tokio::test]
async fn papers_of_an_attempt_that_may_still_arrive_are_not_thrown_away() {
    let (front, answer) = submitted([Create::Overtaken, Create::Done]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    is_whole(&front, &id_of(&answer));
    assert!(front.world.destroyed_keys().is_empty());
    assert_eq!(front.world.staged().len(), 2, "one of them is nobody's, and is deleted by its age");
}

#[tokio::test]
async fn a_table_that_is_always_overtaken_says_so_and_leaves_nothing() {
    let (front, answer) = submitted((0..9).map(|_| Create::Conflict)).await;
    assert_eq!(answer.status, 503);
    assert!(answer.headers.contains(&("retry-after", "5".into())));
    assert!(front.world.staged().is_empty());
    assert_eq!(front.world.destroyed_keys().len(), 5);
}
