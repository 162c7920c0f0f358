//! The members of `RustWebSocketPeer` that send and receive messages.

use godot::global::Error as GodotError;
use godot::prelude::*;

use super::{RustWebSocketPeer, frequent_methods};
use crate::godot::class_enums::WriteMode;
use crate::godot::object_registry::with_object;
use crate::godot::{convert, frame_flush};
use crate::peer::WebSocketPeer;

#[godot_api(secondary)]
impl RustWebSocketPeer {
    /// Updates the connection: connects, receives packets, and sends queued data. Call this regularly. Never blocks.
    #[func(gd_self)]
    fn poll(this: Gd<Self>) {
        frequent_methods::poll(&this);
    }

    /// Sends the given message. With [constant WRITE_MODE_TEXT] it must be UTF-8, else [constant ERR_INVALID_DATA] is
    /// returned. Returns [constant ERR_OUT_OF_MEMORY], and sends nothing, if [member outbound_buffer_size] or
    /// [member max_queued_packets] would be exceeded, and [constant FAILED] if the connection is not open.
    #[func(gd_self)]
    fn send(
        this: Gd<Self>,
        message: PackedByteArray,
        #[opt(default = WriteMode::BINARY)] write_mode: WriteMode,
    ) -> GodotError {
        frequent_methods::send(&this, &message, write_mode)
    }

    /// Sends the given message uncompressed even if compression is active: for content that is compressed already, or
    /// that must not share a compression window with data that an attacker controls. See [method send].
    #[func(gd_self)]
    fn send_uncompressed(
        this: Gd<Self>,
        message: PackedByteArray,
        #[opt(default = WriteMode::BINARY)] write_mode: WriteMode,
    ) -> GodotError {
        let kind = write_mode.message_kind();
        frame_flush::send(&this, |object| object.peer.send_uncompressed(kind, message.as_slice()))
    }

    /// Sends the given text as a text message; see [method send].
    #[func(gd_self)]
    fn send_text(this: Gd<Self>, message: GString) -> GodotError {
        frequent_methods::send_text(&this, &message)
    }

    /// Writes the messages that were collected in this frame to the network now. This happens automatically at the end
    /// of the frame and in [method poll].
    #[func(gd_self)]
    fn flush(this: Gd<Self>) {
        with_object(&this, (), frame_flush::flush);
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
    #[func(gd_self, rename = get_available_packet_count)]
    fn count_packets(this: Gd<Self>) -> i32 {
        frequent_methods::get_available_packet_count(&this)
    }

    /// Removes and returns the oldest packet, or returns an empty array if there is none. [method get_packet_error]
    /// distinguishes that from an empty packet. The engine's own method of this name, which other parts of the engine
    /// call, does the same; this one is faster for scripts.
    #[func(gd_self, rename = get_packet)]
    fn take_packet(this: Gd<Self>) -> PackedByteArray {
        frequent_methods::get_packet(&this)
    }

    /// Returns the error of the last [method get_packet]: [constant OK]; [constant ERR_UNAVAILABLE] if there was no
    /// packet; [constant FAILED] if there was none and the connection is not open.
    #[func(gd_self, rename = get_packet_error)]
    fn packet_error(this: Gd<Self>) -> GodotError {
        with_object(&this, None, |object| object.packet_error).map_or(GodotError::OK, convert::code)
    }

    /// Returns [code]true[/code] if the last packet read was sent as text.
    #[func(gd_self)]
    fn was_string_packet(this: Gd<Self>) -> bool {
        frequent_methods::was_string_packet(&this)
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
