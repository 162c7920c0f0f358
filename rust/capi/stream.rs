//! `wsp_stream`.

use std::ffi::c_char;

use parking_lot::Mutex;

use super::error::wsp_error;
use super::handle::{Content, Handle, free, handle, leak, with};
use super::text::{bytes, bytes_mut, optional, required, write_out};
use crate::error::Result;
use crate::peer::listening::checked_port;
use crate::peer::{StreamPeerTcp, StreamStatus};

/// A TCP connection, or the place for one.
///
/// Any function may be called from any thread; calls on one stream wait for each other. wsp_stream_get_data(), wsp_stream_put_data()
/// and the name lookup of wsp_stream_connect_to_host() block, without a limit of time, and so do other calls on that stream meanwhile.
#[derive(Debug)]
pub struct wsp_stream {
    content: Mutex<Content<StreamPeerTcp>>,
}
handle!(wsp_stream, StreamPeerTcp);

/// Status of a stream. The numbers are those of Godot's StreamPeerTCP.Status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum wsp_stream_status {
    /// Not connected.
    WSP_STREAM_STATUS_NONE = 0,
    /// Connecting.
    WSP_STREAM_STATUS_CONNECTING = 1,
    /// Connected.
    WSP_STREAM_STATUS_CONNECTED = 2,
    /// Connecting failed or the connection broke.
    WSP_STREAM_STATUS_ERROR = 3,
}

impl From<StreamStatus> for wsp_stream_status {
    fn from(status: StreamStatus) -> Self {
        match status {
            StreamStatus::None => Self::WSP_STREAM_STATUS_NONE,
            StreamStatus::Connecting => Self::WSP_STREAM_STATUS_CONNECTING,
            StreamStatus::Connected => Self::WSP_STREAM_STATUS_CONNECTED,
            StreamStatus::Error => Self::WSP_STREAM_STATUS_ERROR,
        }
    }
}

type Call<'a> = &'a mut Content<StreamPeerTcp>;

unsafe fn run(stream: *const wsp_stream, call: impl FnOnce(Call<'_>) -> Result) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle.
    (&unsafe { with(stream, call) }).into()
}

unsafe fn ask<R>(stream: *const wsp_stream, fallback: R, call: impl FnOnce(Call<'_>) -> R) -> R {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { with(stream, |content| Ok(call(content))) }.unwrap_or(fallback)
}

/// Makes a stream without a connection. The caller owns it and ends it with wsp_stream_free().
#[unsafe(no_mangle)]
pub extern "C" fn wsp_stream_new() -> *mut wsp_stream {
    leak(StreamPeerTcp::new())
}

/// Ends a stream. A connection that a peer took over lives on with the peer. NULL is ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_stream_free(stream: *mut wsp_stream) {
    // SAFETY: the caller passes NULL or a handle it gives up.
    unsafe { free(stream) };
}

/// Chooses the local address (NULL or "*": any) and port (0: the system chooses) of the next connection. Returns
/// WSP_ERR_ALREADY_IN_USE the second time and for an address that is in use, WSP_ERR_INVALID_PARAMETER for what is no port or address.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_stream_bind(stream: *mut wsp_stream, port: i32, address: *const c_char) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and string.
    unsafe {
        run(stream, |content| {
            content.object.bind(checked_port(i64::from(port))?, optional(address, "address")?.unwrap_or("*"))
        })
    }
}

/// Starts to connect. Returns WSP_ERR_ALREADY_IN_USE unless the status is WSP_STREAM_STATUS_NONE (see wsp_stream_disconnect_from_host()), WSP_ERR_CANT_RESOLVE for an unknown name,
/// WSP_ERR_INVALID_PARAMETER for a port outside 1 to 65535, WSP_ERR_FAILED when the system refuses at once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_stream_connect_to_host(
    stream: *mut wsp_stream,
    host: *const c_char,
    port: i32,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and string.
    unsafe {
        run(stream, |content| content.object.connect_to_host(required(host, "host")?, checked_port(i64::from(port))?))
    }
}

/// Updates the status. Returns WSP_ERR_CONNECTION_ERROR when connecting failed or the connection broke.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_stream_poll(stream: *mut wsp_stream) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { run(stream, |content| content.object.poll()) }
}

/// Returns the status as of the last call, WSP_STREAM_STATUS_NONE for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_stream_get_status(stream: *const wsp_stream) -> wsp_stream_status {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(stream, wsp_stream_status::WSP_STREAM_STATUS_NONE, |content| content.object.status().into()) }
}

/// Ends the connection; what was written is still delivered.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_stream_disconnect_from_host(stream: *mut wsp_stream) {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(stream, (), |content| content.object.disconnect_from_host()) };
}

/// Writes all of `data`, waiting for the network. Returns WSP_ERR_FAILED where there is no connection, WSP_ERR_CONNECTION_ERROR when it
/// broke.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_stream_put_data(stream: *mut wsp_stream, data: *const u8, len: usize) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and data.
    unsafe { run(stream, |content| content.object.write_all(bytes(data, len)?)) }
}

/// Writes what the network takes now; `sent` (may be NULL) receives the number of bytes. Errors as wsp_stream_put_data().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_stream_put_partial_data(
    stream: *mut wsp_stream,
    data: *const u8,
    len: usize,
    sent: *mut usize,
) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers.
    unsafe {
        write_out(sent, 0);
        run(stream, |content| {
            let count = content.object.write_partial(bytes(data, len)?)?;
            write_out(sent, count);
            Ok(())
        })
    }
}

/// Fills `data` with `len` bytes, waiting for them; `received` (may be NULL) receives how many were read, also on error. Returns
/// WSP_ERR_FILE_EOF at the end of the stream, WSP_ERR_FAILED where there is no connection (also when wsp_stream_poll() has noticed the
/// end before), WSP_ERR_CONNECTION_ERROR when it broke.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_stream_get_data(
    stream: *mut wsp_stream,
    data: *mut u8,
    len: usize,
    received: *mut usize,
) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers.
    unsafe {
        write_out(received, 0);
        run(stream, |content| {
            let (count, result) = content.object.read_all(bytes_mut(data, len)?);
            write_out(received, count);
            result
        })
    }
}

/// Reads what is there, up to `len` bytes; `received` (may be NULL) receives the number, 0 where nothing is. Errors as
/// wsp_stream_get_data().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_stream_get_partial_data(
    stream: *mut wsp_stream,
    data: *mut u8,
    len: usize,
    received: *mut usize,
) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers.
    unsafe {
        write_out(received, 0);
        run(stream, |content| {
            let count = content.object.read_partial(bytes_mut(data, len)?)?;
            write_out(received, count);
            Ok(())
        })
    }
}

/// Returns the number of bytes that can be read at once, -1 where there is no connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_stream_get_available_bytes(stream: *const wsp_stream) -> i64 {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(stream, -1, |content| content.object.available_bytes().map_or(-1, |count| count as i64)) }
}

/// Returns the IP address of the remote end, "" where there is none. Lent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_stream_get_connected_host(stream: *const wsp_stream) -> *const c_char {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe {
        ask(stream, c"".as_ptr(), |content| {
            let host = content.object.remote_address().map(|address| address.ip().to_string());
            content.lent.set(&host.unwrap_or_default())
        })
    }
}

/// Returns the port of the remote end, 0 where there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_stream_get_connected_port(stream: *const wsp_stream) -> u16 {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(stream, 0, |content| content.object.remote_address().map_or(0, |address| address.port())) }
}

/// Returns the port of this end, 0 where there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_stream_get_local_port(stream: *const wsp_stream) -> u16 {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(stream, 0, |content| content.object.local_port()) }
}

/// Disables (true, the default) or enables Nagle's algorithm. Returns WSP_ERR_UNCONFIGURED where there is no connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_stream_set_no_delay(stream: *mut wsp_stream, enabled: bool) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { run(stream, |content| content.object.set_no_delay(enabled)) }
}

/// Returns in words why the last call was refused, "" where none was. Lent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_stream_get_error_message(stream: *const wsp_stream) -> *const c_char {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(stream, c"".as_ptr(), |content| content.lent.set(&content.refusal)) }
}
