//! `RustWebSocketServer`: the class, its properties and signals, and what the engine calls itself.

#![expect(unsafe_code, reason = "the engine passes packets by pointer")]

mod clients;
mod listening;
mod server_object;

use std::collections::HashMap;

use godot::classes::multiplayer_peer::{ConnectionStatus, TransferMode};
use godot::classes::{CryptoKey, IMultiplayerPeerExtension, MultiplayerPeerExtension, TlsOptions, X509Certificate};
use godot::global::Error as GodotError;
use godot::prelude::*;
use godot_core::meta::RawPtr;
use parking_lot::Mutex;

use super::multiplayer_virtuals::{MultiplayerObject, disconnect_code, multiplayer_virtuals};
use super::nested_polls::{self, EventClass};
use super::object_registry::{ObjectClass, ObjectField, object_of_class, with_object};
use super::remote_peer::RustWebSocketRemotePeer;
use super::tls::{TlsTexts, certificate_pem};
use super::{convert, engine_pointers, frame_flush};
use crate::error::Result;
use crate::net::ServerTls;
use crate::peer::{PeerEvent, Server, ServerOptions};

pub use server_object::ServerObject;

/// A WebSocket server with the members of Godot 3's [code]WebSocketServer[/code]. It identifies its clients by ids, emits signals
/// for everything that happens, and with [code]gd_mp_api[/code] it is a [MultiplayerPeer] that uses Godot 3's packets.
///
/// Call [method listen], then [method MultiplayerPeer.poll] regularly, which emits all signals. [method get_peer] reads and sends
/// packets of one client: [code]get_peer(id).put_packet(...)[/code]. [method send_to] sends to several clients at once. The cost of a
/// poll depends on the number of active clients; idle clients cost nothing. The id of a client is never used again.
///
/// [b]Differences from Godot 3:[/b] a close handshake that the server began and the client completed is clean
/// ([signal client_disconnected] with [code]true[/code]); a protocol violation ends the connection; bad requests get an HTTP answer; a
/// packet to all peers except the server does not reach the server. See [code]MIGRATING.md[/code] for all differences.
///
/// Signal handlers may call any method, including [method MultiplayerPeer.poll] and [method stop]. Any method may be called from any
/// thread; signals are emitted on the thread that polls.
#[derive(GodotClass)]
#[class(tool, init, base = MultiplayerPeerExtension)]
pub struct RustWebSocketServer {
    #[init(val = ObjectField::new(ServerObject::with_project_limits()))]
    state: ObjectField<ServerObject>,
    identity: Mutex<Identity>,
    peers: Mutex<HashMap<i32, Gd<RustWebSocketRemotePeer>>>,

    /// The address to listen on: [code]"*"[/code] (the default) for all, or an IP address. Cannot be changed while listening; what is no
    /// address is refused.
    #[var(get = get_bind_ip, set = set_bind_ip)]
    bind_ip: PhantomVar<GString>,

    /// The private key for [code]wss://[/code]. The server uses TLS if this and [member ssl_certificate] are set when it starts to
    /// listen. Cannot be changed while listening.
    #[var(get = get_private_key, set = set_private_key, usage_flags = [NONE])]
    private_key: PhantomVar<Option<Gd<CryptoKey>>>,

    /// The certificate for [code]wss://[/code]; see [member private_key].
    #[var(get = get_ssl_certificate, set = set_ssl_certificate, usage_flags = [NONE])]
    ssl_certificate: PhantomVar<Option<Gd<X509Certificate>>>,

    /// Intermediate certificates between [member ssl_certificate] and an authority that clients trust, sent with it. Optional.
    /// Cannot be changed while listening.
    #[var(get = get_ca_chain, set = set_ca_chain, usage_flags = [NONE])]
    ca_chain: PhantomVar<Option<Gd<X509Certificate>>>,

    /// Seconds for TLS and the HTTP upgrade of a client; slower ones are dropped. Default 3. What is not positive is refused.
    #[var(get = get_handshake_timeout, set = set_handshake_timeout)]
    handshake_timeout: PhantomVar<f64>,

    /// Clients that are taken at most; others are answered with HTTP status 503, or over TLS dropped. 0 (the default) for no limit.
    #[var(get = get_max_clients, set = set_max_clients)]
    max_clients: PhantomVar<i64>,

    /// Lets clients in without asking. If [code]false[/code], [signal client_request] tells of each, and [method accept_request] or
    /// [method reject_request] decides. Default [code]true[/code].
    #[var(get = get_auto_accept, set = set_auto_accept)]
    auto_accept: PhantomVar<bool>,

    /// Values of the [code]Origin[/code] header from which clients are accepted; all where this is empty (the default), and those
    /// without one, which are no browsers, always. Others are answered with HTTP status 403.
    #[var(get = get_allowed_origins, set = set_allowed_origins)]
    allowed_origins: PhantomVar<PackedStringArray>,

    /// Seconds for a client to answer a close frame before it is dropped. Default 5.
    #[var(get = get_close_timeout, set = set_close_timeout)]
    close_timeout: PhantomVar<f64>,

    /// Seconds between pings to each client; 0 (the default) for none. A client of which nothing arrives for one interval after a
    /// ping is dropped.
    #[var(get = get_heartbeat_interval, set = set_heartbeat_interval)]
    heartbeat_interval: PhantomVar<f64>,

    /// Accepts permessage-deflate (RFC 7692) of clients that offer it. Default [code]false[/code].
    #[var(get = get_compression_enabled, set = set_compression_enabled)]
    compression_enabled: PhantomVar<bool>,

    base: Base<MultiplayerPeerExtension>,
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
        let chain = self.chain.as_ref().map(certificate_pem).transpose()?.unwrap_or_default();
        let texts = TlsTexts { certificate: certificate_pem(certificate)? + "\n" + &chain, ..TlsTexts::default() };
        texts.server(TlsOptions::server(key, certificate).as_ref()).map(Some)
    }
}

object_of_class! { RustWebSocketServer.state: ServerObject }

impl RustWebSocketServer {
    /// Runs a call that returns an error number.
    fn run(&self, call: impl FnOnce(&mut Server) -> Result) -> GodotError {
        self.state.with(GodotError::ERR_BUSY, |object| convert::error(&call(&mut object.server)))
    }

    /// Runs a query.
    fn ask<R: Default>(&self, call: impl FnOnce(&mut Server) -> R) -> R {
        self.state.with(R::default(), |object| call(&mut object.server))
    }

    /// Changes settings that must not change while the server listens; returns whether they were changed.
    fn configure(&self, set: impl FnOnce(&mut ServerOptions) -> Result) -> bool {
        self.run(|server| server.configure(set)) == GodotError::OK
    }

    /// Changes settings that may change at any time.
    fn set(&self, set: impl FnOnce(&mut ServerOptions) -> Result) {
        self.run(|server| server.set_options(set));
    }

    fn poll_and_emit(this: Gd<Self>) {
        nested_polls::poll_and_emit(this);
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

#[godot_api]
impl RustWebSocketServer {
    /// Emitted when a client has connected, with the negotiated sub-protocol (empty if the server has none).
    #[signal]
    fn client_connected(id: i64, protocol: GString);

    /// Emitted when a client has disconnected. [param was_clean_close] is [code]true[/code] if both close frames were exchanged.
    /// [method has_peer] and [method get_peer] know the id until the end of the poll.
    #[signal]
    fn client_disconnected(id: i64, was_clean_close: bool);

    /// Emitted when a client's close frame arrives. Its packets can still be read, but nothing can be sent any more.
    #[signal]
    fn client_close_request(id: i64, code: i64, reason: GString);

    /// Emitted once for every packet that can be read from [method get_peer]. Not emitted in multiplayer mode; see
    /// [signal peer_packet].
    #[signal]
    fn data_received(id: i64);

    /// Emitted in multiplayer mode for every packet that can be read from this object.
    #[signal]
    fn peer_packet(peer_source: i64);

    /// Emitted when a client requests a connection and [member auto_accept] is [code]false[/code]; see [method get_request]. Not in
    /// Godot 3.
    #[signal]
    fn client_request(id: i64);

    /// Emitted when a client's handshake fails, with the reason. Not in Godot 3.
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
    fn get_bind_ip(&self) -> GString {
        self.ask(|server| {
            let address = &server.options().bind_address;
            match address.parse::<std::net::IpAddr>() {
                Ok(ip) => convert::host(Some((ip, 0).into())),
                Err(_) => GString::from(address),
            }
        })
    }

    #[func]
    fn set_bind_ip(&self, ip: GString) {
        self.configure(|options| options.set_bind_address(&ip.to_string()));
    }

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

    #[func]
    fn get_handshake_timeout(&self) -> f64 {
        self.ask(|server| server.options().peer.handshake_timeout.as_secs_f64())
    }

    #[func]
    fn set_handshake_timeout(&self, timeout: f64) {
        self.set(|options| options.set_handshake_timeout(timeout));
    }

    #[func]
    fn get_max_clients(&self) -> i64 {
        self.ask(|server| convert::integer(server.options().max_clients))
    }

    #[func]
    fn set_max_clients(&self, value: i64) {
        self.set(|options| options.set_max_clients(value));
    }

    #[func]
    fn get_auto_accept(&self) -> bool {
        self.state.with(true, |state| state.server.options().peer.auto_accept)
    }

    #[func]
    fn set_auto_accept(&self, value: bool) {
        self.set(|options| {
            options.peer.auto_accept = value;
            Ok(())
        });
    }

    #[func]
    fn get_allowed_origins(&self) -> PackedStringArray {
        self.ask(|server| convert::packed(&server.options().peer.allowed_origins))
    }

    #[func]
    fn set_allowed_origins(&self, origins: PackedStringArray) {
        self.set(|options| {
            options.peer.allowed_origins = convert::strings(&origins);
            Ok(())
        });
    }

    #[func]
    fn get_close_timeout(&self) -> f64 {
        self.ask(|server| server.options().peer.close_timeout.as_secs_f64())
    }

    #[func]
    fn set_close_timeout(&self, value: f64) {
        self.set(|options| options.peer.set_close_timeout(value));
    }

    #[func]
    fn get_heartbeat_interval(&self) -> f64 {
        self.ask(|server| server.options().peer.heartbeat_interval.as_secs_f64())
    }

    #[func]
    fn set_heartbeat_interval(&self, value: f64) {
        self.set(|options| options.peer.set_heartbeat_interval(value));
    }

    #[func]
    fn get_compression_enabled(&self) -> bool {
        self.ask(|server| server.options().peer.compression_enabled)
    }

    #[func]
    fn set_compression_enabled(&self, value: bool) {
        self.set(|options| {
            options.peer.compression_enabled = value;
            Ok(())
        });
    }
}

multiplayer_virtuals! {
    RustWebSocketServer.state {
        fn close(&mut self) {
            self.stop();
        }

        fn disconnect_peer(&mut self, p_peer: i32, p_force: bool) {
            // An unknown id is that of a client that has already disconnected.
            self.run(|server| server.disconnect_peer(p_peer, disconnect_code(p_force), ""));
        }

        fn set_refuse_new_connections(&mut self, p_enable: bool) {
            self.set(|options| {
                options.refuse_new_connections = p_enable;
                Ok(())
            });
        }

        fn is_refusing_new_connections(&self) -> bool {
            self.ask(|server| server.options().refuse_new_connections)
        }
    }
}
