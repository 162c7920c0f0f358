//! The room: who is in it, and what a poll does.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Instant;

use super::member::{
    GOING_AWAY, Member, MemberState, NORMAL, Pending, TRY_AGAIN_LATER, accept, close_now, decide, drop_connection,
    forbid, receive, receive_id, why_left,
};
use super::packet_queue::RoomPacketQueue;
use super::peer_cell::{LocalPeerCell, PeerCell};
use super::{EVERYBODY, RoomEvent, SERVER};
use crate::error::{Error, ErrorCode, Result};
use crate::limits::PENDING_CONNECTIONS;
use crate::net::{ClientTls, ServerTls, clock, entropy};
use crate::peer::trace::PeerClass;
use crate::peer::{AdmissionOptions, ConnectionOptions, RoundTrip, State, TcpServer, WebSocketPeer};
use crate::proto::frame::MessageKind;
use crate::proto::handshake::headers;

/// States of a room, with the numbers of Godot's `MultiplayerPeer.ConnectionStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Status {
    /// Neither a client nor a server.
    Disconnected = 0,
    /// A client that does not have its id yet.
    Connecting = 1,
    /// A server, or a client that knows its id.
    Connected = 2,
}

/// A server with its clients, a client with its server, or the place for one. Everything happens inside its calls, mostly in
/// [`Self::poll`]; what that found out is told, and takes effect, event by event in [`Self::next_event`].
#[derive(Debug)]
pub struct MultiplayerPeer<S: PeerCell = LocalPeerCell> {
    /// Settings of the connections made from now on. The handshake timeout goes from the connection to the id, on a client from
    /// the beginning. Without `auto_accept` a server's program decides about each request.
    pub options: ConnectionOptions,
    /// Whether a server turns new clients away.
    pub admission: AdmissionOptions,
    role: Role,
    unique_id: i32,
    target: i32,
    pending: Vec<Pending<S>>,
    members: BTreeMap<i32, Member<S>>,
    inbox: RoomPacketQueue,
    events: VecDeque<RoomEvent>,
    /// Packets were sent that may not have left.
    is_collecting: bool,
    /// Whose departure was told last.
    departed: Option<i32>,
    /// The connection that a client had, or tried to have, so that it can be asked why it ended.
    last: Option<S>,
    message: String,
}

#[derive(Debug)]
enum Role {
    None,
    Client,
    Server { listener: TcpServer, tls: Option<ServerTls> },
}

impl<S: PeerCell> Default for MultiplayerPeer<S> {
    fn default() -> Self {
        Self {
            options: ConnectionOptions::for_room(),
            admission: AdmissionOptions::default(),
            role: Role::None,
            unique_id: 0,
            target: EVERYBODY,
            pending: Vec::new(),
            members: BTreeMap::new(),
            inbox: RoomPacketQueue::default(),
            events: VecDeque::new(),
            is_collecting: false,
            departed: None,
            last: None,
            message: String::new(),
        }
    }
}

impl<S: PeerCell> MultiplayerPeer<S> {
    /// A room that is neither a client nor a server.
    pub fn new() -> Self {
        Self::default()
    }

    // Beginning

    /// Becomes a server that listens on a port (0: the system chooses one, see [`Self::local_port`]) of every interface (`"*"`)
    /// or of one address, with `tls` for `wss://` clients.
    pub fn create_server(&mut self, port: i64, bind_address: &str, tls: Option<ServerTls>) -> Result {
        let result = self.try_create_server(port, bind_address, tls);
        self.record_error(result)
    }

    fn try_create_server(&mut self, port: i64, bind_address: &str, tls: Option<ServerTls>) -> Result {
        self.check_unused()?;
        headers::check_protocols(&self.options.supported_protocols)?;
        headers::check_extra(&self.options.handshake_headers)?;
        let mut listener = TcpServer::new();
        listener.listen(port, bind_address)?;
        self.reset();
        self.role = Role::Server { listener, tls };
        self.unique_id = SERVER;
        Ok(())
    }

    /// Becomes a client and starts to connect; `tls` as for [`WebSocketPeer::connect_to_url`].
    pub fn create_client(&mut self, url: &str, tls: Option<ClientTls>) -> Result {
        let result = self.try_create_client(url, tls);
        self.record_error(result)
    }

    fn try_create_client(&mut self, url: &str, tls: Option<ClientTls>) -> Result {
        self.check_unused()?;
        let mut peer = WebSocketPeer::with_trace_class(PeerClass::Multiplayer);
        peer.options = self.options.clone();
        peer.connect_to_url(url, tls)?;
        self.reset();
        let pending = Pending::new(SERVER, peer, &self.options, clock::now());
        self.pending.push(pending);
        self.role = Role::Client;
        Ok(())
    }

    /// Whether the room may become a client or server now.
    fn check_unused(&self) -> Result {
        match self.role {
            Role::None => Ok(()),
            _ => Err(Error::new(ErrorCode::AlreadyInUse, "the room is a client or server already; close it first")),
        }
    }

    fn reset(&mut self) {
        self.role = Role::None;
        self.unique_id = 0;
        self.pending.clear();
        self.members.clear();
        self.inbox.clear();
        self.events.clear();
        self.is_collecting = false;
        self.departed = None;
        self.last = None;
        self.message.clear();
    }

    // Polling

    /// Accepts, connects, receives and sends what there is. Never blocks. Events that were not told yet are kept.
    pub fn poll(&mut self) {
        self.poll_at(clock::now());
    }

    /// [`Self::poll`] at a given time.
    pub fn poll_at(&mut self, now: Instant) {
        self.forget_departed();
        match self.role {
            Role::None => return,
            Role::Server { .. } => {
                self.accept_waiting(now);
                self.poll_pending(now);
            }
            Role::Client => self.poll_connecting(now),
        }
        self.poll_members(now);
        self.inbox.release();
    }

    fn accept_waiting(&mut self, now: Instant) {
        while self.pending.len() < PENDING_CONNECTIONS {
            let Role::Server { listener, tls } = &mut self.role else { return };
            let Some(socket) = listener.take_connection().and_then(|stream| stream.socket()) else { return };
            let accepted = accept(Box::new(socket), tls.as_ref(), &self.options);
            // Refused only where the settings make every handshake impossible, which the program has to know.
            let Ok(peer) = self.record_error(accepted) else { return };
            let pending = Pending::new(self.unused_id(), peer, &self.options, now);
            self.pending.push(pending);
        }
    }

    /// A random id from 2 to 2^31 - 1 that nobody has.
    fn unused_id(&self) -> i32 {
        loop {
            let id = entropy::peer_id();
            if !self.members.contains_key(&id)
                && !self.inbox.has_unread(id)
                && self.pending.iter().all(|pending| pending.id != id)
            {
                return id;
            }
        }
    }

    /// Moves a server's clients through the handshake.
    fn poll_pending(&mut self, now: Instant) {
        let auto_accept = self.options.auto_accept;
        // Counted for the first request, and again when somebody came in: many may be silent.
        let mut place = None;
        for mut pending in std::mem::take(&mut self.pending) {
            let (state, is_request_pending) = pending.cell.with((State::Connecting, false), |peer| {
                peer.poll_at(now);
                if peer.is_request_pending() {
                    decide(peer, *place.get_or_insert_with(|| self.no_place()), auto_accept);
                    peer.poll_at(now);
                }
                (peer.state(), peer.is_request_pending())
            });
            if is_request_pending && !std::mem::replace(&mut pending.is_asked, true) {
                self.events.push_back(RoomEvent::Requested(pending.id));
            }
            match state {
                State::Open => {
                    self.admit(pending);
                    place = None;
                }
                State::Connecting if !pending.is_late(now) => self.pending.push(pending),
                State::Connecting | State::Closing | State::Closed => {
                    if pending.is_asked {
                        self.events.retain(|event| *event != RoomEvent::Requested(pending.id));
                    }
                    drop_connection(&pending.cell);
                }
            }
        }
    }

    fn admit(&mut self, pending: Pending<S>) {
        let Pending { id, cell, .. } = pending;
        if let Some(why) = self.no_place() {
            return cell.with((), |peer| close_now(peer, TRY_AGAIN_LATER, why));
        }
        // The first message of a connection tells the client its id.
        if cell.with(false, |peer| peer.send(MessageKind::Binary, &id.to_le_bytes()).is_ok()) {
            self.members.insert(id, Member::new(cell));
            self.events.push_back(RoomEvent::Connected(id));
        }
    }

    /// Why nobody may come in now.
    fn no_place(&self) -> Option<&'static str> {
        let present = self.members.values().filter(|member| member.is_connected()).count();
        if self.admission.refuse_new_connections {
            Some("the server takes no new clients")
        } else if self.admission.max_clients > 0 && present >= self.admission.max_clients {
            Some("the server is full")
        } else {
            None
        }
    }

    /// Moves a client to its id.
    fn poll_connecting(&mut self, now: Instant) {
        let Some(pending) = self.pending.pop() else { return };
        let outcome = pending.cell.with(Ok(None), |peer| {
            peer.poll_at(now);
            receive_id(peer)
        });
        match outcome {
            Ok(Some(id)) => {
                self.unique_id = id;
                self.members.insert(SERVER, Member::new(pending.cell));
                self.events.push_back(RoomEvent::Connected(SERVER));
            }
            Ok(None) if !pending.is_late(now) => self.pending.push(pending),
            Ok(None) => {
                drop_connection(&pending.cell);
                let time = self.options.handshake_timeout;
                self.fail(pending.cell, format!("the server did not admit this client within {time:?}"));
            }
            Err(why) => self.fail(pending.cell, why),
        }
    }

    /// A client's connection could not be made.
    fn fail(&mut self, connection: S, why: String) {
        self.reset();
        self.last = Some(connection);
        self.message = why;
    }

    fn poll_members(&mut self, now: Instant) {
        // What the network does not take in this is for the next poll.
        self.is_collecting = false;
        for (id, member) in &mut self.members {
            if member.stage == MemberState::Leaving {
                continue;
            }
            let inbox = &mut self.inbox;
            let ended = member.cell.with(false, |peer| {
                peer.poll_at(now);
                let ended = peer.state() == State::Closed;
                receive(*id, peer, inbox, ended, member.is_dismissed);
                ended
            });
            // What arrived together with the end is read while its sender is still a member: SceneMultiplayer would not
            // take it from a stranger.
            if ended && !member.has_ended && self.inbox.has_unread(*id) {
                member.has_ended = true;
            } else if ended {
                member.stage = MemberState::Leaving;
                self.events.push_back(RoomEvent::Disconnected(*id));
            }
        }
    }

    /// Tells the next event and lets it take effect.
    pub fn next_event(&mut self) -> Option<RoomEvent> {
        self.forget_departed();
        let event = self.events.pop_front()?;
        match event {
            RoomEvent::Requested(_) => {}
            RoomEvent::Connected(id) => {
                if let Some(member) = self.members.get_mut(&id)
                    && member.stage == MemberState::Arriving
                {
                    member.stage = MemberState::Present;
                }
            }
            RoomEvent::Disconnected(id) => {
                self.message = self.about(id, |peer| why_left(id, peer)).unwrap_or_default();
                self.departed = Some(id);
            }
        }
        Some(event)
    }

    /// Whether [`Self::next_event`] has something to tell.
    pub fn has_event(&self) -> bool {
        !self.events.is_empty()
    }

    /// After the event of its departure a connection is there until the next event or poll.
    fn forget_departed(&mut self) {
        let Some(id) = self.departed.take() else { return };
        if !self.members.get(&id).is_some_and(|member| member.stage == MemberState::Leaving) {
            return;
        }
        let departed = self.members.remove(&id);
        if matches!(self.role, Role::Client) {
            self.role = Role::None;
            self.unique_id = 0;
            self.last = departed.map(|member| member.cell);
        }
    }

    // Packets

    /// Chooses the receiver of [`Self::put_packet`]: [`EVERYBODY`], one id, or everybody but `-id`.
    pub fn set_target_peer(&mut self, id: i32) {
        self.target = id;
    }

    /// Sends a packet to the target, at once or at the latest in the next [`Self::flush`] or [`Self::poll`]. A client has one
    /// receiver, its server. Where several are to receive it, the error is that of the first who could not be reached; the
    /// others are sent it all the same. An empty packet is nothing.
    pub fn put_packet(&mut self, payload: &[u8]) -> Result {
        let target = if matches!(self.role, Role::Client) { SERVER } else { self.target };
        self.send_to(target, payload)
    }

    /// [`Self::put_packet`] to a given target.
    pub fn send_to(&mut self, target: i32, payload: &[u8]) -> Result {
        let result = self.try_send(target, payload);
        self.record_error(result)
    }

    fn try_send(&mut self, target: i32, payload: &[u8]) -> Result {
        self.check_connected()?;
        if payload.is_empty() {
            return Ok(());
        }
        if target > 0 {
            self.is_collecting |= self.member(target)?.send(target, payload)?;
            return Ok(());
        }
        let excluded = target.checked_neg();
        let receivers = self.members.iter().filter(|(id, member)| member.is_reachable() && Some(**id) != excluded);
        let results = receivers.map(|(id, member)| match member.send(*id, payload) {
            Ok(waits) => {
                self.is_collecting |= waits;
                Ok(())
            }
            // Who is about to leave does not make a packet for everybody fail.
            Err(error) if error.code() == ErrorCode::Failed => Ok(()),
            Err(error) => Err(error),
        });
        results.fold(Ok(()), Result::and)
    }

    fn check_connected(&self) -> Result {
        match self.status() {
            Status::Connected => Ok(()),
            _ => Err(Error::new(ErrorCode::Unconfigured, "the room is not connected")),
        }
    }

    fn member(&self, id: i32) -> Result<&Member<S>> {
        let member = self.members.get(&id).filter(|member| member.stage != MemberState::Arriving);
        member.ok_or_else(|| Error::new(ErrorCode::InvalidParameter, format!("there is no peer {id}")))
    }

    /// Writes what was collected to the network now.
    pub fn flush(&mut self) {
        if std::mem::take(&mut self.is_collecting) {
            for member in self.members.values() {
                member.cell.with((), WebSocketPeer::flush);
            }
        }
    }

    /// Whether packets were collected that [`Self::flush`] would write.
    pub fn has_unflushed(&self) -> bool {
        self.is_collecting
    }

    /// Takes the oldest packet, with the id of its sender; lent until the next call. What has arrived can be read in every
    /// status, until the room is closed or begins anew.
    pub fn take_packet(&mut self) -> Result<(i32, &[u8])> {
        if self.inbox.len() == 0 {
            self.flush();
            self.check_connected()?;
        }
        self.inbox.pop().ok_or_else(|| Error::new(ErrorCode::Unavailable, "no packet is waiting"))
    }

    /// Number of packets that wait.
    pub fn packet_count(&self) -> usize {
        self.inbox.len()
    }

    /// Who sent the packet that [`Self::take_packet`] returns next.
    pub fn packet_peer(&self) -> Option<i32> {
        self.inbox.next_source()
    }

    // Ending

    /// Ends the connection to a peer with a close frame; the event comes when the peer has answered it. With `force` it is no
    /// member from now on, and no event comes. What it has sent is not delivered any more.
    pub fn disconnect_peer(&mut self, id: i32, force: bool) -> Result {
        if self.is_server()
            && let Some(index) = self.pending.iter().position(|pending| pending.id == id && pending.is_asked)
        {
            self.pending.remove(index).cell.with((), forbid);
            self.events.retain(|event| *event != RoomEvent::Requested(id));
            return Ok(());
        }
        let result = self.member(id).map(|member| {
            // The close frame of a forced departure is still delivered.
            let _closed = member.cell.with(Ok(()), |peer| peer.close(NORMAL, ""));
        });
        self.record_error(result)?;
        self.inbox.discard(id);
        if force {
            self.members.remove(&id);
            self.events.retain(|event| *event != RoomEvent::Disconnected(id));
            if matches!(self.role, Role::Client) {
                self.reset();
            }
        } else if let Some(member) = self.members.get_mut(&id) {
            member.is_dismissed = true;
        }
        Ok(())
    }

    /// Says goodbye to everybody with a close frame and is neither client nor server any more. Packets and events are
    /// forgotten.
    pub fn close(&mut self) {
        let code = if self.is_server() { GOING_AWAY } else { NORMAL };
        for member in self.members.values() {
            member.cell.with((), |peer| close_now(peer, code, ""));
        }
        for pending in &self.pending {
            drop_connection(&pending.cell);
        }
        self.reset();
    }

    // Questions

    /// State of the room.
    pub fn status(&self) -> Status {
        match self.role {
            Role::None => Status::Disconnected,
            Role::Client if self.unique_id == 0 => Status::Connecting,
            Role::Client | Role::Server { .. } => Status::Connected,
        }
    }

    /// This end's id: [`SERVER`], a client's number, or 0 where it has none.
    pub fn unique_id(&self) -> i32 {
        self.unique_id
    }

    /// Whether this end is the server.
    pub fn is_server(&self) -> bool {
        matches!(self.role, Role::Server { .. })
    }

    /// The port a server listens on, 0 where there is none.
    pub fn local_port(&self) -> u16 {
        match &self.role {
            Role::Server { listener, .. } => listener.local_port(),
            _ => 0,
        }
    }

    /// The ids of those who can be reached.
    pub fn peers(&self) -> Vec<i32> {
        self.members.iter().filter(|(_, member)| member.is_reachable()).map(|(id, _)| *id).collect()
    }

    /// Where a peer's connection is kept; `None` for who is not there. On a client the server's is there while it connects, on a
    /// server that of a client whose request the program is asked about. When a client's connection could not be made or has
    /// ended, the server's is there until the room is closed or begins anew.
    pub fn cell(&self, id: i32) -> Option<&S> {
        let is_shown = |pending: &&Pending<S>| pending.id == id && (pending.is_asked || !self.is_server());
        let pending = || self.pending.iter().find(is_shown).map(|pending| &pending.cell);
        let last = || self.last.as_ref().filter(|_| id == SERVER);
        self.member(id).map(|member| &member.cell).ok().or_else(pending).or_else(last)
    }

    /// Asks a peer's connection.
    pub fn about<R>(&self, id: i32, question: impl FnOnce(&mut WebSocketPeer) -> R) -> Option<R> {
        self.cell(id)?.with(None, |peer| Some(question(peer)))
    }

    /// A peer's address.
    pub fn peer_address(&self, id: i32) -> Option<SocketAddr> {
        self.about(id, |peer| peer.remote_address()).flatten()
    }

    /// A peer's round-trip times; `None` for who is not there and before the first pong.
    pub fn round_trip(&self, id: i32) -> Option<RoundTrip> {
        self.about(id, |peer| peer.round_trip()).flatten()
    }

    /// Why the last call was refused, the connection could not be made, or the last peer to leave has left; empty where nothing
    /// of that kind happened.
    pub fn error_message(&self) -> &str {
        &self.message
    }

    /// Remembers why a call was refused, for [`Self::error_message`]; bindings pass what they refuse themselves.
    pub fn record_error<T>(&mut self, result: Result<T>) -> Result<T> {
        if let Err(error) = &result {
            error.message().clone_into(&mut self.message);
        }
        result
    }
}

impl<S: PeerCell> Drop for MultiplayerPeer<S> {
    fn drop(&mut self) {
        self.close();
    }
}
