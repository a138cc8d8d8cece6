//! What a suppression flag must satisfy.

use super::super::{Class, Collection, Field, FieldKind, Store, StoreKind};
use super::Report;

impl Report<'_> {
    /// The flag is set and cleared as Lacuna likes, so it must hold nothing else. That nobody else writes
    /// it is the owner's word; what would contradict it is refused.
    pub(super) fn check_suppression(&mut self, s: &Store, c: &Collection) {
        let Some(flag) = &c.suppress else { return };
        if s.kind == StoreKind::S3 {
            return self.collection(s, c, "objects cannot be hidden", "remove `suppress`");
        }
        let Some(field) = c.fields.get(flag) else {
            let fix = "declare it under `fields`";
            return self.field(s, c, flag, "the suppression flag is not declared", fix);
        };
        for what in self.other_uses(s, c, flag, field) {
            let what = format!("the suppression flag {what}, and hiding would overwrite it");
            let fix = "name a field in `suppress` that is Lacuna's own and has no other use";
            self.field(s, c, flag, &what, fix);
        }
        if s.kind == StoreKind::Sql && field.kind != FieldKind::Number {
            self.field(
                s,
                c,
                flag,
                "the suppression flag is no number, and is set to 0 and 1",
                "write `kind: number`",
            );
        }
    }

    /// What else a flag is for.
    fn other_uses(&self, s: &Store, c: &Collection, flag: &str, field: &Field) -> Vec<&'static str> {
        let referred = self.catalog.collections().flat_map(|(_, c)| c.fields.values()).any(|f| {
            let target = f.references.as_ref();
            target.is_some_and(|t| t.store == s.id && t.collection == c.name && t.field == flag)
        });
        let uses = [
            (c.key.iter().any(|key| key == flag), "is a part of the key"),
            (field.identity.is_some(), "is an identity"),
            (field.references.is_some(), "is a reference"),
            (referred, "is referred to by another field"),
            (field.anonymise.is_some(), "is changed by `anonymise`"),
            (field.index.is_some(), "has an index"),
            (field.class >= Class::Confidential, "holds personal data, by its class"),
        ];
        uses.into_iter().filter(|(is, _)| *is).map(|(_, what)| what).collect()
    }
}
