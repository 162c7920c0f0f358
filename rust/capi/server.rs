//! `wsp_server`: the object, its settings and its events. `server_peers.rs` has the calls on one of its peers.

use std::ffi::c_char;
use std::ptr::null;

use parking_lot::Mutex;

use super::arguments::{optional_text, text_list, timeout};
use super::error::wsp_error;
use super::event::{LentEvent, check, wsp_event};
use super::flushed_object::FlushedObject;
use super::handle::{Guarded, Handle, attempt, free, handle, leak, lend, query, run, wait};
use super::options::{wsp_peer_options, wsp_server_options};
use super::tls_options::{server_tls, wsp_tls_options};
use super::versioned::{Versioned, read, read_optional, size_of_caller, write};
use crate::error::{Error, ErrorCode, Result};
use crate::peer::listening::checked_port;
use crate::peer::{AdmissionOptions, ListenParameters, PeerEvent, Server};

/// A server with all its connections, which are named by ids. An id never names another connection of the same server
/// later: a call with the id of an ended connection returns WSP_ERR_INVALID_PARAMETER and does nothing.
///
/// Any function may be called from any thread; calls on one server wait for each other, except that none waits for
/// wsp_server_wait() while that blocks.
#[derive(Debug)]
pub struct wsp_server {
    guarded: FlushedObject<Server, LentEvent>,
}
handle!(wsp_server, Server, LentEvent, Server::record_error);

/// How a server listens. Start from WSP_SERVER_LISTEN_OPTIONS_INIT, set fields, and pass it to wsp_server_listen().
/// Later versions append fields.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct wsp_server_listen_options {
    /// sizeof(wsp_server_listen_options) of the caller.
    pub struct_size: usize,
    /// IP address to listen on; NULL (the default) or "*" for every interface.
    pub address: *const c_char,
    /// Sub-protocols, of which clients must request one; NULL (the default) for none, which clients then need not
    /// request.
    pub protocols: *const *const c_char,
    /// Number of sub-protocols. Default 0.
    pub protocol_count: usize,
    /// 1 for multiplayer mode, in which messages are Godot 3's multiplayer packets. Default 0.
    pub gd_mp_api: u8,
    /// Unused.
    pub reserved: [u8; 7],
}

// SAFETY: the struct is `repr(C)`, begins with its size, and consists of numbers and pointers.
unsafe impl Versioned for wsp_server_listen_options {
    const NAME: &'static str = "wsp_server_listen_options";
    const ENDS: &'static [usize] = &[size_of::<wsp_server_listen_options>()];
}

const LISTEN_DEFAULTS: wsp_server_listen_options = wsp_server_listen_options {
    struct_size: size_of::<wsp_server_listen_options>(),
    address: null(),
    protocols: null(),
    protocol_count: 0,
    gd_mp_api: 0,
    reserved: [0; 7],
};

/// Makes a server that does not listen. Never returns NULL. The caller owns the server and frees it with
/// wsp_server_free().
#[unsafe(no_mangle)]
pub extern "C" fn wsp_server_new() -> *mut wsp_server {
    leak(Server::default())
}

/// Frees a server after the steps of wsp_server_stop(). NULL is ignored. No other thread may use the server, or wait on
/// it, any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_free(server: *mut wsp_server) {
    // SAFETY: the caller passes NULL or a handle it gives up.
    unsafe { free(server) };
}

/// Fills options with the defaults. `struct_size` is sizeof(wsp_server_options). May be called from any thread.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `options` is NULL or for an unknown `struct_size`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_options_init(options: *mut wsp_server_options, struct_size: usize) -> wsp_error {
    // SAFETY: the caller passes NULL or a struct of that size.
    (&unsafe { write(wsp_server_options::from(&AdmissionOptions::default()), options, struct_size) }).into()
}

/// Sets the options of the server. They take effect at once.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if a pointer is NULL or for an unknown `struct_size`. Nothing changes then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_set_options(
    server: *mut wsp_server,
    options: *const wsp_server_options,
) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers.
    unsafe {
        run(server, |server| {
            let wanted = read(options, wsp_server_options::from(&server.options().admission))?;
            server.set_options(|options| wanted.apply(&mut options.admission))
        })
    }
}

/// Sets the options of the server's connections, present ones included; see wsp_peer_set_options(). The defaults are
/// those of wsp_peer_options_init(), except for Godot 3's 65536 bytes inbound, 1024 packets and 3 s for a handshake. If
/// auto_accept is 0, the requests of clients wait for wsp_server_accept_request().
///
/// Errors: WSP_ERR_INVALID_PARAMETER if a pointer is NULL, or for an unknown `struct_size` or a value outside its
/// range. Nothing changes then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_set_peer_options(
    server: *mut wsp_server,
    options: *const wsp_peer_options,
) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers.
    unsafe {
        run(server, |server| {
            let wanted = read(options, wsp_peer_options::from(&server.options().peer))?;
            server.set_options(|options| wanted.apply(&mut options.peer))
        })
    }
}

/// Reads the options of the server's connections. `options->struct_size` must be set.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if a pointer is NULL or for an unknown `struct_size`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_get_peer_options(
    server: *const wsp_server,
    options: *mut wsp_peer_options,
) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers, the options with their size in the first field.
    unsafe {
        run(server, |server| write(wsp_peer_options::from(&server.options().peer), options, size_of_caller(options)))
    }
}

/// Sets the TLS options for the clients that are accepted from now on; NULL for plain connections. Copied.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `server` is NULL or the options are not those of a server.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_set_tls(server: *mut wsp_server, tls: *const wsp_tls_options) -> wsp_error {
    // SAFETY: the caller passes NULL or live handles.
    unsafe {
        run(server, |server| {
            let tls = server_tls(tls)?;
            server.set_options(|options| {
                options.tls = tls;
                Ok(())
            })
        })
    }
}

/// Sets header lines ("Name: value") that are added to the answers to clients; `(NULL, 0)` for none. Copied.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `server`, `headers` or an entry is NULL or a header line is invalid;
/// WSP_ERR_INVALID_DATA if an entry is not UTF-8. Nothing changes then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_set_extra_headers(
    server: *mut wsp_server,
    headers: *const *const c_char,
    count: usize,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and list.
    unsafe {
        run(server, |server| {
            let headers = text_list(headers, count, "headers")?;
            server.set_options(|options| options.set_extra_headers(headers))
        })
    }
}

/// Sets the values of the Origin header from which clients are accepted; see wsp_peer_set_allowed_origins().
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `server`, `origins` or an entry is NULL; WSP_ERR_INVALID_DATA if an entry is
/// not UTF-8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_set_allowed_origins(
    server: *mut wsp_server,
    origins: *const *const c_char,
    count: usize,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and list.
    unsafe {
        run(server, |server| {
            let origins = text_list(origins, count, "origins")?;
            server.set_options(|options| {
                options.peer.set_allowed_origins(origins);
                Ok(())
            })
        })
    }
}

/// Listens on a TCP port, 0 to 65535; 0 lets the operating system choose one (see wsp_server_get_local_port()). NULL
/// for `options` listens on every interface without sub-protocols. Everything is copied.
///
/// Errors: WSP_ERR_ALREADY_IN_USE while listening or shutting down, or if the address is in use or not of this machine;
/// WSP_ERR_INVALID_PARAMETER if `server` is NULL, or for an unknown `struct_size` or an invalid port, address or
/// sub-protocol; WSP_ERR_INVALID_DATA if a text is not UTF-8; WSP_ERR_CANT_CREATE if the operating system gives no
/// socket; WSP_ERR_FAILED if listening fails otherwise.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_listen(
    server: *mut wsp_server,
    port: i32,
    options: *const wsp_server_listen_options,
) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers, the options with their size in the first field.
    unsafe {
        run(server, |server| {
            let options = read_optional(options, LISTEN_DEFAULTS)?;
            let address = optional_text(options.address, "address")?.unwrap_or("*");
            let protocols = text_list(options.protocols, options.protocol_count, "protocols")?;
            if !server.is_listening() && !server.is_shutting_down() {
                server.configure(|options| options.listen.set_bind_address(address))?;
            }
            let parameters = ListenParameters { protocols, gd_mp_api: options.gd_mp_api != 0 };
            server.listen(checked_port(i64::from(port))?, parameters)
        })
    }
}

/// Stops listening, sends a close frame with code 1001 (going away) to every client and ends its connection. Clients
/// whose handshake is under way are refused with HTTP status 503. Queued events are dropped, and the stop itself causes
/// none. Ends a shutdown at once. Threads in wsp_server_wait() return.
///
/// Messages that were sent before, and the close frame, are written in the background. A process that exits waits for
/// that, at most 2 seconds without progress. wsp_server_shutdown() waits until they have arrived.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_stop(server: *mut wsp_server) {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(server, (), Server::stop) };
}

/// Stops listening, and ends every connection by a close frame after the messages that were sent before; `code` and
/// `reason` (NULL for none) as for wsp_peer_close(), but without negative codes. Clients whose handshake is under way
/// are refused with HTTP status 503.
///
/// Continue to call wsp_server_poll() or wsp_server_wait(), and to take events, while wsp_server_is_shutting_down()
/// returns true. Messages that still arrive and the ends of the connections cause events. Connections that have not
/// ended after `timeout_ms` milliseconds (negative for no limit) are dropped, WSP_EVENT_CLOSED then has was_clean 0.
/// Nothing can be sent any more. wsp_server_stop() ends the shutdown at once.
///
/// Errors: WSP_ERR_UNCONFIGURED if the server does not listen; WSP_ERR_ALREADY_IN_USE if it is shutting down;
/// WSP_ERR_INVALID_PARAMETER if `server` is NULL or a close frame may not carry the code or the reason;
/// WSP_ERR_INVALID_DATA if `reason` is not UTF-8. Nothing changes then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_shutdown(
    server: *mut wsp_server,
    code: i32,
    reason: *const c_char,
    timeout_ms: i32,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and string.
    unsafe {
        run(server, |server| {
            let reason = optional_text(reason, "reason")?.unwrap_or_default();
            server.shutdown(code, reason, timeout(timeout_ms))
        })
    }
}

/// Returns whether a shutdown goes on: from wsp_server_shutdown() to the poll after the last connection has ended.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_is_shutting_down(server: *const wsp_server) -> bool {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(server, false, |server| server.is_shutting_down()) }
}

/// Advances every connection that has news: accepts, runs handshakes, sends queued data, reads. Never blocks. Call
/// wsp_server_next_event() afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_poll(server: *mut wsp_server) {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(server, (), Server::poll) };
}

/// Polls and blocks until an event is queued or `timeout_ms` milliseconds have passed; negative for no limit. In that
/// time other threads may call any function on the server except wsp_server_free(); what they send is written at once.
/// Several threads may wait, each for its own time.
///
/// Returns WSP_OK if an event is queued, wsp_server_wake() was called, or a shutdown is over.
///
/// Errors: WSP_ERR_TIMEOUT if the time has passed; WSP_ERR_UNCONFIGURED if the server does not listen, also after
/// another thread has called wsp_server_stop(); WSP_ERR_INVALID_PARAMETER if `server` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_wait(server: *mut wsp_server, timeout_ms: i32) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { wait(server, timeout_ms, Server::begin_wait) }
}

/// Makes wsp_server_wait() return WSP_OK at once, in a thread that waits now or in the next call. May be called from
/// any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_wake(server: *mut wsp_server) {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(server, (), Server::interrupt) };
}

/// Takes the next event, in the order in which they happened. `event->struct_size` must be set. While many messages of
/// a peer are not taken, the server does not read from that peer (back-pressure); the others are not affected.
///
/// Errors: WSP_ERR_UNAVAILABLE if no event is queued; WSP_ERR_INVALID_PARAMETER if a pointer is NULL or for an unknown
/// `struct_size`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_next_event(server: *mut wsp_server, event: *mut wsp_event) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers, the event with its size in the first field.
    unsafe {
        attempt(server, |Guarded { object: server, event: lent, .. }| {
            check(event)?;
            let none = || Error::new(ErrorCode::Unavailable, "no event is queued");
            let taken = server.next_event().ok_or_else(none)?;
            let is_text = take_payload(server, &taken, lent)?;
            lent.write(&taken, is_text, event)
        })
    }
}

/// Stores the payload of an event if it has one. Returns whether it is text.
fn take_payload(server: &mut Server, event: &PeerEvent, lent: &mut LentEvent) -> Result<bool> {
    match event {
        PeerEvent::Message { id } => {
            server.take_message_into(*id, lent.payload_mut())?;
            return Ok(server.was_string_packet(*id));
        }
        PeerEvent::Packet { .. } => lent.set_payload(server.take_packet()?.1),
        _ => {}
    }
    Ok(false)
}

/// Returns whether the server listens; false while it shuts down.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_is_listening(server: *const wsp_server) -> bool {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(server, false, |server| server.is_listening()) }
}

/// Returns the TCP port that the server listens on, 0 if it does not listen.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_get_local_port(server: *const wsp_server) -> u16 {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(server, 0, |server| server.local_port()) }
}

/// Returns why the last refused call was refused, or why connections could not be accepted; "" if neither happened. One
/// sentence in English. Lent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_get_error_message(server: *const wsp_server) -> *const c_char {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { lend(server, |server| server.error_message().to_owned()) }
}
