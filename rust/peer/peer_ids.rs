//! Ids of peers: which are reserved, which ones a target addresses, and how a server object chooses them.

use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

use crate::net::random;

/// Id of the server (Godot's `MultiplayerPeer.TARGET_PEER_SERVER`).
pub const SERVER_ID: i32 = 1;

/// Target of packets for all peers (Godot's `MultiplayerPeer.TARGET_PEER_BROADCAST`).
pub const BROADCAST: i32 = 0;

/// Whether a packet to `target` is for the peer `id`: [`BROADCAST`] addresses all peers, a positive target one peer,
/// and a negative one all peers but `-target`.
pub(super) fn is_addressed(target: i32, id: i32) -> bool {
    match target {
        BROADCAST => true,
        1.. => target == id,
        _ => target.checked_neg() != Some(id),
    }
}

/// Chooses ids from 2 to 2147483647 that cannot be guessed and come back only after all others. They are a keyed
/// permutation of a counter: a Feistel network over 32 bits whose round function is the standard library's keyed hash.
/// So no list of used ids is needed to be sure that an id which a program still holds does not name another peer.
#[derive(Debug)]
pub(super) struct PeerIds {
    next: u32,
    key: RandomState,
    /// Differs in the child of a `fork()`, in which the standard library's keys continue as in the parent.
    salt: u64,
}

const ROUNDS: u8 = 6;

impl Default for PeerIds {
    fn default() -> Self {
        Self { next: 0, key: RandomState::new(), salt: random::secret() }
    }
}

impl PeerIds {
    /// Chooses the next id for which `is_taken` is false.
    pub fn next(&mut self, is_taken: impl Fn(i32) -> bool) -> i32 {
        loop {
            self.next = self.next.wrapping_add(1);
            // Half of all numbers have the top bit set; 0 and 1 are reserved. Those are skipped.
            if let Ok(id) = i32::try_from(self.permuted(self.next))
                && id > SERVER_ID
                && !is_taken(id)
            {
                return id;
            }
        }
    }

    fn permuted(&self, number: u32) -> u32 {
        let (mut left, mut right) = ((number >> 16) as u16, number as u16);
        for round in 0..ROUNDS {
            (left, right) = (right, left ^ self.key.hash_one((self.salt, round, right)) as u16);
        }
        u32::from(left) << 16 | u32::from(right)
    }
}

/// Hashes ids that no remote peer chooses: those made here, and the engine's instance ids. A hash that resists chosen
/// keys would only be slower.
#[derive(Debug, Default)]
pub struct IdHasher(u64);

/// Builds hashers for maps with such keys.
pub type BuildIdHasher = BuildHasherDefault<IdHasher>;

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_i32(&mut self, id: i32) {
        self.write_i64(i64::from(id));
    }

    fn write_i64(&mut self, id: i64) {
        self.0 = id.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_not_repeated() {
        let mut ids = PeerIds::default();
        let mut seen = HashSet::new();
        for _ in 0..300_000 {
            let id = ids.next(|_| false);
            assert!(id >= 2 && seen.insert(id));
        }
        assert!(
            seen.iter().any(|id| *id > 1 << 30) && seen.iter().any(|id| *id < 1 << 29),
            "ids are spread over the range"
        );
    }

    #[test]
    fn two_servers_choose_different_ids_and_skip_taken_ones() {
        let (mut a, mut b) = (PeerIds::default(), PeerIds::default());
        let first: Vec<i32> = (0..8).map(|_| a.next(|_| false)).collect();
        assert_ne!(first, (0..8).map(|_| b.next(|_| false)).collect::<Vec<_>>());
        a.next = 0;
        assert!(!first.contains(&a.next(|id| first.contains(&id))));
    }

    #[test]
    fn a_target_is_one_peer_all_peers_or_all_but_one() {
        assert!(is_addressed(0, 1) && is_addressed(0, 9));
        assert!(is_addressed(9, 9) && !is_addressed(9, 1));
        assert!(is_addressed(-9, 1) && !is_addressed(-9, 9) && !is_addressed(-1, 1));
        assert!(is_addressed(i32::MIN, 5));
    }
}
