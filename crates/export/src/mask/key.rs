//! What an object's file is called, if its key names somebody else.

use std::collections::BTreeMap;

use domain::export::Datum;

use super::words::Words;

/// The key with the mask in the place of what is somebody else's: by the key's template, so that it does not
/// matter how short that is or how it is written, and wherever a text of theirs is. `None` if nothing is.
pub(super) fn shown(
    template: &str,
    key: &str,
    fields: &BTreeMap<String, Datum>,
    is_other: impl Fn(&str) -> bool,
    words: &Words,
) -> Option<String> {
    // No field holds a slash, so they stand between the same ones in both.
    let mut patterns = template.split('/');
    let segments = key.split('/').map(|segment| {
        let pattern = patterns.next().unwrap_or_default();
        if !names(pattern).any(&is_other) {
            return segment.to_owned();
        }
        let real = |name: &str| match fields.get(name) {
            Some(Datum::Text(text) | Datum::Number(text)) => Some(text.expose()),
            _ => None,
        };
        let masked = |name: &str| if is_other(name) { Some(Datum::MASKED) } else { real(name) };
        if fill(pattern, real).is_some_and(|real| real == segment)
            && let Some(masked) = fill(pattern, masked)
        {
            return masked;
        }
        // A number is written in another way than it is read: only the two ends are known to be of nobody.
        let (head, tail) = (pattern.split('{').next(), pattern.rsplit('}').next());
        [head, Some(Datum::MASKED), tail].into_iter().flatten().collect()
    });
    let masked = segments.collect::<Vec<_>>().join("/");
    let clean = masked.split(Datum::MASKED).map(|text| words.clean(text).unwrap_or_else(|| text.to_owned()));
    let clean = clean.collect::<Vec<_>>().join(Datum::MASKED);
    (clean != key).then_some(clean)
}

/// The fields of a pattern.
fn names(pattern: &str) -> impl Iterator<Item = &str> {
    pattern.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0))
}

/// The pattern with its fields filled in; `None` if one has no text.
fn fill<'a>(pattern: &'a str, value: impl Fn(&str) -> Option<&'a str>) -> Option<String> {
    let mut text = String::new();
    let mut rest = pattern;
    while let Some((literal, tail)) = rest.split_once('{') {
        let (name, tail) = tail.split_once('}')?;
        text.push_str(literal);
        text.push_str(value(name)?);
        rest = tail;
    }
    text.push_str(rest);
    Some(text)
}
