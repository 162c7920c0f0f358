//! Decides how a client gets from its TCP connection to an open one: the proxy's tunnel, TLS, the HTTP upgrade.

use crate::error::Error;
use crate::net::proxy::Proxy;
use crate::net::{ClientTls, FailureStage, NetError, TlsStream, Transport, random};
use crate::peer::connection::handshake_stream::{HandshakeStream, Received};
use crate::peer::connection::opening_failure::{at_proxy, not_upgraded, proxy_refused};
use crate::peer::connection::opening_stage::{ClientPlan, Opened, OpeningStage, OpeningStep};
use crate::peer::options::ConnectionOptions;
use crate::proto::Role;
use crate::proto::connection::Connection;
use crate::proto::deflate::PermessageDeflate;
use crate::proto::extensions::NegotiatedDeflate;
use crate::proto::handshake::{ClientHandshake, RequestOptions, ResponseError, TunnelError, TunnelHandshake};
use crate::proto::redirect;
use crate::proto::url::{Credentials, Url};

/// Prepares the connection to a URL. `headers` are the program's header lines. An error is an invalid argument.
pub(super) fn plan(
    url: &Url,
    tls: Option<ClientTls>,
    headers: &[String],
    options: &ConnectionOptions,
) -> Result<ClientPlan, Error> {
    let max_head_bytes = options.max_head_bytes();
    let offer = RequestOptions {
        protocols: &options.supported_protocols,
        allow_no_protocol: options.allow_no_protocol,
        extra_headers: headers,
        deflate: options.deflate_preferences(),
        max_head_bytes,
    };
    let (handshake, request) = ClientHandshake::start(url, random::nonce(), &offer)?;
    let tls = if url.secure { Some(tls.map_or_else(ClientTls::by_default, Ok)?) } else { None };
    if let Some(tls) = &tls {
        tls.check_name(&url.address.host)?;
        tls.prepare();
    }
    let proxy = options.proxies().choose(url.secure, &url.address.host)?;
    Ok(ClientPlan { server: url.address.clone(), proxy, tls, handshake, request, max_head_bytes })
}

/// Chooses the stage after the TCP connection or the tunnel.
pub(super) fn after_connecting(transport: Box<dyn Transport>, mut plan: ClientPlan) -> OpeningStage {
    if let Some(proxy) = plan.proxy.take() {
        let authorization = proxy.credentials.as_ref().map(Credentials::basic);
        let (handshake, request) = TunnelHandshake::start(&plan.server, authorization.as_deref(), plan.max_head_bytes);
        let stream = HandshakeStream::new(transport, request);
        return OpeningStage::Tunnelling { stream, handshake, proxy, plan };
    }
    match plan.tls.take() {
        Some(tls) => OpeningStage::LoadingTrustStore { transport, tls, plan },
        None => begin_upgrade(transport, plan),
    }
}

fn begin_upgrade(transport: Box<dyn Transport>, plan: ClientPlan) -> OpeningStage {
    OpeningStage::AwaitingResponse { stream: HandshakeStream::new(transport, plan.request), handshake: plan.handshake }
}

/// Waits for the proxy's response to CONNECT.
pub(super) fn tunnel(
    mut stream: HandshakeStream,
    mut handshake: TunnelHandshake,
    proxy: Proxy,
    plan: ClientPlan,
) -> Result<OpeningStep, NetError> {
    let written = stream.flush();
    match stream.receive(|input| handshake.receive(input)) {
        Received::Complete(rest) if rest.is_empty() => Ok(OpeningStep::Next(after_connecting(stream.transport, plan))),
        Received::Complete(_) => {
            stream.abandon();
            let message = format!("the proxy {}: bytes came through the tunnel before any were sent", proxy.address);
            Err(NetError::new(FailureStage::Proxy, message))
        }
        Received::Rejected(error) => {
            stream.abandon();
            Err(proxy_refused(&proxy, error))
        }
        Received::Pending => {
            written.map_err(|error| at_proxy(&proxy, error))?;
            Ok(OpeningStep::Wait(OpeningStage::Tunnelling { stream, handshake, proxy, plan }))
        }
        Received::Lost(error) => {
            let ended = || at_proxy(&proxy, error);
            let response = handshake.take_partial();
            Err(response.map_or_else(ended, |response| proxy_refused(&proxy, TunnelError::Refused(response))))
        }
    }
}

/// Waits until the system's trust store is read, then begins TLS.
pub(super) fn load_trust_store(
    transport: Box<dyn Transport>,
    tls: ClientTls,
    plan: ClientPlan,
) -> Result<OpeningStep, NetError> {
    if !tls.is_prepared() {
        return Ok(OpeningStep::Wait(OpeningStage::LoadingTrustStore { transport, tls, plan }));
    }
    let stream = TlsStream::client(transport, &tls, &plan.server.host)
        .map_err(|error| NetError::new(FailureStage::Tls, error.message().to_owned()))?;
    Ok(OpeningStep::Next(OpeningStage::SecuringTls { stream, plan }))
}

/// Continues the TLS handshake.
pub(super) fn secure(mut stream: TlsStream, plan: ClientPlan) -> Result<OpeningStep, NetError> {
    match stream.handshake() {
        Ok(true) => Ok(OpeningStep::Next(begin_upgrade(Box::new(stream), plan))),
        Ok(false) => Ok(OpeningStep::Wait(OpeningStage::SecuringTls { stream, plan })),
        Err(error) => {
            // Closing delivers the TLS alert with the reason.
            stream.close(Vec::new());
            Err(error)
        }
    }
}

/// Waits for the server's response to the upgrade request. Without `wants_body`, a redirection is not read further than
/// its head.
pub(super) fn upgrade(
    mut stream: HandshakeStream,
    mut handshake: ClientHandshake,
    options: &ConnectionOptions,
    wants_body: bool,
) -> Result<OpeningStep, NetError> {
    let written = stream.flush();
    match stream.receive(|input| handshake.receive(input)) {
        Received::Complete(response) => {
            let (transport, sent_head) = stream.into_parts();
            Ok(OpeningStep::Opened(Opened {
                transport,
                sent_head,
                connection: new_connection(Role::Client, response.deflate, options),
                protocol: response.protocol,
                response_head: response.head,
                rest: response.rest,
            }))
        }
        Received::Rejected(error) => {
            stream.abandon();
            Err(not_upgraded(error))
        }
        Received::Pending if !wants_body && handshake.refused_status().is_some_and(redirect::is_followed) => {
            stream.abandon();
            let response = handshake.take_partial().unwrap_or_default();
            Err(not_upgraded(ResponseError::Status(response)))
        }
        Received::Pending => {
            // A response that arrived before the server stopped reading explains more than the failed write.
            written?;
            Ok(OpeningStep::Wait(OpeningStage::AwaitingResponse { stream, handshake }))
        }
        Received::Lost(error) => {
            // A body without a length is complete at the end of the connection.
            let response = handshake.take_partial();
            Err(response.map_or(error, |response| not_upgraded(ResponseError::Status(response))))
        }
    }
}

/// Creates the protocol state of a connection after the handshake.
pub(super) fn new_connection(role: Role, agreed: Option<NegotiatedDeflate>, options: &ConnectionOptions) -> Connection {
    let deflate = agreed.map(|agreed| PermessageDeflate::new(role, &agreed, options.compression_level));
    Connection::new(role, deflate, random::mask_key)
}
