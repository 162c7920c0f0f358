/*
 * wspeer's peer in the tests of TLS, proxies, requests and failures, through its C interface.
 *
 *     end client URL [OPTION]...
 *     end server [OPTION]...
 *
 *     --ca FILE               authorities: of servers for a client, of clients for a server
 *     --unsafe                do not verify; with --ca do not verify the name
 *     --name NAME             the name the server's certificate must be for
 *     --certificate FILE      own certificates
 *     --key FILE              and their key
 *     --require               refuse clients without a certificate
 *     --http-proxy URL, --https-proxy URL, --no-proxy LIST
 *     --environment-proxies   take the proxies from the environment
 *     --connect-timeout S, --handshake-timeout S
 *     --header LINE           add it to the request or answer
 *     --protocol NAME         a sub-protocol
 *     --origin ORIGIN         accept this one
 *     --page FILE             decide about requests: answer with it if they are not a handshake
 *     --bytes N               length of the client's binary message (1000)
 *     --times N               number of connections, one after the other (1)
 *     --end here|there        which peer closes (here)
 *
 * A client sends a text and a binary message, expects both back, and closes with 1000 or requests it with
 * the text `close`. A server echoes its messages, except for that text, after which it closes with 4001.
 * The server prints `LISTENING port` first and ends with its standard input.
 *
 * For each connection both print one line, a JSON object: its last stage, the remote peer's handshake, the
 * failure, and the longest duration of wsp_peer_connect_to_url() and wsp_peer_poll(). The calling program
 * judges them.
 */

#include "../../c/message.h"

#include <stdarg.h>

#define MOST 8

/* Enough for the longest message and the queue after it. */
#define LONGEST_MESSAGE ((size_t)80 * 1024 * 1024)

/* Time limit of the whole program. */
#define SECONDS 100

struct list {
    const char *items[MOST];
    size_t count;
};

struct connection {
    wsp_peer *peer;
    struct connection *next;
    double began;
    double opened;
    bool is_open;
    size_t received;
    bool is_answered;

    /* Of a client: which messages came back unchanged. */
    bool text_returned;
    bool binary_returned;

    /* Of a server: the message to send back, and whether it waits for room in the outbound queue. */
    struct message message;
    bool is_waiting;

    /* Longest call, in wall-clock time and in processor time of the thread. */
    double longest_call;
    double longest_call_cpu;
};

static wsp_peer_options options = WSP_PEER_OPTIONS_INIT;
static wsp_tls_options *tls;
static struct list headers, protocols, origins;
static const char *ca, *name, *certificate, *key, *http_proxy, *https_proxy, *no_proxy, *page_path;
static bool is_unsafe, is_required, takes_environment, ends_there;
static size_t byte_count = 1000;
static unsigned long times = 1;
static uint8_t *bytes;
static char page[16384];
static size_t page_length;
static double deadline;

static void stop(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(2);
}

static struct connection *new_connection(bool is_server)
{
    struct connection *connection = grown(NULL, sizeof *connection);
    wsp_peer *peer = wsp_peer_new();

    memset(connection, 0, sizeof *connection);
    connection->peer = peer;
    connection->began = now();
    connection->opened = -1;
    if (wsp_peer_set_options(peer, &options) != WSP_OK ||
        wsp_peer_set_handshake_headers(peer, headers.items, headers.count) != WSP_OK ||
        wsp_peer_set_supported_protocols(peer, protocols.items, protocols.count) != WSP_OK ||
        (is_server && wsp_peer_set_allowed_origins(peer, origins.items, origins.count) != WSP_OK) ||
        wsp_peer_set_proxy(peer, http_proxy, https_proxy, no_proxy) != WSP_OK ||
        (takes_environment && wsp_peer_set_proxy_from_environment(peer) != WSP_OK)) {
        stop("setting up: %s", wsp_peer_get_error_message(peer));
    }
    return connection;
}

/* Notes the duration of a call that began at these times. */
static void note_call(struct connection *connection, double time, double cpu)
{
    cpu = seconds_of(CLOCK_THREAD_CPUTIME_ID) - cpu;
    time = now() - time;
    connection->longest_call = time > connection->longest_call ? time : connection->longest_call;
    connection->longest_call_cpu = cpu > connection->longest_call_cpu ? cpu : connection->longest_call_cpu;
}

static void poll_peer(struct connection *connection)
{
    double time = now();
    double cpu = seconds_of(CLOCK_THREAD_CPUTIME_ID);

    wsp_peer_poll(connection->peer);
    note_call(connection, time, cpu);
    if (!connection->is_open && wsp_peer_get_ready_state(connection->peer) == WSP_STATE_OPEN) {
        connection->is_open = true;
        connection->opened = now();
    }
}

static void print_text(const uint8_t *text, size_t length)
{
    putchar('"');
    for (size_t i = 0; i < length; i++) {
        if (text[i] < ' ' || text[i] == '"' || text[i] == '\\') {
            printf("\\u%04x", text[i]);
        } else {
            putchar(text[i]);
        }
    }
    putchar('"');
}

static void print_member(const char *label, const char *value)
{
    printf(", \"%s\": ", label);
    print_text((const uint8_t *)value, strlen(value));
}

static void print_headers(wsp_peer *peer)
{
    const char *label, *value;
    size_t count = wsp_peer_get_received_header_count(peer);

    printf(", \"headers\": [");
    for (size_t i = 0; i < count && wsp_peer_get_received_header(peer, i, &label, &value) == WSP_OK; i++) {
        printf("%s[", i > 0 ? ", " : "");
        print_text((const uint8_t *)label, strlen(label));
        printf(", ");
        print_text((const uint8_t *)value, strlen(value));
        printf("]");
    }
    printf("]");
}

static void print_failure(wsp_peer *peer)
{
    static const char *const stages[] = {"none", "dns", "tcp", "proxy", "tls", "http", "websocket", "timeout"};
    wsp_failure failure = {.struct_size = sizeof failure};

    wsp_peer_get_failure(peer, &failure);
    print_member("stage", stages[failure.stage]);
    if (failure.stage != WSP_STAGE_NONE) {
        printf(", \"os_error\": %d, \"http_status\": %d, \"is_name_mismatch\": %s", failure.os_error,
               failure.http_status, failure.is_name_mismatch ? "true" : "false");
        print_member("message", failure.message);
        print_member("tls", failure.tls);
        print_member("http_reason", failure.http_reason);
        printf(", \"http_body_len\": %zu, \"http_body\": ", failure.http_body_len);
        print_text(failure.http_body, failure.http_body_len);
    }
}

static void print_tls(const wsp_tls_info *info)
{
    print_member("version", info->version);
    print_member("cipher_suite", info->cipher_suite);
    print_member("alpn", info->alpn);
    print_member("peer_subject", info->peer_subject);
    printf(", \"is_resumed\": %s", info->is_resumed ? "true" : "false");
}

/* Prints what is only available while the connection is open. */
static void print_opened(struct connection *connection)
{
    wsp_tls_info info = {.struct_size = sizeof info};
    wsp_request request = {.struct_size = sizeof request};

    printf("{\"event\": \"open\"");
    if (wsp_peer_get_tls_info(connection->peer, &info) == WSP_OK) {
        print_tls(&info);
    }
    if (wsp_peer_get_request(connection->peer, &request) == WSP_OK) {
        print_member("target", request.target);
    }
    print_member("protocol", wsp_peer_get_selected_protocol(connection->peer));
    print_member("host", wsp_peer_get_connected_host(connection->peer));
    print_member("url", wsp_peer_get_requested_url(connection->peer));
    print_headers(connection->peer);
    printf(", \"seconds\": %.3f}\n", connection->opened - connection->began);
    fflush(stdout);
}

/* Prints the result and frees the connection. */
static void end(struct connection *connection)
{
    wsp_peer *peer = connection->peer;

    printf("{\"event\": \"end\", \"was_open\": %s, \"is_closed\": %s, \"close_code\": %d",
           connection->is_open ? "true" : "false",
           wsp_peer_get_ready_state(peer) == WSP_STATE_CLOSED ? "true" : "false", wsp_peer_get_close_code(peer));
    print_member("close_reason", wsp_peer_get_close_reason(peer, NULL));
    print_failure(peer);
    print_headers(peer);
    printf(", \"received\": %zu, \"text_returned\": %s, \"binary_returned\": %s", connection->received,
           connection->text_returned ? "true" : "false", connection->binary_returned ? "true" : "false");
    printf(", \"seconds\": %.3f, \"longest_call_ms\": %.3f, \"longest_call_cpu_ms\": %.3f}\n",
           now() - connection->began, connection->longest_call * 1e3, connection->longest_call_cpu * 1e3);
    fflush(stdout);
    wsp_peer_free(peer);
    free(connection->message.data);
    free(connection);
}

/* Client. */

static const char TEXT[] = "Grüße über TLS";

static void send_messages(struct connection *connection)
{
    if (wsp_peer_send_text(connection->peer, TEXT) != WSP_OK ||
        wsp_peer_send(connection->peer, bytes, byte_count, WSP_WRITE_MODE_BINARY) != WSP_OK) {
        stop("sending: %s", wsp_peer_get_error_message(connection->peer));
    }
}

static void compare_messages(struct connection *connection)
{
    const uint8_t *data;
    size_t length;

    while (wsp_peer_get_packet(connection->peer, &data, &length) == WSP_OK) {
        connection->received++;
        if (wsp_peer_was_string_packet(connection->peer)) {
            connection->text_returned = length == strlen(TEXT) && memcmp(data, TEXT, length) == 0;
        } else {
            connection->binary_returned = length == byte_count && memcmp(data, bytes, length) == 0;
        }
        if (connection->received == 2) {
            if (ends_there) {
                wsp_peer_send_text(connection->peer, "close");
            } else {
                wsp_peer_close(connection->peer, 1000, "finished");
            }
        }
    }
}

static void visit(const char *url)
{
    struct connection *connection = new_connection(false);
    const wsp_tls_options *given = ca != NULL || is_unsafe || name != NULL || certificate != NULL ? tls : NULL;
    bool is_new = true;
    double time = now();
    double cpu = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    wsp_error error = wsp_peer_connect_to_url(connection->peer, url, given);

    note_call(connection, time, cpu);
    if (error != WSP_OK && error != WSP_ERR_FAILED) {
        stop("%s: %s", wsp_error_name(error), wsp_peer_get_error_message(connection->peer));
    }
    /* Shorter than a frame of a game, to keep the tests short. */
    while (now() < deadline) {
        poll_peer(connection);
        if (is_new && connection->is_open) {
            is_new = false;
            print_opened(connection);
            send_messages(connection);
        }
        compare_messages(connection);
        if (wsp_peer_get_ready_state(connection->peer) == WSP_STATE_CLOSED) {
            break;
        }
        nap();
    }
    end(connection);
}

/* Server. */

static void echo(struct connection *connection)
{
    while (connection->is_waiting || take_message(connection->peer, &connection->message)) {
        connection->received += connection->is_waiting ? 0 : 1;
        if (connection->message.mode == WSP_WRITE_MODE_TEXT && connection->message.length == 5 &&
            memcmp(connection->message.data, "close", 5) == 0) {
            wsp_peer_close(connection->peer, 4001, "as you wish");
            break;
        }
        connection->is_waiting = send_message(connection->peer, &connection->message) == WSP_ERR_OUT_OF_MEMORY;
        if (connection->is_waiting) {
            break;
        }
    }
}

static void decide(struct connection *connection)
{
    static const char *const content_type[] = {"Content-Type: text/html; charset=utf-8"};
    wsp_request request = {.struct_size = sizeof request};
    wsp_http_answer answer = WSP_HTTP_ANSWER_INIT;

    if (wsp_peer_get_request(connection->peer, &request) != WSP_OK || !request.is_pending) {
        return;
    }
    if (request.is_websocket) {
        wsp_peer_accept_request(connection->peer, NULL, 0);
        return;
    }
    if (strcmp(request.path, "/") == 0) {
        answer.status = 200;
        answer.headers = content_type;
        answer.header_count = 1;
        answer.body = (const uint8_t *)page;
        answer.body_len = page_length;
    } else {
        answer.status = 404;
        answer.body = (const uint8_t *)"no such page";
        answer.body_len = 12;
    }
    wsp_peer_reject_request(connection->peer, &answer);
}

static void serve(struct connection *connection)
{
    bool was_open = connection->is_open;

    poll_peer(connection);
    if (!was_open && connection->is_open) {
        print_opened(connection);
    }
    if (!connection->is_open && page_path != NULL) {
        decide(connection);
    }
    echo(connection);
}

static void run_server(void)
{
    wsp_tcp_server *server = wsp_tcp_server_new();
    struct connection *connections = NULL;

    if (wsp_tcp_server_listen(server, 0, "127.0.0.1") != WSP_OK) {
        stop("listening: %s", wsp_tcp_server_get_error_message(server));
    }
    printf("LISTENING %u\n", (unsigned)wsp_tcp_server_get_local_port(server));
    fflush(stdout);

    while (has_input(1) && now() < deadline) {
        wsp_stream *stream;

        while ((stream = wsp_tcp_server_take_connection(server)) != NULL) {
            struct connection *connection = new_connection(true);

            if (wsp_peer_accept_stream(connection->peer, stream, certificate != NULL ? tls : NULL) != WSP_OK) {
                stop("accepting: %s", wsp_peer_get_error_message(connection->peer));
            }
            wsp_stream_free(stream);
            connection->next = connections;
            connections = connection;
        }
        for (struct connection **link = &connections; *link != NULL;) {
            struct connection *connection = *link;

            serve(connection);
            if (wsp_peer_get_ready_state(connection->peer) == WSP_STATE_CLOSED) {
                *link = connection->next;
                end(connection);
            } else {
                link = &connection->next;
            }
        }
    }
    wsp_tcp_server_free(server);
    while (connections != NULL) {
        struct connection *connection = connections;

        connections = connection->next;
        end(connection);
    }
}

static void set_up_tls(bool is_server)
{
    wsp_error error = WSP_OK;

    tls = wsp_tls_options_new();
    if (is_server && certificate != NULL) {
        error = wsp_tls_options_server_from_files(tls, key, certificate);
        if (error == WSP_OK && ca != NULL) {
            error = wsp_tls_options_set_client_ca_from_file(tls, ca, is_required);
        }
    } else if (!is_server) {
        if (is_unsafe) {
            error = wsp_tls_options_client_unsafe_from_file(tls, ca);
        } else if (ca != NULL) {
            error = wsp_tls_options_client_from_file(tls, ca, name);
        } else {
            error = wsp_tls_options_client(tls, NULL, name);
        }
        if (error == WSP_OK && certificate != NULL) {
            error = wsp_tls_options_set_client_certificate_from_files(tls, key, certificate);
        }
    }
    if (error != WSP_OK) {
        stop("TLS options: %s", wsp_tls_options_get_error_message(tls));
    }
}

static void read_page(void)
{
    FILE *file = fopen(page_path, "rb");

    if (file == NULL) {
        stop("cannot open %s", page_path);
    }
    page_length = fread(page, 1, sizeof page, file);
    fclose(file);
}

static void add(struct list *list, const char *item)
{
    if (list->count == MOST) {
        stop("too many options of a kind");
    }
    list->items[list->count++] = item;
}

static void read_options(int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        const char *option = argv[i];
        const char *value = i + 1 < argc ? argv[i + 1] : "";

        if (strcmp(option, "--unsafe") == 0) {
            is_unsafe = true;
            continue;
        } else if (strcmp(option, "--require") == 0) {
            is_required = true;
            continue;
        } else if (strcmp(option, "--environment-proxies") == 0) {
            takes_environment = true;
            continue;
        }
        if (i + 1 == argc) {
            stop("%s needs a value", option);
        }
        i++;
        if (strcmp(option, "--ca") == 0) {
            ca = value;
        } else if (strcmp(option, "--name") == 0) {
            name = value;
        } else if (strcmp(option, "--certificate") == 0) {
            certificate = value;
        } else if (strcmp(option, "--key") == 0) {
            key = value;
        } else if (strcmp(option, "--http-proxy") == 0) {
            http_proxy = value;
        } else if (strcmp(option, "--https-proxy") == 0) {
            https_proxy = value;
        } else if (strcmp(option, "--no-proxy") == 0) {
            no_proxy = value;
        } else if (strcmp(option, "--connect-timeout") == 0) {
            options.connect_timeout = atof(value);
        } else if (strcmp(option, "--handshake-timeout") == 0) {
            options.handshake_timeout = atof(value);
        } else if (strcmp(option, "--header") == 0) {
            add(&headers, value);
        } else if (strcmp(option, "--protocol") == 0) {
            add(&protocols, value);
        } else if (strcmp(option, "--origin") == 0) {
            add(&origins, value);
        } else if (strcmp(option, "--page") == 0) {
            page_path = value;
            options.auto_accept = 0;
        } else if (strcmp(option, "--bytes") == 0) {
            byte_count = strtoul(value, NULL, 10);
        } else if (strcmp(option, "--times") == 0) {
            times = strtoul(value, NULL, 10);
        } else if (strcmp(option, "--end") == 0) {
            ends_there = strcmp(value, "there") == 0;
        } else {
            stop("unknown option %s", option);
        }
    }
}

static void make_bytes(void)
{
    bytes = grown(NULL, byte_count);
    for (size_t i = 0; i < byte_count; i++) {
        bytes[i] = (uint8_t)(noise() >> 11);
    }
}

int main(int argc, char **argv)
{
    bool is_server;

    begin_program(&argc, &argv);
    is_server = argc >= 2 && strcmp(argv[1], "server") == 0;
    if (!is_server && (argc < 3 || strcmp(argv[1], "client") != 0)) {
        stop("usage: end client URL|server [OPTION]...");
    }
    options.inbound_buffer_size = LONGEST_MESSAGE;
    options.outbound_buffer_size = LONGEST_MESSAGE;
    read_options(argc - (is_server ? 2 : 3), argv + (is_server ? 2 : 3));
    deadline = now() + SECONDS * patience();
    set_up_tls(is_server);
    if (page_path != NULL) {
        read_page();
    }
    if (is_server) {
        run_server();
    } else {
        make_bytes();
        for (unsigned long i = 0; i < times; i++) {
            visit(argv[2]);
        }
        free(bytes);
    }
    wsp_tls_options_free(tls);
    return EXIT_SUCCESS;
}
