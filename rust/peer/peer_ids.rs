//! Ids of a server's peers.

use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

/// Ids from 2 to 2147483647 that no one can guess and that come back only after all others: a keyed permutation of a counter
/// (a Feistel network over 32 bits whose round function is the standard library's keyed hash), so that no list of used ids is
/// needed to be sure that a number which somebody still holds never names another peer.
#[derive(Debug)]
pub(super) struct PeerIds {
    next: u32,
    key: RandomState,
}

const ROUNDS: u8 = 6;

impl Default for PeerIds {
    fn default() -> Self {
        Self { next: 0, key: RandomState::new() }
    }
}

impl PeerIds {
    /// The next id for which `is_taken` is false.
    pub fn next(&mut self, is_taken: impl Fn(i32) -> bool) -> i32 {
        loop {
            self.next = self.next.wrapping_add(1);
            // Half of all numbers have the top bit, 0 and 1 mean everybody and the server: those are passed over.
            if let Ok(id) = i32::try_from(self.permuted(self.next))
                && id >= 2
                && !is_taken(id)
            {
                return id;
            }
        }
    }

    fn permuted(&self, number: u32) -> u32 {
        let (mut left, mut right) = ((number >> 16) as u16, number as u16);
        for round in 0..ROUNDS {
            (left, right) = (right, left ^ self.key.hash_one((round, right)) as u16);
        }
        u32::from(left) << 16 | u32::from(right)
    }
}

/// Hashes numbers that nobody from outside chooses: ids made here, and the engine's instance ids.
#[derive(Debug, Default)]
pub struct IdHasher(u64);

/// For maps with such keys.
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
    fn no_id_comes_twice() {
        let mut ids = PeerIds::default();
        let mut seen = HashSet::new();
        for _ in 0..300_000 {
            let id = ids.next(|_| false);
            assert!(id >= 2 && seen.insert(id));
        }
        assert!(seen.iter().any(|id| *id > 1 << 30) && seen.iter().any(|id| *id < 1 << 29), "they are spread");
    }

    #[test]
    fn two_servers_give_different_ids_and_taken_ones_are_passed_over() {
        let (mut a, mut b) = (PeerIds::default(), PeerIds::default());
        let first: Vec<i32> = (0..8).map(|_| a.next(|_| false)).collect();
        assert_ne!(first, (0..8).map(|_| b.next(|_| false)).collect::<Vec<_>>());
        a.next = 0;
        assert!(!first.contains(&a.next(|id| first.contains(&id))));
    }
}
