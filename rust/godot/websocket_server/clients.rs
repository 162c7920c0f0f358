//! The methods of `RustWebSocketServer` about its clients.

use godot::global::Error as GodotError;
use godot::prelude::*;

use super::RustWebSocketServer;
use crate::godot::call_values::Lent;
use crate::godot::class_enums::RemoteWriteMode;
use crate::godot::remote_peer::{Owner, RustWebSocketRemotePeer};
use crate::godot::short_calls::short_calls;
use crate::godot::{convert, frame_flush};
use crate::proto::close_code;

#[godot_api(secondary)]
impl RustWebSocketServer {
    /// Returns [code]true[/code] if a client with this id is connected, and until the end of the poll that reports its
    /// end.
    #[func]
    fn has_peer(&self, id: i32) -> bool {
        self.ask(|server| server.has_peer(id))
    }

    /// Returns the connection to a client, the same object each time, or [code]null[/code] for an unknown id.
    #[func]
    fn get_peer(&self, id: i32) -> Option<Gd<RustWebSocketRemotePeer>> {
        if !self.ask(|server| server.has_peer(id)) {
            return None;
        }
        let owner = Owner::Server { server: self.state.weak(), id };
        Some(self.peers.lock().entry(id).or_insert_with(|| RustWebSocketRemotePeer::of(owner)).clone())
    }

    /// Returns the IP address of a client, or an empty string for an unknown id and after the end of its connection.
    #[func]
    fn get_peer_address(&self, id: i32) -> GString {
        convert::host(self.ask(|server| server.peer_address(id).ok()))
    }

    /// Returns the port of a client, or 0 for an unknown id and after the end of its connection.
    #[func]
    fn get_peer_port(&self, id: i32) -> u16 {
        self.ask(|server| server.peer_address(id).ok()).map_or(0, |address| address.port())
    }

    /// Starts the close handshake with a client, with a status code and a reason of at most 123 bytes of UTF-8. [signal
    /// client_disconnected] is emitted when the client has answered. Packets that arrive in the meantime are dropped.
    /// An unknown id, codes that RFC 6455 does not allow in a close frame, and longer reasons are refused: nothing
    /// changes, and [method get_error_message] explains it.
    #[func]
    fn disconnect_peer(
        &self,
        id: i32,
        #[opt(default = i32::from(close_code::NORMAL))] code: i32,
        #[opt(default = "")] reason: GString,
    ) {
        // The method has no return value in Godot 3; get_error_message() returns the text.
        let _refused = self.run(|server| server.disconnect_peer(id, code, &reason.to_string()));
    }

    /// Sends a packet to one client (its id), to all clients (0), or to all except one (its negative id). For several
    /// clients the packet is encoded, and compressed, once. Not in Godot 3.
    ///
    /// Returns [constant ERR_INVALID_PARAMETER] for an unknown id, [constant ERR_INVALID_DATA] for text that is not
    /// UTF-8, and [constant ERR_OUT_OF_MEMORY] if the output buffer of a client is full; the other clients get the
    /// packet nevertheless.
    #[func]
    fn send_to(
        &self,
        target: i32,
        packet: Lent<PackedByteArray>,
        #[opt(default = RemoteWriteMode::BINARY)] write_mode: RemoteWriteMode,
    ) -> GodotError {
        let kind = write_mode.message_kind();
        frame_flush::send(self, |object| object.server.send_to(target, kind, packet.as_slice()))
    }

    /// Sends a packet to the clients with the given ids. It is encoded, and compressed, once. Not in Godot 3.
    ///
    /// Returns the error of [method send_to] for the first client that cannot be sent the packet; the other clients get
    /// it nevertheless.
    #[func]
    fn send_to_list(
        &self,
        ids: PackedInt32Array,
        packet: Lent<PackedByteArray>,
        #[opt(default = RemoteWriteMode::BINARY)] write_mode: RemoteWriteMode,
    ) -> GodotError {
        let kind = write_mode.message_kind();
        frame_flush::send(self, |object| object.server.send_to_list(ids.as_slice(), kind, packet.as_slice()))
    }

    /// Writes the packets that were collected in this frame to the network now. This happens automatically at the end
    /// of the frame and in [method MultiplayerPeer.poll].
    #[func]
    fn flush(&self) {
        self.state.with((), frame_flush::flush);
    }

    /// Returns [code]true[/code] if a client has connected that [method take_connection] has not returned. Not in Godot
    /// 3; some tutorials use it.
    #[func]
    fn is_connection_available(&self) -> bool {
        self.state.with(false, |object| !object.untaken.is_empty())
    }

    /// Returns the id of the next client that has connected, or 0 if there is none. Not in Godot 3; some tutorials use
    /// it.
    #[func]
    fn take_connection(&self) -> i32 {
        self.state.with(0, |object| object.untaken.pop_front().unwrap_or(0))
    }

    /// Returns the id of the client whose packet was reported last, which in a handler of [signal data_received] is its
    /// argument; 0 before the first. Not in Godot 3; some tutorials use it.
    #[func]
    fn get_peer_id(&self) -> i32 {
        self.state.with(0, |object| object.last_sender)
    }

    /// Returns the ids of all connected clients in ascending order. Not in Godot 3; some tutorials use it.
    #[func]
    fn get_peer_list(&self) -> PackedInt32Array {
        self.ask(|server| server.peer_ids()).into_iter().collect()
    }

    /// Returns the request of a client, like [method RustWebSocketPeer.get_request]; empty for an unknown id. Not in
    /// Godot 3.
    #[func]
    fn get_request(&self, id: i32) -> VarDictionary {
        let (request, is_pending) = self.ask(|server| (server.request(id).ok(), !server.has_peer(id)));
        convert::request(request, is_pending)
    }

    /// Selects the sub-protocol of the answer to a client that [signal client_request] reported: one of the
    /// [code]protocols[/code] of [method get_request], or an empty string for none. Without this call, the first one
    /// that the client offers and [method listen] got is selected. The last call before [method accept_request] counts.
    /// Returns [constant ERR_INVALID_PARAMETER] if no request of this id is pending or the client does not offer [param
    /// protocol]; nothing changes then. Not in Godot 3.
    #[func]
    fn select_protocol(&self, id: i32, protocol: GString) -> GodotError {
        self.run(|server| server.select_protocol(id, &protocol.to_string()))
    }

    /// Accepts a client that [signal client_request] reported. [param extra_headers] are header lines for the answer.
    /// Returns [constant ERR_INVALID_PARAMETER] if no request of this id is pending, and for invalid lines. Not in
    /// Godot 3.
    #[func]
    fn accept_request(
        &self,
        id: i32,
        #[opt(default = &PackedStringArray::new())] extra_headers: PackedStringArray,
    ) -> GodotError {
        self.run(|server| server.accept_request(id, &convert::strings(&extra_headers)))
    }

    /// Answers a client that [signal client_request] reported with an HTTP status from 200 to 599 instead; no further
    /// signals are emitted for it. Returns [constant ERR_INVALID_PARAMETER] if no request of this id is pending, and
    /// for a status, reason or header that an answer cannot contain. Not in Godot 3.
    #[func]
    fn reject_request(
        &self,
        id: i32,
        status: i64,
        #[opt(default = "")] reason: GString,
        #[opt(default = &PackedStringArray::new())] headers: PackedStringArray,
        #[opt(default = &PackedByteArray::new())] body: PackedByteArray,
    ) -> GodotError {
        self.run(|server| {
            let answer = convert::http_answer(status, &reason, &headers, &body);
            let answer = server.record_error(answer)?;
            server.reject_request(id, answer)
        })
    }
}

short_calls! {
    RustWebSocketServer: has_peer, get_peer, get_peer_address, get_peer_port, disconnect_peer, send_to, send_to_list,
    flush, is_connection_available, take_connection, get_peer_id, get_peer_list, get_request, select_protocol,
    accept_request, reject_request
}
