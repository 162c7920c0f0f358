/* wsp_tcp_server and wsp_stream without WebSocket. */

#include "check.h"
#include "tests.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Two connected streams. */
struct streams {
    wsp_tcp_server *listener;
    wsp_stream *local;
    wsp_stream *remote;
};

static bool streams_open(struct streams *streams)
{
    stream_connect(&streams->listener, &streams->local);
    WAIT_FOR(wsp_tcp_server_is_connection_available(streams->listener), (void)0);
    streams->remote = wsp_tcp_server_take_connection(streams->listener);
    return CHECK(streams->remote != NULL) &&
           wsp_stream_get_status(streams->local) == WSP_STREAM_STATUS_CONNECTED;
}

static void streams_free(struct streams *streams)
{
    wsp_stream_free(streams->local);
    wsp_stream_free(streams->remote);
    wsp_tcp_server_free(streams->listener);
}

void a_listener_refuses_invalid_addresses(void)
{
    static const char *const addresses[] = {"", "localhost", "nonsense", "[::1]", "127.0.0.1:80", "256.0.0.1"};
    static const int32_t ports[] = {-1, 65536, INT32_MAX, INT32_MIN};
    wsp_tcp_server *server = wsp_tcp_server_new();
    wsp_tcp_server *second = wsp_tcp_server_new();

    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        about(addresses[i]);
        CHECK_ERROR(wsp_tcp_server_listen(server, 0, addresses[i]), WSP_ERR_INVALID_PARAMETER);
        CHECK(wsp_tcp_server_get_error_message(server)[0] != '\0');
    }
    about(NULL);
    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++) {
        CHECK_ERROR(wsp_tcp_server_listen(server, ports[i], "127.0.0.1"), WSP_ERR_INVALID_PARAMETER);
    }
    CHECK_ERROR(wsp_tcp_server_listen(server, 0, "\xff"), WSP_ERR_INVALID_DATA);
    /* An address for documentation (RFC 5737), which no machine has. */
    CHECK_ERROR(wsp_tcp_server_listen(server, 0, "192.0.2.1"), WSP_ERR_ALREADY_IN_USE);
    CHECK(!wsp_tcp_server_is_listening(server));
    CHECK_NUMBER(wsp_tcp_server_get_local_port(server), 0);
    CHECK_ERROR(wsp_tcp_server_listen(server, 0, "127.0.0.1"), WSP_OK);
    CHECK_ERROR(wsp_tcp_server_listen(server, 0, "127.0.0.1"), WSP_ERR_ALREADY_IN_USE);
    CHECK_ERROR(wsp_tcp_server_listen(second, wsp_tcp_server_get_local_port(server), "127.0.0.1"),
                WSP_ERR_ALREADY_IN_USE);
    CHECK(wsp_tcp_server_get_error_message(second)[0] != '\0');
    wsp_tcp_server_free(second);
    wsp_tcp_server_free(server);
}

void a_listener_stops_and_listens_again(void)
{
    struct streams streams;
    uint8_t byte;
    wsp_stream *waiting = wsp_stream_new();

    if (streams_open(&streams)) {
        CHECK(wsp_tcp_server_is_listening(streams.listener));
        CHECK(!wsp_tcp_server_is_connection_available(streams.listener));
        CHECK(wsp_tcp_server_take_connection(streams.listener) == NULL);
        CHECK_ERROR(wsp_stream_connect_to_host(waiting, "127.0.0.1",
                                               wsp_tcp_server_get_local_port(streams.listener)),
                    WSP_OK);
        WAIT_FOR(wsp_tcp_server_is_connection_available(streams.listener), wsp_stream_poll(waiting));
        wsp_tcp_server_stop(streams.listener);
        CHECK(!wsp_tcp_server_is_listening(streams.listener));
        CHECK(!wsp_tcp_server_is_connection_available(streams.listener));
        CHECK(wsp_tcp_server_take_connection(streams.listener) == NULL);
        CHECK_NUMBER(wsp_tcp_server_get_local_port(streams.listener), 0);
        /* The connection that was taken stays open, the other is closed. */
        WAIT_FOR(wsp_stream_get_status(waiting) != WSP_STREAM_STATUS_CONNECTED &&
                     wsp_stream_get_status(waiting) != WSP_STREAM_STATUS_CONNECTING,
                 wsp_stream_poll(waiting));
        CHECK_ERROR(wsp_stream_put_data(streams.local, (const uint8_t *)"x", 1), WSP_OK);
        CHECK_ERROR(wsp_stream_get_data(streams.remote, &byte, 1, NULL), WSP_OK);
        CHECK_ERROR(wsp_tcp_server_listen(streams.listener, 0, NULL), WSP_OK);
        CHECK(wsp_tcp_server_get_local_port(streams.listener) != 0);
    }
    wsp_stream_free(waiting);
    streams_free(&streams);
}

void a_port_has_one_listener(void)
{
    static const char *const addresses[][2] = {
        {"127.0.0.1", "127.0.0.1"}, {"127.0.0.1", "*"}, {"*", "127.0.0.1"}, {"*", "*"}};

    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        wsp_tcp_server *first = wsp_tcp_server_new();
        wsp_tcp_server *second = wsp_tcp_server_new();
        wsp_stream *client = wsp_stream_new();
        wsp_stream *accepted;
        uint16_t port;

        about(addresses[i][0]);
        CHECK_ERROR(wsp_tcp_server_listen(first, 0, addresses[i][0]), WSP_OK);
        port = wsp_tcp_server_get_local_port(first);
        CHECK_ERROR(wsp_tcp_server_listen(second, port, addresses[i][1]), WSP_ERR_ALREADY_IN_USE);
        /* A connection that has not ended does not keep the port. */
        CHECK_ERROR(wsp_stream_connect_to_host(client, "127.0.0.1", port), WSP_OK);
        WAIT_FOR(wsp_tcp_server_is_connection_available(first), wsp_stream_poll(client));
        accepted = wsp_tcp_server_take_connection(first);
        wsp_tcp_server_stop(first);
        CHECK_ERROR(wsp_tcp_server_listen(second, port, addresses[i][1]), WSP_OK);
        wsp_stream_free(accepted);
        wsp_stream_free(client);
        wsp_tcp_server_free(first);
        wsp_tcp_server_free(second);
    }
    about(NULL);
}

void a_stream_reports_its_addresses(void)
{
    wsp_stream *stream = wsp_stream_new();
    struct streams streams;

    CHECK_NUMBER(wsp_stream_get_status(stream), WSP_STREAM_STATUS_NONE);
    CHECK_TEXT(wsp_stream_get_connected_host(stream), "");
    CHECK_NUMBER(wsp_stream_get_connected_port(stream), 0);
    CHECK_NUMBER(wsp_stream_get_local_port(stream), 0);
    CHECK_NUMBER(wsp_stream_get_available_bytes(stream), -1);
    CHECK_ERROR(wsp_stream_set_no_delay(stream, true), WSP_ERR_UNCONFIGURED);
    CHECK_ERROR(wsp_stream_poll(stream), WSP_OK);
    wsp_stream_disconnect_from_host(stream);
    wsp_stream_free(stream);
    if (streams_open(&streams)) {
        CHECK_TEXT(wsp_stream_get_error_message(streams.local), "");
        CHECK_TEXT(wsp_stream_get_connected_host(streams.local), "127.0.0.1");
        CHECK_TEXT(wsp_stream_get_connected_host(streams.remote), "127.0.0.1");
        CHECK_NUMBER(wsp_stream_get_connected_port(streams.local),
                     wsp_tcp_server_get_local_port(streams.listener));
        CHECK_NUMBER(wsp_stream_get_connected_port(streams.remote), wsp_stream_get_local_port(streams.local));
        CHECK_NUMBER(wsp_stream_get_local_port(streams.remote),
                     wsp_tcp_server_get_local_port(streams.listener));
        CHECK_NUMBER(wsp_stream_get_available_bytes(streams.remote), 0);
        CHECK_ERROR(wsp_stream_set_no_delay(streams.local, false), WSP_OK);
        CHECK_ERROR(wsp_stream_set_no_delay(streams.local, true), WSP_OK);
    }
    streams_free(&streams);
}

void a_stream_transfers_bytes(void)
{
    enum { SIZE = 16 * 1024 * 1024 };
    uint8_t *data = malloc(SIZE);
    uint8_t *copy = malloc(SIZE);
    struct streams streams;
    size_t sent = 0;
    size_t received = 0;
    size_t count = 7;

    fill(data, SIZE, 5);
    if (streams_open(&streams)) {
        CHECK_ERROR(wsp_stream_get_partial_data(streams.remote, copy, SIZE, &count), WSP_OK);
        CHECK_NUMBER((long long)count, 0);
        CHECK_ERROR(wsp_stream_put_data(streams.local, data, 10), WSP_OK);
        WAIT_FOR(wsp_stream_get_available_bytes(streams.remote) == 10, (void)0);
        CHECK_ERROR(wsp_stream_get_data(streams.remote, copy, 4, &count), WSP_OK);
        CHECK_NUMBER((long long)count, 4);
        CHECK_NUMBER(wsp_stream_get_available_bytes(streams.remote), 6);
        CHECK_ERROR(wsp_stream_get_data(streams.remote, NULL, 0, &count), WSP_OK);
        CHECK_ERROR(wsp_stream_get_partial_data(streams.remote, copy + 4, 100, &count), WSP_OK);
        CHECK_NUMBER((long long)count, 6);
        CHECK(memcmp(copy, data, 10) == 0);

        /* More than the kernel accepts, so that partial writes happen. */
        WAIT_FOR(received == SIZE, {
            CHECK_ERROR(wsp_stream_put_partial_data(streams.remote, data + sent, SIZE - sent, &count), WSP_OK);
            sent += count;
            CHECK_ERROR(wsp_stream_get_partial_data(streams.local, copy + received, SIZE - received, &count),
                        WSP_OK);
            received += count;
        });
        CHECK(memcmp(copy, data, SIZE) == 0);
    }
    streams_free(&streams);
    free(copy);
    free(data);
}

enum { BLOCKING_SIZE = 8 * 1024 * 1024 };

struct writing {
    wsp_stream *stream;
    uint8_t *data;
    wsp_error error;
};

static void *write_all(void *argument)
{
    struct writing *writing = argument;

    writing->error = wsp_stream_put_data(writing->stream, writing->data, BLOCKING_SIZE);
    return NULL;
}

void blocking_calls_wait_for_each_other(void)
{
    struct writing writing = {NULL, malloc(BLOCKING_SIZE), WSP_ERR_FAILED};
    uint8_t *copy = malloc(BLOCKING_SIZE);
    struct streams streams;
    pthread_t thread;
    size_t count = 0;

    fill(writing.data, BLOCKING_SIZE, 9);
    if (streams_open(&streams)) {
        writing.stream = streams.local;
        CHECK(pthread_create(&thread, NULL, write_all, &writing) == 0);
        CHECK_ERROR(wsp_stream_get_data(streams.remote, copy, BLOCKING_SIZE, &count), WSP_OK);
        pthread_join(thread, NULL);
        CHECK_ERROR(writing.error, WSP_OK);
        CHECK_NUMBER((long long)count, BLOCKING_SIZE);
        CHECK(memcmp(copy, writing.data, BLOCKING_SIZE) == 0);
    }
    streams_free(&streams);
    free(copy);
    free(writing.data);
}

void a_stream_ends_with_eof(void)
{
    struct streams streams;
    uint8_t data[10];
    size_t count = 7;

    if (streams_open(&streams)) {
        CHECK_ERROR(wsp_stream_put_data(streams.remote, (const uint8_t *)"four", 4), WSP_OK);
        wsp_stream_disconnect_from_host(streams.remote);
        CHECK_NUMBER(wsp_stream_get_status(streams.remote), WSP_STREAM_STATUS_NONE);
        CHECK_ERROR(wsp_stream_put_data(streams.remote, data, 1), WSP_ERR_FAILED);
        /* Earlier bytes are delivered, and their number is reported together with the error. */
        CHECK_ERROR(wsp_stream_get_data(streams.local, data, sizeof data, &count), WSP_ERR_FILE_EOF);
        CHECK_NUMBER((long long)count, 4);
        CHECK(memcmp(data, "four", 4) == 0);
        CHECK_NUMBER(wsp_stream_get_status(streams.local), WSP_STREAM_STATUS_NONE);
        CHECK(wsp_stream_get_error_message(streams.local)[0] != '\0');
        CHECK_NUMBER(wsp_stream_get_available_bytes(streams.local), -1);
        /* The same stream can be used for another connection. */
        CHECK_ERROR(wsp_stream_connect_to_host(streams.local, "127.0.0.1",
                                               wsp_tcp_server_get_local_port(streams.listener)),
                    WSP_OK);
    }
    streams_free(&streams);
}

void a_stream_has_no_connection_after_poll_noticed_its_end(void)
{
    struct streams streams;
    uint8_t data[10];
    size_t count = 7;

    if (streams_open(&streams)) {
        CHECK_ERROR(wsp_stream_put_data(streams.remote, (const uint8_t *)"four", 4), WSP_OK);
        wsp_stream_disconnect_from_host(streams.remote);
        WAIT_FOR(wsp_stream_get_available_bytes(streams.local) == 4, wsp_stream_poll(streams.local));
        CHECK_ERROR(wsp_stream_get_partial_data(streams.local, data, sizeof data, &count), WSP_OK);
        CHECK_NUMBER((long long)count, 4);
        WAIT_FOR(wsp_stream_get_status(streams.local) == WSP_STREAM_STATUS_NONE,
                 wsp_stream_poll(streams.local));
        CHECK_ERROR(wsp_stream_get_partial_data(streams.local, data, sizeof data, &count), WSP_ERR_FAILED);
        CHECK_NUMBER((long long)count, 0);
    }
    streams_free(&streams);
}

void a_stream_reports_a_refused_connection(void)
{
    wsp_tcp_server *listener = wsp_tcp_server_new();
    wsp_stream *stream = wsp_stream_new();
    wsp_error error = WSP_OK;
    uint16_t port;

    CHECK_ERROR(wsp_tcp_server_listen(listener, 0, "127.0.0.1"), WSP_OK);
    port = wsp_tcp_server_get_local_port(listener);
    wsp_tcp_server_stop(listener);
    CHECK_ERROR(wsp_stream_connect_to_host(stream, "127.0.0.1", port), WSP_OK);
    WAIT_FOR(wsp_stream_get_status(stream) == WSP_STREAM_STATUS_ERROR, error = wsp_stream_poll(stream));
    CHECK_ERROR(error, WSP_ERR_CONNECTION_ERROR);
    CHECK(strstr(wsp_stream_get_error_message(stream), "refused") != NULL);
    CHECK_ERROR(wsp_stream_put_data(stream, (const uint8_t *)"x", 1), WSP_ERR_FAILED);
    wsp_stream_disconnect_from_host(stream);
    CHECK_NUMBER(wsp_stream_get_status(stream), WSP_STREAM_STATUS_NONE);
    CHECK_ERROR(wsp_tcp_server_listen(listener, port, "127.0.0.1"), WSP_OK);
    CHECK_ERROR(wsp_stream_connect_to_host(stream, "127.0.0.1", port), WSP_OK);
    WAIT_FOR(wsp_stream_get_status(stream) == WSP_STREAM_STATUS_CONNECTED, wsp_stream_poll(stream));
    wsp_stream_free(stream);
    wsp_tcp_server_free(listener);
}

void a_stream_binds_once(void)
{
    wsp_tcp_server *listener = wsp_tcp_server_new();
    wsp_stream *stream = wsp_stream_new();

    CHECK_ERROR(wsp_tcp_server_listen(listener, 0, "127.0.0.1"), WSP_OK);
    CHECK_ERROR(wsp_stream_bind(stream, wsp_tcp_server_get_local_port(listener), "127.0.0.1"),
                WSP_ERR_ALREADY_IN_USE);
    CHECK_ERROR(wsp_stream_bind(stream, -1, NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_stream_bind(stream, 65536, NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_stream_bind(stream, 0, "localhost"), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_stream_bind(stream, 0, "127.0.0.1"), WSP_OK);
    CHECK_ERROR(wsp_stream_bind(stream, 0, "127.0.0.1"), WSP_ERR_ALREADY_IN_USE);
    CHECK_ERROR(wsp_stream_connect_to_host(stream, "127.0.0.1", wsp_tcp_server_get_local_port(listener)),
                WSP_OK);
    WAIT_FOR(wsp_stream_get_status(stream) == WSP_STREAM_STATUS_CONNECTED, wsp_stream_poll(stream));
    CHECK(wsp_stream_get_local_port(stream) != 0);
    wsp_stream_free(stream);
    wsp_tcp_server_free(listener);
}

void a_stream_refuses_invalid_arguments(void)
{
    static const int32_t ports[] = {0, -1, 65536, INT32_MAX, INT32_MIN};
    struct streams streams;
    wsp_stream *stream = wsp_stream_new();

    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++) {
        CHECK_ERROR(wsp_stream_connect_to_host(stream, "127.0.0.1", ports[i]), WSP_ERR_INVALID_PARAMETER);
    }
    CHECK_ERROR(wsp_stream_connect_to_host(stream, "", 80), WSP_ERR_CANT_RESOLVE);
    CHECK_ERROR(wsp_stream_connect_to_host(stream, "\xff", 80), WSP_ERR_INVALID_DATA);
    CHECK_NUMBER(wsp_stream_get_status(stream), WSP_STREAM_STATUS_NONE);
    wsp_stream_free(stream);
    if (streams_open(&streams)) {
        CHECK_ERROR(wsp_stream_connect_to_host(streams.local, "127.0.0.1", 80), WSP_ERR_ALREADY_IN_USE);
        CHECK_ERROR(wsp_stream_bind(streams.local, 0, NULL), WSP_ERR_ALREADY_IN_USE);
        CHECK_NUMBER(wsp_stream_get_status(streams.local), WSP_STREAM_STATUS_CONNECTED);
    }
    streams_free(&streams);
}

void writing_to_lost_streams(void)
{
    enum { SIZE = 1024 * 1024 };
    uint8_t *data = calloc(1, SIZE);
    struct streams streams;
    wsp_error error = WSP_OK;
    double deadline = now() + 10.0 * patience();

    if (streams_open(&streams)) {
        /* Unread input makes the kernel answer with a reset. */
        CHECK_ERROR(wsp_stream_put_data(streams.local, data, 1000), WSP_OK);
        wsp_stream_free(streams.remote);
        streams.remote = NULL;
        while (error == WSP_OK && now() < deadline) {
            error = wsp_stream_put_data(streams.local, data, SIZE);
        }
        CHECK_ERROR(error, WSP_ERR_CONNECTION_ERROR);
        CHECK_NUMBER(wsp_stream_get_status(streams.local), WSP_STREAM_STATUS_ERROR);
        CHECK_ERROR(wsp_stream_put_data(streams.local, data, SIZE), WSP_ERR_FAILED);
    }
    streams_free(&streams);
    free(data);
}
