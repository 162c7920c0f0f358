//! Wakes the threads that block until a background thread has a result: a name lookup, or the system's trust store.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::poller::Poller;

/// The pollers on which threads block for a result.
static WAITING: Mutex<Vec<Weak<Poller>>> = Mutex::new(Vec::new());

/// Lets the next result wake the threads that block on this poller. A result that came before this call does not, so it
/// must be asked for afterwards.
pub fn wake_on_next(poller: &Arc<Poller>) {
    let mut waiting = WAITING.lock();
    waiting.retain(|known| known.strong_count() > 0);
    if !waiting.iter().any(|known| std::ptr::eq(known.as_ptr(), Arc::as_ptr(poller))) {
        waiting.push(Arc::downgrade(poller));
    }
}

/// Wakes those threads, after a result was stored.
pub(super) fn announce() {
    let waiting = std::mem::take(&mut *WAITING.lock());
    for poller in waiting.iter().filter_map(Weak::upgrade) {
        poller.wake();
    }
}
