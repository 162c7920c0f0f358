//! Receive buffers that all connections polled by one thread share, so that an idle connection needs none.

use std::cell::Cell;
use std::thread::LocalKey;

use crate::limits::{DIRECT_RECEIVE_BYTES, SCRATCH_BYTES, SPARE_BUFFER_BYTES, SPARE_BUFFERS};

/// A buffer that one thread lends to one reader at a time.
type SharedBuffer = Cell<Vec<u8>>;

thread_local! {
    static INPUT: SharedBuffer = const { Cell::new(Vec::new()) };
    #[cfg(feature = "tls")]
    static CIPHERTEXT: SharedBuffer = const { Cell::new(Vec::new()) };
    static SPARE: Cell<Vec<Vec<u8>>> = const { Cell::new(Vec::new()) };
}

/// Returns a buffer for a large message: a recycled one, with any contents, or an empty one.
pub fn spare() -> Vec<u8> {
    let mut spare = SPARE.take();
    let buffer = spare.pop();
    SPARE.set(spare);
    buffer.unwrap_or_default()
}

/// Takes back a buffer, which [`spare`] may return again. Small buffers, very large ones and those above the limit are
/// freed.
pub fn recycle(buffer: Vec<u8>) {
    // Fails while the thread ends; then the buffer is freed.
    let _freed = SPARE.try_with(|cell| {
        let mut spare = cell.take();
        if spare.len() < SPARE_BUFFERS && (DIRECT_RECEIVE_BYTES..=SPARE_BUFFER_BYTES).contains(&buffer.capacity()) {
            spare.push(buffer);
        }
        cell.set(spare);
    });
}

/// Lends the buffer into which transports are read. A nested call, which a stream written in a script can cause, gets a
/// buffer of its own.
pub fn with_input<T>(work: impl FnOnce(&mut [u8]) -> T) -> T {
    lend(&INPUT, work)
}

/// Lends the buffer for ciphertext that a TLS session is to decrypt; [`with_input`] lends the one for the plaintext.
#[cfg(feature = "tls")]
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
    fn a_limited_number_of_large_buffers_is_reused() {
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
