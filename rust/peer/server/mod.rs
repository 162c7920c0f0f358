//! A server with all its connections, as Godot 3's `WebSocketServer` describes it.
//!
//! Only connections with news are polled: those that the server's own poller names, those that a call of the program has given
//! something to do, and those whose time has come. Ten thousand idle ones cost nothing.

mod multiplayer;
mod peers;
mod waiting;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

pub use waiting::Wait;

use crate::error::{Error, ErrorCode, Result};
use crate::limits::{ACCEPT_RETRY, ACCEPTS_PER_POLL, PENDING_HANDSHAKES};
use crate::net::listener::{Accepted, ListeningSocket};
use crate::net::poller::Poller;
use crate::net::{TcpSocket, TlsStream, Transport, clock, linger};
use crate::peer::connection::websocket_peer::WebSocketPeer;
use crate::peer::event::PeerEvent;
use crate::peer::godot3_packets::PacketList;
use crate::peer::options::ServerOptions;
use crate::peer::peer_ids::{BuildIdHasher, PeerIds};
use crate::peer::state::State;
use crate::peer::trace::PeerClass;
use crate::proto::frame::MessageKind;
use crate::proto::handshake::{HttpAnswer, Refusal, headers};

/// Stands for the listener where ids of peers stand otherwise.
const LISTENER: i32 = 0;

/// Listens, accepts, shakes hands, and keeps the connections under ids from 2 to 2147483647. An id never comes back while it can
/// still be held by anyone, so a stale one is an error and not another peer.
///
/// Everything happens in [`Self::poll`]; what happened is told by [`Self::next_event`].
#[derive(Debug, Default)]
pub struct Server {
    options: ServerOptions,
    listening: Option<Listening>,
    ids: PeerIds,
    reserved: Option<i32>,
    entries: HashMap<i32, Entry, BuildIdHasher>,
    /// Peers that are open, or whose end was not told yet.
    connected: BTreeSet<i32>,
    /// Peers whose handshake is under way, in the order they came.
    pending: BTreeMap<u64, i32>,
    arrivals: u64,
    /// Peers that the next poll looks at, in the order in which they got a reason, each once: see [`Entry::is_active`].
    active: Vec<i32>,
    timers: BinaryHeap<Reverse<(Instant, i32)>>,
    events: VecDeque<PeerEvent>,
    /// Peers whose end was told.
    gone: Vec<i32>,
    packets: PacketList,
    target: i32,
    is_woken: bool,
    message: String,
}

#[derive(Debug)]
struct Listening {
    listener: ListeningSocket,
    poller: Arc<Poller>,
    /// Connections may wait to be accepted.
    may_accept: bool,
    protocols: Vec<String>,
    is_multiplayer: bool,
}

/// A connection.
#[derive(Debug)]
struct Entry {
    peer: WebSocketPeer,
    arrival: u64,
    stage: ServerPeerState,
    write_mode: MessageKind,
    /// Messages in the peer's queue that have an event.
    announced: usize,
    /// Those whose event was taken, which the program may read.
    visible: usize,
    /// Packets and bytes of this peer in the server's own list.
    listed: (usize, usize),
    timer: Option<Instant>,
    is_active: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ServerPeerState {
    Pending,
    /// The program was asked whether to let it in.
    Asked,
    Open,
    /// The program has said goodbye.
    Leaving,
    /// The end is in the queue of events.
    Ended,
    /// The end was told.
    Told,
}

impl Server {
    /// A server that does not listen.
    pub fn new() -> Self {
        Self::default()
    }

    // Listening

    /// Listens on a port (0: the system chooses one, see [`Self::local_port`]) of the options' address, for clients that speak
    /// one of `protocols`, or for those that ask for none. `is_multiplayer` is Godot 3's `gd_mp_api`.
    pub fn listen(&mut self, port: i64, protocols: Vec<String>, is_multiplayer: bool) -> Result {
        let result = self.try_listen(port, protocols, is_multiplayer);
        self.record_error(result)
    }

    fn try_listen(&mut self, port: i64, protocols: Vec<String>, is_multiplayer: bool) -> Result {
        if self.listening.is_some() {
            return Err(Error::new(ErrorCode::AlreadyInUse, "the server is listening already"));
        }
        let mut peer = self.options.peer.clone();
        peer.set_supported_protocols(protocols);
        headers::check_protocols(&peer.supported_protocols)?;
        headers::check_extra(&peer.handshake_headers)?;
        let mut listener = crate::peer::streams::tcp_server::bind(port, self.options.listen.bind_address())?;
        let cannot = |error: std::io::Error| Error::new(ErrorCode::CantCreate, error.to_string());
        let poller = Poller::watching().map_err(cannot)?;
        listener.watch(&poller, LISTENER as u64);
        let protocols = peer.supported_protocols;
        self.forget_everything();
        self.listening = Some(Listening { listener, poller, may_accept: true, protocols, is_multiplayer });
        Ok(())
    }

    fn forget_everything(&mut self) {
        self.entries.clear();
        self.connected.clear();
        self.pending.clear();
        self.active.clear();
        self.timers.clear();
        self.events.clear();
        self.gone.clear();
        self.packets = PacketList::default();
    }

    /// Stops listening, says goodbye with code 1000 to every client and ends its connection, without events.
    pub fn stop(&mut self) {
        self.listening = None;
        for entry in self.entries.values_mut() {
            // Refused only where the connection is over, or is not there yet.
            let _gone = entry.peer.close(1000, "");
        }
        self.forget_everything();
    }

    /// Whether the server listens.
    pub fn is_listening(&self) -> bool {
        self.listening.is_some()
    }

    /// Whether it listens in multiplayer mode.
    pub fn is_multiplayer(&self) -> bool {
        self.listening.as_ref().is_some_and(|listening| listening.is_multiplayer)
    }

    /// The port it listens on, 0 where it does not.
    pub fn local_port(&self) -> u16 {
        self.listening.as_ref().map_or(0, |listening| listening.listener.port())
    }

    /// Settings.
    pub fn options(&self) -> &ServerOptions {
        &self.options
    }

    /// Changes settings. Limits and times apply to the peers that are there too.
    pub fn set_options(&mut self, set: impl FnOnce(&mut ServerOptions) -> Result) -> Result {
        let result = set(&mut self.options);
        let protocols = self.listening.as_ref().map_or(&[][..], |listening| &listening.protocols);
        for entry in self.entries.values_mut() {
            entry.peer.options = match entry.stage {
                ServerPeerState::Pending | ServerPeerState::Asked => self.options.for_peer(protocols),
                _ => self.options.for_open_peer(),
            };
        }
        for id in self.entries.keys().copied().collect::<Vec<_>>() {
            self.activate(id);
        }
        self.wake();
        self.record_error(result)
    }

    /// Sets what may only change while the server does not listen.
    pub fn configure(&mut self, set: impl FnOnce(&mut ServerOptions) -> Result) -> Result {
        let result = if self.listening.is_some() {
            Err(Error::new(ErrorCode::Failed, "this cannot be changed while the server listens"))
        } else {
            set(&mut self.options)
        };
        self.record_error(result)
    }

    /// Why the last call was refused.
    pub fn error_message(&self) -> &str {
        &self.message
    }

    /// Remembers why a call was refused, for [`Self::error_message`].
    pub fn record_error<T>(&mut self, result: Result<T>) -> Result<T> {
        if let Err(error) = &result {
            error.message().clone_into(&mut self.message);
        }
        result
    }

    // Polling

    /// Goes on with every connection that has news: reads, sends, shakes hands, accepts. Never blocks.
    pub fn poll(&mut self) {
        self.poll_at(clock::now());
    }

    /// [`Self::poll`] at a given time.
    pub fn poll_at(&mut self, now: Instant) {
        self.forget_gone();
        self.advance(now, usize::MAX, Poller::collect);
    }

    /// [`Self::poll`] from inside the handling of an event: peers whose end was told are still known.
    pub fn poll_again(&mut self) {
        self.advance(clock::now(), usize::MAX, Poller::collect);
    }

    /// Goes on with those that `collect` finds to have news, until about `budget` bytes of messages have arrived. Peers that were
    /// not looked at then are the first next time.
    fn advance(&mut self, now: Instant, budget: usize, collect: fn(&Poller, &mut Vec<u64>)) {
        linger::tick(now);
        if self.listening.is_none() {
            return;
        }
        self.note_news(collect);
        self.expire(now);
        let (mut pending, mut postponed) = (Vec::new(), Vec::new());
        let mut received = 0;
        for id in std::mem::take(&mut self.active) {
            let Some(entry) = self.entries.get_mut(&id) else { continue };
            if received >= budget {
                postponed.push(id);
                continue;
            }
            entry.is_active = false;
            if matches!(entry.stage, ServerPeerState::Pending | ServerPeerState::Asked) {
                pending.push((entry.arrival, id));
            } else {
                received += self.poll_connected(id, now);
            }
        }
        postponed.append(&mut self.active);
        self.active = postponed;
        pending.sort_unstable();
        for (_, id) in pending {
            self.poll_pending(id, now);
        }
        self.accept(now);
    }

    fn note_news(&mut self, collect: fn(&Poller, &mut Vec<u64>)) {
        let Some(listening) = &mut self.listening else { return };
        let mut keys = Vec::new();
        collect(&listening.poller, &mut keys);
        listening.may_accept |= keys.contains(&(LISTENER as u64));
        for id in keys.into_iter().filter_map(|key| i32::try_from(key).ok()) {
            self.activate(id);
        }
    }

    fn expire(&mut self, now: Instant) {
        while let Some(Reverse((time, id))) = self.timers.peek().copied()
            && time <= now
        {
            self.timers.pop();
            if let (LISTENER, Some(listening)) = (id, &mut self.listening) {
                listening.may_accept = true;
            }
            // Other entries of the heap are older plans of the same peer.
            if let Some(entry) = self.entries.get_mut(&id)
                && entry.timer == Some(time)
            {
                entry.timer = None;
                match entry.peer.next_deadline() {
                    // What was planned is not needed any more, such as the end of a handshake.
                    Some(later) if later > now => self.watch(id),
                    Some(_) => _ = self.activate(id),
                    None => {}
                }
            }
        }
    }

    /// Plans the next look at a peer.
    fn watch(&mut self, id: i32) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let mut is_sooner = entry.peer.has_pending_work() && entry.activate(id, &mut self.active);
        if let Some(deadline) = entry.peer.next_deadline()
            && entry.timer.is_none_or(|timer| deadline < timer)
        {
            entry.timer = Some(deadline);
            self.timers.push(Reverse((deadline, id)));
            is_sooner = true;
        }
        if is_sooner {
            // Another thread may wait for what was known before.
            self.wake();
        }
    }

    /// Has the next poll look at a peer; returns whether it would not have.
    fn activate(&mut self, id: i32) -> bool {
        self.entries.get_mut(&id).is_some_and(|entry| entry.activate(id, &mut self.active))
    }

    /// Has the next poll look at a peer, and soon, where another thread waits.
    fn rouse(&mut self, id: i32) {
        self.activate(id);
        self.wake();
    }

    /// Returns the bytes of the messages that have come.
    fn poll_connected(&mut self, id: i32, now: Instant) -> usize {
        let Some(entry) = self.entries.get_mut(&id) else { return 0 };
        if matches!(entry.stage, ServerPeerState::Ended | ServerPeerState::Told) {
            return 0;
        }
        let before = entry.peer.unread_bytes();
        entry.peer.poll_at(now);
        let received = entry.peer.unread_bytes().saturating_sub(before);
        if self.is_multiplayer() {
            self.route(id);
        } else {
            self.announce(id);
        }
        self.notice_end(id);
        self.watch(id);
        received
    }

    fn announce(&mut self, id: i32) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        if entry.stage == ServerPeerState::Open {
            let count = entry.peer.packet_count();
            self.events.extend((entry.announced..count).map(|_| PeerEvent::Message { id }));
            entry.announced = count;
        }
    }

    fn notice_end(&mut self, id: i32) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        if entry.peer.state() != State::Closed {
            return;
        }
        let was_clean = entry.peer.was_closed_cleanly();
        if was_clean && entry.stage == ServerPeerState::Open {
            let (code, reason) = entry.peer.received_close();
            self.events.push_back(PeerEvent::CloseRequest { id, code, reason });
        }
        entry.stage = ServerPeerState::Ended;
        if self.is_multiplayer() {
            self.farewell(id);
            self.events.push_back(PeerEvent::PeerDisconnected { id });
        } else {
            self.events.push_back(PeerEvent::Closed { id, was_clean });
        }
    }

    /// Forgets the peers whose end was told; done by the next poll, and by [`Self::next_event`] where nothing more happened.
    pub fn forget_gone(&mut self) {
        for id in self.gone.drain(..) {
            self.entries.remove(&id);
            self.connected.remove(&id);
        }
    }

    // Handshakes

    fn poll_pending(&mut self, id: i32, now: Instant) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        entry.peer.poll_at(now);
        if entry.stage == ServerPeerState::Pending && entry.peer.is_request_pending() {
            self.decide(id);
            if let Some(entry) = self.entries.get_mut(&id) {
                entry.peer.poll_at(now);
            }
        }
        let Some(entry) = self.entries.get(&id) else { return };
        match entry.peer.state() {
            State::Connecting => self.watch(id),
            State::Open | State::Closing => self.opened(id),
            State::Closed => {
                let reason = entry.peer.error_message().to_owned();
                self.fail(id, reason);
            }
        }
    }

    /// A request is there: it is refused, let in, or shown to the program.
    fn decide(&mut self, id: i32) {
        let is_full = self.is_full();
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let offers_unknown = |peer: &WebSocketPeer| {
            peer.request().is_some_and(|request| request.headers.list("Sec-WebSocket-Protocol").next().is_some())
        };
        let speaks_none = self.listening.as_ref().is_some_and(|listening| listening.protocols.is_empty());
        if is_full {
            self.refuse_request(id, 503, "the server has as many clients as it takes");
        } else if speaks_none && offers_unknown(&entry.peer) {
            self.refuse_request(id, 400, "the client asks for a sub-protocol and the server speaks none");
        } else if self.options.peer.auto_accept {
            // A refusal ends the connection, which the caller notices.
            let _refused = entry.peer.accept_request(&[]);
        } else {
            entry.stage = ServerPeerState::Asked;
            self.events.push_back(PeerEvent::Request { id });
        }
    }

    fn refuse_request(&mut self, id: i32, status: u16, why: &str) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let body = format!("{why}\n").into_bytes();
        if entry.peer.reject_request(HttpAnswer::new(status).with_body(body)).is_ok() {
            self.fail(id, why.to_owned());
        }
    }

    fn is_full(&self) -> bool {
        self.options.admission.max_clients > 0 && self.connected.len() >= self.options.admission.max_clients
    }

    fn opened(&mut self, id: i32) {
        let is_multiplayer = self.is_multiplayer();
        let Some(entry) = self.entries.get_mut(&id) else { return };
        entry.stage = ServerPeerState::Open;
        entry.peer.options = self.options.for_open_peer();
        let protocol = entry.peer.selected_protocol().to_owned();
        self.pending.remove(&entry.arrival);
        self.connected.insert(id);
        // What came behind the handshake is told in the next poll.
        self.activate(id);
        if is_multiplayer {
            self.introduce(id);
            self.events.push_back(PeerEvent::PeerConnected { id });
        } else {
            self.events.push_back(PeerEvent::Opened { id, protocol });
        }
        self.watch(id);
    }

    fn fail(&mut self, id: i32, reason: String) {
        if let Some(entry) = self.entries.remove(&id) {
            self.pending.remove(&entry.arrival);
            self.events.push_back(PeerEvent::Failed { id, reason });
        }
    }

    // Accepting

    fn accept(&mut self, now: Instant) {
        for _ in 0..ACCEPTS_PER_POLL {
            let entries = &self.entries;
            let id = *self.reserved.get_or_insert_with(|| self.ids.next(|id| entries.contains_key(&id)));
            let Some(listening) = self.listening.as_mut().filter(|listening| listening.may_accept) else { return };
            match listening.listener.accept_watched(u64::from(id.unsigned_abs())) {
                Accepted::Socket(socket) => {
                    self.reserved = None;
                    self.admit(id, socket);
                }
                Accepted::None => listening.may_accept = false,
                Accepted::Exhausted => {
                    listening.may_accept = false;
                    self.timers.push(Reverse((now + ACCEPT_RETRY, LISTENER)));
                }
            }
        }
    }

    fn admit(&mut self, id: i32, socket: TcpSocket) {
        let socket = Arc::new(socket);
        if self.options.admission.refuse_new_connections || self.is_full() {
            let refusal = Refusal::custom(HttpAnswer::new(503).with_body("the server takes no more clients\n"));
            let answer = match (&self.options.tls, refusal) {
                (None, Ok(refusal)) => refusal.response(false),
                _ => Vec::new(),
            };
            return linger::close(socket, answer);
        }
        if self.pending.len() >= PENDING_HANDSHAKES
            && let Some((_, oldest)) = self.pending.pop_first()
        {
            self.fail(oldest, "too many handshakes are under way".to_owned());
        }
        let mut transport: Box<dyn Transport> = Box::new(socket);
        if let Some(tls) = &self.options.tls {
            match TlsStream::server(transport, tls) {
                Ok(stream) => transport = Box::new(stream),
                Err(error) => {
                    let reason = error.message().to_owned();
                    return self.events.push_back(PeerEvent::Failed { id, reason });
                }
            }
        }
        let protocols = self.listening.as_ref().map_or(&[][..], |listening| &listening.protocols);
        let mut peer = WebSocketPeer::with_trace_class(PeerClass::Server);
        peer.options = self.options.for_peer(protocols);
        if let Err(error) = peer.accept_stream(transport) {
            return self.events.push_back(PeerEvent::Failed { id, reason: error.message().to_owned() });
        }
        self.arrivals += 1;
        let arrival = self.arrivals;
        self.pending.insert(arrival, id);
        self.entries.insert(
            id,
            Entry {
                peer,
                arrival,
                stage: ServerPeerState::Pending,
                write_mode: MessageKind::Binary,
                announced: 0,
                visible: 0,
                listed: (0, 0),
                timer: None,
                is_active: false,
            },
        );
        self.watch(id);
    }

    // Events

    /// The next event in the order of what happened; `None` where nothing more did. A message can be read, and a peer counts as
    /// gone, from the moment its event was taken.
    pub fn next_event(&mut self) -> Option<PeerEvent> {
        let event = self.take_event();
        if event.is_none() {
            self.forget_gone();
        }
        event
    }

    /// [`Self::next_event`] for callers that say themselves when the peers are to be forgotten whose end was told.
    pub fn take_event(&mut self) -> Option<PeerEvent> {
        while let Some(event) = self.events.pop_front() {
            if self.show(&event) {
                return Some(event);
            }
        }
        None
    }

    /// Lets the program see what an event tells; returns whether there is still something to tell.
    fn show(&mut self, event: &PeerEvent) -> bool {
        match event {
            PeerEvent::Message { id } => match self.entries.get_mut(id) {
                Some(entry) if entry.stage != ServerPeerState::Leaving && entry.visible < entry.announced => {
                    entry.visible += 1;
                    true
                }
                _ => false,
            },
            PeerEvent::Packet { .. } => self.packets.show().is_some(),
            PeerEvent::Request { id } => {
                self.entries.get(id).is_some_and(|entry| entry.stage == ServerPeerState::Asked)
            }
            PeerEvent::Closed { id, .. } | PeerEvent::PeerDisconnected { id } => {
                if let Some(entry) = self.entries.get_mut(id) {
                    entry.stage = ServerPeerState::Told;
                    self.gone.push(*id);
                }
                true
            }
            _ => true,
        }
    }

    /// Events that [`Self::next_event`] may have.
    pub fn event_count(&self) -> usize {
        self.events.len()
    }

    /// Whether [`Self::next_event`] may have one.
    pub fn has_events(&self) -> bool {
        !self.events.is_empty()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}
