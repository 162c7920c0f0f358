//! Random bytes that no peer can predict (RFC 6455 sections 4.1 and 10.3), from a generator seeded by the system.

/// A masking key.
pub fn mask_key() -> [u8; 4] {
    rand::random()
}

/// A number from 0 up to and without 1.
pub fn fraction() -> f64 {
    rand::random()
}

/// The nonce of a client's handshake.
pub fn nonce() -> [u8; 16] {
    rand::random()
}

/// An id for a client of a room: 2 to 2^31 - 1.
pub fn peer_id() -> i32 {
    rand::random_range(2..=i32::MAX)
}
