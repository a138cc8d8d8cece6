//! What a collection says about exporting it.

use super::Report;
use crate::catalog::{Collection, FieldKind, Store};

impl Report<'_> {
    /// A copy is a copy of something that is there, and of no copy.
    pub(super) fn check_copy(&mut self, s: &Store) {
        let Some(of) = &s.copy_of else { return };
        let Some(original) = self.catalog.store(of).filter(|original| original.id != s.id) else {
            return self.store(s, "`copy_of` names no other store of the catalog", "name the original's id");
        };
        if original.copy_of.is_some() {
            self.store(s, "`copy_of` names a store that is a copy itself", "name the original");
        }
        for copy in &s.collections {
            let like = |c: &&Collection| c.name == copy.name && c.key == copy.key;
            let Some(like) = original.collections.iter().find(like) else {
                let fix = "give both the same name and key, or make a store of its own of it";
                self.collection(s, copy, "the original has no collection of this name and key", fix);
                continue;
            };
            // A number and a text are two keys, and the record would be shown twice.
            let kind = |c: &Collection, part: &str| c.fields.get(part).map_or(FieldKind::Text, |f| f.kind);
            for part in copy.key.iter().filter(|part| kind(copy, part) != kind(like, part)) {
                let fix = "declare the same `kind` in both, or make a store of its own of it";
                self.field(s, copy, part, "the key field is of another kind than the original's", fix);
            }
        }
    }

    pub(super) fn check_export(&mut self, s: &Store, c: &Collection) {
        let blank = |text: &Option<String>| text.as_deref().is_some_and(|text| text.trim().is_empty());
        if blank(&c.purpose) {
            self.collection(s, c, "`purpose` is empty", "say why the data is held, or leave it out");
        }
        if let Some(version) = &c.version {
            if c.object.is_some() {
                self.collection(
                    s,
                    c,
                    "objects have no `version`",
                    "leave it out: S3 says when each was written",
                );
            } else if !c.fields.contains_key(version) {
                self.collection(s, c, "`version` names no field of the collection", "declare the field");
            }
        }
        let Some(content) = &c.content else { return };
        if c.object.is_none() {
            self.collection(s, c, "only objects have `content`", "leave it out");
        }
        for pointer in &content.others {
            let escapes = pointer.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
            if !pointer.starts_with('/') || pointer.len() > 512 || !escapes {
                let what = format!("`{pointer}` in `others` is no JSON pointer");
                self.push(
                    &s.owner.team,
                    format!("{}.{}", s.id, c.name),
                    what,
                    "write it as RFC 6901 does: /assigned_to/email, /messages/*/author".to_owned(),
                );
            }
        }
    }
}
