//! Why a connection was not made, from where it is noticed to what a program reads.

use crate::net::proxy::Proxy;
use crate::net::{FailureStage, NetError};
use crate::peer::connection::handshake_stream::HandshakeStream;
use crate::proto::handshake::{Rejection, ResponseError, TunnelError};

pub(in crate::peer) fn at_proxy(proxy: &Proxy, error: NetError) -> NetError {
    let stage = if error.stage == FailureStage::Timeout { FailureStage::Timeout } else { FailureStage::Proxy };
    NetError { stage, message: format!("the proxy {}: {}", proxy.address, error.message), ..error }
}

pub(in crate::peer) fn proxy_refused(proxy: &Proxy, error: TunnelError) -> NetError {
    let message = format!("the proxy {}: {error}", proxy.address);
    match error {
        TunnelError::Head(_) => NetError::new(FailureStage::Proxy, message),
        TunnelError::Refused(answer) => NetError::answer(FailureStage::Proxy, message, answer),
    }
}

pub(in crate::peer) fn not_upgraded(error: ResponseError) -> NetError {
    let message = error.to_string();
    match error {
        ResponseError::Head(_) => NetError::new(FailureStage::Http, message),
        ResponseError::Status(answer) | ResponseError::Header(answer, _) => {
            NetError::answer(FailureStage::Http, message, answer)
        }
    }
}

/// Answers with a refusal and says so.
pub(in crate::peer) fn refuse(
    stream: HandshakeStream,
    refusal: &Rejection,
    stage: FailureStage,
    is_head: bool,
) -> NetError {
    stream.close(refusal.response(is_head));
    NetError::new(stage, refusal.to_string())
}
