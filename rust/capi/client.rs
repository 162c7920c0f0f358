//! `wsp_client`.

use std::ffi::c_char;
use std::ptr::null;

use parking_lot::Mutex;

use super::arguments::{bytes, host_text, optional_text, port_of, required_text, text_list, write_out};
use super::error::wsp_error;
use super::event::{LentEvent, check, wsp_event};
use super::flushed_object::FlushedObject;
use super::handle::{Guarded, Handle, attempt, free, handle, leak, lend, query, run, wait};
use super::options::{wsp_peer_options, wsp_reconnect_options};
use super::peer::message_kind;
use super::tls_options::{client_tls, wsp_tls_options};
use super::versioned::{Versioned, read, read_optional, size_of_caller, write};
use crate::error::{Error, ErrorCode, Result};
use crate::peer::{Client, ClientStatus, ConnectParameters, PeerEvent, ReconnectOptions};
use crate::proto::frame::MessageKind;

/// A client: one connection to a server, whose messages and state changes are delivered as events, and which reconnects
/// after a loss if the program enables it.
///
/// Any function may be called from any thread; calls on one client wait for each other, except that none waits for
/// wsp_client_wait() while that blocks.
#[derive(Debug)]
pub struct wsp_client {
    guarded: FlushedObject<Client, LentEvent>,
}
handle!(wsp_client, Client, LentEvent, Client::record_error);

/// State of a client. The numbers are those of Godot's MultiplayerPeer.ConnectionStatus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum wsp_client_status {
    /// There is no connection.
    WSP_CLIENT_DISCONNECTED = 0,
    /// A connection is being made, or will be after a delay.
    WSP_CLIENT_CONNECTING = 1,
    /// Messages can be exchanged.
    WSP_CLIENT_CONNECTED = 2,
}

impl From<ClientStatus> for wsp_client_status {
    fn from(status: ClientStatus) -> Self {
        match status {
            ClientStatus::Disconnected => Self::WSP_CLIENT_DISCONNECTED,
            ClientStatus::Connecting => Self::WSP_CLIENT_CONNECTING,
            ClientStatus::Connected => Self::WSP_CLIENT_CONNECTED,
        }
    }
}

/// How a client connects. Start from WSP_CLIENT_CONNECT_OPTIONS_INIT, set fields, and pass it to
/// wsp_client_connect_to_url(). Later versions append fields.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct wsp_client_connect_options {
    /// sizeof(wsp_client_connect_options) of the caller.
    pub struct_size: usize,
    /// Sub-protocols, of which the server must select one, in order of preference; NULL (the default) for none.
    pub protocols: *const *const c_char,
    /// Number of sub-protocols. Default 0.
    pub protocol_count: usize,
    /// Header lines ("Name: value") that are added to the request. Default NULL.
    pub headers: *const *const c_char,
    /// Number of header lines. Default 0.
    pub header_count: usize,
    /// TLS options of a client, for wss://; NULL (the default) verifies the server's certificate against those that the
    /// operating system trusts.
    pub tls: *const wsp_tls_options,
    /// 1 for multiplayer mode, in which messages are Godot 3's multiplayer packets. Default 0.
    pub gd_mp_api: u8,
    /// Unused.
    pub reserved: [u8; 7],
}

// SAFETY: the struct is `repr(C)`, begins with its size, and consists of numbers and pointers.
unsafe impl Versioned for wsp_client_connect_options {
    const NAME: &'static str = "wsp_client_connect_options";
    const ENDS: &'static [usize] = &[size_of::<wsp_client_connect_options>()];
}

const CONNECT_DEFAULTS: wsp_client_connect_options = wsp_client_connect_options {
    struct_size: size_of::<wsp_client_connect_options>(),
    protocols: null(),
    protocol_count: 0,
    headers: null(),
    header_count: 0,
    tls: null(),
    gd_mp_api: 0,
    reserved: [0; 7],
};

/// Makes a client without a connection. Never returns NULL. The caller owns the client and frees it with
/// wsp_client_free().
#[unsafe(no_mangle)]
pub extern "C" fn wsp_client_new() -> *mut wsp_client {
    leak(Client::default())
}

/// Frees a client. An open connection is closed with code 1000. NULL is ignored. No other thread may use the client, or
/// wait on it, any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_free(client: *mut wsp_client) {
    // SAFETY: the caller passes NULL or a handle it gives up.
    unsafe { free(client) };
}

/// Sets the options of the connection; see wsp_peer_set_options(). The defaults are those of wsp_peer_options_init(),
/// except for Godot 3's 65536 bytes inbound and 1024 packets.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if a pointer is NULL, or for an unknown `struct_size` or a value outside its
/// range. Nothing changes then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_set_peer_options(
    client: *mut wsp_client,
    options: *const wsp_peer_options,
) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers.
    unsafe {
        run(client, |client| {
            let wanted = read(options, wsp_peer_options::from(client.options()))?;
            client.set_options(|options| wanted.apply(options))
        })
    }
}

/// Reads the options of the connection. `options->struct_size` must be set.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if a pointer is NULL or for an unknown `struct_size`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_get_peer_options(
    client: *const wsp_client,
    options: *mut wsp_peer_options,
) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers, the options with their size in the first field.
    unsafe { run(client, |client| write(wsp_peer_options::from(client.options()), options, size_of_caller(options))) }
}

/// Fills options with the defaults. `struct_size` is sizeof(wsp_reconnect_options). May be called from any thread.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `options` is NULL or for an unknown `struct_size`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_reconnect_options_init(
    options: *mut wsp_reconnect_options,
    struct_size: usize,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a struct of that size.
    (&unsafe { write(wsp_reconnect_options::from(&ReconnectOptions::default()), options, struct_size) }).into()
}

/// Sets how the client reconnects.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if a pointer is NULL, or for an unknown `struct_size` or a value outside its
/// range. Nothing changes then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_set_reconnect_options(
    client: *mut wsp_client,
    options: *const wsp_reconnect_options,
) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers.
    unsafe {
        run(client, |client| {
            let wanted = read(options, wsp_reconnect_options::from(client.reconnect_options()))?;
            client.set_reconnect_options(|options| wanted.apply(options))
        })
    }
}

/// Starts to connect to ws://host[:port][/path] or wss://host[:port][/path]; see wsp_peer_connect_to_url(). NULL for
/// `options` connects without sub-protocols and additional headers. Everything is copied.
///
/// After wsp_client_disconnect() a new connection may begin at once; the end of the old one then causes no event.
///
/// Errors: WSP_ERR_ALREADY_IN_USE while connecting or connected; WSP_ERR_INVALID_PARAMETER if `client` or `url` is
/// NULL, or for an unknown `struct_size`, an invalid URL, header line or sub-protocol, or options of a TLS server;
/// WSP_ERR_INVALID_DATA if a text is not UTF-8; WSP_ERR_FAILED if the operating system refuses at once, which
/// WSP_EVENT_FAILED reports too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_connect_to_url(
    client: *mut wsp_client,
    url: *const c_char,
    options: *const wsp_client_connect_options,
) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers, the options with their size in the first field.
    unsafe {
        run(client, |client| {
            let options = read_optional(options, CONNECT_DEFAULTS)?;
            let parameters = ConnectParameters {
                protocols: text_list(options.protocols, options.protocol_count, "protocols")?,
                headers: text_list(options.headers, options.header_count, "headers")?,
                tls: client_tls(options.tls)?,
                gd_mp_api: options.gd_mp_api != 0,
            };
            client.connect_to_url(required_text(url, "url")?, parameters)
        })
    }
}

/// Starts the close handshake; `code` and `reason` as for wsp_peer_close(). WSP_EVENT_CLOSED follows when the server
/// has answered or close_timeout has passed. While connecting, or waiting to reconnect, the attempt is abandoned
/// without an event.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `client` is NULL or a close frame may not carry the code or the reason;
/// WSP_ERR_INVALID_DATA if `reason` is not UTF-8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_disconnect(client: *mut wsp_client, code: i32, reason: *const c_char) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and string.
    unsafe {
        run(client, |client| client.disconnect_from_host(code, optional_text(reason, "reason")?.unwrap_or_default()))
    }
}

/// Advances the client: connects, sends queued data, reads. Never blocks. Call wsp_client_next_event() afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_poll(client: *mut wsp_client) {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(client, (), Client::poll) };
}

/// Polls and blocks until an event is queued or `timeout_ms` milliseconds have passed; negative for no limit. In that
/// time other threads may call any function on the client except wsp_client_free(); what they send is written at once.
/// Several threads may wait, each for its own time. A client on which a thread has blocked has a poller of its own,
/// which takes three descriptors on Linux.
///
/// Returns WSP_OK if an event is queued or wsp_client_wake() was called.
///
/// Errors: WSP_ERR_TIMEOUT if the time has passed; WSP_ERR_UNCONFIGURED if there is no connection that could cause an
/// event, also after another thread has abandoned it by wsp_client_disconnect(); WSP_ERR_INVALID_PARAMETER if `client`
/// is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_wait(client: *mut wsp_client, timeout_ms: i32) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { wait(client, timeout_ms, Client::begin_wait) }
}

/// Makes wsp_client_wait() return WSP_OK at once, in a thread that waits now or in the next call. May be called from
/// any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_wake(client: *mut wsp_client) {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(client, (), Client::interrupt) };
}

/// Takes the next event, in the order in which they happened. `event->struct_size` must be set.
///
/// Errors: WSP_ERR_UNAVAILABLE if no event is queued; WSP_ERR_INVALID_PARAMETER if a pointer is NULL or for an unknown
/// `struct_size`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_next_event(client: *mut wsp_client, event: *mut wsp_event) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers, the event with its size in the first field.
    unsafe {
        attempt(client, |Guarded { object: client, event: lent, .. }| {
            check(event)?;
            let none = || Error::new(ErrorCode::Unavailable, "no event is queued");
            let taken = client.next_event().ok_or_else(none)?;
            match taken {
                PeerEvent::Message { .. } => client.take_message_into(lent.payload_mut())?,
                PeerEvent::Packet { .. } => lent.set_payload(client.take_packet()?.1),
                _ => {}
            }
            lent.write(&taken, client.was_string_packet(), event)
        })
    }
}

/// Sends a message; `write_mode` is a wsp_write_mode. See wsp_peer_send().
///
/// Errors: WSP_ERR_INVALID_PARAMETER, WSP_ERR_FAILED, WSP_ERR_INVALID_DATA, WSP_ERR_OUT_OF_MEMORY, as for
/// wsp_peer_send().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_send(
    client: *mut wsp_client,
    data: *const u8,
    len: usize,
    write_mode: i32,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and data.
    unsafe { run(client, |client| client.send(message_kind(write_mode)?, bytes(data, len)?)) }
}

/// Sends a NUL-terminated text without its NUL.
///
/// Errors: WSP_ERR_INVALID_PARAMETER, WSP_ERR_FAILED, WSP_ERR_INVALID_DATA, WSP_ERR_OUT_OF_MEMORY, as for
/// wsp_peer_send_text().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_send_text(client: *mut wsp_client, text: *const c_char) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and string.
    unsafe { run(client, |client| client.send(MessageKind::Text, required_text(text, "text")?.as_bytes())) }
}

/// Multiplayer mode: sends a packet through the server to the peer `target`, to all (0), or to all but one (its
/// negative id).
///
/// Errors: WSP_ERR_UNCONFIGURED without multiplayer mode; WSP_ERR_INVALID_PARAMETER, WSP_ERR_FAILED,
/// WSP_ERR_OUT_OF_MEMORY, as for wsp_peer_send().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_put_packet(
    client: *mut wsp_client,
    target: i32,
    data: *const u8,
    len: usize,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and data.
    unsafe {
        run(client, |client| {
            client.set_target_peer(target);
            client.put_packet(bytes(data, len)?)
        })
    }
}

/// Writes collected messages to the network now; see wsp_peer_flush().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_flush(client: *mut wsp_client) {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(client, (), Client::flush) };
}

/// Sends a ping with at most 125 bytes of payload; see wsp_peer_ping().
///
/// Errors: WSP_ERR_INVALID_PARAMETER, WSP_ERR_FAILED, WSP_ERR_OUT_OF_MEMORY, as for wsp_peer_ping().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_ping(client: *mut wsp_client, data: *const u8, len: usize) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and data.
    unsafe { run(client, |client| client.ping(bytes(data, len)?)) }
}

/// Returns the state of the client as of the last event that was taken.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_get_status(client: *const wsp_client) -> wsp_client_status {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(client, wsp_client_status::WSP_CLIENT_DISCONNECTED, |client| client.status().into()) }
}

/// Multiplayer mode: returns the id that the server has assigned to this client, 0 before that.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_get_unique_id(client: *const wsp_client) -> i32 {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(client, 0, |client| client.unique_id()) }
}

/// Returns the server's IP address while connected, else "". Lent. `port` (may be NULL) receives its TCP port, or 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_get_connected_host(client: *const wsp_client, port: *mut u16) -> *const c_char {
    // SAFETY: the caller passes NULL or live pointers.
    unsafe {
        write_out(port, 0);
        lend(client, |client| {
            write_out(port, port_of(client.server_address()));
            host_text(client.server_address())
        })
    }
}

/// Returns the payload bytes of messages that the network has not accepted yet, 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_get_current_outbound_buffered_amount(client: *mut wsp_client) -> usize {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(client, 0, Client::outbound_buffered_amount) }
}

/// Returns the seconds between the last answered ping and its pong, -1 before the first pong.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_get_round_trip_time(client: *const wsp_client) -> f64 {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe {
        query(client, -1.0, |client| {
            client.with_peer(|peer| peer.round_trip().map_or(-1.0, |times| times.last.as_secs_f64()))
        })
    }
}

/// Returns why the last call was refused, or why the last connection was lost or could not be made; "" if nothing has
/// failed. One sentence in English. Lent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_get_error_message(client: *const wsp_client) -> *const c_char {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { lend(client, |client| client.error_message().to_owned()) }
}
