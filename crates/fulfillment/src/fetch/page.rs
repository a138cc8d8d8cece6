//! The page for people without a login: a code in, a link out. No scripts, and nothing from elsewhere.

use crate::api::Answer;

const PAGE: &str = include_str!("page.html");

/// The page, with something to say if there is.
pub(super) fn form(status: u16, says: Option<&str>) -> Answer {
    let said = says.map_or_else(String::new, |says| format!("<p class=\"said\" role=\"alert\">{says}</p>"));
    Answer::page(status, PAGE.replace("<!-- said -->", &said))
}
