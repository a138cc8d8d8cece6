//! Which of 64 bytes are digits, letters, separators: one bit for each byte and class.
//!
//! The vector path is written once, for whatever width the machine has; `fearless_simd` chooses the
//! instructions while running and has the `unsafe` that they need. [`plain`] says the same byte by byte: it is
//! what other machines run, and what the tests compare with.
#![allow(
    clippy::inline_always,
    reason = "what is not inlined is compiled for the oldest machine, without vectors"
)]

use fearless_simd::{Simd, prelude::*, u8x64};

use crate::marks::{BACKSLASH, ESC};

/// Bytes that are looked at together.
pub(crate) const BLOCK: usize = 64;

/// Sixty-four bytes, by class: bit `n` is byte `n`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Classes {
    pub digits: u64,
    pub uppers: u64,
    /// Of both sizes.
    pub letters: u64,
    /// `@`, and what it begins with in a URL: `%40`.
    pub ats: u64,
    /// `:`
    pub colons: u64,
    /// `-`
    pub dashes: u64,
    /// `.`
    pub dots: u64,
    /// `_`
    pub unders: u64,
    /// `+` and `/`
    pub signs: u64,
    /// Space, `(`, `)`, and the bytes of what is not ASCII: blanks and hyphens that break no line are among it.
    pub gaps: u64,
    /// The first byte of a blank or a hyphen that breaks no line (U+00A0, U+202F, U+2011), and of its like in UTF-8.
    pub unbroken: u64,
    /// What a mark begins with: an escape, a backslash.
    pub marks: u64,
}

/// The same with vectors.
#[inline(always)]
pub(crate) fn vector<S: Simd>(simd: S, block: &[u8; BLOCK]) -> Classes {
    let bytes = u8x64::from_slice(simd, block);
    let one = |byte: u8| bytes.simd_eq(u8x64::splat(simd, byte));
    let within = |low: u8, count: u8| (bytes - u8x64::splat(simd, low)).simd_lt(u8x64::splat(simd, count));
    Classes {
        digits: within(b'0', 10).to_bitmask(),
        uppers: within(b'A', 26).to_bitmask(),
        letters: ((bytes | u8x64::splat(simd, 0x20)) - u8x64::splat(simd, b'a'))
            .simd_lt(u8x64::splat(simd, 26))
            .to_bitmask(),
        ats: (one(b'@') | one(b'%')).to_bitmask(),
        colons: one(b':').to_bitmask(),
        dashes: one(b'-').to_bitmask(),
        dots: one(b'.').to_bitmask(),
        unders: one(b'_').to_bitmask(),
        signs: (one(b'+') | one(b'/')).to_bitmask(),
        gaps: (one(b' ') | within(b'(', 2) | within(0x80, 0x80)).to_bitmask(),
        unbroken: (one(0xC2) | one(0xE2)).to_bitmask(),
        marks: (one(ESC) | one(BACKSLASH)).to_bitmask(),
    }
}

/// The same, byte by byte.
pub(crate) fn plain(block: &[u8; BLOCK]) -> Classes {
    let mut classes = Classes::default();
    for (at, byte) in block.iter().enumerate() {
        let class = match byte {
            b'0'..=b'9' => &mut classes.digits,
            b'A'..=b'Z' => {
                classes.uppers |= 1 << at;
                &mut classes.letters
            }
            b'a'..=b'z' => &mut classes.letters,
            b'@' | b'%' => &mut classes.ats,
            b':' => &mut classes.colons,
            b'-' => &mut classes.dashes,
            b'.' => &mut classes.dots,
            b'_' => &mut classes.unders,
            b'+' | b'/' => &mut classes.signs,
            0xC2 | 0xE2 => {
                classes.unbroken |= 1 << at;
                &mut classes.gaps
            }
            &(ESC | BACKSLASH) => &mut classes.marks,
            b' ' | b'(' | b')' | 0x80.. => &mut classes.gaps,
            _ => continue,
        };
        *class |= 1 << at;
    }
    classes
}

#[cfg(test)]
/// Every instruction set that this machine has.
pub(crate) fn levels() -> Vec<fearless_simd::Level> {
    use fearless_simd::Level;

    let best = Level::new();
    let mut levels = vec![best];
    #[cfg(target_arch = "x86_64")]
    {
        levels.extend(best.as_avx2().map(Level::Avx2));
        levels.extend(best.as_sse4_2().map(Level::Sse4_2));
        levels.extend(best.as_sse2().map(Level::Sse2));
    }
    levels
}

#[cfg(test)]
mod tests {
    use fearless_simd::dispatch;
    use proptest::prelude::*;

    use super::*;

    fn check(block: &[u8; BLOCK]) {
        for level in levels() {
            assert_eq!(dispatch!(level, simd => vector(simd, block)), plain(block), "{level:?}");
        }
    }

    #[test]
    fn every_byte_at_every_place() {
        for byte in 0..=u8::MAX {
            for at in 0..BLOCK {
                let mut block = [b'\n'; BLOCK];
                block[at] = byte;
                check(&block);
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes(block in proptest::array::uniform32(any::<u8>())) {
            let mut whole = [0; BLOCK];
            whole[..32].copy_from_slice(&block);
            whole[32..].copy_from_slice(&block);
            whole[40..].reverse();
            check(&whole);
        }
    }
}
