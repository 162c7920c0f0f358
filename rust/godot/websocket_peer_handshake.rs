//! The members of `RustWebSocketPeer` about the handshake: TLS, proxies, the request and its answer, timeouts, and failures.

use godot::global::Error as GodotError;
use godot::prelude::*;

use super::convert;
use super::websocket_peer::RustWebSocketPeer;
use crate::net::Proxies;

#[godot_api(secondary)]
impl RustWebSocketPeer {
    /// Returns why the connection could not be made or was lost, empty where nothing has failed since it began:
    /// [code]stage[/code] ([code]"dns"[/code], [code]"tcp"[/code], [code]"proxy"[/code], [code]"tls"[/code],
    /// [code]"http"[/code], [code]"websocket"[/code] or [code]"timeout"[/code]), [code]message[/code] in words,
    /// [code]os_error[/code] (0 for none), [code]tls[/code] (the alert or the result of the verification), and of an answer
    /// that refused [code]http_status[/code] (0 for none), [code]http_reason[/code], [code]http_headers[/code] (lines) and
    /// [code]http_body[/code] (at most 4096 bytes).
    #[func]
    fn get_failure(&self) -> VarDictionary {
        self.ask(|peer| convert::failure(peer.failure()))
    }

    /// Returns the header lines of the answer that opened this client's connection, or the last one. Those of an answer that
    /// refused are in [method get_failure].
    #[func]
    fn get_response_headers(&self) -> PackedStringArray {
        self.ask(|peer| peer.response_headers().map(|headers| convert::header_lines(&headers)).unwrap_or_default())
    }

    /// Returns what was agreed on in the TLS handshake, empty without TLS: [code]version[/code], [code]cipher_suite[/code],
    /// [code]alpn[/code], [code]peer_subject[/code] (whom the remote end's certificate belongs to) and [code]resumed[/code].
    /// On the engine's own [StreamPeerTLS] it is empty too.
    #[func]
    fn get_tls_info(&self) -> VarDictionary {
        convert::tls_info(self.ask(|peer| peer.tls_info()))
    }

    /// Returns the request that a client of this server has sent, as soon as it is there and until the next connection; empty
    /// before: [code]method[/code], [code]path[/code], [code]query[/code], [code]headers[/code] (lines, repeated ones
    /// included), [code]is_websocket[/code] and [code]is_pending[/code]. See also [method get_connected_host] and
    /// [method get_tls_info].
    #[func]
    fn get_request(&self) -> VarDictionary {
        let (request, is_pending) = self.ask(|peer| (peer.request(), peer.is_request_pending()));
        convert::request(request, is_pending)
    }

    /// Returns [code]true[/code] while a request waits for [method accept_request] or [method reject_request].
    #[func]
    fn is_request_pending(&self) -> bool {
        self.ask(|peer| peer.is_request_pending())
    }

    /// Accepts the request that waits where [member auto_accept] is [code]false[/code]; the connection opens in the next
    /// [method poll]. [param extra_headers] are header lines for the answer, behind [member handshake_headers].
    ///
    /// Returns [constant ERR_UNCONFIGURED] where no request waits and [constant ERR_INVALID_PARAMETER] for wrong header lines;
    /// nothing changes then. Returns [constant ERR_INVALID_DATA] for a request that cannot be accepted: it is answered with
    /// the HTTP status that says why, and the connection is over.
    #[func]
    fn accept_request(
        &self,
        #[opt(default = &PackedStringArray::new())] extra_headers: PackedStringArray,
    ) -> GodotError {
        self.run(|peer| peer.accept_request(&convert::strings(&extra_headers)))
    }

    /// Answers the request that waits where [member auto_accept] is [code]false[/code] with an HTTP status from 200 to 599: to
    /// refuse a client, or to serve a page or a health check on the same port. An empty [param reason] stands for the usual
    /// one. The connection ends behind the answer.
    ///
    /// Returns [constant ERR_UNCONFIGURED] where no request waits and [constant ERR_INVALID_PARAMETER] for what cannot stand
    /// in an answer; nothing is sent then.
    #[func]
    fn reject_request(
        &self,
        status: i64,
        #[opt(default = "")] reason: GString,
        #[opt(default = &PackedStringArray::new())] headers: PackedStringArray,
        #[opt(default = &PackedByteArray::new())] body: PackedByteArray,
    ) -> GodotError {
        self.run(|peer| {
            let answer = convert::http_answer(status, &reason, &headers, &body);
            let answer = peer.record_error(answer)?;
            peer.reject_request(answer)
        })
    }

    /// Takes [member http_proxy], [member https_proxy] and [member no_proxy] from the environment variables
    /// [code]http_proxy[/code], [code]https_proxy[/code], [code]all_proxy[/code] and [code]no_proxy[/code], as curl does. Returns
    /// [constant ERR_INVALID_PARAMETER], and changes nothing, where one of them is no proxy's address.
    #[func]
    fn use_environment_proxies(&self) -> GodotError {
        self.run(|peer| {
            let result = peer.options.set_proxies(Proxies::from_environment());
            peer.record_error(result)
        })
    }
}
