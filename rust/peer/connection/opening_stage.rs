//! Defines the stages of a connection that is being opened, with the data of each.

use crate::net::proxy::Proxy;
use crate::net::{ClientTls, Connector, NetError, TlsStream, Transport};
use crate::peer::connection::handshake_stream::HandshakeStream;
use crate::peer::connection::opening_failure::at_proxy;
use crate::proto::connection::Connection;
use crate::proto::handshake::server::RequestReader;
use crate::proto::handshake::{ClientHandshake, Request, TunnelHandshake};
use crate::proto::url::Authority;

/// The result of a successful opening.
pub(in crate::peer) struct Opened {
    pub transport: Box<dyn Transport>,
    pub connection: Connection,
    pub protocol: String,
    /// Head of the server's response; empty on a server, which has reported the request before.
    pub response_head: Box<[u8]>,
    /// Head of the request or response that this side has sent.
    pub sent_head: Vec<u8>,
    /// Bytes that arrived after the handshake.
    pub rest: Vec<u8>,
}

/// What a client still has to do after its TCP connection.
pub(super) struct ClientPlan {
    pub server: Authority,
    pub proxy: Option<Proxy>,
    pub tls: Option<ClientTls>,
    pub handshake: ClientHandshake,
    pub request: Vec<u8>,
}

impl ClientPlan {
    /// Names the proxy in the failure if it was the proxy that could not be reached.
    pub fn explain(&self, error: NetError) -> NetError {
        match &self.proxy {
            Some(proxy) => at_proxy(proxy, error),
            None => error,
        }
    }
}

/// A stage. A client passes the first six, as far as its URL needs them, a server the following ones.
pub(super) enum OpeningStage {
    /// The name lookup or the TCP connection is under way.
    Connecting { connector: Connector, plan: ClientPlan },
    /// The proxy has not answered the CONNECT request.
    Tunnelling { stream: HandshakeStream, handshake: TunnelHandshake, proxy: Proxy, plan: ClientPlan },
    /// The system's trust store is being read.
    LoadingTrustStore { transport: Box<dyn Transport>, tls: ClientTls, plan: ClientPlan },
    /// The TLS handshake is under way.
    SecuringTls { stream: TlsStream, plan: ClientPlan },
    /// The server has not answered the upgrade request.
    AwaitingResponse { stream: HandshakeStream, handshake: ClientHandshake },
    /// The client's request is not complete.
    AwaitingRequest { stream: HandshakeStream, reader: RequestReader },
    /// The program has not accepted or rejected the request.
    AwaitingDecision { stream: HandshakeStream, request: Request, early: EarlyInput },
    /// The response that opens the connection is not written.
    SendingResponse { stream: HandshakeStream, connection: Connection, protocol: String, rest: Vec<u8> },
    /// The opening has succeeded or failed.
    Finished,
}

/// What a client may still send before the decision about its request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum EarlyInput {
    /// Frames, or the end of the stream.
    Expected,
    /// Nothing: the client has shut its sending direction down.
    Ended,
}

/// What a stage does next.
pub(super) enum OpeningStep {
    /// Stays in the stage until the network allows more.
    Wait(OpeningStage),
    /// Enters another stage at once.
    Next(OpeningStage),
    /// The connection is open.
    Opened(Opened),
}

impl std::fmt::Debug for OpeningStage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Connecting { .. } => "Connecting",
            Self::Tunnelling { .. } => "Tunnelling",
            Self::LoadingTrustStore { .. } => "LoadingTrustStore",
            Self::SecuringTls { .. } => "SecuringTls",
            Self::AwaitingResponse { .. } => "AwaitingResponse",
            Self::AwaitingRequest { .. } => "AwaitingRequest",
            Self::AwaitingDecision { .. } => "AwaitingDecision",
            Self::SendingResponse { .. } => "SendingResponse",
            Self::Finished => "Finished",
        })
    }
}

impl OpeningStage {
    /// Returns the transport; `None` before the TCP connection and at the end.
    pub fn transport(&self) -> Option<&dyn Transport> {
        match self {
            Self::Tunnelling { stream, .. }
            | Self::AwaitingResponse { stream, .. }
            | Self::AwaitingRequest { stream, .. }
            | Self::AwaitingDecision { stream, .. }
            | Self::SendingResponse { stream, .. } => Some(stream.transport.as_ref()),
            Self::LoadingTrustStore { transport, .. } => Some(transport.as_ref()),
            Self::SecuringTls { stream, .. } => Some(stream),
            Self::Connecting { .. } | Self::Finished => None,
        }
    }

    /// Returns the transport, as [`Self::transport`] does.
    pub fn transport_mut(&mut self) -> Option<&mut dyn Transport> {
        match self {
            Self::Tunnelling { stream, .. }
            | Self::AwaitingResponse { stream, .. }
            | Self::AwaitingRequest { stream, .. }
            | Self::AwaitingDecision { stream, .. }
            | Self::SendingResponse { stream, .. } => Some(stream.transport.as_mut()),
            Self::LoadingTrustStore { transport, .. } => Some(transport.as_mut()),
            Self::SecuringTls { stream, .. } => Some(stream),
            Self::Connecting { .. } | Self::Finished => None,
        }
    }

    /// Returns a number that grows with everything that the stage receives.
    pub fn received(&self) -> u64 {
        match self {
            Self::Tunnelling { stream, .. }
            | Self::AwaitingResponse { stream, .. }
            | Self::AwaitingRequest { stream, .. }
            | Self::AwaitingDecision { stream, .. }
            | Self::SendingResponse { stream, .. } => stream.received(),
            Self::SecuringTls { stream, .. } => stream.handshake_bytes(),
            Self::Connecting { .. } | Self::LoadingTrustStore { .. } | Self::Finished => 0,
        }
    }

    /// Returns whether the next step waits until the socket is writable.
    pub fn wants_write(&self) -> bool {
        match self {
            Self::Connecting { .. } => true,
            Self::Tunnelling { stream, .. }
            | Self::AwaitingResponse { stream, .. }
            | Self::SendingResponse { stream, .. } => !stream.is_flushed(),
            Self::SecuringTls { stream, .. } => stream.wants_write(),
            Self::LoadingTrustStore { .. }
            | Self::AwaitingRequest { .. }
            | Self::AwaitingDecision { .. }
            | Self::Finished => false,
        }
    }
}
