/* Written by the build script from rust/peer/options/table.rs ('make header'); do not edit. */

/* DEFAULT(object, struct, field, value): the default of an option of an object. */
#define FOR_EACH_DEFAULT(DEFAULT) \
    DEFAULT(peer, wsp_peer_options, inbound_buffer_size, 65535) \
    DEFAULT(client, wsp_peer_options, inbound_buffer_size, 65536) \
    DEFAULT(server, wsp_peer_options, inbound_buffer_size, 65536) \
    DEFAULT(room, wsp_peer_options, inbound_buffer_size, 65535) \
    DEFAULT(peer, wsp_peer_options, outbound_buffer_size, 65535) \
    DEFAULT(client, wsp_peer_options, outbound_buffer_size, 65535) \
    DEFAULT(server, wsp_peer_options, outbound_buffer_size, 65535) \
    DEFAULT(room, wsp_peer_options, outbound_buffer_size, 65535) \
    DEFAULT(peer, wsp_peer_options, max_queued_packets, 4096) \
    DEFAULT(client, wsp_peer_options, max_queued_packets, 1024) \
    DEFAULT(server, wsp_peer_options, max_queued_packets, 1024) \
    DEFAULT(room, wsp_peer_options, max_queued_packets, 4096) \
    DEFAULT(peer, wsp_peer_options, heartbeat_interval, 0) \
    DEFAULT(client, wsp_peer_options, heartbeat_interval, 0) \
    DEFAULT(server, wsp_peer_options, heartbeat_interval, 0) \
    DEFAULT(room, wsp_peer_options, heartbeat_interval, 0) \
    DEFAULT(peer, wsp_peer_options, connect_timeout, 30) \
    DEFAULT(client, wsp_peer_options, connect_timeout, 30) \
    DEFAULT(peer, wsp_peer_options, handshake_timeout, 10) \
    DEFAULT(client, wsp_peer_options, handshake_timeout, 10) \
    DEFAULT(server, wsp_peer_options, handshake_timeout, 3) \
    DEFAULT(room, wsp_peer_options, handshake_timeout, 3) \
    DEFAULT(peer, wsp_peer_options, close_timeout, 5) \
    DEFAULT(client, wsp_peer_options, close_timeout, 5) \
    DEFAULT(server, wsp_peer_options, close_timeout, 5) \
    DEFAULT(room, wsp_peer_options, close_timeout, 5) \
    DEFAULT(peer, wsp_peer_options, heartbeat_timeout, 0) \
    DEFAULT(client, wsp_peer_options, heartbeat_timeout, 0) \
    DEFAULT(server, wsp_peer_options, heartbeat_timeout, 0) \
    DEFAULT(room, wsp_peer_options, heartbeat_timeout, 0) \
    DEFAULT(peer, wsp_peer_options, max_frame_size, 0) \
    DEFAULT(client, wsp_peer_options, max_frame_size, 0) \
    DEFAULT(server, wsp_peer_options, max_frame_size, 0) \
    DEFAULT(room, wsp_peer_options, max_frame_size, 0) \
    DEFAULT(peer, wsp_peer_options, stream_messages, 0) \
    DEFAULT(peer, wsp_peer_options, compression_enabled, 0) \
    DEFAULT(client, wsp_peer_options, compression_enabled, 0) \
    DEFAULT(server, wsp_peer_options, compression_enabled, 0) \
    DEFAULT(room, wsp_peer_options, compression_enabled, 0) \
    DEFAULT(peer, wsp_peer_options, compression_context_takeover, 1) \
    DEFAULT(client, wsp_peer_options, compression_context_takeover, 1) \
    DEFAULT(server, wsp_peer_options, compression_context_takeover, 1) \
    DEFAULT(room, wsp_peer_options, compression_context_takeover, 1) \
    DEFAULT(peer, wsp_peer_options, compression_max_window_bits, 15) \
    DEFAULT(client, wsp_peer_options, compression_max_window_bits, 15) \
    DEFAULT(server, wsp_peer_options, compression_max_window_bits, 15) \
    DEFAULT(room, wsp_peer_options, compression_max_window_bits, 15) \
    DEFAULT(peer, wsp_peer_options, compression_level, 6) \
    DEFAULT(client, wsp_peer_options, compression_level, 6) \
    DEFAULT(server, wsp_peer_options, compression_level, 6) \
    DEFAULT(room, wsp_peer_options, compression_level, 6) \
    DEFAULT(peer, wsp_peer_options, compression_threshold, 128) \
    DEFAULT(client, wsp_peer_options, compression_threshold, 128) \
    DEFAULT(server, wsp_peer_options, compression_threshold, 128) \
    DEFAULT(room, wsp_peer_options, compression_threshold, 128) \
    DEFAULT(peer, wsp_peer_options, auto_accept, 1) \
    DEFAULT(server, wsp_peer_options, auto_accept, 1) \
    DEFAULT(room, wsp_peer_options, auto_accept, 1) \
    DEFAULT(peer, wsp_peer_options, allow_no_protocol, 0) \
    DEFAULT(client, wsp_peer_options, allow_no_protocol, 0) \
    DEFAULT(server, wsp_peer_options, allow_no_protocol, 0) \
    DEFAULT(room, wsp_peer_options, allow_no_protocol, 0) \
    DEFAULT(peer, wsp_peer_options, max_redirects, 0) \
    DEFAULT(client, wsp_peer_options, max_redirects, 0) \
    DEFAULT(room, wsp_peer_options, max_redirects, 0) \
    DEFAULT(peer, wsp_peer_options, max_handshake_size, 16384) \
    DEFAULT(client, wsp_peer_options, max_handshake_size, 16384) \
    DEFAULT(server, wsp_peer_options, max_handshake_size, 16384) \
    DEFAULT(room, wsp_peer_options, max_handshake_size, 16384) \
    DEFAULT(server, wsp_server_options, max_clients, 0) \
    DEFAULT(client, wsp_reconnect_options, delay, 0.5) \
    DEFAULT(client, wsp_reconnect_options, factor, 2) \
    DEFAULT(client, wsp_reconnect_options, max_delay, 30) \
    DEFAULT(client, wsp_reconnect_options, jitter, 0.5) \
    DEFAULT(client, wsp_reconnect_options, max_attempts, 0) \
    DEFAULT(client, wsp_reconnect_options, enabled, 0)

/* REFUSED(object, struct, field, value, message): a value that an option of an object refuses. */
#define FOR_EACH_REFUSED_VALUE(REFUSED) \
    REFUSED(peer, wsp_peer_options, heartbeat_interval, -1, "heartbeat_interval must be from 0 to 31536000 seconds, not -1") \
    REFUSED(peer, wsp_peer_options, heartbeat_interval, 31536001, "heartbeat_interval must be from 0 to 31536000 seconds, not 31536001") \
    REFUSED(client, wsp_peer_options, heartbeat_interval, -1, "heartbeat_interval must be from 0 to 31536000 seconds, not -1") \
    REFUSED(client, wsp_peer_options, heartbeat_interval, 31536001, "heartbeat_interval must be from 0 to 31536000 seconds, not 31536001") \
    REFUSED(server, wsp_peer_options, heartbeat_interval, -1, "heartbeat_interval must be from 0 to 31536000 seconds, not -1") \
    REFUSED(server, wsp_peer_options, heartbeat_interval, 31536001, "heartbeat_interval must be from 0 to 31536000 seconds, not 31536001") \
    REFUSED(room, wsp_peer_options, heartbeat_interval, -1, "heartbeat_interval must be from 0 to 31536000 seconds, not -1") \
    REFUSED(room, wsp_peer_options, heartbeat_interval, 31536001, "heartbeat_interval must be from 0 to 31536000 seconds, not 31536001") \
    REFUSED(peer, wsp_peer_options, connect_timeout, -1, "connect_timeout must be from 0 to 31536000 seconds, not -1") \
    REFUSED(peer, wsp_peer_options, connect_timeout, 31536001, "connect_timeout must be from 0 to 31536000 seconds, not 31536001") \
    REFUSED(client, wsp_peer_options, connect_timeout, -1, "connect_timeout must be from 0 to 31536000 seconds, not -1") \
    REFUSED(client, wsp_peer_options, connect_timeout, 31536001, "connect_timeout must be from 0 to 31536000 seconds, not 31536001") \
    REFUSED(peer, wsp_peer_options, handshake_timeout, -1, "handshake_timeout must be from 0 to 31536000 seconds, not -1") \
    REFUSED(peer, wsp_peer_options, handshake_timeout, 31536001, "handshake_timeout must be from 0 to 31536000 seconds, not 31536001") \
    REFUSED(client, wsp_peer_options, handshake_timeout, -1, "handshake_timeout must be from 0 to 31536000 seconds, not -1") \
    REFUSED(client, wsp_peer_options, handshake_timeout, 31536001, "handshake_timeout must be from 0 to 31536000 seconds, not 31536001") \
    REFUSED(server, wsp_peer_options, handshake_timeout, -1, "handshake_timeout must be more than 0 and at most 31536000 seconds, not -1") \
    REFUSED(server, wsp_peer_options, handshake_timeout, 31536001, "handshake_timeout must be more than 0 and at most 31536000 seconds, not 31536001") \
    REFUSED(server, wsp_peer_options, handshake_timeout, 0, "handshake_timeout must be more than 0 and at most 31536000 seconds, not 0") \
    REFUSED(room, wsp_peer_options, handshake_timeout, -1, "handshake_timeout must be more than 0 and at most 31536000 seconds, not -1") \
    REFUSED(room, wsp_peer_options, handshake_timeout, 31536001, "handshake_timeout must be more than 0 and at most 31536000 seconds, not 31536001") \
    REFUSED(room, wsp_peer_options, handshake_timeout, 0, "handshake_timeout must be more than 0 and at most 31536000 seconds, not 0") \
    REFUSED(peer, wsp_peer_options, close_timeout, -1, "close_timeout must be from 0 to 31536000 seconds, not -1") \
    REFUSED(peer, wsp_peer_options, close_timeout, 31536001, "close_timeout must be from 0 to 31536000 seconds, not 31536001") \
    REFUSED(client, wsp_peer_options, close_timeout, -1, "close_timeout must be from 0 to 31536000 seconds, not -1") \
    REFUSED(client, wsp_peer_options, close_timeout, 31536001, "close_timeout must be from 0 to 31536000 seconds, not 31536001") \
    REFUSED(server, wsp_peer_options, close_timeout, -1, "close_timeout must be from 0 to 31536000 seconds, not -1") \
    REFUSED(server, wsp_peer_options, close_timeout, 31536001, "close_timeout must be from 0 to 31536000 seconds, not 31536001") \
    REFUSED(room, wsp_peer_options, close_timeout, -1, "close_timeout must be from 0 to 31536000 seconds, not -1") \
    REFUSED(room, wsp_peer_options, close_timeout, 31536001, "close_timeout must be from 0 to 31536000 seconds, not 31536001") \
    REFUSED(peer, wsp_peer_options, heartbeat_timeout, -1, "heartbeat_timeout must be from 0 to 31536000 seconds, not -1") \
    REFUSED(peer, wsp_peer_options, heartbeat_timeout, 31536001, "heartbeat_timeout must be from 0 to 31536000 seconds, not 31536001") \
    REFUSED(client, wsp_peer_options, heartbeat_timeout, -1, "heartbeat_timeout must be from 0 to 31536000 seconds, not -1") \
    REFUSED(client, wsp_peer_options, heartbeat_timeout, 31536001, "heartbeat_timeout must be from 0 to 31536000 seconds, not 31536001") \
    REFUSED(server, wsp_peer_options, heartbeat_timeout, -1, "heartbeat_timeout must be from 0 to 31536000 seconds, not -1") \
    REFUSED(server, wsp_peer_options, heartbeat_timeout, 31536001, "heartbeat_timeout must be from 0 to 31536000 seconds, not 31536001") \
    REFUSED(room, wsp_peer_options, heartbeat_timeout, -1, "heartbeat_timeout must be from 0 to 31536000 seconds, not -1") \
    REFUSED(room, wsp_peer_options, heartbeat_timeout, 31536001, "heartbeat_timeout must be from 0 to 31536000 seconds, not 31536001") \
    REFUSED(peer, wsp_peer_options, compression_max_window_bits, 8, "compression_max_window_bits must be from 9 to 15, not 8") \
    REFUSED(peer, wsp_peer_options, compression_max_window_bits, 16, "compression_max_window_bits must be from 9 to 15, not 16") \
    REFUSED(client, wsp_peer_options, compression_max_window_bits, 8, "compression_max_window_bits must be from 9 to 15, not 8") \
    REFUSED(client, wsp_peer_options, compression_max_window_bits, 16, "compression_max_window_bits must be from 9 to 15, not 16") \
    REFUSED(server, wsp_peer_options, compression_max_window_bits, 8, "compression_max_window_bits must be from 9 to 15, not 8") \
    REFUSED(server, wsp_peer_options, compression_max_window_bits, 16, "compression_max_window_bits must be from 9 to 15, not 16") \
    REFUSED(room, wsp_peer_options, compression_max_window_bits, 8, "compression_max_window_bits must be from 9 to 15, not 8") \
    REFUSED(room, wsp_peer_options, compression_max_window_bits, 16, "compression_max_window_bits must be from 9 to 15, not 16") \
    REFUSED(peer, wsp_peer_options, compression_level, 10, "compression_level must be from 0 to 9, not 10") \
    REFUSED(client, wsp_peer_options, compression_level, 10, "compression_level must be from 0 to 9, not 10") \
    REFUSED(server, wsp_peer_options, compression_level, 10, "compression_level must be from 0 to 9, not 10") \
    REFUSED(room, wsp_peer_options, compression_level, 10, "compression_level must be from 0 to 9, not 10") \
    REFUSED(peer, wsp_peer_options, max_redirects, 21, "max_redirects must be from 0 to 20, not 21") \
    REFUSED(client, wsp_peer_options, max_redirects, 21, "max_redirects must be from 0 to 20, not 21") \
    REFUSED(room, wsp_peer_options, max_redirects, 21, "max_redirects must be from 0 to 20, not 21") \
    REFUSED(peer, wsp_peer_options, max_handshake_size, 1023, "max_handshake_size must be from 1024 to 65536, not 1023") \
    REFUSED(peer, wsp_peer_options, max_handshake_size, 65537, "max_handshake_size must be from 1024 to 65536, not 65537") \
    REFUSED(client, wsp_peer_options, max_handshake_size, 1023, "max_handshake_size must be from 1024 to 65536, not 1023") \
    REFUSED(client, wsp_peer_options, max_handshake_size, 65537, "max_handshake_size must be from 1024 to 65536, not 65537") \
    REFUSED(server, wsp_peer_options, max_handshake_size, 1023, "max_handshake_size must be from 1024 to 65536, not 1023") \
    REFUSED(server, wsp_peer_options, max_handshake_size, 65537, "max_handshake_size must be from 1024 to 65536, not 65537") \
    REFUSED(room, wsp_peer_options, max_handshake_size, 1023, "max_handshake_size must be from 1024 to 65536, not 1023") \
    REFUSED(room, wsp_peer_options, max_handshake_size, 65537, "max_handshake_size must be from 1024 to 65536, not 65537") \
    REFUSED(client, wsp_reconnect_options, delay, -1, "reconnect_delay must be from 0 to 31536000 seconds, not -1") \
    REFUSED(client, wsp_reconnect_options, delay, 31536001, "reconnect_delay must be from 0 to 31536000 seconds, not 31536001") \
    REFUSED(client, wsp_reconnect_options, factor, 0.5, "reconnect_factor must be from 1 to 1000, not 0.5") \
    REFUSED(client, wsp_reconnect_options, factor, 1000.5, "reconnect_factor must be from 1 to 1000, not 1000.5") \
    REFUSED(client, wsp_reconnect_options, max_delay, -1, "reconnect_max_delay must be from 0 to 31536000 seconds, not -1") \
    REFUSED(client, wsp_reconnect_options, max_delay, 31536001, "reconnect_max_delay must be from 0 to 31536000 seconds, not 31536001") \
    REFUSED(client, wsp_reconnect_options, jitter, -0.5, "reconnect_jitter must be from 0 to 1, not -0.5") \
    REFUSED(client, wsp_reconnect_options, jitter, 1.5, "reconnect_jitter must be from 0 to 1, not 1.5")
