//! Documents are part of the product: what they point at exists, and the commands that they name
//! are commands.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use crate::repository::{files, kebab, read, root};

/// Folders that are made, not kept.
const MADE: &[&str] = &["target/", ".venv/"];

/// What a path ends with, if its first folder does not tell that it is one.
const ENDINGS: &[&str] = &[".rs", ".py", ".md", ".toml", ".yaml", ".json", ".txt", ".csv"];

/// A document, taken apart.
struct Document {
    path: String,
    /// Lines outside of fences, with their numbers.
    prose: Vec<(usize, String)>,
    /// Fenced blocks: the language, and the lines with their numbers.
    blocks: Vec<(String, Vec<(usize, String)>)>,
}

impl Document {
    fn read(path: &str) -> Self {
        let (mut prose, mut blocks) = (Vec::new(), Vec::new());
        let mut open = false;
        for (at, line) in read(path).lines().enumerate() {
            let number = at + 1;
            if let Some(language) = line.trim_start().strip_prefix("```") {
                open = !open;
                if open {
                    blocks.push((language.trim().to_owned(), Vec::new()));
                }
            } else if let Some((_, lines)) = blocks.last_mut().filter(|_| open) {
                lines.push((number, line.to_owned()));
            } else {
                prose.push((number, line.to_owned()));
            }
        }
        assert!(!open, "{path}: a fence is not closed");
        Self { path: path.to_owned(), prose, blocks }
    }

    fn all() -> Vec<Self> {
        let documents =
            files().into_iter().filter(|path| Path::new(path).extension().is_some_and(|e| e == "md"));
        documents.map(|path| Self::read(&path)).collect()
    }

    /// What stands between backticks, outside of fences.
    fn spans(&self) -> Vec<(usize, &str)> {
        let lines = self.prose.iter();
        lines.flat_map(|(n, line)| line.split('`').skip(1).step_by(2).map(|span| (*n, span))).collect()
    }

    /// The lines that somebody could type: spans, and fences of a shell or of no language.
    fn commands(&self) -> Vec<(usize, Vec<&str>)> {
        let shells = ["", "sh", "bash", "console"];
        let typed = self.blocks.iter().filter(|(language, _)| shells.contains(&language.as_str()));
        let lines = typed.flat_map(|(_, lines)| lines.iter().map(|(n, line)| (*n, line.as_str())));
        let words = |line: &'_ str| -> usize { line.find(" #").unwrap_or(line.len()) };
        let lines = lines.chain(self.spans());
        lines.map(|(n, line)| (n, line[..words(line)].split_whitespace().collect())).collect()
    }

    /// The names of its headings, as links write them.
    fn anchors(&self) -> BTreeSet<String> {
        let headings = self.prose.iter().filter_map(|(_, line)| line.strip_prefix('#'));
        headings.map(|heading| slug(heading.trim_start_matches('#').trim())).collect()
    }
}

fn slug(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

/// A link's target, seen from its document, as a path from the root.
fn resolved(from: &str, target: &str) -> PathBuf {
    let mut path = Path::new(from).parent().map(Path::to_path_buf).unwrap_or_default();
    for part in Path::new(target).components() {
        match part {
            Component::ParentDir => {
                path.pop();
            }
            Component::Normal(name) => path.push(name),
            _ => {}
        }
    }
    path
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c == '-')
}

#[test]
fn every_relative_link_leads_somewhere() {
    let mut broken = Vec::new();
    for document in Document::all() {
        for (number, line) in &document.prose {
            for target in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                if target.contains("://") || target.starts_with("mailto:") {
                    continue;
                }
                let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
                let path = match path {
                    "" => PathBuf::from(&document.path),
                    path => resolved(&document.path, path),
                };
                let there = root().join(&path).exists();
                let path = path.to_string_lossy();
                let found = there && (anchor.is_empty() || Document::read(&path).anchors().contains(anchor));
                if !found {
                    broken.push(format!("{}:{number}: {target}", document.path));
                }
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere: {broken:#?}");
}

#[test]
fn every_path_in_backticks_exists() {
    let files = files();
    let folders: BTreeSet<&str> =
        files.iter().filter_map(|path| path.split_once('/')).map(|(top, _)| top).collect();
    let mut missing = Vec::new();
    for document in Document::all() {
        for (number, span) in document.spans() {
            let plain = span.chars().all(|c| c.is_ascii_alphanumeric() || "._/-".contains(c));
            if !plain || span.starts_with('/') || MADE.iter().any(|made| span.starts_with(made)) {
                continue;
            }
            let ending = ENDINGS.iter().any(|ending| span.len() > ending.len() && span.ends_with(ending));
            let there = match span.split_once('/') {
                Some((top, _)) if folders.contains(top) || ending => root().join(span).exists(),
                None if ending => files.iter().any(|path| path.rsplit('/').next() == Some(span)),
                _ => true,
            };
            if !there {
                missing.push(format!("{}:{number}: {span}", document.path));
            }
        }
    }
    assert!(missing.is_empty(), "paths that do not exist: {missing:#?}");
}

#[test]
fn every_make_target_that_is_named_exists() {
    let makefile = read("Makefile");
    let rules = makefile.lines().filter(|line| !line.starts_with(['\t', '#', '.']) && !line.contains(":="));
    let targets: BTreeSet<&str> =
        rules.filter_map(|line| line.split_once(':')).map(|(name, _)| name).collect();
    let mut unknown = Vec::new();
    for document in Document::all() {
        for (number, words) in document.commands() {
            for at in (0..words.len()).filter(|at| words[*at] == "make") {
                let begins =
                    at == 0 || words[at - 1].contains('=') || ["$", "&&", ";"].contains(&words[at - 1]);
                let named = words[at + 1..].iter().filter(|word| !word.contains('='));
                let named = named.take_while(|word| begins && is_word(word));
                let wrong = named.filter(|word| !targets.contains(**word));
                unknown.extend(wrong.map(|word| format!("{}:{number}: make {word}", document.path)));
            }
        }
    }
    assert!(unknown.is_empty(), "no such targets: {unknown:#?}");
}

/// The names of the variants of a file's `Command`, as they are typed.
fn subcommands(source: &str) -> BTreeSet<String> {
    let body = source.split("pub enum Command {").nth(1).and_then(|rest| rest.split("\n}").next());
    let variants = body.unwrap_or_default().lines().map(str::trim);
    let variants = variants.filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()));
    let names = variants.filter_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric()).next());
    names.map(kebab).collect()
}

/// What is wrong with the words after `lacuna`, if anything is.
fn complaint(words: &[&str], arguments: &str) -> Option<String> {
    let groups = subcommands(&read("crates/cli/src/args/mod.rs"));
    let (group, rest) = words.split_first().filter(|(group, _)| is_word(group))?;
    if *group == "help" {
        return None;
    }
    if !groups.contains(*group) {
        return Some((*group).to_owned());
    }
    let known = subcommands(&read(&format!("crates/cli/src/args/{group}.rs")));
    let verbs = rest.first().map(|verbs| verbs.split('|').collect::<Vec<_>>()).unwrap_or_default();
    let wrong = verbs.into_iter().find(|verb| is_word(verb) && !known.contains(*verb));
    let flags = rest.iter().filter_map(|word| word.strip_prefix("--"));
    let names = flags.filter_map(|flag| flag.split(|c: char| c != '-' && !c.is_ascii_alphanumeric()).next());
    let mut names = names.filter(|name| !name.is_empty() && !["help", "version"].contains(name));
    let unknown = names.find(|name| {
        let field = format!("pub {}:", name.replace('-', "_"));
        !arguments.contains(&field) && !arguments.contains(&format!("\"{name}\""))
    });
    wrong.or(unknown).map(|wrong| format!("{group} {wrong}"))
}

#[test]
fn every_lacuna_command_that_is_named_exists() {
    let sources = files().into_iter().filter(|path| path.starts_with("crates/cli/src/args/"));
    let arguments: String = sources.map(|path| read(&path)).collect();
    let mut unknown = Vec::new();
    for document in Document::all() {
        for (number, words) in document.commands() {
            for at in (0..words.len()).filter(|at| words[*at] == "lacuna") {
                let end = words[at..].iter().position(|word| ["|", "&&", ";", "<", ">"].contains(word));
                let command = &words[at + 1..end.map_or(words.len(), |end| at + end)];
                let wrong = complaint(command, &arguments);
                unknown.extend(wrong.map(|wrong| format!("{}:{number}: lacuna {wrong}", document.path)));
            }
        }
    }
    assert!(unknown.is_empty(), "no such commands: {unknown:#?}");
}

#[test]
fn the_readme_begins_with_two_commands() {
    let readme = Document::read("README.md");
    let (_, lines) = readme.blocks.first().expect("a block");
    let commands: Vec<&str> = lines
        .iter()
        .map(|(_, line)| line.split('#').next().unwrap_or_default().trim())
        .filter(|command| !command.is_empty())
        .collect();
    assert_eq!(commands, ["make demo", "make test"]);
}

#[test]
fn ci_and_contributing_say_the_same_command() {
    assert!(read(".github/workflows/ci.yml").contains("run: bash .ci/run\n"));
    assert!(read(".ci/run").contains("\nexec make test\n"));
    assert!(read("CONTRIBUTING.md").contains("CI runs `make test`, and nothing else."));
}
