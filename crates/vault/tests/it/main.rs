//! The vault, from outside.

#![allow(clippy::expect_used)] // All of it is tests.

mod caching;
mod messages;
mod records;
mod sealed;
mod streams;
mod vectors;
#[cfg(target_os = "linux")]
mod wiped;

use vault::{Context, DataKey, Material};

const CONTEXT: Context<'static> = Context { tenant: "demo", purpose: "plan", object: "plan-1" };

fn key(byte: u8) -> DataKey {
    DataKey::new(&Material::new([byte; 32]), 1)
}

fn other_contexts() -> [Context<'static>; 4] {
    [
        Context { tenant: "other", ..CONTEXT },
        Context { purpose: "export", ..CONTEXT },
        Context { object: "plan-2", ..CONTEXT },
        Context { tenant: "demopl", purpose: "an", ..CONTEXT },
    ]
}

/// Numbers that look random and are the same each time (`SplitMix64`, public domain, by Steele et al.).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).expect("a number")).expect("below the end")
    }
}

#[test]
fn keys_do_not_print() {
    let record = vault::RecordKey::new(&key(1), &CONTEXT, [2; 32]).expect("a key");
    let all = [
        format!("{:?}", key(1)),
        format!("{:?}", Material::new([1; 32])),
        format!("{record:?}"),
        format!("{:?}", vault::PseudonymKey::new(&key(1), "subject").expect("a key")),
    ];
    assert!(all.iter().all(|text| text == "[key]"), "{all:?}");
    assert_ne!(key(1).id(), key(2).id());
    assert_eq!(Material::from_slice(&[1; 31]).map(drop), Err(vault::VaultError::KeyLength));
}
