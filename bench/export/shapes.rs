//! Records as a shop has them, about nobody: names on reserved domains, numbers, addresses of documentation.
//!
//! The members of every object are in the order of their names, as a package has them: so the lines that are
//! written here are what a package has to have.

use serde_json::{Value, json};

use crate::mix::Mix;

/// The collections.
pub const COLLECTIONS: [&str; 8] =
    ["addresses", "consents", "customers", "messages", "orders", "payments", "sessions", "tickets"];

/// What is said where somebody else is named.
pub const MASKED: &str = "[another person's]";

const FIRST: &[&str] = &[
    "Ada", "Bela", "Carla", "Dario", "Elif", "Farid", "Greta", "Hana", "Ivo", "Jonas", "Kira", "Lena",
    "Milan", "Noor", "Olga", "Pavel", "Quinn", "Rosa", "Samir", "Tereza", "Uwe", "Vera", "Yusuf", "Zoë",
];
const LAST: &[&str] = &[
    "Adler",
    "Brandt",
    "Costa",
    "Duarte",
    "Eriksen",
    "Fischer",
    "Grün",
    "Haas",
    "Ivanova",
    "Jansen",
    "Kowalski",
    "Lindqvist",
    "Moreau",
    "Novák",
    "Okafor",
    "Petrov",
    "Quist",
    "Rossi",
    "Schmidt",
    "Tanaka",
    "Ünal",
    "Vogel",
    "Weber",
    "Yıldız",
    "Zimmer",
];
const CITIES: &[&str] = &[
    "Berlin", "Wien", "Zürich", "Lisboa", "Kraków", "Brno", "Gent", "Utrecht", "Malmö", "Turku", "Porto",
    "Lyon", "Graz", "Bern", "Aarhus", "Tartu",
];
const WORDS: &[&str] = &[
    "the",
    "and",
    "to",
    "of",
    "a",
    "in",
    "is",
    "was",
    "it",
    "for",
    "on",
    "with",
    "not",
    "that",
    "we",
    "you",
    "order",
    "parcel",
    "your",
    "please",
    "thank",
    "at",
    "been",
    "have",
    "has",
    "will",
    "be",
    "this",
    "but",
    "from",
    "delivery",
    "address",
    "again",
    "when",
    "after",
    "before",
    "because",
    "invoice",
    "payment",
    "refund",
    "box",
    "damaged",
    "arrived",
    "missing",
    "second",
    "first",
    "number",
    "colour",
    "size",
    "wrong",
    "changed",
    "customer",
    "called",
    "asked",
    "answered",
    "waiting",
    "courier",
    "neighbour",
    "door",
    "week",
    "month",
    "yesterday",
    "tomorrow",
    "evening",
    "morning",
    "receipt",
    "attached",
    "photo",
    "screen",
    "cable",
    "battery",
    "warranty",
    "returned",
    "exchange",
    "voucher",
    "discount",
    "account",
    "password",
    "reset",
    "email",
    "confirmed",
    "cancelled",
    "subscription",
    "newsletter",
    "language",
    "German",
    "French",
    "English",
    "shop",
    "street",
    "floor",
    "bell",
    "left",
    "right",
    "behind",
    "garden",
    "kitchen",
    "table",
    "lamp",
    "chair",
    "shelf",
    "screw",
    "manual",
    "instructions",
    "unclear",
    "helpful",
    "friendly",
    "slow",
    "quick",
    "never",
    "always",
    "sometimes",
    "perhaps",
    "certainly",
    "however",
    "although",
    "instead",
    "replacement",
    "stock",
    "warehouse",
    "supplier",
    "estimate",
    "promised",
    "complaint",
    "resolved",
    "escalated",
    "manager",
    "team",
    "shift",
    "holiday",
    "weekend",
    "bank",
    "transfer",
    "card",
    "declined",
    "charged",
    "twice",
    "amount",
    "balance",
    "credit",
    "statement",
    "tax",
    "receipts",
    "archive",
];
const PRODUCTS: &[&str] =
    &["LMP-210", "CHR-044", "TBL-118", "SHF-902", "CBL-007", "BAT-331", "SCR-555", "MNL-001", "BOX-640"];
const STATES: &[&str] = &["done", "open", "sent", "paid", "waiting", "returned", "cancelled"];
const AGENTS: &[&str] = &[
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36",
];

/// One record of a collection.
pub fn record(collection: &str, number: u64, mix: &mut Mix) -> Value {
    match collection {
        "addresses" => json!({
            "address_id": id("adr", mix), "checked": mix.below(2) == 0, "city": mix.pick(CITIES),
            "country": "DE", "customer_id": id("cus", mix), "deliver": {"days": ["mon", "wed", "sat"],
            "hint": text(mix, 40), "until": instant(mix)}, "line": number, "name": name(mix),
            "place": {"lat": cents(mix, 900_000), "lon": cents(mix, 1_800_000)}, "postcode": digits(mix, 5),
            "street": format!("{} {}", text(mix, 2), mix.below(200)), "updated_at": instant(mix),
        }),
        "consents" => json!({
            "channel": mix.pick(&["email", "post", "sms"]), "consent_id": id("con", mix),
            "customer_id": id("cus", mix), "evidence": {"agent": mix.pick(AGENTS), "form": "signup-7",
            "ip": address(mix), "text": text(mix, 45)}, "given": mix.below(3) > 0, "given_at": instant(mix),
            "line": number, "purposes": {"analytics": mix.below(2) == 0, "marketing": mix.below(2) == 0},
            "withdrawn_at": Value::Null,
        }),
        "customers" => json!({
            "birth_date": &instant(mix)[..10], "contact": {"email": email(mix), "phone": phone(mix)},
            "created_at": instant(mix), "customer_id": id("cus", mix), "line": number,
            "loyalty": {"points": mix.below(90_000), "tier": mix.pick(&["none", "silver", "gold"])},
            "name": name(mix), "note": text(mix, 60), "served_by": MASKED, "verified": mix.below(2) == 0,
        }),
        "messages" => json!({
            "body": text(mix, 110), "customer_id": id("cus", mix), "from": email(mix), "line": number,
            "message_id": id("msg", mix), "read": mix.below(2) == 0, "sent_at": instant(mix),
            "subject": text(mix, 6), "to": MASKED,
        }),
        "orders" => json!({
            "currency": "EUR", "customer_id": id("cus", mix), "items": [item(mix), item(mix), item(mix)],
            "line": number, "note": text(mix, 25), "order_id": id("ord", mix), "ordered_at": instant(mix),
            "ship_to": {"city": mix.pick(CITIES), "name": name(mix), "postcode": digits(mix, 5)},
            "state": mix.pick(STATES), "total": cents(mix, 90_000),
        }),
        "payments" => json!({
            "amount": cents(mix, 90_000), "attempts": [try_to_pay(mix), try_to_pay(mix)],
            "card": {"brand": mix.pick(&["visa", "maestro"]), "last4": digits(mix, 4)}, "currency": "EUR",
            "customer_id": id("cus", mix), "line": number, "order_id": id("ord", mix),
            "payment_id": id("pay", mix), "reference": text(mix, 20), "state": mix.pick(STATES),
        }),
        "sessions" => json!({
            "agent": mix.pick(AGENTS), "customer_id": id("cus", mix), "ended_at": instant(mix),
            "ip": address(mix), "line": number, "pages": [page(mix), page(mix), page(mix), page(mix)],
            "session_id": id("ses", mix), "started_at": instant(mix),
        }),
        _ => json!({
            "answers": [{"at": instant(mix), "by": MASKED, "text": text(mix, 45)}],
            "customer_id": id("cus", mix), "line": number, "opened_at": instant(mix),
            "priority": mix.below(4), "question": text(mix, 55), "state": mix.pick(STATES),
            "tags": [mix.pick(WORDS), mix.pick(WORDS)], "ticket_id": id("tic", mix),
        }),
    }
}

fn id(prefix: &str, mix: &mut Mix) -> String {
    format!("{prefix}_{:016x}{:08x}", mix.draw(), mix.below(1 << 32))
}

fn name(mix: &mut Mix) -> String {
    format!("{} {}", mix.pick(FIRST), mix.pick(LAST))
}

fn email(mix: &mut Mix) -> String {
    let domain = mix.pick(&["example.com", "example.org", "example.net"]);
    format!("{}.{}@{domain}", mix.pick(FIRST).to_lowercase(), mix.below(100_000))
}

fn phone(mix: &mut Mix) -> String {
    format!("+1-555-01{:02}", mix.below(100))
}

fn address(mix: &mut Mix) -> String {
    format!("{}.{}", mix.pick(&["192.0.2", "198.51.100", "203.0.113"]), mix.below(256))
}

fn instant(mix: &mut Mix) -> String {
    let (year, month, day) = (2016 + mix.below(10), 1 + mix.below(12), 1 + mix.below(28));
    let (hour, minute, second) = (mix.below(24), mix.below(60), mix.below(60));
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

fn digits(mix: &mut Mix, count: usize) -> String {
    format!("{:0count$}", mix.below(10_u64.pow(u32::try_from(count).unwrap_or(1))))
}

fn cents(mix: &mut Mix, most: u64) -> f64 {
    mix.below(most) as f64 / 100.0
}

fn text(mix: &mut Mix, most: u64) -> String {
    let mut text = String::new();
    for number in 0..most / 2 + mix.below(most / 2 + 1) {
        if number > 0 {
            text.push_str(if mix.below(12) == 0 { ", " } else { " " });
        }
        text.push_str(mix.pick(WORDS));
    }
    text
}

fn item(mix: &mut Mix) -> Value {
    json!({"count": 1 + mix.below(4), "price": cents(mix, 30_000), "product": mix.pick(PRODUCTS),
           "title": text(mix, 8)})
}

fn try_to_pay(mix: &mut Mix) -> Value {
    json!({"at": instant(mix), "code": digits(mix, 3), "ip": address(mix), "trace": id("trc", mix)})
}

fn page(mix: &mut Mix) -> Value {
    let path = format!("/{}/{}/{}", mix.pick(WORDS), mix.pick(PRODUCTS), mix.below(10_000));
    json!({"at": instant(mix), "ms": mix.below(60_000), "path": path})
}
