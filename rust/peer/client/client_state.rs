//! Holds the state of a client object, and decides when its options may change and what queries return.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;

use super::connecting::ConnectTarget;
use super::godot3_mode::Godot3Client;
use super::waiting_threads::WaitingThreads;
use crate::error::{Error, ErrorCode, Result};
use crate::net::background_flush::FlushRequests;
use crate::peer::connection::websocket_peer::WebSocketPeer;
use crate::peer::event::{MessageEvents, PeerEvent};
use crate::peer::last_error::LastError;
use crate::peer::options::{ConnectionOptions, ReconnectOptions};
use crate::peer::trace::PeerClass;
use crate::proto::frame::MessageKind;

/// States of a client, with the numbers of Godot's `MultiplayerPeer.ConnectionStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[repr(i32)]
pub enum ClientStatus {
    /// There is no connection.
    Disconnected = 0,
    /// A connection is being made, or will be after a delay.
    Connecting = 1,
    /// Messages can be exchanged.
    Connected = 2,
}

/// A connection to a server, whose peer id is 1, as Godot 3's `WebSocketClient` describes it.
///
/// Everything happens in [`Self::poll`]; [`Self::next_event`] then delivers the events one by one.
#[derive(Debug)]
pub struct Client {
    pub(super) options: ConnectionOptions,
    pub(super) reconnect: ReconnectOptions,
    pub(super) peer: WebSocketPeer,
    /// The server to reconnect to.
    pub(super) target: Option<ConnectTarget>,
    pub(super) phase: ClientPhase,
    /// The status as of the events delivered so far; [`Self::phase`] is ahead of it.
    pub(super) status: ClientStatus,
    /// Attempts to reconnect since the last stable connection; 0 for the program's own.
    pub(super) attempt: u32,
    /// From when on the open connection counts as stable, so that a loss begins with the first attempt again.
    pub(super) stable_from: Option<Instant>,
    pub(super) generation: u64,
    pub(super) events: VecDeque<PeerEvent>,
    pub(super) messages: MessageEvents,
    pub(super) write_mode: MessageKind,
    pub(super) is_multiplayer: bool,
    pub(super) godot3: Godot3Client,
    pub(super) target_peer: i32,
    pub(super) waiting: WaitingThreads,
    pub(super) last_error: LastError,
    pub(super) flush_requests: FlushRequests,
}

/// What a client does in its next poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientPhase {
    /// Nothing: there is no connection.
    Idle,
    /// Makes the connection.
    Connecting,
    /// Exchanges messages.
    Open,
    /// Waits for the end of the close handshake that the program has begun. `blocks_connecting` if it did so by
    /// [`Client::close`], after which a new connection may begin only when this one has ended.
    Closing { blocks_connecting: bool },
    /// Reconnects at this moment.
    WaitingToReconnect(Instant),
}

impl Default for Client {
    fn default() -> Self {
        Self {
            options: ConnectionOptions::for_client(),
            reconnect: ReconnectOptions::default(),
            peer: WebSocketPeer::with_trace_class(PeerClass::Client),
            target: None,
            phase: ClientPhase::Idle,
            status: ClientStatus::Disconnected,
            attempt: 0,
            stable_from: None,
            generation: 0,
            events: VecDeque::new(),
            messages: MessageEvents::default(),
            write_mode: MessageKind::Binary,
            is_multiplayer: false,
            godot3: Godot3Client::default(),
            target_peer: 0,
            waiting: WaitingThreads::default(),
            last_error: LastError::default(),
            flush_requests: FlushRequests::default(),
        }
    }
}

impl Client {
    /// Creates a client without a connection.
    pub fn new() -> Self {
        Self::default()
    }

    // Options

    /// Returns the options of the connection.
    pub fn options(&self) -> &ConnectionOptions {
        &self.options
    }

    /// Changes options. Limits and times apply to an existing connection too; options of the handshake apply to the
    /// next one.
    pub fn set_options(&mut self, set: impl FnOnce(&mut ConnectionOptions) -> Result) -> Result {
        let result = set(&mut self.options);
        let (protocols, headers) = (
            std::mem::take(&mut self.peer.options.supported_protocols),
            std::mem::take(&mut self.peer.options.handshake_headers),
        );
        self.peer.options =
            ConnectionOptions { supported_protocols: protocols, handshake_headers: headers, ..self.options.clone() };
        self.wake();
        self.record_error(result)
    }

    /// Refuses a change that is not possible while there is a connection, with [`ErrorCode::Failed`].
    pub fn check_disconnected(&mut self) -> Result {
        if self.phase == ClientPhase::Idle {
            return Ok(());
        }
        self.record_error(Err(Error::new(
            ErrorCode::Failed,
            "this option cannot be changed while there is a connection",
        )))
    }

    /// Sets the limits of the queues as Godot 3's `set_buffers` does, with its numbers; refused while there is a
    /// connection.
    pub fn set_buffers(&mut self, in_kib: i64, in_packets: i64, out_kib: i64, out_packets: i64) -> Result {
        self.check_disconnected()?;
        self.set_options(|options| options.set_buffers(in_kib, in_packets, out_kib, out_packets))
    }

    /// Returns the options of automatic reconnecting.
    pub fn reconnect_options(&self) -> &ReconnectOptions {
        &self.reconnect
    }

    /// Changes the options of automatic reconnecting.
    pub fn set_reconnect_options(&mut self, set: impl FnOnce(&mut ReconnectOptions) -> Result) -> Result {
        let result = set(&mut self.reconnect);
        self.record_error(result)
    }

    // Queries

    /// Returns the status as of the events delivered so far.
    pub fn status(&self) -> ClientStatus {
        self.status
    }

    /// Returns whether the connection is open; `true` until the event of its end is delivered.
    pub fn is_connected_to_host(&self) -> bool {
        self.status == ClientStatus::Connected || (self.is_multiplayer && self.phase == ClientPhase::Open)
    }

    /// Returns the number of connections that the program has begun with this object.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Runs a query on the connection.
    pub fn with_peer<R>(&self, call: impl FnOnce(&WebSocketPeer) -> R) -> R {
        call(&self.peer)
    }

    /// Returns the address of the server while connected.
    pub fn server_address(&self) -> Option<SocketAddr> {
        if self.is_connected_to_host() { self.peer.remote_address() } else { None }
    }

    /// Disables (`true`, the default) or enables Nagle's algorithm.
    pub fn set_no_delay(&mut self, enabled: bool) -> Result {
        let result = self.peer.set_no_delay(enabled);
        self.record_error(result)
    }

    /// Returns why the last call was refused, or the last connection failed or was lost; empty if there was no error.
    pub fn error_message(&self) -> &str {
        match self.last_error.as_str() {
            "" => self.peer.error_message(),
            message => message,
        }
    }

    /// Keeps the text of an error for [`Self::error_message`]; bindings pass their own refusals.
    pub fn record_error<T>(&mut self, result: Result<T>) -> Result<T> {
        self.last_error.record(result)
    }
}
