//! Keys, staging, executions and the queue.

use contract::step::{Run, Start};
use domain::Generation;
use domain::event::EnterAt;
use ports::{Code, KeyScope, Put};

use super::{CATALOG, new_request, subject, tenant};
use crate::inject::{Plan, Point, When};
use crate::memory::{ExecutionState, World};

fn start() -> Start {
    Start {
        run: Run {
            tenant: tenant(),
            request_id: new_request(1, vec![subject(1)]).request.id,
            generation: Generation::FIRST,
        },
        enter_at: EnterAt::Plan,
    }
}

#[tokio::test]
async fn a_destroyed_key_opens_nothing_again() {
    let world = World::default();
    let scope = KeyScope::Plan(tenant(), start().run.request_id);
    let context = vault::Context { tenant: "demo", purpose: "plan", object: "o" };
    let keyring = world.keyring();
    let key = keyring.obtain(&scope).await.expect("a key");
    let sealed = vault::seal(&key, &context, [1; 32], b"plan").expect("sealed");
    let same = keyring.obtain(&scope).await.expect("the same key");
    assert_eq!(vault::open(&same, &context, &sealed).as_deref(), Ok(&b"plan"[..]));
    for _ in 0..2 {
        keyring.destroy(&scope).await.expect("destroyed");
    }
    assert!(keyring.open(&scope).await.expect("answered").is_none());
    assert_eq!(world.destroyed_keys(), std::slice::from_ref(&scope));
    let other = keyring.obtain(&scope).await.expect("a new key");
    assert!(vault::open(&other, &context, &sealed).is_err());
}

#[tokio::test]
async fn staged_objects_go_by_prefix_even_if_it_takes_two_attempts() {
    let world = World::default();
    let staging = world.staging();
    for key in ["a/1", "a/2", "b/1"] {
        staging.put(key, vec![1]).await.expect("put");
    }
    world.injector().arm(Plan::nth(Point::StagingDeleteAll, 0).when(When::Midway));
    assert!(staging.delete_all("a/").await.is_err());
    assert_eq!(world.staged(), ["a/2", "b/1"]);
    staging.delete_all("a/").await.expect("deleted");
    assert_eq!(world.staged(), ["b/1"]);
    assert_eq!(staging.get("a/1").await, Ok(None));
}

/// Whoever asks again learns that there is one, and not whose it is.
#[tokio::test]
async fn a_proof_whose_answer_was_lost_is_there() {
    let world = World::default();
    let evidence = world.evidence();
    world.injector().arm(Plan::nth(Point::EvidencePutOnce, 0).when(When::After));
    assert!(evidence.put_once("a", vec![1]).await.is_err());
    assert_eq!(evidence.put_once("a", vec![1]).await, Ok(Put::There));
    assert_eq!(world.evidence_versions("a"), [Some(vec![1])]);
    assert_eq!(world.evidence_keys(), ["a"]);
    world.injector().arm(Plan::nth(Point::NotarySign, 0));
    let fault = world.notary().sign(b"text").await.expect_err("away");
    assert_eq!(fault.code, Code::KeyUnavailable);
    let other = World::new(2).notary().public_key().await;
    assert_ne!(world.notary().public_key().await, other, "each world has a key of its own");
}

#[tokio::test]
async fn a_name_is_started_once_and_stopped_if_it_was_there() {
    let world = World::default();
    let executions = world.executions();
    assert_eq!(executions.stop("r-1").await, Ok(false));
    for _ in 0..2 {
        executions.start("r-1", &start()).await.expect("started");
    }
    let started = world.take_started();
    assert_eq!((started.len(), world.take_started().len()), (1, 0));
    assert_eq!(executions.stop("r-1").await, Ok(true));
    world.end_execution("r-1");
    assert_eq!(world.execution_state("r-1"), Some(ExecutionState::Stopped));
}

#[tokio::test]
async fn what_is_sent_is_taken_once() {
    let world = World::default();
    world.intake().send(&start()).await.expect("sent");
    assert_eq!(world.drain_intake(), [start()]);
    assert!(world.drain_intake().is_empty());
    assert_eq!(world.sent_to_intake().len(), 1);
}

#[tokio::test]
async fn only_published_catalogs_are_read() {
    let world = World::default();
    let version = world.publish_yaml(CATALOG).expect("a good catalog");
    assert_eq!(world.catalogs().current(), version);
    assert!(world.catalogs().get(&tenant(), &version).await.is_ok());
    assert!(world.catalogs().get(&tenant(), "none").await.is_err());
    assert_eq!(world.tenants().settings(&tenant()).await, Ok(None));
}
