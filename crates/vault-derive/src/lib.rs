//! `#[derive(vault::Sealed)]`: of a struct whose fields say their class, the struct that may be stored.
//!
//! `class` says what is sealed, `record` reads what was written and refuses what would not be
//! safe, `generate` writes the code. All that the code calls is in `vault::sealed`. How it is used is in
//! `docs/field-encryption.md`.

mod class;
mod field;
mod generate;
mod record;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;
use syn::DeriveInput;

/// Makes `Sealed<Name>` of a struct. Each field says its class: `#[class(public)]`, `internal`,
/// `confidential` or `restricted`, and the last two are sealed.
#[proc_macro_derive(Sealed, attributes(class, record, normalise, serde))]
pub fn sealed(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    expand(input.into()).into()
}

/// The code, or the errors as code that does not compile.
fn expand(input: TokenStream) -> TokenStream {
    syn::parse2::<DeriveInput>(input)
        .and_then(|input| record::Record::read(&input))
        .map_or_else(|error| error.to_compile_error(), |record| generate::code(&record))
}
