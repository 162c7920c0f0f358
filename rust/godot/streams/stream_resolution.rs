//! The streams that connections of scripts can run on.

use godot::classes::StreamPeer;
use godot::prelude::*;

use super::engine_stream::EngineStream;
use super::stream_peer_tcp::RustStreamPeerTCP;
use super::stream_peer_tls::RustStreamPeerTLS;
use crate::error::{Error, ErrorCode, Result};
use crate::net::Transport;
use crate::net::transport::Disconnected;

/// The transport of a TCP or TLS stream, ours or the engine's. One without a connection is at its end from the beginning.
pub(super) fn transport(stream: Gd<StreamPeer>) -> Result<Box<dyn Transport>> {
    let stream = match own(stream) {
        Ok(transport) => return Ok(transport),
        Err(stream) => stream,
    };
    match EngineStream::new(stream) {
        Some(stream) => Ok(Box::new(stream)),
        None => Err(Error::new(
            ErrorCode::InvalidParameter,
            "the stream is no StreamPeerTCP, StreamPeerTLS, RustStreamPeerTCP or RustStreamPeerTLS",
        )),
    }
}

/// Whether the stream is a socket of this library, so that no script has a part in reading and writing.
pub(super) fn is_own_socket(stream: &Gd<StreamPeer>) -> bool {
    stream.clone().try_cast::<RustStreamPeerTCP>().is_ok()
}

/// The transport of any stream, one that a script has written too.
pub(super) fn any_transport(stream: Gd<StreamPeer>) -> Result<Box<dyn Transport>> {
    match own(stream) {
        Ok(transport) => Ok(transport),
        Err(stream) => Ok(Box::new(EngineStream::any(stream))),
    }
}

fn own(stream: Gd<StreamPeer>) -> Result<Box<dyn Transport>, Gd<StreamPeer>> {
    let transport: Option<Box<dyn Transport>> = match stream.try_cast::<RustStreamPeerTCP>() {
        Ok(stream) => stream.bind().socket().map(|socket| Box::new(socket) as Box<dyn Transport>),
        Err(stream) => stream.try_cast::<RustStreamPeerTLS>()?.bind().transport(),
    };
    Ok(transport.unwrap_or_else(|| Box::new(Disconnected)))
}
