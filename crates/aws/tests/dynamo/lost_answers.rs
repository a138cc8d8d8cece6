//! Writes that go through though their answers are lost: the client calls again by itself.

use std::sync::Arc;

use aws::dynamo::{HoldsTable, RequestsTable};
use domain::Status;
use ports::{Holds, Requests};
use testkit::contract_tests::fixtures::{
    change, hold, hold_event, new_request, pseudonyms, released, remembered, request, tenant,
};

use crate::canned::losing_answers;
use crate::engine::engine;

#[tokio::test]
#[ignore = "needs an engine at AWS_ENDPOINT_URL"]
async fn every_write_survives_the_loss_of_its_answer() {
    let engine = engine().await;
    let (client, calls) = losing_answers(&engine.endpoint).await;
    let names = &engine.names;
    let clock = Arc::clone(&engine.clock);
    let requests = RequestsTable::new(client.clone(), &names.requests, &names.holds, clock.clone());
    let holds = HoldsTable::new(client, &names.holds, &names.requests, clock);
    let tenant = tenant("lossy");
    let subject = pseudonyms("lossy", 2);

    let first = request(&tenant, 1, &subject);
    let mut new = new_request(&first);
    new.remember = Some(remembered("key", "body", 60));
    assert_eq!(requests.create(&new).await, Ok(()));
    let alone = remembered("another-key", "body", 60);
    assert_eq!(requests.remember(&tenant, &alone).await, Ok(()));
    let mut begin = change(&first, Status::Planning);
    begin.lock.clone_from(&subject);
    begin.unless_held.clone_from(&subject);
    assert_eq!(requests.commit(&begin).await, Ok(()));
    let held = hold(&tenant, 1, &subject[0]);
    assert_eq!(holds.place(&held, &hold_event(&held)).await, Ok(()));
    let gone = released(&held, 9);
    assert_eq!(holds.release(&gone, &hold_event(&gone)).await, Ok(true));
    let mut close = change(&begin.request, Status::NoMatch);
    close.unlock.clone_from(&subject);
    close.unless_held.clone_from(&subject);
    assert_eq!(requests.commit(&close).await, Ok(()));

    let writes = calls.operations();
    let writes = writes.iter().filter(|o| *o == "transactwriteitems").count();
    assert_eq!(writes, 12, "six writes, each of them twice");
    let stored = requests.load(&tenant, &first.id).await;
    assert_eq!(stored, Ok(Some(close.request)));
    let events = requests.events(&tenant, &first.id, 0, 10).await;
    assert_eq!(events, Ok(vec![new.event, begin.event, close.event]));
}
