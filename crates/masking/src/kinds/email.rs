//! E-mail addresses.
//!
//! RFC 5321 and 5322: a local part of up to 64 octets, of atoms with dots between them (and where some mail systems have them against the
//! rule: two together, one at the end) or in quotes, and a domain; RFC 6531: both in
//! UTF-8. Narrower where text would be swallowed: of the signs that an atom may have `=`, `/`, `?`, `*`, `|`, braces and the backtick end it, since they stand
//! before an address more often than in one; and letters of scripts that write no spaces are no part of an address in other
//! letters. A domain has two labels or more and ends in letters (or `xn--`), so `localhost` and addresses in brackets are not found.

use crate::emphasis;
use crate::finder::Found;
use crate::kind::Kind;
use crate::marks;
use crate::text::{ALNUM, DASH, DIGIT, LETTER, LOCAL, Text, UNDER, WIDE, is};

/// RFC 5321, 4.5.3.1.1.
const LONGEST_LOCAL: usize = 64;
/// RFC 5321, 4.5.3.1.2.
const LONGEST_DOMAIN: usize = 255;
/// RFC 1035, 2.3.4.
const LONGEST_LABEL: usize = 63;

/// Endings of files that are no top-level domains: `icon@2x.png` is no address.
const FILES: &[&[u8]] = &[
    b"png", b"jpg", b"jpeg", b"gif", b"svg", b"webp", b"css", b"js", b"jsx", b"mjs", b"ts", b"tsx", b"json",
    b"html", b"htm", b"xml", b"pdf", b"txt", b"yaml", b"yml", b"toml", b"lock", b"exe", b"dll", b"jar",
    b"tgz", b"gz",
];

/// How a character belongs to an address.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    /// Of a script that puts spaces between words, or a digit or a sign: it goes with its own.
    Spaced,
    /// Of a script that does not.
    Unspaced,
}

/// The character that ends before `at`, if it may be in an address: how many bytes, and which script.
fn before(text: Text<'_>, at: usize) -> Option<(usize, Script)> {
    let byte = text.back(at, 1);
    if !is(byte, WIDE) {
        let inside = is(byte, ALNUM | LOCAL) && marks::length_back(text, at) == 0;
        return inside.then_some((1, Script::Spaced));
    }
    let length = (1..=4).find(|back| text.back(at, *back) & 0xC0 == 0xC0)?;
    character(text, at - length).filter(|(found, _)| *found == length)
}

/// The character there that is not ASCII, if it may be in an address.
fn character(text: Text<'_>, at: usize) -> Option<(usize, Script)> {
    let length = match text.get(at) {
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => return None,
    };
    let character = std::str::from_utf8(text.slice(at, at + length)).ok()?.chars().next()?;
    let script = match u32::from(character) {
        // Thai, Lao, Tibetan, Burmese, Khmer; CJK with kana, Hangul, Yi.
        0x0E00..=0x109F
        | 0x1100..=0x11FF
        | 0x1780..=0x17FF
        | 0x2E80..=0xD7FF
        | 0xF900..=0xFAFF
        | 0x2_0000..=0x3_FFFF => Script::Unspaced,
        _ => Script::Spaced,
    };
    // Signs of vowels and joiners are no letters to Unicode, and yet parts of words.
    let sign =
        matches!(u32::from(character), 0x0300..=0x036F | 0x0900..=0x0DFF | 0x0E00..=0x0EFF | 0x200C | 0x200D);
    let danda = matches!(character, '\u{0964}' | '\u{0965}');
    ((character.is_alphanumeric() || sign) && !danda).then_some((length, script))
}

/// How an address stands in a URL, and its `@` with it: RFC 3986, 2.1.
const ENCODED: &[u8] = b"%40";
/// A quote there.
const QUOTE: &[u8] = b"%22";

/// Where the `@` of an address is, and how many bytes it has.
pub(crate) fn sign(value: &[u8]) -> Option<(usize, usize)> {
    let encoded = || memchr::memmem::rfind(value, ENCODED).map(|at| (at, ENCODED.len()));
    memchr::memrchr(b'@', value).map(|at| (at, 1)).or_else(encoded)
}

/// An address around the `@` there, or around that of a URL.
pub(crate) fn at(text: Text<'_>, at: usize, found: &mut Found) {
    let encoded = text.get(at) == b'%';
    if !found.wants(Kind::Email) || (encoded && !text.has(at, ENCODED)) {
        return;
    }
    let byte = text.back(at, 1);
    if byte != b'"' && !is(byte, ALNUM | LOCAL | WIDE) {
        return;
    }
    let Some(end) = domain(text, at + if encoded { ENCODED.len() } else { 1 }) else { return };
    let start = if byte == b'"' { quoted(text, at) } else { local(text, at, encoded) };
    let start = start.map(|start| start + emphasis_around(text, start, end));
    if let Some(start) = start.and_then(|start| found.begins(text, start, end)) {
        found.add(Kind::Email, start, end);
    }
}

/// Whether what is escaped there as in a URL is no part of an address: `mail%3Djohn%40example.com`.
fn is_other(text: Text<'_>, place: usize) -> bool {
    let inside = |byte: u8| is(byte, ALNUM | LOCAL | WIDE);
    escaped(text.slice(place, place + ENCODED.len())).is_some_and(|byte| !inside(byte))
}

/// The byte that is escaped there as in a URL.
fn escaped(text: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let [b'%', high, low, ..] = text else { return None };
    u8::try_from(digit(*high)? << 4 | digit(*low)?).ok()
}

/// An address as it is compared: in small letters of any script, and without the escapes of a URL if its `@` is one.
pub(crate) fn normal(value: &[u8], mut update: impl FnMut(&[u8])) {
    let encoded = sign(value).is_some_and(|(_, length)| length == ENCODED.len());
    let mut rest = value;
    let mut next = || {
        let [first, behind @ ..] = rest else { return None };
        let byte = escaped(rest).filter(|_| encoded);
        rest = if byte.is_some() { &rest[ENCODED.len()..] } else { behind };
        Some(byte.unwrap_or(*first))
    };
    let (mut bytes, mut count) = ([0; 4], 0);
    while let Some(byte) = next() {
        bytes[count] = byte;
        count += 1;
        match std::str::from_utf8(&bytes[..count]) {
            Ok(text) => {
                let small = text.chars().flat_map(char::to_lowercase);
                small.for_each(|letter| update(letter.encode_utf8(&mut [0; 4]).as_bytes()));
                count = 0;
            }
            // The rest of the character is still to come.
            Err(error) if error.error_len().is_none() => {}
            Err(_) => {
                update(&bytes[..count]);
                count = 0;
            }
        }
    }
    update(&bytes[..count]);
}

/// How many `_` the address begins with that are Markdown's: as many stand right behind it. Otherwise they are its own.
fn emphasis_around(text: Text<'_>, start: usize, end: usize) -> usize {
    let count = emphasis::run(text, start);
    let closed = count == emphasis::run(text, end) && emphasis::can_close(text, end, count);
    if closed && text.is(start + count, ALNUM | WIDE) { count } else { 0 }
}

/// Where an address that ends at `end` begins if all before `from` belongs to something else; none if nothing of its local part is left.
pub(crate) fn rest(text: Text<'_>, from: usize, end: usize) -> Option<usize> {
    let at = from + sign(text.slice(from, end))?.0;
    (from..at).find(|start| text.is(*start, ALNUM | UNDER | WIDE))
}

/// Whether the value is an address, and nothing else.
pub(crate) fn is_one(value: &[u8]) -> bool {
    let Some((at, length)) = sign(value) else { return false };
    let text = Text::new(value);
    let start = if text.back(at, 1) == b'"' { quoted(text, at) } else { local(text, at, length > 1) };
    start == Some(0) && domain(text, at + length) == Some(value.len())
}

/// Where the local part that ends there begins; where it is `encoded`, it is a URL's, and a plus in it can be a blank.
fn local(text: Text<'_>, at: usize, encoded: bool) -> Option<usize> {
    if encoded && text.follows(at, QUOTE) {
        return quoted_as_in_a_url(text, at);
    }
    let mut start = at;
    let mut scripts = None;
    let mut last = 0;
    let mut longer = false;
    let mut plus = None;
    while let Some((length, script)) = before(text, start) {
        let byte = text.back(start, 1);
        // Some mail systems give out addresses with two dots together, or with one at the end. Three are an ellipsis.
        if byte == b'.'
            && last == b'.'
            && (start + 1 == at || text.back(start, 2) == b'.' || text.get(start + 1) == b'.')
        {
            break;
        }
        // Digits and signs go with either script, letters with their own.
        if length > 1 || is(byte, LETTER) {
            if scripts.is_some_and(|scripts| scripts != script) {
                break;
            }
            scripts = Some(script);
        }
        if byte == b'%' && is_other(text, start - 1) {
            let behind = (start - 1 + ENCODED.len()).min(at);
            // Where nothing is behind it, the sign is the address's own: `x%0a@example.com`.
            if encoded || behind < at || !is(text.back(start, 2), ALNUM | LOCAL | WIDE) {
                start = behind;
                break;
            }
        }
        // One is the address's own (`john+shop`), and is written `%2B`; of more the last is a blank: `my+mail+is+john%40example.com`.
        if byte == b'+' && encoded && plus.replace(plus.unwrap_or(start)).is_some() {
            start = plus.unwrap_or(start);
            break;
        }
        if at - start + length > LONGEST_LOCAL {
            longer = true;
            break;
        }
        last = byte;
        start -= length;
    }
    // The only letter, behind a backslash, is a name rather than the end of a line.
    if start == at && marks::escape_ends(text, at) {
        return Some(at - 1);
    }
    // It begins with a letter, a digit or an underscore: a sign before that belongs to the text. So do underscores of which there are too
    // many.
    let rule = text.is(start, UNDER) && longer;
    while start < at && (!text.is(start, ALNUM | UNDER | WIDE) || (rule && text.is(start, UNDER))) {
        start += 1;
    }
    // What goes on before that is longer than an address.
    let goes_on = longer && text.is_back(start, 1, ALNUM | WIDE);
    (start < at && !goes_on).then_some(start)
}

/// The same of one in quotes, which are escaped with its `@`: `%22john%22%40example.com`.
fn quoted_as_in_a_url(text: Text<'_>, at: usize) -> Option<usize> {
    let close = at - QUOTE.len();
    let first = at.saturating_sub(LONGEST_LOCAL + 2 * QUOTE.len());
    let start = (first..close).rev().find(|start| text.has(*start, QUOTE))?;
    let inside = |byte: &u8| is(*byte, ALNUM | LOCAL | WIDE);
    let content = text.slice(start + QUOTE.len(), close);
    (!content.is_empty() && content.iter().all(inside)).then_some(start)
}

/// Where the local part in quotes that ends there begins.
fn quoted(text: Text<'_>, at: usize) -> Option<usize> {
    let close = at - 1;
    for start in (at.saturating_sub(LONGEST_LOCAL)..close).rev() {
        match text.get(start) {
            // An escaped one is inside, unless the backslash is escaped itself.
            b'"' if text.back(start, 1) == b'\\' && text.back(start, 2) != b'\\' => {}
            b'"' => {
                // Otherwise it closes what stands before it: `name="" email="@example.com"`.
                let opens = !text.is_back(start, 1, ALNUM | WIDE) && text.back(start, 1) != b'"';
                return (opens && start + 1 < close && text.back(close, 1) != b'=').then_some(start);
            }
            b' '..=b'~' => {}
            _ => return None,
        }
    }
    None
}

/// Whether what is between these two places is a domain's name.
pub(super) fn is_domain(text: Text<'_>, start: usize, end: usize) -> bool {
    domain(text, start) == Some(end)
}

/// Where the longest domain that begins there ends.
pub(super) fn domain(text: Text<'_>, start: usize) -> Option<usize> {
    let mut at = start;
    let mut end = None;
    let mut labels = 0;
    while let Some((next, top)) = label(text, at) {
        if next - start > LONGEST_DOMAIN {
            break;
        }
        labels += 1;
        if labels > 1 {
            end = if top {
                Some(next)
            } else {
                before_digits(text, at).or(before_hyphen(text, start, at)).or(end)
            };
        }
        if text.get(next) != b'.' {
            break;
        }
        at = next + 1;
    }
    end
}

/// Where the letters that are not ASCII end and digits begin, of a label that begins with two or more: no top-level domain has
/// digits, so these are a number that touches the address, and is found behind such letters.
fn before_digits(text: Text<'_>, start: usize) -> Option<usize> {
    let letters = text.run(start, WIDE, LONGEST_LABEL);
    let two = std::str::from_utf8(text.slice(start, start + letters))
        .is_ok_and(|text| text.chars().nth(1).is_some());
    (two && text.is(start + letters, DIGIT)).then_some(start + letters)
}

/// Where the letters end behind which a hyphen and something else touches the address, of a label that begins with two or more: no
/// top-level domain has a hyphen but those that are written in ASCII for other letters (`xn--p1ai`). `ann@example.com-signup` is a key;
/// `lib@1.2.beta-3` is a version, and `logo@2x.png-1` a file.
fn before_hyphen(text: Text<'_>, domain: usize, start: usize) -> Option<usize> {
    let end = start + text.run(start, LETTER, LONGEST_LABEL);
    let label = text.slice(start, end);
    let file = FILES.iter().any(|ending| label.eq_ignore_ascii_case(ending));
    let named = text.slice(domain, start).iter().any(|byte| is(*byte, LETTER | WIDE));
    (named && !file && label.len() > 1 && text.get(end) == b'-').then_some(end)
}

/// Where the label that begins there ends, and whether it can be the last one of a domain.
fn label(text: Text<'_>, start: usize) -> Option<(usize, bool)> {
    let mut at = start;
    let mut scripts = None;
    let mut characters = 0;
    let mut letters = true;
    loop {
        let byte = text.get(at);
        let (length, script) = if is(byte, WIDE) {
            let Some(next) = character(text, at) else { break };
            next
        } else if is(byte, ALNUM | DASH) {
            (1, Script::Spaced)
        } else {
            break;
        };
        if length > 1 || is(byte, LETTER) {
            if scripts.is_some_and(|scripts| scripts != script) {
                break;
            }
            scripts = Some(script);
        } else {
            letters = false;
        }
        at += length;
        characters += 1;
        if at - start > LONGEST_LABEL {
            return None;
        }
    }
    // A hyphen is inside: one behind belongs to the text.
    while at > start && text.get(at - 1) == b'-' {
        at -= 1;
        characters -= 1;
    }
    if at == start || text.get(start) == b'-' {
        return None;
    }
    let label = text.slice(start, at);
    let encoded = label.len() > 4 && label[..4].eq_ignore_ascii_case(b"xn--");
    let file = FILES.iter().any(|ending| label.eq_ignore_ascii_case(ending));
    let only_letters = letters || label.iter().all(|byte| is(*byte, LETTER | WIDE));
    Some((at, encoded || (only_letters && characters > 1 && !file)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{all, each_in, none, only};
    use crate::Kind::Email;

    #[test]
    fn atoms_and_quotes() {
        // RFC 5322, appendix A, and RFC 3696, section 3 with its errata, where they are of two labels.
        all(
            Email,
            &[
                "john@example.com",
                "jdoe@machine.example",
                "mary@example.net",
                "john.q.public@example.com",
                "user+mailbox@example.com",
                "a@b.co",
                "x-ray_9%b@sub.sub.example.co.uk",
                "x%0a@example.com",
                "9%%20@example.com",
                "o'brien@example.org",
                "1234567890@example.com",
                "JOHN@EXAMPLE.COM",
                "john@xn--bcher-kva.example",
                "john@example.xn--p1ai",
                "john@1.example.com",
            ],
        );
        only(Email, "\"Joe.Blow\"@example.com", "<\"Joe.Blow\"@example.com>");
        only(Email, "\"Abc@def\"@example.com", "to: \"Abc@def\"@example.com");
        only(Email, "\"Fred Bloggs\"@example.com", "\"Fred Bloggs\"@example.com");
        only(Email, r#""a\"b"@example.com"#, r#"x "a\"b"@example.com"#);
    }

    #[test]
    fn other_scripts() {
        // The addresses of RFC 6531's test fleet, as the UASG publishes them (UASG004), on reserved and other domains.
        all(
            Email,
            &[
                "чебурашка@ящик-с-апельсинами.рф",
                "δοκιμή@παράδειγμα.δοκιμή",
                "用户@例子.广告",
                "अजय@डाटा.भारत",
                "संपर्क@डाटामेल.भारत",
                "квіточка@пошта.укр",
                "Dörte@Sörensen.example.com",
                "jürgen@bücher.example",
            ],
        );
        only(Email, "john@example.com", "联系john@example.com谢谢");
        only(Email, "john@example.com", "お問い合わせはjohn@example.comまで");
        only(Email, "john@example.com", "«john@example.com»");
        only(Email, "john@example.com", "“john@example.com”");
    }

    #[test]
    fn what_is_around_stays() {
        only(Email, "john@example.com", "Write to john@example.com.");
        only(Email, "john@example.com", "email=john@example.com&next=1");
        only(Email, "john@example.com", "mailto:john@example.com?subject=a");
        only(Email, "john@example.com", "(john@example.com)");
        only(Email, "john@example.com", "'john@example.com'");
        only(Email, "john@example.com", "session john@example.com-42 closed");
        only(Email, "john@example.com", "lock user:john@example.com-signup");
        only(Email, "john@sub.example.com", "john@sub.example.com-1732273200");
        only(Email, "john@b.co-c.example.com", "john@b.co-c.example.com");
        none(&["lib@1.2.beta-3", "logo@2x.png-1", "a@b.c-d"]);
        for rule in ["-", "_", "#", "=", "~", "+", "'", "&"] {
            for count in [1, 10, 59, 60, 61, 64, 65, 300] {
                let text = format!("{}john@example.com", rule.repeat(count));
                let own = if rule == "_" && count <= 60 { text.as_str() } else { "john@example.com" };
                only(Email, own, &text);
            }
        }
        only(Email, "a..john@example.com", "a..john@example.com");
        only(Email, "john@example.com", "john@example.com...");
        only(Email, "john@example.com", "john@example.com-");
        only(Email, "john@example.com", "/home/john@example.com/inbox");
        only(Email, "john@example.com", "john@example.com.1");
        only(Email, "john@example.com", "john@example.com@sftp-host");
        each_in("john@example.com@10.0.0.5", &["john@example.com", "10.0.0.5"]);
        only(Email, "john@example.com", "john@example.com@");
        only(Email, "a@b.co", "a@b.co@example.com");
        only(Email, "b@example.com", "a@b@example.com");
    }

    #[test]
    fn behind_what_overlaps_it() {
        each_in("4111 1111 1111 1111.john@example.com", &["4111 1111 1111 1111", "john@example.com"]);
        each_in("+1 415 555 0100._j@example.com", &["+1 415 555 0100", "_j@example.com"]);
        each_in("a@b.co.-c@example.com", &["a@b.co", "c@example.com"]);
        each_in("123 45 6789.@example.com", &["123 45 6789"]);
    }

    #[test]
    fn no_addresses() {
        let long = format!("{}@example.com", "a".repeat(65));
        let label = format!("a@{}.com", "b".repeat(64));
        none(&[
            "@example.com",
            "john@",
            "john@localhost",
            "john@.com",
            "john@example",
            "john@-example.com",
            "@types/node@18.1.0",
            "icon@2x.png",
            "pkg@1.2.3",
            "a @ b.com",
            "john@example.c",
            "\"\"@example.com",
            "\"a\nb\"@example.com",
            &long,
            &label,
        ]);
    }
}
