/*
 * wspeer's part in the interoperation tests, through its C interface.
 *
 *     peer server [OPTION]...
 *     peer client URL [OPTION]...
 *
 *     --compress              offer or accept permessage-deflate
 *     --expect-plain          no connection may be compressed: the remote peer refuses compression
 *     --gentle                send no empty messages, and none that ends with a long repetition
 *     --no-context-takeover   as the library's options of the same names
 *     --window-bits N
 *     --threshold N
 *     --max-frame-size N
 *
 * The path decides what happens on a connection, in every program here: at `/` the client sends
 * messages and the server echoes them; at `/list` the roles are exchanged. The sender compares the
 * echoes, pings, and closes with 1000. At `/report` the client sends a text that begins with OK or
 * FAILED, for a program without standard output.
 *
 * The server prints `LISTENING port` first and ends with its standard input. The client connects to
 * `/` and `/list`. Both print a line for each connection, `OK n messages, ...` or `FAILED reason`. The
 * status is 0 if there was a connection and all are OK, which includes that each is compressed exactly
 * if it should be.
 */

#include "../c/message.h"

#include <stdarg.h>

#define MEBIBYTE ((size_t)1024 * 1024)
#define LONGEST_MESSAGE (16 * MEBIBYTE)

/* Time limit of the whole program. */
#define SECONDS 150

/* A client offers one that no server supports, then the common one. */
static const char *const PROTOCOLS[] = {"other", "interop"};
#define PROTOCOL "interop"
#define REASON "finished"

enum part { ECHO, LIST, REPORT };

struct payload {
    const char *kind;
    void (*fill)(uint8_t *, size_t);
    uint8_t *data;
    size_t length;
    int32_t mode;
};

struct connection {
    wsp_peer *peer;
    struct connection *next;
    char path[32];
    bool is_open;
    enum part part;
    bool is_compressed;

    /* Of payloads. */
    size_t sent;
    size_t returned;

    /* The message to send back, and whether it waits for room in the outbound queue. */
    struct message message;
    bool is_waiting;
    size_t echoed;

    /* The first failure, "" for none. */
    char failure[512];
};

/* The messages to send: the first round waits for each echo, the second sends until the library
 * refuses. */
static struct payload payloads[64];
static size_t payload_count;
static size_t first_round;

static bool should_compress;
static bool is_gentle;
static wsp_peer_options options = WSP_PEER_OPTIONS_INIT;
static double deadline;

static void fill_with_noise(uint8_t *data, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        data[i] = (uint8_t)(noise() >> 11);
    }
}

static void fill_with_repetition(uint8_t *data, size_t length)
{
    static const char sentence[] = "The position of the player has not changed since. ";

    for (size_t i = 0; i < length; i++) {
        data[i] = (uint8_t)sentence[i % (sizeof sentence - 1)];
    }
}

/* Sentences of unequal length in a random order, so that pieces of the message end inside code points of
 * two, three and four bytes. Random single characters would take deflate ten times as long. */
static void fill_with_text(uint8_t *data, size_t length)
{
    static const char *const sentences[] = {
        "Größe übertrifft Maß. ", "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία. ", "いろはにほへと ちりぬるを。",
        "🦀🎮 𝄞 players: 4, score: 1000 €. ", "The quick brown fox jumps over the lazy dog. ",
    };
    size_t i = 0;

    while (i < length) {
        const char *sentence = sentences[noise() % 5];
        size_t size = strlen(sentence);

        if (size > length - i) {
            sentence = ".";
            size = 1;
        }
        memcpy(data + i, sentence, size);
        i += size;
    }
}

static void add_payload(const char *kind, void (*fill)(uint8_t *, size_t), size_t length, int32_t mode)
{
    struct payload *payload = &payloads[first_round++];
    size_t tail = is_gentle && length >= 16 ? 16 : 0;

    payload->kind = kind;
    payload->fill = fill;
    payload->data = grown(NULL, length);
    payload->length = length;
    payload->mode = mode;
    fill(payload->data, length - tail);
    for (size_t i = length - tail; i < length; i++) {
        payload->data[i] = (uint8_t)('a' + noise() % 26);
    }
}

static void make_payloads(void)
{
    /* The bounds of the forms of a frame's length, and a long message. */
    static const size_t lengths[] = {0, 1, 125, 126, 127, 65535, 65536, LONGEST_MESSAGE};

    for (size_t i = is_gentle; i < sizeof lengths / sizeof *lengths; i++) {
        add_payload("incompressible", fill_with_noise, lengths[i], WSP_WRITE_MODE_BINARY);
        if (lengths[i] > 1) {
            add_payload("compressible", fill_with_repetition, lengths[i], WSP_WRITE_MODE_BINARY);
        }
        add_payload("text", fill_with_text, lengths[i], WSP_WRITE_MODE_TEXT);
    }

    /* The same data again, except for the message that takes seconds to compress. */
    payload_count = first_round;
    for (size_t i = 0; i < first_round; i++) {
        if (payloads[i].length < LONGEST_MESSAGE || payloads[i].fill != fill_with_noise) {
            payloads[payload_count++] = payloads[i];
        }
    }
}

static void fail(struct connection *connection, const char *format, ...)
{
    va_list arguments;

    if (connection->failure[0] == '\0') {
        va_start(arguments, format);
        vsnprintf(connection->failure, sizeof connection->failure, format, arguments);
        va_end(arguments);
        /* Later failures are consequences of the first. */
        wsp_peer_close(connection->peer, -1, NULL);
    }
}

static struct connection *new_connection(bool is_server)
{
    struct connection *connection = grown(NULL, sizeof *connection);

    memset(connection, 0, sizeof *connection);
    connection->peer = wsp_peer_new();
    if (wsp_peer_set_options(connection->peer, &options) != WSP_OK ||
        wsp_peer_set_supported_protocols(connection->peer, PROTOCOLS + is_server, 2U - is_server) != WSP_OK) {
        fail(connection, "setting up: %s", wsp_peer_get_error_message(connection->peer));
    }
    return connection;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);

    return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

static void begin(struct connection *connection, bool is_server)
{
    const char *url = wsp_peer_get_requested_url(connection->peer);
    bool is_at_list = ends_with(url, "/list");

    connection->is_open = true;
    connection->part = is_at_list == is_server ? LIST : ECHO;
    snprintf(connection->path, sizeof connection->path, "%s", is_at_list ? "/list" : "/");
    if (ends_with(url, "/report")) {
        connection->part = REPORT;
        snprintf(connection->path, sizeof connection->path, "/report");
    }

    connection->is_compressed = wsp_peer_is_compression_active(connection->peer, NULL);
    if (connection->is_compressed != should_compress) {
        fail(connection, "compression is %s", should_compress ? "not active" : "active");
    }
    if (strcmp(wsp_peer_get_selected_protocol(connection->peer), PROTOCOL) != 0) {
        fail(connection, "the sub-protocol is '%s'", wsp_peer_get_selected_protocol(connection->peer));
    }
    if (connection->part == LIST && wsp_peer_ping(connection->peer, (const uint8_t *)"ping", 4) != WSP_OK) {
        fail(connection, "cannot ping: %s", wsp_peer_get_error_message(connection->peer));
    }
}

/* Sends the next payloads. Returns whether any was sent. */
static bool send_list(struct connection *connection)
{
    bool has_sent = false;

    while (connection->sent < payload_count) {
        const struct payload *payload = &payloads[connection->sent];
        wsp_error error;

        if (connection->sent < first_round && connection->sent > connection->returned) {
            break;
        }
        error = wsp_peer_send(connection->peer, payload->data, payload->length, payload->mode);
        if (error == WSP_ERR_OUT_OF_MEMORY &&
            wsp_peer_get_current_outbound_buffered_amount(connection->peer) > 0) {
            break;
        }
        if (error != WSP_OK) {
            fail(connection, "sending message %zu: %s", connection->sent, wsp_error_name(error));
            break;
        }
        connection->sent++;
        has_sent = true;
    }
    return has_sent;
}

static bool receive_list(struct connection *connection)
{
    const uint8_t *data;
    size_t length;
    bool has_received = false;

    while (wsp_peer_get_packet(connection->peer, &data, &length) == WSP_OK) {
        const struct payload *payload = &payloads[connection->returned];

        has_received = true;
        if (connection->returned == connection->sent) {
            fail(connection, "a message of %zu bytes that was not sent", length);
            break;
        }
        if (length != payload->length || memcmp(data, payload->data, length) != 0 ||
            wsp_peer_was_string_packet(connection->peer) != (payload->mode == WSP_WRITE_MODE_TEXT)) {
            fail(connection, "message %zu (%s) of %zu bytes came back changed, with %zu bytes", connection->returned,
                 payload->kind, payload->length, length);
            break;
        }
        connection->returned++;
    }
    if (has_received && connection->returned == payload_count) {
        if (wsp_peer_get_round_trip_time(connection->peer, NULL) < 0) {
            fail(connection, "no answer to the ping");
        }
        wsp_peer_close(connection->peer, 1000, REASON);
    }
    return has_received;
}

static bool echo(struct connection *connection)
{
    bool has_sent = false;

    while (connection->is_waiting || take_message(connection->peer, &connection->message)) {
        wsp_error error = send_message(connection->peer, &connection->message);

        connection->is_waiting = error == WSP_ERR_OUT_OF_MEMORY;
        if (connection->is_waiting) {
            break;
        }
        if (error != WSP_OK) {
            fail(connection, "echoing message %zu: %s", connection->echoed, wsp_error_name(error));
            break;
        }
        connection->echoed++;
        has_sent = true;
    }
    return has_sent;
}

static void print_report(struct connection *connection)
{
    if (take_message(connection->peer, &connection->message)) {
        printf("REPORT %s\n", (const char *)connection->message.data);
        fflush(stdout);
        connection->echoed++;
        if (strncmp((const char *)connection->message.data, "OK", 2) != 0) {
            fail(connection, "the remote peer reports a failure");
        }
        /* The page closes after this. Without it, the whole connection might happen in a single poll. */
        wsp_peer_send_text(connection->peer, "thanks");
    }
}

/* Runs one round. Returns whether messages were sent or received, so that the next may follow at once. */
static bool serve(struct connection *connection, bool is_server)
{
    bool is_busy = false;

    wsp_peer_poll(connection->peer);
    if (!connection->is_open && wsp_peer_get_ready_state(connection->peer) == WSP_STATE_OPEN) {
        begin(connection, is_server);
    }
    if (connection->is_open && connection->failure[0] == '\0') {
        switch (connection->part) {
        case ECHO:
            is_busy = echo(connection);
            break;
        case LIST:
            is_busy = receive_list(connection);
            if (wsp_peer_get_ready_state(connection->peer) == WSP_STATE_OPEN) {
                is_busy = send_list(connection) || is_busy;
            }
            break;
        case REPORT:
            print_report(connection);
            break;
        }
    }
    return is_busy;
}

static bool is_shrunk(uint64_t plain, uint64_t compressed)
{
    /* Less than a quarter of the bytes are incompressible, the rest compresses to almost nothing. */
    return plain > 0 && compressed > 0 && compressed < plain / 2;
}

static void check_end(struct connection *connection, const wsp_compression_statistics *statistics)
{
    wsp_peer *peer = connection->peer;
    char reason[128];
    char message[256];

    /* Both are lent only until the next call. */
    snprintf(reason, sizeof reason, "%s", wsp_peer_get_close_reason(peer, NULL));
    snprintf(message, sizeof message, "%s", wsp_peer_get_error_message(peer));

    if (wsp_peer_get_ready_state(peer) != WSP_STATE_CLOSED) {
        fail(connection, "not closed in time, %zu sent, %zu returned, %zu echoed, %zu bytes wait", connection->sent,
             connection->returned, connection->echoed, wsp_peer_get_current_outbound_buffered_amount(peer));
    }
    if (wsp_peer_get_close_code(peer) != 1000) {
        fail(connection, "closed with %d '%s': %s, %zu sent, %zu returned, %zu echoed", wsp_peer_get_close_code(peer),
             reason, message, connection->sent, connection->returned, connection->echoed);
    }
    if (connection->part == LIST && connection->returned != payload_count) {
        fail(connection, "closed after %zu of %zu messages", connection->returned, payload_count);
    }
    if (connection->part != LIST && connection->echoed == 0) {
        fail(connection, "no message was received");
    }
    if (connection->part == ECHO && strcmp(reason, REASON) != 0) {
        fail(connection, "closed with the reason '%s'", reason);
    }
    if (connection->is_compressed && connection->part != REPORT) {
        if (!is_shrunk(statistics->sent_plain, statistics->sent_compressed)) {
            fail(connection, "sent messages are not compressed");
        }
        if (!is_shrunk(statistics->received_plain, statistics->received_compressed)) {
            fail(connection, "received messages are not compressed");
        }
    } else if (!connection->is_compressed &&
               (statistics->sent_plain > 0 || statistics->received_plain > 0)) {
        fail(connection, "compression was used although it is not active");
    }
}

/* Prints the result and frees the connection. Returns whether it is OK. */
static bool end(struct connection *connection)
{
    wsp_compression_statistics statistics = {0, 0, 0, 0};
    bool is_ok;

    wsp_peer_is_compression_active(connection->peer, &statistics);
    check_end(connection, &statistics);
    is_ok = connection->failure[0] == '\0';
    if (is_ok) {
        printf("OK %zu messages, compression active: %s, sent %llu/%llu, received %llu/%llu (plain/compressed), at %s\n",
               connection->part == LIST ? connection->returned : connection->echoed,
               connection->is_compressed ? "yes" : "no", (unsigned long long)statistics.sent_plain,
               (unsigned long long)statistics.sent_compressed, (unsigned long long)statistics.received_plain,
               (unsigned long long)statistics.received_compressed, connection->path);
    } else {
        printf("FAILED %s%s%s\n", connection->failure, connection->path[0] != '\0' ? ", at " : "", connection->path);
    }
    fflush(stdout);
    wsp_peer_free(connection->peer);
    free(connection->message.data);
    free(connection);
    return is_ok;
}

static bool run_server(void)
{
    wsp_tcp_server *server = wsp_tcp_server_new();
    struct connection *connections = NULL;
    bool is_busy = false;
    size_t count = 0;
    size_t failed = 0;

    if (wsp_tcp_server_listen(server, 0, "127.0.0.1") != WSP_OK) {
        printf("FAILED to listen: %s\n", wsp_tcp_server_get_error_message(server));
        wsp_tcp_server_free(server);
        return false;
    }
    printf("LISTENING %u\n", (unsigned)wsp_tcp_server_get_local_port(server));
    fflush(stdout);

    while (has_input(is_busy ? 0 : 1) && now() < deadline) {
        wsp_stream *stream;

        while ((stream = wsp_tcp_server_take_connection(server)) != NULL) {
            struct connection *connection = new_connection(true);

            if (wsp_peer_accept_stream(connection->peer, stream, NULL) != WSP_OK) {
                fail(connection, "accepting: %s", wsp_peer_get_error_message(connection->peer));
            }
            wsp_stream_free(stream);
            connection->next = connections;
            connections = connection;
            count++;
        }

        is_busy = false;
        for (struct connection **link = &connections; *link != NULL;) {
            struct connection *connection = *link;

            is_busy = serve(connection, true) || is_busy;
            if (wsp_peer_get_ready_state(connection->peer) == WSP_STATE_CLOSED) {
                *link = connection->next;
                failed += end(connection) ? 0 : 1;
            } else {
                link = &connection->next;
            }
        }
    }

    wsp_tcp_server_free(server);
    while (connections != NULL) {
        struct connection *connection = connections;

        connections = connection->next;
        failed += end(connection) ? 0 : 1;
    }
    return count > 0 && failed == 0;
}

/*
 * Waits for the socket only, as the program's own event loop does. Returns whether the socket was not
 * ready for a second. If the library has work after that, its answers about the socket were wrong.
 */
static bool wait_for_socket(wsp_peer *peer)
{
    bool wants_write = false;
    int64_t fd = wsp_peer_get_fd(peer, &wants_write);

    if (fd < 0) {
        nap();
        return false;
    }
    /* Once more without waiting, for data that arrived at the deadline. */
    return socket_events(fd, wants_write, (int)(1000 * patience())) == 0 && socket_events(fd, wants_write, 0) == 0;
}

static bool visit(const char *url, const char *path)
{
    struct connection *connection = new_connection(false);
    char address[256];
    bool was_silent = false;

    snprintf(address, sizeof address, "%s%s", url, path);
    if (wsp_peer_connect_to_url(connection->peer, address, NULL) != WSP_OK) {
        fail(connection, "connecting: %s", wsp_peer_get_error_message(connection->peer));
    }
    while (wsp_peer_get_ready_state(connection->peer) != WSP_STATE_CLOSED && now() < deadline) {
        bool is_busy = serve(connection, false);

        if (is_busy && was_silent) {
            fail(connection, "messages were exchanged although the socket was not ready");
        }
        was_silent = !is_busy && wsp_peer_get_ready_state(connection->peer) != WSP_STATE_CLOSED &&
                     wait_for_socket(connection->peer);
    }
    return end(connection);
}

static bool run_client(const char *url)
{
    bool is_ok = visit(url, "/");

    return visit(url, "/list") && is_ok;
}

static void usage(void)
{
    fprintf(stderr, "usage: peer server|client URL [--compress] [--expect-plain] [--gentle]\n"
                    "            [--no-context-takeover] [--window-bits N] [--threshold N] [--max-frame-size N]\n");
    exit(2);
}

static bool is_flag(const char *argument, const char *flag)
{
    return strcmp(argument, flag) == 0;
}

static unsigned long number(const char *text)
{
    char *rest = NULL;
    unsigned long value = text == NULL ? 0 : strtoul(text, &rest, 10);

    if (rest == NULL || rest == text || *rest != '\0') {
        usage();
    }
    return value;
}

int main(int argc, char **argv)
{
    bool is_server;
    bool is_client;
    bool is_plain = false;
    bool is_ok;

    begin_program(&argc, &argv);
    is_server = argc >= 2 && is_flag(argv[1], "server");
    is_client = argc >= 3 && is_flag(argv[1], "client");
    if (!is_server && !is_client) {
        usage();
    }
    for (int i = is_server ? 2 : 3; i < argc; i++) {
        if (is_flag(argv[i], "--compress")) {
            options.compression_enabled = 1;
        } else if (is_flag(argv[i], "--expect-plain")) {
            is_plain = true;
        } else if (is_flag(argv[i], "--gentle")) {
            is_gentle = true;
        } else if (is_flag(argv[i], "--no-context-takeover")) {
            options.compression_context_takeover = 0;
        } else if (is_flag(argv[i], "--window-bits")) {
            options.compression_max_window_bits = (uint8_t)number(argv[++i]);
        } else if (is_flag(argv[i], "--threshold")) {
            options.compression_threshold = number(argv[++i]);
        } else if (is_flag(argv[i], "--max-frame-size")) {
            options.max_frame_size = number(argv[++i]);
        } else {
            usage();
        }
    }
    should_compress = options.compression_enabled == 1 && !is_plain;
    options.inbound_buffer_size = LONGEST_MESSAGE;
    options.outbound_buffer_size = LONGEST_MESSAGE;
    /* The remote peer may have to send megabytes before its close frame. */
    options.close_timeout = 30.0;
    deadline = now() + SECONDS * patience();

    make_payloads();
    is_ok = is_server ? run_server() : run_client(argv[2]);
    for (size_t i = 0; i < first_round; i++) {
        free(payloads[i].data);
    }
    return is_ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
