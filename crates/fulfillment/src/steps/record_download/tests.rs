//! What CloudTrail says, over ports in memory.

use domain::Status;
use domain::access::Role;
use domain::event::Event;
use domain::export::Package;
use serde_json::{Value, json};

use super::*;
use crate::api::tests::{Front, PERSON, caller, front, id_of, submission, tenant};

const ADDRESS: &str = "203.0.113.7";

/// The role that links are signed with.
const READER: &str = "arn:aws:iam::111122223333:role/lacuna/export-reader/lacuna-Roles-ExportReaderRole";

fn ports(front: &Front) -> Ports {
    let world = &front.world;
    Ports {
        requests: world.requests(),
        keyring: world.keyring(),
        clock: world.clock(),
        reader: READER.to_owned(),
    }
}

/// A request whose packages were made, and asked for from [`ADDRESS`].
async fn packed(front: &Front) -> RequestId {
    let mut body = submission(PERSON);
    body["type"] = json!("access");
    let answer = front.post_with(&caller(Role::Backend), "/v1/requests", PERSON, &body).await;
    let id = id_of(&answer);
    let names = Pseudonymiser::of(&*front.world.keyring(), &tenant("demo")).await.expect("names");
    let address = names.visitor(ADDRESS).expect("a pseudonym");
    front.change(&id, |draft| draft.request.status = Status::Planning).await;
    front
        .change(&id, |draft| {
            draft.request.status = Status::Ready;
            let export = draft.request.export.as_mut().expect("an export");
            let package = |n| Package { name: format!("package-{n}.zip"), bytes: 9, sha256: "00".into() };
            export.packages = (1..=2).map(package).collect();
            export.ready_at = Some("2026-03-02T09:00:00Z".parse().expect("a time"));
            export.addresses.insert(address.clone());
        })
        .await;
    id
}

/// As EventBridge hands it over.
fn told(id: &RequestId, number: u32) -> Value {
    json!({
        "version": "0", "id": "a", "detail-type": "AWS API Call via CloudTrail", "source": "aws.s3", "resources": [],
        "detail": {
            "eventVersion": "1.11", "eventSource": "s3.amazonaws.com", "eventName": "GetObject",
            "eventID": format!("1c4c8d6e-0000-4000-8000-{number:012}"), "eventTime": "2026-03-02T09:01:00Z",
            "userIdentity": {
                "type": "AssumedRole", "principalId": format!("AROAEXAMPLE:{id}"),
                "sessionContext": {"sessionIssuer": {"type": "Role", "arn": READER}},
            },
            "sourceIPAddress": ADDRESS, "userAgent": "[curl/8.5.0]",
            "requestParameters": {"bucketName": "lacuna-exports", "key": format!("demo/{id}/package-2.zip")},
            "responseElements": null, "readOnly": true, "managementEvent": false, "eventCategory": "Data",
            "additionalEventData": {"bytesTransferredIn": 0, "bytesTransferredOut": 1234, "AuthenticationMethod": "QueryString"},
        },
    })
}

fn with(mut told: Value, path: &str, value: Value) -> Value {
    *told.pointer_mut(path).expect("it is there") = value;
    told
}

async fn hear(ports: &Ports, told: &Value) -> bool {
    let told = serde_json::from_value(told.clone()).expect("anything reads");
    run(ports, &told).await.expect("heard")
}

async fn notes(ports: &Ports, id: &RequestId) -> Vec<Event> {
    let events = ports.requests.events(&tenant("demo"), id, 0, 1_000).await.expect("events");
    events.into_iter().filter(|event| event.kind == EventKind::Fetched).collect()
}

#[tokio::test]
async fn a_download_is_noted_once_however_often_it_is_told() {
    let front = front();
    let (ports, id) = (ports(&front), packed(&front).await);
    let before = front.request(&id);
    assert!(hear(&ports, &told(&id, 1)).await);
    assert!(!hear(&ports, &told(&id, 1)).await, "a double");
    assert!(hear(&ports, &told(&id, 2)).await, "another part of it");
    assert!(!hear(&ports, &told(&id, 1)).await, "a double that comes late");
    let notes = notes(&ports, &id).await;
    assert_eq!(notes.len(), 2);
    let (one, other) = (told(&id, 3), told(&id, 3));
    let (one, other) = tokio::join!(hear(&ports, &one), hear(&ports, &other));
    assert!(one != other, "of two at once one is noted");
    let said = serde_json::to_value(&notes[0].detail).expect("JSON");
    let expect = json!({
        "package": "2", "bytes": "1234", "fetched_at": "2026-03-02T09:01:00Z", "by": "link",
        "from": "where-it-was-asked-for", "trail": "1c4c8d6e-0000-4000-8000-000000000001",
    });
    assert_eq!((said, &notes[0].why), (expect, &None));
    let after = front.request(&id);
    assert_eq!(
        (after.status, after.progress_by, &after.export),
        (before.status, before.progress_by, &before.export)
    );
}

#[tokio::test]
async fn what_is_unusual_is_said_and_no_address_is_kept() {
    let front = front();
    let (ports, id) = (ports(&front), packed(&front).await);
    let elsewhere = "198.51.100.23";
    assert!(hear(&ports, &with(told(&id, 1), "/detail/sourceIPAddress", json!(elsewhere))).await);
    let admin =
        with(told(&id, 2), "/detail/userIdentity", json!({"type": "IAMUser", "principalId": "AIDAEXAMPLE"}));
    assert!(hear(&ports, &admin).await);
    // Whoever may take any role can name a session as they like.
    let issuer = "/detail/userIdentity/sessionContext/sessionIssuer/arn";
    let other = json!("arn:aws:iam::111122223333:role/lacuna-export-reader");
    assert!(hear(&ports, &with(told(&id, 3), issuer, other)).await);
    let another = json!("AROAEXAMPLE:req_01j00000000000000000000000");
    assert!(hear(&ports, &with(told(&id, 4), "/detail/userIdentity/principalId", another)).await);
    let notes = notes(&ports, &id).await;
    let why: Vec<_> = notes.iter().filter_map(|note| note.why.as_deref()).collect();
    assert_eq!(why, ["another-address", "not-by-a-link", "not-by-a-link", "not-by-a-link"]);
    let said = serde_json::to_string(&notes).expect("JSON");
    for address in [elsewhere, ADDRESS] {
        assert!(!said.contains(address), "{said}");
    }
    let request = serde_json::to_string(&front.request(&id)).expect("JSON");
    assert!(!request.contains(elsewhere), "{request}");
}

#[tokio::test]
async fn what_is_no_download_of_a_package_is_ignored() {
    let front = front();
    let (ports, id) = (ports(&front), packed(&front).await);
    let unknown = "req_01j00000000000000000000000";
    let key = |key: &str| with(told(&id, 1), "/detail/requestParameters/key", json!(key));
    let mut refused = told(&id, 1);
    refused["detail"]["errorCode"] = json!("AccessDenied");
    let long = with(told(&id, 1), "/detail/eventID", json!("a".repeat(65)));
    for ignored in [
        json!(null),
        json!({"detail": {}}),
        refused,
        long,
        with(told(&id, 1), "/detail/eventID", json!("")),
        with(told(&id, 1), "/detail/eventID", json!("a b\n")),
        with(told(&id, 1), "/detail/eventName", json!("HeadObject")),
        with(told(&id, 1), "/detail/eventTime", json!("yesterday")),
        with(told(&id, 1), "/detail/additionalEventData/bytesTransferredOut", json!(0)),
        with(told(&id, 1), "/detail/requestParameters", json!({"bucketName": "lacuna-exports"})),
        key(""),
        key("demo"),
        key(&format!("demo/{id}")),
        key(&format!("demo/{id}/")),
        key(&format!("demo/{id}/package-3.zip")),
        key(&format!("demo/{id}/package-1.zip/more")),
        key(&format!("/demo/{id}/package-1.zip")),
        key(&format!("other/{id}/package-1.zip")),
        key(&format!("../{id}/package-1.zip")),
        key(&format!("demo/{unknown}/package-1.zip")),
        key(&format!("collected/demo/{id}/package-1.zip")),
    ] {
        assert!(!hear(&ports, &ignored).await, "{ignored}");
    }
    let erasure = front.submit("joe.bloggs@example.com").await;
    assert!(!hear(&ports, &told(&erasure, 1)).await, "it exports nothing");
    assert!(notes(&ports, &id).await.is_empty());
}

#[tokio::test]
async fn a_request_that_has_ended_is_told_as_well_and_not_for_ever() {
    let front = front();
    let (ports, id) = (ports(&front), packed(&front).await);
    front
        .change(&id, |draft| {
            draft.request.status = Status::Fulfilled;
            draft.request.progress_by = None;
            let export = draft.request.export.as_mut().expect("an export");
            export.destroyed_at = Some("2026-03-05T09:00:00Z".parse().expect("a time"));
        })
        .await;
    front.change(&id, |draft| draft.request.progress_by = None).await;
    for number in 0..u32::try_from(MOST_USUAL).expect("few") {
        assert!(hear(&ports, &told(&id, number)).await, "{number}");
    }
    assert!(!hear(&ports, &told(&id, 7_000)).await, "whoever fetches in pieces fills no table");
    let elsewhere = |number| with(told(&id, number), "/detail/sourceIPAddress", json!("198.51.100.23"));
    for number in 0..u32::try_from(MOST - MOST_USUAL).expect("few") {
        assert!(hear(&ports, &elsewhere(8_000 + number)).await, "{number} is not lost among the usual ones");
    }
    assert!(!hear(&ports, &elsewhere(9_000)).await, "nor whoever does anything else");
    let request = front.request(&id);
    assert_eq!((request.status, request.progress_by), (Status::Fulfilled, None));
}
