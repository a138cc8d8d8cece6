//! Polling until nothing can go on.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Tells whether it was woken, and wakes the task that polls.
struct Bell {
    rung: AtomicBool,
    outer: Waker,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        self.outer.wake_by_ref();
    }
}

/// Polls `root` until it is ready, or until none of its parts can go on without time passing.
///
/// A group of futures may return early and wake itself although some of them can go on: time must
/// not pass then. While calls are `in_flight`, it is the real world that is waited for.
pub(super) async fn settle<T>(
    mut root: Pin<&mut (dyn Future<Output = T> + Send)>,
    in_flight: &AtomicUsize,
) -> Option<T> {
    poll_fn(|context| {
        loop {
            let bell = Arc::new(Bell { rung: AtomicBool::new(false), outer: context.waker().clone() });
            let waker = Waker::from(Arc::clone(&bell));
            match root.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(result) => return Poll::Ready(Some(result)),
                Poll::Pending if bell.rung.load(Ordering::Acquire) => {}
                Poll::Pending if in_flight.load(Ordering::Relaxed) > 0 => return Poll::Pending,
                Poll::Pending => return Poll::Ready(None),
            }
        }
    })
    .await
}
