//! `RustWebSocketRemotePeer`: one connection of a `RustWebSocketClient` or `RustWebSocketServer`, as scripts use it.

use std::sync::Weak;
use std::sync::atomic::{AtomicBool, Ordering};

use godot::classes::PacketPeerExtension;
use godot::global::Error as GodotError;
use godot::prelude::*;
use godot_core::meta::RawPtr;

use super::call_values::Lent;
use super::called_instance::{CalledClass, Registration};
use super::class_enums::RemoteWriteMode;
use super::object_lock::ObjectLock;
use super::short_calls::{short_calls, virtual_calls};
use super::websocket_client::client_object::ClientObject;
use super::websocket_server::server_object::ServerObject;
use super::{convert, engine_pointers, refused_calls, string_to_utf8};
use crate::error::{Error, ErrorCode, Result};
use crate::peer::{Client, Server, WebSocketPeer};
use crate::proto::close_code;
use crate::proto::frame::MessageKind;

/// One connection of a [RustWebSocketClient] or [RustWebSocketServer], as returned by their [code]get_peer()[/code]. It
/// has the members of Godot 3's [code]WebSocketPeer[/code].
///
/// Read packets with [method PacketPeer.get_packet] or [method PacketPeer.get_var] in the handler of
/// [code]data_received[/code], send with [method PacketPeer.put_packet] or [method PacketPeer.put_var]. As in Godot 3,
/// an empty packet is not sent.
///
/// It does not keep its client or server alive. When the connection has ended, or was replaced by another one, it stays
/// unconnected; an object made by [code]new()[/code] is always unconnected. Any method may be called from any thread.
#[derive(GodotClass)]
#[class(tool, init, base = PacketPeerExtension)]
pub struct RustWebSocketRemotePeer {
    called: Registration,
    owner: Owner,
    flush_scheduled: AtomicBool,
    base: Base<PacketPeerExtension>,
}

impl CalledClass for RustWebSocketRemotePeer {
    fn registration(&self) -> &Registration {
        &self.called
    }
}

/// The object that drives the connection.
#[derive(Default)]
pub enum Owner {
    #[default]
    None,
    Client {
        client: Weak<ObjectLock<ClientObject>>,
        generation: u64,
    },
    Server {
        server: Weak<ObjectLock<ServerObject>>,
        id: i32,
    },
}

impl RustWebSocketRemotePeer {
    /// Returns an instance for a connection of `owner`.
    pub fn of(owner: Owner) -> Gd<Self> {
        Gd::from_init_fn(|base| Self {
            called: Registration::default(),
            owner,
            flush_scheduled: AtomicBool::new(false),
            base,
        })
    }

    /// Runs a call on the owner; returns `fallback` if the owner has been freed or has another connection now.
    fn ask_owner<R>(
        &self,
        fallback: R,
        client: impl FnOnce(&mut Client) -> R,
        server: impl FnOnce(&mut Server, i32) -> R,
    ) -> R {
        let result = match &self.owner {
            Owner::None => None,
            Owner::Client { client: owner, generation } => owner.upgrade().and_then(|lock| {
                lock.with(None, |object| {
                    (object.client.generation() == *generation).then(|| client(&mut object.client))
                })
            }),
            Owner::Server { server: owner, id } => {
                owner.upgrade().and_then(|lock| lock.with(None, |object| Some(server(&mut object.server, *id))))
            }
        };
        result.unwrap_or(fallback)
    }

    fn send(&self, kind: Option<MessageKind>, payload: &[u8]) -> GodotError {
        let (result, flush) = self.ask_owner(
            (None, false),
            |client| {
                let result = client.send(kind.unwrap_or(client.write_mode()), payload);
                (Some(result), client.has_unflushed())
            },
            |server, id| {
                let result = server.send(id, kind.unwrap_or(server.write_mode(id)), payload);
                (Some(result), server.with_peer(id, WebSocketPeer::has_unflushed).unwrap_or(false))
            },
        );
        // Collected packets are written at the end of this frame, not in the next poll.
        if flush && !self.flush_scheduled.swap(true, Ordering::AcqRel) {
            self.to_gd().call_deferred("flush", &[]);
        }
        self.number(result, if kind.is_some() { "send_text" } else { "put_packet" })
    }

    /// Returns the engine's number of a result; `None` without a connection. As in Godot 3, an unknown connection is
    /// `FAILED`.
    fn number(&self, result: Option<Result>, call: &'static str) -> GodotError {
        let result = result.unwrap_or_else(|| Err(Error::new(ErrorCode::Failed, "the connection has ended")));
        match refused_calls::number::<Self>(Some(result), call, || self.base().instance_id()) {
            GodotError::ERR_INVALID_PARAMETER => GodotError::FAILED,
            error => error,
        }
    }
}

#[godot_api]
impl RustWebSocketRemotePeer {
    /// Returns the type of message that [method PacketPeer.put_packet] sends.
    #[func]
    fn get_write_mode(&self) -> RemoteWriteMode {
        let kind =
            self.ask_owner(MessageKind::Binary, |client| client.write_mode(), |server, id| server.write_mode(id));
        RemoteWriteMode::of(kind)
    }

    /// Sets the type of message that [method PacketPeer.put_packet] sends. Default [constant WRITE_MODE_BINARY], again
    /// with each new connection.
    #[func]
    fn set_write_mode(&self, mode: RemoteWriteMode) {
        let kind = mode.message_kind();
        self.ask_owner((), |client| client.set_write_mode(kind), |server, id| server.set_write_mode(id, kind));
    }

    /// Returns [code]true[/code] while the connection is open, until the signal that reports its end.
    #[func]
    fn is_connected_to_host(&self) -> bool {
        self.ask_owner(false, |client| client.is_connected_to_host(), |server, id| server.is_peer_connected(id))
    }

    /// Returns [code]true[/code] if the last packet read was sent as text.
    #[func]
    fn was_string_packet(&self) -> bool {
        self.ask_owner(false, |client| client.was_string_packet(), |server, id| server.was_string_packet(id))
    }

    /// Starts the close handshake with a status code and a reason of at most 123 bytes of UTF-8; a signal of the client
    /// or server reports the end of the connection. Codes that RFC 6455 does not allow in a close frame and longer
    /// reasons are refused: nothing changes, and [code]get_error_message()[/code] of the client or server explains it.
    #[func]
    fn close(&self, #[opt(default = i32::from(close_code::NORMAL))] code: i32, #[opt(default = "")] reason: GString) {
        let reason = reason.to_string();
        let result = self.ask_owner(
            Ok(()),
            |client| client.close(code, &reason),
            |server, id| server.disconnect_peer(id, code, &reason),
        );
        // The method has no return value in Godot 3; get_error_message() of the owner returns the text.
        self.number(Some(result), "close");
    }

    /// Returns the IP address of the remote peer, or an empty string if there is no connection.
    #[func]
    fn get_connected_host(&self) -> GString {
        convert::host(self.ask_owner(None, |client| client.server_address(), |server, id| server.peer_address(id).ok()))
    }

    /// Returns the port of the remote peer, or 0 if there is no connection.
    #[func]
    fn get_connected_port(&self) -> u16 {
        let address = self.ask_owner(None, |client| client.server_address(), |server, id| server.peer_address(id).ok());
        address.map_or(0, |address| address.port())
    }

    /// Disables ([code]true[/code], the default) or enables Nagle's algorithm on the TCP connection.
    #[func]
    fn set_no_delay(&self, enabled: bool) {
        // Without a connection there is nothing to set: every connection starts with Nagle's algorithm disabled.
        let _unconnected = self.ask_owner(
            Ok(()),
            |client| client.set_no_delay(enabled),
            |server, id| server.set_no_delay(id, enabled),
        );
    }

    /// Returns the payload bytes of packets that have not been written to the network yet.
    #[func]
    fn get_current_outbound_buffered_amount(&self) -> i32 {
        let amount = self.ask_owner(0, Client::outbound_buffered_amount, |server, id| {
            server.outbound_buffered_amount(id).unwrap_or(0)
        });
        convert::integer32(amount)
    }

    /// Does the same as [method PacketPeer.get_packet].
    #[func]
    fn get_peer_packet(&self) -> PackedByteArray {
        self.ask_owner(
            PackedByteArray::new(),
            |client| client.take_message().map(PackedByteArray::from).unwrap_or_default(),
            |server, id| server.take_message(id).map(PackedByteArray::from).unwrap_or_default(),
        )
    }

    /// Sends the given text as a text message, whatever the write mode is. Returns [constant ERR_OUT_OF_MEMORY] if the
    /// output buffer is full and [constant FAILED] if the connection is not open.
    #[func]
    fn send_text(&self, message: Lent<GString>) -> GodotError {
        string_to_utf8::with(&message, |text| self.send(Some(MessageKind::Text), text.as_bytes()))
    }

    /// Writes the packets that were collected in this frame to the network now. This happens automatically at the end
    /// of the frame and in [code]poll()[/code].
    #[func]
    fn flush(&self) {
        self.flush_scheduled.store(false, Ordering::Release);
        self.ask_owner((), Client::flush, Server::flush);
    }

    /// Sends a ping with at most 125 bytes of payload; the pong updates [method get_round_trip_time]. An empty payload
    /// is replaced by eight random bytes.
    #[func]
    fn ping(&self, #[opt(default = &PackedByteArray::new())] payload: PackedByteArray) -> GodotError {
        let payload = payload.as_slice();
        let result =
            self.ask_owner(None, |client| Some(client.ping(payload)), |server, id| Some(server.ping(id, payload)));
        match result {
            None => GodotError::FAILED,
            some => refused_calls::number::<Self>(some, "ping", || self.base().instance_id()),
        }
    }

    /// Returns the seconds between the last answered ping and its pong, or -1 before the first pong.
    #[func]
    fn get_round_trip_time(&self) -> f64 {
        let times = self.ask_owner(
            None,
            |client| client.with_peer(WebSocketPeer::round_trip),
            |server, id| server.round_trip(id),
        );
        times.map_or(-1.0, |times| times.last.as_secs_f64())
    }

    /// Returns the URL: on a client as it was passed, on a server as the client requested it.
    #[func]
    fn get_requested_url(&self) -> GString {
        let url = self.ask_owner(
            String::new(),
            |client| client.with_peer(|peer| peer.requested_url().to_owned()),
            |server, id| server.requested_url(id).to_owned(),
        );
        convert::text(&url)
    }
}

short_calls! {
    RustWebSocketRemotePeer: get_write_mode, set_write_mode, is_connected_to_host, was_string_packet, close,
    get_connected_host, get_connected_port, set_no_delay, get_current_outbound_buffered_amount, get_peer_packet,
    send_text, flush, ping, get_round_trip_time, get_requested_url
}

impl RustWebSocketRemotePeer {
    fn lend_packet(&self, r_buffer: RawPtr<*mut RawPtr<*const u8>>, r_buffer_size: RawPtr<*mut i32>) -> GodotError {
        self.ask_owner(
            GodotError::FAILED,
            |client| engine_pointers::lend_copy(client.take_message(), r_buffer, r_buffer_size),
            |server, id| match engine_pointers::lend_copy(server.take_message(id), r_buffer, r_buffer_size) {
                GodotError::ERR_INVALID_PARAMETER => GodotError::FAILED,
                error => error,
            },
        )
    }

    fn put_packet(&self, p_buffer: RawPtr<*const u8>, p_buffer_size: i32) -> GodotError {
        self.send(None, engine_pointers::data(p_buffer, p_buffer_size))
    }

    fn packet_count(&self) -> i32 {
        convert::integer32(self.ask_owner(0, |client| client.packet_count(), |server, id| server.packet_count(id)))
    }

    fn max_packet_size(&self) -> i32 {
        let limit = self.ask_owner(
            0,
            |client| client.options().outbound_buffer_size(),
            |server, _| server.options().peer.outbound_buffer_size(),
        );
        convert::limit32(limit)
    }
}

virtual_calls! {
    RustWebSocketRemotePeer as PacketPeerExtension:
    get_packet_rawptr = RustWebSocketRemotePeer::lend_packet,
    put_packet_rawptr = RustWebSocketRemotePeer::put_packet,
    get_available_packet_count = RustWebSocketRemotePeer::packet_count,
    get_max_packet_size = RustWebSocketRemotePeer::max_packet_size,
}
