//! Multiplayer mode (Godot 3's `gd_mp_api`) of a client: which peers the server has introduced, and their packets.

use std::collections::BTreeSet;

use super::client_state::{Client, ClientPhase};
use crate::error::Result;
use crate::peer::event::PeerEvent;
use crate::peer::godot3_packets::{Godot3Packet, ReceivedPackets, check_mode, max_payload};
use crate::peer::peer_ids::SERVER_ID;
use crate::peer::queue_usage::QueueUsage;
use crate::peer::state::State;
use crate::proto::frame::MessageKind;

/// What the server has sent in multiplayer mode.
#[derive(Debug, Default)]
pub(super) struct Godot3Client {
    /// The id of this client; 0 before the server has assigned it.
    own_id: i32,
    /// The peers that the server has introduced, itself included.
    introduced: BTreeSet<i32>,
    /// The introduced peers whose event was delivered.
    pub(super) reachable: BTreeSet<i32>,
    /// Whether the connection follows a lost one, which is reported after the server's introduction.
    pub(super) is_reconnecting: bool,
    pub(super) packets: ReceivedPackets,
    usage: QueueUsage,
}

impl Client {
    /// Returns whether the current or last connection is in multiplayer mode.
    pub fn is_multiplayer(&self) -> bool {
        self.is_multiplayer
    }

    /// Returns the id that the server has assigned, 0 before. It stays after the end of the connection.
    pub fn unique_id(&self) -> i32 {
        self.godot3.own_id
    }

    /// Returns the ids of the peers that can be sent packets, as of the events delivered so far: in multiplayer mode
    /// those that the server has introduced, otherwise the server's while connected.
    pub fn peer_ids(&self) -> Vec<i32> {
        match (self.is_multiplayer, self.is_connected_to_host()) {
            (true, _) => self.godot3.reachable.iter().copied().collect(),
            (false, true) => vec![SERVER_ID],
            (false, false) => Vec::new(),
        }
    }

    /// Reads packets while the program's queue has room; what the server sent before the end of the connection is read
    /// in any case.
    pub(super) fn receive_godot3_packets(&mut self) {
        if matches!(self.phase, ClientPhase::Closing { .. }) {
            return;
        }
        while self.godot3.usage.has_room(&self.peer.options) || self.peer.state() == State::Closed {
            let Ok(message) = self.peer.take_packet() else { return };
            match Godot3Packet::parse(message) {
                Some(Godot3Packet::Payload { from, data, .. }) => {
                    self.godot3.usage.add(data.len());
                    self.godot3.packets.push(from, data);
                    self.events.push_back(PeerEvent::Packet { id: from });
                }
                Some(Godot3Packet::OwnId(id)) => self.godot3.own_id = id,
                Some(Godot3Packet::AddPeer(id)) if self.godot3.introduced.insert(id) => {
                    self.events.push_back(PeerEvent::PeerConnected { id });
                    if id == SERVER_ID {
                        self.events.push_back(PeerEvent::ConnectionSucceeded);
                        if std::mem::take(&mut self.godot3.is_reconnecting) {
                            self.events.push_back(PeerEvent::Reconnected);
                        }
                    }
                }
                Some(Godot3Packet::RemovePeer(id)) if self.godot3.introduced.remove(&id) => {
                    self.events.push_back(PeerEvent::PeerDisconnected { id });
                }
                Some(Godot3Packet::AddPeer(_) | Godot3Packet::RemovePeer(_)) | None => {}
            }
        }
    }

    /// Queues the events of the end of the connection. If the client reconnects, all peers are reported as
    /// disconnected, because the server will introduce them again.
    pub(super) fn queue_godot3_end(&mut self, by_program: bool) {
        if by_program {
            let reason = "the program has disconnected".to_owned();
            return self.events.push_back(PeerEvent::ConnectionFailed { reason });
        }
        if self.reconnect.enabled {
            let peers = std::mem::take(&mut self.godot3.introduced);
            self.events.extend(peers.into_iter().map(|id| PeerEvent::PeerDisconnected { id }));
        }
        self.events.push_back(PeerEvent::ServerDisconnected);
        self.events.push_back(PeerEvent::ConnectionFailed { reason: self.peer.error_message().to_owned() });
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

    /// Sends a packet to the target; the server relays it.
    pub fn put_packet(&mut self, data: &[u8]) -> Result {
        let checked = check_mode(self.is_multiplayer);
        self.record_error(checked)?;
        let packet = Godot3Packet::Payload { from: self.godot3.own_id, to: self.target_peer, data };
        self.send(MessageKind::Binary, &packet.encode())
    }

    /// Returns the largest payload of one packet in bytes.
    pub fn max_packet_size(&self) -> usize {
        max_payload(self.options.outbound_buffer_size)
    }

    /// Takes the oldest packet whose event was delivered, with its sender; it is lent until the next call.
    pub fn take_packet(&mut self) -> Result<(i32, &[u8])> {
        // Afterwards there is room for more packets. A thread that is woken polls after this call.
        if self.peer.packet_count() > 0 || self.peer.needs_poll() {
            self.wake();
        }
        let (source, data) = self.godot3.packets.take()?;
        self.godot3.usage.remove(data.len());
        Ok((source, data))
    }

    /// Returns the number of packets that can be taken.
    pub fn waiting_packets(&self) -> usize {
        self.godot3.packets.readable()
    }

    /// Returns the sender of the packet that [`Self::take_packet`] returns next.
    pub fn packet_source(&self) -> Option<i32> {
        self.godot3.packets.next_source()
    }
}
