//! Many players over WebSocket connections, as Godot's `WebSocketMultiplayerPeer` describes it: one server with id 1, clients
//! with random ids, raw payloads in both directions.

mod member;
mod packet_queue;
mod peer_cell;
mod room;
pub mod scene;

pub use peer_cell::{LocalPeerCell, PeerCell};
pub use room::{MultiplayerPeer, Status};
pub use scene::{SceneEvent, SceneRoom};

/// Id of the server.
pub const SERVER: i32 = 1;

/// Target of packets for everybody.
pub const EVERYBODY: i32 = 0;

/// What a poll found out, in the order in which it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoomEvent {
    /// A server has read the request of a client that will have this id, and waits for the program's decision (only where
    /// [`super::ConnectionOptions::auto_accept`] is off).
    Requested(i32),
    /// This peer can be reached from now on.
    Connected(i32),
    /// This peer is gone. Until the next event or poll its connection can still be asked why.
    Disconnected(i32),
}
