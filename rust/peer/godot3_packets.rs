//! The packets of Godot 3's multiplayer mode (`gd_mp_api`), on the wire and between their arrival and the program.
//!
//! Each is one binary message: type, sender and target in nine bytes (little-endian), then the payload.

use std::collections::VecDeque;

use crate::error::{Error, ErrorCode, Result};
use crate::peer::peer_ids::{BROADCAST, SERVER_ID};

/// Bytes before the payload: type, sender, target.
const HEADER_BYTES: usize = 9;

const PAYLOAD: u8 = 0;
const ADD_PEER: u8 = 1;
const REMOVE_PEER: u8 = 2;
const OWN_ID: u8 = 3;

/// A packet of multiplayer mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Godot3Packet<'a> {
    /// A program's packet.
    Payload { from: i32, to: i32, data: &'a [u8] },
    /// The server introduces a peer, or itself.
    AddPeer(i32),
    /// The server reports that a peer is disconnected.
    RemovePeer(i32),
    /// The server assigns the receiver its id.
    OwnId(i32),
}

impl<'a> Godot3Packet<'a> {
    /// Reads a message. Returns `None` if it is too short or of an unknown type; such messages are skipped.
    pub fn parse(message: &'a [u8]) -> Option<Self> {
        let (&kind, rest) = message.split_first()?;
        let (from, rest) = read_id(rest)?;
        let (to, data) = read_id(rest)?;
        match kind {
            PAYLOAD => Some(Self::Payload { from, to, data }),
            ADD_PEER => Some(Self::AddPeer(read_id(data)?.0)),
            REMOVE_PEER => Some(Self::RemovePeer(read_id(data)?.0)),
            OWN_ID => Some(Self::OwnId(read_id(data)?.0)),
            _ => None,
        }
    }

    /// Writes the message.
    pub fn encode(self) -> Vec<u8> {
        match self {
            Self::Payload { from, to, data } => encode(PAYLOAD, from, to, data),
            Self::AddPeer(id) => encode(ADD_PEER, SERVER_ID, BROADCAST, &id.to_le_bytes()),
            Self::RemovePeer(id) => encode(REMOVE_PEER, SERVER_ID, BROADCAST, &id.to_le_bytes()),
            Self::OwnId(id) => encode(OWN_ID, SERVER_ID, BROADCAST, &id.to_le_bytes()),
        }
    }
}

fn read_id(bytes: &[u8]) -> Option<(i32, &[u8])> {
    let (id, rest) = bytes.split_first_chunk::<4>()?;
    Some((i32::from_le_bytes(*id), rest))
}

fn encode(kind: u8, from: i32, to: i32, data: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(HEADER_BYTES + data.len());
    message.push(kind);
    message.extend_from_slice(&from.to_le_bytes());
    message.extend_from_slice(&to.to_le_bytes());
    message.extend_from_slice(data);
    message
}

/// Longest payload of a packet under an `outbound_buffer_size`, of which 0 is no limit.
pub(super) fn max_payload(outbound_buffer_size: usize) -> usize {
    match outbound_buffer_size {
        0 => usize::MAX,
        limit => limit.saturating_sub(HEADER_BYTES),
    }
}

/// Refuses packets in plain mode.
pub(super) fn check_mode(is_multiplayer: bool) -> Result {
    if is_multiplayer {
        return Ok(());
    }
    let message = "put_packet() of the object itself needs multiplayer mode (gd_mp_api); send to a peer instead";
    Err(Error::new(ErrorCode::Unconfigured, message))
}

/// Packets for this program, in the order of their arrival.
#[derive(Debug, Default)]
pub(super) struct ReceivedPackets {
    packets: VecDeque<(i32, Vec<u8>)>,
    /// Packets whose event was delivered: the program may take them.
    readable: usize,
    lent: Vec<u8>,
}

impl ReceivedPackets {
    /// Appends a copy of a packet.
    pub fn push(&mut self, source: i32, data: &[u8]) {
        self.packets.push_back((source, data.to_vec()));
    }

    /// Makes the next packet readable, as its event is delivered. Returns `false` if there is none.
    pub fn deliver(&mut self) -> bool {
        let has_next = self.readable < self.packets.len();
        self.readable += usize::from(has_next);
        has_next
    }

    /// Number of packets that can be taken.
    pub fn readable(&self) -> usize {
        self.readable
    }

    /// Sender of the packet that [`Self::take`] returns next.
    pub fn next_source(&self) -> Option<i32> {
        self.packets.front().filter(|_| self.readable > 0).map(|(source, _)| *source)
    }

    /// Bytes of the packet that [`Self::take`] returns next.
    pub fn next_len(&self) -> usize {
        self.packets.front().map_or(0, |(_, data)| data.len())
    }

    /// Takes the next packet, with its sender; it is lent until the next is taken.
    pub fn take(&mut self) -> Result<(i32, &[u8])> {
        let first = if self.readable > 0 { self.packets.pop_front() } else { None };
        let (source, data) = first.ok_or_else(|| Error::new(ErrorCode::Unavailable, "no packet is waiting"))?;
        self.readable -= 1;
        self.lent = data;
        Ok((source, &self.lent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_bytes_that_godot_3_writes() {
        assert_eq!(
            Godot3Packet::OwnId(1_234_567).encode(),
            [3, 1, 0, 0, 0, 0, 0, 0, 0, 0x87, 0xd6, 0x12, 0],
            "recorded from Godot 3"
        );
        assert_eq!(Godot3Packet::AddPeer(2).encode(), [1, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0]);
        assert_eq!(Godot3Packet::RemovePeer(2).encode(), [2, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0]);
        let payload = Godot3Packet::Payload { from: 7, to: -1, data: b"x" };
        assert_eq!(payload.encode(), [0, 7, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, b'x']);
        assert_eq!(Godot3Packet::parse(&payload.encode()), Some(payload));
    }

    #[test]
    fn skips_short_messages_and_unknown_types() {
        for length in 0..HEADER_BYTES {
            assert_eq!(Godot3Packet::parse(&[0; HEADER_BYTES][..length]), None);
        }
        let empty = Godot3Packet::Payload { from: 0, to: 0, data: b"" };
        assert_eq!(Godot3Packet::parse(&[0; HEADER_BYTES]), Some(empty));
        for kind in [1, 2, 3] {
            assert_eq!(Godot3Packet::parse(&[&[kind][..], &[0; 11]].concat()), None);
        }
        assert_eq!(Godot3Packet::parse(&[4; 13]), None);
    }

    #[test]
    fn a_packet_is_readable_from_the_delivery_of_its_event_on() {
        let mut packets = ReceivedPackets::default();
        packets.push(5, b"a");
        packets.push(7, b"b");
        assert_eq!((packets.next_source(), packets.take().is_err()), (None, true));
        assert!(packets.deliver());
        assert_eq!((packets.readable(), packets.next_source()), (1, Some(5)));
        assert_eq!(packets.take(), Ok((5, b"a".as_slice())));
        assert!(packets.take().is_err() && packets.deliver() && !packets.deliver());
        assert_eq!(packets.take(), Ok((7, b"b".as_slice())));
    }
}
