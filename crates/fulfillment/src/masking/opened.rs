//! What the vault opened for a role that has rules.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contract::problem::Problem;
use contract::vault::{Decrypt, Opened};
use masking::Masker;
use zeroize::Zeroizing;

use crate::api::Call;
use crate::api::refusal::Refusal;
use crate::error::StepError;

/// The longest word that is taken from a context, in bytes.
const LONGEST_WORD: usize = 64;

/// The longest number at the end of one, in digits: no more is a part of a name.
const LONGEST_COUNTER: usize = 2;

/// The answer of `POST /v1/vault/decrypt`, with the plaintext masked; a problem if it is no text.
pub(super) fn masked(masker: &Masker, call: &Call, body: &str) -> Result<String, Refusal> {
    let broken = |what| StepError::broken("mask", what);
    let opened: Opened = serde_json::from_str(body).map_err(|_| broken("the answer is no opened data"))?;
    let base64 = Zeroizing::new(opened.plaintext);
    let plain = STANDARD.decode(base64.as_bytes()).map_err(|_| broken("the plaintext is no base64"))?;
    let plain = Zeroizing::new(plain);
    // UTF-16 of Latin letters is UTF-8 as well, with a zero byte at each letter by which nothing is found.
    if std::str::from_utf8(&plain).is_err() || plain.contains(&0) {
        return Err(not_text().into());
    }
    let context = serde_json::from_slice::<Decrypt>(&call.body).map(|asked| asked.context);
    let named = named(masker, word(context.as_deref().unwrap_or_default()), &plain);
    let plaintext = STANDARD.encode(named.as_slice());
    Ok(crate::api::encoded(&Opened { plaintext })?)
}

/// The value, masked as one that has this name: some kinds are found only where something says what they are. If it is no
/// JSON, each of its lines is masked as one.
fn named(masker: &Masker, word: &str, plain: &[u8]) -> Zeroizing<Vec<u8>> {
    let as_json = |plain: &[u8]| {
        let is_json = matches!(plain.trim_ascii().first(), Some(b'{' | b'[' | b'"'));
        let read = || json(masker, word, plain).or_else(|| json(masker, "", plain));
        is_json.then(read).flatten()
    };
    as_json(plain).unwrap_or_else(|| {
        let mut out = Zeroizing::new(Vec::with_capacity(2 * plain.len()));
        for line in plain.split_inclusive(|byte| *byte == b'\n') {
            out.extend_from_slice(&as_json(line).unwrap_or_else(|| text(masker, word, line)));
        }
        out
    })
}

/// The same for a value that is JSON; `None` if it is none, or if something was found in the name.
fn json(masker: &Masker, word: &str, plain: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let before = [b"{\"", word.as_bytes(), b"\":"].concat();
    let whole = Zeroizing::new([&before, plain, b"}"].concat());
    let mut out = Zeroizing::new(Vec::with_capacity(whole.len()));
    masker.mask_json(&whole, &mut out)?;
    let shown = out.strip_prefix(before.as_slice())?.strip_suffix(b"}")?;
    Some(Zeroizing::new(shown.to_vec()))
}

/// The same for any line. What is found in the name is masked as far as it goes into the value. Behind a zero byte, as between strings
/// of JSON, the value is a line of its own to the tenant's rules.
fn text(masker: &Masker, word: &str, plain: &[u8]) -> Zeroizing<Vec<u8>> {
    let before = [word.as_bytes(), b":\0"].concat();
    let whole = Zeroizing::new([&before, plain].concat());
    let mut out = Zeroizing::new(Vec::with_capacity(whole.len()));
    let mut done = before.len();
    for found in masker.find(&whole).filter(|found| found.range.end > before.len()) {
        let from = found.range.start.max(done);
        out.extend_from_slice(&whole[done..from]);
        masker.write(found.kind, &whole[from..found.range.end], &mut out);
        done = found.range.end;
    }
    out.extend_from_slice(&whole[done..]);
    out
}

/// The last part of a context, if it is a word, which may be counted: `phone` of `customers/42/phone`, `phone2` of `customers/42/phone2`.
fn word(context: &str) -> &str {
    let last = context.rsplit(['/', ':', '.', '#']).next().unwrap_or_default();
    let name = last.trim_end_matches(|c: char| c.is_ascii_digit());
    let plain = |byte: u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-' | b' ');
    let counted = !name.is_empty() && last.len() - name.len() <= LONGEST_COUNTER;
    if last.len() <= LONGEST_WORD && counted && name.bytes().all(plain) { last } else { "" }
}

/// What is no text cannot be searched, so nothing of it is shown.
fn not_text() -> Problem {
    Problem::forbidden(
        "It opened, and is not shown: by its tenant's settings this role sees masked text only, and this is no text in \
         UTF-8. `masking.roles` in the settings says what the role sees.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use masking::{CustomRule, Mode, Rules};

    fn check(context: &str, plain: &str, expect: &str) {
        let rule =
            |name: &str, pattern: &str| CustomRule { name: name.into(), pattern: pattern.into(), mode: None };
        let custom =
            vec![rule("badge", "B-[0-9]{4}"), rule("odd", "odd[^a-z]{0,4}x?"), rule("pin", "^7[0-9]{3}$")];
        let masker = Masker::new(&Rules { custom, ..Rules::all(Mode::Redact) }).expect("rules");
        let shown = named(&masker, word(context), plain.as_bytes());
        assert_eq!(String::from_utf8(shown.to_vec()).expect("text"), expect, "{context}: {plain}");
    }

    #[test]
    fn a_value_is_masked_as_what_its_context_says_that_it_is() {
        check("orders/42", "2125550123", "2125550123");
        check("customers/42/phone", "2125550123", "[phone]");
        check("customers/42/phone", "\"2125550123\"", "\"[phone]\"");
        check("customers:42:phone_number", " 2125550123\n", " [phone]\n");
        check("customers/42/phone2", "2125550123", "[phone]");
        check("customers/42/phone_12", "\"2125550123\"", "\"[phone]\"");
        check("customers/42/212555", "0123", "0123");
        check("customers/42/phone212555", "0123", "0123");
        check("customers/42/ssn", "123456789", "[us_ssn]");
        check("customers/42", "B-1234 and john@example.com", "[badge] and [email]");
        check("customers/42", r#"{"phone":2125550123,"n":7}"#, r#"{"phone":"[phone]","n":7}"#);
        check("customers/42", r#"{"phone":212555"#, r#"{"phone":212555"#);
        check("customers/phone", "", "");
    }

    #[test]
    fn a_value_is_a_line_of_its_own_and_so_are_its_lines_and_strings() {
        check("customers/42/pin", "7123", "[pin]");
        check("42", "7123\r\nmy 7123\n7124\n", "[pin]\r\nmy 7123\n[pin]\n");
        check("customers/42/pin", "\"7123\"", "\"[pin]\"");
        check(
            "customers/42",
            r#"{"pin":7123,"pins":["7124","7 1234"]}"#,
            r#"{"pin":"[pin]","pins":["[pin]","7 1234"]}"#,
        );
    }

    #[test]
    fn lines_of_json_are_read_as_json_each_under_the_name() {
        let lines = "{\"to\":\"john\\u0040example.com\"}\r\n\n{\"n\":1}\n";
        check("notes", lines, "{\"to\":\"[email]\"}\r\n\n{\"n\":1}\n");
        check("notes", "{\"n\":1}\n[9] john@example.com", "{\"n\":1}\n[9] [email]");
        check(
            "customers/42/phone",
            "{\"a\":1}\n2125550123\n\"4155550123\"",
            "{\"a\":1}\n[phone]\n\"[phone]\"",
        );
    }

    #[test]
    fn a_context_is_never_a_part_of_what_is_shown() {
        check("john@example.com", "x", "x");
        check("notes/\"}", "x", "x");
        check(&"a".repeat(65), "john@example.com", "[email]");
        check("notes", r#"{"a":1},"b":{"c":"john@example.com"}"#, r#"{"a":1},"b":{"c":"[email]"}"#);
        // What is found in the name: of the value only what belongs to it is masked.
        check("notes/odd", "by john@example.com", "by [email]");
        check("notes/odd", "xy", "[odd]y");
        check("notes/odd", r#"{"odd":"x"}"#, r#"{"[odd]":"[odd]"}"#);
    }
}
