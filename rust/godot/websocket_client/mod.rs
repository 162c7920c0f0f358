//! `RustWebSocketClient`: the class, its properties and signals, and what the engine calls itself.

pub mod client_object;
mod connecting;

use godot::classes::{MultiplayerPeerExtension, TlsOptions, X509Certificate};
use godot::global::Error as GodotError;
use godot::prelude::*;
use parking_lot::Mutex;

use super::multiplayer_virtuals::{NORMAL_CLOSE, disconnect_code, multiplayer_virtuals};
use super::nested_polls::{self, EventClass};
use super::object_field::{ObjectField, object_of_class};
use super::option_properties::{OptionsOwner, with_client_options};
use super::remote_peer::RustWebSocketRemotePeer;
use super::short_calls::short_calls;
use super::{convert, refused_calls};
use crate::error::Result;
use crate::net::ClientTls;
use crate::peer::options::TlsTexts;
use crate::peer::{Client, ConnectionOptions, PeerEvent, ReconnectOptions};

use client_object::ClientObject;

with_client_options! {
    /// A WebSocket client with the members of Godot 3's [code]WebSocketClient[/code]. It emits signals for everything
    /// that happens, and with [code]gd_mp_api[/code] it is a [MultiplayerPeer] that uses Godot 3's packets.
    ///
    /// Call [method connect_to_url], then [method MultiplayerPeer.poll] regularly, which emits all signals. [method
    /// get_peer] reads and sends packets: [code]get_peer(1).put_packet(...)[/code].
    ///
    /// [b]Differences from Godot 3:[/b] a close handshake that this client began and the server completed is clean
    /// ([signal connection_closed] with [code]true[/code]); a protocol violation ends the connection; [signal
    /// server_disconnected] also reports a lost server; [method get_error_message] returns why something failed; the
    /// client can reconnect automatically ([member auto_reconnect]). See [code]MIGRATING.md[/code] for all differences.
    ///
    /// Signal handlers may call any method, including [method MultiplayerPeer.poll]. Any method may be called from any
    /// thread; signals are emitted on the thread that polls.
    #[derive(GodotClass)]
    #[class(tool, init, base = MultiplayerPeerExtension)]
    pub struct RustWebSocketClient {
        #[init(val = ObjectField::flushed(ClientObject::with_project_limits()))]
        state: ObjectField<ClientObject>,
        trusted: Mutex<Option<Gd<X509Certificate>>>,
        /// The instance for the server, with the number of the connection that it belongs to.
        server: Mutex<Option<(u64, Gd<RustWebSocketRemotePeer>)>>,

        /// If [code]true[/code] (the default), the certificate of a [code]wss://[/code] server is verified. Used by the
        /// next connection.
        #[var(get = is_verify_ssl_enabled, set = set_verify_ssl_enabled, usage_flags = [NONE])]
        verify_ssl: PhantomVar<bool>,

        /// The only certificate or authority that is trusted for [code]wss://[/code]. If [code]null[/code] (the
        /// default), those of the operating system are trusted. The host name is verified in either case. Cannot be
        /// changed while there is a connection.
        #[var(get = get_trusted_ssl_certificate, set = set_trusted_ssl_certificate, usage_flags = [NONE])]
        trusted_ssl_certificate: PhantomVar<Option<Gd<X509Certificate>>>,

        base: Base<MultiplayerPeerExtension>,
    }
}

object_of_class! { RustWebSocketClient.state: ClientObject }

impl RustWebSocketClient {
    /// Runs a call that returns an error number.
    fn run(&self, call: impl FnOnce(&mut Client) -> Result) -> GodotError {
        self.run_as(refused_calls::call_of(&call), call)
    }

    /// Runs a call whose name is not that of the closure's method.
    fn run_as(&self, name: &'static str, call: impl FnOnce(&mut Client) -> Result) -> GodotError {
        let result = self.state.with(None, |object| Some(call(&mut object.client)));
        refused_calls::number::<Self>(result, name, || self.base().instance_id())
    }

    /// Runs a query.
    fn ask<R: Default>(&self, call: impl FnOnce(&mut Client) -> R) -> R {
        self.state.with(R::default(), |object| call(&mut object.client))
    }

    /// Returns the TLS settings of the properties.
    fn tls(&self, url: &str) -> Result<Option<ClientTls>> {
        let verifies = self.state.with(true, |state| !state.does_not_verify);
        let trusted = self.trusted.lock().clone();
        let options = match (verifies, trusted) {
            (false, _) => TlsOptions::client_unsafe(),
            (true, Some(trusted)) => TlsOptions::client_ex().trusted_chain(&trusted).done(),
            (true, None) => TlsOptions::client(),
        };
        let is_redirected = self.ask(|client| client.options().max_redirects() > 0);
        TlsTexts::default().client_for(url, options.as_ref(), is_redirected)
    }

    fn close(&self) {
        self.run(|client| client.disconnect_from_host(NORMAL_CLOSE, ""));
    }

    fn disconnect_peer(&self, _peer: i32, force: bool) {
        // The server is the only peer that a client can disconnect.
        self.run(|client| client.disconnect_from_host(disconnect_code(force), ""));
    }
}

impl EventClass for RustWebSocketClient {
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
            // Only a server has requests.
            PeerEvent::Request { .. } => {}
        }
    }

    fn forget(_this: &Gd<Self>, _nothing: ()) {}
}

impl OptionsOwner<ConnectionOptions> for RustWebSocketClient {
    fn read_options<R: Default>(&self, read: impl FnOnce(&ConnectionOptions) -> R) -> R {
        self.ask(|client| read(client.options()))
    }

    fn change_options(&self, change: impl FnOnce(&mut ConnectionOptions) -> Result) {
        self.run_as(refused_calls::call_of(&change), |client| client.set_options(change));
    }
}

impl OptionsOwner<ReconnectOptions> for RustWebSocketClient {
    fn read_options<R: Default>(&self, read: impl FnOnce(&ReconnectOptions) -> R) -> R {
        self.ask(|client| read(client.reconnect_options()))
    }

    fn change_options(&self, change: impl FnOnce(&mut ReconnectOptions) -> Result) {
        self.run_as(refused_calls::call_of(&change), |client| client.set_reconnect_options(change));
    }
}

with_client_options! {
    #[godot_api]
    impl RustWebSocketClient {
        /// Emitted when the connection is open, with the sub-protocol that the server selected (empty if none was
        /// requested).
        #[signal]
        fn connection_established(protocol: GString);

        /// Emitted after [signal connection_established], without arguments. Not in Godot 3; some tutorials use it.
        #[signal]
        fn connected_to_host();

        /// Emitted when the connection could not be made; [method get_error_message] returns the reason.
        #[signal]
        fn connection_error();

        /// Emitted when the connection has ended. [param was_clean_close] is [code]true[/code] if both close frames
        /// were exchanged.
        #[signal]
        fn connection_closed(was_clean_close: bool);

        /// Emitted when the server's close frame arrives. Packets can still be read, but no longer sent.
        #[signal]
        fn server_close_request(code: i64, reason: GString);

        /// Emitted once for every packet that can be read from [method get_peer]. Not emitted in multiplayer mode; see
        /// [signal peer_packet].
        #[signal]
        fn data_received();

        /// Emitted in multiplayer mode for every packet that can be read from this object.
        #[signal]
        fn peer_packet(peer_source: i64);

        /// Emitted in multiplayer mode when the server has assigned this client its id.
        #[signal]
        fn connection_succeeded();

        /// Emitted in multiplayer mode when the connection could not be made and, as in Godot 3, when it has ended.
        #[signal]
        fn connection_failed();

        /// Emitted in multiplayer mode when the server is lost, before [signal connection_failed].
        #[signal]
        fn server_disconnected();

        /// Emitted when the client is going to reconnect after [param delay] seconds; [param attempt] counts from 1,
        /// and from 1 again after a connection that stayed open for 10 s. Calling [method disconnect_from_host] in the
        /// handler cancels the attempt.
        #[signal]
        fn reconnecting(attempt: i64, delay: f64);

        /// Emitted when the client has reconnected, after [signal connection_established] or [signal
        /// connection_succeeded].
        #[signal]
        fn reconnected();

        /// Returns [code]true[/code] if the certificate of a server is verified; see [member verify_ssl].
        #[func]
        fn is_verify_ssl_enabled(&self) -> bool {
            self.state.with(true, |state| !state.does_not_verify)
        }

        /// Sets [member verify_ssl], which the next connection uses.
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

short_calls! {
    RustWebSocketClient: is_verify_ssl_enabled, set_verify_ssl_enabled, get_trusted_ssl_certificate,
    set_trusted_ssl_certificate
}

multiplayer_virtuals! {
    RustWebSocketClient:
    poll = nested_polls::poll_and_emit,
    close = RustWebSocketClient::close,
    disconnect_peer = RustWebSocketClient::disconnect_peer,
}
