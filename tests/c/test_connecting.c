/* Making a connection, and waiting for it in the program's own event loop. */

#include "check.h"
#include "tests.h"

#include <stdio.h>
#include <string.h>

void both_peers_report_their_connection(void)
{
    static const char *const headers[] = {"X-Game: chess", "X-Level: 3"};
    char wanted[256];
    struct pair pair;

    pair_make(&pair, NULL, NULL);
    CHECK_TEXT(wsp_peer_get_connected_host(pair.client), "");
    CHECK_NUMBER(wsp_peer_get_connected_port(pair.client), 0);
    CHECK_TEXT(wsp_peer_get_requested_url(pair.client), "");
    CHECK_TEXT(wsp_peer_get_error_message(pair.client), "");
    CHECK_NUMBER(wsp_peer_get_close_code(pair.client), -1);
    CHECK_ERROR(wsp_peer_set_no_delay(pair.client, true), WSP_ERR_UNCONFIGURED);
    CHECK_ERROR(wsp_peer_set_handshake_headers(pair.client, headers, 2), WSP_OK);
    CHECK_ERROR(wsp_peer_set_handshake_headers(pair.server, headers, 2), WSP_OK);
    if (pair_connect(&pair, "/lobby?room=1")) {
        snprintf(wanted, sizeof wanted, "%s", url_of(pair.listener, "/lobby?room=1"));
        CHECK_TEXT(wsp_peer_get_requested_url(pair.client), wanted);
        CHECK_TEXT(wsp_peer_get_requested_url(pair.server), wanted);
        CHECK_TEXT(wsp_peer_get_connected_host(pair.client), "127.0.0.1");
        CHECK_TEXT(wsp_peer_get_connected_host(pair.server), "127.0.0.1");
        CHECK_NUMBER(wsp_peer_get_connected_port(pair.client),
                     wsp_tcp_server_get_local_port(pair.listener));
        CHECK(wsp_peer_get_connected_port(pair.server) != 0);
        CHECK_TEXT(wsp_peer_get_selected_protocol(pair.client), "");
        CHECK_ERROR(wsp_peer_set_no_delay(pair.client, false), WSP_OK);
        CHECK_ERROR(wsp_peer_set_no_delay(pair.server, true), WSP_OK);
        CHECK_TEXT(wsp_peer_get_error_message(pair.server), "");
        CHECK(!wsp_peer_was_string_packet(pair.client));
    }
    pair_free(&pair);
}

void sub_protocols_are_negotiated(void)
{
    static const char *const offered[] = {"chess.v2", "chess.v1"};
    static const char *const supported[] = {"draughts", "chess.v1"};
    char first[16] = "chess.v1";
    const char *copied[] = {first};
    struct pair pair;

    pair_make(&pair, NULL, NULL);
    CHECK_ERROR(wsp_peer_set_supported_protocols(pair.client, offered, 2), WSP_OK);
    CHECK_ERROR(wsp_peer_set_supported_protocols(pair.server, supported, 2), WSP_OK);
    if (pair_connect(&pair, "/")) {
        CHECK_TEXT(wsp_peer_get_selected_protocol(pair.client), "chess.v1");
        CHECK_TEXT(wsp_peer_get_selected_protocol(pair.server), "chess.v1");
    }
    pair_free(&pair);

    pair_make(&pair, NULL, NULL);
    CHECK_ERROR(wsp_peer_set_supported_protocols(pair.client, copied, 1), WSP_OK);
    CHECK_ERROR(wsp_peer_set_supported_protocols(pair.server, copied, 1), WSP_OK);
    memset(first, 'x', sizeof first - 1);
    if (pair_connect(&pair, "/")) {
        CHECK_TEXT(wsp_peer_get_selected_protocol(pair.server), "chess.v1");
    }
    pair_free(&pair);
}

void a_connected_peer_refuses_another_connection(void)
{
    wsp_stream *stream = wsp_stream_new();
    struct pair pair;

    pair_make(&pair, NULL, NULL);
    CHECK_ERROR(wsp_tcp_server_listen(pair.listener, 0, "127.0.0.1"), WSP_OK);
    CHECK_ERROR(wsp_peer_connect_to_url(pair.client, url_of(pair.listener, "/"), NULL), WSP_OK);
    CHECK_NUMBER(wsp_peer_get_ready_state(pair.client), WSP_STATE_CONNECTING);
    CHECK_ERROR(wsp_peer_connect_to_url(pair.client, url_of(pair.listener, "/"), NULL), WSP_ERR_ALREADY_IN_USE);
    CHECK_ERROR(wsp_peer_accept_stream(pair.client, stream, NULL), WSP_ERR_ALREADY_IN_USE);
    CHECK_ERROR(wsp_peer_send_text(pair.client, "too early"), WSP_ERR_FAILED);
    pair_free(&pair);

    if (pair_open(&pair, NULL)) {
        CHECK_ERROR(wsp_peer_connect_to_url(pair.client, url_of(pair.listener, "/"), NULL),
                    WSP_ERR_ALREADY_IN_USE);
        CHECK_ERROR(wsp_peer_accept_stream(pair.server, stream, NULL), WSP_ERR_ALREADY_IN_USE);
        CHECK_ERROR(wsp_peer_send_text(pair.client, "still there"), WSP_OK);
        WAIT_FOR(wsp_peer_get_available_packet_count(pair.server) > 0, pair_poll(&pair));
        CHECK(next_is_text(pair.server, "still there"));
    }
    pair_free(&pair);
    wsp_stream_free(stream);
}

void a_closed_peer_can_connect_again(void)
{
    struct pair pair;

    pair_make(&pair, NULL, NULL);
    for (int round = 0; round < 3; round++) {
        char text[16];

        snprintf(text, sizeof text, "round %d", round);
        if (!pair_connect(&pair, "/")) {
            break;
        }
        CHECK_NUMBER(wsp_peer_get_close_code(pair.client), -1);
        CHECK_NUMBER((long long)wsp_peer_get_available_packet_count(pair.server), 0);
        CHECK_ERROR(wsp_peer_send_text(pair.client, text), WSP_OK);
        WAIT_FOR(wsp_peer_get_available_packet_count(pair.server) > 0, pair_poll(&pair));
        CHECK(next_is_text(pair.server, text));
        CHECK_ERROR(wsp_peer_send_text(pair.client, "never read"), WSP_OK);
        CHECK_ERROR(wsp_peer_close(pair.client, 4000 + round, NULL), WSP_OK);
        WAIT_FOR(wsp_peer_get_ready_state(pair.client) == WSP_STATE_CLOSED &&
                     wsp_peer_get_ready_state(pair.server) == WSP_STATE_CLOSED,
                 pair_poll(&pair));
        CHECK_NUMBER(wsp_peer_get_close_code(pair.server), 4000 + round);
    }
    pair_free(&pair);
}

void a_refused_connection_is_explained(void)
{
    wsp_tcp_server *listener = wsp_tcp_server_new();
    wsp_peer *peer = wsp_peer_new();
    const uint8_t *data;
    size_t length;
    char url[256];

    /* A port on which nothing listens any more. */
    CHECK_ERROR(wsp_tcp_server_listen(listener, 0, "127.0.0.1"), WSP_OK);
    snprintf(url, sizeof url, "%s", url_of(listener, "/"));
    wsp_tcp_server_stop(listener);
    if (CHECK_ERROR(wsp_peer_connect_to_url(peer, url, NULL), WSP_OK)) {
        WAIT_FOR(wsp_peer_get_ready_state(peer) == WSP_STATE_CLOSED, wsp_peer_poll(peer));
    }
    CHECK_NUMBER(wsp_peer_get_close_code(peer), -1);
    CHECK(strstr(wsp_peer_get_error_message(peer), "refused") != NULL);
    /* An empty queue does not replace the error message. */
    CHECK_ERROR(wsp_peer_get_packet(peer, &data, &length), WSP_ERR_FAILED);
    CHECK(data == NULL && length == 0);
    CHECK(strstr(wsp_peer_get_error_message(peer), "refused") != NULL);
    wsp_peer_free(peer);
    wsp_tcp_server_free(listener);
}

void a_handshake_fails_after_its_timeout(void)
{
    wsp_peer_options options = WSP_PEER_OPTIONS_INIT;
    double begin = now();
    struct pair pair;

    /* The program does not take the connection; the kernel alone completes the TCP handshake. */
    options.handshake_timeout = 0.05;
    pair_make(&pair, &options, NULL);
    CHECK_ERROR(wsp_tcp_server_listen(pair.listener, 0, "127.0.0.1"), WSP_OK);
    CHECK_ERROR(wsp_peer_connect_to_url(pair.client, url_of(pair.listener, "/"), NULL), WSP_OK);
    WAIT_FOR(wsp_peer_get_ready_state(pair.client) == WSP_STATE_CLOSED, wsp_peer_poll(pair.client));
    CHECK(now() - begin >= 0.05);
    CHECK_NUMBER(wsp_peer_get_close_code(pair.client), -1);
    CHECK(wsp_peer_get_error_message(pair.client)[0] != '\0');
    pair_free(&pair);
}

void a_stream_without_connection_closes_the_peer(void)
{
    wsp_stream *stream = wsp_stream_new();
    wsp_peer *peer = wsp_peer_new();

    CHECK_ERROR(wsp_peer_accept_stream(peer, stream, NULL), WSP_OK);
    WAIT_FOR(wsp_peer_get_ready_state(peer) == WSP_STATE_CLOSED, wsp_peer_poll(peer));
    CHECK_NUMBER(wsp_peer_get_close_code(peer), -1);
    CHECK(wsp_peer_get_error_message(peer)[0] != '\0');
    wsp_peer_free(peer);
    wsp_stream_free(stream);
}

/* Waits as an event loop does. Returns whether the peer's socket is ready. */
static bool is_woken(const wsp_peer *peer, int milliseconds)
{
    bool wants_write = false;
    int64_t descriptor = wsp_peer_get_fd(peer, &wants_write);

    return socket_events(descriptor, wants_write, (int)(milliseconds * patience())) != 0;
}

void an_event_loop_is_woken_by_messages(void)
{
    bool wants_write = true;
    struct pair pair;

    pair_make(&pair, NULL, NULL);
    CHECK_NUMBER(wsp_peer_get_fd(pair.client, &wants_write), -1);
    CHECK(!wants_write);
    if (pair_connect(&pair, "/")) {
        CHECK(wsp_peer_get_fd(pair.client, NULL) >= 0);
        pair_poll(&pair);
        CHECK(!is_woken(pair.client, 0));
        for (int i = 0; i < 20; i++) {
            /* The first message after a poll is written at once. */
            CHECK_ERROR(wsp_peer_send_text(pair.server, "wake up"), WSP_OK);
            REQUIRE(is_woken(pair.client, 5000));
            wsp_peer_poll(pair.client);
            CHECK(next_is_text(pair.client, "wake up"));
            CHECK(!is_woken(pair.client, 0));
            wsp_peer_poll(pair.server);
        }
        CHECK_ERROR(wsp_peer_close(pair.server, -1, NULL), WSP_OK);
        CHECK(is_woken(pair.client, 5000));
        wsp_peer_poll(pair.client);
        CHECK_NUMBER(wsp_peer_get_ready_state(pair.client), WSP_STATE_CLOSED);
        CHECK_NUMBER(wsp_peer_get_fd(pair.client, &wants_write), -1);
        CHECK(!wants_write);
    }
    pair_free(&pair);
}

/* Returns a socket that is not the library's, with a request sent. */
static socket_handle foreign_connection(const wsp_tcp_server *listener)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: h\r\n" HANDSHAKE "\r\n";
    socket_handle handle = connect_to_port(wsp_tcp_server_get_local_port(listener));

    CHECK(send_bytes(handle, request, sizeof request - 1));
    return handle;
}

void an_event_loop_is_woken_by_another_process(void)
{
    static const uint8_t frame[] = {0x81, 0x82, 0, 0, 0, 0, 'h', 'i'};
    enum { PEERS = 3 };
    wsp_tcp_server *listener = wsp_tcp_server_new();
    wsp_peer *peers[PEERS];
    socket_handle foreign[PEERS];

    CHECK_ERROR(wsp_tcp_server_listen(listener, 0, "127.0.0.1"), WSP_OK);
    for (int i = 0; i < PEERS; i++) {
        peers[i] = wsp_peer_new();
        foreign[i] = foreign_connection(listener);
        WAIT_FOR(wsp_tcp_server_is_connection_available(listener), (void)0);
        accept_connection(listener, peers[i], NULL);
        WAIT_FOR(wsp_peer_get_ready_state(peers[i]) == WSP_STATE_OPEN, wsp_peer_poll(peers[i]));
    }
    for (int round = 0; round < 20; round++) {
        int i = round % PEERS;

        /* Another peer polls first, before anything has arrived. */
        wsp_peer_poll(peers[(i + 1) % PEERS]);
        CHECK(send_bytes(foreign[i], frame, sizeof frame));
        CHECK(is_woken(peers[i], 5000));
        wsp_peer_poll(peers[i]);
        /* An edge-triggered loop is not woken again. */
        CHECK_NUMBER((long long)wsp_peer_get_available_packet_count(peers[i]), 1);
        WAIT_FOR(next_is_text(peers[i], "hi"), wsp_peer_poll(peers[i]));
    }
    for (int i = 0; i < PEERS; i++) {
        wsp_peer_free(peers[i]);
        close_socket(foreign[i]);
    }
    wsp_tcp_server_free(listener);
}

/* For programs that register a descriptor once, before the handshake, and poll once if it is ready. */
void an_event_loop_may_get_the_socket_before_the_handshake(void)
{
    static const uint8_t frame[] = {0x81, 0x82, 0, 0, 0, 0, 'h', 'i'};
    enum { PEERS = 4 };
    wsp_tcp_server *listener = wsp_tcp_server_new();
    wsp_peer *peers[PEERS];
    socket_handle foreign[PEERS];
    struct pollfd incoming = {NO_SOCKET, POLLIN, 0};
    struct pollfd descriptors[PEERS];

    CHECK_NUMBER(wsp_tcp_server_get_fd(listener), -1);
    CHECK_ERROR(wsp_tcp_server_listen(listener, 0, "127.0.0.1"), WSP_OK);
    incoming.fd = (socket_handle)wsp_tcp_server_get_fd(listener);
    CHECK_NUMBER(poll_sockets(&incoming, 1, 0), 0);
    for (int i = 0; i < PEERS; i++) {
        peers[i] = wsp_peer_new();
        foreign[i] = foreign_connection(listener);
        CHECK_NUMBER(poll_sockets(&incoming, 1, (int)(5000 * patience())), 1);
        accept_connection(listener, peers[i], NULL);
        descriptors[i].fd = (socket_handle)wsp_peer_get_fd(peers[i], NULL);
        descriptors[i].events = POLLIN;
        WAIT_FOR(wsp_peer_get_ready_state(peers[i]) == WSP_STATE_OPEN, wsp_peer_poll(peers[i]));
    }
    CHECK_NUMBER(poll_sockets(&incoming, 1, 0), 0);
    for (int round = 0; round < 20; round++) {
        int i = round % PEERS;

        /* Another peer polls first, before anything has arrived. */
        wsp_peer_poll(peers[(i + 1) % PEERS]);
        CHECK(send_bytes(foreign[i], frame, sizeof frame));
        CHECK_NUMBER(poll_sockets(&descriptors[i], 1, (int)(5000 * patience())), 1);
        wsp_peer_poll(peers[i]);
        CHECK(next_is_text(peers[i], "hi"));
    }
    for (int i = 0; i < PEERS; i++) {
        wsp_peer_free(peers[i]);
        close_socket(foreign[i]);
    }
    wsp_tcp_server_stop(listener);
    CHECK_NUMBER(wsp_tcp_server_get_fd(listener), -1);
    wsp_tcp_server_free(listener);
}

void the_socket_wants_write_while_output_is_queued(void)
{
    enum { SIZE = 64 * 1024, MESSAGES = 512 };
    static uint8_t data[SIZE];
    wsp_peer_options options = wide_options();
    bool wants_write = false;
    struct pair pair;
    int sent = 0;
    int received = 0;

    if (pair_open(&pair, &options)) {
        while (!wants_write && sent < MESSAGES) {
            CHECK_ERROR(wsp_peer_send(pair.client, data, SIZE, WSP_WRITE_MODE_BINARY), WSP_OK);
            sent++;
            wsp_peer_flush(pair.client);
            wsp_peer_get_fd(pair.client, &wants_write);
        }
        CHECK(wants_write);
        WAIT_FOR(received == sent, {
            const uint8_t *packet;
            size_t length;

            wsp_peer_poll(pair.server);
            while (wsp_peer_get_packet(pair.server, &packet, &length) == WSP_OK) {
                received++;
            }
            if (is_woken(pair.client, 0)) {
                wsp_peer_poll(pair.client);
            }
        });
        wsp_peer_get_fd(pair.client, &wants_write);
        CHECK(!wants_write);
    }
    pair_free(&pair);
}

void needs_poll_reports_messages_that_had_no_room(void)
{
    enum { MESSAGES = 10 };
    wsp_peer_options options = WSP_PEER_OPTIONS_INIT;
    struct pair pair;
    int received = 0;

    options.max_queued_packets = 2;
    pair_make(&pair, &options, NULL);
    if (pair_connect(&pair, "/")) {
        wsp_peer_poll(pair.client);
        for (int i = 0; i < MESSAGES; i++) {
            CHECK_ERROR(wsp_peer_send_text(pair.server, "next"), WSP_OK);
        }
        wsp_peer_flush(pair.server);
        /* As the header describes: wait for the socket, poll, take the packets. */
        for (int round = 0; round < 2 * MESSAGES && received < MESSAGES; round++) {
            if (!is_woken(pair.client, 200)) {
                break;
            }
            do {
                wsp_peer_poll(pair.client);
                while (next_is_text(pair.client, "next")) {
                    received++;
                }
            } while (wsp_peer_needs_poll(pair.client));
        }
        CHECK_NUMBER(received, MESSAGES);
    }
    pair_free(&pair);
}
