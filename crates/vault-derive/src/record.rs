//! The struct: what it is, and what is wrong with it.

use std::collections::BTreeSet;

use syn::ext::IdentExt;
use syn::{Attribute, Data, DeriveInput, Error, Fields, Ident, LitStr, Visibility};

use crate::field::{Field, container};

/// The name of the header's field, in Rust and where it is stored.
pub const HEADER: &str = "vault_header";

const RECORD: &str = "#[record(purpose = \"customers\", key = \"id\")]";

/// A struct that can be sealed.
pub struct Record {
    pub visibility: Visibility,
    pub ident: Ident,
    /// What the records are, in the context that they are sealed in.
    pub purpose: String,
    /// The clear fields that say which record it is, as places in `fields`.
    pub key: Vec<usize>,
    pub fields: Vec<Field>,
    /// The attributes of serde that the sealed copy has too.
    pub kept: Vec<Attribute>,
}

impl Record {
    /// Reads a struct. All that is wrong with its fields is said at once.
    pub fn read(input: &DeriveInput) -> Result<Self, Error> {
        let name = &input.ident;
        let written = match &input.data {
            Data::Struct(data) => match &data.fields {
                Fields::Named(fields) => fields,
                Fields::Unnamed(_) => {
                    let text = format!("`{name}` has fields without names: a field is sealed under its name");
                    return Err(Error::new_spanned(name, text));
                }
                Fields::Unit => {
                    return Err(Error::new_spanned(name, format!("`{name}` has no fields to seal")));
                }
            },
            Data::Enum(_) => return Err(not_a_struct(name, "an enum")),
            Data::Union(_) => return Err(not_a_struct(name, "a union")),
        };
        if !input.generics.params.is_empty() {
            let text = format!(
                "`{name}` is generic: which type is sealed decides what opens, so write a struct for each"
            );
            return Err(Error::new_spanned(&input.generics, text));
        }
        let (mut fields, mut wrong) = (Vec::new(), Vec::new());
        for field in &written.named {
            match Field::read(field) {
                Ok(field) => fields.push(field),
                Err(error) => wrong.push(error),
            }
        }
        let (said, kept) = (Said::read(name, &input.attrs), container(&input.attrs));
        wrong.extend(said.as_ref().err().cloned());
        wrong.extend(kept.as_ref().err().cloned());
        if let Some(all) = wrong.into_iter().reduce(both) {
            return Err(all);
        }
        let (Said { purpose, key }, kept) = (said?, kept?);
        if !fields.iter().any(Field::is_sealed) {
            let text = format!("nothing in `{name}` is confidential or restricted: there is nothing to seal");
            return Err(Error::new_spanned(name, text));
        }
        names_are_free(&fields)?;
        let key = places(&key, &fields)?;
        Ok(Self { visibility: input.vis.clone(), ident: name.clone(), purpose, key, fields, kept })
    }
}

fn both(mut one: Error, other: Error) -> Error {
    one.combine(other);
    one
}

fn not_a_struct(name: &Ident, what: &str) -> Error {
    let text = format!("`{name}` is {what}: only a struct with named fields is sealed field by field");
    Error::new_spanned(name, text)
}

/// What `#[record(..)]` says.
struct Said {
    purpose: String,
    key: LitStr,
}

impl Said {
    fn read(name: &Ident, attributes: &[Attribute]) -> Result<Self, Error> {
        let mut said = attributes.iter().filter(|attribute| attribute.path().is_ident("record"));
        let Some(first) = said.next() else {
            let text = format!(
                "`{name}` does not say what its records are and which fields name one: write {RECORD} above it"
            );
            return Err(Error::new(name.span(), text));
        };
        if let Some(second) = said.next() {
            return Err(Error::new_spanned(second, format!("`{name}` has #[record] twice")));
        }
        let (mut purpose, mut key) = (None::<LitStr>, None::<LitStr>);
        first.parse_nested_meta(|meta| {
            let place = match () {
                () if meta.path.is_ident("purpose") => &mut purpose,
                () if meta.path.is_ident("key") => &mut key,
                () => return Err(meta.error(format!("unknown to #[record]: write {RECORD}"))),
            };
            if place.replace(meta.value()?.parse()?).is_some() {
                return Err(meta.error("said twice"));
            }
            Ok(())
        })?;
        match (purpose, key) {
            (Some(purpose), Some(key)) if !purpose.value().is_empty() => {
                Ok(Self { purpose: purpose.value(), key })
            }
            _ => {
                let text = format!("#[record] says both purpose and key: write {RECORD}");
                Err(Error::new_spanned(first, text))
            }
        }
    }
}

/// The fields that the key names. What names the record must be readable before anything is opened.
fn places(key: &LitStr, fields: &[Field]) -> Result<Vec<usize>, Error> {
    let mut places = Vec::new();
    for name in key.value().split(',').map(str::trim) {
        let found = fields.iter().position(|field| field.ident.unraw() == name);
        let Some((at, field)) = found.and_then(|at| fields.get(at).map(|field| (at, field))) else {
            return Err(Error::new(key.span(), format!("the key names `{name}`, which is no field")));
        };
        let text = match () {
            () if field.is_sealed() => format!(
                "the key names `{name}`, which is {} and so sealed: name a public or internal field",
                field.class.as_str()
            ),
            () if field.optional().is_some() => {
                format!("the key names `{name}`, which is optional: what names a record is always there")
            }
            () if places.contains(&at) => format!("the key names `{name}` twice"),
            () => {
                places.push(at);
                continue;
            }
        };
        return Err(Error::new(key.span(), text));
    }
    Ok(places)
}

/// The header and the pseudonyms are fields beside the others, and no two fields are sealed under one name.
fn names_are_free(fields: &[Field]) -> Result<(), Error> {
    let mut taken: BTreeSet<String> = BTreeSet::from([HEADER.to_owned()]);
    for field in fields.iter().filter(|field| field.searchable) {
        taken.insert(format!("{}_search", field.ident.unraw()));
        taken.insert(format!("{}_search", field.name()));
    }
    for field in fields {
        let ident = &field.ident;
        if taken.contains(&ident.unraw().to_string()) || !taken.insert(field.name()) {
            let text = format!("the field `{ident}` has the name of another, or of one that sealing adds");
            return Err(Error::new(ident.span(), text));
        }
    }
    Ok(())
}
