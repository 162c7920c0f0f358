//! A room that speaks with Godot's `SceneMultiplayer`, for programs without the engine: it introduces clients to each
//! other, relays their packets, and authenticates them.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use super::events::RoomEvent;
use super::opening::already_in_use;
use super::peer_cell::{LocalPeerCell, PeerCell};
use super::room_state::{MultiplayerPeer, RoomStatus, unknown_peer};
use super::scene_messages::{self, SceneMessage};
use crate::error::{Error, ErrorCode, Result};
use crate::limits::SCENE_AUTH_TIMEOUT;
use crate::net::clock;
use crate::peer::peer_ids::{SERVER_ID, is_addressed};

/// An event of a [`SceneRoom`]. The number is the id of the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SceneEvent {
    /// See [`RoomEvent::Requested`].
    Requested(i32),
    /// The peer can be sent packets from now on; on a client of a scene room the other clients too.
    Connected(i32),
    /// The peer is disconnected.
    Disconnected(i32),
    /// The peer has connected and waits for [`SceneRoom::complete_auth`].
    Authenticating(i32),
    /// The peer has disconnected, or was disconnected after a timeout, before its authentication was complete.
    AuthFailed(i32),
    /// A packet from the peer, see [`SceneRoom::data`]. In a scene room a remote call or another message of the engine.
    Packet(i32),
    /// Bytes that the peer has sent by `send_bytes()`, see [`SceneRoom::data`].
    Bytes(i32),
    /// Data that the peer has sent by `send_auth()`, see [`SceneRoom::data`].
    Auth(i32),
}

/// What the packets of a [`SceneRoom`] are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SceneMode {
    /// Packets of the program.
    #[default]
    Plain,
    /// Messages of `SceneMultiplayer`.
    Scene,
    /// Messages of `SceneMultiplayer`; a peer is connected only after both sides have completed the authentication.
    SceneWithAuth,
}

/// A room, with the messages of `SceneMultiplayer` if the mode says so.
#[derive(Debug)]
pub struct SceneRoom<S: PeerCell = LocalPeerCell> {
    /// The room that has the connections.
    pub room: MultiplayerPeer<S>,
    mode: SceneMode,
    peers: BTreeMap<i32, ScenePeer>,
    /// Events that are delivered before those of the room.
    events: VecDeque<SceneEvent>,
    data: Vec<u8>,
}

/// How far a peer is.
#[derive(Clone, Copy, Debug)]
enum ScenePeer {
    Authenticating { completed: AuthCompleted, deadline: Instant },
    Connected,
}

/// Which side has completed the authentication; with both, the peer is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AuthCompleted {
    Neither,
    Here,
    Remotely,
}

impl<S: PeerCell> Default for SceneRoom<S> {
    fn default() -> Self {
        Self {
            room: MultiplayerPeer::default(),
            mode: SceneMode::Plain,
            peers: BTreeMap::new(),
            events: VecDeque::new(),
            data: Vec::new(),
        }
    }
}

impl<S: PeerCell> SceneRoom<S> {
    /// Creates a plain room that is neither a client nor a server.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets what the packets are.
    ///
    /// # Errors
    /// [`ErrorCode::AlreadyInUse`] if the room is a client or server.
    pub fn set_mode(&mut self, mode: SceneMode) -> Result {
        if self.room.status() != RoomStatus::Disconnected {
            return self.room.record_error(Err(already_in_use()));
        }
        self.mode = mode;
        Ok(())
    }

    /// Drops what belongs to an earlier session. Callers do this after they have opened or closed [`Self::room`].
    pub fn reset(&mut self) {
        self.peers.clear();
        self.events.clear();
        self.data.clear();
    }

    fn is_scene(&self) -> bool {
        self.mode != SceneMode::Plain
    }

    /// Returns the ids of the peers that can be sent packets.
    pub fn peers(&self) -> Vec<i32> {
        if self.is_scene() { self.connected_peers() } else { self.room.peers() }
    }

    fn connected_peers(&self) -> Vec<i32> {
        let is_connected = |peer: &ScenePeer| matches!(peer, ScenePeer::Connected);
        self.peers.iter().filter(|(_, peer)| is_connected(peer)).map(|(id, _)| *id).collect()
    }

    fn is_connected(&self, id: i32) -> bool {
        matches!(self.peers.get(&id), Some(ScenePeer::Connected))
    }

    // Polling and events

    /// Polls the room, and disconnects peers whose authentication takes too long.
    pub fn poll(&mut self) {
        self.poll_at(clock::now());
    }

    /// [`Self::poll`] at a given time.
    pub fn poll_at(&mut self, now: Instant) {
        self.room.poll_at(now);
        let is_late = |peer: &ScenePeer| matches!(peer, ScenePeer::Authenticating { deadline, .. } if now >= *deadline);
        let late: Vec<i32> = self.peers.iter().filter(|(_, peer)| is_late(peer)).map(|(id, _)| *id).collect();
        for id in late {
            self.peers.remove(&id);
            // Refused only if the peer has disconnected already.
            let _disconnected = self.room.disconnect_peer(id, true);
            self.events.push_back(SceneEvent::AuthFailed(id));
        }
    }

    /// Delivers the next event; `None` if there is none. The events of each peer come in the order in which they
    /// happened.
    pub fn next_event(&mut self) -> Option<SceneEvent> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            if let Some(event) = self.room.next_event() {
                return Some(self.apply(event));
            }
            let Ok((source, packet)) = self.room.take_packet() else { return None };
            self.data.clear();
            self.data.extend_from_slice(packet);
            if let Some(event) = self.read_packet(source) {
                return Some(event);
            }
        }
    }

    /// Returns the packet, bytes or data of the event delivered last.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    fn apply(&mut self, event: RoomEvent) -> SceneEvent {
        match event {
            RoomEvent::Requested(id) => SceneEvent::Requested(id),
            RoomEvent::Connected(id) if self.mode == SceneMode::SceneWithAuth => {
                let deadline = clock::now() + SCENE_AUTH_TIMEOUT;
                let completed = AuthCompleted::Neither;
                self.peers.insert(id, ScenePeer::Authenticating { completed, deadline });
                SceneEvent::Authenticating(id)
            }
            RoomEvent::Connected(id) => self.connect(id),
            RoomEvent::Disconnected(id) => match self.peers.remove(&id) {
                Some(ScenePeer::Authenticating { .. }) => SceneEvent::AuthFailed(id),
                Some(ScenePeer::Connected) => {
                    self.announce_departure(id);
                    if !self.room.is_server() {
                        // The other clients were reached through the server.
                        let others = std::mem::take(&mut self.peers);
                        self.events.extend(others.into_keys().map(SceneEvent::Disconnected));
                    }
                    SceneEvent::Disconnected(id)
                }
                None => SceneEvent::Disconnected(id),
            },
        }
    }

    /// Makes a peer a connected one. A server introduces it and the others to each other.
    fn connect(&mut self, id: i32) -> SceneEvent {
        if self.is_scene() && self.room.is_server() {
            let others = self.connected_peers();
            self.send_system(&others, &scene_messages::add_peer(id));
            for other in others {
                self.send_system(&[id], &scene_messages::add_peer(other));
            }
        }
        self.peers.insert(id, ScenePeer::Connected);
        SceneEvent::Connected(id)
    }

    fn announce_departure(&mut self, id: i32) {
        if self.is_scene() && self.room.is_server() {
            self.send_system(&self.connected_peers(), &scene_messages::remove_peer(id));
        }
    }

    fn send_system(&mut self, ids: &[i32], message: &[u8]) {
        // The room records why a message could not be sent; a departing peer does not need it.
        let _recorded = self.room.send_to_list(ids, message);
    }

    // Packets

    fn read_packet(&mut self, source: i32) -> Option<SceneEvent> {
        if !self.is_scene() {
            return Some(SceneEvent::Packet(source));
        }
        let message = SceneMessage::parse(&self.data);
        match message {
            SceneMessage::AuthData { header } => self.read_auth_data(source, header),
            SceneMessage::AuthCompleted => self.remote_completed_auth(source),
            // An unauthenticated peer can send nothing else.
            _ if !self.is_connected(source) => None,
            SceneMessage::AddPeer(id) if !self.room.is_server() && id > SERVER_ID => {
                self.peers.insert(id, ScenePeer::Connected);
                Some(SceneEvent::Connected(id))
            }
            SceneMessage::RemovePeer(id) if !self.room.is_server() && id > SERVER_ID => {
                self.peers.remove(&id).map(|_| SceneEvent::Disconnected(id))
            }
            SceneMessage::Relayed { peer, header } if self.room.is_server() => {
                self.data.drain(..header);
                self.relay(source, peer)
            }
            SceneMessage::Relayed { peer, header } if source == SERVER_ID => {
                self.data.drain(..header);
                self.read_payload(peer)
            }
            SceneMessage::Bytes { .. } | SceneMessage::Command => self.read_payload(source),
            SceneMessage::AddPeer(_)
            | SceneMessage::RemovePeer(_)
            | SceneMessage::Relayed { .. }
            | SceneMessage::Invalid => None,
        }
    }

    /// Reads a packet that is for the program, or drops it.
    fn read_payload(&mut self, source: i32) -> Option<SceneEvent> {
        match SceneMessage::parse(&self.data) {
            SceneMessage::Bytes { header } => {
                self.data.drain(..header);
                Some(SceneEvent::Bytes(source))
            }
            SceneMessage::Command => Some(SceneEvent::Packet(source)),
            _ => None,
        }
    }

    /// Relays a client's packet to the other clients that the target addresses. Returns the event if it addresses the
    /// server too.
    fn relay(&mut self, source: i32, target: i32) -> Option<SceneEvent> {
        if self.data.is_empty() {
            return None;
        }
        let packet = scene_messages::relayed(source, &self.data);
        let is_receiver = |id: &i32| is_addressed(target, *id) && (target > 0 || *id != source);
        let receivers: Vec<i32> = self.connected_peers().into_iter().filter(is_receiver).collect();
        let _recorded = self.room.send_to_list(&receivers, &packet);
        if target <= 0 && is_addressed(target, SERVER_ID) { self.read_payload(source) } else { None }
    }

    /// Sends a packet to a peer (its id), to all peers (0), or to all but one (its negative id). In a scene room it
    /// must be a message of the engine; a client's packets for other clients travel through the server.
    pub fn put_packet(&mut self, target: i32, packet: &[u8]) -> Result {
        if !self.is_scene() || packet.is_empty() {
            return self.room.send_to(target, packet);
        }
        if target > 0 && !self.is_connected(target) {
            return self.room.record_error(Err(unknown_peer(target)));
        }
        if !self.room.is_server() {
            return match target {
                SERVER_ID => self.room.send_to(SERVER_ID, packet),
                _ => self.room.send_to(SERVER_ID, &scene_messages::relayed(target, packet)),
            };
        }
        if target > 0 {
            return self.room.send_to(target, packet);
        }
        let receivers: Vec<i32> = self.connected_peers().into_iter().filter(|id| is_addressed(target, *id)).collect();
        self.room.send_to_list(&receivers, packet)
    }

    /// Sends a packet to several peers, as [`Self::put_packet`] does to one. It is encoded, and compressed, once,
    /// except on a client of a scene room, which sends it to the server for each of them.
    ///
    /// # Errors
    /// As for [`Self::put_packet`]; the peers for which there is no error are sent the packet.
    pub fn send_to_list(&mut self, ids: &[i32], packet: &[u8]) -> Result {
        if !self.is_scene() {
            return self.room.send_to_list(ids, packet);
        }
        if !self.room.is_server() {
            return ids.iter().map(|id| self.put_packet(*id, packet)).fold(Ok(()), Result::and);
        }
        let (known, unknown): (Vec<i32>, Vec<i32>) = ids.iter().copied().partition(|id| self.is_connected(*id));
        let result = self.room.send_to_list(&known, packet);
        match unknown.first() {
            Some(id) => self.room.record_error(result.and(Err(unknown_peer(*id)))),
            None => result,
        }
    }

    /// Sends bytes to the programs, which Godot delivers by the signal `SceneMultiplayer.peer_packet`; only in a scene
    /// room.
    pub fn send_bytes(&mut self, target: i32, bytes: &[u8]) -> Result {
        if !self.is_scene() {
            let error = Error::new(ErrorCode::Unconfigured, "send_bytes() needs a scene room");
            return self.room.record_error(Err(error));
        }
        self.put_packet(target, &scene_messages::bytes(bytes))
    }

    /// Disconnects a peer, as [`MultiplayerPeer::disconnect_peer`] does. The other clients are informed at once.
    pub fn disconnect_peer(&mut self, id: i32, force: bool) -> Result {
        self.room.disconnect_peer(id, force)?;
        if let Some(ScenePeer::Connected) = self.peers.remove(&id) {
            self.announce_departure(id);
        }
        Ok(())
    }

    // Authentication

    fn read_auth_data(&mut self, source: i32, header: usize) -> Option<SceneEvent> {
        if !matches!(self.peers.get(&source), Some(ScenePeer::Authenticating { .. })) {
            return None;
        }
        self.data.drain(..header);
        Some(SceneEvent::Auth(source))
    }

    fn remote_completed_auth(&mut self, source: i32) -> Option<SceneEvent> {
        let Some(ScenePeer::Authenticating { completed, .. }) = self.peers.get_mut(&source) else { return None };
        if *completed == AuthCompleted::Here {
            return Some(self.connect(source));
        }
        *completed = AuthCompleted::Remotely;
        None
    }

    /// Sends authentication data to a peer.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidParameter`] for a peer that does not authenticate, and without data, which would complete
    /// the authentication.
    pub fn send_auth(&mut self, id: i32, bytes: &[u8]) -> Result {
        if bytes.is_empty() {
            let error = Error::new(ErrorCode::InvalidParameter, "send_auth() needs at least one byte");
            return self.room.record_error(Err(error));
        }
        self.auth_completed(id)?;
        self.room.send_to(id, &scene_messages::auth(bytes))
    }

    /// Completes the authentication of a peer on this side. The peer is connected when the remote side has completed it
    /// too.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidParameter`] for a peer that does not authenticate.
    pub fn complete_auth(&mut self, id: i32) -> Result {
        let earlier = self.auth_completed(id)?;
        if earlier == AuthCompleted::Here {
            return Ok(());
        }
        self.room.send_to(id, &scene_messages::auth(&[]))?;
        if earlier == AuthCompleted::Remotely {
            let event = self.connect(id);
            self.events.push_back(event);
        } else if let Some(ScenePeer::Authenticating { completed, .. }) = self.peers.get_mut(&id) {
            *completed = AuthCompleted::Here;
        }
        Ok(())
    }

    fn auth_completed(&mut self, id: i32) -> Result<AuthCompleted> {
        match self.peers.get(&id) {
            Some(ScenePeer::Authenticating { completed, .. }) => Ok(*completed),
            _ => {
                let message = format!("peer {id} is not being authenticated");
                self.room.record_error(Err(Error::new(ErrorCode::InvalidParameter, message)))
            }
        }
    }
}
