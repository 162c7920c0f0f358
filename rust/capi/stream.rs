//! `wsp_stream`.

use std::ffi::c_char;

use parking_lot::Mutex;

use super::arguments::{bytes, bytes_mut, host_text, optional_text, port_of, required_text, write_out};
use super::error::wsp_error;
use super::handle::{Guarded, Handle, free, handle, leak, lend, lend_refusal, query, run};
use crate::peer::listening::checked_port;
use crate::peer::{StreamPeerTcp, StreamStatus};

/// A TCP connection, or the place for one. Godot's StreamPeerTCP.
///
/// Any function may be called from any thread; calls on one stream wait for each other. wsp_stream_get_data(),
/// wsp_stream_put_data() and the name lookup of wsp_stream_connect_to_host() block without a time limit, and other
/// calls on the same stream wait for them.
#[derive(Debug)]
pub struct wsp_stream {
    guarded: Mutex<Guarded<StreamPeerTcp>>,
}
handle!(wsp_stream, StreamPeerTcp, ());

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

/// Makes a stream without a connection. Never returns NULL. The caller owns the stream and frees it with
/// wsp_stream_free().
#[unsafe(no_mangle)]
pub extern "C" fn wsp_stream_new() -> *mut wsp_stream {
    leak(StreamPeerTcp::new())
}

/// Frees a stream. A connection that a peer took over stays open for the peer. NULL is ignored. No other thread may use
/// the stream any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_stream_free(stream: *mut wsp_stream) {
    // SAFETY: the caller passes NULL or a handle it gives up.
    unsafe { free(stream) };
}

/// Sets the local address (NULL or "*": any) and port (0 to 65535; 0: the operating system chooses) of the next
/// connection.
///
/// Errors: WSP_ERR_ALREADY_IN_USE if the stream is bound already or the address is in use; WSP_ERR_INVALID_PARAMETER if
/// `stream` is NULL or for an invalid port or address; WSP_ERR_INVALID_DATA if `address` is not UTF-8; WSP_ERR_FAILED
/// if the operating system refuses otherwise.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_stream_bind(stream: *mut wsp_stream, port: i32, address: *const c_char) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and string.
    unsafe {
        run(stream, |stream| {
            stream.bind(checked_port(i64::from(port))?, optional_text(address, "address")?.unwrap_or("*"))
        })
    }
}

/// Disables (true, the default) or enables (false) Nagle's algorithm.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `stream` is NULL; WSP_ERR_UNCONFIGURED if there is no connection;
/// WSP_ERR_FAILED if the operating system refuses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_stream_set_no_delay(stream: *mut wsp_stream, enabled: bool) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { run(stream, |stream| stream.set_no_delay(enabled)) }
}

/// Starts to connect to a host name or IP address and a port, 1 to 65535. Call wsp_stream_poll() until the status is
/// WSP_STREAM_STATUS_CONNECTED.
///
/// Errors: WSP_ERR_ALREADY_IN_USE unless the status is WSP_STREAM_STATUS_NONE (see wsp_stream_disconnect_from_host());
/// WSP_ERR_CANT_RESOLVE for an unknown name; WSP_ERR_INVALID_PARAMETER if `stream` or `host` is NULL or for an invalid
/// port; WSP_ERR_INVALID_DATA if `host` is not UTF-8; WSP_ERR_FAILED if the operating system refuses at once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_stream_connect_to_host(
    stream: *mut wsp_stream,
    host: *const c_char,
    port: i32,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and string.
    unsafe {
        run(stream, |stream| stream.connect_to_host(required_text(host, "host")?, checked_port(i64::from(port))?))
    }
}

/// Updates the status.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `stream` is NULL; WSP_ERR_CONNECTION_ERROR if connecting failed or the
/// connection broke.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_stream_poll(stream: *mut wsp_stream) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { run(stream, StreamPeerTcp::poll) }
}

/// Ends the connection. Written data is still delivered.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_stream_disconnect_from_host(stream: *mut wsp_stream) {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(stream, (), StreamPeerTcp::disconnect_from_host) };
}

/// Writes all of `data`. Blocks until the network has accepted it.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `stream` is NULL, or `data` is NULL with a length; WSP_ERR_FAILED if there is
/// no connection; WSP_ERR_CONNECTION_ERROR if the connection broke.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_stream_put_data(stream: *mut wsp_stream, data: *const u8, len: usize) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and data.
    unsafe { run(stream, |stream| stream.write_all(bytes(data, len)?)) }
}

/// Writes as much of `data` as the network accepts now. `sent` (may be NULL) receives the number of bytes.
///
/// Errors: WSP_ERR_INVALID_PARAMETER, WSP_ERR_FAILED, WSP_ERR_CONNECTION_ERROR, as for wsp_stream_put_data().
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
        run(stream, |stream| {
            write_out(sent, stream.write_partial(bytes(data, len)?)?);
            Ok(())
        })
    }
}

/// Reads `len` bytes into `data`. Blocks until they have arrived. `received` (may be NULL) receives the number of bytes
/// that were read, also on error.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `stream` is NULL, or `data` is NULL with a length; WSP_ERR_FILE_EOF if the
/// remote peer has closed the stream; WSP_ERR_FAILED if there is no connection, or if wsp_stream_poll() has noticed its
/// end before; WSP_ERR_CONNECTION_ERROR if the connection broke.
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
        run(stream, |stream| {
            let (count, result) = stream.read_all(bytes_mut(data, len)?);
            write_out(received, count);
            result
        })
    }
}

/// Reads what has arrived, at most `len` bytes. `received` (may be NULL) receives the number of bytes, 0 if none has
/// arrived.
///
/// Errors: WSP_ERR_INVALID_PARAMETER, WSP_ERR_FILE_EOF, WSP_ERR_FAILED, WSP_ERR_CONNECTION_ERROR, as for
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
        run(stream, |stream| {
            write_out(received, stream.read_partial(bytes_mut(data, len)?)?);
            Ok(())
        })
    }
}

/// Returns the status as of the last call, WSP_STREAM_STATUS_NONE for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_stream_get_status(stream: *const wsp_stream) -> wsp_stream_status {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(stream, wsp_stream_status::WSP_STREAM_STATUS_NONE, |stream| stream.status().into()) }
}

/// Returns the number of bytes that can be read without blocking, -1 if there is no connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_stream_get_available_bytes(stream: *const wsp_stream) -> i64 {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(stream, -1, |stream| stream.available_bytes().map_or(-1, |count| count as i64)) }
}

/// Returns the IP address of the remote peer, "" if there is no connection. Lent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_stream_get_connected_host(stream: *const wsp_stream) -> *const c_char {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { lend(stream, |stream| host_text(stream.remote_address())) }
}

/// Returns the TCP port of the remote peer, 0 if there is no connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_stream_get_connected_port(stream: *const wsp_stream) -> u16 {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(stream, 0, |stream| port_of(stream.remote_address())) }
}

/// Returns the local TCP port, 0 if there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_stream_get_local_port(stream: *const wsp_stream) -> u16 {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(stream, 0, |stream| stream.local_port()) }
}

/// Returns why the last refused call was refused, "" if none was. One sentence in English. Lent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_stream_get_error_message(stream: *const wsp_stream) -> *const c_char {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { lend_refusal(stream) }
}
