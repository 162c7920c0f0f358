//! The methods of `RustWebSocketServer` about listening, and the project's settings.

use godot::global::Error as GodotError;
use godot::prelude::*;

use super::convert;
use super::websocket_client_methods::project_limits;
use super::websocket_server::RustWebSocketServer;
use crate::peer::Server;

/// A server with the limits of the project.
pub(super) fn of_the_project() -> Server {
    let mut server = Server::new();
    let [in_kib, in_packets, out_kib, out_packets] = project_limits("websocket_server");
    // What makes no sense leaves the defaults; `get_error_message()` says so.
    let _refused = server.configure(|options| options.peer.set_buffers(in_kib, in_packets, out_kib, out_packets));
    server
}

#[godot_api(secondary)]
impl RustWebSocketServer {
    /// Goes on with everything that has news and emits the signals of what happened. Call this regularly. Never blocks. It is
    /// [method MultiplayerPeer.poll], which other parts of the engine call.
    #[func(gd_self, rename = poll)]
    fn poll_from_script(this: Gd<Self>) {
        Self::poll_and_tell(this);
    }

    /// Listens on the given port (0: the system chooses one, see [method get_local_port]) of [member bind_ip]. Clients must ask for one of
    /// [param protocols], or for none where that is empty. With [param gd_mp_api] the server speaks the packets of Godot 3's multiplayer
    /// and can be a [member MultiplayerAPI.multiplayer_peer].
    ///
    /// Returns [constant ERR_ALREADY_IN_USE] while listening and for an address that is in use or not of this machine,
    /// [constant ERR_INVALID_PARAMETER] for what is no port or no protocol and for a key that does not fit its certificate.
    #[func]
    fn listen(
        &self,
        port: i64,
        #[opt(default = &PackedStringArray::new())] protocols: PackedStringArray,
        #[opt(default = false)] gd_mp_api: bool,
    ) -> GodotError {
        // Outside the lock: the engine's objects are asked.
        let tls = self.identity.lock().tls();
        self.run(|server| {
            let tls = server.record_error(tls)?;
            if !server.is_listening() {
                server.configure(|options| {
                    options.tls = tls;
                    Ok(())
                })?;
            }
            server.listen(port, convert::strings(&protocols), gd_mp_api)
        })
    }

    /// Stops listening, says goodbye with code 1000 to every client and ends its connection, without signals.
    #[func]
    pub(super) fn stop(&self) {
        self.state.with((), |state| {
            state.server.stop();
            state.fresh.clear();
            state.gone.clear();
        });
        self.peers.lock().clear();
    }

    /// Returns [code]true[/code] while the server listens.
    #[func]
    fn is_listening(&self) -> bool {
        self.ask(|server| server.is_listening())
    }

    /// Returns the port the server listens on, 0 where it does not. Not in Godot 3.
    #[func]
    fn get_local_port(&self) -> i32 {
        self.ask(|server| i32::from(server.local_port()))
    }

    /// Sets the limits of each client's queues: KiB and packets, each rounded up to a power of two, in and out. Default 64 and 1024.
    /// Returns [constant FAILED] while listening, [constant ERR_INVALID_PARAMETER] for what is not positive.
    #[func]
    fn set_buffers(
        &self,
        input_buffer_size_kb: i64,
        input_max_packets: i64,
        output_buffer_size_kb: i64,
        output_max_packets: i64,
    ) -> GodotError {
        self.run(|server| {
            server.configure(|options| {
                options.peer.set_buffers(
                    input_buffer_size_kb,
                    input_max_packets,
                    output_buffer_size_kb,
                    output_max_packets,
                )
            })
        })
    }

    /// Sets lines ([code]"Name: value"[/code]) that are added to the answers to clients. Lines that are none are refused: nothing
    /// changes, and [method get_error_message] says why.
    #[func]
    fn set_extra_headers(&self, #[opt(default = &PackedStringArray::new())] headers: PackedStringArray) {
        self.set(|options| options.set_extra_headers(convert::strings(&headers)));
    }

    /// Returns in words why the last call was refused; empty where none was.
    #[func]
    fn get_error_message(&self) -> GString {
        self.ask(|server| convert::text(server.error_message()))
    }
}
