//! `lacuna catalog …`, which needs no API.

use std::path::{Path, PathBuf};

use super::golden::check;
use super::machine::Machine;

const GOOD: &str = "\
catalog: 1
stores:
  - id: crm
    kind: sql
    owner: {team: sales-it, page: '#sales-it'}
    connection: crm-url
    control: {records: {contacts: {id: control, email: control@lacuna.invalid}}}
    collections:
      - name: contacts
        resource: contacts
        key: [id]
        fields:
          id: {category: system.operations, class: internal}
          email: {category: user.contact.email, class: confidential, identity: email, index: by_email}
        erasure: {method: delete}
";

fn file(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).expect("a file");
    path
}

fn checked(name: &str, text: &str, more: &str) -> super::machine::Ran {
    let path = file(&format!("{name}.yaml"), text);
    Machine::default().run(&format!("catalog check {} {more}", path.display()))
}

#[test]
fn a_complete_catalog_has_a_version() {
    check("catalog-good", &checked("good", GOOD, ""));
    check("catalog-good-json", &checked("good-json", GOOD, "--json"));
}

#[test]
fn what_is_written_is_what_the_version_names() {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("published.json");
    let ran = checked("published", GOOD, &format!("--json --out {}", out.display()));
    let body: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    let version = body["version"].as_str().expect("a version");
    let written = std::fs::read(&out).expect("the canonical JSON");
    assert!(contract::catalog::read_published(version, &written).is_ok());
}

#[test]
fn problems_name_owner_place_and_remedy() {
    let bad = GOOD
        .replace(", index: by_email", "")
        .replace("connection: crm-url", "connection: 'sqlite://crm'")
        .replace("{method: delete}", "{method: anonymise}");
    check("catalog-bad", &checked("bad", &bad, ""));
    check("catalog-bad-json", &checked("bad-json", &bad, "--json"));
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("never.json");
    checked("bad-out", &bad, &format!("--out {}", out.display()));
    assert!(!out.exists(), "a catalog with problems was written");
}

#[test]
fn what_is_no_catalog_says_where() {
    let bad = GOOD.replace("    owner: {team: sales-it, page: '#sales-it'}\n", "    ownr: x\n");
    let ran = checked("form", &bad, "");
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("ownr") && ran.out.contains("line 5"), "{}", ran.out);
    let machine = Machine { stdin: "stores: [".to_owned(), ..Machine::default() };
    let ran = machine.run("catalog check - --json");
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains(r#""error":"#), "{}", ran.out);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    check("catalog-missing", &Machine::default().run("catalog check no/such/catalog.yaml"));
}

#[test]
fn the_schema_is_the_contracts() {
    let ran = Machine::default().run("catalog schema");
    let printed: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!((ran.code, printed), (0, contract::catalog::schema()));
}
