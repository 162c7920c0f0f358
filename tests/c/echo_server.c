/*
 * A WebSocket server that sends every message back to its sender.
 *
 *     echo_server [PORT [KEY CERTIFICATE]]
 *
 * It listens on 127.0.0.1. With port 0, the default, the operating system chooses one; the first line
 * of output names it. With the PEM files of a private key and its certificate it uses TLS (wss://).
 * The server ends on SIGINT, on SIGTERM and at the end of its standard input.
 *
 * One loop serves all clients, as the main loop of a game would: it takes new connections, polls every
 * client and takes its messages. No call in the loop blocks, and there are no callbacks.
 */

#include "system.h"

#include <signal.h>

#include <wspeer.h>

/* A limit, not an allocation: a client costs no more memory than its messages need. */
#define LONGEST_MESSAGE ((size_t)16 * 1024 * 1024)

struct client {
    wsp_peer *peer;
    struct client *next;

    /* The message to send back. A packet is lent only until the next call on its peer; this copy is
     * kept until the network accepts it. */
    uint8_t *message;
    size_t length;
    size_t capacity;
    wsp_write_mode mode;
    bool is_waiting;
};

static volatile sig_atomic_t is_stopping;

static void stop(int number)
{
    (void)number;
    is_stopping = 1;
}

static void *grown(void *memory, size_t size)
{
    memory = realloc(memory, size);
    if (memory == NULL) {
        perror("echo_server");
        exit(EXIT_FAILURE);
    }
    return memory;
}

/* Makes a client of a connection. The handshake happens in wsp_peer_poll(). The stream still belongs to
 * the program, which frees it. */
static struct client *new_client(wsp_stream *stream, const wsp_tls_options *tls)
{
    struct client *client = grown(NULL, sizeof *client);
    wsp_peer_options options = WSP_PEER_OPTIONS_INIT;

    memset(client, 0, sizeof *client);
    client->peer = wsp_peer_new();
    options.inbound_buffer_size = LONGEST_MESSAGE;
    /* Not below the inbound limit, so that every received message can be sent back. */
    options.outbound_buffer_size = LONGEST_MESSAGE;
    /* Only with clients that offer it, as browsers do. */
    options.compression_enabled = 1;
    /* Short messages too, for conformance tests; it saves hardly any bytes. */
    options.compression_threshold = 0;
    /* Shutting down waits for the slowest client for at most this many seconds. */
    options.close_timeout = 1.0;
    wsp_peer_set_options(client->peer, &options);
    wsp_peer_accept_stream(client->peer, stream, tls);
    wsp_stream_free(stream);
    return client;
}

static void free_client(struct client *client)
{
    /* -1: there was no close handshake, because the upgrade failed or the connection broke. */
    if (wsp_peer_get_close_code(client->peer) == -1) {
        fprintf(stderr, "lost a client: %s\n", wsp_peer_get_error_message(client->peer));
    }
    wsp_peer_free(client->peer);
    free(client->message);
    free(client);
}

/* Copies the client's next message. Returns false if none is queued. */
static bool take_message(struct client *client)
{
    const uint8_t *data;
    size_t length;

    if (wsp_peer_get_packet(client->peer, &data, &length) != WSP_OK) {
        return false;
    }
    if (length > client->capacity) {
        client->message = grown(client->message, length);
        client->capacity = length;
    }
    if (length > 0) {
        memcpy(client->message, data, length);
    }
    client->length = length;
    client->mode = wsp_peer_was_string_packet(client->peer) ? WSP_WRITE_MODE_TEXT
                                                            : WSP_WRITE_MODE_BINARY;
    return true;
}

/* One round for one client. Returns whether a message was sent back. */
static bool serve(struct client *client)
{
    bool has_sent = false;

    wsp_peer_poll(client->peer);
    while (client->is_waiting || take_message(client)) {
        wsp_error error =
            wsp_peer_send(client->peer, client->message, client->length, client->mode);

        /* The client does not read as fast as it writes. Its message waits for a later round. Until
         * then no other message is taken, the library stops reading, and TCP slows the client down. */
        client->is_waiting = error == WSP_ERR_OUT_OF_MEMORY;
        if (client->is_waiting) {
            break;
        }
        /* Any other error means that the connection is closed and no client can get the echo. */
        has_sent = true;
    }
    return has_sent;
}

/* Serves every client once and frees those whose connection is closed. */
static bool serve_all(struct client **link)
{
    bool is_busy = false;

    while (*link != NULL) {
        struct client *client = *link;

        if (serve(client)) {
            is_busy = true;
        }
        if (wsp_peer_get_ready_state(client->peer) == WSP_STATE_CLOSED) {
            *link = client->next;
            free_client(client);
        } else {
            link = &client->next;
        }
    }
    return is_busy;
}

int main(int argc, char **argv)
{
    wsp_tcp_server *server = wsp_tcp_server_new();
    struct client *clients = NULL;
    int port = argc > 1 ? atoi(argv[1]) : 0;
    bool is_busy = false;
    wsp_tls_options *tls = NULL;

    begin_program(&argc, &argv);
    if (argc > 3) {
        tls = wsp_tls_options_new();
        if (wsp_tls_options_server_from_files(tls, argv[2], argv[3]) != WSP_OK) {
            fprintf(stderr, "echo_server: %s\n", wsp_tls_options_get_error_message(tls));
            wsp_tls_options_free(tls);
            wsp_tcp_server_free(server);
            return EXIT_FAILURE;
        }
    }
    if (wsp_tcp_server_listen(server, port, "127.0.0.1") != WSP_OK) {
        fprintf(stderr, "echo_server: %s\n", wsp_tcp_server_get_error_message(server));
        wsp_tls_options_free(tls);
        wsp_tcp_server_free(server);
        return EXIT_FAILURE;
    }
    signal(SIGINT, stop);
    signal(SIGTERM, stop);
    printf("LISTENING %u\n", (unsigned)wsp_tcp_server_get_local_port(server));
    fflush(stdout);

    /* A game would draw a frame here; this loop sleeps for a millisecond while idle. */
    while (!is_stopping && has_input(is_busy ? 0 : 1)) {
        wsp_stream *stream;

        while ((stream = wsp_tcp_server_take_connection(server)) != NULL) {
            struct client *client = new_client(stream, tls);

            client->next = clients;
            clients = client;
        }
        is_busy = serve_all(&clients);
    }

    /* Sends close frames, and polls until every client has answered or close_timeout has passed. */
    wsp_tcp_server_free(server);
    for (struct client *client = clients; client != NULL; client = client->next) {
        wsp_peer_close(client->peer, 1001, "the server is shutting down");
    }
    while (clients != NULL) {
        serve_all(&clients);
        nap();
    }
    wsp_tls_options_free(tls);
    return EXIT_SUCCESS;
}
