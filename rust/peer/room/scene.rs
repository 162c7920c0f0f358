//! The messages that Godot's `SceneMultiplayer` exchanges over a room, for programs without the engine: who is there, packets
//! that a server passes on from client to client, authentication, and plain bytes.
//!
//! The low three bits of a packet's first byte say what it is. Remote calls and replication pass through unread.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use super::peer_cell::{LocalPeerCell, PeerCell};
use super::room::MultiplayerPeer;
use super::{RoomEvent, SERVER};
use crate::error::{Error, ErrorCode, Result};
use crate::limits::SCENE_AUTH_TIMEOUT;
use crate::net::clock;

const COMMAND_MASK: u8 = 7;
const RAW: u8 = 3;
const SYSTEM: u8 = 7;

const AUTH: u8 = 0;
const ADD_PEER: u8 = 1;
const DEL_PEER: u8 = 2;
const RELAY: u8 = 3;

/// What a room has to tell, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SceneEvent {
    /// See [`RoomEvent::Requested`].
    Requested(i32),
    /// This peer can be sent packets from now on; on a client of a scene room the other clients too.
    Connected(i32),
    /// This peer is gone.
    Disconnected(i32),
    /// This peer waits for [`SceneRoom::complete_auth`].
    Authenticating(i32),
    /// This peer has gone, or was disconnected for taking too long, before its authentication was complete.
    AuthFailed(i32),
    /// A packet from this peer, which [`SceneRoom::data`] has: all of it in a plain room, and in a scene room what is neither
    /// of the following, such as remote calls.
    Packet(i32),
    /// What this peer has sent by `send_bytes()`, without the byte in front.
    Bytes(i32),
    /// What this peer has sent by `send_auth()`.
    Auth(i32),
}

/// A room, and the scene messages where they are wanted.
#[derive(Debug)]
pub struct SceneRoom<S: PeerCell = LocalPeerCell> {
    /// The room below.
    pub room: MultiplayerPeer<S>,
    is_scene: bool,
    needs_auth: bool,
    peers: BTreeMap<i32, Admission>,
    backlog: VecDeque<SceneEvent>,
    data: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
enum Admission {
    /// Which ends have completed the authentication, and when it is too late.
    Pending {
        local: bool,
        remote: bool,
        deadline: Instant,
    },
    Admitted,
}

impl<S: PeerCell> Default for SceneRoom<S> {
    fn default() -> Self {
        Self {
            room: MultiplayerPeer::default(),
            is_scene: false,
            needs_auth: false,
            peers: BTreeMap::new(),
            backlog: VecDeque::new(),
            data: Vec::new(),
        }
    }
}

impl<S: PeerCell> SceneRoom<S> {
    /// A plain room that is neither a client nor a server.
    pub fn new() -> Self {
        Self::default()
    }

    /// Chooses between a plain room and one that speaks with `SceneMultiplayer`, with or without authentication; before the
    /// room becomes a client or server.
    pub fn set_scene(&mut self, is_scene: bool, needs_auth: bool) -> Result {
        if self.room.status() != super::Status::Disconnected {
            let message = "the room is a client or server already; close it first";
            return self.room.record_error(Err(Error::new(ErrorCode::AlreadyInUse, message)));
        }
        self.is_scene = is_scene;
        self.needs_auth = is_scene && needs_auth;
        Ok(())
    }

    /// Forgets an earlier session; to be called when the room below has begun or ended one.
    pub fn reset(&mut self) {
        self.peers.clear();
        self.backlog.clear();
        self.data.clear();
    }

    /// Polls the room, and disconnects who takes too long to authenticate.
    pub fn poll(&mut self) {
        self.poll_at(clock::now());
    }

    /// [`Self::poll`] at a given time.
    pub fn poll_at(&mut self, now: Instant) {
        self.room.poll_at(now);
        let is_late =
            |admission: &Admission| matches!(admission, Admission::Pending { deadline, .. } if now >= *deadline);
        let late: Vec<i32> = self.peers.iter().filter(|(_, admission)| is_late(admission)).map(|(id, _)| *id).collect();
        for id in late {
            self.peers.remove(&id);
            // It may be gone already.
            let _gone = self.room.disconnect_peer(id, true);
            self.backlog.push_back(SceneEvent::AuthFailed(id));
        }
    }

    /// Tells what happened next: everything that a poll has found out is told in the order in which it happened.
    pub fn next_told(&mut self) -> Option<SceneEvent> {
        loop {
            if let Some(told) = self.backlog.pop_front() {
                return Some(told);
            }
            if let Some(event) = self.room.next_event() {
                if let Some(told) = self.on_event(event) {
                    return Some(told);
                }
                continue;
            }
            let Ok((source, packet)) = self.room.take_packet() else { return None };
            self.data.clear();
            self.data.extend_from_slice(packet);
            if let Some(told) = self.on_packet(source) {
                return Some(told);
            }
        }
    }

    /// The packet that [`Self::next_told`] told about last.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    fn on_event(&mut self, event: RoomEvent) -> Option<SceneEvent> {
        match event {
            RoomEvent::Requested(id) => Some(SceneEvent::Requested(id)),
            RoomEvent::Connected(id) if !self.needs_auth => Some(self.admit(id)),
            RoomEvent::Connected(id) => {
                let deadline = clock::now() + SCENE_AUTH_TIMEOUT;
                self.peers.insert(id, Admission::Pending { local: false, remote: false, deadline });
                Some(SceneEvent::Authenticating(id))
            }
            RoomEvent::Disconnected(id) => match self.peers.remove(&id) {
                Some(Admission::Pending { .. }) => Some(SceneEvent::AuthFailed(id)),
                Some(Admission::Admitted) => {
                    self.announce(DEL_PEER, id);
                    if !self.room.is_server() {
                        // Whoever was reached through the server is gone with it.
                        let others = std::mem::take(&mut self.peers);
                        self.backlog.extend(others.into_keys().map(SceneEvent::Disconnected));
                    }
                    Some(SceneEvent::Disconnected(id))
                }
                None => Some(SceneEvent::Disconnected(id)),
            },
        }
    }

    /// Lets a peer in. A server introduces it and the others to each other.
    fn admit(&mut self, id: i32) -> SceneEvent {
        if self.is_scene && self.room.is_server() {
            for other in self.admitted() {
                self.send_system(other, ADD_PEER, id, &[]);
                self.send_system(id, ADD_PEER, other, &[]);
            }
        }
        self.peers.insert(id, Admission::Admitted);
        SceneEvent::Connected(id)
    }

    /// A server's word to everybody about one of them.
    fn announce(&mut self, what: u8, id: i32) {
        if self.is_scene && self.room.is_server() {
            for other in self.admitted() {
                self.send_system(other, what, id, &[]);
            }
        }
    }

    fn admitted(&self) -> Vec<i32> {
        let is_admitted = |admission: &Admission| matches!(admission, Admission::Admitted);
        self.peers.iter().filter(|(_, admission)| is_admitted(admission)).map(|(id, _)| *id).collect()
    }

    fn is_admitted(&self, id: i32) -> bool {
        matches!(self.peers.get(&id), Some(Admission::Admitted))
    }

    fn send_system(&mut self, target: i32, what: u8, id: i32, rest: &[u8]) {
        // Why it could not be sent is noted; a peer that is leaving needs it no more.
        let _noted = self.room.send_to(target, &system(what, id, rest));
    }

    fn on_packet(&mut self, source: i32) -> Option<SceneEvent> {
        if !self.is_scene {
            return Some(SceneEvent::Packet(source));
        }
        match (self.data.first()? & COMMAND_MASK, self.data.get(1)) {
            (SYSTEM, Some(&AUTH)) => self.on_auth(source),
            // From who has not proved anything yet nothing else is heard.
            _ if !self.is_admitted(source) => None,
            (SYSTEM, what) => self.on_system(source, *what?),
            _ => self.on_payload(source),
        }
    }

    fn on_payload(&mut self, source: i32) -> Option<SceneEvent> {
        match self.data.first()? & COMMAND_MASK {
            RAW => {
                self.data.drain(..1);
                Some(SceneEvent::Bytes(source))
            }
            SYSTEM => None,
            _ => Some(SceneEvent::Packet(source)),
        }
    }

    fn on_auth(&mut self, source: i32) -> Option<SceneEvent> {
        let Some(Admission::Pending { local, remote, .. }) = self.peers.get_mut(&source) else { return None };
        if self.data.len() > 2 {
            self.data.drain(..2);
            return Some(SceneEvent::Auth(source));
        }
        *remote = true;
        if *local { Some(self.admit(source)) } else { None }
    }

    fn on_system(&mut self, source: i32, what: u8) -> Option<SceneEvent> {
        let id = i32::from_le_bytes(self.data.get(2..6)?.try_into().ok()?);
        let is_server = self.room.is_server();
        match what {
            RELAY if is_server => self.relay(source, id),
            RELAY if source == SERVER => {
                self.data.drain(..6);
                self.on_payload(id)
            }
            ADD_PEER if !is_server && id > SERVER => {
                self.peers.insert(id, Admission::Admitted);
                Some(SceneEvent::Connected(id))
            }
            DEL_PEER if !is_server && id > SERVER => self.peers.remove(&id).map(|_| SceneEvent::Disconnected(id)),
            _ => None,
        }
    }

    /// Passes a client's packet on: to one peer, to all others (0), or to all others but one (-id). Whoever has left
    /// meanwhile is left out.
    fn relay(&mut self, source: i32, target: i32) -> Option<SceneEvent> {
        self.data.drain(..6);
        if self.data.is_empty() {
            return None;
        }
        let packet = system(RELAY, source, &self.data);
        let excluded = target.checked_neg();
        let is_meant = |id: &i32| if target > 0 { *id == target } else { *id != source && Some(*id) != excluded };
        for id in self.admitted().into_iter().filter(is_meant) {
            let _noted = self.room.send_to(id, &packet);
        }
        if target <= 0 && target != -SERVER { self.on_payload(source) } else { None }
    }

    // Sending

    /// Sends a packet: to everybody (0), to one peer, or to everybody but `-target`. In a scene room it must be one of the
    /// engine's messages; a client's packets for other clients travel through the server.
    pub fn put_packet(&mut self, target: i32, packet: &[u8]) -> Result {
        if !self.is_scene || packet.is_empty() {
            return self.room.send_to(target, packet);
        }
        if target > 0 && !self.is_admitted(target) {
            let error = Error::new(ErrorCode::InvalidParameter, format!("there is no peer {target}"));
            return self.room.record_error(Err(error));
        }
        if !self.room.is_server() {
            return match target {
                SERVER => self.room.send_to(SERVER, packet),
                _ => self.room.send_to(SERVER, &system(RELAY, target, packet)),
            };
        }
        if target > 0 {
            return self.room.send_to(target, packet);
        }
        let excluded = target.checked_neg();
        let receivers = self.admitted().into_iter().filter(|id| Some(*id) != excluded);
        receivers.map(|id| self.room.send_to(id, packet)).fold(Ok(()), Result::and)
    }

    /// Sends what a `SceneMultiplayer` tells its program by the signal `peer_packet`; only in a scene room.
    pub fn send_bytes(&mut self, target: i32, bytes: &[u8]) -> Result {
        self.check_scene()?;
        self.put_packet(target, &[&[RAW], bytes].concat())
    }

    /// Sends a peer that authenticates something for its authentication.
    pub fn send_auth(&mut self, id: i32, bytes: &[u8]) -> Result {
        if bytes.is_empty() {
            let error = Error::new(ErrorCode::InvalidParameter, "authentication without data means its end");
            return self.room.record_error(Err(error));
        }
        self.pending(id)?;
        self.room.send_to(id, &[&[SYSTEM, AUTH], bytes].concat())
    }

    /// This end has nothing against the peer. When the other end has said so too, the peer is connected.
    pub fn complete_auth(&mut self, id: i32) -> Result {
        let (local, remote) = self.pending(id)?;
        if local {
            return Ok(());
        }
        self.room.send_to(id, &[SYSTEM, AUTH])?;
        if remote {
            let told = self.admit(id);
            self.backlog.push_back(told);
        } else if let Some(Admission::Pending { local, .. }) = self.peers.get_mut(&id) {
            *local = true;
        }
        Ok(())
    }

    /// Which ends have completed the authentication of a peer that is not admitted yet.
    fn pending(&mut self, id: i32) -> Result<(bool, bool)> {
        match self.peers.get(&id) {
            Some(Admission::Pending { local, remote, .. }) => Ok((*local, *remote)),
            _ => {
                let message = format!("peer {id} is not being authenticated");
                self.room.record_error(Err(Error::new(ErrorCode::InvalidParameter, message)))
            }
        }
    }

    fn check_scene(&mut self) -> Result {
        if self.is_scene {
            return Ok(());
        }
        self.room.record_error(Err(Error::new(ErrorCode::Unconfigured, "this is no scene room")))
    }

    /// See [`MultiplayerPeer::disconnect_peer`]. The others are told at once.
    pub fn disconnect_peer(&mut self, id: i32, force: bool) -> Result {
        self.room.disconnect_peer(id, force)?;
        if let Some(Admission::Admitted) = self.peers.remove(&id) {
            self.announce(DEL_PEER, id);
        }
        Ok(())
    }

    /// The ids of those who can be sent packets.
    pub fn peers(&self) -> Vec<i32> {
        if self.is_scene { self.admitted() } else { self.room.peers() }
    }
}

/// A message about a peer.
fn system(what: u8, id: i32, rest: &[u8]) -> Vec<u8> {
    [&[SYSTEM, what], id.to_le_bytes().as_slice(), rest].concat()
}
