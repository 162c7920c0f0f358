//! `RustTCPServer`: the members of `TCPServer`.

use godot::global::Error as GodotError;
use godot::prelude::*;

use super::stream_peer_tcp::RustStreamPeerTCP;
use crate::godot::object_field::{ObjectField, object_of_class};
use crate::godot::object_lock::Lockable;
use crate::godot::short_calls::short_calls;
use crate::godot::{convert, refused_calls};
use crate::peer::TcpServer;
use crate::peer::listening::checked_port;

/// A TCP server with the members of Godot's [TCPServer]. It returns a [RustStreamPeerTCP] for each connection.
///
/// [b]Differences from [TCPServer]:[/b] ports outside 0-65535 are refused with [constant ERR_INVALID_PARAMETER]; the
/// kernel queues up to 1024 connections until they are taken.
#[derive(GodotClass)]
#[class(tool, init, base = RefCounted)]
pub struct RustTCPServer {
    server: ObjectField<TcpServer>,
    base: Base<RefCounted>,
}

impl Lockable for TcpServer {}

object_of_class! { RustTCPServer.server: TcpServer }

#[godot_api]
impl RustTCPServer {
    /// Listens on the given port, on every interface ([code]"*"[/code]) or on one IP address. Port 0 lets the system
    /// choose; see [method get_local_port]. Returns [constant ERR_ALREADY_IN_USE] if the server already listens, or if
    /// the address is in use or does not belong to this machine, and [constant ERR_INVALID_PARAMETER] for an invalid
    /// port or address.
    #[func]
    fn listen(&self, port: i64, #[opt(default = "*")] bind_address: GString) -> GodotError {
        let result = self.server.with(None, |server| {
            let port = server.record_error(checked_port(port));
            Some(port.and_then(|port| server.listen(port, &bind_address.to_string())))
        });
        refused_calls::number::<Self>(result, "listen", || self.base().instance_id())
    }

    /// Returns [code]true[/code] if a connection is waiting to be taken.
    #[func]
    fn is_connection_available(&self) -> bool {
        self.server.with(false, TcpServer::is_connection_available)
    }

    /// Returns the next connection, or [code]null[/code] if none is waiting.
    #[func]
    fn take_connection(&self) -> Option<Gd<RustStreamPeerTCP>> {
        self.server.with(None, TcpServer::take_connection).map(RustStreamPeerTCP::from_stream)
    }

    /// Does the same as [method take_connection], under the name that the engine's base class uses.
    #[func]
    fn take_socket_connection(&self) -> Option<Gd<RustStreamPeerTCP>> {
        self.take_connection()
    }

    /// Returns [code]true[/code] while the server listens.
    #[func]
    fn is_listening(&self) -> bool {
        self.server.with(false, |server| server.is_listening())
    }

    /// Returns the port that the server listens on, or 0 if it does not listen.
    #[func]
    fn get_local_port(&self) -> i32 {
        self.server.with(0, |server| i32::from(server.local_port()))
    }

    /// Returns why the last call was refused or why a waiting connection could not be accepted, for example because the
    /// process has no free descriptor, or an empty string.
    #[func]
    fn get_error_message(&self) -> GString {
        self.server.with(GString::new(), |server| convert::text(server.error_message()))
    }

    /// Stops listening and closes the connections that were not taken.
    #[func]
    fn stop(&self) {
        self.server.with((), TcpServer::stop);
    }
}

short_calls! {
    RustTCPServer: listen, is_connection_available, take_connection, take_socket_connection, is_listening, get_local_port,
    get_error_message, stop
}
