//! How a peer's connection begins, what both ends said in the handshake, and why it failed.

use crate::error::{Error, ErrorCode, Result};
use crate::net::{ClientTls, NetError, TlsInfo, Transport, clock};
use crate::peer::connection::opening::Opening;
use crate::peer::connection::websocket_peer::{Phase, WebSocketPeer};
use crate::peer::state::State;
use crate::proto::Role;
use crate::proto::handshake::{Headers, HttpAnswer, Refusal, Request, response};
use crate::proto::url::Url;

/// Head of the HTTP message that the remote end sent, as it arrived; read again when a program asks.
#[derive(Debug)]
pub(in crate::peer) enum HandshakeHead {
    None,
    /// A client's request.
    Request(Box<[u8]>),
    /// A server's answer that opened the connection.
    Response(Box<[u8]>),
}

/// The URL that a request asks for.
pub(in crate::peer) fn requested_url(head: &[u8], is_secure: bool) -> String {
    Request::parse(head.into()).map(|request| request.url(is_secure)).unwrap_or_default()
}

impl WebSocketPeer {
    /// Starts to connect. `tls` is for `wss://`; without it the server must be one that the operating system trusts. A call that
    /// is refused leaves an earlier connection's packets, code and reason as they were.
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
        let opening = Opening::connect(&parsed, tls, &self.options, clock::now())?;
        self.reset();
        self.trace.role = Some(Role::Client);
        url.clone_into(&mut self.requested_url);
        match opening {
            Ok(opening) => {
                self.phase = Phase::Opening(Box::new(opening));
                Ok(())
            }
            Err(error) => {
                let message = error.message.clone();
                self.fail(error);
                Err(Error::new(ErrorCode::Failed, message))
            }
        }
    }

    /// Takes a connection as a server; the handshake happens in [`Self::poll`].
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
        self.phase = Phase::Opening(Box::new(opening));
        Ok(())
    }

    /// Whether [`Self::accept_stream`] and [`Self::connect_to_url`] are allowed now.
    pub fn check_unconnected(&self) -> Result {
        match self.state() {
            State::Closed | State::Closing => Ok(()),
            State::Connecting | State::Open => {
                Err(Error::new(ErrorCode::AlreadyInUse, "the peer is connecting or connected; close it first"))
            }
        }
    }

    /// Whether a request waits for [`Self::accept_request`] or [`Self::reject_request`].
    pub fn is_request_pending(&self) -> bool {
        matches!(&self.phase, Phase::Opening(opening) if opening.pending_request().is_some())
    }

    /// The request that a client of this server has sent, as soon as it is there and until the next connection.
    pub fn request(&self) -> Option<Request> {
        match &self.head {
            HandshakeHead::Request(head) => Request::parse(head.clone()).ok(),
            _ => None,
        }
    }

    /// Accepts the request that waits where `auto_accept` is off; the connection opens in the next [`Self::poll`].
    /// `extra_headers` stand in the answer behind the options' own.
    ///
    /// A request that cannot be accepted, because it is no WebSocket handshake or comes from a forbidden origin, is answered
    /// with the HTTP status that says so; that is `ErrorCode::InvalidData`, and the connection is over.
    pub fn accept_request(&mut self, extra_headers: &[String]) -> Result {
        let result = self.try_accept_request(extra_headers);
        self.record_error(result)
    }

    fn try_accept_request(&mut self, extra_headers: &[String]) -> Result {
        let Phase::Opening(opening) = &mut self.phase else { return Err(no_request()) };
        match opening.accept_request(&self.options, extra_headers)? {
            Ok(()) => Ok(()),
            Err(error) => {
                let message = error.message.clone();
                self.fail(error);
                Err(Error::new(ErrorCode::InvalidData, message))
            }
        }
    }

    /// Answers the request that waits with an HTTP status from 200 to 599, so that one port can serve pages and health checks
    /// too. The connection ends after the answer.
    pub fn reject_request(&mut self, answer: HttpAnswer) -> Result {
        let result = self.try_reject_request(answer);
        self.record_error(result)
    }

    fn try_reject_request(&mut self, answer: HttpAnswer) -> Result {
        let refusal = Refusal::custom(answer)?;
        let Phase::Opening(opening) = &mut self.phase else { return Err(no_request()) };
        opening.reject_request(&refusal)?;
        self.drop_connection();
        Ok(())
    }

    /// Header fields of the answer that opened this client's connection, or the last one; `None` before, and on a server.
    pub fn response_headers(&self) -> Option<Headers> {
        match &self.head {
            HandshakeHead::Response(head) => Some(response::parse_headers(head)),
            _ => None,
        }
    }

    /// Header fields that the remote end has sent in the handshake, also in an answer that refused.
    pub fn received_headers(&self) -> Option<Headers> {
        let refused = || Some(self.failure.as_ref()?.response.as_ref()?.headers.clone());
        self.request().map(|request| request.headers).or_else(|| self.response_headers()).or_else(refused)
    }

    /// What was agreed on in the TLS handshake, as long as the connection exists; `None` without TLS.
    pub fn tls_info(&self) -> Option<TlsInfo> {
        match &self.phase {
            Phase::Opening(opening) => opening.tls_info(),
            Phase::Open(link) => link.transport.tls_info(),
            Phase::Closed => None,
        }
    }

    /// Why the connection could not be made or was lost; `None` while it lasts and after a clean close.
    pub fn failure(&self) -> Option<&NetError> {
        self.failure.as_ref()
    }
}

fn no_request() -> Error {
    Error::new(ErrorCode::Unconfigured, "no request waits for a decision")
}
