//! `wsp_tcp_server`.

use std::ffi::c_char;
use std::ptr::null_mut;

use parking_lot::Mutex;

use super::arguments::optional_text;
use super::error::wsp_error;
use super::handle::{Guarded, Handle, descriptor_number, free, handle, leak, lend, query, run};
use super::stream::wsp_stream;
use crate::error::Result;
use crate::peer::TcpServer;
use crate::peer::listening::checked_port;

/// A listener that accepts TCP connections. Godot's TCPServer.
///
/// Any function may be called from any thread; calls on one listener wait for each other. No function blocks.
#[derive(Debug)]
pub struct wsp_tcp_server {
    guarded: Mutex<Guarded<TcpServer>>,
}
handle!(wsp_tcp_server, TcpServer, (), TcpServer::record_error);

/// Makes a listener that does not listen. Never returns NULL. The caller owns the listener and frees it with
/// wsp_tcp_server_free().
#[unsafe(no_mangle)]
pub extern "C" fn wsp_tcp_server_new() -> *mut wsp_tcp_server {
    leak(TcpServer::new())
}

/// Frees a listener after the steps of wsp_tcp_server_stop(). NULL is ignored. No other thread may use the listener any
/// more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tcp_server_free(server: *mut wsp_tcp_server) {
    // SAFETY: the caller passes NULL or a handle it gives up.
    unsafe { free(server) };
}

/// Listens on a port, 0 to 65535 (0: the operating system chooses one, see wsp_tcp_server_get_local_port()), of every
/// interface (`bind_address` NULL or "*") or of one IP address, of IPv6
/// also with a zone ("fe80::1%eth0").
///
/// Errors: WSP_ERR_ALREADY_IN_USE while listening, or if the address is in use or not of this machine;
/// WSP_ERR_INVALID_PARAMETER if `server` is NULL or for an invalid port or address; WSP_ERR_INVALID_DATA if
/// `bind_address` is not UTF-8; WSP_ERR_CANT_CREATE if the operating system gives no socket; WSP_ERR_FAILED if
/// listening fails otherwise.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tcp_server_listen(
    server: *mut wsp_tcp_server,
    port: i32,
    bind_address: *const c_char,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and string.
    unsafe {
        run(server, |server| {
            server.listen(checked_port(i64::from(port))?, optional_text(bind_address, "bind_address")?.unwrap_or("*"))
        })
    }
}

/// Stops listening. Connections that were not taken are closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tcp_server_stop(server: *mut wsp_tcp_server) {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(server, (), TcpServer::stop) };
}

/// Returns the next connection, NULL if none is queued. The caller owns the stream and frees it with wsp_stream_free().
/// If the operating system cannot accept a queued connection, for lack of descriptors for example,
/// wsp_tcp_server_get_error_message() returns the reason, and the connection waits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tcp_server_take_connection(server: *mut wsp_tcp_server) -> *mut wsp_stream {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(server, null_mut(), |server| server.take_connection().map_or(null_mut(), leak)) }
}

/// Returns whether a connection is queued that wsp_tcp_server_take_connection() would return.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tcp_server_is_connection_available(server: *mut wsp_tcp_server) -> bool {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(server, false, TcpServer::is_connection_available) }
}

/// Returns whether the listener listens.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tcp_server_is_listening(server: *const wsp_tcp_server) -> bool {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(server, false, |server| server.is_listening()) }
}

/// Returns the port that the listener listens on, 0 if it does not listen.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tcp_server_get_local_port(server: *const wsp_tcp_server) -> u16 {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(server, 0, |server| server.local_port()) }
}

/// Returns the listening socket for the program's own event loop, -1 if there is none. Wait, level-triggered, until it
/// is readable; then take connections until wsp_tcp_server_take_connection() returns NULL. The listener owns the socket
/// and closes it. On Windows the number is a SOCKET.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tcp_server_get_fd(server: *const wsp_tcp_server) -> i64 {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(server, None, |server| server.raw_fd()) }.map_or(-1, descriptor_number)
}

/// Returns why the last refused call was refused, or why a connection could not be accepted; "" if neither happened.
/// One sentence in English. Lent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tcp_server_get_error_message(server: *const wsp_tcp_server) -> *const c_char {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { lend(server, |server| server.error_message().to_owned()) }
}
