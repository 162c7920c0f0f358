//! The members of `RustWebSocketMultiplayerPeer` that begin a room and tell about its peers.

use godot::global::Error as GodotError;
use godot::prelude::*;

use crate::peer::options::TlsTexts;

use super::convert::{self, OptionalTls};
use super::room::{SharedPeerCell, run};
use super::shared::with;
use super::websocket_multiplayer_peer::RustWebSocketMultiplayerPeer;
use super::websocket_peer::RustWebSocketPeer;

#[godot_api(secondary)]
impl RustWebSocketMultiplayerPeer {
    /// Starts a new client and connects to the given URL, [code]ws://host[:port][/path][/code] or [code]wss://[/code] with
    /// [param tls_client_options] as in [method RustWebSocketPeer.connect_to_url]. The room is connected when the server has
    /// told this client its id, see [method MultiplayerPeer.get_connection_status] and
    /// [signal MultiplayerPeer.peer_connected].
    ///
    /// Returns [constant ERR_ALREADY_IN_USE] while the room is a client or server, [constant ERR_INVALID_PARAMETER] for what is
    /// no URL, for wrong [member handshake_headers] and for a server's TLS options, [constant FAILED] when the system refuses at
    /// once.
    #[func(gd_self)]
    fn create_client(
        this: Gd<Self>,
        url: GString,
        #[opt(default = OptionalTls::NONE)] tls_client_options: OptionalTls,
    ) -> GodotError {
        // Outside the lock: the engine's objects are asked.
        let url = url.to_string();
        let tls = TlsTexts::default().client_for(&url, tls_client_options.0.as_ref());
        run(&this, |room| {
            let tls = room.record_error(tls)?;
            room.create_client(&url, tls)
        })
    }

    /// Starts a new server on the given port (0: the system chooses one, see [method get_local_port]) of every interface
    /// ([code]"*"[/code]) or of one IP address. With [param tls_server_options] ([method TLSOptions.server]) for
    /// [code]wss://[/code] clients.
    ///
    /// Returns [constant ERR_ALREADY_IN_USE] while the room is a client or server and for an address in use or not of this
    /// machine, [constant ERR_INVALID_PARAMETER] for what is no port or no address, for wrong [member handshake_headers] and for
    /// a client's TLS options.
    #[func(gd_self)]
    fn create_server(
        this: Gd<Self>,
        port: i64,
        #[opt(default = "*")] bind_address: GString,
        #[opt(default = OptionalTls::NONE)] tls_server_options: OptionalTls,
    ) -> GodotError {
        let tls = tls_server_options.0.map(|options| TlsTexts::default().server(Some(&options))).transpose();
        run(&this, |room| {
            let tls = room.record_error(tls)?;
            room.create_server(port, &bind_address.to_string(), tls)
        })
    }

    /// Returns the connection to a peer, or [code]null[/code] for an id that is not there. The room drives it: do not poll it
    /// and do not read packets from it. In handlers of [signal MultiplayerPeer.peer_disconnected] it tells why the peer has
    /// left. A client has one peer, 1, which it can ask while it connects too, and when that has failed or the server has
    /// gone ([method RustWebSocketPeer.get_failure], [method RustWebSocketPeer.get_close_code]), until the room is closed or
    /// begins anew.
    #[func(gd_self)]
    fn get_peer(this: Gd<Self>, peer_id: i32) -> Option<Gd<RustWebSocketPeer>> {
        with(&this, None, |room| room.room.cell(peer_id).map(SharedPeerCell::show))
    }

    /// Returns the IP address of a peer, empty for an id that is not there.
    #[func(gd_self)]
    fn get_peer_address(this: Gd<Self>, id: i32) -> GString {
        with(&this, GString::new(), |room| convert::host(room.room.peer_address(id)))
    }

    /// Returns the remote port of a peer, 0 for an id that is not there.
    #[func(gd_self)]
    fn get_peer_port(this: Gd<Self>, id: i32) -> i32 {
        with(&this, 0, |room| room.room.peer_address(id).map_or(0, |address| i32::from(address.port())))
    }

    /// Returns the ids of all peers that can be reached.
    #[func(gd_self)]
    fn get_peers(this: Gd<Self>) -> PackedInt32Array {
        with(&this, PackedInt32Array::new(), |room| room.room.peers().into_iter().collect())
    }

    /// Returns the port a server listens on, 0 where there is none.
    #[func(gd_self)]
    fn get_local_port(this: Gd<Self>) -> i32 {
        with(&this, 0, |room| i32::from(room.room.local_port()))
    }

    /// Returns the seconds between the last answered ping to a peer and its pong; -1 before the first and for an id that is not
    /// there. Pings are sent every [member heartbeat_interval], or by [code]get_peer(id).ping()[/code].
    #[func(gd_self)]
    fn get_round_trip_time(this: Gd<Self>, id: i32) -> f64 {
        with(&this, -1.0, |room| room.room.round_trip(id).map_or(-1.0, |times| times.last.as_secs_f64()))
    }

    /// Returns a moving average of [method get_round_trip_time].
    #[func(gd_self)]
    fn get_smoothed_round_trip_time(this: Gd<Self>, id: i32) -> f64 {
        with(&this, -1.0, |room| room.room.round_trip(id).map_or(-1.0, |times| times.smoothed.as_secs_f64()))
    }

    /// Returns in words why the last call was refused, a client could not connect, or the last peer to leave has left; empty
    /// where nothing of that kind happened.
    #[func(gd_self)]
    fn get_error_message(this: Gd<Self>) -> GString {
        with(&this, GString::new(), |room| convert::text(room.room.error_message()))
    }

    /// Writes packets that were collected in this frame to the network now. Happens by itself at the end of the frame and in
    /// [method MultiplayerPeer.poll].
    #[func(gd_self)]
    fn flush(this: Gd<Self>) {
        with(&this, (), |room| {
            room.flush_scheduled = false;
            room.room.flush();
        });
    }
}
