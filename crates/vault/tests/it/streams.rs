use std::io::{Read, Write};

use proptest::prelude::*;
use vault::{Context, DataKey, FRAME, HEADER, OpenReader, SealWriter, VaultError};

use crate::{CONTEXT, Numbers, key, other_contexts};

/// What a frame adds to its plaintext.
const ADDED: usize = 32;

fn sealed(plain: &[u8], salt: u8) -> Vec<u8> {
    let mut writer = SealWriter::new(Vec::new(), &key(1), &CONTEXT, [salt; 32]).expect("begun");
    writer.write_all(plain).expect("written");
    writer.finish().expect("sealed")
}

fn opened(key: &DataKey, context: &Context<'_>, sealed: &[u8]) -> (Vec<u8>, Option<VaultError>) {
    let mut from = sealed;
    let mut plain = Vec::new();
    let read = OpenReader::header(&mut from)
        .and_then(|header| OpenReader::new(from, &header, key, context))
        .and_then(|mut reader| reader.read_to_end(&mut plain));
    let error = read.err().map(|error| {
        *error.get_ref().and_then(|inner| inner.downcast_ref::<VaultError>()).expect("one of ours")
    });
    (plain, error)
}

fn bytes(length: usize) -> Vec<u8> {
    let mut numbers = Numbers(u64::try_from(length).expect("a number"));
    (0..length).map(|_| numbers.next().to_be_bytes()[0]).collect()
}

/// What was released before the error: whole frames of the plaintext, never anything else.
fn check(damaged: &[u8], plain: &[u8], expect: VaultError) {
    let (released, error) = opened(&key(1), &CONTEXT, damaged);
    assert_eq!(error, Some(expect));
    assert!(released.len().is_multiple_of(FRAME) && plain.starts_with(&released), "{}", released.len());
}

#[test]
fn streams_of_every_length_round_trip() {
    for length in [0, 1, FRAME - 1, FRAME, FRAME + 1, 2 * FRAME, 3 * FRAME + 17] {
        let plain = bytes(length);
        let stream = sealed(&plain, 7);
        let frames = length.div_ceil(FRAME).max(1);
        assert_eq!(stream.len(), HEADER + length + frames * ADDED, "{length}");
        let (got, error) = opened(&key(1), &CONTEXT, &stream);
        assert!(error.is_none() && got == plain, "{length}: {error:?}");
    }
}

#[test]
fn opens_only_with_its_key_and_in_its_context() {
    let stream = sealed(b"text", 7);
    assert_eq!(opened(&key(2), &CONTEXT, &stream), (vec![], Some(VaultError::OtherKey)));
    for other in other_contexts() {
        assert_eq!(opened(&key(1), &other, &stream), (vec![], Some(VaultError::OtherContext)));
    }
    let message = vault::seal(&key(1), &CONTEXT, [7; 32], b"text").expect("sealed");
    assert_eq!(opened(&key(1), &CONTEXT, &message), (vec![], Some(VaultError::Version)));
}

#[test]
fn frames_cannot_be_moved_left_out_doubled_or_taken_from_another_stream() {
    let plain = bytes(3 * FRAME + 5);
    let stream = sealed(&plain, 7);
    let frame = |n: usize| {
        &stream[HEADER + n * (FRAME + ADDED)..(HEADER + (n + 1) * (FRAME + ADDED)).min(stream.len())]
    };
    let (header, last) = (&stream[..HEADER], frame(3));
    let swapped = [header, frame(1), frame(0), frame(2), last].concat();
    check(&swapped, &plain, VaultError::Reordered);
    check(&[header, frame(0), frame(2), last].concat(), &plain, VaultError::Reordered);
    check(&[header, frame(0), frame(0), frame(1), frame(2), last].concat(), &plain, VaultError::Reordered);
    check(&[header, frame(0), frame(1), frame(2)].concat(), &plain, VaultError::Truncated);
    check(&[&stream[..], b"x"].concat(), &plain, VaultError::Trailing);
    check(&[&stream[..], last].concat(), &plain, VaultError::Trailing);
    let other = sealed(&plain, 8);
    let theirs = &other[HEADER + FRAME + ADDED..HEADER + 2 * (FRAME + ADDED)];
    check(&[header, frame(0), theirs, frame(2), last].concat(), &plain, VaultError::Spliced);
    // With our mark on it, it is still not ours.
    let marked = [&frame(1)[..16], &theirs[16..]].concat();
    check(&[header, frame(0), &marked, frame(2), last].concat(), &plain, VaultError::Altered);
    // An earlier frame that says it is the last.
    let mut early = stream.clone();
    early[HEADER + 12] |= 0x80;
    check(&early, &plain, VaultError::Altered);
}

#[test]
fn it_is_truncated_wherever_it_is_cut() {
    let plain = bytes(FRAME + 100);
    let stream = sealed(&plain, 7);
    for cut in [0, 1, HEADER - 1, HEADER, HEADER + 3, HEADER + 16, HEADER + 4_000] {
        check(&stream[..cut], &plain, VaultError::Truncated);
    }
    for cut in (HEADER + FRAME + ADDED)..stream.len() {
        check(&stream[..cut], &plain, VaultError::Truncated);
    }
}

#[test]
fn ten_thousand_flipped_bits_are_refused_and_nothing_damaged_is_released() {
    let plain = bytes(FRAME + 5_000);
    let stream = sealed(&plain, 7);
    let mut numbers = Numbers(2);
    for n in 0..10_000 {
        let mut flipped = stream.clone();
        // Half of them in the second frame and the header, which are small.
        let small = HEADER + plain.len() - FRAME;
        let at = if n % 2 == 0 { numbers.below(stream.len()) } else { numbers.below(small) };
        let at = if n % 2 == 1 && at >= HEADER { at + FRAME + ADDED } else { at };
        flipped[at] ^= 1 << numbers.below(8);
        let (released, error) = opened(&key(1), &CONTEXT, &flipped);
        assert!(error.is_some(), "byte {at}");
        assert!(released.is_empty() || released == plain[..FRAME], "byte {at}");
    }
}

/// A reader and a writer that do a few bytes at a time, and are interrupted.
struct Slow<T>(T, u32);

impl<T> Slow<T> {
    fn share(&mut self, whole: usize) -> std::io::Result<usize> {
        self.1 = self.1.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if self.1.is_multiple_of(5) {
            return Err(std::io::ErrorKind::Interrupted.into());
        }
        Ok(whole.min(1 + usize::try_from(self.1 >> 20).expect("small")))
    }
}

impl<T: Read> Read for Slow<T> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let share = self.share(to.len())?;
        self.0.read(&mut to[..share])
    }
}

impl<T: Write> Write for Slow<T> {
    fn write(&mut self, from: &[u8]) -> std::io::Result<usize> {
        let share = self.share(from.len())?;
        self.0.write(&from[..share])
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

#[test]
fn slow_and_interrupted_ends_are_fine() {
    let plain = bytes(3 * FRAME + 1);
    let mut writer = SealWriter::new(Slow(Vec::new(), 1), &key(1), &CONTEXT, [7; 32]).expect("begun");
    for part in plain.chunks(1_000) {
        writer.write_all(part).expect("written");
    }
    let stream = writer.finish().expect("sealed").0;
    assert!(stream == sealed(&plain, 7), "the same bytes, however they were written");
    let mut from = Slow(&stream[..], 2);
    let header = OpenReader::header(&mut from).expect("a header");
    assert_eq!((header.key_version(), header.key_id()), (1, key(1).id()));
    let mut reader = OpenReader::new(from, &header, &key(1), &CONTEXT).expect("ours");
    let mut got = Vec::new();
    reader.read_to_end(&mut got).expect("read");
    assert!(got == plain);
    assert_eq!(reader.read(&mut [0]).expect("the end stays the end"), 0);
}

/// What failed once does not go on as if nothing had been.
#[test]
fn an_error_stays_an_error() {
    struct Full(usize);
    impl Write for Full {
        fn write(&mut self, from: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.checked_sub(from.len()).ok_or(std::io::ErrorKind::StorageFull)?;
            Ok(from.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let plain = bytes(2 * FRAME);
    let mut writer = SealWriter::new(Full(HEADER + 10), &key(1), &CONTEXT, [7; 32]).expect("begun");
    let full = writer.write_all(&plain).expect_err("full");
    assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    assert!(writer.finish().is_err());

    let mut damaged = sealed(&plain, 7);
    damaged[HEADER + 20] ^= 1;
    let mut from = &damaged[..];
    let header = OpenReader::header(&mut from).expect("a header");
    let mut reader = OpenReader::new(from, &header, &key(1), &CONTEXT).expect("ours");
    for _ in 0..3 {
        assert!(reader.read(&mut [0; 100]).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_bytes_round_trip(plain in proptest::collection::vec(any::<u8>(), 0..2_000), salt: u8) {
        let (got, error) = opened(&key(1), &CONTEXT, &sealed(&plain, salt));
        prop_assert_eq!((got, error), (plain, None));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(opened(&key(1), &CONTEXT, &bytes).1.is_some());
        let begun = [&sealed(b"", 1)[..HEADER], &bytes].concat();
        prop_assert!(opened(&key(1), &CONTEXT, &begun).1.is_some());
    }
}
