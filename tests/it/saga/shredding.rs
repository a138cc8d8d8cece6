//! A store that cannot erase: an archive that is only ever appended to. What it keeps of a person is
//! sealed under that person's own key, and the key is destroyed.

mod again;
mod keeping;
mod since;

use domain::hold::Verdict;
use domain::{Identity, Operation, Personal, RequestId, Status};
use fulfillment::Pseudonymiser;
use jiff::{SignedDuration, Timestamp};
use ports::KeyScope;
use testkit::walker::Next;
use vault::{Context, Header, VaultError};

use super::shop::{self, PERSON};
use super::stage::{Happening, Stage, at_once, tally};

/// The archive, as its owner declares it.
const ARCHIVE: &str = "
  - id: archive
    kind: s3
    owner: { team: data, page: data@example.com }
    collections:
      - name: events
        resource: shop-archive
        erasure:
          method: shred
          reason: The archive is only ever appended to; what it says of people is sealed under their own keys.
          law: its own integrity (GDPR Art. 32)
          shredded_after: PT20M
        fields:
          customer_id: { category: user.unique_id, class: restricted, identity: customer_id }
";

const OBJECT: &str = "events/2026-11-21.jsonl";

/// The shop, with an archive beside it.
pub fn stage() -> Stage {
    stage_with(ARCHIVE)
}

/// The shop, with these stores beside it.
fn stage_with(stores: &str) -> Stage {
    let stage = Stage::new(1);
    stage.world.publish_yaml(&format!("{}{stores}", shop::CATALOG)).expect("the catalog is whole");
    let catalog = stage.world.current_catalog().expect("published");
    stage.world.provision(&stage.tenant, &catalog);
    stage
}

/// The archive, with another identity in its records.
fn archive_of(field: &str) -> String {
    let own = "customer_id: { category: user.unique_id, class: restricted, identity: customer_id }";
    assert!(ARCHIVE.contains(own));
    ARCHIVE.replace(own, field)
}

/// The key of whoever is known in one way.
async fn scope_of(stage: &Stage, kind: &str, value: &str) -> KeyScope {
    let names = Pseudonymiser::of(&*stage.world.keyring(), &stage.tenant).await.expect("keys");
    let identity = Identity::new(kind.parse().expect("a type"), &Personal::new(value)).expect("an identity");
    KeyScope::Subject(stage.tenant.clone(), names.subject(&identity).expect("a pseudonym"))
}

/// Whether somebody has a key of their own.
pub async fn has_key(stage: &Stage, kind: &str, value: &str) -> bool {
    stage.world.keyring().exists(&scope_of(stage, kind, value).await).await.expect("an answer")
}

async fn make_key(stage: &Stage, kind: &str, value: &str) {
    stage.world.keyring().obtain(&scope_of(stage, kind, value).await).await.expect("a key");
}

async fn scope(stage: &Stage, customer: &str) -> KeyScope {
    scope_of(stage, "customer_id", customer).await
}

fn context(stage: &Stage) -> Context<'_> {
    Context { tenant: stage.tenant.as_str(), purpose: "subject", object: OBJECT }
}

/// A line of the archive, sealed as `POST /v1/vault/encrypt` seals it.
pub async fn append(stage: &Stage, customer: &str, text: &str) -> Vec<u8> {
    let key = stage.world.keyring().obtain(&scope(stage, customer).await).await.expect("a key");
    let sealed = vault::seal(&key, &context(stage), [7; 32], text.as_bytes()).expect("sealed");
    let archive = stage.world.database(&stage.tenant, &"archive".parse().expect("a store"));
    archive.put_object("shop-archive", OBJECT, sealed.clone());
    sealed
}

/// What anybody can read of it: `None` if the key is gone.
async fn readable(stage: &Stage, customer: &str, sealed: &[u8]) -> Option<Result<Vec<u8>, VaultError>> {
    let version = Header::read(sealed).expect("a header").key_version();
    let scope = scope(stage, customer).await;
    let key = stage.world.keyring().open_version(&scope, version).await.expect("an answer")?;
    Some(vault::open(&key, &context(stage), sealed))
}

fn said(stage: &Stage, id: &RequestId) -> Option<Timestamp> {
    let tasks = stage.world.tasks_of(&stage.tenant, id);
    tasks.into_iter().find(|t| t.op == Operation::Erase && t.store.as_str() == "archive")?.true_from
}

/// What was sealed stays where it is and cannot be read; that is not claimed before every cache of the
/// key has expired.
#[tokio::test]
async fn an_archive_is_erased_by_destroying_the_persons_key_and_not_called_so_early() {
    let mut stage = stage();
    stage.manner.twice = true;
    let (theirs, neighbours) = (append(&stage, "1", "bought").await, append(&stage, "11", "returned").await);
    assert_eq!(readable(&stage, "1", &theirs).await, Some(Ok(b"bought".to_vec())));
    let id = stage.submit(PERSON).await;
    let request = stage.play_to_the_end(&id).await;
    assert_eq!(request.status, Status::Fulfilled);

    assert_eq!(readable(&stage, "1", &theirs).await, None);
    assert_eq!(readable(&stage, "11", &neighbours).await, Some(Ok(b"returned".to_vec())));
    let archive = stage.world.database(&stage.tenant, &"archive".parse().expect("a store"));
    assert_eq!(archive.objects("shop-archive"), [OBJECT], "the archive itself was not touched");
    assert_eq!(tally(&stage, &id, Operation::Erase, "archive").erased, 1);
    assert_eq!(tally(&stage, &id, Operation::Confirm, "archive").residue, Some(0));

    let true_from = said(&stage, &id).expect("since when it is true");
    let events = stage.world.events_of(&stage.tenant, &id);
    let erased = events.iter().find(|e| {
        e.kind.as_str() == "store.erased" && e.store.as_ref().is_some_and(|s| s.as_str() == "archive")
    });
    let destroyed = erased.expect("it was erased").at;
    assert!(true_from.duration_since(destroyed) >= SignedDuration::from_mins(19), "{true_from} {destroyed}");
    assert!(request.closed_at.is_some_and(|closed| closed >= true_from), "nothing was said before");
    assert!(events.iter().any(|e| e.kind.as_str() == "request.settling"));
}

/// Nobody's key: nothing of the archive holds the request up.
#[tokio::test]
async fn a_person_without_a_key_is_not_waited_for() {
    let stage = stage();
    let id = stage.submit(PERSON).await;
    let request = stage.play_to_the_end(&id).await;
    assert_eq!((request.status, said(&stage, &id)), (Status::Fulfilled, None));
}

/// It opens nothing for anybody, and what it sealed may be opened by whoever has a copy of it: it goes like
/// any other.
#[tokio::test]
async fn a_damaged_key_is_found_and_destroyed() {
    let stage = stage();
    append(&stage, "1", "bought").await;
    let scope = scope(&stage, "1").await;
    stage.world.damage_key(&scope);
    assert!(stage.world.keyring().open(&scope).await.is_err());
    let id = stage.submit(PERSON).await;
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::Fulfilled);
    assert_eq!(tally(&stage, &id, Operation::Erase, "archive").erased, 1);
    assert_eq!(stage.world.keyring().exists(&scope).await, Ok(false));
    assert!(said(&stage, &id).is_some(), "what it sealed is gone from then on");
}

/// A key that is made anew between destroying and reading again is residue, and is destroyed as well.
#[tokio::test]
async fn a_key_that_comes_back_is_residue() {
    let stage = stage();
    append(&stage, "1", "bought").await;
    let mut written = false;
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        if function == "ConfirmStoreFunctionArn" && !written {
            written = true;
            at_once(append(stage, "1", "bought again"));
        }
    }));
    let id = stage.submit(PERSON).await;
    let request = stage.play_to_the_end(&id).await;
    assert_eq!((request.status, request.residue_rounds), (Status::Fulfilled, 1));
    let open = stage.world.keyring().open(&scope(&stage, "1").await).await.expect("an answer");
    assert!(open.is_none());
}

/// Whatever a service knew the person by: all that are known are looked for.
#[tokio::test]
async fn a_key_for_another_identity_of_the_person_is_destroyed_too() {
    let stage = stage();
    let names = Pseudonymiser::of(&*stage.world.keyring(), &stage.tenant).await.expect("keys");
    let email = Identity::new("email".parse().expect("a type"), &Personal::new(PERSON)).expect("an identity");
    let scope = KeyScope::Subject(stage.tenant.clone(), names.subject(&email).expect("a pseudonym"));
    stage.world.keyring().obtain(&scope).await.expect("a key");
    // The request names the number; the address is found on the way.
    let id = stage.submit_all(&[("customer_id", "1")]).await;
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::Fulfilled);
    assert!(stage.world.keyring().open(&scope).await.expect("an answer").is_none());
}

/// One that is made while the caches are waited for is found, too: the store is read once more.
#[tokio::test]
async fn a_key_that_comes_back_during_the_wait_is_residue() {
    let stage = stage();
    append(&stage, "1", "bought").await;
    *stage.happening.lock().expect("not poisoned") = Some(again_while_settling());
    let id = stage.submit(PERSON).await;
    let request = stage.play_to_the_end(&id).await;
    assert_eq!((request.status, request.residue_rounds), (Status::Fulfilled, 1));
    let open = stage.world.keyring().open(&scope(&stage, "1").await).await.expect("an answer");
    assert!(open.is_none());
}

fn again_while_settling() -> Happening {
    Box::new(|stage, _| {
        let request = &stage.world.all_requests()[0];
        let events = stage.world.events_of(&stage.tenant, &request.id);
        if events.iter().any(|e| e.kind.as_str() == "request.settling") {
            at_once(append(stage, "1", "bought again"));
        } else {
            *stage.happening.lock().expect("not poisoned") = Some(again_while_settling());
        }
        Next::GoOn
    })
}

/// What was destroyed before somebody denied the rest is waited for as well.
#[tokio::test]
async fn a_denial_after_keys_were_destroyed_ends_when_that_is_true() {
    for clear in 3..8 {
        let stage = stage();
        append(&stage, "1", "bought").await;
        for verdict in std::iter::repeat_n(Verdict::Clear, clear) {
            stage.world.answer_next("legal-desk", Ok(verdict));
        }
        stage.world.answer_always("legal-desk", Ok(Verdict::Deny { reason: "fraud".into() }));
        let id = stage.submit(PERSON).await;
        let request = stage.play_to_the_end(&id).await;
        let true_from = said(&stage, &id);
        assert!(
            true_from.is_none_or(|from| request.closed_at.is_some_and(|closed| closed >= from)),
            "{clear}"
        );
        if request.status == Status::PartiallyFulfilled && true_from.is_some() {
            return;
        }
    }
    panic!("no denial came after the archive");
}

/// A guest, whom no store knows: what was sealed under the address goes, whatever the archive names.
#[tokio::test]
async fn a_key_is_found_though_nothing_else_of_the_person_is() {
    const GUEST: &str = "guest@example.com";
    let badge = "badge: { category: user.unique_id, class: restricted, identity: badge }";
    let number =
        "customer_id: { category: user.unique_id, class: restricted, kind: number, identity: customer_id }";
    for (stores, kind, who) in [
        (ARCHIVE.to_owned(), "email", GUEST),
        (archive_of(badge), "customer_id", "guest-57"),
        (archive_of(number), "customer_id", "guest-57"),
    ] {
        let mut stage = stage_with(&stores);
        stage.manner.twice = true;
        make_key(&stage, kind, who).await;
        let id = stage.submit_all(&[(kind, who)]).await;
        let request = stage.play_to_the_end(&id).await;
        assert!(!has_key(&stage, kind, who).await, "{kind}");
        assert_eq!(request.status, Status::Fulfilled, "there was something to erase");
        assert_eq!(tally(&stage, &id, Operation::Locate, "archive").located, 1);
        assert_eq!(tally(&stage, &id, Operation::Erase, "archive").erased, 1);
        assert_eq!(tally(&stage, &id, Operation::Confirm, "archive").residue, Some(0));
        let true_from = said(&stage, &id).expect("since when it is true");
        assert!(request.closed_at.is_some_and(|closed| closed >= true_from));
    }
}

/// Neither a record nor a key.
#[tokio::test]
async fn nobody_is_still_nobody() {
    let stage = stage();
    let id = stage.submit("guest@example.com").await;
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::NoMatch);
}

/// The archive names what nobody is known by; the number is found on the way.
#[tokio::test]
async fn a_key_for_an_identity_of_a_later_round_is_destroyed() {
    let stage =
        stage_with(&archive_of("badge: { category: user.unique_id, class: restricted, identity: badge }"));
    make_key(&stage, "customer_id", "1").await;
    make_key(&stage, "customer_id", "11").await;
    let id = stage.submit(PERSON).await;
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::Fulfilled);
    assert!(!has_key(&stage, "customer_id", "1").await);
    assert!(has_key(&stage, "customer_id", "11").await, "the neighbour's");
}

/// It is made for another identity than the one that was destroyed.
#[tokio::test]
async fn a_key_that_comes_back_for_another_identity_is_residue() {
    let stage =
        stage_with(&archive_of("badge: { category: user.unique_id, class: restricted, identity: badge }"));
    make_key(&stage, "customer_id", "1").await;
    let mut written = false;
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        if function == "ConfirmStoreFunctionArn" && !written {
            written = true;
            at_once(make_key(stage, "email", PERSON));
        }
    }));
    let id = stage.submit(PERSON).await;
    let request = stage.play_to_the_end(&id).await;
    assert_eq!((request.status, request.residue_rounds), (Status::Fulfilled, 1));
    assert!(!has_key(&stage, "email", PERSON).await);
}

/// Whoever keeps keys for a day keeps this one too: what it sealed may be in any of the collections.
#[tokio::test]
async fn the_longest_wait_of_all_collections_counts() {
    let letters = archive_of("email: { category: user.contact.email, class: confidential, identity: email }");
    let letters = letters.replace("id: archive", "id: letters").replace("PT20M", "PT24H");
    let stage = stage_with(&format!("{ARCHIVE}{letters}"));
    make_key(&stage, "customer_id", "999").await;
    let id = stage.submit_all(&[("customer_id", "999")]).await;
    let request = stage.play_to_the_end(&id).await;
    let true_from = said(&stage, &id).expect("since when it is true");
    let events = stage.world.events_of(&stage.tenant, &id);
    let destroyed = events.iter().find(|e| e.kind.as_str() == "store.erased").expect("it was erased").at;
    assert!(true_from.duration_since(destroyed) >= SignedDuration::from_hours(23), "{true_from} {destroyed}");
    assert!(request.closed_at.is_some_and(|closed| closed >= true_from), "nothing was said before");
}
