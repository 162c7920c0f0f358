//! `RustStreamPeerTCP`.

use std::sync::Arc;
use std::time::Duration;

use godot::classes::{IStreamPeerExtension, ProjectSettings, StreamPeerExtension};
use godot::global::Error as GodotError;
use godot::prelude::*;
use godot_core::meta::RawPtr;

use super::convert;
use super::enums::Status;
use super::pointers::{buffer, data, report, split};
use crate::net::TcpSocket;
use crate::peer::StreamPeerTcp;
use crate::peer::listening::checked_port;

/// A TCP connection with the members of Godot's [StreamPeerTCP]; usable like every [StreamPeer].
///
/// [b]Differences from [StreamPeerTCP]:[/b] Nagle's algorithm is off from the start; [method get_local_port] also works on
/// accepted connections; failed reads return no bytes instead of uninitialised ones.
#[derive(GodotClass)]
#[class(tool, init, base = StreamPeerExtension)]
pub struct RustStreamPeerTCP {
    stream: StreamPeerTcp,
    base: Base<StreamPeerExtension>,
}

impl RustStreamPeerTCP {
    /// An object for a connection that is there.
    pub(super) fn from_stream(stream: StreamPeerTcp) -> Gd<Self> {
        Gd::from_init_fn(|base| Self { stream, base })
    }

    /// The socket of the connection.
    pub(super) fn socket(&self) -> Option<Arc<TcpSocket>> {
        self.stream.socket()
    }
}

#[godot_api]
impl RustStreamPeerTCP {
    /// Chooses the local address and port (0: the system chooses) of the next connection. Can be called once.
    #[func]
    fn bind(&mut self, port: i32, #[opt(default = "*")] host: GString) -> GodotError {
        let bind = |port| self.stream.bind(port, &host.to_string());
        convert::error(&checked_port(i64::from(port)).and_then(bind))
    }

    /// Connects to the given host and port. Host names are resolved before the call returns. Returns [constant OK] when
    /// connecting has begun; call [method poll] until [method get_status] is [constant STATUS_CONNECTED].
    #[func]
    fn connect_to_host(&mut self, host: GString, port: i32) -> GodotError {
        let seconds = ProjectSettings::singleton().get_setting("network/limits/tcp/connect_timeout_seconds");
        if let Ok(seconds) = seconds.try_to::<f64>()
            && let Ok(timeout) = Duration::try_from_secs_f64(seconds)
        {
            self.stream.set_connect_timeout(timeout);
        }
        let connect = |port| self.stream.connect_to_host(&host.to_string(), port);
        convert::error(&checked_port(i64::from(port)).and_then(connect))
    }

    /// Updates the status: notices that the connection was made, refused, or ended by the remote end.
    #[func]
    fn poll(&mut self) -> GodotError {
        convert::error(&self.stream.poll())
    }

    /// Returns the status of the connection, as of the last call.
    #[func]
    fn get_status(&self) -> Status {
        Status(self.stream.status() as i64)
    }

    /// Reads [param bytes] bytes, waiting for them, and returns an [Error] and the data: all of it, or what was there before
    /// the error.
    #[func]
    fn get_data(&mut self, bytes: i32) -> VarArray {
        let Ok(wanted) = usize::try_from(bytes) else {
            return varray![GodotError::ERR_INVALID_PARAMETER, &PackedByteArray::new()];
        };
        let mut data = PackedByteArray::new();
        data.resize(wanted);
        let (count, result) = self.stream.read_all(data.as_mut_slice());
        data.resize(count);
        varray![convert::error(&result), &data]
    }

    /// Ends the connection. What was written is still delivered.
    #[func]
    fn disconnect_from_host(&mut self) {
        self.stream.disconnect_from_host();
    }

    /// Returns the IP address of the remote end, empty where there is none.
    #[func]
    fn get_connected_host(&self) -> GString {
        convert::host(self.stream.remote_address())
    }

    /// Returns the port of the remote end, 0 where there is none.
    #[func]
    fn get_connected_port(&self) -> i32 {
        self.stream.remote_address().map_or(0, |address| i32::from(address.port()))
    }

    /// Returns the port of this end, 0 where there is none.
    #[func]
    fn get_local_port(&self) -> i32 {
        i32::from(self.stream.local_port())
    }

    /// Disables ([code]true[/code], the default) or enables Nagle's algorithm.
    #[func]
    fn set_no_delay(&mut self, enabled: bool) {
        // Without a connection there is nothing to set, and the next one starts without delay anyway.
        let _unconnected = self.stream.set_no_delay(enabled);
    }
}

#[expect(unsafe_code, reason = "the engine passes buffers by pointer")]
#[godot_api]
impl IStreamPeerExtension for RustStreamPeerTCP {
    unsafe fn get_data_rawptr(
        &mut self,
        r_buffer: RawPtr<*mut u8>,
        r_bytes: i32,
        r_received: RawPtr<*mut i32>,
    ) -> GodotError {
        let (count, result) = self.stream.read_all(buffer(r_buffer, r_bytes));
        report(&result, count, r_received)
    }

    unsafe fn get_partial_data_rawptr(
        &mut self,
        r_buffer: RawPtr<*mut u8>,
        r_bytes: i32,
        r_received: RawPtr<*mut i32>,
    ) -> GodotError {
        let (count, result) = split(self.stream.read_partial(buffer(r_buffer, r_bytes)));
        report(&result, count, r_received)
    }

    unsafe fn put_data_rawptr(
        &mut self,
        p_data: RawPtr<*const u8>,
        p_bytes: i32,
        r_sent: RawPtr<*mut i32>,
    ) -> GodotError {
        let result = self.stream.write_all(data(p_data, p_bytes));
        let sent = if result.is_ok() { usize::try_from(p_bytes).unwrap_or(0) } else { 0 };
        report(&result, sent, r_sent)
    }

    unsafe fn put_partial_data_rawptr(
        &mut self,
        p_data: RawPtr<*const u8>,
        p_bytes: i32,
        r_sent: RawPtr<*mut i32>,
    ) -> GodotError {
        let (count, result) = split(self.stream.write_partial(data(p_data, p_bytes)));
        report(&result, count, r_sent)
    }

    fn get_available_bytes(&self) -> i32 {
        // The engine reports a stream without a connection as -1.
        self.stream.available_bytes().map_or(-1, convert::integer32)
    }
}
