//! The hashes of two leaves at once.
//!
//! Each step of SHA-256 waits for the one before, and a core has nothing else to do meanwhile. With blocks of two inputs
//! in turn it has. `aws-lc-rs` hashes one input after the other; its contexts, and those of `sha2`, cost as much as this
//! gains where they are given a block at a time. So the blocks go to the function in `sha2` that takes nothing else.

use std::slice;

use sha2::block_api::compress256;

use crate::tree::Hash;

const BLOCK: usize = 64;
/// Bytes at the end of the last block that say how long the input is.
const LENGTH: usize = 8;

/// The state before the first block (FIPS 180-4, section 5.3.3).
const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// What a leaf's hash is over: a byte 0, the data, a bit that is set, zeros, and the length of all before in bits
/// (FIPS 180-4, section 5.1.1).
fn padded(data: &[u8]) -> Vec<u8> {
    let bytes = 1 + data.len();
    let length = (bytes + 1 + LENGTH).next_multiple_of(BLOCK);
    let mut input = Vec::with_capacity(length);
    input.push(0);
    input.extend_from_slice(data);
    input.push(0x80);
    input.resize(length - LENGTH, 0);
    input.extend_from_slice(&(bytes as u64 * 8).to_be_bytes());
    input
}

/// The hashes of two leaves with these data.
pub(crate) fn leaves(data: [&[u8]; 2]) -> [Hash; 2] {
    let inputs = data.map(padded);
    let [first, second] = inputs.each_ref().map(|input| input.as_chunks::<BLOCK>().0);
    let mut states = [INITIAL; 2];
    let [a, b] = &mut states;
    let together = first.len().min(second.len());
    for (one, other) in first.iter().zip(second) {
        compress256(a, slice::from_ref(one));
        compress256(b, slice::from_ref(other));
    }
    compress256(a, &first[together..]);
    compress256(b, &second[together..]);
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
    use crate::tree::leaf;

    /// Every length about the ends of blocks, beside data that are longer, shorter and empty.
    #[test]
    fn the_hashes_are_those_of_another_implementation() {
        let bytes: Vec<u8> = (0..=255).cycle().take(600).collect();
        for first in 0..200 {
            for second in [0, 1, 55, 56, 63, 64, 65, first, 600 - first] {
                let data = [&bytes[..first], &bytes[600 - second..]];
                assert_eq!(leaves(data), data.map(leaf), "{first} {second}");
            }
        }
    }
}
