//! Receive buffers that all connections polled by one thread share.

use std::cell::Cell;
use std::thread::LocalKey;

use crate::limits::SCRATCH_BYTES;

/// A buffer of one thread.
pub type Scratch = Cell<Vec<u8>>;

thread_local! {
    static INPUT: Scratch = const { Cell::new(Vec::new()) };
    static CIPHERTEXT: Scratch = const { Cell::new(Vec::new()) };
}

/// Lends the buffer for what a transport delivers. A nested call, which a stream written in a script can cause, gets one of
/// its own.
pub fn with<T>(work: impl FnOnce(&mut [u8]) -> T) -> T {
    lend(&INPUT, work)
}

/// Lends the buffer for what a TLS session has still to decrypt, while the other one takes the result.
pub(super) fn with_ciphertext<T>(work: impl FnOnce(&mut [u8]) -> T) -> T {
    lend(&CIPHERTEXT, work)
}

fn lend<T>(scratch: &'static LocalKey<Scratch>, work: impl FnOnce(&mut [u8]) -> T) -> T {
    let mut buffer = scratch.take();
    if buffer.is_empty() {
        buffer = vec![0; SCRATCH_BYTES];
    }
    let result = work(&mut buffer);
    scratch.set(buffer);
    result
}
