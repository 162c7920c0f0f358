//! Stores received messages until the program takes them, and decides how their memory is laid out and lent.

use std::collections::VecDeque;

use crate::limits::{ARENA_MESSAGE_BYTES, QUEUE_UNUSED_BYTES};
use crate::net::receive_buffers;
use crate::peer::trace::traffic::Traffic;
use crate::proto::frame::MessageKind;
use crate::proto::growth;

/// Bytes of taken packets are removed from the front of the arena when they are at least this many and half of it.
const COMPACT_BYTES: usize = 64 * 1024;

/// The received packets. Small ones are stored back to back in one buffer, large ones in the buffer they arrived in.
#[derive(Debug, Default)]
pub struct PacketQueue {
    /// The small packets; the ones before `taken` were taken.
    arena: Vec<u8>,
    taken: usize,
    /// Most payload bytes that are queued; `None` if unknown.
    limit: Option<usize>,
    packets: VecDeque<Packet>,
    /// Payload bytes of `packets`.
    bytes: usize,
    /// Unused bytes in the buffers of the large packets.
    unused: usize,
    /// The large packet that was taken last.
    lent: Vec<u8>,
    /// The arena whose packets may be lent while more arrive, see [`Self::keep_lent`].
    kept: Vec<u8>,
    /// Everything that was added since the connection began.
    received: Traffic,
    last_kind: Option<MessageKind>,
    ended_message: bool,
}

#[derive(Debug)]
struct Packet {
    kind: MessageKind,
    len: usize,
    owned: Option<Vec<u8>>,
    is_last: bool,
}

impl PacketQueue {
    /// Returns the number of packets.
    pub fn len(&self) -> usize {
        self.packets.len()
    }

    /// Returns whether there is no packet.
    pub fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// Returns the payload bytes of all packets.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the messages and bytes that were added since the connection began.
    pub fn received(&self) -> Traffic {
        self.received
    }

    /// Returns the packets, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (MessageKind, &[u8])> {
        let mut start = self.taken;
        self.packets.iter().map(move |packet| {
            let stored = packet.owned.as_deref().unwrap_or_else(|| {
                let end = start + packet.len;
                let stored = self.arena.get(start..end).unwrap_or_default();
                start = end;
                stored
            });
            (packet.kind, stored)
        })
    }

    /// Returns the bytes of memory that the queue owns.
    pub fn capacity(&self) -> usize {
        self.arena.capacity()
            + self.lent.capacity()
            + self.kept.capacity()
            + self.packets.capacity() * size_of::<Packet>()
    }

    /// Returns the kind of the packet that was taken last.
    pub fn last_kind(&self) -> Option<MessageKind> {
        self.last_kind
    }

    /// Returns whether the packet that was taken last ended its message.
    pub fn ended_message(&self) -> bool {
        self.ended_message
    }

    /// Appends a copy of a message.
    pub fn push(&mut self, kind: MessageKind, payload: &[u8]) {
        if payload.len() > ARENA_MESSAGE_BYTES {
            return self.push_owned(kind, payload.to_vec());
        }
        if self.packets.is_empty() {
            self.arena.clear();
            self.taken = 0;
        } else if self.is_compactable(payload.len()) {
            self.arena.drain(..self.taken);
            self.taken = 0;
        }
        let most = self.limit.map_or(usize::MAX, |limit| limit.saturating_add(QUEUE_UNUSED_BYTES));
        growth::reserve(&mut self.arena, payload.len(), most);
        self.arena.extend_from_slice(payload);
        self.bytes += payload.len();
        self.received.count(payload.len(), true);
        self.packets.push_back(Packet { kind, len: payload.len(), owned: None, is_last: true });
    }

    /// Whether the bytes of taken packets are removed before `more` bytes are added.
    fn is_compactable(&self, more: usize) -> bool {
        let is_exhausted = self.arena.len() + more > self.arena.capacity();
        (self.taken >= COMPACT_BYTES && self.taken * 2 >= self.arena.len())
            || (self.taken >= QUEUE_UNUSED_BYTES && is_exhausted)
    }

    /// Sets how many payload bytes the owner queues at most, beyond which no memory is reserved in advance.
    pub fn set_limit(&mut self, bytes: usize) {
        self.limit = Some(bytes);
    }

    /// Appends a message in its own buffer.
    pub fn push_owned(&mut self, kind: MessageKind, payload: Vec<u8>) {
        self.push_piece(kind, payload, true);
    }

    /// Appends a piece of a message; `is_last` ends it.
    pub fn push_piece(&mut self, kind: MessageKind, mut piece: Vec<u8>, is_last: bool) {
        if self.unused + unused(&piece) > QUEUE_UNUSED_BYTES {
            piece.shrink_to_fit();
        }
        self.unused += unused(&piece);
        self.bytes += piece.len();
        self.received.count(piece.len(), is_last);
        self.packets.push_back(Packet { kind, len: piece.len(), owned: Some(piece), is_last });
    }

    /// Takes the oldest packet and lends it until the queue is changed again.
    pub fn pop(&mut self) -> Option<&[u8]> {
        let packet = self.take_first()?;
        match packet.owned {
            Some(payload) => {
                receive_buffers::recycle(std::mem::replace(&mut self.lent, payload));
                Some(&self.lent)
            }
            None => {
                let start = self.taken;
                self.taken += packet.len;
                self.arena.get(start..self.taken)
            }
        }
    }

    /// Takes the oldest packet into a buffer of the caller, which a large packet replaces by its own. Returns whether
    /// there was one.
    pub fn pop_to(&mut self, buffer: &mut Vec<u8>) -> bool {
        let Some(packet) = self.take_first() else { return false };
        match packet.owned {
            Some(payload) => receive_buffers::recycle(std::mem::replace(buffer, payload)),
            None => {
                let start = self.taken;
                self.taken += packet.len;
                buffer.clear();
                buffer.extend_from_slice(self.arena.get(start..self.taken).unwrap_or_default());
            }
        }
        true
    }

    /// Keeps the lent packet in place while more messages are added, until the next packet is taken. For messages that
    /// arrive in a call which does not end the loan.
    pub fn keep_lent(&mut self) {
        let untaken = self.arena.get(self.taken..).unwrap_or_default().to_vec();
        self.kept = std::mem::replace(&mut self.arena, untaken);
        self.taken = 0;
    }

    fn take_first(&mut self) -> Option<Packet> {
        let packet = self.packets.pop_front()?;
        self.kept = Vec::new();
        self.bytes -= packet.len;
        self.unused -= packet.owned.as_ref().map_or(0, unused);
        self.last_kind = Some(packet.kind);
        self.ended_message = packet.is_last;
        Some(packet)
    }

    /// Frees the memory if there is no packet.
    pub fn release(&mut self) {
        if self.is_empty() {
            let Self { received, last_kind, ended_message, .. } = *self;
            receive_buffers::recycle(std::mem::take(&mut self.lent));
            *self = Self { received, last_kind, ended_message, ..Self::default() };
        }
    }

    /// Forgets everything, for a new connection.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

fn unused(buffer: &Vec<u8>) -> usize {
    buffer.capacity() - buffer.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_of_all_sizes_are_returned_in_order() {
        let mut queue = PacketQueue::default();
        let sizes = [0, 1, ARENA_MESSAGE_BYTES, ARENA_MESSAGE_BYTES + 1, 5, 0, 300_000, 7];
        for round in 0..20u8 {
            for (index, size) in sizes.iter().enumerate() {
                queue.push(MessageKind::Binary, &vec![round ^ index as u8; *size]);
            }
            assert_eq!(queue.bytes(), sizes.iter().sum::<usize>());
            let waiting: Vec<_> = queue.iter().map(|(_, payload)| payload.to_vec()).collect();
            assert_eq!(waiting.iter().map(Vec::len).collect::<Vec<_>>(), sizes);
            assert_eq!(waiting[4], vec![round ^ 4; 5]);
            for (index, size) in sizes.iter().enumerate() {
                assert_eq!(queue.pop().unwrap(), vec![round ^ index as u8; *size]);
            }
            assert_eq!((queue.len(), queue.bytes()), (0, 0));
            assert!(queue.pop().is_none());
        }
    }

    #[test]
    fn a_large_packet_is_passed_on_in_its_buffer_and_a_small_one_is_copied() {
        let mut queue = PacketQueue::default();
        let mut buffer = b"previous content".to_vec();
        queue.push(MessageKind::Text, b"small");
        queue.push(MessageKind::Binary, &[7; ARENA_MESSAGE_BYTES + 1]);
        queue.push(MessageKind::Text, b"");
        let large = queue.iter().nth(1).map(|(_, payload)| payload.as_ptr());
        assert!(queue.pop_to(&mut buffer));
        assert_eq!((&buffer[..], queue.last_kind()), (&b"small"[..], Some(MessageKind::Text)));
        assert!(queue.pop_to(&mut buffer));
        assert_eq!((buffer.len(), Some(buffer.as_ptr())), (ARENA_MESSAGE_BYTES + 1, large));
        assert!(queue.pop_to(&mut buffer));
        assert!(buffer.is_empty());
        assert!(!queue.pop_to(&mut buffer));
        assert_eq!(queue.bytes(), 0);
    }

    #[test]
    fn a_lent_packet_stays_in_place_while_more_are_added() {
        let mut queue = PacketQueue::default();
        queue.push(MessageKind::Text, b"lent");
        queue.push(MessageKind::Text, b"waits");
        let lent = queue.pop().unwrap().as_ptr();
        queue.keep_lent();
        for _ in 0..1000 {
            queue.push(MessageKind::Binary, &[1; 100]);
        }
        assert_eq!((queue.kept.as_ptr(), &queue.kept[..4]), (lent, &b"lent"[..]));
        assert_eq!(queue.pop().unwrap(), b"waits");
        assert_eq!(queue.kept.capacity(), 0);
        assert_eq!(queue.pop().unwrap(), [1; 100]);
        assert_eq!(queue.len(), 999);
    }

    #[test]
    fn memory_stays_small_while_the_queue_is_never_empty() {
        let mut queue = PacketQueue::default();
        for i in 0..100_000u32 {
            queue.push(MessageKind::Text, &i.to_le_bytes());
            if i >= 10 {
                assert_eq!(queue.pop().unwrap(), (i - 10).to_le_bytes());
            }
        }
        assert!(queue.arena.capacity() < 4 * COMPACT_BYTES);
    }

    #[test]
    fn an_empty_queue_frees_its_memory() {
        let mut queue = PacketQueue::default();
        queue.push(MessageKind::Text, b"x");
        queue.pop();
        queue.release();
        assert_eq!(queue.arena.capacity(), 0);
        assert_eq!(queue.last_kind(), Some(MessageKind::Text));
    }
}
