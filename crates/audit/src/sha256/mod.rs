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

/// What is hashed: a byte, the data, a bit that is set, zeros, and the length of all before in bits (FIPS 180-4, section
/// 5.1.1).
struct Input<'d> {
    first: u8,
    data: &'d [u8],
    /// Blocks of the whole input.
    blocks: usize,
    /// Which it is of those that are hashed together.
    place: usize,
}

impl<'d> Input<'d> {
    /// Those of these data, the shortest first: what is hashed together begins together, and ends together if it has as
    /// many blocks.
    fn all(first: u8, data: &[&'d [u8]]) -> Vec<Self> {
        let new = |(place, data): (usize, &&'d [u8])| Self {
            first,
            data,
            blocks: (1 + data.len() + 1 + LENGTH).div_ceil(BLOCK),
            place,
        };
        let mut inputs: Vec<Self> = data.iter().enumerate().map(new).collect();
        inputs.sort_unstable_by_key(|input| input.blocks);
        inputs
    }

    /// One of its blocks, if it is of data alone, as nearly all are.
    #[inline]
    fn whole(&self, at: usize) -> Option<&'d [u8; BLOCK]> {
        // The byte before the data puts every place one further.
        self.data.get((at * BLOCK).checked_sub(1)?..)?.first_chunk()
    }

    /// One of its blocks. What is copied is as long as the compiler can know, but for inputs that are shorter than a block.
    #[inline]
    fn block(&self, at: usize) -> [u8; BLOCK] {
        if let Some(whole) = self.whole(at) {
            return *whole;
        }
        let mut block = [0; BLOCK];
        let (from, to) = ((at * BLOCK).saturating_sub(1), usize::from(at == 0));
        let rest = self.data.get(from..).unwrap_or_default();
        if at == 0 {
            block[0] = self.first;
            if let Some(whole) = rest.first_chunk::<{ BLOCK - 1 }>() {
                block[1..].copy_from_slice(whole);
                return block;
            }
            block[1..=rest.len()].copy_from_slice(rest);
        } else if let Some(last) = self.data.last_chunk::<BLOCK>() {
            // The data end where the rest of them does.
            let mut wide = [0; 2 * BLOCK];
            wide[rest.len()..][..BLOCK].copy_from_slice(last);
            block.copy_from_slice(&wide[BLOCK..]);
        } else {
            block[..rest.len()].copy_from_slice(rest);
        }
        // The bit stands right behind the data, which may be in the block before.
        if from <= self.data.len() {
            block[to + rest.len()] = 0x80;
        }
        if at + 1 == self.blocks {
            let bits = (1 + self.data.len() as u64) * 8;
            block[BLOCK - LENGTH..].copy_from_slice(&bits.to_be_bytes());
        }
        block
    }
}

/// The hash of this byte and these data, for each of the data.
pub(crate) fn hashes(first: u8, data: &[&[u8]]) -> Vec<Hash> {
    let inputs = Input::all(first, data);
    let mut states = vec![INITIAL; inputs.len()];
    let done = lanes::hash(&inputs, &mut states);
    in_turn(&inputs[done..], &mut states[done..], 0);
    let mut hashes = vec![Hash::default(); inputs.len()];
    for (input, state) in inputs.iter().zip(&states) {
        hashes[input.place] = written(state);
    }
    hashes
}

/// Hashes each from this block on, two at once, of which the second is as long or longer.
fn in_turn(inputs: &[Input<'_>], states: &mut [State], from: usize) {
    for (inputs, states) in inputs.chunks(2).zip(states.chunks_mut(2)) {
        for at in from..inputs.last().map_or(0, |longer| longer.blocks) {
            for (input, state) in inputs.iter().zip(&mut *states).filter(|(input, _)| at < input.blocks) {
                compress256(state, slice::from_ref(&input.block(at)));
            }
        }
    }
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
