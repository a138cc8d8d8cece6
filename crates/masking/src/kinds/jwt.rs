//! JSON Web Tokens: RFC 7515 in its compact form, three parts of base64url, and RFC 7516, five. The first is decoded: it has to be a JSON
//! object with `alg`.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;

use crate::finder::Found;
use crate::kind::Kind;
use crate::text::{KEY, Text};

/// Of a token, in bytes: what servers take as a header, twice. Nothing longer is found.
pub(crate) const LONGEST: usize = 16 << 10;
/// Of its first part.
const LONGEST_HEADER: usize = 2 << 10;

/// Loose about padding and the last bits: what a library would still read is a token.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// What a header has to have: RFC 7515, 4.1.1.
#[derive(Deserialize)]
struct Header<'h> {
    #[serde(borrow)]
    alg: Cow<'h, str>,
}

/// A token that begins there.
pub(crate) fn at(text: Text<'_>, start: usize, found: &mut Found) {
    // `{"` in base64.
    if text.get(start) != b'e' || !found.wants(Kind::Jwt) || !text.has(start, b"eyJ") || !text.begins(start) {
        return;
    }
    let header = text.run(start, KEY, LONGEST_HEADER);
    if text.get(start + header) != b'.' || !decodes(text.slice(start, start + header)) {
        return;
    }
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

fn decodes(header: &[u8]) -> bool {
    let mut buffer = [0; LONGEST_HEADER];
    let Ok(length) = BASE64.decode_slice(header, &mut buffer) else { return false };
    let header = serde_json::from_slice::<Header<'_>>(&buffer[..length]);
    header.is_ok_and(|header| !header.alg.is_empty())
}

#[cfg(test)]
mod tests {
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
