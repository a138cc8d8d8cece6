use std::sync::atomic::{AtomicBool, Ordering};

use domain::Personal;
use domain::catalog::Catalog;
use jiff::SignedDuration;
use serde_json::json;
use testkit::clock::UnlimitedBudget;

use super::*;

/// A reading that sees everybody, or nobody.
struct Eyes(AtomicBool);

#[async_trait]
impl Reading for Eyes {
    async fn finds(
        &self,
        _: &Target<'_>,
        _: &Search<'_>,
        _: Option<&str>,
    ) -> Result<(bool, Option<String>), Fault> {
        Ok((self.0.load(Ordering::Relaxed), None))
    }
}

fn catalog() -> Catalog {
    let catalog = json!({"catalog": 1, "stores": [{"id": "crm", "kind": "sql", "connection": "c",
        "owner": {"team": "sales", "page": "p"},
        "control": {"records": {"contacts": {"email": "control@lacuna.invalid"}, "notes": {"id": 7, "person": "C0"}}},
        "collections": [
        {"name": "notes", "resource": "notes", "key": ["id"], "erasure": {"method": "delete"}, "fields": {
            "id": {"category": "system", "class": "internal", "kind": "number"},
            "person": {"category": "user", "class": "internal", "references": "crm.contacts.id", "index": "i"}}},
        {"name": "contacts", "resource": "contacts", "key": ["id"], "erasure": {"method": "delete"}, "fields": {
            "id": {"category": "user", "class": "internal"},
            "email": {"category": "user", "class": "internal", "identity": "email", "index": "e"}}}]}]});
    serde_json::from_value(catalog).expect("a catalog")
}

fn lookup(collection: &str, field: &str, source: fn(Vec<Value>) -> Source) -> Lookup {
    let values = vec![Value::Text(Personal::new("somebody"))];
    Lookup { collection: collection.into(), field: field.into(), source: source(values) }
}

fn by_email() -> Lookup {
    lookup("contacts", "email", Source::Identities)
}

struct Trial {
    catalog: Catalog,
    eyes: Eyes,
    proof: Proof,
    now: Timestamp,
}

impl Trial {
    fn new(sees: bool) -> Self {
        let (eyes, now) = (Eyes(AtomicBool::new(sees)), Timestamp::UNIX_EPOCH);
        Self { catalog: catalog(), eyes, proof: Proof::default(), now }
    }

    async fn prove(&mut self, lookup: &Lookup) {
        let store = &self.catalog.stores[0];
        let collection = store.collection(&lookup.collection).expect("a collection");
        let target = Target { store, collection, wanted: &[] };
        let proof = &mut self.proof;
        let proven = proof.prove(&self.eyes, &target, lookup, self.now, &UnlimitedBudget).await;
        assert!(proven.expect("nothing fails"));
    }

    /// What another call finds of it, an hour later.
    fn go_on(&mut self, sees: bool) {
        self.eyes = Eyes(AtomicBool::new(sees));
        self.proof =
            serde_json::from_slice(&serde_json::to_vec(&self.proof).expect("json")).expect("a proof");
        self.now += SignedDuration::from_hours(1);
    }

    fn noted(&self, earlier: Option<ControlSeen>) -> Task {
        let mut task = Task::new(Operation::Confirm, "crm".parse().expect("a store"), 1, self.now);
        task.control = earlier;
        self.proof.note(&mut task, self.now);
        task
    }
}

/// A key that somebody gave is searched for like an identity.
#[tokio::test]
async fn a_search_by_a_given_key_has_to_be_proven() {
    let given = lookup("notes", "person", Source::Given);
    let mut blind = Trial::new(false);
    blind.prove(&given).await;
    assert_eq!(
        (blind.noted(None).control, blind.noted(None).control_missing),
        (None, Some("notes.person".to_owned()))
    );
    let mut seeing = Trial::new(true);
    seeing.prove(&given).await;
    assert_eq!(seeing.noted(None).control, Some(ControlSeen { at: Timestamp::UNIX_EPOCH, ways: 1 }));
}

/// Between two calls a connection's rights may be taken away.
#[tokio::test]
async fn what_one_call_proved_proves_nothing_of_the_next() {
    let mut trial = Trial::new(true);
    trial.prove(&by_email()).await;
    trial.go_on(false);
    trial.prove(&by_email()).await;
    let task = trial.noted(None);
    assert_eq!((task.control, task.control_missing), (None, Some("contacts.email".to_owned())));
}

#[tokio::test]
async fn a_proof_is_as_old_as_the_first_that_was_found() {
    let mut trial = Trial::new(true);
    trial.prove(&by_email()).await;
    trial.go_on(true);
    trial.prove(&by_email()).await;
    assert_eq!(trial.noted(None).control, Some(ControlSeen { at: Timestamp::UNIX_EPOCH, ways: 1 }));
    // Rounds of a pass add up; one that had nothing to prove says nothing of when.
    let earlier = |at, ways| Some(ControlSeen { at, ways });
    let before = Timestamp::UNIX_EPOCH - SignedDuration::from_hours(1);
    assert_eq!(trial.noted(earlier(before, 2)).control, earlier(before, 3));
    assert_eq!(trial.noted(earlier(before, 0)).control, earlier(Timestamp::UNIX_EPOCH, 1));
}
