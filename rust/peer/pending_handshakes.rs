//! Decides how many connections of one listener may be in the handshake, and which one makes room for a new one.
//!
//! Server objects and rooms have the same rule. A connection is silent until its request is complete. The oldest
//! silent one had the most time, so it makes room: first among those of the new connection's address, if that address
//! has its share, then among all. So silent connections, however many, keep no player out, and one address that opens
//! many cannot drop those of others before it has used its own share. Players in one house or on one machine share an
//! address, so the share is large.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, Ipv6Addr};

use crate::limits::{PENDING_HANDSHAKES, PENDING_HANDSHAKES_PER_ADDRESS};

/// The connections of a listener whose handshake is under way, by their arrival.
#[derive(Debug, Default)]
pub(in crate::peer) struct PendingHandshakes {
    pending: BTreeMap<u64, Pending>,
    arrivals_by_id: HashMap<i32, u64>,
    addresses: HashMap<IpAddr, Share>,
    silent: BTreeSet<u64>,
    last_arrival: u64,
    /// Connections up to this arrival were polled since, so that silence is theirs and not this program's.
    polled: u64,
}

#[derive(Debug)]
struct Pending {
    id: i32,
    address: IpAddr,
}

/// The connections of one address.
#[derive(Debug, Default)]
struct Share {
    count: usize,
    silent: BTreeSet<u64>,
}

/// Whether a new connection may begin its handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::peer) enum HandshakeRoom {
    /// It may.
    Free,
    /// It may after the connection with this id was dropped, for this reason.
    Replaces(i32, String),
    /// It may not, because all requests wait for the program's decision.
    None,
}

impl PendingHandshakes {
    /// Returns what a connection from `remote` needs.
    pub fn room_for(&self, remote: IpAddr) -> HandshakeRoom {
        let address = block(remote);
        let share = self.addresses.get(&address);
        let (silent, reason) = match share {
            Some(share) if share.count >= PENDING_HANDSHAKES_PER_ADDRESS => {
                (&share.silent, format!("{PENDING_HANDSHAKES_PER_ADDRESS} handshakes of {address} are under way"))
            }
            _ if self.pending.len() >= PENDING_HANDSHAKES => {
                (&self.silent, format!("{PENDING_HANDSHAKES} handshakes are under way"))
            }
            _ => return HandshakeRoom::Free,
        };
        self.oldest(silent).map_or(HandshakeRoom::None, |id| HandshakeRoom::Replaces(id, reason))
    }

    /// Returns the silent connection that is dropped if the process needs a descriptor.
    pub fn oldest_silent(&self) -> Option<i32> {
        self.oldest(&self.silent)
    }

    fn oldest(&self, silent: &BTreeSet<u64>) -> Option<i32> {
        let arrival = silent.first().filter(|arrival| **arrival <= self.polled)?;
        self.pending.get(arrival).map(|pending| pending.id)
    }

    /// Adds a connection. Returns its arrival, a number from 1.
    pub fn add(&mut self, id: i32, remote: IpAddr) -> u64 {
        let address = block(remote);
        self.last_arrival += 1;
        let arrival = self.last_arrival;
        self.pending.insert(arrival, Pending { id, address });
        self.arrivals_by_id.insert(id, arrival);
        self.silent.insert(arrival);
        let share = self.addresses.entry(address).or_default();
        share.count += 1;
        share.silent.insert(arrival);
        arrival
    }

    /// Notes that the request of a connection is complete.
    pub fn request_arrived(&mut self, arrival: u64) {
        if self.silent.remove(&arrival)
            && let Some(pending) = self.pending.get(&arrival)
            && let Some(share) = self.addresses.get_mut(&pending.address)
        {
            share.silent.remove(&arrival);
        }
    }

    /// Returns the ids of all connections, in the order of their arrival.
    pub fn ids(&self) -> Vec<i32> {
        self.pending.values().map(|pending| pending.id).collect()
    }

    /// Notes that every connection was polled. Returns the arrival of the next one.
    pub fn all_polled(&mut self) -> u64 {
        self.polled = self.last_arrival;
        self.last_arrival + 1
    }

    /// Removes a connection, whose handshake is complete or has failed.
    pub fn remove(&mut self, arrival: u64) {
        self.request_arrived(arrival);
        let Some(Pending { id, address }) = self.pending.remove(&arrival) else { return };
        self.arrivals_by_id.remove(&id);
        if let Some(share) = self.addresses.get_mut(&address) {
            share.count -= 1;
            if share.count == 0 {
                self.addresses.remove(&address);
            }
        }
    }

    /// Removes all connections.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Returns the number of connections.
    pub fn len(&self) -> usize {
        self.pending.len()
    }

    /// Returns the arrival of the connection with an id.
    pub fn arrival_of(&self, id: i32) -> Option<u64> {
        self.arrivals_by_id.get(&id).copied()
    }
}

/// The addresses that count as one: of IPv6, the /64 network that one customer has.
fn block(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    /// Adds `count` connections from an address, with ids from `first`.
    fn fill(handshakes: &mut PendingHandshakes, last: u8, first: i32, count: usize) {
        for id in first..first + i32::try_from(count).unwrap() {
            assert_eq!(handshakes.room_for(address(last)), HandshakeRoom::Free);
            handshakes.add(id, address(last));
        }
        handshakes.all_polled();
    }

    fn replaced(handshakes: &PendingHandshakes, remote: IpAddr) -> Option<i32> {
        match handshakes.room_for(remote) {
            HandshakeRoom::Replaces(id, _) => Some(id),
            HandshakeRoom::Free | HandshakeRoom::None => None,
        }
    }

    #[test]
    fn an_address_with_its_share_drops_its_own_oldest_silent_connection() {
        let mut handshakes = PendingHandshakes::default();
        fill(&mut handshakes, 1, 10, 2);
        fill(&mut handshakes, 2, 100, PENDING_HANDSHAKES_PER_ADDRESS);
        assert_eq!(replaced(&handshakes, address(2)), Some(100));
        assert_eq!(handshakes.room_for(address(1)), HandshakeRoom::Free);
        handshakes.request_arrived(handshakes.arrival_of(100).unwrap());
        assert_eq!(replaced(&handshakes, address(2)), Some(101));
        handshakes.remove(handshakes.arrival_of(101).unwrap());
        assert_eq!(handshakes.room_for(address(2)), HandshakeRoom::Free);
    }

    #[test]
    fn many_addresses_drop_the_oldest_silent_connection_of_all() {
        let mut handshakes = PendingHandshakes::default();
        let shares = PENDING_HANDSHAKES / PENDING_HANDSHAKES_PER_ADDRESS;
        for share in 0..shares {
            let first = i32::try_from(share * PENDING_HANDSHAKES_PER_ADDRESS).unwrap() + 2;
            fill(&mut handshakes, u8::try_from(share).unwrap(), first, PENDING_HANDSHAKES_PER_ADDRESS);
        }
        assert_eq!((handshakes.len(), replaced(&handshakes, address(200))), (PENDING_HANDSHAKES, Some(2)));
        for arrival in 1..=handshakes.last_arrival {
            handshakes.request_arrived(arrival);
        }
        assert_eq!(handshakes.room_for(address(200)), HandshakeRoom::None);
    }

    #[test]
    fn a_connection_that_was_not_polled_yet_is_not_silent() {
        let mut handshakes = PendingHandshakes::default();
        handshakes.add(5, address(1));
        assert_eq!(handshakes.oldest_silent(), None);
        handshakes.all_polled();
        assert_eq!(handshakes.oldest_silent(), Some(5));
    }

    #[test]
    fn the_addresses_of_an_ipv6_network_share() {
        let block_of = |text: &str| block(text.parse().unwrap());
        assert_eq!(block_of("2001:db8::1"), block_of("2001:db8::ffff:1"));
        assert_ne!(block_of("2001:db8:0:1::1"), block_of("2001:db8:0:2::1"));
        assert_eq!(block_of("::ffff:192.0.2.1"), address(1));
    }

    #[test]
    fn removing_leaves_nothing() {
        let mut handshakes = PendingHandshakes::default();
        fill(&mut handshakes, 1, 2, 3);
        for arrival in 1..=3 {
            handshakes.remove(arrival);
            handshakes.remove(arrival);
        }
        assert_eq!((handshakes.len(), handshakes.addresses.len(), handshakes.silent.len()), (0, 0, 0));
        assert_eq!(handshakes.arrival_of(2), None);
    }
}
