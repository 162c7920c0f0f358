//! `wsp_peer`.

use std::ffi::c_char;
use std::sync::Arc;

use parking_lot::Mutex;

use super::error::wsp_error;
use super::handle::{Content, Handle, descriptor_number, free, leak, with};
use super::stream::wsp_stream;
use super::text::{bytes, list, optional, required, write_out};
use super::tls_options::{self, wsp_tls_options};
use crate::error::{Error, ErrorCode, Result};
use crate::net::transport::Disconnected;
use crate::net::{TlsStream, Transport};
use crate::peer::{State, WebSocketPeer};
use crate::proto::frame::MessageKind;

/// A WebSocket connection, client or server side, or the place for one.
///
/// Any function may be called from any thread; calls on one peer wait for each other. Nothing ever blocks.
#[derive(Debug)]
pub struct wsp_peer {
    content: Arc<Mutex<Content<WebSocketPeer>>>,
}

impl Handle for wsp_peer {
    type Object = WebSocketPeer;

    fn new(content: Mutex<Content<WebSocketPeer>>) -> Self {
        Self { content: Arc::new(content) }
    }

    fn content(&self) -> &Mutex<Content<WebSocketPeer>> {
        &self.content
    }
}

impl wsp_peer {
    /// A handle of the caller's on a connection that something else drives.
    pub(super) fn share(content: &Arc<Mutex<Content<WebSocketPeer>>>) -> *mut Self {
        Box::into_raw(Box::new(Self { content: Arc::clone(content) }))
    }
}

/// State of a peer. The numbers are those of Godot's WebSocketPeer.State.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum wsp_state {
    /// The name lookup, the TCP connection or the HTTP upgrade is under way.
    WSP_STATE_CONNECTING = 0,
    /// Messages can be sent and received.
    WSP_STATE_OPEN = 1,
    /// A close frame was sent; the remote end has not answered it yet.
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

pub(super) type Call<'a> = &'a mut Content<WebSocketPeer>;

/// Runs a call that returns only an error number; why it was refused is kept for wsp_peer_get_error_message().
pub(super) unsafe fn run(peer: *const wsp_peer, call: impl FnOnce(Call<'_>) -> Result) -> wsp_error {
    let noting = |content: Call<'_>| {
        let result = call(content);
        content.object.record_error(result)
    };
    // SAFETY: the caller passes NULL or a live handle.
    (&unsafe { with(peer, noting) }).into()
}

/// Runs a query; `fallback` is the answer of a NULL or broken handle.
pub(super) unsafe fn ask<R>(peer: *const wsp_peer, fallback: R, call: impl FnOnce(&mut WebSocketPeer) -> R) -> R {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { with(peer, |content| Ok(call(&mut content.object))) }.unwrap_or(fallback)
}

pub(super) fn kind(write_mode: i32) -> Result<MessageKind> {
    match write_mode {
        TEXT => Ok(MessageKind::Text),
        BINARY => Ok(MessageKind::Binary),
        other => {
            let message = format!("write_mode {other} is not a wsp_write_mode");
            Err(Error::new(ErrorCode::InvalidParameter, message))
        }
    }
}

/// Lends a text; "" of a NULL or broken handle.
unsafe fn lend(
    peer: *const wsp_peer,
    len: *mut usize,
    text: impl FnOnce(&mut WebSocketPeer) -> String,
) -> *const c_char {
    // SAFETY: the caller passes NULL or a live handle, and NULL or a place for the length.
    unsafe {
        write_out(len, 0);
        let lent = with(peer, |content| {
            let text = text(&mut content.object);
            write_out(len, text.len());
            Ok(content.lent.set(&text))
        });
        lent.unwrap_or(c"".as_ptr())
    }
}

/// Makes a peer without a connection. The caller owns it and ends it with wsp_peer_free().
#[unsafe(no_mangle)]
pub extern "C" fn wsp_peer_new() -> *mut wsp_peer {
    leak(WebSocketPeer::new())
}

/// Ends a peer. An open connection is dropped without a close frame. What was sent and is still in the library's hands is delivered for
/// up to two seconds while any other object is polled; for certainty wait for wsp_peer_is_drained() first. NULL is ignored. No other
/// thread may use the peer any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_free(peer: *mut wsp_peer) {
    // SAFETY: the caller passes NULL or a handle it gives up.
    unsafe { free(peer) };
}

/// Starts to connect to ws://host[:port][/path] or wss://host[:port][/path]. User name and password in the URL become an Authorization
/// header. `tls` is for wss:// and may be NULL: the server's certificate must then be one that the operating system trusts. Copied.
///
/// Returns WSP_OK when connecting has begun, WSP_ERR_INVALID_PARAMETER for NULL, for what is no URL, for options of a TLS server and for
/// wrong handshake headers or sub-protocols, WSP_ERR_ALREADY_IN_USE while connecting or open, WSP_ERR_FAILED when the system refuses at once. Call
/// wsp_peer_poll() until wsp_peer_get_ready_state() is WSP_STATE_OPEN or WSP_STATE_CLOSED. `url` is not kept.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_connect_to_url(
    peer: *mut wsp_peer,
    url: *const c_char,
    tls: *const wsp_tls_options,
) -> wsp_error {
    // SAFETY: the caller passes NULL or live handles and a string.
    unsafe { run(peer, |content| content.object.connect_to_url(required(url, "url")?, tls_options::client(tls)?)) }
}

/// Takes a TCP connection as a WebSocket server; the handshake happens in wsp_peer_poll(). The connection is shared: the stream
/// handle still belongs to the caller, who may free it at once and must not read from or write to it any more.
///
/// With `tls`, the options of a server, TLS is spoken over the stream (wss://); they may be NULL. Copied.
///
/// A stream without a connection is taken too; the peer then closes in its first poll.
///
/// Returns WSP_ERR_INVALID_PARAMETER for NULL, for options of a TLS client and for wrong handshake headers or sub-protocols, WSP_ERR_ALREADY_IN_USE while connecting or
/// open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_accept_stream(
    peer: *mut wsp_peer,
    stream: *mut wsp_stream,
    tls: *const wsp_tls_options,
) -> wsp_error {
    // SAFETY: the caller passes NULL or live handles.
    unsafe {
        run(peer, |content| {
            let transport: Box<dyn Transport> = match with(stream, |stream| Ok(stream.object.socket()))? {
                Some(socket) => Box::new(socket),
                None => Box::new(Disconnected),
            };
            let transport = match tls_options::server(tls)? {
                Some(tls) => Box::new(TlsStream::server(transport, &tls)?),
                None => transport,
            };
            content.object.accept_stream(transport)
        })
    }
}

/// Advances the connection: connects, shakes hands, sends what waits, reads what is there. Call it regularly.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_poll(peer: *mut wsp_peer) {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(peer, (), WebSocketPeer::poll) };
}

/// Writes collected messages to the network now. The first message of a tick leaves at once; further ones are collected and leave
/// when 64 KiB have gathered, when wsp_peer_get_packet() finds no packet, in wsp_peer_poll(), and here. A program that sends several
/// messages after its poll calls this once behind them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_flush(peer: *mut wsp_peer) {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(peer, (), WebSocketPeer::flush) };
}

/// Sends a message of `len` bytes; `write_mode` is a wsp_write_mode. `(NULL, 0)` is an empty message. `data` is not kept.
///
/// Returns WSP_ERR_FAILED where the connection is not open, WSP_ERR_INVALID_DATA for text that is not UTF-8, WSP_ERR_OUT_OF_MEMORY where
/// outbound_buffer_size or max_queued_packets do not allow it, WSP_ERR_INVALID_PARAMETER for another write mode. Nothing is sent then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_send(peer: *mut wsp_peer, data: *const u8, len: usize, write_mode: i32) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and data.
    unsafe { run(peer, |content| content.object.send(kind(write_mode)?, bytes(data, len)?)) }
}

/// Sends a message uncompressed even where compression is active: for content that is compressed already or that must not share a
/// compression window with data an attacker controls. See wsp_peer_send().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_send_uncompressed(
    peer: *mut wsp_peer,
    data: *const u8,
    len: usize,
    write_mode: i32,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and data.
    unsafe { run(peer, |content| content.object.send_uncompressed(kind(write_mode)?, bytes(data, len)?)) }
}

/// Sends a ping with at most 125 bytes of payload; its pong updates wsp_peer_get_round_trip_time(). Returns
/// WSP_ERR_INVALID_PARAMETER for more, WSP_ERR_FAILED where the connection is not open, WSP_ERR_OUT_OF_MEMORY where the network takes
/// nothing at the moment.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_ping(peer: *mut wsp_peer, data: *const u8, len: usize) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and data.
    unsafe { run(peer, |content| content.object.ping(bytes(data, len)?)) }
}

/// Returns the seconds between the last answered ping and its pong, -1 before the first. `smoothed` (may be NULL) receives a moving
/// average. Pongs are noticed in wsp_peer_poll().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_round_trip_time(peer: *const wsp_peer, smoothed: *mut f64) -> f64 {
    // SAFETY: the caller passes NULL or live pointers.
    unsafe {
        let times = ask(peer, None, |peer| peer.round_trip());
        write_out(smoothed, times.map_or(-1.0, |times| times.smoothed.as_secs_f64()));
        times.map_or(-1.0, |times| times.last.as_secs_f64())
    }
}

/// Returns whether everything that was sent has been taken by the network, true for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_is_drained(peer: *const wsp_peer) -> bool {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(peer, true, |peer| peer.is_drained()) }
}

/// Returns whether the packet read last ended its message: always, unless the option stream_messages hands out pieces. The kind of
/// every piece is that of its message (see wsp_peer_was_string_packet()); a piece of text may end inside a code point.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_was_last_piece(peer: *const wsp_peer) -> bool {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(peer, false, |peer| peer.was_last_piece()) }
}

/// Payload bytes of the compressed messages of a connection, before and after compression.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct wsp_compression_statistics {
    /// Sent, before compression.
    pub sent_plain: u64,
    /// Sent, as they went over the network.
    pub sent_compressed: u64,
    /// Received, after decompression.
    pub received_plain: u64,
    /// Received, as they came over the network.
    pub received_compressed: u64,
}

/// Returns whether both ends have agreed on permessage-deflate. `statistics` may be NULL; it receives what compression has done on
/// this connection or the last one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_is_compression_active(
    peer: *const wsp_peer,
    statistics: *mut wsp_compression_statistics,
) -> bool {
    // SAFETY: the caller passes NULL or live pointers.
    unsafe {
        let (active, done) =
            ask(peer, Default::default(), |peer| (peer.is_compression_active(), peer.compression_statistics()));
        write_out(
            statistics,
            wsp_compression_statistics {
                sent_plain: done.sent_plain,
                sent_compressed: done.sent_compressed,
                received_plain: done.received_plain,
                received_compressed: done.received_compressed,
            },
        );
        active
    }
}

/// Gives the compressor's memory back now instead of after ten seconds without messages.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_release_compression_memory(peer: *mut wsp_peer) {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(peer, (), WebSocketPeer::release_compression_memory) };
}

/// Sends a NUL-terminated text; see wsp_peer_send().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_send_text(peer: *mut wsp_peer, text: *const c_char) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and string.
    unsafe { run(peer, |content| content.object.send(MessageKind::Text, required(text, "text")?.as_bytes())) }
}

/// Returns the number of received messages that wait, 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_available_packet_count(peer: *const wsp_peer) -> usize {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(peer, 0, |peer| peer.packet_count()) }
}

/// Takes the oldest received message. `*data` is lent until the next wsp_peer_get_packet() or wsp_peer_poll() of this peer (see above), never
/// NULL on success, and has `*len` bytes.
/// Messages that arrived before the connection closed stay readable until the next connection.
///
/// Returns WSP_ERR_UNAVAILABLE when none waits, WSP_ERR_FAILED when none waits and the connection is not open, and sets `*data` to
/// NULL and `*len` to 0. `data` and `len` must not be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_packet(peer: *mut wsp_peer, data: *mut *const u8, len: *mut usize) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and pointers; those that are not NULL may be written to.
    unsafe {
        write_out(data, std::ptr::null());
        write_out(len, 0);
        if data.is_null() || len.is_null() {
            return run(peer, |_| Err(Error::new(ErrorCode::InvalidParameter, "data or len is NULL")));
        }
        // An empty queue is no refusal that has to be explained later.
        let result = with(peer, |content| {
            let packet = content.object.take_packet()?;
            data.write(packet.as_ptr());
            len.write(packet.len());
            Ok(())
        });
        (&result).into()
    }
}

/// Returns whether the message read last was text; false before the first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_was_string_packet(peer: *const wsp_peer) -> bool {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(peer, false, |peer| peer.was_string_packet()) }
}

/// Starts the closing handshake; keep polling until WSP_STATE_CLOSED. With a negative code, and while connecting, the connection is
/// dropped at once, and nothing else is checked. While closed or closing nothing happens. `reason` may be NULL; it has at most 123 bytes of UTF-8. With code 0 the close frame carries nothing.
///
/// Returns WSP_ERR_INVALID_PARAMETER, and does nothing, for codes that RFC 6455 does not allow in a close frame and for longer reasons.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_close(peer: *mut wsp_peer, code: i32, reason: *const c_char) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and string.
    unsafe { run(peer, |content| content.object.close(code, optional(reason, "reason")?.unwrap_or_default())) }
}

/// Returns the state of the connection, WSP_STATE_CLOSED for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_ready_state(peer: *const wsp_peer) -> wsp_state {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(peer, wsp_state::WSP_STATE_CLOSED, |peer| peer.state().into()) }
}

/// Returns the code of the close frame that ended the connection, the remote end's, or 1002, 1007 or 1009 which this end sent because the
/// remote end broke the protocol; 0 where the frame had no code, -1 where there was no close frame.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_close_code(peer: *const wsp_peer) -> i32 {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(peer, -1, |peer| peer.close_code()) }
}

/// Returns the reason of that close frame, lent. `len` may be NULL; it receives the length, which
/// strlen() does not tell when the reason contains a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_close_reason(peer: *const wsp_peer, len: *mut usize) -> *const c_char {
    // SAFETY: the caller passes NULL or live pointers.
    unsafe { lend(peer, len, |peer| peer.close_reason().to_owned()) }
}

/// Returns in words why the connection was lost, or else why the last refused call was refused; "" where nothing went wrong since the
/// connection began. Lent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_error_message(peer: *const wsp_peer) -> *const c_char {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { lend(peer, std::ptr::null_mut(), |peer| peer.error_message().to_owned()) }
}

/// Returns the selected sub-protocol or "". Lent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_selected_protocol(peer: *const wsp_peer) -> *const c_char {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { lend(peer, std::ptr::null_mut(), |peer| peer.selected_protocol().to_owned()) }
}

/// Returns the URL passed to wsp_peer_connect_to_url(), or on a server the one the client asked for. Lent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_requested_url(peer: *const wsp_peer) -> *const c_char {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { lend(peer, std::ptr::null_mut(), |peer| peer.requested_url().to_owned()) }
}

/// Returns the IP address of the remote end, "" where there is none. Lent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_connected_host(peer: *const wsp_peer) -> *const c_char {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe {
        lend(peer, std::ptr::null_mut(), |peer| {
            peer.remote_address().map(|address| address.ip().to_string()).unwrap_or_default()
        })
    }
}

/// Returns the port of the remote end, 0 where there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_connected_port(peer: *const wsp_peer) -> u16 {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(peer, 0, |peer| peer.remote_address().map_or(0, |address| address.port())) }
}

/// Returns the payload bytes of messages that the network has not taken yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_current_outbound_buffered_amount(peer: *mut wsp_peer) -> usize {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(peer, 0, WebSocketPeer::outbound_buffered_amount) }
}

/// Disables (true, the default) or enables Nagle's algorithm on the TCP connection. Returns WSP_ERR_UNCONFIGURED where there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_set_no_delay(peer: *mut wsp_peer, enabled: bool) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { run(peer, |content| content.object.set_no_delay(enabled)) }
}

/// Sets the sub-protocols this end speaks, in order of preference on a client, for the next connection; `(NULL, 0)` for none. Copied;
/// checked when the handshake begins. Returns WSP_ERR_INVALID_PARAMETER for NULL entries, WSP_ERR_INVALID_DATA for what is not UTF-8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_set_supported_protocols(
    peer: *mut wsp_peer,
    protocols: *const *const c_char,
    count: usize,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and list.
    unsafe {
        run(peer, |content| {
            content.object.options.set_supported_protocols(list(protocols, count, "protocols")?);
            Ok(())
        })
    }
}

/// Sets header lines ("Name: value") added to the request or answer of the next handshake; `(NULL, 0)` for none. Copied; checked when the
/// handshake begins. Returns WSP_ERR_INVALID_PARAMETER for NULL entries, WSP_ERR_INVALID_DATA for what is not UTF-8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_set_handshake_headers(
    peer: *mut wsp_peer,
    headers: *const *const c_char,
    count: usize,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and list.
    unsafe {
        run(peer, |content| {
            content.object.options.handshake_headers = list(headers, count, "headers")?;
            Ok(())
        })
    }
}

/// Returns the socket for a foreign event loop, -1 where there is none (closed, or the name is being looked up). Wait, level-triggered,
/// until it is readable, or also writable where `wants_write` (may be NULL) is set, and call wsp_peer_poll(); call it again at once
/// after reading packets while wsp_peer_needs_poll() says so, and a few times a second anyway: timeouts, pings, name lookups and the
/// racing of addresses do not wake the descriptor. The socket changes while connecting; ask again after each poll. While the packet
/// queue is full the descriptor stays readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_fd(peer: *const wsp_peer, wants_write: *mut bool) -> i64 {
    // SAFETY: the caller passes NULL or live pointers.
    unsafe {
        let (fd, writes) =
            ask(peer, None, |peer| peer.raw_fd()).map_or((-1, false), |(fd, writes)| (descriptor_number(fd), writes));
        write_out(wants_write, writes);
        fd
    }
}

/// Returns whether another wsp_peer_poll() has something to do without news from the network: messages for which the packet queue had no
/// room, or output that waits. False for NULL. For event loops that poll only when the descriptor is ready.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_needs_poll(peer: *const wsp_peer) -> bool {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(peer, false, |peer| peer.needs_poll()) }
}
