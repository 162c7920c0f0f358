//! Received messages that the program has not read yet.

use std::collections::VecDeque;

use crate::limits::ARENA_MESSAGE_BYTES;
use crate::net::receive_buffers;
use crate::peer::trace::Traffic;
use crate::proto::frame::MessageKind;

/// Read bytes are cut off the front of the arena when they are at least this many and half of it.
const COMPACT_BYTES: usize = 64 * 1024;

/// The queue. Small messages lie back to back in one buffer, large ones in the buffer they arrived in.
#[derive(Debug, Default)]
pub struct PacketQueue {
    arena: Vec<u8>,
    read: usize,
    packets: VecDeque<Packet>,
    bytes: usize,
    lent: Vec<u8>,
    /// See [`Self::keep_lent`].
    kept: Vec<u8>,
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
    /// Messages that wait.
    pub fn len(&self) -> usize {
        self.packets.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// Payload bytes that wait.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Everything that was put in since the connection began.
    pub fn received(&self) -> Traffic {
        self.received
    }

    /// The packets that wait, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (MessageKind, &[u8])> {
        let mut start = self.read;
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

    /// Bytes of memory the queue owns.
    pub fn capacity(&self) -> usize {
        self.arena.capacity()
            + self.lent.capacity()
            + self.kept.capacity()
            + self.packets.capacity() * size_of::<Packet>()
    }

    /// Kind of the message that was read last.
    pub fn last_kind(&self) -> Option<MessageKind> {
        self.last_kind
    }

    /// Whether the packet that was read last ended its message.
    pub fn ended_message(&self) -> bool {
        self.ended_message
    }

    /// Appends a copy.
    pub fn push(&mut self, kind: MessageKind, payload: &[u8]) {
        if payload.len() > ARENA_MESSAGE_BYTES {
            return self.push_owned(kind, payload.to_vec());
        }
        if self.packets.is_empty() {
            self.arena.clear();
            self.read = 0;
        } else if self.read >= COMPACT_BYTES && self.read * 2 >= self.arena.len() {
            self.arena.drain(..self.read);
            self.read = 0;
        }
        self.arena.extend_from_slice(payload);
        self.bytes += payload.len();
        self.received.count(payload.len(), true);
        self.packets.push_back(Packet { kind, len: payload.len(), owned: None, is_last: true });
    }

    /// Appends a message in its own buffer.
    pub fn push_owned(&mut self, kind: MessageKind, payload: Vec<u8>) {
        self.push_piece(kind, payload, true);
    }

    /// Appends a piece of a message; `is_last` ends it.
    pub fn push_piece(&mut self, kind: MessageKind, piece: Vec<u8>, is_last: bool) {
        self.bytes += piece.len();
        self.received.count(piece.len(), is_last);
        self.packets.push_back(Packet { kind, len: piece.len(), owned: Some(piece), is_last });
    }

    /// Removes the oldest message and lends it until the queue is next changed.
    pub fn pop(&mut self) -> Option<&[u8]> {
        let packet = self.take_first()?;
        match packet.owned {
            Some(payload) => {
                receive_buffers::recycle(std::mem::replace(&mut self.lent, payload));
                Some(&self.lent)
            }
            None => {
                let start = self.read;
                self.read += packet.len;
                self.arena.get(start..self.read)
            }
        }
    }

    /// [`Self::pop`], to a buffer of the caller's, which a large message replaces by its own. Returns whether there was one.
    pub fn pop_to(&mut self, buffer: &mut Vec<u8>) -> bool {
        let Some(packet) = self.take_first() else { return false };
        match packet.owned {
            Some(payload) => receive_buffers::recycle(std::mem::replace(buffer, payload)),
            None => {
                let start = self.read;
                self.read += packet.len;
                buffer.clear();
                buffer.extend_from_slice(self.arena.get(start..self.read).unwrap_or_default());
            }
        }
        true
    }

    /// What is lent stays where it is while more messages come, until the next is taken. For messages that come in a call which is
    /// not known to end the loan.
    pub fn keep_lent(&mut self) {
        let waiting = self.arena.get(self.read..).unwrap_or_default().to_vec();
        self.kept = std::mem::replace(&mut self.arena, waiting);
        self.read = 0;
    }

    fn take_first(&mut self) -> Option<Packet> {
        let packet = self.packets.pop_front()?;
        self.kept = Vec::new();
        self.bytes -= packet.len;
        self.last_kind = Some(packet.kind);
        self.ended_message = packet.is_last;
        Some(packet)
    }

    /// Gives memory back where nothing waits.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn returns_messages_in_order_whatever_their_size() {
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
    fn hands_over_the_buffer_of_a_large_message_and_copies_small_ones() {
        let mut queue = PacketQueue::default();
        let mut buffer = b"what was there before".to_vec();
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
    fn what_is_lent_stays_in_place_while_more_comes() {
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
    fn stays_small_while_it_is_never_quite_empty() {
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
    fn an_empty_queue_gives_its_memory_back() {
        let mut queue = PacketQueue::default();
        queue.push(MessageKind::Text, b"x");
        queue.pop();
        queue.release();
        assert_eq!(queue.arena.capacity(), 0);
        assert_eq!(queue.last_kind(), Some(MessageKind::Text));
    }
}
