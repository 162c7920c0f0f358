//! The virtual methods of `MultiplayerPeerExtension` that all multiplayer classes implement alike.

use godot::classes::multiplayer_peer::{ConnectionStatus, TransferMode};
use godot::global::Error as GodotError;
use godot_core::meta::RawPtr;

use super::frame_flush::CollectsMessages;
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

/// Implements `IMultiplayerPeerExtension` for a class whose object is a [`MultiplayerObject`]. The braces hold the
/// methods that the class implements itself. The class has `fn poll_and_emit(this: Gd<Self>)`.
macro_rules! multiplayer_virtuals {
    ($class:ident . $field:ident { $($own:tt)* }) => {
        #[godot_api]
        impl IMultiplayerPeerExtension for $class {
            $($own)*

            fn poll(&mut self) {
                let this = self.to_gd();
                // Handlers of the signals may call any method of this object.
                let _released = self.base_mut();
                Self::poll_and_emit(this);
            }

            #[func(gd_self)]
            unsafe fn get_packet_rawptr(
                this: Gd<Self>,
                r_buffer: RawPtr<*mut RawPtr<*const u8>>,
                r_buffer_size: RawPtr<*mut i32>,
            ) -> GodotError {
                with_object(&this, GodotError::ERR_BUSY, |object| object.lend_packet(r_buffer, r_buffer_size))
            }

            #[func(gd_self)]
            unsafe fn put_packet_rawptr(this: Gd<Self>, p_buffer: RawPtr<*const u8>, p_buffer_size: i32) -> GodotError {
                let payload = engine_pointers::data(p_buffer, p_buffer_size);
                // SceneMultiplayer sends too, also to peers that have just disconnected: no mistake of the script.
                let result = frame_flush::send_silently(&this, |object| object.put_packet(payload));
                result.map_or(GodotError::ERR_BUSY, |result| convert::error(&result))
            }

            fn get_available_packet_count(&self) -> i32 {
                self.$field.with(0, |object| convert::integer32(object.packet_count()))
            }

            fn get_max_packet_size(&self) -> i32 {
                self.$field.with(0, |object| convert::integer32(object.max_packet_size()))
            }

            fn get_packet_channel(&self) -> i32 {
                0
            }

            fn get_packet_mode(&self) -> TransferMode {
                TransferMode::RELIABLE
            }

            fn set_transfer_channel(&mut self, p_channel: i32) {
                self.$field.with((), |object| {
                    if let Some(settings) = object.transfer_settings() {
                        settings.channel = p_channel;
                    }
                });
            }

            fn get_transfer_channel(&self) -> i32 {
                self.$field.with(0, |object| object.transfer_settings().map_or(0, |settings| settings.channel))
            }

            fn set_transfer_mode(&mut self, p_mode: TransferMode) {
                self.$field.with((), |object| {
                    if let Some(settings) = object.transfer_settings() {
                        settings.mode = p_mode;
                    }
                });
            }

            fn get_transfer_mode(&self) -> TransferMode {
                let mode = self.$field.with(None, |object| object.transfer_settings().map(|settings| settings.mode));
                mode.unwrap_or(TransferMode::RELIABLE)
            }

            fn set_target_peer(&mut self, p_peer: i32) {
                self.$field.with((), |object| object.set_target_peer(p_peer));
            }

            fn get_packet_peer(&self) -> i32 {
                self.$field.with(None, MultiplayerObject::packet_source).unwrap_or(1)
            }

            fn is_server(&self) -> bool {
                self.$field.with(false, MultiplayerObject::is_server)
            }

            fn get_unique_id(&self) -> i32 {
                self.$field.with(0, MultiplayerObject::unique_id)
            }

            fn is_server_relay_supported(&self) -> bool {
                <<Self as ObjectClass>::Object as MultiplayerObject>::RELAYS_FOR_THE_ENGINE
            }

            fn get_connection_status(&self) -> ConnectionStatus {
                self.$field.with(ConnectionStatus::DISCONNECTED, MultiplayerObject::status)
            }
        }
    };
}

pub(in crate::godot) use multiplayer_virtuals;
