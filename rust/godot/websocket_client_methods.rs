//! The methods of `RustWebSocketClient`, and the project's settings.

use godot::classes::ProjectSettings;
use godot::global::Error as GodotError;
use godot::prelude::*;

use super::convert;
use super::remote_peer::{Owner, RustWebSocketRemotePeer};
use super::websocket_client::RustWebSocketClient;
use crate::peer::Client;
use crate::peer::ConnectionOptions;

/// Limits that a project brought over from Godot 3 sets under `network/limits/<object>/`: KiB and packets, in and out.
pub(super) fn project_limits(object: &str) -> [i64; 4] {
    let settings = ProjectSettings::singleton();
    let read = |name: &str, default: i64| {
        let path = format!("network/limits/{object}/{name}");
        let value = settings.has_setting(&path).then(|| settings.get_setting(&path).try_to::<i64>().ok());
        value.flatten().unwrap_or(default)
    };
    // Client and server objects have the same defaults; the outbound buffer is one byte short of a whole number of KiB.
    let defaults = ConnectionOptions::for_client();
    let (in_kib, out_kib) = (defaults.inbound_buffer_size() / 1024, defaults.outbound_buffer_size().div_ceil(1024));
    [
        read("max_in_buffer_kb", convert::integer(in_kib)),
        read("max_in_packets", convert::integer(defaults.max_queued_packets())),
        read("max_out_buffer_kb", convert::integer(out_kib)),
        read("max_out_packets", convert::integer(defaults.max_outbound_packets())),
    ]
}

/// A client with the limits of the project.
pub(super) fn of_the_project() -> Client {
    let mut client = Client::new();
    let [in_kib, in_packets, out_kib, out_packets] = project_limits("websocket_client");
    // What makes no sense leaves the defaults; `get_error_message()` says so.
    let _refused = client.set_buffers(in_kib, in_packets, out_kib, out_packets);
    client
}

#[godot_api(secondary)]
impl RustWebSocketClient {
    /// Goes on with everything that has news and emits the signals of what happened. Call this regularly. Never blocks. It is
    /// [method MultiplayerPeer.poll], which other parts of the engine call.
    #[func(gd_self, rename = poll)]
    fn poll_from_script(this: Gd<Self>) {
        Self::poll_and_tell(this);
    }

    /// Connects to the given URL, [code]ws://[/code] or [code]wss://host[:port][/path][/code] (without a scheme it is
    /// [code]ws://[/code]), asking for one of [param protocols]: the server must select one. With [param gd_mp_api] the client speaks the
    /// packets of Godot 3's multiplayer and can be a [member MultiplayerAPI.multiplayer_peer]. [param custom_headers] are lines
    /// ([code]"Name: value"[/code]) for the request.
    ///
    /// Returns [constant ERR_INVALID_PARAMETER] for what is no URL, no protocol or no header line, [constant ERR_ALREADY_IN_USE] while
    /// connecting or connected, [constant FAILED] when the system refuses at once, which the next [method MultiplayerPeer.poll] tells too.
    #[func]
    fn connect_to_url(
        &self,
        url: GString,
        #[opt(default = &PackedStringArray::new())] protocols: PackedStringArray,
        #[opt(default = false)] gd_mp_api: bool,
        #[opt(default = &PackedStringArray::new())] custom_headers: PackedStringArray,
    ) -> GodotError {
        let url = url.to_string();
        // Outside the lock: the engine's objects are asked.
        let tls = self.tls(&url);
        self.run(|client| {
            let tls = client.record_error(tls)?;
            client.connect_to_url(&url, convert::strings(&protocols), gd_mp_api, convert::strings(&custom_headers), tls)
        })
    }

    /// Says goodbye with a status code and a reason of at most 123 bytes of UTF-8; [signal connection_closed] comes when the server has
    /// answered. While connecting, and while waiting to reconnect, gives up without a signal. Codes that RFC 6455 does not allow in a
    /// close frame and longer reasons are refused: nothing changes, and [method get_error_message] says why.
    #[func]
    fn disconnect_from_host(&self, #[opt(default = 1000)] code: i32, #[opt(default = "")] reason: GString) {
        // The method has no return value in Godot 3; the text is kept.
        let _refused = self.run(|client| client.disconnect_from_host(code, &reason.to_string()));
    }

    /// Returns the server's end of the connection for the id 1, or 0, which some tutorials write; [code]null[/code] for others. It is
    /// another object after each [method connect_to_url].
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

    /// Returns the server's IP address while connected, else an empty string.
    #[func]
    fn get_connected_host(&self) -> GString {
        convert::host(self.ask(|client| client.server_address()))
    }

    /// Returns the server's port while connected, else 0.
    #[func]
    fn get_connected_port(&self) -> u16 {
        self.ask(|client| client.server_address().map_or(0, |address| address.port()))
    }

    /// Sets the limits of the queues: KiB and packets, each rounded up to a power of two, in and out. Default 64 and 1024. Returns
    /// [constant FAILED] while there is a connection, [constant ERR_INVALID_PARAMETER] for what is not positive.
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

    /// Returns 1, the server's id: the one whose packets [signal data_received] tells of. Not in Godot 3; some tutorials name it.
    #[func]
    fn get_peer_id(&self) -> i32 {
        1
    }

    /// Returns the ids of those that can be reached: in multiplayer mode as the server told, else 1 while connected. Not in Godot 3.
    #[func]
    fn get_peer_list(&self) -> PackedInt32Array {
        self.ask(|client| client.peer_ids()).into_iter().collect()
    }

    /// Writes packets that were collected in this frame to the network now. Happens by itself at the end of the frame and in
    /// [method MultiplayerPeer.poll].
    #[func]
    fn flush(&self) {
        self.state.with((), |state| {
            state.flush_scheduled = false;
            state.client.flush();
        });
    }

    /// Returns in words why the last call was refused, or the last connection lost or not made; empty where nothing went wrong.
    #[func]
    fn get_error_message(&self) -> GString {
        self.ask(|client| convert::text(client.error_message()))
    }

    /// Returns why the connection could not be made or was lost, in parts; see [method RustWebSocketPeer.get_failure].
    #[func]
    fn get_failure(&self) -> VarDictionary {
        self.ask(|client| client.ask(|peer| convert::failure(peer.failure())))
    }
}
