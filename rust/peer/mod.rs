//! Connections as programs see them: states, queues, limits, and `poll()`, one folder for each object.

mod accept_failure;
mod blocking_time;
pub mod client;
pub mod connection;
pub mod event;
pub mod flushing;
mod godot3_packets;
mod last_error;
#[doc(hidden)]
pub mod listening;
pub mod options;
mod peer_ids;
mod pending_handshakes;
mod queue_usage;
pub mod room;
pub mod server;
mod state;
pub mod streams;
pub mod trace;
pub mod waiting;

pub use crate::proto::frame::MessageKind;
pub use client::{Client, ClientStatus, ConnectParameters};
pub use connection::{CompressionStatistics, IdleWatch, RoundTrip, WebSocketPeer};
pub use event::PeerEvent;
pub use options::{AdmissionOptions, ConnectionOptions, ReconnectOptions, ServerOptions};
#[doc(hidden)]
pub use peer_ids::BuildIdHasher;
pub use peer_ids::{BROADCAST, SERVER_ID};
pub use room::{MultiplayerPeer, RoomEvent, RoomStatus};
pub use server::{ListenParameters, Server};
pub use state::State;
pub use streams::{StreamPeerTcp, StreamPeerTls, StreamStatus, TcpServer, TlsStatus};
pub use waiting::WaitStep;
