/*
 * wspeer: WebSockets for programs that tick.
 *
 * Objects are opaque handles, made by wsp_TYPE_new(), which never returns NULL, and ended by wsp_TYPE_free(), which ignores
 * NULL. Every other function answers NULL handles with WSP_ERR_INVALID_PARAMETER or the documented neutral value.
 *
 * Structs whose first field is struct_size grow with later versions; the field tells what the caller knows.
 *
 * Text in is NUL-terminated UTF-8 and is copied; text that is not UTF-8 is WSP_ERR_INVALID_DATA. What comes out is lent, and
 * the caller never frees memory of the library:
 *   - a text stays valid until the next call on the same object that returns or lends a text, so copy one before asking for
 *     another; the texts of one struct live together;
 *   - data and texts of a wsp_event stay valid until the next event of the same object is taken, or it is freed;
 *   - a packet stays valid until the next wsp_peer_get_packet(), wsp_peer_poll(), wsp_peer_connect_to_url(),
 *     wsp_peer_accept_stream() or wsp_peer_free() of the same peer; it may be passed to wsp_peer_send() directly.
 *   - a packet of a room stays valid until the next wsp_multiplayer_next_event(), wsp_multiplayer_create_client(),
 *     wsp_multiplayer_create_server(), wsp_multiplayer_close() or wsp_multiplayer_free() of the same room.
 * Threads that share an object and read what it lends must agree on who calls what.
 *
 * There are no callbacks: call wsp_peer_poll() once per frame or loop, then look at the state and read packets. Packets can
 * wait in every state, also when the connection has closed meanwhile. Every function except wsp_TYPE_free() may
 * be called from every thread while others use the object; calls on one object wait for each other. The library never
 * raises or handles signals.
 *
 * Generated from rust/capi by build.rs; do not edit.
 */


#ifndef WSPEER_H
#define WSPEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
/** Initial value of a wsp_event, to be filled by wsp_client_next_event() or wsp_server_next_event(). */
#define WSP_EVENT_INIT {sizeof(wsp_event), 0, 0, NULL, 0, NULL, 0, 0, 0, 0, {0}, 0.0}

/** Initial value of wsp_peer_options; the same as wsp_peer_options_init() sets. */
#define WSP_PEER_OPTIONS_INIT {sizeof(wsp_peer_options), \
    65535, 65535, 4096, 0.0, 30.0, 10.0, 5.0, 0.0, 0, 0, 0, 1, 15, 6, 128, 1, {0}}

/** Initial value of wsp_server_options; the same as wsp_server_options_init() sets. */
#define WSP_SERVER_OPTIONS_INIT {sizeof(wsp_server_options), \
    0, 0, {0}}

/** Initial value of wsp_reconnect_options; the same as wsp_reconnect_options_init() sets. */
#define WSP_RECONNECT_OPTIONS_INIT {sizeof(wsp_reconnect_options), \
    0.5, 2.0, 30.0, 0.5, 0, 0, {0}}



/**
 * Result of a call. The numbers are those of Godot's global `Error` enum.
 */
enum wsp_error
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * No error.
     */
    WSP_OK = 0,
    /**
     * The operation failed for a reason that has no number of its own.
     */
    WSP_ERR_FAILED = 1,
    /**
     * Nothing is available, for example no packet in an empty queue.
     */
    WSP_ERR_UNAVAILABLE = 2,
    /**
     * The object is not connected or not set up.
     */
    WSP_ERR_UNCONFIGURED = 3,
    /**
     * A limit of a queue or buffer does not allow it; nothing was changed.
     */
    WSP_ERR_OUT_OF_MEMORY = 6,
    /**
     * The remote peer closed the stream.
     */
    WSP_ERR_FILE_EOF = 18,
    /**
     * The operating system did not provide a socket.
     */
    WSP_ERR_CANT_CREATE = 20,
    /**
     * The object or the address is already in use.
     */
    WSP_ERR_ALREADY_IN_USE = 22,
    /**
     * The operation did not end in time.
     */
    WSP_ERR_TIMEOUT = 24,
    /**
     * A host name could not be resolved.
     */
    WSP_ERR_CANT_RESOLVE = 26,
    /**
     * The connection was lost or refused.
     */
    WSP_ERR_CONNECTION_ERROR = 27,
    /**
     * Data has the wrong form, for example text that is not UTF-8.
     */
    WSP_ERR_INVALID_DATA = 30,
    /**
     * An argument is NULL, out of range or of the wrong kind.
     */
    WSP_ERR_INVALID_PARAMETER = 31,
    /**
     * The object is in the middle of an operation that excludes the call.
     */
    WSP_ERR_BUSY = 44,
    /**
     * A defect of the library. The object does nothing any more; free it.
     */
    WSP_ERR_BUG = 47,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wsp_error wsp_error;
#else
typedef int32_t wsp_error;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * State of a client. The numbers are those of Godot's MultiplayerPeer.ConnectionStatus.
 */
enum wsp_client_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * There is no connection.
     */
    WSP_CLIENT_DISCONNECTED = 0,
    /**
     * A connection is being made, or will be after a delay.
     */
    WSP_CLIENT_CONNECTING = 1,
    /**
     * Messages can be exchanged.
     */
    WSP_CLIENT_CONNECTED = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wsp_client_status wsp_client_status;
#else
typedef int32_t wsp_client_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How far a connection had come when it failed.
 */
enum wsp_stage
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * It has not failed.
     */
    WSP_STAGE_NONE = 0,
    /**
     * The name could not be looked up.
     */
    WSP_STAGE_DNS = 1,
    /**
     * The server could not be reached, or the TCP connection broke.
     */
    WSP_STAGE_TCP = 2,
    /**
     * The proxy could not be reached or refused.
     */
    WSP_STAGE_PROXY = 3,
    /**
     * The TLS handshake, the verification of a certificate, or the encrypted connection failed.
     */
    WSP_STAGE_TLS = 4,
    /**
     * The other end did not answer as an HTTP server or client that speaks WebSocket does.
     */
    WSP_STAGE_HTTP = 5,
    /**
     * The other end broke the WebSocket protocol.
     */
    WSP_STAGE_WEBSOCKET = 6,
    /**
     * A limit of time ran out: connect_timeout, handshake_timeout, heartbeat_timeout or close_timeout.
     */
    WSP_STAGE_TIMEOUT = 7,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wsp_stage wsp_stage;
#else
typedef int32_t wsp_stage;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What an event of a room is about.
 */
enum wsp_multiplayer_event_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * The request of a client that will have this id waits for a decision, because the option auto_accept is 0: call
     * wsp_peer_accept_request() or wsp_peer_reject_request() on what wsp_multiplayer_get_peer() returns.
     */
    WSP_MULTIPLAYER_REQUESTED = 0,
    /**
     * The peer can be sent packets from now on.
     */
    WSP_MULTIPLAYER_PEER_CONNECTED = 1,
    /**
     * The peer is gone. Until the next call of wsp_multiplayer_next_event() or wsp_multiplayer_poll(),
     * wsp_multiplayer_get_peer() still returns its connection, which tells why.
     */
    WSP_MULTIPLAYER_PEER_DISCONNECTED = 2,
    /**
     * A packet has arrived from the peer.
     */
    WSP_MULTIPLAYER_PACKET = 3,
    /**
     * Scene rooms: what the peer has sent by wsp_multiplayer_send_bytes() or Godot's SceneMultiplayer.send_bytes().
     */
    WSP_MULTIPLAYER_BYTES = 4,
    /**
     * Scene rooms with authentication: the peer has connected and waits to be let in or disconnected. It has three seconds.
     */
    WSP_MULTIPLAYER_AUTHENTICATING = 5,
    /**
     * Scene rooms with authentication: what the peer has sent by wsp_multiplayer_send_auth() or Godot's
     * SceneMultiplayer.send_auth().
     */
    WSP_MULTIPLAYER_AUTH = 6,
    /**
     * Scene rooms with authentication: the peer has left, or took too long, before both ends had let each other in.
     */
    WSP_MULTIPLAYER_AUTH_FAILED = 7,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wsp_multiplayer_event_kind wsp_multiplayer_event_kind;
#else
typedef int32_t wsp_multiplayer_event_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * State of a room. The numbers are those of Godot's MultiplayerPeer.ConnectionStatus.
 */
enum wsp_multiplayer_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Neither a client nor a server.
     */
    WSP_MULTIPLAYER_DISCONNECTED = 0,
    /**
     * A client that does not have its id yet.
     */
    WSP_MULTIPLAYER_CONNECTING = 1,
    /**
     * A server, or a client that knows its id.
     */
    WSP_MULTIPLAYER_CONNECTED = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wsp_multiplayer_status wsp_multiplayer_status;
#else
typedef int32_t wsp_multiplayer_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * State of a peer. The numbers are those of Godot's WebSocketPeer.State.
 */
enum wsp_state
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * The name lookup, the TCP connection or the HTTP upgrade is under way.
     */
    WSP_STATE_CONNECTING = 0,
    /**
     * Messages can be sent and received.
     */
    WSP_STATE_OPEN = 1,
    /**
     * A close frame was sent; the remote end has not answered it yet.
     */
    WSP_STATE_CLOSING = 2,
    /**
     * There is no connection.
     */
    WSP_STATE_CLOSED = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wsp_state wsp_state;
#else
typedef int32_t wsp_state;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Status of a stream. The numbers are those of Godot's StreamPeerTCP.Status.
 */
enum wsp_stream_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Not connected.
     */
    WSP_STREAM_STATUS_NONE = 0,
    /**
     * Connecting.
     */
    WSP_STREAM_STATUS_CONNECTING = 1,
    /**
     * Connected.
     */
    WSP_STREAM_STATUS_CONNECTED = 2,
    /**
     * Connecting failed or the connection broke.
     */
    WSP_STREAM_STATUS_ERROR = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wsp_stream_status wsp_stream_status;
#else
typedef int32_t wsp_stream_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Kind of a traced event.
 */
enum wsp_trace_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * An HTTP request or answer; the preview is its head, in which the values of Authorization, Proxy-Authorization, Cookie, Set-Cookie,
     * Sec-WebSocket-Key and of URL parameters that look like secrets are "***".
     */
    WSP_TRACE_KIND_HANDSHAKE = 0,
    /**
     * A text message.
     */
    WSP_TRACE_KIND_TEXT = 1,
    /**
     * A binary message.
     */
    WSP_TRACE_KIND_BINARY = 2,
    /**
     * A ping. Received ones are answered automatically.
     */
    WSP_TRACE_KIND_PING = 3,
    /**
     * A pong.
     */
    WSP_TRACE_KIND_PONG = 4,
    /**
     * A close frame; the preview is its code in decimal, a space and its reason.
     */
    WSP_TRACE_KIND_CLOSE = 5,
    /**
     * The connection was lost; the preview says why.
     */
    WSP_TRACE_KIND_FAILURE = 6,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wsp_trace_kind wsp_trace_kind;
#else
typedef int32_t wsp_trace_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What a traced peer belongs to.
 */
enum wsp_trace_class
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * It is a wsp_peer.
     */
    WSP_TRACE_CLASS_PEER = 0,
    /**
     * A client object's connection.
     */
    WSP_TRACE_CLASS_CLIENT = 1,
    /**
     * One of a server object's connections.
     */
    WSP_TRACE_CLASS_SERVER = 2,
    /**
     * A connection of a multiplayer peer.
     */
    WSP_TRACE_CLASS_MULTIPLAYER = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wsp_trace_class wsp_trace_class;
#else
typedef int32_t wsp_trace_class;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Which end of a connection a traced peer is.
 */
enum wsp_trace_role
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Neither: it has had no connection yet.
     */
    WSP_TRACE_ROLE_NONE = 0,
    /**
     * The end that connects.
     */
    WSP_TRACE_ROLE_CLIENT = 1,
    /**
     * The end that accepts.
     */
    WSP_TRACE_ROLE_SERVER = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wsp_trace_role wsp_trace_role;
#else
typedef int32_t wsp_trace_role;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Kind of a message. The numbers are those of Godot's WebSocketPeer.WriteMode.
 */
enum wsp_write_mode
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * UTF-8 text.
     */
    WSP_WRITE_MODE_TEXT = 0,
    /**
     * Any bytes.
     */
    WSP_WRITE_MODE_BINARY = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wsp_write_mode wsp_write_mode;
#else
typedef int32_t wsp_write_mode;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What happened. The fields that each kind fills are named; others are 0 or NULL.
 */
enum wsp_event_type
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Nothing.
     */
    WSP_EVENT_NONE = 0,
    /**
     * A connection is open. `text`: the selected sub-protocol, or "".
     */
    WSP_EVENT_OPENED = 1,
    /**
     * A message. `data`, `len`, `is_text`.
     */
    WSP_EVENT_MESSAGE = 2,
    /**
     * The remote end's close frame was read; WSP_EVENT_CLOSED follows. `code` (0 where it had none), `text`: the reason.
     */
    WSP_EVENT_CLOSE_REQUEST = 3,
    /**
     * A connection is over, and its id names nobody any more. `was_clean`.
     */
    WSP_EVENT_CLOSED = 4,
    /**
     * A connection could not be made; on a server, a handshake came to nothing. Nothing else is ever told of it. `text`: why.
     */
    WSP_EVENT_FAILED = 5,
    /**
     * A client asks to be let in: wsp_server_accept_request() or wsp_server_reject_request(). Only where the option auto_accept of the
     * server's peers is 0.
     */
    WSP_EVENT_REQUEST = 6,
    /**
     * Multiplayer mode: the peer can be reached.
     */
    WSP_EVENT_PEER_CONNECTED = 7,
    /**
     * Multiplayer mode: the peer is gone.
     */
    WSP_EVENT_PEER_DISCONNECTED = 8,
    /**
     * Multiplayer mode: a packet. `data`, `len`.
     */
    WSP_EVENT_PACKET = 9,
    /**
     * Multiplayer mode, client: the server has introduced itself.
     */
    WSP_EVENT_CONNECTION_SUCCEEDED = 10,
    /**
     * Multiplayer mode, client: the connection could not be made or is over. `text`: why.
     */
    WSP_EVENT_CONNECTION_FAILED = 11,
    /**
     * Multiplayer mode, client: an established connection is over; WSP_EVENT_CONNECTION_FAILED follows.
     */
    WSP_EVENT_SERVER_DISCONNECTED = 12,
    /**
     * Client: it will connect again. `attempt` (from 1), `delay` in seconds.
     */
    WSP_EVENT_RECONNECTING = 13,
    /**
     * Client: it has connected again; follows WSP_EVENT_OPENED.
     */
    WSP_EVENT_RECONNECTED = 14,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wsp_event_type wsp_event_type;
#else
typedef int32_t wsp_event_type;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * A client: one connection to a server, whose messages and states come as events, and which is made again after a loss if the
 * program wants that.
 *
 * Any function may be called from any thread; calls on one client wait for each other, also for wsp_client_wait(), the only one that
 * blocks.
 */
typedef struct wsp_client wsp_client;

/**
 * A room for many players over WebSocket, as Godot's WebSocketMultiplayerPeer: a server with the id 1 and its clients with random ids
 * from 2 to 2147483647, or one of those clients. Programs made with Godot and with this library play together.
 *
 * Any function may be called from any thread; calls on one room wait for each other. Nothing ever blocks.
 */
typedef struct wsp_multiplayer wsp_multiplayer;

/**
 * A WebSocket connection, client or server side, or the place for one.
 *
 * Any function may be called from any thread; calls on one peer wait for each other. Nothing ever blocks.
 */
typedef struct wsp_peer wsp_peer;

/**
 * A server with all its connections, which are named by ids. An id that the server gave once never names another connection, so a call
 * with a stale one returns WSP_ERR_INVALID_PARAMETER and does nothing.
 *
 * A poll costs what its active connections cost; idle ones cost nothing. Any function may be called from any thread; calls on one
 * server wait for each other, but not for wsp_server_wait() while it blocks.
 */
typedef struct wsp_server wsp_server;

/**
 * A TCP connection, or the place for one.
 *
 * Any function may be called from any thread; calls on one stream wait for each other. wsp_stream_get_data(), wsp_stream_put_data()
 * and the name lookup of wsp_stream_connect_to_host() block, without a limit of time, and so do other calls on that stream meanwhile.
 */
typedef struct wsp_stream wsp_stream;

/**
 * Accepts TCP connections.
 *
 * Any function may be called from any thread; calls on one server wait for each other. Nothing ever blocks.
 */
typedef struct wsp_tcp_server wsp_tcp_server;

/**
 * TLS settings of clients or servers. Certificates and keys are texts in PEM format (`-----BEGIN CERTIFICATE-----`), given as such or
 * as files. Connections take a copy: the options may be changed or freed while they run. Sessions are resumed between connections
 * with the same settings.
 *
 * Any function may be called from any thread. Nothing blocks, except for reading the named files.
 */
typedef struct wsp_tls_options wsp_tls_options;

/**
 * An event, taken by wsp_client_next_event() or wsp_server_next_event(). Start from WSP_EVENT_INIT. Later versions of the library
 * append fields; `struct_size` tells which ones the caller knows.
 */
typedef struct {
    /**
     * sizeof(wsp_event) of the caller.
     */
    size_t struct_size;
    /**
     * A wsp_event_type. Later versions may have more: pass over what you do not know.
     */
    int32_t type;
    /**
     * Whom it is about: on a client 1, the server; on a server 2 to 2147483647. In multiplayer mode the sender or the peer.
     */
    int32_t peer;
    /**
     * Payload of a message or packet, never NULL there. Lent until the next event is taken.
     */
    const uint8_t *data;
    /**
     * Its length in bytes.
     */
    size_t len;
    /**
     * Sub-protocol, close reason or cause. Never NULL. Lent until the next event is taken.
     */
    const char *text;
    /**
     * Code of a close request.
     */
    int32_t code;
    /**
     * Number of an attempt to reconnect.
     */
    uint32_t attempt;
    /**
     * 1 for a message that was sent as text.
     */
    uint8_t is_text;
    /**
     * 1 where both ends have said goodbye.
     */
    uint8_t was_clean;
    /**
     * Not used.
     */
    uint8_t reserved[6];
    /**
     * Seconds until an attempt to reconnect begins.
     */
    double delay;
} wsp_event;

/**
 * Settings of a WebSocket connection. Start from WSP_PEER_OPTIONS_INIT or wsp_peer_options_init(), change fields, and pass the struct to wsp_peer_set_options(). Later versions of the library append fields; struct_size names the ones that the caller knows.
 */
typedef struct {
    /**
     * sizeof(wsp_peer_options) of the caller.
     */
    size_t struct_size;
    /**
     * The largest message that is received, over all its fragments, and the amount of unread messages above which reading pauses. A larger message closes the connection with code 1009. A limit, not an allocation. In bytes. Default 65535 (65536 of a client, 65536 of a server). Takes effect immediately.
     */
    size_t inbound_buffer_size;
    /**
     * Payload that may be queued for the network. A message that does not fit is refused with WSP_ERR_OUT_OF_MEMORY. In bytes. 0 for no limit. Default 65535. Takes effect immediately.
     */
    size_t outbound_buffer_size;
    /**
     * Messages that may be queued in each direction. A full inbound queue pauses reading; a full outbound queue refuses messages with WSP_ERR_OUT_OF_MEMORY. Default 4096 (1024 of a client, 1024 of a server). Takes effect immediately.
     */
    size_t max_queued_packets;
    /**
     * Time between pings. If nothing arrives for heartbeat_timeout after a ping, the connection is closed with code -1. Data that has arrived is read first, so a late poll does not cost the connection. In seconds, up to 31536000 (a year). 0 for no pings. Default 0. Takes effect immediately.
     */
    double heartbeat_interval;
    /**
     * Time for the name lookup and the TCP connection. In seconds, up to 31536000 (a year). 0 for no limit. Default 30. Used by the next connection.
     */
    double connect_timeout;
    /**
     * Time from the TCP connection to the end of the HTTP upgrade: for a proxy's tunnel, TLS and the upgrade. In a room it ends when the client has its id, and on a client of a room it includes connecting. In seconds, up to 31536000 (a year). 0 for no limit (refused by servers and rooms). Default 10 (3 of a server, 3 of a room). Used by the next connection.
     */
    double handshake_timeout;
    /**
     * Time for the remote peer to answer a close frame before the connection is dropped with code -1. In seconds, up to 31536000 (a year). 0 to end the connection with the close frame. Default 5. Takes effect immediately.
     */
    double close_timeout;
    /**
     * Time after a ping without any received data that ends the connection. In seconds, up to 31536000 (a year). 0 for the length of heartbeat_interval. Default 0. Takes effect immediately.
     */
    double heartbeat_timeout;
    /**
     * The largest payload of an outgoing frame. Longer messages are sent in several frames. In bytes. 0 for one frame per message. Default 0. Takes effect immediately.
     */
    size_t max_frame_size;
    /**
     * Delivers messages in the pieces they arrive in, of at most about 1 MiB, instead of whole. inbound_buffer_size then limits the queued bytes and not the messages. Default 0. Takes effect immediately.
     */
    uint8_t stream_messages;
    /**
     * Offers (client) or accepts (server) permessage-deflate (RFC 7692). Default 0. Used by the next handshake.
     */
    uint8_t compression_enabled;
    /**
     * Keeps the compression windows from message to message, in both directions (RFC 7692 section 7.1.1): better compression for about 340 KiB per connection. Default 1. Used by the next handshake.
     */
    uint8_t compression_context_takeover;
    /**
     * The largest compression window as a power of two, in both directions (RFC 7692 section 7.1.2): 9 for 512 bytes, 15 for 32 KiB. From 9 to 15. Default 15. Used by the next handshake.
     */
    uint8_t compression_max_window_bits;
    /**
     * The compression level of zlib: 0 stores, 1 is the fastest, 9 the smallest. From 0 to 9. Default 6. Used by the next connection.
     */
    uint32_t compression_level;
    /**
     * Shorter messages are sent uncompressed. In bytes. 0 to compress every message. Default 128. Takes effect immediately.
     */
    size_t compression_threshold;
    /**
     * Accepts requests as a server without asking the program. Otherwise each request waits, for handshake_timeout at most, until accept_request or reject_request is called. Default 1. Takes effect immediately.
     */
    uint8_t auto_accept;
    /**
     * 0. Later versions use it for fields of which 0 is the default.
     */
    uint8_t reserved[7];
} wsp_peer_options;

/**
 * When a client connects again. Start from WSP_RECONNECT_OPTIONS_INIT and pass the struct to wsp_client_set_reconnect_options(). Later versions of the library append fields; struct_size names the ones that the caller knows.
 */
typedef struct {
    /**
     * sizeof(wsp_reconnect_options) of the caller.
     */
    size_t struct_size;
    /**
     * Delay before the first attempt to reconnect. In seconds, up to 31536000 (a year). 0 for none. Default 0.5. Takes effect immediately.
     */
    double delay;
    /**
     * Each delay is this many times the previous one, up to reconnect_max_delay. From 1 to 1000. Default 2. Takes effect immediately.
     */
    double factor;
    /**
     * The longest delay between two attempts. In seconds, up to 31536000 (a year). Default 30. Takes effect immediately.
     */
    double max_delay;
    /**
     * The part of each delay that is random, so that not all clients of a server reconnect at the same time. From 0 to 1. Default 0.5. Takes effect immediately.
     */
    double jitter;
    /**
     * Attempts in a row before the client gives up. 0 for no limit. Default 0. Takes effect immediately.
     */
    uint32_t max_attempts;
    /**
     * Connects again after a connection was lost or could not be made, unless the program closed it. Default 0. Takes effect immediately.
     */
    uint8_t enabled;
    /**
     * 0. Later versions use it for fields of which 0 is the default.
     */
    uint8_t reserved[3];
} wsp_reconnect_options;

/**
 * Why a connection could not be made or was lost. Set `struct_size`, then call wsp_peer_get_failure(). Later versions append fields.
 */
typedef struct {
    /**
     * sizeof(wsp_failure) of the caller.
     */
    size_t struct_size;
    /**
     * Where it happened.
     */
    wsp_stage stage;
    /**
     * The operating system's error number (errno), 0 where none was behind it.
     */
    int32_t os_error;
    /**
     * What happened, in words. Lent.
     */
    const char *message;
    /**
     * The TLS alert or the result of the verification, "" where TLS was not the reason. Lent.
     */
    const char *tls;
    /**
     * HTTP status that a server or proxy answered with instead of agreeing, 0 where it did not. Its header fields are those of
     * wsp_peer_get_received_header().
     */
    int32_t http_status;
    /**
     * 1 where the certificate is a good one, but for another name.
     */
    uint8_t is_name_mismatch;
    /**
     * Reason phrase beside the status, or "". Lent.
     */
    const char *http_reason;
    /**
     * The beginning of that answer's body, at most 4096 bytes, with a NUL behind it. Lent; never NULL.
     */
    const uint8_t *http_body;
    /**
     * Number of bytes there.
     */
    size_t http_body_len;
} wsp_failure;

/**
 * What was agreed on in the TLS handshake. Set `struct_size`, then call wsp_peer_get_tls_info(). Later versions append fields.
 */
typedef struct {
    /**
     * sizeof(wsp_tls_info) of the caller.
     */
    size_t struct_size;
    /**
     * "TLSv1.2" or "TLSv1.3". Lent.
     */
    const char *version;
    /**
     * Name of the cipher suite. Lent.
     */
    const char *cipher_suite;
    /**
     * Protocol selected by ALPN, or "". Lent.
     */
    const char *alpn;
    /**
     * Subject of the other end's certificate, for example "CN=player, O=Example"; "" where it presented none. Verified, except by a
     * client with wsp_tls_options_client_unsafe(). Lent.
     */
    const char *peer_subject;
    /**
     * 1 where the session continues an earlier one.
     */
    uint8_t is_resumed;
} wsp_tls_info;

/**
 * A client's request. Set `struct_size`, then call wsp_peer_get_request(). Later versions append fields.
 */
typedef struct {
    /**
     * sizeof(wsp_request) of the caller.
     */
    size_t struct_size;
    /**
     * HTTP method, "GET" of every WebSocket handshake. Lent.
     */
    const char *method;
    /**
     * What the request asks for, as it stands in the request. Lent.
     */
    const char *target;
    /**
     * The path in it, still percent-encoded. Lent.
     */
    const char *path;
    /**
     * What stands behind its '?', or "". Lent.
     */
    const char *query;
    /**
     * 1 where it is a WebSocket handshake that wsp_peer_accept_request() can accept, as far as the protocol goes.
     */
    uint8_t is_websocket;
    /**
     * 1 while it waits for wsp_peer_accept_request() or wsp_peer_reject_request().
     */
    uint8_t is_pending;
} wsp_request;

/**
 * What has happened in a room. Set `struct_size`, then call wsp_multiplayer_next_event(). Later versions append fields.
 */
typedef struct {
    /**
     * sizeof(wsp_multiplayer_event) of the caller.
     */
    size_t struct_size;
    /**
     * What happened.
     */
    wsp_multiplayer_event_kind kind;
    /**
     * Who it was, or who sent the packet.
     */
    int32_t peer_id;
    /**
     * The packet, of the kinds that have one. Lent until the next call of wsp_multiplayer_next_event().
     */
    const uint8_t *data;
    /**
     * Number of bytes there.
     */
    size_t len;
} wsp_multiplayer_event;

/**
 * Payload bytes of the compressed messages of a connection, before and after compression.
 */
typedef struct {
    /**
     * Sent, before compression.
     */
    uint64_t sent_plain;
    /**
     * Sent, as they went over the network.
     */
    uint64_t sent_compressed;
    /**
     * Received, after decompression.
     */
    uint64_t received_plain;
    /**
     * Received, as they came over the network.
     */
    uint64_t received_compressed;
} wsp_compression_statistics;

/**
 * Settings of a server other than those of its connections. Start from WSP_SERVER_OPTIONS_INIT and pass the struct to wsp_server_set_options(). Later versions of the library append fields; struct_size names the ones that the caller knows.
 */
typedef struct {
    /**
     * sizeof(wsp_server_options) of the caller.
     */
    size_t struct_size;
    /**
     * Clients that are admitted at the same time. Further ones are answered with HTTP status 503; a server that speaks TLS drops them before the handshake. 0 for no limit. Default 0. Takes effect immediately.
     */
    size_t max_clients;
    /**
     * Refuses new clients with HTTP status 503. Clients that are connected, or in the handshake, stay. Default 0. Takes effect immediately.
     */
    uint8_t refuse_new_connections;
    /**
     * 0. Later versions use it for fields of which 0 is the default.
     */
    uint8_t reserved[7];
} wsp_server_options;

/**
 * Something that a peer has sent, received or suffered. Set `struct_size`, then call wsp_trace_next_event(). Later versions append fields.
 */
typedef struct {
    /**
     * sizeof(wsp_trace_event) of the caller.
     */
    size_t struct_size;
    /**
     * Microseconds since tracing was first enabled in the process.
     */
    uint64_t time_usec;
    /**
     * Number of the peer, see wsp_peer_get_trace_id().
     */
    uint64_t peer_id;
    /**
     * What it was.
     */
    wsp_trace_kind kind;
    /**
     * 1 for what the peer has sent, 0 for what it has received.
     */
    uint8_t is_sent;
    /**
     * Payload bytes of the message, before compression; of a handshake its bytes.
     */
    uint64_t size;
    /**
     * Beginning of the payload (see wsp_trace_set_preview_size()), with a NUL behind it. Lent; never NULL.
     */
    const uint8_t *preview;
    /**
     * Length of `preview` in bytes, without that NUL.
     */
    size_t preview_len;
} wsp_trace_event;

/**
 * A live peer, as it was at the end of its last wsp_peer_poll(). Set `struct_size`, then call wsp_trace_next_peer(). Later versions append
 * fields.
 */
typedef struct {
    /**
     * sizeof(wsp_trace_peer) of the caller.
     */
    size_t struct_size;
    /**
     * Number of the peer, see wsp_peer_get_trace_id().
     */
    uint64_t id;
    /**
     * What it belongs to.
     */
    wsp_trace_class peer_class;
    /**
     * Which end of the connection it is.
     */
    wsp_trace_role role;
    /**
     * State of the connection.
     */
    wsp_state state;
    /**
     * 1 where permessage-deflate was agreed on.
     */
    uint8_t is_compressed;
    /**
     * Port of the remote end, 0 where there is none.
     */
    uint16_t remote_port;
    /**
     * Requested URL, with its password and parameters that look like secrets masked. Lent.
     */
    const char *url;
    /**
     * IP address of the remote end, "" where there is none. Lent.
     */
    const char *remote_host;
    /**
     * Selected sub-protocol or "". Lent.
     */
    const char *protocol;
    /**
     * Why the connection was lost, or "". Lent.
     */
    const char *failure;
    /**
     * Messages received on this connection or the last one.
     */
    uint64_t received_messages;
    /**
     * Payload bytes of those, after decompression.
     */
    uint64_t received_bytes;
    /**
     * Messages sent on this connection or the last one.
     */
    uint64_t sent_messages;
    /**
     * Payload bytes of those, before compression.
     */
    uint64_t sent_bytes;
    /**
     * Received messages that the program has not read.
     */
    size_t inbound_messages;
    /**
     * Payload bytes of those.
     */
    size_t inbound_bytes;
    /**
     * Messages that the network has not taken.
     */
    size_t outbound_messages;
    /**
     * Payload bytes of those.
     */
    size_t outbound_bytes;
    /**
     * Share of the original bytes that compressed messages needed, of both directions; -1 where there were none.
     */
    double compression_ratio;
    /**
     * Smoothed seconds between a ping and its pong, -1 before the first pong.
     */
    double round_trip_time;
} wsp_trace_peer;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Makes a client without a connection. The caller owns it and ends it with wsp_client_free().
 */
wsp_client *wsp_client_new(void);

/**
 * Ends a client; an open connection is closed with code 1000. NULL is ignored. No other thread may use the client any more.
 */
void wsp_client_free(wsp_client *client);

/**
 * Starts to connect to ws:// or wss://host[:port][/path], asking for one of `protocols` (`(NULL, 0)` for none; otherwise the server must
 * select one), with header lines added to the request. `gd_mp_api` switches Godot 3's multiplayer packets on. `tls` is for wss:// and
 * may be NULL; see wsp_peer_connect_to_url(). Nothing that is passed is kept.
 *
 * Returns WSP_ERR_ALREADY_IN_USE while connecting or connected; after wsp_client_disconnect() a new connection may begin at once, and
 * the end of the old one is not told. Returns WSP_ERR_INVALID_PARAMETER for wrong arguments, WSP_ERR_FAILED when the system refuses at
 * once, which an event tells too.
 */
wsp_error wsp_client_connect_to_url(wsp_client *client,
                                    const char *url,
                                    const char *const *protocols,
                                    size_t protocol_count,
                                    bool gd_mp_api,
                                    const char *const *headers,
                                    size_t header_count,
                                    const wsp_tls_options *tls);

/**
 * Says goodbye with a code and a reason (may be NULL); WSP_EVENT_CLOSED comes when the server has answered or its time is over. While
 * connecting, and while waiting to connect again, gives up without an event. Returns WSP_ERR_INVALID_PARAMETER for what no close frame may
 * carry; see wsp_peer_close().
 */
wsp_error wsp_client_disconnect(wsp_client *client,
                                int32_t code,
                                const char *reason);

/**
 * Goes on: connects, sends what waits, reads what is there. Never blocks. Then take the events.
 */
void wsp_client_poll(wsp_client *client);

/**
 * Polls and blocks until there is an event or the time is over; a negative `timeout_ms` is no limit. Returns WSP_OK when there is an event,
 * WSP_ERR_TIMEOUT, or WSP_ERR_UNCONFIGURED where there is no connection that could have one.
 */
wsp_error wsp_client_wait(wsp_client *client,
                          int32_t timeout_ms);

/**
 * Takes the next event, in the order of what happened. Returns WSP_ERR_UNAVAILABLE where there is none, WSP_ERR_INVALID_PARAMETER for NULL
 * and for a wrong `struct_size`.
 */
wsp_error wsp_client_next_event(wsp_client *client,
                                wsp_event *event);

/**
 * Sends a message; `write_mode` is a wsp_write_mode. See wsp_peer_send().
 */
wsp_error wsp_client_send(wsp_client *client, const uint8_t *data, size_t len, int32_t write_mode);

/**
 * Sends a NUL-terminated text; see wsp_peer_send().
 */
wsp_error wsp_client_send_text(wsp_client *client, const char *text);

/**
 * Multiplayer mode: sends a packet by way of the server to the peer `target`, to all (0), or to all but one (its negative id). Returns
 * WSP_ERR_UNCONFIGURED in plain mode.
 */
wsp_error wsp_client_put_packet(wsp_client *client,
                                int32_t target,
                                const uint8_t *data,
                                size_t len);

/**
 * Multiplayer mode: returns the id that the server has given to this client, 0 before.
 */
int32_t wsp_client_get_unique_id(const wsp_client *client);

/**
 * Writes collected messages to the network now; see wsp_peer_flush().
 */
void wsp_client_flush(wsp_client *client);

/**
 * Sends a ping with at most 125 bytes; see wsp_peer_ping().
 */
wsp_error wsp_client_ping(wsp_client *client, const uint8_t *data, size_t len);

/**
 * Returns the seconds between the last answered ping and its pong; -1 before the first.
 */
double wsp_client_get_round_trip_time(const wsp_client *client);

/**
 * Returns the state of the client, as of the events taken.
 */
wsp_client_status wsp_client_get_status(const wsp_client *client);

/**
 * Returns the server's IP address while connected, else "". Lent. `port` may be NULL.
 */
const char *wsp_client_get_connected_host(const wsp_client *client, uint16_t *port);

/**
 * Returns the payload bytes of messages that the network has not taken yet.
 */
size_t wsp_client_get_current_outbound_buffered_amount(wsp_client *client);

/**
 * Sets the options of the connection; see wsp_peer_set_options(). The defaults are wsp_peer_options_init()'s, except for 65536 bytes
 * inbound and 1024 packets, which are Godot 3's.
 */
wsp_error wsp_client_set_peer_options(wsp_client *client,
                                      const wsp_peer_options *options);

/**
 * Reads the options of the connection. `options->struct_size` must be set.
 */
wsp_error wsp_client_get_peer_options(const wsp_client *client, wsp_peer_options *options);

/**
 * Fills options with the defaults. `struct_size` is sizeof(wsp_reconnect_options). May be called from any thread.
 */
wsp_error wsp_reconnect_options_init(wsp_reconnect_options *options, size_t struct_size);

/**
 * Sets how the client connects again. Returns WSP_ERR_INVALID_PARAMETER, and changes nothing, for NULL, a wrong `struct_size` and values
 * outside their ranges.
 */
wsp_error wsp_client_set_reconnect_options(wsp_client *client,
                                           const wsp_reconnect_options *options);

/**
 * Returns in words why the last call was refused, or the last connection lost or not made; "" where nothing went wrong. Lent.
 */
const char *wsp_client_get_error_message(const wsp_client *client);

/**
 * Returns the name of an error number, for example "WSP_ERR_FAILED", or "unknown error". Static; never free it. May be called
 * from any thread.
 */
const char *wsp_error_name(int32_t error);

/**
 * Returns the version of the library, for example "0.1.0". Static; never free it. May be called from any thread.
 */
const char *wsp_version(void);

/**
 * Tells why the connection could not be made or was lost. The texts are lent until the next call on the peer that returns a text.
 *
 * Returns WSP_ERR_UNAVAILABLE, with WSP_STAGE_NONE, where nothing has failed since the connection began, WSP_ERR_INVALID_PARAMETER for NULL and for a size
 * that no version of this header declares.
 */
wsp_error wsp_peer_get_failure(const wsp_peer *peer,
                               wsp_failure *failure);

/**
 * Tells what was agreed on in the TLS handshake, while the connection exists and from the end of that handshake on; on a server also
 * who the client is (see wsp_tls_options_set_client_ca()). The texts are lent until the next call on the peer that returns a text.
 *
 * Returns WSP_ERR_UNAVAILABLE for a connection without TLS, WSP_ERR_INVALID_PARAMETER for NULL and for a size that no version of this
 * header declares.
 */
wsp_error wsp_peer_get_tls_info(const wsp_peer *peer,
                                wsp_tls_info *info);

/**
 * Tells what a client of this server has asked for: as soon as the request is there, until the next connection. The texts are lent
 * until the next call on the peer that returns a text.
 *
 * Returns WSP_ERR_UNAVAILABLE where no request has arrived, WSP_ERR_INVALID_PARAMETER for NULL and for a size that no version of this
 * header declares.
 */
wsp_error wsp_peer_get_request(const wsp_peer *peer,
                               wsp_request *request);

/**
 * Returns the number of header fields that the other end has sent in the handshake: in the request on a server, in the answer on a
 * client, also one that refused (see wsp_peer_get_failure()). 0 where none has arrived.
 */
size_t wsp_peer_get_received_header_count(const wsp_peer *peer);

/**
 * Lends one of those fields, in the order they arrived, repeated ones included: its name and its value (both may be NULL), until the
 * next call on the peer that returns a text. Returns WSP_ERR_INVALID_PARAMETER for an index that is not below
 * wsp_peer_get_received_header_count(), and sets both to NULL.
 */
wsp_error wsp_peer_get_received_header(const wsp_peer *peer,
                                       size_t index,
                                       const char **name,
                                       const char **value);

/**
 * Returns the value of the first of those fields with this name, in upper or lower case, or NULL where there is none. Lent.
 */
const char *wsp_peer_find_received_header(const wsp_peer *peer,
                                          const char *name);

/**
 * Accepts the request that waits where the option auto_accept is 0; the connection opens in the next wsp_peer_poll(). `headers` are
 * `count` header lines for the answer, behind those of wsp_peer_set_handshake_headers(); `(NULL, 0)` for none.
 *
 * Returns WSP_ERR_UNCONFIGURED where no request waits, WSP_ERR_INVALID_PARAMETER for header lines that are none; nothing is changed
 * then. Returns WSP_ERR_INVALID_DATA for a request that cannot be accepted (no WebSocket handshake, a forbidden origin, no sub-protocol in
 * common): it is answered with the HTTP status that says so, and the connection is over.
 */
wsp_error wsp_peer_accept_request(wsp_peer *peer,
                                  const char *const *headers,
                                  size_t count);

/**
 * Answers the request that waits where the option auto_accept is 0 with an HTTP status from 200 to 599: to refuse a client, or to serve
 * a page or a health check on the same port. `reason` may be NULL or "" for the usual one, `headers` are `count` lines, `body` may be
 * `(NULL, 0)`. Content-Length and Connection are written by the library, Content-Type is text/plain unless given. The connection ends
 * behind the answer, which is delivered while any object is polled.
 *
 * Returns WSP_ERR_UNCONFIGURED where no request waits, WSP_ERR_INVALID_PARAMETER for what cannot stand in an answer; nothing is sent
 * then.
 */
wsp_error wsp_peer_reject_request(wsp_peer *peer,
                                  int32_t status,
                                  const char *reason,
                                  const char *const *headers,
                                  size_t count,
                                  const uint8_t *body,
                                  size_t body_len);

/**
 * Sets the values of the Origin header from which a server accepts requests, such as "https://game.example"; `(NULL, 0)`, the default,
 * for all. Requests without Origin, which no browser makes, are always accepted; others are answered with status 403. Copied.
 */
wsp_error wsp_peer_set_allowed_origins(wsp_peer *peer,
                                       const char *const *origins,
                                       size_t count);

/**
 * Sets the HTTP proxies of the next connections, "[http://][user:password@]host[:port]": `http_proxy` for ws://, `https_proxy` for
 * wss://, NULL or "" for none. Both are asked for a tunnel (CONNECT). `no_proxy` are hosts that are connected to directly, separated by
 * commas: names with all that end in them, IP addresses, networks ("10.0.0.0/8"), or "*". Never read from the environment unless
 * wsp_peer_set_proxy_from_environment() is called.
 *
 * Returns WSP_ERR_INVALID_PARAMETER, and changes nothing, for what is no address of a proxy.
 */
wsp_error wsp_peer_set_proxy(wsp_peer *peer,
                             const char *http_proxy,
                             const char *https_proxy,
                             const char *no_proxy);

/**
 * Takes the proxies from the environment variables http_proxy, https_proxy, all_proxy and no_proxy, as curl does, now. Returns
 * WSP_ERR_INVALID_PARAMETER, and changes nothing, where one of them is no address of a proxy.
 */
wsp_error wsp_peer_set_proxy_from_environment(wsp_peer *peer);

/**
 * Makes a room that is neither a client nor a server. The caller owns it and ends it with wsp_multiplayer_free().
 */
wsp_multiplayer *wsp_multiplayer_new(void);

/**
 * Ends a room, as wsp_multiplayer_close(). NULL is ignored. No other thread may use the room any more; handles from
 * wsp_multiplayer_get_peer() stay valid and have to be freed on their own.
 */
void wsp_multiplayer_free(wsp_multiplayer *room);

/**
 * Becomes a server that listens on a port (0: the system chooses one, see wsp_multiplayer_get_local_port()) of every interface ("*") or
 * of one IP address. `tls` is for wss:// clients; NULL for ws://.
 *
 * Returns WSP_ERR_ALREADY_IN_USE while the room is a client or server and for an address in use or not of this machine,
 * WSP_ERR_INVALID_PARAMETER for NULL, for what is no port or address, for wrong handshake headers or sub-protocols, and for TLS options
 * that are not a server's.
 */
wsp_error wsp_multiplayer_create_server(wsp_multiplayer *room,
                                        int32_t port,
                                        const char *bind_address,
                                        const wsp_tls_options *tls);

/**
 * Becomes a client and starts to connect to ws:// or wss://; `tls` as for wsp_peer_connect_to_url(). The room is connected when the server
 * has told this client its id.
 *
 * Returns WSP_ERR_ALREADY_IN_USE while the room is a client or server, WSP_ERR_INVALID_PARAMETER for NULL, for what is no URL, for wrong
 * handshake headers or sub-protocols and for a server's TLS options, WSP_ERR_FAILED when the system refuses at once.
 */
wsp_error wsp_multiplayer_create_client(wsp_multiplayer *room,
                                        const char *url,
                                        const wsp_tls_options *tls);

/**
 * Chooses between a plain room (false, the default), whose packets are what the programs send, and a scene room, which speaks with Godot
 * programs that use the high-level multiplayer API (SceneMultiplayer): a server introduces its clients to each other and passes their
 * packets on, and clients know each other. With `needs_auth` nobody is connected before both ends have called
 * wsp_multiplayer_complete_auth(); set it where the Godot programs set auth_callback.
 *
 * Returns WSP_ERR_ALREADY_IN_USE while the room is a client or server.
 */
wsp_error wsp_multiplayer_set_scene(wsp_multiplayer *room,
                                    bool is_scene,
                                    bool needs_auth);

/**
 * Accepts, connects, receives and sends what there is. Call it regularly, and wsp_multiplayer_next_event() behind it.
 */
void wsp_multiplayer_poll(wsp_multiplayer *room);

/**
 * Writes collected packets to the network now. Happens by itself in wsp_multiplayer_poll(), and when wsp_multiplayer_next_event() finds
 * nothing more.
 */
void wsp_multiplayer_flush(wsp_multiplayer *room);

/**
 * Takes the next event: arrivals, departures and packets, each peer's in the order in which they happened. Arrivals and departures take
 * effect here. `event->struct_size` must be set.
 *
 * Returns WSP_ERR_UNAVAILABLE where nothing more has happened, WSP_ERR_INVALID_PARAMETER for NULL and for a size that no version of this
 * header declares.
 */
wsp_error wsp_multiplayer_next_event(wsp_multiplayer *room,
                                     wsp_multiplayer_event *event);

/**
 * Sends a packet of `len` bytes: to everybody (`target` 0), to one peer, or to everybody but `-target`. A client of a plain room has one
 * receiver, its server, whatever the target. In a scene room the packet must be one of the engine's messages, such as one that
 * WSP_MULTIPLAYER_PACKET brought; a client's packets for other clients travel through the server. `(NULL, 0)` is nothing.
 *
 * Returns WSP_ERR_UNCONFIGURED where the room is not connected, WSP_ERR_INVALID_PARAMETER for an unknown target, WSP_ERR_OUT_OF_MEMORY
 * where a receiver's outbound_buffer_size or max_queued_packets do not allow it (other receivers get it all the same), WSP_ERR_FAILED
 * where the receiver is leaving.
 */
wsp_error wsp_multiplayer_put_packet(wsp_multiplayer *room,
                                     int32_t target,
                                     const uint8_t *data,
                                     size_t len);

/**
 * Sends bytes to the programs of a scene room, where Godot emits SceneMultiplayer.peer_packet. Target and errors as for
 * wsp_multiplayer_put_packet(); also WSP_ERR_UNCONFIGURED in a plain room.
 */
wsp_error wsp_multiplayer_send_bytes(wsp_multiplayer *room, int32_t target, const uint8_t *data, size_t len);

/**
 * Sends something to a peer that authenticates. Returns WSP_ERR_INVALID_PARAMETER for a peer that does not, and for no data.
 */
wsp_error wsp_multiplayer_send_auth(wsp_multiplayer *room,
                                    int32_t peer_id,
                                    const uint8_t *data,
                                    size_t len);

/**
 * Lets a peer that authenticates in. WSP_MULTIPLAYER_PEER_CONNECTED comes when it has let this end in too. To refuse it, call
 * wsp_multiplayer_disconnect_peer(). Returns WSP_ERR_INVALID_PARAMETER for a peer that does not authenticate.
 */
wsp_error wsp_multiplayer_complete_auth(wsp_multiplayer *room,
                                        int32_t peer_id);

/**
 * Ends the connection to a peer with a close frame; WSP_MULTIPLAYER_PEER_DISCONNECTED comes when the peer has answered it. With `force` the
 * peer is gone from now on, and no event comes. What it has sent and was not taken yet is dropped. Returns WSP_ERR_INVALID_PARAMETER for
 * an unknown peer.
 */
wsp_error wsp_multiplayer_disconnect_peer(wsp_multiplayer *room,
                                          int32_t peer_id,
                                          bool force);

/**
 * Says goodbye to everybody with a close frame (code 1001 by a server, 1000 by a client) and is neither client nor server any more. Events
 * that were not taken are dropped.
 */
void wsp_multiplayer_close(wsp_multiplayer *room);

/**
 * Returns the state of a room; WSP_MULTIPLAYER_DISCONNECTED for NULL.
 */
wsp_multiplayer_status wsp_multiplayer_get_status(const wsp_multiplayer *room);

/**
 * Returns this end's id: 1 of a server, a client's number, 0 where it has none.
 */
int32_t wsp_multiplayer_get_unique_id(const wsp_multiplayer *room);

/**
 * Returns the port a server listens on, 0 where there is none.
 */
uint16_t wsp_multiplayer_get_local_port(const wsp_multiplayer *room);

/**
 * Returns the number of peers that can be sent packets, and writes the ids of the first `capacity` of them; `(NULL, 0)` to count only.
 */
size_t wsp_multiplayer_get_peers(const wsp_multiplayer *room,
                                 int32_t *ids,
                                 size_t capacity);

/**
 * Returns a handle on the connection to a peer, or NULL for who is not there. The room drives it: ask it (address, request, round-trip time,
 * why it ended, …), decide about its request, but do not poll it and do not take packets from it. When a client's connection could not be
 * made or has ended, the server's can still be asked (wsp_peer_get_failure()) until the room is closed or begins anew. The caller owns the
 * handle and ends it with wsp_peer_free(), which does not end the connection.
 */
wsp_peer *wsp_multiplayer_get_peer(const wsp_multiplayer *room,
                                   int32_t peer_id);

/**
 * Sets the options of the connections made from then on. handshake_timeout, of which a new room has 3 seconds, goes from the connection
 * to the id; on a client it includes connecting. Errors as for wsp_peer_set_options().
 */
wsp_error wsp_multiplayer_set_options(wsp_multiplayer *room,
                                      const wsp_peer_options *options);

/**
 * Reads the options of a room. `options->struct_size` must be set.
 */
wsp_error wsp_multiplayer_get_options(const wsp_multiplayer *room, wsp_peer_options *options);

/**
 * See wsp_peer_set_supported_protocols(); checked when the room becomes a client or server.
 */
wsp_error wsp_multiplayer_set_supported_protocols(wsp_multiplayer *room, const char *const *protocols, size_t count);

/**
 * See wsp_peer_set_handshake_headers(); checked when the room becomes a client or server.
 */
wsp_error wsp_multiplayer_set_handshake_headers(wsp_multiplayer *room, const char *const *headers, size_t count);

/**
 * Limits the clients that a server admits at the same time; 0, the default, for no limit. Further ones get HTTP status 503.
 */
void wsp_multiplayer_set_max_clients(wsp_multiplayer *room,
                                     size_t max_clients);

/**
 * While `refuse` is set, a server answers new clients with HTTP status 503.
 */
void wsp_multiplayer_set_refuse_new_connections(wsp_multiplayer *room, bool refuse);

/**
 * Returns in words why the last call was refused, a client could not connect, or the last peer to leave has left; "" where nothing of that
 * kind happened. Lent.
 */
const char *wsp_multiplayer_get_error_message(const wsp_multiplayer *room);

/**
 * Fills options with the defaults. `struct_size` is sizeof(wsp_peer_options). Returns WSP_ERR_INVALID_PARAMETER for NULL and for a
 * size that no version of this header declares. May be called from any thread.
 */
wsp_error wsp_peer_options_init(wsp_peer_options *options,
                                size_t struct_size);

/**
 * Sets all options of a peer at once. Limits, heartbeat and close_timeout take effect immediately, what the handshake uses at the
 * next connection. Returns WSP_ERR_INVALID_PARAMETER, and changes nothing, for NULL, a wrong `struct_size`, times outside 0 to
 * 31536000 seconds, and compression settings outside their ranges.
 */
wsp_error wsp_peer_set_options(wsp_peer *peer,
                               const wsp_peer_options *options);

/**
 * Reads the options of a peer. `options->struct_size` must be set.
 */
wsp_error wsp_peer_get_options(const wsp_peer *peer, wsp_peer_options *options);

/**
 * Makes a peer without a connection. The caller owns it and ends it with wsp_peer_free().
 */
wsp_peer *wsp_peer_new(void);

/**
 * Ends a peer. An open connection is dropped without a close frame. What was sent and is still in the library's hands is delivered for
 * up to two seconds while any other object is polled; for certainty wait for wsp_peer_is_drained() first. NULL is ignored. No other
 * thread may use the peer any more.
 */
void wsp_peer_free(wsp_peer *peer);

/**
 * Starts to connect to ws://host[:port][/path] or wss://host[:port][/path]. User name and password in the URL become an Authorization
 * header. `tls` is for wss:// and may be NULL: the server's certificate must then be one that the operating system trusts. Copied.
 *
 * Returns WSP_OK when connecting has begun, WSP_ERR_INVALID_PARAMETER for NULL, for what is no URL, for options of a TLS server and for
 * wrong handshake headers or sub-protocols, WSP_ERR_ALREADY_IN_USE while connecting or open, WSP_ERR_FAILED when the system refuses at once. Call
 * wsp_peer_poll() until wsp_peer_get_ready_state() is WSP_STATE_OPEN or WSP_STATE_CLOSED. `url` is not kept.
 */
wsp_error wsp_peer_connect_to_url(wsp_peer *peer,
                                  const char *url,
                                  const wsp_tls_options *tls);

/**
 * Takes a TCP connection as a WebSocket server; the handshake happens in wsp_peer_poll(). The connection is shared: the stream
 * handle still belongs to the caller, who may free it at once and must not read from or write to it any more.
 *
 * With `tls`, the options of a server, TLS is spoken over the stream (wss://); they may be NULL. Copied.
 *
 * A stream without a connection is taken too; the peer then closes in its first poll.
 *
 * Returns WSP_ERR_INVALID_PARAMETER for NULL, for options of a TLS client and for wrong handshake headers or sub-protocols, WSP_ERR_ALREADY_IN_USE while connecting or
 * open.
 */
wsp_error wsp_peer_accept_stream(wsp_peer *peer,
                                 wsp_stream *stream,
                                 const wsp_tls_options *tls);

/**
 * Advances the connection: connects, shakes hands, sends what waits, reads what is there. Call it regularly.
 */
void wsp_peer_poll(wsp_peer *peer);

/**
 * Writes collected messages to the network now. The first message of a tick leaves at once; further ones are collected and leave
 * when 64 KiB have gathered, when wsp_peer_get_packet() finds no packet, in wsp_peer_poll(), and here. A program that sends several
 * messages after its poll calls this once behind them.
 */
void wsp_peer_flush(wsp_peer *peer);

/**
 * Sends a message of `len` bytes; `write_mode` is a wsp_write_mode. `(NULL, 0)` is an empty message. `data` is not kept.
 *
 * Returns WSP_ERR_FAILED where the connection is not open, WSP_ERR_INVALID_DATA for text that is not UTF-8, WSP_ERR_OUT_OF_MEMORY where
 * outbound_buffer_size or max_queued_packets do not allow it, WSP_ERR_INVALID_PARAMETER for another write mode. Nothing is sent then.
 */
wsp_error wsp_peer_send(wsp_peer *peer,
                        const uint8_t *data,
                        size_t len,
                        int32_t write_mode);

/**
 * Sends a message uncompressed even where compression is active: for content that is compressed already or that must not share a
 * compression window with data an attacker controls. See wsp_peer_send().
 */
wsp_error wsp_peer_send_uncompressed(wsp_peer *peer,
                                     const uint8_t *data,
                                     size_t len,
                                     int32_t write_mode);

/**
 * Sends a ping with at most 125 bytes of payload; its pong updates wsp_peer_get_round_trip_time(). Returns
 * WSP_ERR_INVALID_PARAMETER for more, WSP_ERR_FAILED where the connection is not open, WSP_ERR_OUT_OF_MEMORY where the network takes
 * nothing at the moment.
 */
wsp_error wsp_peer_ping(wsp_peer *peer,
                        const uint8_t *data,
                        size_t len);

/**
 * Returns the seconds between the last answered ping and its pong, -1 before the first. `smoothed` (may be NULL) receives a moving
 * average. Pongs are noticed in wsp_peer_poll().
 */
double wsp_peer_get_round_trip_time(const wsp_peer *peer,
                                    double *smoothed);

/**
 * Returns whether everything that was sent has been taken by the network, true for NULL.
 */
bool wsp_peer_is_drained(const wsp_peer *peer);

/**
 * Returns whether the packet read last ended its message: always, unless the option stream_messages hands out pieces. The kind of
 * every piece is that of its message (see wsp_peer_was_string_packet()); a piece of text may end inside a code point.
 */
bool wsp_peer_was_last_piece(const wsp_peer *peer);

/**
 * Returns whether both ends have agreed on permessage-deflate. `statistics` may be NULL; it receives what compression has done on
 * this connection or the last one.
 */
bool wsp_peer_is_compression_active(const wsp_peer *peer,
                                    wsp_compression_statistics *statistics);

/**
 * Gives the compressor's memory back now instead of after ten seconds without messages.
 */
void wsp_peer_release_compression_memory(wsp_peer *peer);

/**
 * Sends a NUL-terminated text; see wsp_peer_send().
 */
wsp_error wsp_peer_send_text(wsp_peer *peer, const char *text);

/**
 * Returns the number of received messages that wait, 0 for NULL.
 */
size_t wsp_peer_get_available_packet_count(const wsp_peer *peer);

/**
 * Takes the oldest received message. `*data` is lent until the next wsp_peer_get_packet() or wsp_peer_poll() of this peer (see above), never
 * NULL on success, and has `*len` bytes.
 * Messages that arrived before the connection closed stay readable until the next connection.
 *
 * Returns WSP_ERR_UNAVAILABLE when none waits, WSP_ERR_FAILED when none waits and the connection is not open, and sets `*data` to
 * NULL and `*len` to 0. `data` and `len` must not be NULL.
 */
wsp_error wsp_peer_get_packet(wsp_peer *peer,
                              const uint8_t **data,
                              size_t *len);

/**
 * Returns whether the message read last was text; false before the first.
 */
bool wsp_peer_was_string_packet(const wsp_peer *peer);

/**
 * Starts the closing handshake; keep polling until WSP_STATE_CLOSED. With a negative code, and while connecting, the connection is
 * dropped at once, and nothing else is checked. While closed or closing nothing happens. `reason` may be NULL; it has at most 123 bytes of UTF-8. With code 0 the close frame carries nothing.
 *
 * Returns WSP_ERR_INVALID_PARAMETER, and does nothing, for codes that RFC 6455 does not allow in a close frame and for longer reasons.
 */
wsp_error wsp_peer_close(wsp_peer *peer,
                         int32_t code,
                         const char *reason);

/**
 * Returns the state of the connection, WSP_STATE_CLOSED for NULL.
 */
wsp_state wsp_peer_get_ready_state(const wsp_peer *peer);

/**
 * Returns the code of the close frame that ended the connection, the remote end's, or 1002, 1007 or 1009 which this end sent because the
 * remote end broke the protocol; 0 where the frame had no code, -1 where there was no close frame.
 */
int32_t wsp_peer_get_close_code(const wsp_peer *peer);

/**
 * Returns the reason of that close frame, lent. `len` may be NULL; it receives the length, which
 * strlen() does not tell when the reason contains a NUL.
 */
const char *wsp_peer_get_close_reason(const wsp_peer *peer, size_t *len);

/**
 * Returns in words why the connection was lost, or else why the last refused call was refused; "" where nothing went wrong since the
 * connection began. Lent.
 */
const char *wsp_peer_get_error_message(const wsp_peer *peer);

/**
 * Returns the selected sub-protocol or "". Lent.
 */
const char *wsp_peer_get_selected_protocol(const wsp_peer *peer);

/**
 * Returns the URL passed to wsp_peer_connect_to_url(), or on a server the one the client asked for. Lent.
 */
const char *wsp_peer_get_requested_url(const wsp_peer *peer);

/**
 * Returns the IP address of the remote end, "" where there is none. Lent.
 */
const char *wsp_peer_get_connected_host(const wsp_peer *peer);

/**
 * Returns the port of the remote end, 0 where there is none.
 */
uint16_t wsp_peer_get_connected_port(const wsp_peer *peer);

/**
 * Returns the payload bytes of messages that the network has not taken yet.
 */
size_t wsp_peer_get_current_outbound_buffered_amount(wsp_peer *peer);

/**
 * Disables (true, the default) or enables Nagle's algorithm on the TCP connection. Returns WSP_ERR_UNCONFIGURED where there is none.
 */
wsp_error wsp_peer_set_no_delay(wsp_peer *peer,
                                bool enabled);

/**
 * Sets the sub-protocols this end speaks, in order of preference on a client, for the next connection; `(NULL, 0)` for none. Copied;
 * checked when the handshake begins. Returns WSP_ERR_INVALID_PARAMETER for NULL entries, WSP_ERR_INVALID_DATA for what is not UTF-8.
 */
wsp_error wsp_peer_set_supported_protocols(wsp_peer *peer,
                                           const char *const *protocols,
                                           size_t count);

/**
 * Sets header lines ("Name: value") added to the request or answer of the next handshake; `(NULL, 0)` for none. Copied; checked when the
 * handshake begins. Returns WSP_ERR_INVALID_PARAMETER for NULL entries, WSP_ERR_INVALID_DATA for what is not UTF-8.
 */
wsp_error wsp_peer_set_handshake_headers(wsp_peer *peer,
                                         const char *const *headers,
                                         size_t count);

/**
 * Returns the socket for a foreign event loop, -1 where there is none (closed, or the name is being looked up). Wait, level-triggered,
 * until it is readable, or also writable where `wants_write` (may be NULL) is set, and call wsp_peer_poll(); call it again at once
 * after reading packets while wsp_peer_needs_poll() says so, and a few times a second anyway: timeouts, pings, name lookups and the
 * racing of addresses do not wake the descriptor. The socket changes while connecting; ask again after each poll. While the packet
 * queue is full the descriptor stays readable.
 */
int64_t wsp_peer_get_fd(const wsp_peer *peer,
                        bool *wants_write);

/**
 * Returns whether another wsp_peer_poll() has something to do without news from the network: messages for which the packet queue had no
 * room, or output that waits. False for NULL. For event loops that poll only when the descriptor is ready.
 */
bool wsp_peer_needs_poll(const wsp_peer *peer);

/**
 * Makes a server that does not listen. The caller owns it and ends it with wsp_server_free().
 */
wsp_server *wsp_server_new(void);

/**
 * Ends a server; see wsp_server_stop(). NULL is ignored. No other thread may use the server, or wait on it, any more.
 */
void wsp_server_free(wsp_server *server);

/**
 * Listens on a port (0: the system chooses one, see wsp_server_get_local_port()) of one IP address, or of all for NULL and "*". Clients
 * must ask for one of `protocols`, or for none where that is `(NULL, 0)`. `gd_mp_api` switches Godot 3's multiplayer packets on.
 *
 * Returns WSP_ERR_ALREADY_IN_USE while listening and for an address that is in use or not of this machine, WSP_ERR_INVALID_PARAMETER for
 * what is no port, no address or no protocol.
 */
wsp_error wsp_server_listen(wsp_server *server,
                            int32_t port,
                            const char *address,
                            const char *const *protocols,
                            size_t protocol_count,
                            bool gd_mp_api);

/**
 * Stops listening, says goodbye with code 1000 to every client and ends its connection. Tells no events, and forgets those that wait.
 */
void wsp_server_stop(wsp_server *server);

/**
 * Returns whether the server listens.
 */
bool wsp_server_is_listening(const wsp_server *server);

/**
 * Returns the port the server listens on, 0 where it does not.
 */
uint16_t wsp_server_get_local_port(const wsp_server *server);

/**
 * Goes on with every connection that has news: accepts, shakes hands, sends, reads. Never blocks. Then take the events.
 */
void wsp_server_poll(wsp_server *server);

/**
 * Polls and blocks until there is an event or the time is over; a negative `timeout_ms` is no limit. Other threads may call any function
 * on the server meanwhile, except wsp_server_free(); what they send leaves at once.
 *
 * Returns WSP_OK when there is an event or wsp_server_wake() was called, WSP_ERR_TIMEOUT, or WSP_ERR_UNCONFIGURED where the server does not listen.
 */
wsp_error wsp_server_wait(wsp_server *server,
                          int32_t timeout_ms);

/**
 * Takes the next event, in the order of what happened. A peer's messages that are not taken wait; while many do, that peer is not read
 * any further, and the others are not affected. Returns WSP_ERR_UNAVAILABLE where there is none, WSP_ERR_INVALID_PARAMETER for NULL and for a
 * wrong `struct_size`.
 */
wsp_error wsp_server_next_event(wsp_server *server,
                                wsp_event *event);

/**
 * Fills options with the defaults. `struct_size` is sizeof(wsp_server_options). May be called from any thread.
 */
wsp_error wsp_server_options_init(wsp_server_options *options, size_t struct_size);

/**
 * Sets options of the server; they take effect at once. Returns WSP_ERR_INVALID_PARAMETER, and changes nothing, for NULL and a wrong
 * `struct_size`.
 */
wsp_error wsp_server_set_options(wsp_server *server,
                                 const wsp_server_options *options);

/**
 * Sets the options of the server's connections, of those that are there too; see wsp_peer_set_options(). The defaults are
 * wsp_peer_options_init()'s, except for 65536 bytes inbound, 1024 packets and 3 seconds for a handshake, which are Godot 3's. With
 * auto_accept 0, clients wait for wsp_server_accept_request().
 */
wsp_error wsp_server_set_peer_options(wsp_server *server,
                                      const wsp_peer_options *options);

/**
 * Reads the options of the server's connections. `options->struct_size` must be set.
 */
wsp_error wsp_server_get_peer_options(const wsp_server *server, wsp_peer_options *options);

/**
 * Has the server speak TLS with the clients it accepts from now on; NULL for plain connections. Copied.
 */
wsp_error wsp_server_set_tls(wsp_server *server, const wsp_tls_options *tls);

/**
 * Sets header lines ("Name: value") that stand in the answers to clients; `(NULL, 0)` for none. Copied. Returns
 * WSP_ERR_INVALID_PARAMETER, and changes nothing, for what is no header line.
 */
wsp_error wsp_server_set_extra_headers(wsp_server *server, const char *const *headers, size_t count);

/**
 * Sets the values of Origin from which clients are accepted; see wsp_peer_set_allowed_origins().
 */
wsp_error wsp_server_set_allowed_origins(wsp_server *server, const char *const *origins, size_t count);

/**
 * Returns in words why the last call was refused; "" where none was. Lent.
 */
const char *wsp_server_get_error_message(const wsp_server *server);

/**
 * Sends a message to the peer `target`, to all peers (0), or to all but one (its negative id); `write_mode` is a wsp_write_mode. A message
 * to several is encoded and compressed once. `data` is not kept.
 *
 * Returns WSP_ERR_INVALID_PARAMETER for an id that is nobody's, otherwise as wsp_peer_send(). Where some of several peers have no
 * room, the others get the message, and WSP_ERR_OUT_OF_MEMORY is returned.
 */
wsp_error wsp_server_send(wsp_server *server,
                          int32_t target,
                          const uint8_t *data,
                          size_t len,
                          int32_t write_mode);

/**
 * Sends a NUL-terminated text; see wsp_server_send().
 */
wsp_error wsp_server_send_text(wsp_server *server, int32_t target, const char *text);

/**
 * Multiplayer mode: sends a packet of the server's own to the peer `target`, to all (0), or to all but one (its negative id). Returns
 * WSP_ERR_UNCONFIGURED in plain mode, WSP_ERR_FAILED for an id that is nobody's.
 */
wsp_error wsp_server_put_packet(wsp_server *server,
                                int32_t target,
                                const uint8_t *data,
                                size_t len);

/**
 * Writes the messages collected for all peers to the network now; see wsp_peer_flush(). wsp_server_poll() and wsp_server_wait() do it too.
 */
void wsp_server_flush(wsp_server *server);

/**
 * Says goodbye to a peer with a code and a reason (may be NULL); WSP_EVENT_CLOSED comes when it has answered or its time is over. What it
 * sends meanwhile is not told. A negative code drops the connection at once. Returns WSP_ERR_INVALID_PARAMETER for an id that is
 * nobody's and for what no close frame may carry.
 */
wsp_error wsp_server_disconnect_peer(wsp_server *server,
                                     int32_t peer,
                                     int32_t code,
                                     const char *reason);

/**
 * Returns whether an id is a peer's whose end was not told yet.
 */
bool wsp_server_has_peer(const wsp_server *server, int32_t peer);

/**
 * Writes the ids of at most `capacity` peers, in ascending order, to `peers` (may be NULL where `capacity` is 0) and returns how many
 * peers there are.
 */
size_t wsp_server_get_peers(const wsp_server *server,
                            int32_t *peers,
                            size_t capacity);

/**
 * Returns the IP address of a peer, "" where there is none. Lent. `port` may be NULL.
 */
const char *wsp_server_get_peer_address(const wsp_server *server, int32_t peer, uint16_t *port);

/**
 * Returns the URL that a peer's request asked for, path and query included; "" where there is none. Lent.
 */
const char *wsp_server_get_requested_url(const wsp_server *server, int32_t peer);

/**
 * Returns the value of the first header field of a peer's request with this name, in upper or lower case, or NULL. Lent.
 */
const char *wsp_server_find_request_header(const wsp_server *server,
                                           int32_t peer,
                                           const char *name);

/**
 * Lets in a client that WSP_EVENT_REQUEST told of; WSP_EVENT_OPENED follows. `headers` are `count` lines for the answer. Returns
 * WSP_ERR_INVALID_PARAMETER where no such request waits, otherwise as wsp_peer_accept_request().
 */
wsp_error wsp_server_accept_request(wsp_server *server,
                                    int32_t peer,
                                    const char *const *headers,
                                    size_t count);

/**
 * Answers a client that WSP_EVENT_REQUEST told of with an HTTP status from 200 to 599 instead; see wsp_peer_reject_request(). Nothing more is
 * told of it.
 */
wsp_error wsp_server_reject_request(wsp_server *server,
                                    int32_t peer,
                                    int32_t status,
                                    const char *const *headers,
                                    size_t count,
                                    const uint8_t *body,
                                    size_t body_len);

/**
 * Sends a ping with at most 125 bytes to a peer; see wsp_peer_ping().
 */
wsp_error wsp_server_ping(wsp_server *server, int32_t peer, const uint8_t *data, size_t len);

/**
 * Returns the seconds between the last answered ping of a peer and its pong; -1 before the first.
 */
double wsp_server_get_round_trip_time(const wsp_server *server, int32_t peer);

/**
 * Writes to `amount` the payload bytes for a peer that the network has not taken yet. Returns WSP_ERR_INVALID_PARAMETER for an id that is
 * nobody's.
 */
wsp_error wsp_server_get_outbound_buffered_amount(wsp_server *server,
                                                  int32_t peer,
                                                  size_t *amount);

/**
 * Has a thread in wsp_server_wait(), or the next one that calls it, return WSP_OK at once.
 */
void wsp_server_wake(wsp_server *server);

/**
 * Makes a stream without a connection. The caller owns it and ends it with wsp_stream_free().
 */
wsp_stream *wsp_stream_new(void);

/**
 * Ends a stream. A connection that a peer took over lives on with the peer. NULL is ignored.
 */
void wsp_stream_free(wsp_stream *stream);

/**
 * Chooses the local address (NULL or "*": any) and port (0: the system chooses) of the next connection. Returns
 * WSP_ERR_ALREADY_IN_USE the second time and for an address that is in use, WSP_ERR_INVALID_PARAMETER for what is no port or address.
 */
wsp_error wsp_stream_bind(wsp_stream *stream,
                          int32_t port,
                          const char *address);

/**
 * Starts to connect. Returns WSP_ERR_ALREADY_IN_USE unless the status is WSP_STREAM_STATUS_NONE (see wsp_stream_disconnect_from_host()), WSP_ERR_CANT_RESOLVE for an unknown name,
 * WSP_ERR_INVALID_PARAMETER for a port outside 1 to 65535, WSP_ERR_FAILED when the system refuses at once.
 */
wsp_error wsp_stream_connect_to_host(wsp_stream *stream,
                                     const char *host,
                                     int32_t port);

/**
 * Updates the status. Returns WSP_ERR_CONNECTION_ERROR when connecting failed or the connection broke.
 */
wsp_error wsp_stream_poll(wsp_stream *stream);

/**
 * Returns the status as of the last call, WSP_STREAM_STATUS_NONE for NULL.
 */
wsp_stream_status wsp_stream_get_status(const wsp_stream *stream);

/**
 * Ends the connection; what was written is still delivered.
 */
void wsp_stream_disconnect_from_host(wsp_stream *stream);

/**
 * Writes all of `data`, waiting for the network. Returns WSP_ERR_FAILED where there is no connection, WSP_ERR_CONNECTION_ERROR when it
 * broke.
 */
wsp_error wsp_stream_put_data(wsp_stream *stream,
                              const uint8_t *data,
                              size_t len);

/**
 * Writes what the network takes now; `sent` (may be NULL) receives the number of bytes. Errors as wsp_stream_put_data().
 */
wsp_error wsp_stream_put_partial_data(wsp_stream *stream,
                                      const uint8_t *data,
                                      size_t len,
                                      size_t *sent);

/**
 * Fills `data` with `len` bytes, waiting for them; `received` (may be NULL) receives how many were read, also on error. Returns
 * WSP_ERR_FILE_EOF at the end of the stream, WSP_ERR_FAILED where there is no connection (also when wsp_stream_poll() has noticed the
 * end before), WSP_ERR_CONNECTION_ERROR when it broke.
 */
wsp_error wsp_stream_get_data(wsp_stream *stream,
                              uint8_t *data,
                              size_t len,
                              size_t *received);

/**
 * Reads what is there, up to `len` bytes; `received` (may be NULL) receives the number, 0 where nothing is. Errors as
 * wsp_stream_get_data().
 */
wsp_error wsp_stream_get_partial_data(wsp_stream *stream, uint8_t *data, size_t len, size_t *received);

/**
 * Returns the number of bytes that can be read at once, -1 where there is no connection.
 */
int64_t wsp_stream_get_available_bytes(const wsp_stream *stream);

/**
 * Returns the IP address of the remote end, "" where there is none. Lent.
 */
const char *wsp_stream_get_connected_host(const wsp_stream *stream);

/**
 * Returns the port of the remote end, 0 where there is none.
 */
uint16_t wsp_stream_get_connected_port(const wsp_stream *stream);

/**
 * Returns the port of this end, 0 where there is none.
 */
uint16_t wsp_stream_get_local_port(const wsp_stream *stream);

/**
 * Disables (true, the default) or enables Nagle's algorithm. Returns WSP_ERR_UNCONFIGURED where there is no connection.
 */
wsp_error wsp_stream_set_no_delay(wsp_stream *stream, bool enabled);

/**
 * Returns in words why the last call was refused, "" where none was. Lent.
 */
const char *wsp_stream_get_error_message(const wsp_stream *stream);

/**
 * Makes a server that does not listen. The caller owns it and ends it with wsp_tcp_server_free().
 */
wsp_tcp_server *wsp_tcp_server_new(void);

/**
 * Stops and ends a server. NULL is ignored.
 */
void wsp_tcp_server_free(wsp_tcp_server *server);

/**
 * Listens on a port (0: the system chooses one, see wsp_tcp_server_get_local_port()) of every interface (`bind_address` NULL or "*") or
 * of one IP address.
 *
 * Returns WSP_ERR_ALREADY_IN_USE while listening and for an address that is in use or not of this machine,
 * WSP_ERR_INVALID_PARAMETER for a port outside 0 to 65535 and for what is no IP address, WSP_ERR_CANT_CREATE where the system gives no
 * socket.
 */
wsp_error wsp_tcp_server_listen(wsp_tcp_server *server,
                                int32_t port,
                                const char *bind_address);

/**
 * Returns whether the server listens.
 */
bool wsp_tcp_server_is_listening(const wsp_tcp_server *server);

/**
 * Returns whether a connection waits to be taken.
 */
bool wsp_tcp_server_is_connection_available(wsp_tcp_server *server);

/**
 * Returns the next connection, or NULL where none waits. The caller owns it and ends it with wsp_stream_free().
 */
wsp_stream *wsp_tcp_server_take_connection(wsp_tcp_server *server);

/**
 * Returns the port the server listens on, 0 where it does not.
 */
uint16_t wsp_tcp_server_get_local_port(const wsp_tcp_server *server);

/**
 * Returns the listening socket for a foreign event loop, -1 where there is none. Wait, level-triggered, until it is readable; then take
 * connections until wsp_tcp_server_take_connection() returns NULL. The server keeps the descriptor and closes it.
 */
int64_t wsp_tcp_server_get_fd(const wsp_tcp_server *server);

/**
 * Stops listening. Connections that were not taken are closed.
 */
void wsp_tcp_server_stop(wsp_tcp_server *server);

/**
 * Returns in words why the last call was refused, "" where none was. Lent.
 */
const char *wsp_tcp_server_get_error_message(const wsp_tcp_server *server);

/**
 * Makes options of a client that trusts what the operating system trusts. The caller owns them and ends them with
 * wsp_tls_options_free().
 */
wsp_tls_options *wsp_tls_options_new(void);

/**
 * Ends options. Connections that took them are not affected. NULL is ignored.
 */
void wsp_tls_options_free(wsp_tls_options *options);

/**
 * Makes the options those of a client that verifies the server's certificate: its chain, against `trusted_pem` or where that is NULL
 * against what the operating system trusts, and its name, which must be `common_name_override` or where that is NULL the URL's host.
 *
 * Returns WSP_ERR_INVALID_PARAMETER for what cannot be read, and changes nothing then; wsp_tls_options_get_error_message() says why.
 */
wsp_error wsp_tls_options_client(wsp_tls_options *options,
                                 const char *trusted_pem,
                                 const char *common_name_override);

/**
 * wsp_tls_options_client() with the trusted certificates in a file. Also WSP_ERR_INVALID_PARAMETER for a file that cannot be read.
 */
wsp_error wsp_tls_options_client_from_file(wsp_tls_options *options,
                                           const char *trusted_path,
                                           const char *common_name_override);

/**
 * Makes the options those of a client that does not verify the server's name, and its chain only against `trusted_pem`; where that is
 * NULL nothing is verified, and anybody in between can read and change everything. Errors as wsp_tls_options_client().
 */
wsp_error wsp_tls_options_client_unsafe(wsp_tls_options *options,
                                        const char *trusted_pem);

/**
 * wsp_tls_options_client_unsafe() with the trusted certificates in a file, NULL for none.
 */
wsp_error wsp_tls_options_client_unsafe_from_file(wsp_tls_options *options, const char *trusted_path);

/**
 * Makes the options those of a server. `private_key_pem` is a key in PKCS#8, PKCS#1 (RSA) or SEC1 (EC) form: RSA, ECDSA (P-256, P-384)
 * or Ed25519. `certificate_pem` is its certificate, followed by those that lead to an authority.
 *
 * Returns WSP_ERR_INVALID_PARAMETER, and changes nothing, for what cannot be read and for a key of another certificate.
 */
wsp_error wsp_tls_options_server(wsp_tls_options *options,
                                 const char *private_key_pem,
                                 const char *certificate_pem);

/**
 * wsp_tls_options_server() with files.
 */
wsp_error wsp_tls_options_server_from_files(wsp_tls_options *options,
                                            const char *private_key_path,
                                            const char *certificate_path);

/**
 * Lets a client prove who it is to servers that ask (mutual TLS). Key and certificate as for wsp_tls_options_server(). Returns
 * WSP_ERR_INVALID_PARAMETER, and changes nothing, for what cannot be read and where the options are those of a server.
 */
wsp_error wsp_tls_options_set_client_certificate(wsp_tls_options *options,
                                                 const char *private_key_pem,
                                                 const char *certificate_pem);

/**
 * wsp_tls_options_set_client_certificate() with files.
 */
wsp_error wsp_tls_options_set_client_certificate_from_files(wsp_tls_options *options,
                                                            const char *private_key_path,
                                                            const char *certificate_path);

/**
 * Lets a server ask clients who they are (mutual TLS): their certificates must lead to one of `ca_pem`. With `is_required`, clients
 * without a certificate are refused. Who it was tells wsp_peer_get_tls_info(). Returns WSP_ERR_INVALID_PARAMETER, and changes nothing,
 * for what cannot be read and unless the options are those of a server.
 */
wsp_error wsp_tls_options_set_client_ca(wsp_tls_options *options,
                                        const char *ca_pem,
                                        bool is_required);

/**
 * wsp_tls_options_set_client_ca() with a file.
 */
wsp_error wsp_tls_options_set_client_ca_from_file(wsp_tls_options *options, const char *ca_path, bool is_required);

/**
 * Returns in words why the last call was refused, "" where none was. Lent.
 */
const char *wsp_tls_options_get_error_message(const wsp_tls_options *options);

/**
 * Starts (true) or stops the trace: the list of live peers and the log of what they send and receive, of the whole process. Off at
 * first, and then it costs nothing that could be measured. Peers appear in the list with their next wsp_peer_poll(). Stopping forgets
 * the log. May be called from every thread.
 */
void wsp_trace_enable(bool enabled);

/**
 * Sets how many bytes of each message the log keeps, at most 1024; more counts as that. 128 at first. 0 keeps all contents out, those of
 * handshakes included. Handshakes are kept up to 2048 bytes otherwise.
 */
void wsp_trace_set_preview_size(size_t bytes);

/**
 * Takes the oldest event of the log. The preview is lent until the next wsp_trace_next_event() or wsp_trace_next_peer() of the same
 * thread. The newest 4096 events are kept; older ones that were not taken are counted by wsp_trace_take_missed_events().
 *
 * Returns WSP_ERR_UNAVAILABLE where none waits, WSP_ERR_UNCONFIGURED while the trace is off, WSP_ERR_INVALID_PARAMETER for NULL and for a
 * size that no version of this header declares; nothing is taken then.
 */
wsp_error wsp_trace_next_event(wsp_trace_event *event);

/**
 * Returns how many events were dropped, since the last call, because wsp_trace_next_event() was not called often enough.
 */
uint64_t wsp_trace_take_missed_events(void);

/**
 * Tells about the live peer with the lowest number above `after_id`: start with 0, go on with the number of the last one. The texts are
 * lent until the next wsp_trace_next_peer() or wsp_trace_next_event() of the same thread.
 *
 * Returns WSP_ERR_UNAVAILABLE where there is none, WSP_ERR_UNCONFIGURED while the trace is off, WSP_ERR_INVALID_PARAMETER for NULL and for
 * a size that no version of this header declares.
 */
wsp_error wsp_trace_next_peer(uint64_t after_id,
                              wsp_trace_peer *peer);

/**
 * Returns the number of a peer in the trace: never 0 (which stands for NULL), the same for its whole life, and of no other peer of the
 * process.
 */
uint64_t wsp_peer_get_trace_id(wsp_peer *peer);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* WSPEER_H */
