//! The virtual methods of `MultiplayerPeerExtension` that all multiplayer classes implement alike.

use godot::classes::multiplayer_peer::{ConnectionStatus, TransferMode};
use godot::global::Error as GodotError;
use godot_core::meta::RawPtr;

use super::frame_flush::CollectsMessages;
use super::object_field::ObjectClass;
use super::{convert, engine_pointers, frame_flush};
use crate::error::Result;
use crate::proto::close_code;

/// An object of a multiplayer class.
pub trait MultiplayerObject: CollectsMessages {
    /// Whether the server relays packets between clients at the request of `SceneMultiplayer`. Godot 3's packets are
    /// relayed by the server object itself.
    const RELAYS_FOR_THE_ENGINE: bool;

    /// Lends the oldest packet to the engine, which copies it before its next call.
    fn lend_packet(&mut self, r_buffer: RawPtr<*mut RawPtr<*const u8>>, r_buffer_size: RawPtr<*mut i32>) -> GodotError;

    /// Sends to the target peer.
    fn put_packet(&mut self, payload: &[u8]) -> Result;

    fn packet_count(&mut self) -> usize;

    fn max_packet_size(&mut self) -> usize;

    /// Returns the sender of the oldest packet.
    fn packet_source(&mut self) -> Option<i32>;

    fn set_target_peer(&mut self, target: i32);

    fn is_server(&mut self) -> bool;

    fn unique_id(&mut self) -> i32;

    fn status(&mut self) -> ConnectionStatus;

    /// Returns the place for values that scripts may set and read back. A WebSocket is always reliable and has one
    /// channel.
    fn transfer_settings(&mut self) -> Option<&mut TransferSettings> {
        None
    }
}

/// The close code of an orderly end.
pub const NORMAL_CLOSE: i32 = close_code::NORMAL as i32;

/// In place of a close code: drops the connection without a close frame.
pub const DROP_CONNECTION: i32 = -1;

/// Returns the close code for `disconnect_peer(peer, force)`.
pub fn disconnect_code(force: bool) -> i32 {
    if force { DROP_CONNECTION } else { NORMAL_CLOSE }
}

/// Mode and channel as set by scripts; without effect.
#[derive(Debug)]
pub struct TransferSettings {
    pub mode: TransferMode,
    pub channel: i32,
}

impl Default for TransferSettings {
    fn default() -> Self {
        Self { mode: TransferMode::RELIABLE, channel: 0 }
    }
}

/// Lists the virtual methods of a multiplayer class: those of this file, and those that the class has itself.
macro_rules! multiplayer_virtuals {
    ($class:ident: $($method:ident = $function:expr),* $(,)?) => {
        $crate::godot::short_calls::virtual_calls! {
            $class as MultiplayerPeerExtension:
            get_packet_rawptr = $crate::godot::multiplayer_virtuals::lend_packet,
            put_packet_rawptr = $crate::godot::multiplayer_virtuals::put_packet,
            get_available_packet_count = $crate::godot::multiplayer_virtuals::packet_count,
            get_max_packet_size = $crate::godot::multiplayer_virtuals::max_packet_size,
            get_packet_channel = $crate::godot::multiplayer_virtuals::packet_channel,
            get_packet_mode = $crate::godot::multiplayer_virtuals::packet_mode,
            set_transfer_channel = $crate::godot::multiplayer_virtuals::set_transfer_channel,
            get_transfer_channel = $crate::godot::multiplayer_virtuals::transfer_channel,
            set_transfer_mode = $crate::godot::multiplayer_virtuals::set_transfer_mode,
            get_transfer_mode = $crate::godot::multiplayer_virtuals::transfer_mode,
            set_target_peer = $crate::godot::multiplayer_virtuals::set_target_peer,
            get_packet_peer = $crate::godot::multiplayer_virtuals::packet_peer,
            is_server = $crate::godot::multiplayer_virtuals::is_server,
            get_unique_id = $crate::godot::multiplayer_virtuals::unique_id,
            is_server_relay_supported = $crate::godot::multiplayer_virtuals::is_server_relay_supported,
            get_connection_status = $crate::godot::multiplayer_virtuals::connection_status,
            $($method = $function,)*
        }
    };
}

pub(in crate::godot) use multiplayer_virtuals;

/// A class with the virtual methods of this file.
pub trait MultiplayerClass: ObjectClass<Object: MultiplayerObject> {}

impl<C: ObjectClass<Object: MultiplayerObject>> MultiplayerClass for C {}

pub fn lend_packet<C: MultiplayerClass>(
    this: &C,
    r_buffer: RawPtr<*mut RawPtr<*const u8>>,
    r_buffer_size: RawPtr<*mut i32>,
) -> GodotError {
    this.object_field().with(GodotError::ERR_BUSY, |object| object.lend_packet(r_buffer, r_buffer_size))
}

pub fn put_packet<C: MultiplayerClass>(this: &C, p_buffer: RawPtr<*const u8>, p_buffer_size: i32) -> GodotError {
    let payload = engine_pointers::data(p_buffer, p_buffer_size);
    // SceneMultiplayer sends too, also to peers that have just disconnected: no mistake of the script.
    let result = frame_flush::send_silently(this, |object| object.put_packet(payload));
    result.map_or(GodotError::ERR_BUSY, |result| convert::error(&result))
}

pub fn packet_count<C: MultiplayerClass>(this: &C) -> i32 {
    this.object_field().with(0, |object| convert::integer32(object.packet_count()))
}

pub fn max_packet_size<C: MultiplayerClass>(this: &C) -> i32 {
    this.object_field().with(0, |object| convert::integer32(object.max_packet_size()))
}

pub fn packet_channel<C: MultiplayerClass>(_this: &C) -> i32 {
    0
}

pub fn packet_mode<C: MultiplayerClass>(_this: &C) -> TransferMode {
    TransferMode::RELIABLE
}

pub fn set_transfer_channel<C: MultiplayerClass>(this: &C, channel: i32) {
    this.object_field().with((), |object| {
        if let Some(settings) = object.transfer_settings() {
            settings.channel = channel;
        }
    });
}

pub fn transfer_channel<C: MultiplayerClass>(this: &C) -> i32 {
    this.object_field().with(0, |object| object.transfer_settings().map_or(0, |settings| settings.channel))
}

pub fn set_transfer_mode<C: MultiplayerClass>(this: &C, mode: TransferMode) {
    this.object_field().with((), |object| {
        if let Some(settings) = object.transfer_settings() {
            settings.mode = mode;
        }
    });
}

pub fn transfer_mode<C: MultiplayerClass>(this: &C) -> TransferMode {
    let mode = this.object_field().with(None, |object| object.transfer_settings().map(|settings| settings.mode));
    mode.unwrap_or(TransferMode::RELIABLE)
}

pub fn set_target_peer<C: MultiplayerClass>(this: &C, peer: i32) {
    this.object_field().with((), |object| object.set_target_peer(peer));
}

pub fn packet_peer<C: MultiplayerClass>(this: &C) -> i32 {
    this.object_field().with(None, MultiplayerObject::packet_source).unwrap_or(1)
}

pub fn is_server<C: MultiplayerClass>(this: &C) -> bool {
    this.object_field().with(false, MultiplayerObject::is_server)
}

pub fn unique_id<C: MultiplayerClass>(this: &C) -> i32 {
    this.object_field().with(0, MultiplayerObject::unique_id)
}

pub fn is_server_relay_supported<C: MultiplayerClass>(_this: &C) -> bool {
    C::Object::RELAYS_FOR_THE_ENGINE
}

pub fn connection_status<C: MultiplayerClass>(this: &C) -> ConnectionStatus {
    this.object_field().with(ConnectionStatus::DISCONNECTED, MultiplayerObject::status)
}
