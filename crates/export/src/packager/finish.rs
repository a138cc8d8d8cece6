//! The two halves of the end: the manifest, and its signature.

use crate::bundle::{Bundle, Packing};
use crate::error::Error;
use crate::jws::{self, Input};
use crate::manifest::{File, Manifest, SCHEMA, StoreSearched, Totals};

use super::{Carried, Lines};

/// The manifest on its way into the archive, with its signing input's digest. It is never whole in memory, and
/// neither is what it lists: it has some hundred bytes for each file.
pub struct Listing {
    bundle: Bundle,
    input: Input,
    state: Carried,
    key_id: String,
    listed: u64,
}

/// The last package, without its signature.
pub struct Unsigned {
    bundle: Bundle,
    key_id: String,
    digest: [u8; 32],
    packages: u32,
    totals: Totals,
}

/// The end of the last package.
#[derive(Clone, PartialEq, Eq)]
pub struct Finished {
    /// The bytes that were not taken before.
    pub rest: Vec<u8>,
    /// How many packages there are.
    pub packages: u32,
    /// What they come to.
    pub totals: Totals,
    /// `manifest.jws`, which can be checked without the package.
    pub jws: String,
}

impl std::fmt::Debug for Finished {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { packages, totals, .. } = self;
        f.debug_struct("Finished").field("packages", packages).field("totals", totals).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Unsigned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unsigned").field("packages", &self.packages).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Listing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listing").field("listed", &self.listed).finish_non_exhaustive()
    }
}

impl Listing {
    pub(super) fn new(mut bundle: Bundle, state: Carried, key_id: &str) -> Result<Self, Error> {
        bundle.start("manifest.json", Packing::Deflated, None)?;
        let head = serde_json::to_string_pretty(&manifest(&state)).ok();
        // The list of files is the last of it.
        let head = head.as_deref().and_then(|all| all.strip_suffix("]\n}"));
        let head = head.ok_or(Error::Archive("the manifest was written"))?;
        let mut listing =
            Self { bundle, input: Input::new(key_id), state, key_id: key_id.to_owned(), listed: 0 };
        listing.write(head)?;
        Ok(listing)
    }

    fn write(&mut self, text: &str) -> Result<(), Error> {
        self.input.update(text.as_bytes());
        self.bundle.write(text.as_bytes())
    }

    /// Lists the files of a package before this one: to be called for each, in their order.
    pub fn add(&mut self, lines: &Lines) -> Result<(), Error> {
        for line in &lines.0 {
            let file = serde_json::to_string_pretty(&File::of(line, &self.state.sections));
            let file = file.map_err(|_| Error::Archive("the manifest was written"))?;
            self.write(if self.listed == 0 { "\n    " } else { ",\n    " })?;
            self.write(&file.replace('\n', "\n    "))?;
            self.listed += 1;
        }
        Ok(())
    }

    /// Moves what is ready to the end of `into`. To be called after every piece, or memory grows.
    pub fn take_into(&mut self, into: &mut Vec<u8>) {
        self.bundle.out().take_into(into);
    }

    /// Lists the files of this package, and ends the manifest.
    pub fn end(mut self) -> Result<Unsigned, Error> {
        let own = self.state.take_lines();
        self.add(&own)?;
        if self.listed != self.state.totals.files {
            return Err(Error::Order("the lines of a package are not there"));
        }
        self.write("\n  ]\n}\n")?;
        self.bundle.end()?;
        let Self { bundle, input, state, key_id, .. } = self;
        Ok(Unsigned { bundle, key_id, digest: input.finish(), packages: state.number, totals: state.totals })
    }
}

impl Unsigned {
    /// What the signer signs: the SHA-256 of the signing input. It is given a digest because the input is as
    /// long as the manifest, which has no limit, and KMS takes 4096 bytes.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Moves what is ready to the end of `into`.
    pub fn take_into(&mut self, into: &mut Vec<u8>) {
        self.bundle.out().take_into(into);
    }

    /// Writes the signature, r and s of 32 bytes each, and ends the package.
    pub fn sign(mut self, signature: &[u8; 64]) -> Result<Finished, Error> {
        let jws = jws::detached(&self.key_id, signature);
        self.bundle.start("manifest.jws", Packing::Deflated, None)?;
        self.bundle.write(jws.as_bytes())?;
        self.bundle.end()?;
        let rest = self.bundle.finish()?;
        Ok(Finished { rest, packages: self.packages, totals: self.totals, jws })
    }
}

/// The manifest, with no files yet.
fn manifest(state: &Carried) -> Manifest {
    let about = &state.about;
    let stores = state.stores.iter().map(|store| StoreSearched {
        store: store.id.clone(),
        owner: store.owner.clone(),
        copy_of: store.copy_of.clone(),
        outcome: store.outcome,
    });
    Manifest {
        schema: SCHEMA,
        packages: state.number,
        tenant: about.tenant.clone(),
        request: about.request.clone(),
        kind: about.kind,
        format: about.format,
        catalog_version: about.catalog_version.clone(),
        settings: about.settings.clone(),
        received_at: about.received_at,
        collected_at: about.collected_at,
        made_at: about.made_at,
        stores: stores.collect(),
        collections: state.sections.iter().map(Into::into).collect(),
        totals: state.totals,
        files: Vec::new(),
    }
}
