//! A second corpus, which no rule was made or changed by, and none may be: what is found in it says more of text that nobody has seen. Its
//! sentences, its names for numbers and its near misses are others than those of the first, and so is its seed.
//!
//! Whoever finds a mistake here adds the like to [`super::negatives`] or [`super::corpus`], mends it there, and leaves this as it is.

use masking::Kind;

use super::corpus::Labelled;
use super::values::{self, Random};

const SEED: u64 = 0x0068_656c_646f_7574;
/// Texts of each kind, and of each sort of near miss.
const EACH: usize = 40;

/// `{}` is the value.
const TEXTS: &[&str] = &[
    "Hi team, the customer left {} on the form, can you take it from here?",
    "> {}\nthanks!",
    "| 17 | {} | open |",
    "- updated the record ({}), see ticket",
    "Nov 22 10:11:12 node-3 app[212]: callback got \"{}\" and stopped",
    "ERROR 2026/11/22 10:11:12 handler.go:88: lookup of {}: not found",
    "INSERT INTO people VALUES (17, '{}', NULL);",
    "user_value: \"{}\"\nenabled: true",
    "https://shop.example/find?q={}&page=2",
    "Wir haben die Angabe {} gestern im System geändert.",
    "Le dossier contient la valeur {}, merci de vérifier.",
    "El cliente nos dio {} por correo.",
    "Il cliente ha scritto: {}; rispondere entro domani.",
    "Proszę sprawdzić {} w systemie.",
    "O cliente informou {} ontem.",
    "已收到客户提供的{}，请核对。",
    "Клиент сообщил «{}» оператору.",
    "[{}]",
    "{}\t2026-11-22\tok",
    "…{}…",
];

/// What a value is called, where it needs that.
fn names(kind: &str) -> &'static [&'static str] {
    match kind {
        "nl_bsn" => &["BSN-nummer: ", "bsn_number = ", "Sofinummer: ", "BSN van de klant: "],
        "de_tin" => &["Steuer-Identifikationsnummer: ", "steuerId=", "Steuernummer (IdNr): ", "TIN: "],
        "pl_pesel" => &["nr PESEL: ", "PESEL klienta: ", "peselNumber=", "PESEL/"],
        "ca_sin" => &["SIN# ", "sin_number: ", "numéro d'assurance sociale : ", "Canadian SIN is "],
        "uk_nhs" => &["NHS: ", "patient NHS no: ", "NHS-Number ", "nhs="],
        "in_aadhaar" => &["Aadhaar number is ", "aadhaarNumber: ", "UIDAI no. ", "AADHAAR-"],
        "us_ssn" => &["SSN#: ", "social security no. ", "ssn is ", "customerSsn="],
        "br_cpf" => &["CPF nº ", "cpf do cliente: ", "CPF/MF ", "numero_cpf="],
        _ => &[],
    }
}

fn found() -> Vec<Labelled> {
    let mut random = Random::new(SEED);
    let mut all = Vec::new();
    for kind in Kind::ALL.iter().map(|kind| kind.name()) {
        for count in 0..EACH {
            let value = values::of(kind, &mut random);
            let (before, after) = TEXTS[count % TEXTS.len()].split_once("{}").expect("a place");
            let names = names(kind);
            let name = if names.is_empty() || count % 10 == 3 { "" } else { names[count % names.len()] };
            let start = before.len() + name.len();
            let findings = vec![(kind.to_owned(), start, start + value.len())];
            all.push(Labelled { text: format!("{before}{name}{value}{after}"), findings });
        }
    }
    all
}

/// One of each sort that is nobody's data.
#[allow(clippy::too_many_lines, reason = "a sort each, one after the other")]
fn nothing(r: &mut Random) -> Vec<String> {
    let joined = |digits: Vec<u64>| digits.iter().map(u64::to_string).collect::<String>();
    let hex = |r: &mut Random, count| r.text("0123456789abcdef", count);
    vec![
        // Numbers of documents, parts, substances, patents, cases, flights, parcels.
        format!("INV-{}-{:02}-{:05}", r.between(2019, 2026), r.between(1, 12), r.below(100_000)),
        format!("{}/{:06}", r.between(2019, 2026), r.below(1_000_000)),
        format!("P/N {}-{:04}-{}", r.between(100, 999), r.below(10_000), r.text("ABCD", 1)),
        format!("CAS {}-{:02}-{}", r.between(50, 9999), r.below(100), r.below(10)),
        format!("US{}B{}", r.between(7_000_000, 11_999_999), r.between(1, 2)),
        format!("{}:{:02}-cv-{:05}", r.between(1, 4), r.below(27), r.below(100_000)),
        format!("LH{} / gate {}{}", r.between(100, 9999), r.text("ABCDE", 1), r.between(1, 60)),
        format!("JD{}", joined(r.digits(18))),
        format!("ISSN {:04}-{:04}", r.below(10_000), r.below(10_000)),
        format!(
            "10.{}/j.{}.{}.{:02}.{:03}",
            r.between(1000, 9999),
            r.text("abcdef", 5),
            r.between(2000, 2026),
            r.below(13),
            r.below(1000)
        ),
        // Machines: images, builds, offsets, ports, sizes, addresses of memory.
        format!("registry.example/app:{}.{}.{}-{}", r.below(9), r.below(30), r.below(30), hex(r, 7)),
        format!("v{}.{}.{}-{}-g{}", r.below(9), r.below(30), r.below(30), r.below(300), hex(r, 8)),
        format!(
            "build {}.{}.{}.{}",
            r.between(10, 26),
            r.below(10),
            r.between(10_000, 30_000),
            r.between(1000, 9999)
        ),
        format!("0x{}..0x{}", hex(r, 12), hex(r, 12)),
        format!("bytes={}-{}", r.between(1_000_000, 9_999_999), r.between(10_000_000, 99_999_999)),
        format!(
            "offset={} lag={} partition={}",
            r.between(100_000_000, 999_999_999_999),
            r.below(10_000),
            r.below(64)
        ),
        format!("{} {} {} {} {}", r.below(60), r.below(24), r.between(1, 28), r.between(1, 12), r.below(7)),
        format!("size {}x{}x{} mm", r.between(100, 999), r.between(100, 999), r.between(1000, 9999)),
        format!(
            "heap {}K->{}K({}K), 0.{:07} secs",
            r.between(100_000, 999_999),
            r.between(10_000, 99_999),
            r.between(1_000_000, 9_999_999),
            r.below(10_000_000)
        ),
        format!("ETag: \"{}-{}\"", hex(r, 32), r.between(1, 99)),
        format!("i-0{} eni-0{}", hex(r, 16), hex(r, 16)),
        format!("traceparent: 00-{}-{}-01", hex(r, 32), hex(r, 16)),
        format!(
            "{}e-{:02} {}e+{:02}",
            r.between(1_000_000, 9_999_999),
            r.below(20),
            r.between(1_000_000, 9_999_999),
            r.below(20)
        ),
        // People's days, scores, prices and places, in figures.
        format!("{}-W{:02}-{}", r.between(2000, 2030), r.between(1, 52), r.between(1, 7)),
        format!(
            "{:02}/{:02}/{} to {:02}/{:02}/{}",
            r.between(1, 12),
            r.between(1, 28),
            r.between(1990, 2030),
            r.between(1, 12),
            r.between(1, 28),
            r.between(1990, 2030)
        ),
        format!("{}:{} {}:{} {}:{}", r.below(8), r.below(8), r.below(8), r.below(8), r.below(8), r.below(8)),
        format!("USD {},{:03},{:03}.{:02}", r.between(1, 99), r.below(1000), r.below(1000), r.below(100)),
        format!(
            "total {} of {} ({}.{}%)",
            r.between(100_000, 999_999),
            r.between(1_000_000, 9_999_999),
            r.below(100),
            r.below(10)
        ),
        format!(
            "{}.{:06}, -{}.{:06}",
            r.between(10, 80),
            r.below(1_000_000),
            r.between(10, 170),
            r.below(1_000_000)
        ),
        format!(
            "M{} {}L{} {}L{} {}Z",
            r.below(1000),
            r.below(1000),
            r.below(1000),
            r.below(1000),
            r.below(1000),
            r.below(1000)
        ),
        format!(
            "{}, {}, {}, {}, {}, {}",
            r.below(1000),
            r.below(1000),
            r.below(1000),
            r.below(1000),
            r.below(1000),
            r.below(1000)
        ),
        format!(
            "Art. {} Abs. {} Nr. {} {}/{}",
            r.below(300),
            r.below(10),
            r.below(10),
            r.between(1990, 2026),
            r.between(100, 999)
        ),
    ]
}

/// All of it.
pub fn all() -> Vec<Labelled> {
    let mut all = found();
    let mut random = Random::new(SEED ^ 0x6e6f);
    for round in 0..EACH {
        for (sort, value) in nothing(&mut random).into_iter().enumerate() {
            let text = TEXTS[(round + sort) % TEXTS.len()].replacen("{}", &value, 1);
            all.push(Labelled { text, findings: Vec::new() });
        }
    }
    all
}
