//! `RustStreamPeerTCP`: the members of `StreamPeerTCP`.

use std::sync::Arc;

use godot::classes::StreamPeerExtension;
use godot::global::Error as GodotError;
use godot::prelude::*;

use super::stream_virtuals::{self, ByteStream, stream_virtuals};
use crate::error::Result;
use crate::godot::class_enums::Status;
use crate::godot::object_field::{ObjectField, object_of_class};
use crate::godot::object_lock::Lockable;
use crate::godot::short_calls::short_calls;
use crate::godot::{convert, project_limits, refused_calls};
use crate::net::TcpSocket;
use crate::peer::StreamPeerTcp;
use crate::peer::listening::checked_port;

/// A TCP connection with the members of Godot's [StreamPeerTCP]. It can be used as any [StreamPeer].
///
/// [b]Differences from [StreamPeerTCP]:[/b] Nagle's algorithm is disabled from the start; [method get_local_port] also
/// works on accepted connections; failed reads return no bytes instead of uninitialised ones.
#[derive(GodotClass)]
#[class(tool, init, base = StreamPeerExtension)]
pub struct RustStreamPeerTCP {
    stream: ObjectField<StreamPeerTcp>,
    base: Base<StreamPeerExtension>,
}

impl RustStreamPeerTCP {
    /// Returns an object for an accepted connection.
    pub fn from_stream(stream: StreamPeerTcp) -> Gd<Self> {
        Gd::from_init_fn(|base| Self { stream: ObjectField::new(stream), base })
    }

    /// Returns the socket of the connection.
    pub fn socket(&self) -> Option<Arc<TcpSocket>> {
        self.stream.with(None, |stream| stream.socket())
    }
}

object_of_class! { RustStreamPeerTCP.stream: StreamPeerTcp }

#[godot_api]
impl RustStreamPeerTCP {
    /// Sets the local address and port of the next connection. Port 0 lets the system choose. Can be called once.
    /// Returns [constant ERR_ALREADY_IN_USE] if the stream is bound or in use, or if the address cannot be bound, and
    /// [constant ERR_INVALID_PARAMETER] if [param port] is not between 0 and 65535 or [param host] is neither an IP
    /// address nor [code]"*"[/code].
    #[func]
    fn bind(&self, port: i32, #[opt(default = "*")] host: GString) -> GodotError {
        let bind = |port| self.stream.with(None, |stream| Some(stream.bind(port, &host.to_string())));
        let result = checked_port(i64::from(port)).map_or_else(|error| Some(Err(error)), bind);
        refused_calls::number::<Self>(result, "bind", || self.base().instance_id())
    }

    /// Connects to the given host and port. Returns [constant OK] if the connection attempt has begun; call [method
    /// poll] until [method get_status] is [constant STATUS_CONNECTED]. The call blocks while a host name is resolved.
    /// The attempt ends after the seconds in the project setting
    /// [code]network/limits/tcp/connect_timeout_seconds[/code].
    #[func]
    fn connect_to_host(&self, host: GString, port: i32) -> GodotError {
        let timeout = project_limits::connect_timeout();
        let connect = |port| {
            self.stream.with(None, |stream| {
                if let Some(timeout) = timeout {
                    stream.set_connect_timeout(timeout);
                }
                Some(stream.connect_to_host(&host.to_string(), port))
            })
        };
        let result = checked_port(i64::from(port)).map_or_else(|error| Some(Err(error)), connect);
        refused_calls::number::<Self>(result, "connect_to_host", || self.base().instance_id())
    }

    /// Updates the status: detects that the connection was established or refused, or that the remote peer ended it.
    #[func]
    fn poll(&self) -> GodotError {
        self.stream.with(GodotError::ERR_BUSY, |stream| convert::error(&stream.poll()))
    }

    /// Returns the status of the connection, as of the last call of any method.
    #[func]
    fn get_status(&self) -> Status {
        const BUSY: Status = Status(crate::peer::StreamStatus::None as i64);
        self.stream.with(BUSY, |stream| Status(stream.status() as i64))
    }

    /// Reads exactly [param bytes] bytes and blocks until they have arrived. Returns an array with an [enum Error] and
    /// a [PackedByteArray], which after an error holds the bytes that were read before it.
    #[func]
    fn get_data(&self, bytes: i32) -> VarArray {
        stream_virtuals::read_all_for_script(self, bytes)
    }

    /// Closes the connection. Written data is still delivered.
    #[func]
    fn disconnect_from_host(&self) {
        self.stream.with((), StreamPeerTcp::disconnect_from_host);
    }

    /// Returns the IP address of the remote peer, or an empty string if there is no connection.
    #[func]
    fn get_connected_host(&self) -> GString {
        convert::host(self.stream.with(None, |stream| stream.remote_address()))
    }

    /// Returns the port of the remote peer, or 0 if there is no connection.
    #[func]
    fn get_connected_port(&self) -> i32 {
        let address = self.stream.with(None, |stream| stream.remote_address());
        address.map_or(0, |address| i32::from(address.port()))
    }

    /// Returns the local port, or 0 if the stream is neither connected nor bound.
    #[func]
    fn get_local_port(&self) -> i32 {
        self.stream.with(0, |stream| i32::from(stream.local_port()))
    }

    /// Disables ([code]true[/code], the default) or enables Nagle's algorithm.
    #[func]
    fn set_no_delay(&self, enabled: bool) {
        // Without a connection there is nothing to set: every connection starts with Nagle's algorithm disabled.
        let _unconnected = self.stream.with(Ok(()), |stream| stream.set_no_delay(enabled));
    }
}

impl Lockable for StreamPeerTcp {}

impl ByteStream for StreamPeerTcp {
    /// As `StreamPeerTCP` of the engine.
    const AVAILABLE_WITHOUT_CONNECTION: i32 = -1;

    fn read_all(&mut self, buffer: &mut [u8]) -> (usize, Result) {
        self.read_all(buffer)
    }

    fn read_partial(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.read_partial(buffer)
    }

    fn write_all(&mut self, data: &[u8]) -> Result {
        self.write_all(data)
    }

    fn write_partial(&mut self, data: &[u8]) -> Result<usize> {
        self.write_partial(data)
    }

    fn available_bytes(&mut self) -> Option<usize> {
        Self::available_bytes(self)
    }
}

short_calls! {
    RustStreamPeerTCP: bind, connect_to_host, poll, get_status, get_data, disconnect_from_host, get_connected_host,
    get_connected_port, get_local_port, set_no_delay
}

stream_virtuals! { RustStreamPeerTCP }
