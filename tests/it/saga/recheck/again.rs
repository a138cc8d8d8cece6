//! Who is erased again is erased by the catalog that is in force now, where an officer saw them, and as if for the first
//! time.

use domain::hold::Verdict;
use serde_json::json;
use testkit::walker::Next;

use super::judging::found_again;
use super::*;

/// A store that the company has since then.
const LOYALTY: &str = "
  - id: loyalty
    kind: dynamodb
    owner: { team: loyalty, page: loyalty-oncall }
    control:
      records:
        members: { member_id: M990001, email: control@lacuna.invalid }
    collections:
      - name: members
        purpose: To give you points.
        resource: loyalty-members
        key: [member_id]
        erasure: { method: delete }
        fields:
          member_id: { category: user.unique_id, class: internal }
          email: { category: user.contact.email, class: confidential, identity: email, index: by-email }
";

/// The catalog of the shop with something written in another way.
pub fn changed(changes: &[(&str, &str)], more: &str) -> String {
    let mut catalog = shop::CATALOG.to_owned();
    for (from, to) in changes {
        assert!(catalog.contains(from), "{from}");
        catalog = catalog.replace(from, to);
    }
    catalog + more
}

pub async fn publish(stage: &Stage, catalog: &str) -> String {
    let version = stage.world.publish_yaml(catalog).expect("the catalog is whole");
    stage.world.provision(&stage.tenant, &stage.world.current_catalog().expect("published"));
    stage.plant().await;
    version
}

/// Weeks later some records are kept by law, a collection in which nothing was found has another name, and there is
/// another store.
#[tokio::test]
async fn who_is_erased_again_is_erased_by_the_catalog_that_is_in_force_now() {
    let stage = company();
    let id = found_again(&stage).await;
    let planned = stage.request(&id).catalog_version;
    let kept = "resource: interactions
        key: [interaction_id]
        erasure: { method: retain, reason: Calls are kept., law: a law of this year, keep_for: P1Y }";
    let catalog = changed(
        &[
            (
                "resource: interactions\n        key: [interaction_id]\n        erasure: { method: delete }",
                kept,
            ),
            (
                "note: { category: user.content, class: confidential }",
                "note: { category: user.content, class: internal }",
            ),
            ("      - name: tickets\n", "      - name: letters\n"),
            ("        tickets: { CustomerId:", "        letters: { CustomerId:"),
        ],
        LOYALTY,
    );
    let version = publish(&stage, &catalog).await;
    shop::interaction(&stage.world, &stage.tenant, 4_711, "C0077", "Back Again");
    let member = [("member_id", shop::text("M1")), ("email", shop::text(PERSON))];
    shop::putter(&stage.world, &stage.tenant)("loyalty", "members", shop::row(&member));

    assert_eq!(ask(&stage, &id, Role::Officer, "erase").await, 202);
    let request = stage.play_to_the_end(&id).await;
    assert_eq!((request.status, &request.catalog_version), (Status::Fulfilled, &version));
    assert_ne!(version, planned);
    let crm = stage.world.database(&stage.tenant, &store("crm"));
    assert!(crm.rows("contacts").iter().all(|row| row["email"].expose() != PERSON));
    assert!(crm.rows("interactions").iter().any(|row| row["interaction_id"].expose() == "4711"), "the law");
    let loyalty = stage.world.database(&stage.tenant, &store("loyalty"));
    assert!(!loyalty.mentions(PERSON), "it was looked in");
    let events = stage.world.events_of(&stage.tenant, &id);
    let again = events.iter().find(|event| event.kind == EventKind::ErasedAgain).expect("an event");
    assert_eq!(again.detail["catalog_version"], version);
    assert_eq!(again.detail["keys"], "1", "what refers to their contact is looked for by it");
    // What was looked for by the first catalog alone is not looked for any more.
    let request = when_due(&stage, &id).await;
    assert_eq!((request.status, reached(&request)), (Status::Fulfilled, Some(Reached::Clear)));
    assert!(!is_left(&stage, &id));
}

/// Somebody said yes to one record; by now the person has bought something.
#[tokio::test]
async fn what_is_more_than_an_officer_was_shown_is_shown_to_them_first() {
    let stage = company();
    let id = found_again(&stage).await;
    shop::invoice(&stage.world, &stage.tenant, 1, 4_242, "Back Again");
    let before = shop::everything(&stage.world, &stage.tenant);
    assert_eq!(ask(&stage, &id, Role::Officer, "erase").await, 202);
    stage.play().await;
    let request = stage.request(&id);
    assert_eq!((request.status, reached(&request)), (Status::Parked, Some(Reached::Found)));
    let parked = request.parked.expect("why");
    assert_eq!(parked.code, "person-found-again");
    assert!(parked.detail.ends_with("1 in crm, 1 in shop"), "{}", parked.detail);
    assert!(shop::everything(&stage.world, &stage.tenant) == before, "nothing was touched");
    let paged: Vec<(String, String)> =
        stage.world.paged().into_iter().map(|page| (page.store.to_string(), page.id)).collect();
    assert_eq!(paged.iter().map(|(store, _)| store.as_str()).collect::<Vec<_>>(), ["crm", "crm", "shop"]);
    assert_ne!(paged[0].1, paged[1].1, "it is another page");
    assert_eq!(count(&stage, &id, EventKind::Reopened), 1, "it was open");

    // One more in the same store is more as well.
    shop::contact_of(&stage.world, &stage.tenant, "C0078", 78, PERSON, "Back Again");
    assert_eq!(ask(&stage, &id, Role::Officer, "erase").await, 202);
    stage.play().await;
    assert_eq!(reached(&stage.request(&id)), Some(Reached::Found));
    // And less is not.
    let crm = stage.world.database(&stage.tenant, &store("crm"));
    crm.remove("contacts", |row| row["contact_id"].expose() == "C0078");
    assert_eq!(ask(&stage, &id, Role::Officer, "erase").await, 202);
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::Fulfilled);
    assert!(!shop::mentions(&stage.world, &stage.tenant, "Back Again"));
}

/// A yes that could not be carried out for days is compared with what is there when it is.
#[tokio::test]
async fn what_was_read_yesterday_says_nothing_of_today() {
    let stage = company();
    let id = found_again(&stage).await;
    stage.world.injector().arm(Plan::outage("connector.").on("support"));
    assert_eq!(ask(&stage, &id, Role::Officer, "erase").await, 202);
    stage.play().await;
    assert_eq!(reached(&stage.request(&id)), Some(Reached::Again), "the others were read, and it waits");
    shop::invoice(&stage.world, &stage.tenant, 1, 4_242, "Back Again");
    let by = stage.world.clock().now().checked_add(SignedDuration::from_hours(25)).expect("in time");
    while stage.world.clock().now() < by {
        when_due(&stage, &id).await;
    }
    stage.world.injector().disarm();
    when_due(&stage, &id).await;
    assert_eq!(reached(&stage.request(&id)), Some(Reached::Found), "one in the shop more than was shown");
}

/// G1: what the first time erased is no reason to say that a hold comes too late for the second.
#[tokio::test]
async fn a_hold_stops_all_of_a_second_erasure_and_is_not_told_that_it_is_too_late() {
    let stage = company();
    let id = found_again(&stage).await;
    let before = shop::everything(&stage.world, &stage.tenant);
    assert_eq!(ask(&stage, &id, Role::Officer, "erase").await, 202);
    let told = std::sync::Arc::new(std::sync::Mutex::new(None));
    let answer = told.clone();
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        let mut answer = answer.lock().expect("not poisoned");
        if function == "EraseStoreFunctionArn" && answer.is_none() {
            let review_at = stage.world.clock().now() + SignedDuration::from_hours(90 * 24);
            let identity = json!({"type": "email", "value": PERSON});
            let hold = json!({"identity": identity, "reason": "litigation", "review_at": review_at});
            let call = calling::call(stage, (Role::Officer, "somebody"), ("POST", "/v1/holds"), None, &hold);
            *answer = Some(at_once(call));
        }
    }));
    *stage.happening.lock().expect("not poisoned") = Some(Box::new(|_, _| Next::Stop));
    stage.play().await;
    let (status, hold) = told.lock().expect("not poisoned").take().expect("a hold was placed");
    assert_eq!((status, &hold["too_late_for"]), (201, &json!([])), "{hold}");
    assert_eq!(stage.request(&id).status, Status::Held);
    assert!(shop::everything(&stage.world, &stage.tenant) == before, "nothing was touched");
}

/// A source says no, after a store could not even be begun: whoever is there is kept, and was never gone.
#[tokio::test]
async fn a_second_time_that_is_denied_leaves_no_mark_of_who_was_kept() {
    let stage = company();
    let id = found_again(&stage).await;
    let (before, marks) = (shop::everything(&stage.world, &stage.tenant), stage.world.ledger_entries());
    assert!(!marks.is_empty());
    assert_eq!(ask(&stage, &id, Role::Officer, "erase").await, 202);
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(|stage, function| {
        if function == "EraseStoreFunctionArn" {
            stage.world.injector().arm(Plan::outage("sanctions."));
        }
    }));
    stage.play().await;
    assert_eq!(stage.request(&id).parked.map(|parked| parked.code).as_deref(), Some("sanction-unavailable"));
    *stage.meanwhile.lock().expect("not poisoned") = None;
    stage.world.injector().disarm();
    stage.world.answer_always("legal-desk", Ok(Verdict::Deny { reason: "fraud".into() }));
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::PartiallyFulfilled);
    assert!(shop::everything(&stage.world, &stage.tenant) == before);
    assert_eq!(stage.world.ledger_entries(), marks);
}

/// The first paper is lost while the second time is under way: that ends, and is read again by what it looked for itself.
#[tokio::test]
async fn a_second_end_does_not_need_the_first_paper() {
    let stage = company();
    let id = found_again(&stage).await;
    assert_eq!(ask(&stage, &id, Role::Officer, "erase").await, 202);
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(|stage, function| {
        if function == "EraseStoreFunctionArn" {
            at_once(stage.world.staging().delete_all("rechecks/")).expect("gone");
        }
    }));
    let request = stage.play_to_the_end(&id).await;
    assert_eq!((request.status, reached(&request)), (Status::Fulfilled, Some(Reached::Due)));
    come_back(&stage);
    let request = when_due(&stage, &id).await;
    assert_eq!(request.parked.map(|parked| parked.code).as_deref(), Some("person-found-again"));
}

/// A store that only references lead to, and whose records the law keeps.
const ARCHIVE: &str = "
  - id: archive
    kind: dynamodb
    owner: { team: commerce, page: commerce-oncall }
    control:
      records:
        scans: { InvoiceId: 990001 }
    collections:
      - name: scans
        purpose: To keep the books as tax law asks.
        resource: invoice-scans
        key: [InvoiceId]
        erasure: { method: retain, reason: They are kept., law: national tax law, keep_for: P10Y }
        fields:
          InvoiceId: { category: system.operations, class: internal, kind: number, references: shop.invoices.InvoiceId }
";

/// The first time asked it, the second has no reason to: the invoices are nobody's by then. What it was asked is sealed
/// under the key of the first plan, which is gone.
#[tokio::test]
async fn a_second_end_rests_on_what_the_second_time_asked() {
    let stage = company();
    publish(&stage, &changed(&[], ARCHIVE)).await;
    let scan = shop::row(&[("InvoiceId", shop::number(100))]);
    shop::putter(&stage.world, &stage.tenant)("archive", "scans", scan);
    let id = found_again(&stage).await;
    assert_eq!(ask(&stage, &id, Role::Officer, "erase").await, 202);
    let request = stage.play_to_the_end(&id).await;
    assert_eq!((request.status, request.reopened), (Status::Fulfilled, 1));
    let tasks = stage.world.tasks_of(&stage.tenant, &id);
    let asked = tasks.iter().filter(|task| task.asked.is_some() && !request.is_of_this_time(task));
    let asked: Vec<&str> = asked.map(|task| task.store.as_str()).collect();
    assert!(!asked.is_empty() && asked.iter().all(|store| *store == "archive"), "{asked:?}");
}
