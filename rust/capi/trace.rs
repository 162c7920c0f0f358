//! `wsp_trace_*`: the live peers of the process and a log of what they send and receive.

use std::cell::RefCell;
use std::ffi::c_char;

use parking_lot::Mutex;

use super::error::wsp_error;
use super::handle::query;
use super::lent::LentTexts;
use super::peer::{wsp_peer, wsp_state};
use super::versioned::{Versioned, size_of_caller, write};
use crate::error::{Error, ErrorCode, Result};
use crate::peer::WebSocketPeer;
use crate::peer::trace::{self, Direction, PeerClass, PeerRow, TraceEventKind, TraceSubscriber};
use crate::proto::Role;

/// Kind of a traced event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum wsp_trace_kind {
    /// An HTTP request or answer; the preview is its head. Values of Authorization, Proxy-Authorization, Cookie,
    /// Set-Cookie and Sec-WebSocket-Key, and of URL parameters that look like secrets, are replaced by "***".
    WSP_TRACE_KIND_HANDSHAKE = 0,
    /// A text message.
    WSP_TRACE_KIND_TEXT = 1,
    /// A binary message.
    WSP_TRACE_KIND_BINARY = 2,
    /// A ping. Received ones are answered automatically.
    WSP_TRACE_KIND_PING = 3,
    /// A pong.
    WSP_TRACE_KIND_PONG = 4,
    /// A close frame; the preview is its code in decimal, a space and its reason.
    WSP_TRACE_KIND_CLOSE = 5,
    /// The connection was lost; the preview is the reason.
    WSP_TRACE_KIND_FAILURE = 6,
}

impl From<TraceEventKind> for wsp_trace_kind {
    fn from(kind: TraceEventKind) -> Self {
        match kind {
            TraceEventKind::Handshake => Self::WSP_TRACE_KIND_HANDSHAKE,
            TraceEventKind::Text => Self::WSP_TRACE_KIND_TEXT,
            TraceEventKind::Binary => Self::WSP_TRACE_KIND_BINARY,
            TraceEventKind::Ping => Self::WSP_TRACE_KIND_PING,
            TraceEventKind::Pong => Self::WSP_TRACE_KIND_PONG,
            TraceEventKind::Close => Self::WSP_TRACE_KIND_CLOSE,
            TraceEventKind::Failure => Self::WSP_TRACE_KIND_FAILURE,
        }
    }
}

/// Kind of object that a traced peer belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum wsp_trace_class {
    /// None: it is a wsp_peer.
    WSP_TRACE_CLASS_PEER = 0,
    /// A wsp_client.
    WSP_TRACE_CLASS_CLIENT = 1,
    /// A wsp_server.
    WSP_TRACE_CLASS_SERVER = 2,
    /// A wsp_multiplayer.
    WSP_TRACE_CLASS_MULTIPLAYER = 3,
}

impl From<PeerClass> for wsp_trace_class {
    fn from(class: PeerClass) -> Self {
        match class {
            PeerClass::Peer => Self::WSP_TRACE_CLASS_PEER,
            PeerClass::Client => Self::WSP_TRACE_CLASS_CLIENT,
            PeerClass::Server => Self::WSP_TRACE_CLASS_SERVER,
            PeerClass::Multiplayer => Self::WSP_TRACE_CLASS_MULTIPLAYER,
        }
    }
}

/// Role of a traced peer in its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum wsp_trace_role {
    /// None: it has had no connection yet.
    WSP_TRACE_ROLE_NONE = 0,
    /// It connects.
    WSP_TRACE_ROLE_CLIENT = 1,
    /// It accepts.
    WSP_TRACE_ROLE_SERVER = 2,
}

impl From<Option<Role>> for wsp_trace_role {
    fn from(role: Option<Role>) -> Self {
        match role {
            None => Self::WSP_TRACE_ROLE_NONE,
            Some(Role::Client) => Self::WSP_TRACE_ROLE_CLIENT,
            Some(Role::Server) => Self::WSP_TRACE_ROLE_SERVER,
        }
    }
}

/// An entry of the log: what a peer has sent or received, or why its connection was lost. Set `struct_size`, then call
/// wsp_trace_next_event(). Later versions append fields.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct wsp_trace_event {
    /// sizeof(wsp_trace_event) of the caller.
    pub struct_size: usize,
    /// Microseconds since tracing was first enabled in the process.
    pub time_usec: u64,
    /// Number of the peer; see wsp_peer_get_trace_id().
    pub peer_id: u64,
    /// Kind of the entry.
    pub kind: wsp_trace_kind,
    /// 1 if the peer has sent it, 0 if the peer has received it.
    pub is_sent: u8,
    /// Payload bytes of the message, before compression; of a handshake its length in bytes.
    pub size: u64,
    /// First bytes of the payload (see wsp_trace_set_preview_size()), with a NUL after them. Never NULL. Lent.
    pub preview: *const u8,
    /// Length of `preview` in bytes, without that NUL.
    pub preview_len: usize,
}

// SAFETY: the struct is `repr(C)` and begins with its size; it is only written.
unsafe impl Versioned for wsp_trace_event {
    const NAME: &'static str = "wsp_trace_event";
    const ENDS: &'static [usize] = &[size_of::<wsp_trace_event>()];
}

/// A live peer, as it was at the end of its last poll. Set `struct_size`, then call wsp_trace_next_peer(). Later
/// versions append fields.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct wsp_trace_peer {
    /// sizeof(wsp_trace_peer) of the caller.
    pub struct_size: usize,
    /// Number of the peer; see wsp_peer_get_trace_id().
    pub id: u64,
    /// Kind of object that it belongs to.
    pub peer_class: wsp_trace_class,
    /// Role in the connection.
    pub role: wsp_trace_role,
    /// State of the connection.
    pub state: wsp_state,
    /// 1 if the handshake agreed on permessage-deflate.
    pub is_compressed: u8,
    /// TCP port of the remote peer, 0 without a TCP connection.
    pub remote_port: u16,
    /// Requested URL. Its password, and parameters that look like secrets, are replaced by "***". Lent.
    pub url: *const c_char,
    /// IP address of the remote peer, "" without a TCP connection. Lent.
    pub remote_host: *const c_char,
    /// Selected sub-protocol or "". Lent.
    pub protocol: *const c_char,
    /// Reason why the connection was lost, or "". Lent.
    pub failure: *const c_char,
    /// Messages received on this connection or the last one.
    pub received_messages: u64,
    /// Their payload bytes, after decompression.
    pub received_bytes: u64,
    /// Messages sent on this connection or the last one.
    pub sent_messages: u64,
    /// Their payload bytes, before compression.
    pub sent_bytes: u64,
    /// Received messages that the program has not taken.
    pub inbound_messages: usize,
    /// Their payload bytes.
    pub inbound_bytes: usize,
    /// Messages that the network has not accepted.
    pub outbound_messages: usize,
    /// Their payload bytes.
    pub outbound_bytes: usize,
    /// Compressed size of messages divided by their original size, of both directions together; -1 if no message was
    /// compressed.
    pub compression_ratio: f64,
    /// Smoothed seconds between a ping and its pong, -1 before the first pong.
    pub round_trip_time: f64,
}

// SAFETY: the struct is `repr(C)` and begins with its size; it is only written.
unsafe impl Versioned for wsp_trace_peer {
    const NAME: &'static str = "wsp_trace_peer";
    const ENDS: &'static [usize] = &[size_of::<wsp_trace_peer>()];
}

/// The subscriber of C programs; the Godot classes have another.
static SUBSCRIBER: Mutex<Option<TraceSubscriber>> = Mutex::new(None);

thread_local! {
    /// What the trace lends to the calling thread.
    static LENT: RefCell<LentTexts> = RefCell::new(LentTexts::default());
}

/// Enables (true) or disables (false, the default) the trace of the whole process: the list of live peers and the log.
/// A peer appears in the list after its next poll. Disabling drops the log. While disabled, the trace has no measurable
/// cost. May be called from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn wsp_trace_enable(enabled: bool) {
    let mut subscriber = SUBSCRIBER.lock();
    if enabled != subscriber.is_some() {
        *subscriber = enabled.then(TraceSubscriber::to_messages);
    }
}

/// Sets how many bytes of each message the log keeps, 0 to 1024 (larger values count as 1024). Default 128. With 0 the
/// log contains no payload and no handshakes' heads; otherwise it keeps up to 2048 bytes of each handshake. May be
/// called from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn wsp_trace_set_preview_size(bytes: usize) {
    trace::set_preview_size(bytes);
}

/// Takes the oldest entry of the log. `event->struct_size` must be set. The preview is lent until the next
/// wsp_trace_next_event() or wsp_trace_next_peer() of the same thread. The log keeps the newest 4096 entries; those
/// that were dropped are counted by wsp_trace_take_missed_events(). May be called from any thread.
///
/// Errors: WSP_ERR_UNAVAILABLE if the log is empty; WSP_ERR_UNCONFIGURED while the trace is disabled;
/// WSP_ERR_INVALID_PARAMETER if `event` is NULL or for an unknown `struct_size`. Nothing is taken then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_trace_next_event(event: *mut wsp_trace_event) -> wsp_error {
    // SAFETY: the caller passes NULL or a live pointer to a struct with its size in the first field.
    (&unsafe { next_event(event) }).into()
}

/// # Safety
/// `event` is NULL or points to a struct with its size in the first field.
unsafe fn next_event(event: *mut wsp_trace_event) -> Result {
    // SAFETY: as this function.
    let size = unsafe { checked_size(event) }?;
    let mut subscriber = SUBSCRIBER.lock();
    let taken = subscriber.as_mut().ok_or_else(disabled)?.next_event().ok_or_else(no_entry)?;
    let answer = wsp_trace_event {
        struct_size: size,
        time_usec: u64::try_from(taken.time.as_micros()).unwrap_or(u64::MAX),
        peer_id: taken.peer,
        kind: taken.kind.into(),
        is_sent: u8::from(taken.direction == Direction::Sent),
        size: taken.size as u64,
        preview: lend(|lent| lent.set_bytes(&taken.preview)),
        preview_len: taken.preview.len(),
    };
    // SAFETY: as this function.
    unsafe { write(answer, event, size) }
}

/// Returns how many entries were dropped since the last call because wsp_trace_next_event() was not called often
/// enough. May be called from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn wsp_trace_take_missed_events() -> u64 {
    SUBSCRIBER.lock().as_mut().map_or(0, TraceSubscriber::take_missed)
}

/// Reports the live peer with the lowest number above `after_id`: start with 0, then pass the number of the last one.
/// `peer->struct_size` must be set. The texts are lent until the next wsp_trace_next_peer() or wsp_trace_next_event()
/// of the same thread. May be called from any thread.
///
/// Errors: WSP_ERR_UNAVAILABLE if there is no such peer; WSP_ERR_UNCONFIGURED while the trace is disabled;
/// WSP_ERR_INVALID_PARAMETER if `peer` is NULL or for an unknown `struct_size`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_trace_next_peer(after_id: u64, peer: *mut wsp_trace_peer) -> wsp_error {
    // SAFETY: the caller passes NULL or a live pointer to a struct with its size in the first field.
    (&unsafe { next_peer(after_id, peer) }).into()
}

/// # Safety
/// `peer` is NULL or points to a struct with its size in the first field.
unsafe fn next_peer(after_id: u64, peer: *mut wsp_trace_peer) -> Result {
    // SAFETY: as this function.
    let size = unsafe { checked_size(peer) }?;
    if SUBSCRIBER.lock().is_none() {
        return Err(disabled());
    }
    let row = trace::peer_after(after_id).ok_or_else(no_entry)?;
    // SAFETY: as this function.
    unsafe { write(lend(|lent| describe(&row, size, lent)), peer, size) }
}

fn describe(row: &PeerRow, struct_size: usize, lent: &mut LentTexts) -> wsp_trace_peer {
    wsp_trace_peer {
        struct_size,
        id: row.id,
        peer_class: row.class.into(),
        role: row.role.into(),
        state: row.state.into(),
        is_compressed: u8::from(row.is_compressed),
        remote_port: row.remote.map_or(0, |address| address.port()),
        url: lent.set(&row.url),
        remote_host: lent.add(&row.remote.map_or_else(String::new, |address| address.ip().to_string())),
        protocol: lent.add(&row.protocol),
        failure: lent.add(&row.failure),
        received_messages: row.traffic.received.messages,
        received_bytes: row.traffic.received.bytes,
        sent_messages: row.traffic.sent.messages,
        sent_bytes: row.traffic.sent.bytes,
        inbound_messages: row.inbound_messages,
        inbound_bytes: row.inbound_bytes,
        outbound_messages: row.outbound_messages,
        outbound_bytes: row.outbound_bytes,
        compression_ratio: row.compression_ratio.unwrap_or(-1.0),
        round_trip_time: row.round_trip.map_or(-1.0, |time| time.as_secs_f64()),
    }
}

/// Returns the number of a peer in the trace, 0 for NULL. It never changes, and no other peer of the process ever has
/// it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_trace_id(peer: *mut wsp_peer) -> u64 {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(peer, 0, WebSocketPeer::trace_id) }
}

/// Returns the size in the caller's struct, checked before an entry is taken for it.
///
/// # Safety
/// As for [`size_of_caller`].
unsafe fn checked_size<T: Versioned>(pointer: *const T) -> Result<usize> {
    // SAFETY: as this function.
    let size = unsafe { size_of_caller(pointer) };
    if !T::ENDS.contains(&size) {
        return Err(Error::new(ErrorCode::InvalidParameter, "not a size of this struct"));
    }
    Ok(size)
}

fn lend<T>(fill: impl FnOnce(&mut LentTexts) -> T) -> T {
    LENT.with_borrow_mut(fill)
}

fn disabled() -> Error {
    Error::new(ErrorCode::Unconfigured, "the trace is disabled")
}

fn no_entry() -> Error {
    Error::new(ErrorCode::Unavailable, "there is no further entry")
}
