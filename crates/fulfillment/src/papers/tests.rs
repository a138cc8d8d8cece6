//! What a plan may be carried out for.

use domain::clock::Jurisdiction;
use domain::request::{Origin, RequestType};
use testkit::memory::World;

use super::*;

/// A replay erases in the restored store alone. A plan that says otherwise than its request is neither filed nor read.
#[tokio::test]
async fn a_plan_that_is_limited_otherwise_than_its_request_is_refused() {
    let world = World::new(1);
    let tenant: TenantId = "demo".parse().expect("a tenant");
    let id = RequestId::new(world.clock().now(), 1);
    let (keyring, staging, entropy) = (world.keyring(), world.staging(), world.entropy());
    let papers = Papers { keyring: &*keyring, staging: &*staging, entropy: &*entropy };
    papers.file_subject(&tenant, &id, &Vec::new(), None).await.expect("sealed");
    let run = Run { tenant: tenant.clone(), request_id: id.clone(), generation: Generation::FIRST };
    let desk = papers.open(&run).await.expect("open");
    let request = |only: Option<&str>, plan: Option<PlanRef>| Request {
        plan,
        origin: only.map(|store| Origin {
            request: RequestId::new(world.clock().now(), 2),
            replay: Some("rpl_01kjpwd6m0b9d5mpjtb9d5mpjt".parse().expect("a replay")),
            store: Some(store.parse().expect("a store")),
        }),
        ..Request::received(
            (tenant.clone(), id.clone()),
            RequestType::Erasure,
            Jurisdiction::Eu,
            None,
            world.clock().now(),
        )
    };
    let plan = |only: Option<&str>| {
        Plan::new("v1".to_owned(), Vec::new(), 7).only_in(only.map(|store| store.parse().expect("a store")))
    };
    let limits = [None, Some("crm"), Some("shop")];
    for (own, other) in limits.iter().flat_map(|own| limits.map(|other| (*own, other))) {
        let filed = desk.file_plan(&request(own, None), &plan(other)).await;
        assert_eq!(filed.is_ok(), own == other, "{own:?} {other:?}");
        let reference = desk.file_plan(&request(other, None), &plan(other)).await.expect("filed");
        let read = desk.plan(&request(own, Some(reference))).await;
        match (read, own == other) {
            (Ok(Some(read)), true) => assert_eq!(read, plan(own)),
            (Err(StepError::Fault(fault)), false) => {
                assert_eq!((fault.class, fault.code), (Class::Permanent, Code::PlanUnreadable));
            }
            (read, _) => panic!("{own:?} {other:?}: {read:?}"),
        }
    }
}
