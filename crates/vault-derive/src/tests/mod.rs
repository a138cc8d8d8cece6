//! What is refused, and with which words; what is made is tried in the vault's own tests.

#![allow(clippy::expect_used)] // All of it is tests.

mod refused;

use domain::catalog;
use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::class::Class;
use crate::expand;

/// The code for what is written.
fn code(written: &str) -> TokenStream {
    expand(written.parse().expect("tokens"))
}

/// The texts of the `compile_error!`s in the code.
fn errors(written: &str) -> Vec<String> {
    let tokens: Vec<TokenTree> = code(written).into_iter().collect();
    let at = tokens.iter().enumerate().filter(|(_, token)| token.to_string() == "compile_error");
    at.map(|(at, _)| match tokens.get(at + 2) {
        Some(TokenTree::Group(group)) => text(&group.stream()),
        other => panic!("{other:?} follows the macro's name"),
    })
    .collect()
}

/// The value of the one literal in the tokens.
fn text(tokens: &TokenStream) -> String {
    syn::parse2::<syn::LitStr>(tokens.clone()).expect("a text").value()
}

/// Whether a name is anywhere in the code.
fn mentions(tokens: &TokenStream, name: &str) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Group(group) => mentions(&group.stream(), name),
        other => other.to_string() == name,
    })
}

#[test]
fn the_classes_are_the_catalogs() {
    fn ours(class: catalog::Class) -> Class {
        match class {
            catalog::Class::Public => Class::Public,
            catalog::Class::Internal => Class::Internal,
            catalog::Class::Confidential => Class::Confidential,
            catalog::Class::Restricted => Class::Restricted,
        }
    }
    let schema = serde_json::to_value(schemars::schema_for!(catalog::Class)).expect("JSON");
    let named: Vec<&str> = Class::ALL.iter().map(|class| class.as_str()).collect();
    let theirs: Vec<catalog::Class> =
        named.iter().map(|name| serde_json::from_value((*name).into()).expect("a class")).collect();
    let listed = schema["oneOf"].as_array().expect("the variants, each with its description");
    let listed: Vec<&str> = listed.iter().map(|one| one["const"].as_str().expect("a name")).collect();
    assert_eq!(named, listed);
    assert!(theirs.is_sorted() && theirs.iter().map(|class| ours(*class)).eq(Class::ALL));
    for class in theirs {
        // The line that the catalog's check draws: from here on it is personal data.
        assert_eq!(ours(class).is_sealed(), class >= catalog::Class::Confidential);
    }
}

#[test]
fn what_is_made_has_the_names_that_are_promised() {
    let made = code(
        r#"
        #[record(purpose = "customers", key = "id")]
        pub struct Customer {
            #[class(public)] pub id: String,
            #[class(restricted, searchable)] #[normalise(str::to_lowercase)] pub r#type: Option<String>,
            #[class(confidential)] pub age: u8,
        }
        "#,
    );
    let promised = [
        "SealedCustomer",
        "vault_header",
        "seal",
        "open",
        "reseal",
        "item",
        "key_version",
        "type_search",
        "search_type",
        "open_type",
        "set_type",
        "open_age",
        "set_age",
    ];
    let missing: Vec<&&str> = promised.iter().filter(|name| !mentions(&made, name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    for not in ["compile_error", "age_search", "search_age", "open_id", "set_id"] {
        assert!(!mentions(&made, not), "{not}");
    }
    let braces = made
        .into_iter()
        .filter(|token| matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace));
    assert_eq!(braces.count(), 5, "a struct and four blocks");
}
