//! Godot 3's `gd_mp_api` on a server: introductions and relaying.

use super::{Server, ServerPeerState};
use crate::error::{Error, ErrorCode, Result};
use crate::peer::godot3_packets::{HEADER, Packet, SERVER, addresses};
use crate::peer::state::State;
use crate::proto::frame::MessageKind;

impl Server {
    /// Tells a new peer who it and the others are, and the others of it.
    pub(super) fn introduce(&mut self, id: i32) {
        let others: Vec<i32> = self.connected.iter().copied().filter(|other| *other != id).collect();
        self.tell(id, Packet::Id(id));
        self.tell(id, Packet::Add(SERVER));
        for other in others {
            self.tell(other, Packet::Add(id));
            self.tell(id, Packet::Add(other));
        }
    }

    /// Tells the others that a peer is gone.
    pub(super) fn farewell(&mut self, id: i32) {
        let message = Packet::Remove(id).encode();
        let result = self.broadcast(0, Some(id), MessageKind::Binary, &message);
        let _noted = self.record_error(result);
    }

    fn tell(&mut self, id: i32, packet: Packet<'_>) {
        let message = packet.encode();
        if let Some(entry) = self.entries.get_mut(&id).filter(|entry| entry.stage == ServerPeerState::Open) {
            let result = entry.peer.send(MessageKind::Binary, &message);
            let _noted = self.record_error(result);
            self.watch(id);
        }
    }

    /// Reads a peer's packets as long as the program has room for them, and passes them on to whom they are for. What is too
    /// short, of another type than a program's, or pretends to come from somebody else is dropped; the link stays.
    pub(super) fn route(&mut self, id: i32) {
        loop {
            let Some(entry) = self.entries.get_mut(&id) else { return };
            if entry.stage == ServerPeerState::Leaving {
                return;
            }
            let limits = &entry.peer.options;
            let is_full = entry.listed.0 >= limits.max_queued_packets || entry.listed.1 >= limits.inbound_buffer_size;
            if is_full && entry.peer.state() != State::Closed {
                return;
            }
            let Ok(message) = entry.peer.take_packet() else { return };
            let Some(Packet::Payload { from, to, data }) = Packet::parse(message) else { continue };
            if from != id {
                continue;
            }
            let relayed = (to != SERVER).then(|| message.to_vec());
            if addresses(to, SERVER) {
                self.packets.push(from, data);
                self.events.push_back(crate::peer::PeerEvent::Packet { id: from });
                let bytes = data.len();
                entry.listed = (entry.listed.0 + 1, entry.listed.1 + bytes);
            }
            if let Some(message) = relayed {
                let result = self.broadcast(to, Some(id), MessageKind::Binary, &message);
                let _noted = self.record_error(result);
            }
        }
    }

    /// Chooses who gets the next packets: an id, 0 for everybody, a negative id for everybody else.
    pub fn set_target_peer(&mut self, target: i32) {
        self.target = target;
    }

    /// See [`Self::set_target_peer`].
    pub fn target_peer(&self) -> i32 {
        self.target
    }

    /// Sends a packet to the target.
    pub fn put_packet(&mut self, data: &[u8]) -> Result {
        let result = self.try_put(self.target, data);
        self.record_error(result)
    }

    fn try_put(&mut self, target: i32, data: &[u8]) -> Result {
        self.check_multiplayer()?;
        if target == SERVER {
            return Ok(());
        }
        if target > 0 && !self.entries.get(&target).is_some_and(|entry| entry.stage == ServerPeerState::Open) {
            return Err(Error::new(ErrorCode::Failed, format!("there is no peer {target}")));
        }
        let message = Packet::Payload { from: SERVER, to: target, data }.encode();
        self.broadcast(target, None, MessageKind::Binary, &message)
    }

    /// Bytes that one packet can have.
    pub fn max_put_size(&self) -> usize {
        match self.options.peer.outbound_buffer_size {
            0 => usize::MAX,
            limit => limit.saturating_sub(HEADER),
        }
    }

    /// Takes the oldest packet that an event has told of, with its sender; lent until the next call.
    pub fn take_packet(&mut self) -> Result<(i32, &[u8])> {
        if let Some(from) = self.packets.source()
            && let Some(entry) = self.entries.get_mut(&from)
        {
            let bytes = self.packets.next_len();
            entry.listed = (entry.listed.0.saturating_sub(1), entry.listed.1.saturating_sub(bytes));
            // There may be room for more now.
            self.rouse(from);
        }
        self.packets.pop().ok_or_else(|| Error::new(ErrorCode::Unavailable, "no packet is waiting"))
    }

    /// Number of packets that can be taken.
    pub fn waiting_packets(&self) -> usize {
        self.packets.len()
    }

    /// Who sent the packet that is taken next; `None` where none waits.
    pub fn packet_source(&self) -> Option<i32> {
        self.packets.source()
    }

    fn check_multiplayer(&self) -> Result {
        if self.is_multiplayer() {
            return Ok(());
        }
        let message = "packets of the server itself are for multiplayer mode; use the peer's";
        Err(Error::new(ErrorCode::Unconfigured, message))
    }
}
