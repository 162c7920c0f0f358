/* Sending and receiving. */

#include "check.h"
#include "tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB ((size_t)1024 * 1024)

/* Sends one message and checks what arrives. */
static void exchange(struct pair *pair, wsp_peer *from, wsp_peer *to, const uint8_t *data, size_t length,
                     wsp_write_mode mode)
{
    const uint8_t *packet = NULL;
    size_t size = SIZE_MAX;

    CHECK_ERROR(wsp_peer_send(from, data, length, mode), WSP_OK);
    WAIT_FOR(wsp_peer_get_available_packet_count(to) > 0, pair_poll(pair));
    CHECK_ERROR(wsp_peer_get_packet(to, &packet, &size), WSP_OK);
    CHECK_NUMBER((long long)size, (long long)length);
    if (CHECK(packet != NULL) && size == length) {
        CHECK(memcmp(packet, data, length) == 0);
    }
    CHECK(wsp_peer_was_string_packet(to) == (mode == WSP_WRITE_MODE_TEXT));
    CHECK_ERROR(wsp_peer_get_packet(to, &packet, &size), WSP_ERR_UNAVAILABLE);
    CHECK(packet == NULL && size == 0);
}

void messages_of_every_length_arrive_in_both_directions(void)
{
    const size_t lengths[] = {0, 1, 125, 126, 127, 65535, 65536, MIB, 8 * MIB};
    wsp_peer_options options = wide_options();
    uint8_t *bytes = malloc(8 * MIB);
    uint8_t *text = malloc(8 * MIB);
    struct pair pair;

    fill(bytes, 8 * MIB, 1);
    for (size_t i = 0; i < 8 * MIB; i++) {
        text[i] = (uint8_t)('a' + i % 25);
    }
    if (pair_open(&pair, &options)) {
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
            char subject[32];

            snprintf(subject, sizeof subject, "%zu bytes", lengths[i]);
            about(subject);
            exchange(&pair, pair.client, pair.server, bytes, lengths[i], WSP_WRITE_MODE_BINARY);
            exchange(&pair, pair.server, pair.client, bytes, lengths[i], WSP_WRITE_MODE_BINARY);
            exchange(&pair, pair.client, pair.server, text, lengths[i], WSP_WRITE_MODE_TEXT);
            exchange(&pair, pair.server, pair.client, text, lengths[i], WSP_WRITE_MODE_TEXT);
        }
        about(NULL);
    }
    pair_free(&pair);
    free(text);
    free(bytes);
}

void message_kinds_are_kept(void)
{
    static const uint8_t with_nul[] = {'a', 0, 'b'};
    struct pair pair;

    if (pair_open(&pair, NULL)) {
        CHECK_ERROR(wsp_peer_send_text(pair.client, "gr\xc3\xbc\xc3\x9f"), WSP_OK);
        CHECK_ERROR(wsp_peer_send(pair.client, with_nul, 3, WSP_WRITE_MODE_TEXT), WSP_OK);
        CHECK_ERROR(wsp_peer_send(pair.client, with_nul, 3, WSP_WRITE_MODE_BINARY), WSP_OK);
        CHECK_ERROR(wsp_peer_send_text(pair.client, ""), WSP_OK);
        WAIT_FOR(wsp_peer_get_available_packet_count(pair.server) == 4, pair_poll(&pair));
        CHECK(!wsp_peer_was_string_packet(pair.server));
        CHECK(next_is_text(pair.server, "gr\xc3\xbc\xc3\x9f"));
        CHECK(next_is(pair.server, with_nul, 3));
        CHECK(wsp_peer_was_string_packet(pair.server));
        CHECK(next_is(pair.server, with_nul, 3));
        CHECK(!wsp_peer_was_string_packet(pair.server));
        CHECK(next_is_text(pair.server, ""));
    }
    pair_free(&pair);
}

void a_burst_arrives_in_order(void)
{
    enum { MESSAGES = 4000 };
    wsp_peer_options options = wide_options();
    struct pair pair;
    uint32_t received = 0;

    if (pair_open(&pair, &options)) {
        for (uint32_t i = 0; i < MESSAGES; i++) {
            CHECK_ERROR(wsp_peer_send(pair.client, (const uint8_t *)&i, sizeof i, WSP_WRITE_MODE_BINARY),
                        WSP_OK);
        }
        wsp_peer_flush(pair.client);
        CHECK_NUMBER((long long)wsp_peer_get_current_outbound_buffered_amount(pair.client), 0);
        WAIT_FOR(received == MESSAGES, {
            wsp_peer_poll(pair.server);
            while (next_is(pair.server, &received, sizeof received)) {
                received++;
            }
        });
    }
    pair_free(&pair);
}

void a_packet_is_lent_until_the_next_call(void)
{
    const size_t lengths[] = {0, 1, 1000, 20000, 100000};
    wsp_peer_options options = wide_options();
    uint8_t *data = malloc(100000);
    struct pair pair;

    fill(data, 100000, 0);
    if (pair_open(&pair, &options)) {
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
            const uint8_t *lent = NULL;
            const uint8_t *other = NULL;
            size_t length = 0;
            size_t size;

            fill(data, lengths[i], (unsigned)i);
            CHECK_ERROR(wsp_peer_send(pair.client, data, lengths[i], WSP_WRITE_MODE_BINARY), WSP_OK);
            CHECK_ERROR(wsp_peer_send(pair.server, data, lengths[i], WSP_WRITE_MODE_BINARY), WSP_OK);
            WAIT_FOR(wsp_peer_get_available_packet_count(pair.server) == 1 &&
                         wsp_peer_get_available_packet_count(pair.client) == 1,
                     pair_poll(&pair));
            CHECK_ERROR(wsp_peer_get_packet(pair.server, &lent, &length), WSP_OK);
            REQUIRE(lent != NULL && length == lengths[i]);
            /* Calls on other objects do not end the loan. */
            CHECK_ERROR(wsp_peer_send(pair.client, data, lengths[i], WSP_WRITE_MODE_BINARY), WSP_OK);
            wsp_peer_poll(pair.client);
            CHECK_ERROR(wsp_peer_get_packet(pair.client, &other, &size), WSP_OK);
            CHECK(other != lent || length == 0);
            CHECK(is_filled(lent, length, (unsigned)i));
            CHECK(other != NULL && is_filled(other, size, (unsigned)i));
            WAIT_FOR(wsp_peer_get_available_packet_count(pair.server) == 1, pair_poll(&pair));
            CHECK(next_is(pair.server, data, lengths[i]));
        }
    }
    pair_free(&pair);
    free(data);
}

void text_is_lent_until_the_next_call(void)
{
    struct pair pair;

    if (pair_open(&pair, NULL)) {
        const char *host = wsp_peer_get_connected_host(pair.client);
        const char *url = wsp_peer_get_requested_url(pair.server);

        CHECK_TEXT(host, "127.0.0.1");
        CHECK(strncmp(url, "ws://127.0.0.1:", 15) == 0);
        CHECK_TEXT(wsp_tcp_server_get_error_message(pair.listener), "");
        CHECK_TEXT(host, "127.0.0.1");
    }
    pair_free(&pair);
}

void a_full_outbound_queue_refuses_and_recovers(void)
{
    enum { SIZE = 60000 };
    static uint8_t data[SIZE];
    wsp_peer_options wide = wide_options();
    wsp_peer_options narrow = WSP_PEER_OPTIONS_INIT;
    struct pair pair;
    unsigned accepted = 0;
    unsigned received = 0;
    wsp_error error = WSP_OK;
    double deadline = now() + 10.0 * patience();

    pair_make(&pair, &narrow, &wide);
    if (pair_connect(&pair, "/")) {
        while (error == WSP_OK && now() < deadline) {
            fill(data, SIZE, accepted);
            error = wsp_peer_send(pair.client, data, SIZE, WSP_WRITE_MODE_BINARY);
            accepted += error == WSP_OK ? 1 : 0;
        }
        CHECK_ERROR(error, WSP_ERR_OUT_OF_MEMORY);
        CHECK(wsp_peer_get_error_message(pair.client)[0] != '\0');
        CHECK_NUMBER(wsp_peer_get_ready_state(pair.client), WSP_STATE_OPEN);
        CHECK(wsp_peer_get_current_outbound_buffered_amount(pair.client) > 0);
        /* The same message is accepted after the remote peer has read some. */
        WAIT_FOR(wsp_peer_send(pair.client, data, SIZE, WSP_WRITE_MODE_BINARY) == WSP_OK,
                 pair_poll(&pair));
        accepted++;
        /* Every accepted message arrives, and no refused one. */
        WAIT_FOR(received == accepted, {
            const uint8_t *packet;
            size_t length;

            pair_poll(&pair);
            while (wsp_peer_get_packet(pair.server, &packet, &length) == WSP_OK) {
                CHECK(length == SIZE && is_filled(packet, length, received));
                received++;
            }
        });
        CHECK_ERROR(wsp_peer_send_text(pair.client, "later"), WSP_OK);
        WAIT_FOR(wsp_peer_get_available_packet_count(pair.server) > 0, pair_poll(&pair));
        CHECK(next_is_text(pair.server, "later"));
    }
    pair_free(&pair);
}

void a_message_larger_than_the_queue_is_refused(void)
{
    static uint8_t data[65536];
    struct pair pair;

    if (pair_open(&pair, NULL)) {
        CHECK_ERROR(wsp_peer_send(pair.client, data, 65536, WSP_WRITE_MODE_BINARY), WSP_ERR_OUT_OF_MEMORY);
        CHECK(wsp_peer_get_error_message(pair.client)[0] != '\0');
        CHECK_ERROR(wsp_peer_send(pair.client, data, 65535, WSP_WRITE_MODE_BINARY), WSP_OK);
        WAIT_FOR(wsp_peer_get_available_packet_count(pair.server) > 0, pair_poll(&pair));
        CHECK(next_is(pair.server, data, 65535));
    }
    pair_free(&pair);
}

void the_outbound_amount_counts_unsent_bytes(void)
{
    enum { SIZE = 32 * 1024 * 1024 };
    uint8_t *data = calloc(1, SIZE);
    wsp_peer_options options = wide_options();
    struct pair pair;

    if (pair_open(&pair, &options)) {
        CHECK_NUMBER((long long)wsp_peer_get_current_outbound_buffered_amount(pair.client), 0);
        CHECK_ERROR(wsp_peer_send(pair.client, data, SIZE, WSP_WRITE_MODE_BINARY), WSP_OK);
        CHECK(wsp_peer_get_current_outbound_buffered_amount(pair.client) > 0);
        CHECK(wsp_peer_get_current_outbound_buffered_amount(pair.client) <= SIZE);
        WAIT_FOR(wsp_peer_get_available_packet_count(pair.server) > 0, pair_poll(&pair));
        CHECK_NUMBER((long long)wsp_peer_get_current_outbound_buffered_amount(pair.client), 0);
    }
    pair_free(&pair);
    free(data);
}

void a_full_inbound_queue_loses_nothing(void)
{
    enum { MESSAGES = 500, SIZE = 1000 };
    static uint8_t data[SIZE];
    wsp_peer_options narrow = WSP_PEER_OPTIONS_INIT;
    wsp_peer_options wide = wide_options();
    struct pair pair;
    unsigned received = 0;

    narrow.max_queued_packets = 5;
    narrow.inbound_buffer_size = 3 * SIZE + SIZE / 2;
    pair_make(&pair, &wide, &narrow);
    if (pair_connect(&pair, "/")) {
        for (unsigned i = 0; i < MESSAGES; i++) {
            fill(data, SIZE, i);
            CHECK_ERROR(wsp_peer_send(pair.client, data, SIZE, WSP_WRITE_MODE_BINARY), WSP_OK);
        }
        WAIT_FOR(received == MESSAGES, {
            const uint8_t *packet;
            size_t length;

            pair_poll(&pair);
            CHECK(wsp_peer_get_available_packet_count(pair.server) <= 3);
            while (wsp_peer_get_packet(pair.server, &packet, &length) == WSP_OK) {
                CHECK(length == SIZE && is_filled(packet, length, received));
                received++;
            }
        });
    }
    pair_free(&pair);
}

void a_message_beyond_the_limit_closes_with_1009(void)
{
    static uint8_t data[1001];
    wsp_peer_options narrow = WSP_PEER_OPTIONS_INIT;
    struct pair pair;

    narrow.inbound_buffer_size = 1000;
    pair_make(&pair, NULL, &narrow);
    if (pair_connect(&pair, "/")) {
        CHECK_ERROR(wsp_peer_send(pair.client, data, 1000, WSP_WRITE_MODE_BINARY), WSP_OK);
        CHECK_ERROR(wsp_peer_send(pair.client, data, 1001, WSP_WRITE_MODE_BINARY), WSP_OK);
        WAIT_FOR(wsp_peer_get_ready_state(pair.client) == WSP_STATE_CLOSED &&
                     wsp_peer_get_ready_state(pair.server) == WSP_STATE_CLOSED,
                 pair_poll(&pair));
        CHECK_NUMBER(wsp_peer_get_close_code(pair.client), 1009);
        CHECK_NUMBER(wsp_peer_get_close_code(pair.server), 1009);
        CHECK(wsp_peer_get_error_message(pair.server)[0] != '\0');
        CHECK(next_is(pair.server, data, 1000));
    }
    pair_free(&pair);
}

void packets_stay_readable_after_the_close(void)
{
    const uint8_t *packet;
    size_t length;
    struct pair pair;

    if (pair_open(&pair, NULL)) {
        CHECK_ERROR(wsp_peer_send_text(pair.server, "one"), WSP_OK);
        CHECK_ERROR(wsp_peer_send_text(pair.server, "two"), WSP_OK);
        CHECK_ERROR(wsp_peer_send_text(pair.server, "three"), WSP_OK);
        CHECK_ERROR(wsp_peer_close(pair.server, 1000, "bye"), WSP_OK);
        WAIT_FOR(wsp_peer_get_ready_state(pair.client) == WSP_STATE_CLOSED, pair_poll(&pair));
        CHECK_NUMBER((long long)wsp_peer_get_available_packet_count(pair.client), 3);
        CHECK(next_is_text(pair.client, "one"));
        wsp_peer_poll(pair.client);
        /* A refused call keeps the queued messages. */
        CHECK_ERROR(wsp_peer_connect_to_url(pair.client, "http://", NULL), WSP_ERR_INVALID_PARAMETER);
        CHECK_ERROR(wsp_peer_send_text(pair.client, "too late"), WSP_ERR_FAILED);
        CHECK_ERROR(wsp_peer_close(pair.client, 1000, NULL), WSP_OK);
        CHECK(next_is_text(pair.client, "two"));
        CHECK(next_is_text(pair.client, "three"));
        CHECK_ERROR(wsp_peer_get_packet(pair.client, &packet, &length), WSP_ERR_FAILED);
        CHECK(packet == NULL && length == 0);
        CHECK_NUMBER(wsp_peer_get_close_code(pair.client), 1000);
        CHECK_TEXT(wsp_peer_get_close_reason(pair.client, NULL), "bye");
    }
    pair_free(&pair);
}

void packets_survive_a_broken_connection(void)
{
    struct raw_pair pair;
    int64_t descriptor;

    if (raw_open(&pair, NULL)) {
        CHECK(raw_send(&pair, TEXT_FRAME, "last text", 9));
        descriptor = wsp_peer_get_fd(pair.server, NULL);
        WAIT_FOR(socket_events(descriptor, false, 0) != 0, (void)0);
        /* The remote peer is disconnected, and its kernel answers with a reset. */
        wsp_stream_free(pair.raw);
        pair.raw = NULL;
        CHECK_ERROR(wsp_peer_send_text(pair.server, "answered with a reset"), WSP_OK);
        WAIT_FOR((socket_events(descriptor, false, 0) & (POLLHUP | POLLERR)) != 0, (void)0);
        /* The next write fails; messages that arrived before stay readable. */
        wsp_peer_send_text(pair.server, "fails");
        WAIT_FOR(wsp_peer_get_ready_state(pair.server) == WSP_STATE_CLOSED, wsp_peer_poll(pair.server));
        CHECK_NUMBER(wsp_peer_get_close_code(pair.server), -1);
#ifndef _WIN32
        /* Windows discards what was not read before the reset (WSAECONNRESET). */
        CHECK_NUMBER((long long)wsp_peer_get_available_packet_count(pair.server), 1);
        CHECK(next_is_text(pair.server, "last text"));
#endif
    }
    raw_free(&pair);
}
