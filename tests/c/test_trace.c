/* The trace: the live peers, and what they send and receive. */

#include "check.h"
#include "tests.h"

#include <string.h>

static bool has(const wsp_trace_event *event, uint64_t peer, wsp_trace_kind kind, int is_sent)
{
    return event->peer_id == peer && event->kind == kind && event->is_sent == is_sent;
}

/* Takes entries until one is of this kind. */
static bool find(wsp_trace_event *event, uint64_t peer, wsp_trace_kind kind, int is_sent)
{
    while (wsp_trace_next_event(event) == WSP_OK) {
        if (has(event, peer, kind, is_sent)) {
            return true;
        }
    }
    return false;
}

static bool describe(wsp_trace_peer *peer, uint64_t id)
{
    memset(peer, 0, sizeof *peer);
    peer->struct_size = sizeof *peer;
    return wsp_trace_next_peer(id - 1, peer) == WSP_OK && peer->id == id;
}

void a_trace_lists_live_peers(void)
{
    wsp_peer_options options = WSP_PEER_OPTIONS_INIT;
    struct pair pair;
    wsp_trace_peer peer;
    uint64_t client, server;
    const char *protocol = "chat";

    options.compression_enabled = 1;
    wsp_trace_enable(true);
    pair_make(&pair, &options, &options);
    CHECK_ERROR(wsp_peer_set_supported_protocols(pair.client, &protocol, 1), WSP_OK);
    CHECK_ERROR(wsp_peer_set_supported_protocols(pair.server, &protocol, 1), WSP_OK);
    client = wsp_peer_get_trace_id(pair.client);
    server = wsp_peer_get_trace_id(pair.server);
    CHECK(client != 0 && server > client && wsp_peer_get_trace_id(pair.client) == client);
    REQUIRE(pair_connect(&pair, "/room?token=abc&name=x"));
    CHECK_ERROR(wsp_peer_send_text(pair.client, "hello"), WSP_OK);
    CHECK_ERROR(wsp_peer_ping(pair.client, NULL, 0), WSP_OK);
    WAIT_FOR(wsp_peer_get_available_packet_count(pair.server) == 1, pair_poll(&pair));
    WAIT_FOR(wsp_peer_get_round_trip_time(pair.client, NULL) >= 0.0, pair_poll(&pair));

    REQUIRE(CHECK(describe(&peer, client)));
    CHECK(peer.peer_class == WSP_TRACE_CLASS_PEER && peer.role == WSP_TRACE_ROLE_CLIENT);
    CHECK(peer.state == WSP_STATE_OPEN && peer.is_compressed == 1);
    CHECK_TEXT(peer.remote_host, "127.0.0.1");
    CHECK_NUMBER(peer.remote_port, wsp_tcp_server_get_local_port(pair.listener));
    CHECK_TEXT(peer.protocol, "chat");
    CHECK_TEXT(peer.failure, "");
    CHECK(strstr(peer.url, "/room?token=***&name=x") != NULL);
    CHECK(peer.sent_messages == 1 && peer.sent_bytes == 5 && peer.received_messages == 0);
    CHECK(peer.round_trip_time >= 0.0 && peer.compression_ratio < 0.0);
    CHECK(peer.outbound_messages == 0 && peer.outbound_bytes == 0);
    REQUIRE(CHECK(describe(&peer, server)));
    CHECK(peer.role == WSP_TRACE_ROLE_SERVER && peer.round_trip_time < 0.0);
    CHECK(peer.received_messages == 1 && peer.received_bytes == 5 && peer.sent_bytes == 0);
    CHECK(peer.inbound_messages == 1 && peer.inbound_bytes == 5);
    CHECK_ERROR(wsp_trace_next_peer(server, &peer), WSP_ERR_UNAVAILABLE);
    CHECK_ERROR(wsp_trace_next_peer(UINT64_MAX, &peer), WSP_ERR_UNAVAILABLE);

    wsp_peer_free(pair.client);
    pair.client = NULL;
    WAIT_FOR(wsp_peer_get_ready_state(pair.server) == WSP_STATE_CLOSED, pair_poll(&pair));
    CHECK(!describe(&peer, client));
    REQUIRE(CHECK(describe(&peer, server)));
    CHECK(peer.state == WSP_STATE_CLOSED);
    CHECK_TEXT(peer.failure, wsp_peer_get_error_message(pair.server));
    pair_free(&pair);
    CHECK_ERROR(wsp_trace_next_peer(0, &peer), WSP_ERR_UNAVAILABLE);
    wsp_trace_enable(false);
}

void a_trace_logs_messages_and_hides_secrets(void)
{
    wsp_trace_event event = {sizeof event, 0, 0, WSP_TRACE_KIND_TEXT, 0, 0, NULL, 0};
    const uint8_t bytes[300] = {1, 2, 3};
    const char *header = "Authorization: Bearer sesame";
    struct pair pair;
    uint64_t client, server, time;

    wsp_trace_enable(true);
    pair_make(&pair, NULL, NULL);
    CHECK_ERROR(wsp_peer_set_handshake_headers(pair.client, &header, 1), WSP_OK);
    client = wsp_peer_get_trace_id(pair.client);
    server = wsp_peer_get_trace_id(pair.server);
    REQUIRE(pair_connect(&pair, "/"));
    CHECK_ERROR(wsp_peer_send(pair.client, bytes, sizeof bytes, WSP_WRITE_MODE_BINARY), WSP_OK);
    WAIT_FOR(wsp_peer_get_available_packet_count(pair.server) == 1, pair_poll(&pair));
    CHECK_ERROR(wsp_peer_close(pair.server, 4000, "enough"), WSP_OK);
    WAIT_FOR(wsp_peer_get_ready_state(pair.client) == WSP_STATE_CLOSED, pair_poll(&pair));

    REQUIRE(CHECK(find(&event, server, WSP_TRACE_KIND_HANDSHAKE, 0)));
    time = event.time_usec;
    CHECK(event.size > event.preview_len && event.preview[event.preview_len] == 0);
    CHECK(strstr((const char *)event.preview, "Authorization: ***\r\n") != NULL);
    CHECK(strstr((const char *)event.preview, "sesame") == NULL);
    REQUIRE(CHECK(find(&event, client, WSP_TRACE_KIND_HANDSHAKE, 0)));
    CHECK(strncmp((const char *)event.preview, "HTTP/1.1 101 ", 13) == 0);
    REQUIRE(CHECK(find(&event, client, WSP_TRACE_KIND_BINARY, 1)));
    CHECK(event.size == 300 && event.preview_len == 128 && memcmp(event.preview, bytes, 128) == 0);
    REQUIRE(CHECK(find(&event, server, WSP_TRACE_KIND_BINARY, 0)));
    CHECK(event.size == 300 && event.time_usec >= time);
    REQUIRE(CHECK(find(&event, server, WSP_TRACE_KIND_CLOSE, 1)));
    CHECK_TEXT((const char *)event.preview, "4000 enough");
    REQUIRE(CHECK(find(&event, client, WSP_TRACE_KIND_CLOSE, 0)));
    CHECK(!find(&event, client, WSP_TRACE_KIND_FAILURE, 0));
    CHECK_ERROR(wsp_trace_next_event(&event), WSP_ERR_UNAVAILABLE);
    CHECK(wsp_trace_take_missed_events() == 0);
    pair_free(&pair);
    wsp_trace_enable(false);
}

void a_trace_without_previews_has_no_contents(void)
{
    wsp_trace_event event = {sizeof event, 0, 0, WSP_TRACE_KIND_TEXT, 0, 0, NULL, 0};
    struct pair pair;
    int texts = 0;

    wsp_trace_enable(true);
    wsp_trace_set_preview_size(0);
    REQUIRE(pair_open(&pair, NULL));
    CHECK_ERROR(wsp_peer_send_text(pair.client, "secret"), WSP_OK);
    WAIT_FOR(wsp_peer_get_available_packet_count(pair.server) == 1, pair_poll(&pair));
    while (wsp_trace_next_event(&event) == WSP_OK) {
        CHECK(event.preview_len == 0 && event.preview != NULL);
        texts += event.kind == WSP_TRACE_KIND_TEXT && event.size == 6;
    }
    CHECK_NUMBER(texts, 2);
    wsp_trace_set_preview_size(128);
    pair_free(&pair);
    wsp_trace_enable(false);
}

void a_trace_counts_dropped_entries(void)
{
    wsp_trace_event event = {sizeof event, 0, 0, WSP_TRACE_KIND_TEXT, 0, 0, NULL, 0};
    wsp_peer_options options = wide_options();
    struct pair pair;
    int events = 0;

    REQUIRE(pair_open(&pair, &options));
    wsp_trace_enable(true);
    for (int i = 0; i < 4096 + 10; i++) {
        CHECK_ERROR(wsp_peer_send_text(pair.client, "x"), WSP_OK);
    }
    while (wsp_trace_next_event(&event) == WSP_OK) {
        events++;
    }
    CHECK_NUMBER(events, 4096);
    CHECK_NUMBER((long long)wsp_trace_take_missed_events(), 10);
    CHECK_NUMBER((long long)wsp_trace_take_missed_events(), 0);
    pair_free(&pair);
    wsp_trace_enable(false);
}

void a_disabled_trace_is_reported(void)
{
    wsp_trace_event event = {sizeof event, 0, 0, WSP_TRACE_KIND_TEXT, 0, 0, NULL, 0};
    struct pair pair;
    wsp_trace_peer peer;

    memset(&peer, 0, sizeof peer);
    peer.struct_size = sizeof peer;
    wsp_trace_enable(false);
    REQUIRE(pair_open(&pair, NULL));
    CHECK_ERROR(wsp_trace_next_event(&event), WSP_ERR_UNCONFIGURED);
    CHECK_ERROR(wsp_trace_next_peer(0, &peer), WSP_ERR_UNCONFIGURED);
    CHECK(wsp_trace_take_missed_events() == 0);
    wsp_trace_enable(true);
    wsp_trace_enable(true);
    CHECK_ERROR(wsp_trace_next_event(&event), WSP_ERR_UNAVAILABLE);
    CHECK_ERROR(wsp_trace_next_peer(0, &peer), WSP_ERR_UNAVAILABLE);
    pair_poll(&pair);
    CHECK_ERROR(wsp_trace_next_peer(0, &peer), WSP_OK);
    wsp_trace_enable(false);
    CHECK_ERROR(wsp_trace_next_peer(0, &peer), WSP_ERR_UNCONFIGURED);
    pair_free(&pair);
}

void trace_calls_refuse_null_and_unknown_sizes(void)
{
    wsp_trace_event event = {sizeof event - 1, 7, 0, WSP_TRACE_KIND_TEXT, 0, 0, NULL, 0};
    struct pair pair;
    wsp_trace_peer peer;

    wsp_trace_enable(true);
    REQUIRE(pair_open(&pair, NULL));
    memset(&peer, 0, sizeof peer);
    CHECK_ERROR(wsp_trace_next_peer(0, &peer), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_trace_next_peer(0, NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_trace_next_event(NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_trace_next_event(&event), WSP_ERR_INVALID_PARAMETER);
    CHECK(event.time_usec == 7);
    CHECK(wsp_peer_get_trace_id(NULL) == 0);
    event.struct_size = sizeof event;
    CHECK_ERROR(wsp_trace_next_event(&event), WSP_OK);
    CHECK(event.kind == WSP_TRACE_KIND_HANDSHAKE);
    pair_free(&pair);
    wsp_trace_enable(false);
}
