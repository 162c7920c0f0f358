/* wsp_peer_options: the versioned struct and the ranges of its fields. */

#include "check.h"
#include "tests.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const wsp_peer_options initial = WSP_PEER_OPTIONS_INIT;

void macro_and_function_give_the_same_options(void)
{
    wsp_peer_options options;

    /* Every byte counts: there is no padding that could hide an uninitialised field. */
    memset(&options, 0xaa, sizeof options);
    CHECK_ERROR(wsp_peer_options_init(&options, sizeof options), WSP_OK);
    CHECK(memcmp(&options, &initial, sizeof options) == 0);
}

void a_new_peer_has_the_default_options(void)
{
    wsp_peer *peer = wsp_peer_new();
    wsp_peer_options options;

    memset(&options, 0xaa, sizeof options);
    options.struct_size = sizeof options;
    CHECK_ERROR(wsp_peer_get_options(peer, &options), WSP_OK);
    CHECK(memcmp(&options, &initial, sizeof options) == 0);
    wsp_peer_free(peer);
}

void options_can_be_read_back(void)
{
    wsp_peer_options changed = WSP_PEER_OPTIONS_INIT;
    wsp_peer_options options = WSP_PEER_OPTIONS_INIT;
    wsp_peer *peer = wsp_peer_new();

    changed.inbound_buffer_size = 1;
    changed.outbound_buffer_size = 2;
    changed.max_queued_packets = 3;
    changed.heartbeat_interval = 4.5;
    changed.connect_timeout = 5.25;
    changed.handshake_timeout = 6.0;
    changed.close_timeout = 0.0;
    changed.heartbeat_timeout = 7.75;
    changed.max_frame_size = 8;
    changed.stream_messages = 1;
    changed.compression_enabled = 1;
    changed.compression_context_takeover = 0;
    changed.compression_max_window_bits = 9;
    changed.compression_level = 1;
    changed.compression_threshold = 10;
    changed.auto_accept = 0;
    CHECK_ERROR(wsp_peer_set_options(peer, &changed), WSP_OK);
    CHECK_ERROR(wsp_peer_get_options(peer, &options), WSP_OK);
    CHECK(memcmp(&options, &changed, sizeof options) == 0);
    wsp_peer_free(peer);
}

/* Makes the options of a caller whose header declares `size` bytes. Allocated in exactly that size, so
 * that a memory checker finds every access beyond it. */
static wsp_peer_options *older_options(size_t size)
{
    wsp_peer_options *older = malloc(size);

    memcpy(older, &initial, size);
    older->struct_size = size;
    return older;
}

void options_unknown_to_an_older_caller_keep_their_values(void)
{
    const size_t size = offsetof(wsp_peer_options, connect_timeout);
    wsp_peer_options changed = WSP_PEER_OPTIONS_INIT;
    wsp_peer_options *older = older_options(size);
    wsp_peer_options options = WSP_PEER_OPTIONS_INIT;
    wsp_peer *peer = wsp_peer_new();

    changed.inbound_buffer_size = 1;
    changed.connect_timeout = 5.0;
    changed.close_timeout = 7.0;
    CHECK_ERROR(wsp_peer_set_options(peer, &changed), WSP_OK);
    older->max_queued_packets = 33;
    CHECK_ERROR(wsp_peer_set_options(peer, older), WSP_OK);
    CHECK_ERROR(wsp_peer_get_options(peer, &options), WSP_OK);
    CHECK_NUMBER((long long)options.max_queued_packets, 33);
    CHECK_NUMBER((long long)options.inbound_buffer_size, 65535);
    CHECK(options.connect_timeout >= 5.0 && options.connect_timeout <= 5.0);
    CHECK(options.close_timeout >= 7.0 && options.close_timeout <= 7.0);

    older->max_queued_packets = 0;
    CHECK_ERROR(wsp_peer_get_options(peer, older), WSP_OK);
    CHECK_NUMBER((long long)older->max_queued_packets, 33);
    CHECK_NUMBER((long long)older->struct_size, (long long)size);

    CHECK_ERROR(wsp_peer_options_init(older, size), WSP_OK);
    CHECK_NUMBER((long long)older->struct_size, (long long)size);
    CHECK_NUMBER((long long)older->max_queued_packets, 4096);
    free(older);
    wsp_peer_free(peer);
}

void unknown_struct_sizes_are_refused(void)
{
    /* Too small for the size itself, inside a field, and larger than this version's struct. */
    const size_t sizes[] = {0, 1, sizeof(size_t) - 1, offsetof(wsp_peer_options, close_timeout) + 1,
                            offsetof(wsp_peer_options, compression_level) + 2, sizeof initial - 1,
                            sizeof initial + 1, 10 * sizeof initial, SIZE_MAX};
    wsp_peer *peer = wsp_peer_new();
    /* Room for every size in the list that an access could use. */
    wsp_peer_options *options = malloc(11 * sizeof *options);
    wsp_peer_options after = WSP_PEER_OPTIONS_INIT;

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        memset(options, 0xaa, 11 * sizeof *options);
        CHECK_ERROR(wsp_peer_options_init(options, sizes[i]), WSP_ERR_INVALID_PARAMETER);
        CHECK_NUMBER(*(const uint8_t *)options, 0xaa);
        *options = initial;
        options->struct_size = sizes[i];
        CHECK_ERROR(wsp_peer_set_options(peer, options), WSP_ERR_INVALID_PARAMETER);
        CHECK_ERROR(wsp_peer_get_options(peer, options), WSP_ERR_INVALID_PARAMETER);
        CHECK(options->struct_size == sizes[i]);
    }
    CHECK_ERROR(wsp_peer_get_options(peer, &after), WSP_OK);
    CHECK(memcmp(&after, &initial, sizeof after) == 0);
    free(options);
    wsp_peer_free(peer);
}

void invalid_times_are_refused(void)
{
    const double times[] = {-1.0, -1e-9, (double)NAN, (double)INFINITY, -(double)INFINITY, 1e300};
    const size_t fields[] = {
        offsetof(wsp_peer_options, heartbeat_interval),
        offsetof(wsp_peer_options, connect_timeout),
        offsetof(wsp_peer_options, handshake_timeout),
        offsetof(wsp_peer_options, close_timeout),
        offsetof(wsp_peer_options, heartbeat_timeout),
    };
    wsp_peer *peer = wsp_peer_new();
    wsp_peer_options after = WSP_PEER_OPTIONS_INIT;

    for (size_t field = 0; field < sizeof fields / sizeof fields[0]; field++) {
        for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
            wsp_peer_options options = WSP_PEER_OPTIONS_INIT;

            options.inbound_buffer_size = 1;
            memcpy((uint8_t *)&options + fields[field], &times[i], sizeof times[i]);
            CHECK_ERROR(wsp_peer_set_options(peer, &options), WSP_ERR_INVALID_PARAMETER);
            CHECK(wsp_peer_get_error_message(peer)[0] != '\0');
        }
    }
    /* The fields before the invalid one have not changed either. */
    CHECK_ERROR(wsp_peer_get_options(peer, &after), WSP_OK);
    CHECK(memcmp(&after, &initial, sizeof after) == 0);
    wsp_peer_free(peer);
}

void compression_settings_have_ranges(void)
{
    const uint32_t wrong[][2] = {{10, 15}, {UINT32_MAX, 15}, {6, 8}, {6, 16}, {6, 0}, {6, 255}};
    wsp_peer *peer = wsp_peer_new();
    wsp_peer_options after = WSP_PEER_OPTIONS_INIT;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        wsp_peer_options options = WSP_PEER_OPTIONS_INIT;

        options.inbound_buffer_size = 1;
        options.compression_level = wrong[i][0];
        options.compression_max_window_bits = (uint8_t)wrong[i][1];
        CHECK_ERROR(wsp_peer_set_options(peer, &options), WSP_ERR_INVALID_PARAMETER);
    }
    CHECK_ERROR(wsp_peer_get_options(peer, &after), WSP_OK);
    CHECK(memcmp(&after, &initial, sizeof after) == 0);
    wsp_peer_free(peer);
}

void very_long_times_do_not_break_a_connection(void)
{
    /* More seconds than any connection lasts, and more than any clock can count. */
    const double times[] = {1e9, 1e18, 1e19};

    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        wsp_peer_options options = WSP_PEER_OPTIONS_INIT;
        struct pair pair;

        options.heartbeat_interval = times[i];
        options.connect_timeout = times[i];
        options.handshake_timeout = times[i];
        options.close_timeout = times[i];
        options.heartbeat_timeout = times[i];
        pair_make(&pair, NULL, NULL);
        if (wsp_peer_set_options(pair.client, &options) == WSP_OK &&
            wsp_peer_set_options(pair.server, &options) == WSP_OK && pair_connect(&pair, "/")) {
            CHECK_ERROR(wsp_peer_close(pair.client, 1000, NULL), WSP_OK);
            WAIT_FOR(wsp_peer_get_ready_state(pair.client) == WSP_STATE_CLOSED, pair_poll(&pair));
            CHECK_NUMBER(wsp_peer_get_close_code(pair.client), 1000);
        }
        pair_free(&pair);
    }
}
