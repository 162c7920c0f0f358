//! The object of a `RustWebSocketPeer`: the connection, and what only scripts need.

use godot::prelude::*;

use crate::error::ErrorCode;
use crate::godot::class_enums::State;
use crate::godot::flushed_object::FlushedObject;
use crate::godot::frame_flush::{CollectsMessages, FrameFlush};
use crate::godot::object_lock::{Lockable, ObjectLock};
use crate::godot::{convert, project_limits};
use crate::peer::WebSocketPeer;
use crate::peer::flushing::CollectsOutput;
use crate::peer::options::TlsTexts;

/// Returns the state and the number of packets, for which scripts ask most often, without the object's lock.
pub fn state_and_packets(lock: &ObjectLock<PeerObject>) -> (State, i32) {
    let summary = lock.summary();
    (State((summary >> 32).cast_signed()), low_half(summary))
}

/// Returns the lower 32 bits.
#[expect(clippy::cast_possible_truncation, reason = "the upper half is another number")]
fn low_half(summary: u64) -> i32 {
    (summary as u32).cast_signed()
}

/// A connection and what scripts need in addition.
#[derive(Default)]
pub struct PeerObject {
    pub peer: WebSocketPeer,
    /// Values of the properties `tls_*`.
    pub tls: TlsTexts,
    /// Result of the last `get_packet()`.
    pub packet_error: Option<ErrorCode>,
    frame_flush: FrameFlush,
}

impl PeerObject {
    /// Returns an object with the limits of the project.
    pub fn with_project_limits() -> Self {
        let mut object = Self::default();
        project_limits::apply_connect_timeout(&mut object.peer.options);
        object
    }

    /// Returns the object of a connection that another object drives.
    pub fn of(peer: WebSocketPeer) -> Self {
        Self { peer, ..Self::default() }
    }

    /// Takes the oldest packet, or returns an empty one if there is none; `packet_error` distinguishes the two.
    pub fn take_packet(&mut self) -> PackedByteArray {
        let (packet, error) = match self.peer.take_packet() {
            Ok(packet) => (PackedByteArray::from(packet), None),
            Err(error) => (PackedByteArray::new(), Some(error.code())),
        };
        self.packet_error = error;
        packet
    }
}

impl FlushedObject for PeerObject {
    fn output(&mut self) -> &mut dyn CollectsOutput {
        &mut self.peer
    }
}

impl Lockable for PeerObject {
    fn summary(&self) -> u64 {
        let packets = convert::integer32(self.peer.packet_count());
        (self.peer.state() as u64) << 32 | u64::from(packets.cast_unsigned())
    }
}

impl CollectsMessages for PeerObject {
    fn frame_flush(&mut self) -> &mut FrameFlush {
        &mut self.frame_flush
    }

    fn has_unflushed(&mut self) -> bool {
        self.peer.has_unflushed()
    }

    fn write_unflushed(&mut self) {
        self.peer.flush();
    }
}
