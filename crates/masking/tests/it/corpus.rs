//! Precision and recall on the labelled corpus, `crates/masking/corpus/*.jsonl`: a line is a text and what is in it, as kind, start and
//! end in bytes. All of it is made by [`super::values`], [`super::negatives`] and [`super::frames`] from one seed; `LACUNA_CORPUS=write cargo test -p masking
//! --test it corpus` writes it anew.
//!
//! A finding is right if kind and place are exactly those of the label. Of every kind that needs a word before it, one text in ten has
//! none: those are not found, and count as missed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use masking::{Kind, Masker};
use serde::{Deserialize, Serialize};

use super::values::{self, Random};
use super::{edges, frames, held_out, marks, negatives, rows};

const SEED: u64 = 0x6c61_6375_6e61;
/// Texts of each kind.
const EACH: usize = 80;

/// One text, with what is in it.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Labelled {
    pub text: String,
    pub findings: Vec<(String, usize, usize)>,
}

/// Sentences in several languages, logs and formats; `{}` is the value.
const TEXTS: &[&str] = &[
    "{}",
    "Please use {} from now on.",
    "Bitte ab sofort {} verwenden.",
    "Utilisez {} à partir de demain.",
    "Por favor, use {} desde hoy.",
    "Usare {} da oggi, grazie.",
    "Gebruik vanaf nu {}, alstublieft.",
    "Od dziś proszę używać: {}.",
    "A partir de hoje, use {}!",
    "Använd {} från och med i dag.",
    "Käytä tästä lähtien: {}",
    "С сегодняшнего дня — {}.",
    "请使用 {} 联系。",
    "कृपया {} का प्रयोग करें",
    "{\"at\":\"2026-11-22T10:11:12Z\",\"value\":\"{}\",\"n\":17}",
    "2026-11-22 10:11:12.345 WARN [main] c.e.App - rejected {} after 3 tries",
    "a;b;{};17;c",
    "<value>{}</value>",
    "key={} other=1",
    "({})",
];

/// What a value is called, where it needs that.
fn names(kind: &str) -> &'static [&'static str] {
    match kind {
        "nl_bsn" => &["BSN: ", "burgerservicenummer ", "\"bsn\":\"", "Mijn BSN is "],
        "de_tin" => &["Steuer-ID: ", "Steueridentifikationsnummer ", "IdNr. ", "tin="],
        "pl_pesel" => &["PESEL: ", "pesel=", "Numer PESEL ", "\"pesel\":\""],
        "ca_sin" => &["SIN: ", "NAS : ", "Social insurance number ", "\"sin\":\""],
        "uk_nhs" => &["NHS number: ", "nhs_number=", "NHS no. ", "\"nhsNumber\":\""],
        "in_aadhaar" => &["Aadhaar: ", "aadhaar_no=", "Aadhaar card ", "आधार "],
        "br_cpf" => &["CPF: ", "cpf=", "CPF n. ", "\"cpf\":\""],
        "us_ssn" => &["SSN: ", "ssn=", "Social security number ", "\"ssn\":\""],
        _ => &[],
    }
}

fn positives() -> Vec<Labelled> {
    let mut random = Random::new(SEED);
    let mut all = Vec::new();
    for kind in Kind::ALL.iter().map(|kind| kind.name()) {
        for count in 0..EACH {
            let value = values::of(kind, &mut random);
            let text = TEXTS[count % TEXTS.len()];
            let (before, after) = text.split_once("{}").expect("a place");
            let names = names(kind);
            let called = !names.is_empty() && count % 10 != 7;
            let before =
                if called { format!("{before}{}", names[count % names.len()]) } else { before.to_owned() };
            let start = before.len();
            let findings = vec![(kind.to_owned(), start, start + value.len())];
            all.push(Labelled { text: format!("{before}{value}{after}"), findings });
        }
    }
    all.extend(abbreviated(&mut random));
    all.extend(frames::positives(SEED));
    all.extend(edges::positives(SEED));
    all.extend(rows::positives(SEED));
    all.extend(marks::positives(SEED));
    all
}

/// Telephone numbers in one piece behind an abbreviation, and with an extension behind them.
fn abbreviated(random: &mut Random) -> Vec<Labelled> {
    const NAMES: &[&str] = &["Tel.: ", "Tel. ", "Tél. ", "Ph. ", "phone no. ", "Tel. Nr. ", "Mob.: "];
    let mut all = Vec::new();
    for count in 0..EACH {
        let (before, after) = TEXTS[count % TEXTS.len()].split_once("{}").expect("a place");
        let last = random.between(100, 199);
        let (name, value, extension) = match count % 4 {
            0 => ("", format!("1-212-555-0{last}"), format!("x{}", random.between(1, 9999))),
            1 => (NAMES[count % NAMES.len()], format!("03023125{last}"), String::new()),
            2 => (NAMES[count % NAMES.len()], format!("2125550{last}"), String::new()),
            _ => {
                (NAMES[count % NAMES.len()], format!("2025550{last}"), format!("x{}", random.between(10, 99)))
            }
        };
        let start = before.len() + name.len();
        let findings = vec![("phone".to_owned(), start, start + value.len())];
        all.push(Labelled { text: format!("{before}{name}{value}{extension}{after}"), findings });
    }
    all
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name)
}

fn lines(all: &[Labelled]) -> String {
    all.iter().fold(String::new(), |mut text, labelled| {
        let _ = writeln!(text, "{}", serde_json::to_string(labelled).expect("JSON"));
        text
    })
}

fn read(name: &str) -> Vec<Labelled> {
    let text = std::fs::read_to_string(path(name)).expect("a corpus");
    text.lines().map(|line| serde_json::from_str(line).expect("a labelled text")).collect()
}

/// All of it.
pub fn all() -> Vec<Labelled> {
    let mut all = read("positives.jsonl");
    all.extend(read("negatives.jsonl"));
    all
}

#[test]
fn the_corpus_is_what_the_seed_makes() {
    let all = [
        ("positives.jsonl", positives()),
        ("negatives.jsonl", negatives::all(SEED)),
        ("held-out.jsonl", held_out::all()),
    ];
    for (name, made) in all {
        if written() {
            std::fs::write(path(name), lines(&made)).expect("a corpus");
        }
        assert!(read(name) == made, "{name} is not what is made: LACUNA_CORPUS=write makes it anew");
    }
}

#[allow(clippy::disallowed_methods, reason = "a test is told by a variable to write")]
fn written() -> bool {
    std::env::var_os("LACUNA_CORPUS").is_some()
}

#[derive(Default)]
struct Counts {
    right: u32,
    wrong: u32,
    missed: u32,
    /// Of those that were missed, how many need a word before them and have none.
    nameless: u32,
}

impl Counts {
    fn precision(&self) -> f64 {
        share(self.right, self.right + self.wrong)
    }

    fn recall(&self) -> f64 {
        share(self.right, self.right + self.missed)
    }

    /// Recall among those that can be found.
    fn recall_of_named(&self) -> f64 {
        share(self.right, self.right + self.missed - self.nameless)
    }
}

fn share(part: u32, whole: u32) -> f64 {
    if whole == 0 { 1.0 } else { f64::from(part) / f64::from(whole) }
}

/// Whether it needs a word before it, and has none: then it is not to be found.
fn nameless(text: &str, (kind, start, end): &(String, usize, usize)) -> bool {
    let grouped = !text[*start..*end].bytes().all(|byte| byte.is_ascii_digit());
    let by_form = grouped && matches!(kind.as_str(), "br_cpf" | "us_ssn");
    let names = names(kind);
    !names.is_empty() && !by_form && !names.iter().any(|name| text[..*start].ends_with(name))
}

/// What each kind is held to: precision, and recall among those that can be found.
fn floors(kind: &str) -> (f64, f64) {
    match kind {
        // NHS numbers that nothing names, in groups of three, three and four.
        "phone" => (0.94, 0.99),
        // Some could be a date with a time.
        "se_pnr" => (0.99, 0.85),
        _ => (0.99, 0.99),
    }
}

/// What is right, wrong and missed of each kind, and examples.
fn measure(texts: &[Labelled]) -> (BTreeMap<String, Counts>, Vec<String>) {
    let masker = Masker::default();
    let mut by_kind: BTreeMap<String, Counts> = BTreeMap::new();
    let mut examples = Vec::new();
    for labelled in texts {
        let found: Vec<(String, usize, usize)> = masker
            .find(labelled.text.as_bytes())
            .map(|f| (f.kind.name().to_owned(), f.range.start, f.range.end))
            .collect();
        for finding in &found {
            let counts = by_kind.entry(finding.0.clone()).or_default();
            if labelled.findings.contains(finding) {
                counts.right += 1;
            } else {
                counts.wrong += 1;
                examples.push(format!("wrong: {} {:?}", finding.0, labelled.text));
            }
        }
        for label in labelled.findings.iter().filter(|label| !found.contains(label)) {
            let counts = by_kind.entry(label.0.clone()).or_default();
            counts.missed += 1;
            counts.nameless += u32::from(nameless(&labelled.text, label));
            examples.push(format!("missed: {} {:?}", label.0, labelled.text));
        }
    }
    (by_kind, examples)
}

fn print(title: &str, by_kind: &BTreeMap<String, Counts>) {
    println!("{title:12} precision  recall   right wrong missed");
    for (kind, counts) in by_kind {
        let (precision, recall) = (counts.precision(), counts.recall());
        println!(
            "{kind:12} {precision:9.3} {recall:7.3} {:7} {:5} {:6}",
            counts.right, counts.wrong, counts.missed
        );
    }
}

#[test]
fn precision_and_recall_by_kind() {
    let (by_kind, examples) = measure(&all());
    print("kind", &by_kind);
    println!("{}", examples.join("\n"));
    for (kind, counts) in &by_kind {
        let (precision, recall) = floors(kind);
        assert!(counts.precision() >= precision, "{kind}: precision {}", counts.precision());
        assert!(counts.recall_of_named() >= recall, "{kind}: recall {}", counts.recall_of_named());
    }
    assert_eq!(by_kind.len(), Kind::ALL.len());
}

/// Printed, and held to no more than that it is no disaster: rules are not made by it.
#[test]
fn precision_and_recall_on_what_no_rule_was_made_by() {
    let texts = read("held-out.jsonl");
    let (by_kind, _) = measure(&texts);
    print("held out", &by_kind);
    let sum = |of: fn(&Counts) -> u32| by_kind.values().map(of).sum::<u32>();
    let (right, wrong, missed) = (sum(|c| c.right), sum(|c| c.wrong), sum(|c| c.missed));
    assert!(share(right, right + wrong) > 0.9, "{wrong} of {} are wrong", right + wrong);
    assert!(share(right, right + missed) > 0.8, "{missed} of {} are missed", right + missed);
}

/// What is found has the form of its kind, so that a part of it is shown: only a secret shows nothing.
#[test]
fn of_what_is_found_a_part_is_shown() {
    let masker = Masker::default();
    let mut shown = 0;
    for labelled in all().into_iter().chain(read("held-out.jsonl")) {
        for finding in masker.find(labelled.text.as_bytes()) {
            let value = &labelled.text[finding.range];
            let mut out = Vec::new();
            masker.write(finding.kind, value.as_bytes(), &mut out);
            assert!(out != b"***", "{}: {value}", finding.kind);
            shown += 1;
        }
    }
    assert!(shown > 3_000, "{shown}");
}
