//! Reports what permessage-deflate does on a peer's connection, and frees its memory on request.

use crate::peer::connection::measurements::CompressionStatistics;
use crate::peer::connection::websocket_peer::{ConnectionPhase, WebSocketPeer};

impl WebSocketPeer {
    /// Returns whether permessage-deflate was negotiated for the open connection.
    pub fn is_compression_active(&self) -> bool {
        matches!(&self.phase, ConnectionPhase::Open(open) if open.protocol.deflate().is_some())
    }

    /// Returns the compression statistics of this connection, or of the last one.
    pub fn compression_statistics(&self) -> CompressionStatistics {
        match &self.phase {
            ConnectionPhase::Open(open) => CompressionStatistics::of(&open.protocol),
            _ => self.compression,
        }
    }

    /// Frees the compressor's memory now. Without this call it is freed after some seconds without messages.
    pub fn release_compression_memory(&mut self) {
        if let ConnectionPhase::Open(open) = &mut self.phase {
            open.release_compression();
        }
    }
}
