//! Reading a pack.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use audit::pack::{Archive, Flaw, LOG, MANIFEST, MOST_BYTES, Manifest, PROOF, VERIFIER};
use domain::PackId;
use zip::ZipArchive;

use super::layout::{self, Entry};

/// How much is read at once.
const PIECE: usize = 1 << 18;

/// Bytes of a file's header before its name (APPNOTE 6.3.10, section 4.3.7).
const BEFORE_NAME: usize = 30;
/// Bytes at either end of an archive in which names are looked for.
const ENDS: u64 = 64 << 10;

/// Whether a pack is there that has no proof yet. What cannot be opened, or begins as a pack and cannot be read, may be one.
pub fn is_pending(path: &Path) -> bool {
    let barred = path.is_symlink() || path.exists();
    let barred = barred && File::open(path).is_err_and(|error| error.kind() != io::ErrorKind::NotFound);
    if barred || !looks_packed(path) {
        return barred;
    }
    let read = File::open(path).map_err(drop).and_then(|mut file| layout::read(&mut file).map_err(drop));
    let Ok(entries) = read else { return true };
    let has = |name: &str| entries.iter().any(|entry| entry.name == name);
    has(MANIFEST) && !has(PROOF)
}

/// Whether a file begins as a pack does: with one byte that was changed it is a broken pack, and not something else.
pub fn looks_packed(path: &Path) -> bool {
    let mut first = [0; 4];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut first));
    read.is_ok() && begins_as_pack(&first)
}

/// The same of the first bytes of anything.
pub fn begins_as_pack(bytes: &[u8]) -> bool {
    bytes.iter().zip(b"PK\x03\x04").filter(|(a, b)| a == b).count() >= 3
}

/// Whether an archive has names that packs have: that of its first file, or some in the table at its end. With two bytes of
/// them altered it is a broken pack, and not another archive.
pub fn is_named_as_pack(path: &Path) -> bool {
    let ends = || {
        let mut file = File::open(path)?;
        let (mut head, mut tail) = (Vec::new(), Vec::new());
        file.by_ref().take(ENDS).read_to_end(&mut head)?;
        let length = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(length.saturating_sub(ENDS)))?;
        file.take(ENDS).read_to_end(&mut tail)?;
        io::Result::Ok([head, tail])
    };
    // What cannot be read may be one, and what was cut off in its first name.
    let Ok([head, tail]) = ends() else { return true };
    let Some(first) = head.get(BEFORE_NAME..).filter(|name| name.len() >= LOG.len()) else { return true };
    let alike = first.iter().zip(LOG.as_bytes()).filter(|(a, b)| a == b).count();
    let has = |name: &str| {
        [&head, &tail].iter().any(|end| end.windows(name.len()).any(|part| part == name.as_bytes()))
    };
    alike + 2 >= LOG.len() || has(VERIFIER) || has("receipts/req_")
}

/// By what the log names the pack that is there.
pub fn id_of(path: &Path) -> Option<PackId> {
    let mut archive = Unpacked::open(path).ok()?;
    let mut manifest = Vec::new();
    let taken = archive.read(MANIFEST, &mut |piece| {
        manifest.extend_from_slice(piece);
        if manifest.len() > MOST_BYTES { Err(Flaw::unreadable("its manifest is too long")) } else { Ok(()) }
    });
    taken.ok().and_then(|()| Manifest::id(&manifest))
}

/// A pack of which the layout was found to leave no choice.
pub struct Unpacked {
    zip: ZipArchive<File>,
    /// How long each file is, unpacked.
    sizes: BTreeMap<String, u64>,
    buffer: Vec<u8>,
}

/// Why it could not be opened.
pub enum Unopened {
    /// It cannot be read.
    Unread(io::Error),
    /// It is no archive as packs are.
    Flawed(Flaw),
}

impl Unpacked {
    /// Opens it.
    pub fn open(path: &Path) -> Result<Self, Unopened> {
        let mut file = File::open(path).map_err(Unopened::Unread)?;
        let entries = layout::read(&mut file).map_err(Unopened::Flawed)?;
        let other = |_| Unopened::Flawed(Flaw::unreadable("it does not read as an archive"));
        let zip = ZipArchive::new(file).map_err(other)?;
        if zip.len() != entries.len() {
            return Err(Unopened::Flawed(Flaw::unreadable("it reads in two ways")));
        }
        let sizes = entries.into_iter().map(|Entry { name, size, .. }| (name, size)).collect();
        Ok(Self { zip, sizes, buffer: vec![0; PIECE] })
    }
}

impl Archive for Unpacked {
    fn files(&self) -> Vec<(String, u64)> {
        self.sizes.iter().map(|(name, size)| (name.clone(), *size)).collect()
    }

    fn read(&mut self, name: &str, take: &mut dyn FnMut(&[u8]) -> Result<(), Flaw>) -> Result<(), Flaw> {
        let wrong = || Flaw::unreadable("a file does not unpack");
        let mut left = *self.sizes.get(name).ok_or_else(wrong)?;
        let mut file = self.zip.by_name(name).map_err(|_| wrong())?;
        loop {
            let read = match file.read(&mut self.buffer) {
                Ok(0) if left == 0 => return Ok(()),
                Ok(0) => return Err(wrong()),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => return Err(wrong()),
            };
            // It may unpack to more than it says.
            left = left.checked_sub(read as u64).ok_or_else(wrong)?;
            take(self.buffer.get(..read).unwrap_or_default())?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_opened_may_be_a_pack_that_waits() {
        let folder = std::env::temp_dir().join(format!("lacuna-unpacked-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("pack.zip");
        assert!(!is_pending(&path));
        std::os::unix::fs::symlink(&path, &path).expect("a link to itself");
        assert!(is_pending(&path));
        std::fs::remove_dir_all(&folder).expect("its end");
    }
}
