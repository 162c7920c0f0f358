//! What permessage-deflate has done on a connection.

use crate::peer::connection::websocket_peer::{Phase, WebSocketPeer};
use crate::proto::connection::Connection;

/// Payload bytes of one connection before and after compression; all 0 where compression is not active.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CompressionStatistics {
    /// Of sent messages that were compressed, before compression.
    pub sent_plain: u64,
    /// The same as they went over the network.
    pub sent_compressed: u64,
    /// Of received compressed messages, after decompression.
    pub received_plain: u64,
    /// The same as they came over the network.
    pub received_compressed: u64,
}

impl CompressionStatistics {
    /// The statistics of a connection so far.
    pub(in crate::peer) fn of(connection: &Connection) -> Self {
        connection.deflate().map_or_else(Self::default, |deflate| Self {
            sent_plain: deflate.deflater.bytes_in,
            sent_compressed: deflate.deflater.bytes_out,
            received_plain: deflate.inflater.bytes_out,
            received_compressed: deflate.inflater.bytes_in,
        })
    }

    /// Share of the original bytes that compressed messages needed, of both directions; `None` where there were none.
    pub fn ratio(&self) -> Option<f64> {
        let plain = self.sent_plain + self.received_plain;
        (plain > 0).then(|| (self.sent_compressed + self.received_compressed) as f64 / plain as f64)
    }
}

impl WebSocketPeer {
    /// Whether permessage-deflate was agreed on.
    pub fn is_compression_active(&self) -> bool {
        matches!(&self.phase, Phase::Open(link) if link.connection.deflate().is_some())
    }

    /// What compression has done on this connection, or the last one.
    pub fn compression_statistics(&self) -> CompressionStatistics {
        match &self.phase {
            Phase::Open(link) => CompressionStatistics::of(&link.connection),
            _ => self.compression,
        }
    }

    /// Gives the compressor's memory back now instead of after some seconds without messages.
    pub fn release_compression_memory(&mut self) {
        if let Phase::Open(link) = &mut self.phase {
            link.release_compression();
        }
    }
}
