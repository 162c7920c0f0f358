//! `RustWebSocketServer`.

#![expect(unsafe_code, reason = "the engine passes packets by pointer")]

use std::collections::{HashMap, VecDeque};

use godot::classes::multiplayer_peer::{ConnectionStatus, TransferMode};
use godot::classes::{CryptoKey, IMultiplayerPeerExtension, MultiplayerPeerExtension, TlsOptions, X509Certificate};
use godot::global::Error as GodotError;
use godot::prelude::*;
use godot_core::meta::RawPtr;
use parking_lot::Mutex;

use super::convert;
use super::nesting::Nesting;
use super::option_properties::{OptionsOwner, with_server_options};
use super::pointers;
use super::remote_peer::RustWebSocketRemotePeer;
use super::shared::{Native, Registered, Registry, Shared, registry, with};
use super::tls::certificate_pem;
use crate::error::Result;
use crate::net::ServerTls;
use crate::peer::options::{ListenOptions, TlsTexts};
use crate::peer::{AdmissionOptions, ConnectionOptions, PeerEvent, Server, ServerOptions};

with_server_options! {
    /// A WebSocket server with the members of Godot 3's [code]WebSocketServer[/code]: it keeps its clients under ids, signals tell what
    /// happens, and with [code]gd_mp_api[/code] it is a [MultiplayerPeer] that speaks Godot 3's packets.
    ///
    /// Call [method listen], then [method MultiplayerPeer.poll] regularly, which emits all signals. Packets are read from and sent by
    /// [method get_peer]: [code]get_peer(id).put_packet(...)[/code], or by [method send_to] to several at once. A poll costs what its active
    /// clients cost; idle ones cost nothing. An id never comes back for another client.
    ///
    /// [b]Differences from Godot 3:[/b] a close that this end began and the client answered is clean ([signal client_disconnected] with
    /// [code]true[/code]); a violation of the protocol ends the connection; bad requests get an HTTP answer; a packet to all but the
    /// server does not reach it. See [code]MIGRATING.md[/code] for all of them.
    ///
    /// Handlers may call everything, [method MultiplayerPeer.poll] and [method stop] included. Any method may be called from any thread; signals
    /// are emitted on the thread that polls.
    #[derive(GodotClass)]
    #[class(tool, init, base = MultiplayerPeerExtension)]
    pub struct RustWebSocketServer {
        #[init(val = Shared::new(ServerState::of_the_project()))]
        pub(super) state: Shared<ServerState>,
        pub(super) identity: Mutex<Identity>,
        pub(super) peers: Mutex<HashMap<i32, Gd<RustWebSocketRemotePeer>>>,

        /// The key for [code]wss://[/code]. The server speaks TLS if this and [member ssl_certificate] are set when it begins to listen.
        /// Cannot be changed while listening.
        #[var(get = get_private_key, set = set_private_key, usage_flags = [NONE])]
        private_key: PhantomVar<Option<Gd<CryptoKey>>>,

        /// The certificate for [code]wss://[/code]; see [member private_key].
        #[var(get = get_ssl_certificate, set = set_ssl_certificate, usage_flags = [NONE])]
        ssl_certificate: PhantomVar<Option<Gd<X509Certificate>>>,

        /// Certificates of authorities between [member ssl_certificate] and one that clients trust, sent with it. Optional.
        #[var(get = get_ca_chain, set = set_ca_chain, usage_flags = [NONE])]
        ca_chain: PhantomVar<Option<Gd<X509Certificate>>>,

        base: Base<MultiplayerPeerExtension>,
    }
}

/// A server and what scripts need beside it.
#[derive(Default)]
pub(super) struct ServerState {
    pub server: Server,
    /// Peers that are connected and were not taken by `take_connection()`.
    pub fresh: VecDeque<i32>,
    /// The peer that the last message came from.
    pub talker: i32,
    /// Peers whose end was told in the poll under way.
    pub gone: Vec<i32>,
    nesting: Nesting,
    /// A flush at the end of the frame is on the way.
    pub flush_scheduled: bool,
}

/// Key and certificates of scripts.
#[derive(Default)]
pub(super) struct Identity {
    pub key: Option<Gd<CryptoKey>>,
    pub certificate: Option<Gd<X509Certificate>>,
    pub chain: Option<Gd<X509Certificate>>,
}

impl Identity {
    /// The settings they stand for; none unless there are a key and a certificate.
    pub fn tls(&self) -> Result<Option<ServerTls>> {
        let (Some(key), Some(certificate)) = (&self.key, &self.certificate) else { return Ok(None) };
        let chain = self.chain.as_ref().map(certificate_pem).transpose()?.unwrap_or_default();
        let texts = TlsTexts { certificate: certificate_pem(certificate)? + "\n" + &chain, ..TlsTexts::default() };
        texts.server(TlsOptions::server(key, certificate).as_ref()).map(Some)
    }
}

impl ServerState {
    /// Returns a server with the limits of the project's settings.
    fn of_the_project() -> Self {
        Self { server: super::websocket_server_methods::of_the_project(), ..Self::default() }
    }
}

impl Registered for ServerState {
    fn registry() -> &'static Registry<Self> {
        static SERVERS: Registry<ServerState> = registry();
        &SERVERS
    }
}

impl Native for RustWebSocketServer {
    type Object = ServerState;

    fn shared(&self) -> &Shared<ServerState> {
        &self.state
    }
}

impl RustWebSocketServer {
    pub(super) fn run(&self, call: impl FnOnce(&mut Server) -> Result) -> GodotError {
        self.state.with(GodotError::ERR_BUSY, |state| convert::error(&call(&mut state.server)))
    }

    pub(super) fn ask<R: Default>(&self, call: impl FnOnce(&mut Server) -> R) -> R {
        self.state.with(R::default(), |state| call(&mut state.server))
    }

    /// Changes what may only change while the server does not listen.
    pub(super) fn configure(&self, set: impl FnOnce(&mut ServerOptions) -> Result) -> bool {
        self.run(|server| server.configure(set)) == GodotError::OK
    }

    /// Changes what may change at any time.
    pub(super) fn set(&self, set: impl FnOnce(&mut ServerOptions) -> Result) {
        self.run(|server| server.set_options(set));
    }

    /// What scripts can ask for as long as a peer is there.
    fn note(state: &mut ServerState, event: &PeerEvent) {
        match event {
            PeerEvent::Opened { id, .. } | PeerEvent::PeerConnected { id } => state.fresh.push_back(*id),
            PeerEvent::Message { id } | PeerEvent::Packet { id } => state.talker = *id,
            PeerEvent::Closed { id, .. } | PeerEvent::PeerDisconnected { id } => {
                state.fresh.retain(|fresh| fresh != id);
                state.gone.push(*id);
            }
            _ => {}
        }
    }

    /// Goes on, and emits the signals of what happened. Nothing is held while handlers run.
    pub(super) fn poll_and_tell(mut this: Gd<Self>) {
        let count = with(&this, 0, |state| {
            if state.nesting.is_outside() {
                state.server.poll();
            } else {
                // A handler of the poll further out still counts on the peers whose end it is told.
                state.server.poll_again();
            }
            if state.nesting.may_tell() { state.server.event_count() } else { 0 }
        });
        if count == 0 {
            return;
        }
        with(&this, (), |state| state.nesting.enter());
        for _ in 0..count {
            let event = with(&this, None, |state| {
                let event = state.server.take_event()?;
                Self::note(state, &event);
                Some(event)
            });
            let Some(event) = event else { break };
            Self::emit(&mut this, event);
        }
        let gone = with(&this, Vec::new(), |state| {
            if !state.nesting.leave() {
                return Vec::new();
            }
            state.server.forget_gone();
            std::mem::take(&mut state.gone)
        });
        Self::forget(&this, &gone);
    }

    fn emit(this: &mut Gd<Self>, event: PeerEvent) {
        match event {
            PeerEvent::Opened { id, protocol } => {
                this.signals().client_connected().emit(i64::from(id), &convert::text(&protocol));
            }
            PeerEvent::Request { id } => this.signals().client_request().emit(i64::from(id)),
            PeerEvent::Failed { id, reason } => {
                this.signals().client_failed().emit(i64::from(id), &convert::text(&reason));
            }
            PeerEvent::Message { id } => this.signals().data_received().emit(i64::from(id)),
            PeerEvent::CloseRequest { id, code, reason } => {
                this.signals().client_close_request().emit(i64::from(id), i64::from(code), &convert::text(&reason));
            }
            PeerEvent::Closed { id, was_clean } => this.signals().client_disconnected().emit(i64::from(id), was_clean),
            PeerEvent::PeerConnected { id } => this.signals().peer_connected().emit(i64::from(id)),
            PeerEvent::PeerDisconnected { id } => this.signals().peer_disconnected().emit(i64::from(id)),
            PeerEvent::Packet { id } => this.signals().peer_packet().emit(i64::from(id)),
            // A client's.
            PeerEvent::ConnectionSucceeded
            | PeerEvent::ConnectionFailed { .. }
            | PeerEvent::ServerDisconnected
            | PeerEvent::Reconnecting { .. }
            | PeerEvent::Reconnected => {}
        }
    }

    /// Forgets the objects of peers whose end was told.
    fn forget(this: &Gd<Self>, gone: &[i32]) {
        if !gone.is_empty() {
            let instance = this.bind();
            let mut peers = instance.peers.lock();
            for id in gone {
                peers.remove(id);
            }
        }
    }
}

impl OptionsOwner<ConnectionOptions> for RustWebSocketServer {
    fn read_options<R: Default>(&self, read: impl FnOnce(&ConnectionOptions) -> R) -> R {
        self.ask(|server| read(&server.options().peer))
    }

    fn change_options(&self, change: impl FnOnce(&mut ConnectionOptions) -> Result) {
        self.set(|options| change(&mut options.peer));
    }
}

impl OptionsOwner<AdmissionOptions> for RustWebSocketServer {
    fn read_options<R: Default>(&self, read: impl FnOnce(&AdmissionOptions) -> R) -> R {
        self.ask(|server| read(&server.options().admission))
    }

    fn change_options(&self, change: impl FnOnce(&mut AdmissionOptions) -> Result) {
        self.set(|options| change(&mut options.admission));
    }
}

impl OptionsOwner<ListenOptions> for RustWebSocketServer {
    fn read_options<R: Default>(&self, read: impl FnOnce(&ListenOptions) -> R) -> R {
        self.ask(|server| read(&server.options().listen))
    }

    fn change_options(&self, change: impl FnOnce(&mut ListenOptions) -> Result) {
        self.configure(|options| change(&mut options.listen));
    }
}

with_server_options! {
    #[godot_api]
    impl RustWebSocketServer {
        /// Emitted when a client has connected, with the sub-protocol that was agreed on (empty where the server speaks none).
        #[signal]
        fn client_connected(id: i64, protocol: GString);

        /// Emitted when a client is gone. [param was_clean_close] is [code]true[/code] if both ends have said goodbye. [method has_peer] and
        /// [method get_peer] still know the id until the poll ends.
        #[signal]
        fn client_disconnected(id: i64, was_clean_close: bool);

        /// Emitted when a client says goodbye. Its packets can still be read, but nothing can be sent any more.
        #[signal]
        fn client_close_request(id: i64, code: i64, reason: GString);

        /// Emitted once for every packet that can be read from [method get_peer]. Not in multiplayer mode; see [signal peer_packet].
        #[signal]
        fn data_received(id: i64);

        /// Emitted in multiplayer mode for every packet that can be read from this object.
        #[signal]
        fn peer_packet(peer_source: i64);

        /// Emitted when a client asks to be let in and [member auto_accept] is [code]false[/code]; see [method get_request]. Not in Godot 3.
        #[signal]
        fn client_request(id: i64);

        /// Emitted when the handshake of a client came to nothing, and why. Not in Godot 3.
        #[signal]
        fn client_failed(id: i64, reason: GString);

        /// Never emitted on a server; there for scripts that connect the same signals on both.
        #[signal]
        fn connection_succeeded();

        /// Never emitted on a server; there for scripts that connect the same signals on both.
        #[signal]
        fn connection_failed();

        /// Never emitted on a server; there for scripts that connect the same signals on both.
        #[signal]
        fn server_disconnected();

        #[func]
        fn get_private_key(&self) -> Option<Gd<CryptoKey>> {
            self.identity.lock().key.clone()
        }

        #[func]
        fn set_private_key(&self, key: Option<Gd<CryptoKey>>) {
            if self.configure(|_| Ok(())) {
                self.identity.lock().key = key;
            }
        }

        #[func]
        fn get_ssl_certificate(&self) -> Option<Gd<X509Certificate>> {
            self.identity.lock().certificate.clone()
        }

        #[func]
        fn set_ssl_certificate(&self, certificate: Option<Gd<X509Certificate>>) {
            if self.configure(|_| Ok(())) {
                self.identity.lock().certificate = certificate;
            }
        }

        #[func]
        fn get_ca_chain(&self) -> Option<Gd<X509Certificate>> {
            self.identity.lock().chain.clone()
        }

        #[func]
        fn set_ca_chain(&self, chain: Option<Gd<X509Certificate>>) {
            if self.configure(|_| Ok(())) {
                self.identity.lock().chain = chain;
            }
        }
    }
}

#[godot_api]
impl IMultiplayerPeerExtension for RustWebSocketServer {
    fn poll(&mut self) {
        let this = self.to_gd();
        // Lets handlers use this object.
        let _released = self.base_mut();
        Self::poll_and_tell(this);
    }

    fn close(&mut self) {
        self.stop();
    }

    fn disconnect_peer(&mut self, p_peer: i32, p_force: bool) {
        let code = if p_force { -1 } else { 1000 };
        // An unknown peer is gone already.
        self.run(|server| server.disconnect_peer(p_peer, code, ""));
    }

    #[func(gd_self)]
    unsafe fn get_packet_rawptr(
        this: Gd<Self>,
        r_buffer: RawPtr<*mut RawPtr<*const u8>>,
        r_buffer_size: RawPtr<*mut i32>,
    ) -> GodotError {
        with(&this, GodotError::ERR_BUSY, |state| {
            let is_plain = state.server.is_listening() && !state.server.is_multiplayer();
            if is_plain {
                return GodotError::ERR_UNCONFIGURED;
            }
            pointers::lend(state.server.take_packet().map(|(_, packet)| packet), r_buffer, r_buffer_size)
        })
    }

    #[func(gd_self)]
    unsafe fn put_packet_rawptr(this: Gd<Self>, p_buffer: RawPtr<*const u8>, p_buffer_size: i32) -> GodotError {
        let data = pointers::data(p_buffer, p_buffer_size);
        Self::send(&this, |server| server.put_packet(data))
    }

    fn get_available_packet_count(&self) -> i32 {
        convert::integer32(self.ask(|server| server.waiting_packets()))
    }

    fn get_max_packet_size(&self) -> i32 {
        convert::integer32(self.ask(|server| server.max_put_size()))
    }

    fn get_packet_channel(&self) -> i32 {
        0
    }

    fn get_packet_mode(&self) -> TransferMode {
        TransferMode::RELIABLE
    }

    fn set_transfer_channel(&mut self, _p_channel: i32) {}

    fn get_transfer_channel(&self) -> i32 {
        0
    }

    fn set_transfer_mode(&mut self, _p_mode: TransferMode) {}

    fn get_transfer_mode(&self) -> TransferMode {
        TransferMode::RELIABLE
    }

    fn set_target_peer(&mut self, p_peer: i32) {
        self.ask(|server| server.set_target_peer(p_peer));
    }

    fn get_packet_peer(&self) -> i32 {
        self.ask(|server| server.packet_source()).unwrap_or(1)
    }

    fn is_server(&self) -> bool {
        true
    }

    fn get_unique_id(&self) -> i32 {
        1
    }

    fn set_refuse_new_connections(&mut self, p_enable: bool) {
        self.set(|options| {
            options.admission.refuse_new_connections = p_enable;
            Ok(())
        });
    }

    fn is_refusing_new_connections(&self) -> bool {
        self.ask(|server| server.options().admission.refuse_new_connections)
    }

    fn is_server_relay_supported(&self) -> bool {
        // Godot 3's packets are relayed here.
        false
    }

    fn get_connection_status(&self) -> ConnectionStatus {
        if self.ask(|server| server.is_listening()) {
            ConnectionStatus::CONNECTED
        } else {
            ConnectionStatus::DISCONNECTED
        }
    }
}
