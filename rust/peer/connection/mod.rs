//! One WebSocket connection: its states, and how it opens, sends, receives and closes.

mod compression;
mod handshake;
mod handshake_stream;
pub mod heartbeat;
mod idle;
mod open_connection;
mod opening;
mod opening_failure;
mod owned;
pub mod packet_queue;
mod receiving;
mod socket;
mod tracing;
pub mod websocket_peer;

pub use compression::CompressionStatistics;
pub use heartbeat::RoundTrip;
pub use idle::IdleWatch;
pub use websocket_peer::WebSocketPeer;
