//! The tree against an independent implementation of RFC 6962, which is given the entries as they are hashed.

use std::sync::LazyLock;

use audit::consistency::{Onward, goes_on};
use audit::tree::{Grown, Hash, Range, leaf, root_of_path};
use audit::{Entry, GENESIS};
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use domain::event::{About, Event, EventKind};
use domain::{Generation, RequestId};
use jiff::Timestamp;
use proptest::prelude::*;
use sha2::Sha256;

/// As many as the largest tree here has.
const MOST: u64 = 700;

static CHAIN: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let mut chain: Vec<Entry> = Vec::new();
    for seq in 1..=MOST {
        let previous = chain.last().map_or(GENESIS, |entry| &entry.hash).to_owned();
        chain.push(Entry::chain(seq, &previous, event(u32::try_from(seq).expect("small")), "GDPR Art. 17"));
    }
    chain
});

fn event(n: u32) -> Event {
    Event {
        tenant: "demo".parse().expect("a tenant"),
        about: About::Request(RequestId::new(Timestamp::UNIX_EPOCH, 1)),
        n,
        at: Timestamp::UNIX_EPOCH,
        kind: EventKind::Accepted,
        who: "step:plan".into(),
        generation: Generation::FIRST,
        status: None,
        store: None,
        tally: None,
        why: None,
        detail: std::collections::BTreeMap::new(),
        wake: None,
    }
}

/// What our tree has of an entry: its hash.
fn hash(n: usize) -> Hash {
    CHAIN[n].hash_bytes().expect("a hash")
}

/// What the other's tree is given of it: its bytes.
fn oracle(size: usize) -> MemoryBackedTree<Sha256, Vec<u8>> {
    let mut tree = MemoryBackedTree::new();
    CHAIN[..size].iter().for_each(|entry| tree.push(entry.content_bytes()));
    tree
}

fn range(size: usize) -> Range {
    let mut range = Range::default();
    (0..size).for_each(|n| range.push(hash(n)));
    range
}

#[test]
fn roots_are_those_of_the_oracle() {
    for size in 0..300 {
        assert_eq!(range(size).root().as_slice(), oracle(size).root().as_bytes().as_slice(), "{size}");
    }
}

/// Of any length, about the ends of SHA-256's blocks too.
#[test]
fn leaves_are_those_of_the_oracle() {
    for length in 0..200 {
        let data = vec![0x5a; length];
        let mut tree = MemoryBackedTree::<Sha256, Vec<u8>>::new();
        tree.push(data.clone());
        assert_eq!(leaf(&data).as_slice(), tree.root().as_bytes().as_slice(), "{length}");
    }
}

/// RFC 9162, section 2.1.1: the hash of an empty tree is the hash of an empty string.
#[test]
fn an_empty_tree_has_the_published_root() {
    let published = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(hex::encode(Range::default().root()), published);
}

#[test]
fn every_path_of_every_small_tree_is_the_oracles_and_leads_to_the_root() {
    for base in 0..20 {
        for size in base..40 {
            let grown = Grown::new(&range(base), (base..size).map(hash).collect());
            let oracle = oracle(size);
            assert_eq!(grown.root().as_slice(), oracle.root().as_bytes().as_slice(), "{base} {size}");
            for index in base..size {
                let path = grown.path(index as u64).expect("a later leaf");
                assert_eq!(path.concat(), oracle.prove_inclusion(index).as_bytes(), "{base} {size} {index}");
                let root = root_of_path(hash(index), index as u64, size as u64, &path);
                assert_eq!(root, Some(grown.root()), "{base} {size} {index}");
            }
            assert_eq!(grown.path(size as u64), None);
            assert_eq!(base.checked_sub(1).and_then(|before| grown.path(before as u64)), None);
        }
    }
}

/// From every size to every other, by the oracle too.
#[test]
fn every_proof_of_every_small_tree_that_it_goes_on_is_the_oracles_and_holds() {
    for earlier in 1..40 {
        let mut onward = Onward::new(&range(earlier));
        assert_eq!(onward.proof(), Vec::<Hash>::new());
        for size in earlier + 1..70 {
            onward.push(hash(size - 1));
            let proof = onward.proof();
            assert_eq!(onward.size(), size as u64);
            let oracles = oracle(size).prove_consistency(size - earlier);
            assert_eq!(proof.concat(), oracles.as_bytes(), "{earlier} {size}");
            let (old, new) = (range(earlier).root(), range(size).root());
            assert!(goes_on((earlier as u64, &old), (size as u64, &new), &proof), "{earlier} {size}");
        }
    }
    assert!(!goes_on((0, &range(0).root()), (5, &range(5).root()), &[]), "every log goes on from nothing");
    assert!(!goes_on((5, &range(5).root()), (5, &range(5).root()), &[]), "it does not go on");
}

proptest! {
    /// One with a bit changed, cut, prolonged, or for other sizes or roots, shows nothing.
    #[test]
    fn no_other_proof_shows_that_a_tree_goes_on(
        earlier in 1usize..150, more in 1usize..150, at in any::<prop::sample::Index>(), bit in 0usize..256, how in 0..7,
    ) {
        let size = earlier + more;
        let mut onward = Onward::new(&range(earlier));
        (earlier..size).for_each(|n| onward.push(hash(n)));
        let mut proof = onward.proof();
        let (mut old, mut new) = ((earlier as u64, range(earlier).root()), (size as u64, range(size).root()));
        prop_assert!(goes_on((old.0, &old.1), (new.0, &new.1), &proof));
        match how {
            0 => { let at = at.index(proof.len()); proof[at][bit / 8] ^= 1 << (bit % 8); }
            1 => { proof.pop(); }
            2 => proof.push([0; 32]),
            3 => old = (earlier as u64 + 1, range(earlier + 1).root()),
            4 => old.1[bit / 8] ^= 1 << (bit % 8),
            5 => new.1[bit / 8] ^= 1 << (bit % 8),
            _ => new = (size as u64 + 1, range(size + 1).root()),
        }
        prop_assert!(!goes_on((old.0, &old.1), (new.0, &new.1), &proof));
    }

    /// A path with a bit changed, cut, prolonged, or for another place, leads nowhere.
    #[test]
    fn no_other_path_leads_to_the_root(size in 2usize..200, at in any::<prop::sample::Index>(), bit in 0usize..256, how in 0..4) {
        let index = at.index(size);
        let grown = Grown::new(&Range::default(), (0..size).map(hash).collect());
        let mut path = grown.path(index as u64).expect("a leaf");
        let (mut place, mut of) = (index as u64, size as u64);
        match how {
            0 => { let at = bit % path.len(); path[at][bit / 8] ^= 1 << (bit % 8); }
            1 => { path.pop(); }
            2 => path.push([0; 32]),
            _ => if place == 0 { place = 1 } else { place -= 1 },
        }
        prop_assert_ne!(root_of_path(hash(index), place, of, &path), Some(grown.root()));
        of = place;
        prop_assert_eq!(root_of_path(hash(index), place, of, &path), None, "a place beyond the end");
    }

    #[test]
    fn a_range_goes_on_from_its_peaks(first in 0usize..500, more in 0usize..200) {
        let kept = range(first);
        let mut range = Range::from_peaks(first as u64, kept.peaks().to_vec()).expect("as many as it has");
        (first..first + more).for_each(|n| range.push(hash(n)));
        let root = range.root();
        let oracle = oracle(first + more).root();
        prop_assert_eq!(root.as_slice(), oracle.as_bytes().as_slice());
        prop_assert_eq!(Range::from_peaks(range.size() + 1, range.peaks().to_vec()).is_some(), (range.size() + 1).count_ones() == range.size().count_ones());
    }
}
