//! Keys and tokens of other services, by prefix and length as their services publish them. Where a service publishes no length,
//! the shortest that was seen counts.

use crate::finder::Found;
use crate::kind::Kind;
use crate::text::{ALNUM, DASH, DIGIT, HEX, KEY, Text, UNDER, UPPER, is};

/// The two parts of a key that begins with `SG.`.
const FIRST: usize = 22;
const SECOND: usize = 43;

/// The longest run that is looked at. A longer one is no key.
pub(crate) const LONGEST: usize = 512;

/// One form of a key.
struct Form {
    prefix: &'static [u8],
    /// Of what follows the prefix.
    alphabet: u8,
    /// How much of it.
    least: usize,
    most: usize,
}

const fn form(prefix: &'static [u8], alphabet: u8, least: usize, most: usize) -> Form {
    Form { prefix, alphabet, least, most }
}

/// By the first byte: most places are no key, and know it at once.
fn forms(first: u8) -> &'static [Form] {
    match first {
        b'A' => {
            const {
                &[
                    // Google Cloud API keys: 39 characters.
                    form(b"AIza", KEY, 35, 35),
                    // age secret keys, in bech32.
                    form(b"AGE-SECRET-KEY-1", ALNUM, 58, 58),
                ]
            }
        }
        // OAuth client secrets of Google.
        b'G' => const { &[form(b"GOCSPX-", KEY, 28, 28)] },
        // Twilio API keys.
        b'S' => const { &[form(b"SK", HEX, 32, 32)] },
        // DigitalOcean tokens: personal, OAuth, refresh.
        b'd' => {
            const { &[form(b"dop_v1_", HEX, 64, 64), form(b"doo_v1_", HEX, 64, 64), form(b"dor_v1_", HEX, 64, 64)] }
        }
        b'g' => {
            const {
                &[
                    // GitHub: *About authentication to GitHub*, token formats.
                    form(b"ghp_", ALNUM, 36, 251),
                    form(b"gho_", ALNUM, 36, 251),
                    form(b"ghu_", ALNUM, 36, 251),
                    form(b"ghs_", ALNUM, 36, 251),
                    form(b"ghr_", ALNUM, 36, 251),
                    form(b"github_pat_", ALNUM | UNDER, 82, 244),
                    // GitLab: *Token overview*, prefixes.
                    form(b"glpat-", KEY, 20, 300),
                    form(b"gldt-", KEY, 20, 300),
                    form(b"glrt-", KEY, 20, 300),
                    form(b"glptt-", KEY, 20, 300),
                ]
            }
        }
        // Hugging Face access tokens.
        b'h' => const { &[form(b"hf_", ALNUM, 34, 40)] },
        b'n' => const { &[form(b"npm_", ALNUM, 36, 36)] },
        // PyPI: a macaroon for pypi.org begins so.
        b'p' => const { &[form(b"pypi-AgEIcHlwaS5vcmc", KEY, 50, 450)] },
        // Stripe restricted keys.
        b'r' => const { &[form(b"rk_live_", ALNUM, 24, 247), form(b"rk_test_", ALNUM, 24, 247)] },
        b's' => {
            const {
                &[
                    // Stripe secret keys; publishable ones are public.
                    form(b"sk_live_", ALNUM, 24, 247),
                    form(b"sk_test_", ALNUM, 24, 247),
                    form(b"sk-ant-api03-", KEY, 80, 120),
                    form(b"sk-ant-oat01-", KEY, 80, 120),
                    form(b"sk-proj-", KEY, 40, 250),
                    form(b"sk-svcacct-", KEY, 40, 250),
                    form(b"sk-", ALNUM, 48, 48),
                    // Shopify.
                    form(b"shpat_", HEX, 32, 32),
                    form(b"shpss_", HEX, 32, 32),
                    form(b"shpca_", HEX, 32, 32),
                    form(b"shppa_", HEX, 32, 32),
                    // Square.
                    form(b"sq0atp-", KEY, 22, 22),
                    form(b"sq0csp-", KEY, 43, 43),
                ]
            }
        }
        // Stripe's secrets for webhooks.
        b'w' => const { &[form(b"whsec_", ALNUM, 32, 64)] },
        // Slack: bot, user, legacy, refresh, configuration, app-level.
        b'x' => {
            const {
                &[
                    form(b"xoxb-", ALNUM | DASH, 20, 250),
                    form(b"xoxp-", ALNUM | DASH, 20, 250),
                    form(b"xoxa-", ALNUM | DASH, 20, 250),
                    form(b"xoxr-", ALNUM | DASH, 20, 250),
                    form(b"xoxs-", ALNUM | DASH, 20, 250),
                    form(b"xoxe-", ALNUM | DASH, 20, 250),
                    form(b"xapp-", ALNUM | DASH, 20, 250),
                ]
            }
        }
        _ => &[],
    }
}

/// Whether a key or a token can begin there, by the first byte: most long words and all UUIDs are none.
#[inline]
pub(crate) fn may_begin(text: Text<'_>, start: usize) -> bool {
    let known = matches!(
        text.get(start),
        b'A' | b'G' | b'S' | b'd' | b'e' | b'g' | b'h' | b'n' | b'p' | b'r' | b's' | b'w' | b'x'
    );
    known || text.back(start, 1) == b'.'
}

/// How long the published prefix of this key is; none where it is no such key, by its prefix, length and alphabet.
pub(crate) fn prefix(key: &[u8]) -> usize {
    if key.starts_with(b"SG.") {
        let mut parts = key[3..].split(|byte| *byte == b'.');
        let lengths = [parts.next(), parts.next(), parts.next()].map(|part| part.map(<[u8]>::len));
        let sendgrid = lengths == [Some(FIRST), Some(SECOND), None];
        return if sendgrid && key[3..].iter().all(|byte| is(*byte, KEY) || *byte == b'.') { 3 } else { 0 };
    }
    let whole = |form: &&Form| {
        key.strip_prefix(form.prefix).is_some_and(|rest| {
            (form.least..=form.most).contains(&rest.len()) && rest.iter().all(|byte| is(*byte, form.alphabet))
        })
    };
    let forms = forms(key.first().copied().unwrap_or(0));
    forms.iter().find(whole).map_or(0, |form| form.prefix.len())
}

/// A key that begins there.
pub(crate) fn at(text: Text<'_>, start: usize, found: &mut Found) {
    if !found.wants(Kind::ApiKey) {
        return;
    }
    if text.back(start, 1) == b'.' {
        return sendgrid(text, start, found);
    }
    for form in forms(text.get(start)) {
        if !text.has(start, form.prefix) {
            continue;
        }
        let run = text.run(start, KEY, LONGEST);
        let after = start + form.prefix.len();
        let length = text.run(after, form.alphabet, form.most + 1);
        // What follows a key may be a hyphen that belongs to the sentence.
        let whole =
            form.prefix.len() + length == run || !text.is(after + length, KEY) || text.ends(after + length);
        if (form.least..=form.most).contains(&length) && whole && plausible(text, after, length) {
            found.add(Kind::ApiKey, start, after + length);
            return;
        }
    }
}

/// A word in the place of a key is no key: keys of this length have digits and letters.
fn plausible(text: Text<'_>, start: usize, length: usize) -> bool {
    let any = |class| (start..start + length).any(|at| text.is(at, class));
    any(DIGIT) && any(crate::text::LETTER)
}

/// `SG.`, 22 characters, a full stop, 43 characters: the first part has begun there.
fn sendgrid(text: Text<'_>, start: usize, found: &mut Found) {
    let Some(first) = start.checked_sub(3) else { return };
    if text.has(first, b"SG.")
        && !text.is_back(first, 1, KEY)
        && text.run(start, KEY, FIRST + 1) == FIRST
        && text.get(start + FIRST) == b'.'
        && text.run(start + FIRST + 1, KEY, SECOND + 1) == SECOND
        && text.is(first, UPPER)
    {
        found.add(Kind::ApiKey, first, start + FIRST + 1 + SECOND);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{all, none};
    use crate::Kind::ApiKey;

    /// Made up here: each has the form of its service, and none was ever given out.
    fn made_up() -> Vec<String> {
        let filler = |length: usize| "a1B2c3D4e5".chars().cycle().take(length).collect::<String>();
        let hex = |length: usize| "0a1b2c3d4e5f".chars().cycle().take(length).collect::<String>();
        vec![
            format!("ghp_{}", filler(36)),
            format!("ghs_{}", filler(36)),
            format!("github_pat_{}_{}", filler(22), filler(59)),
            format!("glpat-{}", filler(20)),
            format!("sk_live_{}", filler(24)),
            format!("rk_test_{}", filler(99)),
            format!("whsec_{}", filler(32)),
            format!("xoxb-123456789012-1234567890123-{}", filler(24)),
            format!("xapp-1-A012-345-{}", filler(24)),
            format!("AIza{}", filler(35)),
            format!("GOCSPX-{}", filler(28)),
            format!("SG.{}.{}", filler(22), filler(43)),
            format!("npm_{}", filler(36)),
            format!("pypi-AgEIcHlwaS5vcmc{}", filler(140)),
            format!("hf_{}", filler(34)),
            format!("dop_v1_{}", hex(64)),
            format!("shpat_{}", hex(32)),
            format!("sq0atp-{}", filler(22)),
            format!("SK{}", hex(32)),
            format!("sk-ant-api03-{}", filler(95)),
            format!("sk-proj-{}", filler(74)),
            format!("sk-{}", filler(48)),
            format!(
                "AGE-SECRET-KEY-1{}",
                "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L".repeat(2).get(..58).expect("58")
            ),
        ]
    }

    #[test]
    fn by_prefix_and_length() {
        let keys = made_up();
        all(ApiKey, &keys.iter().map(String::as_str).collect::<Vec<_>>());
    }

    #[test]
    fn no_key_begins_otherwise() {
        use super::{Text, forms, may_begin};
        for byte in 0..=u8::MAX {
            let begins = !forms(byte).is_empty() || byte == b'A' || byte == b'e';
            assert_eq!(may_begin(Text::new(&[b' ', byte]), 1), begins, "{}", char::from(byte));
        }
    }

    #[test]
    fn what_is_not_one() {
        none(&[
            "ghp_short",
            "ghp_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "sk-learn-and-other-libraries",
            "npm_config_registry_and_more_words",
            "xoxb-",
            "task-5f2b0d9a4c1e4f7f9b1d",
            "pk_live_a1B2c3D4e5a1B2c3D4e5a1B2",
            "hf_hub_download_of_a_model_with_a_name",
        ]);
    }
}
