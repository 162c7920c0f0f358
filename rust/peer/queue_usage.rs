//! Decides whether a receive queue has room for another packet of a connection.

use crate::peer::options::ConnectionOptions;

/// Packets, and their payload bytes, that one connection has in a receive queue.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::peer) struct QueueUsage {
    packets: usize,
    bytes: usize,
}

impl QueueUsage {
    /// Whether another packet may be queued. The last one may exceed the limit of bytes, so that a packet of any size
    /// fits into an empty queue.
    pub fn has_room(&self, options: &ConnectionOptions) -> bool {
        self.packets < options.max_queued_packets && self.bytes < options.inbound_buffer_size
    }

    /// Number of packets.
    pub fn packets(&self) -> usize {
        self.packets
    }

    /// Counts a packet that was queued.
    pub fn add(&mut self, bytes: usize) {
        self.packets += 1;
        self.bytes += bytes;
    }

    /// Counts a packet that was taken.
    pub fn remove(&mut self, bytes: usize) {
        self.packets = self.packets.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}
