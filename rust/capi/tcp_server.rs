//! `wsp_tcp_server`.

use std::ffi::c_char;
use std::ptr::null_mut;

use parking_lot::Mutex;

use super::error::wsp_error;
use super::handle::{Content, Handle, descriptor_number, free, handle, leak, with};
use super::stream::wsp_stream;
use super::text::optional;
use crate::error::Result;
use crate::peer::TcpServer;
use crate::peer::listening::checked_port;

/// Accepts TCP connections.
///
/// Any function may be called from any thread; calls on one server wait for each other. Nothing ever blocks.
#[derive(Debug)]
pub struct wsp_tcp_server {
    content: Mutex<Content<TcpServer>>,
}
handle!(wsp_tcp_server, TcpServer);

unsafe fn ask<R>(server: *const wsp_tcp_server, fallback: R, call: impl FnOnce(&mut Content<TcpServer>) -> R) -> R {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { with(server, |content| Ok(call(content))) }.unwrap_or(fallback)
}

/// Makes a server that does not listen. The caller owns it and ends it with wsp_tcp_server_free().
#[unsafe(no_mangle)]
pub extern "C" fn wsp_tcp_server_new() -> *mut wsp_tcp_server {
    leak(TcpServer::new())
}

/// Stops and ends a server. NULL is ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tcp_server_free(server: *mut wsp_tcp_server) {
    // SAFETY: the caller passes NULL or a handle it gives up.
    unsafe { free(server) };
}

/// Listens on a port (0: the system chooses one, see wsp_tcp_server_get_local_port()) of every interface (`bind_address` NULL or "*") or
/// of one IP address.
///
/// Returns WSP_ERR_ALREADY_IN_USE while listening and for an address that is in use or not of this machine,
/// WSP_ERR_INVALID_PARAMETER for a port outside 0 to 65535 and for what is no IP address, WSP_ERR_CANT_CREATE where the system gives no
/// socket.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tcp_server_listen(
    server: *mut wsp_tcp_server,
    port: i32,
    bind_address: *const c_char,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and string.
    let result: Result = unsafe {
        with(server, |content| {
            let address = optional(bind_address, "bind_address")?.unwrap_or("*");
            content.object.listen(checked_port(i64::from(port))?, address)
        })
    };
    (&result).into()
}

/// Returns whether the server listens.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tcp_server_is_listening(server: *const wsp_tcp_server) -> bool {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(server, false, |content| content.object.is_listening()) }
}

/// Returns whether a connection waits to be taken.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tcp_server_is_connection_available(server: *mut wsp_tcp_server) -> bool {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(server, false, |content| content.object.is_connection_available()) }
}

/// Returns the next connection, or NULL where none waits. The caller owns it and ends it with wsp_stream_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tcp_server_take_connection(server: *mut wsp_tcp_server) -> *mut wsp_stream {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(server, null_mut(), |content| content.object.take_connection().map_or(null_mut(), leak)) }
}

/// Returns the port the server listens on, 0 where it does not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tcp_server_get_local_port(server: *const wsp_tcp_server) -> u16 {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(server, 0, |content| content.object.local_port()) }
}

/// Returns the listening socket for a foreign event loop, -1 where there is none. Wait, level-triggered, until it is readable; then take
/// connections until wsp_tcp_server_take_connection() returns NULL. The server keeps the descriptor and closes it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tcp_server_get_fd(server: *const wsp_tcp_server) -> i64 {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(server, None, |content| content.object.raw_fd()) }.map_or(-1, descriptor_number)
}

/// Stops listening. Connections that were not taken are closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tcp_server_stop(server: *mut wsp_tcp_server) {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(server, (), |content| content.object.stop()) };
}

/// Returns in words why the last call was refused, "" where none was. Lent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tcp_server_get_error_message(server: *const wsp_tcp_server) -> *const c_char {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(server, c"".as_ptr(), |content| content.lent.set(&content.refusal)) }
}
