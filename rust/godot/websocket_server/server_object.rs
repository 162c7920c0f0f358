//! The object of a `RustWebSocketServer`: the server, and what only scripts need.

use std::collections::VecDeque;

use godot::classes::multiplayer_peer::ConnectionStatus;
use godot::global::Error as GodotError;
use godot_core::meta::RawPtr;

use crate::error::Result;
use crate::godot::engine_pointers;
use crate::godot::flushed_object::FlushedObject;
use crate::godot::frame_flush::{CollectsMessages, FrameFlush};
use crate::godot::multiplayer_virtuals::MultiplayerObject;
use crate::godot::nested_polls::{EventObject, NestedPolls};
use crate::godot::object_lock::Lockable;
use crate::godot::project_limits::{QueueLimits, queue_limits};
use crate::peer::flushing::CollectsOutput;
use crate::peer::{PeerEvent, Server};

/// A server and what scripts need in addition.
#[derive(Default)]
pub struct ServerObject {
    pub server: Server,
    /// Connected clients that `take_connection()` has not returned.
    pub untaken: VecDeque<i32>,
    /// The client of the last message or packet event.
    pub last_sender: i32,
    /// Clients whose end was reported since the outermost poll began.
    ended: Vec<i32>,
    nested_polls: NestedPolls,
    frame_flush: FrameFlush,
}

impl ServerObject {
    /// Returns an object with the limits of the project.
    pub fn with_project_limits() -> Self {
        let mut server = Server::new();
        let QueueLimits { in_kib, in_packets, out_kib, out_packets } = queue_limits("websocket_server");
        // Invalid limits leave the defaults; get_error_message() explains them.
        let _refused = server.configure(|options| options.peer.set_buffers(in_kib, in_packets, out_kib, out_packets));
        Self { server, ..Self::default() }
    }

    /// Stops the server and forgets all clients.
    pub fn stop(&mut self) {
        self.server.stop();
        self.untaken.clear();
        self.ended.clear();
    }

    fn note(&mut self, event: &PeerEvent) {
        match event {
            PeerEvent::Opened { id, .. } | PeerEvent::PeerConnected { id } => self.untaken.push_back(*id),
            PeerEvent::Message { id } | PeerEvent::Packet { id } => self.last_sender = *id,
            PeerEvent::Closed { id, .. } | PeerEvent::PeerDisconnected { id } => {
                self.untaken.retain(|untaken| untaken != id);
                self.ended.push(*id);
            }
            _ => {}
        }
    }
}

impl FlushedObject for ServerObject {
    fn output(&mut self) -> &mut dyn CollectsOutput {
        &mut self.server
    }
}

impl Lockable for ServerObject {}

impl CollectsMessages for ServerObject {
    fn frame_flush(&mut self) -> &mut FrameFlush {
        &mut self.frame_flush
    }

    fn has_unflushed(&mut self) -> bool {
        self.server.has_unflushed()
    }

    fn write_unflushed(&mut self) {
        // 0 addresses all clients.
        self.server.flush(0);
    }
}

impl EventObject for ServerObject {
    /// Ids of the clients that have ended.
    type Forgotten = Vec<i32>;

    fn nested_polls(&mut self) -> &mut NestedPolls {
        &mut self.nested_polls
    }

    fn advance(&mut self) {
        if self.nested_polls.is_outermost() {
            self.server.poll();
        } else {
            // A handler of an outer poll may still use the clients whose end was reported to it.
            self.server.poll_again();
        }
    }

    fn event_count(&mut self) -> usize {
        self.server.event_count()
    }

    fn take_event(&mut self) -> Option<PeerEvent> {
        let event = self.server.take_event()?;
        self.note(&event);
        Some(event)
    }

    fn outermost_poll_ended(&mut self) -> Vec<i32> {
        self.server.drop_ended();
        std::mem::take(&mut self.ended)
    }
}

impl MultiplayerObject for ServerObject {
    const RELAYS_FOR_THE_ENGINE: bool = false;

    fn lend_packet(&mut self, r_buffer: RawPtr<*mut RawPtr<*const u8>>, r_buffer_size: RawPtr<*mut i32>) -> GodotError {
        if self.server.is_listening() && !self.server.is_multiplayer() {
            return GodotError::ERR_UNCONFIGURED;
        }
        let packet = self.server.take_packet().map(|(_, packet)| packet);
        engine_pointers::lend_copy(packet, r_buffer, r_buffer_size)
    }

    fn put_packet(&mut self, payload: &[u8]) -> Result {
        self.server.put_packet(payload)
    }

    fn packet_count(&mut self) -> usize {
        self.server.waiting_packets()
    }

    fn max_packet_size(&mut self) -> usize {
        self.server.max_packet_size()
    }

    fn packet_source(&mut self) -> Option<i32> {
        self.server.packet_source()
    }

    fn set_target_peer(&mut self, target: i32) {
        self.server.set_target_peer(target);
    }

    fn is_server(&mut self) -> bool {
        true
    }

    fn unique_id(&mut self) -> i32 {
        1
    }

    fn status(&mut self) -> ConnectionStatus {
        // The engine polls its multiplayer peer while it is connected, so a shutdown goes on until then.
        match self.server.is_listening() || self.server.is_shutting_down() {
            true => ConnectionStatus::CONNECTED,
            false => ConnectionStatus::DISCONNECTED,
        }
    }
}
