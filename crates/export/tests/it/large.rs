//! More than 4 GiB in one object, with bounded memory.

use domain::export::Format;
use export::{Limits, Packager};

use crate::support::{about, collection, content, finish, manifest, stores, unzip};

/// An archive of which only the beginning and the end are kept: enough to read its table of contents.
struct Hole {
    head: Vec<u8>,
    tail: Vec<u8>,
    length: u64,
    at: u64,
}

impl std::io::Read for Hole {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let mut count = 0;
        for byte in into.iter_mut() {
            if self.at == self.length {
                break;
            }
            let from_end = usize::try_from(self.length - self.at).unwrap_or(usize::MAX);
            let from_start = usize::try_from(self.at).unwrap_or(usize::MAX);
            let in_tail = self.tail.len().checked_sub(from_end).and_then(|at| self.tail.get(at));
            *byte = in_tail.or_else(|| self.head.get(from_start)).copied().unwrap_or(0);
            self.at += 1;
            count += 1;
        }
        Ok(count)
    }
}

impl std::io::Seek for Hole {
    fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
        let to = match to {
            std::io::SeekFrom::Start(at) => Some(at),
            std::io::SeekFrom::End(by) => self.length.checked_add_signed(by),
            std::io::SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = to.ok_or_else(|| std::io::Error::other("before the beginning"))?;
        Ok(self.at)
    }
}

fn object(key: &str, size: u64) -> (Hole, usize) {
    let stores = stores();
    let mut packager = Packager::begin(about(Format::Json), Limits::default(), None).expect("it begins");
    packager.open(&stores[1], &collection(&stores[1], "tickets"), &[]).expect("it opens");
    packager.content(&content(key, None, true, size)).expect("it begins");
    let chunk = vec![0; 1 << 20];
    let (mut length, mut most, mut head, mut part) = (0, 0, Vec::new(), Vec::new());
    for _ in 0..size >> 20 {
        packager.write(&chunk).expect("it is written");
        most = most.max(packager.ready());
        part.clear();
        packager.take_into(&mut part);
        length += part.len() as u64;
        if head.is_empty() {
            head.clone_from(&part);
        }
    }
    packager.content_end(0).expect("it ends");
    packager.close().expect("it closes");
    let (tail, _) = finish(packager);
    length += tail.len() as u64;
    (Hole { head, tail, length, at: 0 }, most)
}

/// What stands after an entry's bytes for whoever reads the archive as it comes (APPNOTE 4.3.9): its CRC-32, and
/// its two lengths of 64 bits. The next entry has to follow.
fn descriptor(tail: &[u8]) -> (u32, u64, u64) {
    let at = tail.windows(4).position(|four| four == b"PK\x07\x08").expect("a data descriptor");
    assert_eq!(&tail[at + 24..at + 28], b"PK\x03\x04", "the next entry begins where its lengths end");
    let crc = u32::from_le_bytes(tail[at + 4..at + 8].try_into().expect("four bytes"));
    let length =
        |from: usize| u64::from_le_bytes(tail[at + from..at + from + 8].try_into().expect("eight bytes"));
    (crc, length(8), length(16))
}

#[test]
fn an_object_of_more_than_4_gib_is_written_with_64_bit_lengths() {
    let size = (4 << 30) + (1 << 20);
    for key in ["film.mp4", "log.txt"] {
        let (hole, most) = object(key, size);
        assert!(most <= (1 << 20) + (128 << 10), "nothing piles up: {most}");
        let streamed = descriptor(&hole.tail);
        let mut archive = zip::ZipArchive::new(hole).expect("its table of contents is read");
        let n = archive.index_for_name(&format!("support/tickets/{key}")).expect("it is there");
        let entry = archive.by_index_raw(n).expect("it is there");
        assert_eq!(entry.size(), size);
        assert_eq!(streamed, (entry.crc32(), entry.compressed_size(), size));
    }
}

#[test]
fn an_object_that_grows_past_what_was_said_is_refused() {
    let stores = stores();
    let mut packager = Packager::begin(about(Format::Json), Limits::default(), None).expect("it begins");
    packager.open(&stores[1], &collection(&stores[1], "tickets"), &[]).expect("it opens");
    packager.content(&content("a.mp4", None, true, 1)).expect("it begins");
    packager.write(&[0; 64]).expect("a little more is no harm");
    packager.content_end(0).expect("it ends");
    packager.close().expect("it closes");
    let (bytes, _) = finish(packager);
    assert_eq!(manifest(&unzip(&bytes)).totals.bytes - 64, manifest(&unzip(&bytes)).files[1].bytes);
}
