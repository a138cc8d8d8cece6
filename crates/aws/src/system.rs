//! The clock and the randomness of the machine.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use jiff::Timestamp;
use ports::{Clock, Entropy};

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "the door: everywhere else time is an argument")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The machine's randomness, through the same library that encrypts with it.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        if SystemRandom::new().fill(&mut bytes).is_err() {
            // A key of zeros would be worse than no answer, and a caller could do nothing about it.
            tracing::error!("the machine gives no randomness; stopping");
            std::process::abort();
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_bytes_do_not_repeat() {
        let [a, b] = [SystemEntropy.bytes(), SystemEntropy.bytes()];
        assert_ne!(a, b);
        assert_ne!(a, [0; 32]);
    }
}
