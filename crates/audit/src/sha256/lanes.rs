//! Sixteen hashes side by side: a vector has one word of each.
//!
//! Registers of 512 bits take a block of sixteen inputs in less time than the instructions for SHA-256 take two, where these
//! are slow: on an Intel Xeon of 2023 three quarters of it. With narrower registers it takes longer, and is not done.
#![allow(
    clippy::inline_always,
    reason = "what is not inlined is compiled for the oldest machine, without vectors"
)]

use std::array::from_fn;
use std::sync::LazyLock;

use fearless_simd::{Level, Simd, dispatch, prelude::*, u8x64, u32x16};

use super::{BLOCK, INITIAL, Input, State, in_turn};

/// Inputs at once.
const LANES: usize = 16;
/// As long as so many are there: fewer take less time two at once.
const ENOUGH: usize = 11;

/// The words of the rounds (FIPS 180-4, section 4.2.2).
#[rustfmt::skip]
const ROUNDS: [u32; 64] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
];

/// How wide this machine's registers are: only looked at once.
static LEVEL: LazyLock<Level> = LazyLock::new(Level::new);

#[inline(always)]
fn is_wide<S: Simd>(_: S) -> bool {
    S::u32s::LEN == LANES
}

/// Hashes inputs from the first on, as far as that is worth it, and says how many. The shortest come first.
pub(super) fn hash(inputs: &[Input<'_>], states: &mut [State]) -> usize {
    let level = *LEVEL;
    if inputs.len() < ENOUGH || !dispatch!(level, simd => is_wide(simd)) {
        return 0;
    }
    dispatch!(level, simd => in_groups(simd, inputs, states))
}

#[inline(always)]
fn in_groups<S: Simd>(simd: S, inputs: &[Input<'_>], states: &mut [State]) -> usize {
    let mut done = 0;
    for (inputs, states) in inputs.chunks(LANES).zip(states.chunks_mut(LANES)) {
        if inputs.len() >= ENOUGH {
            side_by_side(simd, inputs, states);
            done += inputs.len();
        }
    }
    done
}

#[inline(always)]
fn side_by_side<S: Simd>(simd: S, inputs: &[Input<'_>], states: &mut [State]) {
    // The last that do not end there are too few.
    let together = inputs[inputs.len() - ENOUGH].blocks;
    let mut words = INITIAL.map(|word| u32x16::splat(simd, word));
    let mut written = [[0; BLOCK]; LANES];
    for at in 0..together {
        for (input, written) in inputs.iter().zip(&mut written) {
            if input.whole(at).is_none() {
                *written = input.block(at);
            }
        }
        // Most blocks are read where they are.
        let blocks = from_fn(
            #[inline(always)]
            |lane| inputs.get(lane).and_then(|input| input.whole(at)).unwrap_or(&written[lane]),
        );
        compress(simd, &mut words, blocks);
        if at + 1 < inputs[0].blocks {
            continue;
        }
        let mut columns = [[0; LANES]; 8];
        for (column, word) in columns.iter_mut().zip(words) {
            word.store_slice(column);
        }
        for (lane, (input, state)) in inputs.iter().zip(&mut *states).enumerate() {
            if input.blocks.min(together) == at + 1 {
                *state = from_fn(|at| columns[at][lane]);
            }
        }
    }
    in_turn(inputs, states, together);
}

#[inline(always)]
fn rotated<S: Simd>(word: u32x16<S>, by: u32) -> u32x16<S> {
    word >> by | word << (32 - by)
}

/// The words of each block, as words of all blocks: rows as columns. Each turn shuffles the rows as one shuffles cards.
#[inline(always)]
fn words<S: Simd>(simd: S, blocks: [&[u8; BLOCK]; LANES]) -> [u32x16<S>; LANES] {
    let mut rows: [u32x16<S>; LANES] = from_fn(
        #[inline(always)]
        |at| {
            // The first byte of a word is its highest.
            let row: u32x16<S> = u8x64::from_slice(simd, blocks[at]).bitcast();
            (rotated(row, 8) & 0xff00_ff00) | (rotated(row, 24) & 0x00ff_00ff)
        },
    );
    for _ in 0..LANES.ilog2() {
        let mut shuffled = rows;
        for at in 0..LANES / 2 {
            (shuffled[2 * at], shuffled[2 * at + 1]) = simd.interleave_u32x16(rows[at], rows[at + LANES / 2]);
        }
        rows = shuffled;
    }
    rows
}

/// One block of each input (FIPS 180-4, section 6.2.2).
#[inline(always)]
#[expect(clippy::many_single_char_names, reason = "the names of the standard")]
fn compress<S: Simd>(simd: S, states: &mut [u32x16<S>; 8], blocks: [&[u8; BLOCK]; LANES]) {
    // The words of a round are those of the standard, which takes turns with them. Nothing is moved if their names do.
    macro_rules! step {
        ($w:ident $differed:ident $round:ident $at:literal, $a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident) => {
            if $round > 0 {
                let (early, late) = ($w[($at + 1) % 16], $w[($at + 14) % 16]);
                let first = rotated(early, 7) ^ rotated(early, 18) ^ (early >> 3);
                let second = rotated(late, 17) ^ rotated(late, 19) ^ (late >> 10);
                $w[$at] = $w[$at] + first + $w[($at + 9) % 16] + second;
            }
            let sum = rotated($e, 6) ^ rotated($e, 11) ^ rotated($e, 25);
            let chosen = ($e & $f) ^ (!$e & $g);
            let first = $h + sum + chosen + u32x16::splat(simd, ROUNDS[16 * $round + $at]) + $w[$at];
            let sum = rotated($a, 2) ^ rotated($a, 13) ^ rotated($a, 22);
            // Of three bits the most: the middle one, unless both its neighbours differ from it. That of b and c was a's and b's before.
            let differ = $a ^ $b;
            let most = (differ & $differed) ^ $b;
            $differed = differ;
            $d += first;
            $h = first + sum + most;
        };
    }
    let mut w = words(simd, blocks);
    let before = *states;
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = before;
    let mut differed = b ^ c;
    for round in 0..4 {
        step!(w differed round 0, a b c d e f g h);
        step!(w differed round 1, h a b c d e f g);
        step!(w differed round 2, g h a b c d e f);
        step!(w differed round 3, f g h a b c d e);
        step!(w differed round 4, e f g h a b c d);
        step!(w differed round 5, d e f g h a b c);
        step!(w differed round 6, c d e f g h a b);
        step!(w differed round 7, b c d e f g h a);
        step!(w differed round 8, a b c d e f g h);
        step!(w differed round 9, h a b c d e f g);
        step!(w differed round 10, g h a b c d e f);
        step!(w differed round 11, f g h a b c d e);
        step!(w differed round 12, e f g h a b c d);
        step!(w differed round 13, d e f g h a b c);
        step!(w differed round 14, c d e f g h a b);
        step!(w differed round 15, b c d e f g h a);
    }
    for ((state, before), word) in states.iter_mut().zip(before).zip([a, b, c, d, e, f, g, h]) {
        *state = before + word;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{tests::each, written};
    use super::*;

    proptest! {
        /// On this machine's registers, and on narrower ones that nobody uses for it.
        #[test]
        fn every_level_hashes_alike(lengths in prop::collection::vec(0..400_usize, 0..60)) {
            let bytes: Vec<u8> = (0..=250).cycle().take(800).collect();
            let data: Vec<&[u8]> = lengths.iter().map(|length| &bytes[*length..2 * length]).collect();
            for level in [Level::new(), Level::baseline()] {
                let inputs = Input::all(7, &data);
                let mut states = vec![INITIAL; inputs.len()];
                let done = dispatch!(level, simd => in_groups(simd, &inputs, &mut states));
                prop_assert!(inputs.len() - done < ENOUGH, "{}", done);
                let all = each(7, &data);
                for (input, state) in inputs[..done].iter().zip(&states) {
                    prop_assert_eq!(written(state), all[input.place]);
                }
            }
        }
    }
}
