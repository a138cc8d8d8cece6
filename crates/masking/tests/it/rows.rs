//! Numbers right behind one another or behind what is none, and columns of numbers, decimals and versions that are no phones. Texts with
//! numbers, and their like with nothing personal in them.

use super::corpus::Labelled;
use super::frames::{address, card, fours, framed, ssn};
use super::values::Random;

/// Texts of each frame.
const EACH: usize = 8;

/// What is whole by itself before a number; `{}` is the value.
const BEHIND: &[&str] = &[
    "2026-11-22 {}",
    "22.11.2026 {} seen",
    "10:11:12 {}",
    "2026-11-22 10:11:12.345 {}",
    "2026-11-22T10:11:12+02:00 {}",
    "10:11:12 +0200 {}",
    "Ext12 {}",
];

fn german(r: &mut Random) -> String {
    format!("+49 30 23125 {}", r.between(100, 999))
}

fn mobile(r: &mut Random, between: &str) -> String {
    format!("0171{between}39200{}", r.between(10, 99))
}

fn london(r: &mut Random, before: &str) -> String {
    format!("{before}20 7946 0{}", r.between(100, 999))
}

fn american(r: &mut Random, between: &str) -> String {
    format!("{}{between}555{between}0{}", r.of(&["212", "303", "415"]), r.between(100, 199))
}

fn bracketed(r: &mut Random) -> String {
    format!("({}) 555-0{}", r.of(&["212", "303", "415"]), r.between(100, 199))
}

/// Texts with numbers in them.
pub fn positives(seed: u64) -> Vec<Labelled> {
    let mut random = Random::new(seed ^ 0x726f_7773);
    let r = &mut random;
    let mut all = Vec::new();
    for _ in 0..EACH {
        for frame in BEHIND {
            all.push(framed(frame, &[("phone", mobile(r, " "))]));
            all.push(framed(frame, &[("phone", american(r, " "))]));
            all.push(framed(frame, &[("phone", format!("06 99 00 12 {}", r.between(10, 99)))]));
        }
        all.extend(two_phones(r));
        all.extend(a_phone_and_another(r));
        all.extend(ends(r));
    }
    all
}

fn two_phones(r: &mut Random) -> Vec<Labelled> {
    let (german, trunk) = (german(r), mobile(r, " / "));
    let local = format!("+49 30 9018{}", r.between(10, 99));
    let firsts = [
        ("{} / {}", local.clone()),
        ("{} - {}", local.clone()),
        ("{} {}", local),
        ("call {} {}", german),
        ("Tel. {} {}", trunk),
        ("phone {} {}", american(r, " ")),
    ];
    let mut all: Vec<Labelled> = firsts
        .into_iter()
        .map(|(frame, first)| framed(frame, &[("phone", first), ("phone", mobile(r, " "))]))
        .collect();
    all.push(framed("phone: {} {}", &[("phone", bracketed(r)), ("phone", bracketed(r))]));
    all.push(framed("phone: {} {}", &[("phone", american(r, " ")), ("phone", american(r, " "))]));
    all.push(framed("{} {}", &[("phone", american(r, " ")), ("phone", american(r, " "))]));
    all.push(framed("Tel. {} - {}", &[("phone", london(r, "0")), ("phone", american(r, " "))]));
    all.push(framed("Tel. {} / {}", &[("phone", london(r, "+44 ")), ("phone", mobile(r, " "))]));
    all.push(framed("Tel. {} 2026-11-22", &[("phone", london(r, "+44 "))]));
    all
}

fn a_phone_and_another(r: &mut Random) -> Vec<Labelled> {
    let visa = |r: &mut Random| ("card", fours(&card(r), " "));
    vec![
        framed("{} - {}", &[("phone", german(r)), visa(r)]),
        framed("{} {}", &[("phone", german(r)), visa(r)]),
        framed("Tel. {} {}", &[("phone", mobile(r, " / ")), visa(r)]),
        framed("Tel. {} {}", &[("phone", mobile(r, " ")), visa(r)]),
        framed("phone: {}/{}", &[("phone", american(r, "-")), ("card", fours(&card(r), "-"))]),
        framed("Jan 05 {}", &[("card", "5500 0055 5555 5559".to_owned())]),
        framed("phone {} {}", &[("phone", american(r, " ")), ("us_ssn", ssn(r))]),
        framed("phone {} {}", &[("phone", american(r, " ")), ("us_ssn", ssn(r).replace('-', " "))]),
        framed("{} {}", &[visa(r), ("phone", mobile(r, " "))]),
        framed("phone: {} {}", &[("ipv4", address(r)), ("phone", american(r, " "))]),
        framed("phone: {} {}", &[("ipv4", address(r)), ("us_ssn", ssn(r))]),
    ]
}

/// Where a number ends.
fn ends(r: &mut Random) -> Vec<Labelled> {
    let few = r.between(10, 99);
    vec![
        framed(&format!("{{}} - {few} days"), &[("phone", german(r))]),
        framed(&format!("phone: {{}} {few} of them"), &[("phone", american(r, " "))]),
        framed(&format!("phone ({{}}) {few} times"), &[("phone", format!("555-01{few}"))]),
        framed(&format!("phone: {{}} ({few} hours)"), &[("phone", bracketed(r))]),
        framed(&format!("Tel. ({{}}) {few} Stunden"), &[("phone", mobile(r, " "))]),
    ]
}

/// Their like with nothing personal in them.
pub fn negatives(seed: u64) -> Vec<Labelled> {
    let mut random = Random::new(seed ^ 0x726f_6e6f);
    let r = &mut random;
    let mut all = Vec::new();
    for _ in 0..EACH {
        let (n, four, six) = (r.between(200, 999), r.between(1000, 9999), r.between(100_000, 999_999));
        let pair = r.between(10, 99);
        let texts = [
            format!("200 {n} {four}"),
            format!("{}.{n}.{four}", r.of(&["200", "300", "400"])),
            format!("HTTP/1.1\" {} {n} {four}", r.of(&["404", "301", "503"])),
            format!("\"GET /x HTTP/1.1\" 200 404 {n} {four}"),
            format!("GET /x {} {n} {four}", r.of(&["404", "502", "206"])),
            format!("lat=+52.{six}"),
            format!("+52.{six}, +13.{six}"),
            format!("01 23 45 67 89 {pair} {pair} {pair}"),
            format!("1 06 12 34 56 {pair}"),
            format!("{pair} 020 7946 {four}"),
            format!("Windows Phone 10.0.15{pair}4.{n}"),
            format!("mobile 10.0.19{pair}1.1"),
            format!("mobile 8.10.142{pair}.{n}"),
        ];
        all.extend(texts.into_iter().map(|text| Labelled { text, findings: Vec::new() }));
    }
    all
}
