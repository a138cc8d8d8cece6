//! The page for people without a login: a code in, a link out. No scripts, and nothing from elsewhere.

use std::fmt::Write as _;

use domain::export::Package;

use crate::api::Answer;

const PAGE: &str = include_str!("page.html");

/// The page, with something to say if there is: a sentence of ours, and nothing that was sent.
pub(super) fn form(status: u16, says: Option<&str>) -> Answer {
    let said = says.map_or_else(String::new, |says| format!("<p class=\"said\" role=\"alert\">{says}</p>"));
    Answer::page(status, PAGE.replace("<!-- said -->", &said))
}

/// The page for what comes in several parts, of which somebody must choose one.
pub(super) fn parts(packages: &[Package]) -> Answer {
    let all = packages.len();
    let mut parts =
        "<label for=\"package\">Part</label>\n<select id=\"package\" name=\"package\">".to_owned();
    for (n, package) in (1..=all).zip(packages) {
        // Writing to a text does not fail.
        let _ = write!(parts, "<option value=\"{n}\">{n} of {all}, {}</option>", size(package.bytes));
    }
    parts.push_str("</select>");
    let said = format!(
        "<p class=\"told\" role=\"status\">Your data comes in {all} parts. Enter the code again for each of them.</p>"
    );
    Answer::page(200, PAGE.replace("<!-- said -->", &said).replace("<!-- parts -->", &parts))
}

/// A size for people: as many digits as matter.
fn size(bytes: u64) -> String {
    let tenths = |unit: u64| {
        let tenths = bytes.saturating_mul(10).div_ceil(unit);
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", tenths(1_000)),
        1_000_000..1_000_000_000 => format!("{} MB", tenths(1_000_000)),
        _ => format!("{} GB", tenths(1_000_000_000)),
    }
}
