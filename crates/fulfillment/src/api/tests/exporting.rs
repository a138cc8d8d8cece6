//! Taking in requests that export.

use domain::access::Role;
use domain::event::EventKind;
use domain::export::{Export, Format, SealedFor};
use domain::request::RequestType;
use serde_json::json;

use super::*;
use crate::papers::Papers;

/// A recipient that somebody could have.
const AGE: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

/// What is looked for where it must not be.
const MARK: &str = "zqx7mark correct horse";

/// A good submission that exports, with more to it.
fn asked(kind: &str, more: Value) -> Value {
    let mut body = submission(PERSON);
    body["type"] = json!(kind);
    let Value::Object(more) = more else { panic!("an object") };
    body.as_object_mut().expect("an object").extend(more);
    body
}

async fn submit(front: &Front, key: &str, body: &Value) -> Answer {
    front.post_with(&caller(Role::Backend), "/v1/requests", key, body).await
}

async fn refused(kind: &str, more: Value, expect: &[&str]) -> Answer {
    let front = front();
    let answer = submit(&front, "k", &asked(kind, more.clone())).await;
    assert_eq!(answer.status, 400, "{kind} {more}: {}", answer.body);
    assert_eq!(places(&answer), expect, "{kind} {more}: {}", answer.body);
    assert!(front.world.all_requests().is_empty() && front.world.staged().is_empty(), "nothing half-made");
    assert!(!front.world.keys().iter().any(|key| matches!(key, ports::KeyScope::Plan(..))), "nor a key");
    answer
}

#[tokio::test]
async fn what_is_wrong_about_an_export_is_named_by_where_it_is() {
    refused("access", json!({"format": "pdf"}), &["/format"]).await;
    refused("access", json!({"format": 1}), &["/format"]).await;
    refused("access", json!({"export_first": "yes"}), &["/export_first"]).await;
    refused("access", json!({"recipient": "me"}), &["/recipient"]).await;
    refused("access", json!({"recipient": {}}), &["/recipient"]).await;
    refused("access", json!({"recipient": {"pgp": "x"}}), &["/recipient"]).await;
    let both = json!({"recipient": {"age": AGE, "passphrase": "correct horse battery"}});
    refused("access", both, &["/recipient"]).await;
    refused("access", json!({"recipient": {"age": 7}}), &["/recipient/age"]).await;
    refused("access", json!({"min_versions": ["shop"]}), &["/min_versions"]).await;
    refused("access", json!({"min_versions": {"shop": 7}}), &["/min_versions"]).await;
    refused("access", json!({"min_versions": {"shop": "v7"}}), &["/min_versions/shop"]).await;
    refused("access", json!({"min_versions": {"warehouse": "7"}}), &["/min_versions"]).await;
    refused("access", json!({"min_versions": {"Not A Store": "7"}}), &["/min_versions"]).await;
    refused("access", json!({"min_versions": {"crm": "7"}}), &["/min_versions/crm"]).await;
    for none in ["crm/people", "warehouse/contacts", "crm/", "crm/contacts/id"] {
        refused("access", json!({"min_versions": {none: "7"}}), &["/min_versions"]).await;
    }
    let contacts = json!({"min_versions": {"crm/contacts": "7"}});
    refused("access", contacts, &["/min_versions/crm~1contacts"]).await;
    for none in ["inf", "1e999", "NaN", "7.5"] {
        refused("access", json!({"min_versions": {"shop": none}}), &["/min_versions/shop"]).await;
    }
    let all = json!({"format": "csv", "recipient": {"age": "age1"}, "min_versions": {"crm": "7", "x": "7", "y": "7"}});
    refused("portability", all, &["/recipient/age", "/min_versions/crm", "/min_versions"]).await;
}

#[tokio::test]
async fn an_age_recipient_is_read_to_the_last_character() {
    for (wrong, says) in [
        ("", "begins with age1"),
        ("ssh-ed25519 AAAA", "begins with age1"),
        (&AGE[..61], "62 characters"),
        (&AGE.replace("cac8p", "cac8q"), "checksum"),
        (&AGE.replace("cac8p", "cac8b"), "character 62"),
        (&AGE.to_uppercase(), "begins with age1"),
        ("age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t", "not supported"),
        ("AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX", "secret key"),
    ] {
        let answer = refused("access", json!({"recipient": {"age": wrong}}), &["/recipient/age"]).await;
        assert!(answer.body.contains(says), "{wrong}: {}", answer.body);
        assert!(wrong.is_empty() || !answer.body.contains(wrong), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_passphrase_has_twelve_characters_at_least() {
    let short = json!({"recipient": {"passphrase": "hunter2-öü"}});
    let answer = refused("access", short, &["/recipient/passphrase"]).await;
    assert!(answer.body.contains("and this has 10") && !answer.body.contains("hunter2"), "{}", answer.body);
    let answer =
        submit(&front(), "k", &asked("access", json!({"recipient": {"passphrase": "twelve chars"}}))).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
}

#[tokio::test]
async fn only_an_erasure_has_an_export_before_it_and_a_plain_one_has_none() {
    refused("access", json!({"export_first": true}), &["/export_first"]).await;
    let all = json!({"format": "csv", "recipient": {"age": AGE}, "min_versions": {"shop": "7"}});
    refused("erasure", all.clone(), &["/format", "/recipient", "/min_versions"]).await;
    let mut said_no = all;
    said_no["export_first"] = json!(false);
    refused("erasure", said_no, &["/format", "/recipient", "/min_versions"]).await;
    // Nothing, said in many words.
    let nothing = json!({"export_first": false, "format": null, "recipient": null, "min_versions": {}});
    let front = front();
    let answer = submit(&front, "k", &asked("erasure", nothing)).await;
    assert_eq!((answer.status, front.request(&id_of(&answer)).export), (202, None));
}

/// A number is of one collection's counting. Where several count, it is said of which it is.
#[tokio::test]
async fn a_number_says_which_collection_it_counts_if_several_do() {
    let front = front();
    let catalog = CATALOG.replacen(
        "        resource: invoices\n",
        "        resource: invoices\n        version: id\n",
        1,
    );
    front.world.publish_yaml(&catalog).expect("the catalog is whole");
    let asks = async |key: &str, place: &str, version: &str| {
        submit(&front, key, &asked("access", json!({"min_versions": {place: version}}))).await
    };
    let answer = asks("a", "shop", "7").await;
    assert_eq!((answer.status, places(&answer)), (400, vec!["/min_versions/shop".to_owned()]));
    assert!(answer.body.contains("shop/customers, shop/invoices"), "{}", answer.body);
    for (place, version) in [("shop/invoices", "7"), ("shop", "2026-03-01T00:00:00Z")] {
        let answer = asks(place, place, version).await;
        assert_eq!(answer.status, 202, "{place} {version}: {}", answer.body);
        let export = front.request(&id_of(&answer)).export.expect("it exports");
        assert_eq!(export.min_versions, [(place.parse().expect("a place"), version.to_owned())].into());
    }
}

/// A copy shows what its original lacks, often nothing: there is no saying how new that is.
#[tokio::test]
async fn a_version_is_not_asked_of_a_copy() {
    let front = front();
    let replica = "stores:
  - id: replica
    kind: dynamodb
    owner: { team: commerce, page: commerce-oncall }
    copy_of: shop
    control: { records: { customers: { id: 990001 } } }
    collections:
      - name: customers
        resource: replica
        key: [id]
        version: updated_at
        erasure: { method: delete }
        fields:
          id: { category: user.unique_id, class: internal, kind: number, identity: customer_id }
          updated_at: { category: system.operations, class: internal }
";
    front.world.publish_yaml(&CATALOG.replacen("stores:\n", replica, 1)).expect("the catalog is whole");
    let more = json!({"min_versions": {"replica/customers": "7"}});
    let answer = submit(&front, "k", &asked("access", more)).await;
    assert_eq!((answer.status, places(&answer)), (400, vec!["/min_versions/replica~1customers".to_owned()]));
    assert!(answer.body.contains("name shop"), "{}", answer.body);
}

#[tokio::test]
async fn what_is_asked_for_is_in_the_request_and_in_its_first_event() {
    let front = front();
    let more =
        json!({"format": "xml", "recipient": {"age": AGE}, "min_versions": {"shop": "2026-03-01T00:00:00Z"}});
    let id = id_of(&submit(&front, "k", &asked("portability", more)).await);
    let request = front.request(&id);
    let expect = Export {
        format: Format::Xml,
        sealed_for: SealedFor::Age,
        min_versions: [("shop".parse().expect("a store"), "2026-03-01T00:00:00Z".to_owned())].into(),
        ..Export::default()
    };
    assert_eq!((request.kind, request.export.as_ref()), (RequestType::Portability, Some(&expect)));
    let event = &front.world.events_of(&tenant("demo"), &id)[0];
    assert_eq!(event.kind, EventKind::Accepted);
    assert_eq!(event.detail.get("format").map(String::as_str), Some("xml"));
    assert!(!event.detail.contains_key("export_first"));
    let first = id_of(&submit(&front, "l", &asked("erasure", json!({"export_first": true}))).await);
    let event = &front.world.events_of(&tenant("demo"), &first)[0];
    assert_eq!(event.detail.get("export_first").map(String::as_str), Some("true"));
    assert_eq!(front.request(&first).export, Some(Export::default()), "as JSON Lines");
}

#[tokio::test]
async fn a_passphrase_is_nowhere_but_in_sealed_papers_and_the_same_call_is_the_same_answer() {
    let front = front();
    let body = asked("access", json!({"recipient": {"passphrase": MARK}}));
    let first = submit(&front, "k", &body).await;
    let id = id_of(&first);
    let mut spaced = with_key(&caller(Role::Backend), "/v1/requests", "k", &body);
    spaced.body = serde_json::to_vec_pretty(&body).expect("JSON");
    let again = front.send(&spaced).await;
    assert_eq!((again.status, &again.body), (202, &first.body));
    let other = asked("access", json!({"recipient": {"passphrase": "another one altogether"}}));
    assert_eq!(submit(&front, "k", &other).await.status, 409, "another passphrase is another body");
    assert_eq!(front.world.all_requests().len(), 1);
    let stored = format!("{:?}", front.world.all_requests());
    let history = serde_json::to_string(&front.world.stream().history()).expect("JSON");
    let papers = front.world.staged().concat();
    for text in [stored, history, papers, format!("{first:?}"), first.body.clone()] {
        assert!(!text.contains("zqx7mark"), "{text}");
    }
    let papers = Papers {
        keyring: &*front.ports.keyring,
        staging: &*front.ports.staging,
        entropy: &*front.ports.entropy,
    };
    let request = front.request(&id);
    let run =
        contract::step::Run { tenant: tenant("demo"), request_id: id, generation: domain::Generation::FIRST };
    let recipient = papers.open(&run).await.expect("papers").recipient(&request).await.expect("a recipient");
    assert!(recipient.is_some());
}

/// Submits twice, with a change in between; whether the second is answered with the first.
async fn is_covered(first: &Value, change: impl Fn(&mut Export), second: &Value) -> bool {
    let front = front();
    let open = id_of(&submit(&front, "k-1", first).await);
    front
        .change(&open, |draft| {
            if let Some(export) = &mut draft.request.export {
                change(export);
            }
        })
        .await;
    let answer = submit(&front, "k-2", second).await;
    let same = id_of(&answer) == open;
    assert_eq!(answer.status, if same { 200 } else { 202 }, "{}", answer.body);
    assert_eq!(front.world.all_requests().len(), if same { 1 } else { 2 });
    same
}

#[tokio::test]
async fn an_erasure_with_an_export_is_not_swallowed_by_a_plain_one() {
    let (plain, first) = (asked("erasure", json!({})), asked("erasure", json!({"export_first": true})));
    assert!(!is_covered(&plain, |_| {}, &first).await);
    assert!(is_covered(&first, |_| {}, &plain).await, "the one that does more does it");
    assert!(is_covered(&first, |_| {}, &first).await);
    let over = |export: &mut Export| export.destroyed_at = export.ready_at.or(Some(jiff::Timestamp::MIN));
    assert!(!is_covered(&first, over, &first).await, "what was destroyed is not given again");
    assert!(is_covered(&first, over, &plain).await);
}

#[tokio::test]
async fn an_open_request_covers_one_that_exports_the_same() {
    let access = |more| asked("access", more);
    let plain = access(json!({}));
    let is_ready = |export: &mut Export| export.ready_at = Some(jiff::Timestamp::MIN);
    assert!(is_covered(&plain, |_| {}, &plain).await);
    assert!(is_covered(&plain, |_| {}, &access(json!({"format": "json"}))).await, "the same, said");
    assert!(is_covered(&plain, is_ready, &plain).await, "it can be fetched");
    let newer = access(json!({"min_versions": {"shop": "7"}}));
    for other in [
        access(json!({"format": "csv"})),
        access(json!({"recipient": {"age": AGE}})),
        access(json!({"recipient": {"passphrase": MARK}})),
        newer.clone(),
        asked("portability", json!({})),
    ] {
        assert!(!is_covered(&plain, |_| {}, &other).await, "{other}");
        assert!(!is_covered(&other, |_| {}, &plain).await, "{other}");
    }
    assert!(is_covered(&newer, |_| {}, &newer).await);
    let sealed = access(json!({"recipient": {"age": AGE}}));
    assert!(!is_covered(&sealed, |_| {}, &sealed).await, "whose key it is, is not known here");
}

#[tokio::test]
async fn a_person_asks_for_their_own() {
    let front = front();
    let ask = json!({"type": "access", "jurisdiction": "EU", "format": "csv"});
    let answer = front.post_with(&person(&[PERSON]), "/v1/requests", "k", &ask).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    let view = front.ask(&person(&[PERSON]), "GET", &format!("/v1/requests/{}", id_of(&answer))).await;
    let view = json_of(&view);
    assert_eq!((&view["type"], &view["export"]["format"]), (&json!("access"), &json!("csv")));
    assert_eq!((&view["export"]["packages"], &view["export"]["downloads_left"]), (&json!([]), &json!(20)));
}
