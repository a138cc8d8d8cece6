//! What was sealed opens as the same, and as nothing else.

use contract::vault::{MOST_CONTEXT, MOST_PLAINTEXT};
use vault::{Context, RecordKey};

use super::*;

#[tokio::test]
async fn what_is_sealed_opens_as_what_it_was() {
    let front = front();
    for person in [None, Some(PERSON)] {
        for (context, plain) in [
            ("orders/42", b"4111 1111".to_vec()),
            ("c", Vec::new()),
            ("\u{1f511} any text\n", vec![0; 1]),
            (&"c".repeat(MOST_CONTEXT), (0..=255).cycle().take(MOST_PLAINTEXT).collect()),
        ] {
            let kept = front.seal(context, &plain, person).await;
            assert!(plain.len() < 4 || !kept.sealed.windows(plain.len()).any(|part| part == plain));
            assert_eq!(opened(&front.open(context, &kept.sealed, person).await), plain);
        }
    }
}

#[tokio::test]
async fn sealing_twice_makes_two_and_both_open() {
    let front = front();
    let (a, b) = (front.seal("c", b"same", None).await, front.seal("c", b"same", None).await);
    assert_ne!(a.sealed, b.sealed);
    assert_eq!((a.version, b.version), (1, 1));
    assert_eq!(opened(&front.open("c", &a.sealed, None).await), b"same");
    assert_eq!(opened(&front.open("c", &b.sealed, None).await), b"same");
}

#[tokio::test]
async fn a_person_is_the_same_however_they_are_written() {
    let front = front();
    let kept = front.seal("c", b"p", Some(" Ana.Silva@Example.com ")).await;
    assert_eq!(opened(&front.open("c", &kept.sealed, Some(PERSON)).await), b"p");
    assert_eq!(front.open("c", &kept.sealed, Some("b@example.com")).await.status, 410);
}

#[tokio::test]
async fn each_reason_has_its_code() {
    let front = front();
    let tenants = front.seal("c", b"plain", None).await.sealed;
    let persons = front.seal("c", b"plain", Some(PERSON)).await.sealed;
    front.seal("c", b"plain", Some("b@example.com")).await;
    let flipped = |at: usize| {
        let mut sealed = tenants.clone();
        sealed[at] ^= 1;
        sealed
    };
    let key = front.world.keyring().open(&KeyScope::Fields(tenant("demo"))).await.expect("fine");
    let context = Context { tenant: "demo", purpose: "fields", object: "c" };
    let record = RecordKey::new(&key.expect("a key"), &context, [1; 32]).expect("a record");
    let longer = [tenants.clone(), vec![0]].concat();
    for (context, sealed, person, expect) in [
        ("c", tenants[..95].to_vec(), None, "truncated"),
        ("c", tenants[..100].to_vec(), None, "truncated"),
        ("c", tenants[..tenants.len() - 1].to_vec(), None, "truncated"),
        ("c", Vec::new(), None, "truncated"),
        ("c", flipped(0), None, "not-sealed"),
        ("c", vec![7; 200], None, "not-sealed"),
        ("c", vec![7; 200], Some(PERSON), "not-sealed"),
        ("c", flipped(4), None, "version"),
        ("c", [record.header().as_bytes().to_vec(), vec![0; 16]].concat(), None, "version"),
        ("c", tenants.clone(), Some(PERSON), "other-key"),
        ("c", persons.clone(), None, "other-key"),
        ("c", persons, Some("b@example.com"), "other-key"),
        ("d", tenants.clone(), None, "other-context"),
        ("c", flipped(11), None, "altered"),
        ("c", flipped(20), None, "altered"),
        ("c", flipped(30), None, "altered"),
        ("c", flipped(97), None, "altered"),
        ("c", longer, None, "trailing"),
    ] {
        let answer = front.open(context, &sealed, person).await;
        assert_eq!(refused(&answer), (400, format!("sealed-data/{expect}")), "{}", answer.body);
    }
}

/// Whatever byte it is that was changed, also those that say which key it is.
#[tokio::test]
async fn no_changed_byte_opens() {
    let front = front();
    for person in [None, Some(PERSON)] {
        let kept = front.seal("c", b"plain", person).await;
        for at in 0..kept.sealed.len() {
            for bit in [1, 0x80] {
                let mut sealed = kept.sealed.clone();
                sealed[at] ^= bit;
                let answer = front.open("c", &sealed, person).await;
                let (status, kind) = refused(&answer);
                assert!(status == 400 && kind.starts_with("sealed-data/"), "{at}: {kind}");
                assert!(!answer.body.contains(&STANDARD.encode("plain")));
            }
        }
    }
}

#[tokio::test]
async fn what_was_sealed_for_an_erased_person_is_gone_and_a_new_key_is_another() {
    let front = front();
    let first = front.seal("c", b"before", Some(PERSON)).await;
    let neighbour = front.seal("c", b"kept", Some("b@example.com")).await;
    let tenants = front.seal("c", b"kept", None).await;
    front.erase(PERSON).await;
    let gone = front.open("c", &first.sealed, Some(PERSON)).await;
    assert_eq!(refused(&gone), (410, "key-destroyed".into()), "{}", gone.body);
    assert!(!retried(&gone), "it never comes back");
    let second = front.seal("c", b"after", Some(PERSON)).await;
    assert_eq!((first.version, second.version), (1, 2));
    assert_eq!(opened(&front.open("c", &second.sealed, Some(PERSON)).await), b"after");
    assert_eq!(refused(&front.open("c", &first.sealed, Some(PERSON)).await).0, 410);
    assert_eq!(opened(&front.open("c", &neighbour.sealed, Some("b@example.com")).await), b"kept");
    assert_eq!(opened(&front.open("c", &tenants.sealed, None).await), b"kept");
    // It was erased, and what is not sealed data at all is called that all the same.
    let nothing = front.open("c", &[7; 200], Some(PERSON)).await;
    assert_eq!(refused(&nothing), (400, "sealed-data/not-sealed".into()));
}

/// A version that is yet to come was not destroyed.
#[tokio::test]
async fn a_version_that_never_was_is_not_called_destroyed() {
    let front = front();
    front.seal("c", b"p", Some("b@example.com")).await;
    front.erase("b@example.com").await;
    let second = front.seal("c", b"p", Some("b@example.com")).await;
    front.seal("c", b"p", Some(PERSON)).await;
    let answer = front.open("c", &second.sealed, Some(PERSON)).await;
    assert_eq!(refused(&answer), (400, "sealed-data/key-version".into()));
}

/// A changed byte costs the same wherever it is: in the version, though that version may be there, and behind
/// the header. What opens costs no more.
#[tokio::test]
async fn every_changed_byte_costs_the_same() {
    let front = front();
    front.rotate("fields").await;
    front.rotate("fields").await;
    for person in [None, Some(PERSON)] {
        let kept = front.seal("c", b"plain", person).await;
        front.rotate("fields").await;
        let cost_of = async |sealed: &[u8]| {
            let before = front.world.injector().total();
            let answer = front.open("c", sealed, person).await;
            (front.world.injector().total() - before, answer)
        };
        let (expect, answer) = cost_of(&kept.sealed).await;
        assert_eq!(opened(&answer), b"plain");
        for at in 0..kept.sealed.len() {
            let mut sealed = kept.sealed.clone();
            // In the last byte of the version of the tenant's: 3, which is there.
            sealed[at] ^= 1;
            let (cost, answer) = cost_of(&sealed).await;
            assert_eq!((cost, answer.status), (expect, 400), "{at}: {}", answer.body);
        }
    }
}
