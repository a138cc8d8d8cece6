//! What a package is made of, each part alone: from memory, over the records of one collection.

use std::fs::File;
use std::io::{Read, Write, sink};
use std::path::Path;
use std::time::Instant;

use aws_lc_rs::digest::{Context as Hash, SHA256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::input::Page;
use super::ours::{TOOL, say};
use super::shapes::COLLECTIONS;
use crate::Failure;

/// As the packager hands them on.
const BLOCK: usize = 64 << 10;

/// The level that the packager uses.
pub const LEVEL: i64 = 2;

pub const READING: &str = "reading the file";
pub const SHA: &str = "SHA-256";
pub const CRC: &str = "CRC-32, in an archive that stores";
pub const DEFLATE: &str = "deflate and CRC-32, in an archive";
pub const QUICK: &str = "deflate at level 1 and CRC-32, in an archive";
pub const AGE: &str = "age, of what deflate leaves";
pub const PARSING: &str = "parsing the staged rows";

/// Each of them, as bytes of the files a second, whatever the part itself is given.
pub fn measure(folder: &Path) -> Result<(), Failure> {
    let path = folder.join(format!("in/{}.jsonl", COLLECTIONS[4]));
    let mut plain = vec![1; usize::try_from(path.metadata()?.len())?];
    let count = plain.len() as u64;
    let timed = |what: &str, part: &mut dyn FnMut() -> Result<(), Failure>| {
        let begun = Instant::now();
        part()?;
        say(TOOL, &format!("part: {what}"), count, begun.elapsed().as_secs_f64(), None);
        Ok::<_, Failure>(())
    };
    timed(READING, &mut || Ok(File::open(&path)?.read_exact(&mut plain)?))?;
    timed(SHA, &mut || {
        let mut hash = Hash::new(&SHA256);
        plain.chunks(BLOCK).for_each(|block| hash.update(block));
        let _ = std::hint::black_box(hash.finish());
        Ok(())
    })?;
    let mut packed = Vec::with_capacity(plain.len());
    timed(CRC, &mut || archive(&plain, None, &mut sink()))?;
    timed(QUICK, &mut || archive(&plain, Some(1), &mut sink()))?;
    timed(DEFLATE, &mut || archive(&plain, Some(LEVEL), &mut packed))?;
    let me = age::x25519::Identity::generate().to_public();
    timed(AGE, &mut || {
        let encryptor = age::Encryptor::with_recipients(std::iter::once(&me as &dyn age::Recipient))?;
        let mut stream = encryptor.wrap_output(sink())?;
        packed.chunks(BLOCK).try_for_each(|block| stream.write_all(block))?;
        stream.finish()?;
        Ok(())
    })?;
    let json = std::fs::read(folder.join("staged").join(COLLECTIONS[4]))?;
    timed(PARSING, &mut || {
        for page in json.split(|byte| *byte == b'\n').filter(|page| !page.is_empty()) {
            let page: Page = serde_json::from_slice(page)?;
            let _ = std::hint::black_box(page);
        }
        Ok(())
    })
}

fn archive(plain: &[u8], level: Option<i64>, to: &mut dyn Write) -> Result<(), Failure> {
    let method = level.map_or(CompressionMethod::Stored, |_| CompressionMethod::Deflated);
    let mut zip = ZipWriter::new_stream(to);
    zip.start_file(
        "records.jsonl",
        SimpleFileOptions::default().compression_method(method).compression_level(level),
    )?;
    plain.chunks(BLOCK).try_for_each(|block| zip.write_all(block))?;
    zip.finish()?;
    Ok(())
}
