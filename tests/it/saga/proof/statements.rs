//! What a receipt says, against what was asked and what was done: nothing in it is there for show.

use audit::receipt::{BackupStatement, KeptStatement, Statement, StoreStatement};
use domain::access::Role;
use domain::catalog::Method;
use domain::event::EventKind;
use domain::hold::Verdict;
use domain::request::Retention;
use domain::{Operation, Request, StoreId};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::super::calling;
use super::super::shop;
use super::super::stage::tally;
use super::*;

fn store(name: &str) -> StoreId {
    name.parse().expect("a store")
}

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

/// A request to its end; as it is stored then, and what its receipt says.
async fn closed(stage: &Stage, id: &RequestId) -> (Request, Statement) {
    let request = stage.play_to_the_end(id).await;
    stage.deliver().await;
    sign(stage).await;
    let issued = receipts(stage, id).await;
    assert_eq!(issued.len(), 1);
    let Found::Receipt(proved) = verified(stage, &issued[0]).await else { panic!("it is a receipt") };
    (request, proved.statement.clone())
}

fn of<'a>(said: &'a Statement, name: &str) -> &'a StoreStatement {
    said.stores.iter().find(|one| one.store == store(name)).expect("each store is there")
}

/// The catalog of the shop with something written in another way.
fn changed(from: &str, to: &str) -> String {
    assert!(shop::CATALOG.contains(from), "{from}");
    shop::CATALOG.replacen(from, to, 1)
}

#[tokio::test]
async fn what_was_asked_when_and_under_which_law() {
    let asked = [("erasure", "EU"), ("erasure", "UK"), ("erasure", "US-CA"), ("access", "US-CA")];
    for (kind, law) in asked {
        let stage = Stage::new(1);
        let (received_at, version) = (stage.world.clock().now(), stage.world.catalogs().current());
        let verified_at = received_at - SignedDuration::from_mins(3);
        let body = json!({
            "type": kind, "jurisdiction": law,
            "subject": {"identities": [{"type": "email", "value": PERSON}]},
            "verification": {"method": "session", "at": verified_at, "reference": "s-1"},
        });
        let operation = ("POST", "/v1/requests");
        let (status, answer) = calling::call(&stage, (Role::Backend, "shop"), operation, None, &body).await;
        assert_eq!(status, 202, "{answer}");
        let id: RequestId = answer["request_id"].as_str().expect("an id").parse().expect("an id");
        // What is in force when it ends is another one.
        let later = changed("kind: nightly dumps", "kind: hourly dumps");
        *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
            if function == "CloseRequestFunctionArn" {
                stage.world.publish_yaml(&later).expect("the catalog is whole");
            }
        }));
        let (request, said) = closed(&stage, &id).await;
        assert_ne!(stage.world.catalogs().current(), version);
        assert_eq!((said.kind.as_str(), json!(said.jurisdiction)), (kind, json!(law)));
        assert_eq!((said.received_at, &said.catalog_version), (received_at, &version), "{kind} {law}");
        assert_eq!(said.due_by, request.due_by, "{kind} {law}");
        let is_long = said.due_by.duration_since(received_at) >= days(45);
        assert_eq!(is_long, law == "US-CA", "a month (GDPR Art. 12(3)), or 45 days (Civ. Code 1798.130)");
        let by = said.verification.expect("who verified them");
        assert_eq!((by.method.as_str(), by.at), ("session", verified_at));
        assert_eq!((said.tenant, said.request), (stage.tenant.clone(), id));
    }
}

fn counts(said: &StoreStatement) -> [u64; 4] {
    [said.located, said.erased, said.anonymised, said.retained]
}

fn kept(
    collection: &str,
    records: u64,
    method: Method,
    because: (&str, &str),
    keep_for: Option<&str>,
) -> KeptStatement {
    KeptStatement {
        collection: collection.to_owned(),
        keep_for: keep_for.map(str::to_owned),
        law: because.1.to_owned(),
        method,
        reason: because.0.to_owned(),
        records,
    }
}

#[tokio::test]
async fn how_many_records_went_and_what_is_kept_by_which_law() {
    let stage = Stage::new(1);
    let id = stage.submit(PERSON).await;
    let (_, said) = closed(&stage, &id).await;
    let ten_years = Some("P10Y");
    let tax = "Directive 2006/112/EC Art. 244-247 and national tax law";
    let shop = [
        kept(
            "invoices",
            7,
            Method::Anonymise,
            (
                "Invoice totals must be kept for the tax office. Who bought is replaced, where to is emptied.",
                tax,
            ),
            ten_years,
        ),
        kept(
            "invoice-lines",
            14,
            Method::Retain,
            ("What was sold, at which price, belongs to the invoice. It names nobody.", tax),
            ten_years,
        ),
    ];
    let crm = [kept(
        "revenue_by_customer",
        3,
        Method::Anonymise,
        (
            "Revenue per year and the number of customers stay what they were; who they were goes.",
            "national commercial law (bookkeeping)",
        ),
        ten_years,
    )];
    let expect =
        [("shop", [22, 1, 7, 14], &shop[..]), ("support", [2, 2, 0, 0], &[]), ("crm", [7, 4, 3, 0], &crm)];
    assert_eq!(said.stores.len(), expect.len());
    for (name, records, kept) in expect {
        let own = of(&said, name);
        assert_eq!((counts(own), &own.kept[..]), (records, kept), "{name}");
        let erased = tally(&stage, &id, Operation::Erase, name);
        let done = [
            tally(&stage, &id, Operation::Locate, name).located,
            erased.erased,
            erased.anonymised,
            erased.retained,
        ];
        assert_eq!(counts(own), done, "{name}: what its tasks counted");
    }
}

/// What a source wants kept comes before what the catalog says, under the source's name and until its day.
#[tokio::test]
async fn what_a_source_wants_kept_is_said_with_its_reason_and_until_when() {
    let stage = Stage::new(1);
    let until = stage.world.clock().now() + days(400);
    for (until, keep_for) in [(Some(until), Some(until.to_string())), (None, None)] {
        let stage = Stage::new(1);
        stage.world.answer_always(
            "legal-desk",
            Ok(Verdict::Retain(Retention {
                source: "legal-desk".into(),
                stores: vec![store("crm")],
                categories: vec![],
                reason: "warranty".into(),
                until,
            })),
        );
        let id = stage.submit(PERSON).await;
        let (request, said) = closed(&stage, &id).await;
        assert_eq!((request.status, said.outcome), (Status::PartiallyFulfilled, Status::PartiallyFulfilled));
        let crm = of(&said, "crm");
        assert_eq!(counts(crm), [7, 0, 0, 7]);
        let wanted = [("contacts", 1), ("interactions", 3), ("revenue_by_customer", 3)];
        let wanted = wanted.map(|(collection, records)| {
            kept(collection, records, Method::Retain, ("warranty", "legal-desk"), keep_for.as_deref())
        });
        assert_eq!(crm.kept, wanted);
        assert_eq!(counts(of(&said, "shop")), [22, 1, 7, 14], "nobody wants more of it kept");
        // Nothing was changed, so no backup has what is gone.
        assert_eq!(crm.gone_from_backups_by, None);
    }
}

fn erased_at(stage: &Stage, id: &RequestId, name: &str) -> Timestamp {
    let events = stage.world.events_of(&stage.tenant, id).into_iter();
    let own = events.filter(|event| event.kind == EventKind::Erased && event.store == Some(store(name)));
    own.map(|event| event.at).max().expect("it was erased")
}

fn backup(kind: &str, encrypted: bool, expires_after: &str) -> BackupStatement {
    BackupStatement { encrypted, expires_after: expires_after.to_owned(), kind: kind.to_owned() }
}

/// From when the records went, not from when the request was taken in, read again or closed; by the backups that are kept longest.
#[tokio::test]
async fn the_last_backup_of_each_store_is_gone_its_longest_expiry_after_it_was_erased() {
    let stage = Stage::new(1);
    let nightly = "      - { kind: nightly dumps, encrypted: true, expires_after: P14D }\n";
    let beside = "      - { kind: tapes, encrypted: false, expires_after: P90D }\n";
    let catalog = changed(nightly, &format!("{nightly}{beside}"));
    let daily =
        "    backups:\n      - { kind: daily copies of the bucket, encrypted: true, expires_after: P30D }\n";
    assert!(catalog.contains(daily));
    stage.world.publish_yaml(&catalog.replace(daily, "")).expect("the catalog is whole");
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(|stage, function| {
        if ["EraseStoreFunctionArn", "ConfirmStoreFunctionArn", "CloseRequestFunctionArn"].contains(&function)
        {
            stage.world.fake_clock().advance(SignedDuration::from_secs(100));
        }
    }));
    let id = stage.submit(PERSON).await;
    let (_, said) = closed(&stage, &id).await;
    for (name, longest, backups) in [
        ("shop", Some(35), &[backup("point-in-time recovery", true, "P35D")][..]),
        ("crm", Some(90), &[backup("nightly dumps", true, "P14D"), backup("tapes", false, "P90D")]),
        // Its owner does not say.
        ("support", None, &[]),
    ] {
        let (own, erased_at) = (of(&said, name), erased_at(&stage, &id, name));
        assert_eq!(own.gone_from_backups_by, longest.map(|longest| erased_at + days(longest)), "{name}");
        assert_eq!(own.backups, backups, "{name}");
        assert!(own.confirmed_at.is_some_and(|at| at > erased_at) && said.closed_at > erased_at, "{name}");
    }
    assert_ne!(erased_at(&stage, &id, "shop"), erased_at(&stage, &id, "crm"), "each has a time of its own");
}
