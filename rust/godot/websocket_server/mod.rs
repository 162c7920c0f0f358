//! `RustWebSocketServer`: the class, its properties and signals, and what the engine calls itself.

mod clients;
mod listening;
pub mod server_object;

use std::collections::HashMap;

use godot::classes::{CryptoKey, MultiplayerPeerExtension, TlsOptions, X509Certificate};
use godot::global::Error as GodotError;
use godot::prelude::*;
use parking_lot::Mutex;

use super::multiplayer_virtuals::{disconnect_code, multiplayer_virtuals};
use super::nested_polls::{self, EventClass};
use super::object_field::{ObjectField, object_of_class};
use super::option_properties::{OptionsOwner, with_server_options};
use super::remote_peer::RustWebSocketRemotePeer;
use super::short_calls::short_calls;
use super::tls::certificate_pem;
use super::{convert, refused_calls};
use crate::error::Result;
use crate::net::ServerTls;
use crate::peer::options::{ListenOptions, TlsTexts};
use crate::peer::{AdmissionOptions, ConnectionOptions, PeerEvent, Server, ServerOptions};

use server_object::ServerObject;

with_server_options! {
    /// A WebSocket server with the members of Godot 3's [code]WebSocketServer[/code]. It identifies its clients by ids,
    /// emits signals for everything that happens, and with [code]gd_mp_api[/code] it is a [MultiplayerPeer] that uses
    /// Godot 3's packets.
    ///
    /// Call [method listen], then [method MultiplayerPeer.poll] regularly, which emits all signals. [method get_peer]
    /// reads and sends packets of one client: [code]get_peer(id).put_packet(...)[/code]. [method send_to] sends to
    /// several clients at once. The cost of a poll depends on the number of active clients; idle clients cost nothing.
    /// The id of a client is never used again.
    ///
    /// [b]Differences from Godot 3:[/b] a close handshake that the server began and the client completed is clean
    /// ([signal client_disconnected] with [code]true[/code]); a protocol violation ends the connection; bad requests
    /// get an HTTP answer; a packet to all peers except the server does not reach the server. See
    /// [code]MIGRATING.md[/code] for all differences.
    ///
    /// Signal handlers may call any method, including [method MultiplayerPeer.poll] and [method stop]. Any method may
    /// be called from any thread; signals are emitted on the thread that polls.
    #[derive(GodotClass)]
    #[class(tool, init, base = MultiplayerPeerExtension)]
    pub struct RustWebSocketServer {
        #[init(val = ObjectField::flushed(ServerObject::with_project_limits()))]
        state: ObjectField<ServerObject>,
        identity: Mutex<Identity>,
        peers: Mutex<HashMap<i32, Gd<RustWebSocketRemotePeer>>>,

        /// The private key for [code]wss://[/code]. The server uses TLS if this and [member ssl_certificate] are set
        /// when it starts to listen. Cannot be changed while listening.
        #[var(get = get_private_key, set = set_private_key, usage_flags = [NONE])]
        private_key: PhantomVar<Option<Gd<CryptoKey>>>,

        /// The certificate for [code]wss://[/code]; see [member private_key].
        #[var(get = get_ssl_certificate, set = set_ssl_certificate, usage_flags = [NONE])]
        ssl_certificate: PhantomVar<Option<Gd<X509Certificate>>>,

        /// Intermediate certificates between [member ssl_certificate] and an authority that clients trust, sent with
        /// it. Optional. Cannot be changed while listening.
        #[var(get = get_ca_chain, set = set_ca_chain, usage_flags = [NONE])]
        ca_chain: PhantomVar<Option<Gd<X509Certificate>>>,

        base: Base<MultiplayerPeerExtension>,
    }
}

/// Key and certificates as set by scripts.
#[derive(Default)]
struct Identity {
    key: Option<Gd<CryptoKey>>,
    certificate: Option<Gd<X509Certificate>>,
    chain: Option<Gd<X509Certificate>>,
}

impl Identity {
    /// Returns the TLS settings, or none without a key and a certificate.
    fn tls(&self) -> Result<Option<ServerTls>> {
        let (Some(key), Some(certificate)) = (&self.key, &self.certificate) else { return Ok(None) };
        let chain = self.chain.as_ref().map(|chain| certificate_pem(chain, Some(key))).transpose()?.unwrap_or_default();
        let texts =
            TlsTexts { certificate: certificate_pem(certificate, Some(key))? + "\n" + &chain, ..TlsTexts::default() };
        texts.server(TlsOptions::server(key, certificate).as_ref()).map(Some)
    }
}

object_of_class! { RustWebSocketServer.state: ServerObject }

impl RustWebSocketServer {
    /// Runs a call that returns an error number.
    fn run(&self, call: impl FnOnce(&mut Server) -> Result) -> GodotError {
        self.run_as(refused_calls::call_of(&call), call)
    }

    /// Runs a call whose name is not that of the closure's method.
    fn run_as(&self, name: &'static str, call: impl FnOnce(&mut Server) -> Result) -> GodotError {
        let result = self.state.with(None, |object| Some(call(&mut object.server)));
        refused_calls::number::<Self>(result, name, || self.base().instance_id())
    }

    /// Runs a query.
    fn ask<R: Default>(&self, call: impl FnOnce(&mut Server) -> R) -> R {
        self.state.with(R::default(), |object| call(&mut object.server))
    }

    /// Changes settings that must not change while the server listens; returns whether they were changed.
    fn configure(&self, set: impl FnOnce(&mut ServerOptions) -> Result) -> bool {
        self.run_as(refused_calls::call_of(&set), |server| server.configure(set)) == GodotError::OK
    }

    /// Changes settings that may change at any time.
    fn set(&self, set: impl FnOnce(&mut ServerOptions) -> Result) {
        self.set_as(refused_calls::call_of(&set), set);
    }

    fn set_as(&self, name: &'static str, set: impl FnOnce(&mut ServerOptions) -> Result) {
        self.run_as(name, |server| server.set_options(set));
    }

    fn drop_peer(&self, peer: i32, force: bool) {
        // An unknown id is that of a client that has already disconnected.
        self.run_as("disconnect_peer", |server| server.disconnect_peer(peer, disconnect_code(force), ""));
    }

    fn refuse_new_connections(&self, refuse: bool) {
        self.set(|options| {
            options.admission.set_refuse_new_connections(refuse);
            Ok(())
        });
    }

    fn refuses_new_connections(&self) -> bool {
        self.ask(|server| server.options().admission.refuse_new_connections)
    }
}

impl EventClass for RustWebSocketServer {
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
            // Only a client has these.
            PeerEvent::ConnectionSucceeded
            | PeerEvent::ConnectionFailed { .. }
            | PeerEvent::ServerDisconnected
            | PeerEvent::Reconnecting { .. }
            | PeerEvent::Reconnected => {}
        }
    }

    fn forget(this: &Gd<Self>, ended: Vec<i32>) {
        if !ended.is_empty() {
            let instance = this.bind();
            let mut peers = instance.peers.lock();
            for id in ended {
                peers.remove(&id);
            }
        }
    }
}

impl OptionsOwner<ConnectionOptions> for RustWebSocketServer {
    fn read_options<R: Default>(&self, read: impl FnOnce(&ConnectionOptions) -> R) -> R {
        self.ask(|server| read(&server.options().peer))
    }

    fn change_options(&self, change: impl FnOnce(&mut ConnectionOptions) -> Result) {
        self.set_as(refused_calls::call_of(&change), |options| change(&mut options.peer));
    }
}

impl OptionsOwner<AdmissionOptions> for RustWebSocketServer {
    fn read_options<R: Default>(&self, read: impl FnOnce(&AdmissionOptions) -> R) -> R {
        self.ask(|server| read(&server.options().admission))
    }

    fn change_options(&self, change: impl FnOnce(&mut AdmissionOptions) -> Result) {
        self.set_as(refused_calls::call_of(&change), |options| change(&mut options.admission));
    }
}

impl OptionsOwner<ListenOptions> for RustWebSocketServer {
    fn read_options<R: Default>(&self, read: impl FnOnce(&ListenOptions) -> R) -> R {
        self.ask(|server| read(&server.options().listen))
    }

    fn change_options(&self, change: impl FnOnce(&mut ListenOptions) -> Result) {
        self.run_as(refused_calls::call_of(&change), |server| server.configure(|options| change(&mut options.listen)));
    }
}

with_server_options! {
    #[godot_api]
    impl RustWebSocketServer {
        /// Emitted when a client has connected, with the negotiated sub-protocol (empty if the server has none).
        #[signal]
        fn client_connected(id: i64, protocol: GString);

        /// Emitted when a client has disconnected. [param was_clean_close] is [code]true[/code] if both close frames
        /// were exchanged. [method has_peer] and [method get_peer] know the id until the end of the poll.
        #[signal]
        fn client_disconnected(id: i64, was_clean_close: bool);

        /// Emitted when a client's close frame arrives. Its packets can still be read, but nothing can be sent any
        /// more.
        #[signal]
        fn client_close_request(id: i64, code: i64, reason: GString);

        /// Emitted once for every packet that can be read from [method get_peer]. Not emitted in multiplayer mode; see
        /// [signal peer_packet].
        #[signal]
        fn data_received(id: i64);

        /// Emitted in multiplayer mode for every packet that can be read from this object.
        #[signal]
        fn peer_packet(peer_source: i64);

        /// Emitted when a client requests a connection and [member auto_accept] is [code]false[/code]; see [method
        /// get_request]. Not in Godot 3.
        #[signal]
        fn client_request(id: i64);

        /// Emitted when a client's handshake fails, with the reason. With the id 0 if the system cannot accept clients,
        /// for example because the process has no free descriptor; they wait, and the server goes on trying. Not in
        /// Godot 3.
        #[signal]
        fn client_failed(id: i64, reason: GString);

        /// Never emitted by a server. It exists for scripts that connect the same signals of client and server.
        #[signal]
        fn connection_succeeded();

        /// Never emitted by a server. It exists for scripts that connect the same signals of client and server.
        #[signal]
        fn connection_failed();

        /// Never emitted by a server. It exists for scripts that connect the same signals of client and server.
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

short_calls! {
    RustWebSocketServer: get_private_key, set_private_key, get_ssl_certificate, set_ssl_certificate, get_ca_chain,
    set_ca_chain
}

multiplayer_virtuals! {
    RustWebSocketServer:
    poll = nested_polls::poll_and_emit,
    close = RustWebSocketServer::stop,
    disconnect_peer = RustWebSocketServer::drop_peer,
    set_refuse_new_connections = RustWebSocketServer::refuse_new_connections,
    is_refusing_new_connections = RustWebSocketServer::refuses_new_connections,
}
