//! Texts with nothing personal in them that look as if there were.

use super::corpus::Labelled;
use super::values::Random;
use super::{edges, frames, marks, rows};

const HEX: &str = "0123456789abcdef";
const EACH: usize = 40;

/// What surrounds it; `{}` is the value.
const AROUND: &[&str] = &[
    "{}",
    "order {} shipped",
    "{\"id\":\"{}\",\"ok\":true}",
    "INFO id={} done",
    "siehe {}.",
    "n° {}",
    "\t{}\t",
    "/v1/items/{}/parts",
];

fn uuid(r: &mut Random) -> String {
    let h = |r: &mut Random, n| r.text(HEX, n);
    format!("{}-{}-4{}-a{}-{}", h(r, 8), h(r, 4), h(r, 3), h(r, 3), h(r, 12))
}

fn isbn(r: &mut Random) -> String {
    let mut digits = vec![9, 7, 8];
    digits.extend(r.digits(9));
    let sum: u64 = digits.iter().enumerate().map(|(at, digit)| digit * if at % 2 == 0 { 1 } else { 3 }).sum();
    digits.push((10 - sum % 10) % 10);
    let text: String = digits.iter().map(u64::to_string).collect();
    if r.below(2) == 0 {
        text
    } else {
        format!("{}-{}-{}-{}-{}", &text[..3], &text[3..4], &text[4..6], &text[6..12], &text[12..])
    }
}

/// One value of each sort that is not personal data.
fn values(r: &mut Random) -> Vec<String> {
    let joined = |digits: Vec<u64>| digits.iter().map(u64::to_string).collect::<String>();
    vec![
        // Orders, timestamps in seconds to nanoseconds, counters, Snowflake ids.
        format!("{}", r.between(1_000_000_000, 9_999_999_999)),
        format!("{}", r.between(1_500_000_000, 1_900_000_000)),
        format!("{}", r.between(1_500_000_000_000, 1_900_000_000_000)),
        format!("{}", r.between(1_500_000_000_000_000, 1_900_000_000_000_000)),
        format!("{}{}", r.between(1_500_000_000_000_000, 1_900_000_000_000_000), r.between(100, 999)),
        format!("{}", r.between(10_000_000, 999_999_999)),
        format!("1{}", joined(r.digits(18))),
        uuid(r),
        uuid(r).to_uppercase(),
        r.text(HEX, 32),
        r.text(HEX, 40),
        r.text(HEX, 64),
        r.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 26),
        // Versions.
        format!("{}.{}.{}", r.below(30), r.below(100), r.below(1000)),
        format!("v{}.{}.{}.{}", r.below(30), r.below(100), r.below(100), r.below(100)),
        format!("Chrome/{}.0.{}.{}", r.between(90, 140), r.between(1000, 7000), r.between(10, 250)),
        format!("libssl{}.{}.{}-rc{}", r.below(4), r.below(10), r.below(10), r.below(10)),
        format!("@scope/package@{}.{}.{}", r.below(20), r.below(20), r.below(20)),
        format!("icon@{}x.png", r.between(2, 4)),
        // Dates and times.
        format!(
            "{}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}+02:00",
            r.between(1990, 2030),
            r.between(1, 12),
            r.between(1, 28),
            r.below(24),
            r.below(60),
            r.below(60),
            r.below(1_000_000)
        ),
        format!(
            "{:02}.{:02}.{} {:02}:{:02}",
            r.between(1, 28),
            r.between(1, 12),
            r.between(1990, 2030),
            r.below(24),
            r.below(60)
        ),
        format!(
            "{}{:02}{:02}-{:02}{:02}{:02}",
            r.between(1990, 2030),
            r.between(1, 12),
            r.between(1, 28),
            r.below(24),
            r.below(60),
            r.below(60)
        ),
        format!(
            "{}{:02}{:02}-{:02}{:02}",
            r.between(1990, 2030),
            r.between(1, 12),
            r.between(1, 28),
            r.below(24),
            r.below(60)
        ),
        // Money and measures.
        format!("{},{:03}.{:02}", r.between(1, 999), r.below(1000), r.below(100)),
        format!("{} {:03} {:03} EUR", r.between(1, 5), r.below(1000), r.below(1000)),
        format!("{}.{:03}.{:03},{:02} €", r.between(1, 99), r.below(1000), r.below(1000), r.below(100)),
        format!("52.{} 13.{}", r.between(100_000, 999_999), r.between(100_000, 999_999)),
        // Books, parcels, goods.
        isbn(r),
        format!("1Z{}{}", r.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", 6), joined(r.digits(10))),
        format!("94{}", joined(r.digits(20))),
        format!("{}", r.between(100_000_000_000, 999_999_999_999)),
        // Code, dumps, names.
        format!("std::{}::{}()", r.of(&["vec", "fmt", "io", "cafe"]), r.of(&["new", "add", "bed"])),
        format!(
            "{:08x}: {} {} {} {}  ................",
            r.below(0xFFFF_FFFF),
            r.text(HEX, 4),
            r.text(HEX, 4),
            r.text(HEX, 4),
            r.text(HEX, 4)
        ),
        format!("sha256:{}", r.text(HEX, 64)),
        format!("git@{}", r.text(HEX, 12)),
        format!("{}x{}+{}+{}", r.between(640, 3840), r.between(480, 2160), r.below(100), r.below(100)),
        format!("#{}", r.text("0123456789ABCDEF", 6)),
        format!("[{}, {}, {}, {}]", r.below(10_000), r.below(10_000), r.below(10_000), r.below(10_000)),
        format!("task-{}-{}", r.below(10_000), r.below(100_000_000)),
        format!("arn:aws:s3:::bucket-{}/key", r.text(HEX, 12)),
        format!("{}/{}/{} {}%", r.below(1000), r.below(1000), r.below(1000), r.below(100)),
    ]
}

/// All of them.
pub fn all(seed: u64) -> Vec<Labelled> {
    let mut random = Random::new(seed ^ 0x6e6f);
    let mut all = Vec::new();
    for round in 0..EACH {
        for (sort, value) in values(&mut random).into_iter().enumerate() {
            let text = AROUND[(round + sort) % AROUND.len()].replacen("{}", &value, 1);
            all.push(Labelled { text, findings: Vec::new() });
        }
    }
    for _ in 0..EACH {
        all.extend(phoneless(&mut random).into_iter().map(|text| Labelled { text, findings: Vec::new() }));
    }
    all.extend(frames::negatives(seed));
    all.extend(edges::negatives(seed));
    all.extend(rows::negatives(seed));
    all.extend(marks::negatives(seed));
    all
}

/// Ten digits behind a full stop that ends a sentence or a word of something else, and what only looks like an extension.
fn phoneless(r: &mut Random) -> Vec<String> {
    let mut digits = || r.between(1_000_000_000, 9_999_999_999);
    vec![
        format!("She has no phone. {} is the order.", digits()),
        format!("Er hat kein Telefon. {} ist die Bestellung.", digits()),
        format!("order no. {}", digits()),
        format!("art. nr. {}", digits()),
        format!("{}x12", digits()),
        format!("batch {}x4 of 7", digits()),
    ]
}
