//! House rules that are tests: sizes, thin mains, what may not be written anywhere.

use ports::Code;

use crate::repository::{files, folders, read};

const SPLIT_AT: usize = 600;
const LONGEST_MAIN: usize = 40;

fn sources(ending: &str) -> impl Iterator<Item = String> {
    files().into_iter().filter(move |path| path.ends_with(ending))
}

#[test]
fn no_source_file_is_too_long() {
    let long: Vec<String> = sources(".rs")
        .chain(sources(".py"))
        .filter_map(|path| {
            let lines = read(&path).lines().count();
            (lines > SPLIT_AT).then(|| format!("{path}: {lines} lines"))
        })
        .collect();
    assert!(long.is_empty(), "split these: {long:#?}");
}

#[test]
fn a_function_only_introduces_a_step_to_its_adapters() {
    for function in folders("functions") {
        let main = read(&format!("functions/{function}/src/main.rs"));
        let lines = main.lines().count();
        assert!(lines <= LONGEST_MAIN, "functions/{function} has {lines} lines in its main");
        let branches = ["if ", "match ", "for ", "while ", "loop "];
        let code = main.lines().filter(|l| !l.trim_start().starts_with("//"));
        let decides: Vec<&str> =
            code.filter(|l| branches.iter().any(|b| l.trim_start().starts_with(b))).collect();
        assert!(decides.is_empty(), "functions/{function} decides something: {decides:?}");
    }
}

#[test]
fn nothing_is_left_for_later_in_a_comment() {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:"), concat!("HA", "CK")];
    let mut found = Vec::new();
    for path in
        files().into_iter().filter(|p| !p.ends_with(".lock") && !p.ends_with(".csv") && !p.ends_with(".png"))
    {
        let Ok(text) = std::fs::read_to_string(crate::repository::root().join(&path)) else { continue };
        for (number, line) in text.lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark)) {
                found.push(format!("{path}:{}", number + 1));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_package_is_held_to_the_lints() {
    let manifests = sources("Cargo.toml").filter(|path| path != "Cargo.toml");
    let without: Vec<String> =
        manifests.filter(|path| !read(path).contains("[lints]\nworkspace = true")).collect();
    assert!(without.is_empty(), "these do not inherit the workspace's lints: {without:?}");
}

#[test]
fn every_error_code_has_a_page_and_every_page_a_code() {
    let mut codes: Vec<String> = Code::ALL.iter().map(|c| format!("docs/errors/{}.md", c.as_str())).collect();
    let mut pages: Vec<String> = files().into_iter().filter(|p| p.starts_with("docs/errors/")).collect();
    codes.sort();
    pages.sort();
    assert_eq!(codes, pages);
    for page in &pages {
        let text = read(page);
        for part in ["## What it means", "## What happens by itself", "## What to do"] {
            assert!(text.contains(part), "{page} lacks `{part}`");
        }
    }
}

#[test]
fn the_schema_of_the_catalog_is_the_one_that_editors_get() {
    let schema = serde_json::to_string_pretty(&contract::catalog::schema()).expect("JSON") + "\n";
    crate::golden::check("../../../infra/catalog.schema.json", &schema);
}

#[test]
fn the_catalog_of_the_demonstration_is_whole() {
    let published = contract::catalog::read_yaml(&read("localstack/catalog.yaml"));
    assert!(published.is_ok(), "{published:?}");
}
