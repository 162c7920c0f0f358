//! A client, as Godot 3's `WebSocketClient` describes it.

mod messages;
mod multiplayer;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorCode, Result};
use crate::net::poller::Poller;
use crate::net::{ClientTls, clock, entropy, linger};
use crate::peer::connection::websocket_peer::WebSocketPeer;
use crate::peer::event::PeerEvent;
use crate::peer::godot3_packets::{PacketList, SERVER};
use crate::peer::options::{ConnectionOptions, ReconnectOptions};
use crate::peer::state::State;
use crate::peer::trace::PeerClass;
use crate::proto::frame::MessageKind;

/// States of a client, with the numbers of Godot's `MultiplayerPeer.ConnectionStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum ClientStatus {
    /// There is no connection.
    Disconnected = 0,
    /// A connection is being made, or will be after a delay.
    Connecting = 1,
    /// Messages can be exchanged.
    Connected = 2,
}

/// A connection to a server, which is the peer 1.
///
/// Everything happens in [`Self::poll`]; what happened is told by [`Self::next_event`].
#[derive(Debug)]
pub struct Client {
    options: ConnectionOptions,
    reconnect: ReconnectOptions,
    peer: WebSocketPeer,
    target: Option<Target>,
    stage: ClientPhase,
    /// What the events taken so far say.
    status: ClientStatus,
    /// Attempts since the last connection.
    attempt: u32,
    /// Connections the program has begun.
    generation: u64,
    events: VecDeque<PeerEvent>,
    write_mode: MessageKind,
    announced: usize,
    visible: usize,
    is_multiplayer: bool,
    multiplayer: multiplayer::Members,
    packets: PacketList,
    target_peer: i32,
    message: String,
}

/// Where to connect again.
#[derive(Clone, Debug)]
struct Target {
    url: String,
    protocols: Vec<String>,
    headers: Vec<String>,
    tls: Option<ClientTls>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClientPhase {
    Idle,
    Connecting,
    Open,
    /// The program has said goodbye; `keeps_slot` where it did so to the peer and not to the client.
    Leaving {
        keeps_slot: bool,
    },
    /// The next attempt begins then.
    Waiting(Instant),
}

impl Default for Client {
    fn default() -> Self {
        Self {
            options: ConnectionOptions::for_client(),
            reconnect: ReconnectOptions::default(),
            peer: WebSocketPeer::with_trace_class(PeerClass::Client),
            target: None,
            stage: ClientPhase::Idle,
            status: ClientStatus::Disconnected,
            attempt: 0,
            generation: 0,
            events: VecDeque::new(),
            write_mode: MessageKind::Binary,
            announced: 0,
            visible: 0,
            is_multiplayer: false,
            multiplayer: multiplayer::Members::default(),
            packets: PacketList::default(),
            target_peer: 0,
            message: String::new(),
        }
    }
}

impl Client {
    /// A client without a connection.
    pub fn new() -> Self {
        Self::default()
    }

    // Settings

    /// Settings of the connection.
    pub fn options(&self) -> &ConnectionOptions {
        &self.options
    }

    /// Changes settings. Limits and times apply to the connection that is there too, what the handshake uses to the next.
    pub fn set_options(&mut self, set: impl FnOnce(&mut ConnectionOptions) -> Result) -> Result {
        let result = set(&mut self.options);
        let (protocols, headers) = (
            std::mem::take(&mut self.peer.options.supported_protocols),
            std::mem::take(&mut self.peer.options.handshake_headers),
        );
        self.peer.options =
            ConnectionOptions { supported_protocols: protocols, handshake_headers: headers, ..self.options.clone() };
        self.record_error(result)
    }

    /// Refuses what cannot be changed while there is a connection.
    pub fn check_disconnected(&mut self) -> Result {
        if self.stage == ClientPhase::Idle {
            return Ok(());
        }
        self.record_error(Err(Error::new(ErrorCode::Failed, "this cannot be changed while there is a connection")))
    }

    /// Sets the limits of the queues as Godot 3's `set_buffers`; refused while there is a connection.
    pub fn set_buffers(&mut self, in_kib: i64, in_packets: i64, out_kib: i64, out_packets: i64) -> Result {
        self.check_disconnected()?;
        self.set_options(|options| options.set_buffers(in_kib, in_packets, out_kib, out_packets))
    }

    /// Settings of automatic reconnecting.
    pub fn reconnect_options(&self) -> &ReconnectOptions {
        &self.reconnect
    }

    /// Changes them.
    pub fn set_reconnect_options(&mut self, set: impl FnOnce(&mut ReconnectOptions) -> Result) -> Result {
        let result = set(&mut self.reconnect);
        self.record_error(result)
    }

    // Connecting

    /// Starts to connect to `url` (`ws://`, `wss://`, or without a scheme, which is `ws://`), asking for one of `protocols`.
    /// `is_multiplayer` is Godot 3's `gd_mp_api`. Header lines are added to the request. `tls` is for `wss://`.
    ///
    /// Refused while connecting or connected. An earlier connection to which the program has said goodbye is given up, without
    /// further events. Where the system refuses at once, the error is returned and an event tells of it too.
    pub fn connect_to_url(
        &mut self,
        url: &str,
        protocols: Vec<String>,
        is_multiplayer: bool,
        headers: Vec<String>,
        tls: Option<ClientTls>,
    ) -> Result {
        let target = Target { url: url.to_owned(), protocols, headers, tls };
        let result = self.try_connect(target, is_multiplayer);
        self.record_error(result)
    }

    fn try_connect(&mut self, target: Target, is_multiplayer: bool) -> Result {
        if matches!(self.stage, ClientPhase::Connecting | ClientPhase::Open | ClientPhase::Leaving { keeps_slot: true })
        {
            return Err(Error::new(ErrorCode::AlreadyInUse, "the client is connecting or connected; disconnect first"));
        }
        let mut peer = WebSocketPeer::with_trace_class(PeerClass::Client);
        let result = self.begin(&mut peer, &target);
        if let Err(error) = &result
            && error.code() != ErrorCode::Failed
        {
            return result;
        }
        self.reset();
        self.peer = peer;
        self.target = Some(target);
        self.generation += 1;
        self.write_mode = MessageKind::Binary;
        self.is_multiplayer = is_multiplayer;
        self.stage = ClientPhase::Connecting;
        self.status = ClientStatus::Connecting;
        if let Err(error) = &result {
            self.fail(error.message().to_owned(), clock::now());
        }
        result
    }

    fn begin(&self, peer: &mut WebSocketPeer, target: &Target) -> Result {
        peer.options = self.options.clone();
        peer.options.set_supported_protocols(target.protocols.clone());
        peer.options.handshake_headers.extend(target.headers.iter().cloned());
        peer.connect_to_url(&target.url, target.tls.clone())
    }

    /// Forgets the connection and everything that belongs to it.
    fn reset(&mut self) {
        self.peer = WebSocketPeer::with_trace_class(PeerClass::Client);
        self.stage = ClientPhase::Idle;
        self.status = ClientStatus::Disconnected;
        self.attempt = 0;
        self.message.clear();
        self.events.clear();
        self.announced = 0;
        self.visible = 0;
        self.packets = PacketList::default();
        self.multiplayer = multiplayer::Members::default();
    }

    /// Says goodbye; the end is told by an event when the server has answered or its time is over. While connecting, and while
    /// waiting to reconnect, gives up without an event. Codes and reasons that no close frame may carry are refused.
    pub fn disconnect_from_host(&mut self, code: i32, reason: &str) -> Result {
        match self.stage {
            ClientPhase::Open | ClientPhase::Leaving { .. } => self.leave(code, reason, false),
            ClientPhase::Connecting | ClientPhase::Waiting(_) => {
                self.reset();
                Ok(())
            }
            ClientPhase::Idle => Ok(()),
        }
    }

    /// [`Self::disconnect_from_host`] as the peer's own method does it: a new connection can begin when the end was told.
    pub fn close(&mut self, code: i32, reason: &str) -> Result {
        if self.stage == ClientPhase::Open { self.leave(code, reason, true) } else { Ok(()) }
    }

    fn leave(&mut self, code: i32, reason: &str, keeps_slot: bool) -> Result {
        let result = self.peer.close(code, reason);
        if result.is_ok() {
            self.stage = ClientPhase::Leaving { keeps_slot };
        }
        self.record_error(result)
    }

    // Polling

    /// Goes on: connects, shakes hands, sends what waits, reads what is there. Never blocks.
    pub fn poll(&mut self) {
        self.poll_at(clock::now());
    }

    /// [`Self::poll`] at a given time.
    pub fn poll_at(&mut self, now: Instant) {
        linger::tick(now);
        match self.stage {
            ClientPhase::Idle => {}
            ClientPhase::Waiting(time) if now < time => {}
            // What was received before is read first: the next connection has messages of its own.
            ClientPhase::Waiting(_) if self.events.iter().any(|event| matches!(event, PeerEvent::Message { .. })) => {}
            ClientPhase::Waiting(_) => self.try_again(now),
            ClientPhase::Connecting => self.poll_connecting(now),
            ClientPhase::Open | ClientPhase::Leaving { .. } => self.poll_open(now),
        }
    }

    fn try_again(&mut self, now: Instant) {
        let Some(target) = self.target.clone() else { return };
        let mut peer = WebSocketPeer::with_trace_class(PeerClass::Client);
        let result = self.begin(&mut peer, &target);
        self.peer = peer;
        self.announced = 0;
        self.visible = 0;
        self.stage = ClientPhase::Connecting;
        if let Err(error) = result {
            self.fail(error.message().to_owned(), now);
        }
    }

    fn poll_connecting(&mut self, now: Instant) {
        self.peer.poll_at(now);
        match self.peer.state() {
            State::Connecting => {}
            State::Open | State::Closing => {
                self.stage = ClientPhase::Open;
                self.message.clear();
                let protocol = self.peer.selected_protocol().to_owned();
                let is_again = std::mem::take(&mut self.attempt) > 0;
                if !self.is_multiplayer {
                    self.events.push_back(PeerEvent::Opened { id: SERVER, protocol });
                }
                if is_again {
                    self.events.push_back(PeerEvent::Reconnected);
                }
            }
            State::Closed => {
                let reason = self.peer.error_message().to_owned();
                self.fail(reason, now);
            }
        }
    }

    fn poll_open(&mut self, now: Instant) {
        self.peer.poll_at(now);
        if self.is_multiplayer {
            self.read_packets();
        } else if self.stage == ClientPhase::Open {
            let count = self.peer.packet_count();
            self.events.extend((self.announced..count).map(|_| PeerEvent::Message { id: SERVER }));
            self.announced = count;
        }
        if self.peer.state() == State::Closed {
            self.notice_end(now);
        }
    }

    fn notice_end(&mut self, now: Instant) {
        let was_clean = self.peer.was_closed_cleanly();
        let is_own_doing = self.stage != ClientPhase::Open;
        if was_clean && !is_own_doing {
            let (code, reason) = self.peer.received_close();
            self.events.push_back(PeerEvent::CloseRequest { id: SERVER, code, reason });
        }
        self.stage = ClientPhase::Idle;
        self.peer.error_message().clone_into(&mut self.message);
        if self.is_multiplayer {
            self.members_are_gone(is_own_doing);
        } else {
            self.events.push_back(PeerEvent::Closed { id: SERVER, was_clean });
        }
        if !is_own_doing {
            self.plan_next_attempt(now);
        }
    }

    fn fail(&mut self, reason: String, now: Instant) {
        self.stage = ClientPhase::Idle;
        reason.clone_into(&mut self.message);
        self.events.push_back(if self.is_multiplayer {
            PeerEvent::ConnectionFailed { reason }
        } else {
            PeerEvent::Failed { id: SERVER, reason }
        });
        self.plan_next_attempt(now);
    }

    fn plan_next_attempt(&mut self, now: Instant) {
        self.attempt = self.attempt.saturating_add(1);
        match self.reconnect.delay_before(self.attempt, entropy::fraction()) {
            Some(delay) => {
                self.stage = ClientPhase::Waiting(now + delay);
                self.events.push_back(PeerEvent::Reconnecting { attempt: self.attempt, delay });
            }
            None => self.attempt = 0,
        }
    }

    /// Polls and blocks until an event is there or the time is over; `None` for no limit. Returns whether one is there. A client
    /// without a connection has nothing to wait for.
    pub fn wait(&mut self, timeout: Option<Duration>) -> Result<bool> {
        /// Name lookups and the racing of addresses wake nobody.
        const CONNECTING: Duration = Duration::from_millis(5);
        let deadline = timeout.and_then(|timeout| clock::now().checked_add(timeout));
        loop {
            let now = clock::now();
            self.poll_at(now);
            if !self.events.is_empty() {
                return Ok(true);
            }
            if self.stage == ClientPhase::Idle {
                let result = Err(Error::new(ErrorCode::Unconfigured, "there is no connection"));
                return self.record_error(result);
            }
            if deadline.is_some_and(|deadline| deadline <= now) {
                return Ok(false);
            }
            let Some(poller) = Poller::global() else { continue };
            let mut waiter = poller.waiter();
            waiter.mark();
            if self.stage != ClientPhase::Connecting && self.peer.has_pending_work() {
                continue;
            }
            let next = match self.stage {
                ClientPhase::Waiting(time) => Some(time),
                ClientPhase::Connecting => Some(now + CONNECTING),
                _ => self.peer.next_deadline(),
            };
            let until = deadline.into_iter().chain(next).min();
            let lingers = (!linger::is_quiet()).then_some(crate::limits::LINGER_TICK);
            let time = until.map(|until| until.saturating_duration_since(now));
            waiter.block(time.into_iter().chain(lingers).min());
        }
    }

    // Events

    /// The next event in the order of what happened; `None` where nothing more did. The status, and what can be read, follow the
    /// events that were taken.
    pub fn next_event(&mut self) -> Option<PeerEvent> {
        while let Some(event) = self.events.pop_front() {
            if self.show(&event) {
                return Some(event);
            }
        }
        None
    }

    fn show(&mut self, event: &PeerEvent) -> bool {
        match event {
            PeerEvent::Message { .. } => {
                let is_news = !matches!(self.stage, ClientPhase::Leaving { .. }) && self.visible < self.announced;
                self.visible += usize::from(is_news);
                return is_news;
            }
            PeerEvent::Packet { .. } => return self.packets.show().is_some(),
            PeerEvent::Opened { .. } | PeerEvent::ConnectionSucceeded => self.status = ClientStatus::Connected,
            PeerEvent::Closed { .. }
            | PeerEvent::Failed { .. }
            | PeerEvent::ConnectionFailed { .. }
            | PeerEvent::ServerDisconnected => self.status = ClientStatus::Disconnected,
            PeerEvent::Reconnecting { .. } => self.status = ClientStatus::Connecting,
            _ => {}
        }
        true
    }

    /// Events that [`Self::next_event`] may have.
    pub fn event_count(&self) -> usize {
        self.events.len()
    }

    /// Whether [`Self::next_event`] may have one.
    pub fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// State of the connection, as of the events taken.
    pub fn status(&self) -> ClientStatus {
        self.status
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if self.stage == ClientPhase::Open {
            // Refused only where the connection is over.
            let _gone = self.peer.close(1000, "");
        }
    }
}
