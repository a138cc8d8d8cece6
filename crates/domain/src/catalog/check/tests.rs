use super::super::Catalog;

fn problems(catalog: &serde_json::Value) -> Vec<String> {
    let catalog: Catalog = serde_json::from_value(catalog.clone()).expect("a catalog");
    catalog.check().iter().map(ToString::to_string).collect()
}

mod flags {
    use serde_json::{Value, json};

    use super::problems;

    /// A table with a flag, which is declared so.
    fn table(kind: &str, flag: &Value) -> Value {
        json!({"catalog": 1, "stores": [{"id": "crm", "kind": kind, "connection": "c",
            "owner": {"team": "sales", "page": "p"}, "collections": [
            {"name": "people", "resource": "people", "key": ["id"], "suppress": "hidden",
                "erasure": {"method": "anonymise", "reason": "r", "law": "l"},
                "fields": {
                    "id": {"category": "system", "class": "internal"},
                    "email": {"category": "user", "class": "confidential", "identity": "email",
                        "index": "i", "anonymise": "surrogate"},
                    "hidden": flag}},
            {"name": "notes", "resource": "notes", "key": ["id"], "erasure": {"method": "delete"},
                "fields": {
                    "id": {"category": "system", "class": "internal", "kind": "number"},
                    "person": {"category": "user", "class": "internal",
                        "references": "crm.people.id", "index": "i"}}}]}]})
    }

    fn check(kind: &str, more: &Value, expect: &[&str]) {
        let mut flag = json!({"category": "system", "class": "internal", "kind": "number"});
        for (name, value) in more.as_object().expect("an object") {
            flag[name] = value.clone();
        }
        let found = problems(&table(kind, &flag));
        let expect: Vec<String> =
            expect.iter().map(|what| format!("crm.people.hidden: the suppression flag {what}")).collect();
        assert_eq!(found.len(), expect.len(), "{found:?}");
        for (found, expect) in found.iter().zip(expect) {
            assert!(found.starts_with(&expect) && found.ends_with("(owner: sales)"), "{found}");
        }
    }

    #[test]
    fn a_flag_of_its_own_is_accepted() {
        for kind in ["sql", "dynamodb"] {
            check(kind, &json!({}), &[]);
            check(kind, &json!({"class": "public"}), &[]);
        }
        check("dynamodb", &json!({"kind": "text"}), &[]);
    }

    #[test]
    fn a_flag_with_another_use_is_refused() {
        for kind in ["sql", "dynamodb"] {
            check(kind, &json!({"anonymise": "remove"}), &["is changed by `anonymise`"]);
            check(kind, &json!({"index": "i"}), &["has an index"]);
            check(kind, &json!({"identity": "employee_id", "whose": "other"}), &["is an identity"]);
            check(kind, &json!({"references": "crm.notes.id", "whose": "other"}), &["is a reference"]);
            let held = ["holds personal data, by its class"];
            check(kind, &json!({"class": "confidential", "whose": "other"}), &held);
            check(kind, &json!({"class": "restricted", "whose": "other"}), &held);
        }
        check("sql", &json!({"kind": "text"}), &["is no number"]);
    }

    #[test]
    fn a_key_and_what_is_referred_to_are_no_flags() {
        let mut catalog = table("sql", &json!({"category": "system", "class": "internal", "kind": "number"}));
        catalog["stores"][0]["collections"][0]["suppress"] = "id".into();
        catalog["stores"][0]["collections"][0]["fields"]["id"]["kind"] = "number".into();
        catalog["stores"][0]["collections"][1]["fields"]["person"]["kind"] = "number".into();
        let found = problems(&catalog);
        let what = |what| {
            format!(
                "crm.people.id: the suppression flag {what}, and hiding would overwrite it; name a field in \
                 `suppress` that is Lacuna's own and has no other use (owner: sales)"
            )
        };
        assert_eq!(found, [what("is a part of the key"), what("is referred to by another field")]);
    }
}

mod objects {
    use serde_json::{Value, json};

    use super::problems;

    fn collection(name: &str, object: &str, method: &str) -> Value {
        json!({"name": name, "resource": "bucket", "object": object,
            "erasure": {"method": method, "reason": "r", "law": "l"},
            "fields": {
                "p": {"category": "user", "class": "internal", "references": "db.people.id"},
                "t": {"category": "system", "class": "internal"}}})
    }

    /// A bucket whose collections are spread over so many stores.
    fn check(collections: &[(&str, &str)], stores: usize, expect: &[&str]) {
        let owner = json!({"team": "files", "page": "p"});
        let mut all = vec![json!({"id": "db", "kind": "dynamodb", "owner": owner, "collections": [
            {"name": "people", "resource": "people", "key": ["id"], "erasure": {"method": "delete"},
                "fields": {"id": {"category": "user", "class": "internal", "identity": "customer"}}}]})];
        for store in 0..stores {
            let own = collections.iter().enumerate().filter(|(at, _)| at % stores == store);
            let own: Vec<_> =
                own.map(|(at, (object, method))| collection(&format!("c{at}"), object, method)).collect();
            all.push(json!({"id": format!("s{store}"), "kind": "s3", "owner": owner, "collections": own}));
        }
        assert_eq!(problems(&json!({"catalog": 1, "stores": all})), expect, "{collections:?}");
    }

    #[test]
    fn a_template_is_a_key_or_all_keys_below_a_folder() {
        for object in ["tickets/{p}/{t}.json", "tickets/{p}/", "{p}/", "tickets/{p}/{t}/", "{p}"] {
            check(&[(object, "delete")], 1, &[]);
        }
    }

    #[test]
    fn what_is_kept_is_no_part_of_what_is_deleted() {
        let kept =
            ["s0.c0: its keys can be keys of s0.c1, whose objects are kept; write the templates so that \
            no key is of both (owner: files)"];
        for (deleted, keeping) in [
            ("tickets/{p}/", "tickets/{p}/{t}.pdf"),
            ("tickets/{p}/", "tickets/{p}/"),
            ("{p}/", "tickets/{p}/{t}.pdf"),
            ("tickets/{p}/{t}.pdf", "tickets/{p}/"),
            ("tickets/{p}/{t}.pdf", "tickets/{p}/contract.pdf"),
            ("tickets/{p}-{t}.pdf", "tickets/x{p}.pdf"),
        ] {
            check(&[(deleted, "delete"), (keeping, "retain")], 1, &kept);
        }
        for (deleted, keeping) in [
            ("tickets/{p}/", "contracts/{p}/{t}.pdf"),
            ("tickets/{p}/open/", "tickets/{p}/closed/"),
            ("tickets/{p}/{t}.json", "tickets/{p}/{t}.pdf"),
            ("tickets/{p}/{t}.json", "tickets/{p}/a/{t}.json"),
            ("tickets/{p}", "tickets/{p}/"),
            ("tickets/a{p}", "tickets/b{p}"),
        ] {
            check(&[(deleted, "delete"), (keeping, "retain")], 1, &[]);
        }
        check(&[("tickets/{p}/", "delete"), ("tickets/{p}/{t}.pdf", "delete")], 1, &[]);
    }

    #[test]
    fn a_person_s_folder_is_of_one_store() {
        let both = |this, other| {
            format!(
                "{this}: {other} has objects in the same folder, and is in another store; declare both in one \
                 store, so that what neither of them reads is noticed (owner: files)"
            )
        };
        let (one, other) = (both("s0.c0", "s1.c1"), both("s1.c1", "s0.c0"));
        let templates = [("tickets/{p}/{t}.json", "delete"), ("tickets/{p}/{t}.pdf", "delete")];
        check(&templates, 2, &[&one, &other]);
        check(&templates, 1, &[]);
        check(&[("tickets/{p}/{t}.json", "delete"), ("avatars/{p}/{t}.png", "delete")], 2, &[]);
        check(&[("tickets/{p}.json", "delete"), ("tickets/{p}.pdf", "delete")], 2, &[]);
    }
}

mod copies {
    use serde_json::json;

    use super::problems;

    #[test]
    fn a_copy_has_the_keys_of_its_original_and_of_the_same_kind() {
        fn check(name: &str, key: &str, kind: &str, expect: Option<&str>) {
            let store = |id: &str, name: &str, key: &str, kind: &str| {
                json!({"id": id, "kind": "sql", "connection": "c", "owner": {"team": "sales", "page": "p"},
                    "collections": [{"name": name, "resource": "people", "key": [key],
                        "erasure": {"method": "delete"}, "fields": {
                            key: {"category": "system", "class": "internal", "kind": kind},
                            "email": {"category": "user", "class": "confidential", "identity": "email", "index": "i"}}}]})
            };
            let mut copy = store("replica", name, key, kind);
            copy["copy_of"] = json!("crm");
            let found =
                problems(&json!({"catalog": 1, "stores": [store("crm", "people", "id", "number"), copy]}));
            assert_eq!(found.len(), usize::from(expect.is_some()), "{found:?}");
            assert!(
                found.iter().all(|found| expect.is_some_and(|expect| found.starts_with(expect))),
                "{found:?}"
            );
        }
        check("people", "id", "number", None);
        check("people", "id", "text", Some("replica.people.id: the key field is of another kind"));
        check("people", "number", "number", Some("replica.people: the original has no collection"));
        check("persons", "id", "number", Some("replica.persons: the original has no collection"));
    }
}
