//! `RustWebSocketMultiplayerPeer`: the class, its properties and signal, and what the engine calls itself.

mod room_methods;
mod room_object;

use std::sync::Arc;

use godot::classes::{MultiplayerPeer as EngineMultiplayerPeer, MultiplayerPeerExtension};
use godot::global::Error as GodotError;
use godot::prelude::*;

use super::multiplayer_virtuals::multiplayer_virtuals;
use super::object_field::{ObjectField, object_of_class};
use super::object_lock::ObjectLock;
use super::option_properties::{OptionsOwner, with_room_options};
use super::refused_calls;
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

    /// Runs a call that returns an error number.
    fn run(&self, call: impl FnOnce(&mut MultiplayerPeer<SharedPeerCell>) -> Result) -> GodotError {
        self.run_as(refused_calls::call_of(&call), call)
    }

    /// Runs a call whose name is not that of the closure's method.
    fn run_as(
        &self,
        name: &'static str,
        call: impl FnOnce(&mut MultiplayerPeer<SharedPeerCell>) -> Result,
    ) -> GodotError {
        let result = self.room.with(None, |object| Some(call(&mut object.room)));
        refused_calls::number::<Self>(result, name, || self.base().instance_id())
    }

    /// Polls, then emits a signal for each event. No lock is held while handlers run, so they may call any method, and
    /// each event takes effect just before its signal is emitted.
    fn poll(&self) {
        let first = self.room.with(None, |object| {
            object.room.poll();
            object.room.next_event()
        });
        if let Some(first) = first {
            // A handler may release the instance.
            Self::emit_events(&self.to_gd(), &Arc::clone(self.room.lock()), first);
        }
    }

    fn emit_events(this: &Gd<Self>, lock: &ObjectLock<RoomObject>, first: RoomEvent) {
        let mut next = Some(first);
        while let Some(event) = next {
            Self::emit(this, &event);
            next = lock.with(None, |object| object.room.next_event());
        }
    }

    fn close(&self) {
        self.room.with((), |object| object.room.close());
    }

    fn disconnect_peer(&self, peer: i32, force: bool) {
        // The engine's signature has no return value; get_error_message() returns the text.
        self.run(|room| room.disconnect_peer(peer, force));
    }

    fn refuse_new_connections(&self, refuse: bool) {
        self.room.with((), |object| object.room.admission.set_refuse_new_connections(refuse));
    }

    fn refuses_new_connections(&self) -> bool {
        self.ask(|room| room.admission.refuse_new_connections)
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
    RustWebSocketMultiplayerPeer:
    poll = RustWebSocketMultiplayerPeer::poll,
    close = RustWebSocketMultiplayerPeer::close,
    disconnect_peer = RustWebSocketMultiplayerPeer::disconnect_peer,
    set_refuse_new_connections = RustWebSocketMultiplayerPeer::refuse_new_connections,
    is_refusing_new_connections = RustWebSocketMultiplayerPeer::refuses_new_connections,
}
