//! `wsp_server`: its peers.

use std::ffi::c_char;

use super::error::wsp_error;
use super::handle::with;
use super::peer::kind;
use super::server::{ask, lend, run, wsp_server};
use super::text::{bytes, list, optional, required, write_out};
use crate::error::{Error, ErrorCode};
use crate::peer::Server;
use crate::proto::frame::MessageKind;
use crate::proto::handshake::HttpAnswer;

/// Sends a message to the peer `target`, to all peers (0), or to all but one (its negative id); `write_mode` is a wsp_write_mode. A message
/// to several is encoded and compressed once. `data` is not kept.
///
/// Returns WSP_ERR_INVALID_PARAMETER for an id that is nobody's, otherwise as wsp_peer_send(). Where some of several peers have no
/// room, the others get the message, and WSP_ERR_OUT_OF_MEMORY is returned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_send(
    server: *mut wsp_server,
    target: i32,
    data: *const u8,
    len: usize,
    write_mode: i32,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and data.
    unsafe { run(server, |server| server.send_to(target, kind(write_mode)?, bytes(data, len)?)) }
}

/// Sends a NUL-terminated text; see wsp_server_send().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_send_text(server: *mut wsp_server, target: i32, text: *const c_char) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and string.
    unsafe { run(server, |server| server.send_to(target, MessageKind::Text, required(text, "text")?.as_bytes())) }
}

/// Multiplayer mode: sends a packet of the server's own to the peer `target`, to all (0), or to all but one (its negative id). Returns
/// WSP_ERR_UNCONFIGURED in plain mode, WSP_ERR_FAILED for an id that is nobody's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_put_packet(
    server: *mut wsp_server,
    target: i32,
    data: *const u8,
    len: usize,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and data.
    unsafe {
        run(server, |server| {
            server.set_target_peer(target);
            server.put_packet(bytes(data, len)?)
        })
    }
}

/// Writes the messages collected for all peers to the network now; see wsp_peer_flush(). wsp_server_poll() and wsp_server_wait() do it too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_flush(server: *mut wsp_server) {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(server, (), |server| server.flush(0)) };
}

/// Says goodbye to a peer with a code and a reason (may be NULL); WSP_EVENT_CLOSED comes when it has answered or its time is over. What it
/// sends meanwhile is not told. A negative code drops the connection at once. Returns WSP_ERR_INVALID_PARAMETER for an id that is
/// nobody's and for what no close frame may carry.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_disconnect_peer(
    server: *mut wsp_server,
    peer: i32,
    code: i32,
    reason: *const c_char,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and string.
    unsafe { run(server, |server| server.disconnect_peer(peer, code, optional(reason, "reason")?.unwrap_or_default())) }
}

/// Returns whether an id is a peer's whose end was not told yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_has_peer(server: *const wsp_server, peer: i32) -> bool {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(server, false, |server| server.is_peer_connected(peer)) }
}

/// Writes the ids of at most `capacity` peers, in ascending order, to `peers` (may be NULL where `capacity` is 0) and returns how many
/// peers there are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_get_peers(server: *const wsp_server, peers: *mut i32, capacity: usize) -> usize {
    // SAFETY: the caller passes NULL or a live handle, and NULL or room for `capacity` numbers.
    unsafe {
        let ids = ask(server, Vec::new(), |server| server.peer_ids());
        if !peers.is_null() {
            std::ptr::copy_nonoverlapping(ids.as_ptr(), peers, ids.len().min(capacity));
        }
        ids.len()
    }
}

/// Returns the IP address of a peer, "" where there is none. Lent. `port` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_get_peer_address(
    server: *const wsp_server,
    peer: i32,
    port: *mut u16,
) -> *const c_char {
    // SAFETY: the caller passes NULL or live pointers.
    unsafe {
        write_out(port, 0);
        lend(server, |server| {
            let address = server.peer_address(peer).ok();
            write_out(port, address.map_or(0, |address| address.port()));
            address.map(|address| address.ip().to_string()).unwrap_or_default()
        })
    }
}

/// Returns the URL that a peer's request asked for, path and query included; "" where there is none. Lent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_get_requested_url(server: *const wsp_server, peer: i32) -> *const c_char {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { lend(server, |server| server.requested_url(peer).to_owned()) }
}

/// Returns the value of the first header field of a peer's request with this name, in upper or lower case, or NULL. Lent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_find_request_header(
    server: *const wsp_server,
    peer: i32,
    name: *const c_char,
) -> *const c_char {
    // SAFETY: the caller passes NULL or a live handle and string.
    let found = unsafe {
        let name = required(name, "name").unwrap_or_default().to_owned();
        let value = ask(server, None, |server| {
            server.request(peer).ok().and_then(|request| request.headers.first(&name).map(str::to_owned))
        });
        value.map(|value| with(server, |content| Ok(content.lent.set(&value))))
    };
    found.and_then(Result::ok).unwrap_or(std::ptr::null())
}

/// Lets in a client that WSP_EVENT_REQUEST told of; WSP_EVENT_OPENED follows. `headers` are `count` lines for the answer. Returns
/// WSP_ERR_INVALID_PARAMETER where no such request waits, otherwise as wsp_peer_accept_request().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_accept_request(
    server: *mut wsp_server,
    peer: i32,
    headers: *const *const c_char,
    count: usize,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and list.
    unsafe { run(server, |server| server.accept_request(peer, &list(headers, count, "headers")?)) }
}

/// Answers a client that WSP_EVENT_REQUEST told of with an HTTP status from 200 to 599 instead; see wsp_peer_reject_request(). Nothing more is
/// told of it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_reject_request(
    server: *mut wsp_server,
    peer: i32,
    status: i32,
    headers: *const *const c_char,
    count: usize,
    body: *const u8,
    body_len: usize,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle, list and data.
    unsafe {
        run(server, |server| {
            let answer = HttpAnswer {
                status: HttpAnswer::checked_status(i64::from(status))?,
                reason: String::new(),
                headers: list(headers, count, "headers")?,
                body: bytes(body, body_len)?.to_vec(),
            };
            server.reject_request(peer, answer)
        })
    }
}

/// Sends a ping with at most 125 bytes to a peer; see wsp_peer_ping().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_ping(server: *mut wsp_server, peer: i32, data: *const u8, len: usize) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and data.
    unsafe { run(server, |server| server.ping(peer, bytes(data, len)?)) }
}

/// Returns the seconds between the last answered ping of a peer and its pong; -1 before the first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_get_round_trip_time(server: *const wsp_server, peer: i32) -> f64 {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(server, -1.0, |server| server.round_trip(peer).map_or(-1.0, |times| times.last.as_secs_f64())) }
}

/// Writes to `amount` the payload bytes for a peer that the network has not taken yet. Returns WSP_ERR_INVALID_PARAMETER for an id that is
/// nobody's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_get_outbound_buffered_amount(
    server: *mut wsp_server,
    peer: i32,
    amount: *mut usize,
) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers.
    unsafe {
        write_out(amount, 0);
        run(server, |server| {
            if amount.is_null() {
                return Err(Error::new(ErrorCode::InvalidParameter, "amount is NULL"));
            }
            write_out(amount, server.outbound_buffered_amount(peer)?);
            Ok(())
        })
    }
}

/// Has a thread in wsp_server_wait(), or the next one that calls it, return WSP_OK at once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_wake(server: *mut wsp_server) {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(server, (), Server::interrupt) };
}
