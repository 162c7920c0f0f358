//! Why a connection was not made, from where it is noticed to what a program reads.

use crate::net::proxy::Proxy;
use crate::net::{NetError, Stage};
use crate::peer::connection::handshake_stream::Outgoing;
use crate::proto::handshake::{ConnectError, Refusal, ResponseError};

pub(in crate::peer) fn at_proxy(proxy: &Proxy, error: NetError) -> NetError {
    let stage = if error.stage == Stage::Timeout { Stage::Timeout } else { Stage::Proxy };
    NetError { stage, message: format!("the proxy {}: {}", proxy.address, error.message), ..error }
}

pub(in crate::peer) fn proxy_refused(proxy: &Proxy, error: ConnectError) -> NetError {
    let message = format!("the proxy {}: {error}", proxy.address);
    match error {
        ConnectError::Head(_) => NetError::new(Stage::Proxy, message),
        ConnectError::Refused(answer) => NetError::answer(Stage::Proxy, message, answer),
    }
}

pub(in crate::peer) fn not_upgraded(error: ResponseError) -> NetError {
    let message = error.to_string();
    match error {
        ResponseError::Head(_) => NetError::new(Stage::Http, message),
        ResponseError::Status(answer) | ResponseError::Header(answer, _) => {
            NetError::answer(Stage::Http, message, answer)
        }
    }
}

/// Answers with a refusal and says so.
pub(in crate::peer) fn refuse(stream: Outgoing, refusal: &Refusal, stage: Stage, is_head: bool) -> NetError {
    stream.close(refusal.response(is_head));
    NetError::new(stage, refusal.to_string())
}
