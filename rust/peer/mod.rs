//! Connections as programs see them: states, queues, limits, `poll()`.

mod compression;
mod handshake;
pub mod heartbeat;
mod link;
pub mod multiplayer;
mod opening;
pub mod options;
mod outgoing;
pub mod packet_queue;
pub mod stream_peer_tcp;
pub mod stream_peer_tls;
pub mod tcp_server;
pub mod websocket_peer;

pub use compression::CompressionStatistics;
pub use heartbeat::RoundTrip;
pub use multiplayer::MultiplayerPeer;
pub use options::Options;
pub use stream_peer_tcp::{StreamPeerTcp, StreamStatus};
pub use stream_peer_tls::{StreamPeerTls, TlsStatus};
pub use tcp_server::TcpServer;
pub use websocket_peer::{State, WebSocketPeer};
