//! `wsp_peer`: messages, pings and compression.

use std::ffi::c_char;
use std::ptr::null;

use super::arguments::{bytes, required_text, write_out};
use super::error::wsp_error;
use super::handle::{attempt, query, run};
use super::peer::{message_kind, wsp_peer};
use crate::error::{Error, ErrorCode};
use crate::peer::WebSocketPeer;
use crate::proto::frame::MessageKind;

/// Payload bytes of the compressed messages of a connection, before and after compression.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct wsp_compression_statistics {
    /// Sent, before compression.
    pub sent_plain: u64,
    /// Sent, after compression.
    pub sent_compressed: u64,
    /// Received, after decompression.
    pub received_plain: u64,
    /// Received, before decompression.
    pub received_compressed: u64,
}

/// Sends a message of `len` bytes; `write_mode` is a wsp_write_mode. `(NULL, 0)` is an empty message. `data` is copied
/// or written before the call returns.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `peer` is NULL, `data` is NULL with a length, or `write_mode` is not a
/// wsp_write_mode; WSP_ERR_FAILED if the connection is not open; WSP_ERR_INVALID_DATA if a text is not UTF-8;
/// WSP_ERR_OUT_OF_MEMORY if outbound_buffer_size or max_queued_packets would be exceeded. Nothing is sent then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_send(peer: *mut wsp_peer, data: *const u8, len: usize, write_mode: i32) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and data.
    unsafe { run(peer, |peer| peer.send(message_kind(write_mode)?, bytes(data, len)?)) }
}

/// Sends a NUL-terminated text without its NUL.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `peer` or `text` is NULL; WSP_ERR_FAILED, WSP_ERR_INVALID_DATA,
/// WSP_ERR_OUT_OF_MEMORY, as for wsp_peer_send().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_send_text(peer: *mut wsp_peer, text: *const c_char) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and string.
    unsafe { run(peer, |peer| peer.send(MessageKind::Text, required_text(text, "text")?.as_bytes())) }
}

/// Sends a message uncompressed even if compression is active: for content that is compressed already, or that must not
/// share a compression window with data that an attacker controls.
///
/// Errors: WSP_ERR_INVALID_PARAMETER, WSP_ERR_FAILED, WSP_ERR_INVALID_DATA, WSP_ERR_OUT_OF_MEMORY, as for
/// wsp_peer_send().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_send_uncompressed(
    peer: *mut wsp_peer,
    data: *const u8,
    len: usize,
    write_mode: i32,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and data.
    unsafe { run(peer, |peer| peer.send_uncompressed(message_kind(write_mode)?, bytes(data, len)?)) }
}

/// Takes the oldest received message. `*data` is never NULL on success and has `*len` bytes; it is lent until the next
/// wsp_peer_get_packet() or wsp_peer_poll() of this peer (see the conventions at the top). Messages that arrived before
/// the connection closed stay readable until the next connection.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `peer`, `data` or `len` is NULL; WSP_ERR_UNAVAILABLE if no message is queued;
/// WSP_ERR_FAILED if no message is queued and the connection is not open. `*data` is NULL and `*len` 0 then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_packet(peer: *mut wsp_peer, data: *mut *const u8, len: *mut usize) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and pointers; those that are not NULL may be written to.
    unsafe {
        write_out(data, null());
        write_out(len, 0);
        if data.is_null() || len.is_null() {
            return run(peer, |_| Err(Error::new(ErrorCode::InvalidParameter, "data or len is NULL")));
        }
        attempt(peer, |peer| {
            let packet = peer.object.take_packet()?;
            data.write(packet.as_ptr());
            len.write(packet.len());
            Ok(())
        })
    }
}

/// Sends a ping with at most 125 bytes of payload; its pong updates wsp_peer_get_round_trip_time(). `(NULL, 0)` sends
/// eight random bytes, so that no pong can be sent before the ping has arrived.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `peer` is NULL, `data` is NULL with a length, or the payload is longer than
/// 125 bytes; WSP_ERR_FAILED if the connection is not open; WSP_ERR_OUT_OF_MEMORY if the network accepts nothing at the
/// moment.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_ping(peer: *mut wsp_peer, data: *const u8, len: usize) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and data.
    unsafe { run(peer, |peer| peer.ping(bytes(data, len)?)) }
}

/// Frees the compressor's memory now instead of after 10 s without messages.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_release_compression_memory(peer: *mut wsp_peer) {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(peer, (), WebSocketPeer::release_compression_memory) };
}

/// Returns the number of received messages that are queued, 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_available_packet_count(peer: *const wsp_peer) -> usize {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(peer, 0, |peer| peer.packet_count()) }
}

/// Returns whether the message taken last was text; false before the first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_was_string_packet(peer: *const wsp_peer) -> bool {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(peer, false, |peer| peer.was_string_packet()) }
}

/// Returns whether the packet taken last ended its message. Always true unless the option stream_messages is set. The
/// kind of every piece is that of its message (see wsp_peer_was_string_packet()); a piece of text may end inside a code
/// point.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_was_last_piece(peer: *const wsp_peer) -> bool {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(peer, false, |peer| peer.was_last_piece()) }
}

/// Returns the payload bytes of messages that the network has not accepted yet, 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_current_outbound_buffered_amount(peer: *mut wsp_peer) -> usize {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(peer, 0, WebSocketPeer::outbound_buffered_amount) }
}

/// Returns whether the network has accepted everything that was sent, true for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_is_drained(peer: *const wsp_peer) -> bool {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(peer, true, |peer| peer.is_drained()) }
}

/// Returns the seconds between the last answered ping and its pong, -1 before the first pong. `smoothed` (may be NULL)
/// receives a moving average. Pongs are read in wsp_peer_poll().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_round_trip_time(peer: *const wsp_peer, smoothed: *mut f64) -> f64 {
    // SAFETY: the caller passes NULL or live pointers.
    unsafe {
        let times = query(peer, None, |peer| peer.round_trip());
        write_out(smoothed, times.map_or(-1.0, |times| times.smoothed.as_secs_f64()));
        times.map_or(-1.0, |times| times.last.as_secs_f64())
    }
}

/// Returns whether the handshake agreed on permessage-deflate (RFC 7692). `statistics` may be NULL; it receives the
/// compressed bytes of this connection, or of the last one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_is_compression_active(
    peer: *const wsp_peer,
    statistics: *mut wsp_compression_statistics,
) -> bool {
    // SAFETY: the caller passes NULL or live pointers.
    unsafe {
        let (is_active, counted) =
            query(peer, Default::default(), |peer| (peer.is_compression_active(), peer.compression_statistics()));
        let converted = wsp_compression_statistics {
            sent_plain: counted.sent_plain,
            sent_compressed: counted.sent_compressed,
            received_plain: counted.received_plain,
            received_compressed: counted.received_compressed,
        };
        write_out(statistics, converted);
        is_active
    }
}
