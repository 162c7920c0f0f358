//! The room: many players over WebSocket connections, as Godot's `WebSocketMultiplayerPeer` describes it. One server
//! has the id 1, its clients have random ids, and every message is a packet of the program.

mod admission;
mod closing;
mod events;
mod joining;
mod opening;
mod peer_cell;
mod polling;
mod receiving;
mod room_packet_queue;
mod room_peer;
mod room_state;
mod scene_messages;
mod scene_room;
mod sending;
mod shutdown;

pub use events::RoomEvent;
pub use peer_cell::{LocalPeerCell, PeerCell};
pub use room_state::{MultiplayerPeer, RoomStatus};
pub use scene_room::{SceneEvent, SceneMode, SceneRoom};
