//! The code: the sealed struct, and what makes and opens it.

mod clear;
mod sealed;

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::Ident;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use crate::field::Field;
use crate::record::{HEADER, Record};

/// The code of a record.
pub fn code(record: &Record) -> TokenStream {
    let sealed = format_ident!("Sealed{}", record.ident);
    let structure = structure(record, &sealed);
    let clear = clear::code(record, &sealed);
    let whole = sealed::whole(record, &sealed);
    let single: Vec<TokenStream> = record
        .fields
        .iter()
        .filter(|field| field.is_sealed())
        .map(|field| sealed::one(record, field))
        .collect();
    quote! {
        #structure
        #clear
        #whole
        #[automatically_derived]
        #[allow(dead_code)]
        impl #sealed {
            #(#single)*
        }
    }
}

fn header() -> Ident {
    format_ident!("{HEADER}")
}

fn search_of(field: &Field) -> Ident {
    format_ident!("{}_search", field.ident.unraw())
}

/// `String` is taken as `&str`, anything else by reference.
fn borrowed(field: &Field) -> TokenStream {
    let ty = field.value();
    if field.is_text() { quote!(&str) } else { quote!(&#ty) }
}

/// The names that serde is told, so that the sealed field and its pseudonym stay together.
fn renames(field: &Field) -> (TokenStream, TokenStream) {
    let Some(name) = &field.renamed else { return (quote!(), quote!()) };
    let search = format!("{}_search", name.value());
    (quote!(#[serde(rename = #name)]), quote!(#[serde(rename = #search)]))
}

/// The fields of the sealed struct. `bytes` is the type that sealed bytes have in it.
fn members(record: &Record, bytes: &TokenStream, public: bool) -> TokenStream {
    let header = header();
    let own = if public { &record.visibility } else { &syn::Visibility::Inherited };
    let mut members = quote! {
        /// What the sealed fields open with, given the tenant's key.
        #[serde(rename = #HEADER)]
        #own #header: #bytes,
    };
    for field in &record.fields {
        let (ident, ty, kept) = (&field.ident, &field.ty, &field.kept);
        let visibility = if public { &field.visibility } else { &syn::Visibility::Inherited };
        if !field.is_sealed() {
            let document = document(field, "In the clear.");
            members.extend(quote!(#document #(#kept)* #visibility #ident: #ty,));
            continue;
        }
        let (renamed, search_renamed) = renames(field);
        let optional = field.optional().is_some();
        let left_out = if optional {
            quote!(#[serde(default, skip_serializing_if = "::core::option::Option::is_none")])
        } else {
            quote!()
        };
        let wrap = |ty: TokenStream| if optional { quote!(::core::option::Option<#ty>) } else { ty };
        let (value, pseudonym) = (wrap(bytes.clone()), wrap(quote!(::vault::sealed::Pseudonym)));
        let document = document(field, "Sealed.");
        members.extend(quote!(#document #(#kept)* #renamed #left_out #visibility #ident: #value,));
        if field.searchable {
            let search = search_of(field);
            let text = format!("What `{}` is searched by.", field.ident.unraw());
            members.extend(quote!(#[doc = #text] #search_renamed #left_out #visibility #search: #pseudonym,));
        }
    }
    members
}

/// Documentation for a field that has none of its own.
fn document(field: &Field, text: &str) -> TokenStream {
    if field.kept.iter().any(|attribute| attribute.path().is_ident("doc")) {
        quote!()
    } else {
        quote!(#[doc = #text])
    }
}

fn structure(record: &Record, sealed: &Ident) -> TokenStream {
    let Record { visibility, kept, ident, .. } = record;
    let members = members(record, &quote!(::vault::sealed::SealedBytes), true);
    let name = sealed.to_string();
    let text =
        format!("A [`{ident}`] as it may be stored: what is confidential or restricted in it is sealed.");
    quote! {
        #[doc = #text]
        #[derive(
            ::core::clone::Clone,
            ::vault::sealed::serde::Serialize,
            ::vault::sealed::serde::Deserialize,
        )]
        #[serde(crate = "::vault::sealed::serde")]
        #(#kept)*
        #visibility struct #sealed { #members }

        #[automatically_derived]
        impl ::core::fmt::Debug for #sealed {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.debug_struct(#name).finish_non_exhaustive()
            }
        }
    }
}

/// The values that name the record.
fn key(record: &Record) -> TokenStream {
    let key = record.key.iter().filter_map(|at| record.fields.get(*at)).map(|field| {
        let ident = &field.ident;
        quote_spanned!(field.ty.span()=> &self.#ident)
    });
    quote!(&[#(#key),*])
}
