//! Decides what the delivery of an event makes visible to the program.

use super::server_peer::ServerPeerState;
use super::server_state::Server;
use crate::peer::event::PeerEvent;

impl Server {
    /// Delivers the next event, in the order in which they happened; `None` if there is none. A message can be read,
    /// and a peer counts as disconnected, from the delivery of its event on.
    pub fn next_event(&mut self) -> Option<PeerEvent> {
        let event = self.take_event();
        if event.is_none() {
            self.drop_ended();
        }
        event
    }

    /// [`Self::next_event`] for callers that call [`Self::drop_ended`] themselves.
    pub fn take_event(&mut self) -> Option<PeerEvent> {
        while let Some(event) = self.events.pop_front() {
            if self.apply(&event) {
                return Some(event);
            }
        }
        None
    }

    /// Applies an event. Returns `false` if it became obsolete and is not delivered.
    fn apply(&mut self, event: &PeerEvent) -> bool {
        match event {
            PeerEvent::Message { id } => {
                let peer = self.peers.get_mut(id).filter(|peer| peer.state != ServerPeerState::Closing);
                peer.is_some_and(|peer| peer.messages.deliver())
            }
            PeerEvent::Packet { .. } => self.godot3_packets.deliver(),
            PeerEvent::Request { id } => {
                self.peers.get(id).is_some_and(|peer| peer.state == ServerPeerState::AwaitingDecision)
            }
            PeerEvent::Closed { id, .. } | PeerEvent::PeerDisconnected { id } => {
                if let Some(peer) = self.peers.get_mut(id) {
                    peer.state = ServerPeerState::EndDelivered;
                    self.ended.push(*id);
                }
                true
            }
            _ => true,
        }
    }

    /// Returns the number of queued events; [`Self::next_event`] may deliver fewer.
    pub fn event_count(&self) -> usize {
        self.events.len()
    }

    /// Returns whether events are queued.
    pub fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// Drops the peers whose event of the end was delivered. The next poll does it, and [`Self::next_event`] if there
    /// is no event.
    pub fn drop_ended(&mut self) {
        for id in self.ended.drain(..) {
            self.peers.remove(&id);
            self.connected.remove(&id);
        }
    }
}
