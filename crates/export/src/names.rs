//! Paths in the package: safe on every system, and each only once.
//!
//! A path keeps the slashes of an object's key, and has the mask where that names somebody else. Everything
//! in it that a file system could take for more than a name is replaced: `..`, an absolute path, backslashes,
//! control characters, what Windows reserves.
//! Two paths that differ only in the case of their letters are the same file on many systems, so they count
//! as the same here.

use std::collections::{HashMap, HashSet};

use aws_lc_rs::digest;
use domain::export::Content;
use serde::{Deserialize, Serialize};

/// The longest segment, and the longest path below the collection's folder, in bytes.
const SEGMENT: usize = 120;
const PATH: usize = 180;

/// Names that Windows keeps for devices.
const RESERVED: &[&str] = &["con", "prn", "aux", "nul", "conin$", "conout$"];

fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|')
        // What turns the direction of reading, or cannot be seen: `gpj.exe` is not to look like `exe.jpg`.
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF0}'..='\u{FFFF}')
}

/// One segment of a path.
pub(crate) fn segment(text: &str) -> String {
    let mut safe: String = text.chars().map(|c| if is_unsafe(c) { '_' } else { c }).collect();
    // Windows drops dots and spaces at the end, so `..` and `a.` are replaced with the rest.
    let kept = safe.trim_end_matches(['.', ' ']).len();
    let cut = safe.len() - kept;
    safe.truncate(kept);
    safe.extend(std::iter::repeat_n('_', cut));
    if safe.starts_with(' ') {
        safe.replace_range(..1, "_");
    }
    let stem = safe.split('.').next().unwrap_or_default().trim_end().to_lowercase();
    let port = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
    let is_port = port.is_some_and(|n| {
        matches!(n.chars().next(), Some('0'..='9' | '¹' | '²' | '³')) && n.chars().count() == 1
    });
    if safe.is_empty() || RESERVED.contains(&stem.as_str()) || is_port {
        safe.insert(0, '_');
    }
    if safe.len() > SEGMENT { shorten(&safe, text) } else { safe }
}

/// Its beginning, a mark that is another one for every other text, and what says what kind of file it is.
fn shorten(safe: &str, whole: &str) -> String {
    let ending = safe.rsplit_once('.').map(|(_, ending)| ending).filter(|ending| ending.len() <= 8);
    let most = (0..=80).rev().find(|at| safe.is_char_boundary(*at)).unwrap_or(0);
    let mark = hex::encode(&digest::digest(&digest::SHA256, whole.as_bytes()).as_ref()[..8]);
    match ending {
        Some(ending) => format!("{}~{mark}.{ending}", safe[..most].trim_end()),
        None => format!("{}~{mark}", safe[..most].trim_end()),
    }
}

/// The path of an object below the collection's folder.
pub(crate) fn path(key: &str) -> String {
    let path = key.split('/').map(segment).collect::<Vec<_>>().join("/");
    if path.len() > PATH { shorten(&path.replace('/', "_"), key) } else { path }
}

fn mark(parts: &[&str]) -> u64 {
    let mut hash = digest::Context::new(&digest::SHA256);
    for part in parts {
        hash.update(&(part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    let mut first = [0; 8];
    first.copy_from_slice(&hash.finish().as_ref()[..8]);
    u64::from_le_bytes(first)
}

/// The names given out in one collection: some bytes for each, whatever its length.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Names {
    /// What is taken, as a file or as a folder.
    files: HashSet<u64>,
    folders: HashSet<u64>,
    /// Which suffix each version of each object got; 1 is none.
    given: HashMap<u64, u32>,
}

impl Names {
    /// A path for the content, which nothing else has.
    pub(crate) fn give(&mut self, content: &Content) -> String {
        let base = self.base(content.shown_key().expose());
        let mut n = if content.is_latest { 1 } else { 2 };
        let path = loop {
            let path = numbered(&base, content, n);
            if self.is_free(&path) {
                break path;
            }
            n += 1;
        };
        let small = path.to_lowercase();
        for (at, _) in small.match_indices('/') {
            self.folders.insert(mark(&[&small[..at]]));
        }
        self.files.insert(mark(&[&small]));
        self.given.insert(identity(content), n);
        path
    }

    /// The path that the content got, if it is in the package.
    pub(crate) fn of(&self, content: &Content) -> Option<String> {
        let n = *self.given.get(&identity(content))?;
        // A folder that was free when the path was given out is still free for this one, or the path was
        // flat from the beginning: both are tried, and only the right one is taken as a file.
        let base = path(content.shown_key().expose());
        [base.clone(), flat(&base)]
            .into_iter()
            .map(|base| numbered(&base, content, n))
            .find(|path| self.files.contains(&mark(&[&path.to_lowercase()])))
    }

    /// The key's path; flat, if a folder of it is a file already.
    fn base(&self, key: &str) -> String {
        let natural = path(key);
        let small = natural.to_lowercase();
        let blocked = small.match_indices('/').any(|(at, _)| self.files.contains(&mark(&[&small[..at]])));
        if blocked { flat(&natural) } else { natural }
    }

    fn is_free(&self, path: &str) -> bool {
        let mark = mark(&[&path.to_lowercase()]);
        !self.files.contains(&mark) && !self.folders.contains(&mark)
    }
}

fn flat(path: &str) -> String {
    format!("_{}", path.replace('/', "_"))
}

fn numbered(base: &str, content: &Content, n: u32) -> String {
    match n {
        1 => base.to_owned(),
        n if content.is_latest => format!("{base}~{n}"),
        n => format!("{base}.version-{n}"),
    }
}

fn identity(content: &Content) -> u64 {
    mark(&[content.key.expose(), content.version_id.as_deref().unwrap_or_default()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn content(key: &str, version: &str, is_latest: bool) -> Content {
        let version_id = (!version.is_empty()).then_some(version);
        let content =
            serde_json::json!({"key": key, "version_id": version_id, "is_latest": is_latest, "size": 0});
        serde_json::from_value(content).expect("a content")
    }

    fn check(key: &str, expect: &str) {
        assert_eq!(path(key), expect, "{key:?}");
    }

    #[test]
    fn nothing_leaves_the_folder() {
        check("../../etc/passwd", "__/__/etc/passwd");
        check("/etc/passwd", "_/etc/passwd");
        check("..\\..\\evil.exe", ".._.._evil.exe");
        check("C:\\evil", "C__evil");
        check("a/./b//c/", "a/_/b/_/c/_");
        check("a\0b\nc\r", "a_b_c_");
        check("photo\u{202E}gpj.exe", "photo_gpj.exe");
        check("CON", "_CON");
        check("nul.txt", "_nul.txt");
        check("COM1.log", "_COM1.log");
        check("trailing. .", "trailing___");
        check("tickets/C001/T0001.json", "tickets/C001/T0001.json");
        check("Zoë 日本.json", "Zoë 日本.json");
        check("", "_");
    }

    #[test]
    fn what_the_systems_take_for_the_same_gets_a_suffix() {
        let mut names = Names::default();
        let all = [
            (content("T0001.json", "c", true), "T0001.json"),
            (content("T0001.json", "b", false), "T0001.json.version-2"),
            (content("T0001.json", "a", false), "T0001.json.version-3"),
            (content("t0001.JSON", "", true), "t0001.JSON~2"),
            (content("a:b", "", true), "a_b"),
            (content("a?b", "", true), "a_b~2"),
            (content("x", "", true), "x"),
            (content("x/y", "", true), "_x_y"),
            (content("d/e", "", true), "d/e"),
            (content("d", "", true), "d~2"),
        ];
        for (content, expect) in &all {
            assert_eq!(names.give(content), *expect);
        }
        let again: Names =
            serde_json::from_str(&serde_json::to_string(&names).expect("it serialises")).expect("it reads");
        for (content, expect) in &all {
            assert_eq!(again.of(content).as_deref(), Some(*expect));
        }
        assert_eq!(again.of(&content("never", "", true)), None);
    }

    proptest! {
        #[test]
        fn any_key_becomes_a_safe_path(keys in prop::collection::vec(".{0,300}|[./\\\\ab]{0,12}", 1..12)) {
            let mut names = Names::default();
            let mut seen = HashSet::new();
            for (n, key) in keys.iter().enumerate() {
                let one = content(key, &n.to_string(), n % 2 == 0);
                let path = names.give(&one);
                prop_assert!(path.len() <= PATH + 20 && !path.starts_with('/'));
                prop_assert!(!path.contains(['\\', ':', '\0', '\n', '\r']) && !path.chars().any(char::is_control));
                prop_assert!(path.split('/').all(|s| !s.is_empty() && s != "." && s != ".."));
                prop_assert!(seen.insert(path.to_lowercase()), "given twice");
                prop_assert_eq!(names.of(&one), Some(path));
            }
        }
    }
}
