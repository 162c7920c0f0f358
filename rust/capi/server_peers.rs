//! `wsp_server`: the calls on its peers.

use std::ffi::c_char;
use std::ptr::null;

use super::arguments::{
    bytes, host_text, id_list, optional_text, port_of, required_text, text_list, write_ids, write_out,
};
use super::error::wsp_error;
use super::handle::{lend, query, run, with};
use super::peer::message_kind;
use super::request::{http_answer, wsp_http_answer};
use super::server::wsp_server;
use crate::error::{Error, ErrorCode};
use crate::proto::frame::MessageKind;

/// Sends a message to the peer `target`, to all peers (0), or to all but one (its negative id); `write_mode` is a
/// wsp_write_mode. A message to several peers is encoded and compressed once. `data` is copied or written before the
/// call returns.
///
/// Errors: WSP_ERR_INVALID_PARAMETER for an id without a connection, and as for wsp_peer_send(); WSP_ERR_FAILED,
/// WSP_ERR_INVALID_DATA, WSP_ERR_OUT_OF_MEMORY, as for wsp_peer_send(). If a message to several peers does not fit into
/// the queues of some, the others get it, and WSP_ERR_OUT_OF_MEMORY is returned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_send(
    server: *mut wsp_server,
    target: i32,
    data: *const u8,
    len: usize,
    write_mode: i32,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and data.
    unsafe { run(server, |server| server.send_to(target, message_kind(write_mode)?, bytes(data, len)?)) }
}

/// Sends a NUL-terminated text without its NUL.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `text` is NULL, and as for wsp_server_send(); WSP_ERR_FAILED,
/// WSP_ERR_INVALID_DATA, WSP_ERR_OUT_OF_MEMORY, as for wsp_server_send().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_send_text(server: *mut wsp_server, target: i32, text: *const c_char) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and string.
    unsafe { run(server, |server| server.send_to(target, MessageKind::Text, required_text(text, "text")?.as_bytes())) }
}

/// Sends a binary message to `count` peers, whose ids `peers` lists; it is encoded and compressed once. An id that is
/// listed twice gets the message twice.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `peers` is NULL with a count, for an id without a connection, and as for
/// wsp_server_send(); WSP_ERR_FAILED, WSP_ERR_OUT_OF_MEMORY, as for wsp_server_send(). The peers for which there is no
/// error get the message, and the first error is returned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_send_list(
    server: *mut wsp_server,
    peers: *const i32,
    count: usize,
    data: *const u8,
    len: usize,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle, list and data.
    unsafe {
        run(server, |server| {
            server.send_to_list(id_list(peers, count, "peers")?, MessageKind::Binary, bytes(data, len)?)
        })
    }
}

/// Sends a NUL-terminated text without its NUL to `count` peers, as wsp_server_send_list() does.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `text` is NULL, and as for wsp_server_send_list(); WSP_ERR_INVALID_DATA if the
/// text is not UTF-8; WSP_ERR_FAILED, WSP_ERR_OUT_OF_MEMORY, as for wsp_server_send_list().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_send_text_list(
    server: *mut wsp_server,
    peers: *const i32,
    count: usize,
    text: *const c_char,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle, list and string.
    unsafe {
        run(server, |server| {
            let text = required_text(text, "text")?;
            server.send_to_list(id_list(peers, count, "peers")?, MessageKind::Text, text.as_bytes())
        })
    }
}

/// Multiplayer mode: sends a packet from the server to the peer `target`, to all (0), or to all but one (its negative
/// id).
///
/// Errors: WSP_ERR_UNCONFIGURED without multiplayer mode; WSP_ERR_FAILED for an id without a connection;
/// WSP_ERR_INVALID_PARAMETER if `server` is NULL, or `data` is NULL with a length; WSP_ERR_OUT_OF_MEMORY as for
/// wsp_server_send().
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

/// Writes the messages collected for all peers to the network now; see wsp_peer_flush(). wsp_server_poll() and
/// wsp_server_wait() do it too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_flush(server: *mut wsp_server) {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(server, (), |server| server.flush(0)) };
}

/// Starts the close handshake with a peer; `code` and `reason` as for wsp_peer_close(). WSP_EVENT_CLOSED follows when
/// the peer has answered or close_timeout has passed. Messages that arrive until then cause no events.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `server` is NULL, for an id without a connection, or if a close frame may not
/// carry the code or the reason; WSP_ERR_INVALID_DATA if `reason` is not UTF-8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_disconnect_peer(
    server: *mut wsp_server,
    peer: i32,
    code: i32,
    reason: *const c_char,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and string.
    unsafe {
        run(server, |server| server.disconnect_peer(peer, code, optional_text(reason, "reason")?.unwrap_or_default()))
    }
}

/// Accepts a client whose WSP_EVENT_REQUEST was taken; WSP_EVENT_OPENED follows. `headers` are `count` header lines for
/// the answer; `(NULL, 0)` for none.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `server`, `headers` or an entry is NULL, no request of `peer` waits, or a
/// header line is invalid; WSP_ERR_INVALID_DATA as for wsp_peer_accept_request().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_accept_request(
    server: *mut wsp_server,
    peer: i32,
    headers: *const *const c_char,
    count: usize,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and list.
    unsafe { run(server, |server| server.accept_request(peer, &text_list(headers, count, "headers")?)) }
}

/// Answers a client whose WSP_EVENT_REQUEST was taken with an HTTP response, and ends its connection; see
/// wsp_peer_reject_request(). No further event of it follows. NULL for `answer` sends status 403 without a body.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `server` is NULL, no request of `peer` waits, or for an unknown `struct_size`
/// or an invalid answer; WSP_ERR_INVALID_DATA if a text is not UTF-8. Nothing is sent then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_reject_request(
    server: *mut wsp_server,
    peer: i32,
    answer: *const wsp_http_answer,
) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers, the answer with its size in the first field.
    unsafe { run(server, |server| server.reject_request(peer, http_answer(answer)?)) }
}

/// Sends a ping with at most 125 bytes of payload to a peer; see wsp_peer_ping().
///
/// Errors: WSP_ERR_INVALID_PARAMETER for an id without a connection, and as for wsp_peer_ping(); WSP_ERR_FAILED,
/// WSP_ERR_OUT_OF_MEMORY, as for wsp_peer_ping().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_ping(server: *mut wsp_server, peer: i32, data: *const u8, len: usize) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and data.
    unsafe { run(server, |server| server.ping(peer, bytes(data, len)?)) }
}

/// Returns whether an id names an open connection, or one whose WSP_EVENT_CLOSED was not taken yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_has_peer(server: *const wsp_server, peer: i32) -> bool {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(server, false, |server| server.is_peer_connected(peer)) }
}

/// Writes the ids of at most `capacity` peers, in ascending order, to `peers`, and returns the number of all peers;
/// `(NULL, 0)` only counts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_get_peers(server: *const wsp_server, peers: *mut i32, capacity: usize) -> usize {
    // SAFETY: the caller passes NULL or a live handle, and NULL or room for `capacity` numbers.
    unsafe { write_ids(&query(server, Vec::new(), |server| server.peer_ids()), peers, capacity) }
}

/// Returns the IP address of a peer, "" if the id has no connection. Lent. `port` (may be NULL) receives its TCP port,
/// or 0.
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
            write_out(port, port_of(address));
            host_text(address)
        })
    }
}

/// Returns the URL that a peer has requested, path and query included; "" if the id has no connection. Lent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_get_requested_url(server: *const wsp_server, peer: i32) -> *const c_char {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { lend(server, |server| server.requested_url(peer).to_owned()) }
}

/// Returns the value of the first header field of a peer's request with this name, in any case of letters; NULL if
/// there is none. Lent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_find_request_header(
    server: *const wsp_server,
    peer: i32,
    name: *const c_char,
) -> *const c_char {
    // SAFETY: the caller passes NULL or a live handle and string.
    let found = unsafe {
        with(server, |server| {
            let request = server.object.request(peer)?;
            Ok(request.headers.first(required_text(name, "name")?).map(|value| server.lent.set(value)))
        })
    };
    found.ok().flatten().unwrap_or(null())
}

/// Returns the seconds between the last answered ping of a peer and its pong, -1 before the first pong.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_get_round_trip_time(server: *const wsp_server, peer: i32) -> f64 {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(server, -1.0, |server| server.round_trip(peer).map_or(-1.0, |times| times.last.as_secs_f64())) }
}

/// Writes to `amount` the payload bytes for a peer that the network has not accepted yet.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if a pointer is NULL or for an id without a connection.
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
