//! Decides how a server gets from an accepted stream to an open connection: the request, its decision, the response.

use crate::limits::MAX_EARLY_BYTES;
use crate::net::{FailureStage, NetError};
use crate::peer::connection::client_opening::new_connection;
use crate::peer::connection::handshake_stream::{HandshakeInput, HandshakeStream};
use crate::peer::connection::opening_failure::reject;
use crate::peer::connection::opening_stage::{EarlyInput, Opened, OpeningStage, OpeningStep};
use crate::peer::options::ConnectionOptions;
use crate::proto::Role;
use crate::proto::connection::Connection;
use crate::proto::handshake::{AcceptOptions, Request};

/// Answers an accepted request, with a rejection if it is not a valid WebSocket handshake.
pub(super) fn accept(
    stream: HandshakeStream,
    request: Request,
    options: &ConnectionOptions,
    extra_headers: &[String],
) -> Result<OpeningStage, NetError> {
    let headers = [&options.handshake_headers[..], extra_headers].concat();
    let server = AcceptOptions {
        protocols: &options.supported_protocols,
        extra_headers: &headers,
        allowed_origins: &options.allowed_origins,
        deflate: options.deflate_preferences(),
    };
    match request.accept(&server) {
        Ok(accepted) => Ok(OpeningStage::SendingResponse {
            stream: HandshakeStream::new(stream.transport, accepted.response),
            connection: new_connection(Role::Server, accepted.deflate, options),
            protocol: accepted.protocol,
            rest: request.rest,
        }),
        Err(rejection) => Err(reject(stream, &rejection, FailureStage::Http, request.is_head())),
    }
}

/// Notices a client that resets the connection before the program decides, and keeps what the client sends early. A
/// client that sends no more may still read, so it gets its answer (RFC 9112 section 9.6).
pub(super) fn await_decision(
    mut stream: HandshakeStream,
    mut request: Request,
    mut early: EarlyInput,
) -> Result<OpeningStep, NetError> {
    while early.may_continue(&request) {
        let rest = &mut request.rest;
        match stream.read(|input| rest.extend_from_slice(input))? {
            HandshakeInput::Bytes(()) => {}
            HandshakeInput::Nothing => break,
            HandshakeInput::Ended(_) => early = EarlyInput::Ended,
        }
    }
    Ok(OpeningStep::Wait(OpeningStage::AwaitingDecision { stream, request, early }))
}

impl EarlyInput {
    /// Returns whether more early bytes are read before the decision.
    pub(super) fn may_continue(self, request: &Request) -> bool {
        self == Self::Expected && request.rest.len() < MAX_EARLY_BYTES
    }
}

/// Writes the response that opens the connection.
pub(super) fn send_response(
    mut stream: HandshakeStream,
    connection: Connection,
    protocol: String,
    rest: Vec<u8>,
) -> Result<OpeningStep, NetError> {
    if stream.flush()? {
        let ((transport, sent_head), response_head) = (stream.into_parts(), Box::default());
        return Ok(OpeningStep::Opened(Opened { transport, connection, protocol, response_head, sent_head, rest }));
    }
    Ok(OpeningStep::Wait(OpeningStage::SendingResponse { stream, connection, protocol, rest }))
}
