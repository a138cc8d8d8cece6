//! The packager: takes rows and content, gives the bytes of packages.

mod carried;
mod finish;

use domain::catalog::{Collection, Store};
use domain::export::{Content, Row};

pub use carried::{Carried, Lines};
pub(crate) use carried::{Open, Records};
pub use finish::{Finished, Listing, Unsigned};

use crate::about::{About, Limits, Outcome};
use crate::bundle::{Bundle, Packing};
use crate::error::Error;
use crate::recipient::Recipient;
use crate::rows::{self, Frame};
use crate::section::{Line, Searched, Section};

/// Media that are compressed already, by the end of the file's name; packing them again costs time only.
const COMPRESSED: &[&str] = &[
    "7z", "aac", "avif", "br", "bz2", "docx", "flac", "gif", "gz", "heic", "jpeg", "jpg", "m4a", "mkv",
    "mov", "mp3", "mp4", "odt", "ogg", "opus", "parquet", "pdf", "png", "pptx", "webm", "webp", "xlsx", "xz",
    "zip", "zst",
];

/// Makes packages. See the crate's documentation for the order of the calls. It cannot be printed.
pub struct Packager {
    bundle: Bundle,
    state: Carried,
    /// The record that is being written; its room is used again.
    scratch: Vec<u8>,
    /// The path of the content that is being written.
    content: Option<String>,
}

impl Packager {
    /// Begins the first package.
    pub fn begin(about: About, limits: Limits, recipient: Option<&Recipient>) -> Result<Self, Error> {
        Self::go_on(Carried::new(about, limits), recipient)
    }

    /// Begins the next package where [`Packager::cut`] ended the one before, in another process if need be.
    /// The recipient is not carried: give the same one.
    pub fn go_on(carried: Carried, recipient: Option<&Recipient>) -> Result<Self, Error> {
        let bundle = Bundle::new(carried.about.made_at, recipient)?;
        Ok(Self { bundle, state: carried, scratch: Vec::new(), content: None })
    }

    /// Which package this is, from 1.
    pub fn number(&self) -> u32 {
        self.state.number
    }

    /// Says that a store was searched, and what became of its records meanwhile. To be said of every store, in
    /// the order of the catalog; said again, it replaces what was said.
    pub fn searched(&mut self, store: &Store, outcome: Outcome) {
        let at = self.store(store);
        self.state.stores[at].outcome = outcome;
    }

    fn store(&mut self, store: &Store) -> usize {
        let found = self.state.stores.iter().position(|s| s.id == store.id.as_str());
        found.unwrap_or_else(|| {
            self.state.stores.push(Searched::new(store));
            self.state.stores.len() - 1
        })
    }

    /// Opens a collection. `columns` are the names of all fields that its rows have, sorted: CSV needs them
    /// beforehand, the other formats do not read them. Of more than [`rows::MOST_COLUMNS`] give so many. To be done also where nothing was found.
    pub fn open(&mut self, store: &Store, collection: &Collection, columns: &[String]) -> Result<(), Error> {
        if self.state.open.is_some() {
            return Err(Error::Order("another collection is still open"));
        }
        self.store(store);
        let section = Section::new(store, collection, &self.state.sections);
        self.state.sections.push(section);
        self.state.open = Some(Open::new(self.state.sections.len() - 1, columns));
        Ok(())
    }

    /// Begins a file with the content of an object, and gives its path.
    pub fn content(&mut self, content: &Content) -> Result<String, Error> {
        if self.content.is_some() {
            return Err(Error::Order("another object is still open"));
        }
        let open = self.state.open.as_mut().ok_or(Error::Order("no collection is open"))?;
        if open.records.is_some() || open.piece > 0 {
            return Err(Error::Order("the contents of a collection come before its records"));
        }
        let section = &self.state.sections[open.section];
        let path = format!("{}/{}", section.folder, open.names.give(content));
        let ending = content.key.expose().rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
        let is_compressed = ending.is_some_and(|ending| COMPRESSED.contains(&ending.as_str()));
        let packing = if is_compressed { Packing::Stored } else { Packing::Deflated };
        self.bundle.start(&path, packing, Some(content.size))?;
        self.content = Some(path.clone());
        Ok(path)
    }

    /// Writes a piece of the content that is open.
    pub fn write(&mut self, chunk: &[u8]) -> Result<(), Error> {
        if self.content.is_none() {
            return Err(Error::Order("no object is open"));
        }
        if !self.bundle.has_room(chunk.len() as u64) {
            return Err(Error::Order("an object is longer than was said when it was begun"));
        }
        self.bundle.write(chunk)
    }

    /// Ends the content that is open; `masked` is how many values of it [`crate::mask::json`] masked.
    pub fn content_end(&mut self, masked: u64) -> Result<(), Error> {
        let path = self.content.take().ok_or(Error::Order("no object is open"))?;
        let sealed = self.bundle.end()?;
        let section = self.state.open.as_ref().map(|open| open.section);
        if let Some(section) = section.and_then(|n| self.state.sections.get_mut(n)) {
            section.contents += 1;
            section.masked += masked;
        }
        let line = Line {
            path: path.into(),
            package: self.state.number,
            section,
            is_content: true,
            records: 0,
            bytes: sealed.bytes,
            sha256: sealed.sha256,
            masked,
            neutralised: 0,
        };
        self.state.add(line);
        Ok(())
    }

    /// Writes a record; `masked` is how many values of it [`crate::mask::row`] masked. A row with content names
    /// the file, if the content is in a package.
    pub fn record(&mut self, row: &Row, masked: u64) -> Result<(), Error> {
        if self.content.is_some() {
            return Err(Error::Order("an object is still open"));
        }
        let format = self.state.about.format;
        let open = self.state.open.as_mut().ok_or(Error::Order("no collection is open"))?;
        let section = &mut self.state.sections[open.section];
        let frame = Frame {
            store: &section.store,
            collection: &section.collection,
            columns: &open.columns,
            has_files: section.contents > 0,
        };
        if open.records.is_none() {
            open.piece += 1;
            let path = section.records_path(open.piece, rows::ending(format));
            self.bundle.start(&path, Packing::Deflated, None)?;
            open.records = Some(Records { path, count: 0, masked: 0, neutralised: 0 });
            self.scratch.clear();
            rows::head(format, &frame, &mut self.scratch);
            self.bundle.write(&self.scratch)?;
        }
        self.scratch.clear();
        let file = row.content.as_ref().and_then(|content| open.names.of(content));
        let path = file.map(|name| format!("{}/{name}", section.folder));
        let neutralised = rows::record(format, &frame, row, path.as_deref(), &mut self.scratch)?;
        if !self.bundle.has_room(self.scratch.len() as u64 + 64) {
            return Err(Error::Order("the package is full"));
        }
        self.bundle.write(&self.scratch)?;
        section.preview.add(row, path.as_deref(), &mut self.state.preview_bytes);
        section.records += 1;
        section.masked += masked;
        section.neutralised += neutralised;
        if let Some(records) = &mut open.records {
            records.count += 1;
            records.masked += masked;
            records.neutralised += neutralised;
        }
        // One huge record is no reason to keep its room.
        self.scratch.shrink_to(64 << 10);
        Ok(())
    }

    /// Ends the file with records, if one is open.
    fn end_records(&mut self) -> Result<(), Error> {
        let Some(open) = &mut self.state.open else { return Ok(()) };
        let Some(records) = open.records.take() else { return Ok(()) };
        let section = Some(open.section);
        self.scratch.clear();
        rows::tail(self.state.about.format, &mut self.scratch);
        self.bundle.write(&self.scratch)?;
        let sealed = self.bundle.end()?;
        self.state.add(Line {
            path: records.path.into(),
            package: self.state.number,
            section,
            is_content: false,
            records: records.count,
            bytes: sealed.bytes,
            sha256: sealed.sha256,
            masked: records.masked,
            neutralised: records.neutralised,
        });
        Ok(())
    }

    /// Closes the collection.
    pub fn close(&mut self) -> Result<(), Error> {
        if self.content.is_some() {
            return Err(Error::Order("an object is still open"));
        }
        self.end_records()?;
        self.state.open.take().map(drop).ok_or(Error::Order("no collection is open"))
    }

    /// Whether it is time for the next package: see [`Limits`]. A file with records that comes near 4 GiB is a
    /// reason too. Only between two records or two objects.
    pub fn is_full(&self) -> bool {
        let limits = self.state.limits;
        self.bundle.out().total() >= limits.part_bytes
            || self.bundle.input() >= limits.part_input
            || self.bundle.entries() >= limits.part_files
            || !self.bundle.has_room(256 << 20)
    }

    /// How many bytes of the package can be taken.
    pub fn ready(&self) -> usize {
        self.bundle.out().waiting()
    }

    /// Moves what is ready to the end of `into`. To be called after every piece, or memory grows.
    pub fn take_into(&mut self, into: &mut Vec<u8>) {
        self.bundle.out().take_into(into);
    }

    /// Ends this package before the whole is done. Gives what is left of it, and what the next one goes on with.
    pub fn cut(mut self) -> Result<(Vec<u8>, Carried), Error> {
        if self.content.is_some() {
            return Err(Error::Order("an object is still open"));
        }
        self.end_records()?;
        let note = crate::page::note(&self.state);
        self.text(&format!("README-{}.txt", self.state.number), |bundle, _| bundle.write(note.as_bytes()))?;
        let rest = self.bundle.finish()?;
        self.state.number += 1;
        Ok((rest, self.state))
    }

    /// Ends everything but the signature: writes the page and the manifest. `key_id` names the key that will
    /// sign. If lines were taken, [`Packager::list`] is to be called instead.
    pub fn finish(self, key_id: &str) -> Result<Unsigned, Error> {
        self.list(key_id)?.end()
    }

    /// Writes the page, and begins the manifest.
    pub fn list(mut self, key_id: &str) -> Result<Listing, Error> {
        if self.state.open.is_some() {
            return Err(Error::Order("a collection is still open"));
        }
        self.text("index.html", |bundle, state| crate::page::write(state, bundle))?;
        Listing::new(self.bundle, self.state, key_id)
    }

    /// One file that is for the reader.
    fn text(
        &mut self,
        path: &str,
        write: impl FnOnce(&mut Bundle, &Carried) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.bundle.start(path, Packing::Deflated, None)?;
        write(&mut self.bundle, &self.state)?;
        let sealed = self.bundle.end()?;
        self.state.add(Line {
            path: path.into(),
            package: self.state.number,
            section: None,
            is_content: false,
            records: 0,
            bytes: sealed.bytes,
            sha256: sealed.sha256,
            masked: 0,
            neutralised: 0,
        });
        Ok(())
    }
}

impl std::fmt::Debug for Packager {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Packager").field("number", &self.state.number).finish_non_exhaustive()
    }
}
