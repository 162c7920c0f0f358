/* The end of a connection, from either peer, with and without a close handshake. */

#include "check.h"
#include "tests.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static bool are_closed(const struct pair *pair)
{
    return wsp_peer_get_ready_state(pair->client) == WSP_STATE_CLOSED &&
           wsp_peer_get_ready_state(pair->server) == WSP_STATE_CLOSED;
}

void both_peers_report_code_and_reason(void)
{
    static const int32_t codes[] = {1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4999};
    struct pair pair;

    pair_make(&pair, NULL, NULL);
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        size_t length = 0;
        wsp_peer *closer;

        if (!pair_connect(&pair, "/")) {
            break;
        }
        closer = i % 2 == 0 ? pair.client : pair.server;
        CHECK_TEXT(wsp_peer_get_close_reason(closer, NULL), "");
        CHECK_ERROR(wsp_peer_close(closer, codes[i], "auf Wiedersehen, Gr\xc3\xbc\xc3\x9f" "e"), WSP_OK);
        CHECK_NUMBER(wsp_peer_get_ready_state(closer), WSP_STATE_CLOSING);
        CHECK_ERROR(wsp_peer_send_text(closer, "too late"), WSP_ERR_FAILED);
        /* A second call while closing does nothing. */
        CHECK_ERROR(wsp_peer_close(closer, 4000, "another"), WSP_OK);
        WAIT_FOR(are_closed(&pair), pair_poll(&pair));
        CHECK_NUMBER(wsp_peer_get_close_code(pair.client), codes[i]);
        CHECK_NUMBER(wsp_peer_get_close_code(pair.server), codes[i]);
        CHECK_TEXT(wsp_peer_get_close_reason(pair.client, &length), "auf Wiedersehen, Gr\xc3\xbc\xc3\x9f" "e");
        CHECK_NUMBER((long long)length, 24);
        CHECK_TEXT(wsp_peer_get_close_reason(pair.server, NULL), "auf Wiedersehen, Gr\xc3\xbc\xc3\x9f" "e");
    }
    pair_free(&pair);
}

void a_reason_may_contain_nul(void)
{
    static const char payload[] = {0x0f, (char)0xa0, 'b', 'y', 'e', 0, 'b', 'y', 'e'};
    struct raw_pair pair;
    size_t length = 0;

    if (raw_open(&pair, NULL)) {
        const char *reason;

        CHECK(raw_send(&pair, CLOSE_FRAME, payload, sizeof payload));
        WAIT_FOR(wsp_peer_get_ready_state(pair.server) == WSP_STATE_CLOSED, wsp_peer_poll(pair.server));
        CHECK_NUMBER(wsp_peer_get_close_code(pair.server), 4000);
        reason = wsp_peer_get_close_reason(pair.server, &length);
        CHECK_NUMBER((long long)length, 7);
        CHECK(length == 7 && memcmp(reason, "bye\0bye", 8) == 0);
        CHECK_TEXT(wsp_peer_get_close_reason(pair.server, NULL), "bye");
    }
    raw_free(&pair);
}

void codes_that_must_not_be_sent_are_refused(void)
{
    static const int32_t codes[] = {1,    2,    999,  1004,  1005,  1006,      1015,
                                    1016, 2999, 5000, 65535, 65536, 65536 + 1000, INT32_MAX};
    struct pair pair;

    if (pair_open(&pair, NULL)) {
        for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
            CHECK_ERROR(wsp_peer_close(pair.client, codes[i], NULL), WSP_ERR_INVALID_PARAMETER);
            CHECK(wsp_peer_get_error_message(pair.client)[0] != '\0');
            CHECK_NUMBER(wsp_peer_get_ready_state(pair.client), WSP_STATE_OPEN);
        }
        CHECK_ERROR(wsp_peer_send_text(pair.client, "still open"), WSP_OK);
        WAIT_FOR(wsp_peer_get_available_packet_count(pair.server) > 0, pair_poll(&pair));
        CHECK(next_is_text(pair.server, "still open"));
    }
    pair_free(&pair);
}

void a_reason_has_at_most_123_bytes(void)
{
    char reason[125];
    struct pair pair;

    memset(reason, 'x', sizeof reason);
    reason[124] = '\0';
    if (pair_open(&pair, NULL)) {
        CHECK_ERROR(wsp_peer_close(pair.client, 1000, reason), WSP_ERR_INVALID_PARAMETER);
        CHECK(wsp_peer_get_error_message(pair.client)[0] != '\0');
        CHECK_NUMBER(wsp_peer_get_ready_state(pair.client), WSP_STATE_OPEN);
        reason[123] = '\0';
        CHECK_ERROR(wsp_peer_close(pair.client, 1000, reason), WSP_OK);
        WAIT_FOR(are_closed(&pair), pair_poll(&pair));
        CHECK_TEXT(wsp_peer_get_close_reason(pair.server, NULL), reason);
    }
    pair_free(&pair);
}

void code_0_closes_without_a_code(void)
{
    struct pair pair;

    if (pair_open(&pair, NULL)) {
        CHECK_ERROR(wsp_peer_close(pair.client, 0, NULL), WSP_OK);
        WAIT_FOR(are_closed(&pair), pair_poll(&pair));
        CHECK_NUMBER(wsp_peer_get_close_code(pair.client), 0);
        CHECK_NUMBER(wsp_peer_get_close_code(pair.server), 0);
        CHECK_TEXT(wsp_peer_get_close_reason(pair.server, NULL), "");
    }
    pair_free(&pair);
}

void a_negative_code_drops_the_connection(void)
{
    struct pair pair;

    if (pair_open(&pair, NULL)) {
        CHECK_ERROR(wsp_peer_send_text(pair.client, "last"), WSP_OK);
        CHECK_ERROR(wsp_peer_close(pair.client, -1, NULL), WSP_OK);
        CHECK_NUMBER(wsp_peer_get_ready_state(pair.client), WSP_STATE_CLOSED);
        CHECK_NUMBER(wsp_peer_get_close_code(pair.client), -1);
        WAIT_FOR(wsp_peer_get_ready_state(pair.server) == WSP_STATE_CLOSED, wsp_peer_poll(pair.server));
        CHECK_NUMBER(wsp_peer_get_close_code(pair.server), -1);
        CHECK(wsp_peer_get_error_message(pair.server)[0] != '\0');
        CHECK(next_is_text(pair.server, "last"));
    }
    pair_free(&pair);
}

void closing_while_connecting_abandons_the_attempt(void)
{
    struct pair pair;

    pair_make(&pair, NULL, NULL);
    CHECK_ERROR(wsp_tcp_server_listen(pair.listener, 0, "127.0.0.1"), WSP_OK);
    CHECK_ERROR(wsp_peer_connect_to_url(pair.client, url_of(pair.listener, "/"), NULL), WSP_OK);
    CHECK_ERROR(wsp_peer_close(pair.client, 1000, "changed my mind"), WSP_OK);
    CHECK_NUMBER(wsp_peer_get_ready_state(pair.client), WSP_STATE_CLOSED);
    CHECK_NUMBER(wsp_peer_get_close_code(pair.client), -1);
    /* Without a connection the call does nothing. */
    CHECK_ERROR(wsp_peer_close(pair.client, 1000, NULL), WSP_OK);
    /* The listener may have the first attempt in its queue. */
    wsp_tcp_server_stop(pair.listener);
    CHECK(pair_connect(&pair, "/"));
    pair_free(&pair);
}

void an_unanswered_close_times_out(void)
{
    wsp_peer_options options = WSP_PEER_OPTIONS_INIT;
    struct raw_pair pair;
    double begin;

    options.close_timeout = 0.05;
    if (raw_open(&pair, &options)) {
        begin = now();
        CHECK_ERROR(wsp_peer_close(pair.server, 1000, NULL), WSP_OK);
        WAIT_FOR(wsp_peer_get_ready_state(pair.server) == WSP_STATE_CLOSED, wsp_peer_poll(pair.server));
        CHECK(now() - begin >= 0.05);
        CHECK_NUMBER(wsp_peer_get_close_code(pair.server), -1);
        CHECK(wsp_peer_get_error_message(pair.server)[0] != '\0');
    }
    raw_free(&pair);
}

void an_unanswered_ping_closes_the_connection(void)
{
    wsp_peer_options options = WSP_PEER_OPTIONS_INIT;
    struct raw_pair silent;
    struct pair lively;
    double begin = now();

    options.heartbeat_interval = 0.05;
    if (raw_open(&silent, &options)) {
        WAIT_FOR(wsp_peer_get_ready_state(silent.server) == WSP_STATE_CLOSED, wsp_peer_poll(silent.server));
        /* One interval until the ping, another until the timeout. */
        CHECK(now() - begin >= 0.1);
        CHECK_NUMBER(wsp_peer_get_close_code(silent.server), -1);
        CHECK(wsp_peer_get_error_message(silent.server)[0] != '\0');
    }
    raw_free(&silent);

    /* A peer that is polled answers by itself. */
    options.heartbeat_interval = 0.05 * patience();
    pair_make(&lively, NULL, &options);
    if (pair_connect(&lively, "/")) {
        begin = now();
        WAIT_FOR(now() - begin > 6 * options.heartbeat_interval, pair_poll(&lively));
        CHECK_NUMBER(wsp_peer_get_ready_state(lively.server), WSP_STATE_OPEN);
        CHECK_NUMBER((long long)wsp_peer_get_available_packet_count(lively.client), 0);
    }
    pair_free(&lively);
}

void unsent_data_of_a_freed_peer_is_delivered(void)
{
    /* More than the kernel accepts at once, but no more than a program under a memory checker reads
     * in the 2 s that a connection without a peer is kept. */
    const size_t size = patience() > 1.0 ? (size_t)4 * 1024 * 1024 : (size_t)8 * 1024 * 1024;
    uint8_t *data = malloc(size);
    wsp_peer_options options = wide_options();
    struct pair pair;

    fill(data, size, 3);
    if (pair_open(&pair, &options)) {
        CHECK_ERROR(wsp_peer_send(pair.client, data, 1000, WSP_WRITE_MODE_BINARY), WSP_OK);
        CHECK_ERROR(wsp_peer_send(pair.client, data, size, WSP_WRITE_MODE_BINARY), WSP_OK);
        wsp_peer_free(pair.client);
        pair.client = NULL;
        WAIT_FOR(wsp_peer_get_ready_state(pair.server) == WSP_STATE_CLOSED, wsp_peer_poll(pair.server));
        CHECK_NUMBER(wsp_peer_get_close_code(pair.server), 1001);
        CHECK_NUMBER((long long)wsp_peer_get_available_packet_count(pair.server), 2);
        CHECK(next_is(pair.server, data, 1000));
        CHECK(next_is(pair.server, data, size));
    }
    pair_free(&pair);
    free(data);
}

static bool sigpipe_has_its_default_action(void)
{
#ifdef SIGPIPE
    struct sigaction action;

    return sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL;
#else
    return true;
#endif
}

/* Sends to a remote peer whose kernel answers with a reset. */
static void send_to_lost(wsp_peer *peer, const wsp_peer *remote, const uint8_t *data, size_t length)
{
    int messages = 0;

    /* The kernel answers with a reset, as after the end of the remote program. */
    CHECK(shutdown((socket_handle)wsp_peer_get_fd(remote, NULL), SHUT_RDWR) == 0);
    while (messages < 1000 && wsp_peer_send(peer, data, length, WSP_WRITE_MODE_BINARY) == WSP_OK) {
        messages++;
        wsp_peer_flush(peer);
        if (messages % 10 == 0) {
            nap();
        }
    }
#ifdef _WIN32
    /* Windows answers with no reset: it accepts and discards what arrives after shutdown(SD_BOTH). */
    CHECK(messages > 0);
#else
    CHECK(messages < 1000);
    CHECK_NUMBER(wsp_peer_get_ready_state(peer), WSP_STATE_CLOSED);
    CHECK_ERROR(wsp_peer_send(peer, data, length, WSP_WRITE_MODE_BINARY), WSP_ERR_FAILED);
    CHECK(wsp_peer_get_error_message(peer)[0] != '\0');
#endif
}

void sending_to_lost_peers(void)
{
    const size_t lengths[] = {10, 100000, 1024 * 1024};
    wsp_peer_options options = wide_options();
    uint8_t *data = calloc(1, 1024 * 1024);

    CHECK(sigpipe_has_its_default_action());
    /* Bounds the memory of this test. */
    options.outbound_buffer_size = (size_t)256 * 1024 * 1024;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct pair pair;

        /* Clients mask and servers do not, and large messages are written by other code than small ones. */
        if (pair_open(&pair, &options)) {
            send_to_lost(pair.client, pair.server, data, lengths[i]);
        }
        pair_free(&pair);
        if (pair_open(&pair, &options)) {
            send_to_lost(pair.server, pair.client, data, lengths[i]);
        }
        pair_free(&pair);
    }
    CHECK(sigpipe_has_its_default_action());
    free(data);
}

void writing_to_a_lost_connection_raises_no_signal(void)
{
    CHECK(passes_isolated("sending_to_lost_peers"));
    CHECK(passes_isolated("writing_to_lost_streams"));
}
