//! `RustWebSocketRemotePeer`.

#![expect(unsafe_code, reason = "the engine passes packets by pointer")]

use std::sync::Weak;
use std::sync::atomic::{AtomicBool, Ordering};

use godot::classes::{IPacketPeerExtension, PacketPeerExtension};
use godot::global::Error as GodotError;
use godot::prelude::*;
use godot_core::meta::RawPtr;

use super::convert;
use super::enums::{RemoteWriteMode, WriteMode};
use super::pointers;
use super::shared::Lock;
use super::websocket_client::ClientState;
use super::websocket_server::ServerState;
use crate::error::Result;
use crate::peer::{Client, Server, WebSocketPeer};
use crate::proto::frame::MessageKind;

/// The other end of a connection of a [RustWebSocketClient] or [RustWebSocketServer], as returned by their [code]get_peer()[/code].
/// It has the members of Godot 3's [code]WebSocketPeer[/code].
///
/// Read packets with [method PacketPeer.get_packet] or [method PacketPeer.get_var] in the handler of [code]data_received[/code], send
/// with [method PacketPeer.put_packet] or [method PacketPeer.put_var]. As in Godot 3, an empty packet is not sent.
///
/// It does not keep its client or server alive. When the connection is over, or was replaced by another one, it stays
/// unconnected for ever; one made by [code]new()[/code] is so from the beginning. Any method may be called from any thread.
#[derive(GodotClass)]
#[class(tool, init, base = PacketPeerExtension)]
pub struct RustWebSocketRemotePeer {
    owner: Owner,
    flush_scheduled: AtomicBool,
    base: Base<PacketPeerExtension>,
}

/// Whose connection it is.
#[derive(Default)]
pub(super) enum Owner {
    #[default]
    Nobody,
    Client {
        client: Weak<Lock<ClientState>>,
        generation: u64,
    },
    Server {
        server: Weak<Lock<ServerState>>,
        id: i32,
    },
}

impl RustWebSocketRemotePeer {
    /// A peer of an object.
    pub(super) fn of(owner: Owner) -> Gd<Self> {
        Gd::from_init_fn(|base| Self { owner, flush_scheduled: AtomicBool::new(false), base })
    }

    /// Runs a call on the object that has the connection; `fallback` where that is gone or has another connection now.
    fn ask<R>(
        &self,
        fallback: R,
        client: impl FnOnce(&mut Client) -> R,
        server: impl FnOnce(&mut Server, i32) -> R,
    ) -> R {
        let answer = match &self.owner {
            Owner::Nobody => None,
            Owner::Client { client: owner, generation } => owner.upgrade().and_then(|lock| {
                lock.with(None, |state| (state.client.generation() == *generation).then(|| client(&mut state.client)))
            }),
            Owner::Server { server: owner, id } => {
                owner.upgrade().and_then(|lock| lock.with(None, |state| Some(server(&mut state.server, *id))))
            }
        };
        answer.unwrap_or(fallback)
    }

    fn send(&self, kind: Option<MessageKind>, payload: &[u8]) -> GodotError {
        let (error, flush) = self.ask(
            (GodotError::FAILED, false),
            |client| {
                let result = client.send(kind.unwrap_or(client.write_mode()), payload);
                (number(&result), client.has_unflushed())
            },
            |server, id| {
                let result = server.send(id, kind.unwrap_or(server.write_mode(id)), payload);
                (number(&result), server.ask(id, WebSocketPeer::has_unflushed).unwrap_or(false))
            },
        );
        // What was collected leaves at the end of this frame, not in the next poll.
        if flush && !self.flush_scheduled.swap(true, Ordering::AcqRel) {
            self.to_gd().call_deferred("flush", &[]);
        }
        error
    }
}

/// As in Godot 3, whatever is wrong with the connection is `FAILED`.
fn number(result: &Result) -> GodotError {
    match convert::error(result) {
        GodotError::ERR_INVALID_PARAMETER => GodotError::FAILED,
        error => error,
    }
}

#[godot_api]
impl RustWebSocketRemotePeer {
    /// Returns how [method PacketPeer.put_packet] sends: [constant WRITE_MODE_TEXT] or [constant WRITE_MODE_BINARY].
    #[func]
    fn get_write_mode(&self) -> RemoteWriteMode {
        let kind = self.ask(MessageKind::Binary, |client| client.write_mode(), |server, id| server.write_mode(id));
        RemoteWriteMode(if kind == MessageKind::Text { WriteMode::TEXT.0 } else { WriteMode::BINARY.0 })
    }

    /// Sets how [method PacketPeer.put_packet] sends. Default [constant WRITE_MODE_BINARY], again with each new connection.
    #[func]
    fn set_write_mode(&self, mode: RemoteWriteMode) {
        let kind = if mode.0 == WriteMode::TEXT.0 { MessageKind::Text } else { MessageKind::Binary };
        self.ask((), |client| client.set_write_mode(kind), |server, id| server.set_write_mode(id, kind));
    }

    /// Returns [code]true[/code] while the connection is open, up to the signal that tells its end.
    #[func]
    fn is_connected_to_host(&self) -> bool {
        self.ask(false, |client| client.is_connected_to_host(), |server, id| server.is_peer_connected(id))
    }

    /// Returns [code]true[/code] if the packet read last was sent as text.
    #[func]
    fn was_string_packet(&self) -> bool {
        self.ask(false, |client| client.was_string_packet(), |server, id| server.was_string_packet(id))
    }

    /// Closes the connection with a status code and a reason of at most 123 bytes of UTF-8; its end is told by a signal. Codes
    /// that RFC 6455 does not allow in a close frame and longer reasons are refused: nothing changes, and
    /// [code]get_error_message()[/code] of the client or server says why.
    #[func]
    fn close(&self, #[opt(default = 1000)] code: i32, #[opt(default = "")] reason: GString) {
        let reason = reason.to_string();
        // The method has no return value in Godot 3; the text is kept.
        let _refused = self.ask(
            Ok(()),
            |client| client.close(code, &reason),
            |server, id| server.disconnect_peer(id, code, &reason),
        );
    }

    /// Returns the IP address of the other end, empty where there is no connection.
    #[func]
    fn get_connected_host(&self) -> GString {
        convert::host(self.ask(None, |client| client.server_address(), |server, id| server.peer_address(id).ok()))
    }

    /// Returns the port of the other end, 0 where there is no connection.
    #[func]
    fn get_connected_port(&self) -> u16 {
        let address = self.ask(None, |client| client.server_address(), |server, id| server.peer_address(id).ok());
        address.map_or(0, |address| address.port())
    }

    /// Disables ([code]true[/code], the default) or enables Nagle's algorithm on the TCP connection.
    #[func]
    fn set_no_delay(&self, enabled: bool) {
        // Without a connection there is nothing to set, and the next one starts without delay anyway.
        let _unconnected =
            self.ask(Ok(()), |client| client.set_no_delay(enabled), |server, id| server.set_no_delay(id, enabled));
    }

    /// Returns the payload bytes of packets that the network has not taken yet.
    #[func]
    fn get_current_outbound_buffered_amount(&self) -> i32 {
        let amount = self
            .ask(0, Client::outbound_buffered_amount, |server, id| server.outbound_buffered_amount(id).unwrap_or(0));
        convert::integer32(amount)
    }

    /// The same as [method PacketPeer.get_packet].
    #[func]
    fn get_peer_packet(&self) -> PackedByteArray {
        self.ask(
            PackedByteArray::new(),
            |client| client.take_message().map(PackedByteArray::from).unwrap_or_default(),
            |server, id| server.take_message(id).map(PackedByteArray::from).unwrap_or_default(),
        )
    }

    /// Sends the given text as a text message, whatever the write mode is. Returns [constant ERR_OUT_OF_MEMORY] where the output
    /// buffer has no room and [constant FAILED] where the connection is not open.
    #[func]
    fn send_text(&self, message: GString) -> GodotError {
        self.send(Some(MessageKind::Text), message.to_string().as_bytes())
    }

    /// Writes packets that were collected in this frame to the network now. Happens by itself at the end of the frame and in
    /// [code]poll()[/code].
    #[func]
    fn flush(&self) {
        self.flush_scheduled.store(false, Ordering::Release);
        self.ask((), Client::flush, Server::flush);
    }

    /// Sends a ping with at most 125 bytes of payload; the answer updates [method get_round_trip_time].
    #[func]
    fn ping(&self, #[opt(default = &PackedByteArray::new())] payload: PackedByteArray) -> GodotError {
        let payload = payload.as_slice();
        self.ask(
            GodotError::FAILED,
            |client| convert::error(&client.ping(payload)),
            |server, id| convert::error(&server.ping(id, payload)),
        )
    }

    /// Returns the seconds between the last answered ping and its pong; -1 before the first.
    #[func]
    fn get_round_trip_time(&self) -> f64 {
        let times = self.ask(None, |client| client.ask(WebSocketPeer::round_trip), |server, id| server.round_trip(id));
        times.map_or(-1.0, |times| times.last.as_secs_f64())
    }

    /// Returns the URL: on a client as passed, on a server as the request asked for it.
    #[func]
    fn get_requested_url(&self) -> GString {
        let url = self.ask(
            String::new(),
            |client| client.ask(|peer| peer.requested_url().to_owned()),
            |server, id| server.requested_url(id).to_owned(),
        );
        convert::text(&url)
    }
}

#[godot_api]
impl IPacketPeerExtension for RustWebSocketRemotePeer {
    unsafe fn get_packet_rawptr(
        &mut self,
        r_buffer: RawPtr<*mut RawPtr<*const u8>>,
        r_buffer_size: RawPtr<*mut i32>,
    ) -> GodotError {
        self.ask(
            GodotError::FAILED,
            |client| pointers::lend(client.take_message(), r_buffer, r_buffer_size),
            |server, id| match pointers::lend(server.take_message(id), r_buffer, r_buffer_size) {
                GodotError::ERR_INVALID_PARAMETER => GodotError::FAILED,
                error => error,
            },
        )
    }

    unsafe fn put_packet_rawptr(&mut self, p_buffer: RawPtr<*const u8>, p_buffer_size: i32) -> GodotError {
        self.send(None, pointers::data(p_buffer, p_buffer_size))
    }

    fn get_available_packet_count(&self) -> i32 {
        convert::integer32(self.ask(0, |client| client.packet_count(), |server, id| server.packet_count(id)))
    }

    fn get_max_packet_size(&self) -> i32 {
        let limit = self.ask(
            0,
            |client| client.options().outbound_buffer_size,
            |server, _| server.options().peer.outbound_buffer_size,
        );
        if limit == 0 { i32::MAX } else { convert::integer32(limit) }
    }
}
