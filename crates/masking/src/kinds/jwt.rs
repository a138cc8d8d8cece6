//! JSON Web Tokens: RFC 7515 in its compact form, three parts of base64url, and RFC 7516, five. The first is decoded: it has to be a JSON
//! object with `alg` (RFC 7515, 4.1.1).

mod header;

use self::header::Reader;
use crate::finder::Found;
use crate::kind::Kind;
use crate::text::{KEY, Text};

/// Of a token, in bytes: what servers take as a header, twice. Nothing longer is found. Its first part may be most of it: in
/// `x5c` are certificates.
pub(crate) const LONGEST: usize = 16 << 10;

/// A token that begins there.
pub(crate) fn at(text: Text<'_>, start: usize, found: &mut Found) {
    // `{"` in base64.
    if text.get(start) != b'e' || !found.wants(Kind::Jwt) || !text.has(start, b"eyJ") || !text.begins(start) {
        return;
    }
    let Some(header) = header(text, start) else { return };
    let mut ends = [0; 4];
    let mut at = start + header;
    let mut parts = 0;
    for end in &mut ends {
        if text.get(at) != b'.' {
            break;
        }
        let length = text.run(at + 1, KEY, LONGEST);
        at += 1 + length;
        if at - start > LONGEST {
            return;
        }
        // Behind a payload a full stop with nothing is an empty signature: an unsecured token.
        parts += 1;
        *end = at;
    }
    let end = match parts {
        4 => ends[3],
        2 | 3 => ends[1],
        _ => return,
    };
    // A payload is not empty, unless it is kept apart.
    if ends[0] > start + header + 1 || end > ends[0] + 1 {
        found.add(Kind::Jwt, start, end);
    }
}

/// How long the first part is that begins there; `None` if it is none. It is read as it is decoded, and no further than it can be one:
/// where it looks as if it would begin at many places of one text, the others end it.
fn header(text: Text<'_>, start: usize) -> Option<usize> {
    let mut reader = Reader::default();
    let (mut bits, mut held) = (0_u32, 0);
    for length in 0..LONGEST {
        let sextet = match text.get(start + length) {
            byte @ b'A'..=b'Z' => byte - b'A',
            byte @ b'a'..=b'z' => byte - b'a' + 26,
            byte @ b'0'..=b'9' => byte - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            // One character over is no byte.
            b'.' => return (held < 6 && reader.is_header()).then_some(length),
            _ => return None,
        };
        bits = bits << 6 | u32::from(sextet);
        held += 6;
        if held >= 8 {
            held -= 8;
            let byte = u8::try_from(bits >> held & 0xFF).unwrap_or(0);
            if !reader.takes(byte) {
                return None;
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::super::testing::{all, none, only};
    use super::*;
    use crate::Kind::Jwt;

    fn encoded(json: &str) -> String {
        URL_SAFE_NO_PAD.encode(json)
    }

    #[test]
    fn published_tokens() {
        // RFC 7519, 3.1 and 6.1; RFC 7515, A.1.
        only(
            Jwt,
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            "Bearer eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        );
        only(
            Jwt,
            "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.",
            "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.",
        );
    }

    #[test]
    fn three_parts_or_five() {
        let header = encoded(r#"{"alg":"RS256","kid":"a-b"}"#);
        let jwe = encoded(r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#);
        all(
            Jwt,
            &[
                &format!("{header}.eyJhIjoxfQ.c2ln"),
                &format!("{jwe}.a2V5.aXY.Y3Q.dGFn"),
                &format!("{header}..c2ln"),
            ],
        );
    }

    /// Certificates in the header, as in what App Store servers sign.
    #[test]
    fn a_header_as_long_as_a_chain_of_certificates() {
        let chain = |length: usize| {
            let certificate = "MIICdjCCAfugAwIBAgIUQ+3\\/x".repeat(length / 75);
            let header = format!(
                r#"{{"x5c":["{certificate}","{certificate}","{certificate}"],"typ":"JWT","alg":"ES256"}}"#
            );
            format!("{}.eyJhIjoxfQ.c2ln", encoded(&header))
        };
        let longest = chain(9_000);
        assert!(longest.len() > 3 * LONGEST / 4, "{}", longest.len());
        all(Jwt, &[&chain(1_500), &chain(5_000), &longest]);
        none(&[&chain(13_000)]);
    }

    #[test]
    fn what_is_not_one() {
        let plain = encoded(r#"{"name":"value with no algorithm"}"#);
        let broken = encoded(r#"{"alg":"RS256","kid":"a-b""#);
        none(&[
            &format!("{plain}.eyJhIjoxfQ.c2ln"),
            &format!("{broken}.eyJhIjoxfQ.c2ln"),
            "eyJhbGciOiJIUzI1NiJ9",
            "eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ",
            "eyJeyJeyJeyJeyJeyJ.eyJeyJeyJ.eyJeyJ",
        ]);
    }
}
