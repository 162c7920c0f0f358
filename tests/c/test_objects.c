/* wsp_client and wsp_server: events, ids, waiting, invalid arguments. */

#include "check.h"
#include "tests.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A server and one client of it. */
struct room {
    wsp_server *server;
    wsp_client *client;
    int32_t id;
    bool gd_mp_api;
};

static const char *url_of_server(const wsp_server *server, const char *path)
{
    static char url[128];

    snprintf(url, sizeof url, "ws://127.0.0.1:%u%s", (unsigned)wsp_server_get_local_port(server), path);
    return url;
}

/* Takes the events of one object until one has the type. Returns whether it came in time. */
static bool next_of_type(struct room *room, bool is_server, int32_t type, wsp_event *event)
{
    double deadline = now() + 10.0 * patience();

    while (now() < deadline) {
        wsp_client_poll(room->client);
        wsp_server_poll(room->server);
        while ((is_server ? wsp_server_next_event(room->server, event)
                          : wsp_client_next_event(room->client, event)) == WSP_OK) {
            if (event->type == type) {
                return true;
            }
        }
    }
    return false;
}

static bool server_event(struct room *room, int32_t type, wsp_event *event)
{
    return next_of_type(room, true, type, event);
}

static bool client_event(struct room *room, int32_t type, wsp_event *event)
{
    return next_of_type(room, false, type, event);
}

static bool room_open(struct room *room, bool gd_mp_api)
{
    wsp_event event = WSP_EVENT_INIT;
    wsp_server_listen_options listen = loopback();
    wsp_client_connect_options connect = WSP_CLIENT_CONNECT_OPTIONS_INIT;

    listen.gd_mp_api = gd_mp_api;
    connect.gd_mp_api = gd_mp_api;
    room->server = wsp_server_new();
    room->client = wsp_client_new();
    room->gd_mp_api = gd_mp_api;
    return CHECK_ERROR(wsp_server_listen(room->server, 0, &listen), WSP_OK) &&
           CHECK_ERROR(wsp_client_connect_to_url(room->client, url_of_server(room->server, "/room?x=1"), &connect),
                       WSP_OK) &&
           CHECK(server_event(room, gd_mp_api ? WSP_EVENT_PEER_CONNECTED : WSP_EVENT_OPENED, &event)) &&
           CHECK((room->id = event.peer) >= 2) &&
           CHECK(client_event(room, gd_mp_api ? WSP_EVENT_CONNECTION_SUCCEEDED : WSP_EVENT_OPENED, &event));
}

static void room_free(struct room *room)
{
    wsp_client_free(room->client);
    wsp_server_free(room->server);
}

void a_server_and_a_client_exchange_messages(void)
{
    struct room room;
    wsp_event event = WSP_EVENT_INIT;
    uint16_t port = 0;
    size_t amount = 1;
    int32_t ids[2] = {0, 0};

    if (room_open(&room, false)) {
        CHECK(wsp_server_is_listening(room.server));
        CHECK(wsp_server_has_peer(room.server, room.id));
        CHECK_NUMBER((long long)wsp_server_get_peers(room.server, ids, 2), 1);
        CHECK_NUMBER(ids[0], room.id);
        CHECK_NUMBER((long long)wsp_server_get_peers(room.server, NULL, 0), 1);
        CHECK_TEXT(wsp_server_get_peer_address(room.server, room.id, &port), "127.0.0.1");
        CHECK(port != 0);
        CHECK(strstr(wsp_server_get_requested_url(room.server, room.id), "/room?x=1") != NULL);
        CHECK_TEXT(wsp_server_find_request_header(room.server, room.id, "upgrade"), "websocket");
        CHECK(wsp_server_find_request_header(room.server, room.id, "x") == NULL);
        CHECK_TEXT(wsp_client_get_connected_host(room.client, &port), "127.0.0.1");
        CHECK_NUMBER(port, wsp_server_get_local_port(room.server));
        CHECK_NUMBER(wsp_client_get_status(room.client), WSP_CLIENT_CONNECTED);

        CHECK_ERROR(wsp_client_send_text(room.client, "text"), WSP_OK);
        CHECK_ERROR(wsp_client_send(room.client, (const uint8_t *)"\0\1", 2, WSP_WRITE_MODE_BINARY), WSP_OK);
        wsp_client_flush(room.client);
        CHECK_NUMBER((long long)wsp_client_get_current_outbound_buffered_amount(room.client), 0);
        CHECK(server_event(&room, WSP_EVENT_MESSAGE, &event));
        CHECK_NUMBER(event.peer, room.id);
        CHECK(event.len == 4 && memcmp(event.data, "text", 4) == 0 && event.is_text == 1);
        CHECK(server_event(&room, WSP_EVENT_MESSAGE, &event));
        CHECK(event.len == 2 && memcmp(event.data, "\0\1", 2) == 0 && event.is_text == 0);

        CHECK_ERROR(wsp_server_send_text(room.server, room.id, "to one"), WSP_OK);
        CHECK_ERROR(wsp_server_send(room.server, 0, NULL, 0, WSP_WRITE_MODE_BINARY), WSP_OK);
        CHECK_ERROR(wsp_server_send_text(room.server, -room.id, "to no peer"), WSP_OK);
        wsp_server_flush(room.server);
        CHECK_ERROR(wsp_server_get_outbound_buffered_amount(room.server, room.id, &amount), WSP_OK);
        CHECK_NUMBER((long long)amount, 0);
        CHECK(client_event(&room, WSP_EVENT_MESSAGE, &event));
        CHECK(event.len == 6 && memcmp(event.data, "to one", 6) == 0);
        CHECK(client_event(&room, WSP_EVENT_MESSAGE, &event));
        CHECK(event.len == 0 && event.data != NULL);

        CHECK(wsp_client_get_round_trip_time(room.client) < 0.0);
        CHECK(wsp_server_get_round_trip_time(room.server, room.id) < 0.0);
        CHECK_ERROR(wsp_client_ping(room.client, NULL, 0), WSP_OK);
        CHECK_ERROR(wsp_server_ping(room.server, room.id, NULL, 0), WSP_OK);
        WAIT_FOR(wsp_client_get_round_trip_time(room.client) >= 0.0 &&
                     wsp_server_get_round_trip_time(room.server, room.id) >= 0.0,
                 (wsp_client_poll(room.client), wsp_server_poll(room.server)));

        CHECK_ERROR(wsp_client_disconnect(room.client, 4321, "Gr\xc3\xbc\xc3\x9f" "e"), WSP_OK);
        CHECK(server_event(&room, WSP_EVENT_CLOSE_REQUEST, &event));
        CHECK_NUMBER(event.code, 4321);
        CHECK_TEXT(event.text, "Gr\xc3\xbc\xc3\x9f" "e");
        CHECK(server_event(&room, WSP_EVENT_CLOSED, &event));
        CHECK_NUMBER(event.was_clean, 1);
        CHECK(client_event(&room, WSP_EVENT_CLOSED, &event));
        CHECK_NUMBER(event.was_clean, 1);
    }
    room_free(&room);
}

void the_id_of_an_ended_connection_is_refused(void)
{
    struct room room;
    wsp_event event = WSP_EVENT_INIT;

    if (room_open(&room, false)) {
        int32_t stale = room.id;
        size_t amount;

        CHECK_ERROR(wsp_server_disconnect_peer(room.server, stale, -1, NULL), WSP_OK);
        CHECK(server_event(&room, WSP_EVENT_CLOSED, &event));
        CHECK_NUMBER(event.peer, stale);
        CHECK_NUMBER(event.was_clean, 0);
        CHECK(client_event(&room, WSP_EVENT_CLOSED, &event));
        CHECK_ERROR(wsp_client_connect_to_url(room.client, url_of_server(room.server, "/"), NULL), WSP_OK);
        CHECK(server_event(&room, WSP_EVENT_OPENED, &event));
        CHECK(event.peer != stale);
        CHECK(!wsp_server_has_peer(room.server, stale));
        CHECK_ERROR(wsp_server_send_text(room.server, stale, "x"), WSP_ERR_INVALID_PARAMETER);
        CHECK(strstr(wsp_server_get_error_message(room.server), "there is no peer") != NULL);
        CHECK_ERROR(wsp_server_disconnect_peer(room.server, stale, 1000, NULL), WSP_ERR_INVALID_PARAMETER);
        CHECK_ERROR(wsp_server_ping(room.server, stale, NULL, 0), WSP_ERR_INVALID_PARAMETER);
        CHECK_ERROR(wsp_server_get_outbound_buffered_amount(room.server, stale, &amount), WSP_ERR_INVALID_PARAMETER);
        CHECK_ERROR(wsp_server_accept_request(room.server, stale, NULL, 0), WSP_ERR_INVALID_PARAMETER);
        CHECK_ERROR(wsp_server_reject_request(room.server, stale, NULL), WSP_ERR_INVALID_PARAMETER);
        CHECK_TEXT(wsp_server_get_peer_address(room.server, stale, NULL), "");
        CHECK_TEXT(wsp_server_get_requested_url(room.server, stale), "");
    }
    room_free(&room);
}

static void *send_later(void *client)
{
    nap();
    wsp_client_send_text(client, "wake up");
    return NULL;
}

static void *wake_later(void *server)
{
    nap();
    wsp_server_wake(server);
    return NULL;
}

void waiting_ends_with_an_event_or_a_wake(void)
{
    struct room room;
    wsp_event event = WSP_EVENT_INIT;
    pthread_t thread;

    if (room_open(&room, false)) {
        CHECK_ERROR(wsp_server_wait(room.server, 5), WSP_ERR_TIMEOUT);
        CHECK_ERROR(wsp_client_wait(room.client, 5), WSP_ERR_TIMEOUT);
        REQUIRE(pthread_create(&thread, NULL, send_later, room.client) == 0);
        CHECK_ERROR(wsp_server_wait(room.server, -1), WSP_OK);
        CHECK_ERROR(wsp_server_next_event(room.server, &event), WSP_OK);
        CHECK_NUMBER(event.type, WSP_EVENT_MESSAGE);
        pthread_join(thread, NULL);
        REQUIRE(pthread_create(&thread, NULL, wake_later, room.server) == 0);
        CHECK_ERROR(wsp_server_wait(room.server, -1), WSP_OK);
        CHECK_ERROR(wsp_server_next_event(room.server, &event), WSP_ERR_UNAVAILABLE);
        pthread_join(thread, NULL);
        CHECK_ERROR(wsp_server_send_text(room.server, room.id, "you too"), WSP_OK);
        CHECK_ERROR(wsp_client_wait(room.client, -1), WSP_OK);
        wsp_server_stop(room.server);
        CHECK_ERROR(wsp_server_wait(room.server, -1), WSP_ERR_UNCONFIGURED);
        CHECK(!wsp_server_is_listening(room.server));
    }
    room_free(&room);
}

void clients_are_accepted_and_refused(void)
{
    static const char *const headers[] = {"X-Extra: 1"};
    static const char *const origins[] = {"https://game.example"};
    static const char *const origin[] = {"Origin: https://other.example"};
    struct room room;
    wsp_event event = WSP_EVENT_INIT;
    wsp_peer_options peer = WSP_PEER_OPTIONS_INIT;
    wsp_server_options options = WSP_SERVER_OPTIONS_INIT;
    wsp_server_options initial = WSP_SERVER_OPTIONS_INIT;
    wsp_client_connect_options from_elsewhere = WSP_CLIENT_CONNECT_OPTIONS_INIT;
    wsp_http_answer refusal = answer_with(403, "no");

    from_elsewhere.headers = origin;
    from_elsewhere.header_count = 1;
    CHECK_ERROR(wsp_server_options_init(&options, sizeof options), WSP_OK);
    CHECK(memcmp(&options, &initial, sizeof options) == 0);
    if (room_open(&room, false)) {
        wsp_client *second = wsp_client_new();
        wsp_client *first = room.client;

        CHECK_ERROR(wsp_server_get_peer_options(room.server, &peer), WSP_OK);
        CHECK(peer.handshake_timeout >= 3.0 && peer.handshake_timeout <= 3.0 && peer.max_queued_packets == 1024);
        peer.auto_accept = 0;
        CHECK_ERROR(wsp_server_set_peer_options(room.server, &peer), WSP_OK);
        CHECK_ERROR(wsp_server_set_extra_headers(room.server, headers, 1), WSP_OK);
        room.client = second;
        CHECK_ERROR(wsp_client_connect_to_url(second, url_of_server(room.server, "/"), NULL), WSP_OK);
        CHECK(server_event(&room, WSP_EVENT_REQUEST, &event));
        CHECK_ERROR(wsp_server_reject_request(room.server, event.peer, &refusal), WSP_OK);
        CHECK(client_event(&room, WSP_EVENT_FAILED, &event));
        CHECK(strstr(event.text, "403") != NULL);
        CHECK(strstr(wsp_client_get_error_message(second), "403") != NULL);
        CHECK_ERROR(wsp_client_connect_to_url(second, url_of_server(room.server, "/"), NULL), WSP_OK);
        CHECK(server_event(&room, WSP_EVENT_REQUEST, &event));
        CHECK_ERROR(wsp_server_accept_request(room.server, event.peer, headers, 1), WSP_OK);
        CHECK(client_event(&room, WSP_EVENT_OPENED, &event));
        CHECK_ERROR(wsp_client_disconnect(second, 1000, NULL), WSP_OK);
        CHECK(client_event(&room, WSP_EVENT_CLOSED, &event));

        peer.auto_accept = 1;
        CHECK_ERROR(wsp_server_set_peer_options(room.server, &peer), WSP_OK);
        CHECK_ERROR(wsp_server_set_allowed_origins(room.server, origins, 1), WSP_OK);
        CHECK_ERROR(wsp_client_connect_to_url(second, url_of_server(room.server, "/"), &from_elsewhere), WSP_OK);
        CHECK(client_event(&room, WSP_EVENT_FAILED, &event));
        CHECK(strstr(event.text, "403") != NULL);
        CHECK_ERROR(wsp_server_set_allowed_origins(room.server, NULL, 0), WSP_OK);

        options.max_clients = 1;
        CHECK_ERROR(wsp_server_set_options(room.server, &options), WSP_OK);
        CHECK_ERROR(wsp_client_connect_to_url(second, url_of_server(room.server, "/"), NULL), WSP_OK);
        CHECK(client_event(&room, WSP_EVENT_FAILED, &event));
        CHECK(strstr(event.text, "503") != NULL);
        wsp_client_free(second);
        room.client = first;
    }
    room_free(&room);
}

void a_client_reconnects(void)
{
    struct room room;
    wsp_event event = WSP_EVENT_INIT;
    wsp_reconnect_options options = WSP_RECONNECT_OPTIONS_INIT;
    wsp_reconnect_options initial = WSP_RECONNECT_OPTIONS_INIT;

    CHECK_ERROR(wsp_reconnect_options_init(&options, sizeof options), WSP_OK);
    CHECK(memcmp(&options, &initial, sizeof options) == 0);
    if (room_open(&room, false)) {
        options.enabled = 1;
        options.delay = 0.01;
        CHECK_ERROR(wsp_client_set_reconnect_options(room.client, &options), WSP_OK);
        CHECK_ERROR(wsp_server_disconnect_peer(room.server, room.id, 1012, "restart"), WSP_OK);
        CHECK(client_event(&room, WSP_EVENT_RECONNECTING, &event));
        CHECK_NUMBER(event.attempt, 1);
        CHECK(event.delay > 0.0 && event.delay <= 0.01);
        CHECK(client_event(&room, WSP_EVENT_RECONNECTED, &event));
        options.jitter = 2.0;
        CHECK_ERROR(wsp_client_set_reconnect_options(room.client, &options), WSP_ERR_INVALID_PARAMETER);
        CHECK(strstr(wsp_client_get_error_message(room.client), "jitter") != NULL);
    }
    room_free(&room);
}

void multiplayer_packets_are_delivered(void)
{
    struct room room;
    wsp_event event = WSP_EVENT_INIT;

    if (room_open(&room, true)) {
        CHECK_NUMBER(wsp_client_get_unique_id(room.client), room.id);
        CHECK_ERROR(wsp_client_put_packet(room.client, 1, (const uint8_t *)"up", 2), WSP_OK);
        CHECK(server_event(&room, WSP_EVENT_PACKET, &event));
        CHECK(event.peer == room.id && event.len == 2 && memcmp(event.data, "up", 2) == 0);
        CHECK_ERROR(wsp_server_put_packet(room.server, 0, (const uint8_t *)"down", 4), WSP_OK);
        CHECK(client_event(&room, WSP_EVENT_PACKET, &event));
        CHECK(event.peer == 1 && event.len == 4 && memcmp(event.data, "down", 4) == 0);
        CHECK_ERROR(wsp_server_put_packet(room.server, 77, NULL, 0), WSP_ERR_FAILED);
        wsp_server_stop(room.server);
        CHECK(client_event(&room, WSP_EVENT_SERVER_DISCONNECTED, &event));
        CHECK(client_event(&room, WSP_EVENT_CONNECTION_FAILED, &event));
    }
    room_free(&room);
}

void server_and_client_use_tls(void)
{
    struct room room = {wsp_server_new(), wsp_client_new(), 0, false};
    wsp_tls_options *server = wsp_tls_options_new();
    wsp_tls_options *client = wsp_tls_options_new();
    wsp_event event = WSP_EVENT_INIT;
    wsp_server_listen_options listen = loopback();
    wsp_client_connect_options connect = WSP_CLIENT_CONNECT_OPTIONS_INIT;
    const char *folder = getenv("WSPEER_TEST_CERTIFICATES");
    char certificate[512];
    char key[512];
    char url[128];

    snprintf(certificate, sizeof certificate, "%s/server.crt", folder == NULL ? "." : folder);
    snprintf(key, sizeof key, "%s/server.key", folder == NULL ? "." : folder);
    /* Options of a client are not valid for a server. */
    CHECK_ERROR(wsp_server_set_tls(room.server, client), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_tls_options_server_from_files(server, key, certificate), WSP_OK);
    CHECK_ERROR(wsp_server_set_tls(room.server, server), WSP_OK);
    CHECK_ERROR(wsp_server_listen(room.server, 0, &listen), WSP_OK);
    snprintf(url, sizeof url, "wss://localhost:%u/", (unsigned)wsp_server_get_local_port(room.server));
    CHECK_ERROR(wsp_client_connect_to_url(room.client, url, NULL), WSP_OK);
    CHECK(client_event(&room, WSP_EVENT_FAILED, &event));
    CHECK(strstr(event.text, "certificate") != NULL);
    CHECK_ERROR(wsp_tls_options_client_from_file(client, certificate, NULL), WSP_OK);
    connect.tls = client;
    CHECK_ERROR(wsp_client_connect_to_url(room.client, url, &connect), WSP_OK);
    CHECK(client_event(&room, WSP_EVENT_OPENED, &event));
    CHECK(server_event(&room, WSP_EVENT_OPENED, &event));
    CHECK(strncmp(wsp_server_get_requested_url(room.server, event.peer), "wss://", 6) == 0);
    CHECK_ERROR(wsp_server_send_text(room.server, event.peer, "secret"), WSP_OK);
    CHECK(client_event(&room, WSP_EVENT_MESSAGE, &event));
    CHECK(event.len == 6 && memcmp(event.data, "secret", 6) == 0);
    /* Data that the TLS session has decrypted already ends a wait too. */
    CHECK_ERROR(wsp_client_send_text(room.client, "wake up"), WSP_OK);
    CHECK_ERROR(wsp_server_wait(room.server, 10000), WSP_OK);
    CHECK(server_event(&room, WSP_EVENT_MESSAGE, &event));
    CHECK_ERROR(wsp_server_set_tls(room.server, NULL), WSP_OK);
    wsp_tls_options_free(server);
    wsp_tls_options_free(client);
    room_free(&room);
}

void server_and_client_refuse_invalid_arguments(void)
{
    static const char *const no_protocol[] = {"a b"};
    static const char *const no_header[] = {"a: b\r\nc: d"};
    wsp_server *server = wsp_server_new();
    wsp_client *client = wsp_client_new();
    wsp_event event = WSP_EVENT_INIT;
    wsp_peer_options peer = WSP_PEER_OPTIONS_INIT;
    wsp_server_options options = WSP_SERVER_OPTIONS_INIT;
    wsp_reconnect_options reconnect = WSP_RECONNECT_OPTIONS_INIT;
    wsp_server_listen_options listen = WSP_SERVER_LISTEN_OPTIONS_INIT;
    wsp_client_connect_options connect = WSP_CLIENT_CONNECT_OPTIONS_INIT;
    wsp_http_answer answer = WSP_HTTP_ANSWER_INIT;

    listen.address = "localhost";
    CHECK_ERROR(wsp_server_listen(server, 0, &listen), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_server_listen(server, 70000, NULL), WSP_ERR_INVALID_PARAMETER);
    listen.address = NULL;
    listen.protocols = no_protocol;
    listen.protocol_count = 1;
    CHECK_ERROR(wsp_server_listen(server, 0, &listen), WSP_ERR_INVALID_PARAMETER);
    listen.protocols = NULL;
    CHECK_ERROR(wsp_server_listen(server, 0, &listen), WSP_ERR_INVALID_PARAMETER);
    listen.protocol_count = 0;
    listen.struct_size = 3;
    CHECK_ERROR(wsp_server_listen(server, 0, &listen), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_server_set_extra_headers(server, no_header, 1), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_client_connect_to_url(client, "http://x", NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_client_connect_to_url(client, "\xff", NULL), WSP_ERR_INVALID_DATA);
    connect.headers = no_header;
    connect.header_count = 1;
    CHECK_ERROR(wsp_client_connect_to_url(client, "ws://127.0.0.1:9", &connect), WSP_ERR_INVALID_PARAMETER);
    connect.header_count = 0;
    connect.struct_size = sizeof connect + 8;
    CHECK_ERROR(wsp_client_connect_to_url(client, "ws://127.0.0.1:9", &connect), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_client_send_text(client, "x"), WSP_ERR_FAILED);
    CHECK_ERROR(wsp_client_send(client, NULL, 0, 7), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_client_put_packet(client, 0, NULL, 0), WSP_ERR_UNCONFIGURED);
    CHECK_ERROR(wsp_client_wait(client, 0), WSP_ERR_UNCONFIGURED);
    CHECK_ERROR(wsp_client_next_event(client, &event), WSP_ERR_UNAVAILABLE);
    CHECK_ERROR(wsp_server_next_event(server, &event), WSP_ERR_UNAVAILABLE);
    CHECK_ERROR(wsp_server_put_packet(server, 0, NULL, 0), WSP_ERR_UNCONFIGURED);
    event.struct_size = 3;
    CHECK_ERROR(wsp_client_next_event(client, &event), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_server_next_event(server, &event), WSP_ERR_INVALID_PARAMETER);
    options.struct_size = 4;
    CHECK_ERROR(wsp_server_set_options(server, &options), WSP_ERR_INVALID_PARAMETER);
    peer.handshake_timeout = -1.0;
    CHECK_ERROR(wsp_server_set_peer_options(server, &peer), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_client_set_peer_options(client, &peer), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_client_get_peer_options(client, &peer), WSP_OK);
    CHECK(peer.inbound_buffer_size == 65536 && peer.outbound_buffer_size == 65535);

    CHECK_ERROR(wsp_client_connect_to_url(NULL, "ws://x", NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_client_disconnect(NULL, 1000, NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_client_next_event(NULL, &event), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_client_next_event(client, NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_client_wait(NULL, 0), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_client_set_reconnect_options(NULL, &reconnect), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_reconnect_options_init(NULL, sizeof reconnect), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_server_options_init(NULL, sizeof options), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_server_listen(NULL, 0, NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_server_next_event(NULL, &event), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_server_next_event(server, NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_server_wait(NULL, 0), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_server_send_text(NULL, 0, "x"), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_server_send_text(server, 0, NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_server_get_outbound_buffered_amount(server, 2, NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_server_reject_request(NULL, 2, &answer), WSP_ERR_INVALID_PARAMETER);
    CHECK(wsp_server_find_request_header(server, 2, NULL) == NULL);
    CHECK_NUMBER(wsp_server_get_local_port(NULL), 0);
    CHECK_NUMBER((long long)wsp_server_get_peers(NULL, NULL, 0), 0);
    CHECK_NUMBER(wsp_client_get_status(NULL), WSP_CLIENT_DISCONNECTED);
    CHECK_TEXT(wsp_client_get_error_message(NULL), "");
    CHECK_TEXT(wsp_server_get_error_message(NULL), "");
    wsp_server_poll(NULL);
    wsp_server_stop(NULL);
    wsp_server_wake(NULL);
    wsp_client_poll(NULL);
    wsp_client_flush(NULL);
    wsp_client_free(NULL);
    wsp_server_free(NULL);
    wsp_client_free(client);
    wsp_server_free(server);
}
