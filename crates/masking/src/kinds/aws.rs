//! AWS credentials. An access key id is one of the prefixes of the IAM user guide (*Understanding unique ID prefixes*) that stand for
//! credentials, and 16 capitals and digits. A secret access key is forty characters of base64 and nothing by itself, so it is
//! found where a word before it says `secret`.

use crate::context::{self, Names};
use crate::finder::Found;
use crate::kind::Kind;
use crate::text::{ALNUM, DIGIT, Text, UPPER};

/// A user's key, a temporary one, one for a bearer token, one of a context.
const PREFIXES: &[&[u8; 4]] = &[b"AKIA", b"ASIA", b"ABIA", b"ACCA"];
const ID: usize = 20;
pub(crate) const SECRET: usize = 40;
static NAMES: Names = Names::new(&["secret"]);
/// `aws_secret_access_key`, `SecretAccessKey`, `secret = `.
const WORDS_BETWEEN: usize = 2;

/// An access key id that begins there.
pub(crate) fn at(text: Text<'_>, start: usize, found: &mut Found) {
    if !found.wants(Kind::AwsKey) || text.get(start) != b'A' || !text.begins(start) {
        return;
    }
    let prefix = PREFIXES.iter().any(|prefix| text.has(start, *prefix));
    if prefix && text.run(start, UPPER | DIGIT, ID + 1) == ID && text.ends(start + ID) {
        found.add(Kind::AwsKey, start, start + ID);
    }
}

/// Whether the value is an access key id.
pub(crate) fn is_id(value: &[u8]) -> bool {
    let prefix = PREFIXES.iter().any(|prefix| value.starts_with(*prefix));
    prefix && value.len() == ID && value.iter().all(|byte| crate::text::is(*byte, UPPER | DIGIT))
}

/// A secret access key that begins there.
pub(crate) fn secret_at(text: Text<'_>, start: usize, found: &mut Found) {
    if !found.wants(Kind::AwsKey) {
        return;
    }
    let alphabet = |at| text.is(at, ALNUM) || matches!(text.get(at), b'+' | b'/');
    let all = (start..start + SECRET).all(alphabet) && !alphabet(start + SECRET);
    let padded =
        matches!(text.get(start + SECRET), b'=' | b'_') || text.is_back(start, 1, crate::text::UNDER);
    if all && !padded && context::says(text, start, &NAMES, WORDS_BETWEEN) {
        found.add(Kind::AwsKey, start, start + SECRET);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{all, none, only};
    use crate::Kind::AwsKey;

    #[test]
    fn access_keys() {
        // The examples of the AWS documentation.
        all(AwsKey, &["AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE", "AKIAI44QH8DHBEXAMPLE"]);
        none(&[
            "AKIAIOSFODNN7EXAMPL",
            "AKIAIOSFODNN7EXAMPLES",
            "AKIAiosfodnn7EXAMPLE",
            "xAKIAIOSFODNN7EXAMPLE",
            "AIDAIOSFODNN7EXAMPLE",
        ]);
    }

    #[test]
    fn secret_keys() {
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        only(AwsKey, secret, &format!("aws_secret_access_key = {secret}"));
        only(AwsKey, secret, &format!("AWS_SECRET_ACCESS_KEY={secret}"));
        only(AwsKey, secret, &format!("{{\"SecretAccessKey\":\"{secret}\"}}"));
        none(&[
            secret,
            "commit da39a3ee5e6b4b0d3255bfef95601890afd80709",
            &format!("secret {secret}a"),
            "secret /usr/lib/python",
        ]);
    }
}
