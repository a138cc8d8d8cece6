//! Packages, links to them, and what signs them.

use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{RequestId, TenantId};
use jiff::SignedDuration;
use ports::{Class, Link, Links, Packages, Signer, Upload};

use super::fixtures::{now, tenant};

/// The ports, and what is behind them.
#[derive(Clone)]
pub struct Exports {
    /// The bucket.
    pub packages: Arc<dyn Packages>,
    /// Who signs links into it.
    pub links: Arc<dyn Links>,
    /// The signing key.
    pub signer: Arc<dyn Signer>,
    /// What is in the bucket.
    pub inside: Arc<dyn Inside>,
}

/// What the ports do not show.
#[async_trait]
pub trait Inside: Send + Sync {
    /// The object with this key, if it is there.
    async fn read(&self, key: &str) -> Option<Vec<u8>>;
    /// How many versions and delete markers are below a prefix.
    async fn versions(&self, prefix: &str) -> usize;
    /// How many unfinished uploads are below a prefix.
    async fn unfinished(&self, prefix: &str) -> usize;
    /// Deletes an object without naming a version.
    async fn mark_deleted(&self, key: &str);
    /// What somebody gets who has nothing but a link.
    async fn fetch(&self, url: &str) -> Option<Vec<u8>>;
    /// Lets time go by.
    async fn pass(&self, time: SignedDuration);
}

const NAME: &str = "export.zip";

/// So many that they do not go up at once.
const LARGE: usize = 20_000_000;

fn request(n: u128) -> RequestId {
    RequestId::new(now(), n)
}

fn prefix(tenant: &TenantId, id: &RequestId) -> String {
    format!("{tenant}/{id}/")
}

fn bytes(size: usize) -> Vec<u8> {
    (0_u8..=250).cycle().take(size).collect()
}

async fn begun(exports: &Exports, tenant: &TenantId, id: &RequestId) -> Box<dyn Upload> {
    exports.packages.begin(tenant, id, NAME).await.expect("begun")
}

async fn stored(exports: &Exports, tenant: &TenantId, id: &RequestId, whole: Vec<u8>) {
    let mut upload = begun(exports, tenant, id).await;
    upload.write(whole).await.expect("written");
    upload.finish().await.expect("finished");
}

/// Nothing, one byte, and many in odd pieces.
pub async fn a_package_is_there_whole_when_it_is_finished(exports: &Exports) {
    let tenant = tenant("pkg-whole");
    for (n, size) in [(1, 0), (2, 1), (3, LARGE)] {
        let id = request(n);
        let key = format!("{}{NAME}", prefix(&tenant, &id));
        let whole = bytes(size);
        let mut upload = begun(exports, &tenant, &id).await;
        for piece in whole.chunks(777_777) {
            upload.write(piece.to_vec()).await.expect("written");
        }
        assert_eq!(exports.inside.read(&key).await, None, "{size}");
        assert_eq!(exports.inside.versions(&prefix(&tenant, &id)).await, 0, "{size}");
        upload.finish().await.expect("finished");
        assert!(exports.inside.read(&key).await == Some(whole), "{size}");
        assert_eq!(exports.inside.unfinished(&prefix(&tenant, &id)).await, 0, "{size}");
    }
}

/// Whether it is given up or let go of.
pub async fn an_abandoned_package_leaves_nothing(exports: &Exports) {
    let (tenant, id) = (tenant("pkg-abandoned"), request(1));
    let below = prefix(&tenant, &id);
    for dropped in [false, true] {
        let mut upload = begun(exports, &tenant, &id).await;
        upload.write(bytes(LARGE)).await.expect("written");
        assert_eq!(exports.inside.unfinished(&below).await, 1);
        if dropped {
            drop(upload);
            for _ in 0..100 {
                if exports.inside.unfinished(&below).await == 0 {
                    break;
                }
                exports.inside.pass(SignedDuration::from_millis(50)).await;
            }
        } else {
            upload.abandon().await.expect("abandoned");
        }
        assert_eq!(exports.inside.unfinished(&below).await, 0, "{dropped}");
        assert_eq!(exports.inside.versions(&below).await, 0, "{dropped}");
    }
}

/// The earlier one cannot finish, and what it says is that to begin again helps.
pub async fn a_later_attempt_ends_an_earlier_one(exports: &Exports) {
    let (tenant, id) = (tenant("pkg-later"), request(1));
    let mut earlier = begun(exports, &tenant, &id).await;
    earlier.write(bytes(LARGE)).await.expect("written");
    let mut later = begun(exports, &tenant, &id).await;
    later.write(vec![1]).await.expect("written");
    let fault = earlier.finish().await.expect_err("ended");
    assert_eq!(fault.class, Class::Transient);
    later.finish().await.expect("finished");
    let below = prefix(&tenant, &id);
    assert_eq!(exports.inside.read(&format!("{below}{NAME}")).await, Some(vec![1]));
    assert_eq!(exports.inside.unfinished(&below).await, 0);
}

/// Versions, markers, and what was never finished; and nothing of another request, another tenant, or one
/// whose name begins alike.
pub async fn destroying_leaves_nothing_of_a_request_and_all_of_others(exports: &Exports) {
    let (mine, alike) = (tenant("pkg-gone"), tenant("pkg-gone-2"));
    let (id, other) = (request(1), request(2));
    let below = prefix(&mine, &id);
    exports.packages.destroy(&mine, &id).await.expect("of nothing, nothing is left");
    for version in 0..3 {
        stored(exports, &mine, &id, vec![version]).await;
    }
    exports.inside.mark_deleted(&format!("{below}{NAME}")).await;
    exports.inside.mark_deleted(&format!("{below}never-there")).await;
    let mut unfinished = exports.packages.begin(&mine, &id, "export.zip.age").await.expect("begun");
    unfinished.write(bytes(LARGE)).await.expect("written");
    for (tenant, id) in [(&mine, &other), (&alike, &id)] {
        stored(exports, tenant, id, vec![7]).await;
    }
    assert!(exports.inside.versions(&below).await >= 4);
    assert_eq!(exports.inside.unfinished(&below).await, 1);
    for _ in 0..2 {
        exports.packages.destroy(&mine, &id).await.expect("destroyed");
        assert_eq!(exports.inside.versions(&below).await, 0);
        assert_eq!(exports.inside.unfinished(&below).await, 0);
    }
    for (tenant, id) in [(&mine, &other), (&alike, &id)] {
        let key = format!("{}{NAME}", prefix(tenant, id));
        assert_eq!(exports.inside.read(&key).await, Some(vec![7]), "{key}");
    }
}

/// What a name is not, and a link that would work too long.
pub async fn what_names_no_package_is_refused(exports: &Exports) {
    let (tenant, id) = (tenant("pkg-names"), request(1));
    stored(exports, &tenant, &id, vec![7]).await;
    let minute = SignedDuration::from_mins(1);
    for name in ["", "..", ".a", "a/b", "*", "a b"] {
        let begun = exports.packages.begin(&tenant, &id, name).await.map(drop);
        assert_eq!(begun.expect_err("refused").class, Class::Permanent, "{name}");
        let link = exports.links.sign(&tenant, &id, name, NAME, minute).await;
        assert_eq!(link.expect_err("refused").class, Class::Permanent, "{name}");
    }
    for works_for in [minute * 5 + SignedDuration::from_nanos(1), SignedDuration::ZERO, -minute] {
        let link = exports.links.sign(&tenant, &id, NAME, NAME, works_for).await;
        assert_eq!(link.expect_err("refused").class, Class::Permanent, "{works_for}");
    }
}

async fn link(exports: &Exports, tenant: &TenantId, id: &RequestId, seconds: i64) -> Option<Link> {
    let works_for = SignedDuration::from_secs(seconds);
    exports.links.sign(tenant, id, NAME, "data.zip", works_for).await.expect("an answer")
}

/// Nothing else opens with it, and it is for what is there.
pub async fn a_link_opens_one_package_for_a_while(exports: &Exports) {
    let tenant = tenant("pkg-link");
    let (id, other) = (request(1), request(2));
    assert_eq!(link(exports, &tenant, &id, 60).await, None, "not there yet");
    stored(exports, &tenant, &id, bytes(100)).await;
    stored(exports, &tenant, &other, bytes(200)).await;
    let lasting = link(exports, &tenant, &id, 60).await.expect("a link");
    let url = lasting.url.expose();
    assert_eq!(exports.inside.fetch(url).await, Some(bytes(100)));
    assert_eq!(exports.inside.fetch(url).await, Some(bytes(100)), "more than once");

    let elsewhere = url.replace(id.as_str(), other.as_str());
    assert_ne!(elsewhere, url);
    assert_eq!(exports.inside.fetch(&elsewhere).await, None, "it is for one object");
    let (rest, last) = url.split_at(url.len() - 1);
    let tampered = format!("{rest}{}", if last == "0" { "1" } else { "0" });
    assert_eq!(exports.inside.fetch(&tampered).await, None);
    assert_eq!(exports.inside.fetch(&format!("{url}&x=1")).await, None);

    let short = link(exports, &tenant, &id, 2).await.expect("a link");
    assert!(short.expires_at < lasting.expires_at);
    exports.inside.pass(SignedDuration::from_secs(4)).await;
    assert_eq!(exports.inside.fetch(short.url.expose()).await, None, "it is over");
    assert_eq!(exports.inside.fetch(url).await, Some(bytes(100)), "the other one is not");

    exports.packages.destroy(&tenant, &id).await.expect("destroyed");
    assert_eq!(exports.inside.fetch(url).await, None, "it opens nothing any more");
    assert_eq!(link(exports, &tenant, &id, 60).await, None);
    let marked = link(exports, &tenant, &other, 60).await.expect("a link");
    exports.inside.mark_deleted(&format!("{}{NAME}", prefix(&tenant, &other))).await;
    assert_eq!(link(exports, &tenant, &other, 60).await, None);
    assert_eq!(exports.inside.fetch(marked.url.expose()).await, None);
}

/// By whoever has the public key, and nothing else.
pub async fn a_signature_is_checked_with_the_public_key(exports: &Exports) {
    let public = exports.signer.public_key().await.expect("a key");
    let body = public.pem.strip_prefix("-----BEGIN PUBLIC KEY-----\n").expect("its first line");
    let body = body.strip_suffix("\n-----END PUBLIC KEY-----\n").expect("its last line");
    assert!(body.lines().all(|line| line.len() <= 64));
    let spki = STANDARD.decode(body.replace('\n', "")).expect("base64");
    assert_eq!(spki.len(), 91, "a point of P-256");
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &spki[26..]);
    for message in [vec![], b"a message".to_vec(), bytes(10_000)] {
        let digest = vault::sha256(&message);
        let signed = exports.signer.sign(&digest).await.expect("signed");
        assert_eq!(signed.key_id, public.key_id);
        assert!(key.verify(&message, &signed.bytes).is_ok());
        let mut other = message.clone();
        other.push(0);
        assert!(key.verify(&other, &signed.bytes).is_err());
        let mut forged = signed.bytes;
        forged[63] ^= 1;
        assert!(key.verify(&message, &forged).is_err());
    }
}
