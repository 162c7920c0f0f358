//! The packets of Godot 3's `gd_mp_api` mode: one binary message each, a header of nine bytes in little-endian order.

use std::collections::VecDeque;

/// Id of the server.
pub const SERVER: i32 = 1;

/// Bytes before the payload: type, sender, target.
pub(super) const HEADER: usize = 9;

const PAYLOAD: u8 = 0;
const ADD: u8 = 1;
const DEL: u8 = 2;
const ID: u8 = 3;

/// A packet that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packet<'a> {
    /// A program's packet.
    Payload { from: i32, to: i32, data: &'a [u8] },
    /// The server says who is there.
    Add(i32),
    /// The server says who is gone.
    Remove(i32),
    /// The server says who the receiver is.
    Id(i32),
}

impl<'a> Packet<'a> {
    /// Reads a message; `None` for what is too short or of an unknown type, which is passed over.
    pub fn parse(message: &'a [u8]) -> Option<Self> {
        let (&kind, rest) = message.split_first()?;
        let (from, rest) = number(rest)?;
        let (to, data) = number(rest)?;
        match kind {
            PAYLOAD => Some(Self::Payload { from, to, data }),
            ADD => Some(Self::Add(number(data)?.0)),
            DEL => Some(Self::Remove(number(data)?.0)),
            ID => Some(Self::Id(number(data)?.0)),
            _ => None,
        }
    }

    /// The message on the wire.
    pub fn encode(self) -> Vec<u8> {
        match self {
            Self::Payload { from, to, data } => encoded(PAYLOAD, from, to, data),
            Self::Add(id) => encoded(ADD, SERVER, 0, &id.to_le_bytes()),
            Self::Remove(id) => encoded(DEL, SERVER, 0, &id.to_le_bytes()),
            Self::Id(id) => encoded(ID, SERVER, 0, &id.to_le_bytes()),
        }
    }
}

fn number(bytes: &[u8]) -> Option<(i32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    Some((i32::from_le_bytes(*number), rest))
}

fn encoded(kind: u8, from: i32, to: i32, data: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(HEADER + data.len());
    message.push(kind);
    message.extend_from_slice(&from.to_le_bytes());
    message.extend_from_slice(&to.to_le_bytes());
    message.extend_from_slice(data);
    message
}

/// Whether a packet to `target` is for `id`: 0 is everybody, a negative number everybody else.
pub(super) fn addresses(target: i32, id: i32) -> bool {
    match target {
        0 => true,
        1.. => target == id,
        _ => target.checked_neg() != Some(id),
    }
}

/// Packets for this end, in the order they came.
#[derive(Debug, Default)]
pub(super) struct PacketList {
    packets: VecDeque<(i32, Vec<u8>)>,
    /// Packets whose event was taken.
    visible: usize,
    lent: Vec<u8>,
}

impl PacketList {
    pub fn push(&mut self, from: i32, data: &[u8]) {
        self.packets.push_back((from, data.to_vec()));
    }

    /// The event of the next packet was taken: the program may read it.
    pub fn show(&mut self) -> Option<i32> {
        let from = self.packets.get(self.visible)?.0;
        self.visible += 1;
        Some(from)
    }

    pub fn len(&self) -> usize {
        self.visible
    }

    /// Who sent the packet that is read next.
    pub fn source(&self) -> Option<i32> {
        self.packets.front().filter(|_| self.visible > 0).map(|(from, _)| *from)
    }

    /// Bytes of the packet that is read next.
    pub fn next_len(&self) -> usize {
        self.packets.front().map_or(0, |(_, data)| data.len())
    }

    /// Takes the next packet and lends it.
    pub fn pop(&mut self) -> Option<(i32, &[u8])> {
        if self.visible == 0 {
            return None;
        }
        let (from, data) = self.packets.pop_front()?;
        self.visible -= 1;
        self.lent = data;
        Some((from, &self.lent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_bytes_that_godot_3_writes() {
        assert_eq!(
            Packet::Id(1_234_567).encode(),
            [3, 1, 0, 0, 0, 0, 0, 0, 0, 0x87, 0xd6, 0x12, 0],
            "the example of the measurement"
        );
        assert_eq!(Packet::Add(2).encode(), [1, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0]);
        assert_eq!(Packet::Remove(2).encode(), [2, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0]);
        let payload = Packet::Payload { from: 7, to: -1, data: b"x" };
        assert_eq!(payload.encode(), [0, 7, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, b'x']);
        assert_eq!(Packet::parse(&payload.encode()), Some(payload));
    }

    #[test]
    fn passes_over_what_is_too_short_or_unknown() {
        for length in 0..HEADER {
            assert_eq!(Packet::parse(&[0; HEADER][..length]), None);
        }
        assert_eq!(Packet::parse(&[0; HEADER]), Some(Packet::Payload { from: 0, to: 0, data: b"" }));
        for kind in [1, 2, 3] {
            assert_eq!(Packet::parse(&[&[kind][..], &[0; 11]].concat()), None);
        }
        assert_eq!(Packet::parse(&[4; 13]), None);
    }

    #[test]
    fn targets_are_one_all_or_all_but_one() {
        assert!(addresses(0, 1) && addresses(0, 9));
        assert!(addresses(9, 9) && !addresses(9, 1));
        assert!(addresses(-9, 1) && !addresses(-9, 9) && !addresses(-1, 1));
        assert!(addresses(i32::MIN, 5));
    }
}
