//! Decides what a poll of a room does, and when an ended connection becomes the departure of a peer.

use std::time::Instant;

use super::events::RoomEvent;
use super::peer_cell::PeerCell;
use super::receiving::{discard_packets, receive_packets};
use super::room_peer::RoomPeerState;
use super::room_state::{MultiplayerPeer, RoomRole};
use crate::net::clock;
use crate::peer::state::State;

impl<S: PeerCell> MultiplayerPeer<S> {
    /// Advances the room: accepts, connects, sends queued data, reads. Never blocks. Events that were not delivered are
    /// kept.
    pub fn poll(&mut self) {
        self.poll_at(clock::now());
    }

    /// [`Self::poll`] at a given time.
    pub fn poll_at(&mut self, now: Instant) {
        self.drop_departed();
        match self.role {
            RoomRole::Unused => return,
            RoomRole::Server { .. } => {
                // Requests are read before silent connections make room for new ones.
                self.poll_handshaking(0, now);
                let first_new = self.accept_connections(now);
                self.poll_handshaking(first_new, now);
            }
            RoomRole::ShuttingDown { deadline } => self.advance_shutdown(deadline, now),
            RoomRole::Client { .. } => self.poll_joining(now),
        }
        self.poll_peers(now);
        self.packets.release();
    }

    fn poll_peers(&mut self, now: Instant) {
        // Each peer's poll flushes; what the network does not accept now waits for the next poll.
        self.has_unflushed = false;
        for (id, room_peer) in &mut self.peers {
            if room_peer.state == RoomPeerState::Departed {
                continue;
            }
            let packets = &mut self.packets;
            let is_closing = room_peer.state == RoomPeerState::Closing;
            let has_ended = room_peer.cell.with(false, |peer| {
                peer.poll_at(now);
                let has_ended = peer.state() == State::Closed;
                if is_closing {
                    discard_packets(peer);
                } else {
                    receive_packets(*id, peer, packets, has_ended);
                }
                has_ended
            });
            if !has_ended {
                continue;
            }
            room_peer.state = match room_peer.state {
                RoomPeerState::Open { is_reported } if packets.has_unread(*id) => RoomPeerState::Ended { is_reported },
                _ => {
                    self.events.push_back(RoomEvent::Disconnected(*id));
                    RoomPeerState::Departed
                }
            };
        }
    }
}
