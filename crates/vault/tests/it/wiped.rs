//! What is wiped is nowhere in this process's memory, which Linux lets a process read as a file.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, PoisonError};

use vault::{DataKey, FRAME, Material, OpenReader, SealWriter, VaultError, open, seal};
use zeroize::{Zeroize, Zeroizing};

use crate::{CONTEXT, key};

/// Bytes after which a marked plaintext repeats itself: what is left of it is found by any 32 of them.
const PERIOD: usize = 32;

/// What is read of the memory at once. Much less than the plaintexts are long: it may be given memory that
/// was theirs, and covers what was left there.
const PART: usize = 1 << 13;

/// One looks at a time: who looks holds for a moment what it reads, and with it the marks of the others.
static LOOKING: Mutex<()> = Mutex::new(());

/// A byte of a mark. It is computed where it is compared, so that what looks for the mark does not hold it.
fn byte(mark: u8, at: usize) -> u8 {
    let at = u8::try_from(at % PERIOD).expect("below 32");
    mark.wrapping_add(at).wrapping_mul(157) ^ at.wrapping_mul(at)
}

/// A plaintext full of a mark. An array would leave itself on the stack when it is returned.
fn marked(mark: u8, length: usize) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(vec![0; length]);
    bytes.iter_mut().enumerate().for_each(|(at, to)| *to = byte(mark, at));
    bytes
}

/// How often the memory is read from its beginning, because a thread that ended took some of it along.
const ATTEMPTS: u32 = 100;

/// Whether a mark is in anything that this process may write to: its heap and its stacks.
fn is_in_memory(mark: u8) -> bool {
    let _alone = LOOKING.lock().unwrap_or_else(PoisonError::into_inner);
    let is = (0..ATTEMPTS).find_map(|_| found(mark));
    is.expect("the memory can be read: what was not read would be told as wiped")
}

/// The same, of the memory as it is now; `None` if a part of it could not be read.
fn found(mark: u8) -> Option<bool> {
    let memory = File::open("/proc/self/mem").expect("this process's memory");
    let maps = std::fs::read_to_string("/proc/self/maps").expect("where it is");
    let mut part = Zeroizing::new(vec![0; PART + PERIOD].into_boxed_slice());
    for range in maps.lines().filter(|line| line.contains(" rw")) {
        let (begin, end) = range.split(' ').next().and_then(|range| range.split_once('-')).expect("a range");
        let [begin, end] = [begin, end].map(|text| usize::from_str_radix(text, 16).expect("an address"));
        for at in (begin..end).step_by(PART) {
            let most = part.len().min(end - at);
            // What another thread gave back meanwhile cannot be read.
            memory.read_exact_at(&mut part[..most], at.try_into().expect("an address")).ok()?;
            let is_mark = |window: &[u8]| window.iter().enumerate().all(|(at, one)| *one == byte(mark, at));
            let found = part[..most].windows(PERIOD).any(is_mark);
            part.zeroize();
            if found {
                return Some(true);
            }
        }
    }
    Some(false)
}

/// Takes the header and a frame, and no more.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 = self.0.checked_sub(1).ok_or(std::io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_writer_that_is_dropped_before_its_end_leaves_no_plaintext() {
    let mut writer = SealWriter::new(Vec::new(), &key(1), &CONTEXT, [1; 32]).expect("begun");
    writer.write_all(&marked(1, FRAME)).expect("written");
    assert!(is_in_memory(1), "the frame under way is not found");
    drop(writer);
    assert!(!is_in_memory(1));
}

#[test]
fn a_writer_leaves_no_plaintext_of_the_frames_before() {
    let mut writer = SealWriter::new(Vec::new(), &key(1), &CONTEXT, [2; 32]).expect("begun");
    writer.write_all(&marked(2, FRAME)).expect("written");
    assert!(is_in_memory(2), "the frame under way is not found");
    writer.write_all(b"the next frame").expect("written");
    assert!(!is_in_memory(2), "sealed, and not wiped");
    drop(writer.finish().expect("sealed"));
}

#[test]
fn a_writer_that_failed_leaves_no_plaintext() {
    let mut writer = SealWriter::new(Full(2), &key(1), &CONTEXT, [3; 32]).expect("begun");
    writer.write_all(&marked(3, 2 * FRAME)).expect("written");
    assert!(is_in_memory(3), "the frame under way is not found");
    assert!(writer.finish().is_err());
    assert!(!is_in_memory(3));
}

#[test]
fn a_reader_that_is_dropped_before_its_end_leaves_no_plaintext() {
    let mut writer = SealWriter::new(Vec::new(), &key(1), &CONTEXT, [4; 32]).expect("begun");
    writer.write_all(&marked(4, FRAME)).expect("written");
    let sealed = writer.finish().expect("sealed");
    let mut from = sealed.as_slice();
    let header = OpenReader::header(&mut from).expect("a header");
    let mut reader = OpenReader::new(from, &header, &key(1), &CONTEXT).expect("opened");
    reader.read_exact(&mut [0]).expect("read");
    assert!(is_in_memory(4), "the present frame is not found");
    drop(reader);
    assert!(!is_in_memory(4));
}

#[test]
fn a_message_that_is_refused_leaves_no_plaintext() {
    let sealed = seal(&key(1), &CONTEXT, [5; 32], &marked(5, FRAME)).expect("sealed");
    let opened = Zeroizing::new(open(&key(1), &CONTEXT, &sealed).expect("opened"));
    assert!(is_in_memory(5), "a message that is given out is not found");
    drop(opened);
    assert!(!is_in_memory(5));
    // The same material under another number: all of it opens, and it is refused all the same.
    let next = DataKey::new(&Material::new([1; 32]), 2);
    assert_eq!(open(&next, &CONTEXT, &sealed), Err(VaultError::KeyVersion));
    assert!(!is_in_memory(5));
}
