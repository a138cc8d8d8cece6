//! Signing with a key that never leaves the key service.

use async_trait::async_trait;
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::asn1::UintRef;
use der::{Decode, Reader, SliceReader};
use ports::{Class, Code, Fault, PublicKey, Signature, Signer};

use crate::sdk;

/// Signs by an asymmetric key of KMS: `ECC_NIST_P256`, for signing.
#[derive(Debug, Clone)]
pub struct KmsSigner {
    client: Client,
    key: String,
}

impl KmsSigner {
    /// Signs with the key of this id or ARN.
    pub fn new(client: Client, key: impl Into<String>) -> Self {
        Self { client, key: key.into() }
    }

    /// An answer that is not what was asked for. A key of another kind is somebody's to mend.
    fn unusable(&self, operation: &'static str, detail: &str) -> Fault {
        Fault::new(Class::Permanent, Code::KeyUnavailable, operation, &self.key, detail)
    }
}

/// A number of at most 32 bytes, with zeros before it.
fn padded(number: UintRef<'_>, into: &mut [u8]) -> Option<()> {
    let number = number.as_bytes();
    let zeros = into.len().checked_sub(number.len())?;
    into[zeros..].copy_from_slice(number);
    Some(())
}

/// r and s from `ECDSA-Sig-Value` (RFC 3279, section 2.2.3) in DER, which KMS answers with; `None` if it is
/// anything else.
fn fixed(der: &[u8]) -> Option<[u8; 64]> {
    let mut reader = SliceReader::new(der).ok()?;
    let (r, s) = reader
        .sequence(|inner: &mut SliceReader<'_>| {
            Ok::<_, der::Error>((UintRef::decode(inner)?, UintRef::decode(inner)?))
        })
        .ok()?;
    reader.finish().ok()?;
    let mut bytes = [0; 64];
    let (first, second) = bytes.split_at_mut(32);
    padded(r, first)?;
    padded(s, second)?;
    // Neither is ever zero (FIPS 186-5, section 6.4.1).
    (first.iter().any(|b| *b != 0) && second.iter().any(|b| *b != 0)).then_some(bytes)
}

/// How the `SubjectPublicKeyInfo` of an uncompressed point of P-256 begins (RFC 5480); 64 bytes follow.
const SPKI: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];

/// A public key of P-256 as PEM (RFC 7468); `None` if it is another.
fn pem(spki: &[u8]) -> Option<String> {
    if spki.len() != SPKI.len() + 64 || !spki.starts_with(&SPKI) {
        return None;
    }
    let text = STANDARD.encode(spki);
    let (mut lines, mut rest) = (String::from("-----BEGIN PUBLIC KEY-----\n"), text.as_str());
    while !rest.is_empty() {
        let (line, more) = rest.split_at_checked(64).unwrap_or((rest, ""));
        lines.push_str(line);
        lines.push('\n');
        rest = more;
    }
    lines.push_str("-----END PUBLIC KEY-----\n");
    Some(lines)
}

#[async_trait]
impl Signer for KmsSigner {
    async fn sign(&self, digest: &[u8; 32]) -> Result<Signature, Fault> {
        const OPERATION: &str = "kms:Sign";
        let answer = self
            .client
            .sign()
            .key_id(&self.key)
            .message(Blob::new(digest.as_slice()))
            .message_type(MessageType::Digest)
            .signing_algorithm(SigningAlgorithmSpec::EcdsaSha256)
            .send()
            .await
            .map_err(|e| sdk::fault(Code::KeyUnavailable, OPERATION, &self.key, &e))?;
        let bytes = answer.signature().and_then(|der| fixed(der.as_ref()));
        let bytes = bytes.ok_or_else(|| self.unusable(OPERATION, "not-a-signature"))?;
        let key_id = answer.key_id.ok_or_else(|| self.unusable(OPERATION, "no-key-id"))?;
        Ok(Signature { bytes, key_id })
    }

    async fn public_key(&self) -> Result<PublicKey, Fault> {
        const OPERATION: &str = "kms:GetPublicKey";
        let answer = self
            .client
            .get_public_key()
            .key_id(&self.key)
            .send()
            .await
            .map_err(|e| sdk::fault(Code::KeyUnavailable, OPERATION, &self.key, &e))?;
        let pem = answer.public_key().and_then(|spki| pem(spki.as_ref()));
        let pem = pem.ok_or_else(|| self.unusable(OPERATION, "not-a-p256-key"))?;
        let key_id = answer.key_id.ok_or_else(|| self.unusable(OPERATION, "no-key-id"))?;
        Ok(PublicKey { key_id, pem })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Answer, Asked, canned};
    use aws_lc_rs::encoding::AsDer as _;
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_ASN1_SIGNING,
        EcdsaKeyPair, KeyPair as _, UnparsedPublicKey,
    };

    fn check(hex: &str, expect: Option<(&str, &str)>) {
        let got = fixed(&hex::decode(hex).expect("hex")).map(hex::encode);
        let expect = expect.map(|(r, s)| format!("{r:0>64}{s:0>64}"));
        assert_eq!(got, expect, "{hex}");
    }

    #[test]
    fn r_and_s_are_of_32_bytes_each() {
        let (long, high) = ("7f".repeat(32), "ff".repeat(32));
        check("3006020101020102", Some(("01", "02")));
        check(&format!("30440220{long}0220{long}"), Some((&long, &long)));
        check(&format!("3046022100{high}022100{high}"), Some((&high, &high)));
        check("300702020080020101", Some(("80", "01")));
    }

    #[test]
    fn whatever_is_not_strictly_a_signature_is_none() {
        let high = "ff".repeat(32);
        for not in [
            "",
            "30",
            "3000",
            "3003020101",
            "300602010102010200",     // more after it
            "3009020101020102020103", // more in it
            "3007020101020102",       // shorter than it says
            "308106020101020102",     // a length written the long way
            "30800201010201020000",   // of no length
            "3006020100020101",       // r of zero
            "3006020101020100",       // s of zero
            "3006020181020101",       // negative
            "300702020001020101",     // a zero too many
            "3006020101040102",       // not a number
            "3106020101020102",       // not a sequence
        ] {
            check(not, None);
        }
        check(&format!("302702220001{high}020101"), None);
        check(&format!("3026022101{high}020101"), None);
    }

    #[test]
    fn every_signature_of_another_implementation_is_read() {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key");
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key());
        // So many that some have an r or s that begins with zeros.
        for n in 0..2_000_u32 {
            let message = n.to_be_bytes();
            let der = pair.sign(&random, &message).expect("signed");
            let bytes = fixed(der.as_ref()).expect("a signature");
            public.verify(&message, &bytes).expect("verified");
        }
    }

    fn spki(pair: &EcdsaKeyPair) -> Vec<u8> {
        pair.public_key().as_der().expect("a public key").as_ref().to_vec()
    }

    #[test]
    fn a_public_key_is_printed_if_it_is_of_p256() {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key");
        let encoded = spki(&pair);
        let printed = pem(&encoded).expect("of P-256");
        let lines: Vec<&str> = printed.lines().collect();
        assert_eq!((lines[0], lines[3]), ("-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----"));
        assert_eq!((lines.len(), lines[1].len()), (4, 64));
        assert_eq!(STANDARD.decode(lines[1..3].concat()).expect("base64"), encoded);
        let other = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING).expect("a key");
        assert_eq!(pem(&spki(&other)), None);
        assert_eq!(pem(&encoded[1..]), None);
    }

    const DIGEST: [u8; 32] = [7; 32];
    const ARN: &str = "arn:aws:kms:us-east-1:1:key/2";

    async fn signer(answer: Answer) -> (KmsSigner, crate::testing::Canned) {
        let server = canned(move |_: &Asked| answer.clone()).await;
        (KmsSigner::new(Client::new(&server.sdk()), "2"), server)
    }

    #[tokio::test]
    async fn the_digest_is_signed_and_the_key_named_as_it_was_answered() {
        let signature = STANDARD.encode(hex::decode("3006020101020102").expect("hex"));
        let body = serde_json::json!({"KeyId": ARN, "Signature": signature}).to_string();
        let (signer, server) = signer(Answer::json(200, &body)).await;
        let made = signer.sign(&DIGEST).await.expect("signed");
        assert_eq!((made.bytes[31], made.bytes[63], &*made.key_id), (1, 2, ARN));
        let body: serde_json::Value = serde_json::from_slice(&server.asked()[0].body).expect("JSON");
        let expect = serde_json::json!({
            "KeyId": "2",
            "Message": STANDARD.encode(DIGEST),
            "MessageType": "DIGEST",
            "SigningAlgorithm": "ECDSA_SHA_256",
        });
        assert_eq!(body, expect);
    }

    #[tokio::test]
    async fn what_is_no_signature_and_no_key_is_a_permanent_fault() {
        let body = serde_json::json!({"KeyId": ARN, "Signature": "AAAA", "PublicKey": "AAAA"}).to_string();
        let (signer, _server) = signer(Answer::json(200, &body)).await;
        let fault = signer.sign(&DIGEST).await.expect_err("none");
        assert_eq!((fault.class, &*fault.detail), (Class::Permanent, "not-a-signature"));
        let fault = signer.public_key().await.expect_err("none");
        assert_eq!((fault.class, &*fault.detail), (Class::Permanent, "not-a-p256-key"));
    }

    #[tokio::test]
    async fn a_refusal_is_known_by_its_code() {
        for (status, kind, class) in [
            (400, "DisabledException", Class::Permanent),
            (400, "ThrottlingException", Class::Throttled),
            (500, "KMSInternalException", Class::Transient),
        ] {
            let body = format!(r#"{{"__type":"{kind}","message":"about a message"}}"#);
            let (signer, _server) = signer(Answer::json(status, &body)).await;
            let expect = Fault::new(class, Code::KeyUnavailable, "kms:Sign", "2", kind);
            assert_eq!(signer.sign(&DIGEST).await, Err(expect));
        }
    }
}
