//! The members of `RustWebSocketPeer` about an open connection, and those that begin one.

use godot::classes::StreamPeer;
use godot::global::Error as GodotError;
use godot::prelude::*;

use super::convert::{self, OptionalTls};
use super::enums::{State, WriteMode};
use super::scripted::{Scripted, kind, send_message, try_accept};
use super::shared::with;
use super::streams;
use super::utf8;
use super::websocket_peer::RustWebSocketPeer;
use crate::peer::WebSocketPeer;
use crate::peer::options::TlsTexts;

#[godot_api(secondary)]
impl RustWebSocketPeer {
    /// Connects to the given URL, [code]ws://host[:port][/path][/code] or [code]wss://[/code]. [param tls_client_options]
    /// ([method TLSOptions.client], [method TLSOptions.client_unsafe]) customise which certificates are trusted; without them
    /// the server must be one that the operating system trusts, or the project's own bundle if it sets one. User name and
    /// password in the URL become an [code]Authorization[/code] header.
    ///
    /// Returns [constant OK] when connecting has begun, [constant ERR_INVALID_PARAMETER] for what is no URL, for wrong
    /// [member handshake_headers] and for certificates that cannot be read, [constant ERR_ALREADY_IN_USE] while connecting or connected, [constant FAILED] when the
    /// system refuses at once.
    #[func]
    fn connect_to_url(
        &self,
        url: GString,
        #[opt(default = OptionalTls::NONE)] tls_client_options: OptionalTls,
    ) -> GodotError {
        // Outside the lock: the engine's objects are asked.
        let texts = self.peer.with(TlsTexts::default(), |scripted| scripted.tls.clone());
        let url = url.to_string();
        let tls = texts.client_for(&url, tls_client_options.0.as_ref());
        self.run(|peer| {
            let tls = peer.record_error(tls)?;
            peer.connect_to_url(&url, tls)
        })
    }

    /// Accepts a connection as a WebSocket server, on a [RustStreamPeerTCP] from [method RustTCPServer.take_connection], on a
    /// [RustStreamPeerTLS] from [method RustStreamPeerTLS.accept_stream], or on one of the engine's own [StreamPeerTCP] or
    /// [StreamPeerTLS]. The handshake happens in [method poll].
    #[func]
    fn accept_stream(&self, stream: Option<Gd<StreamPeer>>) -> GodotError {
        if !stream.as_ref().is_some_and(streams::is_own_socket) {
            self.peer.set_calls_scripts();
        }
        self.run(|peer| {
            let result = try_accept(peer, stream);
            peer.record_error(result)
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
        send_message(&this, |peer| peer.send(kind(write_mode), message.as_slice()))
    }

    /// Sends the given message uncompressed even where compression is active: for content that is compressed already or that
    /// must not share a compression window with data an attacker controls. See [method send].
    #[func(gd_self)]
    fn send_uncompressed(
        this: Gd<Self>,
        message: PackedByteArray,
        #[opt(default = WriteMode::BINARY)] write_mode: WriteMode,
    ) -> GodotError {
        send_message(&this, |peer| peer.send_uncompressed(kind(write_mode), message.as_slice()))
    }

    /// Sends the given message as text; see [method send].
    #[func(gd_self)]
    fn send_text(this: Gd<Self>, message: GString) -> GodotError {
        utf8::with(&message, |text| send_message(&this, |peer| peer.send_text(text)))
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

    /// Returns the oldest packet that waits and removes it, or an empty array where none does, as
    /// [method get_packet_error] tells. The engine's own method of this name, which other parts of the engine call, does the
    /// same; scripts reach it sooner here.
    #[func(gd_self, rename = get_packet)]
    fn take_packet(this: Gd<Self>) -> PackedByteArray {
        with(&this, PackedByteArray::new(), Scripted::take_packet)
    }

    /// Returns the error of the last [method get_packet]: [constant ERR_UNAVAILABLE] where no packet waited, [constant FAILED]
    /// where none waited and the connection is not open.
    #[func(gd_self, rename = get_packet_error)]
    fn packet_error(this: Gd<Self>) -> GodotError {
        with(&this, None, |scripted| scripted.packet_error).map_or(GodotError::OK, convert::code)
    }

    /// Returns [code]true[/code] if the packet read last was sent as text.
    #[func(gd_self)]
    fn was_string_packet(this: Gd<Self>) -> bool {
        with(&this, false, |scripted| scripted.peer.was_string_packet())
    }
}
