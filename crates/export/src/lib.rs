//! The portable package: what a person gets when they ask for what is held about them (GDPR Art. 15 and 20).
//!
//! [`Packager`] does no I/O. Rows and pieces of content go in, bytes of a ZIP archive come out as they get
//! ready, and what it keeps does not grow with their number, except for one short line for each *file* of a
//! package (a collection's records are one file; each object is one) and some bytes for each object of the
//! collection that is open.
//!
//! ```text
//! let mut p = Packager::begin(about, limits, recipient.as_ref())?;   // or Packager::go_on(carried, recipient)
//! for store in stores {
//!     p.searched(&store, Outcome { gone, .. });          // every store that was searched, also where nothing was
//!     for collection in store.collections {
//!         p.open(&store, &collection, &columns)?;        // also where nothing was found: then no file is made
//!         for content in contents {                      // 1. objects' contents, before the records
//!             p.content(&content)?;
//!             p.write(chunk)?;  p.take_into(&mut part);  //    as often as there are chunks
//!             p.content_end(masked)?;
//!             if p.is_full() { cut }
//!         }
//!         for row in rows {                              // 2. the records; mask::row comes first
//!             p.record(&row, masked)?;  p.take_into(&mut part);
//!             if p.is_full() { cut }
//!         }
//!         p.close()?;
//!     }
//! }
//! let mut unsigned = p.finish(key_id)?;                  // index.html and manifest.json are written
//! unsigned.take_into(&mut part);
//! let signature = sign(unsigned.digest());               // ES256 over this SHA-256 digest: r and s, 64 bytes
//! let finished = unsigned.sign(&signature)?;             // manifest.jws, the end: finished.rest is uploaded last
//! ```
//!
//! *Cut* is `let (rest, carried) = p.cut()?`: `rest` ends this package, and [`Packager::go_on`] begins the next
//! one where this one stopped: in the same collection, if one was open. [`Carried`] is a serde type with
//! personal data in it (paths, previews); it is sealed by whoever keeps it between two processes. Who makes many
//! packages takes [`Lines`] out of it, keeps those of each package by themselves, and gives them to the [`Listing`].
//!
//! A record names a file if its content was given to [`Packager::content`], and none otherwise. Contents come
//! before the records of their collection because the entries of an archive follow each other, and because a
//! record then names a file only if it is there.
//!
//! The same input gives the same bytes, except for what age encrypts, whose keys are drawn anew each time.
//!
//! The pieces: [`mask`] takes out what is somebody else's before anything gets here; [`Recipient`] is whom a
//! package is encrypted for; [`Manifest`] is what others parse; [`jws`] is its signature.

mod about;
mod bundle;
mod error;
pub mod jws;
pub mod manifest;
pub mod mask;
mod names;
mod packager;
mod page;
mod preview;
mod recipient;
mod rows;
mod section;
mod sink;

pub use about::{About, Limits, Outcome};
pub use error::Error;
pub use manifest::Manifest;
pub use packager::{Carried, Finished, Lines, Listing, Packager, Unsigned};
pub use recipient::{Recipient, RecipientError};
pub use rows::{MOST_COLUMNS, restore_cell};
