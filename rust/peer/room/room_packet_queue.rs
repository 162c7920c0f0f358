//! The packets of all peers of a room, in the order of their arrival, and how many of them each peer may have there.

use std::collections::{HashMap, VecDeque};

use crate::peer::connection::packet_queue::PacketQueue;
use crate::peer::options::ConnectionOptions;
use crate::peer::queue_usage::QueueUsage;
use crate::proto::frame::MessageKind;

/// A queue of packets with their sources.
#[derive(Debug, Default)]
pub(super) struct RoomPacketQueue {
    packets: PacketQueue,
    /// Source of each packet; `None` for a discarded one.
    sources: VecDeque<Option<i32>>,
    usage: HashMap<i32, QueueUsage>,
    len: usize,
}

impl RoomPacketQueue {
    /// Number of packets.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether packets of this source are queued.
    pub fn has_unread(&self, source: i32) -> bool {
        self.usage.contains_key(&source)
    }

    /// Whether another packet of this source may be queued. Each source has the limits of its connection, so that one
    /// that sends without end is slowed down and the others are not.
    pub fn has_room(&self, source: i32, options: &ConnectionOptions) -> bool {
        self.usage.get(&source).is_none_or(|usage| usage.has_room(options))
    }

    /// Appends a copy of a packet.
    pub fn push(&mut self, source: i32, payload: &[u8]) {
        self.usage.entry(source).or_default().add(payload.len());
        self.len += 1;
        self.packets.push(MessageKind::Binary, payload);
        self.sources.push_back(Some(source));
    }

    /// Source of the packet that [`Self::pop`] returns next.
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
        if let Some(usage) = self.usage.get_mut(&source) {
            usage.remove(payload.len());
            if usage.packets() == 0 {
                self.usage.remove(&source);
            }
        }
        Some((source, payload))
    }

    /// Drops the packets of this source.
    pub fn discard(&mut self, source: i32) {
        let Some(usage) = self.usage.remove(&source) else { return };
        self.len -= usage.packets();
        for entry in self.sources.iter_mut().filter(|entry| **entry == Some(source)) {
            *entry = None;
        }
    }

    /// Frees memory if the queue is empty.
    pub fn release(&mut self) {
        match (self.len, self.sources.is_empty()) {
            (0, true) => self.packets.release(),
            // Only discarded packets are left.
            (0, false) => self.clear(),
            _ => {}
        }
    }

    /// Drops all packets.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_order_and_sources_and_drops_discarded_packets() {
        let mut queue = RoomPacketQueue::default();
        for (source, payload) in [(5, "a"), (7, "b"), (5, "c"), (7, "d"), (5, "e")] {
            queue.push(source, payload.as_bytes());
        }
        assert_eq!(queue.pop(), Some((5, b"a".as_slice())));
        queue.discard(7);
        queue.discard(9);
        assert_eq!((queue.len(), queue.next_source(), queue.has_unread(7)), (2, Some(5), false));
        assert_eq!(queue.pop(), Some((5, b"c".as_slice())));
        assert_eq!(queue.pop(), Some((5, b"e".as_slice())));
        assert_eq!(queue.pop(), None);
        assert_eq!((queue.len(), queue.has_unread(5)), (0, false));
    }

    #[test]
    fn each_source_has_limits_of_its_own() {
        let mut queue = RoomPacketQueue::default();
        let options =
            ConnectionOptions { max_queued_packets: 2, inbound_buffer_size: 10, ..ConnectionOptions::default() };
        queue.push(5, b"12345");
        assert!(queue.has_room(5, &options));
        queue.push(5, b"1");
        assert!(!queue.has_room(5, &options), "two packets");
        queue.push(7, &[0; 10]);
        assert!(!queue.has_room(7, &options), "ten bytes");
        assert!(queue.has_room(9, &options));
        queue.pop();
        assert!(queue.has_room(5, &options));
    }
}
