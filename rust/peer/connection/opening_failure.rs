//! Decides which stage and message a failed opening is reported with.

use crate::net::proxy::Proxy;
use crate::net::{FailureStage, NetError};
use crate::peer::connection::handshake_stream::HandshakeStream;
use crate::proto::handshake::{Rejection, ResponseError, TunnelError};

/// Names the proxy in a failure of its connection. A time-out keeps its own stage.
pub(in crate::peer) fn at_proxy(proxy: &Proxy, error: NetError) -> NetError {
    let stage = if error.stage == FailureStage::Timeout { FailureStage::Timeout } else { FailureStage::Proxy };
    NetError { stage, message: format!("the proxy {}: {}", proxy.address, error.message), ..error }
}

/// Reports a proxy's response that does not open a tunnel.
pub(in crate::peer) fn proxy_refused(proxy: &Proxy, error: TunnelError) -> NetError {
    let message = format!("the proxy {}: {error}", proxy.address);
    match error {
        TunnelError::Head(_) => NetError::new(FailureStage::Proxy, message),
        TunnelError::Refused(response) => NetError::answer(FailureStage::Proxy, message, response),
    }
}

/// Reports a server's response that does not open a WebSocket connection.
pub(in crate::peer) fn not_upgraded(error: ResponseError) -> NetError {
    let message = error.to_string();
    match error {
        ResponseError::Head(_) => NetError::new(FailureStage::Http, message),
        ResponseError::Status(response) | ResponseError::Header(response, _) => {
            NetError::answer(FailureStage::Http, message, response)
        }
    }
}

/// Rejects a request, closes the connection and returns the failure.
pub(in crate::peer) fn reject(
    stream: HandshakeStream,
    rejection: &Rejection,
    stage: FailureStage,
    is_head: bool,
) -> NetError {
    stream.close(rejection.response(is_head));
    NetError::new(stage, rejection.to_string())
}
