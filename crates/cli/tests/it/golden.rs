//! What is printed, compared with the files under `tests/golden/`. `LACUNA_GOLDEN=write` writes
//! them anew: read the difference before it is committed.

use std::path::Path;

use super::machine::{MARKED, Ran};

/// Compares a run with its file, and sees that the person is nowhere in it.
pub fn check(name: &str, ran: &Ran) {
    let Ran { code, out, err } = ran;
    let mut text = out.clone();
    if !err.is_empty() {
        text = format!("{text}--- standard error\n{err}");
    }
    let text = format!("{text}--- exit code {code}\n");
    assert!(!text.contains(MARKED), "{name} prints the person:\n{text}");
    compare(name, &text);
}

/// Compares a text with its file.
pub fn compare(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let path = path.join(format!("{name}.txt"));
    #[allow(clippy::disallowed_methods, reason = "a test's own switch")]
    let write = std::env::var_os("LACUNA_GOLDEN").is_some_and(|how| how == "write");
    if write {
        std::fs::write(&path, text).expect("the golden file");
        return;
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        golden == text,
        "{} is different (LACUNA_GOLDEN=write writes it anew):\n--- it says\n{golden}\n--- printed\n{text}",
        path.display()
    );
}
