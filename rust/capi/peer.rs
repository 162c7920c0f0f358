//! `wsp_peer`: the handle, its states, and what is set before a connection.

use std::ffi::c_char;

use parking_lot::Mutex;

use super::arguments::{optional_text, text_list};
use super::error::wsp_error;
use super::flushed_object::FlushedObject;
use super::handle::{Guarded, Handle, free, handle, leak, run};
use crate::error::{Error, ErrorCode, Result};
use crate::net::Proxies;
use crate::peer::{State, WebSocketPeer};
use crate::proto::frame::MessageKind;

/// A WebSocket connection, client or server side, or the place for one. Godot's WebSocketPeer.
///
/// Any function may be called from any thread; calls on one peer wait for each other. No function blocks.
#[derive(Debug)]
pub struct wsp_peer {
    guarded: FlushedObject<WebSocketPeer>,
}
handle!(wsp_peer, WebSocketPeer, (), WebSocketPeer::record_error);

impl wsp_peer {
    /// Makes another handle on a connection that a room drives.
    pub(super) fn share(object: &FlushedObject<WebSocketPeer>) -> *mut Self {
        Box::into_raw(Box::new(Self { guarded: object.share() }))
    }
}

/// State of a peer. The numbers are those of Godot's WebSocketPeer.State.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum wsp_state {
    /// The name lookup, the TCP connection, the TLS handshake or the HTTP upgrade is in progress.
    WSP_STATE_CONNECTING = 0,
    /// Messages can be sent and received.
    WSP_STATE_OPEN = 1,
    /// A close frame was sent; the remote peer has not answered it yet.
    WSP_STATE_CLOSING = 2,
    /// There is no connection.
    WSP_STATE_CLOSED = 3,
}

impl From<State> for wsp_state {
    fn from(state: State) -> Self {
        match state {
            State::Connecting => Self::WSP_STATE_CONNECTING,
            State::Open => Self::WSP_STATE_OPEN,
            State::Closing => Self::WSP_STATE_CLOSING,
            State::Closed => Self::WSP_STATE_CLOSED,
        }
    }
}

/// Kind of a message. The numbers are those of Godot's WebSocketPeer.WriteMode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum wsp_write_mode {
    /// UTF-8 text.
    WSP_WRITE_MODE_TEXT = 0,
    /// Any bytes.
    WSP_WRITE_MODE_BINARY = 1,
}

const TEXT: i32 = wsp_write_mode::WSP_WRITE_MODE_TEXT as i32;
const BINARY: i32 = wsp_write_mode::WSP_WRITE_MODE_BINARY as i32;

/// Converts a `wsp_write_mode`.
pub(super) fn message_kind(write_mode: i32) -> Result<MessageKind> {
    match write_mode {
        TEXT => Ok(MessageKind::Text),
        BINARY => Ok(MessageKind::Binary),
        other => {
            let message = format!("write_mode {other} is not a wsp_write_mode");
            Err(Error::new(ErrorCode::InvalidParameter, message))
        }
    }
}

/// Makes a peer without a connection. Never returns NULL. The caller owns the peer and frees it with wsp_peer_free().
#[unsafe(no_mangle)]
pub extern "C" fn wsp_peer_new() -> *mut wsp_peer {
    leak(WebSocketPeer::new())
}

/// Frees a peer. An open connection is dropped without a close frame. Unsent data is flushed in the background for up
/// to 2 s while any other object is polled; wait for wsp_peer_is_drained() first to be certain. NULL is ignored. No
/// other thread may use the peer any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_free(peer: *mut wsp_peer) {
    // SAFETY: the caller passes NULL or a handle it gives up.
    unsafe { free(peer) };
}

/// Sets the sub-protocols that the program supports, for the next connection (RFC 6455 section 1.9): on a client in
/// order of preference, `(NULL, 0)` for none. Copied. They are checked when the handshake begins.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `peer`, `protocols` or an entry is NULL; WSP_ERR_INVALID_DATA if an entry is
/// not UTF-8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_set_supported_protocols(
    peer: *mut wsp_peer,
    protocols: *const *const c_char,
    count: usize,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and list.
    unsafe {
        run(peer, |peer| {
            peer.options.set_supported_protocols(text_list(protocols, count, "protocols")?);
            Ok(())
        })
    }
}

/// Sets header lines ("Name: value") that are added to the request (client) or answer (server) of the next handshake;
/// `(NULL, 0)` for none. Copied. They are checked when the handshake begins.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `peer`, `headers` or an entry is NULL; WSP_ERR_INVALID_DATA if an entry is not
/// UTF-8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_set_handshake_headers(
    peer: *mut wsp_peer,
    headers: *const *const c_char,
    count: usize,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and list.
    unsafe {
        run(peer, |peer| {
            peer.options.set_handshake_headers(text_list(headers, count, "headers")?);
            Ok(())
        })
    }
}

/// Sets the values of the Origin header from which a server accepts requests, such as "https://game.example";
/// `(NULL, 0)`, the default, for all. Copied. A request without Origin, which no browser sends, is always accepted; one
/// with another Origin is answered with HTTP status 403.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `peer`, `origins` or an entry is NULL; WSP_ERR_INVALID_DATA if an entry is not
/// UTF-8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_set_allowed_origins(
    peer: *mut wsp_peer,
    origins: *const *const c_char,
    count: usize,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and list.
    unsafe {
        run(peer, |peer| {
            peer.options.set_allowed_origins(text_list(origins, count, "origins")?);
            Ok(())
        })
    }
}

/// Sets the HTTP proxies of the next connections, as "[http://][user:password@]host[:port]": `http_proxy` for ws://,
/// `https_proxy` for wss://, NULL or "" for none. The client asks either for a tunnel (CONNECT, RFC 9110 section
/// 9.3.6). `no_proxy` lists hosts to connect to directly, separated by commas: names including all that end in them, IP
/// addresses, networks ("10.0.0.0/8"), or "*". Copied. Proxies are never read from the environment unless
/// wsp_peer_set_proxy_from_environment() is called.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `peer` is NULL or a proxy's address is invalid; WSP_ERR_INVALID_DATA if a text
/// is not UTF-8. Nothing changes then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_set_proxy(
    peer: *mut wsp_peer,
    http_proxy: *const c_char,
    https_proxy: *const c_char,
    no_proxy: *const c_char,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and strings.
    unsafe {
        run(peer, |peer| {
            let text = |text, name| Ok::<_, Error>(optional_text(text, name)?.unwrap_or_default().to_owned());
            peer.options.set_proxies(Proxies {
                http: text(http_proxy, "http_proxy")?,
                https: text(https_proxy, "https_proxy")?,
                no_proxy: text(no_proxy, "no_proxy")?,
            })
        })
    }
}

/// Sets the proxies of the next connections from the environment variables http_proxy, https_proxy, all_proxy and
/// no_proxy, as curl reads them. The variables are read during this call.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `peer` is NULL or a variable is not the address of a proxy. Nothing changes
/// then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_set_proxy_from_environment(peer: *mut wsp_peer) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { run(peer, |peer| peer.options.set_proxies(Proxies::from_environment())) }
}

/// Disables (true, the default) or enables (false) Nagle's algorithm on the TCP connection.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `peer` is NULL; WSP_ERR_UNCONFIGURED if there is no TCP connection;
/// WSP_ERR_FAILED if the operating system refuses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_set_no_delay(peer: *mut wsp_peer, enabled: bool) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { run(peer, |peer| peer.set_no_delay(enabled)) }
}
