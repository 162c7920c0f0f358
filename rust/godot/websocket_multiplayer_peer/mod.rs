//! `RustWebSocketMultiplayerPeer`: the class, its properties and signal, and what the engine calls itself.

#![expect(unsafe_code, reason = "the engine passes packets by pointer")]

mod room_methods;
mod room_object;

use godot::classes::multiplayer_peer::{ConnectionStatus, TransferMode};
use godot::classes::{IMultiplayerPeerExtension, MultiplayerPeer as EngineMultiplayerPeer, MultiplayerPeerExtension};
use godot::global::Error as GodotError;
use godot::prelude::*;
use godot_core::meta::RawPtr;

use super::multiplayer_virtuals::{MultiplayerObject, multiplayer_virtuals};
use super::object_registry::{ObjectClass, ObjectField, object_of_class, with_object};
use super::{convert, engine_pointers, frame_flush};
use crate::error::Result;
use crate::net::Proxies;
use crate::peer::room::RoomEvent;
use crate::peer::{MultiplayerPeer, Options};

use room_object::{RoomObject, SharedPeerCell};

/// Godot's high-level multiplayer over WebSocket, with the members of Godot's [WebSocketMultiplayerPeer]. Both classes send the
/// same bytes, so clients and servers of either class can play together.
///
/// Call [method create_server] or [method create_client] and set [member MultiplayerAPI.multiplayer_peer]. The server has the
/// id 1, each client gets a random one. Every packet is reliable and ordered, whatever the value of
/// [member MultiplayerPeer.transfer_mode] is.
///
/// [b]Differences from [WebSocketMultiplayerPeer]:[/b] packets that a peer sent before it left can still be read;
/// [method MultiplayerPeer.close] sends a close frame; a packet that could not be sent returns an error; a client that gets no id
/// within [member handshake_timeout] gives up; while [member MultiplayerPeer.refuse_new_connections] is set, clients are refused
/// with HTTP status 503 instead of waiting; wrong calls print nothing, and [method get_error_message] explains them. See
/// [code]MIGRATING.md[/code] for all differences.
///
/// Any method may be called from any thread; calls on one object wait for each other.
#[derive(GodotClass)]
#[class(tool, init, base = MultiplayerPeerExtension)]
pub struct RustWebSocketMultiplayerPeer {
    room: ObjectField<RoomObject>,

    /// The WebSocket sub-protocols allowed during the handshake, in order of preference on a client. As all settings, used by the
    /// connections made from then on.
    #[var(get = get_supported_protocols, set = set_supported_protocols)]
    supported_protocols: PhantomVar<PackedStringArray>,

    /// Header lines ([code]"Name: value"[/code]) added to the handshake, by a client to its request, by a server to its answers.
    /// Lines that are no headers make [method create_client] and [method create_server] return [constant ERR_INVALID_PARAMETER].
    #[var(get = get_handshake_headers, set = set_handshake_headers)]
    handshake_headers: PhantomVar<PackedStringArray>,

    /// The size of the input buffer of each connection in bytes: the largest packet that is received, and the amount of unread
    /// packets of one peer above which reading from it pauses. Default 65535; negative values are refused.
    #[var(get = get_inbound_buffer_size, set = set_inbound_buffer_size)]
    inbound_buffer_size: PhantomVar<i64>,

    /// The size of the output buffer of each connection in bytes. A packet that does not fit is refused with
    /// [constant ERR_OUT_OF_MEMORY]. 0 or less for no limit. Default 65535.
    #[var(get = get_outbound_buffer_size, set = set_outbound_buffer_size)]
    outbound_buffer_size: PhantomVar<i64>,

    /// Seconds from the connection of a client to the moment it has its id, on a client from [method create_client] on. Who takes
    /// longer is dropped. Default 3; must be greater than 0.
    #[var(get = get_handshake_timeout, set = set_handshake_timeout)]
    handshake_timeout: PhantomVar<f64>,

    /// The maximum amount of packets in the queues of each connection, inbound and outbound each. Default 4096; negative values are
    /// refused.
    #[var(get = get_max_queued_packets, set = set_max_queued_packets)]
    max_queued_packets: PhantomVar<i64>,

    /// Clients that a server admits at the same time; 0 (the default) for no limit. Further ones get HTTP status 503. Negative values
    /// are refused.
    #[var(get = get_max_clients, set = set_max_clients)]
    max_clients: PhantomVar<i64>,

    /// Whether a server accepts requests by itself. If [code]false[/code], [signal peer_requested] is emitted for each, and the client
    /// waits until [code]get_peer(id).accept_request()[/code] or [code]get_peer(id).reject_request(...)[/code] is called, at most for
    /// [member handshake_timeout]. Default [code]true[/code].
    #[var(get = get_auto_accept, set = set_auto_accept)]
    auto_accept: PhantomVar<bool>,

    /// Seconds between pings to each peer; 0 (the default) for none. A peer from which nothing arrives for
    /// [member heartbeat_timeout] after a ping is disconnected; [method get_round_trip_time] tells how far away the others are.
    #[var(get = get_heartbeat_interval, set = set_heartbeat_interval)]
    heartbeat_interval: PhantomVar<f64>,

    /// Seconds without any sign of life after a ping that end a connection; 0 (the default) for as long as
    /// [member heartbeat_interval].
    #[var(get = get_heartbeat_timeout, set = set_heartbeat_timeout)]
    heartbeat_timeout: PhantomVar<f64>,

    /// Seconds for a peer to answer a close frame before its connection is dropped. Default 5.
    #[var(get = get_close_timeout, set = set_close_timeout)]
    close_timeout: PhantomVar<f64>,

    /// Offers (client) or accepts (server) permessage-deflate (RFC 7692). Used where both ends have it; the engine's class never does.
    /// Default [code]false[/code].
    #[var(get = get_compression_enabled, set = set_compression_enabled)]
    compression_enabled: PhantomVar<bool>,

    /// Compression level from 0 (store) over 1 (fastest) to 9 (smallest). Default 6.
    #[var(get = get_compression_level, set = set_compression_level)]
    compression_level: PhantomVar<i64>,

    /// Packets shorter than this many bytes are sent uncompressed. Default 128.
    #[var(get = get_compression_threshold, set = set_compression_threshold)]
    compression_threshold: PhantomVar<i64>,

    /// Keeps what earlier packets contained for the compression of later ones: better compression for about 340 KiB per connection.
    /// Default [code]true[/code].
    #[var(get = get_compression_context_takeover, set = set_compression_context_takeover)]
    compression_context_takeover: PhantomVar<bool>,

    /// Values of the [code]Origin[/code] header from which a server accepts requests; all where empty (the default). Requests without
    /// the header, which programs that are no browsers send, are always accepted.
    #[var(get = get_allowed_origins, set = set_allowed_origins)]
    allowed_origins: PhantomVar<PackedStringArray>,

    /// HTTP proxy of a client for [code]ws://[/code]; see [member RustWebSocketPeer.http_proxy].
    #[var(get = get_http_proxy, set = set_http_proxy)]
    http_proxy: PhantomVar<GString>,

    /// HTTP proxy of a client for [code]wss://[/code]; see [member RustWebSocketPeer.http_proxy].
    #[var(get = get_https_proxy, set = set_https_proxy)]
    https_proxy: PhantomVar<GString>,

    base: Base<MultiplayerPeerExtension>,
}

object_of_class! { RustWebSocketMultiplayerPeer.room: RoomObject }

impl RustWebSocketMultiplayerPeer {
    /// Runs a query.
    fn ask<R: Default>(&self, call: impl FnOnce(&mut MultiplayerPeer<SharedPeerCell>) -> R) -> R {
        self.room.with(R::default(), |object| call(&mut object.room))
    }

    /// Polls, then emits a signal for each event. No lock is held while handlers run, so they may call any method, and each event
    /// takes effect when its signal is emitted.
    fn poll_and_emit(this: Gd<Self>) {
        with_object(&this, (), |object| object.room.poll());
        while let Some(event) = with_object(&this, None, |object| object.room.next_event()) {
            Self::emit(&this, &event);
        }
    }

    fn emit(this: &Gd<Self>, event: &RoomEvent) {
        let base = this.clone().upcast::<EngineMultiplayerPeer>();
        match *event {
            RoomEvent::Requested(id) => this.signals().peer_requested().emit(i64::from(id)),
            RoomEvent::Connected(id) => base.signals().peer_connected().emit(i64::from(id)),
            RoomEvent::Disconnected(id) => base.signals().peer_disconnected().emit(i64::from(id)),
        }
    }

    /// Sets a property; `get_error_message()` explains a refused value.
    fn set(&self, set: impl FnOnce(&mut Options) -> Result) {
        self.ask(|room| {
            let result = set(&mut room.options);
            // A property has no return value.
            let _refused = room.record_error(result);
        });
    }

    fn set_proxies(&self, change: impl FnOnce(&mut Proxies)) {
        self.set(|options| {
            let mut proxies = options.proxies.clone();
            change(&mut proxies);
            options.set_proxies(proxies)
        });
    }
}

#[godot_api]
impl RustWebSocketMultiplayerPeer {
    /// Emitted by a server in [method MultiplayerPeer.poll] when a client's request has arrived and [member auto_accept] is
    /// [code]false[/code]. [method get_peer] returns the connection, with [method RustWebSocketPeer.get_requested_url] and the other members
    /// about the request. [param id] is the client's id if it is accepted.
    #[signal]
    fn peer_requested(id: i64);

    #[func]
    fn get_supported_protocols(&self) -> PackedStringArray {
        self.ask(|room| convert::packed(&room.options.supported_protocols))
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
        self.ask(|room| convert::packed(&room.options.handshake_headers))
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
        self.ask(|room| convert::integer(room.options.inbound_buffer_size))
    }

    #[func]
    fn set_inbound_buffer_size(&self, buffer_size: i64) {
        self.set(|options| options.set_inbound_buffer_size(buffer_size));
    }

    #[func]
    fn get_outbound_buffer_size(&self) -> i64 {
        self.ask(|room| convert::integer(room.options.outbound_buffer_size))
    }

    #[func]
    fn set_outbound_buffer_size(&self, buffer_size: i64) {
        self.set(|options| {
            options.set_outbound_buffer_size(buffer_size);
            Ok(())
        });
    }

    #[func]
    fn get_handshake_timeout(&self) -> f64 {
        self.ask(|room| room.options.handshake_timeout.as_secs_f64())
    }

    #[func]
    fn set_handshake_timeout(&self, timeout: f64) {
        // A property has no return value.
        let _refused = self.ask(|room| Some(room.set_handshake_timeout(timeout)));
    }

    #[func]
    fn get_max_queued_packets(&self) -> i64 {
        self.ask(|room| convert::integer(room.options.max_queued_packets))
    }

    #[func]
    fn set_max_queued_packets(&self, max_queued_packets: i64) {
        self.set(|options| options.set_max_queued_packets(max_queued_packets));
    }

    #[func]
    fn get_max_clients(&self) -> i64 {
        self.ask(|room| convert::integer(room.max_clients))
    }

    #[func]
    fn set_max_clients(&self, value: i64) {
        // A property has no return value.
        let _refused = self.ask(|room| Some(room.set_max_clients(value)));
    }

    #[func]
    fn get_auto_accept(&self) -> bool {
        self.ask(|room| room.options.auto_accept)
    }

    #[func]
    fn set_auto_accept(&self, value: bool) {
        self.set(|options| {
            options.auto_accept = value;
            Ok(())
        });
    }

    #[func]
    fn get_heartbeat_interval(&self) -> f64 {
        self.ask(|room| room.options.heartbeat_interval.as_secs_f64())
    }

    #[func]
    fn set_heartbeat_interval(&self, interval: f64) {
        self.set(|options| options.set_heartbeat_interval(interval));
    }

    #[func]
    fn get_heartbeat_timeout(&self) -> f64 {
        self.ask(|room| room.options.heartbeat_timeout.as_secs_f64())
    }

    #[func]
    fn set_heartbeat_timeout(&self, value: f64) {
        self.set(|options| options.set_heartbeat_timeout(value));
    }

    #[func]
    fn get_close_timeout(&self) -> f64 {
        self.ask(|room| room.options.close_timeout.as_secs_f64())
    }

    #[func]
    fn set_close_timeout(&self, value: f64) {
        self.set(|options| options.set_close_timeout(value));
    }

    #[func]
    fn get_compression_enabled(&self) -> bool {
        self.ask(|room| room.options.compression_enabled)
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
        self.ask(|room| i64::from(room.options.compression_level))
    }

    #[func]
    fn set_compression_level(&self, value: i64) {
        self.set(|options| options.set_compression_level(value));
    }

    #[func]
    fn get_compression_threshold(&self) -> i64 {
        self.ask(|room| convert::integer(room.options.compression_threshold))
    }

    #[func]
    fn set_compression_threshold(&self, value: i64) {
        self.set(|options| options.set_compression_threshold(value));
    }

    #[func]
    fn get_compression_context_takeover(&self) -> bool {
        self.ask(|room| room.options.compression_context_takeover)
    }

    #[func]
    fn set_compression_context_takeover(&self, value: bool) {
        self.set(|options| {
            options.compression_context_takeover = value;
            Ok(())
        });
    }

    #[func]
    fn get_allowed_origins(&self) -> PackedStringArray {
        self.ask(|room| convert::packed(&room.options.allowed_origins))
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
        self.ask(|room| convert::text(&room.options.proxies.http))
    }

    #[func]
    fn set_http_proxy(&self, value: GString) {
        self.set_proxies(|proxies| proxies.http = value.to_string());
    }

    #[func]
    fn get_https_proxy(&self) -> GString {
        self.ask(|room| convert::text(&room.options.proxies.https))
    }

    #[func]
    fn set_https_proxy(&self, value: GString) {
        self.set_proxies(|proxies| proxies.https = value.to_string());
    }
}

multiplayer_virtuals! {
    RustWebSocketMultiplayerPeer.room {
        fn close(&mut self) {
            self.room.with((), |object| object.room.close());
        }

        fn disconnect_peer(&mut self, p_peer: i32, p_force: bool) {
            // The engine's signature has no return value; get_error_message() returns the text.
            let _refused = self.ask(|room| Some(room.disconnect_peer(p_peer, p_force)));
        }

        #[func(gd_self)]
        fn set_refuse_new_connections(this: Gd<Self>, p_enable: bool) {
            with_object(&this, (), |object| object.room.refuse_new_connections = p_enable);
        }

        // Not by `Gd`: the editor reads defaults from instances without a reference, and a handle would free them.
        fn is_refusing_new_connections(&self) -> bool {
            self.ask(|room| room.refuse_new_connections)
        }
    }
}
