//! Random values that a peer cannot predict (RFC 6455 sections 4.1 and 10.3), from a generator per thread that the
//! system seeds. The child of a `fork()` seeds its copy again before it draws.

use std::cell::Cell;

use rand::RngExt as _;
use rand::rngs::ThreadRng;

use super::process;

/// Returns a masking key (RFC 6455 section 5.3).
pub fn mask_key() -> [u8; 4] {
    generator().random()
}

/// Returns a number from 0 (inclusive) to 1 (exclusive).
pub fn fraction() -> f64 {
    generator().random()
}

/// Returns the nonce of a client's handshake (RFC 6455 section 4.1).
pub fn nonce() -> [u8; 16] {
    generator().random()
}

/// Returns a secret from which ids are derived.
pub fn secret() -> u64 {
    generator().random()
}

/// Returns the payload of a ping. A remote peer that does not wait for the ping cannot send its pong.
pub fn ping_payload() -> [u8; 8] {
    generator().random()
}

/// Returns an id for a client of a room: 2 to 2^31 - 1.
pub fn peer_id() -> i32 {
    generator().random_range(2..=i32::MAX)
}

/// Returns this thread's generator. Without new seeds a forked child would repeat its parent's masking keys, from which
/// a proxy could be attacked (RFC 6455 section 10.3).
fn generator() -> ThreadRng {
    thread_local! {
        static SEEDED_IN: Cell<Option<u64>> = const { Cell::new(None) };
    }
    let mut generator = rand::rng();
    let generation = process::generation();
    // The system fails only if it has no generator at all; the next draw tries again.
    if SEEDED_IN.get() != Some(generation) && generator.reseed().is_ok() {
        SEEDED_IN.set(Some(generation));
    }
    generator
}
