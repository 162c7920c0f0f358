//! `wsp_peer`: how its connection begins, advances and ends, and what it is connected to.

use std::ffi::c_char;

use super::arguments::{host_text, optional_text, port_of, required_text, write_out};
use super::error::wsp_error;
use super::handle::{descriptor_number, lend, query, run, with};
use super::peer::{wsp_peer, wsp_state};
use super::stream::wsp_stream;
use super::tls_options::{client_tls, server_tls, wsp_tls_options};
use crate::error::Result;
use crate::net::transport::Disconnected;
use crate::net::{TlsStream, Transport};
use crate::peer::WebSocketPeer;

/// Starts to connect to ws://host[:port][/path] or wss://host[:port][/path]. Call wsp_peer_poll() until
/// wsp_peer_get_ready_state() is WSP_STATE_OPEN or WSP_STATE_CLOSED. User name and password in the URL become an
/// Authorization header. `tls`, the options of a client, are for wss:// and are copied; NULL verifies the server's
/// certificate against those that the operating system trusts. `url` is copied.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `peer` or `url` is NULL, or for an invalid URL, options of a TLS server,
/// invalid handshake headers or sub-protocols; WSP_ERR_INVALID_DATA if `url` is not UTF-8; WSP_ERR_ALREADY_IN_USE while
/// connecting or open; WSP_ERR_FAILED if the operating system refuses at once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_connect_to_url(
    peer: *mut wsp_peer,
    url: *const c_char,
    tls: *const wsp_tls_options,
) -> wsp_error {
    // SAFETY: the caller passes NULL or live handles and a string.
    unsafe { run(peer, |peer| peer.connect_to_url(required_text(url, "url")?, client_tls(tls)?)) }
}

/// Takes over a TCP connection as a WebSocket server. The handshake happens in wsp_peer_poll(). The connection is
/// shared: the stream handle still belongs to the caller, who may free it at once and must not read or write with it
/// any more. If the stream has no connection, the peer closes in its first poll.
///
/// `tls`, the options of a server, make it a wss:// connection and are copied; NULL for ws://.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `peer` or `stream` is NULL, or for options of a TLS client, invalid handshake
/// headers or sub-protocols; WSP_ERR_ALREADY_IN_USE while connecting or open; WSP_ERR_FAILED if TLS cannot be
/// set up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_accept_stream(
    peer: *mut wsp_peer,
    stream: *mut wsp_stream,
    tls: *const wsp_tls_options,
) -> wsp_error {
    // SAFETY: the caller passes NULL or live handles.
    unsafe { run(peer, |peer| peer.accept_stream(server_transport(stream, tls)?)) }
}

/// # Safety
/// The pointers are NULL or live handles.
unsafe fn server_transport(stream: *mut wsp_stream, tls: *const wsp_tls_options) -> Result<Box<dyn Transport>> {
    // SAFETY: as this function.
    let (socket, tls) = unsafe { (with(stream, |stream| Ok(stream.object.socket()))?, server_tls(tls)?) };
    let transport: Box<dyn Transport> = match socket {
        Some(socket) => Box::new(socket),
        None => Box::new(Disconnected),
    };
    Ok(match tls {
        Some(tls) => Box::new(TlsStream::server(transport, &tls)?),
        None => transport,
    })
}

/// Advances the connection: connects, runs the handshakes, sends queued data, reads what has arrived. Never blocks.
/// Call it once per tick.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_poll(peer: *mut wsp_peer) {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(peer, (), WebSocketPeer::poll) };
}

/// Writes collected messages to the network now. The first message of a tick is written at once; later ones are
/// collected until 64 KiB have gathered, wsp_peer_get_packet() finds no packet, or wsp_peer_poll() or this function is
/// called. Without such a call a thread of the library writes them after 8 ms, and goes on while the network accepts
/// data; the next poll reports an error of that. A program that sends several messages after its poll calls this once
/// after them, so that they leave sooner.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_flush(peer: *mut wsp_peer) {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(peer, (), WebSocketPeer::flush) };
}

/// Starts the close handshake (RFC 6455 section 7); keep polling until WSP_STATE_CLOSED. The close frame follows
/// everything that was sent; close_timeout limits the wait for its answer. `code` is 1000 to 1003, 1007
/// to 1014 or 3000 to 4999; 0 sends a close frame without a code. `reason` has at most 123 bytes of UTF-8 and may be
/// NULL. A negative code, or a call while connecting, drops the connection at once, and nothing else is checked. While
/// closing or closed, the call does nothing.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `peer` is NULL or a close frame may not carry the code or the reason;
/// WSP_ERR_INVALID_DATA if `reason` is not UTF-8. Nothing happens then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_close(peer: *mut wsp_peer, code: i32, reason: *const c_char) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and string.
    unsafe { run(peer, |peer| peer.close(code, optional_text(reason, "reason")?.unwrap_or_default())) }
}

/// Returns the state of the connection, WSP_STATE_CLOSED for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_ready_state(peer: *const wsp_peer) -> wsp_state {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(peer, wsp_state::WSP_STATE_CLOSED, |peer| peer.state().into()) }
}

/// Returns the code of the close frame that ended the connection: that of the remote peer, or 1002, 1007 or 1009 that
/// this peer has sent because the remote peer broke the protocol. 0 if the frame had no code, -1 if there was no close
/// frame.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_close_code(peer: *const wsp_peer) -> i32 {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(peer, -1, |peer| peer.close_code()) }
}

/// Returns the reason in that close frame, "" if there was none. Lent. `len` may be NULL; it receives the length in
/// bytes, which strlen() does not give if the reason contains a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_close_reason(peer: *const wsp_peer, len: *mut usize) -> *const c_char {
    // SAFETY: the caller passes NULL or live pointers.
    unsafe {
        write_out(len, 0);
        lend(peer, |peer| {
            write_out(len, peer.close_reason().len());
            peer.close_reason().to_owned()
        })
    }
}

/// Returns why the connection was lost, or else why the last refused call was refused; "" if nothing has failed since
/// the connection began. One sentence in English. Lent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_error_message(peer: *const wsp_peer) -> *const c_char {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { lend(peer, |peer| peer.error_message().to_owned()) }
}

/// Returns the selected sub-protocol, "" if there is none. Lent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_selected_protocol(peer: *const wsp_peer) -> *const c_char {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { lend(peer, |peer| peer.selected_protocol().to_owned()) }
}

/// Returns the URL passed to wsp_peer_connect_to_url(), also after redirections, or on a server the URL that the client
/// has requested. Lent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_requested_url(peer: *const wsp_peer) -> *const c_char {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { lend(peer, |peer| peer.requested_url().to_owned()) }
}

/// Returns the IP address of the remote peer, "" without a TCP connection. Lent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_connected_host(peer: *const wsp_peer) -> *const c_char {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { lend(peer, |peer| host_text(peer.remote_address())) }
}

/// Returns the TCP port of the remote peer, 0 without a TCP connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_connected_port(peer: *const wsp_peer) -> u16 {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(peer, 0, |peer| port_of(peer.remote_address())) }
}

/// Returns the socket for the program's own event loop, -1 if there is none (closed, or looking up the name). On
/// Windows the number is a SOCKET, for WSAPoll() or select().
///
/// Wait, level-triggered, until the socket is readable, or also writable if `wants_write` (may be NULL) is set, and
/// call wsp_peer_poll(). Poll again at once after reading packets while wsp_peer_needs_poll() is true, and a few times
/// per second in any case: timeouts, pings, name lookups and parallel connection attempts do not make the socket ready.
/// The socket changes while connecting, so call this after each poll. It stays readable while the packet queue is full.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_fd(peer: *const wsp_peer, wants_write: *mut bool) -> i64 {
    // SAFETY: the caller passes NULL or live pointers.
    unsafe {
        let raw = query(peer, None, |peer| peer.raw_fd());
        let (fd, writes) = raw.map_or((-1, false), |(fd, writes)| (descriptor_number(fd), writes));
        write_out(wants_write, writes);
        fd
    }
}

/// Returns whether another wsp_peer_poll() has work without news from the network: messages for which the packet queue
/// had no room, or queued output. False for NULL. For event loops that poll only when the socket is ready.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_needs_poll(peer: *const wsp_peer) -> bool {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(peer, false, |peer| peer.needs_poll()) }
}
