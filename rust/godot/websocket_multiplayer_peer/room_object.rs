//! What stands behind `RustWebSocketMultiplayerPeer`, and the calls that need more than a conversion.

use std::cell::OnceCell;
use std::sync::Arc;

use godot::classes::multiplayer_peer::TransferMode;
use godot::global::Error as GodotError;
use godot::prelude::*;

use super::convert;
use super::scripted::Scripted;
use super::shared::{Lock, Registered, Registry, registry, with};
use super::websocket_multiplayer_peer::RustWebSocketMultiplayerPeer;
use super::websocket_peer::RustWebSocketPeer;
use crate::error::Result;
use crate::peer::WebSocketPeer;
use crate::peer::room::{MultiplayerPeer, PeerCell};

/// A room and what scripts need beside it.
pub(super) struct Room {
    pub room: MultiplayerPeer<SharedPeerCell>,
    /// Kept for scripts that read them back; a WebSocket is always reliable and has one channel.
    pub transfer_mode: TransferMode,
    pub transfer_channel: i32,
    /// A flush at the end of the frame is on the way.
    pub flush_scheduled: bool,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            room: MultiplayerPeer::default(),
            transfer_mode: TransferMode::RELIABLE,
            transfer_channel: 0,
            flush_scheduled: false,
        }
    }
}

impl Registered for Room {
    fn registry() -> &'static Registry<Self> {
        static ROOMS: Registry<Room> = registry();
        &ROOMS
    }
}

/// A connection that the room drives and scripts can look at.
pub(super) struct SharedPeerCell {
    connection: Arc<Lock<Scripted>>,
    shown: Shown,
}

/// What scripts have been given for the connection, so that they get the same object each time.
#[derive(Default)]
struct Shown(OnceCell<Gd<RustWebSocketPeer>>);

#[expect(unsafe_code, reason = "a room may be used by any thread")]
// SAFETY: the cell is only reached behind the room's lock. The object inside is reference-counted by the engine with an atomic
// number, and what is behind it has a lock of its own.
unsafe impl Send for Shown {}

impl PeerCell for SharedPeerCell {
    fn new(peer: WebSocketPeer) -> Self {
        let scripted = Scripted { peer, ..Scripted::default() };
        Self { connection: Arc::new(Lock::new(scripted)), shown: Shown::default() }
    }

    fn with<R>(&self, busy: R, call: impl FnOnce(&mut WebSocketPeer) -> R) -> R {
        self.connection.with(busy, |scripted| call(&mut scripted.peer))
    }
}

impl SharedPeerCell {
    /// The connection as scripts see it.
    pub fn show(&self) -> Gd<RustWebSocketPeer> {
        self.shown.0.get_or_init(|| RustWebSocketPeer::of(Arc::clone(&self.connection))).clone()
    }
}

/// Polls, then emits a signal for each event. The lock is not held meanwhile, so that handlers may do what they like with the
/// object, and each event takes effect only when its turn comes.
pub(super) fn poll(this: &Gd<RustWebSocketMultiplayerPeer>) {
    with(this, (), |room| room.room.poll());
    while let Some(event) = with(this, None, |room| room.room.next_event()) {
        RustWebSocketMultiplayerPeer::tell(this, event);
    }
}

/// Sends to the target, and schedules the flush of what was collected.
pub(super) fn put_packet(this: &Gd<RustWebSocketMultiplayerPeer>, payload: &[u8]) -> GodotError {
    let (error, wanted) = with(this, (GodotError::ERR_BUSY, false), |room| {
        let error = convert::error(&room.room.put_packet(payload));
        (error, wants_flush(room))
    });
    schedule_flush(this, wanted);
    error
}

/// Whether a flush has to be scheduled.
fn wants_flush(room: &mut Room) -> bool {
    let wanted = !room.flush_scheduled && room.room.has_unflushed();
    room.flush_scheduled |= wanted;
    wanted
}

/// Has what was collected leave at the end of this frame, not in the next poll.
fn schedule_flush(this: &Gd<RustWebSocketMultiplayerPeer>, wanted: bool) {
    if wanted {
        this.clone().call_deferred("flush", &[]);
    }
}

/// Runs a call that returns an error number.
pub(super) fn run(
    this: &Gd<RustWebSocketMultiplayerPeer>,
    call: impl FnOnce(&mut MultiplayerPeer<SharedPeerCell>) -> Result,
) -> GodotError {
    with(this, GodotError::ERR_BUSY, |room| convert::error(&call(&mut room.room)))
}
