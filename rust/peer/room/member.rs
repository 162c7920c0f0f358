//! Connections of a room, before and after they belong to it.

use std::time::Instant;

use super::SERVER;
use super::packet_queue::RoomPacketQueue;
use super::peer_cell::PeerCell;
use crate::error::{Error, ErrorCode, Result};
use crate::net::{ServerTls, TlsStream, Transport};
use crate::peer::trace::PeerClass;
use crate::peer::{ConnectionOptions, State, WebSocketPeer};
use crate::proto::frame::MessageKind;
use crate::proto::handshake::HttpAnswer;

/// Close code of a room that says goodbye to its clients (RFC 6455 section 7.4.1, "going away").
pub(super) const GOING_AWAY: i32 = 1001;
/// HTTP status for whom the program does not want (RFC 9110 section 15.5.4).
pub(super) const FORBIDDEN: u16 = 403;
/// HTTP status for whom there is no place now (RFC 9110 section 15.6.4).
pub(super) const SERVICE_UNAVAILABLE: u16 = 503;
/// Close code for whom there is no place any more after the handshake (IANA's registry, "try again later").
pub(super) const TRY_AGAIN_LATER: i32 = 1013;
/// Close code of an orderly end.
pub(super) const NORMAL: i32 = 1000;

/// A connection that is no member yet.
#[derive(Debug)]
pub(super) struct Pending<S> {
    pub id: i32,
    pub cell: S,
    pub deadline: Option<Instant>,
    /// The program was asked about the request.
    pub is_asked: bool,
}

#[derive(Debug)]
pub(super) struct Member<S> {
    pub cell: S,
    pub stage: MemberState,
    /// The connection has ended behind packets that the program gets one poll to read.
    pub has_ended: bool,
    /// This end has disconnected it and wants nothing more from it.
    pub is_dismissed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MemberState {
    /// The event of its arrival was not told yet.
    Arriving,
    /// It can be reached.
    Present,
    /// The event of its departure was not told yet, or was told last.
    Leaving,
}

impl<S: PeerCell> Pending<S> {
    pub fn new(id: i32, peer: WebSocketPeer, options: &ConnectionOptions, now: Instant) -> Self {
        let deadline = now.checked_add(options.handshake_time_limit());
        Self { id, cell: S::new(peer), deadline, is_asked: false }
    }

    pub fn is_late(&self, now: Instant) -> bool {
        self.deadline.is_some_and(|deadline| now >= deadline)
    }
}

impl<S: PeerCell> Member<S> {
    pub fn new(cell: S) -> Self {
        Self { cell, stage: MemberState::Arriving, has_ended: false, is_dismissed: false }
    }

    /// Whether its event was told and its departure was not noticed yet.
    pub fn is_reachable(&self) -> bool {
        self.stage == MemberState::Present && !self.is_dismissed
    }

    /// Whether it takes one of the places.
    pub fn is_connected(&self) -> bool {
        self.stage != MemberState::Leaving && !self.has_ended && !self.is_dismissed
    }

    /// Sends a packet; returns whether it waits for a flush.
    pub fn send(&self, id: i32, payload: &[u8]) -> Result<bool> {
        let busy = || Err(Error::new(ErrorCode::Busy, "the connection is in the middle of another call"));
        let result =
            self.cell.with(busy(), |peer| peer.send(MessageKind::Binary, payload).map(|()| peer.has_unflushed()));
        result.map_err(|error| Error::new(error.code(), format!("peer {id}: {}", error.message())))
    }
}

/// A server's side of a new connection. Its request waits until the room has seen it.
pub(super) fn accept(
    socket: Box<dyn Transport>,
    tls: Option<&ServerTls>,
    options: &ConnectionOptions,
) -> Result<WebSocketPeer> {
    let transport = match tls {
        Some(tls) => Box::new(TlsStream::server(socket, tls)?),
        None => socket,
    };
    let mut peer = WebSocketPeer::with_trace_class(PeerClass::Multiplayer);
    peer.options = ConnectionOptions { auto_accept: false, ..options.clone() };
    peer.accept_stream(transport)?;
    Ok(peer)
}

/// Answers a request, unless the program is to do that.
pub(super) fn decide(peer: &mut WebSocketPeer, full: Option<&str>, auto_accept: bool) {
    // A request that cannot be accepted or refused is answered with what is wrong with it, and that is all there is to do.
    let _answered = match full {
        Some(why) => peer.reject_request(
            HttpAnswer { reason: why.to_owned(), ..HttpAnswer::new(SERVICE_UNAVAILABLE) }.with_body(why),
        ),
        None if auto_accept => peer.accept_request(&[]),
        None => Ok(()),
    };
}

/// Turns away a client whose request waits.
pub(super) fn forbid(peer: &mut WebSocketPeer) {
    // It may have gone meanwhile.
    let _answered = peer.reject_request(HttpAnswer::new(FORBIDDEN));
    let _dropped = peer.close(-1, "");
}

/// The id that a server sends as its first message; why there will be none as the error.
pub(super) fn receive_id(peer: &mut WebSocketPeer) -> Result<Option<i32>, String> {
    if peer.packet_count() == 0 {
        return match peer.state() {
            State::Closed if peer.close_code() >= 0 => {
                Err(format!("the server closed the connection: {} {}", peer.close_code(), peer.close_reason()))
            }
            State::Closed => Err(peer.error_message().to_owned()),
            _ => Ok(None),
        };
    }
    let id = peer.take_packet().ok().and_then(|packet| packet.try_into().ok()).map(i32::from_le_bytes);
    match id {
        Some(id) if id > SERVER => Ok(Some(id)),
        _ => {
            close_now(peer, NORMAL, "");
            Err("the server's first message is no id".to_owned())
        }
    }
}

/// Why a peer has left, in words.
pub(super) fn why_left(id: i32, peer: &WebSocketPeer) -> String {
    match (peer.close_code(), peer.error_message(), peer.close_reason()) {
        (-1, "", _) => format!("peer {id}: this end dropped the connection"),
        (-1, lost, _) => format!("peer {id}: {lost}"),
        (code, _, "") => format!("peer {id}: closed with code {code}"),
        (code, _, reason) => format!("peer {id}: closed with code {code}, {reason}"),
    }
}

/// Moves a peer's packets to the common queue, all of them where none will follow.
pub(super) fn receive(id: i32, peer: &mut WebSocketPeer, inbox: &mut RoomPacketQueue, all: bool, is_dismissed: bool) {
    while peer.packet_count() > 0 && (all || is_dismissed || inbox.has_room(id, &peer.options)) {
        if let Ok(packet) = peer.take_packet()
            && !packet.is_empty()
            && !is_dismissed
        {
            inbox.push(id, packet);
        }
    }
}

/// Sends a close frame and does not wait for the answer.
pub(super) fn close_now(peer: &mut WebSocketPeer, code: i32, reason: &str) {
    // Refused only where there is no open connection.
    let _refused = peer.close(code, reason);
    let _dropped = peer.close(-1, "");
}

/// Drops a connection that never came to be.
pub(super) fn drop_connection<S: PeerCell>(cell: &S) {
    cell.with((), |peer| {
        let _dropped = peer.close(-1, "");
    });
}
