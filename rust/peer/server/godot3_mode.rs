//! Multiplayer mode (Godot 3's `gd_mp_api`) of a server: it introduces its peers to each other and relays their
//! packets.

use super::server_peer::ServerPeerState;
use super::server_state::Server;
use crate::error::{Error, ErrorCode, Result};
use crate::peer::event::PeerEvent;
use crate::peer::godot3_packets::{Godot3Packet, check_mode, max_payload};
use crate::peer::peer_ids::{BROADCAST, SERVER_ID, is_addressed};
use crate::peer::state::State;
use crate::proto::frame::MessageKind;

impl Server {
    /// Assigns a new peer its id, and introduces it and the others to each other.
    pub(super) fn introduce(&mut self, id: i32) {
        let others: Vec<i32> = self.connected.iter().copied().filter(|other| *other != id).collect();
        self.send_godot3_packet(id, Godot3Packet::OwnId(id));
        self.send_godot3_packet(id, Godot3Packet::AddPeer(SERVER_ID));
        self.relay(BROADCAST, id, &Godot3Packet::AddPeer(id).encode());
        for other in others {
            self.send_godot3_packet(id, Godot3Packet::AddPeer(other));
        }
    }

    /// Reports to the other peers that a peer is disconnected.
    pub(super) fn announce_departure(&mut self, id: i32) {
        let message = Godot3Packet::RemovePeer(id).encode();
        self.relay(BROADCAST, id, &message);
    }

    fn send_godot3_packet(&mut self, id: i32, packet: Godot3Packet<'_>) {
        let message = packet.encode();
        if let Some(peer) = self.peers.get_mut(&id).filter(|peer| peer.state == ServerPeerState::Open) {
            let result = peer.peer.send(MessageKind::Binary, &message);
            let _recorded = self.record_error(result);
            self.schedule(id);
        }
    }

    fn relay(&mut self, target: i32, source: i32, message: &[u8]) {
        let result = self.broadcast(target, Some(source), MessageKind::Binary, message);
        let _recorded = self.record_error(result);
    }

    /// Reads a peer's packets while the program's queue has room for it, and relays them to the peers that they
    /// address. A packet that is too short, of another type than a program's, or names another sender is dropped; the
    /// connection stays.
    pub(super) fn receive_godot3_packets(&mut self, id: i32) {
        loop {
            let Some(peer) = self.peers.get_mut(&id) else { return };
            if peer.state == ServerPeerState::Closing {
                return;
            }
            if !peer.usage.has_room(&peer.peer.options) && peer.peer.state() != State::Closed {
                return;
            }
            let Ok(message) = peer.peer.take_packet() else { return };
            let Some(Godot3Packet::Payload { from, to, data }) = Godot3Packet::parse(message) else { continue };
            if from != id {
                continue;
            }
            let relayed = (to != SERVER_ID).then(|| message.to_vec());
            if is_addressed(to, SERVER_ID) {
                self.godot3_packets.push(from, data);
                self.events.push_back(PeerEvent::Packet { id: from });
                let bytes = data.len();
                peer.usage.add(bytes);
            }
            if let Some(message) = relayed {
                self.relay(to, id, &message);
            }
        }
    }

    /// Sets the target of [`Self::put_packet`]: a peer's id, 0 for all peers, or a negative id for all peers but that
    /// one.
    pub fn set_target_peer(&mut self, target: i32) {
        self.target_peer = target;
    }

    /// Returns the target of [`Self::put_packet`].
    pub fn target_peer(&self) -> i32 {
        self.target_peer
    }

    /// Sends a packet to the target.
    pub fn put_packet(&mut self, data: &[u8]) -> Result {
        let result = self.try_put_packet(self.target_peer, data);
        self.record_error(result)
    }

    fn try_put_packet(&mut self, target: i32, data: &[u8]) -> Result {
        check_mode(self.is_multiplayer())?;
        if target == SERVER_ID {
            return Ok(());
        }
        if target > 0 && !self.peers.get(&target).is_some_and(|peer| peer.state == ServerPeerState::Open) {
            return Err(Error::new(ErrorCode::Failed, format!("there is no peer {target}")));
        }
        let message = Godot3Packet::Payload { from: SERVER_ID, to: target, data }.encode();
        self.broadcast(target, None, MessageKind::Binary, &message)
    }

    /// Returns the largest payload of one packet in bytes.
    pub fn max_packet_size(&self) -> usize {
        max_payload(self.options.peer.outbound_buffer_size)
    }

    /// Takes the oldest packet whose event was delivered, with its sender; it is lent until the next call.
    pub fn take_packet(&mut self) -> Result<(i32, &[u8])> {
        if let Some(source) = self.godot3_packets.next_source() {
            let bytes = self.godot3_packets.next_len();
            if let Some(peer) = self.peers.get_mut(&source) {
                peer.usage.remove(bytes);
                // Now there may be room for more packets.
                self.activate_now(source);
            }
        }
        self.godot3_packets.take()
    }

    /// Returns the number of packets that can be taken.
    pub fn waiting_packets(&self) -> usize {
        self.godot3_packets.readable()
    }

    /// Returns the sender of the packet that [`Self::take_packet`] returns next.
    pub fn packet_source(&self) -> Option<i32> {
        self.godot3_packets.next_source()
    }
}
