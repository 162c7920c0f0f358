//! Decides what the delivery of an event makes visible to the program.

use super::client_state::{Client, ClientPhase, ClientStatus};
use crate::peer::event::PeerEvent;
use crate::peer::peer_ids::SERVER_ID;

impl Client {
    /// Delivers the next event, in the order in which they happened; `None` if there is none. The status and the
    /// readable messages follow the events delivered so far.
    pub fn next_event(&mut self) -> Option<PeerEvent> {
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
            PeerEvent::Message { .. } => {
                return !matches!(self.phase, ClientPhase::Closing { .. }) && self.messages.deliver();
            }
            PeerEvent::Packet { .. } => return self.godot3.packets.deliver(),
            PeerEvent::PeerConnected { id } => {
                self.godot3.reachable.insert(*id);
                // Before `ConnectionSucceeded`, because handlers of this event already send packets to the peer.
                self.status = ClientStatus::Connected;
            }
            PeerEvent::PeerDisconnected { id } => {
                self.godot3.reachable.remove(id);
                // A server can announce its own departure and stay connected; the end of the connection counts.
                if *id == SERVER_ID && self.phase != ClientPhase::Open {
                    self.status = ClientStatus::Disconnected;
                }
            }
            PeerEvent::Opened { .. } | PeerEvent::ConnectionSucceeded => self.status = ClientStatus::Connected,
            PeerEvent::Closed { .. }
            | PeerEvent::Failed { .. }
            | PeerEvent::ConnectionFailed { .. }
            | PeerEvent::ServerDisconnected => {
                self.godot3.reachable.clear();
                self.status = ClientStatus::Disconnected;
            }
            PeerEvent::Reconnecting { .. } => self.status = ClientStatus::Connecting,
            _ => {}
        }
        true
    }

    /// Returns the number of queued events; [`Self::next_event`] may deliver fewer.
    pub fn event_count(&self) -> usize {
        self.events.len()
    }

    /// Returns whether events are queued.
    pub fn has_events(&self) -> bool {
        !self.events.is_empty()
    }
}
