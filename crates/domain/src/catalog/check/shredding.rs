//! What a collection must satisfy whose records are erased by destroying keys.

use super::super::{Collection, Field, Store};
use super::Report;

impl Report<'_> {
    /// No record of it is ever looked at: what is destroyed are the keys of the person's identities. So
    /// it needs no key, no index and no template, but it must say which identities have keys.
    pub(super) fn check_shredding(&mut self, s: &Store, c: &Collection) {
        if c.ways().next().is_none() {
            let fix = "mark the field whose `identity` the records were sealed for";
            self.collection(s, c, "nothing says whose keys its records are sealed under", fix);
        }
        for way in c.ways().filter(|way| way.field.identity.is_none()) {
            let what = "it is reached by a reference, and a reference has no key";
            self.field(s, c, way.name, what, "mark an `identity` that the records are sealed for");
        }
        let refers = |(_, f): &(&String, &Field)| {
            f.references.as_ref().is_some_and(|to| to.store == s.id && to.collection == c.name)
        };
        for (store, other) in self.catalog.collections() {
            for (name, _) in other.fields.iter().filter(refers) {
                let what = "it refers to a collection with `shred`, whose records are never read";
                self.field(store, other, name, what, "mark it with the `identity` that both have");
            }
        }
        if c.suppress.is_some() {
            let what = "sealed records cannot be hidden";
            self.collection(s, c, what, "remove `suppress`");
        }
        if c.erasure.reason.is_none() || c.erasure.law.is_none() {
            let what = "`shred` keeps unreadable records without saying why";
            self.collection(s, c, what, "set erasure.reason and erasure.law");
        }
        if c.erasure.shredded_after().is_none() {
            let what = "`shredded_after` is not a duration of at least five minutes";
            let fix = "write days, hours, minutes and seconds, such as PT15M: the age of every cache of keys";
            self.collection(s, c, what, fix);
        }
    }
}
