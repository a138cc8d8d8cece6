//! Proofs, and who signs them.

use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use ports::{Class, Evidence, MOST_EVIDENCE, MOST_NOTE, Notary, Put};

/// The ports, and what is behind them.
#[derive(Clone)]
pub struct Archive {
    /// The bucket.
    pub evidence: Arc<dyn Evidence>,
    /// Who signs notes.
    pub notary: Arc<dyn Notary>,
    /// What is in the bucket.
    pub inside: Arc<dyn Inside>,
}

/// What somebody can do whom the bucket's policy does not stop, and its lock does not.
#[async_trait]
pub trait Inside: Send + Sync {
    /// Writes a version above what is there.
    async fn overlay(&self, key: &str, bytes: Vec<u8>);
    /// Deletes an object without naming a version.
    async fn mark_deleted(&self, key: &str);
}

async fn get(a: &Archive, key: &str) -> Option<Vec<u8>> {
    a.evidence.get(key).await.expect("an answer")
}

async fn put(a: &Archive, key: &str, byte: u8) -> Put {
    a.evidence.put_once(key, vec![byte]).await.expect("an answer")
}

/// And stays what it was.
pub async fn an_object_is_written_once(a: &Archive) {
    let key = "once/a";
    assert_eq!(get(a, key).await, None);
    assert_eq!(put(a, key, 1).await, Put::Written);
    for other in [1, 2] {
        assert_eq!(put(a, key, other).await, Put::There);
        assert_eq!(get(a, key).await, Some(vec![1]));
    }
    // A key is not what another begins with.
    for other in ["once/", "once/a/b", "once/ab", "once/A"] {
        assert_eq!(get(a, other).await, None, "{other}");
        assert_eq!(put(a, other, 3).await, Put::Written, "{other}");
    }
    assert_eq!(get(a, key).await, Some(vec![1]));
    assert_eq!(a.evidence.put_once("once/nothing", Vec::new()).await, Ok(Put::Written));
    assert_eq!(get(a, "once/nothing").await, Some(Vec::new()));
}

/// All of them learn which.
pub async fn of_many_who_write_at_once_one_does(a: &Archive) {
    let key = "race/a";
    let racing = (0_u8..8).map(|byte| async move { (byte, a.evidence.put_once(key, vec![byte]).await) });
    let answers = futures::future::join_all(racing).await;
    let mut won = Vec::new();
    for (byte, answer) in answers {
        match answer {
            Ok(Put::Written) => won.push(byte),
            Ok(Put::There) => {}
            // What became of the other's write was not known yet.
            Err(fault) => assert_eq!(fault.class, Class::Transient),
        }
    }
    let there = get(a, key).await.expect("one of them");
    assert_eq!(won, there);
}

/// Later versions, a delete marker, and what is let in above one.
pub async fn the_first_version_counts_whatever_lies_above_it(a: &Archive) {
    let key = "covered/a";
    assert_eq!(put(a, key, 1).await, Put::Written);
    for byte in [2, 3] {
        a.inside.overlay(key, vec![byte]).await;
        assert_eq!(get(a, key).await, Some(vec![1]));
    }
    a.inside.mark_deleted(key).await;
    assert_eq!(get(a, key).await, Some(vec![1]));
    for byte in [4, 5] {
        assert_eq!(put(a, key, byte).await, Put::There);
        assert_eq!(get(a, key).await, Some(vec![1]));
    }
    a.inside.mark_deleted(key).await;
    assert_eq!(a.evidence.list("covered/", None, 10).await, Ok(vec![key.to_owned()]));

    // A marker is no object: what is written above it is the first.
    let key = "covered/b";
    a.inside.mark_deleted(key).await;
    assert_eq!(get(a, key).await, None);
    assert_eq!(a.evidence.list("covered/b", None, 10).await, Ok(Vec::new()));
    assert_eq!(put(a, key, 1).await, Put::Written);
    assert_eq!(get(a, key).await, Some(vec![1]));
}

/// Each once, however many versions it has.
pub async fn keys_are_listed_in_order_page_by_page(a: &Archive) {
    let mut expect: Vec<String> = (1..=25).map(|n| format!("list/{n}")).collect();
    for key in &expect {
        assert_eq!(put(a, key, 1).await, Put::Written);
    }
    for outside in ["lis", "list", "list.", "list0", "lists/1"] {
        put(a, outside, 1).await;
    }
    for covered in [&expect[0], &expect[11], &expect[24]] {
        a.inside.overlay(covered, vec![2]).await;
        a.inside.mark_deleted(covered).await;
        a.inside.overlay(covered, vec![3]).await;
        a.inside.mark_deleted(covered).await;
    }
    // As bytes sort, and not as numbers do.
    expect.sort();
    for most in [1, 7, 25, 100] {
        let (mut found, mut after) = (Vec::new(), None);
        for _ in 0..30 {
            let page = a.evidence.list("list/", after.as_deref(), most).await.expect("a page");
            assert!(page.len() <= most);
            after = page.last().cloned();
            found.extend(page);
            if after.is_none() {
                break;
            }
        }
        assert_eq!(found, expect, "{most} at once");
    }
    assert_eq!(a.evidence.list("list/", None, 0).await, Ok(Vec::new()));
    assert_eq!(a.evidence.list("list/", Some("list/3"), 2).await, Ok(expect[19..21].to_vec()));
    // After a key that is not there, before all, and behind all.
    assert_eq!(a.evidence.list("list/", Some("list/30"), 1).await, Ok(vec!["list/4".to_owned()]));
    assert_eq!(a.evidence.list("list/", Some("a"), 1).await, Ok(vec!["list/1".to_owned()]));
    assert_eq!(a.evidence.list("list/", Some("list/9"), 1).await, Ok(Vec::new()));
    assert_eq!(a.evidence.list("nowhere/", None, 1).await, Ok(Vec::new()));
}

/// An object, and a text.
pub async fn what_is_too_large_is_refused(a: &Archive) {
    let most = a.evidence.put_once("large/most", vec![7; MOST_EVIDENCE]).await;
    assert_eq!(most, Ok(Put::Written));
    assert_eq!(get(a, "large/most").await.map(|bytes| bytes.len()), Some(MOST_EVIDENCE));
    let more = a.evidence.put_once("large/more", vec![7; MOST_EVIDENCE + 1]).await;
    assert_eq!(more.map_err(|fault| fault.class), Err(Class::Permanent));
    assert_eq!(get(a, "large/more").await, None);
    let more = a.notary.sign(&vec![b'a'; MOST_NOTE + 1]).await;
    assert_eq!(more.map_err(|fault| fault.class), Err(Class::Permanent));
}

/// By whoever has it, and nothing else is. The same text has the same signature.
pub async fn a_note_is_checked_with_the_public_key(a: &Archive) {
    let public = a.notary.public_key().await.expect("a key");
    let key = UnparsedPublicKey::new(&ED25519, public);
    for text in [b"a".to_vec(), b"log.example/demo\n1\n".to_vec(), vec![b'a'; MOST_NOTE]] {
        let signed = a.notary.sign(&text).await.expect("signed");
        assert!(key.verify(&text, &signed).is_ok());
        assert_eq!(a.notary.sign(&text).await, Ok(signed));
        let other = [&text[..], b"\n"].concat();
        assert!(key.verify(&other, &signed).is_err());
        let mut forged = signed;
        forged[0] ^= 1;
        assert!(key.verify(&text, &forged).is_err());
    }
}
