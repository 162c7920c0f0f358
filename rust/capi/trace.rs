//! What every peer of the process does, for debuggers and log files.

use std::cell::RefCell;
use std::ffi::c_char;
use std::mem::offset_of;

use parking_lot::Mutex;

use super::error::wsp_error;
use super::handle::with;
use super::peer::{wsp_peer, wsp_state};
use super::text::Lent;
use super::versioned::{Versioned, size_of_caller, write};
use crate::error::{Error, ErrorCode, Result};
use crate::peer::trace::{self, Direction, PeerClass, PeerRow, TraceEventKind, TraceSubscriber};
use crate::proto::Role;

/// Kind of a traced event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum wsp_trace_kind {
    /// An HTTP request or answer; the preview is its head, in which the values of Authorization, Proxy-Authorization, Cookie, Set-Cookie,
    /// Sec-WebSocket-Key and of URL parameters that look like secrets are "***".
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
    /// The connection was lost; the preview says why.
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

/// What a traced peer belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum wsp_trace_class {
    /// It is a wsp_peer.
    WSP_TRACE_CLASS_PEER = 0,
    /// A client object's connection.
    WSP_TRACE_CLASS_CLIENT = 1,
    /// One of a server object's connections.
    WSP_TRACE_CLASS_SERVER = 2,
    /// A connection of a multiplayer peer.
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

/// Which end of a connection a traced peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum wsp_trace_role {
    /// Neither: it has had no connection yet.
    WSP_TRACE_ROLE_NONE = 0,
    /// The end that connects.
    WSP_TRACE_ROLE_CLIENT = 1,
    /// The end that accepts.
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

/// Something that a peer has sent, received or suffered. Set `struct_size`, then call wsp_trace_next_event(). Later versions append fields.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct wsp_trace_event {
    /// sizeof(wsp_trace_event) of the caller.
    pub struct_size: usize,
    /// Microseconds since tracing was first enabled in the process.
    pub time_usec: u64,
    /// Number of the peer, see wsp_peer_get_trace_id().
    pub peer_id: u64,
    /// What it was.
    pub kind: wsp_trace_kind,
    /// 1 for what the peer has sent, 0 for what it has received.
    pub is_sent: u8,
    /// Payload bytes of the message, before compression; of a handshake its bytes.
    pub size: u64,
    /// Beginning of the payload (see wsp_trace_set_preview_size()), with a NUL behind it. Lent; never NULL.
    pub preview: *const u8,
    /// Length of `preview` in bytes, without that NUL.
    pub preview_len: usize,
}

// SAFETY: the struct is `repr(C)` and begins with its size; it is only written.
unsafe impl Versioned for wsp_trace_event {
    const NAME: &'static str = "wsp_trace_event";
    const ENDS: &'static [usize] = &[size_of::<wsp_trace_event>()];
}

/// A live peer, as it was at the end of its last wsp_peer_poll(). Set `struct_size`, then call wsp_trace_next_peer(). Later versions append
/// fields.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct wsp_trace_peer {
    /// sizeof(wsp_trace_peer) of the caller.
    pub struct_size: usize,
    /// Number of the peer, see wsp_peer_get_trace_id().
    pub id: u64,
    /// What it belongs to.
    pub peer_class: wsp_trace_class,
    /// Which end of the connection it is.
    pub role: wsp_trace_role,
    /// State of the connection.
    pub state: wsp_state,
    /// 1 where permessage-deflate was agreed on.
    pub is_compressed: u8,
    /// Port of the remote end, 0 where there is none.
    pub remote_port: u16,
    /// Requested URL, with its password and parameters that look like secrets masked. Lent.
    pub url: *const c_char,
    /// IP address of the remote end, "" where there is none. Lent.
    pub remote_host: *const c_char,
    /// Selected sub-protocol or "". Lent.
    pub protocol: *const c_char,
    /// Why the connection was lost, or "". Lent.
    pub failure: *const c_char,
    /// Messages received on this connection or the last one.
    pub received_messages: u64,
    /// Payload bytes of those, after decompression.
    pub received_bytes: u64,
    /// Messages sent on this connection or the last one.
    pub sent_messages: u64,
    /// Payload bytes of those, before compression.
    pub sent_bytes: u64,
    /// Received messages that the program has not read.
    pub inbound_messages: usize,
    /// Payload bytes of those.
    pub inbound_bytes: usize,
    /// Messages that the network has not taken.
    pub outbound_messages: usize,
    /// Payload bytes of those.
    pub outbound_bytes: usize,
    /// Share of the original bytes that compressed messages needed, of both directions; -1 where there were none.
    pub compression_ratio: f64,
    /// Smoothed seconds between a ping and its pong, -1 before the first pong.
    pub round_trip_time: f64,
}

// SAFETY: the struct is `repr(C)` and begins with its size; it is only written.
unsafe impl Versioned for wsp_trace_peer {
    const NAME: &'static str = "wsp_trace_peer";
    const ENDS: &'static [usize] = &[size_of::<wsp_trace_peer>()];
}

const _: () = assert!(offset_of!(wsp_trace_event, struct_size) == 0 && offset_of!(wsp_trace_peer, struct_size) == 0);

/// The program's own listener; the Godot part has another.
static LISTENER: Mutex<Option<TraceSubscriber>> = Mutex::new(None);

thread_local! {
    /// What the trace lends to the thread that asked.
    static LENT: RefCell<Lent> = RefCell::new(Lent::default());
}

/// Starts (true) or stops the trace: the list of live peers and the log of what they send and receive, of the whole process. Off at
/// first, and then it costs nothing that could be measured. Peers appear in the list with their next wsp_peer_poll(). Stopping forgets
/// the log. May be called from every thread.
#[unsafe(no_mangle)]
pub extern "C" fn wsp_trace_enable(enabled: bool) {
    let mut listener = LISTENER.lock();
    if enabled != listener.is_some() {
        *listener = enabled.then(TraceSubscriber::to_messages);
    }
}

/// Sets how many bytes of each message the log keeps, at most 1024; more counts as that. 128 at first. 0 keeps all contents out, those of
/// handshakes included. Handshakes are kept up to 2048 bytes otherwise.
#[unsafe(no_mangle)]
pub extern "C" fn wsp_trace_set_preview_size(bytes: usize) {
    trace::set_preview_size(bytes);
}

/// Takes the oldest event of the log. The preview is lent until the next wsp_trace_next_event() or wsp_trace_next_peer() of the same
/// thread. The newest 4096 events are kept; older ones that were not taken are counted by wsp_trace_take_missed_events().
///
/// Returns WSP_ERR_UNAVAILABLE where none waits, WSP_ERR_UNCONFIGURED while the trace is off, WSP_ERR_INVALID_PARAMETER for NULL and for a
/// size that no version of this header declares; nothing is taken then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_trace_next_event(event: *mut wsp_trace_event) -> wsp_error {
    // SAFETY: the caller passes NULL or a live pointer to a struct with its size in the first field.
    (&unsafe { next_event(event) }).into()
}

unsafe fn next_event(event: *mut wsp_trace_event) -> Result {
    // SAFETY: as this function's caller says.
    let size = unsafe { checked_size(event) }?;
    let mut listener = LISTENER.lock();
    let taken = listener.as_mut().ok_or_else(off)?.next_event().ok_or_else(none)?;
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
    // SAFETY: as this function's caller says.
    unsafe { write(answer, event, size) }
}

/// Returns how many events were dropped, since the last call, because wsp_trace_next_event() was not called often enough.
#[unsafe(no_mangle)]
pub extern "C" fn wsp_trace_take_missed_events() -> u64 {
    LISTENER.lock().as_mut().map_or(0, TraceSubscriber::take_missed)
}

/// Tells about the live peer with the lowest number above `after_id`: start with 0, go on with the number of the last one. The texts are
/// lent until the next wsp_trace_next_peer() or wsp_trace_next_event() of the same thread.
///
/// Returns WSP_ERR_UNAVAILABLE where there is none, WSP_ERR_UNCONFIGURED while the trace is off, WSP_ERR_INVALID_PARAMETER for NULL and for
/// a size that no version of this header declares.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_trace_next_peer(after_id: u64, peer: *mut wsp_trace_peer) -> wsp_error {
    // SAFETY: the caller passes NULL or a live pointer to a struct with its size in the first field.
    (&unsafe { next_peer(after_id, peer) }).into()
}

unsafe fn next_peer(after_id: u64, peer: *mut wsp_trace_peer) -> Result {
    // SAFETY: as this function's caller says.
    let size = unsafe { checked_size(peer) }?;
    if LISTENER.lock().is_none() {
        return Err(off());
    }
    let row = trace::peer_after(after_id).ok_or_else(none)?;
    // SAFETY: as this function's caller says.
    unsafe { write(lend(|lent| describe(&row, size, lent)), peer, size) }
}

fn describe(row: &PeerRow, struct_size: usize, lent: &mut Lent) -> wsp_trace_peer {
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

/// Returns the number of a peer in the trace: never 0 (which stands for NULL), the same for its whole life, and of no other peer of the
/// process.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_trace_id(peer: *mut wsp_peer) -> u64 {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { with(peer, |content| Ok(content.object.trace_id())) }.unwrap_or(0)
}

/// The size in the caller's struct, checked before anything is taken.
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

fn lend<T>(fill: impl FnOnce(&mut Lent) -> T) -> T {
    LENT.with_borrow_mut(fill)
}

fn off() -> Error {
    Error::new(ErrorCode::Unconfigured, "the trace is off")
}

fn none() -> Error {
    Error::new(ErrorCode::Unavailable, "nothing waits")
}
