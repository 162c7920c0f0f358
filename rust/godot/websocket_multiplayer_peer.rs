//! `RustWebSocketMultiplayerPeer`.

#![expect(unsafe_code, reason = "the engine passes packets by pointer")]

use godot::classes::multiplayer_peer::{ConnectionStatus, TransferMode};
use godot::classes::{IMultiplayerPeerExtension, MultiplayerPeer as EngineMultiplayerPeer, MultiplayerPeerExtension};
use godot::global::Error as GodotError;
use godot::obj::EngineEnum;
use godot::prelude::*;
use godot_core::meta::RawPtr;

use super::convert;
use super::option_properties::{OptionsOwner, with_room_options};
use super::room::{self, Room, SharedPeerCell};
use super::shared::{Native, Shared, with};
use crate::error::Result;
use crate::peer::room::RoomEvent;
use crate::peer::{AdmissionOptions, ConnectionOptions, MultiplayerPeer};

with_room_options! {
    /// Godot's high-level multiplayer over WebSocket, with the members of Godot's [WebSocketMultiplayerPeer] and the same bytes on
    /// the network: clients and servers of either class play together.
    ///
    /// Call [method create_server] or [method create_client] and set [member MultiplayerAPI.multiplayer_peer]. The server has the
    /// id 1, each client gets a random one. Every packet is reliable and ordered, whatever [member MultiplayerPeer.transfer_mode]
    /// says.
    ///
    /// [b]Differences from [WebSocketMultiplayerPeer]:[/b] what a peer sent before it left can still be read;
    /// [method MultiplayerPeer.close] says goodbye with a close frame; a packet that could not be sent is an error; a client that
    /// gets no id in [member handshake_timeout] gives up; while [member MultiplayerPeer.refuse_new_connections] is set, clients are
    /// turned away with HTTP status 503 instead of waiting; wrong calls print nothing, [method get_error_message] says what was
    /// wrong. See [code]MIGRATING.md[/code] for all of them.
    ///
    /// Any method may be called from any thread; calls on one object wait for each other.
    #[derive(GodotClass)]
    #[class(tool, init, base = MultiplayerPeerExtension)]
    pub struct RustWebSocketMultiplayerPeer {
        room: Shared<Room>,

        base: Base<MultiplayerPeerExtension>,
    }
}

impl Native for RustWebSocketMultiplayerPeer {
    type Object = Room;

    fn shared(&self) -> &Shared<Room> {
        &self.room
    }
}

impl RustWebSocketMultiplayerPeer {
    /// Runs a query.
    fn ask<R: Default>(&self, call: impl FnOnce(&mut MultiplayerPeer<SharedPeerCell>) -> R) -> R {
        self.room.with(R::default(), |room| call(&mut room.room))
    }

    /// Emits the signal of an event.
    pub(super) fn tell(this: &Gd<Self>, event: RoomEvent) {
        let base = this.clone().upcast::<EngineMultiplayerPeer>();
        match event {
            RoomEvent::Requested(id) => this.signals().peer_requested().emit(i64::from(id)),
            RoomEvent::Connected(id) => base.signals().peer_connected().emit(i64::from(id)),
            RoomEvent::Disconnected(id) => base.signals().peer_disconnected().emit(i64::from(id)),
        }
    }
}

impl OptionsOwner<ConnectionOptions> for RustWebSocketMultiplayerPeer {
    fn read_options<R: Default>(&self, read: impl FnOnce(&ConnectionOptions) -> R) -> R {
        self.ask(|room| read(&room.options))
    }

    fn change_options(&self, change: impl FnOnce(&mut ConnectionOptions) -> Result) {
        self.ask(|room| {
            let result = change(&mut room.options);
            // A property has no return value; the room keeps the reason.
            let _refused = room.record_error(result);
        });
    }
}

impl OptionsOwner<AdmissionOptions> for RustWebSocketMultiplayerPeer {
    fn read_options<R: Default>(&self, read: impl FnOnce(&AdmissionOptions) -> R) -> R {
        self.ask(|room| read(&room.admission))
    }

    fn change_options(&self, change: impl FnOnce(&mut AdmissionOptions) -> Result) {
        self.ask(|room| {
            let result = change(&mut room.admission);
            let _refused = room.record_error(result);
        });
    }
}

with_room_options! {
    #[godot_api]
    impl RustWebSocketMultiplayerPeer {
        /// Emitted by a server in [method MultiplayerPeer.poll] when a client's request has arrived and [member auto_accept] is
        /// [code]false[/code]. [code]get_peer(id)[/code] returns the connection, with [code]get_requested_url()[/code] and the other
        /// members that tell about the request. The client will have this [param id] if it is accepted.
        #[signal]
        fn peer_requested(id: i64);
    }
}

#[godot_api]
impl IMultiplayerPeerExtension for RustWebSocketMultiplayerPeer {
    #[func(gd_self)]
    unsafe fn get_packet_rawptr(
        this: Gd<Self>,
        r_buffer: RawPtr<*mut RawPtr<*const u8>>,
        r_buffer_size: RawPtr<*mut i32>,
    ) -> GodotError {
        with(&this, GodotError::ERR_BUSY, |room| match room.room.take_packet() {
            Ok((_, packet)) => {
                // SAFETY: both pointers are the engine's out parameters of this call. The packet stays where it is until the
                // next call on this object, and the engine copies it before it goes on.
                unsafe {
                    *r_buffer.ptr() = RawPtr::new(packet.as_ptr());
                    *r_buffer_size.ptr() = convert::integer32(packet.len());
                }
                GodotError::OK
            }
            Err(error) => convert::code(error.code()),
        })
    }

    #[func(gd_self)]
    unsafe fn put_packet_rawptr(this: Gd<Self>, p_buffer: RawPtr<*const u8>, p_buffer_size: i32) -> GodotError {
        let len = usize::try_from(p_buffer_size).unwrap_or(0);
        if len == 0 {
            return room::put_packet(&this, &[]);
        }
        // SAFETY: the engine passes a buffer of that size, valid during this call, and the size is not zero.
        let payload = unsafe { std::slice::from_raw_parts(p_buffer.ptr(), len) };
        room::put_packet(&this, payload)
    }

    fn get_available_packet_count(&self) -> i32 {
        self.room.with(0, |room| convert::integer32(room.room.packet_count()))
    }

    fn get_max_packet_size(&self) -> i32 {
        match self.room.with(0, |room| room.room.options.outbound_buffer_size) {
            0 => i32::MAX,
            limit => convert::integer32(limit),
        }
    }

    fn get_packet_channel(&self) -> i32 {
        0
    }

    fn get_packet_mode(&self) -> TransferMode {
        TransferMode::RELIABLE
    }

    fn set_transfer_channel(&mut self, p_channel: i32) {
        self.room.with((), |room| room.transfer_channel = p_channel);
    }

    fn get_transfer_channel(&self) -> i32 {
        self.room.with(0, |room| room.transfer_channel)
    }

    fn set_transfer_mode(&mut self, p_mode: TransferMode) {
        self.room.with((), |room| room.transfer_mode = p_mode);
    }

    fn get_transfer_mode(&self) -> TransferMode {
        self.room.with(TransferMode::RELIABLE, |room| room.transfer_mode)
    }

    fn set_target_peer(&mut self, p_peer: i32) {
        self.room.with((), |room| room.room.set_target_peer(p_peer));
    }

    fn get_packet_peer(&self) -> i32 {
        self.room.with(1, |room| room.room.packet_peer().unwrap_or(1))
    }

    fn is_server(&self) -> bool {
        self.room.with(false, |room| room.room.is_server())
    }

    fn poll(&mut self) {
        let this = self.to_gd();
        // Handlers of the signals may call everything on this object.
        let _open = self.base_mut();
        room::poll(&this);
    }

    fn close(&mut self) {
        self.room.with((), |room| room.room.close());
    }

    fn disconnect_peer(&mut self, p_peer: i32, p_force: bool) {
        // The engine's signature has no return value; the text is kept for get_error_message().
        let _refused = self.ask(|room| Some(room.disconnect_peer(p_peer, p_force)));
    }

    fn get_unique_id(&self) -> i32 {
        self.room.with(0, |room| room.room.unique_id())
    }

    #[func(gd_self)]
    fn set_refuse_new_connections(this: Gd<Self>, p_enable: bool) {
        with(&this, (), |room| room.room.admission.refuse_new_connections = p_enable);
    }

    // Not by `Gd`: the editor asks instances that nobody holds for defaults, and a handle would free them.
    fn is_refusing_new_connections(&self) -> bool {
        self.room.with(false, |room| room.room.admission.refuse_new_connections)
    }

    fn is_server_relay_supported(&self) -> bool {
        true
    }

    fn get_connection_status(&self) -> ConnectionStatus {
        let status = self.room.with(0, |room| room.room.status() as i32);
        ConnectionStatus::try_from_ord(status).unwrap_or(ConnectionStatus::DISCONNECTED)
    }
}
