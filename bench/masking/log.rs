//! The log that is searched: what services write, and in one line of fifty somebody's data. What is where is known from writing it.

use std::fmt::Write as _;

use super::patterns::{luhn_digit, remainder_97};
use crate::mix::Mix;

/// One line in so many has findings.
const EVERY: u64 = 50;

/// A kind, and where it begins and ends, in bytes.
pub type Place = (&'static str, usize, usize);

/// A log, and what is in it, in order.
pub struct Log {
    /// Whole lines.
    pub text: String,
    /// What is in them.
    pub places: Vec<Place>,
}

/// A log of so many bytes, or a line more. The same each time.
pub fn log(bytes: usize) -> Log {
    let mut mix = Mix::default();
    let mut log = Log { text: String::with_capacity(bytes + 1024), places: Vec::new() };
    let mut line = 0;
    while log.text.len() < bytes {
        line += 1;
        if mix.below(EVERY) == 0 {
            somebody(&mut log, &mut mix, line);
        } else {
            nobody(&mut log.text, &mut mix, line);
        }
        log.text.push('\n');
    }
    log
}

fn time(line: u64) -> String {
    let ms = line * 7;
    format!(
        "2026-11-22T{:02}:{:02}:{:02}.{:03}Z",
        ms / 3_600_000 % 24,
        ms / 60_000 % 60,
        ms / 1000 % 60,
        ms % 1000
    )
}

/// Hexadecimal digits, a letter first: such an id is no number to anybody.
fn hex(mix: &mut Mix, digits: usize) -> String {
    let mut text = String::from(mix.pick(&["a", "b", "c", "d", "e", "f"]));
    while text.len() < digits {
        // Writing to a string does not fail.
        let _ = write!(text, "{:x}", mix.below(16));
    }
    text
}

fn uuid(mix: &mut Mix) -> String {
    format!(
        "{}-{:04x}-4{:03x}-{}-{}",
        hex(mix, 8),
        mix.below(65_536),
        mix.below(4096),
        hex(mix, 4),
        hex(mix, 12)
    )
}

/// A line with nothing personal in it.
fn nobody(text: &mut String, mix: &mut Mix, line: u64) {
    let at = time(line);
    let level = mix.pick(&["INFO", "INFO", "DEBUG", "WARN"]);
    let order = 1_000_000_000 + mix.below(9_000_000_000);
    let status = mix.pick(&["200", "200", "201", "404"]);
    // Writing to a string does not fail.
    let _ = match mix.below(8) {
        0 | 1 => write!(
            text,
            "{at} {level} [worker-{}] request_id={} method=GET path=/v1/orders/{order} status={status} duration_ms={} bytes={}",
            mix.below(16),
            uuid(mix),
            mix.below(5000),
            mix.below(100_000)
        ),
        2 | 3 => write!(
            text,
            r#"{{"timestamp":"{at}","level":"{level}","logger":"com.example.orders","message":"order accepted","order_id":{order},"trace_id":"{}","span_id":"{}","duration_ms":{}.{:03}}}"#,
            hex(mix, 32),
            hex(mix, 16),
            mix.below(1000),
            mix.below(1000)
        ),
        4 => write!(
            text,
            r#"- - [22/Nov/2026:{}:11:12 +0000] "GET /v1/items/{}/image HTTP/1.1" {status} {} "-" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.6778.{} Safari/537.36" rt=0.{:03}"#,
            10 + mix.below(10),
            mix.below(1_000_000),
            mix.below(100_000),
            mix.below(200),
            mix.below(1000)
        ),
        5 => write!(
            text,
            "\tat com.example.{}.{}(OrderService.java:{}) ~[orders-2.{}.{}.jar:?]",
            mix.pick(&["orders.OrderService", "payments.Gateway", "http.Router"]),
            mix.pick(&["place", "settle", "lambda$route$3", "<init>"]),
            mix.below(900),
            mix.below(30),
            mix.below(10)
        ),
        6 => write!(
            text,
            "{at} UTC [{}] LOG:  duration: {}.{:03} ms  statement: SELECT id, total FROM orders WHERE id = {} AND created_at > '2026-11-01' LIMIT 100",
            mix.below(32_768),
            mix.below(100),
            mix.below(1000),
            mix.below(10_000_000)
        ),
        _ => write!(
            text,
            "{at} {level} {} (try {} of 5, cache s3://bucket-{}/{})",
            mix.pick(&[
                "the warehouse did not answer in time and will be asked again",
                "Die Lieferung wurde für morgen früh geplant, Änderungen sind möglich",
                "la commande a été expédiée et sera livrée dès demain",
                "ご注文を承りました。発送までしばらくお待ちください",
            ]),
            1 + mix.below(5),
            hex(mix, 12),
            hex(mix, 40)
        ),
    };
}

/// A line with three of somebody's data.
fn somebody(log: &mut Log, mix: &mut Mix, line: u64) {
    let _ = write!(log.text, "{} INFO checkout", time(line));
    let first = mix.below(6);
    for kind in [first, first + 1, first + 3] {
        let (words, kind, value) = match kind % 6 {
            0 => (" user", "email", email(mix)),
            1 => (" from", "ipv4", ipv4(mix)),
            2 => (" paid with card", "card", card(mix)),
            3 => (" with ssn", "us_ssn", us_ssn(mix)),
            4 => (" calls", "phone", phone(mix)),
            _ => (" and account", "iban", iban(mix)),
        };
        let start = log.text.len() + words.len() + 1;
        let _ = write!(log.text, "{words} {value}");
        log.places.push((kind, start, start + value.len()));
    }
}

fn email(mix: &mut Mix) -> String {
    let first = mix.pick(&["john", "anna", "li", "maria", "ahmed", "olga"]);
    let last = mix.pick(&["doe", "smith", "meier", "rossi", "novak", "tanaka"]);
    let domain = mix.pick(&["com", "org", "net"]);
    format!("{first}.{last}{}@example.{domain}", mix.below(1000))
}

fn ipv4(mix: &mut Mix) -> String {
    format!("{}.{}.{}.{}", 1 + mix.below(223), mix.below(256), mix.below(256), 1 + mix.below(254))
}

/// In one piece: not every tool knows others.
fn card(mix: &mut Mix) -> String {
    let prefix = mix.pick(&["4", "51", "55", "6011"]);
    let mut digits = prefix.to_owned();
    while digits.len() < 15 {
        let _ = write!(digits, "{}", mix.below(10));
    }
    let last = luhn_digit(&digits);
    format!("{digits}{last}")
}

fn us_ssn(mix: &mut Mix) -> String {
    let area = 1 + mix.below(665);
    format!("{area:03}-{:02}-{:04}", 1 + mix.below(99), 1 + mix.below(9999))
}

/// Of the 100 numbers of an area that are kept for fiction.
fn phone(mix: &mut Mix) -> String {
    let area = mix.pick(&["212", "303", "415", "617", "702", "808"]);
    format!("{area}-555-{:04}", 100 + mix.below(100))
}

fn iban(mix: &mut Mix) -> String {
    let mut account = String::new();
    while account.len() < 18 {
        let _ = write!(account, "{}", mix.below(10));
    }
    let check = 98 - remainder_97(&format!("{account}DE00"));
    format!("DE{check:02}{account}")
}
