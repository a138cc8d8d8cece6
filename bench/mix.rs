//! Numbers that look random and are the same each time (`SplitMix64`, public domain, by Steele et al.).

/// The generator.
#[derive(Default)]
pub struct Mix(u64);

impl Mix {
    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below another.
    pub fn below(&mut self, most: u64) -> u64 {
        self.draw() % most.max(1)
    }

    /// One of several; those in front more often, as words are in a text.
    pub fn pick<'a>(&mut self, all: &[&'a str]) -> &'a str {
        let count = all.len() as u64;
        let at = self.below(count).min(self.below(count));
        usize::try_from(at).ok().and_then(|at| all.get(at)).copied().unwrap_or_default()
    }
}
