//! What touches a number at its edges, or stands between its groups in another form than on a keyboard: brackets with another number
//! behind them, stars, blanks that break no line, blanks around signs. Texts with numbers, and their like with nothing personal in them.

use super::corpus::Labelled;
use super::frames::{address, bare, card, fours, framed, north_american, ssn};
use super::values::Random;

/// Texts of each frame.
const EACH: usize = 8;

/// Around any number of a check or a form that hardly anything else has; `{}` is the value.
const AROUND: &[&str] = &[
    "paid ({}) 3 times",
    "(no. {}) 2 of them",
    "({}) 12/27",
    "({})-2",
    "* **{}**",
    "  * **{} (new)**",
    "**Note:** **{}**",
    "192.0.*.* - {}",
];

/// Texts with numbers in them.
pub fn positives(seed: u64) -> Vec<Labelled> {
    let mut random = Random::new(seed ^ 0x6564_6765);
    let r = &mut random;
    let mut all = Vec::new();
    for _ in 0..EACH {
        for frame in AROUND {
            all.push(framed(frame, &[("us_ssn", ssn(r))]));
            all.push(framed(frame, &[("phone", north_american(r))]));
            all.push(framed(frame, &[("phone", mobile(r, " "))]));
            all.push(framed(frame, &[("card", card(r))]));
            all.push(framed(frame, &[("card", fours(&card(r), " "))]));
        }
        all.extend(unbroken(r));
        all.extend(spaced(r));
        all.extend(others(r));
        all.extend(named(r));
    }
    for _ in 0..EACH {
        all.extend(touching(r));
        all.extend(formed(r));
    }
    all
}

/// What stands right behind a number or before it.
fn touching(r: &mut Random) -> Vec<Labelled> {
    let phone = |r: &mut Random| ("phone", bare(r));
    let encoded = |r: &mut Random| ("email", format!("john{}%40example.com", r.below(1000)));
    vec![
        framed("Tel {}:call", &[("phone", mobile(r, " "))]),
        framed("card {}:approved", &[("card", fours(&card(r), " "))]),
        framed("{\"card\":{}.0,\"phone\":{}.0}", &[("card", card(r)), phone(r)]),
        framed("phones={}+{}", &[("phone", north_american(r)), ("phone", north_american(r))]),
        framed("GET /reset?email={}&ok=1 HTTP/1.1", &[encoded(r)]),
        framed("next=%2Freset%3Fmail%3D{}%26ok%3D1", &[encoded(r)]),
        framed("**Tel:** **{}**", &[("phone", format!("+49 30 231250{}", r.between(10, 99)))]),
        framed("phone2:{}", &[("phone", mobile(r, "-"))]),
        framed("ssh {}@host.example.com", &[("email", format!("john{}@example.com", r.below(1000)))]),
        framed("T\u{c9}L\u{c9}PHONE : {}", &[phone(r)]),
        framed("\u{feff}phone: \u{201c}{}\u{201d}", &[phone(r)]),
        framed("\u{422}\u{435}\u{43b}\u{435}\u{444}\u{43e}\u{43d}: {}", &[phone(r)]),
    ]
}

/// How its groups are parted.
fn formed(r: &mut Random) -> Vec<Labelled> {
    let last = r.between(10, 99);
    vec![
        framed("Zentrale {}, werktags", &[("phone", format!("030/231250{last}-0"))]),
        framed("phone {} (Ines)", &[("phone", format!("{}-{}", bare(r), r.between(1, 999)))]),
        framed("call {}", &[("phone", format!("+49-(0)30-231250{last}"))]),
        framed("call {}", &[("phone", format!("+1-(212)-555-01{last}"))]),
        framed("/pay?card={}&ok=1", &[("card", fours(&card(r), "+"))]),
        framed(
            "Tel: {}/{}",
            &[("phone", format!("+49 30 231250{last}")), ("phone", format!("030 231251{last}"))],
        ),
    ]
}

/// Of Germany's numbers for films.
fn mobile(r: &mut Random, between: &str) -> String {
    format!("0171{between}39200{}", r.between(10, 99))
}

fn unbroken(r: &mut Random) -> Vec<Labelled> {
    let last = r.between(10, 99);
    let blank = r.of(&["\u{a0}", "\u{202f}"]);
    let around = |sign: &str| format!("{blank}{sign}{blank}");
    vec![
        framed("call {}", &[("phone", format!("(212){blank}555-01{last}"))]),
        framed("call {}", &[("phone", format!("+44{blank}(0)20 7946 00{last}"))]),
        framed("Tel.: {}", &[("phone", mobile(r, &around("/")))]),
        framed("call {}", &[("phone", north_american(r).replace('-', &around("-")))]),
        framed("SSN: {}", &[("us_ssn", ssn(r).replace('-', &around("\u{2011}")))]),
        framed("DNI {}", &[("es_dni", "12345678\u{2011}Z".to_owned())]),
        framed("NIE {}", &[("es_dni", "X\u{2011}1234567\u{2011}L".to_owned())]),
        framed("hetu {}", &[("fi_hetu", "131052\u{2011}308T".to_owned())]),
        framed("NI no. {}", &[("uk_nino", ["AB", "12", "34", "56", "C"].join(blank))]),
    ]
}

fn spaced(r: &mut Random) -> Vec<Labelled> {
    let last = r.between(10, 99);
    vec![
        framed("Telefon privat {}", &[("phone", mobile(r, " / "))]),
        framed("Please call Ann on {}", &[("phone", north_american(r).replace('-', " - "))]),
        framed("Appelez le {}", &[("phone", format!("0199 / 0012{last}"))]),
        framed("contact: {}", &[("phone", format!("030 - 231250{last}"))]),
    ]
}

fn others(r: &mut Random) -> Vec<Labelled> {
    let phone = |r: &mut Random| ("phone", bare(r));
    let email = |r: &mut Random| ("email", format!("john{}@example.com", r.below(1000)));
    vec![
        framed("{}.{}", &[("card", fours(&card(r), " ")), email(r)]),
        framed("call {}.{}", &[("phone", format!("+1 415 555 01{}", r.between(10, 99))), email(r)]),
        framed("{\"Phone 2\":\"{}\"}", &[phone(r)]),
        framed("{'Phone 2' : '{}'}", &[phone(r)]),
        framed("iPhone: {}", &[phone(r)]),
        framed("accepted from DESKTOP-A1.example.com/{}", &[("ipv4", address(r))]),
        framed("accepted from HOST.EXAMPLE.COM/{}", &[("ipv4", address(r))]),
    ]
}

/// Names with a remark, a tag or a wrapper behind them.
const NAMED: &[&str] = &[
    "Phone (home): {}",
    "Phone(s): {}",
    "Phone [work]: {}",
    "Phone (business): {}",
    "<phone type=\"home\">{}</phone>",
    "<td>Phone</td><td>{}</td>",
    "<dt>Phone</dt> <dd class=\"c2\">{}</dd>",
    "phone: Some(\"{}\")",
    "phone: Some({})",
    "phone=Optional[{}]",
    "Phone(number='{}')",
    "{\"type\":\"phone\",\"value\":\"{}\"}",
    "phone_home={}",
    "phoneNo: {}",
    "phone2: {}",
];

fn named(r: &mut Random) -> Vec<Labelled> {
    NAMED.iter().map(|frame| framed(frame, &[("phone", bare(r))])).collect()
}

/// Numbers near the name of a phone that are none.
const NEAR: &[&str] = &[
    "{\"phone\":\"\",\"id\":{}}",
    "{\"phone\":\"\",\"value\":{}}",
    "phone=&code={}",
    "phone=, id={}",
    "phoneUpdatedAt={}",
    "phone_updated_at={}",
    "phoneVerified={}",
    "phoneVerifiedAt: {}",
    "phoneId={}",
    "phone_id={}",
    "{\"mobileAppVersion\":\"{}\"}",
    "device=mobile id={}",
    "[phone] {}",
    "<td>Phone</td><td></td><td>{}</td>",
    "<phone></phone><value>{}</value>",
];

/// Their like with nothing personal in them.
pub fn negatives(seed: u64) -> Vec<Labelled> {
    let mut random = Random::new(seed ^ 0x6564_6e6f);
    let r = &mut random;
    let mut all = Vec::new();
    for _ in 0..EACH {
        let order = r.between(1_000_000_000, 9_999_999_999);
        let (zip, small) = (r.between(1000, 9000), r.between(2, 9));
        let texts = [
            format!("({order}) {small} of them"),
            format!("f({order}) {small}"),
            format!("(4111111111111112) {small} times"),
            format!("(20240117) {order}"),
            format!("0{zip} - 0{}", zip + 9),
            format!("zip codes 0{zip} - 0{}", zip + 9),
            format!("{zip:04} / {}", order % 1_000_000),
            format!("0123 / 45{zip}"),
            format!("480 - 640 - {zip}"),
            format!("0020 - 0030 - {zip}"),
            format!("***-**-{zip} 020 7946"),
            format!("**card ****-****-****-{zip}** {order}"),
            format!("* card ****-****-****-{zip} 020 7946"),
            format!("iPhone 1{small} - {order}"),
            format!("iPhone {small}: {order}"),
            format!("pH {small}: 123{zip}"),
            format!("pH: 123{zip}"),
            format!("Microsoft.NETCore.App/{small}.0.0.1"),
            format!("Newtonsoft.Json/13.0.{small}.1"),
            format!("com.example.app/7.1.2.{small} (Android 14)"),
            "12345678\u{2011}A".to_owned(),
            format!("1{small}\u{a0}-\u{a0}{zip}"),
            "handy: 978-3-16-148410-0".to_owned(),
        ];
        let near = NEAR.iter().map(|frame| frame.replace("{}", &order.to_string()));
        all.extend(texts.into_iter().chain(near).map(|text| Labelled { text, findings: Vec::new() }));
    }
    for _ in 0..EACH {
        let (zip, small) = (r.between(1000, 9000), r.between(2, 9));
        let texts = [
            format!("{small}0%40 {zip}.com"),
            format!("width=10{small}%40&size={zip}"),
            format!("tracking 1Z 999 AA1 01 {zip} 6784"),
            format!("hex: ff 01 23 45 67 8{small} ab cd"),
            format!("0123-2026-11-1{small}"),
            format!("0100-20000-{small}"),
            format!("4111111111111111.0{small}"),
            format!("order 212{zip}123-{small}"),
            format!("10:0{small} 12 34 56 78"),
            format!("abc+123456789+d{zip}/x=="),
        ];
        all.extend(texts.map(|text| Labelled { text, findings: Vec::new() }));
    }
    all
}
