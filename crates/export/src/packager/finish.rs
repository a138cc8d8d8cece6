//! The two halves of the end: the manifest, and its signature.

use std::io::{self, Write};

use crate::bundle::{Bundle, Packing};
use crate::error::Error;
use crate::jws::{self, Input};
use crate::manifest::{Files, Manifest, SCHEMA, StoreSearched, Totals};

use super::Carried;

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

/// The manifest on its way into the archive, with its signing input's digest. It is never whole in memory: it
/// has some hundred bytes for each file.
struct Hashed<'a> {
    bundle: &'a mut Bundle,
    input: Input,
}

impl Write for Hashed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.input.update(bytes);
        self.bundle.write(bytes).map(|()| bytes.len()).map_err(io::Error::other)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Unsigned {
    pub(super) fn new(mut bundle: Bundle, state: &Carried, key_id: &str) -> Result<Self, Error> {
        bundle.start("manifest.json", Packing::Deflated, None)?;
        let hashed = Hashed { bundle: &mut bundle, input: Input::new(key_id) };
        // serde writes a few bytes at a time.
        let mut buffered = io::BufWriter::new(hashed);
        let written = serde_json::to_writer_pretty(&mut buffered, &manifest(state)).map_err(io::Error::from);
        let hashed =
            written.and_then(|()| buffered.write_all(b"\n")).and_then(|()| Ok(buffered.into_inner()?));
        let hashed = hashed.map_err(|_| Error::Archive("the manifest was written"))?;
        let digest = hashed.input.finish();
        bundle.end()?;
        let (packages, totals) = (state.number, state.totals());
        Ok(Self { bundle, key_id: key_id.to_owned(), digest, packages, totals })
    }

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

fn manifest(state: &Carried) -> Manifest<Files<'_>> {
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
        totals: state.totals(),
        files: Files { lines: &state.files, sections: &state.sections },
    }
}
