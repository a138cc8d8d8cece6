//! How a pack's archive is laid out: files one after another from the first byte on, then a table of contents that says
//! exactly the same, then the end. Nothing before, between or after; nothing compressed; no header with a bit that a pack has not.
//!
//! Readers of ZIP differ in whom they believe, the files or the table, and in which of two files of one name they take. Who
//! made a pack on purpose could have one reader see other figures than another. So an archive that leaves any choice is
//! none of ours (APPNOTE 6.3.10, sections 4.3 to 4.5).

use std::collections::BTreeSet;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use audit::pack::{Flaw, MOST_RECEIPTS};

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END64: u32 = 0x0606_4b50;
const LOCATOR: u32 = 0x0706_4b50;
const END: u32 = 0x0605_4b50;

/// The attributes of every file: a plain one, that its owner writes and all read, and nothing that another system would see in it.
const PLAIN: u32 = 0o100_644 << 16;
/// Who made it, above the version: UNIX.
const UNIX: u16 = 3 << 8;

/// What stands where a number has its place in an extra field, since it may be too large.
const ELSEWHERE: u32 = u32::MAX;
/// Bytes of a name at the most; ours have 60.
const LONGEST_NAME: usize = 200;
/// Whole files at the most: the receipts, and those of which there is one.
const MOST: usize = MOST_RECEIPTS + 10;

/// A file of the archive, as it says itself and as the table says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its length, unpacked.
    pub size: u64,
    /// The version that it needs, of ZIP.
    version: u16,
    time: [u16; 2],
    crc: u32,
    offset: u64,
}

/// Reads how an archive is laid out.
pub fn read(file: &mut (impl Read + Seek)) -> Result<Vec<Entry>, Flaw> {
    let length = file.seek(SeekFrom::End(0)).map_err(|_| lost())?;
    file.seek(SeekFrom::Start(0)).map_err(|_| lost())?;
    let mut from = From { file: BufReader::new(file), at: 0 };
    let mut files = Vec::new();
    let mut signature = from.u32()?;
    while signature == LOCAL {
        if files.len() == MOST {
            return Err(Flaw::unreadable("it has too many files"));
        }
        let entry = from.local()?;
        if from.at.checked_add(entry.size).is_none_or(|end| end > length) {
            return Err(Flaw::unreadable("it was cut off"));
        }
        from.skip(entry.size)?;
        files.push(entry);
        signature = from.u32()?;
    }
    let names: BTreeSet<&str> = files.iter().map(|entry| entry.name.as_str()).collect();
    if names.len() != files.len() {
        return Err(Flaw::unreadable("two files have one name"));
    }
    let table = from.at - 4;
    for entry in &files {
        if signature != CENTRAL || from.central()? != *entry {
            return Err(Flaw::unreadable("its table of contents says something else than its files"));
        }
        signature = from.u32()?;
    }
    from.end(signature, files.len() as u64, table)?;
    if from.at == length { Ok(files) } else { Err(Flaw::unreadable("something follows its end")) }
}

fn lost() -> Flaw {
    Flaw::unreadable("it cannot be read to its end")
}

fn odd() -> Flaw {
    Flaw::unreadable("a file has a header that no pack has")
}

/// A file's length, which is stored as long as it is: packed and unpacked, as the header says or, in its place, the extra field.
fn length(header: [u32; 2], extra: &[u64]) -> Result<u64, Flaw> {
    let lengths = match extra {
        [size, packed, ..] if header[0] == ELSEWHERE => [*packed, *size],
        _ => header.map(u64::from),
    };
    let [packed, size] = lengths;
    if header[0] == header[1] && packed == size { Ok(size) } else { Err(odd()) }
}

struct From<'a, R> {
    file: BufReader<&'a mut R>,
    at: u64,
}

impl<R: Read + Seek> From<'_, R> {
    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Flaw> {
        let mut bytes = [0; N];
        self.file.read_exact(&mut bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Flaw::unreadable("it was cut off"),
            _ => lost(),
        })?;
        self.at += N as u64;
        Ok(bytes)
    }

    fn u16(&mut self) -> Result<u16, Flaw> {
        self.bytes().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, Flaw> {
        self.bytes().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, Flaw> {
        self.bytes().map(u64::from_le_bytes)
    }

    fn skip(&mut self, bytes: u64) -> Result<(), Flaw> {
        self.at += bytes;
        let by = i64::try_from(bytes).map_err(|_| lost())?;
        self.file.seek_relative(by).map_err(|_| lost())
    }

    fn name(&mut self, length: u16) -> Result<String, Flaw> {
        let length = usize::from(length);
        if length == 0 || length > LONGEST_NAME {
            return Err(odd());
        }
        let mut name = vec![0; length];
        self.file.read_exact(&mut name).map_err(|_| lost())?;
        self.at += length as u64;
        // No folder but that of the receipts, no way out of it, nothing that two systems read as two names.
        let plain = |b: &u8| b.is_ascii_alphanumeric() || b"._-/".contains(b);
        let name = String::from_utf8(name).ok().filter(|name| name.as_bytes().iter().all(plain));
        let inner = |name: &String| !name.split('/').any(|part| part.is_empty() || part.starts_with('.'));
        name.filter(inner).ok_or(Flaw::unreadable("a file has a name that no pack has"))
    }

    /// What is in the extra field: the numbers that stand there because they may be too large, and nothing else.
    fn extra(&mut self, length: u16, wanted: usize) -> Result<Vec<u64>, Flaw> {
        if length == 0 && wanted == 0 {
            return Ok(Vec::new());
        }
        if usize::from(length) != 4 + 8 * wanted || self.u16()? != 1 || usize::from(self.u16()?) != 8 * wanted
        {
            return Err(odd());
        }
        (0..wanted).map(|_| self.u64()).collect()
    }

    /// The header before a file, after its signature.
    fn local(&mut self) -> Result<Entry, Flaw> {
        let offset = self.at - 4;
        let (version, time, crc) = self.common()?;
        let (packed, size) = (self.u32()?, self.u32()?);
        let (name, extra) = (self.u16()?, self.u16()?);
        let name = self.name(name)?;
        let large = size == ELSEWHERE;
        let extra = self.extra(extra, if large { 2 } else { 0 })?;
        let size = length([packed, size], &extra)?;
        Ok(Entry { name, size, version, time, crc, offset })
    }

    /// The version that it needs, flags, method, time and checksum.
    fn common(&mut self) -> Result<(u16, [u16; 2], u32), Flaw> {
        let (version, flags, method) = (self.u16()?, self.u16()?, self.u16()?);
        // Not encrypted, the lengths are here, the name is ASCII; and stored as it is. Whoever inflates stops where a deflated file
        // says that it ends, and anything may follow there that its length still covers.
        if flags != 0 || method != 0 {
            return Err(odd());
        }
        Ok((version, [self.u16()?, self.u16()?], self.u32()?))
    }

    /// A line of the table, after its signature.
    fn central(&mut self) -> Result<Entry, Flaw> {
        let made_by = self.u16()?;
        let (version, time, crc) = self.common()?;
        let (packed, size) = (self.u32()?, self.u32()?);
        let (name, extra, comment) = (self.u16()?, self.u16()?, self.u16()?);
        let (disk, internal, external, offset) = (self.u16()?, self.u16()?, self.u32()?, self.u32()?);
        let attributes = (disk, internal, external);
        if made_by != UNIX | version || comment != 0 || attributes != (0, 0, PLAIN) {
            return Err(odd());
        }
        let name = self.name(name)?;
        let large = size == ELSEWHERE;
        let far = offset == ELSEWHERE;
        let extra = self.extra(extra, 2 * usize::from(large) + usize::from(far))?;
        let offset = if far { extra.last().copied().unwrap_or_default() } else { u64::from(offset) };
        let size = length([packed, size], &extra)?;
        Ok(Entry { name, size, version, time, crc, offset })
    }

    /// What follows the table, from its signature on.
    fn end(&mut self, signature: u32, files: u64, table: u64) -> Result<(), Flaw> {
        let wrong = || Flaw::unreadable("its end is not that of its table of contents");
        let bytes = self.at - 4 - table;
        let mut signature = signature;
        if signature == END64 {
            let record = self.at - 4;
            let rest = (self.u64()?, self.u32()?, self.u64()?);
            let counts = (self.u64()?, self.u64()?, self.u64()?, self.u64()?);
            // Its length; one version, twice; no other disks.
            let versions = (rest.1 & 0xffff, rest.1 >> 16);
            if rest.0 != 44
                || versions.0 != versions.1
                || rest.2 != 0
                || counts != (files, files, bytes, table)
            {
                return Err(wrong());
            }
            let locator = (self.u32()?, self.u32()?, self.u64()?, self.u32()?);
            if locator != (LOCATOR, 0, record, 1) {
                return Err(wrong());
            }
            signature = self.u32()?;
        }
        let (disks, counts) = (self.u32()?, (self.u16()?, self.u16()?));
        let (length, start, comment) = (self.u32()?, self.u32()?, self.u16()?);
        let short = |n: u64| u16::try_from(n).unwrap_or(u16::MAX);
        let long = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        let whole = signature == END && disks == 0 && comment == 0;
        let same = counts == (short(files), short(files)) && (length, start) == (long(bytes), long(table));
        if whole && same { Ok(()) } else { Err(wrong()) }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use audit::pack::{CHECKPOINT, LOG, MANIFEST};

    use super::*;
    use crate::pack::Bundle;

    /// No hash is over what stands around the files.
    #[test]
    fn every_bit_that_is_flipped_around_the_files_is_found() {
        let path = std::env::temp_dir().join(format!("lacuna-layout-{}.zip", std::process::id()));
        let file = std::fs::File::create(&path).expect("a file");
        let mut bundle = Bundle::new(file, "2027-01-10T09:30:00Z".parse().expect("an instant"));
        let files = [(LOG, [1_u8; 40]), (CHECKPOINT, [2; 40]), (MANIFEST, [3; 40])];
        for (name, bytes) in files {
            bundle.put(name, &bytes).expect("written");
        }
        bundle.finish().expect("an archive");
        let whole = std::fs::read(&path).expect("the archive");
        std::fs::remove_file(&path).expect("removed");
        let names: Vec<String> =
            read(&mut Cursor::new(&whole)).expect("whole").into_iter().map(|entry| entry.name).collect();
        assert_eq!(names, files.map(|(name, _)| name));
        let mut inside = vec![false; whole.len()];
        for (_, bytes) in files {
            let at = whole.windows(bytes.len()).position(|window| window == bytes).expect("stored as it is");
            inside[at..at + bytes.len()].fill(true);
        }
        for at in (0..whole.len()).filter(|at| !inside[*at]) {
            for bit in 0..8 {
                let mut flipped = whole.clone();
                flipped[at] ^= 1 << bit;
                assert!(read(&mut Cursor::new(&flipped)).is_err(), "bit {bit} of byte {at}");
            }
        }
    }
}
