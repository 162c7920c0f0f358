//! `RustWebSocketPeer`.

#![expect(unsafe_code, reason = "the engine passes packets by pointer")]

use std::sync::Arc;

use godot::classes::{IPacketPeerExtension, PacketPeerExtension};
use godot::global::Error as GodotError;
use godot::prelude::*;
use godot_core::meta::RawPtr;

use super::convert;
use super::option_properties::{OptionsOwner, with_peer_options};
use super::pointers::lend;
use super::scripted::{Scripted, send_message};
use super::shared::{Lock, Native, Shared, with};
use crate::error::Result;
use crate::peer::options::TlsTexts;
use crate::peer::{ConnectionOptions, WebSocketPeer};
use crate::proto::frame::MessageKind;

with_peer_options! {
    /// A WebSocket connection, client or server side, with the members of Godot's [WebSocketPeer].
    ///
    /// As a client, call [method connect_to_url]; as a server, pass what [method RustTCPServer.take_connection] returns to
    /// [method accept_stream]. Then call [method poll] regularly, look at [method get_ready_state], and read packets with
    /// [method PacketPeer.get_packet] while [method PacketPeer.get_available_packet_count] is not zero.
    ///
    /// [b]Differences from [WebSocketPeer]:[/b] packets that arrived before the connection closed stay readable until the next
    /// connection; wrong calls print nothing, [method get_error_message] says what was wrong; property values that make no
    /// sense are refused, and read back as before. See [code]MIGRATING.md[/code] for all of them.
    ///
    /// Any method may be called from any thread; calls on one object wait for each other.
    #[derive(GodotClass)]
    #[class(tool, init, base = PacketPeerExtension)]
    pub struct RustWebSocketPeer {
        pub(super) peer: Shared<Scripted>,

        base: Base<PacketPeerExtension>,
    }
}

impl Native for RustWebSocketPeer {
    type Object = Scripted;

    fn shared(&self) -> &Shared<Scripted> {
        &self.peer
    }
}

impl RustWebSocketPeer {
    /// The object of a connection that something else drives.
    pub(super) fn of(connection: Arc<Lock<Scripted>>) -> Gd<Self> {
        let mut this = Self::new_gd();
        this.bind_mut().peer = Shared::around(connection);
        this
    }

    /// Runs a call that returns an error number.
    pub(super) fn run(&self, call: impl FnOnce(&mut WebSocketPeer) -> Result) -> GodotError {
        self.peer.with(GodotError::ERR_BUSY, |scripted| convert::error(&call(&mut scripted.peer)))
    }

    /// Runs a query.
    pub(super) fn ask<R: Default>(&self, call: impl FnOnce(&mut WebSocketPeer) -> R) -> R {
        self.peer.with(R::default(), |scripted| call(&mut scripted.peer))
    }
}

impl OptionsOwner<ConnectionOptions> for RustWebSocketPeer {
    fn read_options<R: Default>(&self, read: impl FnOnce(&ConnectionOptions) -> R) -> R {
        self.ask(|peer| read(&peer.options))
    }

    fn change_options(&self, change: impl FnOnce(&mut ConnectionOptions) -> Result) {
        self.run(|peer| {
            let result = change(&mut peer.options);
            peer.record_error(result)
        });
    }
}

impl OptionsOwner<TlsTexts> for RustWebSocketPeer {
    fn read_options<R: Default>(&self, read: impl FnOnce(&TlsTexts) -> R) -> R {
        self.peer.with(R::default(), |scripted| read(&scripted.tls))
    }

    fn change_options(&self, change: impl FnOnce(&mut TlsTexts) -> Result) {
        self.peer.with((), |scripted| {
            let result = change(&mut scripted.tls);
            // A property has no return value; the peer keeps the reason.
            let _refused = scripted.peer.record_error(result);
        });
    }
}

with_peer_options! {
    #[godot_api]
    impl RustWebSocketPeer {
        /// Emitted in [method poll] when the network has taken everything that it could not take at first, so that a sender
        /// that was refused, or waits for [method is_drained], may go on.
        #[signal]
        pub(super) fn drained();
    }
}

#[godot_api]
impl IPacketPeerExtension for RustWebSocketPeer {
    #[func(gd_self)]
    unsafe fn get_packet_rawptr(
        this: Gd<Self>,
        r_buffer: RawPtr<*mut RawPtr<*const u8>>,
        r_buffer_size: RawPtr<*mut i32>,
    ) -> GodotError {
        with(&this, GodotError::ERR_BUSY, |scripted| lend(scripted.peer.take_packet(), r_buffer, r_buffer_size))
    }

    #[func(gd_self)]
    unsafe fn put_packet_rawptr(this: Gd<Self>, p_buffer: RawPtr<*const u8>, p_buffer_size: i32) -> GodotError {
        let len = usize::try_from(p_buffer_size).unwrap_or(0);
        if len == 0 {
            return send_message(&this, |peer| peer.send(MessageKind::Binary, &[]));
        }
        // SAFETY: the engine passes a buffer of that size, valid during this call, and the size is not zero.
        let payload = unsafe { std::slice::from_raw_parts(p_buffer.ptr(), len) };
        send_message(&this, |peer| peer.send(MessageKind::Binary, payload))
    }

    fn get_available_packet_count(&self) -> i32 {
        convert::integer32(self.ask(|peer| peer.packet_count()))
    }

    fn get_max_packet_size(&self) -> i32 {
        match self.ask(|peer| peer.options.outbound_buffer_size) {
            0 => i32::MAX,
            limit => convert::integer32(limit),
        }
    }
}
