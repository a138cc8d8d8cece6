//! What a package is saved as, where nobody says.

use contract::export::ExportView;
use domain::RequestId;

/// The longest name.
const LONGEST: usize = 100;

/// Names that some systems keep for devices.
const DEVICES: &[&str] = &["con", "prn", "aux", "nul"];

/// The name that the package is expected to have: what is there under it is seen before a link is used up.
pub fn expected(id: &RequestId, number: u32, export: &ExportView) -> String {
    let number = if export.packages.len() > 1 { format!("-{number}") } else { String::new() };
    let ending = if export.encrypted.is_some() { "zip.age" } else { "zip" };
    format!("{id}{number}.{ending}")
}

/// The name in a `Content-Disposition`, as one that is safe in this folder. Where it came from, nobody is
/// trusted to say where files go.
pub fn given(disposition: &str) -> Option<String> {
    let value = disposition.split(';').map(str::trim).find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("filename").then(|| value.trim().trim_matches('"'))
    })?;
    let name = value.rsplit(['/', '\\']).next().unwrap_or_default().trim_start_matches('.');
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '_' };
    let mut name: String = name.chars().take(LONGEST).map(plain).collect();
    // What begins like an option is taken for one, and what ends with a dot loses it.
    name.truncate(name.trim_end_matches('.').len());
    let stem = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let port = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
    let port = port.is_some_and(|n| n.len() == 1 && n.bytes().all(|b| b.is_ascii_digit()));
    if name.starts_with('-') || port || DEVICES.contains(&stem.as_str()) {
        name.insert(0, '_');
    }
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_this_folder() {
        fn check(disposition: &str, expect: Option<&str>) {
            assert_eq!(given(disposition).as_deref(), expect, "{disposition}");
        }
        check("attachment; filename=\"req_1.zip.age\"", Some("req_1.zip.age"));
        check("attachment;FileName = req_1-2.zip ", Some("req_1-2.zip"));
        check("attachment; filename=\"../../etc/passwd\"", Some("passwd"));
        check("attachment; filename=\"/etc/cron.d/x\"", Some("x"));
        check("attachment; filename=\"..\\..\\x.exe\"", Some("x.exe"));
        check("attachment; filename=\".bashrc\"", Some("bashrc"));
        check("attachment; filename=\"-rf\"", Some("_-rf"));
        check("attachment; filename=\"nul.zip\"", Some("_nul.zip"));
        check("attachment; filename=\"COM1\"", Some("_COM1"));
        check("attachment; filename=\"a b\u{1b}[2J\u{202e}.zip\"", Some("a_b__2J_.zip"));
        check("attachment; filename=\"a.zip. .\"", Some("a.zip._"));
        check("attachment; filename=\"..\"", None);
        check("attachment; filename=\"\"", None);
        check("attachment; filename*=UTF-8''x.zip", None);
        check("attachment", None);
        let long = format!("attachment; filename=\"{}\"", "x".repeat(300));
        assert_eq!(given(&long).map(|name| name.len()), Some(LONGEST));
    }
}
