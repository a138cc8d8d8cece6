//! Time and chance, as arguments.

use jiff::Timestamp;

/// What time it is.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// Randomness.
pub trait Entropy: Send + Sync {
    /// 32 fresh random bytes, fit for keys.
    fn bytes(&self) -> [u8; 32];

    /// 128 fresh random bits.
    fn bits(&self) -> u128 {
        let mut half = [0; 16];
        half.copy_from_slice(&self.bytes()[..16]);
        u128::from_be_bytes(half)
    }
}

/// How long a step may still work before it must save its cursor.
pub trait Budget: Send + Sync {
    /// Whether it is time to save and return. Asked after each page.
    fn is_spent(&self) -> bool;

    /// Whether half of it is gone. Whoever has a second thing to do leaves the other half to it.
    fn is_half_spent(&self) -> bool;
}
