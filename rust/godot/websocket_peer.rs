//! `RustWebSocketPeer`.

#![expect(unsafe_code, reason = "the engine passes packets by pointer")]

use godot::classes::{IPacketPeerExtension, PacketPeerExtension, StreamPeer};
use godot::global::Error as GodotError;
use godot::prelude::*;
use godot_core::meta::RawPtr;

use super::convert::{self, OptionalTls};
use super::enums::{State, WriteMode};
use super::scripted::{Scripted, kind, send_message, try_accept};
use super::shared::{Native, Shared, with};
use crate::error::{Error, ErrorCode, Result};
use crate::peer::{Options, WebSocketPeer};
use crate::proto::frame::MessageKind;

/// A WebSocket connection, client or server side, with the members of Godot's [WebSocketPeer].
///
/// As a client, call [method connect_to_url]; as a server, pass what [method RustTCPServer.take_connection] returns to
/// [method accept_stream]. Then call [method poll] regularly, look at [method get_ready_state], and read packets with
/// [method PacketPeer.get_packet] while [method PacketPeer.get_available_packet_count] is not zero.
///
/// [b]Differences from [WebSocketPeer]:[/b] packets that arrived before the connection closed stay readable until the next
/// connection; wrong calls print nothing, [method get_error_message] says what was wrong; property values that make no
/// sense are refused, and read back as before. See [code]MIGRATING.md[/code] for all of them.
///
/// Any method may be called from any thread; calls on one object wait for each other.
#[derive(GodotClass)]
#[class(tool, init, base = PacketPeerExtension)]
pub struct RustWebSocketPeer {
    peer: Shared<Scripted>,

    /// The WebSocket sub-protocols allowed during the WebSocket handshake, in order of preference on a client. Used by the
    /// next connection.
    #[var(get = get_supported_protocols, set = set_supported_protocols)]
    supported_protocols: PhantomVar<PackedStringArray>,

    /// Header lines ([code]"Name: value"[/code]) added to the WebSocket handshake, by a client to its request, by a server to
    /// its answer. Lines that contain line breaks, have no colon, or name a header the handshake itself writes make
    /// [method connect_to_url] and [method accept_stream] return [constant ERR_INVALID_PARAMETER].
    #[var(get = get_handshake_headers, set = set_handshake_headers)]
    handshake_headers: PhantomVar<PackedStringArray>,

    /// The size of the input buffer in bytes: the largest message that is received, over all its fragments, and the amount of
    /// unread messages above which reading pauses. A larger message closes the connection with code 1009. A limit, not an
    /// allocation. Default 65535; negative values are refused.
    #[var(get = get_inbound_buffer_size, set = set_inbound_buffer_size)]
    inbound_buffer_size: PhantomVar<i64>,

    /// The size of the output buffer in bytes: payload that may wait for the network. A message that does not fit is refused
    /// with [constant ERR_OUT_OF_MEMORY]. 0 or less for no limit. Default 65535.
    #[var(get = get_outbound_buffer_size, set = set_outbound_buffer_size)]
    outbound_buffer_size: PhantomVar<i64>,

    /// The maximum amount of packets in the queues, inbound and outbound each. A full inbound queue pauses reading, a full
    /// outbound one refuses messages with [constant ERR_OUT_OF_MEMORY]. Default 4096; negative values are refused.
    #[var(get = get_max_queued_packets, set = set_max_queued_packets)]
    max_queued_packets: PhantomVar<i64>,

    /// Seconds between pings; 0 for none. When nothing at all arrives for one interval after a ping, the connection is closed
    /// with code -1. What has arrived is read first, so polling late does not cost the connection.
    #[var(get = get_heartbeat_interval, set = set_heartbeat_interval)]
    heartbeat_interval: PhantomVar<f64>,

    /// Seconds without any sign of life after a ping that end the connection; 0 (the default) for as long as
    /// [member heartbeat_interval].
    #[var(get = get_heartbeat_timeout, set = set_heartbeat_timeout)]
    heartbeat_timeout: PhantomVar<f64>,

    /// Seconds for the remote end to answer a close frame before the connection is dropped with code -1. Default 5.
    #[var(get = get_close_timeout, set = set_close_timeout)]
    close_timeout: PhantomVar<f64>,

    /// Longer messages are sent in several frames of at most this many bytes. 0 (the default) for one frame each.
    #[var(get = get_max_frame_size, set = set_max_frame_size)]
    max_frame_size: PhantomVar<i64>,

    /// Offers (client) or accepts (server) permessage-deflate (RFC 7692) in the next handshake. Default [code]false[/code].
    #[var(get = get_compression_enabled, set = set_compression_enabled)]
    compression_enabled: PhantomVar<bool>,

    /// Compression level from 0 (store) over 1 (fastest) to 9 (smallest). Default 6. Used by the next connection.
    #[var(get = get_compression_level, set = set_compression_level)]
    compression_level: PhantomVar<i64>,

    /// Messages shorter than this many bytes are sent uncompressed. Default 128.
    #[var(get = get_compression_threshold, set = set_compression_threshold)]
    compression_threshold: PhantomVar<i64>,

    /// Keeps what earlier messages contained for the compression of later ones: better compression for about 340 KiB per
    /// connection. Default [code]true[/code]. Used by the next handshake.
    #[var(get = get_compression_context_takeover, set = set_compression_context_takeover)]
    compression_context_takeover: PhantomVar<bool>,

    /// Largest compression window as a power of two, from 9 (512 bytes) to 15 (32 KiB, the default), in both directions. Used
    /// by the next handshake.
    #[var(get = get_compression_max_window_bits, set = set_compression_max_window_bits)]
    compression_max_window_bits: PhantomVar<i64>,

    base: Base<PacketPeerExtension>,
}

impl Native for RustWebSocketPeer {
    type Object = Scripted;

    fn shared(&self) -> &Shared<Scripted> {
        &self.peer
    }
}

impl RustWebSocketPeer {
    /// Runs a call that returns an error number.
    fn run(&self, call: impl FnOnce(&mut WebSocketPeer) -> Result) -> GodotError {
        self.peer.with(GodotError::ERR_BUSY, |scripted| convert::error(&call(&mut scripted.peer)))
    }

    /// Sets a property; what is refused is explained by `get_error_message()`.
    fn set(&self, set: impl FnOnce(&mut Options) -> Result) {
        self.run(|peer| {
            let result = set(&mut peer.options);
            peer.noted(result)
        });
    }

    /// Runs a query.
    fn ask<R: Default>(&self, call: impl FnOnce(&mut WebSocketPeer) -> R) -> R {
        self.peer.with(R::default(), |scripted| call(&mut scripted.peer))
    }
}

#[godot_api]
impl RustWebSocketPeer {
    /// Emitted in [method poll] when the network has taken everything that it could not take at first, so that a sender
    /// that was refused, or waits for [method is_drained], may go on.
    #[signal]
    fn drained();

    /// Connects to the given URL, [code]ws://host[:port][/path][/code]. [param tls_client_options] customise the certificates
    /// of [code]wss://[/code] connections. User name and password in the URL become an [code]Authorization[/code] header.
    ///
    /// Returns [constant OK] when connecting has begun, [constant ERR_INVALID_PARAMETER] for what is no URL and for wrong
    /// [member handshake_headers], [constant ERR_ALREADY_IN_USE] while connecting or connected, [constant FAILED] when the
    /// system refuses at once.
    #[func]
    fn connect_to_url(
        &self,
        url: GString,
        #[opt(default = OptionalTls::NONE)] tls_client_options: OptionalTls,
    ) -> GodotError {
        if tls_client_options.0.is_some_and(|options| options.is_server()) {
            let refused = Error::new(ErrorCode::InvalidParameter, "the TLS options are those of a server");
            return self.run(|peer| peer.noted(Err(refused)));
        }
        self.run(|peer| peer.connect_to_url(&url.to_string(), None))
    }

    /// Accepts a connection as a WebSocket server, on a [RustStreamPeerTCP] from [method RustTCPServer.take_connection] or on
    /// one of the engine's own [StreamPeerTCP] or [StreamPeerTLS]. The handshake happens in [method poll].
    #[func]
    fn accept_stream(&self, stream: Option<Gd<StreamPeer>>) -> GodotError {
        self.run(|peer| {
            let result = try_accept(peer, stream);
            peer.noted(result)
        })
    }

    /// Sends the given message. With [constant WRITE_MODE_TEXT] it must be UTF-8, else [constant ERR_INVALID_DATA] is
    /// returned. Returns [constant ERR_OUT_OF_MEMORY], and sends nothing, where [member outbound_buffer_size] or
    /// [member max_queued_packets] do not allow it, and [constant FAILED] where the connection is not open.
    #[func(gd_self)]
    fn send(
        this: Gd<Self>,
        message: PackedByteArray,
        #[opt(default = WriteMode::BINARY)] write_mode: WriteMode,
    ) -> GodotError {
        send_message(&this, kind(write_mode), message.as_slice(), true)
    }

    /// Sends the given message uncompressed even where compression is active: for content that is compressed already or that
    /// must not share a compression window with data an attacker controls. See [method send].
    #[func(gd_self)]
    fn send_uncompressed(
        this: Gd<Self>,
        message: PackedByteArray,
        #[opt(default = WriteMode::BINARY)] write_mode: WriteMode,
    ) -> GodotError {
        send_message(&this, kind(write_mode), message.as_slice(), false)
    }

    /// Sends the given message as text; see [method send].
    #[func(gd_self)]
    fn send_text(this: Gd<Self>, message: GString) -> GodotError {
        send_message(&this, MessageKind::Text, message.to_string().as_bytes(), true)
    }

    /// Writes messages that were collected in this frame to the network now. Happens by itself at the end of the frame and
    /// in [method poll].
    #[func(gd_self)]
    fn flush(this: Gd<Self>) {
        with(&this, (), |scripted| {
            scripted.flush_scheduled = false;
            scripted.peer.flush();
        });
    }

    /// Updates the connection state, receives incoming packets and sends what waits. Call this regularly. Never blocks.
    #[func(gd_self)]
    fn poll(this: Gd<Self>) {
        let drained = with(&this, false, |scripted| {
            scripted.peer.poll();
            scripted.peer.take_drained()
        });
        if drained {
            this.signals().drained().emit();
        }
    }

    /// Returns [code]true[/code] if everything that was sent has been taken by the network.
    #[func]
    fn is_drained(&self) -> bool {
        self.ask(|peer| peer.is_drained())
    }

    /// Sends a ping with at most 125 bytes of payload; the answer updates [method get_round_trip_time]. Returns
    /// [constant ERR_INVALID_PARAMETER] for more, [constant FAILED] where the connection is not open,
    /// [constant ERR_OUT_OF_MEMORY] where the network takes nothing at the moment.
    #[func]
    fn ping(&self, #[opt(default = &PackedByteArray::new())] payload: PackedByteArray) -> GodotError {
        self.run(|peer| peer.ping(payload.as_slice()))
    }

    /// Returns the seconds between the last answered ping, from [method ping] or [member heartbeat_interval], and its pong; -1
    /// before the first. Pongs are noticed in [method poll].
    #[func]
    fn get_round_trip_time(&self) -> f64 {
        self.ask(|peer| peer.round_trip().map_or(-1.0, |times| times.last.as_secs_f64()))
    }

    /// Returns a moving average of [method get_round_trip_time]; -1 before the first pong.
    #[func]
    fn get_smoothed_round_trip_time(&self) -> f64 {
        self.ask(|peer| peer.round_trip().map_or(-1.0, |times| times.smoothed.as_secs_f64()))
    }

    /// Returns [code]true[/code] if both ends have agreed on permessage-deflate.
    #[func]
    fn is_compression_active(&self) -> bool {
        self.ask(|peer| peer.is_compression_active())
    }

    /// Returns the payload bytes of compressed messages of this connection as [code]sent_plain[/code],
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

    /// Gives the compressor's memory back now instead of after ten seconds without messages.
    #[func]
    fn release_compression_memory(&self) {
        self.ask(WebSocketPeer::release_compression_memory);
    }

    /// Starts closing the connection with a status code and a reason of at most 123 bytes of UTF-8; keep polling until
    /// [constant STATE_CLOSED]. With a negative [param code] the connection is dropped at once. Codes that RFC 6455 does not
    /// allow in a close frame and longer reasons are refused: nothing changes, and [method get_error_message] says why.
    #[func]
    fn close(&self, #[opt(default = 1000)] code: i32, #[opt(default = "")] reason: GString) {
        // The engine's signature has no return value; the text is kept for get_error_message().
        let _refused = self.run(|peer| peer.close(code, &reason.to_string()));
    }

    /// Returns the ready state of the connection.
    #[func(gd_self)]
    fn get_ready_state(this: Gd<Self>) -> State {
        State(with(&this, 3, |scripted| scripted.peer.state() as i64))
    }

    /// Returns the close code of the remote end's close frame (or of the one sent for a violation of the protocol), 0 where it
    /// carried none, -1 where the connection was not closed cleanly.
    #[func]
    fn get_close_code(&self) -> i32 {
        self.ask(|peer| peer.close_code())
    }

    /// Returns the reason that came with the close code.
    #[func]
    fn get_close_reason(&self) -> GString {
        self.ask(|peer| convert::text(peer.close_reason()))
    }

    /// Returns in words why the last call was refused or why the connection was lost; empty where nothing went wrong since
    /// the connection began.
    #[func]
    fn get_error_message(&self) -> GString {
        self.ask(|peer| convert::text(peer.error_message()))
    }

    /// Returns the sub-protocol selected in the handshake, or an empty string.
    #[func]
    fn get_selected_protocol(&self) -> GString {
        self.ask(|peer| convert::text(peer.selected_protocol()))
    }

    /// Returns the URL as passed to [method connect_to_url], or on a server the one the client asked for.
    #[func]
    fn get_requested_url(&self) -> GString {
        self.ask(|peer| convert::text(peer.requested_url()))
    }

    /// Returns the IP address of the remote end, empty where there is none.
    #[func]
    fn get_connected_host(&self) -> GString {
        self.ask(|peer| convert::host(peer.remote_address()))
    }

    /// Returns the port of the remote end, 0 where there is none.
    #[func]
    fn get_connected_port(&self) -> u16 {
        self.ask(|peer| peer.remote_address().map_or(0, |address| address.port()))
    }

    /// Returns the payload bytes of messages that the network has not taken yet.
    #[func]
    fn get_current_outbound_buffered_amount(&self) -> i32 {
        self.ask(|peer| convert::integer32(peer.outbound_buffered_amount()))
    }

    /// Disables ([code]true[/code], the default) or enables Nagle's algorithm on the TCP connection.
    #[func]
    fn set_no_delay(&self, enabled: bool) {
        // Without a connection there is nothing to set, and the next one starts without delay anyway.
        let _unconnected = self.run(|peer| peer.set_no_delay(enabled));
    }

    /// Returns the number of packets that wait to be read. The engine's own method of this name, which other parts of the engine
    /// call, gives the same number; scripts reach it sooner here.
    #[func(gd_self, rename = get_available_packet_count)]
    fn count_packets(this: Gd<Self>) -> i32 {
        with(&this, 0, |scripted| convert::integer32(scripted.peer.packet_count()))
    }

    /// Returns [code]true[/code] if the packet read last was sent as text.
    #[func(gd_self)]
    fn was_string_packet(this: Gd<Self>) -> bool {
        with(&this, false, |scripted| scripted.peer.was_string_packet())
    }

    #[func]
    fn get_supported_protocols(&self) -> PackedStringArray {
        self.ask(|peer| convert::packed(&peer.options.supported_protocols))
    }

    #[func]
    fn set_supported_protocols(&self, protocols: PackedStringArray) {
        self.set(|options| {
            options.set_supported_protocols(convert::strings(&protocols));
            Ok(())
        });
    }

    #[func]
    fn get_handshake_headers(&self) -> PackedStringArray {
        self.ask(|peer| convert::packed(&peer.options.handshake_headers))
    }

    #[func]
    fn set_handshake_headers(&self, protocols: PackedStringArray) {
        self.set(|options| {
            options.handshake_headers = convert::strings(&protocols);
            Ok(())
        });
    }

    #[func]
    fn get_inbound_buffer_size(&self) -> i64 {
        self.ask(|peer| convert::integer(peer.options.inbound_buffer_size))
    }

    #[func]
    fn set_inbound_buffer_size(&self, buffer_size: i64) {
        self.set(|options| options.set_inbound_buffer_size(buffer_size));
    }

    #[func]
    fn get_outbound_buffer_size(&self) -> i64 {
        self.ask(|peer| convert::integer(peer.options.outbound_buffer_size))
    }

    #[func]
    fn set_outbound_buffer_size(&self, buffer_size: i64) {
        self.set(|options| {
            options.set_outbound_buffer_size(buffer_size);
            Ok(())
        });
    }

    #[func]
    fn get_max_queued_packets(&self) -> i64 {
        self.ask(|peer| convert::integer(peer.options.max_queued_packets))
    }

    #[func]
    fn set_max_queued_packets(&self, buffer_size: i64) {
        self.set(|options| options.set_max_queued_packets(buffer_size));
    }

    #[func]
    fn get_heartbeat_interval(&self) -> f64 {
        self.ask(|peer| peer.options.heartbeat_interval.as_secs_f64())
    }

    #[func]
    fn set_heartbeat_interval(&self, interval: f64) {
        self.set(|options| options.set_heartbeat_interval(interval));
    }

    #[func]
    fn get_heartbeat_timeout(&self) -> f64 {
        self.ask(|peer| peer.options.heartbeat_timeout.as_secs_f64())
    }

    #[func]
    fn set_heartbeat_timeout(&self, value: f64) {
        self.set(|options| options.set_heartbeat_timeout(value));
    }

    #[func]
    fn get_close_timeout(&self) -> f64 {
        self.ask(|peer| peer.options.close_timeout.as_secs_f64())
    }

    #[func]
    fn set_close_timeout(&self, value: f64) {
        self.set(|options| options.set_close_timeout(value));
    }

    #[func]
    fn get_max_frame_size(&self) -> i64 {
        self.ask(|peer| convert::integer(peer.options.max_frame_size))
    }

    #[func]
    fn set_max_frame_size(&self, value: i64) {
        self.set(|options| options.set_max_frame_size(value));
    }

    #[func]
    fn get_compression_enabled(&self) -> bool {
        self.ask(|peer| peer.options.compression_enabled)
    }

    #[func]
    fn set_compression_enabled(&self, value: bool) {
        self.set(|options| {
            options.compression_enabled = value;
            Ok(())
        });
    }

    #[func]
    fn get_compression_level(&self) -> i64 {
        self.ask(|peer| i64::from(peer.options.compression_level))
    }

    #[func]
    fn set_compression_level(&self, value: i64) {
        self.set(|options| options.set_compression_level(value));
    }

    #[func]
    fn get_compression_threshold(&self) -> i64 {
        self.ask(|peer| convert::integer(peer.options.compression_threshold))
    }

    #[func]
    fn set_compression_threshold(&self, value: i64) {
        self.set(|options| options.set_compression_threshold(value));
    }

    #[func]
    fn get_compression_context_takeover(&self) -> bool {
        self.ask(|peer| peer.options.compression_context_takeover)
    }

    #[func]
    fn set_compression_context_takeover(&self, value: bool) {
        self.set(|options| {
            options.compression_context_takeover = value;
            Ok(())
        });
    }

    #[func]
    fn get_compression_max_window_bits(&self) -> i64 {
        self.ask(|peer| i64::from(peer.options.compression_max_window_bits))
    }

    #[func]
    fn set_compression_max_window_bits(&self, value: i64) {
        self.set(|options| options.set_compression_max_window_bits(value));
    }
}

#[godot_api]
impl IPacketPeerExtension for RustWebSocketPeer {
    #[func(gd_self)]
    unsafe fn get_packet_rawptr(
        this: Gd<Self>,
        r_buffer: RawPtr<*mut RawPtr<*const u8>>,
        r_buffer_size: RawPtr<*mut i32>,
    ) -> GodotError {
        with(&this, GodotError::ERR_BUSY, |scripted| match scripted.peer.get_packet() {
            Ok(packet) => {
                // SAFETY: both pointers are the engine's out parameters of this call. The packet stays where it is until the
                // next call on this object, and the engine copies it before it returns to the script.
                unsafe {
                    *r_buffer.ptr() = RawPtr::new(packet.as_ptr());
                    *r_buffer_size.ptr() = convert::integer32(packet.len());
                }
                GodotError::OK
            }
            Err(error) => convert::code(error.code()),
        })
    }

    #[func(gd_self)]
    unsafe fn put_packet_rawptr(this: Gd<Self>, p_buffer: RawPtr<*const u8>, p_buffer_size: i32) -> GodotError {
        let len = usize::try_from(p_buffer_size).unwrap_or(0);
        if len == 0 {
            return send_message(&this, MessageKind::Binary, &[], true);
        }
        // SAFETY: the engine passes a buffer of that size, valid during this call, and the size is not zero.
        let payload = unsafe { std::slice::from_raw_parts(p_buffer.ptr(), len) };
        send_message(&this, MessageKind::Binary, payload, true)
    }

    fn get_available_packet_count(&self) -> i32 {
        convert::integer32(self.ask(|peer| peer.packet_count()))
    }

    fn get_max_packet_size(&self) -> i32 {
        match self.ask(|peer| peer.options.outbound_buffer_size) {
            0 => i32::MAX,
            limit => convert::integer32(limit),
        }
    }
}
