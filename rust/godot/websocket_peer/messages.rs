//! The members of `RustWebSocketPeer` that send and receive messages.

use godot::global::Error as GodotError;
use godot::prelude::*;

use super::RustWebSocketPeer;
use super::peer_object::{self, PeerObject};
use crate::godot::call_values::Lent;
use crate::godot::class_enums::WriteMode;
use crate::godot::short_calls::short_calls;
use crate::godot::{convert, frame_flush, string_to_utf8};
use crate::peer::WebSocketPeer;

#[godot_api(secondary)]
impl RustWebSocketPeer {
    /// Updates the connection: connects, receives packets, and sends queued data. Call this regularly. Never blocks.
    #[func]
    fn poll(&self) {
        let has_drained = self.peer.lock().poll(|object| {
            let idle = object.peer.poll_unless_idle();
            (object.peer.take_drained(), idle)
        });
        if has_drained {
            self.to_gd().signals().drained().emit();
        }
    }

    /// Sends the given message. With [constant WRITE_MODE_TEXT] it must be UTF-8, else [constant ERR_INVALID_DATA] is
    /// returned. Returns [constant ERR_OUT_OF_MEMORY], and sends nothing, if [member outbound_buffer_size] or
    /// [member max_queued_packets] would be exceeded, and [constant FAILED] if the connection is not open.
    #[func]
    fn send(
        &self,
        message: Lent<PackedByteArray>,
        #[opt(default = WriteMode::BINARY)] write_mode: WriteMode,
    ) -> GodotError {
        frame_flush::send(self, |object| object.peer.send(write_mode.message_kind(), message.as_slice()))
    }

    /// Sends the given message uncompressed even if compression is active: for content that is compressed already, or
    /// that must not share a compression window with data that an attacker controls. See [method send].
    #[func]
    fn send_uncompressed(
        &self,
        message: Lent<PackedByteArray>,
        #[opt(default = WriteMode::BINARY)] write_mode: WriteMode,
    ) -> GodotError {
        let kind = write_mode.message_kind();
        frame_flush::send(self, |object| object.peer.send_uncompressed(kind, message.as_slice()))
    }

    /// Sends the given text as a text message; see [method send].
    #[func]
    fn send_text(&self, message: Lent<GString>) -> GodotError {
        string_to_utf8::with(&message, |text| frame_flush::send(self, |object| object.peer.send_text(text)))
    }

    /// Writes the messages that were collected in this frame to the network now. This happens automatically at the end
    /// of the frame and in [method poll].
    #[func]
    fn flush(&self) {
        self.peer.with((), frame_flush::flush);
    }

    /// Returns [code]true[/code] if all sent data has been written to the network.
    #[func]
    fn is_drained(&self) -> bool {
        self.ask(|peer| peer.is_drained())
    }

    /// Returns the payload bytes of messages that have not been written to the network yet.
    #[func]
    fn get_current_outbound_buffered_amount(&self) -> i32 {
        self.ask(|peer| convert::integer32(peer.outbound_buffered_amount()))
    }

    /// Returns the number of packets that can be read. The engine's own method of this name, which other parts of the
    /// engine call, returns the same number; this one is faster for scripts.
    #[func]
    pub(super) fn get_available_packet_count(&self) -> i32 {
        peer_object::state_and_packets(self.peer.lock()).1
    }

    /// Removes and returns the oldest packet, or returns an empty array if there is none. [method get_packet_error]
    /// distinguishes that from an empty packet. The engine's own method of this name, which other parts of the engine
    /// call, does the same; this one is faster for scripts.
    #[func]
    fn get_packet(&self) -> PackedByteArray {
        self.peer.with(PackedByteArray::new(), PeerObject::take_packet)
    }

    /// Returns the error of the last [method get_packet]: [constant OK]; [constant ERR_UNAVAILABLE] if there was no
    /// packet; [constant FAILED] if there was none and the connection is not open.
    #[func]
    fn get_packet_error(&self) -> GodotError {
        self.peer.with(None, |object| object.packet_error).map_or(GodotError::OK, convert::code)
    }

    /// Returns [code]true[/code] if the last packet read was sent as text.
    #[func]
    fn was_string_packet(&self) -> bool {
        self.peer.lock().read(false, |object| object.peer.was_string_packet())
    }

    /// Sends a ping with at most 125 bytes of payload; the pong updates [method get_round_trip_time]. An empty payload
    /// is replaced by eight random bytes, so that no pong can be sent before the ping has arrived. Returns [constant
    /// ERR_INVALID_PARAMETER] for a longer payload, [constant FAILED] if the connection is not open, and [constant
    /// ERR_OUT_OF_MEMORY] while the network accepts no data.
    #[func]
    fn ping(&self, #[opt(default = &PackedByteArray::new())] payload: PackedByteArray) -> GodotError {
        self.run(|peer| peer.ping(payload.as_slice()))
    }

    /// Returns the seconds between the last answered ping, sent by [method ping] or by [member heartbeat_interval], and
    /// its pong, or -1 before the first pong. Pongs are processed in [method poll].
    #[func]
    fn get_round_trip_time(&self) -> f64 {
        self.ask(|peer| peer.round_trip().map_or(-1.0, |times| times.last.as_secs_f64()))
    }

    /// Returns a moving average of [method get_round_trip_time], or -1 before the first pong.
    #[func]
    fn get_smoothed_round_trip_time(&self) -> f64 {
        self.ask(|peer| peer.round_trip().map_or(-1.0, |times| times.smoothed.as_secs_f64()))
    }

    /// Returns [code]true[/code] if the handshake has negotiated permessage-deflate.
    #[func]
    fn is_compression_active(&self) -> bool {
        self.ask(|peer| peer.is_compression_active())
    }

    /// Returns the payload bytes of the compressed messages of this connection: [code]sent_plain[/code],
    /// [code]sent_compressed[/code], [code]received_plain[/code] and [code]received_compressed[/code].
    #[func]
    fn get_compression_statistics(&self) -> VarDictionary {
        let statistics = self.ask(|peer| peer.compression_statistics());
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        vdict! {
            "sent_plain" => number(statistics.sent_plain),
            "sent_compressed" => number(statistics.sent_compressed),
            "received_plain" => number(statistics.received_plain),
            "received_compressed" => number(statistics.received_compressed),
        }
    }

    /// Releases the compressor's memory now instead of after ten seconds without messages.
    #[func]
    fn release_compression_memory(&self) {
        self.ask(WebSocketPeer::release_compression_memory);
    }
}

short_calls! {
    RustWebSocketPeer: poll, send, send_uncompressed, send_text, flush, is_drained,
    get_current_outbound_buffered_amount, get_available_packet_count, get_packet, get_packet_error, was_string_packet,
    ping, get_round_trip_time, get_smoothed_round_trip_time, is_compression_active, get_compression_statistics,
    release_compression_memory
}
