//! Signing notes with a key that never leaves the key service.

use async_trait::async_trait;
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use ports::{Class, Code, Fault, MOST_NOTE, Notary};

use crate::sdk;

const SIGN: &str = "kms:Sign";
const PUBLIC: &str = "kms:GetPublicKey";

/// Signs by an asymmetric key of KMS: `ECC_NIST_EDWARDS25519`, for signing.
#[derive(Debug, Clone)]
pub struct KmsNotary {
    client: Client,
    key: String,
}

impl KmsNotary {
    /// Signs with the key of this id or ARN.
    pub fn new(client: Client, key: impl Into<String>) -> Self {
        Self { client, key: key.into() }
    }

    /// An answer that is not what was asked for, or a question that is none. A key of another kind is somebody's
    /// to mend.
    fn unusable(&self, operation: &'static str, detail: &str) -> Fault {
        Fault::new(Class::Permanent, Code::KeyUnavailable, operation, &self.key, detail)
    }
}

/// How the `SubjectPublicKeyInfo` of Ed25519 begins (RFC 8410, section 4); 32 bytes follow.
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The public key of Ed25519 in its encoding; `None` if it is another.
fn raw(spki: &[u8]) -> Option<[u8; 32]> {
    spki.strip_prefix(&SPKI)?.try_into().ok()
}

#[async_trait]
impl Notary for KmsNotary {
    async fn sign(&self, text: &[u8]) -> Result<[u8; 64], Fault> {
        if text.len() > MOST_NOTE {
            return Err(self.unusable(SIGN, "too-large"));
        }
        let answer = self
            .client
            .sign()
            .key_id(&self.key)
            .message(Blob::new(text))
            // All of it, and no digest: a digest would be signed as Ed25519ph, which no reader of notes knows.
            .message_type(MessageType::Raw)
            .signing_algorithm(SigningAlgorithmSpec::Ed25519Sha512)
            .send()
            .await
            .map_err(|e| sdk::fault(Code::KeyUnavailable, SIGN, &self.key, &e))?;
        let bytes = answer.signature().and_then(|signed| signed.as_ref().try_into().ok());
        bytes.ok_or_else(|| self.unusable(SIGN, "not-a-signature"))
    }

    async fn public_key(&self) -> Result<[u8; 32], Fault> {
        let call = self.client.get_public_key().key_id(&self.key).send().await;
        let answer = call.map_err(|e| sdk::fault(Code::KeyUnavailable, PUBLIC, &self.key, &e))?;
        let key = answer.public_key().and_then(|spki| raw(spki.as_ref()));
        key.ok_or_else(|| self.unusable(PUBLIC, "not-an-ed25519-key"))
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::AsDer as _;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
        UnparsedPublicKey,
    };
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    use super::*;
    use crate::testing::{Answer, Asked, Canned, canned};

    async fn notary(answer: Answer) -> (KmsNotary, Canned) {
        let server = canned(move |_: &Asked| answer.clone()).await;
        (KmsNotary::new(Client::new(&server.sdk()), "2"), server)
    }

    #[test]
    fn a_public_key_is_read_if_it_is_of_ed25519() {
        let pair = Ed25519KeyPair::generate().expect("a key");
        let spki = pair.public_key().as_der().expect("a public key");
        let spki = spki.as_ref();
        assert_eq!(raw(spki).as_ref().map(<[u8; 32]>::as_slice), Some(pair.public_key().as_ref()));
        let other = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key");
        let other = other.public_key().as_der().expect("a public key");
        let longer = [spki, &[0][..]].concat();
        for not in [&[][..], &spki[1..], &spki[..43], &spki[..12], &longer, other.as_ref()] {
            assert_eq!(raw(not), None, "{not:02x?}");
        }
    }

    #[tokio::test]
    async fn the_text_itself_is_signed() {
        let text = b"log.example/demo\n1\n";
        let pair = Ed25519KeyPair::generate().expect("a key");
        let signed = STANDARD.encode(pair.sign(text).as_ref());
        let spki = STANDARD.encode(pair.public_key().as_der().expect("a public key").as_ref());
        let body = json!({"KeyId": "2", "Signature": signed, "PublicKey": spki}).to_string();
        let (notary, server) = notary(Answer::json(200, &body)).await;
        let signature = notary.sign(text).await.expect("signed");
        let public = notary.public_key().await.expect("a key");
        UnparsedPublicKey::new(&ED25519, public).verify(text, &signature).expect("verified");
        let asked: serde_json::Value = serde_json::from_slice(&server.asked()[0].body).expect("JSON");
        let expect = json!({
            "KeyId": "2",
            "Message": STANDARD.encode(text),
            "MessageType": "RAW",
            "SigningAlgorithm": "ED25519_SHA_512",
        });
        assert_eq!(asked, expect);
    }

    #[tokio::test]
    async fn what_kms_would_not_take_is_not_sent() {
        let (notary, server) = notary(Answer::json(200, "{}")).await;
        let fault = notary.sign(&[b'a'; MOST_NOTE + 1]).await.expect_err("none");
        assert_eq!((fault.class, &*fault.detail), (Class::Permanent, "too-large"));
        assert!(server.asked().is_empty());
        let fault = notary.sign(&[b'a'; MOST_NOTE]).await.expect_err("none");
        assert_eq!(&*fault.detail, "not-a-signature");
        assert_eq!(server.asked().len(), 1);
    }

    #[tokio::test]
    async fn what_is_no_signature_and_no_key_is_a_permanent_fault() {
        for body in [json!({}), json!({"Signature": "AAAA", "PublicKey": "AAAA"})] {
            let (notary, _server) = notary(Answer::json(200, &body.to_string())).await;
            let fault = notary.sign(b"text").await.expect_err("none");
            assert_eq!((fault.class, &*fault.detail), (Class::Permanent, "not-a-signature"));
            let fault = notary.public_key().await.expect_err("none");
            assert_eq!((fault.class, &*fault.detail), (Class::Permanent, "not-an-ed25519-key"));
        }
    }

    #[tokio::test]
    async fn a_refusal_is_known_by_its_code() {
        for (status, kind, class) in [
            (400, "DisabledException", Class::Permanent),
            (400, "AccessDeniedException", Class::Permanent),
            (400, "ThrottlingException", Class::Throttled),
            (500, "KMSInternalException", Class::Transient),
        ] {
            let body = format!(r#"{{"__type":"{kind}","message":"about a text"}}"#);
            let (notary, _server) = notary(Answer::json(status, &body)).await;
            let expect = |operation| Fault::new(class, Code::KeyUnavailable, operation, "2", kind);
            assert_eq!(notary.sign(b"text").await, Err(expect("kms:Sign")));
            assert_eq!(notary.public_key().await, Err(expect("kms:GetPublicKey")));
        }
    }
}
