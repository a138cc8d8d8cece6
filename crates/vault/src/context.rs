//! What sealed data is.

/// What something was sealed as: it opens only when asked for as the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context<'a> {
    /// Whose it is.
    pub tenant: &'a str,
    /// What it is for: `plan`, `subject`, `cursor`.
    pub purpose: &'a str,
    /// Which one it is: an object key, an item key.
    pub object: &'a str,
}

impl Context<'_> {
    pub(crate) fn parts(&self) -> [&str; 3] {
        [self.tenant, self.purpose, self.object]
    }

    /// What comes before each part, so that no two contexts read alike: its length in bytes, as 8 bytes,
    /// big-endian.
    pub(crate) fn lengths(&self) -> [[u8; 8]; 3] {
        self.parts().map(|part| (part.len() as u64).to_be_bytes())
    }
}
