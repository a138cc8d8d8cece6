//! What stands around a number where people write it: Markdown, slashes, blanks and hyphens that break no line, counted names, lists.
//! Texts with numbers, and their like with nothing personal in them.

use super::corpus::Labelled;
use super::values::Random;

/// Texts of each frame.
const EACH: usize = 8;

/// What may be around any number; `{}` is the value.
const AROUND: &[&str] =
    &["* {}", "**{}**", "*{}*", "- **Note:** {} (new)", "#{}", "(new){}", "see\u{a0}{}\u{a0}!"];

/// A text with the values in it, each at its next `{}`.
pub fn framed(frame: &str, values: &[(&str, String)]) -> Labelled {
    let (mut text, mut findings) = (String::new(), Vec::new());
    let mut parts = frame.split("{}");
    text.push_str(parts.next().unwrap_or_default());
    for ((kind, value), part) in values.iter().zip(parts) {
        findings.push(((*kind).to_owned(), text.len(), text.len() + value.len()));
        text.push_str(value);
        text.push_str(part);
    }
    Labelled { text, findings }
}

pub fn ssn(r: &mut Random) -> String {
    format!("{}-{:02}-{:04}", r.between(100, 665), r.between(1, 99), r.between(1, 9999))
}

pub fn north_american(r: &mut Random) -> String {
    format!("{}-555-0{}", r.of(&["212", "303", "415"]), r.between(100, 199))
}

pub fn bare(r: &mut Random) -> String {
    format!("2125550{}", r.between(100, 199))
}

pub fn address(r: &mut Random) -> String {
    format!("{}.{}", r.of(&["192.0.2", "198.51.100", "203.0.113"]), r.below(256))
}

/// Published test numbers: a draw would need the check digit a second time.
pub fn card(r: &mut Random) -> String {
    r.of(&["4111111111111111", "5555555555554444", "6011111111111117", "3530111333300000"]).to_owned()
}

/// In groups of four, with this between them.
pub fn fours(digits: &str, between: &str) -> String {
    let groups: Vec<&str> =
        (0..digits.len()).step_by(4).map(|at| &digits[at..digits.len().min(at + 4)]).collect();
    groups.join(between)
}

/// Texts with numbers in them.
pub fn positives(seed: u64) -> Vec<Labelled> {
    let mut random = Random::new(seed ^ 0x6672);
    let r = &mut random;
    let mut all = Vec::new();
    for _ in 0..EACH {
        for frame in AROUND {
            all.push(framed(frame, &[("us_ssn", ssn(r))]));
            all.push(framed(frame, &[("phone", north_american(r))]));
            all.push(framed(frame, &[("card", fours(&card(r), " "))]));
            all.push(framed(frame, &[("ipv4", address(r))]));
        }
        all.extend(slashes(r));
        all.extend(separators(r));
        all.extend(names(r));
        all.extend(others(r));
    }
    all
}

fn slashes(r: &mut Random) -> Vec<Labelled> {
    vec![
        framed("accepted from client.example.com/{}:52344", &[("ipv4", address(r))]),
        framed("accepted from /{}:8080", &[("ipv4", address(r))]),
        framed("GET /whois/{} 200", &[("ipv4", address(r))]),
        framed("route {}/{} up", &[("ipv4", address(r)), ("ipv4", address(r))]),
        framed("{}/{}", &[("us_ssn", ssn(r)), ("us_ssn", ssn(r))]),
        framed(
            "call {}/0124 or {}/{}",
            &[("phone", north_american(r)), ("phone", north_american(r)), ("phone", north_american(r))],
        ),
        framed("paid with {}/1227", &[("card", card(r))]),
        framed("paid with {}/123", &[("card", card(r))]),
    ]
}

fn separators(r: &mut Random) -> Vec<Labelled> {
    let last = r.between(10, 99);
    vec![
        framed("Tél.\u{a0}: {}", &[("phone", format!("+33\u{a0}1\u{a0}99\u{a0}00\u{a0}12\u{a0}{last}"))]),
        framed("Appelez le {}.", &[("phone", format!("01\u{202f}99\u{202f}00\u{202f}12\u{202f}{last}"))]),
        framed("call {}", &[("phone", north_american(r).replace('-', "\u{2011}"))]),
        framed("call {}", &[("phone", north_american(r).replace('-', " - "))]),
        framed("SSN {}", &[("us_ssn", ssn(r).replace('-', "\u{2011}"))]),
        framed("Carte\u{a0}: {}", &[("card", fours(&card(r), "\u{a0}"))]),
        framed("IBAN\u{a0}: {}", &[("iban", fours("DE89370400440532013000", "\u{a0}"))]),
        framed("Tel.: {}", &[("phone", format!("030 / 23125 0{last}"))]),
        framed("Mobil {}", &[("phone", format!("0171 / 39200{last}"))]),
        framed("gsm {}", &[("phone", format!("0470-12-34-{last}"))]),
        framed("bel {}", &[("phone", format!("+31 6 2012 34{last}"))]),
        framed("Contact {}", &[("phone", format!("+1-123-456-78{last}"))]),
    ]
}

fn names(r: &mut Random) -> Vec<Labelled> {
    let phone = |r: &mut Random| ("phone", bare(r));
    vec![
        framed("SSN #{}", &[("us_ssn", ssn(r))]),
        framed("phone #{}", &[phone(r)]),
        framed("phone1: {}", &[phone(r)]),
        framed("{\"phone_2\":\"{}\"}", &[phone(r)]),
        framed("Phone 1 - Value: {}", &[phone(r)]),
        framed("Tel 2: {}", &[phone(r)]),
        framed("phone: {}/24", &[phone(r)]),
        framed("{\"phones\":[\"{}\",\"{}\",\"{}\"]}", &[phone(r), phone(r), phone(r)]),
    ]
}

fn others(r: &mut Random) -> Vec<Labelled> {
    let group = r.between(1, 0xFFFF);
    vec![
        framed("ip:{} up", &[("ipv6", format!("2001:db8::{group:x}"))]),
        framed("peer:{} up", &[("ipv6", format!("2001:db8:0:0:8:800:200c:{group:x}"))]),
        framed("mac:{} up", &[("mac", format!("00:00:5e:00:53:{:02x}", group % 256))]),
        framed("{}@sftp-host", &[("email", format!("john{group}@example.com"))]),
        framed("{}@ was cut", &[("email", format!("john{group}@example.com"))]),
        framed("DNI {}", &[("es_dni", "12.345.678-Z".to_owned())]),
        framed("NIE {}", &[("es_dni", "X-1234567-L".to_owned())]),
        framed("id {}", &[("cn_ric", "11010519491231002x".to_owned())]),
    ]
}

/// Their like with nothing personal in them.
pub fn negatives(seed: u64) -> Vec<Labelled> {
    let mut random = Random::new(seed ^ 0x6672_6e6f);
    let r = &mut random;
    let mut all = Vec::new();
    for _ in 0..EACH {
        let (year, month, day) = (r.between(1990, 2030), r.between(1, 12), r.between(1, 28));
        let order = r.between(1_000_000_000, 9_999_999_999);
        let texts = [
            format!("* {order}"),
            format!("**{order}** shipped"),
            format!("order #{order}"),
            format!("f({day}){order}"),
            format!("***-**-{} 020 7946", r.between(1000, 9999)),
            format!("card ****\u{a0}****\u{a0}****\u{a0}{} {order}", r.between(1000, 9999)),
            format!("Chrome/120.0.0.{day}"),
            format!("nginx/1.{month}.{day}.0 Node.js/1.2.{month}.{day}"),
            format!("/downloads/release/1.2.{month}.{day}"),
            format!("{year}/{order}"),
            format!("/v1/orders/{day}/{order}"),
            format!("0123 45{}/{year}", r.between(1000, 9999)),
            format!("logs/{year}-{month:02}-{day:02}-{:02}", r.below(24)),
            format!(
                "app-{year}-{month:02}-{day:02}-{:02}-{:02}-{:02}.gz",
                r.below(24),
                r.below(60),
                r.below(60)
            ),
            format!("phone-{year}-{month:02}-{day:02}-{:02}.log", r.below(24)),
            format!("{year}-{month:02}-{day:02} 10:11:12 +0200 {}", r.between(10_000, 99_999)),
            format!("{}\u{202f}{:03}\u{202f}{:03}\u{a0}€", r.between(1, 999), r.below(1000), r.below(1000)),
            format!("{year}年{month}月{day}日 {order}"),
            format!("{year} - {} - {order}", year + 1),
            format!("{:02} - {}", r.between(1, 20), r.between(1_000_000, 9_999_999)),
            format!("commande numéro {order}"),
            format!("facture numéro {year}{month:02}{day:02}"),
            format!("mobile{year}: {order}"),
            format!("{{\"ids\":[\"{order}\",\"{order}\"]}}"),
            format!("{{\"phone\":null,\"ids\":[\"{order}\",\"{order}\"]}}"),
            format!("at:{:02}:{:02}:{:02} rate:1:2:{day}", r.below(24), r.below(60), r.below(60)),
            format!("log-{:02}-{month:02}-{day:02}-10-11-12", year % 100),
            format!("pkg@1.{month}.{day}@latest"),
        ];
        all.extend(texts.into_iter().map(|text| Labelled { text, findings: Vec::new() }));
    }
    all
}
