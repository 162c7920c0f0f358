//! Decides what a poll of a client does in each phase.

use std::time::Instant;

use super::client_state::{Client, ClientPhase};
use crate::net::clock;
use crate::peer::event::PeerEvent;
use crate::peer::peer_ids::SERVER_ID;
use crate::peer::state::State;

impl Client {
    /// Advances the client: connects, sends queued data, reads. Never blocks.
    pub fn poll(&mut self) {
        self.poll_at(clock::now());
    }

    /// [`Self::poll`] at a given time.
    pub fn poll_at(&mut self, now: Instant) {
        match self.phase {
            ClientPhase::Idle => {}
            ClientPhase::WaitingToReconnect(time) if now < time => {}
            // The next connection has messages of its own, so those of the last one are read first.
            ClientPhase::WaitingToReconnect(_) if self.has_message_event() => {}
            ClientPhase::WaitingToReconnect(_) => self.reconnect(now),
            ClientPhase::Connecting => self.poll_connecting(now),
            ClientPhase::Open | ClientPhase::Closing { .. } => self.poll_open(now),
        }
    }

    fn has_message_event(&self) -> bool {
        self.events.iter().any(|event| matches!(event, PeerEvent::Message { .. }))
    }

    fn poll_open(&mut self, now: Instant) {
        self.peer.poll_at(now);
        if self.is_multiplayer {
            self.receive_godot3_packets();
        } else if self.phase == ClientPhase::Open {
            self.messages.queue(SERVER_ID, self.peer.packet_count(), &mut self.events);
        }
        if self.peer.state() == State::Closed {
            self.queue_end(now);
        }
    }
}
