//! The object of a `RustWebSocketMultiplayerPeer`: the room, and what only scripts need.

use std::cell::OnceCell;
use std::sync::Arc;

use godot::classes::multiplayer_peer::ConnectionStatus;
use godot::global::Error as GodotError;
use godot::obj::EngineEnum;
use godot::prelude::*;
use godot_core::meta::RawPtr;

use crate::error::Result;
use crate::godot::engine_pointers;
use crate::godot::flushed_object::register;
use crate::godot::frame_flush::{CollectsMessages, FrameFlush};
use crate::godot::multiplayer_virtuals::{MultiplayerObject, TransferSettings};
use crate::godot::object_lock::{Lockable, ObjectLock};
use crate::godot::websocket_peer::RustWebSocketPeer;
use crate::godot::websocket_peer::peer_object::PeerObject;
use crate::net::background_flush::FlushRegistration;
use crate::peer::WebSocketPeer;
use crate::peer::room::{MultiplayerPeer, PeerCell};

/// A room and what scripts need in addition.
#[derive(Default)]
pub struct RoomObject {
    pub room: MultiplayerPeer<SharedPeerCell>,
    transfer_settings: TransferSettings,
    frame_flush: FrameFlush,
}

impl Lockable for RoomObject {}

impl CollectsMessages for RoomObject {
    fn frame_flush(&mut self) -> &mut FrameFlush {
        &mut self.frame_flush
    }

    fn has_unflushed(&mut self) -> bool {
        self.room.has_unflushed()
    }

    fn write_unflushed(&mut self) {
        self.room.flush();
    }
}

impl MultiplayerObject for RoomObject {
    const RELAYS_FOR_THE_ENGINE: bool = true;

    fn lend_packet(&mut self, r_buffer: RawPtr<*mut RawPtr<*const u8>>, r_buffer_size: RawPtr<*mut i32>) -> GodotError {
        let packet = self.room.take_packet().map(|(_, packet)| packet);
        engine_pointers::lend_in_place(packet, r_buffer, r_buffer_size)
    }

    fn put_packet(&mut self, payload: &[u8]) -> Result {
        self.room.put_packet(payload)
    }

    fn packet_count(&mut self) -> usize {
        self.room.packet_count()
    }

    fn max_packet_size(&mut self) -> usize {
        match self.room.options.outbound_buffer_size() {
            0 => usize::MAX,
            limit => limit,
        }
    }

    fn packet_source(&mut self) -> Option<i32> {
        self.room.packet_peer()
    }

    fn set_target_peer(&mut self, target: i32) {
        self.room.set_target_peer(target);
    }

    fn is_server(&mut self) -> bool {
        self.room.is_server()
    }

    fn unique_id(&mut self) -> i32 {
        self.room.unique_id()
    }

    fn status(&mut self) -> ConnectionStatus {
        ConnectionStatus::try_from_ord(self.room.status() as i32).unwrap_or(ConnectionStatus::DISCONNECTED)
    }

    fn transfer_settings(&mut self) -> Option<&mut TransferSettings> {
        Some(&mut self.transfer_settings)
    }
}

/// A connection that the room drives and scripts can inspect.
pub struct SharedPeerCell {
    /// Dropped before the connection.
    _registration: FlushRegistration,
    connection: Arc<ObjectLock<PeerObject>>,
    instance: SharedInstance,
}

/// The instance that scripts get for the connection, the same one each time.
#[derive(Default)]
struct SharedInstance(OnceCell<Gd<RustWebSocketPeer>>);

#[expect(unsafe_code, reason = "a room may be used by any thread")]
// SAFETY: the cell is only reached while the room's lock is held. The engine counts references to the instance
// atomically, and the connection in it has a lock of its own.
unsafe impl Send for SharedInstance {}

impl PeerCell for SharedPeerCell {
    fn new(peer: WebSocketPeer) -> Self {
        let (connection, registration) = register(PeerObject::of(peer));
        Self { _registration: registration, connection, instance: SharedInstance::default() }
    }

    fn with<R>(&self, busy: R, call: impl FnOnce(&mut WebSocketPeer) -> R) -> R {
        self.connection.with(busy, |object| call(&mut object.peer))
    }
}

impl SharedPeerCell {
    /// Returns the connection as an instance for scripts.
    pub fn instance(&self) -> Gd<RustWebSocketPeer> {
        self.instance.0.get_or_init(|| RustWebSocketPeer::sharing(Arc::clone(&self.connection))).clone()
    }
}
