//! What the clear struct can do: be sealed, and say what its fields are searched by.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::Ident;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use crate::field::Field;
use crate::record::Record;

use super::{borrowed, header, key, search_of};

/// The methods of the clear struct.
pub fn code(record: &Record, sealed: &Ident) -> TokenStream {
    let Record { visibility, ident, purpose, .. } = record;
    let (header, key) = (header(), key(record));
    let fields = record.fields.iter().map(seal);
    let searches = record.fields.iter().filter(|field| field.searchable).map(|field| {
        let (search, name, value) =
            (format_ident!("search_{}", field.ident.unraw()), field.name(), borrowed(field));
        let visibility = &field.visibility;
        let text = format!("What a record with this `{name}` is found by, in this tenant and field.");
        let normalised = field.normalise.as_ref().map(|by| quote!(let value = &#by(value);));
        quote! {
            #[doc = #text]
            #visibility fn #search(
                sealer: &::vault::sealed::Sealer<'_>,
                value: #value,
            ) -> ::core::result::Result<::vault::sealed::Pseudonym, ::vault::sealed::SealError> {
                #normalised
                sealer.pseudonym(#purpose, #name, value)
            }
        }
    });
    quote! {
        #[automatically_derived]
        #[allow(dead_code)]
        impl #ident {
            /// Seals what is confidential or restricted, under the current key and a new header.
            #visibility fn seal(
                &self,
                sealer: &::vault::sealed::Sealer<'_>,
            ) -> ::core::result::Result<#sealed, ::vault::sealed::SealError> {
                let record = sealer.begin(#purpose, #key)?;
                ::core::result::Result::Ok(#sealed { #header: record.header(), #(#fields)* })
            }
            #(#searches)*
        }
    }
}

/// A field and its pseudonym, of the clear struct that is `self`.
fn seal(field: &Field) -> TokenStream {
    let (ident, name, ty) = (&field.ident, field.name(), field.value());
    if !field.is_sealed() {
        return quote_spanned!(ty.span()=> #ident: ::core::clone::Clone::clone(&self.#ident),);
    }
    let (search, find) = (search_of(field), format_ident!("search_{}", field.ident.unraw()));
    let optional = field.optional().is_some();
    let each = |made: TokenStream| {
        if optional {
            quote!(match &self.#ident {
                ::core::option::Option::Some(value) => ::core::option::Option::Some(#made),
                ::core::option::Option::None => ::core::option::Option::None,
            })
        } else {
            quote!({ let value = &self.#ident; #made })
        }
    };
    let value = each(quote_spanned!(ty.span()=> record.seal::<#ty>(#name, value)?));
    let pseudonym = field.searchable.then(|| {
        let made = each(quote!(Self::#find(sealer, value)?));
        quote!(#search: #made,)
    });
    quote!(#ident: #value, #pseudonym)
}
