//! Every attack, with what has to be said of it.

use audit::receipt::DETAIL;
use audit::verify::Standing;
use audit::{Checkpoint, Problem, QueryStatement, Wrong};
use domain::Status;
use domain::event::{EnterAt, Event, EventKind};
use serde::Serialize;
use serde::ser::Serializer;
use serde_json::Value;

use super::Log;
use super::forgeries::forgeries;
use super::newer::newer;
use super::unsigned::unsigned;

/// A file, what it is checked with, and what has to come of it.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    /// The attack.
    pub name: String,
    /// The key, as it is pinned.
    pub key: String,
    /// The checkpoint that was seen before, if there is one: a note.
    pub since: Option<String>,
    /// The file.
    #[serde(serialize_with = "hex_of")]
    pub file: Vec<u8>,
    /// What has to be found.
    pub expect: Expect,
}

fn hex_of<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex::encode(bytes))
}

/// What has to be found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Expect {
    /// It is whole, and signed throughout.
    Intact,
    /// Nothing is wrong with it, and not all of it is signed.
    Unsigned,
    /// It is whole, and says something that only a later version can read.
    Newer,
    /// It ends before the checkpoint that was seen.
    Behind,
    /// It is whole, and not shown to be of the log of the checkpoint that was seen.
    NotShown,
    /// This is the first thing that is wrong.
    Broken {
        /// The entry's place.
        seq: Option<u64>,
        /// The field.
        field: Option<String>,
        /// The word for it.
        what: String,
    },
    /// It is nothing that can be checked.
    Unknown,
}

impl Expect {
    /// What is to be found of a file in which nothing is wrong.
    pub fn standing(standing: Standing) -> Self {
        match standing {
            Standing::Intact => Self::Intact,
            Standing::Unsigned => Self::Unsigned,
            Standing::Newer => Self::Newer,
            Standing::Behind => Self::Behind,
            Standing::NotShown => Self::NotShown,
            Standing::NotOnRecord | Standing::Unfinished | Standing::ReceiptsMissing => {
                unreachable!("no case is a pack: {standing:?}")
            }
        }
    }

    /// A problem as it is to be found.
    pub fn broken(problem: &Problem) -> Self {
        Self::Broken {
            seq: problem.seq,
            field: problem.field.map(str::to_owned),
            what: problem.what.as_str().to_owned(),
        }
    }

    pub(super) fn at(seq: u64, field: &str, what: Wrong) -> Self {
        let field = (!field.is_empty()).then(|| field.to_owned());
        Self::Broken { seq: Some(seq), field, what: what.as_str().to_owned() }
    }

    pub(super) fn of(field: &str, what: Wrong) -> Self {
        Self::Broken { seq: None, field: Some(field.to_owned()), what: what.as_str().to_owned() }
    }
}

struct Cases {
    log: Log,
    all: Vec<Case>,
}

/// All of them.
pub fn cases() -> Vec<Case> {
    let mut cases = Cases { log: Log::of("demo", 3), all: Vec::new() };
    cases.intact();
    cases.fields();
    cases.places();
    cases.history();
    cases.receipts();
    let key = cases.log.key().to_string();
    cases.add("the key itself", format!("{key}\n"), Expect::Unknown);
    cases.add("the key itself, altered", key.replace("+A", "+B"), Expect::of("checkpoint", Wrong::Forged));
    for (name, file, expect) in [forgeries(&cases.log), newer(&cases.log)].concat() {
        cases.add(name, file, expect);
    }
    for (name, since, file, expect) in unsigned(&cases.log) {
        cases.add(name, file, expect);
        if let Some(case) = cases.all.last_mut() {
            case.since = since;
        }
    }
    cases.all
}

impl Cases {
    fn add(&mut self, name: impl Into<String>, file: impl Into<Vec<u8>>, expect: Expect) {
        let key = self.log.key().to_string();
        self.all.push(Case { name: name.into(), key, since: None, file: file.into(), expect });
    }

    fn add_since(&mut self, name: &str, since: String, file: impl Into<Vec<u8>>, expect: Expect) {
        self.add(name, file, expect);
        if let Some(case) = self.all.last_mut() {
            case.since = Some(since);
        }
    }

    fn whole(&self) -> Vec<String> {
        self.log.export(1, self.log.size())
    }

    fn intact(&mut self) {
        self.add("a whole export", self.whole().concat(), Expect::Intact);
        self.add("an export that begins later", self.log.export(7, 18).concat(), Expect::Intact);
        self.add(
            "an export that ends after its last checkpoint",
            self.log.export(1, 14).concat(),
            Expect::Unsigned,
        );
        self.add("an export without entries", self.log.export(7, 6).concat(), Expect::Intact);
        self.add("a checkpoint", self.log.note(12), Expect::Intact);
        self.add("a receipt", self.log.receipt(2, 18).bytes(), Expect::Intact);
        self.add("a receipt to an earlier checkpoint", self.log.receipt(2, 12).bytes(), Expect::Intact);
        self.add_since("an export that goes on", self.log.note(12), self.whole().concat(), Expect::Intact);
        self.add("something else", "name,amount\nsomebody,7\nsomebody else,8\n", Expect::Unknown);
        self.add("nothing", "", Expect::Unknown);
    }

    /// One field of each entry is changed, and its hash is left.
    fn fields(&mut self) {
        for seq in 1..=6 {
            let line = self.line_of(seq);
            for field in audit::CHECKED.into_iter().chain(["prev_hash", "checks", "seq", "hash"]) {
                let mut lines = self.whole();
                let changed = changed(&lines[line], field);
                if changed == lines[line] {
                    continue;
                }
                lines[line] = changed;
                let what = if field == "hash" { Wrong::HashAltered } else { Wrong::Altered };
                self.add(
                    format!("{field} of entry {seq} is changed"),
                    lines.concat(),
                    Expect::at(seq, field, what),
                );
            }
        }
    }

    /// The line of an entry in a whole export: a checkpoint follows every sixth.
    fn line_of(&self, seq: u64) -> usize {
        let before = self.log.checkpoints().iter().filter(|size| **size < seq).count();
        usize::try_from(seq).unwrap_or(usize::MAX) + before
    }

    /// Entries go, come twice, or change places.
    fn places(&mut self) {
        let mut lines = self.whole();
        lines.remove(self.line_of(3));
        self.add("an entry is dropped", lines.concat(), Expect::at(3, "", Wrong::Missing));
        let mut lines = self.whole();
        lines.remove(self.line_of(1));
        self.add("the first entry is dropped", lines.concat(), Expect::at(1, "", Wrong::Missing));
        let mut lines = self.whole();
        lines.swap(self.line_of(2), self.line_of(3));
        self.add("two entries are swapped", lines.concat(), Expect::at(2, "", Wrong::Reordered));
        let mut lines = self.whole();
        lines.insert(self.line_of(5), lines[self.line_of(4)].clone());
        self.add("an entry is there twice", lines.concat(), Expect::at(4, "", Wrong::Duplicated));
        let mut lines = self.whole();
        lines.pop();
        self.add("the end is cut off", lines.concat(), Expect::at(18, "", Wrong::Truncated));
        let mut lines = self.whole();
        lines.truncate(self.line_of(16));
        self.add("the tail is cut off", lines.concat(), Expect::at(15, "", Wrong::Truncated));
        self.cuts();
        let mut lines = self.whole();
        lines.drain(self.line_of(16)..=self.line_of(18));
        self.add(
            "the last entries are dropped",
            lines.concat(),
            Expect::at(16, "checkpoint", Wrong::Missing),
        );
        let mut lines = self.whole();
        let again = lines[self.line_of(2)].clone();
        lines.push(again);
        self.add("something follows the end", lines.concat(), Expect::of("end", Wrong::Trailing));
        let mut lines = self.log.export(1, 14);
        lines.remove(self.line_of(14));
        self.add("an unsigned entry is dropped", lines.concat(), Expect::at(14, "", Wrong::Missing));
        let other = Log::of("other", 3);
        let mut lines = self.whole();
        let line = self.line_of(3);
        lines[line].clone_from(&other.export(1, 18)[line]);
        self.add(
            "another tenant's entry is put in",
            lines.concat(),
            Expect::at(3, "prev_hash", Wrong::NotFollowing),
        );
        self.add(
            "another tenant's export",
            other.export(1, 18).concat(),
            Expect::of("header.tenant", Wrong::Foreign),
        );
        self.add("another tenant's checkpoint", other.note(6), Expect::of("checkpoint", Wrong::Forged));
    }

    /// The file ends inside of a line, as one does that was not fetched to its end.
    fn cuts(&mut self) {
        let line_of = self.line_of(16);
        let lines = self.whole();
        let note = (1..line_of).rev().find(|line| lines[*line].starts_with("{\"checkpoint\"")).unwrap_or(0);
        for (name, line, expect) in [
            ("an entry's half is cut off", line_of, Expect::at(15, "", Wrong::Truncated)),
            ("a checkpoint's half is cut off", note, Expect::at(12, "", Wrong::Truncated)),
            ("the end's half is cut off", lines.len() - 1, Expect::at(18, "", Wrong::Truncated)),
            ("the header's half is cut off", 0, Expect::of("header", Wrong::Truncated)),
        ] {
            let whole = lines[..line].concat();
            self.add(name, whole + &lines[line][..lines[line].len() / 2], expect);
        }
        let twice = lines.concat() + &lines[line_of][..99];
        self.add("a line's half follows the end", twice, Expect::of("end", Wrong::Trailing));
    }

    /// The log itself is another than it was.
    fn history(&mut self) {
        let mut other = Log::of("demo", 3);
        other.rewrite(4, |event| {
            if let Some(tally) = &mut event.tally {
                tally.erased = 8;
            }
        });
        // Whoever rewrote the table cannot sign: the notes are those of the true log.
        let truth = self.whole();
        let forged: Vec<String> = other
            .export(1, 18)
            .into_iter()
            .zip(truth)
            .map(|(line, own)| if own.starts_with("{\"checkpoint\"") { own } else { line })
            .collect();
        self.add(
            "history is rewritten and chained anew",
            forged.concat(),
            Expect::at(6, "", Wrong::Rewritten),
        );
        let seen = self.log.note(12);
        let resigned = other.export(1, 18).concat();
        self.add(
            "history is rewritten and signed anew, by the key's owner",
            resigned.clone(),
            Expect::Intact,
        );
        self.add_since(
            "the same, by somebody who saw a checkpoint",
            seen,
            resigned,
            Expect::at(12, "", Wrong::Forked),
        );
        let newest = self.log.note(18);
        let old = Log::of("demo", 2).export(1, 12).concat();
        self.add("an older log by itself", old.clone(), Expect::Intact);
        self.add_since("the log is rolled back", newest.clone(), old, Expect::Behind);
        self.add_since("a checkpoint is rolled back", newest.clone(), self.log.note(12), Expect::Behind);
        self.add_since(
            "a checkpoint of another history",
            newest,
            other.note(18),
            Expect::of("checkpoint", Wrong::Forked),
        );
        let mut lines = self.whole();
        let line = self.line_of(6) + 1;
        lines[line] = audit::export::checkpoint(&self.log.note(12));
        self.add("a later checkpoint is put in", lines.concat(), Expect::at(7, "checkpoint", Wrong::Missing));
        let mut unsigned = Checkpoint::unchecked(&self.log.note(6)).map(|c| c.text()).unwrap_or_default();
        unsigned.push_str("\n\u{2014} lacuna.example/demo AAAAAAAA\n");
        let mut lines = self.whole();
        lines[line] = audit::export::checkpoint(&unsigned);
        self.add("a checkpoint is not signed", lines.concat(), Expect::at(6, "checkpoint", Wrong::Forged));
        let mut lines = self.log.export(7, 18);
        let peak = hex::encode(self.log.range(6).peaks()[0]);
        lines[0] = lines[0].replacen(&peak, &hex::encode(other.range(6).peaks()[0]), 1);
        let mut more = self.whole();
        more[0] = more[0].replacen("\"peaks\":[]", &format!("\"peaks\":[\"{peak}\"]"), 1);
        self.add(
            "a tree before the first entry is made up",
            more.concat(),
            Expect::of("header.before.peaks", Wrong::Altered),
        );
        self.add(
            "the tree before is another",
            lines.concat(),
            Expect::of("header.before.peaks", Wrong::Altered),
        );
    }

    fn receipts(&mut self) {
        let (one, two) = (self.log.receipt(1, 18), self.log.receipt(2, 18));
        let mut forged = two.clone();
        forged.statement = one.statement.clone();
        let another = Expect::at(12, "statement.request", Wrong::AnotherRequest);
        self.add("a receipt with another request's statement", forged.bytes(), another);
        let mut forged = two.clone();
        forged.statement.stores[0].retained = 0;
        let altered = Expect::at(12, "statement", Wrong::NotTheStatement);
        self.add("a receipt that says less", forged.bytes(), altered.clone());
        let mut forged = two.clone();
        if let Some(QueryStatement::Search { digest, .. }) = forged.statement.stores[0].queries.first_mut() {
            let last = digest.pop();
            digest.push(if last == Some('0') { '1' } else { '0' });
        }
        self.add("a receipt with another digest of what was asked", forged.bytes(), altered.clone());
        let mut forged = two.clone();
        if let Some(QueryStatement::Search { values, .. }) = forged.statement.stores[0].queries.first_mut() {
            *values += 1;
        }
        self.add("a receipt that says that more was asked for", forged.bytes(), altered.clone());
        let mut forged = two.clone();
        forged.statement.stores[0].queries.remove(1);
        self.add("a receipt without one of the questions", forged.bytes(), altered);
        let mut forged = two.clone();
        forged.statement.tenant = "other".parse().expect("a tenant");
        self.add(
            "a receipt for another tenant",
            forged.bytes(),
            Expect::at(12, "statement.request", Wrong::AnotherRequest),
        );
        let other = Log::of("other", 3).receipt(2, 18);
        self.add(
            "a receipt of another tenant",
            other.bytes(),
            Expect::at(12, "proof.checkpoint", Wrong::Forged),
        );
        let mut forged = two.clone();
        forged.proof.clone_from(&one.proof);
        self.add("a receipt with another proof", forged.bytes(), Expect::at(12, "proof", Wrong::NotIncluded));
        let mut own = Log::of("demo", 3);
        let mut statement = two.statement.clone();
        statement.outcome = Status::PartiallyFulfilled;
        own.rewrite(12, |event| {
            event.detail.insert(DETAIL.to_owned(), statement.sha256());
        });
        let mut forged = own.receipt(2, 12);
        forged.statement = statement;
        forged.proof.clone_from(&self.log.receipt(2, 12).proof);
        self.add(
            "a receipt of an entry that is not in the log",
            forged.bytes(),
            Expect::at(12, "proof", Wrong::NotIncluded),
        );
        let note = self.log.note(18);
        self.add_since(
            "a receipt to an older checkpoint than one that was seen",
            note,
            self.log.receipt(2, 12).bytes(),
            Expect::NotShown,
        );
        let text = String::from_utf8(two.bytes()).unwrap_or_default();
        let spaced = text.replacen("\"receipt\":", "\"receipt\": ", 1);
        self.add(
            "a receipt that is written in another way",
            spaced,
            Expect::of("receipt", Wrong::Unreadable),
        );
        let who = text.replacen("step:close-request", "step:close-requesu", 1);
        self.add("a receipt whose entry is changed", who, Expect::at(12, "event.who", Wrong::Altered));
    }
}

/// A line with one field of its entry changed, everything else as it was.
fn changed(line: &str, field: &str) -> String {
    let mut line: Value = serde_json::from_str(line).unwrap_or_default();
    if field == "hash" {
        flip(&mut line["hash"]);
        return audit::canonical(&line) + "\n";
    }
    let entry = &mut line["entry"];
    match field {
        "checks" => {
            let text = entry["checks"].as_str().unwrap_or_default().to_owned();
            let first = if text.starts_with('A') { "B" } else { "A" };
            entry["checks"] = Value::from(format!("{first}{}", &text[1..]));
        }
        "prev_hash" => flip(&mut entry["prev_hash"]),
        "seq" => entry["seq"] = Value::from(entry["seq"].as_u64().unwrap_or_default() + 100),
        "legal_basis" => entry["legal_basis"] = Value::from("GDPR Art. 6(1)"),
        field => {
            let mut event: Event = serde_json::from_value(entry["event"].clone()).expect("an event");
            change(&mut event, field.trim_start_matches("event."));
            entry["event"] = serde_json::to_value(&event).unwrap_or_default();
        }
    }
    audit::canonical(&line) + "\n"
}

fn flip(value: &mut Value) {
    let text = value.as_str().unwrap_or_default().to_owned();
    let first = if text.starts_with('0') { "1" } else { "0" };
    *value = Value::from(format!("{first}{}", &text[1..]));
}

fn change(event: &mut Event, field: &str) {
    match field {
        "about" => event.about = domain::event::About::Hold(domain::HoldId::new(event.at, 1)),
        "at" => event.at = jiff::Timestamp::UNIX_EPOCH,
        "detail" => drop(event.detail.insert("catalog".to_owned(), "another".to_owned())),
        "generation" => event.generation = event.generation.next(),
        "kind" => event.kind = EventKind::Held,
        "n" => event.n += 1,
        "status" => event.status = Some(Status::Held),
        "store" => event.store = Some("another".parse().expect("a store")),
        "tally" => event.tally = Some(domain::Tally { erased: 99, ..domain::Tally::default() }),
        "tenant" => event.tenant = "other".parse().expect("a tenant"),
        "wake" => event.wake = Some(EnterAt::Plan),
        "who" => event.who.push('x'),
        _ => event.why = Some("another".to_owned()),
    }
}
