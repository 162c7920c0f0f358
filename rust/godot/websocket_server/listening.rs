//! The methods of `RustWebSocketServer` about listening and its settings.

use godot::global::Error as GodotError;
use godot::prelude::*;

use super::RustWebSocketServer;
use super::server_object::ServerObject;
use crate::godot::short_calls::short_calls;
use crate::godot::{convert, nested_polls};
use crate::limits::SHUTDOWN_TIMEOUT;
use crate::peer::ListenParameters;
use crate::peer::listening::{checked_port, checked_shutdown_timeout};
use crate::proto::close_code;

#[godot_api(secondary)]
impl RustWebSocketServer {
    /// Connects, receives, and sends queued data, and emits the signals of all events. Call this regularly. Never
    /// blocks. It is [method MultiplayerPeer.poll], which other parts of the engine call.
    #[func]
    fn poll(&self) {
        nested_polls::poll_and_emit(self);
    }

    /// Listens on the given port of [member bind_ip]. Port 0 lets the system choose; see [method get_local_port]. If
    /// [param protocols] is not empty, clients must request one of them, else none. With [param gd_mp_api] the server
    /// uses the packets of Godot 3's multiplayer and can be a [member MultiplayerAPI.multiplayer_peer].
    ///
    /// Returns [constant ERR_ALREADY_IN_USE] if the server already listens or is shutting down, or if the address is in
    /// use or does not belong to this machine; [constant ERR_INVALID_PARAMETER] for an invalid port or protocol, and
    /// for a key that does not match its certificate.
    #[func]
    fn listen(
        &self,
        port: i64,
        #[opt(default = &PackedStringArray::new())] protocols: PackedStringArray,
        #[opt(default = false)] gd_mp_api: bool,
    ) -> GodotError {
        // Outside the lock, because this calls objects of the engine.
        let tls = self.identity.lock().tls();
        self.run(|server| {
            let tls = server.record_error(tls)?;
            if !server.is_listening() && !server.is_shutting_down() {
                server.configure(|options| {
                    options.tls = tls;
                    Ok(())
                })?;
            }
            let port = server.record_error(checked_port(port))?;
            server.listen(port, ListenParameters { protocols: convert::strings(&protocols), gd_mp_api })
        })
    }

    /// Stops listening, sends every client a close frame with code 1001 (going away) and ends its connection, without
    /// signals. What was sent before is written in the background, and a game that quits waits for that, at most 2
    /// seconds without progress; [method shutdown] waits until it has arrived. Ends a shutdown at once.
    #[func]
    pub(super) fn stop(&self) {
        self.state.with((), ServerObject::stop);
        self.peers.lock().clear();
    }

    /// Stops listening, and ends every client's connection by a close frame with [param code] and [param reason], after
    /// the packets that were sent before. Clients whose handshake is under way are refused with HTTP status 503.
    /// Continue to poll while [method is_shutting_down] returns [code]true[/code]: signals are emitted for packets that
    /// still arrive and for the end of each connection. Connections that have not ended after [param timeout] seconds
    /// (negative for no limit) are dropped. Nothing can be sent any more. Not in Godot 3.
    ///
    /// Returns [constant ERR_UNCONFIGURED] if the server does not listen; [constant ERR_ALREADY_IN_USE] if it is
    /// shutting down; [constant ERR_INVALID_PARAMETER] if a close frame may not carry the code or the reason, and for
    /// an invalid time. Nothing changes then.
    #[func]
    fn shutdown(
        &self,
        #[opt(default = i32::from(close_code::GOING_AWAY))] code: i32,
        #[opt(default = "")] reason: GString,
        #[opt(default = SHUTDOWN_TIMEOUT.as_secs_f64())] timeout: f64,
    ) -> GodotError {
        self.run(|server| {
            let timeout = server.record_error(checked_shutdown_timeout(timeout))?;
            server.shutdown(code, &reason.to_string(), timeout)
        })
    }

    /// Returns [code]true[/code] from [method shutdown] to the poll after the last connection has ended. Not in Godot
    /// 3.
    #[func]
    fn is_shutting_down(&self) -> bool {
        self.ask(|server| server.is_shutting_down())
    }

    /// Returns [code]true[/code] while the server listens.
    #[func]
    fn is_listening(&self) -> bool {
        self.ask(|server| server.is_listening())
    }

    /// Returns the port that the server listens on, or 0 if it does not listen. Not in Godot 3.
    #[func]
    fn get_local_port(&self) -> i32 {
        self.ask(|server| i32::from(server.local_port()))
    }

    /// Sets the limits of each client's queues in KiB and packets, for each direction. Each value is rounded up to a
    /// power of two. Default 64 KiB and 1024 packets. Returns [constant FAILED] while listening and [constant
    /// ERR_INVALID_PARAMETER] if a value is not greater than 0.
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

    /// Sets header lines ([code]"Name: value"[/code]) that are added to the answers to clients. Invalid lines are
    /// refused: nothing changes, and [method get_error_message] explains it.
    #[func]
    fn set_extra_headers(&self, #[opt(default = &PackedStringArray::new())] headers: PackedStringArray) {
        self.set(|options| options.set_extra_headers(convert::strings(&headers)));
    }

    /// Returns why the last call was refused or why clients could not be accepted, or an empty string.
    #[func]
    fn get_error_message(&self) -> GString {
        self.ask(|server| convert::text(server.error_message()))
    }
}

short_calls! {
    RustWebSocketServer: poll, listen, stop, shutdown, is_shutting_down, is_listening, get_local_port, set_buffers,
    set_extra_headers, get_error_message
}
