/*
 * wspeer's part in the interoperation tests, through its C interface.
 *
 *     peer server [OPTION]...
 *     peer client URL [OPTION]...
 *
 *     --compress              offer or accept permessage-deflate
 *     --expect-plain          no connection may be compressed: the other side does not want it
 *     --gentle                send no empty messages, and none that ends in a long repetition
 *     --no-context-takeover   as the library's options of the same names
 *     --window-bits N
 *     --threshold N
 *     --max-frame-size N
 *
 * What happens on a connection depends on the path, and is the same in every program here: at `/`
 * the client sends messages and the server sends them back, at `/list` it is the other way round.
 * The end that sends them compares, pings, and closes with 1000. At `/report` the client sends a
 * text that begins with OK or FAILED, for a program that cannot say it otherwise.
 *
 * The server prints `LISTENING port` first and ends with its standard input. The client visits `/`
 * and `/list`. Both print a line for each connection, `OK n messages, ...` or `FAILED why`. The
 * status is 0 only if there was a connection and all of them are OK, which includes that they are
 * compressed exactly if they should be.
 */

#define _POSIX_C_SOURCE 200809L

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <wspeer.h>

#define MEBIBYTE ((size_t)1024 * 1024)
#define LONGEST_MESSAGE (16 * MEBIBYTE)

/* For all connections together; a program here never runs longer. */
#define SECONDS 150

/* A client offers one that no server knows and then the one. */
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

    /* A message that is to be sent back: what the library lends is gone by the time that the
     * network has room for it. */
    uint8_t *message;
    size_t length;
    size_t capacity;
    int32_t mode;
    bool is_waiting;
    size_t echoed;

    /* The first thing that went wrong, "" if nothing has. */
    char failure[512];
};

/* What is sent: the first round waits for each message to come back, the second sends what the
 * library takes. */
static struct payload payloads[64];
static size_t payload_count;
static size_t first_round;

static bool should_compress;
static bool is_gentle;
static wsp_peer_options options = WSP_PEER_OPTIONS_INIT;
static double deadline;

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void *grown(void *memory, size_t size)
{
    memory = realloc(memory, size > 0 ? size : 1);
    if (memory == NULL) {
        perror("peer");
        exit(EXIT_FAILURE);
    }
    return memory;
}

/* The same in every run, so that a failure comes again. */
static uint32_t noise(void)
{
    static uint32_t state = 2463534242;

    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

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

/* Sentences of unequal length in no regular order, so that pieces of the message end inside of code
 * points of two, three and four bytes. Whole ones, because deflate takes ten times as long for
 * single characters in no order. */
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
    /* Where a frame's length takes another form, and a long one. */
    static const size_t lengths[] = {0, 1, 125, 126, 127, 65535, 65536, LONGEST_MESSAGE};

    for (size_t i = is_gentle; i < sizeof lengths / sizeof *lengths; i++) {
        add_payload("incompressible", fill_with_noise, lengths[i], WSP_WRITE_MODE_BINARY);
        if (lengths[i] > 1) {
            add_payload("compressible", fill_with_repetition, lengths[i], WSP_WRITE_MODE_BINARY);
        }
        add_payload("text", fill_with_text, lengths[i], WSP_WRITE_MODE_TEXT);
    }

    /* The same data again; but once is enough for the one that costs seconds to compress. */
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
        /* What comes after the first failure tells nothing. */
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

static bool take_message(struct connection *connection)
{
    const uint8_t *data;
    size_t length;

    if (wsp_peer_get_packet(connection->peer, &data, &length) != WSP_OK) {
        return false;
    }
    if (length > connection->capacity) {
        connection->message = grown(connection->message, length);
        connection->capacity = length;
    }
    if (length > 0) {
        memcpy(connection->message, data, length);
    }
    connection->length = length;
    connection->mode = wsp_peer_was_string_packet(connection->peer) ? WSP_WRITE_MODE_TEXT : WSP_WRITE_MODE_BINARY;
    return true;
}

static bool echo(struct connection *connection)
{
    bool has_sent = false;

    while (connection->is_waiting || take_message(connection)) {
        wsp_error error =
            wsp_peer_send(connection->peer, connection->message, connection->length, connection->mode);

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
    if (take_message(connection)) {
        printf("REPORT %.*s\n", (int)connection->length, (const char *)connection->message);
        fflush(stdout);
        connection->echoed++;
        if (connection->length < 2 || memcmp(connection->message, "OK", 2) != 0) {
            fail(connection, "the other side reports a failure");
        }
        /* The page closes then. If it did at once, all of the connection might happen in one poll. */
        wsp_peer_send_text(connection->peer, "thanks");
    }
}

/* One round. Returns whether messages went to or fro, and so may go on doing so at once. */
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
    /* Less than a quarter of the bytes cannot be compressed, the rest nearly vanishes. */
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
        fail(connection, "no message came");
    }
    if (connection->part == ECHO && strcmp(reason, REASON) != 0) {
        fail(connection, "closed with the reason '%s'", reason);
    }
    if (connection->is_compressed && connection->part != REPORT) {
        if (!is_shrunk(statistics->sent_plain, statistics->sent_compressed)) {
            fail(connection, "what was sent is not compressed");
        }
        if (!is_shrunk(statistics->received_plain, statistics->received_compressed)) {
            fail(connection, "what was received is not compressed");
        }
    } else if (!connection->is_compressed &&
               (statistics->sent_plain > 0 || statistics->received_plain > 0)) {
        fail(connection, "compression that is not active was used");
    }
}

/* Prints and forgets it. Returns whether all is well. */
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
    free(connection->message);
    free(connection);
    return is_ok;
}

/* Waits for input for at most that time. Returns false at the end of standard input. */
static bool has_input(int milliseconds)
{
    struct pollfd input = {STDIN_FILENO, POLLIN, 0};
    char ignored[256];

    return poll(&input, 1, milliseconds) <= 0 || read(STDIN_FILENO, ignored, sizeof ignored) > 0;
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
 * Waits as a foreign event loop does, for the socket only. One that stays silent for a second while
 * the library has something to do would be a library that forgot to ask for the next wake-up.
 * Returns whether there was such a silence.
 */
static bool wait_for_socket(wsp_peer *peer)
{
    bool wants_write = false;
    int64_t fd = wsp_peer_get_fd(peer, &wants_write);
    struct pollfd interest = {(int)fd, (short)(POLLIN | (wants_write ? POLLOUT : 0)), 0};

    if (fd < 0) {
        const struct timespec millisecond = {0, 1000000};

        nanosleep(&millisecond, NULL);
        return false;
    }
    /* Once more without waiting, for what came in the last moment. */
    return poll(&interest, 1, 1000) == 0 && poll(&interest, 1, 0) == 0;
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
            fail(connection, "messages went to or fro though the socket was silent");
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
    bool is_server = argc >= 2 && is_flag(argv[1], "server");
    bool is_client = argc >= 3 && is_flag(argv[1], "client");
    bool is_plain = false;
    bool is_ok;

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
    /* The other side may have to send megabytes before its close frame. */
    options.close_timeout = 30.0;
    deadline = now() + SECONDS;

    make_payloads();
    is_ok = is_server ? run_server() : run_client(argv[2]);
    for (size_t i = 0; i < first_round; i++) {
        free(payloads[i].data);
    }
    return is_ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
