//! SHA-256 of many inputs at once, and of one node without ado.
//!
//! Each step of SHA-256 waits for the one before, and a core has nothing else to do meanwhile. With blocks of two inputs
//! in turn it has. `aws-lc-rs` hashes one input after the other; its contexts, and those of `sha2`, cost as much as this
//! gains where they are given a block at a time. So the blocks go to the function in `sha2` that takes nothing else.
//! Where registers are wide enough, sixteen inputs are hashed side by side: see [`lanes`].

mod lanes;

use std::slice;

use sha2::block_api::compress256;

use crate::tree::Hash;

const BLOCK: usize = 64;
/// Bytes at the end of the last block that say how long the input is.
const LENGTH: usize = 8;

/// The state of a hash: eight words.
type State = [u32; 8];

/// The state before the first block (FIPS 180-4, section 5.3.3).
const INITIAL: State =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// What is being hashed: a byte, the data, a bit that is set, zeros, and the length of all before in bits (FIPS 180-4,
/// section 5.1.1).
struct Input<'d> {
    first: u8,
    data: &'d [u8],
    /// Blocks that are in the state already.
    done: usize,
    /// Blocks of the whole input.
    blocks: usize,
    state: State,
}

impl<'d> Input<'d> {
    fn new(first: u8, data: &'d [u8]) -> Self {
        let blocks = (1 + data.len() + 1 + LENGTH).div_ceil(BLOCK);
        Self { first, data, done: 0, blocks, state: INITIAL }
    }

    fn is_over(&self) -> bool {
        self.done == self.blocks
    }

    /// Writes the next block of its input.
    #[inline]
    fn next(&mut self, block: &mut [u8; BLOCK]) {
        // The byte before the data puts every place one further.
        let (first, start) = (self.done == 0, (self.done * BLOCK).saturating_sub(1));
        self.done += 1;
        let rest = self.data.get(start..).unwrap_or_default();
        // Nearly all are whole: what is copied is as long as the compiler can know.
        if first && let Some(whole) = rest.first_chunk::<{ BLOCK - 1 }>() {
            block[0] = self.first;
            block[1..].copy_from_slice(whole);
            return;
        }
        if !first && let Some(whole) = rest.first_chunk() {
            *block = *whole;
            return;
        }
        *block = [0; BLOCK];
        if first {
            block[0] = self.first;
        }
        let into = &mut block[usize::from(first)..];
        let there = rest.len().min(into.len());
        into[..there].copy_from_slice(&rest[..there]);
        // The bit stands right behind the data, which may be in the block before.
        if there < into.len() && start <= self.data.len() {
            into[there] = 0x80;
        }
        if self.is_over() {
            let bits = (1 + self.data.len() as u64) * 8;
            block[BLOCK - LENGTH..].copy_from_slice(&bits.to_be_bytes());
        }
    }

    /// Hashes one block more.
    #[inline]
    fn step(&mut self) {
        let mut block = [0; BLOCK];
        self.next(&mut block);
        compress256(&mut self.state, slice::from_ref(&block));
    }
}

/// The hash of this byte and these data, for each of the data.
pub(crate) fn hashes(first: u8, data: &[&[u8]]) -> Vec<Hash> {
    let mut inputs: Vec<Input<'_>> = data.iter().map(|data| Input::new(first, data)).collect();
    lanes::hash(&mut inputs);
    let mut rest = inputs.iter_mut().filter(|input| !input.is_over());
    while let Some(first) = rest.next() {
        if let Some(second) = rest.next() {
            while !first.is_over() && !second.is_over() {
                first.step();
                second.step();
            }
            (second.done..second.blocks).for_each(|_| second.step());
        }
        (first.done..first.blocks).for_each(|_| first.step());
    }
    inputs.iter().map(|input| written(&input.state)).collect()
}

/// The hash of two blocks: of 65 bytes, as a node's input has.
pub(crate) fn of_65(input: &[u8; 65]) -> Hash {
    let mut blocks = [[0; BLOCK]; 2];
    blocks[0].copy_from_slice(&input[..BLOCK]);
    blocks[1][..2].copy_from_slice(&[input[BLOCK], 0x80]);
    blocks[1][BLOCK - 2..].copy_from_slice(&(65_u16 * 8).to_be_bytes());
    let mut state = INITIAL;
    compress256(&mut state, &blocks);
    written(&state)
}

fn written(state: &State) -> Hash {
    let mut hash = [0; 32];
    for (bytes, word) in hash.chunks_exact_mut(4).zip(state) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    hash
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tree::sha256;

    /// By `aws-lc-rs`.
    pub(super) fn each(first: u8, data: &[&[u8]]) -> Vec<Hash> {
        data.iter().map(|data| sha256(&[&[first], *data].concat())).collect()
    }

    /// Every length about the ends of blocks, beside data that are longer, shorter and empty.
    #[test]
    fn the_hashes_are_those_of_another_implementation() {
        let bytes: Vec<u8> = (0..=255).cycle().take(600).collect();
        for first in 0..200 {
            for second in [0, 1, 55, 56, 63, 64, 65, first, 600 - first] {
                let data = [&bytes[..first], &bytes[600 - second..]];
                assert_eq!(hashes(0, &data), each(0, &data), "{first} {second}");
            }
        }
        assert_eq!(hashes(0, &[]), each(0, &[]));
    }

    proptest! {
        /// However many, and however long each is.
        #[test]
        fn any_number_of_inputs(first in any::<u8>(), lengths in prop::collection::vec(0..700_usize, 0..80)) {
            let bytes: Vec<u8> = (0..=250).cycle().take(1400).collect();
            let data: Vec<&[u8]> = lengths.iter().map(|length| &bytes[*length..2 * length]).collect();
            prop_assert_eq!(hashes(first, &data), each(first, &data));
        }

        #[test]
        fn what_a_node_is_over(input in prop::collection::vec(any::<u8>(), 65)) {
            let input: [u8; 65] = input.try_into().expect("65 bytes");
            prop_assert_eq!(of_65(&input), sha256(&input));
        }
    }
}
