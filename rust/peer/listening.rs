//! Decides how server objects and rooms begin to listen, how an accepted connection becomes a peer, and how they refuse
//! clients when they stop.

use std::sync::Arc;
use std::time::Duration;

use crate::error::Result;
use crate::net::listener::ListeningSocket;
use crate::net::{FailureStage, NetError, ServerTls, TcpSocket, TlsStream, Transport, linger};
use crate::peer::connection::websocket_peer::WebSocketPeer;
use crate::peer::options::{ConnectionOptions, bounds};
use crate::peer::streams::tcp_server;
use crate::peer::trace::PeerClass;
use crate::proto::handshake::{HttpAnswer, Rejection, headers};
use crate::proto::status;

/// Converts a number to a port; bindings call this for the integers of their languages.
pub fn checked_port(number: i64) -> Result<u16> {
    bounds::level("port", number, 0, u32::from(u16::MAX)).map(|port| u16::try_from(port).unwrap_or_default())
}

/// Converts the seconds of a binding to the time-out of a shutdown; a negative number is no limit.
pub fn checked_shutdown_timeout(seconds: f64) -> Result<Option<Duration>> {
    if seconds < 0.0 { Ok(None) } else { bounds::seconds("timeout", seconds, false).map(Some) }
}

/// Listens on a port (0: the system chooses one) of an address, after a check of the options that would fail every
/// handshake.
pub(in crate::peer) fn listen(options: &ConnectionOptions, port: u16, bind_address: &str) -> Result<ListeningSocket> {
    headers::check_protocols(&options.supported_protocols)?;
    headers::check_extra_headers(&options.handshake_headers)?;
    tcp_server::bind(port, bind_address)
}

/// Makes the server's peer of an accepted connection. It never accepts a request itself: its owner does, or asks the
/// program.
pub(in crate::peer) fn accepted_peer(
    class: PeerClass,
    socket: Arc<TcpSocket>,
    tls: Option<&ServerTls>,
    options: ConnectionOptions,
) -> Result<WebSocketPeer> {
    let transport: Box<dyn Transport> = match tls {
        Some(tls) => Box::new(TlsStream::server(Box::new(socket), tls)?),
        None => Box::new(socket),
    };
    let mut peer = WebSocketPeer::with_trace_class(class);
    peer.options = ConnectionOptions { auto_accept: false, ..options };
    peer.accept_stream(transport)?;
    Ok(peer)
}

/// Closes a connection that may not begin its handshake; without TLS, with an answer that does not wait for the
/// request.
pub(in crate::peer) fn refuse_connection(socket: Arc<TcpSocket>, has_tls: bool) {
    let answer = HttpAnswer::new(status::SERVICE_UNAVAILABLE).with_body("the server takes no more clients\n");
    let answer = match (has_tls, Rejection::custom(answer)) {
        (false, Ok(rejection)) => rejection.response(false),
        _ => Vec::new(),
    };
    linger::close(socket, answer);
}

/// Why calls are refused while a server or a room shuts down.
pub(in crate::peer) const SHUTTING_DOWN: &str = "the server is shutting down";

/// Refuses a client whose handshake is under way when its server stops.
pub(in crate::peer) fn refuse_handshake(peer: &mut WebSocketPeer) {
    peer.refuse_handshake(HttpAnswer::new(status::SERVICE_UNAVAILABLE).with_body(format!("{SHUTTING_DOWN}\n")));
}

/// Returns why a connection ends that a shutdown does not wait for any longer.
pub(in crate::peer) fn shutdown_timed_out() -> NetError {
    NetError::new(FailureStage::Timeout, "the connection did not end within the time-out of shutdown()")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_from_0_to_65535() {
        assert_eq!((checked_port(0).unwrap(), checked_port(65_535).unwrap()), (0, 65_535));
        for number in [-1, 65_536, i64::MAX] {
            let message = format!("port must be from 0 to 65535, not {number}");
            assert_eq!(checked_port(number).unwrap_err().message(), message);
        }
    }
    #[test]
    fn a_negative_shutdown_timeout_is_no_limit() {
        let timeout = |seconds| checked_shutdown_timeout(seconds);
        assert_eq!(timeout(-0.1).unwrap(), None);
        assert_eq!(
            (timeout(0.0).unwrap(), timeout(2.5).unwrap()),
            (Some(Duration::ZERO), Some(Duration::from_millis(2500)))
        );
        for seconds in [f64::NAN, f64::INFINITY, 31_536_001.0] {
            let message = format!("timeout must be from 0 to 31536000 seconds, not {seconds}");
            assert_eq!(timeout(seconds).unwrap_err().message(), message);
        }
    }
}
