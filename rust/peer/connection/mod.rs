//! One WebSocket connection: [`WebSocketPeer`], and how it opens, sends, receives and closes.
//!
//! [`websocket_peer`] holds the state and polls. `handshake`, `sending`, `receiving`, `closing`, `compression` and
//! `readiness` each add the calls of one concern. `opening` leads from a URL or an accepted stream to an
//! `open_connection`.

mod client_opening;
mod close_handshake;
pub mod closing;
mod compression;
mod handshake;
mod handshake_head;
mod handshake_stream;
mod heartbeat;
mod measurements;
mod open_connection;
mod opening;
mod opening_failure;
mod opening_stage;
pub mod packet_queue;
mod readiness;
mod receiving;
mod redirection;
mod sending;
mod server_opening;
mod tracing;
pub mod websocket_peer;

pub use measurements::{CompressionStatistics, RoundTrip};
pub use readiness::IdleWatch;
pub use websocket_peer::WebSocketPeer;
