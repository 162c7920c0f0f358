//! `RustWebSocketClient`.

#![expect(unsafe_code, reason = "the engine passes packets by pointer")]

use godot::classes::multiplayer_peer::{ConnectionStatus, TransferMode};
use godot::classes::{IMultiplayerPeerExtension, MultiplayerPeerExtension, TlsOptions, X509Certificate};
use godot::global::Error as GodotError;
use godot::prelude::*;
use godot_core::meta::RawPtr;
use parking_lot::Mutex;

use super::convert;
use super::nesting::Nesting;
use super::option_properties::{OptionsOwner, with_client_options};
use super::pointers;
use super::remote_peer::RustWebSocketRemotePeer;
use super::shared::{Native, Registered, Registry, Shared, registry, with};
use crate::error::Result;
use crate::net::ClientTls;
use crate::peer::options::TlsTexts;
use crate::peer::{Client, ClientStatus, ConnectionOptions, PeerEvent, ReconnectOptions};

with_client_options! {
    /// A WebSocket client with the members of Godot 3's [code]WebSocketClient[/code]: signals tell what happens, and with
    /// [code]gd_mp_api[/code] it is a [MultiplayerPeer] that speaks Godot 3's packets.
    ///
    /// Call [method connect_to_url], then [method MultiplayerPeer.poll] regularly, which emits all signals. Packets are read from and sent by
    /// [method get_peer]: [code]get_peer(1).put_packet(...)[/code].
    ///
    /// [b]Differences from Godot 3:[/b] a close that this end began and the other answered is clean
    /// ([signal connection_closed] with [code]true[/code]); a violation of the protocol ends the connection; a lost server is told by
    /// [signal server_disconnected] too; [method get_error_message] says why something failed; the connection can be made again by itself
    /// ([member auto_reconnect]). See [code]MIGRATING.md[/code] for all of them.
    ///
    /// Handlers may call everything, [method MultiplayerPeer.poll] included. Any method may be called from any thread; signals are emitted on the
    /// thread that polls.
    #[derive(GodotClass)]
    #[class(tool, init, base = MultiplayerPeerExtension)]
    pub struct RustWebSocketClient {
        #[init(val = Shared::new(ClientState::of_the_project()))]
        pub(super) state: Shared<ClientState>,
        trusted: Mutex<Option<Gd<X509Certificate>>>,
        /// The peer object, with the connection it belongs to.
        pub(super) server: Mutex<Option<(u64, Gd<RustWebSocketRemotePeer>)>>,

        /// Whether the certificate of a [code]wss://[/code] server is verified. Used by the next connection. Default [code]true[/code].
        #[var(get = is_verify_ssl_enabled, set = set_verify_ssl_enabled, usage_flags = [NONE])]
        verify_ssl: PhantomVar<bool>,

        /// The only certificate, or authority, that is trusted for [code]wss://[/code], in place of those that the operating system
        /// trusts; [code]null[/code] for those. The host's name is verified all the same. Cannot be changed while there is a connection.
        #[var(get = get_trusted_ssl_certificate, set = set_trusted_ssl_certificate, usage_flags = [NONE])]
        trusted_ssl_certificate: PhantomVar<Option<Gd<X509Certificate>>>,

        base: Base<MultiplayerPeerExtension>,
    }
}

/// A client and what scripts need beside it.
#[derive(Default)]
pub(super) struct ClientState {
    pub client: Client,
    pub does_not_verify: bool,
    nesting: Nesting,
    /// A flush at the end of the frame is on the way.
    pub flush_scheduled: bool,
}

impl ClientState {
    /// Returns a client with the limits of the project's settings.
    fn of_the_project() -> Self {
        Self { client: super::websocket_client_methods::of_the_project(), ..Self::default() }
    }
}

impl Registered for ClientState {
    fn registry() -> &'static Registry<Self> {
        static CLIENTS: Registry<ClientState> = registry();
        &CLIENTS
    }
}

impl Native for RustWebSocketClient {
    type Object = ClientState;

    fn shared(&self) -> &Shared<ClientState> {
        &self.state
    }
}

impl RustWebSocketClient {
    pub(super) fn run(&self, call: impl FnOnce(&mut Client) -> Result) -> GodotError {
        self.state.with(GodotError::ERR_BUSY, |state| convert::error(&call(&mut state.client)))
    }

    pub(super) fn ask<R: Default>(&self, call: impl FnOnce(&mut Client) -> R) -> R {
        self.state.with(R::default(), |state| call(&mut state.client))
    }

    /// TLS settings that the properties stand for.
    pub(super) fn tls(&self, url: &str) -> Result<Option<ClientTls>> {
        let verifies = self.state.with(true, |state| !state.does_not_verify);
        let trusted = self.trusted.lock().clone();
        let options = match (verifies, trusted) {
            (false, _) => TlsOptions::client_unsafe(),
            (true, Some(trusted)) => TlsOptions::client_ex().trusted_chain(&trusted).done(),
            (true, None) => TlsOptions::client(),
        };
        TlsTexts::default().client_for(url, options.as_ref())
    }

    /// Goes on, and emits the signals of what happened. Nothing is held while handlers run.
    pub(super) fn poll_and_tell(mut this: Gd<Self>) {
        let count = with(&this, 0, |state| {
            state.client.poll();
            if state.nesting.may_tell() { state.client.event_count() } else { 0 }
        });
        if count == 0 {
            return;
        }
        with(&this, (), |state| state.nesting.enter());
        for _ in 0..count {
            let Some(event) = with(&this, None, |state| state.client.next_event()) else { break };
            Self::emit(&mut this, event);
        }
        with(&this, false, |state| state.nesting.leave());
    }

    fn emit(this: &mut Gd<Self>, event: PeerEvent) {
        match event {
            PeerEvent::Opened { protocol, .. } => {
                this.signals().connection_established().emit(&convert::text(&protocol));
                this.signals().connected_to_host().emit();
            }
            PeerEvent::Failed { .. } => this.signals().connection_error().emit(),
            PeerEvent::Message { .. } => this.signals().data_received().emit(),
            PeerEvent::CloseRequest { code, reason, .. } => {
                this.signals().server_close_request().emit(i64::from(code), &convert::text(&reason));
            }
            PeerEvent::Closed { was_clean, .. } => this.signals().connection_closed().emit(was_clean),
            PeerEvent::PeerConnected { id } => this.signals().peer_connected().emit(i64::from(id)),
            PeerEvent::PeerDisconnected { id } => this.signals().peer_disconnected().emit(i64::from(id)),
            PeerEvent::Packet { id } => this.signals().peer_packet().emit(i64::from(id)),
            PeerEvent::ConnectionSucceeded => this.signals().connection_succeeded().emit(),
            PeerEvent::ConnectionFailed { .. } => this.signals().connection_failed().emit(),
            PeerEvent::ServerDisconnected => this.signals().server_disconnected().emit(),
            PeerEvent::Reconnecting { attempt, delay } => {
                this.signals().reconnecting().emit(i64::from(attempt), delay.as_secs_f64());
            }
            PeerEvent::Reconnected => this.signals().reconnected().emit(),
            // A server's.
            PeerEvent::Request { .. } => {}
        }
    }
}

impl OptionsOwner<ConnectionOptions> for RustWebSocketClient {
    fn read_options<R: Default>(&self, read: impl FnOnce(&ConnectionOptions) -> R) -> R {
        self.ask(|client| read(client.options()))
    }

    fn change_options(&self, change: impl FnOnce(&mut ConnectionOptions) -> Result) {
        self.run(|client| client.set_options(change));
    }
}

impl OptionsOwner<ReconnectOptions> for RustWebSocketClient {
    fn read_options<R: Default>(&self, read: impl FnOnce(&ReconnectOptions) -> R) -> R {
        self.ask(|client| read(client.reconnect_options()))
    }

    fn change_options(&self, change: impl FnOnce(&mut ReconnectOptions) -> Result) {
        self.run(|client| client.set_reconnect_options(change));
    }
}

with_client_options! {
    #[godot_api]
    impl RustWebSocketClient {
        /// Emitted when the connection is open, with the sub-protocol that the server selected (empty where none was asked for).
        #[signal]
        fn connection_established(protocol: GString);

        /// Emitted behind [signal connection_established], without arguments. Not in Godot 3; some tutorials name it.
        #[signal]
        fn connected_to_host();

        /// Emitted when the connection could not be made; [method get_error_message] says why.
        #[signal]
        fn connection_error();

        /// Emitted when the connection is over. [param was_clean_close] is [code]true[/code] if both ends have said goodbye.
        #[signal]
        fn connection_closed(was_clean_close: bool);

        /// Emitted when the server says goodbye. Packets can still be read, but no longer sent.
        #[signal]
        fn server_close_request(code: i64, reason: GString);

        /// Emitted once for every packet that can be read from [method get_peer]. Not in multiplayer mode; see [signal peer_packet].
        #[signal]
        fn data_received();

        /// Emitted in multiplayer mode for every packet that can be read from this object.
        #[signal]
        fn peer_packet(peer_source: i64);

        /// Emitted in multiplayer mode when the server has introduced itself.
        #[signal]
        fn connection_succeeded();

        /// Emitted in multiplayer mode when the connection could not be made, and, as in Godot 3, when it is over.
        #[signal]
        fn connection_failed();

        /// Emitted in multiplayer mode when the server is lost, before [signal connection_failed].
        #[signal]
        fn server_disconnected();

        /// Emitted when the client is going to connect again after [param delay] seconds; [param attempt] counts from 1. Calling
        /// [method disconnect_from_host] in the handler ends it.
        #[signal]
        fn reconnecting(attempt: i64, delay: f64);

        /// Emitted when the client has connected again.
        #[signal]
        fn reconnected();

        /// Returns [code]true[/code]: whether the certificate of a server is verified; see [member verify_ssl].
        #[func]
        fn is_verify_ssl_enabled(&self) -> bool {
            self.state.with(true, |state| !state.does_not_verify)
        }

        /// Sets [member verify_ssl]; it is looked at when the next connection begins.
        #[func]
        fn set_verify_ssl_enabled(&self, enabled: bool) {
            self.state.with((), |state| state.does_not_verify = !enabled);
        }

        #[func]
        fn get_trusted_ssl_certificate(&self) -> Option<Gd<X509Certificate>> {
            self.trusted.lock().clone()
        }

        #[func]
        fn set_trusted_ssl_certificate(&self, certificate: Option<Gd<X509Certificate>>) {
            if self.run(Client::check_disconnected) == GodotError::OK {
                *self.trusted.lock() = certificate;
            }
        }
    }
}

#[godot_api]
impl IMultiplayerPeerExtension for RustWebSocketClient {
    fn poll(&mut self) {
        let this = self.to_gd();
        // Lets handlers use this object.
        let _released = self.base_mut();
        Self::poll_and_tell(this);
    }

    fn close(&mut self) {
        // 1000 is a code that may be sent.
        self.run(|client| client.disconnect_from_host(1000, ""));
    }

    fn disconnect_peer(&mut self, _p_peer: i32, p_force: bool) {
        // The server is the only one a client can part from.
        let code = if p_force { -1 } else { 1000 };
        self.run(|client| client.disconnect_from_host(code, ""));
    }

    #[func(gd_self)]
    unsafe fn get_packet_rawptr(
        this: Gd<Self>,
        r_buffer: RawPtr<*mut RawPtr<*const u8>>,
        r_buffer_size: RawPtr<*mut i32>,
    ) -> GodotError {
        with(&this, GodotError::ERR_BUSY, |state| {
            if !state.client.is_multiplayer() {
                return GodotError::ERR_UNCONFIGURED;
            }
            pointers::lend(state.client.take_packet().map(|(_, packet)| packet), r_buffer, r_buffer_size)
        })
    }

    #[func(gd_self)]
    unsafe fn put_packet_rawptr(this: Gd<Self>, p_buffer: RawPtr<*const u8>, p_buffer_size: i32) -> GodotError {
        let data = pointers::data(p_buffer, p_buffer_size);
        let (error, flush) = with(&this, (GodotError::ERR_BUSY, false), |state| {
            let error = convert::error(&state.client.put_packet(data));
            // What was collected leaves at the end of this frame, not in the next poll.
            let flush = state.client.has_unflushed() && !state.flush_scheduled;
            state.flush_scheduled |= flush;
            (error, flush)
        });
        if flush {
            this.clone().call_deferred("flush", &[]);
        }
        error
    }

    fn get_available_packet_count(&self) -> i32 {
        convert::integer32(self.ask(|client| client.waiting_packets()))
    }

    fn get_max_packet_size(&self) -> i32 {
        convert::integer32(self.ask(|client| client.max_put_size()))
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
        self.ask(|client| client.set_target_peer(p_peer));
    }

    fn get_packet_peer(&self) -> i32 {
        self.ask(|client| client.packet_source()).unwrap_or(1)
    }

    fn is_server(&self) -> bool {
        false
    }

    fn get_unique_id(&self) -> i32 {
        self.ask(|client| client.unique_id())
    }

    fn is_server_relay_supported(&self) -> bool {
        // Godot 3's server relays packets itself.
        false
    }

    fn get_connection_status(&self) -> ConnectionStatus {
        match self.state.with(ClientStatus::Disconnected, |state| state.client.status()) {
            ClientStatus::Disconnected => ConnectionStatus::DISCONNECTED,
            ClientStatus::Connecting => ConnectionStatus::CONNECTING,
            ClientStatus::Connected => ConnectionStatus::CONNECTED,
        }
    }
}
