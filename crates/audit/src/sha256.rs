//! SHA-256 of two messages at once.
//!
//! Each step of SHA-256 waits for the one before, and a core has nothing else to do meanwhile. With blocks of two messages
//! in turn it has. `aws-lc-rs` hashes one message after the other, and takes memory from the heap for one that comes in parts,
//! which costs most of what this gains: so the blocks are given to the same function in `sha2`.

use std::slice;

use sha2::block_api::compress256;

use crate::tree::Hash;

const BLOCK: usize = 64;
/// Bytes at the end of the last block that say how long the message is.
const LENGTH: usize = 8;

/// The state before the first block (FIPS 180-4, section 5.3.3).
const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// A message in blocks: those that it fills, and the end, which is one block or two.
type Blocks<'a> = (&'a [[u8; BLOCK]], [[u8; BLOCK]; 2], usize);

/// The message, a bit that is set, zeros, and its length in bits (FIPS 180-4, section 5.1.1).
fn blocks(message: &[u8]) -> Blocks<'_> {
    let (whole, rest) = message.as_chunks();
    let mut end = [[0; BLOCK]; 2];
    let count = if rest.len() + 1 + LENGTH <= BLOCK { 1 } else { 2 };
    let bytes = end.as_flattened_mut();
    bytes[..rest.len()].copy_from_slice(rest);
    bytes[rest.len()] = 0x80;
    let last = count * BLOCK;
    bytes[last - LENGTH..last].copy_from_slice(&(message.len() as u64 * 8).to_be_bytes());
    (whole, end, count)
}

/// The hashes of two messages.
pub(crate) fn both(messages: [&[u8]; 2]) -> [Hash; 2] {
    let [(first, first_end, first_count), (second, second_end, second_count)] = messages.map(blocks);
    let mut states = [INITIAL; 2];
    let [a, b] = &mut states;
    let together = first.len().min(second.len());
    for (one, other) in first.iter().zip(second) {
        compress256(a, slice::from_ref(one));
        compress256(b, slice::from_ref(other));
    }
    compress256(a, &first[together..]);
    compress256(b, &second[together..]);
    compress256(a, &first_end[..first_count]);
    compress256(b, &second_end[..second_count]);
    states.map(|state| {
        let mut hash = [0; 32];
        for (bytes, word) in hash.chunks_exact_mut(4).zip(state) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        hash
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::digest::{SHA256, digest};

    /// Every length about the ends of blocks, beside messages that are longer, shorter and empty.
    #[test]
    fn the_hashes_are_those_of_another_implementation() {
        let bytes: Vec<u8> = (0..=255).cycle().take(600).collect();
        for first in 0..200 {
            for second in [0, 1, 55, 56, 63, 64, 65, first, 600 - first] {
                let messages = [&bytes[..first], &bytes[600 - second..]];
                let expect = messages.map(|message| digest(&SHA256, message));
                let found = both(messages);
                assert!(found.iter().zip(&expect).all(|(a, b)| a == b.as_ref()), "{first} {second}");
            }
        }
    }
}
