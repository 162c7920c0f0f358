//! The receive buffer that all peers polled by one thread share.

use std::cell::Cell;

use crate::limits::SCRATCH_BYTES;

thread_local! {
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Lends the thread's buffer. A nested call, which a stream written in a script can cause, gets one of its own.
pub(super) fn with<T>(work: impl FnOnce(&mut [u8]) -> T) -> T {
    let mut buffer = BUFFER.take();
    if buffer.is_empty() {
        buffer = vec![0; SCRATCH_BYTES];
    }
    let result = work(&mut buffer);
    BUFFER.set(buffer);
    result
}
