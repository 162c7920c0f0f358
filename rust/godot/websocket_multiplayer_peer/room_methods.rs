//! The methods of `RustWebSocketMultiplayerPeer`.

use godot::global::Error as GodotError;
use godot::prelude::*;

use super::RustWebSocketMultiplayerPeer;
use super::room_object::SharedPeerCell;
use crate::godot::call_values::Lent;
use crate::godot::short_calls::short_calls;
use crate::godot::tls::OptionalTls;
use crate::godot::websocket_peer::RustWebSocketPeer;
use crate::godot::{convert, frame_flush, project_limits};
use crate::limits::SHUTDOWN_TIMEOUT;
use crate::peer::listening::{checked_port, checked_shutdown_timeout};
use crate::peer::options::TlsTexts;
use crate::proto::close_code;

#[godot_api(secondary)]
impl RustWebSocketMultiplayerPeer {
    /// Starts a client that connects to the given URL, [code]ws://host[:port][/path][/code] or [code]wss://[/code],
    /// with [param tls_client_options] as in [method RustWebSocketPeer.connect_to_url]. It is connected when the server
    /// has assigned it its id; see [method MultiplayerPeer.get_connection_status] and [signal
    /// MultiplayerPeer.peer_connected].
    ///
    /// Returns [constant ERR_ALREADY_IN_USE] while this object is a client or server; [constant ERR_INVALID_PARAMETER]
    /// for an invalid URL, for invalid [member handshake_headers], and for the [TLSOptions] of a server; [constant
    /// FAILED] if the system refuses immediately.
    #[func]
    fn create_client(
        &self,
        url: GString,
        #[opt(default = OptionalTls::NONE)] tls_client_options: OptionalTls,
    ) -> GodotError {
        // Outside the lock, because this calls objects of the engine.
        let url = url.to_string();
        let is_redirected = self.room.with(false, |object| object.room.options.max_redirects() > 0);
        let tls = TlsTexts::default().client_for(&url, tls_client_options.0.as_ref(), is_redirected);
        self.run(|room| {
            let tls = room.record_error(tls)?;
            project_limits::apply_connect_timeout(&mut room.options);
            room.create_client(&url, tls)
        })
    }

    /// Starts a server on the given port, on every interface ([code]"*"[/code]) or on one IP address. Port 0 lets the
    /// system choose; see [method get_local_port]. [param tls_server_options] ([method TLSOptions.server]) make it a
    /// [code]wss://[/code] server.
    ///
    /// Returns [constant ERR_ALREADY_IN_USE] while this object is a client or server, and if the address is in use or
    /// does not belong to this machine; [constant ERR_INVALID_PARAMETER] for an invalid port or address, for invalid
    /// [member handshake_headers], and for the [TLSOptions] of a client.
    #[func]
    fn create_server(
        &self,
        port: i64,
        #[opt(default = "*")] bind_address: GString,
        #[opt(default = OptionalTls::NONE)] tls_server_options: OptionalTls,
    ) -> GodotError {
        let tls = tls_server_options.0.map(|options| TlsTexts::default().server(Some(&options))).transpose();
        self.run(|room| {
            let tls = room.record_error(tls)?;
            let port = room.record_error(checked_port(port))?;
            room.create_server(port, &bind_address.to_string(), tls)
        })
    }

    /// Stops listening, and ends every connection of a server by a close frame with [param code] and [param reason],
    /// after the packets that were sent before. Clients whose handshake is under way are refused with HTTP status 503.
    /// Continue to poll, as [MultiplayerAPI] does, while [method is_shutting_down] returns [code]true[/code]: packets
    /// that still arrive can be read, and [signal MultiplayerPeer.peer_disconnected] is emitted for each peer.
    /// Connections that have not ended after [param timeout] seconds (negative for no limit) are dropped. Nothing can
    /// be sent any more. [method MultiplayerPeer.close] ends the shutdown at once.
    ///
    /// Returns [constant ERR_UNCONFIGURED] if this object is not a server; [constant ERR_ALREADY_IN_USE] if it is
    /// shutting down; [constant ERR_INVALID_PARAMETER] if a close frame may not carry the code or the reason, and for
    /// an invalid time. Nothing changes then.
    #[func]
    fn shutdown(
        &self,
        #[opt(default = i32::from(close_code::GOING_AWAY))] code: i32,
        #[opt(default = "")] reason: GString,
        #[opt(default = SHUTDOWN_TIMEOUT.as_secs_f64())] timeout: f64,
    ) -> GodotError {
        self.run(|room| {
            let timeout = room.record_error(checked_shutdown_timeout(timeout))?;
            room.shutdown(code, &reason.to_string(), timeout)
        })
    }

    /// Returns [code]true[/code] from [method shutdown] to the poll after the last peer has departed. Until then
    /// [method MultiplayerPeer.get_connection_status] returns [constant MultiplayerPeer.CONNECTION_CONNECTED].
    #[func]
    fn is_shutting_down(&self) -> bool {
        self.room.with(false, |object| object.room.is_shutting_down())
    }

    /// Returns the connection to a peer, or [code]null[/code] for an unknown id. This object drives the connection: do
    /// not poll it and do not read packets from it. In handlers of [signal MultiplayerPeer.peer_disconnected] it
    /// reports why the peer has left ([method RustWebSocketPeer.get_failure], [method
    /// RustWebSocketPeer.get_close_code]). On a client, the connection to the server (id 1) is also available while
    /// connecting, and after it has failed or ended until this object is closed or restarted.
    #[func]
    fn get_peer(&self, peer_id: i32) -> Option<Gd<RustWebSocketPeer>> {
        self.room.with(None, |object| object.room.cell(peer_id).map(SharedPeerCell::instance))
    }

    /// Returns the IP address of a peer, or an empty string for an unknown id.
    #[func]
    fn get_peer_address(&self, id: i32) -> GString {
        self.room.with(GString::new(), |object| convert::host(object.room.peer_address(id)))
    }

    /// Returns the port of a peer, or 0 for an unknown id.
    #[func]
    fn get_peer_port(&self, id: i32) -> i32 {
        self.room.with(0, |object| object.room.peer_address(id).map_or(0, |address| i32::from(address.port())))
    }

    /// Returns the ids of all connected peers.
    #[func]
    fn get_peers(&self) -> PackedInt32Array {
        self.room.with(PackedInt32Array::new(), |object| object.room.peers().into_iter().collect())
    }

    /// Returns the port that a server listens on, or 0 if it does not listen.
    #[func]
    fn get_local_port(&self) -> i32 {
        self.room.with(0, |object| i32::from(object.room.local_port()))
    }

    /// Returns the seconds between the last answered ping to a peer and its pong, or -1 before the first pong and for
    /// an unknown id. Pings are sent every [member heartbeat_interval], or by [code]get_peer(id).ping()[/code].
    #[func]
    fn get_round_trip_time(&self, id: i32) -> f64 {
        self.room.with(-1.0, |object| object.room.round_trip(id).map_or(-1.0, |times| times.last.as_secs_f64()))
    }

    /// Returns a moving average of [method get_round_trip_time], or -1 before the first pong and for an unknown id.
    #[func]
    fn get_smoothed_round_trip_time(&self, id: i32) -> f64 {
        self.room.with(-1.0, |object| object.room.round_trip(id).map_or(-1.0, |times| times.smoothed.as_secs_f64()))
    }

    /// Returns why the last call was refused, why a client could not connect, or why the last peer that left has left,
    /// or an empty string.
    #[func]
    fn get_error_message(&self) -> GString {
        self.room.with(GString::new(), |object| convert::text(object.room.error_message()))
    }

    /// Sends a packet to the peers with the given ids, as [method PacketPeer.put_packet] does to the target peer. It is
    /// encoded, and compressed, once. For programs that use the room without [SceneMultiplayer].
    ///
    /// Returns [constant ERR_UNCONFIGURED] if the room is not connected, [constant ERR_INVALID_PARAMETER] for an
    /// unknown id, and [constant ERR_OUT_OF_MEMORY] if the output buffer of a peer is full; the other peers get the
    /// packet nevertheless.
    #[func]
    fn send_to_list(&self, ids: PackedInt32Array, packet: Lent<PackedByteArray>) -> GodotError {
        frame_flush::send(self, |object| object.room.send_to_list(ids.as_slice(), packet.as_slice()))
    }

    /// Writes the packets that were collected in this frame to the network now. This happens automatically at the end
    /// of the frame and in [method MultiplayerPeer.poll].
    #[func]
    fn flush(&self) {
        self.room.with((), frame_flush::flush);
    }
}

short_calls! {
    RustWebSocketMultiplayerPeer: create_client, create_server, shutdown, is_shutting_down, get_peer,
    get_peer_address, get_peer_port, get_peers, get_local_port, get_round_trip_time, get_smoothed_round_trip_time,
    get_error_message, send_to_list, flush
}
