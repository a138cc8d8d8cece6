//! A check digit for each field of an entry, so that whoever finds an entry altered can say which field it was.
//!
//! They prove nothing: the hash does. They are CRC-16 (polynomial 0x1021, first 0xffff), which tells every change of up to
//! 16 bits in a row and misses one of 65,536 others; then an entry is altered and no field is named.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crc::{CRC_16_IBM_3740, Crc, Digest, Table};
use domain::event::Event;
use serde::Serialize;

/// The fields that have a check digit, in its order. `prev_hash` and `seq` follow from the entry before.
pub const CHECKED: [&str; 14] = [
    "event.about",
    "event.at",
    "event.detail",
    "event.generation",
    "event.kind",
    "event.n",
    "event.status",
    "event.store",
    "event.tally",
    "event.tenant",
    "event.wake",
    "event.who",
    "event.why",
    "legal_basis",
];

/// The check digits of an entry's fields: two bytes each, in URL-safe base64 (RFC 4648, section 5) without padding. Of a
/// field that is left out, those of `null`; of no detail, those of `{}`.
pub(crate) fn checks(event: &Event, legal_basis: &str) -> String {
    let digits: Vec<u8> = each(event, legal_basis).into_iter().flat_map(u16::to_be_bytes).collect();
    URL_SAFE_NO_PAD.encode(digits)
}

/// The first field whose check digit is not the one that is written; `None` if all are as written, or what is written
/// is no check digits.
pub(crate) fn differing(event: &Event, legal_basis: &str, written: &str) -> Option<&'static str> {
    let written = URL_SAFE_NO_PAD.decode(written).ok().filter(|w| w.len() == CHECKED.len() * 2)?;
    let pairs = written.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let own = each(event, legal_basis);
    CHECKED.into_iter().zip(own.into_iter().zip(pairs)).find(|(_, (own, w))| own != w).map(|(field, _)| field)
}

fn each(event: &Event, legal_basis: &str) -> [u16; CHECKED.len()] {
    [
        crc(&event.about),
        crc(&event.at),
        crc(&event.detail),
        crc(&event.generation),
        crc(&event.kind),
        crc(&event.n),
        crc(&event.status),
        crc(&event.store),
        crc(&event.tally),
        crc(&event.tenant),
        crc(&event.wake),
        crc(&event.who),
        crc(&event.why),
        crc(legal_basis),
    ]
}

/// Sixteen bytes at a time: what is checked is mostly hashes and names of that length and more.
static SUMS: Crc<u16, Table<16>> = Crc::<u16, Table<16>>::new(&CRC_16_IBM_3740);

fn crc(value: &(impl Serialize + ?Sized)) -> u16 {
    let mut sum = Sum(SUMS.digest());
    // Writing to it cannot fail, and all fields are plain.
    let _ = serde_json::to_writer(&mut sum, value);
    sum.0.finalize()
}

struct Sum(Digest<'static, u16, Table<16>>);

impl std::io::Write for Sum {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    /// The check value of CRC-16/IBM-3740 in the catalogue of parametrised CRC algorithms (reveng).
    #[test]
    fn the_sum_is_the_published_one() {
        let mut sum = Sum(SUMS.digest());
        sum.write_all(b"123456789").expect("a sum takes anything");
        assert_eq!(sum.0.finalize(), 0x29b1);
    }
}
