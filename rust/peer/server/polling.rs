//! Decides which connections a poll of a server looks at, and in which order.

use std::cmp::Reverse;
use std::time::Instant;

use super::listening::LISTENER_KEY;
use super::server_peer::{ServerPeer, ServerPeerState};
use super::server_state::Server;
use crate::net::clock;
use crate::net::poller::Poller;

impl Server {
    /// Advances every connection that has work: accepts, performs handshakes, sends, reads. Never blocks.
    pub fn poll(&mut self) {
        self.poll_at(clock::now());
    }

    /// [`Self::poll`] at a given time.
    pub fn poll_at(&mut self, now: Instant) {
        self.drop_ended();
        self.advance(now, usize::MAX, Poller::collect);
    }

    /// [`Self::poll`] from inside the handler of an event: peers whose event of the end was delivered stay known.
    pub fn poll_again(&mut self) {
        self.advance(clock::now(), usize::MAX, Poller::collect);
    }

    /// Advances the connections for which `collect` reports readiness, and those that have work, until about `budget`
    /// bytes of messages have arrived. The remaining ones are first in the next call.
    pub(super) fn advance(&mut self, now: Instant, budget: usize, collect: fn(&Poller, &mut Vec<u64>)) {
        if self.listening.is_none() {
            return;
        }
        self.activate_ready(collect);
        self.activate_expired(now);
        let (mut handshaking, mut postponed) = (Vec::new(), Vec::new());
        let mut received = 0;
        for id in std::mem::take(&mut self.active) {
            let Some(peer) = self.peers.get_mut(&id) else { continue };
            // Handshakes are not postponed, because accepting drops connections that are silent.
            if received >= budget && !peer.is_handshaking() {
                postponed.push(id);
                continue;
            }
            peer.is_active = false;
            if peer.is_handshaking() {
                handshaking.push((peer.arrival, id));
            } else {
                received += self.poll_connected(id, now);
            }
        }
        postponed.append(&mut self.active);
        self.active = postponed;
        handshaking.sort_unstable();
        for (_, id) in handshaking {
            self.poll_handshaking(id, now);
        }
        self.accept(now);
    }

    /// Activates the peers for which the poller reports readiness.
    fn activate_ready(&mut self, collect: fn(&Poller, &mut Vec<u64>)) {
        let Some(listening) = &mut self.listening else { return };
        let mut keys = Vec::new();
        collect(&listening.poller, &mut keys);
        listening.may_accept |= keys.contains(&(LISTENER_KEY as u64));
        for id in keys.into_iter().filter_map(|key| i32::try_from(key).ok()) {
            self.activate(id);
        }
    }

    /// Activates the peers whose deadline has passed.
    fn activate_expired(&mut self, now: Instant) {
        while let Some(Reverse((time, id))) = self.timers.peek().copied()
            && time <= now
        {
            self.timers.pop();
            if let (LISTENER_KEY, Some(listening)) = (id, &mut self.listening) {
                listening.may_accept = true;
            }
            // Entries of the heap for other moments are obsolete ones of the same peer.
            if let Some(peer) = self.peers.get_mut(&id)
                && peer.timer == Some(time)
            {
                peer.timer = None;
                match peer.peer.next_deadline() {
                    // The deadline has moved, as that of a handshake does when it is complete.
                    Some(later) if later > now => self.schedule(id),
                    Some(_) => _ = self.activate(id),
                    None => {}
                }
            }
        }
    }

    /// Schedules the next look at a peer: in the next poll if it has work, otherwise at its deadline.
    pub(super) fn schedule(&mut self, id: i32) {
        self.request_flush(id);
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let mut is_earlier = peer.peer.has_pending_work() && peer.activate(id, &mut self.active);
        if let Some(deadline) = peer.peer.next_deadline()
            && peer.timer.is_none_or(|timer| deadline < timer)
        {
            peer.timer = Some(deadline);
            self.timers.push(Reverse((deadline, id)));
            is_earlier = true;
        }
        if is_earlier {
            // A waiting thread blocks for longer than that.
            self.wake();
        }
    }

    /// Lets the next poll look at a peer. Returns whether it would not have.
    pub(super) fn activate(&mut self, id: i32) -> bool {
        self.peers.get_mut(&id).is_some_and(|peer| peer.activate(id, &mut self.active))
    }

    /// [`Self::activate`], and wakes a waiting thread, so that the poll comes soon.
    pub(super) fn activate_now(&mut self, id: i32) {
        self.activate(id);
        self.wake();
    }

    /// Polls a peer after its handshake. Returns the bytes of the messages that have arrived.
    fn poll_connected(&mut self, id: i32, now: Instant) -> usize {
        let Some(peer) = self.peers.get_mut(&id) else { return 0 };
        if matches!(peer.state, ServerPeerState::EndQueued | ServerPeerState::EndDelivered) {
            return 0;
        }
        let before = peer.peer.unread_bytes();
        peer.peer.poll_at(now);
        let received = peer.peer.unread_bytes().saturating_sub(before);
        if self.is_multiplayer() {
            self.receive_godot3_packets(id);
        } else {
            self.queue_messages(id);
        }
        self.queue_end(id);
        self.schedule(id);
        received
    }

    fn queue_messages(&mut self, id: i32) {
        let Some(ServerPeer { peer, state: ServerPeerState::Open, messages, .. }) = self.peers.get_mut(&id) else {
            return;
        };
        messages.queue(id, peer.packet_count(), &mut self.events);
    }
}
