//! `wsp_event`.

use std::ffi::c_char;

use super::text::Lent;
use super::versioned::{Versioned, read, size_of_caller, write};
use crate::error::Result;
use crate::peer::PeerEvent;

/// What happened. The fields that each kind fills are named; others are 0 or NULL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum wsp_event_type {
    /// Nothing.
    WSP_EVENT_NONE = 0,
    /// A connection is open. `text`: the selected sub-protocol, or "".
    WSP_EVENT_OPENED = 1,
    /// A message. `data`, `len`, `is_text`.
    WSP_EVENT_MESSAGE = 2,
    /// The remote end's close frame was read; WSP_EVENT_CLOSED follows. `code` (0 where it had none), `text`: the reason.
    WSP_EVENT_CLOSE_REQUEST = 3,
    /// A connection is over, and its id names nobody any more. `was_clean`.
    WSP_EVENT_CLOSED = 4,
    /// A connection could not be made; on a server, a handshake came to nothing. Nothing else is ever told of it. `text`: why.
    WSP_EVENT_FAILED = 5,
    /// A client asks to be let in: wsp_server_accept_request() or wsp_server_reject_request(). Only where the option auto_accept of the
    /// server's peers is 0.
    WSP_EVENT_REQUEST = 6,
    /// Multiplayer mode: the peer can be reached.
    WSP_EVENT_PEER_CONNECTED = 7,
    /// Multiplayer mode: the peer is gone.
    WSP_EVENT_PEER_DISCONNECTED = 8,
    /// Multiplayer mode: a packet. `data`, `len`.
    WSP_EVENT_PACKET = 9,
    /// Multiplayer mode, client: the server has introduced itself.
    WSP_EVENT_CONNECTION_SUCCEEDED = 10,
    /// Multiplayer mode, client: the connection could not be made or is over. `text`: why.
    WSP_EVENT_CONNECTION_FAILED = 11,
    /// Multiplayer mode, client: an established connection is over; WSP_EVENT_CONNECTION_FAILED follows.
    WSP_EVENT_SERVER_DISCONNECTED = 12,
    /// Client: it will connect again. `attempt` (from 1), `delay` in seconds.
    WSP_EVENT_RECONNECTING = 13,
    /// Client: it has connected again; follows WSP_EVENT_OPENED.
    WSP_EVENT_RECONNECTED = 14,
}

use wsp_event_type::*;

/// An event, taken by wsp_client_next_event() or wsp_server_next_event(). Start from WSP_EVENT_INIT. Later versions of the library
/// append fields; `struct_size` tells which ones the caller knows.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct wsp_event {
    /// sizeof(wsp_event) of the caller.
    pub struct_size: usize,
    /// A wsp_event_type. Later versions may have more: pass over what you do not know.
    pub r#type: i32,
    /// Whom it is about: on a client 1, the server; on a server 2 to 2147483647. In multiplayer mode the sender or the peer.
    pub peer: i32,
    /// Payload of a message or packet, never NULL there. Lent until the next event is taken.
    pub data: *const u8,
    /// Its length in bytes.
    pub len: usize,
    /// Sub-protocol, close reason or cause. Never NULL. Lent until the next event is taken.
    pub text: *const c_char,
    /// Code of a close request.
    pub code: i32,
    /// Number of an attempt to reconnect.
    pub attempt: u32,
    /// 1 for a message that was sent as text.
    pub is_text: u8,
    /// 1 where both ends have said goodbye.
    pub was_clean: u8,
    /// Not used.
    pub reserved: [u8; 6],
    /// Seconds until an attempt to reconnect begins.
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

/// What events lend to the caller.
#[derive(Debug, Default)]
pub(super) struct Told {
    packet: Vec<u8>,
    text: Lent,
}

impl Told {
    /// Where the payload of a message is to be put, in the place of what is there.
    pub fn packet(&mut self) -> &mut Vec<u8> {
        &mut self.packet
    }

    /// Puts a copy of a payload there.
    pub fn set_packet(&mut self, payload: &[u8]) {
        self.packet.clear();
        self.packet.extend_from_slice(payload);
    }

    /// Writes an event to the caller's struct. The payload of a message is in [`Self::packet`] already.
    ///
    /// # Safety
    /// `out` is NULL or points to a struct with its size in the first field.
    pub unsafe fn write(&mut self, event: &PeerEvent, is_text: bool, out: *mut wsp_event) -> Result {
        let mut told = NOTHING;
        let kind = match event {
            PeerEvent::Opened { id, protocol } => {
                told.peer = *id;
                told.text = self.text.set(protocol);
                WSP_EVENT_OPENED
            }
            PeerEvent::Request { id } => {
                told.peer = *id;
                WSP_EVENT_REQUEST
            }
            PeerEvent::Failed { id, reason } => {
                told.peer = *id;
                told.text = self.text.set(reason);
                WSP_EVENT_FAILED
            }
            PeerEvent::Message { id } | PeerEvent::Packet { id } => {
                told.peer = *id;
                told.data = self.packet.as_ptr();
                told.len = self.packet.len();
                told.is_text = u8::from(is_text);
                if matches!(event, PeerEvent::Message { .. }) { WSP_EVENT_MESSAGE } else { WSP_EVENT_PACKET }
            }
            PeerEvent::CloseRequest { id, code, reason } => {
                told.peer = *id;
                told.code = *code;
                told.text = self.text.set(reason);
                WSP_EVENT_CLOSE_REQUEST
            }
            PeerEvent::Closed { id, was_clean } => {
                told.peer = *id;
                told.was_clean = u8::from(*was_clean);
                WSP_EVENT_CLOSED
            }
            PeerEvent::PeerConnected { id } => {
                told.peer = *id;
                WSP_EVENT_PEER_CONNECTED
            }
            PeerEvent::PeerDisconnected { id } => {
                told.peer = *id;
                WSP_EVENT_PEER_DISCONNECTED
            }
            PeerEvent::ConnectionSucceeded => WSP_EVENT_CONNECTION_SUCCEEDED,
            PeerEvent::ConnectionFailed { reason } => {
                told.text = self.text.set(reason);
                WSP_EVENT_CONNECTION_FAILED
            }
            PeerEvent::ServerDisconnected => WSP_EVENT_SERVER_DISCONNECTED,
            PeerEvent::Reconnecting { attempt, delay } => {
                told.attempt = *attempt;
                told.delay = delay.as_secs_f64();
                WSP_EVENT_RECONNECTING
            }
            PeerEvent::Reconnected => WSP_EVENT_RECONNECTED,
        };
        told.r#type = kind as i32;
        // SAFETY: as this function.
        unsafe { write(told, out, size_of_caller(out)) }
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
