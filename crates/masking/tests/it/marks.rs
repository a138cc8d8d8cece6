//! What stands around something in lines that programs write: colours, line ends and tabs that are spelled out, emphasis. Texts with personal data, and their like with
//! none.

use super::corpus::Labelled;
use super::frames::{address, bare, card, fours, framed, north_american, ssn};
use super::values::Random;

/// Texts of each frame.
const EACH: usize = 8;

/// Around anything; `{}` is the value.
const AROUND: &[&str] = &[
    "\u{1b}[0m{}",
    "\u{1b}[32m INFO\u{1b}[0m from=\u{1b}[1;31m{}\u{1b}[0m",
    "\u{1b}[38;2;255;100;50m{}\u{1b}[K",
    "\u{1b}[2K\u{1b}[1G{} \u{1b}[?25h",
    "msg=\\n{}\\n",
    "body \"name\\r\\n{}\\r\\n\" sent",
    "row 'a\\t{}\\t17'",
    "_{}_",
    "* __Note:__ ___{}___, new",
];

/// Around numbers: an address may begin with `_`.
const AROUND_NUMBERS: &[&str] = &["see _{} (new)_.", "__Note: {}__"];

/// Behind these a number in one piece has the word that it needs.
const CALLED: &[&str] =
    &["\u{1b}[3mphone\u{1b}[0m\u{1b}[2m=\u{1b}[0m{}", "body \"a\\tphone: {}\\n\"", "__Phone:__ _{}_"];

pub fn email(r: &mut Random) -> String {
    format!("john{}@example.com", r.below(1000))
}

/// Texts with something in them.
pub fn positives(seed: u64) -> Vec<Labelled> {
    let mut random = Random::new(seed ^ 0x6d61_726b);
    let r = &mut random;
    let mut all = Vec::new();
    for _ in 0..EACH {
        for frame in AROUND {
            all.push(framed(frame, &[("email", email(r))]));
            all.push(framed(frame, &[("card", card(r))]));
            all.push(framed(frame, &[("card", fours(&card(r), " "))]));
            all.push(framed(frame, &[("phone", north_american(r))]));
            all.push(framed(frame, &[("us_ssn", ssn(r))]));
            all.push(framed(frame, &[("ipv4", address(r))]));
        }
        for frame in AROUND_NUMBERS {
            all.push(framed(frame, &[("card", fours(&card(r), " "))]));
            all.push(framed(frame, &[("us_ssn", ssn(r))]));
            all.push(framed(frame, &[("ipv4", address(r))]));
        }
        for frame in CALLED {
            all.push(framed(frame, &[("phone", bare(r))]));
        }
    }
    all
}

/// Their like with nothing personal in them.
pub fn negatives(seed: u64) -> Vec<Labelled> {
    let mut random = Random::new(seed ^ 0x6d61_6e6f);
    let r = &mut random;
    let mut all = Vec::new();
    for _ in 0..EACH {
        let order = r.between(1_000_000_000, 9_999_999_999);
        let (small, last) = (r.between(2, 9), r.between(1000, 9999));
        let texts = [
            format!("\u{1b}[32m{order}\u{1b}[0m rows"),
            format!("\u{1b}[1morder_4111111111111111\u{1b}[{small}m"),
            format!("\u{1b}[38;5;{small}mv1.2.3.{small}\u{1b}[0m"),
            format!("\u{1b}[{small}A\u{1b}[2K{last}-{small}-17 done"),
            format!("m4111111111111111 [0m{order}"),
            format!("C:\\new4111111111111111\\run{small}"),
            format!("C:\\temp\\n{order}"),
            format!("\\d{{3}}-\\d{{2}}-\\d{{4}}\\n\\x4111111111111111 {small}"),
            format!("id_{order} __init__{order} _{order}_ _foo_123_bar_"),
            format!("img_4111111111111111_{small}.png _4111111111111111_{small} _4111111111111111.jpg"),
            format!("phone_{last}_{order}_a __{last}-{small}__"),
            format!("rows:\\n{order}\\n{last}\\t{small}"),
        ];
        all.extend(texts.into_iter().map(|text| Labelled { text, findings: Vec::new() }));
    }
    all
}
