/* Pings, frames, pieces and compression. */

#include "check.h"
#include "tests.h"

#include <stdlib.h>
#include <string.h>

void a_ping_measures_the_round_trip(void)
{
    uint8_t payload[126] = {0};
    double smoothed = 7.0;
    struct pair pair;

    pair_make(&pair, NULL, NULL);
    CHECK_ERROR(wsp_peer_ping(pair.client, payload, 1), WSP_ERR_FAILED);
    if (pair_connect(&pair, "/")) {
        CHECK(wsp_peer_get_round_trip_time(pair.client, &smoothed) < 0.0);
        CHECK(smoothed < 0.0);
        CHECK_ERROR(wsp_peer_ping(pair.client, payload, 126), WSP_ERR_INVALID_PARAMETER);
        CHECK(wsp_peer_get_error_message(pair.client)[0] != '\0');
        CHECK_ERROR(wsp_peer_ping(pair.client, payload, 125), WSP_OK);
        WAIT_FOR(wsp_peer_get_round_trip_time(pair.client, NULL) >= 0.0, pair_poll(&pair));
        CHECK_ERROR(wsp_peer_ping(pair.client, NULL, 0), WSP_OK);
        WAIT_FOR(wsp_peer_get_round_trip_time(pair.client, &smoothed) >= 0.0 && smoothed >= 0.0,
                 pair_poll(&pair));
        CHECK(wsp_peer_get_round_trip_time(pair.client, NULL) < 10.0 * patience());
        /* Pings and pongs are not messages. */
        CHECK_NUMBER((long long)wsp_peer_get_available_packet_count(pair.client), 0);
        CHECK_NUMBER((long long)wsp_peer_get_available_packet_count(pair.server), 0);
    }
    pair_free(&pair);
}

void a_peer_is_drained_after_everything_was_written(void)
{
    enum { SIZE = 32 * 1024 * 1024 };
    uint8_t *data = calloc(1, SIZE);
    wsp_peer_options options = wide_options();
    struct pair pair;

    pair_make(&pair, &options, &options);
    CHECK(wsp_peer_is_drained(pair.client));
    if (pair_connect(&pair, "/")) {
        CHECK(wsp_peer_is_drained(pair.client));
        CHECK_ERROR(wsp_peer_send(pair.client, data, SIZE, WSP_WRITE_MODE_BINARY), WSP_OK);
        CHECK(!wsp_peer_is_drained(pair.client));
        WAIT_FOR(wsp_peer_is_drained(pair.client), pair_poll(&pair));
        WAIT_FOR(wsp_peer_get_available_packet_count(pair.server) == 1, pair_poll(&pair));
    }
    pair_free(&pair);
    free(data);
}

void long_messages_are_sent_in_frames(void)
{
    wsp_peer_options options = WSP_PEER_OPTIONS_INIT;
    struct raw_pair pair;
    uint8_t data[250];
    uint8_t wire[256];
    size_t count = 0;

    fill(data, sizeof data, 4);
    options.max_frame_size = 100;
    if (raw_open(&pair, &options)) {
        CHECK_ERROR(wsp_peer_send(pair.server, data, sizeof data, WSP_WRITE_MODE_BINARY), WSP_OK);
        /* Two bytes of header for each of the three frames. */
        WAIT_FOR(wsp_stream_get_available_bytes(pair.raw) == 256, wsp_peer_poll(pair.server));
        CHECK_ERROR(wsp_stream_get_data(pair.raw, wire, sizeof wire, &count), WSP_OK);
        CHECK(wire[0] == 0x02 && wire[1] == 100 && memcmp(wire + 2, data, 100) == 0);
        CHECK(wire[102] == 0x00 && wire[103] == 100 && memcmp(wire + 104, data + 100, 100) == 0);
        CHECK(wire[204] == 0x80 && wire[205] == 50 && memcmp(wire + 206, data + 200, 50) == 0);
    }
    raw_free(&pair);
}

void messages_can_be_taken_in_pieces(void)
{
    enum { SIZE = 3 * 1024 * 1024 + 17 };
    uint8_t *data = malloc(SIZE);
    uint8_t *copy = malloc(SIZE);
    wsp_peer_options wide = wide_options();
    wsp_peer_options pieces = WSP_PEER_OPTIONS_INIT;
    struct pair pair;
    size_t length = 0;
    int count = 0;
    bool is_complete = false;

    for (size_t i = 0; i < SIZE; i++) {
        data[i] = (uint8_t)('a' + i % 25);
    }
    pieces.stream_messages = 1;
    pair_make(&pair, &wide, &pieces);
    if (pair_connect(&pair, "/")) {
        CHECK_ERROR(wsp_peer_send_text(pair.client, "first"), WSP_OK);
        CHECK_ERROR(wsp_peer_send(pair.client, data, SIZE, WSP_WRITE_MODE_TEXT), WSP_OK);
        CHECK_ERROR(wsp_peer_send(pair.client, data, 10, WSP_WRITE_MODE_BINARY), WSP_OK);
        WAIT_FOR(wsp_peer_get_available_packet_count(pair.server) > 0, pair_poll(&pair));
        CHECK(next_is_text(pair.server, "first"));
        CHECK(wsp_peer_was_last_piece(pair.server));
        WAIT_FOR(is_complete, {
            const uint8_t *piece;
            size_t size;

            pair_poll(&pair);
            while (!is_complete && wsp_peer_get_packet(pair.server, &piece, &size) == WSP_OK) {
                if (CHECK(length + size <= SIZE)) {
                    memcpy(copy + length, piece, size);
                    length += size;
                }
                count++;
                is_complete = wsp_peer_was_last_piece(pair.server);
                CHECK(wsp_peer_was_string_packet(pair.server));
            }
        });
        CHECK(count > 1);
        CHECK(length == SIZE && memcmp(copy, data, SIZE) == 0);
        WAIT_FOR(wsp_peer_get_available_packet_count(pair.server) > 0, pair_poll(&pair));
        CHECK(next_is(pair.server, data, 10));
        CHECK(wsp_peer_was_last_piece(pair.server) && !wsp_peer_was_string_packet(pair.server));
    }
    pair_free(&pair);
    free(copy);
    free(data);
}

void compression_needs_both_peers(void)
{
    wsp_peer_options with = WSP_PEER_OPTIONS_INIT;
    wsp_compression_statistics statistics;

    with.compression_enabled = 1;
    for (int i = 0; i < 4; i++) {
        bool is_expected = i == 3;
        struct pair pair;

        pair_make(&pair, i % 2 == 1 ? &with : NULL, i >= 2 ? &with : NULL);
        CHECK(!wsp_peer_is_compression_active(pair.client, &statistics));
        CHECK(statistics.sent_plain == 0 && statistics.sent_compressed == 0);
        if (pair_connect(&pair, "/")) {
            CHECK(wsp_peer_is_compression_active(pair.client, NULL) == is_expected);
            CHECK(wsp_peer_is_compression_active(pair.server, &statistics) == is_expected);
            CHECK(statistics.received_plain == 0 && statistics.received_compressed == 0);
        }
        pair_free(&pair);
    }
}

void compressed_messages_are_counted(void)
{
    enum { SIZE = 50000 };
    static uint8_t data[SIZE];
    wsp_peer_options options = wide_options();
    wsp_compression_statistics sent;
    wsp_compression_statistics received;
    struct pair pair;

    memset(data, 'x', SIZE);
    options.compression_enabled = 1;
    if (pair_open(&pair, &options)) {
        CHECK_ERROR(wsp_peer_send(pair.client, data, SIZE, WSP_WRITE_MODE_TEXT), WSP_OK);
        CHECK_ERROR(wsp_peer_send_uncompressed(pair.client, data, SIZE, WSP_WRITE_MODE_BINARY), WSP_OK);
        /* Below the threshold. */
        CHECK_ERROR(wsp_peer_send(pair.client, data, 127, WSP_WRITE_MODE_BINARY), WSP_OK);
        WAIT_FOR(wsp_peer_get_available_packet_count(pair.server) == 3, pair_poll(&pair));
        CHECK(next_is(pair.server, data, SIZE) && wsp_peer_was_string_packet(pair.server));
        CHECK(next_is(pair.server, data, SIZE) && !wsp_peer_was_string_packet(pair.server));
        CHECK(next_is(pair.server, data, 127));
        CHECK(wsp_peer_is_compression_active(pair.client, &sent));
        CHECK(wsp_peer_is_compression_active(pair.server, &received));
        CHECK_NUMBER((long long)sent.sent_plain, SIZE);
        CHECK(sent.sent_compressed > 0 && sent.sent_compressed < 1000);
        CHECK(sent.received_plain == 0 && sent.received_compressed == 0);
        CHECK_NUMBER((long long)received.received_plain, SIZE);
        CHECK_NUMBER((long long)received.received_compressed, (long long)sent.sent_compressed);
        /* The counts stay readable after the end of the connection. */
        CHECK_ERROR(wsp_peer_close(pair.client, -1, NULL), WSP_OK);
        CHECK(!wsp_peer_is_compression_active(pair.client, &sent));
        CHECK_NUMBER((long long)sent.sent_plain, SIZE);
    }
    pair_free(&pair);
}

void compression_works_after_releasing_its_memory(void)
{
    enum { SIZE = 5000 };
    static uint8_t data[SIZE];
    struct pair pair;

    for (uint8_t takeover = 0; takeover < 2; takeover++) {
        wsp_peer_options options = wide_options();

        options.compression_enabled = 1;
        options.compression_context_takeover = takeover;
        if (pair_open(&pair, &options)) {
            for (unsigned round = 0; round < 6; round++) {
                fill(data, SIZE, round);
                CHECK_ERROR(wsp_peer_send(pair.client, data, SIZE, WSP_WRITE_MODE_BINARY), WSP_OK);
                CHECK_ERROR(wsp_peer_send(pair.server, data, SIZE, WSP_WRITE_MODE_BINARY), WSP_OK);
                WAIT_FOR(wsp_peer_get_available_packet_count(pair.server) == 1 &&
                             wsp_peer_get_available_packet_count(pair.client) == 1,
                         pair_poll(&pair));
                CHECK(next_is(pair.server, data, SIZE));
                CHECK(next_is(pair.client, data, SIZE));
                if (round % 2 == 1) {
                    wsp_peer_release_compression_memory(pair.client);
                    wsp_peer_release_compression_memory(pair.server);
                }
            }
        }
        pair_free(&pair);
    }
}
