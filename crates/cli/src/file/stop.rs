//! The wish that the program should end, which must not leave half a file behind.

use std::io;

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Hears Ctrl-C, and the other ways of being told to stop.
pub struct Stop {
    #[cfg(unix)]
    signals: Vec<Signal>,
}

impl Stop {
    /// Listens from now on: what arrives before it is waited for is heard then.
    #[cfg(unix)]
    pub fn listen() -> io::Result<Self> {
        let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate()];
        // Under `nohup` the terminal's end is to be ignored: listening for it would undo that.
        if hangup_ends_us() {
            kinds.push(SignalKind::hangup());
        }
        Ok(Self { signals: kinds.into_iter().map(signal).collect::<io::Result<_>>()? })
    }

    /// Comes back when somebody wants us to stop.
    #[cfg(unix)]
    pub async fn heard(&mut self) {
        std::future::poll_fn(|context| {
            let heard = self.signals.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
            if heard { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
    }

    /// Listens from when it is waited for.
    #[cfg(not(unix))]
    pub fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Comes back when somebody wants us to stop.
    #[cfg(not(unix))]
    pub async fn heard(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}

/// Whether the hangup signal, which has the lowest bit, is not ignored: as far as Linux says so.
#[cfg(unix)]
fn hangup_ends_us() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & 1 == 0)
}
