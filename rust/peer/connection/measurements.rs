//! Defines what a connection measures: round-trip times and the effect of compression.

use std::time::Duration;

use crate::proto::connection::Connection;

/// Round-trip times between pings and their pongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoundTrip {
    /// Of the last answered ping.
    pub last: Duration,
    /// Smoothed as TCP does (RFC 6298 section 2): each new value counts for an eighth.
    pub smoothed: Duration,
}

/// Payload bytes of one connection before and after compression; all 0 if permessage-deflate was not negotiated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CompressionStatistics {
    /// Payload bytes of compressed messages that were sent, before compression.
    pub sent_plain: u64,
    /// Bytes of the same messages on the network.
    pub sent_compressed: u64,
    /// Payload bytes of compressed messages that were received, after decompression.
    pub received_plain: u64,
    /// Bytes of the same messages on the network.
    pub received_compressed: u64,
}

impl CompressionStatistics {
    /// Returns the statistics of a connection so far.
    pub(in crate::peer) fn of(connection: &Connection) -> Self {
        connection.deflate().map_or_else(Self::default, |deflate| Self {
            sent_plain: deflate.deflater.bytes_in,
            sent_compressed: deflate.deflater.bytes_out,
            received_plain: deflate.inflater.bytes_out,
            received_compressed: deflate.inflater.bytes_in,
        })
    }

    /// Returns the compressed size as a share of the original size, over both directions; `None` if no message was
    /// compressed.
    pub fn ratio(&self) -> Option<f64> {
        let plain = self.sent_plain + self.received_plain;
        (plain > 0).then(|| (self.sent_compressed + self.received_compressed) as f64 / plain as f64)
    }
}
