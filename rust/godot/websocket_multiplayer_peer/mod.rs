//! `RustWebSocketMultiplayerPeer`: the class, its properties and signal, and what the engine calls itself.

#![expect(unsafe_code, reason = "the engine passes packets by pointer")]

mod room_methods;
mod room_object;

use godot::classes::multiplayer_peer::{ConnectionStatus, TransferMode};
use godot::classes::{IMultiplayerPeerExtension, MultiplayerPeer as EngineMultiplayerPeer, MultiplayerPeerExtension};
use godot::global::Error as GodotError;
use godot::prelude::*;
use godot_core::meta::RawPtr;

use super::multiplayer_virtuals::{MultiplayerObject, multiplayer_virtuals};
use super::object_registry::{ObjectClass, ObjectField, object_of_class, with_object};
use super::option_properties::{OptionsOwner, with_room_options};
use super::{convert, engine_pointers, frame_flush, refused_calls};
use crate::error::Result;
use crate::peer::room::RoomEvent;
use crate::peer::{AdmissionOptions, ConnectionOptions, MultiplayerPeer};

use room_object::{RoomObject, SharedPeerCell};

with_room_options! {
    /// Godot's high-level multiplayer over WebSocket, with the members of Godot's [WebSocketMultiplayerPeer]. Both
    /// classes send the same bytes, so clients and servers of either class can play together.
    ///
    /// Call [method create_server] or [method create_client] and set [member MultiplayerAPI.multiplayer_peer]. The
    /// server has the id 1, each client gets a random one. Every packet is reliable and ordered, whatever the value of
    /// [member MultiplayerPeer.transfer_mode] is.
    ///
    /// [b]Differences from [WebSocketMultiplayerPeer]:[/b] packets that a peer sent before it left can still be read;
    /// [method MultiplayerPeer.close] sends a close frame; a packet that could not be sent returns an error; a client
    /// that gets no id within [member handshake_timeout] gives up; while [member
    /// MultiplayerPeer.refuse_new_connections] is set, clients are refused with HTTP status 503 instead of waiting;
    /// wrong calls print no error, and [method get_error_message] explains them. See [code]MIGRATING.md[/code] for all
    /// differences.
    ///
    /// Any method may be called from any thread; calls on one object wait for each other.
    #[derive(GodotClass)]
    #[class(tool, init, base = MultiplayerPeerExtension)]
    pub struct RustWebSocketMultiplayerPeer {
        room: ObjectField<RoomObject>,

        base: Base<MultiplayerPeerExtension>,
    }
}

object_of_class! { RustWebSocketMultiplayerPeer.room: RoomObject }

impl RustWebSocketMultiplayerPeer {
    /// Runs a query.
    fn ask<R: Default>(&self, call: impl FnOnce(&mut MultiplayerPeer<SharedPeerCell>) -> R) -> R {
        self.room.with(R::default(), |object| call(&mut object.room))
    }

    /// Runs a call that may be refused; the name is that of the script's call.
    fn run_as(
        &self,
        name: &'static str,
        call: impl FnOnce(&mut MultiplayerPeer<SharedPeerCell>) -> Result,
    ) -> GodotError {
        let result = self.room.with(None, |object| Some(call(&mut object.room)));
        refused_calls::number::<Self>(result, name, || self.base().instance_id())
    }

    /// Polls, then emits a signal for each event. No lock is held while handlers run, so they may call any method, and
    /// each event takes effect when its signal is emitted.
    fn poll_and_emit(this: Gd<Self>) {
        with_object(&this, (), |object| object.room.poll());
        while let Some(event) = with_object(&this, None, |object| object.room.next_event()) {
            Self::emit(&this, &event);
        }
    }

    fn emit(this: &Gd<Self>, event: &RoomEvent) {
        let base = this.clone().upcast::<EngineMultiplayerPeer>();
        match *event {
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
        self.run_as(refused_calls::call_of(&change), |room| {
            let result = change(&mut room.options);
            room.record_error(result)
        });
    }
}

impl OptionsOwner<AdmissionOptions> for RustWebSocketMultiplayerPeer {
    fn read_options<R: Default>(&self, read: impl FnOnce(&AdmissionOptions) -> R) -> R {
        self.ask(|room| read(&room.admission))
    }

    fn change_options(&self, change: impl FnOnce(&mut AdmissionOptions) -> Result) {
        self.run_as(refused_calls::call_of(&change), |room| {
            let result = change(&mut room.admission);
            room.record_error(result)
        });
    }
}

with_room_options! {
    #[godot_api]
    impl RustWebSocketMultiplayerPeer {
        /// Emitted by a server in [method MultiplayerPeer.poll] when a client's request has arrived and [member
        /// auto_accept] is [code]false[/code]. [method get_peer] returns the connection, with [method
        /// RustWebSocketPeer.get_requested_url] and the other members about the request. [param id] is the client's id
        /// if it is accepted.
        #[signal]
        fn peer_requested(id: i64);
    }
}

multiplayer_virtuals! {
    RustWebSocketMultiplayerPeer.room {
        fn close(&mut self) {
            self.room.with((), |object| object.room.close());
        }

        fn disconnect_peer(&mut self, p_peer: i32, p_force: bool) {
            // The engine's signature has no return value; get_error_message() returns the text.
            self.run_as("disconnect_peer", |room| room.disconnect_peer(p_peer, p_force));
        }

        #[func(gd_self)]
        fn set_refuse_new_connections(this: Gd<Self>, p_enable: bool) {
            with_object(&this, (), |object| object.room.admission.set_refuse_new_connections(p_enable));
        }

        // Not by `Gd`: the editor reads defaults from instances without a reference, and a handle would free them.
        fn is_refusing_new_connections(&self) -> bool {
            self.ask(|room| room.admission.refuse_new_connections)
        }
    }
}
