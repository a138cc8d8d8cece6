//! The API's bodies of one request on its way, made with the contract's own types.

use contract::api::{AcceptedRiskView, Kept, ParkedView, RecheckView, RequestView, StoreView};
use domain::Status;
use domain::catalog::Method;
use domain::recheck::Stage;
use serde_json::{Value, json};

/// The request.
pub const ID: &str = "req_01kgz3q5v8m4n2c7t9w1x6y3za";

/// The answer to its submission.
pub fn submitted(status: &str, duplicate: bool) -> Value {
    let mut body = json!({
        "request_id": ID, "status": status, "status_url": format!("/v1/requests/{ID}"),
        "due_by": "2026-12-04T23:59:59Z",
    });
    if duplicate {
        body["duplicate"] = true.into();
    }
    body
}

/// The request, in a status and with its stores.
pub fn view(status: Status, stores: Vec<StoreView>) -> RequestView {
    let ended = status.is_end().then(|| "2026-11-04T09:00:12Z".parse().expect("a time"));
    RequestView {
        request_id: ID.parse().expect("an id"),
        kind: domain::request::RequestType::Erasure,
        status,
        jurisdiction: domain::clock::Jurisdiction::Eu,
        received_at: "2026-11-04T09:00:00Z".parse().expect("a time"),
        due_by: "2026-12-04T23:59:59Z".parse().expect("a time"),
        closed_at: ended,
        cooling_off_until: None,
        cancelling: false,
        denied: None,
        parked: None,
        export: None,
        stores,
        unproven: Vec::new(),
        accepted_risks: Vec::new(),
        recheck: None,
        proof: "re-read".to_owned(),
    }
}

/// The same, cooling off until five seconds from now.
pub fn suppressed() -> RequestView {
    let mut view = view(Status::Suppressed, located());
    for store in &mut view.stores {
        "suppressed".clone_into(&mut store.status);
    }
    view.cooling_off_until = Some("2026-11-04T09:00:17Z".parse().expect("a time"));
    view
}

/// Stopped, because a store does not find its control; one officer accepted that.
pub fn unproven() -> RequestView {
    let mut view = parked(true);
    let crm: domain::StoreId = "crm".parse().expect("a store");
    if let Some(parked) = &mut view.parked {
        "CloseRequest".clone_into(&mut parked.state);
        "store-unproven".clone_into(&mut parked.code);
        "store-unproven: nobody is found, and the control person is not either, in crm (contacts.email)"
            .clone_into(&mut parked.detail);
    }
    view.unproven = vec![crm.clone()];
    view.accepted_risks = vec![AcceptedRiskView {
        who: "officer:1f0c".to_owned(),
        at: "2026-11-04T09:00:10Z".parse().expect("a time"),
        reason: "store-retired".to_owned(),
        stores: vec![crm],
    }];
    view
}

/// The same, stopped.
pub fn parked(resumes: bool) -> RequestView {
    let mut view = view(Status::Parked, located());
    "failed".clone_into(&mut view.stores[0].status);
    view.parked = Some(ParkedView {
        state: "EraseStore".to_owned(),
        store: Some("crm".parse().expect("a store")),
        owner: Some("sales-it".to_owned()),
        code: "store-unreachable".to_owned(),
        detail: "the database did not answer within 10 s, 5 times".to_owned(),
        next: "it is tried again by itself".to_owned(),
        resumes_at: resumes.then(|| "2026-11-04T09:01:12Z".parse().expect("a time")),
    });
    view
}

/// Ended, and found again weeks later.
pub fn found_again() -> RequestView {
    let mut view = view(Status::Parked, confirmed());
    view.closed_at = "2026-10-05T09:00:00Z".parse().ok();
    view.recheck = Some(recheck(Stage::Found));
    view.parked = Some(ParkedView {
        state: "Recheck".to_owned(),
        store: Some("crm".parse().expect("a store")),
        owner: Some("sales-it".to_owned()),
        code: "person-found-again".to_owned(),
        detail: "person-found-again: records of the person are there again: 2 in crm".to_owned(),
        next: "an officer says what it is".to_owned(),
        resumes_at: None,
    });
    view
}

/// How far reading the stores again is, due on the day of the tests.
pub fn recheck(stage: Stage) -> RecheckView {
    RecheckView { stage, at: "2026-11-04T08:00:00Z".parse().expect("a time") }
}

/// The same, fulfilled.
pub fn fulfilled() -> RequestView {
    view(Status::Fulfilled, confirmed())
}

/// A store's part: found, erased, anonymised, retained, residue.
pub fn store(id: &str, status: &str, counts: [u64; 4], residue: Option<u64>) -> StoreView {
    let [located, erased, anonymised, retained] = counts;
    StoreView {
        store: id.parse().expect("a store"),
        status: status.to_owned(),
        located,
        collected: 0,
        erased,
        anonymised,
        retained,
        residue,
        control: None,
        control_missing: None,
        true_from: None,
        kept: Vec::new(),
    }
}

/// The stores once everything is found.
pub fn located() -> Vec<StoreView> {
    vec![
        store("crm", "located", [1, 0, 0, 0], None),
        store("shop", "located", [46, 0, 0, 0], None),
        store("support-objects", "located", [4, 0, 0, 0], None),
    ]
}

/// The stores once everything was read again.
pub fn confirmed() -> Vec<StoreView> {
    let mut shop = store("shop", "confirmed", [46, 0, 8, 38], Some(0));
    shop.kept = vec![
        Kept {
            collection: "invoices".to_owned(),
            method: Method::Anonymise,
            reason: "Invoices are evidence for tax; the person in them is replaced.".to_owned(),
            law: "AO § 147 (1) no. 4".to_owned(),
            keep_for: Some("P8Y".to_owned()),
        },
        Kept {
            collection: "invoice_lines".to_owned(),
            method: Method::Retain,
            reason: "The lines of an invoice name no person.".to_owned(),
            law: "AO § 147 (1) no. 4".to_owned(),
            keep_for: None,
        },
    ];
    vec![
        store("crm", "confirmed", [1, 1, 0, 0], Some(0)),
        shop,
        store("support-objects", "confirmed", [4, 4, 0, 0], Some(0)),
    ]
}

/// A view as the API sends it.
pub fn body(view: &RequestView) -> Value {
    serde_json::to_value(view).expect("a body")
}
