/* Invalid arguments: NULL, invalid text, numbers outside their ranges. */

#include "check.h"
#include "tests.h"

#include <stdio.h>
#include <string.h>

#define NOT_UTF8 "\xff\xfe"

void every_error_has_a_name(void)
{
#define HAS_ITS_NAME(error) CHECK_TEXT(wsp_error_name(error), #error)
    HAS_ITS_NAME(WSP_OK);
    HAS_ITS_NAME(WSP_ERR_FAILED);
    HAS_ITS_NAME(WSP_ERR_UNAVAILABLE);
    HAS_ITS_NAME(WSP_ERR_UNCONFIGURED);
    HAS_ITS_NAME(WSP_ERR_OUT_OF_MEMORY);
    HAS_ITS_NAME(WSP_ERR_FILE_EOF);
    HAS_ITS_NAME(WSP_ERR_CANT_CREATE);
    HAS_ITS_NAME(WSP_ERR_ALREADY_IN_USE);
    HAS_ITS_NAME(WSP_ERR_TIMEOUT);
    HAS_ITS_NAME(WSP_ERR_CANT_RESOLVE);
    HAS_ITS_NAME(WSP_ERR_CONNECTION_ERROR);
    HAS_ITS_NAME(WSP_ERR_INVALID_DATA);
    HAS_ITS_NAME(WSP_ERR_INVALID_PARAMETER);
    HAS_ITS_NAME(WSP_ERR_BUSY);
    HAS_ITS_NAME(WSP_ERR_BUG);
#undef HAS_ITS_NAME
    CHECK_TEXT(wsp_error_name(-1), "unknown error");
    CHECK_TEXT(wsp_error_name(4), "unknown error");
    CHECK_TEXT(wsp_error_name(INT32_MAX), "unknown error");
    CHECK_TEXT(wsp_error_name(INT32_MIN), "unknown error");
}

void the_version_is_three_numbers(void)
{
    int major, minor, patch;
    char rest;

    CHECK_NUMBER(sscanf(wsp_version(), "%d.%d.%d%c", &major, &minor, &patch, &rest), 3);
    CHECK(wsp_version() == wsp_version());
}

void the_header_has_the_version_of_the_library(void)
{
    char numbers[64];

    snprintf(numbers, sizeof numbers, "%d.%d.%d", WSP_VERSION_MAJOR, WSP_VERSION_MINOR, WSP_VERSION_PATCH);
    CHECK_TEXT(wsp_version(), WSP_VERSION);
    CHECK_TEXT(numbers, WSP_VERSION);
}

void freeing_null_does_nothing(void)
{
    wsp_peer_free(NULL);
    wsp_stream_free(NULL);
    wsp_tcp_server_free(NULL);
}

void null_peers_are_refused(void)
{
    wsp_peer_options options = WSP_PEER_OPTIONS_INIT;
    wsp_stream *stream = wsp_stream_new();
    const char *list[] = {"a"};
    const uint8_t byte = 0;
    const uint8_t *data = &byte;
    size_t length = 7;
    bool wants_write = true;
    double smoothed = 7.0;
    wsp_compression_statistics statistics = {1, 2, 3, 4};

    CHECK_ERROR(wsp_peer_set_options(NULL, &options), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_peer_get_options(NULL, &options), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_peer_connect_to_url(NULL, "ws://127.0.0.1", NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_peer_accept_stream(NULL, stream, NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_peer_accept_stream(NULL, NULL, NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_peer_send(NULL, &byte, 1, WSP_WRITE_MODE_BINARY), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_peer_send_text(NULL, "x"), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_peer_get_packet(NULL, &data, &length), WSP_ERR_INVALID_PARAMETER);
    CHECK(data == NULL && length == 0);
    CHECK_ERROR(wsp_peer_close(NULL, 1000, ""), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_peer_set_no_delay(NULL, true), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_peer_set_supported_protocols(NULL, list, 1), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_peer_set_handshake_headers(NULL, list, 1), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_peer_send_uncompressed(NULL, &byte, 1, WSP_WRITE_MODE_BINARY), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_peer_ping(NULL, &byte, 1), WSP_ERR_INVALID_PARAMETER);
    wsp_peer_poll(NULL);
    wsp_peer_flush(NULL);
    wsp_peer_release_compression_memory(NULL);
    CHECK(wsp_peer_get_round_trip_time(NULL, &smoothed) < 0.0 && smoothed < 0.0);
    CHECK(wsp_peer_get_round_trip_time(NULL, NULL) < 0.0);
    CHECK(wsp_peer_is_drained(NULL));
    CHECK(!wsp_peer_needs_poll(NULL));
    CHECK(!wsp_peer_was_last_piece(NULL));
    CHECK(!wsp_peer_is_compression_active(NULL, &statistics));
    CHECK(statistics.sent_plain == 0 && statistics.received_compressed == 0);
    CHECK(!wsp_peer_is_compression_active(NULL, NULL));
    CHECK_NUMBER(wsp_peer_get_ready_state(NULL), WSP_STATE_CLOSED);
    CHECK_NUMBER((long long)wsp_peer_get_available_packet_count(NULL), 0);
    CHECK(!wsp_peer_was_string_packet(NULL));
    CHECK_NUMBER(wsp_peer_get_close_code(NULL), -1);
    length = 7;
    CHECK_TEXT(wsp_peer_get_close_reason(NULL, &length), "");
    CHECK_NUMBER((long long)length, 0);
    CHECK_TEXT(wsp_peer_get_close_reason(NULL, NULL), "");
    CHECK_TEXT(wsp_peer_get_error_message(NULL), "");
    CHECK_TEXT(wsp_peer_get_selected_protocol(NULL), "");
    CHECK_TEXT(wsp_peer_get_requested_url(NULL), "");
    CHECK_TEXT(wsp_peer_get_connected_host(NULL), "");
    CHECK_NUMBER(wsp_peer_get_connected_port(NULL), 0);
    CHECK_NUMBER((long long)wsp_peer_get_current_outbound_buffered_amount(NULL), 0);
    CHECK_NUMBER(wsp_peer_get_fd(NULL, &wants_write), -1);
    CHECK(!wants_write);
    CHECK_NUMBER(wsp_peer_get_fd(NULL, NULL), -1);
    wsp_stream_free(stream);
}

void null_streams_are_refused(void)
{
    uint8_t byte = 0;
    size_t count = 7;

    CHECK_ERROR(wsp_stream_bind(NULL, 0, "*"), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_stream_connect_to_host(NULL, "127.0.0.1", 1), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_stream_poll(NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_NUMBER(wsp_stream_get_status(NULL), WSP_STREAM_STATUS_NONE);
    wsp_stream_disconnect_from_host(NULL);
    CHECK_ERROR(wsp_stream_put_data(NULL, &byte, 1), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_stream_put_partial_data(NULL, &byte, 1, &count), WSP_ERR_INVALID_PARAMETER);
    CHECK_NUMBER((long long)count, 0);
    count = 7;
    CHECK_ERROR(wsp_stream_get_data(NULL, &byte, 1, &count), WSP_ERR_INVALID_PARAMETER);
    CHECK_NUMBER((long long)count, 0);
    count = 7;
    CHECK_ERROR(wsp_stream_get_partial_data(NULL, &byte, 1, &count), WSP_ERR_INVALID_PARAMETER);
    CHECK_NUMBER((long long)count, 0);
    CHECK_NUMBER(wsp_stream_get_available_bytes(NULL), -1);
    CHECK_TEXT(wsp_stream_get_connected_host(NULL), "");
    CHECK_NUMBER(wsp_stream_get_connected_port(NULL), 0);
    CHECK_NUMBER(wsp_stream_get_local_port(NULL), 0);
    CHECK_ERROR(wsp_stream_set_no_delay(NULL, true), WSP_ERR_INVALID_PARAMETER);
    CHECK_TEXT(wsp_stream_get_error_message(NULL), "");
}

void null_listeners_are_refused(void)
{
    CHECK_ERROR(wsp_tcp_server_listen(NULL, 0, "127.0.0.1"), WSP_ERR_INVALID_PARAMETER);
    CHECK(!wsp_tcp_server_is_listening(NULL));
    CHECK(!wsp_tcp_server_is_connection_available(NULL));
    CHECK(wsp_tcp_server_take_connection(NULL) == NULL);
    CHECK_NUMBER(wsp_tcp_server_get_local_port(NULL), 0);
    CHECK_NUMBER(wsp_tcp_server_get_fd(NULL), -1);
    wsp_tcp_server_stop(NULL);
    CHECK_TEXT(wsp_tcp_server_get_error_message(NULL), "");
}

void null_pointers_are_refused(void)
{
    static const char *const with_null[] = {"chat", NULL};
    wsp_peer *peer = wsp_peer_new();
    wsp_stream *stream = wsp_stream_new();
    const uint8_t *data;
    uint8_t byte = 0;
    size_t length;
    struct pair pair;

    CHECK_ERROR(wsp_peer_options_init(NULL, sizeof(wsp_peer_options)), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_peer_set_options(peer, NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_peer_get_options(peer, NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_peer_connect_to_url(peer, NULL, NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_peer_accept_stream(peer, NULL, NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_peer_send_text(peer, NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_peer_get_packet(peer, NULL, &length), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_peer_get_packet(peer, &data, NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_peer_set_supported_protocols(peer, NULL, 1), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_peer_set_supported_protocols(peer, with_null, 2), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_peer_set_supported_protocols(peer, NULL, 0), WSP_OK);
    CHECK_ERROR(wsp_peer_set_handshake_headers(peer, NULL, 1), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_peer_set_handshake_headers(peer, with_null, 2), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_peer_set_handshake_headers(peer, NULL, 0), WSP_OK);
    CHECK_ERROR(wsp_stream_connect_to_host(stream, NULL, 1), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_stream_put_data(stream, NULL, 1), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_stream_put_partial_data(stream, NULL, 1, NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_stream_get_data(stream, NULL, 1, NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_stream_get_partial_data(stream, NULL, 1, NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_stream_put_partial_data(stream, &byte, 1, NULL), WSP_ERR_FAILED);
    CHECK_ERROR(wsp_stream_get_data(stream, &byte, 1, NULL), WSP_ERR_FAILED);
    wsp_peer_free(peer);
    wsp_stream_free(stream);

    if (pair_open(&pair, NULL)) {
        CHECK_ERROR(wsp_peer_send(pair.client, NULL, 1, WSP_WRITE_MODE_BINARY),
                    WSP_ERR_INVALID_PARAMETER);
        CHECK_ERROR(wsp_peer_send(pair.client, NULL, 0, WSP_WRITE_MODE_BINARY), WSP_OK);
        WAIT_FOR(wsp_peer_get_available_packet_count(pair.server) == 1, pair_poll(&pair));
        CHECK(next_is(pair.server, "", 0));
        CHECK_ERROR(wsp_peer_send_uncompressed(pair.client, NULL, 1, WSP_WRITE_MODE_BINARY),
                    WSP_ERR_INVALID_PARAMETER);
        CHECK_ERROR(wsp_peer_ping(pair.client, NULL, 1), WSP_ERR_INVALID_PARAMETER);
        CHECK_ERROR(wsp_peer_ping(pair.client, NULL, 0), WSP_OK);
        CHECK_ERROR(wsp_peer_close(pair.client, 1000, NULL), WSP_OK);
    }
    pair_free(&pair);
}

void invalid_urls_are_refused(void)
{
    static const char *const urls[] = {
        "",           "ws://",        "ws:///path",    "http://127.0.0.1", "://host",
        "ws://h:0",   "ws://h:65536", "ws://h:-1",     "ws://h:abc",       "ws://h:",
        "ws://[::1",  "ws://[x]/",    "ws://a b/",     " ws://host",       "ws://h\r\nX: y",
        "ws://user@",
    };
    wsp_peer *peer = wsp_peer_new();

    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        about(urls[i]);
        CHECK_ERROR(wsp_peer_connect_to_url(peer, urls[i], NULL), WSP_ERR_INVALID_PARAMETER);
        CHECK_NUMBER(wsp_peer_get_ready_state(peer), WSP_STATE_CLOSED);
        CHECK(wsp_peer_get_error_message(peer)[0] != '\0');
    }
    about(NULL);
    wsp_peer_free(peer);
}

void unknown_write_modes_are_refused(void)
{
    static const int32_t modes[] = {-1, 2, 3, INT32_MAX, INT32_MIN};
    const uint8_t data[] = {'x'};
    struct pair pair;

    if (pair_open(&pair, NULL)) {
        for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
            CHECK_ERROR(wsp_peer_send(pair.client, data, 1, modes[i]), WSP_ERR_INVALID_PARAMETER);
            CHECK_ERROR(wsp_peer_send_uncompressed(pair.client, data, 1, modes[i]), WSP_ERR_INVALID_PARAMETER);
        }
        CHECK_ERROR(wsp_peer_send_text(pair.client, "next"), WSP_OK);
        WAIT_FOR(wsp_peer_get_available_packet_count(pair.server) > 0, pair_poll(&pair));
        CHECK(next_is_text(pair.server, "next"));
    }
    pair_free(&pair);
}

void invalid_utf8_is_refused(void)
{
    /* Lone continuation, overlong, surrogate, beyond U+10FFFF, cut off. */
    static const char *const texts[] = {"\x80", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "x\xe2\x82"};
    static const char *const list[] = {NOT_UTF8};
    struct pair pair;

    if (pair_open(&pair, NULL)) {
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
            const uint8_t *bytes = (const uint8_t *)texts[i];

            CHECK_ERROR(wsp_peer_send_text(pair.client, texts[i]), WSP_ERR_INVALID_DATA);
            CHECK_ERROR(wsp_peer_send(pair.client, bytes, strlen(texts[i]), WSP_WRITE_MODE_TEXT),
                        WSP_ERR_INVALID_DATA);
            CHECK_ERROR(wsp_peer_send(pair.client, bytes, strlen(texts[i]), WSP_WRITE_MODE_BINARY),
                        WSP_OK);
        }
        CHECK_ERROR(wsp_peer_close(pair.client, 1000, NOT_UTF8), WSP_ERR_INVALID_DATA);
        CHECK_NUMBER(wsp_peer_get_ready_state(pair.client), WSP_STATE_OPEN);
        CHECK_ERROR(wsp_peer_set_supported_protocols(pair.client, list, 1), WSP_ERR_INVALID_DATA);
        CHECK_ERROR(wsp_peer_set_handshake_headers(pair.client, list, 1), WSP_ERR_INVALID_DATA);
        /* Only the messages sent as bytes arrive. */
        WAIT_FOR(wsp_peer_get_available_packet_count(pair.server) == sizeof texts / sizeof texts[0],
                 pair_poll(&pair));
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
            CHECK(next_is(pair.server, texts[i], strlen(texts[i])));
            CHECK(!wsp_peer_was_string_packet(pair.server));
        }
    }
    wsp_peer_close(pair.client, -1, NULL);
    CHECK_ERROR(wsp_peer_connect_to_url(pair.client, "ws://127.0.0.1/" NOT_UTF8, NULL), WSP_ERR_INVALID_DATA);
    pair_free(&pair);
}

void lengths_beyond_any_object_are_refused(void)
{
    const size_t lengths[] = {SIZE_MAX, (size_t)PTRDIFF_MAX + 1};
    uint8_t byte = 0;
    struct pair pair;
    wsp_stream *stream = wsp_stream_new();

    if (pair_open(&pair, NULL)) {
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
            size_t length = lengths[i];

            CHECK_ERROR(wsp_peer_send(pair.client, &byte, length, WSP_WRITE_MODE_BINARY),
                        WSP_ERR_INVALID_PARAMETER);
            CHECK_ERROR(wsp_peer_send(pair.client, &byte, length, WSP_WRITE_MODE_TEXT),
                        WSP_ERR_INVALID_PARAMETER);
            CHECK_ERROR(wsp_peer_send_uncompressed(pair.client, &byte, length, WSP_WRITE_MODE_BINARY),
                        WSP_ERR_INVALID_PARAMETER);
            CHECK_ERROR(wsp_peer_ping(pair.client, &byte, length), WSP_ERR_INVALID_PARAMETER);
            CHECK_ERROR(wsp_stream_put_data(stream, &byte, length), WSP_ERR_INVALID_PARAMETER);
            CHECK_ERROR(wsp_stream_put_partial_data(stream, &byte, length, NULL),
                        WSP_ERR_INVALID_PARAMETER);
            CHECK_ERROR(wsp_stream_get_data(stream, &byte, length, NULL), WSP_ERR_INVALID_PARAMETER);
            CHECK_ERROR(wsp_stream_get_partial_data(stream, &byte, length, NULL),
                        WSP_ERR_INVALID_PARAMETER);
        }
        CHECK_NUMBER(wsp_peer_get_ready_state(pair.client), WSP_STATE_OPEN);
    }
    wsp_stream_free(stream);
    pair_free(&pair);
}

void counts_beyond_any_list(void)
{
    static const char *const list[] = {"chat"};
    wsp_peer *peer = wsp_peer_new();

    CHECK_ERROR(wsp_peer_set_supported_protocols(peer, list, SIZE_MAX), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_peer_set_handshake_headers(peer, list, SIZE_MAX), WSP_ERR_INVALID_PARAMETER);
    wsp_peer_free(peer);
}

void counts_beyond_any_list_are_refused(void)
{
    CHECK(passes_isolated("counts_beyond_any_list"));
}

void handshake_settings_are_checked_before_connecting(void)
{
    static const char *const headers[] = {"no colon", "X: a\r\nY: b", "Bad Name: x", "Host: a b", ": x", ""};
    static const char *const protocols[] = {"two words", "", "a,b", "line\n"};
    wsp_peer *peer = wsp_peer_new();
    wsp_stream *stream = wsp_stream_new();

    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        about(headers[i]);
        CHECK_ERROR(wsp_peer_set_handshake_headers(peer, &headers[i], 1), WSP_OK);
        CHECK_ERROR(wsp_peer_connect_to_url(peer, "ws://127.0.0.1:1", NULL), WSP_ERR_INVALID_PARAMETER);
        CHECK_ERROR(wsp_peer_accept_stream(peer, stream, NULL), WSP_ERR_INVALID_PARAMETER);
        CHECK(wsp_peer_get_error_message(peer)[0] != '\0');
        CHECK_NUMBER(wsp_peer_get_ready_state(peer), WSP_STATE_CLOSED);
    }
    CHECK_ERROR(wsp_peer_set_handshake_headers(peer, NULL, 0), WSP_OK);
    for (size_t i = 0; i < 3; i++) {
        about(protocols[i]);
        CHECK_ERROR(wsp_peer_set_supported_protocols(peer, &protocols[i], 1), WSP_OK);
        CHECK_ERROR(wsp_peer_connect_to_url(peer, "ws://127.0.0.1:1", NULL), WSP_ERR_INVALID_PARAMETER);
        CHECK_ERROR(wsp_peer_accept_stream(peer, stream, NULL), WSP_ERR_INVALID_PARAMETER);
        CHECK_NUMBER(wsp_peer_get_ready_state(peer), WSP_STATE_CLOSED);
    }
    about(NULL);
    wsp_stream_free(stream);
    wsp_peer_free(peer);
}

/* Each call has a new object, so that no earlier error message is left. */
#define PEER_EXPLAINS(call)                                      \
    do {                                                         \
        wsp_peer *peer = wsp_peer_new();                         \
        about(#call);                                            \
        CHECK((call) != WSP_OK);                                 \
        CHECK(wsp_peer_get_error_message(peer)[0] != '\0');      \
        wsp_peer_free(peer);                                     \
        about(NULL);                                             \
    } while (0)

void every_refusal_of_a_peer_is_explained(void)
{
    static const char *const list[] = {NOT_UTF8};
    wsp_peer_options negative = WSP_PEER_OPTIONS_INIT;
    wsp_peer_options sizeless = WSP_PEER_OPTIONS_INIT;

    negative.close_timeout = -1.0;
    sizeless.struct_size = 0;
    PEER_EXPLAINS(wsp_peer_connect_to_url(peer, NULL, NULL));
    PEER_EXPLAINS(wsp_peer_connect_to_url(peer, "http://host", NULL));
    PEER_EXPLAINS(wsp_peer_connect_to_url(peer, NOT_UTF8, NULL));
    PEER_EXPLAINS(wsp_peer_accept_stream(peer, NULL, NULL));
    PEER_EXPLAINS(wsp_peer_send_text(peer, "not open"));
    PEER_EXPLAINS(wsp_peer_send_text(peer, NULL));
    PEER_EXPLAINS(wsp_peer_send_text(peer, NOT_UTF8));
    PEER_EXPLAINS(wsp_peer_send(peer, NULL, 1, WSP_WRITE_MODE_BINARY));
    PEER_EXPLAINS(wsp_peer_send(peer, NULL, 0, 2));
    PEER_EXPLAINS(wsp_peer_get_packet(peer, NULL, NULL));
    PEER_EXPLAINS(wsp_peer_close(peer, 1000, NOT_UTF8));
    PEER_EXPLAINS(wsp_peer_send_uncompressed(peer, NULL, 0, 2));
    PEER_EXPLAINS(wsp_peer_ping(peer, NULL, 1));
    PEER_EXPLAINS(wsp_peer_set_no_delay(peer, true));
    PEER_EXPLAINS(wsp_peer_set_supported_protocols(peer, list, 1));
    PEER_EXPLAINS(wsp_peer_set_handshake_headers(peer, NULL, 1));
    PEER_EXPLAINS(wsp_peer_set_options(peer, NULL));
    PEER_EXPLAINS(wsp_peer_set_options(peer, &negative));
    PEER_EXPLAINS(wsp_peer_get_options(peer, &sizeless));
}

#define STREAM_EXPLAINS(call)                                    \
    do {                                                         \
        wsp_stream *stream = wsp_stream_new();                   \
        about(#call);                                            \
        CHECK((call) != WSP_OK);                                 \
        CHECK(wsp_stream_get_error_message(stream)[0] != '\0');  \
        wsp_stream_free(stream);                                 \
        about(NULL);                                             \
    } while (0)

void every_refusal_of_a_stream_is_explained(void)
{
    uint8_t byte = 0;

    STREAM_EXPLAINS(wsp_stream_bind(stream, -1, NULL));
    STREAM_EXPLAINS(wsp_stream_bind(stream, 0, NOT_UTF8));
    STREAM_EXPLAINS(wsp_stream_connect_to_host(stream, NULL, 1));
    STREAM_EXPLAINS(wsp_stream_connect_to_host(stream, "127.0.0.1", 0));
    STREAM_EXPLAINS(wsp_stream_put_data(stream, &byte, 1));
    STREAM_EXPLAINS(wsp_stream_get_data(stream, &byte, 1, NULL));
    STREAM_EXPLAINS(wsp_stream_get_data(stream, NULL, 1, NULL));
    STREAM_EXPLAINS(wsp_stream_set_no_delay(stream, true));
}

void every_refusal_of_a_listener_is_explained(void)
{
    wsp_tcp_server *server = wsp_tcp_server_new();

    CHECK_TEXT(wsp_tcp_server_get_error_message(server), "");
    CHECK_ERROR(wsp_tcp_server_listen(server, -1, NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK(wsp_tcp_server_get_error_message(server)[0] != '\0');
    wsp_tcp_server_free(server);
}
