//! `RustWebSocketPeer`: the class, its properties, and what the engine calls itself.

#![expect(unsafe_code, reason = "the engine passes packets by pointer")]

mod frequent_methods;
mod handshake;
mod messages;
pub mod method_registration;
mod opening;
mod peer_object;
mod pointer_calls;
mod status;

use std::sync::Arc;

use godot::classes::{IPacketPeerExtension, PacketPeerExtension};
use godot::global::Error as GodotError;
use godot::prelude::*;
use godot_core::meta::RawPtr;

use super::object_lock::ObjectLock;
use super::object_registry::{ObjectField, object_of_class, with_object};
use super::tls::TlsTexts;
use super::{convert, engine_pointers, frame_flush};
use crate::error::Result;
use crate::net::Proxies;
use crate::peer::{Options, WebSocketPeer};
use crate::proto::frame::MessageKind;

pub use peer_object::PeerObject;

/// A WebSocket connection as a client or as one connection of a server, with the members of Godot's [WebSocketPeer].
///
/// As a client, call [method connect_to_url]; as a server, pass what [method RustTCPServer.take_connection] returns to
/// [method accept_stream]. Then call [method poll] regularly, check [method get_ready_state], and read packets with
/// [method PacketPeer.get_packet] while [method PacketPeer.get_available_packet_count] is not zero.
///
/// [b]Differences from [WebSocketPeer]:[/b] packets that arrived before the connection closed stay readable until the next
/// connection; wrong calls print nothing, and [method get_error_message] explains them; invalid property values are refused,
/// and the property keeps its value. See [code]MIGRATING.md[/code] for all differences.
///
/// Any method may be called from any thread; calls on one object wait for each other.
#[derive(GodotClass)]
#[class(tool, init, base = PacketPeerExtension)]
pub struct RustWebSocketPeer {
    peer: ObjectField<PeerObject>,

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

    /// Seconds for the name lookup and the TCP connection, 0 for no limit. Default 30. Used by the next connection.
    #[var(get = get_connect_timeout, set = set_connect_timeout)]
    connect_timeout: PhantomVar<f64>,

    /// Seconds from the TCP connection on for a proxy's tunnel, TLS and the HTTP upgrade, 0 for no limit. Default 10.
    #[var(get = get_handshake_timeout, set = set_handshake_timeout)]
    handshake_timeout: PhantomVar<f64>,

    /// Accepts requests as a server without asking. If [code]false[/code], the peer stays [constant STATE_CONNECTING] with the
    /// request readable in [method get_request] until [method accept_request] or [method reject_request]. Default
    /// [code]true[/code].
    #[var(get = get_auto_accept, set = set_auto_accept)]
    auto_accept: PhantomVar<bool>,

    /// Origins of the pages that browsers may connect from, such as [code]"https://game.example"[/code]; empty (the default)
    /// for all. Others are answered with status 403. Programs that send no [code]Origin[/code] header are always let in.
    #[var(get = get_allowed_origins, set = set_allowed_origins)]
    allowed_origins: PhantomVar<PackedStringArray>,

    /// HTTP proxy for [code]ws://[/code], [code]"[http://][user:password@]host[:port]"[/code], that is asked for a tunnel
    /// (CONNECT); empty (the default) for none. What is no proxy's address is refused. Used by the next connection.
    #[var(get = get_http_proxy, set = set_http_proxy)]
    http_proxy: PhantomVar<GString>,

    /// HTTP proxy for [code]wss://[/code]; see [member http_proxy].
    #[var(get = get_https_proxy, set = set_https_proxy)]
    https_proxy: PhantomVar<GString>,

    /// Hosts that are connected to without a proxy, separated by commas: names with all that end in them, IP addresses,
    /// networks ([code]10.0.0.0/8[/code]), or [code]*[/code] for all.
    #[var(get = get_no_proxy, set = set_no_proxy)]
    no_proxy: PhantomVar<GString>,

    /// Certificates that are trusted for [code]wss://[/code], several one behind the other, in PEM format (for example
    /// [code]FileAccess.get_file_as_string("res://authorities.crt")[/code]). Empty (the default) for those of the
    /// [TLSOptions], or else of the operating system.
    #[var(get = get_tls_trusted_certificates, set = set_tls_trusted_certificates)]
    tls_trusted_certificates: PhantomVar<GString>,

    /// The certificate that this client proves its identity with to servers that ask (mutual TLS), followed by those that lead
    /// to an authority, in PEM format; empty (the default) for none.
    #[var(get = get_tls_certificate, set = set_tls_certificate)]
    tls_certificate: PhantomVar<GString>,

    /// The private key of [member tls_certificate] in PEM format: RSA, ECDSA (P-256, P-384) or Ed25519.
    #[var(get = get_tls_private_key, set = set_tls_private_key)]
    tls_private_key: PhantomVar<GString>,

    base: Base<PacketPeerExtension>,
}

object_of_class! { RustWebSocketPeer.peer: PeerObject }

impl RustWebSocketPeer {
    /// Returns an instance for a connection that another object drives.
    pub fn sharing(object: Arc<ObjectLock<PeerObject>>) -> Gd<Self> {
        let mut this = Self::new_gd();
        this.bind_mut().peer = ObjectField::sharing(object);
        this
    }

    /// Runs a call that returns an error number.
    fn run(&self, call: impl FnOnce(&mut WebSocketPeer) -> Result) -> GodotError {
        self.peer.with(GodotError::ERR_BUSY, |object| convert::error(&call(&mut object.peer)))
    }

    /// Sets a property; `get_error_message()` explains a refused value.
    fn set(&self, set: impl FnOnce(&mut Options) -> Result) {
        self.run(|peer| {
            let result = set(&mut peer.options);
            peer.record_error(result)
        });
    }

    /// Runs a query.
    fn ask<R: Default>(&self, call: impl FnOnce(&mut WebSocketPeer) -> R) -> R {
        self.peer.with(R::default(), |object| call(&mut object.peer))
    }

    fn set_proxies(&self, change: impl FnOnce(&mut Proxies)) {
        self.set(|options| {
            let mut proxies = options.proxies.clone();
            change(&mut proxies);
            options.set_proxies(proxies)
        });
    }

    fn tls_text(&self, text: impl FnOnce(&TlsTexts) -> &String) -> GString {
        self.peer.with(GString::new(), |object| convert::text(text(&object.tls)))
    }

    fn set_tls_text(&self, text: impl FnOnce(&mut TlsTexts) -> &mut String, value: &GString) {
        self.peer.with((), |object| *text(&mut object.tls) = value.to_string());
    }
}

#[godot_api]
impl RustWebSocketPeer {
    /// Emitted in [method poll] when queued data has been written to the network completely, so that a sender whose message was
    /// refused, or that waits for [method is_drained], can continue.
    #[signal]
    fn drained();

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
    fn get_connect_timeout(&self) -> f64 {
        self.ask(|peer| peer.options.connect_timeout.as_secs_f64())
    }

    #[func]
    fn set_connect_timeout(&self, value: f64) {
        self.set(|options| options.set_connect_timeout(value));
    }

    #[func]
    fn get_handshake_timeout(&self) -> f64 {
        self.ask(|peer| peer.options.handshake_timeout.as_secs_f64())
    }

    #[func]
    fn set_handshake_timeout(&self, value: f64) {
        self.set(|options| options.set_handshake_timeout(value));
    }

    #[func]
    fn get_auto_accept(&self) -> bool {
        self.ask(|peer| peer.options.auto_accept)
    }

    #[func]
    fn set_auto_accept(&self, value: bool) {
        self.set(|options| {
            options.auto_accept = value;
            Ok(())
        });
    }

    #[func]
    fn get_allowed_origins(&self) -> PackedStringArray {
        self.ask(|peer| convert::packed(&peer.options.allowed_origins))
    }

    #[func]
    fn set_allowed_origins(&self, value: PackedStringArray) {
        self.set(|options| {
            options.allowed_origins = convert::strings(&value);
            Ok(())
        });
    }

    #[func]
    fn get_http_proxy(&self) -> GString {
        self.ask(|peer| convert::text(&peer.options.proxies.http))
    }

    #[func]
    fn set_http_proxy(&self, value: GString) {
        self.set_proxies(|proxies| proxies.http = value.to_string());
    }

    #[func]
    fn get_https_proxy(&self) -> GString {
        self.ask(|peer| convert::text(&peer.options.proxies.https))
    }

    #[func]
    fn set_https_proxy(&self, value: GString) {
        self.set_proxies(|proxies| proxies.https = value.to_string());
    }

    #[func]
    fn get_no_proxy(&self) -> GString {
        self.ask(|peer| convert::text(&peer.options.proxies.no_proxy))
    }

    #[func]
    fn set_no_proxy(&self, value: GString) {
        self.set_proxies(|proxies| proxies.no_proxy = value.to_string());
    }

    #[func]
    fn get_tls_trusted_certificates(&self) -> GString {
        self.tls_text(|tls| &tls.trusted_certificates)
    }

    #[func]
    fn set_tls_trusted_certificates(&self, value: GString) {
        self.set_tls_text(|tls| &mut tls.trusted_certificates, &value);
    }

    #[func]
    fn get_tls_certificate(&self) -> GString {
        self.tls_text(|tls| &tls.certificate)
    }

    #[func]
    fn set_tls_certificate(&self, value: GString) {
        self.set_tls_text(|tls| &mut tls.certificate, &value);
    }

    #[func]
    fn get_tls_private_key(&self) -> GString {
        self.tls_text(|tls| &tls.private_key)
    }

    #[func]
    fn set_tls_private_key(&self, value: GString) {
        self.set_tls_text(|tls| &mut tls.private_key, &value);
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
        with_object(&this, GodotError::ERR_BUSY, |object| {
            engine_pointers::lend_copy(object.peer.take_packet(), r_buffer, r_buffer_size)
        })
    }

    #[func(gd_self)]
    unsafe fn put_packet_rawptr(this: Gd<Self>, p_buffer: RawPtr<*const u8>, p_buffer_size: i32) -> GodotError {
        let payload = engine_pointers::data(p_buffer, p_buffer_size);
        frame_flush::send(&this, |object| object.peer.send(MessageKind::Binary, payload))
    }

    fn get_available_packet_count(&self) -> i32 {
        convert::integer32(self.ask(|peer| peer.packet_count()))
    }

    fn get_max_packet_size(&self) -> i32 {
        convert::limit32(self.ask(|peer| peer.options.outbound_buffer_size))
    }
}
