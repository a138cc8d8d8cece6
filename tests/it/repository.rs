//! Reading the repository itself.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package is in the repository").to_path_buf()
}

/// A file's text.
pub fn read(path: &str) -> String {
    let whole = root().join(path);
    std::fs::read_to_string(&whole).unwrap_or_else(|e| panic!("{path} does not read: {e}"))
}

/// Every file that git would keep: tracked, or new and not ignored. Relative paths.
pub fn files() -> Vec<String> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git runs");
    assert!(listed.status.success(), "git ls-files failed");
    let text = String::from_utf8(listed.stdout).expect("paths are text");
    text.lines().filter(|path| root().join(path).is_file()).map(str::to_owned).collect()
}

/// `erase-store` from `EraseStore`.
pub fn kebab(pascal: &str) -> String {
    let mut out = String::new();
    for (at, c) in pascal.chars().enumerate() {
        if c.is_ascii_uppercase() && at > 0 {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// `EraseStore` from `erase-store`.
pub fn pascal(kebab: &str) -> String {
    kebab
        .split('-')
        .map(|word| {
            let mut chars = word.chars();
            chars
                .next()
                .map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + chars.as_str())
        })
        .collect()
}

/// The folders below a folder.
pub fn folders(path: &str) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(root().join(path))
        .unwrap_or_else(|e| panic!("{path} does not list: {e}"))
        .filter_map(Result::ok)
        .filter(|entry| entry.path().is_dir())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}
