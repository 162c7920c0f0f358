//! Random values that a peer cannot predict (RFC 6455 sections 4.1 and 10.3), from a generator seeded by the system.

/// Returns a masking key (RFC 6455 section 5.3).
pub fn mask_key() -> [u8; 4] {
    rand::random()
}

/// Returns a number from 0 (inclusive) to 1 (exclusive).
pub fn fraction() -> f64 {
    rand::random()
}

/// Returns the nonce of a client's handshake (RFC 6455 section 4.1).
pub fn nonce() -> [u8; 16] {
    rand::random()
}

/// Returns the payload of a ping. A remote peer that does not wait for the ping cannot send its pong.
pub fn ping_payload() -> [u8; 8] {
    rand::random()
}

/// Returns an id for a client of a room: 2 to 2^31 - 1.
pub fn peer_id() -> i32 {
    rand::random_range(2..=i32::MAX)
}
