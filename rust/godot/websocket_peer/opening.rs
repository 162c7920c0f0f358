//! The members of `RustWebSocketPeer` that begin a connection.

use godot::classes::StreamPeer;
use godot::global::Error as GodotError;
use godot::prelude::*;

use super::RustWebSocketPeer;
use crate::error::{Error, ErrorCode, Result};
use crate::godot::project_limits;
use crate::godot::short_calls::short_calls;
use crate::godot::streams::stream_resolution;
use crate::godot::tls::OptionalTls;
use crate::net::Proxies;
use crate::peer::WebSocketPeer;

#[godot_api(secondary)]
impl RustWebSocketPeer {
    /// Connects to the given URL, [code]ws://host[:port][/path][/code] or [code]wss://[/code]. [param
    /// tls_client_options] ([method TLSOptions.client], [method TLSOptions.client_unsafe]) set which certificates are
    /// trusted. Without them, the server's certificate must be trusted by the operating system, or by the project's own
    /// bundle if it sets one. User name and password in the URL are sent in an [code]Authorization[/code] header.
    ///
    /// Returns [constant OK] if the connection attempt has begun. Returns [constant ERR_INVALID_PARAMETER] for an
    /// invalid URL, for invalid [member handshake_headers], and for certificates that cannot be read; [constant
    /// ERR_ALREADY_IN_USE] while connecting or connected; [constant FAILED] if the system refuses immediately.
    #[func]
    fn connect_to_url(
        &self,
        url: GString,
        #[opt(default = OptionalTls::NONE)] tls_client_options: OptionalTls,
    ) -> GodotError {
        // Outside the lock, because this calls objects of the engine.
        let (texts, is_redirected) =
            self.peer.with(Default::default(), |object| (object.tls.clone(), object.peer.options.max_redirects() > 0));
        let url = url.to_string();
        let tls = texts.client_for(&url, tls_client_options.0.as_ref(), is_redirected);
        self.run(|peer| {
            let tls = peer.record_error(tls)?;
            project_limits::apply_connect_timeout(&mut peer.options);
            peer.connect_to_url(&url, tls)
        })
    }

    /// Accepts a connection as a WebSocket server, on a [RustStreamPeerTCP] from [method
    /// RustTCPServer.take_connection], on a [RustStreamPeerTLS] from [method RustStreamPeerTLS.accept_stream], or on
    /// one of the engine's own [StreamPeerTCP] or [StreamPeerTLS]. The handshake happens in [method poll].
    ///
    /// Returns [constant ERR_INVALID_PARAMETER] for any other stream, for a TLS stream without a session and for
    /// invalid [member handshake_headers], and [constant ERR_ALREADY_IN_USE] while connecting or connected.
    #[func]
    fn accept_stream(&self, stream: Option<Gd<StreamPeer>>) -> GodotError {
        // A stream that is written in a script may release this instance.
        let _kept = self.to_gd();
        if !stream.as_ref().is_some_and(stream_resolution::is_own_socket) {
            self.peer.set_calls_scripts();
        }
        self.run(|peer| {
            let result = try_accept(peer, stream);
            peer.record_error(result)
        })
    }

    /// Sets [member http_proxy], [member https_proxy] and [member no_proxy] from the environment variables
    /// [code]http_proxy[/code], [code]https_proxy[/code], [code]all_proxy[/code] and [code]no_proxy[/code], as curl
    /// does. Returns [constant ERR_INVALID_PARAMETER], and changes nothing, if one of them is not a valid proxy
    /// address.
    #[func]
    fn use_environment_proxies(&self) -> GodotError {
        self.run(|peer| {
            let result = peer.options.set_proxies(Proxies::from_environment());
            peer.record_error(result)
        })
    }
}

short_calls! {
    RustWebSocketPeer: connect_to_url, accept_stream, use_environment_proxies
}

fn try_accept(peer: &mut WebSocketPeer, stream: Option<Gd<StreamPeer>>) -> Result {
    let stream = stream.ok_or_else(|| Error::new(ErrorCode::InvalidParameter, "stream must not be null"))?;
    peer.check_unconnected()?;
    peer.accept_stream(stream_resolution::tcp_or_tls_transport(stream)?)
}
