//! The signature of a manifest: JWS with a detached payload (RFC 7515, appendix F), by ES256.
//!
//! To check it, put the base64url form of `manifest.json` between the two dots of `manifest.jws`: every
//! library for JWS reads the result.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The protected header. The key's id is the only thing in it that varies.
pub fn header(key_id: &str) -> String {
    let mut header = br#"{"alg":"ES256","kid":"#.to_vec();
    crate::rows::json_string(key_id, &mut header);
    header.extend_from_slice(br#","typ":"JOSE"}"#);
    URL_SAFE_NO_PAD.encode(header)
}

/// What is signed: the header, a dot, the payload. Its SHA-256 is what [`crate::Unsigned::digest`] gives.
pub fn signing_input(key_id: &str, payload: &[u8]) -> Vec<u8> {
    format!("{}.{}", header(key_id), URL_SAFE_NO_PAD.encode(payload)).into_bytes()
}

/// `manifest.jws`: the header and the signature (r and s, RFC 7518, section 3.4), and nothing between them.
pub fn detached(key_id: &str, signature: &[u8; 64]) -> String {
    format!("{}..{}", header(key_id), URL_SAFE_NO_PAD.encode(signature))
}

/// Whether the signature is this key's over this manifest. The key is an uncompressed point of P-256, 65 bytes.
pub fn is_signed_by(key: &[u8], jws: &str, payload: &[u8]) -> bool {
    let mut parts = jws.trim_end().split('.');
    let (Some(header), Some(""), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return false };
    let is_ours = URL_SAFE_NO_PAD
        .decode(header)
        .ok()
        .and_then(|header| serde_json::from_slice::<serde_json::Value>(&header).ok())
        .is_some_and(|header| header["alg"] == "ES256" && header.get("crit").is_none());
    let input = format!("{header}.{}", URL_SAFE_NO_PAD.encode(payload));
    let algorithm = &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED;
    is_ours
        && aws_lc_rs::signature::UnparsedPublicKey::new(algorithm, key)
            .verify(input.as_bytes(), &signature)
            .is_ok()
}

/// The digest of a signing input whose payload comes piece by piece.
pub(crate) struct Input {
    hash: digest::Context,
    /// What is left of the pieces so far: base64 takes three bytes at a time.
    left: Vec<u8>,
}

impl Input {
    pub(crate) fn new(key_id: &str) -> Self {
        let mut hash = digest::Context::new(&digest::SHA256);
        hash.update(header(key_id).as_bytes());
        hash.update(b".");
        Self { hash, left: Vec::new() }
    }

    pub(crate) fn update(&mut self, piece: &[u8]) {
        self.left.extend_from_slice(piece);
        let whole = self.left.len() / 3 * 3;
        self.hash.update(URL_SAFE_NO_PAD.encode(&self.left[..whole]).as_bytes());
        self.left.drain(..whole);
    }

    pub(crate) fn finish(mut self) -> [u8; 32] {
        self.hash.update(URL_SAFE_NO_PAD.encode(&self.left).as_bytes());
        let mut digest = [0; 32];
        digest.copy_from_slice(self.hash.finish().as_ref());
        digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_does_not_depend_on_the_pieces() {
        let payload: Vec<u8> = (0..=255).collect();
        let expect = digest::digest(&digest::SHA256, &signing_input("k\"1", &payload));
        for size in [1, 2, 3, 4, 5, 7, 100, 256] {
            let mut input = Input::new("k\"1");
            payload.chunks(size).for_each(|piece| input.update(piece));
            assert_eq!(input.finish().as_slice(), expect.as_ref());
        }
    }
}
