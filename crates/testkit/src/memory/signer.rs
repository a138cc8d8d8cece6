//! The signing key: a real one, so that what it signs can be checked.

use std::sync::OnceLock;

use async_trait::async_trait;
use aws_lc_rs::digest::{Digest, SHA256, digest};
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ports::{Class, Fault, PublicKey, Signature, Signer};

use super::World;
use crate::inject::{Point, fault};

const ID: &str = "memory:signing-key";

/// The key of one world: the same for the same seed. Made when it is asked for.
pub(super) struct SigningKey {
    seed: u64,
    made: OnceLock<Option<EcdsaKeyPair>>,
}

impl SigningKey {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, made: OnceLock::new() }
    }

    fn pair(&self, point: Point) -> Result<&EcdsaKeyPair, Fault> {
        let made = self.made.get_or_init(|| {
            let number = digest(&SHA256, &[b"signing key", &self.seed.to_be_bytes()[..]].concat());
            // An ECPrivateKey (RFC 5915) of P-256, without the public one: it follows from the other.
            let mut key = vec![0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20];
            key.extend_from_slice(number.as_ref());
            key.extend_from_slice(&[0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]);
            EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, &key).ok()
        });
        made.as_ref().ok_or_else(|| fault(point, Class::Permanent, ID, "the key is none"))
    }
}

#[async_trait]
impl Signer for World {
    async fn sign(&self, digest: &[u8; 32]) -> Result<Signature, Fault> {
        let point = Point::SignerSign;
        self.injector().pass(point, ID, || {
            let digest = Digest::import_less_safe(digest, &SHA256);
            let pair = self.inner.signing_key.pair(point)?;
            let signed = digest.and_then(|digest| pair.sign_digest(&digest));
            let bytes = signed.ok().and_then(|signed| signed.as_ref().try_into().ok());
            let bytes = bytes.ok_or_else(|| fault(point, Class::Permanent, ID, "not signed"))?;
            Ok(Signature { bytes, key_id: ID.to_owned() })
        })
    }

    async fn public_key(&self) -> Result<PublicKey, Fault> {
        let point = Point::SignerPublicKey;
        self.injector().pass(point, ID, || {
            let der = self.inner.signing_key.pair(point)?.public_key().as_der();
            let der = der.map_err(|_| fault(point, Class::Permanent, ID, "the key is none"))?;
            Ok(PublicKey { key_id: ID.to_owned(), pem: pem(&STANDARD.encode(der.as_ref())) })
        })
    }
}

fn pem(text: &str) -> String {
    let lines = text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok());
    let lines: Vec<&str> = lines.collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}
