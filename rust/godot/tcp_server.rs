//! `RustTCPServer`.

use godot::global::Error as GodotError;
use godot::prelude::*;

use super::convert;
use super::stream_peer_tcp::RustStreamPeerTCP;
use crate::peer::TcpServer;
use crate::peer::listening::checked_port;

/// A TCP server with the members of Godot's [TCPServer]: listens to connections and returns a [RustStreamPeerTCP] for each.
///
/// [b]Differences from [TCPServer]:[/b] ports outside 0-65535 are refused with [constant ERR_INVALID_PARAMETER]; the kernel
/// holds up to 1024 connections that were not taken yet.
#[derive(GodotClass)]
#[class(tool, init, base = RefCounted)]
pub struct RustTCPServer {
    server: TcpServer,
    base: Base<RefCounted>,
}

#[godot_api]
impl RustTCPServer {
    /// Listens on the given port (0: the system chooses one, see [method get_local_port]) of every interface
    /// ([code]"*"[/code]) or of one IP address. Returns [constant ERR_ALREADY_IN_USE] while listening and for an address in
    /// use or not of this machine, [constant ERR_INVALID_PARAMETER] for what is no port or no address.
    #[func]
    fn listen(&mut self, port: i64, #[opt(default = "*")] bind_address: GString) -> GodotError {
        let listen = |port| self.server.listen(port, &bind_address.to_string());
        convert::error(&checked_port(port).and_then(listen))
    }

    /// Returns [code]true[/code] if a connection waits to be taken.
    #[func]
    fn is_connection_available(&mut self) -> bool {
        self.server.is_connection_available()
    }

    /// Returns the next connection, or [code]null[/code] where none waits.
    #[func]
    fn take_connection(&mut self) -> Option<Gd<RustStreamPeerTCP>> {
        self.server.take_connection().map(RustStreamPeerTCP::from_stream)
    }

    /// The same as [method take_connection], under the name of the engine's base class.
    #[func]
    fn take_socket_connection(&mut self) -> Option<Gd<RustStreamPeerTCP>> {
        self.take_connection()
    }

    /// Returns [code]true[/code] while the server listens.
    #[func]
    fn is_listening(&self) -> bool {
        self.server.is_listening()
    }

    /// Returns the port the server listens on, 0 where it does not.
    #[func]
    fn get_local_port(&self) -> i32 {
        i32::from(self.server.local_port())
    }

    /// Stops listening. Connections that were not taken are closed.
    #[func]
    fn stop(&mut self) {
        self.server.stop();
    }
}
