//! The methods of `RustWebSocketClient`.

use godot::global::Error as GodotError;
use godot::prelude::*;

use super::RustWebSocketClient;
use crate::godot::remote_peer::{Owner, RustWebSocketRemotePeer};
use crate::godot::short_calls::short_calls;
use crate::godot::{convert, frame_flush, nested_polls, project_limits};
use crate::peer::ConnectParameters;
use crate::proto::close_code;

#[godot_api(secondary)]
impl RustWebSocketClient {
    /// Connects, receives, and sends queued data, and emits the signals of all events. Call this regularly. Never
    /// blocks. It is [method MultiplayerPeer.poll], which other parts of the engine call.
    #[func]
    fn poll(&self) {
        nested_polls::poll_and_emit(self);
    }

    /// Connects to the given URL, [code]ws://[/code] or [code]wss://host[:port][/path][/code]; a URL without a scheme
    /// means [code]ws://[/code]. The server must select one of [param protocols], if there are any, unless
    /// [member allow_no_protocol] is [code]true[/code]. With [param
    /// gd_mp_api] the client uses the packets of Godot 3's multiplayer and can be a [member
    /// MultiplayerAPI.multiplayer_peer]. [param custom_headers] are lines ([code]"Name: value"[/code]) for the request.
    ///
    /// Returns [constant ERR_INVALID_PARAMETER] for an invalid URL, protocol or header line; [constant
    /// ERR_ALREADY_IN_USE] while connecting or connected; [constant FAILED] if the system refuses immediately, which
    /// the next [method MultiplayerPeer.poll] also reports by its signals.
    #[func]
    fn connect_to_url(
        &self,
        url: GString,
        #[opt(default = &PackedStringArray::new())] protocols: PackedStringArray,
        #[opt(default = false)] gd_mp_api: bool,
        #[opt(default = &PackedStringArray::new())] custom_headers: PackedStringArray,
    ) -> GodotError {
        let url = url.to_string();
        // Outside the lock, because this calls objects of the engine.
        let tls = self.tls(&url);
        self.run(|client| {
            let parameters = ConnectParameters {
                protocols: convert::strings(&protocols),
                headers: convert::strings(&custom_headers),
                tls: client.record_error(tls)?,
                gd_mp_api,
            };
            let _set = client.set_options(|options| {
                project_limits::apply_connect_timeout(options);
                Ok(())
            });
            client.connect_to_url(&url, parameters)
        })
    }

    /// Starts the close handshake with a status code and a reason of at most 123 bytes of UTF-8. [signal
    /// connection_closed] is emitted when the server has answered. While connecting, and while waiting to reconnect,
    /// the client gives up without a signal. Codes that RFC 6455 does not allow in a close frame and longer reasons are
    /// refused: nothing changes, and [method get_error_message] explains it.
    #[func]
    fn disconnect_from_host(
        &self,
        #[opt(default = i32::from(close_code::NORMAL))] code: i32,
        #[opt(default = "")] reason: GString,
    ) {
        // The method has no return value in Godot 3; get_error_message() returns the text.
        let _refused = self.run(|client| client.disconnect_from_host(code, &reason.to_string()));
    }

    /// Returns the connection to the server for the id 1, or 0, which some tutorials use; [code]null[/code] for other
    /// ids. Each [method connect_to_url] gives a new object.
    #[func]
    fn get_peer(&self, peer_id: i32) -> Option<Gd<RustWebSocketRemotePeer>> {
        if !matches!(peer_id, 0 | 1) {
            return None;
        }
        let generation = self.ask(|client| client.generation());
        let mut server = self.server.lock();
        match &*server {
            Some((of, peer)) if *of == generation => Some(peer.clone()),
            _ => {
                let peer = RustWebSocketRemotePeer::of(Owner::Client { client: self.state.weak(), generation });
                *server = Some((generation, peer.clone()));
                Some(peer)
            }
        }
    }

    /// Returns the IP address of the server while connected, else an empty string.
    #[func]
    fn get_connected_host(&self) -> GString {
        convert::host(self.ask(|client| client.server_address()))
    }

    /// Returns the port of the server while connected, else 0.
    #[func]
    fn get_connected_port(&self) -> u16 {
        self.ask(|client| client.server_address().map_or(0, |address| address.port()))
    }

    /// Sets the limits of the queues in KiB and packets, for each direction. Each value is rounded up to a power of
    /// two. Default 64 KiB and 1024 packets. Returns [constant FAILED] while there is a connection and [constant
    /// ERR_INVALID_PARAMETER] if a value is not greater than 0.
    #[func]
    fn set_buffers(
        &self,
        input_buffer_size_kb: i64,
        input_max_packets: i64,
        output_buffer_size_kb: i64,
        output_max_packets: i64,
    ) -> GodotError {
        self.run(|client| {
            client.set_buffers(input_buffer_size_kb, input_max_packets, output_buffer_size_kb, output_max_packets)
        })
    }

    /// Returns 1, the id of the server, from which the packets of [signal data_received] come. Not in Godot 3; some
    /// tutorials use it.
    #[func]
    fn get_peer_id(&self) -> i32 {
        1
    }

    /// Returns the ids of the peers that can be reached: in multiplayer mode those that the server reported, else 1
    /// while connected. Not in Godot 3.
    #[func]
    fn get_peer_list(&self) -> PackedInt32Array {
        self.ask(|client| client.peer_ids()).into_iter().collect()
    }

    /// Writes the packets that were collected in this frame to the network now. This happens automatically at the end
    /// of the frame and in [method MultiplayerPeer.poll].
    #[func]
    fn flush(&self) {
        self.state.with((), frame_flush::flush);
    }

    /// Returns why the last call was refused, or why the last connection was lost or could not be made, or an empty
    /// string.
    #[func]
    fn get_error_message(&self) -> GString {
        self.ask(|client| convert::text(client.error_message()))
    }

    /// Returns why the connection could not be made or was lost, as a dictionary; see [method
    /// RustWebSocketPeer.get_failure].
    #[func]
    fn get_failure(&self) -> VarDictionary {
        self.ask(|client| client.with_peer(|peer| convert::failure(peer.failure())))
    }
}

short_calls! {
    RustWebSocketClient: poll, connect_to_url, disconnect_from_host, get_peer, get_connected_host, get_connected_port,
    set_buffers, get_peer_id, get_peer_list, flush, get_error_message, get_failure
}
