//! Which keys are a person's, decided from the catalog anew.
//!
//! Finding reads a key and compares what it says; here the value is laid over the key, and what is
//! around it is compared with the catalog. A mistake in the one is not a mistake in the other.

use domain::catalog::{Collection, FieldKind};

/// What comes after the person's value.
#[derive(Debug, Clone, Copy)]
enum Piece<'a> {
    /// This text.
    Text(&'a str),
    /// One character or more of a kind, and no slash.
    Some(FieldKind),
    /// Anything, or nothing.
    Anything,
}

/// How the keys of a collection are laid out: a text, the person's value, and what comes after it.
pub(super) struct Layout<'a> {
    head: &'a str,
    /// The field that holds the person's value.
    pub(super) field: &'a str,
    kind: FieldKind,
    tail: Vec<Piece<'a>>,
}

/// Where a value's keys are.
pub(super) struct Area {
    /// They begin with this.
    pub(super) prefix: String,
    /// And end there.
    pub(super) one: bool,
}

/// Whose a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// It holds the value, and can hold no other.
    Theirs,
    /// It can hold the value, or another one.
    Unsure,
    /// It does not hold the value.
    Not,
}

impl<'a> Layout<'a> {
    /// A collection's; `None` if its template is none.
    pub(super) fn of(collection: &'a Collection) -> Option<Self> {
        let kind = |name: &str| collection.fields.get(name).map(|field| field.kind);
        let mut pieces = collection.object.as_deref()?.split('{');
        let head = pieces.next()?;
        let (field, first) = pieces.next()?.split_once('}')?;
        let mut tail = vec![Piece::Text(first)];
        let mut last = first;
        for piece in pieces {
            let (name, text) = piece.split_once('}')?;
            tail.extend([Piece::Some(kind(name)?), Piece::Text(text)]);
            last = text;
        }
        if last.ends_with('/') {
            tail.push(Piece::Anything);
        }
        Some(Self { head, field, kind: kind(field)?, tail })
    }

    /// Whether a key may hold the value in another writing.
    pub(super) fn is_unclear(&self, text: &str) -> bool {
        let odd = |b: u8| b == b'/' || b == b'%';
        self.kind == FieldKind::Text && (text.bytes().any(odd) || text.chars().any(char::is_control))
    }

    /// Where the value's keys are; `None` if no key can hold it.
    pub(super) fn area(&self, text: &str) -> Option<Area> {
        let Some(Piece::Text(after)) = self.tail.first() else {
            return None;
        };
        let after = if after.starts_with('/') { "/" } else { after };
        let prefix = [self.head, text, after].concat();
        let one = self.tail.len() == 1 && after != "/";
        (is_of(self.kind, text) && prefix.len() <= 1024).then_some(Area { prefix, one })
    }

    /// Whether a key lies in the folder that is named by the value.
    pub(super) fn is_in_folder(&self, key: &str, text: &str) -> bool {
        let has_folder = matches!(self.tail.first(), Some(Piece::Text(after)) if after.starts_with('/'));
        let below = key.strip_prefix(self.head).and_then(|rest| rest.strip_prefix(text));
        has_folder && below.is_some_and(|below| below.starts_with('/'))
    }

    /// Whose a key is.
    pub(super) fn whose(&self, key: &str, text: &str) -> Whose {
        let Some(rest) = key.strip_prefix(self.head) else {
            return Whose::Not;
        };
        let ends = ends(&self.tail, rest.as_bytes());
        let ends = ends.iter().enumerate().filter(|(_, fits)| **fits).map(|(at, _)| at);
        let held = ends.filter_map(|at| rest.get(..at)).filter(|held| is_of(self.kind, held));
        let (mut theirs, mut others) = (false, false);
        for held in held {
            if held == text { theirs = true } else { others = true }
        }
        match (theirs, others) {
            (true, false) => Whose::Theirs,
            (true, true) => Whose::Unsure,
            (false, _) => Whose::Not,
        }
    }
}

/// For each position of a key, its end among them, whether the pieces fit from there to the end. One
/// pass a piece from the back, so that no key takes long.
fn ends(pieces: &[Piece<'_>], key: &[u8]) -> Vec<bool> {
    let mut fits: Vec<bool> = (0..=key.len()).map(|at| at == key.len()).collect();
    for piece in pieces.iter().rev() {
        let later = fits;
        let after = |at: usize| later.get(at).copied().unwrap_or(false);
        fits = match piece {
            Piece::Anything => vec![true; later.len()],
            Piece::Text(text) => (0..later.len())
                .map(|at| {
                    key.get(at..).is_some_and(|k| k.starts_with(text.as_bytes())) && after(at + text.len())
                })
                .collect(),
            Piece::Some(kind) => some(*kind, key, &later),
        };
    }
    fits
}

/// For each position, whether one or more characters of a kind lie between it and one of those.
fn some(kind: FieldKind, key: &[u8], later: &[bool]) -> Vec<bool> {
    let mut fits = vec![false; later.len()];
    // Of a number: whether digits alone do.
    let mut digits = false;
    for (at, byte) in key.iter().enumerate().rev() {
        let ends = later.get(at + 1).copied().unwrap_or(false);
        let goes_on = fits.get(at + 1).copied().unwrap_or(false);
        let now = match kind {
            FieldKind::Text => *byte != b'/' && (ends || goes_on),
            FieldKind::Number => {
                let signed = *byte == b'-' && digits;
                digits = byte.is_ascii_digit() && (ends || digits);
                digits || signed
            }
        };
        if let Some(fits) = fits.get_mut(at) {
            *fits = now;
        }
    }
    fits
}

/// Whether a key can hold the text for a field of a kind.
fn is_of(kind: FieldKind, text: &str) -> bool {
    let digits = || text.strip_prefix('-').unwrap_or(text);
    match kind {
        FieldKind::Text => !text.is_empty() && !text.contains('/'),
        FieldKind::Number => !digits().is_empty() && digits().bytes().all(|b| b.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collection(template: &str, person: &str) -> Collection {
        let field = |kind: &str| serde_json::json!({"category": "user", "class": "internal", "kind": kind});
        serde_json::from_value(serde_json::json!({
            "name": "c", "resource": "b", "object": template, "erasure": {"method": "delete"},
            "fields": {"p": field(person), "t": field("text"), "n": field("number")}}))
        .expect("a collection")
    }

    #[test]
    fn a_key_is_whose_value_lies_in_it() {
        let check = |template, key, expect| {
            let collection = collection(template, "text");
            let layout = Layout::of(&collection).expect("a layout");
            assert_eq!(layout.whose(key, "7"), expect, "{template} {key}");
        };
        let ticket = "tickets/{p}/{t}.json";
        check(ticket, "tickets/7/41.json", Whose::Theirs);
        check(ticket, "tickets/7/a.json.json", Whose::Theirs);
        check(ticket, "tickets/70/41.json", Whose::Not);
        check(ticket, "tickets/7/41.pdf", Whose::Not);
        check(ticket, "tickets/7/41/scan.json", Whose::Not);
        check(ticket, "tickets/7/.json", Whose::Not);
        check(ticket, "other/7/41.json", Whose::Not);
        check("{p}", "7", Whose::Theirs);
        check("{p}.png", "7.png.png", Whose::Not);
        check("{p}-{t}", "7-41", Whose::Theirs);
        check("{p}-{t}", "7-x-41", Whose::Unsure);
        check("{p}-{n}", "7-x-41", Whose::Not);
        check("{p}-{n}", "7--41", Whose::Unsure);
        check("{p}-{t}-{n}", "7-a-b-1", Whose::Unsure);
        check("{p}/{t}-{n}", "7/a-b-1", Whose::Theirs);
        check("tickets/{p}/", "tickets/7/a/b", Whose::Theirs);
        check("tickets/{p}/", "tickets/7/", Whose::Theirs);
        check("tickets/{p}/", "tickets/7", Whose::Not);
        check("tickets/{p}/", "tickets/77/a", Whose::Not);
        check("{p}/{t}.é", "7/😀.é", Whose::Theirs);
    }

    #[test]
    fn numbers_are_digits_with_a_sign() {
        let check = |template, text, key, expect| {
            let collection = collection(template, "number");
            let layout = Layout::of(&collection).expect("a layout");
            assert_eq!(layout.whose(key, text), expect, "{template} {key}");
        };
        check("{p}-{t}", "7", "7-x-41", Whose::Theirs);
        check("{p}{t}", "7", "7x", Whose::Theirs);
        check("{p}-{n}", "-7", "-7--3", Whose::Theirs);
        check("{p}.{n}", "7", "7.-", Whose::Not);
        check("{p}.{n}", "7", "7.", Whose::Not);
        check("{p}.{n}", "7", "7.12", Whose::Theirs);
    }

    #[test]
    fn a_value_s_area_is_its_folder_or_its_keys() {
        let check = |template, text, expect: Option<(&str, bool)>| {
            let collection = collection(template, "text");
            let area = Layout::of(&collection).expect("a layout").area(text);
            let area = area.as_ref().map(|area| (area.prefix.as_str(), area.one));
            assert_eq!(area, expect, "{template}");
        };
        check("tickets/{p}/{t}.json", "7", Some(("tickets/7/", false)));
        check("tickets/{p}/", "7", Some(("tickets/7/", false)));
        check("tickets/{p}/json/{t}", "7", Some(("tickets/7/", false)));
        check("users/{p}/profile.json", "7", Some(("users/7/", false)));
        check("avatars/{p}.png", "7", Some(("avatars/7.png", true)));
        check("{p}-{t}", "7", Some(("7-", false)));
        check("{p}", "", None);
        check("{p}", &"x".repeat(1025), None);
    }

    #[test]
    fn what_lies_in_a_folder_is_below_the_whole_value() {
        let check = |template, key, expect| {
            let collection = collection(template, "text");
            let layout = Layout::of(&collection).expect("a layout");
            assert_eq!(layout.is_in_folder(key, "7"), expect, "{template} {key}");
        };
        check("tickets/{p}/{t}.json", "tickets/7/41/scan.png", true);
        check("tickets/{p}/{t}.json", "tickets/70/41.pdf", false);
        check("users/{p}/profile.json", "users/7/photo.png", true);
        check("avatars/{p}.png", "avatars/7/x", false);
    }
}
