//! What both ends of a `wsp_peer` say in the handshake, and why it failed.

use std::ffi::c_char;
use std::mem::offset_of;
use std::ptr::{null, null_mut};

use super::error::wsp_error;
use super::handle::with;
use super::peer::{ask, run, wsp_peer};
use super::text::{bytes, list, optional, required, write_out};
use super::versioned::{Versioned, size_of_caller, write};
use crate::error::{Error, ErrorCode, Result};
use crate::net::{FailureStage, Proxies};
use crate::proto::handshake::HttpAnswer;

/// How far a connection had come when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum wsp_stage {
    /// It has not failed.
    WSP_STAGE_NONE = 0,
    /// The name could not be looked up.
    WSP_STAGE_DNS = 1,
    /// The server could not be reached, or the TCP connection broke.
    WSP_STAGE_TCP = 2,
    /// The proxy could not be reached or refused.
    WSP_STAGE_PROXY = 3,
    /// The TLS handshake, the verification of a certificate, or the encrypted connection failed.
    WSP_STAGE_TLS = 4,
    /// The other end did not answer as an HTTP server or client that speaks WebSocket does.
    WSP_STAGE_HTTP = 5,
    /// The other end broke the WebSocket protocol.
    WSP_STAGE_WEBSOCKET = 6,
    /// A limit of time ran out: connect_timeout, handshake_timeout, heartbeat_timeout or close_timeout.
    WSP_STAGE_TIMEOUT = 7,
}

impl From<FailureStage> for wsp_stage {
    fn from(stage: FailureStage) -> Self {
        match stage {
            FailureStage::Dns => Self::WSP_STAGE_DNS,
            FailureStage::Tcp => Self::WSP_STAGE_TCP,
            FailureStage::Proxy => Self::WSP_STAGE_PROXY,
            FailureStage::Tls => Self::WSP_STAGE_TLS,
            FailureStage::Http => Self::WSP_STAGE_HTTP,
            FailureStage::WebSocket => Self::WSP_STAGE_WEBSOCKET,
            FailureStage::Timeout => Self::WSP_STAGE_TIMEOUT,
        }
    }
}

/// Why a connection could not be made or was lost. Set `struct_size`, then call wsp_peer_get_failure(). Later versions append fields.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct wsp_failure {
    /// sizeof(wsp_failure) of the caller.
    pub struct_size: usize,
    /// Where it happened.
    pub stage: wsp_stage,
    /// The operating system's error number (errno), 0 where none was behind it.
    pub os_error: i32,
    /// What happened, in words. Lent.
    pub message: *const c_char,
    /// The TLS alert or the result of the verification, "" where TLS was not the reason. Lent.
    pub tls: *const c_char,
    /// HTTP status that a server or proxy answered with instead of agreeing, 0 where it did not. Its header fields are those of
    /// wsp_peer_get_received_header().
    pub http_status: i32,
    /// 1 where the certificate is a good one, but for another name.
    pub is_name_mismatch: u8,
    /// Reason phrase beside the status, or "". Lent.
    pub http_reason: *const c_char,
    /// The beginning of that answer's body, at most 4096 bytes, with a NUL behind it. Lent; never NULL.
    pub http_body: *const u8,
    /// Number of bytes there.
    pub http_body_len: usize,
}

// SAFETY: the struct is `repr(C)` and begins with its size; it is only written.
unsafe impl Versioned for wsp_failure {
    const NAME: &'static str = "wsp_failure";
    const ENDS: &'static [usize] = &[size_of::<wsp_failure>()];
}

/// A client's request. Set `struct_size`, then call wsp_peer_get_request(). Later versions append fields.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct wsp_request {
    /// sizeof(wsp_request) of the caller.
    pub struct_size: usize,
    /// HTTP method, "GET" of every WebSocket handshake. Lent.
    pub method: *const c_char,
    /// What the request asks for, as it stands in the request. Lent.
    pub target: *const c_char,
    /// The path in it, still percent-encoded. Lent.
    pub path: *const c_char,
    /// What stands behind its '?', or "". Lent.
    pub query: *const c_char,
    /// 1 where it is a WebSocket handshake that wsp_peer_accept_request() can accept, as far as the protocol goes.
    pub is_websocket: u8,
    /// 1 while it waits for wsp_peer_accept_request() or wsp_peer_reject_request().
    pub is_pending: u8,
}

// SAFETY: the struct is `repr(C)` and begins with its size; it is only written.
unsafe impl Versioned for wsp_request {
    const NAME: &'static str = "wsp_request";
    const ENDS: &'static [usize] = &[size_of::<wsp_request>()];
}

/// What was agreed on in the TLS handshake. Set `struct_size`, then call wsp_peer_get_tls_info(). Later versions append fields.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct wsp_tls_info {
    /// sizeof(wsp_tls_info) of the caller.
    pub struct_size: usize,
    /// "TLSv1.2" or "TLSv1.3". Lent.
    pub version: *const c_char,
    /// Name of the cipher suite. Lent.
    pub cipher_suite: *const c_char,
    /// Protocol selected by ALPN, or "". Lent.
    pub alpn: *const c_char,
    /// Subject of the other end's certificate, for example "CN=player, O=Example"; "" where it presented none. Verified, except by a
    /// client with wsp_tls_options_client_unsafe(). Lent.
    pub peer_subject: *const c_char,
    /// 1 where the session continues an earlier one.
    pub is_resumed: u8,
}

// SAFETY: the struct is `repr(C)` and begins with its size; it is only written.
unsafe impl Versioned for wsp_tls_info {
    const NAME: &'static str = "wsp_tls_info";
    const ENDS: &'static [usize] = &[size_of::<wsp_tls_info>()];
}

const _: () = assert!(offset_of!(wsp_failure, struct_size) == 0 && offset_of!(wsp_request, struct_size) == 0);

/// Tells why the connection could not be made or was lost. The texts are lent until the next call on the peer that returns a text.
///
/// Returns WSP_ERR_UNAVAILABLE, with WSP_STAGE_NONE, where nothing has failed since the connection began, WSP_ERR_INVALID_PARAMETER for NULL and for a size
/// that no version of this header declares.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_failure(peer: *const wsp_peer, failure: *mut wsp_failure) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers, the struct with its size in the first field.
    let result: Result = unsafe {
        with(peer, |content| {
            let size = size_of_caller(failure);
            let error = content.object.failure();
            let response = error.and_then(|error| error.response.as_deref());
            let tls = error.and_then(|error| error.tls.as_ref());
            let lent = &mut content.lent;
            let answer = wsp_failure {
                struct_size: size,
                stage: error.map_or(wsp_stage::WSP_STAGE_NONE, |error| error.stage.into()),
                os_error: error.and_then(|error| error.os_error).unwrap_or(0),
                message: lent.set(error.map_or("", |error| &error.message)),
                tls: lent.add(tls.map_or("", |tls| &tls.text)),
                http_status: response.map_or(0, |response| i32::from(response.status)),
                is_name_mismatch: u8::from(tls.is_some_and(|tls| tls.is_name_mismatch)),
                http_reason: lent.add(response.map_or("", |response| &response.reason)),
                http_body: lent.add_bytes(response.map_or(&[], |response| &response.body)),
                http_body_len: response.map_or(0, |response| response.body.len()),
            };
            write(answer, failure, size)?;
            match error {
                Some(_) => Ok(()),
                None => Err(Error::new(ErrorCode::Unavailable, "the connection has not failed")),
            }
        })
    };
    (&result).into()
}

/// Tells what was agreed on in the TLS handshake, while the connection exists and from the end of that handshake on; on a server also
/// who the client is (see wsp_tls_options_set_client_ca()). The texts are lent until the next call on the peer that returns a text.
///
/// Returns WSP_ERR_UNAVAILABLE for a connection without TLS, WSP_ERR_INVALID_PARAMETER for NULL and for a size that no version of this
/// header declares.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_tls_info(peer: *const wsp_peer, info: *mut wsp_tls_info) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers, the struct with its size in the first field.
    let result: Result = unsafe {
        with(peer, |content| {
            let size = size_of_caller(info);
            let Some(agreed) = content.object.tls_info() else {
                return Err(Error::new(ErrorCode::Unavailable, "there is no TLS session"));
            };
            let lent = &mut content.lent;
            let answer = wsp_tls_info {
                struct_size: size,
                version: lent.set(&agreed.version),
                cipher_suite: lent.add(&agreed.cipher_suite),
                alpn: lent.add(&agreed.alpn),
                peer_subject: lent.add(&agreed.peer_subject),
                is_resumed: u8::from(agreed.resumed),
            };
            write(answer, info, size)
        })
    };
    (&result).into()
}

/// Tells what a client of this server has asked for: as soon as the request is there, until the next connection. The texts are lent
/// until the next call on the peer that returns a text.
///
/// Returns WSP_ERR_UNAVAILABLE where no request has arrived, WSP_ERR_INVALID_PARAMETER for NULL and for a size that no version of this
/// header declares.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_request(peer: *const wsp_peer, request: *mut wsp_request) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers, the struct with its size in the first field.
    let result: Result = unsafe {
        with(peer, |content| {
            let size = size_of_caller(request);
            let Some(arrived) = content.object.request() else {
                return Err(Error::new(ErrorCode::Unavailable, "no request has arrived"));
            };
            let (path, query) = arrived.path_and_query();
            let lent = &mut content.lent;
            let answer = wsp_request {
                struct_size: size,
                method: lent.set(&arrived.method),
                target: lent.add(arrived.target.as_str()),
                path: lent.add(path),
                query: lent.add(query),
                is_websocket: u8::from(arrived.is_websocket()),
                is_pending: u8::from(content.object.is_request_pending()),
            };
            write(answer, request, size)
        })
    };
    (&result).into()
}

/// Returns the number of header fields that the other end has sent in the handshake: in the request on a server, in the answer on a
/// client, also one that refused (see wsp_peer_get_failure()). 0 where none has arrived.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_received_header_count(peer: *const wsp_peer) -> usize {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(peer, 0, |peer| peer.received_headers().map_or(0, |headers| headers.iter().count())) }
}

/// Lends one of those fields, in the order they arrived, repeated ones included: its name and its value (both may be NULL), until the
/// next call on the peer that returns a text. Returns WSP_ERR_INVALID_PARAMETER for an index that is not below
/// wsp_peer_get_received_header_count(), and sets both to NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_received_header(
    peer: *const wsp_peer,
    index: usize,
    name: *mut *const c_char,
    value: *mut *const c_char,
) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers.
    let result: Result = unsafe {
        write_out(name, null());
        write_out(value, null());
        with(peer, |content| {
            let headers = content.object.received_headers().unwrap_or_default();
            let (field, text) = headers
                .iter()
                .nth(index)
                .ok_or_else(|| Error::new(ErrorCode::InvalidParameter, format!("there is no header field {index}")))?;
            write_out(name, content.lent.set(field));
            write_out(value, content.lent.add(text));
            Ok(())
        })
    };
    (&result).into()
}

/// Returns the value of the first of those fields with this name, in upper or lower case, or NULL where there is none. Lent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_find_received_header(peer: *const wsp_peer, name: *const c_char) -> *const c_char {
    // SAFETY: the caller passes NULL or a live handle and string.
    let found = unsafe {
        with(peer, |content| {
            let headers = content.object.received_headers().unwrap_or_default();
            Ok(headers.first(required(name, "name")?).map(|value| content.lent.set(value)))
        })
    };
    found.ok().flatten().unwrap_or(null_mut())
}

/// Accepts the request that waits where the option auto_accept is 0; the connection opens in the next wsp_peer_poll(). `headers` are
/// `count` header lines for the answer, behind those of wsp_peer_set_handshake_headers(); `(NULL, 0)` for none.
///
/// Returns WSP_ERR_UNCONFIGURED where no request waits, WSP_ERR_INVALID_PARAMETER for header lines that are none; nothing is changed
/// then. Returns WSP_ERR_INVALID_DATA for a request that cannot be accepted (no WebSocket handshake, a forbidden origin, no sub-protocol in
/// common): it is answered with the HTTP status that says so, and the connection is over.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_accept_request(
    peer: *mut wsp_peer,
    headers: *const *const c_char,
    count: usize,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and list.
    unsafe { run(peer, |content| content.object.accept_request(&list(headers, count, "headers")?)) }
}

/// Answers the request that waits where the option auto_accept is 0 with an HTTP status from 200 to 599: to refuse a client, or to serve
/// a page or a health check on the same port. `reason` may be NULL or "" for the usual one, `headers` are `count` lines, `body` may be
/// `(NULL, 0)`. Content-Length and Connection are written by the library, Content-Type is text/plain unless given. The connection ends
/// behind the answer, which is delivered while any object is polled.
///
/// Returns WSP_ERR_UNCONFIGURED where no request waits, WSP_ERR_INVALID_PARAMETER for what cannot stand in an answer; nothing is sent
/// then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_reject_request(
    peer: *mut wsp_peer,
    status: i32,
    reason: *const c_char,
    headers: *const *const c_char,
    count: usize,
    body: *const u8,
    body_len: usize,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle, strings, list and data.
    unsafe {
        run(peer, |content| {
            content.object.reject_request(HttpAnswer {
                status: HttpAnswer::checked_status(i64::from(status))?,
                reason: optional(reason, "reason")?.unwrap_or_default().to_owned(),
                headers: list(headers, count, "headers")?,
                body: bytes(body, body_len)?.to_vec(),
            })
        })
    }
}

/// Sets the values of the Origin header from which a server accepts requests, such as "https://game.example"; `(NULL, 0)`, the default,
/// for all. Requests without Origin, which no browser makes, are always accepted; others are answered with status 403. Copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_set_allowed_origins(
    peer: *mut wsp_peer,
    origins: *const *const c_char,
    count: usize,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and list.
    unsafe {
        run(peer, |content| {
            content.object.options.allowed_origins = list(origins, count, "origins")?;
            Ok(())
        })
    }
}

/// Sets the HTTP proxies of the next connections, "[http://][user:password@]host[:port]": `http_proxy` for ws://, `https_proxy` for
/// wss://, NULL or "" for none. Both are asked for a tunnel (CONNECT). `no_proxy` are hosts that are connected to directly, separated by
/// commas: names with all that end in them, IP addresses, networks ("10.0.0.0/8"), or "*". Never read from the environment unless
/// wsp_peer_set_proxy_from_environment() is called.
///
/// Returns WSP_ERR_INVALID_PARAMETER, and changes nothing, for what is no address of a proxy.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_set_proxy(
    peer: *mut wsp_peer,
    http_proxy: *const c_char,
    https_proxy: *const c_char,
    no_proxy: *const c_char,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and strings.
    unsafe {
        run(peer, |content| {
            let text = |text, name| Ok::<_, Error>(optional(text, name)?.unwrap_or_default().to_owned());
            content.object.options.set_proxies(Proxies {
                http: text(http_proxy, "http_proxy")?,
                https: text(https_proxy, "https_proxy")?,
                no_proxy: text(no_proxy, "no_proxy")?,
            })
        })
    }
}

/// Takes the proxies from the environment variables http_proxy, https_proxy, all_proxy and no_proxy, as curl does, now. Returns
/// WSP_ERR_INVALID_PARAMETER, and changes nothing, where one of them is no address of a proxy.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_set_proxy_from_environment(peer: *mut wsp_peer) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { run(peer, |content| content.object.options.set_proxies(Proxies::from_environment())) }
}
