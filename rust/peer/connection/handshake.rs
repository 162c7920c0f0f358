//! Decides how a peer's connection begins, how a server's program answers a request, and what both report of the
//! handshake.

use crate::error::{Error, ErrorCode, Result};
use crate::net::{ClientTls, TlsInfo, Transport, clock};
use crate::peer::connection::handshake_head::HandshakeHead;
use crate::peer::connection::opening::{ConnectAttempt, DecisionOutcome, Opening, no_request};
use crate::peer::connection::websocket_peer::{ConnectionPhase, WebSocketPeer};
use crate::peer::state::State;
use crate::proto::Role;
use crate::proto::handshake::{Headers, HttpAnswer, Rejection, Request, response};
use crate::proto::url::Url;

impl WebSocketPeer {
    // Begin

    /// Starts to connect. `tls` is for `wss://`; without it the operating system's trust store decides about the
    /// server.
    ///
    /// # Errors
    /// `InvalidParameter` for an invalid URL or option, `AlreadyInUse` while connecting or connected, `Failed` if the
    /// attempt fails at once. Only the last one forgets the packets, code and reason of an earlier connection.
    pub fn connect_to_url(&mut self, url: &str, tls: Option<ClientTls>) -> Result {
        let result = self.try_connect(url, tls);
        self.record_error(result)
    }

    fn try_connect(&mut self, url: &str, tls: Option<ClientTls>) -> Result {
        if url.is_empty() {
            return Err(Error::new(ErrorCode::InvalidParameter, "the URL is empty"));
        }
        self.check_unconnected()?;
        let parsed = Url::parse(url)?;
        let attempt = Opening::connect(&parsed, tls, &self.options, clock::now())?;
        self.reset();
        self.trace.role = Some(Role::Client);
        url.clone_into(&mut self.requested_url);
        match attempt {
            ConnectAttempt::Started(opening) => {
                self.remote = opening.remote_address();
                self.phase = ConnectionPhase::Opening(opening);
                Ok(())
            }
            ConnectAttempt::Failed(error) => {
                let message = error.message.clone();
                self.fail(error);
                Err(Error::new(ErrorCode::Failed, message))
            }
        }
    }

    /// Takes an established stream as a server; [`Self::poll`] continues the handshake.
    ///
    /// # Errors
    /// `AlreadyInUse` while connecting or connected, `InvalidParameter` for an invalid option.
    pub fn accept_stream(&mut self, transport: Box<dyn Transport>) -> Result {
        let result = self.try_accept(transport);
        self.record_error(result)
    }

    fn try_accept(&mut self, transport: Box<dyn Transport>) -> Result {
        self.check_unconnected()?;
        let opening = Opening::accept(transport, &self.options, clock::now())?;
        self.reset();
        self.trace.role = Some(Role::Server);
        self.remote = opening.remote_address();
        self.phase = ConnectionPhase::Opening(Box::new(opening));
        Ok(())
    }

    /// Checks whether [`Self::accept_stream`] and [`Self::connect_to_url`] are allowed now.
    ///
    /// # Errors
    /// `AlreadyInUse` while connecting or connected.
    pub fn check_unconnected(&self) -> Result {
        match self.state() {
            State::Closed | State::Closing => Ok(()),
            State::Connecting | State::Open => {
                Err(Error::new(ErrorCode::AlreadyInUse, "the peer is connecting or connected; close it first"))
            }
        }
    }

    // The decision about a request

    /// Returns whether a request waits for [`Self::accept_request`] or [`Self::reject_request`].
    pub fn is_request_pending(&self) -> bool {
        matches!(&self.phase, ConnectionPhase::Opening(opening) if opening.pending_request().is_some())
    }

    /// Accepts the pending request (if `auto_accept` is off); the connection opens in the next [`Self::poll`].
    /// `extra_headers` follow the option `handshake_headers` in the response.
    ///
    /// # Errors
    /// `Unconfigured` if no request is pending and `InvalidParameter` for invalid header lines; then nothing changes.
    /// `InvalidData` for a request that is not a WebSocket handshake or comes from a forbidden origin: it is answered
    /// with the HTTP status that names the reason, and the connection is closed.
    pub fn accept_request(&mut self, extra_headers: &[String]) -> Result {
        let result = self.try_accept_request(extra_headers);
        self.record_error(result)
    }

    fn try_accept_request(&mut self, extra_headers: &[String]) -> Result {
        let ConnectionPhase::Opening(opening) = &mut self.phase else { return Err(no_request()) };
        match opening.accept_request(&self.options, extra_headers)? {
            DecisionOutcome::Accepted => Ok(()),
            DecisionOutcome::Refused(error) => {
                let message = error.message.clone();
                self.fail(error);
                Err(Error::new(ErrorCode::InvalidData, message))
            }
        }
    }

    /// Answers the pending request with an HTTP status from 200 to 599: to refuse a client, or to serve a page or a
    /// health check on the same port. The connection is closed after the response.
    ///
    /// # Errors
    /// `Unconfigured` if no request is pending, `InvalidParameter` for an invalid status, reason or header line; then
    /// nothing is sent.
    pub fn reject_request(&mut self, answer: HttpAnswer) -> Result {
        let result = self.try_reject_request(answer);
        self.record_error(result)
    }

    fn try_reject_request(&mut self, answer: HttpAnswer) -> Result {
        let rejection = Rejection::custom(answer)?;
        let ConnectionPhase::Opening(opening) = &mut self.phase else { return Err(no_request()) };
        opening.reject_request(&rejection)?;
        self.drop_connection();
        Ok(())
    }

    // Reports

    /// Returns the request that a client of this server has sent, from its arrival until the next connection.
    pub fn request(&self) -> Option<Request> {
        match &self.head {
            HandshakeHead::Request(head) => Request::parse(head.clone()).ok(),
            _ => None,
        }
    }

    /// Returns the header fields of the response that opened this client's connection or the last one; `None` before,
    /// and on a server.
    pub fn response_headers(&self) -> Option<Headers> {
        match &self.head {
            HandshakeHead::Response(head) => Some(response::parse_headers(head)),
            _ => None,
        }
    }

    /// Returns the header fields that the remote peer has sent in the handshake, also in a response that refused.
    pub fn received_headers(&self) -> Option<Headers> {
        let refused = || Some(self.failure.as_ref()?.response.as_ref()?.headers.clone());
        self.request().map(|request| request.headers).or_else(|| self.response_headers()).or_else(refused)
    }

    /// Returns what the TLS handshake has negotiated; `None` without TLS or connection.
    pub fn tls_info(&self) -> Option<TlsInfo> {
        match &self.phase {
            ConnectionPhase::Opening(opening) => opening.tls_info(),
            ConnectionPhase::Open(open) => open.transport.tls_info(),
            ConnectionPhase::Closed => None,
        }
    }
}
