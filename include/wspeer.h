/*
 * wspeer: WebSockets (RFC 6455) for programs that tick. There are no callbacks: the program polls
 * once per tick or frame and takes events.
 *
 *     wsp_client *client = wsp_client_new();
 *     wsp_event event = WSP_EVENT_INIT;
 *     bool is_running = wsp_client_connect_to_url(client, "wss://game.example/", NULL) == WSP_OK;
 *     while (is_running) {
 *         wsp_client_poll(client);
 *         while (wsp_client_next_event(client, &event) == WSP_OK) {
 *             if (event.type == WSP_EVENT_OPENED) wsp_client_send_text(client, "hello");
 *             if (event.type == WSP_EVENT_MESSAGE) on_message(event.data, event.len);
 *             if (event.type == WSP_EVENT_CLOSED || event.type == WSP_EVENT_FAILED) {
 *                 is_running = false;
 *             }
 *         }
 *         draw_frame();
 *     }
 *     wsp_client_free(client);
 *
 * Sections: errors and version; peer (one connection without events); events; server; client; room
 * (multiplayer session); TLS; TCP streams and listener; trace.
 *
 * Objects. Each object is an opaque handle, made by wsp_TYPE_new(), which never returns NULL, and
 * freed by wsp_TYPE_free(), which ignores NULL. For a NULL handle, every other function returns
 * WSP_ERR_INVALID_PARAMETER or the neutral value that its comment states.
 *
 * Errors. Each function that returns wsp_error lists its errors, and wsp_TYPE_get_error_message()
 * returns the reason as text. Any of them can also return WSP_ERR_BUG, a defect of the library,
 * after which the object accepts only wsp_TYPE_free(). In a library that was built without TLS,
 * wss:// URLs and the functions of the section TLS return WSP_ERR_UNAVAILABLE.
 *
 * Structs. A struct whose first field is struct_size grows with later versions. The field states
 * the size that the caller knows: use the WSP_..._INIT macro, or set it to sizeof the struct.
 *
 * Ownership. Text passed in is NUL-terminated UTF-8; invalid UTF-8 is WSP_ERR_INVALID_DATA. Text
 * and data passed in are copied. What a function returns is lent, and the caller never frees it:
 *   - a text is valid until the next call on the same object that returns or lends a text; the
 *     texts of one struct are valid together;
 *   - data and texts of a wsp_event are valid until the next event of the same object is taken or
 *     the object is freed;
 *   - a packet of a peer is valid until the next wsp_peer_get_packet(), wsp_peer_poll(),
 *     wsp_peer_connect_to_url(), wsp_peer_accept_stream() or wsp_peer_free() of the same peer; it
 *     may be passed to wsp_peer_send() directly;
 *   - a packet of a room is valid until the next wsp_multiplayer_next_event(),
 *     wsp_multiplayer_create_client(), wsp_multiplayer_create_server(), wsp_multiplayer_close() or
 *     wsp_multiplayer_free() of the same room.
 *
 * Threads. Every function except wsp_TYPE_free() may be called from any thread while others use the
 * object; calls on one object wait for each other. Threads that share an object must agree on which
 * of them reads what it lends. The library never raises or handles signals.
 *
 * Processes. The child of fork() may make objects and use them: it has random numbers and a poller
 * of its own. An object that existed before the fork belongs to one of the two processes; the other
 * one must not use it, and must not free it either, because both share its sockets. No thread of
 * the parent may be in a function of the library when it forks, or the child may only call exec()
 * or _exit(). dlclose() does not unmap the library.
 *
 * Generated from rust/capi by build/header.rs; do not edit.
 */


#ifndef WSPEER_H
#define WSPEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ======== Objects ======== */

/*
 * The opaque handles of all sections. Each section below has the functions of one or two of them.
 * See the conventions at the top of this file for ownership and threads.
 */

/**
 * A WebSocket connection, client or server side, or the place for one. Godot's WebSocketPeer.
 *
 * Any function may be called from any thread; calls on one peer wait for each other. No function
 * blocks.
 */
typedef struct wsp_peer wsp_peer;

/**
 * A server with all its connections, which are named by ids. An id never names another connection
 * of the same server later: a call with the id of an ended connection returns
 * WSP_ERR_INVALID_PARAMETER and does nothing.
 *
 * Any function may be called from any thread; calls on one server wait for each other, except that
 * none waits for wsp_server_wait() while that blocks.
 */
typedef struct wsp_server wsp_server;

/**
 * A client: one connection to a server, whose messages and state changes are delivered as events,
 * and which reconnects after a loss if the program enables it.
 *
 * Any function may be called from any thread; calls on one client wait for each other, except that
 * none waits for wsp_client_wait() while that blocks.
 */
typedef struct wsp_client wsp_client;

/**
 * A room: a multiplayer session over WebSocket, as Godot's WebSocketMultiplayerPeer. It is a server
 * with the id 1 and its clients with random ids from 2 to 2147483647, or one of those clients.
 *
 * Any function may be called from any thread; calls on one room wait for each other. No function
 * blocks.
 */
typedef struct wsp_multiplayer wsp_multiplayer;

/**
 * TLS options of clients or servers. Certificates and keys are PEM texts (`-----BEGIN
 * CERTIFICATE-----`), passed as such or as files. Connections copy the options, which may be
 * changed or freed afterwards. Connections with the same options resume each other's TLS sessions.
 *
 * Any function may be called from any thread. No function blocks, except to read the named files.
 */
typedef struct wsp_tls_options wsp_tls_options;

/**
 * A TCP connection, or the place for one. Godot's StreamPeerTCP.
 *
 * Any function may be called from any thread; calls on one stream wait for each other.
 * wsp_stream_get_data(), wsp_stream_put_data() and the name lookup of wsp_stream_connect_to_host()
 * block without a time limit, and other calls on the same stream wait for them.
 */
typedef struct wsp_stream wsp_stream;

/**
 * A listener that accepts TCP connections. Godot's TCPServer.
 *
 * Any function may be called from any thread; calls on one listener wait for each other. No
 * function blocks.
 */
typedef struct wsp_tcp_server wsp_tcp_server;

/* ======== Errors and version ======== */

/*
 * Calls that can fail return wsp_error. wsp_TYPE_get_error_message() of the object returns the
 * reason as text. Compare WSP_VERSION with wsp_version() to find a library of another version than
 * the header.
 */

/** Result of a call. The numbers are those of Godot's global `Error` enum. */
enum wsp_error
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** No error. */
    WSP_OK = 0,
    /** The operation failed for a reason that has no number of its own. */
    WSP_ERR_FAILED = 1,
    /** Nothing is available, for example no packet in an empty queue. */
    WSP_ERR_UNAVAILABLE = 2,
    /** The object is not connected or not set up. */
    WSP_ERR_UNCONFIGURED = 3,
    /** A limit of a queue or buffer does not allow it; nothing was changed. */
    WSP_ERR_OUT_OF_MEMORY = 6,
    /** The remote peer closed the stream. */
    WSP_ERR_FILE_EOF = 18,
    /** The operating system did not provide a socket. */
    WSP_ERR_CANT_CREATE = 20,
    /** The object or the address is already in use. */
    WSP_ERR_ALREADY_IN_USE = 22,
    /** The operation did not end in time. */
    WSP_ERR_TIMEOUT = 24,
    /** A host name could not be resolved. */
    WSP_ERR_CANT_RESOLVE = 26,
    /** The connection was lost or refused. */
    WSP_ERR_CONNECTION_ERROR = 27,
    /** Data has the wrong form, for example text that is not UTF-8. */
    WSP_ERR_INVALID_DATA = 30,
    /** An argument is NULL, out of range or of the wrong kind. */
    WSP_ERR_INVALID_PARAMETER = 31,
    /** The object is in the middle of an operation that excludes the call. */
    WSP_ERR_BUSY = 44,
    /** A defect of the library. The object does nothing any more; free it. */
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
 * Returns the name of an error number, for example "WSP_ERR_FAILED", or "unknown error". Static;
 * never free it. May be called from any thread.
 */
const char *wsp_error_name(int32_t error);

/** Version of this header, as wsp_version() returns that of the library. */
#define WSP_VERSION "0.2.0"

/** First number of WSP_VERSION. */
#define WSP_VERSION_MAJOR 0

/** Second number of WSP_VERSION. */
#define WSP_VERSION_MINOR 2

/** Third number of WSP_VERSION. */
#define WSP_VERSION_PATCH 0

/**
 * Returns the version of the library that is loaded, for example "0.2.0". Compare it with
 * WSP_VERSION, the version of the header that the program was compiled with. Static; never free it.
 * May be called from any thread.
 */
const char *wsp_version(void);

/* ======== Peer ======== */

/*
 * One WebSocket connection, client or server side, that the program polls. Set the options, connect
 * or accept a stream, call wsp_peer_poll() once per tick, then read the state and take the packets.
 */

/** State of a peer. The numbers are those of Godot's WebSocketPeer.State. */
enum wsp_state
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * The name lookup, the TCP connection, the TLS handshake or the HTTP upgrade is in progress.
     */
    WSP_STATE_CONNECTING = 0,
    /** Messages can be sent and received. */
    WSP_STATE_OPEN = 1,
    /** A close frame was sent; the remote peer has not answered it yet. */
    WSP_STATE_CLOSING = 2,
    /** There is no connection. */
    WSP_STATE_CLOSED = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wsp_state wsp_state;
#else
typedef int32_t wsp_state;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** Kind of a message. The numbers are those of Godot's WebSocketPeer.WriteMode. */
enum wsp_write_mode
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** UTF-8 text. */
    WSP_WRITE_MODE_TEXT = 0,
    /** Any bytes. */
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
 * Settings of a WebSocket connection. Start from WSP_PEER_OPTIONS_INIT or wsp_peer_options_init(),
 * change fields, and pass the struct to wsp_peer_set_options(). Later versions of the library
 * append fields; struct_size names the ones that the caller knows.
 */
typedef struct {
    /** sizeof(wsp_peer_options) of the caller. */
    size_t struct_size;
    /**
     * The largest message that is received, over all its fragments, and the amount of unread
     * messages above which reading pauses. A larger message closes the connection with code 1009. A
     * limit, not an allocation. In bytes. Default 65535 (65536 for a client, 65536 for a server).
     * Takes effect immediately.
     */
    size_t inbound_buffer_size;
    /**
     * Payload that may be queued for the network. A message that does not fit is refused with
     * WSP_ERR_OUT_OF_MEMORY. In bytes. 0 for no limit. Default 65535. Takes effect immediately.
     */
    size_t outbound_buffer_size;
    /**
     * Messages that may be queued in each direction. A full inbound queue pauses reading; a full
     * outbound queue refuses messages with WSP_ERR_OUT_OF_MEMORY. Default 4096 (1024 for a client,
     * 1024 for a server). Takes effect immediately.
     */
    size_t max_queued_packets;
    /**
     * Time between pings; the first is sent this long after the connection opens. If no byte
     * arrives for heartbeat_timeout after a ping, the connection is closed with code -1: any data
     * shows that the remote peer is alive, not only a pong. Data that has arrived is read first, so
     * a late poll does not cost the connection. In seconds, up to 31536000 (a year). 0 for no
     * pings. Default 0. Takes effect immediately.
     */
    double heartbeat_interval;
    /**
     * Time for the name lookup and the TCP connection. In Godot the default is the project setting
     * network/limits/tcp/connect_timeout_seconds at the time of connecting. In seconds, up to
     * 31536000 (a year). 0 for no limit. Default 30. Used by the next connection.
     */
    double connect_timeout;
    /**
     * Time from the TCP connection to the end of the HTTP upgrade: for a proxy's tunnel, TLS and
     * the upgrade. In a room it ends when the client has its id, and on a client of a room it
     * includes connecting. If the program polls later than that and input waits, the handshake gets
     * up to 2 s more. In seconds, up to 31536000 (a year). 0 for no limit (refused by servers and
     * rooms). Default 10 (3 for a server, 3 for a room). Used by the next connection.
     */
    double handshake_timeout;
    /**
     * Time for the remote peer to answer a close frame before the connection is dropped with code
     * -1. It begins when all data that was sent before, and the close frame, were passed to the
     * operating system. Until then the connection is dropped if the system accepts no byte for this
     * time. In seconds, up to 31536000 (a year). 0 to end the connection in the poll after the
     * close frame was sent. Default 5. Takes effect immediately.
     */
    double close_timeout;
    /**
     * Time after a ping without any received data that ends the connection. In seconds, up to
     * 31536000 (a year). 0 for the length of heartbeat_interval. Default 0. Takes effect
     * immediately.
     */
    double heartbeat_timeout;
    /**
     * The largest payload of an outgoing frame. Longer messages are sent in several frames. In
     * bytes. 0 for one frame per message. Default 0. Takes effect immediately.
     */
    size_t max_frame_size;
    /**
     * Delivers messages in the pieces they arrive in, of at most about 1 MiB, instead of whole.
     * inbound_buffer_size then limits the queued bytes and not the messages. Default 0. Takes
     * effect immediately.
     */
    uint8_t stream_messages;
    /**
     * Offers (client) or accepts (server) permessage-deflate (RFC 7692). Default 0. Used by the
     * next handshake.
     */
    uint8_t compression_enabled;
    /**
     * Keeps the compression windows from message to message, in both directions (RFC 7692 section
     * 7.1.1): better compression for about 340 KiB per connection. Default 1. Used by the next
     * handshake.
     */
    uint8_t compression_context_takeover;
    /**
     * The largest compression window as a power of two, in both directions (RFC 7692 section
     * 7.1.2): 9 for 512 bytes, 15 for 32 KiB. From 9 to 15. Default 15. Used by the next handshake.
     */
    uint8_t compression_max_window_bits;
    /**
     * The compression level of zlib: 0 stores, 1 is the fastest, 9 the smallest. From 0 to 9.
     * Default 6. Used by the next connection.
     */
    uint32_t compression_level;
    /**
     * Shorter messages are sent uncompressed. In bytes. 0 to compress every message. Default 128.
     * Takes effect immediately.
     */
    size_t compression_threshold;
    /**
     * Accepts requests as a server without asking the program. Otherwise each request waits, for
     * handshake_timeout at most, until accept_request or reject_request is called. Default 1. Takes
     * effect immediately.
     */
    uint8_t auto_accept;
    /**
     * Opens connections without a sub-protocol if client and server have none in common. Otherwise
     * a client that requests sub-protocols refuses an answer that selects none, and a server with
     * sub-protocols answers requests without one of them with HTTP status 400. Default 0. Used by
     * the next handshake.
     */
    uint8_t allow_no_protocol;
    /** 0. Not used. */
    uint8_t unused90[2];
    /**
     * Redirections in a row that a client follows: answers with HTTP status 301, 302, 303, 307 or
     * 308 and a Location, in which http stands for ws and https for wss. They never lead from wss
     * to ws. Another origin (scheme, host and port) gets no user name and password of the URL, no
     * client certificate, and of the program's header lines only Origin and User-Agent;
     * sub-protocols are sent to each. The time limits hold for the whole. From 0 to 20. 0 to follow
     * none. Default 0. Used by the next connection.
     */
    uint32_t max_redirects;
    /**
     * The longest HTTP head in bytes that the handshake reads, with at most 100 header lines. A
     * server answers a longer request with HTTP status 431; a client refuses a longer answer, of a
     * proxy too. A server holds up to this much for each handshake under way. From 1024 to 65536.
     * Default 16384. Used by the next handshake.
     */
    uint32_t max_handshake_size;
    /** 0. Later versions use it for fields of which 0 is the default. */
    uint8_t reserved[4];
} wsp_peer_options;

/** Initial value of wsp_peer_options; the same as wsp_peer_options_init() sets. */
#define WSP_PEER_OPTIONS_INIT {sizeof(wsp_peer_options), \
    65535, 65535, 4096, 0.0, 30.0, 10.0, 5.0, 0.0, 0, 0, 0, 1, 15, 6, 128, 1, 0, {0}, 0, 16384, {0}}

/** Payload bytes of the compressed messages of a connection, before and after compression. */
typedef struct {
    /** Sent, before compression. */
    uint64_t sent_plain;
    /** Sent, after compression. */
    uint64_t sent_compressed;
    /** Received, after decompression. */
    uint64_t received_plain;
    /** Received, before decompression. */
    uint64_t received_compressed;
} wsp_compression_statistics;

/** How far a connection had come when it failed. */
enum wsp_stage
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** It has not failed. */
    WSP_STAGE_NONE = 0,
    /** The host name could not be resolved. */
    WSP_STAGE_DNS = 1,
    /** The server could not be reached, or the TCP connection broke. */
    WSP_STAGE_TCP = 2,
    /** The proxy could not be reached or refused. */
    WSP_STAGE_PROXY = 3,
    /** The TLS handshake, the verification of a certificate, or the encrypted connection failed. */
    WSP_STAGE_TLS = 4,
    /** The remote peer did not complete the HTTP upgrade of RFC 6455 section 4. */
    WSP_STAGE_HTTP = 5,
    /** The remote peer broke the WebSocket protocol. */
    WSP_STAGE_WEBSOCKET = 6,
    /**
     * A deadline passed: connect_timeout, handshake_timeout, heartbeat_timeout or close_timeout.
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
 * Why a connection could not be made or was lost. Set `struct_size`, then call
 * wsp_peer_get_failure(). Later versions append fields.
 */
typedef struct {
    /** sizeof(wsp_failure) of the caller. */
    size_t struct_size;
    /** The stage that failed. */
    wsp_stage stage;
    /**
     * The operating system's error number, 0 if the failure has none: errno, or on Windows that of
     * WSAGetLastError().
     */
    int32_t os_error;
    /** The reason, one sentence in English. Lent. */
    const char *message;
    /** The TLS alert or the result of the verification, "" if TLS was not the reason. Lent. */
    const char *tls;
    /**
     * HTTP status with which a server or proxy refused, 0 if none did.
     * wsp_peer_get_received_header() returns the header fields of that answer.
     */
    int32_t http_status;
    /** 1 if the certificate is valid, but for another name. */
    uint8_t is_name_mismatch;
    /** Reason phrase of the status, or "". Lent. */
    const char *http_reason;
    /**
     * First bytes of that answer's body, at most 4096, with a NUL after them. Status and header
     * fields are complete; the body is the part that arrived within 250 ms after them, or with them
     * if the server announced neither its length nor the end of the connection. Never NULL. Lent.
     */
    const uint8_t *http_body;
    /** Number of bytes in `http_body`, without that NUL. */
    size_t http_body_len;
} wsp_failure;

/**
 * Makes a peer without a connection. Never returns NULL. The caller owns the peer and frees it with
 * wsp_peer_free().
 */
wsp_peer *wsp_peer_new(void);

/**
 * Frees a peer. An open connection is closed with code 1001 (going away). Unsent data is flushed in
 * the background for up to 2 s while any other object is polled; wait for wsp_peer_is_drained()
 * first to be certain. NULL is ignored. No other thread may use the peer any more.
 */
void wsp_peer_free(wsp_peer *peer);

/**
 * Sets the sub-protocols that the program supports, for the next connection (RFC 6455 section 1.9):
 * on a client in order of preference, `(NULL, 0)` for none. Copied. They are checked when the
 * handshake begins.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `peer`, `protocols` or an entry is NULL;
 * WSP_ERR_INVALID_DATA if an entry is not UTF-8.
 */
wsp_error wsp_peer_set_supported_protocols(wsp_peer *peer,
                                           const char *const *protocols,
                                           size_t count);

/**
 * Sets header lines ("Name: value") that are added to the request (client) or answer (server) of
 * the next handshake; `(NULL, 0)` for none. Copied. They are checked when the handshake begins. A
 * client may have one "Host: host[:port]" line, which the request then has instead of the host of
 * the URL; the connection and the check of the certificate use the URL.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `peer`, `headers` or an entry is NULL; WSP_ERR_INVALID_DATA
 * if an entry is not UTF-8.
 */
wsp_error wsp_peer_set_handshake_headers(wsp_peer *peer,
                                         const char *const *headers,
                                         size_t count);

/**
 * Sets the values of the Origin header from which a server accepts requests, such as
 * "https://game.example"; `(NULL, 0)`, the default, for all. Copied. A request without Origin,
 * which no browser sends, is always accepted; one with another Origin is answered with HTTP status
 * 403.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `peer`, `origins` or an entry is NULL; WSP_ERR_INVALID_DATA
 * if an entry is not UTF-8.
 */
wsp_error wsp_peer_set_allowed_origins(wsp_peer *peer,
                                       const char *const *origins,
                                       size_t count);

/**
 * Sets the HTTP proxies of the next connections, as "[http://][user:password@]host[:port]":
 * `http_proxy` for ws://, `https_proxy` for wss://, NULL or "" for none. The client asks either for
 * a tunnel (CONNECT, RFC 9110 section 9.3.6). `no_proxy` lists hosts to connect to directly,
 * separated by commas: names including all that end in them, IP addresses, networks ("10.0.0.0/8"),
 * or "*". Copied. Proxies are never read from the environment unless
 * wsp_peer_set_proxy_from_environment() is called.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `peer` is NULL or a proxy's address is invalid;
 * WSP_ERR_INVALID_DATA if a text is not UTF-8. Nothing changes then.
 */
wsp_error wsp_peer_set_proxy(wsp_peer *peer,
                             const char *http_proxy,
                             const char *https_proxy,
                             const char *no_proxy);

/**
 * Sets the proxies of the next connections from the environment variables http_proxy, https_proxy,
 * all_proxy and no_proxy, as curl reads them. The variables are read during this call.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `peer` is NULL or a variable is not the address of a proxy.
 * Nothing changes then.
 */
wsp_error wsp_peer_set_proxy_from_environment(wsp_peer *peer);

/**
 * Disables (true, the default) or enables (false) Nagle's algorithm on the TCP connection.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `peer` is NULL; WSP_ERR_UNCONFIGURED if there is no TCP
 * connection; WSP_ERR_FAILED if the operating system refuses.
 */
wsp_error wsp_peer_set_no_delay(wsp_peer *peer,
                                bool enabled);

/**
 * Fills options with the defaults. `struct_size` is sizeof(wsp_peer_options). May be called from
 * any thread.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `options` is NULL or for an unknown `struct_size`.
 */
wsp_error wsp_peer_options_init(wsp_peer_options *options,
                                size_t struct_size);

/**
 * Sets all options of a peer. Each field states when it takes effect.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if a pointer is NULL, or for an unknown `struct_size` or a
 * value outside its range. Nothing changes then.
 */
wsp_error wsp_peer_set_options(wsp_peer *peer,
                               const wsp_peer_options *options);

/**
 * Reads the options of a peer. `options->struct_size` must be set.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if a pointer is NULL or for an unknown `struct_size`.
 */
wsp_error wsp_peer_get_options(const wsp_peer *peer, wsp_peer_options *options);

/**
 * Starts to connect to ws://host[:port][/path] or wss://host[:port][/path]. Call wsp_peer_poll()
 * until wsp_peer_get_ready_state() is WSP_STATE_OPEN or WSP_STATE_CLOSED. User name and password in
 * the URL become an Authorization header. `tls`, the options of a client, are for wss:// and are
 * copied; NULL verifies the server's certificate against those that the operating system trusts.
 * `url` is copied.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `peer` or `url` is NULL, or for an invalid URL, options of a
 * TLS server, invalid handshake headers or sub-protocols; WSP_ERR_INVALID_DATA if `url` is not
 * UTF-8; WSP_ERR_ALREADY_IN_USE while connecting or open; WSP_ERR_FAILED if the operating system
 * refuses at once.
 */
wsp_error wsp_peer_connect_to_url(wsp_peer *peer,
                                  const char *url,
                                  const wsp_tls_options *tls);

/**
 * Takes over a TCP connection as a WebSocket server. The handshake happens in wsp_peer_poll(). The
 * connection is shared: the stream handle still belongs to the caller, who may free it at once and
 * must not read or write with it any more. If the stream has no connection, the peer closes in its
 * first poll.
 *
 * `tls`, the options of a server, make it a wss:// connection and are copied; NULL for ws://.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `peer` or `stream` is NULL, or for options of a TLS client,
 * invalid handshake headers or sub-protocols; WSP_ERR_ALREADY_IN_USE while connecting or open;
 * WSP_ERR_FAILED if TLS cannot be set up.
 */
wsp_error wsp_peer_accept_stream(wsp_peer *peer,
                                 wsp_stream *stream,
                                 const wsp_tls_options *tls);

/**
 * Advances the connection: connects, runs the handshakes, sends queued data, reads what has
 * arrived. Never blocks. Call it once per tick.
 */
void wsp_peer_poll(wsp_peer *peer);

/**
 * Writes collected messages to the network now. The first message of a tick is written at once;
 * later ones are collected until 64 KiB have gathered, wsp_peer_get_packet() finds no packet, or
 * wsp_peer_poll() or this function is called. Without such a call a thread of the library writes
 * them after 8 ms, and goes on while the network accepts data; the next poll reports an error of
 * that. A program that sends several messages after its poll calls this once after them, so that
 * they leave sooner.
 */
void wsp_peer_flush(wsp_peer *peer);

/**
 * Starts the close handshake (RFC 6455 section 7); keep polling until WSP_STATE_CLOSED. The close
 * frame follows everything that was sent; close_timeout limits the wait for its answer. `code` is
 * 1000 to 1003, 1007 to 1014 or 3000 to 4999; 0 sends a close frame without a code. `reason` has at
 * most 123 bytes of UTF-8 and may be NULL. A negative code, or a call while connecting, drops the
 * connection at once, and nothing else is checked. While closing or closed, the call does nothing.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `peer` is NULL or a close frame may not carry the code or
 * the reason; WSP_ERR_INVALID_DATA if `reason` is not UTF-8. Nothing happens then.
 */
wsp_error wsp_peer_close(wsp_peer *peer,
                         int32_t code,
                         const char *reason);

/** Returns the state of the connection, WSP_STATE_CLOSED for NULL. */
wsp_state wsp_peer_get_ready_state(const wsp_peer *peer);

/**
 * Returns the code of the close frame that ended the connection: that of the remote peer, or 1002,
 * 1007 or 1009 that this peer has sent because the remote peer broke the protocol. 0 if the frame
 * had no code, -1 if there was no close frame.
 */
int32_t wsp_peer_get_close_code(const wsp_peer *peer);

/**
 * Returns the reason in that close frame, "" if there was none. Lent. `len` may be NULL; it
 * receives the length in bytes, which strlen() does not give if the reason contains a NUL.
 */
const char *wsp_peer_get_close_reason(const wsp_peer *peer,
                                      size_t *len);

/**
 * Returns why the connection was lost, or else why the last refused call was refused; "" if nothing
 * has failed since the connection began. One sentence in English. Lent.
 */
const char *wsp_peer_get_error_message(const wsp_peer *peer);

/** Returns the selected sub-protocol, "" if there is none. Lent. */
const char *wsp_peer_get_selected_protocol(const wsp_peer *peer);

/**
 * Returns the URL passed to wsp_peer_connect_to_url(), also after redirections, or on a server the
 * URL that the client has requested. Lent.
 */
const char *wsp_peer_get_requested_url(const wsp_peer *peer);

/** Returns the IP address of the remote peer, "" without a TCP connection. Lent. */
const char *wsp_peer_get_connected_host(const wsp_peer *peer);

/** Returns the TCP port of the remote peer, 0 without a TCP connection. */
uint16_t wsp_peer_get_connected_port(const wsp_peer *peer);

/**
 * Returns the socket for the program's own event loop, -1 if there is none (closed, or looking up
 * the name). On Windows the number is a SOCKET, for WSAPoll() or select().
 *
 * Wait, level-triggered, until the socket is readable, or also writable if `wants_write` (may be
 * NULL) is set, and call wsp_peer_poll(). Poll again at once after reading packets while
 * wsp_peer_needs_poll() is true, and a few times per second in any case: timeouts, pings, name
 * lookups and parallel connection attempts do not make the socket ready. The socket changes while
 * connecting, so call this after each poll. It stays readable while the packet queue is full.
 */
int64_t wsp_peer_get_fd(const wsp_peer *peer,
                        bool *wants_write);

/**
 * Returns whether another wsp_peer_poll() has work without news from the network: messages for
 * which the packet queue had no room, or queued output. False for NULL. For event loops that poll
 * only when the socket is ready.
 */
bool wsp_peer_needs_poll(const wsp_peer *peer);

/**
 * Sends a message of `len` bytes; `write_mode` is a wsp_write_mode. `(NULL, 0)` is an empty
 * message. `data` is copied or written before the call returns.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `peer` is NULL, `data` is NULL with a length, or
 * `write_mode` is not a wsp_write_mode; WSP_ERR_FAILED if the connection is not open;
 * WSP_ERR_INVALID_DATA if a text is not UTF-8; WSP_ERR_OUT_OF_MEMORY if outbound_buffer_size or
 * max_queued_packets would be exceeded. Nothing is sent then.
 */
wsp_error wsp_peer_send(wsp_peer *peer,
                        const uint8_t *data,
                        size_t len,
                        int32_t write_mode);

/**
 * Sends a NUL-terminated text without its NUL.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `peer` or `text` is NULL; WSP_ERR_FAILED,
 * WSP_ERR_INVALID_DATA, WSP_ERR_OUT_OF_MEMORY, as for wsp_peer_send().
 */
wsp_error wsp_peer_send_text(wsp_peer *peer,
                             const char *text);

/**
 * Sends a message uncompressed even if compression is active: for content that is compressed
 * already, or that must not share a compression window with data that an attacker controls.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER, WSP_ERR_FAILED, WSP_ERR_INVALID_DATA, WSP_ERR_OUT_OF_MEMORY,
 * as for wsp_peer_send().
 */
wsp_error wsp_peer_send_uncompressed(wsp_peer *peer,
                                     const uint8_t *data,
                                     size_t len,
                                     int32_t write_mode);

/**
 * Takes the oldest received message. `*data` is never NULL on success and has `*len` bytes; it is
 * lent until the next wsp_peer_get_packet() or wsp_peer_poll() of this peer (see the conventions at
 * the top). Messages that arrived before the connection closed stay readable until the next
 * connection.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `peer`, `data` or `len` is NULL; WSP_ERR_UNAVAILABLE if no
 * message is queued; WSP_ERR_FAILED if no message is queued and the connection is not open. `*data`
 * is NULL and `*len` 0 then.
 */
wsp_error wsp_peer_get_packet(wsp_peer *peer,
                              const uint8_t **data,
                              size_t *len);

/**
 * Sends a ping with at most 125 bytes of payload; its pong updates wsp_peer_get_round_trip_time().
 * `(NULL, 0)` sends eight random bytes, so that no pong can be sent before the ping has arrived.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `peer` is NULL, `data` is NULL with a length, or the payload
 * is longer than 125 bytes; WSP_ERR_FAILED if the connection is not open; WSP_ERR_OUT_OF_MEMORY if
 * the network accepts nothing at the moment.
 */
wsp_error wsp_peer_ping(wsp_peer *peer,
                        const uint8_t *data,
                        size_t len);

/** Frees the compressor's memory now instead of after 10 s without messages. */
void wsp_peer_release_compression_memory(wsp_peer *peer);

/** Returns the number of received messages that are queued, 0 for NULL. */
size_t wsp_peer_get_available_packet_count(const wsp_peer *peer);

/** Returns whether the message taken last was text; false before the first. */
bool wsp_peer_was_string_packet(const wsp_peer *peer);

/**
 * Returns whether the packet taken last ended its message. Always true unless the option
 * stream_messages is set. The kind of every piece is that of its message (see
 * wsp_peer_was_string_packet()); a piece of text may end inside a code point.
 */
bool wsp_peer_was_last_piece(const wsp_peer *peer);

/** Returns the payload bytes of messages that the network has not accepted yet, 0 for NULL. */
size_t wsp_peer_get_current_outbound_buffered_amount(wsp_peer *peer);

/** Returns whether the network has accepted everything that was sent, true for NULL. */
bool wsp_peer_is_drained(const wsp_peer *peer);

/**
 * Returns the seconds between the last answered ping and its pong, -1 before the first pong.
 * `smoothed` (may be NULL) receives a moving average. Pongs are read in wsp_peer_poll().
 */
double wsp_peer_get_round_trip_time(const wsp_peer *peer,
                                    double *smoothed);

/**
 * Returns whether the handshake agreed on permessage-deflate (RFC 7692). `statistics` may be NULL;
 * it receives the compressed bytes of this connection, or of the last one.
 */
bool wsp_peer_is_compression_active(const wsp_peer *peer,
                                    wsp_compression_statistics *statistics);

/**
 * Reports why the connection could not be made or was lost. `failure->struct_size` must be set. The
 * texts are lent until the next call on the peer that returns a text.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `peer` or `failure` is NULL, or for an unknown
 * `struct_size`; WSP_ERR_UNAVAILABLE, with WSP_STAGE_NONE, if nothing has failed since the
 * connection began.
 */
wsp_error wsp_peer_get_failure(const wsp_peer *peer,
                               wsp_failure *failure);

/* ======== Peer: the handshake ======== */

/*
 * Header fields that the remote peer has sent, and requests about which a server program decides
 * itself. Most programs need none of this.
 */

/**
 * A client's request. Set `struct_size`, then call wsp_peer_get_request(). Later versions append
 * fields.
 */
typedef struct {
    /** sizeof(wsp_request) of the caller. */
    size_t struct_size;
    /** HTTP method, "GET" in every WebSocket handshake. Lent. */
    const char *method;
    /** The request target as the client has written it. Lent. */
    const char *target;
    /**
     * The path of the target, still percent-encoded; "" if the target is invalid (HTTP status 400).
     * Lent.
     */
    const char *path;
    /** The part of the target after its first '?', or "". Lent. */
    const char *query;
    /**
     * 1 if it is a valid WebSocket handshake (RFC 6455 section 4.2.1), which
     * wsp_peer_accept_request() can accept.
     */
    uint8_t is_websocket;
    /** 1 while it waits for wsp_peer_accept_request() or wsp_peer_reject_request(). */
    uint8_t is_pending;
    /**
     * The sub-protocols that the client offers, in its order of preference, separated by ", "; ""
     * if it offers none. See wsp_peer_select_protocol(). Lent.
     */
    const char *protocols;
} wsp_request;

/**
 * An HTTP answer that ends a client's request without a WebSocket connection. Start from
 * WSP_HTTP_ANSWER_INIT, set fields, and pass it to wsp_peer_reject_request() or
 * wsp_server_reject_request(). Later versions append fields.
 */
typedef struct {
    /** sizeof(wsp_http_answer) of the caller. */
    size_t struct_size;
    /** HTTP status, 200 to 599. Default 403. */
    int32_t status;
    /** Reason phrase; NULL or "" (the default) for the standard one of the status. */
    const char *reason;
    /**
     * Header lines ("Name: value"). The library adds Content-Length and Connection, and
     * Content-Type text/plain unless it is given. Default NULL.
     */
    const char *const *headers;
    /** Number of header lines. Default 0. */
    size_t header_count;
    /** Body. Default NULL. */
    const uint8_t *body;
    /** Length of the body in bytes. Default 0. */
    size_t body_len;
} wsp_http_answer;

/** Initial value of wsp_http_answer: status 403 without a body. */
#define WSP_HTTP_ANSWER_INIT {sizeof(wsp_http_answer), 403, NULL, NULL, 0, NULL, 0}

/**
 * Selects the sub-protocol of the answer to the request that waits because the option auto_accept
 * is 0: one of those that the client offers (`protocols` of wsp_request), or "" or NULL for none.
 * Without this call, the first one that the client offers and wsp_peer_set_supported_protocols()
 * lists is selected. The last call before wsp_peer_accept_request() counts. Copied.
 *
 * Errors: WSP_ERR_UNCONFIGURED if no request waits; WSP_ERR_INVALID_PARAMETER if `peer` is NULL or
 * the client does not offer `protocol`; WSP_ERR_INVALID_DATA if it is not UTF-8. Nothing changes
 * then.
 */
wsp_error wsp_peer_select_protocol(wsp_peer *peer,
                                   const char *protocol);

/**
 * Accepts the request that waits because the option auto_accept is 0; the connection opens in the
 * next wsp_peer_poll(). `headers` are `count` header lines for the answer, added after those of
 * wsp_peer_set_handshake_headers(); `(NULL, 0)` for none.
 *
 * Errors: WSP_ERR_UNCONFIGURED if no request waits, WSP_ERR_INVALID_PARAMETER if `peer`, `headers`
 * or an entry is NULL or a header line is invalid; nothing changes then. WSP_ERR_INVALID_DATA if a
 * header line is not UTF-8 (nothing changes), or if the request cannot be accepted (not a WebSocket
 * handshake, a forbidden origin, no common sub-protocol without allow_no_protocol): it is answered
 * with the HTTP status for that, and the connection ends.
 */
wsp_error wsp_peer_accept_request(wsp_peer *peer,
                                  const char *const *headers,
                                  size_t count);

/**
 * Answers the request that waits because the option auto_accept is 0 with an HTTP response: to
 * refuse a client, or to serve a page or a health check on the same port. NULL for `answer` sends
 * status 403 without a body. The connection ends after the answer, which is delivered while any
 * object is polled. `answer` is copied.
 *
 * Errors: WSP_ERR_UNCONFIGURED if no request waits; WSP_ERR_INVALID_PARAMETER if `peer` is NULL, or
 * for an unknown `struct_size`, a status outside 200 to 599, or an invalid reason or header line;
 * WSP_ERR_INVALID_DATA if a text is not UTF-8. Nothing is sent then.
 */
wsp_error wsp_peer_reject_request(wsp_peer *peer,
                                  const wsp_http_answer *answer);

/**
 * Reports what a client has requested of this server, from the arrival of the request until the
 * next connection. `request->struct_size` must be set. The texts are lent until the next call on
 * the peer that returns a text.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `peer` or `request` is NULL, or for an unknown
 * `struct_size`; WSP_ERR_UNAVAILABLE if no request has arrived.
 */
wsp_error wsp_peer_get_request(const wsp_peer *peer,
                               wsp_request *request);

/**
 * Returns the number of header fields that the remote peer has sent in the handshake: on a server
 * those of the request, on a client those of the answer, even if it refused (see
 * wsp_peer_get_failure()). 0 if none has arrived.
 */
size_t wsp_peer_get_received_header_count(const wsp_peer *peer);

/**
 * Lends name and value (both may be NULL) of one of those header fields, in the order of arrival,
 * repeated fields included, until the next call on the peer that returns a text.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `peer` is NULL or `index` is not below
 * wsp_peer_get_received_header_count(). Both are NULL then.
 */
wsp_error wsp_peer_get_received_header(const wsp_peer *peer,
                                       size_t index,
                                       const char **name,
                                       const char **value);

/**
 * Returns the value of the first of those header fields with this name, in any case of letters,
 * NULL if there is none. Lent.
 */
const char *wsp_peer_find_received_header(const wsp_peer *peer,
                                          const char *name);

/* ======== Events of servers and clients ======== */

/*
 * wsp_server and wsp_client report what happens as events: poll or wait, then take events until
 * none is left.
 */

/** Kind of an event. Each names the fields that it fills; the others are 0, NULL or "". */
enum wsp_event_type
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** No event. */
    WSP_EVENT_NONE = 0,
    /** A connection has opened. `text`: the selected sub-protocol, or "". */
    WSP_EVENT_OPENED = 1,
    /** A message was received. `data`, `len`, `is_text`. */
    WSP_EVENT_MESSAGE = 2,
    /**
     * The remote peer's close frame was received; WSP_EVENT_CLOSED follows. `code` (0 if the frame
     * had none), `text`: its reason.
     */
    WSP_EVENT_CLOSE_REQUEST = 3,
    /** A connection has ended. Its id is never used again. `was_clean`. */
    WSP_EVENT_CLOSED = 4,
    /**
     * A connection could not be made; on a server, a client's handshake failed. No other event of
     * that connection follows. `text`: the reason. On a server with `peer` 0: the operating system
     * cannot accept connections, for lack of descriptors for example. They wait, and the server
     * goes on trying.
     */
    WSP_EVENT_FAILED = 5,
    /**
     * Server: a client's request waits for wsp_server_accept_request() or
     * wsp_server_reject_request(). Only if the option auto_accept of the server's peers is 0.
     */
    WSP_EVENT_REQUEST = 6,
    /** Multiplayer mode: packets can be sent to the peer. */
    WSP_EVENT_PEER_CONNECTED = 7,
    /** Multiplayer mode: the peer has disconnected. */
    WSP_EVENT_PEER_DISCONNECTED = 8,
    /** Multiplayer mode: a packet was received. `data`, `len`. */
    WSP_EVENT_PACKET = 9,
    /** Multiplayer mode, client: the server has assigned this client its id. */
    WSP_EVENT_CONNECTION_SUCCEEDED = 10,
    /**
     * Multiplayer mode, client: the connection could not be made or has ended. `text`: the reason.
     */
    WSP_EVENT_CONNECTION_FAILED = 11,
    /**
     * Multiplayer mode, client: an established connection has ended; WSP_EVENT_CONNECTION_FAILED
     * follows.
     */
    WSP_EVENT_SERVER_DISCONNECTED = 12,
    /** Client: it will reconnect. `attempt` (from 1), `delay` in seconds. */
    WSP_EVENT_RECONNECTING = 13,
    /**
     * Client: it has reconnected; follows WSP_EVENT_OPENED, in multiplayer mode
     * WSP_EVENT_CONNECTION_SUCCEEDED.
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
 * An event, taken by wsp_client_next_event() or wsp_server_next_event(). Start from WSP_EVENT_INIT.
 * Later versions append fields; `struct_size` states which ones the caller knows.
 */
typedef struct {
    /** sizeof(wsp_event) of the caller. */
    size_t struct_size;
    /** A wsp_event_type. Later versions may add types: ignore those you do not know. */
    int32_t type;
    /**
     * The peer of the event: on a client 1, the server; on a server 2 to 2147483647. In multiplayer
     * mode the sender of the packet, or the peer that connected or disconnected.
     */
    int32_t peer;
    /**
     * Payload of a message or packet, never NULL in those events. Lent until the next event is
     * taken.
     */
    const uint8_t *data;
    /** Length of `data` in bytes. */
    size_t len;
    /**
     * Sub-protocol, close reason or reason of a failure. Never NULL. Lent until the next event is
     * taken.
     */
    const char *text;
    /** Close code of a close request. */
    int32_t code;
    /**
     * Number of the attempt to reconnect: from 1, and again from 1 after a connection that stayed
     * open for 10 s.
     */
    uint32_t attempt;
    /** 1 if the message was sent as text. */
    uint8_t is_text;
    /** 1 if both close frames were exchanged. */
    uint8_t was_clean;
    /** Unused. */
    uint8_t reserved[6];
    /** Seconds until the attempt to reconnect begins. */
    double delay;
} wsp_event;

/** Initial value of wsp_event, for wsp_client_next_event() and wsp_server_next_event(). */
#define WSP_EVENT_INIT {sizeof(wsp_event), 0, 0, NULL, 0, NULL, 0, 0, 0, 0, {0}, 0.0}

/* ======== Server ======== */

/*
 * Accepts clients and drives all their connections, which are named by ids. One poll serves all of
 * them, and idle connections cost nothing in it.
 */

/**
 * Settings of a server other than those of its connections. Start from WSP_SERVER_OPTIONS_INIT and
 * pass the struct to wsp_server_set_options(). Later versions of the library append fields;
 * struct_size names the ones that the caller knows.
 */
typedef struct {
    /** sizeof(wsp_server_options) of the caller. */
    size_t struct_size;
    /**
     * Clients that are admitted at the same time. Further ones are answered with HTTP status 503; a
     * server that speaks TLS drops them before the handshake. 0 for no limit. Default 0. Takes
     * effect immediately.
     */
    size_t max_clients;
    /**
     * Refuses new clients with HTTP status 503. Clients that are connected, or in the handshake,
     * stay. Default 0. Takes effect immediately.
     */
    uint8_t refuse_new_connections;
    /** 0. Later versions use it for fields of which 0 is the default. */
    uint8_t reserved[7];
} wsp_server_options;

/** Initial value of wsp_server_options; the same as wsp_server_options_init() sets. */
#define WSP_SERVER_OPTIONS_INIT {sizeof(wsp_server_options), \
    0, 0, {0}}

/**
 * How a server listens. Start from WSP_SERVER_LISTEN_OPTIONS_INIT, set fields, and pass it to
 * wsp_server_listen(). Later versions append fields.
 */
typedef struct {
    /** sizeof(wsp_server_listen_options) of the caller. */
    size_t struct_size;
    /** IP address to listen on; NULL (the default) or "*" for every interface. */
    const char *address;
    /**
     * Sub-protocols, of which clients must request one; NULL (the default) for none, which clients
     * then need not request.
     */
    const char *const *protocols;
    /** Number of sub-protocols. Default 0. */
    size_t protocol_count;
    /** 1 for multiplayer mode, in which messages are Godot 3's multiplayer packets. Default 0. */
    uint8_t gd_mp_api;
    /** Unused. */
    uint8_t reserved[7];
} wsp_server_listen_options;

/** Initial value of wsp_server_listen_options: every interface, no sub-protocols. */
#define WSP_SERVER_LISTEN_OPTIONS_INIT {sizeof(wsp_server_listen_options), NULL, NULL, 0, 0, {0}}

/**
 * Makes a server that does not listen. Never returns NULL. The caller owns the server and frees it
 * with wsp_server_free().
 */
wsp_server *wsp_server_new(void);

/**
 * Frees a server after the steps of wsp_server_stop(). NULL is ignored. No other thread may use the
 * server, or wait on it, any more.
 */
void wsp_server_free(wsp_server *server);

/**
 * Fills options with the defaults. `struct_size` is sizeof(wsp_server_options). May be called from
 * any thread.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `options` is NULL or for an unknown `struct_size`.
 */
wsp_error wsp_server_options_init(wsp_server_options *options,
                                  size_t struct_size);

/**
 * Sets the options of the server. They take effect at once.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if a pointer is NULL or for an unknown `struct_size`. Nothing
 * changes then.
 */
wsp_error wsp_server_set_options(wsp_server *server,
                                 const wsp_server_options *options);

/**
 * Sets the options of the server's connections, present ones included; see wsp_peer_set_options().
 * The defaults are those of wsp_peer_options_init(), except for Godot 3's 65536 bytes inbound, 1024
 * packets and 3 s for a handshake. If auto_accept is 0, the requests of clients wait for
 * wsp_server_accept_request().
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if a pointer is NULL, or for an unknown `struct_size` or a
 * value outside its range. Nothing changes then.
 */
wsp_error wsp_server_set_peer_options(wsp_server *server,
                                      const wsp_peer_options *options);

/**
 * Reads the options of the server's connections. `options->struct_size` must be set.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if a pointer is NULL or for an unknown `struct_size`.
 */
wsp_error wsp_server_get_peer_options(const wsp_server *server, wsp_peer_options *options);

/**
 * Sets the TLS options for the clients that are accepted from now on; NULL for plain connections.
 * Copied.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `server` is NULL or the options are not those of a server.
 */
wsp_error wsp_server_set_tls(wsp_server *server,
                             const wsp_tls_options *tls);

/**
 * Sets header lines ("Name: value") that are added to the answers to clients; `(NULL, 0)` for none.
 * Copied.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `server`, `headers` or an entry is NULL or a header line is
 * invalid; WSP_ERR_INVALID_DATA if an entry is not UTF-8. Nothing changes then.
 */
wsp_error wsp_server_set_extra_headers(wsp_server *server,
                                       const char *const *headers,
                                       size_t count);

/**
 * Sets the values of the Origin header from which clients are accepted; see
 * wsp_peer_set_allowed_origins().
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `server`, `origins` or an entry is NULL;
 * WSP_ERR_INVALID_DATA if an entry is not UTF-8.
 */
wsp_error wsp_server_set_allowed_origins(wsp_server *server,
                                         const char *const *origins,
                                         size_t count);

/**
 * Listens on a TCP port, 0 to 65535; 0 lets the operating system choose one (see
 * wsp_server_get_local_port()). NULL for `options` listens on every interface without
 * sub-protocols. Everything is copied.
 *
 * Errors: WSP_ERR_ALREADY_IN_USE while listening or shutting down, or if the address is in use or
 * not of this machine; WSP_ERR_INVALID_PARAMETER if `server` is NULL, or for an unknown
 * `struct_size` or an invalid port, address or sub-protocol; WSP_ERR_INVALID_DATA if a text is not
 * UTF-8; WSP_ERR_CANT_CREATE if the operating system gives no socket; WSP_ERR_FAILED if listening
 * fails otherwise.
 */
wsp_error wsp_server_listen(wsp_server *server,
                            int32_t port,
                            const wsp_server_listen_options *options);

/**
 * Stops listening, sends a close frame with code 1001 (going away) to every client and ends its
 * connection. Clients whose handshake is under way are refused with HTTP status 503. Queued events
 * are dropped, and the stop itself causes none. Ends a shutdown at once. Threads in
 * wsp_server_wait() return.
 *
 * Messages that were sent before, and the close frame, are written in the background. A process
 * that exits waits for that, at most 2 seconds without progress. wsp_server_shutdown() waits until
 * they have arrived.
 */
void wsp_server_stop(wsp_server *server);

/**
 * Stops listening, and ends every connection by a close frame after the messages that were sent
 * before; `code` and `reason` (NULL for none) as for wsp_peer_close(), but without negative codes.
 * Clients whose handshake is under way are refused with HTTP status 503.
 *
 * Continue to call wsp_server_poll() or wsp_server_wait(), and to take events, while
 * wsp_server_is_shutting_down() returns true. Messages that still arrive and the ends of the
 * connections cause events. Connections that have not ended after `timeout_ms` milliseconds
 * (negative for no limit) are dropped, WSP_EVENT_CLOSED then has was_clean 0. Nothing can be sent
 * any more. wsp_server_stop() ends the shutdown at once.
 *
 * Errors: WSP_ERR_UNCONFIGURED if the server does not listen; WSP_ERR_ALREADY_IN_USE if it is
 * shutting down; WSP_ERR_INVALID_PARAMETER if `server` is NULL or a close frame may not carry the
 * code or the reason; WSP_ERR_INVALID_DATA if `reason` is not UTF-8. Nothing changes then.
 */
wsp_error wsp_server_shutdown(wsp_server *server,
                              int32_t code,
                              const char *reason,
                              int32_t timeout_ms);

/**
 * Returns whether a shutdown goes on: from wsp_server_shutdown() to the poll after the last
 * connection has ended.
 */
bool wsp_server_is_shutting_down(const wsp_server *server);

/**
 * Advances every connection that has news: accepts, runs handshakes, sends queued data, reads.
 * Never blocks. Call wsp_server_next_event() afterwards.
 */
void wsp_server_poll(wsp_server *server);

/**
 * Polls and blocks until an event is queued or `timeout_ms` milliseconds have passed; negative for
 * no limit. In that time other threads may call any function on the server except
 * wsp_server_free(); what they send is written at once. Several threads may wait, each for its own
 * time.
 *
 * Returns WSP_OK if an event is queued, wsp_server_wake() was called, or a shutdown is over.
 *
 * Errors: WSP_ERR_TIMEOUT if the time has passed; WSP_ERR_UNCONFIGURED if the server does not
 * listen, also after another thread has called wsp_server_stop(); WSP_ERR_INVALID_PARAMETER if
 * `server` is NULL.
 */
wsp_error wsp_server_wait(wsp_server *server,
                          int32_t timeout_ms);

/**
 * Makes wsp_server_wait() return WSP_OK at once, in a thread that waits now or in the next call.
 * May be called from any thread.
 */
void wsp_server_wake(wsp_server *server);

/**
 * Takes the next event, in the order in which they happened. `event->struct_size` must be set.
 * While many messages of a peer are not taken, the server does not read from that peer
 * (back-pressure); the others are not affected.
 *
 * Errors: WSP_ERR_UNAVAILABLE if no event is queued; WSP_ERR_INVALID_PARAMETER if a pointer is NULL
 * or for an unknown `struct_size`.
 */
wsp_error wsp_server_next_event(wsp_server *server,
                                wsp_event *event);

/** Returns whether the server listens; false while it shuts down. */
bool wsp_server_is_listening(const wsp_server *server);

/** Returns the TCP port that the server listens on, 0 if it does not listen. */
uint16_t wsp_server_get_local_port(const wsp_server *server);

/**
 * Returns why the last refused call was refused, or why connections could not be accepted; "" if
 * neither happened. One sentence in English. Lent.
 */
const char *wsp_server_get_error_message(const wsp_server *server);

/**
 * Sends a message to the peer `target`, to all peers (0), or to all but one (its negative id);
 * `write_mode` is a wsp_write_mode. A message to several peers is encoded and compressed once.
 * `data` is copied or written before the call returns.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER for an id without a connection, and as for wsp_peer_send();
 * WSP_ERR_FAILED, WSP_ERR_INVALID_DATA, WSP_ERR_OUT_OF_MEMORY, as for wsp_peer_send(). If a message
 * to several peers does not fit into the queues of some, the others get it, and
 * WSP_ERR_OUT_OF_MEMORY is returned.
 */
wsp_error wsp_server_send(wsp_server *server,
                          int32_t target,
                          const uint8_t *data,
                          size_t len,
                          int32_t write_mode);

/**
 * Sends a NUL-terminated text without its NUL.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `text` is NULL, and as for wsp_server_send();
 * WSP_ERR_FAILED, WSP_ERR_INVALID_DATA, WSP_ERR_OUT_OF_MEMORY, as for wsp_server_send().
 */
wsp_error wsp_server_send_text(wsp_server *server,
                               int32_t target,
                               const char *text);

/**
 * Sends a binary message to `count` peers, whose ids `peers` lists; it is encoded and compressed
 * once. An id that is listed twice gets the message twice.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `peers` is NULL with a count, for an id without a
 * connection, and as for wsp_server_send(); WSP_ERR_FAILED, WSP_ERR_OUT_OF_MEMORY, as for
 * wsp_server_send(). The peers for which there is no error get the message, and the first error is
 * returned.
 */
wsp_error wsp_server_send_list(wsp_server *server,
                               const int32_t *peers,
                               size_t count,
                               const uint8_t *data,
                               size_t len);

/**
 * Sends a NUL-terminated text without its NUL to `count` peers, as wsp_server_send_list() does.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `text` is NULL, and as for wsp_server_send_list();
 * WSP_ERR_INVALID_DATA if the text is not UTF-8; WSP_ERR_FAILED, WSP_ERR_OUT_OF_MEMORY, as for
 * wsp_server_send_list().
 */
wsp_error wsp_server_send_text_list(wsp_server *server,
                                    const int32_t *peers,
                                    size_t count,
                                    const char *text);

/**
 * Multiplayer mode: sends a packet from the server to the peer `target`, to all (0), or to all but
 * one (its negative id).
 *
 * Errors: WSP_ERR_UNCONFIGURED without multiplayer mode; WSP_ERR_FAILED for an id without a
 * connection; WSP_ERR_INVALID_PARAMETER if `server` is NULL, or `data` is NULL with a length;
 * WSP_ERR_OUT_OF_MEMORY as for wsp_server_send().
 */
wsp_error wsp_server_put_packet(wsp_server *server,
                                int32_t target,
                                const uint8_t *data,
                                size_t len);

/**
 * Writes the messages collected for all peers to the network now; see wsp_peer_flush().
 * wsp_server_poll() and wsp_server_wait() do it too.
 */
void wsp_server_flush(wsp_server *server);

/**
 * Starts the close handshake with a peer; `code` and `reason` as for wsp_peer_close().
 * WSP_EVENT_CLOSED follows when the peer has answered or close_timeout ends the connection.
 * Messages that arrive until then cause no events.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `server` is NULL, for an id without a connection, or if a
 * close frame may not carry the code or the reason; WSP_ERR_INVALID_DATA if `reason` is not UTF-8.
 */
wsp_error wsp_server_disconnect_peer(wsp_server *server,
                                     int32_t peer,
                                     int32_t code,
                                     const char *reason);

/**
 * Selects the sub-protocol of the answer to a client whose WSP_EVENT_REQUEST was taken; see
 * wsp_peer_select_protocol(). Without this call, the first one that the client offers and
 * wsp_server_listen_options lists is selected.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `server` is NULL, no request of `peer` waits, or the client
 * does not offer `protocol`; WSP_ERR_INVALID_DATA if it is not UTF-8. Nothing changes then.
 */
wsp_error wsp_server_select_protocol(wsp_server *server,
                                     int32_t peer,
                                     const char *protocol);

/**
 * Accepts a client whose WSP_EVENT_REQUEST was taken; WSP_EVENT_OPENED follows. `headers` are
 * `count` header lines for the answer; `(NULL, 0)` for none.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `server`, `headers` or an entry is NULL, no request of
 * `peer` waits, or a header line is invalid; WSP_ERR_INVALID_DATA as for wsp_peer_accept_request().
 */
wsp_error wsp_server_accept_request(wsp_server *server,
                                    int32_t peer,
                                    const char *const *headers,
                                    size_t count);

/**
 * Answers a client whose WSP_EVENT_REQUEST was taken with an HTTP response, and ends its
 * connection; see wsp_peer_reject_request(). No further event of it follows. NULL for `answer`
 * sends status 403 without a body.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `server` is NULL, no request of `peer` waits, or for an
 * unknown `struct_size` or an invalid answer; WSP_ERR_INVALID_DATA if a text is not UTF-8. Nothing
 * is sent then.
 */
wsp_error wsp_server_reject_request(wsp_server *server,
                                    int32_t peer,
                                    const wsp_http_answer *answer);

/**
 * Sends a ping with at most 125 bytes of payload to a peer; see wsp_peer_ping().
 *
 * Errors: WSP_ERR_INVALID_PARAMETER for an id without a connection, and as for wsp_peer_ping();
 * WSP_ERR_FAILED, WSP_ERR_OUT_OF_MEMORY, as for wsp_peer_ping().
 */
wsp_error wsp_server_ping(wsp_server *server,
                          int32_t peer,
                          const uint8_t *data,
                          size_t len);

/**
 * Returns whether an id names an open connection, or one whose WSP_EVENT_CLOSED was not taken yet.
 */
bool wsp_server_has_peer(const wsp_server *server, int32_t peer);

/**
 * Writes the ids of at most `capacity` peers, in ascending order, to `peers`, and returns the
 * number of all peers; `(NULL, 0)` only counts.
 */
size_t wsp_server_get_peers(const wsp_server *server,
                            int32_t *peers,
                            size_t capacity);

/**
 * Returns the IP address of a peer, "" if the id has no connection. Lent. `port` (may be NULL)
 * receives its TCP port, or 0.
 */
const char *wsp_server_get_peer_address(const wsp_server *server,
                                        int32_t peer,
                                        uint16_t *port);

/**
 * Returns the URL that a peer has requested, path and query included; "" if the id has no
 * connection. Lent.
 */
const char *wsp_server_get_requested_url(const wsp_server *server,
                                         int32_t peer);

/**
 * Returns the value of the first header field of a peer's request with this name, in any case of
 * letters; NULL if there is none. Lent.
 */
const char *wsp_server_find_request_header(const wsp_server *server,
                                           int32_t peer,
                                           const char *name);

/**
 * Returns the seconds between the last answered ping of a peer and its pong, -1 before the first
 * pong.
 */
double wsp_server_get_round_trip_time(const wsp_server *server,
                                      int32_t peer);

/**
 * Writes to `amount` the payload bytes for a peer that the network has not accepted yet.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if a pointer is NULL or for an id without a connection.
 */
wsp_error wsp_server_get_outbound_buffered_amount(wsp_server *server, int32_t peer, size_t *amount);

/* ======== Client ======== */

/*
 * Drives one connection to a server. It reports openings, messages and losses as events, and
 * reconnects after a loss if the program enables it.
 */

/**
 * When a client connects again. Start from WSP_RECONNECT_OPTIONS_INIT and pass the struct to
 * wsp_client_set_reconnect_options(). Later versions of the library append fields; struct_size
 * names the ones that the caller knows.
 */
typedef struct {
    /** sizeof(wsp_reconnect_options) of the caller. */
    size_t struct_size;
    /**
     * Delay before the first attempt to reconnect. The delays and the attempts start again after a
     * connection that stayed open for 10 s. In seconds, up to 31536000 (a year). 0 for none before
     * the first attempt and 0.1 s before the next. Default 0.5. Takes effect immediately.
     */
    double delay;
    /**
     * Each delay is this many times the previous one, up to reconnect_max_delay. From 1 to 1000.
     * Default 2. Takes effect immediately.
     */
    double factor;
    /**
     * The longest delay between two attempts. Attempts in a row are at least 0.1 s apart in any
     * case. In seconds, up to 31536000 (a year). Default 30. Takes effect immediately.
     */
    double max_delay;
    /**
     * The part of each delay that is random, so that not all clients of a server reconnect at the
     * same time. From 0 to 1. Default 0.5. Takes effect immediately.
     */
    double jitter;
    /**
     * Attempts in a row before the client gives up. An attempt whose connection ends within 10 s
     * counts too. 0 for no limit. Default 0. Takes effect immediately.
     */
    uint32_t max_attempts;
    /**
     * Connects again after a connection was lost or could not be made, unless the program closed
     * it. Default 0. Takes effect immediately.
     */
    uint8_t enabled;
    /** 0. Later versions use it for fields of which 0 is the default. */
    uint8_t reserved[3];
} wsp_reconnect_options;

/** Initial value of wsp_reconnect_options; the same as wsp_reconnect_options_init() sets. */
#define WSP_RECONNECT_OPTIONS_INIT {sizeof(wsp_reconnect_options), \
    0.5, 2.0, 30.0, 0.5, 0, 0, {0}}

/** State of a client. The numbers are those of Godot's MultiplayerPeer.ConnectionStatus. */
enum wsp_client_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** There is no connection. */
    WSP_CLIENT_DISCONNECTED = 0,
    /** A connection is being made, or will be after a delay. */
    WSP_CLIENT_CONNECTING = 1,
    /** Messages can be exchanged. */
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
 * How a client connects. Start from WSP_CLIENT_CONNECT_OPTIONS_INIT, set fields, and pass it to
 * wsp_client_connect_to_url(). Later versions append fields.
 */
typedef struct {
    /** sizeof(wsp_client_connect_options) of the caller. */
    size_t struct_size;
    /**
     * Sub-protocols, of which the server must select one (unless `allow_no_protocol` is set), in
     * order of preference; NULL (the default) for none.
     */
    const char *const *protocols;
    /** Number of sub-protocols. Default 0. */
    size_t protocol_count;
    /** Header lines ("Name: value") that are added to the request. Default NULL. */
    const char *const *headers;
    /** Number of header lines. Default 0. */
    size_t header_count;
    /**
     * TLS options of a client, for wss://; NULL (the default) verifies the server's certificate
     * against those that the operating system trusts.
     */
    const wsp_tls_options *tls;
    /** 1 for multiplayer mode, in which messages are Godot 3's multiplayer packets. Default 0. */
    uint8_t gd_mp_api;
    /** Unused. */
    uint8_t reserved[7];
} wsp_client_connect_options;

/** Initial value of wsp_client_connect_options: no sub-protocols, no additional headers. */
#define WSP_CLIENT_CONNECT_OPTIONS_INIT {sizeof(wsp_client_connect_options), NULL, 0, NULL, 0, \
    NULL, 0, {0}}

/**
 * Makes a client without a connection. Never returns NULL. The caller owns the client and frees it
 * with wsp_client_free().
 */
wsp_client *wsp_client_new(void);

/**
 * Frees a client. An open connection is closed with code 1001 (going away). NULL is ignored. No
 * other thread may use the client, or wait on it, any more.
 */
void wsp_client_free(wsp_client *client);

/**
 * Sets the options of the connection; see wsp_peer_set_options(). The defaults are those of
 * wsp_peer_options_init(), except for Godot 3's 65536 bytes inbound and 1024 packets.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if a pointer is NULL, or for an unknown `struct_size` or a
 * value outside its range. Nothing changes then.
 */
wsp_error wsp_client_set_peer_options(wsp_client *client,
                                      const wsp_peer_options *options);

/**
 * Reads the options of the connection. `options->struct_size` must be set.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if a pointer is NULL or for an unknown `struct_size`.
 */
wsp_error wsp_client_get_peer_options(const wsp_client *client, wsp_peer_options *options);

/**
 * Fills options with the defaults. `struct_size` is sizeof(wsp_reconnect_options). May be called
 * from any thread.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `options` is NULL or for an unknown `struct_size`.
 */
wsp_error wsp_reconnect_options_init(wsp_reconnect_options *options,
                                     size_t struct_size);

/**
 * Sets how the client reconnects.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if a pointer is NULL, or for an unknown `struct_size` or a
 * value outside its range. Nothing changes then.
 */
wsp_error wsp_client_set_reconnect_options(wsp_client *client,
                                           const wsp_reconnect_options *options);

/**
 * Starts to connect to ws://host[:port][/path] or wss://host[:port][/path]; see
 * wsp_peer_connect_to_url(). NULL for `options` connects without sub-protocols and additional
 * headers. Everything is copied.
 *
 * After wsp_client_disconnect() a new connection may begin at once; the end of the old one then
 * causes no event.
 *
 * Errors: WSP_ERR_ALREADY_IN_USE while connecting or connected; WSP_ERR_INVALID_PARAMETER if
 * `client` or `url` is NULL, or for an unknown `struct_size`, an invalid URL, header line or
 * sub-protocol, or options of a TLS server; WSP_ERR_INVALID_DATA if a text is not UTF-8;
 * WSP_ERR_FAILED if the operating system refuses at once, which WSP_EVENT_FAILED reports too.
 */
wsp_error wsp_client_connect_to_url(wsp_client *client,
                                    const char *url,
                                    const wsp_client_connect_options *options);

/**
 * Starts the close handshake; `code` and `reason` as for wsp_peer_close(). WSP_EVENT_CLOSED follows
 * when the server has answered or close_timeout ends the connection. While connecting, or waiting
 * to reconnect, the attempt is abandoned without an event.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `client` is NULL or a close frame may not carry the code or
 * the reason; WSP_ERR_INVALID_DATA if `reason` is not UTF-8.
 */
wsp_error wsp_client_disconnect(wsp_client *client,
                                int32_t code,
                                const char *reason);

/**
 * Advances the client: connects, sends queued data, reads. Never blocks. Call
 * wsp_client_next_event() afterwards.
 */
void wsp_client_poll(wsp_client *client);

/**
 * Polls and blocks until an event is queued or `timeout_ms` milliseconds have passed; negative for
 * no limit. In that time other threads may call any function on the client except
 * wsp_client_free(); what they send is written at once. Several threads may wait, each for its own
 * time. A client on which a thread has blocked has a poller of its own, which takes three
 * descriptors on Linux.
 *
 * Returns WSP_OK if an event is queued or wsp_client_wake() was called.
 *
 * Errors: WSP_ERR_TIMEOUT if the time has passed; WSP_ERR_UNCONFIGURED if there is no connection
 * that could cause an event, also after another thread has abandoned it by wsp_client_disconnect();
 * WSP_ERR_INVALID_PARAMETER if `client` is NULL.
 */
wsp_error wsp_client_wait(wsp_client *client,
                          int32_t timeout_ms);

/**
 * Makes wsp_client_wait() return WSP_OK at once, in a thread that waits now or in the next call.
 * May be called from any thread.
 */
void wsp_client_wake(wsp_client *client);

/**
 * Takes the next event, in the order in which they happened. `event->struct_size` must be set.
 *
 * Errors: WSP_ERR_UNAVAILABLE if no event is queued; WSP_ERR_INVALID_PARAMETER if a pointer is NULL
 * or for an unknown `struct_size`.
 */
wsp_error wsp_client_next_event(wsp_client *client,
                                wsp_event *event);

/**
 * Sends a message; `write_mode` is a wsp_write_mode. See wsp_peer_send().
 *
 * Errors: WSP_ERR_INVALID_PARAMETER, WSP_ERR_FAILED, WSP_ERR_INVALID_DATA, WSP_ERR_OUT_OF_MEMORY,
 * as for wsp_peer_send().
 */
wsp_error wsp_client_send(wsp_client *client,
                          const uint8_t *data,
                          size_t len,
                          int32_t write_mode);

/**
 * Sends a NUL-terminated text without its NUL.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER, WSP_ERR_FAILED, WSP_ERR_INVALID_DATA, WSP_ERR_OUT_OF_MEMORY,
 * as for wsp_peer_send_text().
 */
wsp_error wsp_client_send_text(wsp_client *client,
                               const char *text);

/**
 * Multiplayer mode: sends a packet through the server to the peer `target`, to all (0), or to all
 * but one (its negative id).
 *
 * Errors: WSP_ERR_UNCONFIGURED without multiplayer mode; WSP_ERR_INVALID_PARAMETER, WSP_ERR_FAILED,
 * WSP_ERR_OUT_OF_MEMORY, as for wsp_peer_send().
 */
wsp_error wsp_client_put_packet(wsp_client *client,
                                int32_t target,
                                const uint8_t *data,
                                size_t len);

/** Writes collected messages to the network now; see wsp_peer_flush(). */
void wsp_client_flush(wsp_client *client);

/**
 * Sends a ping with at most 125 bytes of payload; see wsp_peer_ping().
 *
 * Errors: WSP_ERR_INVALID_PARAMETER, WSP_ERR_FAILED, WSP_ERR_OUT_OF_MEMORY, as for wsp_peer_ping().
 */
wsp_error wsp_client_ping(wsp_client *client, const uint8_t *data, size_t len);

/** Returns the state of the client as of the last event that was taken. */
wsp_client_status wsp_client_get_status(const wsp_client *client);

/** Multiplayer mode: returns the id that the server has assigned to this client, 0 before that. */
int32_t wsp_client_get_unique_id(const wsp_client *client);

/**
 * Returns the server's IP address while connected, else "". Lent. `port` (may be NULL) receives its
 * TCP port, or 0.
 */
const char *wsp_client_get_connected_host(const wsp_client *client,
                                          uint16_t *port);

/** Returns the payload bytes of messages that the network has not accepted yet, 0 for NULL. */
size_t wsp_client_get_current_outbound_buffered_amount(wsp_client *client);

/** Returns the seconds between the last answered ping and its pong, -1 before the first pong. */
double wsp_client_get_round_trip_time(const wsp_client *client);

/**
 * Returns why the last call was refused, or why the last connection was lost or could not be made;
 * "" if nothing has failed. One sentence in English. Lent.
 */
const char *wsp_client_get_error_message(const wsp_client *client);

/* ======== Room ======== */

/*
 * A multiplayer session as Godot's WebSocketMultiplayerPeer has it: one server with the id 1,
 * clients with random ids, and packets addressed by id. Programs made with Godot can take part.
 */

/** State of a room. The numbers are those of Godot's MultiplayerPeer.ConnectionStatus. */
enum wsp_multiplayer_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** Neither a client nor a server. */
    WSP_MULTIPLAYER_DISCONNECTED = 0,
    /** A client that does not have its id yet. */
    WSP_MULTIPLAYER_CONNECTING = 1,
    /** A server, or a client that has its id. */
    WSP_MULTIPLAYER_CONNECTED = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wsp_multiplayer_status wsp_multiplayer_status;
#else
typedef int32_t wsp_multiplayer_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** Kind of an event of a room. */
enum wsp_multiplayer_event_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * The request of a client that will have this id waits for a decision, because the option
     * auto_accept is 0: call wsp_peer_accept_request() or wsp_peer_reject_request() with the result
     * of wsp_multiplayer_get_peer().
     */
    WSP_MULTIPLAYER_REQUESTED = 0,
    /** Packets can be sent to the peer from now on. */
    WSP_MULTIPLAYER_PEER_CONNECTED = 1,
    /**
     * The peer has disconnected. Until the next call of wsp_multiplayer_next_event() or
     * wsp_multiplayer_poll(), wsp_multiplayer_get_peer() still returns its connection, which
     * reports the reason.
     */
    WSP_MULTIPLAYER_PEER_DISCONNECTED = 2,
    /** A packet was received from the peer. */
    WSP_MULTIPLAYER_PACKET = 3,
    /**
     * Scene rooms: bytes that the peer has sent with wsp_multiplayer_send_bytes() or Godot's
     * SceneMultiplayer.send_bytes().
     */
    WSP_MULTIPLAYER_BYTES = 4,
    /**
     * Scene rooms with authentication: the peer has connected. wsp_multiplayer_complete_auth()
     * accepts it and wsp_multiplayer_disconnect_peer() refuses it; it is disconnected after 3 s.
     */
    WSP_MULTIPLAYER_AUTHENTICATING = 5,
    /**
     * Scene rooms with authentication: bytes that the peer has sent with
     * wsp_multiplayer_send_auth() or Godot's SceneMultiplayer.send_auth().
     */
    WSP_MULTIPLAYER_AUTH = 6,
    /**
     * Scene rooms with authentication: the peer has disconnected, or its 3 s have passed, before
     * both sides had accepted each other.
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
 * An event of a room. Set `struct_size`, then call wsp_multiplayer_next_event(). Later versions
 * append fields.
 */
typedef struct {
    /** sizeof(wsp_multiplayer_event) of the caller. */
    size_t struct_size;
    /** What has happened. */
    wsp_multiplayer_event_kind kind;
    /** Id of the peer of the event, or of the packet's sender. */
    int32_t peer_id;
    /**
     * Payload of WSP_MULTIPLAYER_PACKET, WSP_MULTIPLAYER_BYTES and WSP_MULTIPLAYER_AUTH, never
     * NULL. Lent until the next call of wsp_multiplayer_next_event().
     */
    const uint8_t *data;
    /** Length of `data` in bytes. */
    size_t len;
} wsp_multiplayer_event;

/**
 * Makes a room that is neither a client nor a server. Never returns NULL. The caller owns the room
 * and frees it with wsp_multiplayer_free().
 */
wsp_multiplayer *wsp_multiplayer_new(void);

/**
 * Frees a room after the steps of wsp_multiplayer_close(), with code 1001 (going away) from a
 * client too. NULL is ignored. No other thread may use the room any more. Handles from
 * wsp_multiplayer_get_peer() stay valid and have to be freed separately.
 */
void wsp_multiplayer_free(wsp_multiplayer *room);

/**
 * Sets the options of the connections made from then on. handshake_timeout, 3 s in a new room, is
 * the time from the TCP connection to the id; on a client it includes connecting.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER as for wsp_peer_set_options(), and if stream_messages is 1,
 * because a room delivers whole packets. Nothing changes then.
 */
wsp_error wsp_multiplayer_set_options(wsp_multiplayer *room,
                                      const wsp_peer_options *options);

/**
 * Reads the options of a room. `options->struct_size` must be set.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if a pointer is NULL or for an unknown `struct_size`.
 */
wsp_error wsp_multiplayer_get_options(const wsp_multiplayer *room, wsp_peer_options *options);

/**
 * Sets the sub-protocols; see wsp_peer_set_supported_protocols(). They are checked when the room
 * becomes a client or server.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `room`, `protocols` or an entry is NULL;
 * WSP_ERR_INVALID_DATA if an entry is not UTF-8.
 */
wsp_error wsp_multiplayer_set_supported_protocols(wsp_multiplayer *room,
                                                  const char *const *protocols,
                                                  size_t count);

/**
 * Sets header lines of the handshakes; see wsp_peer_set_handshake_headers(). They are checked when
 * the room becomes a client or server.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `room`, `headers` or an entry is NULL; WSP_ERR_INVALID_DATA
 * if an entry is not UTF-8.
 */
wsp_error wsp_multiplayer_set_handshake_headers(wsp_multiplayer *room,
                                                const char *const *headers,
                                                size_t count);

/**
 * Sets how many clients a server admits at the same time; 0, the default, for no limit. Further
 * clients get HTTP status 503.
 */
void wsp_multiplayer_set_max_clients(wsp_multiplayer *room,
                                     size_t max_clients);

/** Sets whether a server refuses new clients with HTTP status 503. Default false. */
void wsp_multiplayer_set_refuse_new_connections(wsp_multiplayer *room, bool refuse);

/**
 * Sets the kind of the room. In a plain room (false, the default) packets are the bytes that the
 * programs send. A scene room exchanges packets with Godot programs that use the high-level
 * multiplayer API (SceneMultiplayer): the server introduces its clients to each other and relays
 * their packets. With `needs_auth` no peer is connected before both sides have called
 * wsp_multiplayer_complete_auth(); set it if the Godot programs set auth_callback.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `room` is NULL; WSP_ERR_ALREADY_IN_USE while the room is a
 * client or server.
 */
wsp_error wsp_multiplayer_set_scene(wsp_multiplayer *room,
                                    bool is_scene,
                                    bool needs_auth);

/**
 * Becomes a server that listens on a TCP port, 0 to 65535 (0: the operating system chooses one, see
 * wsp_multiplayer_get_local_port()), of every interface ("*") or of one IP address. `tls`, the
 * options of a server, are for wss:// clients and are copied; NULL for ws://.
 *
 * Errors: WSP_ERR_ALREADY_IN_USE while the room is a client or server, or if the address is in use
 * or not of this machine; WSP_ERR_INVALID_PARAMETER if `room` or `bind_address` is NULL, or for an
 * invalid port or address, invalid handshake headers or sub-protocols, or options of a TLS client;
 * WSP_ERR_INVALID_DATA if `bind_address` is not UTF-8; WSP_ERR_CANT_CREATE if the operating system
 * gives no socket; WSP_ERR_FAILED if listening fails otherwise.
 */
wsp_error wsp_multiplayer_create_server(wsp_multiplayer *room,
                                        int32_t port,
                                        const char *bind_address,
                                        const wsp_tls_options *tls);

/**
 * Becomes a client and starts to connect to ws:// or wss://; `url` and `tls` as for
 * wsp_peer_connect_to_url(). The room is connected when the server has assigned the id of this
 * client.
 *
 * Errors: WSP_ERR_ALREADY_IN_USE while the room is a client or server; WSP_ERR_INVALID_PARAMETER if
 * `room` or `url` is NULL, or for an invalid URL, invalid handshake headers or sub-protocols, or
 * options of a TLS server; WSP_ERR_INVALID_DATA if `url` is not UTF-8; WSP_ERR_FAILED if the
 * operating system refuses at once.
 */
wsp_error wsp_multiplayer_create_client(wsp_multiplayer *room,
                                        const char *url,
                                        const wsp_tls_options *tls);

/**
 * Advances the room: accepts, connects, receives, sends. Never blocks. Call it once per tick, and
 * wsp_multiplayer_next_event() afterwards.
 */
void wsp_multiplayer_poll(wsp_multiplayer *room);

/**
 * Writes collected packets to the network now. wsp_multiplayer_poll() does it too, and
 * wsp_multiplayer_next_event() if no event is queued.
 */
void wsp_multiplayer_flush(wsp_multiplayer *room);

/**
 * Takes the next event. The events of each peer come in the order in which they happened. A peer
 * counts as connected or disconnected from the moment its event is taken. `event->struct_size` must
 * be set.
 *
 * Errors: WSP_ERR_UNAVAILABLE if no event is queued; WSP_ERR_INVALID_PARAMETER if a pointer is NULL
 * or for an unknown `struct_size`.
 */
wsp_error wsp_multiplayer_next_event(wsp_multiplayer *room,
                                     wsp_multiplayer_event *event);

/**
 * Sends a packet of `len` bytes to all peers (`target` 0), to one peer, or to all but one (its
 * negative id). A client of a plain room sends to its server, whatever the target. In a scene room
 * the packet must be one of the engine's messages, such as one that WSP_MULTIPLAYER_PACKET has
 * delivered; the server relays the packets from client to client. `(NULL, 0)` sends nothing.
 *
 * Errors: WSP_ERR_UNCONFIGURED if the room is not connected; WSP_ERR_INVALID_PARAMETER if `room` is
 * NULL, `data` is NULL with a length, or the target is unknown; WSP_ERR_OUT_OF_MEMORY if
 * outbound_buffer_size or max_queued_packets of a receiver would be exceeded (other receivers get
 * the packet); WSP_ERR_FAILED if the receiver is disconnecting.
 */
wsp_error wsp_multiplayer_put_packet(wsp_multiplayer *room,
                                     int32_t target,
                                     const uint8_t *data,
                                     size_t len);

/**
 * Sends a packet of `len` bytes to `count` peers, whose ids `peers` lists, as
 * wsp_multiplayer_put_packet() does to one. It is encoded and compressed once, except on a client
 * of a scene room, which sends it to the server for each of them.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `peers` is NULL with a count, and as for
 * wsp_multiplayer_put_packet(); WSP_ERR_UNCONFIGURED, WSP_ERR_OUT_OF_MEMORY, as for
 * wsp_multiplayer_put_packet(). The peers for which there is no error get the packet, and the first
 * error is returned. A peer that is disconnecting is no error.
 */
wsp_error wsp_multiplayer_send_list(wsp_multiplayer *room,
                                    const int32_t *peers,
                                    size_t count,
                                    const uint8_t *data,
                                    size_t len);

/**
 * Sends bytes to the programs of a scene room, in which Godot emits SceneMultiplayer.peer_packet.
 * `target` as for wsp_multiplayer_put_packet().
 *
 * Errors: WSP_ERR_UNCONFIGURED in a plain room or if the room is not connected;
 * WSP_ERR_INVALID_PARAMETER, WSP_ERR_OUT_OF_MEMORY, WSP_ERR_FAILED, as for
 * wsp_multiplayer_put_packet().
 */
wsp_error wsp_multiplayer_send_bytes(wsp_multiplayer *room,
                                     int32_t target,
                                     const uint8_t *data,
                                     size_t len);

/**
 * Sends bytes to a peer that is authenticating.
 *
 * Errors: WSP_ERR_UNCONFIGURED in a plain room or if the room is not connected;
 * WSP_ERR_INVALID_PARAMETER if `room` is NULL, there are no bytes, or the peer is not
 * authenticating; WSP_ERR_OUT_OF_MEMORY and WSP_ERR_FAILED as for wsp_multiplayer_put_packet().
 */
wsp_error wsp_multiplayer_send_auth(wsp_multiplayer *room,
                                    int32_t peer_id,
                                    const uint8_t *data,
                                    size_t len);

/**
 * Accepts a peer that is authenticating. WSP_MULTIPLAYER_PEER_CONNECTED follows when the peer has
 * accepted this side too. To refuse the peer, call wsp_multiplayer_disconnect_peer().
 *
 * Errors: WSP_ERR_UNCONFIGURED in a plain room or if the room is not connected;
 * WSP_ERR_INVALID_PARAMETER if `room` is NULL or the peer is not authenticating;
 * WSP_ERR_OUT_OF_MEMORY and WSP_ERR_FAILED as for wsp_multiplayer_put_packet().
 */
wsp_error wsp_multiplayer_complete_auth(wsp_multiplayer *room,
                                        int32_t peer_id);

/**
 * Starts the close handshake with a peer; WSP_MULTIPLAYER_PEER_DISCONNECTED follows when the peer
 * has answered. With `force` the peer is disconnected at once, and no event follows. Packets of the
 * peer that were not taken are dropped.
 *
 * Errors: WSP_ERR_UNCONFIGURED if the room is not connected; WSP_ERR_INVALID_PARAMETER if `room` is
 * NULL or the peer is unknown.
 */
wsp_error wsp_multiplayer_disconnect_peer(wsp_multiplayer *room,
                                          int32_t peer_id,
                                          bool force);

/**
 * Sends a close frame to every peer (code 1001 from a server, 1000 from a client) and ends being a
 * client or server. Queued events are dropped. Packets that were sent before, and the close frames,
 * are written in the background. A process that exits waits for that, at most 2 seconds without
 * progress; wsp_multiplayer_shutdown() waits until they have arrived.
 */
void wsp_multiplayer_close(wsp_multiplayer *room);

/**
 * Stops listening, and ends every connection of a server by a close frame after the packets that
 * were sent before; `code` and `reason` (NULL for none) as for wsp_peer_close(), but without
 * negative codes. Clients whose handshake is under way are refused with HTTP status 503.
 *
 * Continue to call wsp_multiplayer_poll() and to take events while
 * wsp_multiplayer_is_shutting_down() returns true. Packets that still arrive and the departures
 * cause events. Connections that have not ended after `timeout_ms` milliseconds (negative for no
 * limit) are dropped. Nothing can be sent any more. wsp_multiplayer_close() ends the shutdown at
 * once. The state of the room is WSP_MULTIPLAYER_CONNECTED until the end.
 *
 * Errors: WSP_ERR_UNCONFIGURED if the room is not a server; WSP_ERR_ALREADY_IN_USE if it is
 * shutting down; WSP_ERR_INVALID_PARAMETER if `room` is NULL or a close frame may not carry the
 * code or the reason; WSP_ERR_INVALID_DATA if `reason` is not UTF-8. Nothing changes then.
 */
wsp_error wsp_multiplayer_shutdown(wsp_multiplayer *room,
                                   int32_t code,
                                   const char *reason,
                                   int32_t timeout_ms);

/**
 * Returns whether a shutdown goes on: from wsp_multiplayer_shutdown() to the poll after the last
 * peer has departed.
 */
bool wsp_multiplayer_is_shutting_down(const wsp_multiplayer *room);

/** Returns the state of a room, WSP_MULTIPLAYER_DISCONNECTED for NULL. */
wsp_multiplayer_status wsp_multiplayer_get_status(const wsp_multiplayer *room);

/** Returns the id of this side: 1 on a server, 2 or more on a client, 0 if it has none. */
int32_t wsp_multiplayer_get_unique_id(const wsp_multiplayer *room);

/** Returns the TCP port that a server listens on, 0 if it does not listen. */
uint16_t wsp_multiplayer_get_local_port(const wsp_multiplayer *room);

/**
 * Writes the ids of at most `capacity` connected peers to `ids`, and returns the number of all
 * connected peers; `(NULL, 0)` only counts.
 */
size_t wsp_multiplayer_get_peers(const wsp_multiplayer *room,
                                 int32_t *ids,
                                 size_t capacity);

/**
 * Returns a handle on the connection to a peer, NULL for an unknown id. The caller owns the handle
 * and frees it with wsp_peer_free(), which does not end the connection.
 *
 * The room drives the connection. Use the handle for queries (address, request, round-trip time,
 * failure) and to decide about a request; do not poll it and do not take packets from it. If a
 * client's connection could not be made or has ended, the handle for the server (id 1) answers
 * wsp_peer_get_failure() until the room is closed or becomes a client or server again.
 */
wsp_peer *wsp_multiplayer_get_peer(const wsp_multiplayer *room,
                                   int32_t peer_id);

/**
 * Returns why the last call was refused, a client could not connect, the last peer has
 * disconnected, or the operating system cannot accept connections, for lack of descriptors for
 * example; "" if none of these has happened. One sentence in English. Lent.
 */
const char *wsp_multiplayer_get_error_message(const wsp_multiplayer *room);

/* ======== TLS ======== */

/*
 * Certificates and keys for wss:// connections, and what a TLS handshake agreed on. A client
 * without options trusts the certificates that the operating system trusts.
 */

/**
 * What a TLS handshake agreed on. Set `struct_size`, then call wsp_peer_get_tls_info(). Later
 * versions append fields.
 */
typedef struct {
    /** sizeof(wsp_tls_info) of the caller. */
    size_t struct_size;
    /** "TLSv1.2" or "TLSv1.3". Lent. */
    const char *version;
    /** Name of the cipher suite. Lent. */
    const char *cipher_suite;
    /** Protocol selected by ALPN (RFC 7301), or "". Lent. */
    const char *alpn;
    /**
     * Subject of the remote peer's certificate, for example "CN=player, O=Example"; "" if it
     * presented none. Verified, except by a client with wsp_tls_options_client_unsafe(). Lent.
     */
    const char *peer_subject;
    /** 1 if the session was resumed from an earlier one. */
    uint8_t is_resumed;
} wsp_tls_info;

/**
 * Makes options of a client that trusts the certificates that the operating system trusts; on
 * Android, those of Mozilla's list, which the library contains. Never returns NULL. The caller owns
 * the options and frees them with wsp_tls_options_free().
 */
wsp_tls_options *wsp_tls_options_new(void);

/**
 * Frees options. Connections that use them are not affected. NULL is ignored. No other thread may
 * use the options any more.
 */
void wsp_tls_options_free(wsp_tls_options *options);

/**
 * Makes the options those of a client that verifies the server's certificate. Its chain must lead
 * to a certificate in `trusted_pem`, or, if that is NULL, to one that the operating system trusts.
 * Its name must be `common_name_override`, or, if that is NULL, the host of the URL.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `options` is NULL or for an invalid certificate;
 * WSP_ERR_INVALID_DATA if a text is not UTF-8. Nothing changes then;
 * wsp_tls_options_get_error_message() returns the reason.
 */
wsp_error wsp_tls_options_client(wsp_tls_options *options,
                                 const char *trusted_pem,
                                 const char *common_name_override);

/**
 * Does the same as wsp_tls_options_client() with the trusted certificates in a file.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER, WSP_ERR_INVALID_DATA, as for wsp_tls_options_client();
 * WSP_ERR_INVALID_PARAMETER also if the path is NULL or the file cannot be read.
 */
wsp_error wsp_tls_options_client_from_file(wsp_tls_options *options,
                                           const char *trusted_path,
                                           const char *common_name_override);

/**
 * Makes the options those of a client that does not verify the server's name. The chain must lead
 * to a certificate in `trusted_pem`; if that is NULL, nothing is verified, and an attacker on the
 * network can read and change all data.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER, WSP_ERR_INVALID_DATA, as for wsp_tls_options_client().
 */
wsp_error wsp_tls_options_client_unsafe(wsp_tls_options *options,
                                        const char *trusted_pem);

/**
 * Does the same as wsp_tls_options_client_unsafe() with the trusted certificates in a file; NULL
 * for none.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER, WSP_ERR_INVALID_DATA, as for wsp_tls_options_client();
 * WSP_ERR_INVALID_PARAMETER also if the file cannot be read.
 */
wsp_error wsp_tls_options_client_unsafe_from_file(wsp_tls_options *options,
                                                  const char *trusted_path);

/**
 * Makes the options those of a server. `private_key_pem` is an RSA, ECDSA (P-256, P-384) or Ed25519
 * key in PKCS#8, PKCS#1 (RSA) or SEC1 (EC) form. `certificate_pem` is its certificate, followed by
 * the intermediate certificates.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if a pointer is NULL, for an invalid key or certificate, or if
 * the key does not belong to the certificate; WSP_ERR_INVALID_DATA if a text is not UTF-8. Nothing
 * changes then.
 */
wsp_error wsp_tls_options_server(wsp_tls_options *options,
                                 const char *private_key_pem,
                                 const char *certificate_pem);

/**
 * Does the same as wsp_tls_options_server() with files.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER, WSP_ERR_INVALID_DATA, as for wsp_tls_options_server();
 * WSP_ERR_INVALID_PARAMETER also if a file cannot be read.
 */
wsp_error wsp_tls_options_server_from_files(wsp_tls_options *options,
                                            const char *private_key_path,
                                            const char *certificate_path);

/**
 * Sets the key and the certificate that a client presents to servers that request one (mutual TLS);
 * both as for wsp_tls_options_server().
 *
 * Errors: WSP_ERR_INVALID_PARAMETER, WSP_ERR_INVALID_DATA, as for wsp_tls_options_server();
 * WSP_ERR_INVALID_PARAMETER also if the options are those of a server. Nothing changes then.
 */
wsp_error wsp_tls_options_set_client_certificate(wsp_tls_options *options,
                                                 const char *private_key_pem,
                                                 const char *certificate_pem);

/**
 * Does the same as wsp_tls_options_set_client_certificate() with files.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER, WSP_ERR_INVALID_DATA, as for
 * wsp_tls_options_set_client_certificate(); WSP_ERR_INVALID_PARAMETER also if a file cannot be
 * read.
 */
wsp_error wsp_tls_options_set_client_certificate_from_files(wsp_tls_options *options,
                                                            const char *private_key_path,
                                                            const char *certificate_path);

/**
 * Makes a server request a certificate from clients (mutual TLS), whose chain must lead to one of
 * `ca_pem`. If `is_required`, clients without a certificate are refused. wsp_peer_get_tls_info()
 * reports the client's identity.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if a pointer is NULL, for an invalid certificate, or if the
 * options are not those of a server; WSP_ERR_INVALID_DATA if `ca_pem` is not UTF-8. Nothing changes
 * then.
 */
wsp_error wsp_tls_options_set_client_ca(wsp_tls_options *options,
                                        const char *ca_pem,
                                        bool is_required);

/**
 * Does the same as wsp_tls_options_set_client_ca() with a file.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER, WSP_ERR_INVALID_DATA, as for wsp_tls_options_set_client_ca();
 * WSP_ERR_INVALID_PARAMETER also if the file cannot be read.
 */
wsp_error wsp_tls_options_set_client_ca_from_file(wsp_tls_options *options,
                                                  const char *ca_path,
                                                  bool is_required);

/** Returns why the last refused call was refused, "" if none was. One sentence in English. Lent. */
const char *wsp_tls_options_get_error_message(const wsp_tls_options *options);

/**
 * Reports what the TLS handshake of a peer agreed on, from the end of that handshake until the
 * connection ends; on a server also the client's identity (see wsp_tls_options_set_client_ca()).
 * `info->struct_size` must be set. The texts are lent until the next call on the peer that returns
 * a text.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `peer` or `info` is NULL, or for an unknown `struct_size`;
 * WSP_ERR_UNAVAILABLE if there is no TLS session.
 */
wsp_error wsp_peer_get_tls_info(const wsp_peer *peer,
                                wsp_tls_info *info);

/* ======== TCP streams and listener ======== */

/*
 * Plain TCP connections, and the listener from which a program takes them. wsp_peer_accept_stream()
 * makes a WebSocket connection of a stream.
 */

/** Status of a stream. The numbers are those of Godot's StreamPeerTCP.Status. */
enum wsp_stream_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** Not connected. */
    WSP_STREAM_STATUS_NONE = 0,
    /** Connecting. */
    WSP_STREAM_STATUS_CONNECTING = 1,
    /** Connected. */
    WSP_STREAM_STATUS_CONNECTED = 2,
    /** Connecting failed or the connection broke. */
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
 * Makes a stream without a connection. Never returns NULL. The caller owns the stream and frees it
 * with wsp_stream_free().
 */
wsp_stream *wsp_stream_new(void);

/**
 * Frees a stream. A connection that a peer took over stays open for the peer. NULL is ignored. No
 * other thread may use the stream any more.
 */
void wsp_stream_free(wsp_stream *stream);

/**
 * Sets the local address (NULL or "*": any) and port (0 to 65535; 0: the operating system chooses)
 * of the next connection.
 *
 * Errors: WSP_ERR_ALREADY_IN_USE if the stream is bound already or the address is in use;
 * WSP_ERR_INVALID_PARAMETER if `stream` is NULL or for an invalid port or address;
 * WSP_ERR_INVALID_DATA if `address` is not UTF-8; WSP_ERR_FAILED if the operating system refuses
 * otherwise.
 */
wsp_error wsp_stream_bind(wsp_stream *stream,
                          int32_t port,
                          const char *address);

/**
 * Disables (true, the default) or enables (false) Nagle's algorithm.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `stream` is NULL; WSP_ERR_UNCONFIGURED if there is no
 * connection; WSP_ERR_FAILED if the operating system refuses.
 */
wsp_error wsp_stream_set_no_delay(wsp_stream *stream,
                                  bool enabled);

/**
 * Starts to connect to a host name or IP address and a port, 1 to 65535. Call wsp_stream_poll()
 * until the status is WSP_STREAM_STATUS_CONNECTED.
 *
 * Errors: WSP_ERR_ALREADY_IN_USE unless the status is WSP_STREAM_STATUS_NONE (see
 * wsp_stream_disconnect_from_host()); WSP_ERR_CANT_RESOLVE for an unknown name;
 * WSP_ERR_INVALID_PARAMETER if `stream` or `host` is NULL or for an invalid port;
 * WSP_ERR_INVALID_DATA if `host` is not UTF-8; WSP_ERR_FAILED if the operating system refuses at
 * once.
 */
wsp_error wsp_stream_connect_to_host(wsp_stream *stream,
                                     const char *host,
                                     int32_t port);

/**
 * Updates the status.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `stream` is NULL; WSP_ERR_CONNECTION_ERROR if connecting
 * failed or the connection broke.
 */
wsp_error wsp_stream_poll(wsp_stream *stream);

/** Ends the connection. Written data is still delivered. */
void wsp_stream_disconnect_from_host(wsp_stream *stream);

/**
 * Writes all of `data`. Blocks until the network has accepted it.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `stream` is NULL, or `data` is NULL with a length;
 * WSP_ERR_FAILED if there is no connection; WSP_ERR_CONNECTION_ERROR if the connection broke.
 */
wsp_error wsp_stream_put_data(wsp_stream *stream,
                              const uint8_t *data,
                              size_t len);

/**
 * Writes as much of `data` as the network accepts now. `sent` (may be NULL) receives the number of
 * bytes.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER, WSP_ERR_FAILED, WSP_ERR_CONNECTION_ERROR, as for
 * wsp_stream_put_data().
 */
wsp_error wsp_stream_put_partial_data(wsp_stream *stream,
                                      const uint8_t *data,
                                      size_t len,
                                      size_t *sent);

/**
 * Reads `len` bytes into `data`. Blocks until they have arrived. `received` (may be NULL) receives
 * the number of bytes that were read, also on error.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER if `stream` is NULL, or `data` is NULL with a length;
 * WSP_ERR_FILE_EOF if the remote peer has closed the stream; WSP_ERR_FAILED if there is no
 * connection, or if wsp_stream_poll() has noticed its end before; WSP_ERR_CONNECTION_ERROR if the
 * connection broke.
 */
wsp_error wsp_stream_get_data(wsp_stream *stream,
                              uint8_t *data,
                              size_t len,
                              size_t *received);

/**
 * Reads what has arrived, at most `len` bytes. `received` (may be NULL) receives the number of
 * bytes, 0 if none has arrived.
 *
 * Errors: WSP_ERR_INVALID_PARAMETER, WSP_ERR_FILE_EOF, WSP_ERR_FAILED, WSP_ERR_CONNECTION_ERROR, as
 * for wsp_stream_get_data().
 */
wsp_error wsp_stream_get_partial_data(wsp_stream *stream,
                                      uint8_t *data,
                                      size_t len,
                                      size_t *received);

/** Returns the status as of the last call, WSP_STREAM_STATUS_NONE for NULL. */
wsp_stream_status wsp_stream_get_status(const wsp_stream *stream);

/** Returns the number of bytes that can be read without blocking, -1 if there is no connection. */
int64_t wsp_stream_get_available_bytes(const wsp_stream *stream);

/** Returns the IP address of the remote peer, "" if there is no connection. Lent. */
const char *wsp_stream_get_connected_host(const wsp_stream *stream);

/** Returns the TCP port of the remote peer, 0 if there is no connection. */
uint16_t wsp_stream_get_connected_port(const wsp_stream *stream);

/** Returns the local TCP port, 0 if there is none. */
uint16_t wsp_stream_get_local_port(const wsp_stream *stream);

/** Returns why the last refused call was refused, "" if none was. One sentence in English. Lent. */
const char *wsp_stream_get_error_message(const wsp_stream *stream);

/**
 * Makes a listener that does not listen. Never returns NULL. The caller owns the listener and frees
 * it with wsp_tcp_server_free().
 */
wsp_tcp_server *wsp_tcp_server_new(void);

/**
 * Frees a listener after the steps of wsp_tcp_server_stop(). NULL is ignored. No other thread may
 * use the listener any more.
 */
void wsp_tcp_server_free(wsp_tcp_server *server);

/**
 * Listens on a port, 0 to 65535 (0: the operating system chooses one, see
 * wsp_tcp_server_get_local_port()), of every interface (`bind_address` NULL or "*") or of one IP
 * address, of IPv6 also with a zone ("fe80::1%eth0").
 *
 * Errors: WSP_ERR_ALREADY_IN_USE while listening, or if the address is in use or not of this
 * machine; WSP_ERR_INVALID_PARAMETER if `server` is NULL or for an invalid port or address;
 * WSP_ERR_INVALID_DATA if `bind_address` is not UTF-8; WSP_ERR_CANT_CREATE if the operating system
 * gives no socket; WSP_ERR_FAILED if listening fails otherwise.
 */
wsp_error wsp_tcp_server_listen(wsp_tcp_server *server,
                                int32_t port,
                                const char *bind_address);

/** Stops listening. Connections that were not taken are closed. */
void wsp_tcp_server_stop(wsp_tcp_server *server);

/**
 * Returns the next connection, NULL if none is queued. The caller owns the stream and frees it with
 * wsp_stream_free(). If the operating system cannot accept a queued connection, for lack of
 * descriptors for example, wsp_tcp_server_get_error_message() returns the reason, and the
 * connection waits.
 */
wsp_stream *wsp_tcp_server_take_connection(wsp_tcp_server *server);

/** Returns whether a connection is queued that wsp_tcp_server_take_connection() would return. */
bool wsp_tcp_server_is_connection_available(wsp_tcp_server *server);

/** Returns whether the listener listens. */
bool wsp_tcp_server_is_listening(const wsp_tcp_server *server);

/** Returns the port that the listener listens on, 0 if it does not listen. */
uint16_t wsp_tcp_server_get_local_port(const wsp_tcp_server *server);

/**
 * Returns the listening socket for the program's own event loop, -1 if there is none. Wait,
 * level-triggered, until it is readable; then take connections until
 * wsp_tcp_server_take_connection() returns NULL. The listener owns the socket and closes it. On
 * Windows the number is a SOCKET.
 */
int64_t wsp_tcp_server_get_fd(const wsp_tcp_server *server);

/**
 * Returns why the last refused call was refused, or why a connection could not be accepted; "" if
 * neither happened. One sentence in English. Lent.
 */
const char *wsp_tcp_server_get_error_message(const wsp_tcp_server *server);

/* ======== Trace ======== */

/*
 * The live peers of the process and a log of what they send and receive, for debuggers and log
 * files. Disabled by default.
 */

/** Kind of a traced event. */
enum wsp_trace_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * An HTTP request or answer; the preview is its head. Values of Authorization,
     * Proxy-Authorization, Cookie, Set-Cookie and Sec-WebSocket-Key, and of URL parameters that
     * look like secrets, are replaced by "***".
     */
    WSP_TRACE_KIND_HANDSHAKE = 0,
    /** A text message. */
    WSP_TRACE_KIND_TEXT = 1,
    /** A binary message. */
    WSP_TRACE_KIND_BINARY = 2,
    /** A ping. Received ones are answered automatically. */
    WSP_TRACE_KIND_PING = 3,
    /** A pong. */
    WSP_TRACE_KIND_PONG = 4,
    /** A close frame; the preview is its code in decimal, a space and its reason. */
    WSP_TRACE_KIND_CLOSE = 5,
    /** The connection was lost; the preview is the reason. */
    WSP_TRACE_KIND_FAILURE = 6,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wsp_trace_kind wsp_trace_kind;
#else
typedef int32_t wsp_trace_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** Kind of object that a traced peer belongs to. */
enum wsp_trace_class
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** None: it is a wsp_peer. */
    WSP_TRACE_CLASS_PEER = 0,
    /** A wsp_client. */
    WSP_TRACE_CLASS_CLIENT = 1,
    /** A wsp_server. */
    WSP_TRACE_CLASS_SERVER = 2,
    /** A wsp_multiplayer. */
    WSP_TRACE_CLASS_MULTIPLAYER = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wsp_trace_class wsp_trace_class;
#else
typedef int32_t wsp_trace_class;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** Role of a traced peer in its connection. */
enum wsp_trace_role
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** None: it has had no connection yet. */
    WSP_TRACE_ROLE_NONE = 0,
    /** It connects. */
    WSP_TRACE_ROLE_CLIENT = 1,
    /** It accepts. */
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
 * An entry of the log: what a peer has sent or received, or why its connection was lost. Set
 * `struct_size`, then call wsp_trace_next_event(). Later versions append fields.
 */
typedef struct {
    /** sizeof(wsp_trace_event) of the caller. */
    size_t struct_size;
    /** Microseconds since tracing was first enabled in the process. */
    uint64_t time_usec;
    /** Number of the peer; see wsp_peer_get_trace_id(). */
    uint64_t peer_id;
    /** Kind of the entry. */
    wsp_trace_kind kind;
    /** 1 if the peer has sent it, 0 if the peer has received it. */
    uint8_t is_sent;
    /** Payload bytes of the message, before compression; of a handshake its length in bytes. */
    uint64_t size;
    /**
     * First bytes of the payload (see wsp_trace_set_preview_size()), with a NUL after them. Never
     * NULL. Lent.
     */
    const uint8_t *preview;
    /** Length of `preview` in bytes, without that NUL. */
    size_t preview_len;
} wsp_trace_event;

/**
 * A live peer, as it was at the end of its last poll. Set `struct_size`, then call
 * wsp_trace_next_peer(). Later versions append fields.
 */
typedef struct {
    /** sizeof(wsp_trace_peer) of the caller. */
    size_t struct_size;
    /** Number of the peer; see wsp_peer_get_trace_id(). */
    uint64_t id;
    /** Kind of object that it belongs to. */
    wsp_trace_class peer_class;
    /** Role in the connection. */
    wsp_trace_role role;
    /** State of the connection. */
    wsp_state state;
    /** 1 if the handshake agreed on permessage-deflate. */
    uint8_t is_compressed;
    /** TCP port of the remote peer, 0 without a TCP connection. */
    uint16_t remote_port;
    /**
     * Requested URL. Its password, and parameters that look like secrets, are replaced by "***".
     * Lent.
     */
    const char *url;
    /** IP address of the remote peer, "" without a TCP connection. Lent. */
    const char *remote_host;
    /** Selected sub-protocol or "". Lent. */
    const char *protocol;
    /** Reason why the connection was lost, or "". Lent. */
    const char *failure;
    /** Messages received on this connection or the last one. */
    uint64_t received_messages;
    /** Their payload bytes, after decompression. */
    uint64_t received_bytes;
    /** Messages sent on this connection or the last one. */
    uint64_t sent_messages;
    /** Their payload bytes, before compression. */
    uint64_t sent_bytes;
    /** Received messages that the program has not taken. */
    size_t inbound_messages;
    /** Their payload bytes. */
    size_t inbound_bytes;
    /** Messages that the network has not accepted. */
    size_t outbound_messages;
    /** Their payload bytes. */
    size_t outbound_bytes;
    /**
     * Compressed size of messages divided by their original size, of both directions together; -1
     * if no message was compressed.
     */
    double compression_ratio;
    /** Smoothed seconds between a ping and its pong, -1 before the first pong. */
    double round_trip_time;
} wsp_trace_peer;

/**
 * Enables (true) or disables (false, the default) the trace of the whole process: the list of live
 * peers and the log. A peer appears in the list after its next poll. Disabling drops the log. While
 * disabled, the trace has no measurable cost. May be called from any thread.
 */
void wsp_trace_enable(bool enabled);

/**
 * Sets how many bytes of each message the log keeps, 0 to 1024 (larger values count as 1024).
 * Default 128. With 0 the log contains no payload and no handshakes' heads; otherwise it keeps up
 * to 2048 bytes of each handshake. May be called from any thread.
 */
void wsp_trace_set_preview_size(size_t bytes);

/**
 * Takes the oldest entry of the log. `event->struct_size` must be set. The preview is lent until
 * the next wsp_trace_next_event() or wsp_trace_next_peer() of the same thread. The log keeps the
 * newest 4096 entries; those that were dropped are counted by wsp_trace_take_missed_events(). May
 * be called from any thread.
 *
 * Errors: WSP_ERR_UNAVAILABLE if the log is empty; WSP_ERR_UNCONFIGURED while the trace is
 * disabled; WSP_ERR_INVALID_PARAMETER if `event` is NULL or for an unknown `struct_size`. Nothing
 * is taken then.
 */
wsp_error wsp_trace_next_event(wsp_trace_event *event);

/**
 * Returns how many entries were dropped since the last call because wsp_trace_next_event() was not
 * called often enough. May be called from any thread.
 */
uint64_t wsp_trace_take_missed_events(void);

/**
 * Reports the live peer with the lowest number above `after_id`: start with 0, then pass the number
 * of the last one. `peer->struct_size` must be set. The texts are lent until the next
 * wsp_trace_next_peer() or wsp_trace_next_event() of the same thread. May be called from any
 * thread.
 *
 * Errors: WSP_ERR_UNAVAILABLE if there is no such peer; WSP_ERR_UNCONFIGURED while the trace is
 * disabled; WSP_ERR_INVALID_PARAMETER if `peer` is NULL or for an unknown `struct_size`.
 */
wsp_error wsp_trace_next_peer(uint64_t after_id,
                              wsp_trace_peer *peer);

/**
 * Returns the number of a peer in the trace, 0 for NULL. It never changes, and no other peer of the
 * process ever has it.
 */
uint64_t wsp_peer_get_trace_id(wsp_peer *peer);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* WSPEER_H */
