//! What stands behind `RustWebSocketPeer`, and the calls that need more than a conversion.

use godot::classes::StreamPeer;
use godot::global::Error as GodotError;
use godot::prelude::*;

use super::convert;
use super::enums::WriteMode;
use super::shared::{Registered, Registry, registry, with};
use super::streams;
use super::tls::TlsTexts;
use super::websocket_peer::RustWebSocketPeer;
use crate::error::{Error, ErrorCode, Result};
use crate::peer::WebSocketPeer;
use crate::proto::frame::MessageKind;

/// A peer and what scripts need beside it.
#[derive(Default)]
pub(super) struct Scripted {
    pub peer: WebSocketPeer,
    /// What the properties `tls_*` say.
    pub tls: TlsTexts,
    /// A flush at the end of the frame is on the way.
    pub flush_scheduled: bool,
}

impl Registered for Scripted {
    fn registry() -> &'static Registry<Self> {
        static PEERS: Registry<Scripted> = registry();
        &PEERS
    }
}

/// The kind that a write mode stands for; what is not text is binary, as in the engine.
pub(super) fn kind(write_mode: WriteMode) -> MessageKind {
    if write_mode == WriteMode::TEXT { MessageKind::Text } else { MessageKind::Binary }
}

/// Sends, and schedules the flush of what was collected.
pub(super) fn send_message(
    this: &Gd<RustWebSocketPeer>,
    kind: MessageKind,
    payload: &[u8],
    compress: bool,
) -> GodotError {
    let (error, flush) = with(this, (GodotError::ERR_BUSY, false), |scripted| {
        let peer = &mut scripted.peer;
        let result = if compress { peer.send(kind, payload) } else { peer.send_uncompressed(kind, payload) };
        // What was collected leaves at the end of this frame, not in the next poll.
        let flush = peer.has_unflushed() && !scripted.flush_scheduled;
        scripted.flush_scheduled |= flush;
        (convert::error(&result), flush)
    });
    if flush {
        this.clone().call_deferred("flush", &[]);
    }
    error
}

/// Lets a peer run on one of the streams it knows.
pub(super) fn try_accept(peer: &mut WebSocketPeer, stream: Option<Gd<StreamPeer>>) -> Result {
    let stream = stream.ok_or_else(|| Error::new(ErrorCode::InvalidParameter, "the stream is null"))?;
    peer.check_unconnected()?;
    peer.accept_stream(streams::transport(stream)?)
}
