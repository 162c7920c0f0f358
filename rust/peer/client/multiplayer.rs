//! Godot 3's `gd_mp_api` on a client.

use std::collections::BTreeSet;

use super::{Client, ClientPhase};
use crate::error::{Error, ErrorCode, Result};
use crate::peer::event::PeerEvent;
use crate::peer::godot3_packets::{HEADER, Packet, SERVER};
use crate::peer::state::State;
use crate::proto::frame::MessageKind;

/// Who is there, as far as the server has told.
#[derive(Debug, Default)]
pub(super) struct Members {
    own_id: i32,
    others: BTreeSet<i32>,
    /// Bytes of packets that the program has not taken.
    bytes: usize,
    packets: usize,
}

impl Client {
    /// Whether the connection is, or was, in multiplayer mode.
    pub fn is_multiplayer(&self) -> bool {
        self.is_multiplayer
    }

    /// The id that the server gave, 0 before; the last one after the end.
    pub fn unique_id(&self) -> i32 {
        self.multiplayer.own_id
    }

    /// Ids of the peers that can be reached: in multiplayer mode those that the server told of, else the server alone.
    pub fn peer_ids(&self) -> Vec<i32> {
        match (self.is_multiplayer, self.is_connected_to_host()) {
            (true, _) => self.multiplayer.others.iter().copied().collect(),
            (false, true) => vec![SERVER],
            (false, false) => Vec::new(),
        }
    }

    pub(super) fn read_packets(&mut self) {
        loop {
            let limits = &self.peer.options;
            let is_full = self.multiplayer.packets >= limits.max_queued_packets
                || self.multiplayer.bytes >= limits.inbound_buffer_size;
            if matches!(self.stage, ClientPhase::Leaving { .. }) || (is_full && self.peer.state() != State::Closed) {
                return;
            }
            let Ok(message) = self.peer.take_packet() else { return };
            match Packet::parse(message) {
                Some(Packet::Payload { from, data, .. }) => {
                    self.multiplayer.packets += 1;
                    self.multiplayer.bytes += data.len();
                    self.packets.push(from, data);
                    self.events.push_back(PeerEvent::Packet { id: from });
                }
                Some(Packet::Id(id)) => self.multiplayer.own_id = id,
                Some(Packet::Add(id)) if self.multiplayer.others.insert(id) => {
                    self.events.push_back(PeerEvent::PeerConnected { id });
                    if id == SERVER {
                        self.events.push_back(PeerEvent::ConnectionSucceeded);
                    }
                }
                Some(Packet::Remove(id)) if self.multiplayer.others.remove(&id) => {
                    self.events.push_back(PeerEvent::PeerDisconnected { id });
                }
                Some(Packet::Add(_) | Packet::Remove(_)) | None => {}
            }
        }
    }

    /// The link is over. Where it will be made again, those who were there are told to be gone, since the server will introduce
    /// them anew.
    pub(super) fn members_are_gone(&mut self, is_own_doing: bool) {
        if !is_own_doing && self.reconnect.enabled {
            let others = std::mem::take(&mut self.multiplayer.others);
            self.events.extend(others.into_iter().map(|id| PeerEvent::PeerDisconnected { id }));
        }
        let reason = if is_own_doing { "the program has disconnected" } else { self.peer.error_message() }.to_owned();
        if !is_own_doing {
            self.events.push_back(PeerEvent::ServerDisconnected);
        }
        self.events.push_back(PeerEvent::ConnectionFailed { reason });
    }

    /// Chooses who gets the next packets: an id, 0 for everybody, a negative id for everybody else.
    pub fn set_target_peer(&mut self, target: i32) {
        self.target_peer = target;
    }

    /// See [`Self::set_target_peer`].
    pub fn target_peer(&self) -> i32 {
        self.target_peer
    }

    /// Sends a packet to the target, by way of the server.
    pub fn put_packet(&mut self, data: &[u8]) -> Result {
        if !self.is_multiplayer {
            let message = "packets of the client itself are for multiplayer mode; use the peer's";
            let result = Err(Error::new(ErrorCode::Unconfigured, message));
            return self.record_error(result);
        }
        let packet = Packet::Payload { from: self.multiplayer.own_id, to: self.target_peer, data };
        self.send(MessageKind::Binary, &packet.encode())
    }

    /// Bytes that one packet can have.
    pub fn max_put_size(&self) -> usize {
        match self.options.outbound_buffer_size {
            0 => usize::MAX,
            limit => limit.saturating_sub(HEADER),
        }
    }

    /// Takes the oldest packet that an event has told of, with its sender; lent until the next call.
    pub fn take_packet(&mut self) -> Result<(i32, &[u8])> {
        let none = || Error::new(ErrorCode::Unavailable, "no packet is waiting");
        let (from, data) = self.packets.pop().ok_or_else(none)?;
        self.multiplayer.packets = self.multiplayer.packets.saturating_sub(1);
        self.multiplayer.bytes = self.multiplayer.bytes.saturating_sub(data.len());
        Ok((from, data))
    }

    /// Number of packets that can be taken.
    pub fn waiting_packets(&self) -> usize {
        self.packets.len()
    }

    /// Who sent the packet that is taken next; `None` where none waits.
    pub fn packet_source(&self) -> Option<i32> {
        self.packets.source()
    }
}
