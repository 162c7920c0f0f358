//! From nothing to an open connection: TCP, a proxy's tunnel, TLS, then the HTTP upgrade.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use crate::error::{Error, ErrorCode, Result};
use crate::limits::MAX_EARLY_BYTES;
use crate::net::proxy::Proxy;
use crate::net::{ClientTls, Connector, FailureStage, NetError, TlsInfo, TlsStream, Transport, entropy};
use crate::peer::connection::handshake_stream::HandshakeStream;
use crate::peer::connection::opening_failure::{at_proxy, not_upgraded, proxy_refused, refuse};
use crate::peer::options::ConnectionOptions;
use crate::peer::trace;
use crate::proto::Role;
use crate::proto::connection::Connection;
use crate::proto::deflate::Deflate;
use crate::proto::extensions::Agreement;
use crate::proto::handshake::server::RequestReader;
use crate::proto::handshake::{
    ClientHandshake, ConnectError, ConnectHandshake, HttpResponse, Refusal, Request, ResponseError, ServerOptions,
    headers,
};
use crate::proto::url::{Authority, Credentials, Url};

/// What the handshake made.
pub(in crate::peer) struct Opened {
    pub transport: Box<dyn Transport>,
    pub connection: Connection,
    pub protocol: String,
    /// Head of the server's answer; nothing on a server, whose request was handed out before.
    pub response_head: Box<[u8]>,
    /// Head of the request or answer that this end has sent.
    pub sent_head: Vec<u8>,
    /// Bytes that arrived behind the handshake.
    pub rest: Vec<u8>,
}

/// A connection on its way.
pub(in crate::peer) struct Opening {
    stage: OpeningStage,
    /// When the handshake must be over; set when the TCP connection is there.
    deadline: Instant,
    arrived: Option<Arrived>,
    /// A client's request, for the trace of one that was refused.
    pub traced_request: Vec<u8>,
}

/// The head of a request that a server has read, and whether it came over TLS.
pub(in crate::peer) struct Arrived {
    pub head: Box<[u8]>,
    pub is_secure: bool,
}

/// What a client still has to do when the connection below is there.
struct Ahead {
    server: Authority,
    proxy: Option<Proxy>,
    tls: Option<ClientTls>,
    handshake: ClientHandshake,
    request: Vec<u8>,
}

enum OpeningStage {
    Connecting {
        connector: Connector,
        ahead: Ahead,
    },
    Tunnelling {
        stream: HandshakeStream,
        handshake: ConnectHandshake,
        proxy: Proxy,
        ahead: Ahead,
    },
    /// The system's trust store is being read.
    Preparing {
        transport: Box<dyn Transport>,
        tls: ClientTls,
        ahead: Ahead,
    },
    Securing {
        stream: TlsStream,
        ahead: Ahead,
    },
    Client {
        stream: HandshakeStream,
        handshake: ClientHandshake,
    },
    Server {
        stream: HandshakeStream,
        reader: RequestReader,
    },
    Deciding {
        stream: HandshakeStream,
        request: Request,
    },
    Answering {
        stream: HandshakeStream,
        connection: Connection,
        protocol: String,
        rest: Vec<u8>,
    },
    Done,
}

enum Step {
    Wait(OpeningStage),
    Next(OpeningStage),
    Opened(Opened),
}

impl std::fmt::Debug for Opening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.stage {
            OpeningStage::Connecting { .. } => "Connecting",
            OpeningStage::Tunnelling { .. } => "Tunnelling",
            OpeningStage::Preparing { .. } => "Preparing",
            OpeningStage::Securing { .. } => "Securing",
            OpeningStage::Client { .. } => "Client",
            OpeningStage::Server { .. } => "Server",
            OpeningStage::Deciding { .. } => "Deciding",
            OpeningStage::Answering { .. } => "Answering",
            OpeningStage::Done => "Done",
        })
    }
}

impl Opening {
    /// A client's beginning. The outer error is a wrong argument and means that nothing has begun, the inner one a
    /// connection that failed at once.
    pub fn connect(
        url: &Url,
        tls: Option<ClientTls>,
        options: &ConnectionOptions,
        now: Instant,
    ) -> Result<Result<Self, NetError>> {
        let (handshake, request) = ClientHandshake::start(
            url,
            entropy::nonce(),
            &options.supported_protocols,
            &options.handshake_headers,
            options.deflate_preferences(),
        )?;
        let tls = if url.secure { Some(tls.map_or_else(|| ClientTls::new(Default::default()), Ok)?) } else { None };
        if let Some(tls) = &tls {
            tls.check_name(&url.address.host)?;
            tls.prepare();
        }
        let proxy = options.proxies().choose(url.secure, &url.address.host)?;
        let first = proxy.as_ref().map_or(&url.address, |proxy| &proxy.address);
        let connector = Connector::start(&first.host, first.port, options.connect_time_limit(), now);
        let traced_request = if trace::wants_messages() { request.clone() } else { Vec::new() };
        let ahead = Ahead { server: url.address.clone(), proxy, tls, handshake, request };
        Ok(match connector {
            Ok(connector) => Ok(Self {
                stage: OpeningStage::Connecting { connector, ahead },
                deadline: now + options.connect_time_limit() + options.handshake_time_limit(),
                arrived: None,
                traced_request,
            }),
            Err(error) => Err(ahead.explain(error)),
        })
    }

    /// A server's beginning on a connection that is there.
    pub fn accept(transport: Box<dyn Transport>, options: &ConnectionOptions, now: Instant) -> Result<Self> {
        headers::check_protocols(&options.supported_protocols)?;
        headers::check_extra(&options.handshake_headers)?;
        let stream = HandshakeStream::new(transport, Vec::new());
        Ok(Self {
            stage: OpeningStage::Server { stream, reader: RequestReader::default() },
            deadline: now + options.handshake_time_limit(),
            arrived: None,
            traced_request: Vec::new(),
        })
    }

    /// Goes on as far as it can; returns what was made when it is made. What has arrived is looked at before the time is.
    pub fn poll(&mut self, now: Instant, options: &ConnectionOptions) -> Result<Option<Opened>, NetError> {
        loop {
            let step = match self.take_stage() {
                OpeningStage::Connecting { mut connector, ahead } => match connector.poll(now) {
                    Ok(None) => Step::Wait(OpeningStage::Connecting { connector, ahead }),
                    Ok(Some(socket)) => {
                        self.deadline = now + options.handshake_time_limit();
                        Step::Next(connected(Box::new(Arc::new(socket)), ahead)?)
                    }
                    Err(error) => return Err(ahead.explain(error)),
                },
                OpeningStage::Tunnelling { stream, handshake, proxy, ahead } => {
                    tunnel(stream, handshake, proxy, ahead)?
                }
                OpeningStage::Preparing { transport, tls, ahead } => prepare(transport, tls, ahead)?,
                OpeningStage::Securing { stream, ahead } => secure(stream, ahead)?,
                OpeningStage::Client { stream, handshake } => upgrade(stream, handshake, options)?,
                OpeningStage::Server { stream, reader } => self.read_request(stream, reader)?,
                OpeningStage::Deciding { stream, request } if options.auto_accept => {
                    Step::Next(answer(stream, request, options, &[])?)
                }
                OpeningStage::Deciding { stream, request } => watch(stream, request)?,
                OpeningStage::Answering { stream, connection, protocol, rest } => {
                    finish(stream, connection, protocol, rest)?
                }
                OpeningStage::Done => Step::Wait(OpeningStage::Done),
            };
            match step {
                Step::Next(stage) => self.stage = stage,
                Step::Wait(stage) => {
                    self.stage = stage;
                    return if now >= self.deadline { Err(self.give_up(options)) } else { Ok(None) };
                }
                Step::Opened(opened) => return Ok(Some(opened)),
            }
        }
    }

    fn read_request(&mut self, mut stream: HandshakeStream, mut reader: RequestReader) -> Result<Step, NetError> {
        // A request may come in many pieces; the bound on its length ends the loop.
        loop {
            match stream.read(|input| reader.receive(input)) {
                Ok(Some(Ok(Some(request)))) => {
                    self.arrived =
                        Some(Arrived { head: request.head.clone(), is_secure: stream.transport.is_secure() });
                    return Ok(Step::Next(OpeningStage::Deciding { stream, request }));
                }
                Ok(Some(Ok(None))) => {}
                Ok(Some(Err(refusal))) => return Err(refuse(stream, &refusal, FailureStage::Http, false)),
                Ok(None) => return Ok(Step::Wait(OpeningStage::Server { stream, reader })),
                Err(error) => {
                    // A TLS alert that tells the client why is delivered before the connection ends.
                    stream.abandon();
                    return Err(error);
                }
            }
        }
    }

    /// The time is up.
    fn give_up(&mut self, options: &ConnectionOptions) -> NetError {
        let late = |what: &str| {
            NetError::new(
                FailureStage::Timeout,
                format!("{what} within {:?} (handshake_timeout)", options.handshake_time_limit()),
            )
        };
        match self.take_stage() {
            OpeningStage::Connecting { .. } | OpeningStage::Done => late("the connection was not made"),
            OpeningStage::Tunnelling { stream, mut handshake, proxy, .. } => {
                stream.abandon();
                let silent = || late(&format!("the proxy {} did not answer", proxy.address));
                handshake.give_up().map_or_else(silent, |answer| proxy_refused(&proxy, ConnectError::Refused(answer)))
            }
            OpeningStage::Preparing { mut transport, .. } => {
                transport.close(Vec::new());
                late("the operating system's trust store could not be read")
            }
            OpeningStage::Securing { mut stream, .. } => {
                stream.close(Vec::new());
                late("the TLS handshake was not over")
            }
            OpeningStage::Client { stream, mut handshake } => {
                stream.abandon();
                let silent = || late("the server did not answer the upgrade request");
                handshake.give_up().map_or_else(silent, |answer| not_upgraded(ResponseError::Status(answer)))
            }
            OpeningStage::Server { stream, .. } => {
                let late = late("the request did not arrive");
                NetError {
                    message: late.message,
                    ..refuse(stream, &Refusal::request_timeout(), FailureStage::Timeout, false)
                }
            }
            OpeningStage::Deciding { stream, request } => {
                let late = late("neither accept_request() nor reject_request() was called");
                let answered = refuse(stream, &Refusal::undecided(), FailureStage::Timeout, request.is_head());
                NetError { message: late.message, ..answered }
            }
            OpeningStage::Answering { stream, .. } => {
                stream.abandon();
                late("the client did not take the answer")
            }
        }
    }

    // Deciding

    /// The request that waits for the program's decision.
    pub fn pending_request(&self) -> Option<&Request> {
        match &self.stage {
            OpeningStage::Deciding { request, .. } => Some(request),
            _ => None,
        }
    }

    /// Accepts that request. The outer error is a wrong call or argument and changes nothing; with the inner one the request
    /// was answered with the status that says why it cannot be accepted.
    pub fn accept_request(
        &mut self,
        options: &ConnectionOptions,
        extra_headers: &[String],
    ) -> Result<Result<(), NetError>> {
        headers::check_extra(extra_headers)?;
        let (stream, request) = self.take_request()?;
        Ok(answer(stream, request, options, extra_headers).map(|mut stage| {
            if let OpeningStage::Answering { stream, .. } = &mut stage {
                // What fails here fails again in the next poll.
                let _later = stream.flush();
            }
            self.stage = stage;
        }))
    }

    /// Answers that request otherwise. The connection ends behind the answer.
    pub fn reject_request(&mut self, refusal: &Refusal) -> Result {
        let (stream, request) = self.take_request()?;
        stream.close(refusal.response(request.is_head()));
        Ok(())
    }

    fn take_request(&mut self) -> Result<(HandshakeStream, Request)> {
        match self.take_stage() {
            OpeningStage::Deciding { stream, request } => Ok((stream, request)),
            other => {
                self.stage = other;
                Err(Error::new(ErrorCode::Unconfigured, "no request waits for a decision"))
            }
        }
    }

    // Queries

    fn take_stage(&mut self) -> OpeningStage {
        std::mem::replace(&mut self.stage, OpeningStage::Done)
    }

    fn transport(&self) -> Option<&dyn Transport> {
        match &self.stage {
            OpeningStage::Tunnelling { stream, .. }
            | OpeningStage::Client { stream, .. }
            | OpeningStage::Server { stream, .. }
            | OpeningStage::Deciding { stream, .. }
            | OpeningStage::Answering { stream, .. } => Some(stream.transport.as_ref()),
            OpeningStage::Preparing { transport, .. } => Some(transport.as_ref()),
            OpeningStage::Securing { stream, .. } => Some(stream),
            OpeningStage::Connecting { .. } | OpeningStage::Done => None,
        }
    }

    fn transport_mut(&mut self) -> Option<&mut dyn Transport> {
        match &mut self.stage {
            OpeningStage::Tunnelling { stream, .. }
            | OpeningStage::Client { stream, .. }
            | OpeningStage::Server { stream, .. }
            | OpeningStage::Deciding { stream, .. }
            | OpeningStage::Answering { stream, .. } => Some(stream.transport.as_mut()),
            OpeningStage::Preparing { transport, .. } => Some(transport.as_mut()),
            OpeningStage::Securing { stream, .. } => Some(stream),
            OpeningStage::Connecting { .. } | OpeningStage::Done => None,
        }
    }

    /// The request, once, when a server has read it.
    pub fn take_arrived(&mut self) -> Option<Arrived> {
        self.arrived.take()
    }

    /// Address of the remote end, as soon as one is tried.
    pub fn remote_address(&self) -> Option<SocketAddr> {
        match &self.stage {
            OpeningStage::Connecting { connector, .. } => connector.remote_address(),
            _ => self.transport().and_then(Transport::remote_address),
        }
    }

    /// See [`Transport::tls_info`].
    pub fn tls_info(&self) -> Option<TlsInfo> {
        self.transport().and_then(Transport::tls_info)
    }

    /// See [`Transport::set_no_delay`]; `None` before the TCP connection. Sockets start without delay.
    pub fn set_no_delay(&mut self, enabled: bool) -> Option<io::Result<()>> {
        self.transport_mut().map(|transport| transport.set_no_delay(enabled))
    }

    /// Descriptor for foreign event loops.
    pub fn raw_fd(&self) -> Option<i64> {
        match &self.stage {
            OpeningStage::Connecting { connector, .. } => connector.raw_fd(),
            _ => self.transport().and_then(Transport::raw_fd),
        }
    }

    /// See [`Transport::poll_directly`]; before the TCP connection nothing is read.
    pub fn poll_directly(&self) {
        if let Some(transport) = self.transport() {
            transport.poll_directly();
        }
    }

    /// Whether the next step waits for the socket to be writable.
    pub fn wants_write(&self) -> bool {
        match &self.stage {
            OpeningStage::Connecting { .. } => true,
            OpeningStage::Tunnelling { stream, .. }
            | OpeningStage::Client { stream, .. }
            | OpeningStage::Answering { stream, .. } => !stream.is_flushed(),
            OpeningStage::Securing { stream, .. } => stream.wants_write(),
            OpeningStage::Preparing { .. }
            | OpeningStage::Server { .. }
            | OpeningStage::Deciding { .. }
            | OpeningStage::Done => false,
        }
    }

    /// Whether [`Self::poll`] has something to do without news from the system, and when the time is over.
    pub fn plan(&self) -> (bool, Instant) {
        let (read, write) = self.transport().map_or((true, true), Transport::known_readiness);
        let is_full =
            matches!(&self.stage, OpeningStage::Deciding { request, .. } if request.rest.len() >= MAX_EARLY_BYTES);
        let read = read && !is_full;
        (read || (write && self.wants_write()), self.deadline)
    }

    /// Gives the connection up.
    pub fn abandon(mut self) {
        if let Some(transport) = self.transport_mut() {
            transport.close(Vec::new());
        }
    }
}

impl Ahead {
    /// Names the proxy where it is the one that was not reached.
    fn explain(&self, error: NetError) -> NetError {
        match &self.proxy {
            Some(proxy) => at_proxy(proxy, error),
            None => error,
        }
    }
}

/// The TCP connection, or the tunnel, is there.
fn connected(transport: Box<dyn Transport>, mut ahead: Ahead) -> Result<OpeningStage, NetError> {
    if let Some(proxy) = ahead.proxy.take() {
        let authorization = proxy.credentials.as_ref().map(Credentials::basic);
        let (handshake, request) = ConnectHandshake::start(&ahead.server, authorization.as_deref());
        let stream = HandshakeStream::new(transport, request);
        return Ok(OpeningStage::Tunnelling { stream, handshake, proxy, ahead });
    }
    Ok(match ahead.tls.take() {
        Some(tls) => OpeningStage::Preparing { transport, tls, ahead },
        None => begin_upgrade(transport, ahead),
    })
}

fn begin_upgrade(transport: Box<dyn Transport>, ahead: Ahead) -> OpeningStage {
    OpeningStage::Client { stream: HandshakeStream::new(transport, ahead.request), handshake: ahead.handshake }
}

fn tunnel(
    mut stream: HandshakeStream,
    mut handshake: ConnectHandshake,
    proxy: Proxy,
    ahead: Ahead,
) -> Result<Step, NetError> {
    let written = stream.flush();
    loop {
        match stream.read(|input| handshake.receive(input)) {
            Ok(Some(Ok(Some(rest)))) if rest.is_empty() => {
                return connected(stream.transport, ahead).map(Step::Next);
            }
            Ok(Some(Ok(Some(_)))) => {
                stream.abandon();
                let message =
                    format!("the proxy {}: bytes came through the tunnel before any were sent", proxy.address);
                return Err(NetError::new(FailureStage::Proxy, message));
            }
            Ok(Some(Ok(None))) => {}
            Ok(Some(Err(error))) => {
                stream.abandon();
                return Err(proxy_refused(&proxy, error));
            }
            Ok(None) => {
                written.map_err(|error| at_proxy(&proxy, error))?;
                return Ok(Step::Wait(OpeningStage::Tunnelling { stream, handshake, proxy, ahead }));
            }
            Err(error) => {
                let ended = || at_proxy(&proxy, error);
                let answer = handshake.give_up();
                return Err(answer.map_or_else(ended, |answer| proxy_refused(&proxy, ConnectError::Refused(answer))));
            }
        }
    }
}

fn prepare(transport: Box<dyn Transport>, tls: ClientTls, ahead: Ahead) -> Result<Step, NetError> {
    if !tls.is_prepared() {
        return Ok(Step::Wait(OpeningStage::Preparing { transport, tls, ahead }));
    }
    let stream = TlsStream::client(transport, &tls, &ahead.server.host)
        .map_err(|error| NetError::new(FailureStage::Tls, error.message().to_owned()))?;
    Ok(Step::Next(OpeningStage::Securing { stream, ahead }))
}

fn secure(mut stream: TlsStream, ahead: Ahead) -> Result<Step, NetError> {
    match stream.handshake() {
        Ok(true) => Ok(Step::Next(begin_upgrade(Box::new(stream), ahead))),
        Ok(false) => Ok(Step::Wait(OpeningStage::Securing { stream, ahead })),
        Err(error) => {
            // The alert that tells the server why is delivered before the connection ends.
            stream.close(Vec::new());
            Err(error)
        }
    }
}

fn upgrade(
    mut stream: HandshakeStream,
    mut handshake: ClientHandshake,
    options: &ConnectionOptions,
) -> Result<Step, NetError> {
    let written = stream.flush();
    // A response may come in many pieces; the bound on its length ends the loop.
    loop {
        match stream.read(|input| handshake.receive(input)) {
            Ok(Some(Ok(Some(response)))) => {
                let (transport, sent_head) = stream.into_parts();
                return Ok(Step::Opened(Opened {
                    transport,
                    sent_head,
                    connection: connection(Role::Client, response.deflate, options),
                    protocol: response.protocol,
                    response_head: response.head,
                    rest: response.rest,
                }));
            }
            Ok(Some(Ok(None))) => {}
            Ok(Some(Err(error))) => {
                stream.abandon();
                return Err(not_upgraded(error));
            }
            Ok(None) => {
                // What the server had said before it stopped to read tells more than that it did.
                written?;
                return Ok(Step::Wait(OpeningStage::Client { stream, handshake }));
            }
            Err(error) => {
                // A body that goes on until the connection ends is complete now.
                let answer: Option<HttpResponse> = handshake.give_up();
                return Err(answer.map_or(error, |answer| not_upgraded(ResponseError::Status(answer))));
            }
        }
    }
}

fn answer(
    stream: HandshakeStream,
    request: Request,
    options: &ConnectionOptions,
    extra_headers: &[String],
) -> Result<OpeningStage, NetError> {
    let headers = [&options.handshake_headers[..], extra_headers].concat();
    let server = ServerOptions {
        protocols: &options.supported_protocols,
        extra_headers: &headers,
        allowed_origins: &options.allowed_origins,
        deflate: options.deflate_preferences(),
    };
    match request.accept(&server) {
        Ok(accepted) => Ok(OpeningStage::Answering {
            stream: HandshakeStream::new(stream.transport, accepted.response),
            connection: connection(Role::Server, accepted.deflate, options),
            protocol: accepted.protocol,
            rest: request.rest,
        }),
        Err(refusal) => Err(refuse(stream, &refusal, FailureStage::Http, request.is_head())),
    }
}

/// Notices a client that leaves while the program decides, and keeps what it sends early.
fn watch(mut stream: HandshakeStream, mut request: Request) -> Result<Step, NetError> {
    while request.rest.len() < MAX_EARLY_BYTES {
        let rest = &mut request.rest;
        if stream.read(|input| rest.extend_from_slice(input))?.is_none() {
            break;
        }
    }
    Ok(Step::Wait(OpeningStage::Deciding { stream, request }))
}

fn finish(
    mut stream: HandshakeStream,
    connection: Connection,
    protocol: String,
    rest: Vec<u8>,
) -> Result<Step, NetError> {
    if stream.flush()? {
        let ((transport, sent_head), response_head) = (stream.into_parts(), Box::default());
        return Ok(Step::Opened(Opened { transport, connection, protocol, response_head, sent_head, rest }));
    }
    Ok(Step::Wait(OpeningStage::Answering { stream, connection, protocol, rest }))
}

fn connection(role: Role, agreed: Option<Agreement>, options: &ConnectionOptions) -> Connection {
    let deflate = agreed.map(|agreed| Deflate::new(role, &agreed, options.compression_level));
    Connection::new(role, deflate, entropy::mask_key)
}
