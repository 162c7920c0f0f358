//! Decides what a connection runs on: the socket or session of one of this library's streams, or the engine's stream
//! itself.

use godot::classes::{StreamPeer, StreamPeerTls};
use godot::prelude::*;

use super::engine_stream::EngineStream;
use super::stream_peer_tcp::RustStreamPeerTCP;
use super::stream_peer_tls::RustStreamPeerTLS;
use crate::error::{Error, ErrorCode, Result};
use crate::net::Transport;
use crate::net::transport::Disconnected;

/// Returns the transport of a TCP or TLS stream, this library's or the engine's. A TCP stream without a connection
/// gives a transport that is at its end, a TLS stream without a session is refused, as by the engine.
pub fn tcp_or_tls_transport(stream: Gd<StreamPeer>) -> Result<Box<dyn Transport>> {
    if stream.clone().try_cast::<RustStreamPeerTLS>().is_ok_and(|tls| tls.bind().transport().is_none()) {
        return Err(Error::new(ErrorCode::InvalidParameter, "the TLS stream has no session; begin one before"));
    }
    let unsupported = || {
        Error::new(
            ErrorCode::InvalidParameter,
            "stream must be a StreamPeerTCP, StreamPeerTLS, RustStreamPeerTCP or RustStreamPeerTLS",
        )
    };
    match own_transport(stream) {
        Ok(transport) => Ok(transport),
        Err(stream) => Ok(Box::new(tcp_or_tls(stream).map_err(|_| unsupported())?)),
    }
}

/// Returns the transport of any stream, including one that is written in a script.
pub fn any_transport(stream: Gd<StreamPeer>) -> Box<dyn Transport> {
    match own_transport(stream) {
        Ok(transport) => transport,
        Err(stream) => Box::new(tcp_or_tls(stream).unwrap_or_else(EngineStream::other)),
    }
}

/// Returns whether the stream is a socket of this library, so that reading and writing run no script.
pub fn is_own_socket(stream: &Gd<StreamPeer>) -> bool {
    stream.clone().try_cast::<RustStreamPeerTCP>().is_ok()
}

fn own_transport(stream: Gd<StreamPeer>) -> Result<Box<dyn Transport>, Gd<StreamPeer>> {
    let transport: Option<Box<dyn Transport>> = match stream.try_cast::<RustStreamPeerTCP>() {
        Ok(stream) => stream.bind().socket().map(|socket| Box::new(socket) as Box<dyn Transport>),
        Err(stream) => stream.try_cast::<RustStreamPeerTLS>()?.bind().transport(),
    };
    Ok(transport.unwrap_or_else(|| Box::new(Disconnected)))
}

/// Returns the engine's own TCP or TLS stream as a transport, or gives the stream back.
fn tcp_or_tls(stream: Gd<StreamPeer>) -> Result<EngineStream, Gd<StreamPeer>> {
    let stream = match EngineStream::tcp(stream) {
        Ok(transport) => return Ok(transport),
        Err(stream) => stream,
    };
    // The stream below only answers questions about the connection; it may be one of this library.
    let below = |tls: &Gd<StreamPeerTls>| tls.get_stream().and_then(|stream| tcp_or_tls_transport(stream).ok());
    EngineStream::tls(stream, below)
}
