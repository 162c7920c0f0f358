//! `wsp_event`: what servers and clients report.

use std::ffi::c_char;

use super::lent::LentTexts;
use super::versioned::{Versioned, read, size_of_caller, write};
use crate::error::Result;
use crate::peer::PeerEvent;

/// Kind of an event. Each names the fields that it fills; the others are 0, NULL or "".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum wsp_event_type {
    /// No event.
    WSP_EVENT_NONE = 0,
    /// A connection has opened. `text`: the selected sub-protocol, or "".
    WSP_EVENT_OPENED = 1,
    /// A message was received. `data`, `len`, `is_text`.
    WSP_EVENT_MESSAGE = 2,
    /// The remote peer's close frame was received; WSP_EVENT_CLOSED follows. `code` (0 if the frame had none), `text`:
    /// its reason.
    WSP_EVENT_CLOSE_REQUEST = 3,
    /// A connection has ended. Its id is never used again. `was_clean`.
    WSP_EVENT_CLOSED = 4,
    /// A connection could not be made; on a server, a client's handshake failed. No other event of that connection
    /// follows. `text`: the reason. On a server with `peer` 0: the operating system cannot accept connections, for lack
    /// of descriptors for example. They wait, and the server goes on trying.
    WSP_EVENT_FAILED = 5,
    /// Server: a client's request waits for wsp_server_accept_request() or wsp_server_reject_request(). Only if the
    /// option auto_accept of the server's peers is 0.
    WSP_EVENT_REQUEST = 6,
    /// Multiplayer mode: packets can be sent to the peer.
    WSP_EVENT_PEER_CONNECTED = 7,
    /// Multiplayer mode: the peer has disconnected.
    WSP_EVENT_PEER_DISCONNECTED = 8,
    /// Multiplayer mode: a packet was received. `data`, `len`.
    WSP_EVENT_PACKET = 9,
    /// Multiplayer mode, client: the server has assigned this client its id.
    WSP_EVENT_CONNECTION_SUCCEEDED = 10,
    /// Multiplayer mode, client: the connection could not be made or has ended. `text`: the reason.
    WSP_EVENT_CONNECTION_FAILED = 11,
    /// Multiplayer mode, client: an established connection has ended; WSP_EVENT_CONNECTION_FAILED follows.
    WSP_EVENT_SERVER_DISCONNECTED = 12,
    /// Client: it will reconnect. `attempt` (from 1), `delay` in seconds.
    WSP_EVENT_RECONNECTING = 13,
    /// Client: it has reconnected; follows WSP_EVENT_OPENED, in multiplayer mode WSP_EVENT_CONNECTION_SUCCEEDED.
    WSP_EVENT_RECONNECTED = 14,
}

use wsp_event_type::*;

/// An event, taken by wsp_client_next_event() or wsp_server_next_event(). Start from WSP_EVENT_INIT. Later versions
/// append fields; `struct_size` states which ones the caller knows.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct wsp_event {
    /// sizeof(wsp_event) of the caller.
    pub struct_size: usize,
    /// A wsp_event_type. Later versions may add types: ignore those you do not know.
    pub r#type: i32,
    /// The peer of the event: on a client 1, the server; on a server 2 to 2147483647. In multiplayer mode the sender of
    /// the packet, or the peer that connected or disconnected.
    pub peer: i32,
    /// Payload of a message or packet, never NULL in those events. Lent until the next event is taken.
    pub data: *const u8,
    /// Length of `data` in bytes.
    pub len: usize,
    /// Sub-protocol, close reason or reason of a failure. Never NULL. Lent until the next event is taken.
    pub text: *const c_char,
    /// Close code of a close request.
    pub code: i32,
    /// Number of the attempt to reconnect: from 1, and again from 1 after a connection that stayed open for 10 s.
    pub attempt: u32,
    /// 1 if the message was sent as text.
    pub is_text: u8,
    /// 1 if both close frames were exchanged.
    pub was_clean: u8,
    /// Unused.
    pub reserved: [u8; 6],
    /// Seconds until the attempt to reconnect begins.
    pub delay: f64,
}

const NOTHING: wsp_event = wsp_event {
    struct_size: size_of::<wsp_event>(),
    r#type: WSP_EVENT_NONE as i32,
    peer: 0,
    data: std::ptr::null(),
    len: 0,
    text: c"".as_ptr(),
    code: 0,
    attempt: 0,
    is_text: 0,
    was_clean: 0,
    reserved: [0; 6],
    delay: 0.0,
};

// SAFETY: the struct is `repr(C)`, begins with its size, and consists of numbers and pointers.
unsafe impl Versioned for wsp_event {
    const NAME: &'static str = "wsp_event";
    const ENDS: &'static [usize] = &[size_of::<wsp_event>()];
}

/// What the last event lends to the caller.
#[derive(Debug, Default)]
pub(super) struct LentEvent {
    payload: Vec<u8>,
    text: LentTexts,
}

impl LentEvent {
    /// Returns the buffer for the payload of a message, which replaces its content.
    pub fn payload_mut(&mut self) -> &mut Vec<u8> {
        &mut self.payload
    }

    /// Replaces the payload by a copy.
    pub fn set_payload(&mut self, payload: &[u8]) {
        self.payload.clear();
        self.payload.extend_from_slice(payload);
    }

    /// Writes an event to the caller's struct. The payload of a message is stored already.
    ///
    /// # Safety
    /// `out` is NULL or points to a struct with its size in the first field.
    pub unsafe fn write(&mut self, event: &PeerEvent, is_text: bool, out: *mut wsp_event) -> Result {
        let converted = self.converted(event, is_text);
        // SAFETY: as this function.
        unsafe { write(converted, out, size_of_caller(out)) }
    }

    fn converted(&mut self, event: &PeerEvent, is_text: bool) -> wsp_event {
        let of = |kind: wsp_event_type, peer: i32| wsp_event { r#type: kind as i32, peer, ..NOTHING };
        match event {
            PeerEvent::Opened { id, protocol } => {
                wsp_event { text: self.text.set(protocol), ..of(WSP_EVENT_OPENED, *id) }
            }
            PeerEvent::Request { id } => of(WSP_EVENT_REQUEST, *id),
            PeerEvent::Failed { id, reason } => wsp_event { text: self.text.set(reason), ..of(WSP_EVENT_FAILED, *id) },
            PeerEvent::Message { id } => {
                self.with_payload(wsp_event { is_text: u8::from(is_text), ..of(WSP_EVENT_MESSAGE, *id) })
            }
            PeerEvent::Packet { id } => self.with_payload(of(WSP_EVENT_PACKET, *id)),
            PeerEvent::CloseRequest { id, code, reason } => {
                wsp_event { code: *code, text: self.text.set(reason), ..of(WSP_EVENT_CLOSE_REQUEST, *id) }
            }
            PeerEvent::Closed { id, was_clean } => {
                wsp_event { was_clean: u8::from(*was_clean), ..of(WSP_EVENT_CLOSED, *id) }
            }
            PeerEvent::PeerConnected { id } => of(WSP_EVENT_PEER_CONNECTED, *id),
            PeerEvent::PeerDisconnected { id } => of(WSP_EVENT_PEER_DISCONNECTED, *id),
            PeerEvent::ConnectionSucceeded => of(WSP_EVENT_CONNECTION_SUCCEEDED, 0),
            PeerEvent::ConnectionFailed { reason } => {
                wsp_event { text: self.text.set(reason), ..of(WSP_EVENT_CONNECTION_FAILED, 0) }
            }
            PeerEvent::ServerDisconnected => of(WSP_EVENT_SERVER_DISCONNECTED, 0),
            PeerEvent::Reconnecting { attempt, delay } => {
                wsp_event { attempt: *attempt, delay: delay.as_secs_f64(), ..of(WSP_EVENT_RECONNECTING, 0) }
            }
            PeerEvent::Reconnected => of(WSP_EVENT_RECONNECTED, 0),
        }
    }

    fn with_payload(&self, event: wsp_event) -> wsp_event {
        wsp_event { data: self.payload.as_ptr(), len: self.payload.len(), ..event }
    }
}

/// Checks a caller's struct before an event is taken for it.
///
/// # Safety
/// `out` is NULL or points to a struct with its size in the first field.
pub(super) unsafe fn check(out: *const wsp_event) -> Result {
    // SAFETY: as this function.
    unsafe { read(out, NOTHING) }.map(|_| ())
}
