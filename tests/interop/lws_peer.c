/*
 * libwebsockets' peer in the interoperation tests. Commands, options and output are those of peer.c. It
 * supports --compress, --expect-plain and --gentle, and as a client --no-context-takeover and
 * --window-bits.
 */

#define _POSIX_C_SOURCE 200809L

#include <libwebsockets.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../c/program.h"

#define LONGEST_MESSAGE ((size_t)16 * 1024 * 1024)
/* Time limit of the whole program. */
#define SECONDS 150
/* Longer messages are sent in several frames, as this library's documentation recommends. */
#define FRAME ((size_t)65536)
#define REASON "finished"

struct message {
    struct message *next;
    uint8_t *data;
    size_t length;
    size_t capacity;
    bool is_text;
};

/* The library makes it, filled with zeros, and destroys it with the connection. */
struct session {
    char path[32];
    bool is_list;
    bool is_finished;
    bool is_failed;

    /* The list's messages, by number. */
    size_t sent;
    size_t returned;

    struct message incoming;
    /* Messages to echo, oldest first. */
    struct message *waiting;
    size_t echoed;
    /* Bytes sent of the current message. */
    size_t offset;
};

static struct message list[64];
static size_t list_length;
static size_t first_round;

static struct lws_context *context;
static bool should_compress;
static bool is_gentle;
static volatile bool is_stopping;
static bool is_deflate_made;
static size_t count;
static size_t failed;

/* Messages that are neither noise nor text repeat one sentence. */
static void add(size_t length, bool is_text, bool is_noise)
{
    static const char *const sentences[] = {
        "Größe übertrifft Maß. ", "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία. ", "いろはにほへと ちりぬるを。",
        "🦀🎮 𝄞 players: 4, score: 1000 €. ", "The quick brown fox jumps over the lazy dog. ",
    };
    struct message *message = &list[first_round++];
    size_t tail = is_gentle && length >= 16 ? 16 : 0;

    message->data = grown(NULL, length + 1);
    message->length = length;
    message->is_text = is_text;
    for (size_t i = 0; i < length - tail;) {
        const char *sentence = sentences[is_text ? noise() % 5 : 4];
        size_t size = strlen(sentence);

        if (is_noise || size > length - tail - i) {
            message->data[i++] = is_noise ? (uint8_t)(noise() >> 11) : '.';
        } else {
            memcpy(message->data + i, sentence, size);
            i += size;
        }
    }
    for (size_t i = length - tail; i < length; i++) {
        message->data[i] = (uint8_t)('a' + noise() % 26);
    }
}

static void make_list(void)
{
    static const size_t lengths[] = {0, 1, 125, 126, 127, 65535, 65536, LONGEST_MESSAGE};

    for (size_t i = is_gentle; i < sizeof lengths / sizeof *lengths; i++) {
        add(lengths[i], true, false);
        if (lengths[i] > 1) {
            add(lengths[i], false, false);
        }
        add(lengths[i], false, true);
    }
    /* The second round sends without waiting. It leaves out the last one, which costs seconds. */
    list_length = first_round;
    for (size_t i = 0; i + 1 < first_round; i++) {
        list[list_length++] = list[i];
    }
}

static int fail(struct session *session, const char *format, ...)
{
    va_list arguments;

    if (!session->is_failed) {
        session->is_failed = true;
        fputs("FAILED ", stdout);
        va_start(arguments, format);
        vprintf(format, arguments);
        va_end(arguments);
        printf(", at %s\n", session->path);
        fflush(stdout);
    }
    /* Makes the library drop the connection. */
    return -1;
}

static int begin(struct lws *wsi, struct session *session, bool is_server)
{
    count++;
    if (is_server) {
        lws_hdr_copy(wsi, session->path, sizeof session->path, WSI_TOKEN_GET_URI);
    } else {
        snprintf(session->path, sizeof session->path, "%s", (const char *)lws_get_opaque_user_data(wsi));
    }
    session->is_list = (strcmp(session->path, "/list") == 0) == is_server;
    if (is_deflate_made != should_compress) {
        return fail(session, "compression is %s", is_deflate_made ? "active" : "not active");
    }
    is_deflate_made = false;
    lws_callback_on_writable(wsi);
    return 0;
}

/* Sends the next frame of the message. Returns whether it was the last, or -1. */
static int send_frame(struct lws *wsi, struct session *session, const struct message *message)
{
    /* The library writes the frame's header before the payload. */
    static uint8_t buffer[LWS_PRE + FRAME];
    size_t size = message->length - session->offset;
    bool is_first = session->offset == 0;
    bool is_last = size <= FRAME;

    if (!is_last) {
        size = FRAME;
    }
    memcpy(buffer + LWS_PRE, message->data + session->offset, size);
    if (lws_write(wsi, buffer + LWS_PRE, size,
                  (enum lws_write_protocol)lws_write_ws_flags(message->is_text ? LWS_WRITE_TEXT : LWS_WRITE_BINARY,
                                                              is_first, is_last)) < (int)size) {
        return fail(session, "lws_write() failed");
    }
    session->offset = is_last ? 0 : session->offset + size;
    return is_last;
}

static int write_some(struct lws *wsi, struct session *session)
{
    int is_sent;

    if (session->is_finished) {
        lws_close_reason(wsi, LWS_CLOSE_STATUS_NORMAL, (unsigned char *)REASON, strlen(REASON));
        return -1;
    }
    if (session->is_list) {
        if (session->sent == list_length || (session->sent < first_round && session->sent > session->returned)) {
            return 0;
        }
        is_sent = send_frame(wsi, session, &list[session->sent]);
        session->sent += is_sent == 1;
    } else {
        struct message *message = session->waiting;

        if (message == NULL) {
            return 0;
        }
        is_sent = send_frame(wsi, session, message);
        if (is_sent == 1) {
            session->waiting = message->next;
            session->echoed++;
            free(message->data);
            free(message);
        }
    }
    lws_callback_on_writable(wsi);
    return is_sent < 0 ? -1 : 0;
}

static int take(struct session *session)
{
    struct message *incoming = &session->incoming;

    if (session->is_list) {
        const struct message *expected = &list[session->returned];

        if (session->returned == list_length || session->returned >= session->sent) {
            return fail(session, "a message of %zu bytes that was not sent", incoming->length);
        }
        if (incoming->length != expected->length || incoming->is_text != expected->is_text ||
            memcmp(incoming->data, expected->data, expected->length) != 0) {
            return fail(session, "message %zu of %zu bytes came back changed, with %zu bytes", session->returned,
                        expected->length, incoming->length);
        }
        session->returned++;
        session->is_finished = session->returned == list_length;
        incoming->length = 0;
    } else {
        struct message **link = &session->waiting;
        struct message *message = grown(NULL, sizeof *message);

        *message = *incoming;
        memset(incoming, 0, sizeof *incoming);
        while (*link != NULL) {
            link = &(*link)->next;
        }
        *link = message;
    }
    return 0;
}

static int receive(struct lws *wsi, struct session *session, const void *data, size_t length)
{
    struct message *incoming = &session->incoming;

    if (lws_is_first_fragment(wsi)) {
        incoming->length = 0;
        incoming->is_text = !lws_frame_is_binary(wsi);
    }
    if (incoming->data == NULL || incoming->length + length > incoming->capacity) {
        incoming->capacity = 2 * (incoming->length + length) + 1;
        incoming->data = grown(incoming->data, incoming->capacity);
    }
    if (length > 0) {
        memcpy(incoming->data + incoming->length, data, length);
    }
    incoming->length += length;
    lws_callback_on_writable(wsi);
    return lws_is_final_fragment(wsi) ? take(session) : 0;
}

static void end(struct session *session)
{
    if (session->is_list ? session->is_finished : session->is_finished && session->echoed > 0) {
        printf("OK %zu messages, compression active: %s, at %s\n",
               session->is_list ? session->returned : session->echoed, should_compress ? "yes" : "no", session->path);
        fflush(stdout);
    } else {
        fail(session, "closed after %zu sent, %zu returned, %zu echoed", session->sent, session->returned,
             session->echoed);
    }
    failed += session->is_failed;
    while (session->waiting != NULL) {
        struct message *message = session->waiting;

        session->waiting = message->next;
        free(message->data);
        free(message);
    }
    free(session->incoming.data);
}

static int check_close(struct session *session, const uint8_t *data, size_t length)
{
    static const uint8_t expected[] = "\x03\xe8" REASON;

    if (length != sizeof expected - 1 || memcmp(data, expected, length) != 0) {
        return fail(session, "closed with %d '%.*s'", length < 2 ? 0 : data[0] << 8 | data[1],
                    length < 2 ? 0 : (int)length - 2, data + 2);
    }
    session->is_finished = true;
    return 0;
}

static int callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
    struct session *session = user;

    switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
        return begin(wsi, session, true);
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        return begin(wsi, session, false);
    case LWS_CALLBACK_RECEIVE:
    case LWS_CALLBACK_CLIENT_RECEIVE:
        return receive(wsi, session, in, length);
    case LWS_CALLBACK_SERVER_WRITEABLE:
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return write_some(wsi, session);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        return check_close(session, in, length);
    case LWS_CALLBACK_CLOSED:
        end(session);
        break;
    case LWS_CALLBACK_CLIENT_CLOSED:
        end(session);
        is_stopping = true;
        break;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        printf("FAILED to connect: %s\n", in == NULL ? "" : (const char *)in);
        failed++;
        is_stopping = true;
        break;
    default:
        break;
    }
    return 0;
}

/* The library does not report the extensions of a connection, but it calls the extension. */
static int deflate(struct lws_context *of, const struct lws_extension *extension, struct lws *wsi,
                   enum lws_extension_callback_reasons reason, void *user, void *in, size_t length)
{
    if (reason == LWS_EXT_CB_CONSTRUCT || reason == LWS_EXT_CB_CLIENT_CONSTRUCT) {
        is_deflate_made = true;
    }
    return lws_extension_callback_pm_deflate(of, extension, wsi, reason, user, in, length);
}

static void *wait_for_end_of_input(void *unused)
{
    char ignored[256];

    while (read(STDIN_FILENO, ignored, sizeof ignored) > 0) {
    }
    is_stopping = true;
    lws_cancel_service(context);
    return unused;
}

static void serve(void)
{
    while (!is_stopping && lws_service(context, 0) >= 0) {
    }
    is_stopping = false;
}

static void visit(int port, const char *path)
{
    struct lws_client_connect_info info;

    memset(&info, 0, sizeof info);
    info.context = context;
    info.address = info.host = info.origin = "127.0.0.1";
    info.port = port;
    info.path = path;
    info.protocol = "other, interop";
    info.local_protocol_name = "interop";
    info.opaque_user_data = (void *)path;
    if (lws_client_connect_via_info(&info) == NULL) {
        printf("FAILED to begin connecting\n");
        failed++;
        return;
    }
    serve();
}

int main(int argc, char **argv)
{
    static const struct lws_protocols protocols[] = {
        {"interop", callback, sizeof(struct session), FRAME, 0, NULL, 0}, {NULL, NULL, 0, 0, 0, NULL, 0}};
    char offer[256];
    const char *takeover = "";
    const char *bits = NULL;
    struct lws_extension extensions[] = {{"permessage-deflate", deflate, offer}, {NULL, NULL, NULL}};
    struct lws_context_creation_info info;
    bool is_server = argc > 1 && strcmp(argv[1], "server") == 0;
    bool is_plain = false;
    pthread_t thread;

    memset(&info, 0, sizeof info);
    for (int i = is_server ? 2 : 3; i < argc; i++) {
        if (strcmp(argv[i], "--compress") == 0) {
            info.extensions = extensions;
        } else if (strcmp(argv[i], "--expect-plain") == 0) {
            is_plain = true;
        } else if (strcmp(argv[i], "--gentle") == 0) {
            is_gentle = true;
        } else if (strcmp(argv[i], "--no-context-takeover") == 0 && !is_server) {
            takeover = "; client_no_context_takeover; server_no_context_takeover";
        } else if (strcmp(argv[i], "--window-bits") == 0 && i + 1 < argc && !is_server) {
            bits = argv[++i];
        } else {
            fprintf(stderr, "lws_peer: unknown option %s\n", argv[i]);
            return 2;
        }
    }
    if (bits == NULL) {
        snprintf(offer, sizeof offer, "permessage-deflate; client_max_window_bits%s", takeover);
    } else {
        snprintf(offer, sizeof offer, "permessage-deflate; client_max_window_bits=%s; server_max_window_bits=%s%s", bits,
                 bits, takeover);
    }
    should_compress = info.extensions != NULL && !is_plain;
    alarm(SECONDS);
    make_list();

    lws_set_log_level(LLL_ERR | LLL_WARN, NULL);
    info.port = is_server ? 0 : CONTEXT_PORT_NO_LISTEN;
    info.iface = is_server ? "127.0.0.1" : NULL;
    info.protocols = protocols;
    info.vhost_name = "interop";
    info.gid = (gid_t)-1;
    info.uid = (uid_t)-1;
    context = lws_create_context(&info);
    if (context == NULL) {
        printf("FAILED to create a context\n");
        return EXIT_FAILURE;
    }
    if (is_server) {
        printf("LISTENING %d\n", lws_get_vhost_listen_port(lws_get_vhost_by_name(context, "interop")));
        fflush(stdout);
        if (pthread_create(&thread, NULL, wait_for_end_of_input, NULL) == 0) {
            serve();
            pthread_join(thread, NULL);
        }
    } else if (argc > 2 && strrchr(argv[2], ':') != NULL) {
        int port = atoi(strrchr(argv[2], ':') + 1);

        visit(port, "/");
        visit(port, "/list");
    }
    lws_context_destroy(context);
    return count > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
