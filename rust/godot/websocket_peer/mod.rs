//! `RustWebSocketPeer`: the class, its properties, and what the engine calls itself.

mod handshake;
mod messages;
mod opening;
pub mod peer_object;
mod status;

use std::sync::Arc;

use godot::classes::PacketPeerExtension;
use godot::global::Error as GodotError;
use godot::prelude::*;
use godot_core::meta::RawPtr;

use super::object_field::{ObjectField, object_of_class};
use super::object_lock::ObjectLock;
use super::option_properties::{OptionsOwner, with_peer_options};
use super::short_calls::virtual_calls;
use super::{convert, engine_pointers, frame_flush, refused_calls};
use crate::error::Result;
use crate::peer::options::TlsTexts;
use crate::peer::{ConnectionOptions, WebSocketPeer};
use crate::proto::frame::MessageKind;

use peer_object::PeerObject;

with_peer_options! {
    /// A WebSocket connection as a client or as one connection of a server, with the members of Godot's
    /// [WebSocketPeer].
    ///
    /// As a client, call [method connect_to_url]; as a server, pass what [method RustTCPServer.take_connection] returns
    /// to [method accept_stream]. Then call [method poll] regularly, check [method get_ready_state], and read packets
    /// with [method PacketPeer.get_packet] while [method PacketPeer.get_available_packet_count] is not zero.
    ///
    /// [b]Differences from [WebSocketPeer]:[/b] packets that arrived before the connection closed stay readable until
    /// the next connection; wrong calls print no error, and [method get_error_message] explains them; invalid property
    /// values are refused, and the property keeps its value. See [code]MIGRATING.md[/code] for all differences.
    ///
    /// Any method may be called from any thread; calls on one object wait for each other. Only [method get_ready_state]
    /// and [method get_available_packet_count] do not wait, and return what the last finished call has left.
    #[derive(GodotClass)]
    #[class(tool, init, base = PacketPeerExtension)]
    pub struct RustWebSocketPeer {
        #[init(val = ObjectField::flushed(PeerObject::with_project_limits()))]
        peer: ObjectField<PeerObject>,

        base: Base<PacketPeerExtension>,
    }
}

object_of_class! { RustWebSocketPeer.peer: PeerObject }

impl RustWebSocketPeer {
    /// Returns an instance for a connection that another object drives.
    pub fn sharing(object: Arc<ObjectLock<PeerObject>>) -> Gd<Self> {
        let mut this = Self::new_gd();
        // No call has been made on the instance, so nothing else borrows it.
        this.bind_mut().peer = ObjectField::sharing(object);
        this
    }

    /// Runs a call that returns an error number.
    fn run(&self, call: impl FnOnce(&mut WebSocketPeer) -> Result) -> GodotError {
        self.run_as(refused_calls::call_of(&call), |object| call(&mut object.peer))
    }

    /// Runs a call whose name is not that of the closure's method.
    fn run_as(&self, name: &'static str, call: impl FnOnce(&mut PeerObject) -> Result) -> GodotError {
        let result = self.peer.with(None, |object| Some(call(object)));
        refused_calls::number::<Self>(result, name, || self.base().instance_id())
    }

    /// Runs a query.
    fn ask<R: Default>(&self, call: impl FnOnce(&mut WebSocketPeer) -> R) -> R {
        self.peer.with(R::default(), |object| call(&mut object.peer))
    }
}

impl OptionsOwner<ConnectionOptions> for RustWebSocketPeer {
    fn read_options<R: Default>(&self, read: impl FnOnce(&ConnectionOptions) -> R) -> R {
        self.ask(|peer| read(&peer.options))
    }

    fn change_options(&self, change: impl FnOnce(&mut ConnectionOptions) -> Result) {
        self.run_as(refused_calls::call_of(&change), |object| {
            let result = change(&mut object.peer.options);
            object.peer.record_error(result)
        });
    }
}

impl OptionsOwner<TlsTexts> for RustWebSocketPeer {
    fn read_options<R: Default>(&self, read: impl FnOnce(&TlsTexts) -> R) -> R {
        self.peer.with(R::default(), |object| read(&object.tls))
    }

    fn change_options(&self, change: impl FnOnce(&mut TlsTexts) -> Result) {
        self.run_as(refused_calls::call_of(&change), |object| {
            let result = change(&mut object.tls);
            object.peer.record_error(result)
        });
    }
}

with_peer_options! {
    #[godot_api]
    impl RustWebSocketPeer {
        /// Emitted in [method poll] when queued data has been written to the network completely, so that a sender whose
        /// message was refused, or that waits for [method is_drained], can continue.
        #[signal]
        fn drained();
    }
}

impl RustWebSocketPeer {
    fn lend_packet(&self, r_buffer: RawPtr<*mut RawPtr<*const u8>>, r_buffer_size: RawPtr<*mut i32>) -> GodotError {
        self.peer.with(GodotError::ERR_BUSY, |object| {
            engine_pointers::lend_copy(object.peer.take_packet(), r_buffer, r_buffer_size)
        })
    }

    fn put_packet(&self, p_buffer: RawPtr<*const u8>, p_buffer_size: i32) -> GodotError {
        let payload = engine_pointers::data(p_buffer, p_buffer_size);
        frame_flush::send(self, |object| object.peer.send(MessageKind::Binary, payload))
    }

    fn max_packet_size(&self) -> i32 {
        convert::limit32(self.ask(|peer| peer.options.outbound_buffer_size()))
    }
}

virtual_calls! {
    RustWebSocketPeer as PacketPeerExtension:
    get_packet_rawptr = RustWebSocketPeer::lend_packet,
    put_packet_rawptr = RustWebSocketPeer::put_packet,
    get_available_packet_count = RustWebSocketPeer::get_available_packet_count,
    get_max_packet_size = RustWebSocketPeer::max_packet_size,
}
