//! Golden files: what was reviewed, to compare with. `make snap` writes them anew.

use crate::repository::root;

/// Compares a text with its golden file, or writes it when `LACUNA_SNAP` is set.
#[allow(clippy::disallowed_methods, reason = "the one switch of the tests")]
pub fn check(name: &str, text: &str) {
    let path = root().join("tests/it/golden").join(name);
    if std::env::var("LACUNA_SNAP").is_ok() {
        std::fs::write(&path, text).expect("written");
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        golden == text,
        "{name} differs from what was reviewed; look at the difference after `make snap`\n{text}"
    );
}
