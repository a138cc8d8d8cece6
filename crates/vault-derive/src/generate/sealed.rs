//! What the sealed struct can do: be opened, whole or one field at a time, and be changed.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Ident;
use syn::ext::IdentExt;

use crate::field::Field;
use crate::record::Record;

use super::{borrowed, header, key, members, search_of};

/// What is done with a whole sealed record.
pub fn whole(record: &Record, sealed: &Ident) -> TokenStream {
    let Record { visibility, ident, purpose, kept, .. } = record;
    let (header, key) = (header(), key(record));
    let opened = record.fields.iter().map(|field| {
        let (ident, name, ty) = (&field.ident, field.name(), field.value());
        match (field.is_sealed(), field.optional().is_some()) {
            (false, _) => quote!(#ident: ::core::clone::Clone::clone(&self.#ident),),
            (true, false) => quote!(#ident: record.open::<#ty>(#name, &self.#ident)?,),
            (true, true) => quote!(#ident: match &self.#ident {
                ::core::option::Option::Some(sealed) => {
                    ::core::option::Option::Some(record.open::<#ty>(#name, sealed)?)
                }
                ::core::option::Option::None => ::core::option::Option::None,
            },),
        }
    });
    let item = members(record, &quote!(::vault::sealed::BinaryBytes), false);
    let copied = record.fields.iter().map(|field| {
        let ident = &field.ident;
        let search = field.searchable.then(|| search_of(field)).into_iter();
        let search = quote!(#(#search: ::core::clone::Clone::clone(&self.#search),)*);
        match (field.is_sealed(), field.optional().is_some()) {
            (false, _) => quote!(#ident: ::core::clone::Clone::clone(&self.#ident),),
            (true, false) => quote!(#ident: self.#ident.to_binary(), #search),
            (true, true) => quote! {
                #ident: self.#ident.as_ref().map(::vault::sealed::SealedBytes::to_binary), #search
            },
        }
    });
    quote! {
        #[automatically_derived]
        #[allow(dead_code)]
        impl #sealed {
            /// The key of this record. The header names the version; the clear key fields are what it was
            /// sealed as.
            fn vault_record<'s>(
                &self,
                sealer: &'s ::vault::sealed::Sealer<'_>,
            ) -> ::core::result::Result<::vault::sealed::SealedRecord<'s>, ::vault::sealed::SealError> {
                sealer.open(#purpose, #key, &self.#header)
            }

            /// Opens every field.
            #visibility fn open(
                &self,
                sealer: &::vault::sealed::Sealer<'_>,
            ) -> ::core::result::Result<#ident, ::vault::sealed::SealError> {
                let record = self.vault_record(sealer)?;
                ::core::result::Result::Ok(#ident { #(#opened)* })
            }

            /// The same record, sealed anew: under the current key, with a new header and new pseudonyms.
            #visibility fn reseal(
                &self,
                sealer: &::vault::sealed::Sealer<'_>,
            ) -> ::core::result::Result<Self, ::vault::sealed::SealError> {
                self.open(sealer)?.seal(sealer)
            }

            /// Which version of the tenant's key this record needs. Said by the header, and not proved.
            #visibility fn key_version(
                &self,
            ) -> ::core::result::Result<u32, ::vault::sealed::SealError> {
                self.#header.key_version()
            }

            /// The same record with its sealed bytes as bytes, for a store that has a type for them: a
            /// DynamoDB item. Without this they are written as base64 text, and read back from either.
            #visibility fn item(&self) -> impl ::vault::sealed::serde::Serialize + '_ {
                #[derive(::vault::sealed::serde::Serialize)]
                #[serde(crate = "::vault::sealed::serde")]
                #(#kept)*
                struct Item { #item }
                Item { #header: self.#header.to_binary(), #(#copied)* }
            }
        }
    }
}

/// What is done with one sealed field, without opening the others.
pub fn one(record: &Record, field: &Field) -> TokenStream {
    let (visibility, clear, ident, ty) = (&field.visibility, &record.ident, &field.ident, &field.ty);
    let (name, value, borrowed) = (field.name(), field.value(), borrowed(field));
    let plain = field.ident.unraw();
    let (open, set) = (format_ident!("open_{plain}"), format_ident!("set_{plain}"));
    let (search, find) = (search_of(field), format_ident!("search_{plain}"));
    let open_text = format!("Opens `{plain}` alone.");
    let set_text = format!(
        "Changes `{plain}`, and opens no other field. It is sealed under the header that the record has, so \
         store it on condition that the header is the same."
    );
    let optional = field.optional().is_some();
    let seal = quote!(record.seal::<#value>(#name, value)?);
    let found = quote!(#clear::#find(sealer, value)?);
    let (taken, opened, sealed, pseudonym) = if optional {
        let some = |made: TokenStream| {
            quote!(match value {
                ::core::option::Option::Some(value) => ::core::option::Option::Some(#made),
                ::core::option::Option::None => ::core::option::Option::None,
            })
        };
        let opened = quote!(match &self.#ident {
            ::core::option::Option::Some(sealed) => {
                ::core::option::Option::Some(record.open::<#value>(#name, sealed)?)
            }
            ::core::option::Option::None => ::core::option::Option::None,
        });
        (quote!(::core::option::Option<#borrowed>), opened, some(seal), some(found))
    } else {
        (borrowed, quote!(record.open::<#value>(#name, &self.#ident)?), seal, found)
    };
    let (made, kept) = if field.searchable {
        (quote!(let search = #pseudonym;), quote!(self.#search = search;))
    } else {
        (quote!(), quote!())
    };
    quote! {
        #[doc = #open_text]
        #visibility fn #open(
            &self,
            sealer: &::vault::sealed::Sealer<'_>,
        ) -> ::core::result::Result<#ty, ::vault::sealed::SealError> {
            let record = self.vault_record(sealer)?;
            let opened = #opened;
            ::core::result::Result::Ok(opened)
        }

        #[doc = #set_text]
        #visibility fn #set(
            &mut self,
            sealer: &::vault::sealed::Sealer<'_>,
            value: #taken,
        ) -> ::core::result::Result<(), ::vault::sealed::SealError> {
            let record = self.vault_record(sealer)?;
            let sealed = #sealed;
            #made
            self.#ident = sealed;
            #kept
            ::core::result::Result::Ok(())
        }
    }
}
