use super::errors;

/// One error, with this text.
fn check(written: &str, expect: &str) {
    assert_eq!(errors(written), [expect], "{written}");
}

/// A struct with these fields, besides one that names it and one that is sealed.
fn with(fields: &str) -> String {
    format!(
        r#"#[record(purpose = "customers", key = "id")]
        struct Customer {{ #[class(public)] id: String, #[class(restricted)] email: String, {fields} }}"#
    )
}

#[test]
fn a_field_without_a_class() {
    check(
        &with("phone: String"),
        "the field `phone` says no class: write #[class(public)], #[class(internal)], \
         #[class(confidential)] or #[class(restricted)] above it",
    );
    check(
        &with("#[class()] phone: String"),
        "the field `phone` says no class: write #[class(public)], #[class(internal)], \
         #[class(confidential)] or #[class(restricted)]",
    );
    check(
        &with("#[class(searchable)] phone: String"),
        "the field `phone` says no class: write #[class(public)], #[class(internal)], \
         #[class(confidential)] or #[class(restricted)]",
    );
}

#[test]
fn a_class_that_is_none_or_two() {
    check(
        &with("#[class(secret)] phone: String"),
        "`secret` is no class of the field `phone`: write #[class(public)], #[class(internal)], \
         #[class(confidential)] or #[class(restricted)]",
    );
    let twice = "the field `phone` says its class twice";
    check(&with("#[class(public, restricted)] phone: String"), twice);
    check(&with("#[class(public)] #[class(restricted)] phone: String"), twice);
}

#[test]
fn every_field_is_told_at_once() {
    let told = errors(
        "#[serde(untagged)] struct Customer { id: String, #[class(secret)] email: String, #[class(public)] n: u8 }",
    );
    let begins: Vec<&str> = told.iter().filter_map(|text| text.split(':').next()).collect();
    assert_eq!(
        begins,
        [
            "the field `id` says no class",
            "`secret` is no class of the field `email`",
            "`Customer` does not say what its records are and which fields name one",
            "a record that is sealed can have #[serde(rename_all = \"..\")] and \
             #[serde(deny_unknown_fields)] alone",
        ]
    );
}

#[test]
fn searching_what_is_clear_and_normalising_what_is_not_searched() {
    check(
        &with("#[class(internal, searchable)] city: String"),
        "the field `city` is internal and so not sealed: search it as it is, without `searchable`",
    );
    check(
        &with("#[class(confidential)] #[normalise(str::to_lowercase)] city: String"),
        "the field `city` is normalised for searching and is not searchable: write \
         #[class(confidential, searchable)], or take #[normalise] away",
    );
    check(
        &with("#[class(restricted, searchable)] #[normalise(|v| v)] city: String"),
        "the field `city` is normalised by a function that is named: write #[normalise(str::to_lowercase)]",
    );
    check(
        &with("#[class(restricted, searchable)] #[normalise(a)] #[normalise(b)] city: String"),
        "the field `city` is normalised twice",
    );
}

#[test]
fn a_record_that_does_not_say_what_it_is() {
    let fields = "struct Customer { #[class(public)] id: String, #[class(restricted)] email: String }";
    check(
        fields,
        "`Customer` does not say what its records are and which fields name one: write \
         #[record(purpose = \"customers\", key = \"id\")] above it",
    );
    let both = "#[record] says both purpose and key: write #[record(purpose = \"customers\", key = \"id\")]";
    check(&format!(r#"#[record(purpose = "customers")] {fields}"#), both);
    check(&format!(r#"#[record(key = "id")] {fields}"#), both);
    check(&format!(r#"#[record(purpose = "", key = "id")] {fields}"#), both);
    check(
        &format!(r#"#[record(purpose = "a", table = "b")] {fields}"#),
        "unknown to #[record]: write #[record(purpose = \"customers\", key = \"id\")]",
    );
    check(&format!(r#"#[record(key = "id", key = "id")] {fields}"#), "said twice");
    let twice =
        format!(r#"#[record(purpose = "a", key = "id")] #[record(purpose = "b", key = "id")] {fields}"#);
    check(&twice, "`Customer` has #[record] twice");
}

#[test]
fn a_key_that_cannot_name_a_record() {
    let key = |key: &str| {
        format!(
            r#"#[record(purpose = "customers", key = "{key}")] struct Customer {{
                #[class(public)] id: String, #[class(internal)] shop: Option<u8>,
                #[class(restricted)] email: String, #[class(confidential)] name: String }}"#
        )
    };
    assert!(errors(&key("id")).is_empty());
    check(&key("number"), "the key names `number`, which is no field");
    check(&key("id,"), "the key names ``, which is no field");
    check(
        &key("id, email"),
        "the key names `email`, which is restricted and so sealed: name a public or internal field",
    );
    check(&key("shop"), "the key names `shop`, which is optional: what names a record is always there");
    check(&key("id, id"), "the key names `id` twice");
}

#[test]
fn what_is_no_struct_with_named_fields_or_is_generic() {
    let record = r#"#[record(purpose = "a", key = "id")]"#;
    check(
        &format!("{record} enum Customer {{ A }}"),
        "`Customer` is an enum: only a struct with named fields is sealed field by field",
    );
    check(
        &format!("{record} union Customer {{ a: u8 }}"),
        "`Customer` is a union: only a struct with named fields is sealed field by field",
    );
    check(
        &format!("{record} struct Customer(#[class(public)] String);"),
        "`Customer` has fields without names: a field is sealed under its name",
    );
    check(&format!("{record} struct Customer;"), "`Customer` has no fields to seal");
    for generics in ["<T>", "<'a>", "<const N: usize>"] {
        check(
            &format!("{record} struct Customer{generics} {{ #[class(public)] id: String }}"),
            "`Customer` is generic: which type is sealed decides what opens, so write a struct for each",
        );
    }
}

#[test]
fn nothing_to_seal_and_names_that_are_taken() {
    check(
        r#"#[record(purpose = "a", key = "id")] struct Shop { #[class(public)] id: String }"#,
        "nothing in `Shop` is confidential or restricted: there is nothing to seal",
    );
    let taken =
        |name: &str| format!("the field `{name}` has the name of another, or of one that sealing adds");
    check(&with("#[class(public)] vault_header: u8"), &taken("vault_header"));
    let search = "#[class(restricted, searchable)] phone: String, #[class(public)] phone_search: String";
    check(&with(search), &taken("phone_search"));
    check(&with(r#"#[class(restricted)] #[serde(rename = "email")] phone: String"#), &taken("phone"));
}

#[test]
fn attributes_of_serde_that_a_sealed_field_cannot_keep() {
    let text = "the field `phone` is sealed whole: of serde's attributes it can have \
                #[serde(rename = \"..\")] alone";
    for attribute in ["skip", "default", r#"with = "hex""#, r#"rename(serialize = "a")"#] {
        check(&with(&format!("#[class(restricted)] #[serde({attribute})] phone: String")), text);
    }
    for kept in
        [r#"rename_all = "camelCase""#, "deny_unknown_fields", r#"rename_all(serialize = "camelCase")"#]
    {
        assert!(errors(&format!("#[serde({kept})] {}", with(""))).is_empty(), "{kept}");
    }
    assert!(errors(&with(r#"#[class(public)] #[serde(default, with = "hex")] n: u8"#)).is_empty());
}
