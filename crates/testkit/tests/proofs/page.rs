//! The page that verifies in a browser says what the library says: of every attack, of bits that are flipped anywhere, and of
//! what is written in another way than it is written here.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use audit::Wrong;
use audit::receipt::Receipt;
use domain::catalog::Method;
use domain::clock::Jurisdiction;
use domain::event::{About, EnterAt};
use domain::request::RequestType;
use domain::{HoldId, RequestId, Status};
use serde::Serialize;
use serde_json::{Value, json};
use testkit::proofs::{Case, Expect, Log, cases};

use super::attacks::found;
use super::rewritten::changes;

const PAGE: &str = include_str!("../../../audit/verify.html");
/// The source that has the kinds of event: each is a line of a macro.
const EVENTS: &str = include_str!("../../../domain/src/event.rs");
/// How long the browser may take: it starts in a second or two, and the rest is hashing.
const PATIENCE: Duration = Duration::from_mins(3);
/// Bits flipped of each file, spread over it.
const FLIPS: usize = 250;

/// What the page is asked, beside the cases: its vocabularies.
const ASKED: &str =
    "({ WRONG, KINDS, STATUSES, TYPES, LAWS, METHODS, WAKES, CHECKED, ABOUT: Object.keys(ABOUT) })";

/// Runs the cases in the page's own scripts. An open frame keeps the page loading until all is said.
const HARNESS: &str = r#"
<pre id="said"></pre>
<script>
(async () => {
  const frame = document.createElement('iframe');
  document.body.append(frame);
  frame.contentDocument.open();
  const say = (what) => { document.getElementById('said').textContent = JSON.stringify(what); };
  try {
    await ready;
    const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (two) => parseInt(two, 16));
    const said = [];
    let shown = '';
    for (const { key, since, file } of CASES) {
      const pinned = { key: await readKey(key), since: null };
      if (since) pinned.since = await openCheckpoint(since, pinned.key);
      const result = await verify(pinned, [bytes(file)]);
      const { verdict, problem } = result;
      shown = show('the file', result, pinned.since).textContent;
      said.push(verdict === 'broken' ? { broken: { seq: problem.seq, field: problem.field, what: problem.what } } : verdict);
    }
    say({ ready: document.getElementById('ready').textContent, words: ASKED, said, shown });
  } catch (error) {
    say({ error: String(error?.stack ?? error) });
  }
  frame.contentDocument.close();
})();
</script>
</body>"#;

/// A browser that is ended by its id, whatever becomes of the test.
struct Browser(Child);

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The document after the page ran.
fn document(page: &Path, profile: &Path) -> String {
    let mut command = Command::new("chromium");
    command.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
    ]);
    command.args(["--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--dump-dom"]);
    command.arg(format!("--user-data-dir={}", profile.display())).arg(format!("file://{}", page.display()));
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut browser = Browser(spawned.expect(
        "this test runs a page in the browser `chromium`: install it (`make chromium`, or your system's package of it)",
    ));
    let mut out = browser.0.stdout.take().expect("its output");
    let reading = thread::spawn(move || {
        let mut text = String::new();
        out.read_to_string(&mut text).map(|_| text)
    });
    let until = Instant::now() + PATIENCE;
    while browser.0.try_wait().expect("its state").is_none() {
        assert!(Instant::now() < until, "the browser did not come to an end in {PATIENCE:?}");
        thread::sleep(Duration::from_millis(50));
    }
    reading.join().expect("a reader").expect("text")
}

/// What the page says to these cases, and what it knows.
fn ask(name: &str, cases: &[Case]) -> Value {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(folder.join("profile")).expect("a folder");
    let cases = serde_json::to_string(cases).expect("JSON");
    assert!(!cases.contains('<'), "it would end the script");
    let harness = HARNESS.replace("CASES", &cases).replace("ASKED", ASKED);
    let page = folder.join("page.html");
    std::fs::write(&page, PAGE.replace("</body>", &harness)).expect("written");
    let document = document(&page, &folder.join("profile"));
    let said = document.split("<pre id=\"said\">").nth(1).and_then(|rest| rest.split("</pre>").next());
    let said = said.expect("what it said").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let said: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("not JSON: {said:.200}"));
    assert!(said["error"].is_null(), "{}", said["error"]);
    std::fs::remove_dir_all(&folder).expect("removed");
    said
}

/// A case with whatever the library says of it.
fn case(name: String, log: &Log, file: Vec<u8>) -> Case {
    let mut case = Case { name, key: log.key().to_string(), since: None, file, expect: Expect::Intact };
    case.expect = found(&case, 1 << 20);
    case
}

fn flipped(log: &Log, name: &str, whole: &[u8], cases: &mut Vec<Case>) {
    let bits = whole.len() * 8;
    // An odd step comes by every bit of a byte.
    let step = (bits / FLIPS) | 1;
    for at in (0..bits).step_by(step) {
        let mut file = whole.to_vec();
        file[at / 8] ^= 1 << (at % 8);
        cases.push(case(format!("bit {at} of {name}"), log, file));
    }
}

/// The same or something like it, written in another way: what means the same to a careless reader, and what looks right.
fn rewritten(log: &Log, files: [(&str, &str); 3], cases: &mut Vec<Case>) {
    for (from, to) in changes() {
        let before = cases.len();
        for (name, whole) in files {
            // The first and the last: in an entry and in what is around it.
            for at in [whole.find(&from), whole.rfind(&from)].into_iter().flatten() {
                let (start, rest) = whole.split_at(at);
                let file = format!("{start}{to}{}", rest.strip_prefix(from.as_str()).expect("found there"));
                cases.push(case(format!("{from} as {to} in {name}, at {at}"), log, file.into_bytes()));
            }
        }
        assert!(cases.len() > before, "{from} is nowhere");
    }
}

#[test]
fn the_page_says_of_every_file_what_the_library_says() {
    let log = Log::of("demo", 2);
    let mut all = cases();
    let attacks = all.len();
    let export = log.export(7, 12).concat();
    let receipt = String::from_utf8(log.receipt(2, 12).bytes()).expect("text");
    flipped(&log, "an export", export.as_bytes(), &mut all);
    flipped(&log, "a receipt", receipt.as_bytes(), &mut all);
    flipped(&log, "a checkpoint", log.note(12).as_bytes(), &mut all);
    let files = [("an export", export.as_str()), ("a receipt", &receipt), ("a checkpoint", &log.note(12))];
    rewritten(&log, files, &mut all);
    all.push(case("a receipt that says all there is to say".to_owned(), &log, full(&log).bytes()));
    let broken = all.iter().filter(|case| matches!(case.expect, Expect::Broken { .. })).count();
    assert!(attacks > 100 && broken > attacks + 3 * FLIPS - 100, "{broken} of {}", all.len());

    let said = ask("proofs-page", &all);
    assert!(said["ready"].as_str().expect("text").starts_with("Ready"), "{}", said["ready"]);
    let answers = said["said"].as_array().expect("answers");
    assert_eq!(answers.len(), all.len());
    let wrong: Vec<String> = all
        .iter()
        .zip(answers)
        .filter(|(case, said)| json!(case.expect) != **said)
        .map(|(case, said)| format!("{}: {said}, and the library says {}", case.name, json!(case.expect)))
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all.len(), wrong.join("\n"));
    vocabularies(&said["words"]);
}

/// What somebody reads who gives it a pack, which it does not check as a whole.
#[test]
fn the_page_says_of_a_pack_that_it_is_one_and_what_checks_it() {
    let log = Log::of("demo", 1);
    let mut pack = b"PK\x03\x04".to_vec();
    pack.resize(1_000, 0);
    let said = ask("proofs-pack", &[case("a pack".to_owned(), &log, pack)]);
    let shown = said["shown"].as_str().expect("text");
    assert_eq!(said["said"], json!(["unknown"]));
    assert!(shown.contains("EVIDENCE PACK") && shown.contains("`lacuna verify FILE --key KEY`"), "{shown}");
}

/// A receipt whose statement has every part there can be. It is not the one that the entry is about: both say so.
fn full(log: &Log) -> Receipt {
    let mut receipt = log.receipt(2, 12);
    let mut statement = serde_json::to_value(&receipt.statement).expect("JSON");
    statement["verification"] = json!({"at": "1970-01-02T00:00:01Z", "method": "document"});
    statement["sanctions"] =
        json!([{"at": "1970-01-02T00:00:01Z", "source": "holds", "store": "shop", "verdict": "clear"}]);
    let store = &mut statement["stores"][0];
    store["backups"] = json!([{"encrypted": true, "expires_after": "P35D", "kind": "snapshot"}]);
    store["control_found_at"] = json!("1970-01-02T00:00:05Z");
    store["gone_from_backups_by"] = json!("1970-02-06T00:00:05Z");
    store["kept"] = json!([{"collection": "invoices", "keep_for": "P10Y", "law": "AO § 147", "method": "anonymise",
        "reason": "tax", "records": 1}]);
    store["queries"] = json!([
        {"collection": "customers", "digest": "ab".repeat(32), "field": "Email", "values": 2},
        {"collection": "notes", "digest": "ab".repeat(32), "keys": 1},
        {"collection": "customers", "digest": "ab".repeat(32), "records": 8},
    ]);
    store["queries_unlisted"] = json!(3);
    receipt.statement = serde_json::from_value(statement).expect("a statement");
    receipt
}

/// A word that the page does not know would make it call unreadable what is whole.
fn vocabularies(words: &Value) {
    fn words_of<T: Serialize>(all: impl IntoIterator<Item = T>) -> Value {
        all.into_iter().map(|one| serde_json::to_value(one).expect("JSON")).collect()
    }
    let wrongs: serde_json::Map<String, Value> =
        Wrong::ALL.iter().map(|wrong| (wrong.as_str().to_owned(), json!(wrong.to_string()))).collect();
    assert_eq!(words["WRONG"], Value::Object(wrongs));
    assert_eq!(words["CHECKED"], json!(audit::CHECKED));
    assert_eq!(words["STATUSES"], words_of(Status::ALL));
    assert_eq!(words["TYPES"], words_of(RequestType::ALL));
    let kinds =
        EVENTS.split("\nevent_kinds! {").nth(1).and_then(|rest| rest.split("\n}").next()).expect("the kinds");
    let kinds: Vec<&str> = kinds
        .lines()
        .filter(|line| line.contains(" = \""))
        .filter_map(|line| line.split('"').nth(1))
        .collect();
    assert_eq!(words["KINDS"], json!(kinds), "crates/audit/verify.html knows other kinds of event");
    // These have no list of their own: a variant that is added does not compile here.
    for law in [Jurisdiction::Eu, Jurisdiction::Uk, Jurisdiction::UsCa] {
        match law {
            Jurisdiction::Eu | Jurisdiction::Uk | Jurisdiction::UsCa => {}
        }
    }
    assert_eq!(words["LAWS"], words_of([Jurisdiction::Eu, Jurisdiction::Uk, Jurisdiction::UsCa]));
    let methods = [Method::Delete, Method::Anonymise, Method::Retain, Method::Shred];
    for method in methods {
        match method {
            Method::Delete | Method::Anonymise | Method::Retain | Method::Shred => {}
        }
    }
    assert_eq!(words["METHODS"], words_of(methods));
    let wakes = [EnterAt::Plan, EnterAt::CloseRequest, EnterAt::AnnounceOutcome, EnterAt::Recheck];
    for wake in wakes {
        match wake {
            EnterAt::Plan | EnterAt::CloseRequest | EnterAt::AnnounceOutcome | EnterAt::Recheck => {}
        }
    }
    assert_eq!(words["WAKES"], words_of(wakes));
    let at = jiff::Timestamp::UNIX_EPOCH;
    let abouts = [
        About::Request(RequestId::new(at, 1)),
        About::Hold(HoldId::new(at, 1)),
        About::Store("shop".parse().expect("a store")),
        About::Pack("5e".repeat(32).parse().expect("a pack")),
    ];
    for about in &abouts {
        match about {
            About::Request(_) | About::Hold(_) | About::Store(_) | About::Pack(_) => {}
        }
    }
    let named = |about: Value| about.as_object().expect("an object").keys().next().cloned();
    let abouts = words_of(abouts).as_array().cloned().unwrap_or_default();
    assert_eq!(words["ABOUT"], json!(abouts.into_iter().map(named).collect::<Vec<_>>()));
}
