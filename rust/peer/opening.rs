//! From nothing to an open connection: TCP, then the HTTP upgrade.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use super::options::Options;
use super::scratch;
use crate::error::{Error, ErrorCode, Result};
use crate::net::{Connector, NetError, Stage, Transport, entropy};
use crate::proto::Role;
use crate::proto::connection::Connection;
use crate::proto::deflate::Deflate;
use crate::proto::extensions::Agreement;
use crate::proto::handshake::server::RequestReader;
use crate::proto::handshake::{ClientHandshake, Request, ServerOptions, headers};
use crate::proto::url::Url;

/// What the handshake made.
pub(super) struct Opened {
    pub transport: Box<dyn Transport>,
    pub connection: Connection,
    pub protocol: String,
    /// Bytes that arrived behind the handshake.
    pub rest: Vec<u8>,
}

/// A connection on its way.
#[derive(Debug)]
pub(super) struct Opening {
    stage: OpeningStage,
    deadline: Instant,
    requested_url: Option<String>,
}

enum OpeningStage {
    Connecting { connector: Connector, handshake: ClientHandshake, request: Vec<u8> },
    Client { stream: Outgoing, handshake: ClientHandshake },
    Server { stream: Outgoing, reader: RequestReader },
    Answering { stream: Outgoing, connection: Connection, protocol: String, rest: Vec<u8> },
    Done,
}

impl std::fmt::Debug for OpeningStage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Connecting { .. } => "Connecting",
            Self::Client { .. } => "Client",
            Self::Server { .. } => "Server",
            Self::Answering { .. } => "Answering",
            Self::Done => "Done",
        })
    }
}

/// A transport and the handshake bytes it has not taken yet.
struct Outgoing {
    transport: Box<dyn Transport>,
    bytes: Vec<u8>,
    written: usize,
}

impl Outgoing {
    fn new(transport: Box<dyn Transport>, bytes: Vec<u8>) -> Self {
        Self { transport, bytes, written: 0 }
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.written..).unwrap_or_default()
    }

    /// Returns whether everything is written.
    fn flush(&mut self) -> Result<bool, NetError> {
        while let Some(rest) = self.bytes.get(self.written..).filter(|rest| !rest.is_empty()) {
            match self.transport.write(rest) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(NetError::io(Stage::Tcp, "writing the handshake", &error)),
            }
        }
        Ok(true)
    }

    /// Reads once and lets `take` look at it; `None` where nothing is there.
    fn read<T>(&mut self, take: impl FnOnce(&[u8]) -> T) -> Result<Option<T>, NetError> {
        if !self.transport.may_read() {
            return Ok(None);
        }
        scratch::with(|buffer| {
            loop {
                match self.transport.read(buffer) {
                    Ok(0) => {
                        return Err(NetError::new(
                            Stage::Http,
                            "the remote end closed the connection during the handshake",
                        ));
                    }
                    Ok(count) => return Ok(Some(take(buffer.get(..count).unwrap_or_default()))),
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                    Err(error) => return Err(NetError::io(Stage::Tcp, "reading the handshake", &error)),
                }
            }
        })
    }
}

impl Opening {
    /// A client's beginning. The outer error is a wrong argument and means that nothing has begun, the inner one a
    /// connection that failed at once.
    pub fn connect(url: &Url, options: &Options, now: Instant) -> Result<Result<Self, NetError>> {
        if url.secure {
            return Err(Error::new(ErrorCode::Unavailable, "wss:// is not available in this version"));
        }
        let (handshake, request) = ClientHandshake::start(
            url,
            entropy::nonce(),
            &options.supported_protocols,
            &options.handshake_headers,
            options.deflate_preferences(),
        )?;
        let connector = Connector::start(&url.host, url.port, options.connect_timeout, now);
        Ok(connector.map(|connector| Self {
            stage: OpeningStage::Connecting { connector, handshake, request },
            deadline: now + options.connect_timeout + options.handshake_timeout,
            requested_url: None,
        }))
    }

    /// A server's beginning on a connection that is there.
    pub fn accept(transport: Box<dyn Transport>, options: &Options, now: Instant) -> Result<Self> {
        headers::check_protocols(&options.supported_protocols)?;
        headers::check_extra(&options.handshake_headers)?;
        let stream = Outgoing::new(transport, Vec::new());
        Ok(Self {
            stage: OpeningStage::Server { stream, reader: RequestReader::default() },
            deadline: now + options.handshake_timeout,
            requested_url: None,
        })
    }

    /// Goes on; returns what was made when it is made.
    pub fn poll(&mut self, now: Instant, options: &Options) -> Result<Option<Opened>, NetError> {
        if let OpeningStage::Connecting { connector, .. } = &mut self.stage {
            let Some(socket) = connector.poll(now)? else { return Ok(None) };
            if let OpeningStage::Connecting { handshake, request, .. } = self.take_stage() {
                let stream = Outgoing::new(Box::new(Arc::new(socket)), request);
                self.stage = OpeningStage::Client { stream, handshake };
                self.deadline = now + options.handshake_timeout;
            }
        }
        if now >= self.deadline {
            let message = format!("the handshake took longer than {:?}", options.handshake_timeout);
            return Err(NetError::new(Stage::Timeout, message));
        }
        match self.take_stage() {
            OpeningStage::Client { stream, handshake } => self.poll_client(stream, handshake, options),
            OpeningStage::Server { stream, reader } => self.poll_server(stream, reader, options),
            answering => {
                self.stage = answering;
                self.poll_answering()
            }
        }
    }

    fn poll_client(
        &mut self,
        mut stream: Outgoing,
        mut handshake: ClientHandshake,
        options: &Options,
    ) -> Result<Option<Opened>, NetError> {
        stream.flush()?;
        // A response may come in many pieces; the bound on its length ends the loop.
        loop {
            match stream.read(|input| handshake.receive(input))? {
                Some(Ok(Some(response))) => {
                    let connection = connection(Role::Client, response.deflate, options);
                    let (protocol, rest) = (response.protocol, response.rest);
                    return Ok(Some(Opened { transport: stream.transport, connection, protocol, rest }));
                }
                Some(Ok(None)) => {}
                Some(Err(error)) => {
                    stream.transport.close(Vec::new());
                    return Err(NetError::new(Stage::Http, error.to_string()));
                }
                None => {
                    self.stage = OpeningStage::Client { stream, handshake };
                    return Ok(None);
                }
            }
        }
    }

    fn poll_server(
        &mut self,
        mut stream: Outgoing,
        mut reader: RequestReader,
        options: &Options,
    ) -> Result<Option<Opened>, NetError> {
        loop {
            match stream.read(|input| reader.receive(input))? {
                Some(Ok(Some(request))) => return self.answer(stream, request, options),
                Some(Ok(None)) => {}
                Some(Err(refusal)) => {
                    stream.transport.close(refusal.response());
                    return Err(NetError::new(Stage::Http, refusal.to_string()));
                }
                None => {
                    self.stage = OpeningStage::Server { stream, reader };
                    return Ok(None);
                }
            }
        }
    }

    fn answer(&mut self, stream: Outgoing, request: Request, options: &Options) -> Result<Option<Opened>, NetError> {
        let mut transport = stream.transport;
        self.requested_url = Some(request.url(transport.is_secure()));
        let server = ServerOptions {
            protocols: &options.supported_protocols,
            extra_headers: &options.handshake_headers,
            deflate: options.deflate_preferences(),
        };
        match request.accept(&server) {
            Ok(accepted) => {
                let connection = connection(Role::Server, accepted.deflate, options);
                let stream = Outgoing::new(transport, accepted.response);
                let (protocol, rest) = (accepted.protocol, request.rest);
                self.stage = OpeningStage::Answering { stream, connection, protocol, rest };
                self.poll_answering()
            }
            Err(refusal) => {
                transport.close(refusal.response());
                Err(NetError::new(Stage::Http, refusal.to_string()))
            }
        }
    }

    fn poll_answering(&mut self) -> Result<Option<Opened>, NetError> {
        if let OpeningStage::Answering { stream, .. } = &mut self.stage
            && !stream.flush()?
        {
            return Ok(None);
        }
        match self.take_stage() {
            OpeningStage::Answering { stream, connection, protocol, rest } => {
                Ok(Some(Opened { transport: stream.transport, connection, protocol, rest }))
            }
            other => {
                self.stage = other;
                Ok(None)
            }
        }
    }

    fn take_stage(&mut self) -> OpeningStage {
        std::mem::replace(&mut self.stage, OpeningStage::Done)
    }

    fn stream(&self) -> Option<&Outgoing> {
        match &self.stage {
            OpeningStage::Client { stream, .. }
            | OpeningStage::Server { stream, .. }
            | OpeningStage::Answering { stream, .. } => Some(stream),
            OpeningStage::Connecting { .. } | OpeningStage::Done => None,
        }
    }

    /// The URL of the request, once, when a server has read it.
    pub fn take_requested_url(&mut self) -> Option<String> {
        self.requested_url.take()
    }

    /// Address of the remote end, as soon as one is tried.
    pub fn remote_address(&self) -> Option<SocketAddr> {
        match &self.stage {
            OpeningStage::Connecting { connector, .. } => connector.remote_address(),
            _ => self.stream().and_then(|stream| stream.transport.remote_address()),
        }
    }

    /// See [`Transport::set_no_delay`]; `None` before the TCP connection. Sockets start without delay.
    pub fn set_no_delay(&mut self, enabled: bool) -> Option<io::Result<()>> {
        match &mut self.stage {
            OpeningStage::Client { stream, .. }
            | OpeningStage::Server { stream, .. }
            | OpeningStage::Answering { stream, .. } => Some(stream.transport.set_no_delay(enabled)),
            OpeningStage::Connecting { .. } | OpeningStage::Done => None,
        }
    }

    /// Descriptor for foreign event loops.
    pub fn raw_fd(&self) -> Option<i64> {
        match &self.stage {
            OpeningStage::Connecting { connector, .. } => connector.raw_fd(),
            _ => self.stream().and_then(|stream| stream.transport.raw_fd()),
        }
    }

    /// Whether the next step waits for the socket to be writable.
    pub fn wants_write(&self) -> bool {
        matches!(self.stage, OpeningStage::Connecting { .. })
            || self.stream().is_some_and(|stream| !stream.rest().is_empty())
    }

    /// Gives the connection up.
    pub fn abandon(self) {
        if let OpeningStage::Client { mut stream, .. }
        | OpeningStage::Server { mut stream, .. }
        | OpeningStage::Answering { mut stream, .. } = self.stage
        {
            stream.transport.close(Vec::new());
        }
    }
}

fn connection(role: Role, agreed: Option<Agreement>, options: &Options) -> Connection {
    let deflate = agreed.map(|agreed| Deflate::new(role, &agreed, options.compression_level));
    Connection::new(role, deflate, entropy::mask_key)
}
