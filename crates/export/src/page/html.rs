//! Text to HTML. Nothing but [`text`] and [`href`] may bring in what comes from a store.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::bundle::Bundle;
use crate::error::Error;

/// The page on its way into the archive.
pub(super) struct Html<'a>(pub(super) &'a mut Bundle);

impl Html<'_> {
    pub(super) fn push(&mut self, html: &str) -> Result<(), Error> {
        self.0.write(html.as_bytes())
    }
}

/// Text, in an element or in a quoted attribute. What no page can show is shown as what it is: unknown.
pub(super) fn text(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            '\n' | '\t' => html.push(c),
            c if c.is_control() => html.push('\u{FFFD}'),
            c => html.push(c),
        }
    }
    html
}

/// A relative link: every byte but letters, digits and a few marks is written in percent form, so that no
/// path can be taken for a scheme.
pub(super) fn href(path: &str) -> String {
    let mut link = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.' | b'~') {
            link.push(char::from(byte));
        } else {
            link.push('%');
            link.push_str(&hex::encode_upper([byte]));
        }
    }
    link
}

/// An anchor.
pub(super) fn id(n: usize) -> String {
    format!("s{}", n + 1)
}

/// A number, in groups of three digits.
pub(super) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 record`, `2 records`.
pub(super) fn counted(n: u64, one: &str, several: &str) -> String {
    format!("{} {}", number(n), if n == 1 { one } else { several })
}

/// A length in bytes, for a person.
pub(super) fn size(bytes: u64) -> String {
    let units = [(1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "KB")];
    let Some((unit, name)) = units.into_iter().find(|(unit, _)| bytes >= *unit) else {
        return counted(bytes, "byte", "bytes");
    };
    let tenths = bytes.saturating_mul(10) / unit;
    if tenths >= 100 || tenths.is_multiple_of(10) {
        format!("{} {name}", number(tenths / 10))
    } else {
        format!("{}.{} {name}", tenths / 10, tenths % 10)
    }
}

/// `3 March 2026, 14:05 UTC`.
pub(super) fn date(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%-d %B %Y, %H:%M UTC").to_string()
}

/// `7 years`, from an ISO 8601 duration; as it is written, if it is none.
pub(super) fn duration(text: &str) -> String {
    let Ok(span) = text.parse::<jiff::Span>() else { return self::text(text) };
    let parts = [
        (i64::from(span.get_years()), "year"),
        (i64::from(span.get_months()), "month"),
        (i64::from(span.get_weeks()), "week"),
        (i64::from(span.get_days()), "day"),
        (i64::from(span.get_hours()), "hour"),
    ];
    let said: Vec<String> = parts
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, unit)| counted(n.unsigned_abs(), unit, &format!("{unit}s")))
        .collect();
    if said.is_empty() { self::text(text) } else { said.join(" and ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_a_store_is_markup() {
        assert_eq!(text("<script>&\"'\0"), "&lt;script&gt;&amp;&quot;&#39;\u{FFFD}");
        assert_eq!(href("javascript:alert(1)"), "javascript%3Aalert%281%29");
        assert_eq!(href("a/Zoë \"x\".png"), "a/Zo%C3%AB%20%22x%22.png");
    }

    #[test]
    fn figures_are_for_a_person() {
        assert_eq!(
            (number(0), number(999), number(1_234_567)),
            ("0".into(), "999".into(), "1,234,567".into())
        );
        assert_eq!((size(1), size(1536), size(5 << 30)), ("1 byte".into(), "1.5 KB".into(), "5 GB".into()));
        assert_eq!((duration("P7Y"), duration("P1Y6M")), ("7 years".into(), "1 year and 6 months".into()));
        assert_eq!(duration("<b>"), "&lt;b&gt;");
        let at = "2026-03-03T14:05:09Z".parse().expect("an instant");
        assert_eq!(date(at), "3 March 2026, 14:05 UTC");
    }
}
