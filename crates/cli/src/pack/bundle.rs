//! Writing a pack: each file is hashed on its way.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};

use audit::pack::{FileLine, LOG};
use aws_lc_rs::digest::{Context, SHA256};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipArchive, ZipWriter};

/// A pack that is being written. The lengths stand before each file, so that it can be read from its beginning on.
pub struct Bundle {
    zip: ZipWriter<File>,
    time: DateTime,
    lines: Vec<FileLine>,
    open: Option<(String, u64, Context)>,
}

impl Bundle {
    /// An empty one.
    pub fn new(file: File, made_at: Timestamp) -> Self {
        Self { zip: ZipWriter::new(file), time: dos_time(made_at), lines: Vec::new(), open: None }
    }

    /// One that was ended, to have more files.
    pub fn again(file: File, made_at: Timestamp) -> io::Result<Self> {
        let table = ZipArchive::new(&file).map_err(io::Error::other)?.central_directory_start();
        // Both have one position. The writer would go on after the table of contents, and leave that in the middle.
        let mut position = file.try_clone()?;
        let zip = ZipWriter::new_append(file).map_err(io::Error::other)?;
        position.seek(SeekFrom::Start(table))?;
        Ok(Self { zip, time: dos_time(made_at), lines: Vec::new(), open: None })
    }

    /// Begins a file.
    pub fn begin(&mut self, name: &str) -> io::Result<()> {
        let options = SimpleFileOptions::default()
            .system(System::Unix)
            .unix_permissions(0o644)
            .last_modified_time(self.time)
            // Whoever compresses leaves bits that mean nothing, and readers that differ in them.
            .compression_method(CompressionMethod::Stored)
            // The log alone may have more than 4 GiB.
            .large_file(name == LOG);
        self.zip.start_file(name, options).map_err(io::Error::other)?;
        self.open = Some((name.to_owned(), 0, Context::new(&SHA256)));
        Ok(())
    }

    /// Goes on with it.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some((_, length, hash)) = &mut self.open {
            *length += bytes.len() as u64;
            hash.update(bytes);
        }
        self.zip.write_all(bytes)
    }

    /// Ends it.
    pub fn end(&mut self) {
        self.lines.extend(self.open.take().map(|(name, bytes, hash)| FileLine {
            bytes,
            name,
            sha256: hex::encode(hash.finish()),
        }));
    }

    /// Writes a file whole.
    pub fn put(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.begin(name)?;
        self.write(bytes)?;
        self.end();
        Ok(())
    }

    /// The files so far, by name.
    pub fn lines(&self) -> Vec<FileLine> {
        let mut lines = self.lines.clone();
        lines.sort_by(|one, other| one.name.cmp(&other.name));
        lines
    }

    /// Ends the archive: it is on the disk.
    pub fn finish(self) -> io::Result<()> {
        self.zip.finish().map_err(io::Error::other)?.sync_all()
    }
}

/// The time in UTC, as archives write it: from 1980 on, in steps of two seconds.
fn dos_time(at: Timestamp) -> DateTime {
    let at = at.to_zoned(TimeZone::UTC);
    let small = |n: i8| u8::try_from(n).unwrap_or(0);
    let year = u16::try_from(at.year()).unwrap_or(1980);
    let (day, hour) = (small(at.day()), small(at.hour()));
    DateTime::from_date_and_time(
        year,
        small(at.month()),
        day,
        hour,
        small(at.minute()),
        small(at.second()).min(59),
    )
    .unwrap_or_default()
}
