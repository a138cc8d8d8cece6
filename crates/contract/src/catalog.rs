//! The catalog file: YAML as owners write it, canonical JSON as it is published.

use aws_lc_rs::digest::{SHA256, digest};
use domain::catalog::{Catalog, Problem};

/// A catalog that was read, checked and given its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// SHA-256 of the canonical JSON, in hex: the version.
    pub version: String,
    /// The canonical JSON.
    pub json: String,
    /// The catalog.
    pub catalog: Catalog,
}

/// Why a catalog cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogError {
    /// The file does not have the form of the schema.
    #[error("the catalog does not read: {0}")]
    Form(String),
    /// It reads, and lacks something.
    #[error("the catalog has {} problem(s)", .0.len())]
    Problems(Vec<Problem>),
    /// A published document whose bytes are not what its version names.
    #[error("the catalog's bytes do not give its version")]
    Version,
}

/// Reads, checks and versions a YAML (or JSON) catalog.
pub fn read_yaml(text: &str) -> Result<Published, CatalogError> {
    let catalog: Catalog = serde_saphyr::from_str(text).map_err(|e| CatalogError::Form(e.to_string()))?;
    let mut problems = catalog.check();
    problems.extend(catalog.unproven());
    if !problems.is_empty() {
        return Err(CatalogError::Problems(problems));
    }
    let json = serde_json::to_string(&catalog).map_err(|e| CatalogError::Form(e.to_string()))?;
    Ok(Published { version: hex::encode(digest(&SHA256, json.as_bytes())), json, catalog })
}

/// Reads a published catalog and holds it to its version and to the checks. One that was published before
/// stores had controls is read: requests that are under way were planned with it.
pub fn read_published(version: &str, json: &[u8]) -> Result<Catalog, CatalogError> {
    if hex::encode(digest(&SHA256, json)) != version {
        return Err(CatalogError::Version);
    }
    let catalog: Catalog = serde_json::from_slice(json).map_err(|e| CatalogError::Form(e.to_string()))?;
    let problems = catalog.check();
    if problems.is_empty() { Ok(catalog) } else { Err(CatalogError::Problems(problems)) }
}

/// The JSON Schema of the file, for editors.
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Catalog).to_value();
    if let Some(map) = schema.as_object_mut() {
        map.insert("title".to_owned(), "Lacuna catalog".into());
    }
    schema
}
