//! What permessage-deflate has done on a connection.

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
    pub(super) fn of(connection: &Connection) -> Self {
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
