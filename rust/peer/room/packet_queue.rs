//! The packets of all peers, in the order of their arrival.

use std::collections::{HashMap, VecDeque};

use crate::peer::connection::packet_queue::PacketQueue;
use crate::peer::options::ConnectionOptions;
use crate::proto::frame::MessageKind;

/// A queue of packets with their sources.
#[derive(Debug, Default)]
pub(super) struct RoomPacketQueue {
    packets: PacketQueue,
    /// Source of each packet; `None` for one that nobody wants any more.
    sources: VecDeque<Option<i32>>,
    unread: HashMap<i32, Unread>,
    len: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Unread {
    packets: usize,
    bytes: usize,
}

impl RoomPacketQueue {
    /// Packets that wait.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether packets of this source wait.
    pub fn has_unread(&self, source: i32) -> bool {
        self.unread.contains_key(&source)
    }

    /// Whether another packet of this source may be queued: each source has the limits of its connection, so that one that
    /// sends without end is slowed down and the others are not.
    pub fn has_room(&self, source: i32, options: &ConnectionOptions) -> bool {
        self.unread.get(&source).is_none_or(|unread| {
            unread.packets < options.max_queued_packets && unread.bytes < options.inbound_buffer_size
        })
    }

    /// Appends a copy.
    pub fn push(&mut self, source: i32, payload: &[u8]) {
        let unread = self.unread.entry(source).or_default();
        unread.packets += 1;
        unread.bytes += payload.len();
        self.len += 1;
        self.packets.push(MessageKind::Binary, payload);
        self.sources.push_back(Some(source));
    }

    /// Source of the packet that [`Self::pop`] would return.
    pub fn next_source(&self) -> Option<i32> {
        self.sources.iter().flatten().next().copied()
    }

    /// Removes the oldest packet and lends it until the next change.
    pub fn pop(&mut self) -> Option<(i32, &[u8])> {
        while let Some(None) = self.sources.front() {
            self.sources.pop_front();
            self.packets.pop();
        }
        let source = self.sources.pop_front().flatten()?;
        self.len -= 1;
        let payload = self.packets.pop()?;
        if let Some(unread) = self.unread.get_mut(&source) {
            unread.packets -= 1;
            unread.bytes -= payload.len();
            if unread.packets == 0 {
                self.unread.remove(&source);
            }
        }
        Some((source, payload))
    }

    /// Forgets what this source has sent.
    pub fn discard(&mut self, source: i32) {
        let Some(unread) = self.unread.remove(&source) else { return };
        self.len -= unread.packets;
        for entry in self.sources.iter_mut().filter(|entry| **entry == Some(source)) {
            *entry = None;
        }
    }

    /// Gives memory back where nothing waits.
    pub fn release(&mut self) {
        match (self.len, self.sources.is_empty()) {
            (0, true) => self.packets.release(),
            // Only packets that nobody wants are left.
            (0, false) => self.clear(),
            _ => {}
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_order_and_sources_and_forgets_whom_it_is_told_to() {
        let mut inbox = RoomPacketQueue::default();
        for (source, payload) in [(5, "a"), (7, "b"), (5, "c"), (7, "d"), (5, "e")] {
            inbox.push(source, payload.as_bytes());
        }
        assert_eq!(inbox.pop(), Some((5, b"a".as_slice())));
        inbox.discard(7);
        inbox.discard(9);
        assert_eq!((inbox.len(), inbox.next_source(), inbox.has_unread(7)), (2, Some(5), false));
        assert_eq!(inbox.pop(), Some((5, b"c".as_slice())));
        assert_eq!(inbox.pop(), Some((5, b"e".as_slice())));
        assert_eq!(inbox.pop(), None);
        assert_eq!((inbox.len(), inbox.has_unread(5)), (0, false));
    }

    #[test]
    fn each_source_has_limits_of_its_own() {
        let mut inbox = RoomPacketQueue::default();
        let options =
            ConnectionOptions { max_queued_packets: 2, inbound_buffer_size: 10, ..ConnectionOptions::default() };
        inbox.push(5, b"12345");
        assert!(inbox.has_room(5, &options));
        inbox.push(5, b"1");
        assert!(!inbox.has_room(5, &options), "two packets");
        inbox.push(7, &[0; 10]);
        assert!(!inbox.has_room(7, &options), "ten bytes");
        assert!(inbox.has_room(9, &options));
        inbox.pop();
        assert!(inbox.has_room(5, &options));
    }
}
