//! Connections as programs see them: states, queues, limits, `poll()`.

pub mod client;
pub mod connection;
pub mod event;
pub mod godot3_packets;
pub mod options;
mod peer_ids;
pub mod room;
pub mod server;
mod state;
pub mod streams;
pub mod trace;

pub use client::{Client, ClientStatus};
pub use connection::{CompressionStatistics, IdleWatch, RoundTrip, WebSocketPeer};
pub use event::PeerEvent;
pub use options::{AdmissionOptions, ConnectionOptions, ReconnectOptions, ServerOptions};
pub use peer_ids::BuildIdHasher;
pub use room::MultiplayerPeer;
pub use server::Server;
pub use state::State;
pub use streams::{StreamPeerTcp, StreamPeerTls, StreamStatus, TcpServer, TlsStatus};
