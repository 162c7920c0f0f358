//! Decides how a connection gets from nothing to open, through the stages of [`OpeningStage`], and when that takes too
//! long.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use crate::error::{Error, ErrorCode, Result};
use crate::limits::REFUSAL_BODY_TIME;
use crate::net::poller::Poller;
use crate::net::{ClientTls, FailureStage, NetError, RawDescriptor, TlsInfo, Transport};
use crate::peer::connection::handshake_head::ReceivedRequest;
use crate::peer::connection::handshake_stream::{HandshakeStream, Received};
use crate::peer::connection::opening_failure::{not_upgraded, proxy_refused, reject};
use crate::peer::connection::opening_stage::{EarlyInput, Opened, OpeningStage, OpeningStep};
use crate::peer::connection::redirection::Redirections;
use crate::peer::connection::server_opening::Acceptance;
use crate::peer::connection::{client_opening, server_opening};
use crate::peer::options::ConnectionOptions;
use crate::proto::handshake::server::RequestReader;
use crate::proto::handshake::{Rejection, Request, ResponseError, TunnelError, headers};
use crate::proto::url::Url;

/// A connection that is being opened.
#[derive(Debug)]
pub(in crate::peer) struct Opening {
    stage: OpeningStage,
    /// When the handshake must be complete; a client sets it again when its first TCP connection is established.
    /// Redirections do not extend it.
    deadline: Instant,
    /// Whether the deadline may still be extended for input that waited when a late poll found the deadline over.
    may_extend: bool,
    /// Whether the last poll received something or entered another stage.
    has_advanced: bool,
    /// A request that was read and not yet taken by [`Self::take_request_head`].
    received_request: Option<ReceivedRequest>,
    /// The sub-protocol that the program has selected for the pending request, empty for none.
    selected_protocol: Option<String>,
    /// Only on a client that follows redirections.
    redirections: Option<Box<Redirections>>,
    /// A client's request, for the trace of a refused one; empty if nothing is traced.
    pub traced_request: Vec<u8>,
}

/// The result of [`Opening::connect`].
pub(in crate::peer) enum ConnectAttempt {
    /// The attempt is under way.
    Started(Box<Opening>),
    /// The attempt failed at once.
    Failed(NetError),
}

/// The result of [`Opening::poll`].
pub(in crate::peer) enum OpeningProgress {
    /// The opening goes on.
    Pending,
    /// The connection is open.
    Opened(Box<Opened>),
    /// The connection could not be opened.
    Failed(NetError),
}

/// The result of [`Opening::accept_request`].
pub(in crate::peer) enum DecisionOutcome {
    /// The connection opens as soon as the response is written.
    Accepted,
    /// The request is not a valid handshake; it was answered with the HTTP status that names the reason.
    Refused(NetError),
}

impl Opening {
    /// Starts to connect as a client. An error is an invalid argument; then nothing has begun.
    pub fn connect(
        url: &Url,
        tls: Option<ClientTls>,
        options: &ConnectionOptions,
        now: Instant,
    ) -> Result<ConnectAttempt> {
        let redirections = Redirections::from(url, tls.as_ref(), options);
        let plan = client_opening::plan(url, tls, &options.handshake_headers, options)?;
        let traced_request = plan.traced_request();
        Ok(match plan.connect(options.connect_time_limit(), now) {
            Ok(connector) => ConnectAttempt::Started(Box::new(Self {
                stage: OpeningStage::Connecting { connector, plan },
                deadline: now + options.connect_time_limit() + options.handshake_time_limit(),
                may_extend: true,
                has_advanced: false,
                received_request: None,
                selected_protocol: None,
                redirections: redirections.map(Box::new),
                traced_request,
            })),
            Err(error) => ConnectAttempt::Failed(error),
        })
    }

    /// Starts as a server on an established connection. An error is an invalid option.
    pub fn accept(transport: Box<dyn Transport>, options: &ConnectionOptions, now: Instant) -> Result<Self> {
        headers::check_protocols(&options.supported_protocols)?;
        headers::check_extra_headers(&options.handshake_headers)?;
        let stream = HandshakeStream::new(transport, Vec::new());
        let reader = RequestReader::new(options.max_head_bytes());
        Ok(Self {
            stage: OpeningStage::AwaitingRequest { stream, reader },
            deadline: now + options.handshake_time_limit(),
            may_extend: true,
            has_advanced: false,
            received_request: None,
            selected_protocol: None,
            redirections: None,
            traced_request: Vec::new(),
        })
    }

    /// Advances as far as the network allows. The deadline counts only after everything that has arrived was read.
    pub fn poll(&mut self, now: Instant, options: &ConnectionOptions) -> OpeningProgress {
        if now >= self.deadline
            && let Some(transport) = self.stage.transport_mut()
        {
            // The last snapshot of the sockets may be older than what has arrived. The second question has a fresh
            // answer.
            let _first = transport.may_read();
        }
        let received = self.stage.received();
        self.has_advanced = false;
        loop {
            match self.step(now, options) {
                Ok(OpeningStep::Next(stage)) => {
                    self.stage = stage;
                    self.has_advanced = true;
                }
                Ok(OpeningStep::Wait(stage)) => {
                    self.stage = stage;
                    self.has_advanced |= self.stage.received() != received;
                    self.hurry_refusal(now);
                    if now < self.deadline || self.extend(now, options) {
                        return OpeningProgress::Pending;
                    }
                    let late = self.time_out(options);
                    return OpeningProgress::Failed(self.explain(late));
                }
                Ok(OpeningStep::Opened(opened)) => return OpeningProgress::Opened(Box::new(opened)),
                Err(error) => return OpeningProgress::Failed(self.explain(error)),
            }
        }
    }

    /// Extends the deadline if this poll has advanced after it: then the program has polled too late, and not the
    /// remote peer answered too late. Once, so that a remote peer cannot prolong its handshake for ever.
    fn extend(&mut self, now: Instant, options: &ConnectionOptions) -> bool {
        let extends = self.has_advanced && std::mem::take(&mut self.may_extend);
        if extends {
            self.deadline = now + options.late_handshake_extension();
        }
        extends
    }

    /// Bounds the wait for the body of a refusing response.
    fn hurry_refusal(&mut self, now: Instant) {
        let is_refused = match &self.stage {
            OpeningStage::Tunnelling { handshake, .. } => handshake.is_refused(),
            OpeningStage::AwaitingResponse { handshake, .. } => handshake.refused_status().is_some(),
            _ => false,
        };
        if is_refused {
            self.deadline = self.deadline.min(now + REFUSAL_BODY_TIME);
            self.may_extend = false;
        }
    }

    /// Returns whether the last poll received something or entered another stage.
    pub fn has_advanced(&self) -> bool {
        self.has_advanced
    }

    fn step(&mut self, now: Instant, options: &ConnectionOptions) -> Result<OpeningStep, NetError> {
        match self.take_stage() {
            OpeningStage::Connecting { mut connector, plan } => match connector.poll(now) {
                Ok(None) => Ok(OpeningStep::Wait(OpeningStage::Connecting { connector, plan })),
                Ok(Some(socket)) => {
                    if !self.redirections.as_ref().is_some_and(|redirections| redirections.has_left()) {
                        self.deadline = now + options.handshake_time_limit();
                    }
                    Ok(OpeningStep::Next(client_opening::after_connecting(Box::new(Arc::new(socket)), plan)))
                }
                Err(error) => Err(plan.explain(error)),
            },
            OpeningStage::Tunnelling { stream, handshake, proxy, plan } => {
                client_opening::tunnel(stream, handshake, proxy, plan)
            }
            OpeningStage::LoadingTrustStore { transport, tls, plan } => {
                client_opening::load_trust_store(transport, tls, plan)
            }
            OpeningStage::SecuringTls { stream, plan } => client_opening::secure(stream, plan),
            OpeningStage::AwaitingResponse { stream, handshake } => {
                let wants_body = self.redirections.is_none();
                client_opening::upgrade(stream, handshake, options, wants_body)
                    .or_else(|refused| self.redirect(refused, options, now))
            }
            OpeningStage::AwaitingRequest { stream, reader } => self.read_request(stream, reader, options.auto_accept),
            OpeningStage::AwaitingDecision { stream, request, .. } if options.auto_accept => {
                server_opening::accept(stream, request, options, &Acceptance::default()).map(OpeningStep::Next)
            }
            OpeningStage::AwaitingDecision { stream, request, early } => {
                server_opening::await_decision(stream, request, early)
            }
            OpeningStage::SendingResponse { stream, connection, protocol, rest } => {
                server_opening::send_response(stream, connection, protocol, rest)
            }
            OpeningStage::Finished => Ok(OpeningStep::Wait(OpeningStage::Finished)),
        }
    }

    /// Follows a redirection that the server has answered with. Returns `refused` if it did not.
    fn redirect(
        &mut self,
        refused: NetError,
        options: &ConnectionOptions,
        now: Instant,
    ) -> Result<OpeningStep, NetError> {
        let (Some(redirections), Some(response)) = (&mut self.redirections, &refused.response) else {
            return Err(refused);
        };
        let Some(plan) = redirections.follow(response, options)? else { return Err(refused) };
        self.traced_request = plan.traced_request();
        let time = self.deadline.saturating_duration_since(now).min(options.connect_time_limit());
        let connector = plan.connect(time, now)?;
        Ok(OpeningStep::Next(OpeningStage::Connecting { connector, plan }))
    }

    /// Names the URL that redirections led to in a failure.
    fn explain(&self, error: NetError) -> NetError {
        match &self.redirections {
            Some(redirections) => redirections.explain(error),
            None => error,
        }
    }

    fn read_request(
        &mut self,
        mut stream: HandshakeStream,
        mut reader: RequestReader,
        auto_accept: bool,
    ) -> Result<OpeningStep, NetError> {
        match stream.receive(|input| reader.receive(input)) {
            Received::Complete(request) => {
                let is_secure = stream.transport.is_secure();
                self.received_request = Some(ReceivedRequest { head: request.head.clone(), is_secure });
                match request.check_target() {
                    Ok(()) => {
                        let stage = OpeningStage::AwaitingDecision { stream, request, early: EarlyInput::Expected };
                        // A program that decides itself sees the request, also if the connection has ended since: the
                        // next poll reads what follows.
                        Ok(if auto_accept { OpeningStep::Next(stage) } else { OpeningStep::Wait(stage) })
                    }
                    Err(rejection) => Err(reject(stream, &rejection, FailureStage::Http, request.is_head())),
                }
            }
            Received::Pending => Ok(OpeningStep::Wait(OpeningStage::AwaitingRequest { stream, reader })),
            Received::Rejected(rejection) => Err(reject(stream, &rejection, FailureStage::Http, false)),
            Received::Lost(error) => {
                // Closing delivers the TLS alert with the reason.
                stream.abandon();
                Err(error)
            }
        }
    }

    /// Ends the opening after its deadline; the failure names what was missing.
    fn time_out(&mut self, options: &ConnectionOptions) -> NetError {
        let late = |what: &str| {
            NetError::new(
                FailureStage::Timeout,
                format!("{what} within {:?} (handshake_timeout)", options.handshake_time_limit()),
            )
        };
        match self.take_stage() {
            OpeningStage::Connecting { .. } | OpeningStage::Finished => late("the connection was not established"),
            OpeningStage::Tunnelling { stream, mut handshake, proxy, .. } => {
                stream.abandon();
                let silent = || late(&format!("the proxy {} did not answer", proxy.address));
                let refused = |response| proxy_refused(&proxy, TunnelError::Refused(response));
                handshake.take_partial().map_or_else(silent, refused)
            }
            OpeningStage::LoadingTrustStore { mut transport, .. } => {
                transport.close(Vec::new());
                late("the operating system's trust store could not be read")
            }
            OpeningStage::SecuringTls { mut stream, .. } => {
                stream.close(Vec::new());
                late("the TLS handshake was not over")
            }
            OpeningStage::AwaitingResponse { stream, mut handshake } => {
                stream.abandon();
                let silent = || late("the server did not answer the upgrade request");
                handshake.take_partial().map_or_else(silent, |response| not_upgraded(ResponseError::Status(response)))
            }
            OpeningStage::AwaitingRequest { stream, .. } => {
                let late = late("the request did not arrive");
                let refused = reject(stream, &Rejection::request_timeout(), FailureStage::Timeout, false);
                NetError { message: late.message, ..refused }
            }
            OpeningStage::AwaitingDecision { stream, request, .. } => {
                let late = late("neither accept_request() nor reject_request() was called");
                let refused = reject(stream, &Rejection::decision_timeout(), FailureStage::Timeout, request.is_head());
                NetError { message: late.message, ..refused }
            }
            OpeningStage::SendingResponse { stream, .. } => {
                stream.abandon();
                late("the client did not read the response")
            }
        }
    }

    // The decision about a request

    /// Returns the request that waits for the program's decision.
    pub fn pending_request(&self) -> Option<&Request> {
        match &self.stage {
            OpeningStage::AwaitingDecision { request, .. } => Some(request),
            _ => None,
        }
    }

    /// Selects a sub-protocol for the pending request, empty for none. An error changes nothing.
    pub fn select_protocol(&mut self, protocol: &str) -> Result {
        let request = self.pending_request().ok_or_else(no_request)?;
        if !protocol.is_empty() && !request.protocols().any(|offered| offered == protocol) {
            let message = format!("the client does not offer the sub-protocol {protocol:?}");
            return Err(Error::new(ErrorCode::InvalidParameter, message));
        }
        self.selected_protocol = Some(protocol.to_owned());
        Ok(())
    }

    /// Accepts the pending request. An error is a wrong call or argument and changes nothing.
    pub fn accept_request(&mut self, options: &ConnectionOptions, extra_headers: &[String]) -> Result<DecisionOutcome> {
        headers::check_extra_headers(extra_headers)?;
        let (stream, request) = self.take_request()?;
        let acceptance = Acceptance { extra_headers, selected_protocol: self.selected_protocol.as_deref() };
        match server_opening::accept(stream, request, options, &acceptance) {
            Ok(mut stage) => {
                if let OpeningStage::SendingResponse { stream, .. } = &mut stage {
                    // The next poll reports a failure again.
                    let _reported_later = stream.flush();
                }
                self.stage = stage;
                Ok(DecisionOutcome::Accepted)
            }
            Err(error) => Ok(DecisionOutcome::Refused(error)),
        }
    }

    /// Answers the pending request with a rejection and closes the connection after it.
    pub fn reject_request(&mut self, rejection: &Rejection) -> Result {
        let (stream, request) = self.take_request()?;
        stream.close(rejection.response(request.is_head()));
        Ok(())
    }

    /// Answers a client whose handshake is under way with a rejection, before its request if that has not arrived.
    pub fn refuse(&mut self, rejection: &Rejection) {
        match self.take_stage() {
            OpeningStage::AwaitingRequest { stream, .. } => stream.close(rejection.response(false)),
            OpeningStage::AwaitingDecision { stream, request, .. } => {
                stream.close(rejection.response(request.is_head()));
            }
            other => self.stage = other,
        }
    }

    fn take_request(&mut self) -> Result<(HandshakeStream, Request)> {
        match self.take_stage() {
            OpeningStage::AwaitingDecision { stream, request, .. } => Ok((stream, request)),
            other => {
                self.stage = other;
                Err(no_request())
            }
        }
    }

    /// Returns the head of the request once, after a server has read it.
    pub fn take_request_head(&mut self) -> Option<ReceivedRequest> {
        self.received_request.take()
    }

    // The stage and its transport

    fn take_stage(&mut self) -> OpeningStage {
        std::mem::replace(&mut self.stage, OpeningStage::Finished)
    }

    /// Returns the address of the remote peer, or the first one that is being tried.
    pub fn remote_address(&self) -> Option<SocketAddr> {
        match &self.stage {
            OpeningStage::Connecting { connector, .. } => connector.remote_address(),
            stage => stage.transport().and_then(Transport::remote_address),
        }
    }

    /// Returns what the TLS handshake has negotiated, see [`Transport::tls_info`].
    pub fn tls_info(&self) -> Option<TlsInfo> {
        self.stage.transport().and_then(Transport::tls_info)
    }

    /// Switches Nagle's algorithm, see [`Transport::set_no_delay`]; `None` before the TCP connection.
    pub fn set_no_delay(&mut self, enabled: bool) -> Option<io::Result<()>> {
        self.stage.transport_mut().map(|transport| transport.set_no_delay(enabled))
    }

    /// Returns the descriptor for foreign event loops.
    pub fn raw_fd(&self) -> Option<RawDescriptor> {
        match &self.stage {
            OpeningStage::Connecting { connector, .. } => connector.raw_fd(),
            stage => stage.transport().and_then(Transport::raw_fd),
        }
    }

    /// Makes each poll ask the system itself, see [`Transport::poll_directly`]; before the TCP connection nothing is
    /// read.
    pub fn poll_directly(&self) {
        if let Some(transport) = self.stage.transport() {
            transport.poll_directly();
        }
    }

    /// Returns whether the next step waits until the socket is writable.
    pub fn wants_write(&self) -> bool {
        self.stage.wants_write()
    }

    /// Returns whether [`Self::poll`] has something to do, as far as is known without a system call.
    pub fn has_pending_work(&self) -> bool {
        match &self.stage {
            OpeningStage::Connecting { .. } => return false,
            OpeningStage::LoadingTrustStore { tls, .. } => return tls.is_prepared(),
            _ => {}
        }
        let (read, write) = self.stage.transport().map_or((true, true), Transport::known_readiness);
        let may_continue = match &self.stage {
            OpeningStage::AwaitingDecision { request, early, .. } => early.may_continue(request),
            _ => true,
        };
        (read && may_continue) || (write && self.wants_write())
    }

    /// Makes this poller report news of the connection. Returns whether it does.
    pub fn watch(&mut self, poller: &Arc<Poller>) -> bool {
        match &mut self.stage {
            OpeningStage::Connecting { connector, .. } => connector.watch(poller),
            stage => stage.transport_mut().is_none_or(|transport| transport.watch(poller)),
        }
    }

    /// Returns whether a poller reports news of the connection.
    pub fn is_watched(&self) -> bool {
        self.stage.transport().is_some_and(Transport::is_watched)
    }

    /// Returns when [`Self::poll`] has something to do because of a time limit: it ends the opening, or tries the next
    /// address of the host.
    pub fn next_deadline(&self) -> Instant {
        match &self.stage {
            OpeningStage::Connecting { connector, .. } => connector.next_deadline().min(self.deadline),
            _ => self.deadline,
        }
    }

    /// Closes the connection.
    pub fn abandon(mut self) {
        if let Some(transport) = self.stage.transport_mut() {
            transport.close(Vec::new());
        }
    }
}

/// The error of a decision without a pending request.
pub(in crate::peer) fn no_request() -> Error {
    Error::new(ErrorCode::Unconfigured, "no request waits for a decision")
}
