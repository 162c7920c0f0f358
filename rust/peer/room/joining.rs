//! Decides how a client joins a server's room: it connects, and waits for the id that the server assigns.

use std::time::Instant;

use super::closing::{close_without_answer, drop_connection};
use super::events::RoomEvent;
use super::peer_cell::PeerCell;
use super::room_peer::RoomPeer;
use super::room_state::{JOINING, MultiplayerPeer, RoomRole};
use crate::peer::connection::websocket_peer::WebSocketPeer;
use crate::peer::peer_ids::SERVER_ID;
use crate::peer::state::State;
use crate::proto::close_code;

/// How far a client has come.
enum JoinProgress {
    Waiting,
    /// The server has assigned this id.
    Assigned(i32),
    /// There will be no id, for this reason.
    Failed(String),
}

impl<S: PeerCell> MultiplayerPeer<S> {
    /// Advances a client until it has its id.
    pub(super) fn poll_joining(&mut self, now: Instant) {
        let Some(mut server) = self.connecting.remove(&JOINING) else { return };
        let (progress, has_advanced) = server.cell.with((JoinProgress::Waiting, false), |peer| {
            let state = peer.state();
            peer.poll_at(now);
            (receive_id(peer), peer.state() != state || peer.has_opening_advanced())
        });
        if has_advanced && server.is_late(now) {
            // The server was in time, and this program polls too late.
            server.extend(now, &self.options);
        }
        match progress {
            JoinProgress::Assigned(id) => {
                self.role = RoomRole::Client { id: Some(id) };
                self.peers.insert(SERVER_ID, RoomPeer::new(server.cell));
                self.events.push_back(RoomEvent::Connected(SERVER_ID));
            }
            JoinProgress::Waiting if !server.is_late(now) => {
                self.connecting.insert(JOINING, server);
            }
            JoinProgress::Waiting => {
                server.cell.with((), drop_connection);
                let time = self.options.handshake_timeout;
                self.fail(server.cell, &format!("the server did not admit this client within {time:?}"));
            }
            JoinProgress::Failed(reason) => self.fail(server.cell, &reason),
        }
    }

    fn fail(&mut self, connection: S, reason: &str) {
        self.reset();
        self.former_server = Some(connection);
        self.last_error.set(reason);
    }
}

/// Reads the id, which is the server's first message: four bytes, little-endian.
fn receive_id(peer: &mut WebSocketPeer) -> JoinProgress {
    if peer.packet_count() == 0 {
        return match peer.state() {
            State::Closed if peer.was_closed_cleanly() => {
                let (code, reason) = (peer.close_code(), peer.close_reason());
                JoinProgress::Failed(format!("the server closed the connection: {code} {reason}"))
            }
            State::Closed => JoinProgress::Failed(peer.error_message().to_owned()),
            State::Connecting | State::Open | State::Closing => JoinProgress::Waiting,
        };
    }
    match peer.take_packet().ok().and_then(|packet| packet.try_into().ok()).map(i32::from_le_bytes) {
        Some(id) if id > SERVER_ID => JoinProgress::Assigned(id),
        _ => {
            close_without_answer(peer, close_code::NORMAL, "");
            JoinProgress::Failed("the server's first message is not an id".to_owned())
        }
    }
}
