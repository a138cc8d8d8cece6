//! What goes from one package to the next.

use serde::{Deserialize, Serialize};

use crate::about::{About, Limits};
use crate::manifest::Totals;
use crate::names::Names;
use crate::section::{Line, Searched, Section};

/// The state between two packages. It has paths and the first records in it, so it is sealed by whoever keeps
/// it; it cannot be printed. It grows by about 300 bytes for each file whose line was not taken, by about 70 for each
/// object of the collection that is open, and has at most 1 MiB of records.
#[derive(Serialize, Deserialize)]
pub struct Carried {
    pub(crate) about: About,
    pub(crate) limits: Limits,
    /// The number of the next package.
    pub(crate) number: u32,
    pub(crate) stores: Vec<Searched>,
    pub(crate) sections: Vec<Section>,
    /// Files that the manifest does not list yet.
    pub(crate) files: Vec<Line>,
    /// Those with records: the page links each.
    pub(crate) records: Vec<Line>,
    pub(crate) totals: Totals,
    pub(crate) open: Option<Open>,
    pub(crate) preview_bytes: usize,
}

/// The collection that is open.
#[derive(Serialize, Deserialize)]
pub(crate) struct Open {
    pub(crate) section: usize,
    pub(crate) columns: Vec<String>,
    pub(crate) names: Names,
    /// How many files with its records were begun.
    pub(crate) piece: u32,
    /// The file with records that is open. Never between two packages.
    #[serde(skip)]
    pub(crate) records: Option<Records>,
}

/// A file with records that is open.
pub(crate) struct Records {
    pub(crate) path: String,
    pub(crate) count: u64,
    pub(crate) masked: u64,
    pub(crate) neutralised: u64,
}

impl Open {
    pub(crate) fn new(section: usize, columns: &[String]) -> Self {
        Self { section, columns: columns.to_vec(), names: Names::default(), piece: 0, records: None }
    }
}

impl Carried {
    pub(crate) fn new(about: About, limits: Limits) -> Self {
        Self {
            about,
            limits,
            number: 1,
            stores: Vec::new(),
            sections: Vec::new(),
            files: Vec::new(),
            records: Vec::new(),
            totals: Totals::default(),
            open: None,
            preview_bytes: 0,
        }
    }

    /// The number of the package that goes on with it.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Takes out what the manifest will say of the files so far: there can be many, and nothing reads it before the
    /// end. See [`crate::Packager::list`].
    pub fn take_lines(&mut self) -> Lines {
        Lines(std::mem::take(&mut self.files))
    }

    /// Adds a file that is ended.
    pub(crate) fn add(&mut self, line: Line) {
        self.totals.files += 1;
        self.totals.records += line.records;
        self.totals.contents += u64::from(line.is_content);
        self.totals.bytes += line.bytes;
        self.totals.masked += line.masked;
        self.totals.neutralised_cells += line.neutralised;
        if let Some(section) = line.section.and_then(|n| self.sections.get_mut(n)) {
            if line.is_content {
                section.content_bytes += line.bytes;
            } else {
                self.records.push(line.clone());
            }
        }
        self.files.push(line);
    }
}

/// What the manifest will say of some files. It has their paths in it, so it is sealed by whoever keeps it; it cannot
/// be printed.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lines(pub(crate) Vec<Line>);

impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Lines").field(&self.0.len()).finish()
    }
}

impl std::fmt::Debug for Carried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Carried").field("number", &self.number).finish_non_exhaustive()
    }
}
