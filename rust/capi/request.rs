//! `wsp_request` and `wsp_http_answer`: the remote peer's part of the handshake, and a server program's decision.

use std::ffi::c_char;
use std::ptr::null;

use super::arguments::{bytes, optional_text, required_text, text_list, write_out};
use super::error::wsp_error;
use super::handle::{attempt, query, run, with};
use super::lent::LentTexts;
use super::peer::wsp_peer;
use super::versioned::{Versioned, read_optional, size_of_caller, write};
use crate::error::{Error, ErrorCode, Result};
use crate::proto::handshake::{HttpAnswer, Request};
use crate::proto::status;

/// A client's request. Set `struct_size`, then call wsp_peer_get_request(). Later versions append fields.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct wsp_request {
    /// sizeof(wsp_request) of the caller.
    pub struct_size: usize,
    /// HTTP method, "GET" in every WebSocket handshake. Lent.
    pub method: *const c_char,
    /// The request target as the client has written it. Lent.
    pub target: *const c_char,
    /// The path of the target, still percent-encoded; "" if the target is invalid (HTTP status 400). Lent.
    pub path: *const c_char,
    /// The part of the target after its first '?', or "". Lent.
    pub query: *const c_char,
    /// 1 if it is a valid WebSocket handshake (RFC 6455 section 4.2.1), which wsp_peer_accept_request() can accept.
    pub is_websocket: u8,
    /// 1 while it waits for wsp_peer_accept_request() or wsp_peer_reject_request().
    pub is_pending: u8,
    /// The sub-protocols that the client offers, in its order of preference, separated by ", "; "" if it offers none.
    /// See wsp_peer_select_protocol(). Lent.
    pub protocols: *const c_char,
}

// SAFETY: the struct is `repr(C)` and begins with its size; it is only written.
unsafe impl Versioned for wsp_request {
    const NAME: &'static str = "wsp_request";
    const ENDS: &'static [usize] = &[std::mem::offset_of!(wsp_request, protocols), size_of::<wsp_request>()];
}

impl wsp_request {
    fn lent(request: &Request, is_pending: bool, lent: &mut LentTexts) -> Self {
        let (path, query) = request.path_and_query();
        let protocols: Vec<&str> = request.protocols().collect();
        Self {
            struct_size: size_of::<Self>(),
            method: lent.set(&request.method),
            target: lent.add(request.target.as_str()),
            path: lent.add(path),
            query: lent.add(query),
            is_websocket: u8::from(request.is_websocket()),
            is_pending: u8::from(is_pending),
            protocols: lent.add(&protocols.join(", ")),
        }
    }
}

/// An HTTP answer that ends a client's request without a WebSocket connection. Start from WSP_HTTP_ANSWER_INIT, set
/// fields, and pass it to wsp_peer_reject_request() or wsp_server_reject_request(). Later versions append fields.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct wsp_http_answer {
    /// sizeof(wsp_http_answer) of the caller.
    pub struct_size: usize,
    /// HTTP status, 200 to 599. Default 403.
    pub status: i32,
    /// Reason phrase; NULL or "" (the default) for the standard one of the status.
    pub reason: *const c_char,
    /// Header lines ("Name: value"). The library adds Content-Length and Connection, and Content-Type text/plain unless
    /// it is given. Default NULL.
    pub headers: *const *const c_char,
    /// Number of header lines. Default 0.
    pub header_count: usize,
    /// Body. Default NULL.
    pub body: *const u8,
    /// Length of the body in bytes. Default 0.
    pub body_len: usize,
}

// SAFETY: the struct is `repr(C)`, begins with its size, and consists of numbers and pointers.
unsafe impl Versioned for wsp_http_answer {
    const NAME: &'static str = "wsp_http_answer";
    const ENDS: &'static [usize] = &[size_of::<wsp_http_answer>()];
}

const DEFAULT_ANSWER: wsp_http_answer = wsp_http_answer {
    struct_size: size_of::<wsp_http_answer>(),
    status: status::FORBIDDEN as i32,
    reason: null(),
    headers: null(),
    header_count: 0,
    body: null(),
    body_len: 0,
};

/// Reads an answer; NULL is the default.
///
/// # Safety
/// `answer` is NULL or points to a struct with its size in the first field.
pub(super) unsafe fn http_answer(answer: *const wsp_http_answer) -> Result<HttpAnswer> {
    // SAFETY: as this function.
    unsafe {
        let answer = read_optional(answer, DEFAULT_ANSWER)?;
        Ok(HttpAnswer {
            status: HttpAnswer::checked_status(i64::from(answer.status))?,
            reason: optional_text(answer.reason, "reason")?.unwrap_or_default().to_owned(),
            headers: text_list(answer.headers, answer.header_count, "headers")?,
            body: bytes(answer.body, answer.body_len)?.to_vec(),
        })
    }
}

/// Selects the sub-protocol of the answer to the request that waits because the option auto_accept is 0: one of those
/// that the client offers (`protocols` of wsp_request), or "" or NULL for none. Without this call, the first one that
/// the client offers and wsp_peer_set_supported_protocols() lists is selected. The last call before
/// wsp_peer_accept_request() counts. Copied.
///
/// Errors: WSP_ERR_UNCONFIGURED if no request waits; WSP_ERR_INVALID_PARAMETER if `peer` is NULL or the client does not
/// offer `protocol`; WSP_ERR_INVALID_DATA if it is not UTF-8. Nothing changes then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_select_protocol(peer: *mut wsp_peer, protocol: *const c_char) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and string.
    unsafe { run(peer, |peer| peer.select_protocol(optional_text(protocol, "protocol")?.unwrap_or_default())) }
}

/// Accepts the request that waits because the option auto_accept is 0; the connection opens in the next
/// wsp_peer_poll(). `headers` are `count` header lines for the answer, added after those of
/// wsp_peer_set_handshake_headers(); `(NULL, 0)` for none.
///
/// Errors: WSP_ERR_UNCONFIGURED if no request waits, WSP_ERR_INVALID_PARAMETER if `peer`, `headers` or an entry is NULL
/// or a header line is invalid; nothing changes then. WSP_ERR_INVALID_DATA if a header line is not UTF-8 (nothing
/// changes), or if the request cannot be accepted (not a WebSocket handshake, a forbidden origin, no common
/// sub-protocol without allow_no_protocol): it is answered with the HTTP status for that, and the connection ends.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_accept_request(
    peer: *mut wsp_peer,
    headers: *const *const c_char,
    count: usize,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and list.
    unsafe { run(peer, |peer| peer.accept_request(&text_list(headers, count, "headers")?)) }
}

/// Answers the request that waits because the option auto_accept is 0 with an HTTP response: to refuse a client, or to
/// serve a page or a health check on the same port. NULL for `answer` sends status 403 without a body. The connection
/// ends after the answer, which is delivered while any object is polled. `answer` is copied.
///
/// Errors: WSP_ERR_UNCONFIGURED if no request waits; WSP_ERR_INVALID_PARAMETER if `peer` is NULL, or for an unknown
/// `struct_size`, a status outside 200 to 599, or an invalid reason or header line; WSP_ERR_INVALID_DATA if a text is
/// not UTF-8. Nothing is sent then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_reject_request(peer: *mut wsp_peer, answer: *const wsp_http_answer) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers, the answer with its size in the first field.
    unsafe { run(peer, |peer| peer.reject_request(http_answer(answer)?)) }
}

/// Reports what a client has requested of this server, from the arrival of the request until the next connection.
/// `request->struct_size` must be set. The texts are lent until the next call on the peer that returns a text.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `peer` or `request` is NULL, or for an unknown `struct_size`;
/// WSP_ERR_UNAVAILABLE if no request has arrived.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_request(peer: *const wsp_peer, request: *mut wsp_request) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers, the struct with its size in the first field.
    unsafe {
        attempt(peer, |peer| {
            let none = || Error::new(ErrorCode::Unavailable, "no request has arrived");
            let arrived = peer.object.request().ok_or_else(none)?;
            let converted = wsp_request::lent(&arrived, peer.object.is_request_pending(), &mut peer.lent);
            write(converted, request, size_of_caller(request))
        })
    }
}

/// Returns the number of header fields that the remote peer has sent in the handshake: on a server those of the
/// request, on a client those of the answer, even if it refused (see wsp_peer_get_failure()). 0 if none has arrived.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_received_header_count(peer: *const wsp_peer) -> usize {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(peer, 0, |peer| peer.received_headers().map_or(0, |headers| headers.iter().count())) }
}

/// Lends name and value (both may be NULL) of one of those header fields, in the order of arrival, repeated fields
/// included, until the next call on the peer that returns a text.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `peer` is NULL or `index` is not below wsp_peer_get_received_header_count().
/// Both are NULL then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_received_header(
    peer: *const wsp_peer,
    index: usize,
    name: *mut *const c_char,
    value: *mut *const c_char,
) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers.
    unsafe {
        write_out(name, null());
        write_out(value, null());
        attempt(peer, |peer| {
            let headers = peer.object.received_headers().unwrap_or_default();
            let none = || Error::new(ErrorCode::InvalidParameter, format!("there is no header field {index}"));
            let (field, text) = headers.iter().nth(index).ok_or_else(none)?;
            write_out(name, peer.lent.set(field));
            write_out(value, peer.lent.add(text));
            Ok(())
        })
    }
}

/// Returns the value of the first of those header fields with this name, in any case of letters, NULL if there is none.
/// Lent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_find_received_header(peer: *const wsp_peer, name: *const c_char) -> *const c_char {
    // SAFETY: the caller passes NULL or a live handle and string.
    let found = unsafe {
        with(peer, |peer| {
            let headers = peer.object.received_headers().unwrap_or_default();
            Ok(headers.first(required_text(name, "name")?).map(|value| peer.lent.set(value)))
        })
    };
    found.ok().flatten().unwrap_or(null())
}
