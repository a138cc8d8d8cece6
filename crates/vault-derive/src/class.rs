//! The classes of the catalog, and which of them are sealed.

use syn::punctuated::Punctuated;
use syn::{Attribute, Error, Ident, Token};

/// What to write, for whoever did not.
pub const CHOICE: &str =
    "#[class(public)], #[class(internal)], #[class(confidential)] or #[class(restricted)]";

/// How confidential a field is, in the catalog's words: a test keeps them the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    Public,
    Internal,
    Confidential,
    Restricted,
}

impl Class {
    pub const ALL: [Self; 4] = [Self::Public, Self::Internal, Self::Confidential, Self::Restricted];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Confidential => "confidential",
            Self::Restricted => "restricted",
        }
    }

    /// From here on the catalog takes a field for personal data. Below it a value is needed in the
    /// clear: as a key, in a condition, in an index by range.
    pub fn is_sealed(self) -> bool {
        self >= Self::Confidential
    }
}

/// What `#[class(..)]` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    pub class: Class,
    pub searchable: bool,
}

impl Said {
    /// The class of a field, of which there must be exactly one.
    pub fn read(field: &Ident, attributes: &[Attribute]) -> Result<Self, Error> {
        let mut said = attributes.iter().filter(|attribute| attribute.path().is_ident("class"));
        let Some(first) = said.next() else {
            return Err(Error::new(
                field.span(),
                format!("the field `{field}` says no class: write {CHOICE} above it"),
            ));
        };
        if let Some(second) = said.next() {
            return Err(Error::new_spanned(second, format!("the field `{field}` says its class twice")));
        }
        let words = first.parse_args_with(Punctuated::<Ident, Token![,]>::parse_terminated)?;
        let mut class = None;
        let mut searchable = false;
        for word in &words {
            if word == "searchable" {
                searchable = true;
                continue;
            }
            let Some(known) = Class::ALL.into_iter().find(|class| word == class.as_str()) else {
                return Err(Error::new(
                    word.span(),
                    format!("`{word}` is no class of the field `{field}`: write {CHOICE}"),
                ));
            };
            if class.replace(known).is_some() {
                return Err(Error::new(word.span(), format!("the field `{field}` says its class twice")));
            }
        }
        let Some(class) = class else {
            return Err(Error::new_spanned(
                first,
                format!("the field `{field}` says no class: write {CHOICE}"),
            ));
        };
        if searchable && !class.is_sealed() {
            let text = format!(
                "the field `{field}` is {} and so not sealed: search it as it is, without `searchable`",
                class.as_str()
            );
            return Err(Error::new_spanned(first, text));
        }
        Ok(Self { class, searchable })
    }
}
