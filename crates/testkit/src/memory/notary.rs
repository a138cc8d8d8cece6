//! The notary's key: a real one, so that what it signs can be checked.

use std::sync::OnceLock;

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use ports::{Class, Fault, MOST_NOTE, Notary};

use super::World;
use crate::inject::{Point, fault};

const ID: &str = "memory:notary-key";

/// The key of one world: the same for the same seed. Made when it is asked for.
pub(super) struct NotaryKey {
    seed: u64,
    made: OnceLock<Option<Ed25519KeyPair>>,
}

impl NotaryKey {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, made: OnceLock::new() }
    }

    fn pair(&self, point: Point) -> Result<&Ed25519KeyPair, Fault> {
        let made = self.made.get_or_init(|| {
            let seed = digest(&SHA256, &[b"notary key", &self.seed.to_be_bytes()[..]].concat());
            Ed25519KeyPair::from_seed_unchecked(seed.as_ref()).ok()
        });
        made.as_ref().ok_or_else(|| fault(point, Class::Permanent, ID, "the key is none"))
    }
}

#[async_trait]
impl Notary for World {
    async fn sign(&self, text: &[u8]) -> Result<[u8; 64], Fault> {
        let point = Point::NotarySign;
        self.injector().pass(point, ID, || {
            if text.len() > MOST_NOTE {
                return Err(fault(point, Class::Permanent, ID, "too-large"));
            }
            let signed = self.inner.notary.pair(point)?.sign(text);
            signed.as_ref().try_into().map_err(|_| fault(point, Class::Permanent, ID, "not signed"))
        })
    }

    async fn public_key(&self) -> Result<[u8; 32], Fault> {
        let point = Point::NotaryPublicKey;
        self.injector().pass(point, ID, || {
            let public = self.inner.notary.pair(point)?.public_key();
            public.as_ref().try_into().map_err(|_| fault(point, Class::Permanent, ID, "the key is none"))
        })
    }
}
