//! The object of a `RustWebSocketClient`: the client, and what only scripts need.

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
use crate::godot::project_limits::{QueueLimits, apply_connect_timeout, queue_limits};
use crate::peer::flushing::CollectsOutput;
use crate::peer::{Client, ClientStatus, PeerEvent};

/// A client and what scripts need in addition.
#[derive(Default)]
pub struct ClientObject {
    pub client: Client,
    pub does_not_verify: bool,
    nested_polls: NestedPolls,
    frame_flush: FrameFlush,
}

impl ClientObject {
    /// Returns an object with the limits of the project.
    pub fn with_project_limits() -> Self {
        let mut client = Client::new();
        let QueueLimits { in_kib, in_packets, out_kib, out_packets } = queue_limits("websocket_client");
        // Invalid limits leave the defaults; get_error_message() explains them.
        let _refused = client.set_buffers(in_kib, in_packets, out_kib, out_packets);
        let _set = client.set_options(|options| {
            apply_connect_timeout(options);
            Ok(())
        });
        Self { client, ..Self::default() }
    }
}

impl FlushedObject for ClientObject {
    fn output(&mut self) -> &mut dyn CollectsOutput {
        &mut self.client
    }
}

impl Lockable for ClientObject {}

impl CollectsMessages for ClientObject {
    fn frame_flush(&mut self) -> &mut FrameFlush {
        &mut self.frame_flush
    }

    fn has_unflushed(&mut self) -> bool {
        self.client.has_unflushed()
    }

    fn write_unflushed(&mut self) {
        self.client.flush();
    }
}

impl EventObject for ClientObject {
    type Forgotten = ();

    fn nested_polls(&mut self) -> &mut NestedPolls {
        &mut self.nested_polls
    }

    fn advance(&mut self) {
        self.client.poll();
    }

    fn event_count(&mut self) -> usize {
        self.client.event_count()
    }

    fn take_event(&mut self) -> Option<PeerEvent> {
        self.client.next_event()
    }

    fn outermost_poll_ended(&mut self) {}
}

impl MultiplayerObject for ClientObject {
    const RELAYS_FOR_THE_ENGINE: bool = false;

    fn lend_packet(&mut self, r_buffer: RawPtr<*mut RawPtr<*const u8>>, r_buffer_size: RawPtr<*mut i32>) -> GodotError {
        if !self.client.is_multiplayer() {
            return GodotError::ERR_UNCONFIGURED;
        }
        let packet = self.client.take_packet().map(|(_, packet)| packet);
        engine_pointers::lend_copy(packet, r_buffer, r_buffer_size)
    }

    fn put_packet(&mut self, payload: &[u8]) -> Result {
        self.client.put_packet(payload)
    }

    fn packet_count(&mut self) -> usize {
        self.client.waiting_packets()
    }

    fn max_packet_size(&mut self) -> usize {
        self.client.max_packet_size()
    }

    fn packet_source(&mut self) -> Option<i32> {
        self.client.packet_source()
    }

    fn set_target_peer(&mut self, target: i32) {
        self.client.set_target_peer(target);
    }

    fn is_server(&mut self) -> bool {
        false
    }

    fn unique_id(&mut self) -> i32 {
        self.client.unique_id()
    }

    fn status(&mut self) -> ConnectionStatus {
        match self.client.status() {
            ClientStatus::Disconnected => ConnectionStatus::DISCONNECTED,
            ClientStatus::Connecting => ConnectionStatus::CONNECTING,
            ClientStatus::Connected => ConnectionStatus::CONNECTED,
        }
    }
}
