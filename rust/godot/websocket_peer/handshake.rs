//! The members of `RustWebSocketPeer` about the handshake: the request, its answer, TLS, and failures.

use godot::global::Error as GodotError;
use godot::prelude::*;

use super::RustWebSocketPeer;
use crate::godot::convert;
use crate::godot::short_calls::short_calls;

#[godot_api(secondary)]
impl RustWebSocketPeer {
    /// Returns why the connection could not be made or was lost, or an empty dictionary if nothing has failed since it
    /// began: [code]stage[/code] ([code]"dns"[/code], [code]"tcp"[/code], [code]"proxy"[/code], [code]"tls"[/code],
    /// [code]"http"[/code], [code]"websocket"[/code] or [code]"timeout"[/code]), [code]message[/code] (the reason as
    /// text), [code]os_error[/code] (0 for none) and [code]tls[/code] (the alert, or the result of the verification).
    /// If the server refused the request: [code]http_status[/code] (else 0), [code]http_reason[/code],
    /// [code]http_headers[/code] (lines) and [code]http_body[/code] (at most 4096 bytes). Status and headers are
    /// complete; the body is the part that arrived within 250 ms after them, or with them if the server announced
    /// neither its length nor the end of the connection.
    #[func]
    fn get_failure(&self) -> VarDictionary {
        self.ask(|peer| convert::failure(peer.failure()))
    }

    /// Returns the header lines of the server's answer that opened this connection, or the last one. Those of an answer
    /// that refused the request are in [method get_failure].
    #[func]
    fn get_response_headers(&self) -> PackedStringArray {
        self.ask(|peer| peer.response_headers().map(|headers| convert::header_lines(&headers)).unwrap_or_default())
    }

    /// Returns the parameters that the TLS handshake negotiated: [code]version[/code], [code]cipher_suite[/code],
    /// [code]alpn[/code], [code]peer_subject[/code] (the subject of the remote peer's certificate) and
    /// [code]resumed[/code]. Empty without TLS, and on the engine's own [StreamPeerTLS].
    #[func]
    fn get_tls_info(&self) -> VarDictionary {
        convert::tls_info(self.ask(|peer| peer.tls_info()))
    }

    /// Returns the request that the client sent to this server: [code]method[/code], [code]path[/code],
    /// [code]query[/code], [code]headers[/code] (lines, repeated ones included), [code]protocols[/code] (the
    /// sub-protocols that the client offers), [code]is_websocket[/code] and [code]is_pending[/code]. Empty until the
    /// request has arrived; kept until the next connection. Path and query are percent-encoded, and empty if the
    /// request was answered with 400 because its target is invalid. See also [method get_connected_host] and [method
    /// get_tls_info].
    #[func]
    fn get_request(&self) -> VarDictionary {
        let (request, is_pending) = self.ask(|peer| (peer.request(), peer.is_request_pending()));
        convert::request(request, is_pending)
    }

    /// Returns [code]true[/code] while a request is pending until [method accept_request] or [method reject_request].
    #[func]
    fn is_request_pending(&self) -> bool {
        self.ask(|peer| peer.is_request_pending())
    }

    /// Selects the sub-protocol of the answer to the pending request: one of the [code]protocols[/code] of [method
    /// get_request], or an empty string for none. Without this call, the first one that the client offers and [member
    /// supported_protocols] lists is selected. The last call before [method accept_request] counts.
    ///
    /// Returns [constant ERR_UNCONFIGURED] if no request is pending and [constant ERR_INVALID_PARAMETER] if the client
    /// does not offer [param protocol]; nothing changes then.
    #[func]
    fn select_protocol(&self, protocol: GString) -> GodotError {
        self.run(|peer| peer.select_protocol(&protocol.to_string()))
    }

    /// Accepts the pending request if [member auto_accept] is [code]false[/code]; the connection opens in the next
    /// [method poll]. [param extra_headers] are header lines that follow [member handshake_headers] in the answer.
    ///
    /// Returns [constant ERR_UNCONFIGURED] if no request is pending and [constant ERR_INVALID_PARAMETER] for invalid
    /// header lines; the request then stays pending. Returns [constant ERR_INVALID_DATA] for a request that cannot be
    /// accepted: it is answered with the HTTP status for its fault, and the connection ends.
    #[func]
    fn accept_request(
        &self,
        #[opt(default = &PackedStringArray::new())] extra_headers: PackedStringArray,
    ) -> GodotError {
        self.run(|peer| peer.accept_request(&convert::strings(&extra_headers)))
    }

    /// Answers the pending request with an HTTP status from 200 to 599 if [member auto_accept] is [code]false[/code]:
    /// to refuse a client, or to serve a page or a health check on the same port. If [param reason] is empty, the
    /// standard reason phrase of the status is sent. The connection ends after the answer.
    ///
    /// Returns [constant ERR_UNCONFIGURED] if no request is pending and [constant ERR_INVALID_PARAMETER] for a status,
    /// reason or header that an answer cannot contain; nothing is sent then.
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
}

short_calls! {
    RustWebSocketPeer: get_failure, get_response_headers, get_tls_info, get_request, is_request_pending,
    select_protocol, accept_request, reject_request
}
