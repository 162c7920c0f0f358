//! Receive buffers that all connections polled by one thread share.

use std::cell::Cell;
use std::thread::LocalKey;

use crate::limits::{DIRECT_RECEIVE_BYTES, SCRATCH_BYTES, SPARE_BUFFER_BYTES, SPARE_BUFFERS};

/// A buffer of one thread.
type SharedBuffer = Cell<Vec<u8>>;

thread_local! {
    static INPUT: SharedBuffer = const { Cell::new(Vec::new()) };
    static CIPHERTEXT: SharedBuffer = const { Cell::new(Vec::new()) };
    static SPARE: Cell<Vec<Vec<u8>>> = const { Cell::new(Vec::new()) };
}

/// A buffer for a large message: one that was given back, with whatever it contains, or an empty one.
pub fn spare() -> Vec<u8> {
    let mut spare = SPARE.take();
    let buffer = spare.pop();
    SPARE.set(spare);
    buffer.unwrap_or_default()
}

/// Takes a buffer back that [`spare`] may give again; what is small, and what would be too much, is freed.
pub fn recycle(buffer: Vec<u8>) {
    // A thread that ends has no buffers any more.
    let _freed = SPARE.try_with(|cell| {
        let mut spare = cell.take();
        if spare.len() < SPARE_BUFFERS && (DIRECT_RECEIVE_BYTES..=SPARE_BUFFER_BYTES).contains(&buffer.capacity()) {
            spare.push(buffer);
        }
        cell.set(spare);
    });
}

/// Lends the buffer for what a transport delivers. A nested call, which a stream written in a script can cause, gets one of
/// its own.
pub fn with_input<T>(work: impl FnOnce(&mut [u8]) -> T) -> T {
    lend(&INPUT, work)
}

/// Lends the buffer for what a TLS session has still to decrypt, while the other one takes the result.
pub(super) fn with_ciphertext<T>(work: impl FnOnce(&mut [u8]) -> T) -> T {
    lend(&CIPHERTEXT, work)
}

fn lend<T>(buffers: &'static LocalKey<SharedBuffer>, work: impl FnOnce(&mut [u8]) -> T) -> T {
    let mut buffer = buffers.take();
    if buffer.is_empty() {
        buffer = vec![0; SCRATCH_BYTES];
    }
    let result = work(&mut buffer);
    buffers.set(buffer);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_large_buffers_come_back() {
        for bytes in [0, DIRECT_RECEIVE_BYTES - 1, SPARE_BUFFER_BYTES + 1] {
            recycle(Vec::with_capacity(bytes));
            assert_eq!(spare().capacity(), 0, "{bytes}");
        }
        for _ in 0..2 * SPARE_BUFFERS {
            recycle(vec![7; DIRECT_RECEIVE_BYTES]);
        }
        let kept = std::iter::repeat_with(spare).take_while(|buffer| buffer.capacity() > 0).count();
        assert_eq!(kept, SPARE_BUFFERS);
    }
}
