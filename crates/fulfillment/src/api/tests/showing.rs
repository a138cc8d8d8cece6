//! What a request looks like.

use domain::Status;
use domain::access::Role;
use domain::event::EnterAt;
use domain::request::{Parked, Retention};
use jiff::SignedDuration;
use ports::{Class, Code};
use serde_json::json;
use testkit::inject::{Plan, Point};

use super::*;

async fn shown(front: &Front, who: &Principal, id: &RequestId) -> Value {
    let answer = front.ask(who, "GET", &format!("/v1/requests/{id}")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    json_of(&answer)
}

fn parked(store: Option<&str>, transient: bool) -> Parked {
    Parked {
        enter_at: EnterAt::Plan,
        state: "EraseStores".into(),
        store: store.map(|s| s.parse().expect("a store")),
        code: Code::StoreUnavailable.as_str().into(),
        detail: "Lacuna.Transient: store-unavailable: erase on crm: timeout".into(),
        transient,
    }
}

#[tokio::test]
async fn each_store_has_its_line_and_what_is_kept_has_its_reason() {
    let front = front();
    let id = front.submit(PERSON).await;
    front
        .change(&id, |draft| {
            let shop = [("customers", erased(1)), ("invoices", anonymised(2)), ("lines", retained(7))];
            let (found, none_left) = (
                |located| Tally { located, ..Tally::default() },
                Tally { residue: Some(0), ..Tally::default() },
            );
            draft.tasks.extend([
                task(Operation::Locate, "shop", found(10)),
                erase_task("shop", &shop),
                task(Operation::Confirm, "shop", none_left),
                task(Operation::Locate, "crm", found(1)),
            ]);
        })
        .await;
    let view = shown(&front, &caller(Role::Owner), &id).await;
    assert_eq!(view["proof"], "re-read");
    let [crm, shop] = view["stores"].as_array().expect("a list").as_slice() else { panic!("two stores") };
    assert_eq!(
        (&crm["store"], &crm["status"], &crm["residue"]),
        (&json!("crm"), &json!("located"), &json!(null))
    );
    assert!(crm.get("kept").is_none());
    assert_eq!((&shop["status"], &shop["residue"]), (&json!("confirmed"), &json!(0)));
    let kept: Vec<_> = shop["kept"].as_array().expect("a list").iter().collect();
    assert_eq!(kept.len(), 2, "customers are deleted");
    assert_eq!(
        kept[0],
        &json!({"collection": "invoices", "method": "anonymise", "law": "Directive 2006/112/EC Art. 244",
            "reason": "Totals must be kept for the tax office.", "keep_for": "P10Y"})
    );
    assert_eq!((&kept[1]["collection"], &kept[1]["method"]), (&json!("lines"), &json!("retain")));
}

#[tokio::test]
async fn a_store_whose_keys_were_destroyed_is_erased_and_confirmed_only_once_that_is_true() {
    let front = front();
    let id = front.submit(PERSON).await;
    let now = front.world.fake_clock().peek();
    let wait = SignedDuration::from_mins(20);
    front
        .change(&id, |draft| {
            let none_left = Tally { residue: Some(0), ..Tally::default() };
            let destroyed = |store| {
                let true_from = now.checked_add(wait).ok();
                Task { true_from, ..erase_task(store, &[("customers", erased(1))]) }
            };
            draft.tasks.extend([
                destroyed("archive"),
                destroyed("shop"),
                task(Operation::Confirm, "shop", none_left),
                erase_task("crm", &[("contacts", erased(1))]),
                task(Operation::Confirm, "crm", none_left),
            ]);
        })
        .await;
    let second = SignedDuration::from_secs(1);
    for (pass, early) in [(second, true), (wait - second * 2, true), (second, false)] {
        front.world.fake_clock().advance(pass);
        let view = shown(&front, &caller(Role::Backend), &id).await;
        let stores = view["stores"].as_array().expect("a list").as_slice();
        let [archive, crm, shop] = stores else { panic!("three stores") };
        assert_eq!(archive["status"], if early { "settling" } else { "erased" }, "it is not read again yet");
        let expect = if early { "settling" } else { "confirmed" };
        assert_eq!((&crm["status"], crm.get("true_from")), (&json!("confirmed"), None));
        assert_eq!((&shop["status"], &shop["residue"]), (&json!(expect), &json!(0)));
        assert!(shop["true_from"].is_string(), "{shop}");
    }
}

#[tokio::test]
async fn what_a_sanction_source_keeps_names_the_source() {
    let front = front();
    let id = front.submit(PERSON).await;
    front
        .change(&id, |draft| {
            draft.request.retentions.push(Retention {
                source: "legal".into(),
                stores: vec!["crm".parse().expect("a store")],
                categories: vec![],
                reason: "warranty".into(),
                until: "2027-01-01T00:00:00Z".parse().ok(),
            });
            draft.tasks.push(erase_task("crm", &[("contacts", retained(1))]));
        })
        .await;
    let view = shown(&front, &caller(Role::Backend), &id).await;
    let expect = json!([{"collection": "contacts", "method": "retain", "reason": "warranty", "law": "legal",
        "keep_for": "2027-01-01T00:00:00Z"}]);
    assert_eq!(view["stores"][0]["kept"], expect);
}

#[tokio::test]
async fn what_is_not_there_is_not_kept() {
    let front = front();
    let id = front.submit(PERSON).await;
    let shop = [("customers", erased(1)), ("invoices", anonymised(2))];
    front
        .change(&id, |draft| {
            draft.tasks.push(erase_task("shop", &shop));
            // It wants everything kept, and said so when the invoices were anonymised already.
            draft.request.retentions.push(Retention {
                source: "legal".into(),
                stores: vec!["shop".parse().expect("a store")],
                categories: vec![],
                reason: "warranty".into(),
                until: None,
            });
        })
        .await;
    let view = shown(&front, &caller(Role::Backend), &id).await;
    let kept = view["stores"][0]["kept"].as_array().expect("a list");
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!((&kept[0]["collection"], &kept[0]["method"]), (&json!("invoices"), &json!("anonymise")));
}

#[tokio::test]
async fn a_parked_request_says_why_and_what_happens_next() {
    let front = front();
    let id = front.submit(PERSON).await;
    front
        .change(&id, |draft| {
            draft.request.status = Status::Parked;
            draft.request.parked = Some(parked(Some("crm"), true));
        })
        .await;
    let view = shown(&front, &caller(Role::Officer), &id).await;
    assert_eq!(view["parked"]["owner"], "sales");
    assert_eq!(view["parked"]["code"], "store-unavailable");
    assert_eq!(view["parked"]["resumes_at"], "2026-03-02T09:15:00Z");
    // The catalog may be what cannot be read: who is responsible is not worth a failure.
    front.world.injector().arm(Plan::nth(Point::CatalogsGet, 0).class(Class::Permanent));
    let view = shown(&front, &caller(Role::Officer), &id).await;
    assert_eq!((&view["parked"]["owner"], &view["status"]), (&json!(null), &json!("parked")));
}

#[tokio::test]
async fn a_person_reads_about_themselves_and_not_about_our_errors() {
    let front = front();
    let id = front.submit(PERSON).await;
    front
        .change(&id, |draft| {
            draft.request.status = Status::Parked;
            draft.request.parked = Some(parked(Some("crm"), false));
            draft.detail.insert("cause".into(), "timeout".into());
        })
        .await;
    let me = person(&[PERSON]);
    let view = shown(&front, &me, &id).await;
    assert_eq!((&view["status"], view.get("parked")), (&json!("parked"), None));
    let timeline = json_of(&front.ask(&me, "GET", &format!("/v1/requests/{id}/timeline")).await);
    assert!(timeline["items"].as_array().expect("a list").iter().all(|e| e.get("detail").is_none()));
}

#[tokio::test]
async fn a_timeline_is_paged_from_the_first_event_to_the_last() {
    let front = front();
    let id = front.submit(PERSON).await;
    for _ in 0..4 {
        front.change(&id, |_| ()).await;
    }
    let who = caller(Role::Auditor);
    let (mut numbers, mut next) = (Vec::new(), String::new());
    loop {
        let page =
            json_of(&front.ask(&who, "GET", &format!("/v1/requests/{id}/timeline?limit=2{next}")).await);
        let items = page["items"].as_array().expect("a list");
        assert!(items.len() <= 2);
        numbers.extend(items.iter().map(|entry| entry["n"].as_u64().expect("a number")));
        match page.get("cursor") {
            Some(cursor) => next = format!("&cursor={}", cursor.as_str().expect("a cursor")),
            None => break,
        }
    }
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    let other = front.submit("b@example.com").await;
    let answer = front.ask(&who, "GET", &format!("/v1/requests/{other}/timeline?limit=2{next}")).await;
    assert_eq!(answer.status, 400, "a cursor is of its own list");
}

/// One key seals what is in both: the reason is that of whoever wants the other one kept.
#[tokio::test]
async fn what_is_kept_with_a_key_names_the_source_that_keeps_the_key() {
    let front = front();
    let archive = |id: &str| {
        format!(
            "  - id: {id}
    kind: s3
    owner: {{ team: data, page: data-oncall }}
    collections:
      - name: events
        resource: {id}-bucket
        erasure: {{ method: shred, reason: sealed, law: GDPR Art. 32 }}
        fields:
          email: {{ category: user.contact.email, class: confidential, identity: email }}
"
        )
    };
    let stores = format!("{CATALOG}{}{}", archive("archive"), archive("ledger"));
    front.world.publish_yaml(&stores).expect("a catalog");
    let id = front.submit(PERSON).await;
    front
        .change(&id, |draft| {
            draft.request.retentions.push(Retention {
                source: "tax".into(),
                stores: vec!["ledger".parse().expect("a store")],
                categories: vec![],
                reason: "tax-law".into(),
                until: None,
            });
            draft.tasks.push(erase_task("archive", &[("events", retained(1))]));
        })
        .await;
    let view = shown(&front, &caller(Role::Backend), &id).await;
    let expect = json!([{"collection": "events", "method": "retain", "reason": "tax-law", "law": "tax",
        "keep_for": null}]);
    assert_eq!(view["stores"][0]["kept"], expect);
}
