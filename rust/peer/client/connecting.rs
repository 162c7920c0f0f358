//! Decides how a client connects, what it reports of that, and when it makes the next attempt.

use std::time::Instant;

use super::client_state::{Client, ClientPhase, ClientStatus};
use super::godot3_mode::Godot3Client;
use crate::error::{Error, ErrorCode, Result};
use crate::limits::STABLE_CONNECTION;
use crate::net::{ClientTls, clock, random};
use crate::peer::connection::websocket_peer::WebSocketPeer;
use crate::peer::event::{MessageEvents, PeerEvent};
use crate::peer::flushing::CollectsOutput;
use crate::peer::peer_ids::SERVER_ID;
use crate::peer::state::State;
use crate::peer::trace::PeerClass;
use crate::proto::frame::MessageKind;

/// Arguments of [`Client::connect_to_url`] beside the URL.
#[derive(Clone, Debug, Default)]
pub struct ConnectParameters {
    /// Sub-protocols in order of preference. If there are any, the server must select one.
    pub protocols: Vec<String>,
    /// Header lines (`Name: value`) added to the request.
    pub headers: Vec<String>,
    /// TLS for `wss://`; without it the server's certificate must be one that the operating system trusts.
    pub tls: Option<ClientTls>,
    /// Switches multiplayer mode on: the messages are the packets of Godot 3's `gd_mp_api`.
    pub gd_mp_api: bool,
}

/// A server to connect to, again after a loss.
#[derive(Clone, Debug)]
pub(super) struct ConnectTarget {
    url: String,
    parameters: ConnectParameters,
}

impl Client {
    /// Starts to connect to `url` (`ws://`, `wss://`, or without a scheme, which means `ws://`).
    ///
    /// A connection that the program closes by [`Self::disconnect_from_host`] is dropped, without further events.
    ///
    /// # Errors
    /// [`ErrorCode::AlreadyInUse`] while connecting or connected; [`ErrorCode::InvalidParameter`] for invalid
    /// arguments. Both change nothing. [`ErrorCode::Failed`] if the system refuses at once, which an event reports too.
    pub fn connect_to_url(&mut self, url: &str, parameters: ConnectParameters) -> Result {
        let result = self.try_connect(ConnectTarget { url: url.to_owned(), parameters });
        self.record_error(result)
    }

    fn try_connect(&mut self, target: ConnectTarget) -> Result {
        if matches!(
            self.phase,
            ClientPhase::Connecting | ClientPhase::Open | ClientPhase::Closing { blocks_connecting: true }
        ) {
            return Err(Error::new(ErrorCode::AlreadyInUse, "the client is connecting or connected; disconnect first"));
        }
        let (peer, result) = self.begin(&target);
        if let Err(error) = &result
            && error.code() != ErrorCode::Failed
        {
            return result;
        }
        self.reset();
        self.peer = peer;
        self.is_multiplayer = target.parameters.gd_mp_api;
        self.target = Some(target);
        self.generation += 1;
        self.write_mode = MessageKind::Binary;
        self.phase = ClientPhase::Connecting;
        self.status = ClientStatus::Connecting;
        if let Err(error) = &result {
            self.fail(error.message().to_owned(), clock::now());
        }
        self.wake();
        result
    }

    /// Makes a peer that connects. With an error it does not, but still explains why.
    fn begin(&self, target: &ConnectTarget) -> (WebSocketPeer, Result) {
        let mut peer = self.new_peer();
        peer.options = self.options.clone();
        peer.options.set_supported_protocols(target.parameters.protocols.clone());
        peer.options.handshake_headers.extend(target.parameters.headers.iter().cloned());
        let result = peer.connect_to_url(&target.url, target.parameters.tls.clone());
        (peer, result)
    }

    fn new_peer(&self) -> WebSocketPeer {
        let mut peer = WebSocketPeer::with_trace_class(PeerClass::Client);
        peer.set_flush_requests(self.flush_requests.clone());
        peer
    }

    /// Drops the connection and everything that belongs to it.
    pub(super) fn reset(&mut self) {
        self.peer = self.new_peer();
        self.phase = ClientPhase::Idle;
        self.status = ClientStatus::Disconnected;
        self.attempt = 0;
        self.stable_from = None;
        self.last_error.clear();
        self.events.clear();
        self.messages = MessageEvents::default();
        self.godot3 = Godot3Client::default();
    }

    /// Begins the next attempt after a loss.
    pub(super) fn reconnect(&mut self, now: Instant) {
        let Some(target) = self.target.clone() else { return };
        let (peer, result) = self.begin(&target);
        self.peer = peer;
        self.messages = MessageEvents::default();
        self.phase = ClientPhase::Connecting;
        if let Err(error) = result {
            self.fail(error.message().to_owned(), now);
        }
    }

    pub(super) fn poll_connecting(&mut self, now: Instant) {
        self.peer.poll_at(now);
        match self.peer.state() {
            State::Connecting => {}
            State::Open | State::Closing => self.opened(now),
            State::Closed => {
                let reason = self.peer.error_message().to_owned();
                self.fail(reason, now);
            }
        }
    }

    fn opened(&mut self, now: Instant) {
        self.phase = ClientPhase::Open;
        self.stable_from = Some(now + STABLE_CONNECTION);
        self.last_error.clear();
        let was_lost = self.attempt > 0;
        if self.is_multiplayer {
            // The server's introduction is reported instead.
            self.godot3.is_reconnecting = was_lost;
            return;
        }
        let protocol = self.peer.selected_protocol().to_owned();
        self.events.push_back(PeerEvent::Opened { id: SERVER_ID, protocol });
        if was_lost {
            self.events.push_back(PeerEvent::Reconnected);
        }
    }

    fn fail(&mut self, reason: String, now: Instant) {
        self.phase = ClientPhase::Idle;
        self.last_error.set(&reason);
        self.events.push_back(if self.is_multiplayer {
            PeerEvent::ConnectionFailed { reason }
        } else {
            PeerEvent::Failed { id: SERVER_ID, reason }
        });
        self.schedule_reconnect(now);
    }

    /// Schedules the next attempt, unless the options say that the client gives up.
    pub(super) fn schedule_reconnect(&mut self, now: Instant) {
        if self.stable_from.take().is_some_and(|from| from <= now) {
            self.attempt = 0;
        }
        self.attempt = self.attempt.saturating_add(1);
        match self.reconnect.delay_before(self.attempt, random::fraction()) {
            Some(delay) => {
                self.phase = ClientPhase::WaitingToReconnect(now + delay);
                self.events.push_back(PeerEvent::Reconnecting { attempt: self.attempt, delay });
            }
            None => self.attempt = 0,
        }
    }
}
