//! More than 4 GiB in one object, with bounded memory.

use domain::export::Format;
use export::{Limits, Packager};

use crate::support::{about, collection, content, finish, manifest, stores, unzip};

/// The tail of an archive is enough to read its table of contents; these bytes stand for the rest of it.
struct Hole {
    before: u64,
    tail: Vec<u8>,
    at: u64,
}

impl std::io::Read for Hole {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let tail = usize::try_from(self.at.saturating_sub(self.before)).expect("small").min(self.tail.len());
        let mut count = (&self.tail[tail..]).read(into)?;
        if self.at < self.before {
            count = into.len().min(usize::try_from(self.before - self.at).unwrap_or(usize::MAX));
            into[..count].fill(0);
        }
        self.at += count as u64;
        Ok(count)
    }
}

impl std::io::Seek for Hole {
    fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
        let length = self.before + self.tail.len() as u64;
        let to = match to {
            std::io::SeekFrom::Start(at) => Some(at),
            std::io::SeekFrom::End(by) => length.checked_add_signed(by),
            std::io::SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = to.ok_or_else(|| std::io::Error::other("before the beginning"))?;
        Ok(self.at)
    }
}

fn object(key: &str, size: u64) -> (u64, Vec<u8>, usize) {
    let stores = stores();
    let mut packager = Packager::begin(about(Format::Json), Limits::default(), None).expect("it begins");
    packager.open(&stores[1], &collection(&stores[1], "tickets"), &[]).expect("it opens");
    packager.content(&content(key, None, true, size)).expect("it begins");
    let chunk = vec![0; 1 << 20];
    let (mut taken, mut most, mut tail) = (0, 0, Vec::new());
    for _ in 0..size >> 20 {
        packager.write(&chunk).expect("it is written");
        most = most.max(packager.ready());
        tail.clear();
        packager.take_into(&mut tail);
        taken += tail.len() as u64;
    }
    packager.content_end(0).expect("it ends");
    packager.close().expect("it closes");
    let (rest, _) = finish(packager);
    (taken, rest, most)
}

/// Six gigabytes through SHA-256 and CRC: seconds when it is optimised, a minute when it is not. `cargo test --release -p export -- --ignored`.
#[test]
#[ignore = "takes a minute without optimisation"]
fn an_object_of_more_than_4_gib_is_written_with_64_bit_lengths() {
    let size = (4 << 30) + (1 << 20);
    for key in ["film.mp4", "log.txt"] {
        let (before, tail, most) = object(key, size);
        assert!(most <= (1 << 20) + (64 << 10), "nothing piles up: {most}");
        let archive = zip::ZipArchive::new(Hole { before, tail, at: 0 });
        let mut archive = archive.expect("its table of contents is read");
        let n = archive.index_for_name(&format!("support/tickets/{key}")).expect("it is there");
        assert_eq!(archive.by_index_raw(n).expect("it is there").size(), size);
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
