//! `wsp_client`.

use std::ffi::c_char;
use std::time::Duration;

use parking_lot::Mutex;

use super::error::wsp_error;
use super::event::{Told, check, wsp_event};
use super::handle::{Content, Handle, free, handle, leak, with};
use super::options::wsp_peer_options;
use super::options::wsp_reconnect_options;
use super::peer::kind;
use super::text::{bytes, list, optional, required, write_out};
use super::tls_options::{client as client_tls, wsp_tls_options};
use super::versioned::{read, size_of_caller, write};
use crate::error::{Error, ErrorCode, Result};
use crate::peer::{Client, ClientStatus, ConnectParameters, PeerEvent, ReconnectOptions};
use crate::proto::frame::MessageKind;

/// A client: one connection to a server, whose messages and states come as events, and which is made again after a loss if the
/// program wants that.
///
/// Any function may be called from any thread; calls on one client wait for each other, also for wsp_client_wait(), the only one that
/// blocks.
#[derive(Debug)]
pub struct wsp_client {
    content: Mutex<Content<Connected>>,
}
handle!(wsp_client, Connected);

#[derive(Debug, Default)]
pub(super) struct Connected {
    client: Client,
    told: Told,
}

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

unsafe fn run(client: *const wsp_client, call: impl FnOnce(&mut Client) -> Result) -> wsp_error {
    let noting = |content: &mut Content<Connected>| {
        let result = call(&mut content.object.client);
        content.object.client.record_error(result)
    };
    // SAFETY: the caller passes NULL or a live handle.
    (&unsafe { with(client, noting) }).into()
}

unsafe fn ask<R>(client: *const wsp_client, fallback: R, call: impl FnOnce(&mut Client) -> R) -> R {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { with(client, |content| Ok(call(&mut content.object.client))) }.unwrap_or(fallback)
}

unsafe fn lend(client: *const wsp_client, text: impl FnOnce(&mut Client) -> String) -> *const c_char {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { with(client, |content| Ok(content.lent.set(&text(&mut content.object.client)))) }.unwrap_or(c"".as_ptr())
}

/// Milliseconds of a caller as a time; negative is no limit.
pub(super) fn timeout(milliseconds: i32) -> Option<Duration> {
    u64::try_from(milliseconds).ok().map(Duration::from_millis)
}

/// Makes a client without a connection. The caller owns it and ends it with wsp_client_free().
#[unsafe(no_mangle)]
pub extern "C" fn wsp_client_new() -> *mut wsp_client {
    leak(Connected::default())
}

/// Ends a client; an open connection is closed with code 1000. NULL is ignored. No other thread may use the client any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_free(client: *mut wsp_client) {
    // SAFETY: the caller passes NULL or a handle it gives up.
    unsafe { free(client) };
}

/// Starts to connect to ws:// or wss://host[:port][/path], asking for one of `protocols` (`(NULL, 0)` for none; otherwise the server must
/// select one), with header lines added to the request. `gd_mp_api` switches Godot 3's multiplayer packets on. `tls` is for wss:// and
/// may be NULL; see wsp_peer_connect_to_url(). Nothing that is passed is kept.
///
/// Returns WSP_ERR_ALREADY_IN_USE while connecting or connected; after wsp_client_disconnect() a new connection may begin at once, and
/// the end of the old one is not told. Returns WSP_ERR_INVALID_PARAMETER for wrong arguments, WSP_ERR_FAILED when the system refuses at
/// once, which an event tells too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_connect_to_url(
    client: *mut wsp_client,
    url: *const c_char,
    protocols: *const *const c_char,
    protocol_count: usize,
    gd_mp_api: bool,
    headers: *const *const c_char,
    header_count: usize,
    tls: *const wsp_tls_options,
) -> wsp_error {
    // SAFETY: the caller passes NULL or live handles, strings and lists.
    unsafe {
        run(client, |client| {
            let parameters = ConnectParameters {
                protocols: list(protocols, protocol_count, "protocols")?,
                headers: list(headers, header_count, "headers")?,
                tls: client_tls(tls)?,
                gd_mp_api,
            };
            client.connect_to_url(required(url, "url")?, parameters)
        })
    }
}

/// Says goodbye with a code and a reason (may be NULL); WSP_EVENT_CLOSED comes when the server has answered or its time is over. While
/// connecting, and while waiting to connect again, gives up without an event. Returns WSP_ERR_INVALID_PARAMETER for what no close frame may
/// carry; see wsp_peer_close().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_disconnect(client: *mut wsp_client, code: i32, reason: *const c_char) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and string.
    unsafe { run(client, |client| client.disconnect_from_host(code, optional(reason, "reason")?.unwrap_or_default())) }
}

/// Goes on: connects, sends what waits, reads what is there. Never blocks. Then take the events.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_poll(client: *mut wsp_client) {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(client, (), Client::poll) };
}

/// Polls and blocks until there is an event or the time is over; a negative `timeout_ms` is no limit. Returns WSP_OK when there is an event,
/// WSP_ERR_TIMEOUT, or WSP_ERR_UNCONFIGURED where there is no connection that could have one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_wait(client: *mut wsp_client, timeout_ms: i32) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle.
    match unsafe { with(client, |content| content.object.client.wait(timeout(timeout_ms))) } {
        Ok(true) => wsp_error::WSP_OK,
        // That nothing has happened is nothing to be explained.
        Ok(false) => wsp_error::WSP_ERR_TIMEOUT,
        Err(error) => error.code().into(),
    }
}

/// Takes the next event, in the order of what happened. Returns WSP_ERR_UNAVAILABLE where there is none, WSP_ERR_INVALID_PARAMETER for NULL
/// and for a wrong `struct_size`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_next_event(client: *mut wsp_client, event: *mut wsp_event) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers, the event with its size in the first field.
    let result = unsafe {
        with(client, |content| {
            check(event)?;
            let Connected { client, told } = &mut content.object;
            let none = || Error::new(ErrorCode::Unavailable, "nothing has happened");
            let happened = client.next_event().ok_or_else(none)?;
            match happened {
                PeerEvent::Message { .. } => client.take_message_into(told.packet())?,
                PeerEvent::Packet { .. } => told.set_packet(client.take_packet()?.1),
                _ => {}
            }
            told.write(&happened, client.was_string_packet(), event)
        })
    };
    (&result).into()
}

/// Sends a message; `write_mode` is a wsp_write_mode. See wsp_peer_send().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_send(
    client: *mut wsp_client,
    data: *const u8,
    len: usize,
    write_mode: i32,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and data.
    unsafe { run(client, |client| client.send(kind(write_mode)?, bytes(data, len)?)) }
}

/// Sends a NUL-terminated text; see wsp_peer_send().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_send_text(client: *mut wsp_client, text: *const c_char) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and string.
    unsafe { run(client, |client| client.send(MessageKind::Text, required(text, "text")?.as_bytes())) }
}

/// Multiplayer mode: sends a packet by way of the server to the peer `target`, to all (0), or to all but one (its negative id). Returns
/// WSP_ERR_UNCONFIGURED in plain mode.
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

/// Multiplayer mode: returns the id that the server has given to this client, 0 before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_get_unique_id(client: *const wsp_client) -> i32 {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(client, 0, |client| client.unique_id()) }
}

/// Writes collected messages to the network now; see wsp_peer_flush().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_flush(client: *mut wsp_client) {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(client, (), Client::flush) };
}

/// Sends a ping with at most 125 bytes; see wsp_peer_ping().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_ping(client: *mut wsp_client, data: *const u8, len: usize) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and data.
    unsafe { run(client, |client| client.ping(bytes(data, len)?)) }
}

/// Returns the seconds between the last answered ping and its pong; -1 before the first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_get_round_trip_time(client: *const wsp_client) -> f64 {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe {
        ask(client, -1.0, |client| {
            client.with_peer(|peer| peer.round_trip().map_or(-1.0, |times| times.last.as_secs_f64()))
        })
    }
}

/// Returns the state of the client, as of the events taken.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_get_status(client: *const wsp_client) -> wsp_client_status {
    // SAFETY: the caller passes NULL or a live handle.
    match unsafe { ask(client, ClientStatus::Disconnected, |client| client.status()) } {
        ClientStatus::Disconnected => wsp_client_status::WSP_CLIENT_DISCONNECTED,
        ClientStatus::Connecting => wsp_client_status::WSP_CLIENT_CONNECTING,
        ClientStatus::Connected => wsp_client_status::WSP_CLIENT_CONNECTED,
    }
}

/// Returns the server's IP address while connected, else "". Lent. `port` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_get_connected_host(client: *const wsp_client, port: *mut u16) -> *const c_char {
    // SAFETY: the caller passes NULL or live pointers.
    unsafe {
        write_out(port, 0);
        lend(client, |client| {
            let address = client.server_address();
            write_out(port, address.map_or(0, |address| address.port()));
            address.map(|address| address.ip().to_string()).unwrap_or_default()
        })
    }
}

/// Returns the payload bytes of messages that the network has not taken yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_get_current_outbound_buffered_amount(client: *mut wsp_client) -> usize {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(client, 0, Client::outbound_buffered_amount) }
}

/// Sets the options of the connection; see wsp_peer_set_options(). The defaults are wsp_peer_options_init()'s, except for 65536 bytes
/// inbound and 1024 packets, which are Godot 3's.
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
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_get_peer_options(
    client: *const wsp_client,
    options: *mut wsp_peer_options,
) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers, the options with their size in the first field.
    unsafe { run(client, |client| write(wsp_peer_options::from(client.options()), options, size_of_caller(options))) }
}

/// Fills options with the defaults. `struct_size` is sizeof(wsp_reconnect_options). May be called from any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_reconnect_options_init(
    options: *mut wsp_reconnect_options,
    struct_size: usize,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a struct of that size.
    (&unsafe { write(wsp_reconnect_options::from(&ReconnectOptions::default()), options, struct_size) }).into()
}

/// Sets how the client connects again. Returns WSP_ERR_INVALID_PARAMETER, and changes nothing, for NULL, a wrong `struct_size` and values
/// outside their ranges.
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

/// Returns in words why the last call was refused, or the last connection lost or not made; "" where nothing went wrong. Lent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_client_get_error_message(client: *const wsp_client) -> *const c_char {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { lend(client, |client| client.error_message().to_owned()) }
}
