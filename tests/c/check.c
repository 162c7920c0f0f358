#include "check.h"

/* A failure in a loop would be printed a thousand times. */
#define PRINTED_FAILURES 10

static int failures;
static int failures_of_subject;
static const char *subject;

void about(const char *text)
{
    subject = text;
    failures_of_subject = 0;
}

/* Counts a failed check. Returns whether the caller describes it with printf(). */
static bool begin_failure(const char *file, int line, const char *what)
{
    failures++;
    if (++failures_of_subject > PRINTED_FAILURES) {
        return false;
    }
    printf("  %s:%d: ", file, line);
    if (subject != NULL) {
        printf("[%s] ", subject);
    }
    fputs(what, stdout);
    return true;
}

bool check(bool condition, const char *what, const char *file, int line)
{
    if (!condition && begin_failure(file, line, what)) {
        puts(" is false");
    }
    return condition;
}

bool check_error(wsp_error actual, wsp_error wanted, const char *what, const char *file, int line)
{
    if (actual != wanted && begin_failure(file, line, what)) {
        printf(" is %s (%d), not %s\n", wsp_error_name(actual), (int)actual, wsp_error_name(wanted));
    }
    return actual == wanted;
}

bool check_text(const char *actual, const char *wanted, const char *what, const char *file, int line)
{
    bool is_same = actual != NULL && strcmp(actual, wanted) == 0;

    if (!is_same && begin_failure(file, line, what)) {
        printf(" is \"%s\", not \"%s\"\n", actual == NULL ? "(NULL)" : actual, wanted);
    }
    return is_same;
}

bool check_number(long long actual, long long wanted, const char *what, const char *file, int line)
{
    if (actual != wanted && begin_failure(file, line, what)) {
        printf(" is %lld, not %lld\n", actual, wanted);
    }
    return actual == wanted;
}

int failed_checks(void)
{
    return failures;
}

wsp_peer_options wide_options(void)
{
    wsp_peer_options options = WSP_PEER_OPTIONS_INIT;

    options.inbound_buffer_size = (size_t)64 * 1024 * 1024;
    options.outbound_buffer_size = 0;
    options.max_queued_packets = 1000000;
    return options;
}

wsp_server_listen_options loopback(void)
{
    wsp_server_listen_options options = WSP_SERVER_LISTEN_OPTIONS_INIT;

    options.address = "127.0.0.1";
    return options;
}

wsp_http_answer answer_with(int32_t status, const char *body)
{
    wsp_http_answer answer = WSP_HTTP_ANSWER_INIT;

    answer.status = status;
    answer.body = (const uint8_t *)body;
    answer.body_len = body == NULL ? 0 : strlen(body);
    return answer;
}

const char *url_of(const wsp_tcp_server *listener, const char *path)
{
    static char url[256];

    snprintf(url, sizeof url, "ws://127.0.0.1:%u%s",
             (unsigned)wsp_tcp_server_get_local_port(listener), path);
    return url;
}

void accept_connection(wsp_tcp_server *listener, wsp_peer *server, const wsp_tls_options *tls)
{
    wsp_stream *stream = wsp_tcp_server_take_connection(listener);

    CHECK(stream != NULL);
    CHECK_ERROR(wsp_peer_accept_stream(server, stream, tls), WSP_OK);
    wsp_stream_free(stream);
}

void pair_make(struct pair *pair, const wsp_peer_options *client, const wsp_peer_options *server)
{
    pair->listener = wsp_tcp_server_new();
    pair->client = wsp_peer_new();
    pair->server = wsp_peer_new();
    if (client != NULL) {
        CHECK_ERROR(wsp_peer_set_options(pair->client, client), WSP_OK);
    }
    if (server != NULL) {
        CHECK_ERROR(wsp_peer_set_options(pair->server, server), WSP_OK);
    }
}

static bool are_open(const struct pair *pair)
{
    return wsp_peer_get_ready_state(pair->client) == WSP_STATE_OPEN &&
           wsp_peer_get_ready_state(pair->server) == WSP_STATE_OPEN;
}

bool pair_connect(struct pair *pair, const char *path)
{
    if (!wsp_tcp_server_is_listening(pair->listener)) {
        CHECK_ERROR(wsp_tcp_server_listen(pair->listener, 0, "127.0.0.1"), WSP_OK);
    }
    if (!CHECK_ERROR(wsp_peer_connect_to_url(pair->client, url_of(pair->listener, path), NULL), WSP_OK)) {
        return false;
    }
    WAIT_FOR(wsp_tcp_server_is_connection_available(pair->listener), wsp_peer_poll(pair->client));
    accept_connection(pair->listener, pair->server, NULL);
    WAIT_FOR(are_open(pair), pair_poll(pair));
    return are_open(pair);
}

bool pair_open(struct pair *pair, const wsp_peer_options *options)
{
    pair_make(pair, options, options);
    return pair_connect(pair, "/");
}

void pair_poll(struct pair *pair)
{
    wsp_peer_poll(pair->client);
    wsp_peer_poll(pair->server);
}

void pair_free(struct pair *pair)
{
    wsp_peer_free(pair->client);
    wsp_peer_free(pair->server);
    wsp_tcp_server_free(pair->listener);
}

void fill(uint8_t *data, size_t length, unsigned seed)
{
    for (size_t i = 0; i < length; i++) {
        data[i] = (uint8_t)((i * 7 + i / 251 + seed) & 0xff);
    }
}

bool is_filled(const uint8_t *data, size_t length, unsigned seed)
{
    for (size_t i = 0; i < length; i++) {
        if (data[i] != (uint8_t)((i * 7 + i / 251 + seed) & 0xff)) {
            return false;
        }
    }
    return true;
}

bool next_is(wsp_peer *peer, const void *data, size_t length)
{
    const uint8_t *packet;
    size_t size;

    return wsp_peer_get_packet(peer, &packet, &size) == WSP_OK && packet != NULL && size == length &&
           memcmp(packet, data, length) == 0;
}

bool next_is_text(wsp_peer *peer, const char *text)
{
    return next_is(peer, text, strlen(text)) && wsp_peer_was_string_packet(peer);
}

void stream_connect(wsp_tcp_server **listener, wsp_stream **stream)
{
    *listener = wsp_tcp_server_new();
    *stream = wsp_stream_new();
    CHECK_ERROR(wsp_tcp_server_listen(*listener, 0, "127.0.0.1"), WSP_OK);
    CHECK_ERROR(wsp_stream_connect_to_host(*stream, "127.0.0.1", wsp_tcp_server_get_local_port(*listener)),
                WSP_OK);
    WAIT_FOR(wsp_stream_get_status(*stream) == WSP_STREAM_STATUS_CONNECTED, wsp_stream_poll(*stream));
}

void raw_connect(struct raw_pair *pair, const wsp_peer_options *options, const char *request)
{
    stream_connect(&pair->listener, &pair->raw);
    pair->server = wsp_peer_new();
    if (options != NULL) {
        CHECK_ERROR(wsp_peer_set_options(pair->server, options), WSP_OK);
    }
    CHECK_ERROR(wsp_stream_put_data(pair->raw, (const uint8_t *)request, strlen(request)), WSP_OK);
    WAIT_FOR(wsp_tcp_server_is_connection_available(pair->listener), (void)0);
    accept_connection(pair->listener, pair->server, NULL);
}

bool raw_open(struct raw_pair *pair, const wsp_peer_options *options)
{
    uint8_t answer[1024];
    size_t length = 0;
    size_t count;

    raw_connect(pair, options, "GET /raw HTTP/1.1\r\nHost: 127.0.0.1\r\n" HANDSHAKE "\r\n");
    WAIT_FOR(wsp_peer_get_ready_state(pair->server) == WSP_STATE_OPEN, wsp_peer_poll(pair->server));

    /* The answer ends with an empty line, after which nothing follows. */
    WAIT_FOR(length >= 4 && memcmp(answer + length - 4, "\r\n\r\n", 4) == 0,
             if (wsp_stream_get_partial_data(pair->raw, answer + length, sizeof answer - length,
                                             &count) == WSP_OK) { length += count; });
    return wsp_peer_get_ready_state(pair->server) == WSP_STATE_OPEN;
}

void raw_free(struct raw_pair *pair)
{
    wsp_stream_free(pair->raw);
    wsp_peer_free(pair->server);
    wsp_tcp_server_free(pair->listener);
}

bool raw_send(struct raw_pair *pair, uint8_t opcode, const void *payload, size_t length)
{
    /* Masked, as a client's frames must be, with a key that changes nothing. */
    uint8_t frame[6 + 125] = {(uint8_t)(0x80 | opcode), (uint8_t)(0x80 | length), 0, 0, 0, 0};

    if (length > 125) {
        return false;
    }
    memcpy(frame + 6, payload, length);
    return wsp_stream_put_data(pair->raw, frame, 6 + length) == WSP_OK;
}
