//! Connections as programs see them: states, queues, limits, `poll()`.

pub mod client;
mod compression;
pub mod event;
pub mod gd_mp;
mod handshake;
pub mod heartbeat;
mod ids;
mod link;
pub mod multiplayer;
mod opening;
pub mod options;
mod outgoing;
mod owned;
pub mod packet_queue;
pub mod reconnect;
pub mod server;
mod secrets;
pub mod stream_peer_tcp;
pub mod stream_peer_tls;
pub mod tcp_server;
pub mod trace;
mod tracer;
pub mod websocket_peer;

pub use client::{Client, ClientStatus};
pub use compression::CompressionStatistics;
pub use event::Event;
pub use heartbeat::RoundTrip;
pub use multiplayer::MultiplayerPeer;
pub use options::Options;
pub use reconnect::ReconnectOptions;
pub use server::{Server, ServerOptions};
pub use stream_peer_tcp::{StreamPeerTcp, StreamStatus};
pub use stream_peer_tls::{StreamPeerTls, TlsStatus};
pub use tcp_server::TcpServer;
pub use websocket_peer::{State, WebSocketPeer};
