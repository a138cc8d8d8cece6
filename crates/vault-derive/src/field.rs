//! One field: what it is, and what of it is kept.

use proc_macro2::TokenStream;
use syn::ext::IdentExt;
use syn::{
    Attribute, Error, Expr, Field as Written, GenericArgument, Ident, LitStr, Path, PathArguments, Token,
    Type, Visibility,
};

use crate::class::{Class, Said};

/// A field, read.
pub struct Field {
    pub visibility: Visibility,
    pub ident: Ident,
    pub ty: Type,
    pub class: Class,
    pub searchable: bool,
    /// What is done to a value before it is searched by.
    pub normalise: Option<Path>,
    /// The name that it is stored by, if serde is told one.
    pub renamed: Option<LitStr>,
    /// What of a clear field's serde attributes and documentation its copy has.
    pub kept: Vec<Attribute>,
}

impl Field {
    /// Reads a field of a struct with named fields.
    pub fn read(field: &Written) -> Result<Self, Error> {
        let Some(ident) = field.ident.clone() else {
            return Err(Error::new_spanned(field, "a field without a name cannot be sealed"));
        };
        let Said { class, searchable } = Said::read(&ident, &field.attrs)?;
        let normalise = normalise(&ident, &field.attrs)?;
        if normalise.is_some() && !searchable {
            let text = format!(
                "the field `{ident}` is normalised for searching and is not searchable: write \
                 #[class({}, searchable)], or take #[normalise] away",
                if class.is_sealed() { class.as_str() } else { Class::Restricted.as_str() },
            );
            return Err(Error::new(ident.span(), text));
        }
        let renamed = if class.is_sealed() { renamed(&ident, &field.attrs)? } else { None };
        let keep: &[&str] = if class.is_sealed() { &["doc"] } else { &["doc", "serde"] };
        let kept = field.attrs.iter().filter(|a| keep.iter().any(|name| a.path().is_ident(name)));
        Ok(Self {
            visibility: field.vis.clone(),
            ty: field.ty.clone(),
            class,
            searchable,
            normalise,
            renamed,
            kept: kept.cloned().collect(),
            ident,
        })
    }

    pub fn is_sealed(&self) -> bool {
        self.class.is_sealed()
    }

    /// The name that it is sealed under and searched by: what it is stored as, so that the Rust field
    /// can be renamed.
    pub fn name(&self) -> String {
        self.renamed.as_ref().map_or_else(|| self.ident.unraw().to_string(), LitStr::value)
    }

    /// The type of what is in the `Option`, if the type is written as one.
    pub fn optional(&self) -> Option<&Type> {
        let last = last_segment(&self.ty).filter(|last| last.ident == "Option")?;
        let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
        match arguments.args.first() {
            Some(GenericArgument::Type(inner)) if arguments.args.len() == 1 => Some(inner),
            _ => None,
        }
    }

    /// The type of the value itself, whether or not it is optional.
    pub fn value(&self) -> &Type {
        self.optional().unwrap_or(&self.ty)
    }

    /// Whether the value is text, which is taken as `&str`.
    pub fn is_text(&self) -> bool {
        last_segment(self.value()).is_some_and(|last| last.ident == "String")
    }
}

fn last_segment(ty: &Type) -> Option<&syn::PathSegment> {
    match ty {
        Type::Path(path) if path.qself.is_none() => path.path.segments.last(),
        _ => None,
    }
}

fn normalise(field: &Ident, attributes: &[Attribute]) -> Result<Option<Path>, Error> {
    let mut said = attributes.iter().filter(|attribute| attribute.path().is_ident("normalise"));
    let Some(first) = said.next() else { return Ok(None) };
    if let Some(second) = said.next() {
        return Err(Error::new_spanned(second, format!("the field `{field}` is normalised twice")));
    }
    let path = first.parse_args_with(Path::parse_mod_style).map_err(|_| {
        let text = format!(
            "the field `{field}` is normalised by a function that is named: write \
             #[normalise(str::to_lowercase)]"
        );
        Error::new_spanned(first, text)
    })?;
    Ok(Some(path))
}

/// A sealed field's value is sealed whole, so that no attribute of serde could do what it says, but for
/// the one that names it.
fn renamed(field: &Ident, attributes: &[Attribute]) -> Result<Option<LitStr>, Error> {
    let mut renamed = None;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("rename") && meta.input.peek(Token![=]) {
                renamed = Some(meta.value()?.parse::<LitStr>()?);
                return Ok(());
            }
            let text = format!(
                "the field `{field}` is sealed whole: of serde's attributes it can have \
                 #[serde(rename = \"..\")] alone"
            );
            Err(meta.error(text))
        })?;
    }
    Ok(renamed)
}

/// The attributes of serde that a struct may have, since its sealed copy has them too.
pub fn container(attributes: &[Attribute]) -> Result<Vec<Attribute>, Error> {
    let serde = attributes.iter().filter(|attribute| attribute.path().is_ident("serde"));
    let mut kept = Vec::new();
    for attribute in serde {
        attribute.parse_nested_meta(|meta| {
            if !["rename_all", "deny_unknown_fields"].iter().any(|name| meta.path.is_ident(name)) {
                let text = "a record that is sealed can have #[serde(rename_all = \"..\")] and \
                            #[serde(deny_unknown_fields)] alone";
                return Err(meta.error(text));
            }
            if meta.input.peek(Token![=]) {
                meta.value()?.parse::<Expr>()?;
            } else if meta.input.peek(syn::token::Paren) {
                let inner;
                syn::parenthesized!(inner in meta.input);
                inner.parse::<TokenStream>()?;
            }
            Ok(())
        })?;
        kept.push(attribute.clone());
    }
    Ok(kept)
}
