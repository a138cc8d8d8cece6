//! The archive: entries one after the other, each hashed while it is hot.

use std::io::Write;

use aws_lc_rs::digest;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, System, ZipWriter};

use crate::error::Error;
use crate::recipient::Recipient;
use crate::sink::{Out, Sink};

/// Measured with zlib-rs on JSON lines, one core: level 1 makes 500 MB/s and leaves 26 %, level 2 makes 300 and
/// leaves 20 %, level 4 makes 140 and leaves 17 %, level 6 makes 60 and leaves 15 %. What is slower than the
/// network keeps a function waiting that is paid by the second.
const LEVEL: i64 = 2;

/// Entries that may reach this are written with 64-bit lengths. Smaller ones are not: some readers that
/// do not look at the table of contents take the longer form for damage.
const LARGE: u64 = 0xF000_0000;

/// Hashing and deflating get blocks of this size, however the bytes come: a deflater may pack the same bytes in
/// other pieces otherwise, and a package that is made again has to be the same.
const BLOCK: usize = 64 << 10;

/// How an entry is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    Stored,
    Deflated,
}

/// What is known of an entry when it is ended.
pub(crate) struct Sealed {
    pub(crate) bytes: u64,
    pub(crate) sha256: [u8; 32],
}

struct Entry {
    hash: digest::Context,
    bytes: u64,
    /// Whether its lengths are written with 64 bits.
    large: bool,
}

/// One archive.
pub(crate) struct Bundle {
    zip: Box<ZipWriter<StreamWriter<Sink>>>,
    out: Out,
    time: DateTime,
    entries: usize,
    /// Bytes of all entries so far, unpacked.
    input: u64,
    entry: Option<Entry>,
    block: Vec<u8>,
}

impl Bundle {
    pub(crate) fn new(made_at: Timestamp, recipient: Option<&Recipient>) -> Result<Self, Error> {
        let out = Out::default();
        let sink = Sink::new(&out, recipient)?;
        let zip = Box::new(ZipWriter::new_stream(sink));
        Ok(Self { zip, out, time: dos_time(made_at), entries: 0, input: 0, entry: None, block: Vec::new() })
    }

    pub(crate) fn out(&self) -> &Out {
        &self.out
    }

    pub(crate) fn entries(&self) -> usize {
        self.entries
    }

    pub(crate) fn input(&self) -> u64 {
        self.input
    }

    /// Whether the open entry can take so many bytes more.
    pub(crate) fn has_room(&self, more: u64) -> bool {
        self.entry.as_ref().is_none_or(|entry| entry.large || entry.bytes.saturating_add(more) < LARGE)
    }

    /// Begins an entry. `size` is what is known of its length; one without may not become [`LARGE`].
    pub(crate) fn start(&mut self, path: &str, packing: Packing, size: Option<u64>) -> Result<(), Error> {
        let large = size.is_some_and(|size| size >= LARGE);
        let options = SimpleFileOptions::default()
            .system(System::Unix)
            .unix_permissions(0o644)
            .last_modified_time(self.time)
            .large_file(large);
        let options = match packing {
            Packing::Stored => options.compression_method(CompressionMethod::Stored),
            Packing::Deflated => {
                options.compression_method(CompressionMethod::Deflated).compression_level(Some(LEVEL))
            }
        };
        self.zip.start_file(path, options).map_err(|_| Error::Archive("a file was begun"))?;
        self.entries += 1;
        self.entry = Some(Entry { hash: digest::Context::new(&digest::SHA256), bytes: 0, large });
        Ok(())
    }

    pub(crate) fn write(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        let entry = self.entry.as_mut().ok_or(Error::Order("there is no file to write to"))?;
        entry.bytes += bytes.len() as u64;
        self.input += bytes.len() as u64;
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK - self.block.len()));
            self.block.extend_from_slice(now);
            bytes = later;
            if self.block.len() == BLOCK {
                self.pass()?;
            }
        }
        Ok(())
    }

    fn pass(&mut self) -> Result<(), Error> {
        if let Some(entry) = &mut self.entry {
            entry.hash.update(&self.block);
        }
        self.zip.write_all(&self.block).map_err(|_| Error::Archive("a file was written"))?;
        self.block.clear();
        Ok(())
    }

    /// Ends the entry; the archive notes its length when the next one begins.
    pub(crate) fn end(&mut self) -> Result<Sealed, Error> {
        self.pass()?;
        let entry = self.entry.take().ok_or(Error::Order("there is no file to end"))?;
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(entry.hash.finish().as_ref());
        Ok(Sealed { bytes: entry.bytes, sha256 })
    }

    /// Writes the table of contents and the last block, and gives everything that was not taken.
    pub(crate) fn finish(self) -> Result<Vec<u8>, Error> {
        let failed = |_| Error::Archive("it was ended");
        let sink = self.zip.finish().map_err(|_| Error::Archive("it was ended"))?.into_inner();
        sink.end().map_err(failed)?;
        let mut rest = Vec::new();
        self.out.take_into(&mut rest);
        Ok(rest)
    }
}

/// The time in UTC, as archives write it: from 1980 on, in steps of two seconds.
fn dos_time(at: Timestamp) -> DateTime {
    let at = at.to_zoned(TimeZone::UTC);
    let small = |n: i8| u8::try_from(n).unwrap_or(0);
    let year = u16::try_from(at.year()).unwrap_or(1980);
    DateTime::from_date_and_time(
        year,
        small(at.month()),
        small(at.day()),
        small(at.hour()),
        small(at.minute()),
        small(at.second()).min(59),
    )
    .unwrap_or_default()
}
