//! What stands behind `RustWebSocketPeer`, and the calls that need more than a conversion.

use godot::classes::StreamPeer;
use godot::global::Error as GodotError;
use godot::prelude::*;

use super::convert;
use super::enums::WriteMode;
use super::shared::{Registered, Registry, registry, with};
use super::streams;
use super::websocket_peer::RustWebSocketPeer;
use crate::error::{Error, ErrorCode, Result};
use crate::peer::WebSocketPeer;
use crate::peer::options::TlsTexts;
use crate::proto::frame::MessageKind;

/// A peer and what scripts need beside it.
#[derive(Default)]
pub(super) struct Scripted {
    pub peer: WebSocketPeer,
    /// What the properties `tls_*` say.
    pub tls: TlsTexts,
    /// A flush at the end of the frame is on the way.
    pub flush_scheduled: bool,
    /// Result of the last `get_packet()`.
    pub packet_error: Option<ErrorCode>,
}

impl Scripted {
    /// What [`send`] returns for a call from inside another one on the same peer.
    pub const BUSY: (GodotError, bool) = (GodotError::ERR_BUSY, false);

    /// Takes the oldest packet, empty where none waits; `packet_error` tells that apart.
    pub fn take_packet(&mut self) -> PackedByteArray {
        let (packet, error) = match self.peer.take_packet() {
            Ok(packet) => (PackedByteArray::from(packet), None),
            Err(error) => (PackedByteArray::new(), Some(error.code())),
        };
        self.packet_error = error;
        packet
    }
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

/// Sends; returns whether [`flush_later`] must be called.
pub(super) fn send(scripted: &mut Scripted, send: impl FnOnce(&mut WebSocketPeer) -> Result) -> (GodotError, bool) {
    let result = send(&mut scripted.peer);
    let flush = scripted.peer.has_unflushed() && !scripted.flush_scheduled;
    scripted.flush_scheduled |= flush;
    (convert::error(&result), flush)
}

/// What was collected leaves at the end of this frame, not in the next poll.
pub(super) fn flush_later(this: &Gd<RustWebSocketPeer>) {
    this.clone().call_deferred("flush", &[]);
}

/// Sends, and schedules the flush of what was collected.
pub(super) fn send_message(
    this: &Gd<RustWebSocketPeer>,
    message: impl FnOnce(&mut WebSocketPeer) -> Result,
) -> GodotError {
    let (error, flush) = with(this, Scripted::BUSY, |scripted| send(scripted, message));
    if flush {
        flush_later(this);
    }
    error
}

/// Lets a peer run on one of the streams it knows.
pub(super) fn try_accept(peer: &mut WebSocketPeer, stream: Option<Gd<StreamPeer>>) -> Result {
    let stream = stream.ok_or_else(|| Error::new(ErrorCode::InvalidParameter, "the stream is null"))?;
    peer.check_unconnected()?;
    peer.accept_stream(streams::transport(stream)?)
}
