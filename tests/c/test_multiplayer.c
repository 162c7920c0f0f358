/* Rooms: wsp_multiplayer_*. */

#include "check.h"
#include "tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOMS = 4, LOG = 64 };

struct entry {
    wsp_multiplayer_event_kind kind;
    int32_t peer_id;
    char text[64];
};

/* A server, rooms[0], and its clients, with the events of each. */
struct hall {
    wsp_multiplayer *rooms[ROOMS];
    struct entry log[ROOMS][LOG];
    int logged[ROOMS];
    int count;
};

static void take_events(struct hall *hall, int room)
{
    wsp_multiplayer_event event;

    event.struct_size = sizeof event;
    while (wsp_multiplayer_next_event(hall->rooms[room], &event) == WSP_OK) {
        struct entry *entry = &hall->log[room][hall->logged[room]];

        if (!CHECK(hall->logged[room] < LOG) || !CHECK(event.len < sizeof entry->text)) {
            return;
        }
        hall->logged[room]++;
        memset(entry, 0, sizeof *entry);
        entry->kind = event.kind;
        entry->peer_id = event.peer_id;
        if (event.len > 0) {
            memcpy(entry->text, event.data, event.len);
        }
    }
}

static void poll_all(struct hall *hall)
{
    for (int i = 0; i < hall->count; i++) {
        wsp_multiplayer_poll(hall->rooms[i]);
        take_events(hall, i);
    }
}

static int32_t id_of(const struct hall *hall, int room)
{
    return wsp_multiplayer_get_unique_id(hall->rooms[room]);
}

static bool has_logged(const struct hall *hall, int room, wsp_multiplayer_event_kind kind, int32_t peer_id,
                     const char *text)
{
    for (int i = 0; i < hall->logged[room]; i++) {
        const struct entry *entry = &hall->log[room][i];

        if (entry->kind == kind && entry->peer_id == peer_id && strcmp(entry->text, text) == 0) {
            return true;
        }
    }
    return false;
}

#define WAIT_LOGGED(hall, room, kind, peer_id, text) \
    WAIT_FOR(has_logged((hall), (room), (kind), (peer_id), (text)), poll_all(hall))

static const char *hall_url(const struct hall *hall)
{
    static char url[64];

    snprintf(url, sizeof url, "ws://127.0.0.1:%u/", (unsigned)wsp_multiplayer_get_local_port(hall->rooms[0]));
    return url;
}

/* Adds a client that has started to connect. */
static int hall_invite(struct hall *hall, bool is_scene, bool needs_auth)
{
    wsp_multiplayer *room = wsp_multiplayer_new();

    CHECK_ERROR(wsp_multiplayer_set_scene(room, is_scene, needs_auth), WSP_OK);
    CHECK_ERROR(wsp_multiplayer_create_client(room, hall_url(hall), NULL), WSP_OK);
    hall->rooms[hall->count] = room;
    return hall->count++;
}

static void hall_open(struct hall *hall, int clients, bool is_scene)
{
    memset(hall, 0, sizeof *hall);
    hall->rooms[0] = wsp_multiplayer_new();
    hall->count = 1;
    CHECK_ERROR(wsp_multiplayer_set_scene(hall->rooms[0], is_scene, false), WSP_OK);
    CHECK_ERROR(wsp_multiplayer_create_server(hall->rooms[0], 0, "127.0.0.1", NULL), WSP_OK);
    for (int i = 0; i < clients; i++) {
        int client = hall_invite(hall, is_scene, false);

        WAIT_FOR(id_of(hall, client) != 0, poll_all(hall));
        WAIT_LOGGED(hall, client, WSP_MULTIPLAYER_PEER_CONNECTED, 1, "");
        WAIT_LOGGED(hall, 0, WSP_MULTIPLAYER_PEER_CONNECTED, id_of(hall, client), "");
    }
}

static void hall_close(struct hall *hall)
{
    for (int i = 0; i < hall->count; i++) {
        wsp_multiplayer_free(hall->rooms[i]);
    }
}

static wsp_peer_options options_of(const wsp_multiplayer *room)
{
    wsp_peer_options options = WSP_PEER_OPTIONS_INIT;

    CHECK_ERROR(wsp_multiplayer_get_options(room, &options), WSP_OK);
    return options;
}

static wsp_error put(wsp_multiplayer *room, int32_t target, const char *text)
{
    return wsp_multiplayer_put_packet(room, target, (const uint8_t *)text, strlen(text));
}

static wsp_error put_bytes(wsp_multiplayer *room, int32_t target, const char *text)
{
    return wsp_multiplayer_send_bytes(room, target, (const uint8_t *)text, strlen(text));
}

void null_rooms_are_refused(void)
{
    const uint8_t byte = 0;
    wsp_peer_options options = WSP_PEER_OPTIONS_INIT;
    wsp_multiplayer_event event;

    event.struct_size = sizeof event;
    wsp_multiplayer_free(NULL);
    wsp_multiplayer_poll(NULL);
    wsp_multiplayer_flush(NULL);
    wsp_multiplayer_close(NULL);
    wsp_multiplayer_set_max_clients(NULL, 1);
    wsp_multiplayer_set_refuse_new_connections(NULL, true);
    CHECK_ERROR(wsp_multiplayer_create_server(NULL, 0, "*", NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_multiplayer_create_client(NULL, "ws://127.0.0.1:1", NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_multiplayer_set_scene(NULL, true, false), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_multiplayer_next_event(NULL, &event), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_multiplayer_put_packet(NULL, 0, &byte, 1), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_multiplayer_send_bytes(NULL, 0, &byte, 1), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_multiplayer_send_auth(NULL, 2, &byte, 1), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_multiplayer_complete_auth(NULL, 2), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_multiplayer_disconnect_peer(NULL, 2, false), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_multiplayer_set_options(NULL, &options), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_multiplayer_get_options(NULL, &options), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_multiplayer_set_supported_protocols(NULL, NULL, 0), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_multiplayer_set_handshake_headers(NULL, NULL, 0), WSP_ERR_INVALID_PARAMETER);
    CHECK(wsp_multiplayer_get_status(NULL) == WSP_MULTIPLAYER_DISCONNECTED);
    CHECK_NUMBER(wsp_multiplayer_get_unique_id(NULL), 0);
    CHECK_NUMBER(wsp_multiplayer_get_local_port(NULL), 0);
    CHECK_NUMBER((long long)wsp_multiplayer_get_peers(NULL, NULL, 0), 0);
    CHECK(wsp_multiplayer_get_peer(NULL, 1) == NULL);
    CHECK_TEXT(wsp_multiplayer_get_error_message(NULL), "");
}

/* The reason of each refusal is reported, and the room stays usable. */
void every_refusal_of_a_room_is_explained(void)
{
    static const char *const lines[] = {"no colon"};
    wsp_multiplayer *room = wsp_multiplayer_new();
    wsp_tls_options *tls = wsp_tls_options_new();
    wsp_peer_options options = WSP_PEER_OPTIONS_INIT;
    wsp_multiplayer_event event;

#define REFUSED(call, error)                                          \
    do {                                                              \
        CHECK_ERROR((call), (error));                                 \
        CHECK(wsp_multiplayer_get_error_message(room)[0] != '\0');    \
        CHECK(wsp_multiplayer_get_status(room) == WSP_MULTIPLAYER_DISCONNECTED); \
    } while (0)

    CHECK_TEXT(wsp_multiplayer_get_error_message(room), "");
    REFUSED(wsp_multiplayer_create_server(room, 70000, "*", NULL), WSP_ERR_INVALID_PARAMETER);
    REFUSED(wsp_multiplayer_create_server(room, -1, "*", NULL), WSP_ERR_INVALID_PARAMETER);
    REFUSED(wsp_multiplayer_create_server(room, 0, NULL, NULL), WSP_ERR_INVALID_PARAMETER);
    REFUSED(wsp_multiplayer_create_server(room, 0, "localhost", NULL), WSP_ERR_INVALID_PARAMETER);
    REFUSED(wsp_multiplayer_create_server(room, 0, "\xff", NULL), WSP_ERR_INVALID_DATA);
    REFUSED(wsp_multiplayer_create_server(room, 0, "192.0.2.1", NULL), WSP_ERR_ALREADY_IN_USE);
#ifdef WITHOUT_TLS
    REFUSED(wsp_multiplayer_create_server(room, 0, "127.0.0.1", tls), WSP_ERR_UNAVAILABLE);
#else
    REFUSED(wsp_multiplayer_create_server(room, 0, "127.0.0.1", tls), WSP_ERR_INVALID_PARAMETER);
#endif
    REFUSED(wsp_multiplayer_create_client(room, NULL, NULL), WSP_ERR_INVALID_PARAMETER);
    REFUSED(wsp_multiplayer_create_client(room, "", NULL), WSP_ERR_INVALID_PARAMETER);
    REFUSED(wsp_multiplayer_create_client(room, "http://127.0.0.1", NULL), WSP_ERR_INVALID_PARAMETER);
    REFUSED(put(room, 0, "x"), WSP_ERR_UNCONFIGURED);
    REFUSED(put_bytes(room, 0, "x"), WSP_ERR_UNCONFIGURED);
    REFUSED(wsp_multiplayer_put_packet(room, 0, NULL, 1), WSP_ERR_INVALID_PARAMETER);
    REFUSED(wsp_multiplayer_disconnect_peer(room, 1, true), WSP_ERR_INVALID_PARAMETER);
    REFUSED(wsp_multiplayer_complete_auth(room, 2), WSP_ERR_INVALID_PARAMETER);
    REFUSED(wsp_multiplayer_send_auth(room, 2, (const uint8_t *)"x", 1), WSP_ERR_INVALID_PARAMETER);
    REFUSED(wsp_multiplayer_send_auth(room, 2, NULL, 0), WSP_ERR_INVALID_PARAMETER);
    REFUSED(wsp_multiplayer_set_options(room, NULL), WSP_ERR_INVALID_PARAMETER);
    options.heartbeat_interval = -1.0;
    REFUSED(wsp_multiplayer_set_options(room, &options), WSP_ERR_INVALID_PARAMETER);
    options.heartbeat_interval = 0.0;
    options.stream_messages = 1;
    REFUSED(wsp_multiplayer_set_options(room, &options), WSP_ERR_INVALID_PARAMETER);
    REFUSED(wsp_multiplayer_get_options(room, NULL), WSP_ERR_INVALID_PARAMETER);
    event.struct_size = 3;
    CHECK_ERROR(wsp_multiplayer_next_event(room, &event), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_multiplayer_next_event(room, NULL), WSP_ERR_INVALID_PARAMETER);
    event.struct_size = sizeof event;
    CHECK_ERROR(wsp_multiplayer_next_event(room, &event), WSP_ERR_UNAVAILABLE);
    CHECK_ERROR(wsp_multiplayer_set_handshake_headers(room, lines, 1), WSP_OK);
    REFUSED(wsp_multiplayer_create_server(room, 0, "127.0.0.1", NULL), WSP_ERR_INVALID_PARAMETER);
#undef REFUSED
    CHECK_ERROR(wsp_multiplayer_set_handshake_headers(room, NULL, 0), WSP_OK);
    CHECK_ERROR(wsp_multiplayer_create_server(room, 0, "127.0.0.1", NULL), WSP_OK);
    CHECK_ERROR(wsp_multiplayer_create_server(room, 0, "127.0.0.1", NULL), WSP_ERR_ALREADY_IN_USE);
    CHECK_ERROR(wsp_multiplayer_set_scene(room, true, false), WSP_ERR_ALREADY_IN_USE);
    CHECK_ERROR(put(room, 5, "x"), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(put(room, 0, "no peer"), WSP_OK);
    wsp_tls_options_free(tls);
    wsp_multiplayer_free(room);
}

void a_room_keeps_its_options(void)
{
    static const char *const protocols[] = {"game"};
    wsp_peer_options options;
    struct hall hall;
    wsp_peer *peer;
    int client;

    hall_open(&hall, 0, false);
    options = options_of(hall.rooms[0]);
    CHECK(options.handshake_timeout > 2.9 && options.handshake_timeout < 3.1);
    options.compression_enabled = 1;
    CHECK_ERROR(wsp_multiplayer_set_options(hall.rooms[0], &options), WSP_OK);
    CHECK_ERROR(wsp_multiplayer_set_supported_protocols(hall.rooms[0], protocols, 1), WSP_OK);
    client = hall.count++;
    hall.rooms[client] = wsp_multiplayer_new();
    CHECK_ERROR(wsp_multiplayer_set_options(hall.rooms[client], &options), WSP_OK);
    CHECK_ERROR(wsp_multiplayer_set_supported_protocols(hall.rooms[client], protocols, 1), WSP_OK);
    CHECK_ERROR(wsp_multiplayer_create_client(hall.rooms[client], hall_url(&hall), NULL), WSP_OK);
    WAIT_LOGGED(&hall, client, WSP_MULTIPLAYER_PEER_CONNECTED, 1, "");
    peer = wsp_multiplayer_get_peer(hall.rooms[client], 1);
    CHECK(wsp_peer_is_compression_active(peer, NULL));
    CHECK_TEXT(wsp_peer_get_selected_protocol(peer), "game");
    wsp_peer_free(peer);
    hall_close(&hall);
}

void packets_reach_their_targets(void)
{
    struct hall hall;
    int32_t ids[ROOMS] = {0, 0, 0, 0};

    hall_open(&hall, 3, false);
    CHECK_NUMBER((long long)wsp_multiplayer_get_peers(hall.rooms[0], NULL, 0), 3);
    CHECK_NUMBER((long long)wsp_multiplayer_get_peers(hall.rooms[0], ids, 2), 3);
    CHECK(ids[0] > 1 && ids[1] > 1 && ids[2] == 0);
    CHECK_ERROR(put(hall.rooms[0], 0, "all"), WSP_OK);
    CHECK_ERROR(put(hall.rooms[0], id_of(&hall, 2), "one"), WSP_OK);
    CHECK_ERROR(put(hall.rooms[0], -id_of(&hall, 3), "not the third"), WSP_OK);
    wsp_multiplayer_flush(hall.rooms[0]);
    WAIT_LOGGED(&hall, 2, WSP_MULTIPLAYER_PACKET, 1, "not the third");
    WAIT_LOGGED(&hall, 1, WSP_MULTIPLAYER_PACKET, 1, "not the third");
    WAIT_LOGGED(&hall, 3, WSP_MULTIPLAYER_PACKET, 1, "all");
    CHECK(has_logged(&hall, 2, WSP_MULTIPLAYER_PACKET, 1, "one"));
    CHECK(!has_logged(&hall, 1, WSP_MULTIPLAYER_PACKET, 1, "one"));
    CHECK(!has_logged(&hall, 3, WSP_MULTIPLAYER_PACKET, 1, "not the third"));
    CHECK_ERROR(put(hall.rooms[1], 0, "to the server"), WSP_OK);
    WAIT_LOGGED(&hall, 0, WSP_MULTIPLAYER_PACKET, id_of(&hall, 1), "to the server");
    hall_close(&hall);
}

void a_room_reports_which_peer_disconnected_and_why(void)
{
    struct hall hall;
    wsp_multiplayer_event event;
    wsp_peer *peer;
    int32_t id;

    hall_open(&hall, 2, false);
    id = id_of(&hall, 1);
    CHECK_ERROR(put(hall.rooms[1], 0, "last packet"), WSP_OK);
    wsp_multiplayer_close(hall.rooms[1]);
    CHECK_NUMBER(id_of(&hall, 1), 0);
    WAIT_LOGGED(&hall, 0, WSP_MULTIPLAYER_PACKET, id, "last packet");
    event.struct_size = sizeof event;
    WAIT_FOR(wsp_multiplayer_next_event(hall.rooms[0], &event) == WSP_OK, wsp_multiplayer_poll(hall.rooms[0]));
    CHECK(event.kind == WSP_MULTIPLAYER_PEER_DISCONNECTED && event.peer_id == id);
    peer = wsp_multiplayer_get_peer(hall.rooms[0], id);
    CHECK_NUMBER(wsp_peer_get_close_code(peer), 1000);
    CHECK(strstr(wsp_multiplayer_get_error_message(hall.rooms[0]), "1000") != NULL);
    wsp_multiplayer_poll(hall.rooms[0]);
    CHECK(wsp_multiplayer_get_peer(hall.rooms[0], id) == NULL);
    /* The handle stays valid after the room has dropped the connection. */
    CHECK_NUMBER(wsp_peer_get_close_code(peer), 1000);
    wsp_peer_free(peer);

    id = id_of(&hall, 2);
    CHECK_ERROR(wsp_multiplayer_disconnect_peer(hall.rooms[0], id, false), WSP_OK);
    WAIT_LOGGED(&hall, 2, WSP_MULTIPLAYER_PEER_DISCONNECTED, 1, "");
    WAIT_LOGGED(&hall, 0, WSP_MULTIPLAYER_PEER_DISCONNECTED, id, "");
    CHECK(wsp_multiplayer_get_status(hall.rooms[0]) == WSP_MULTIPLAYER_CONNECTED);
    hall_close(&hall);
}

void a_room_answers_requests(void)
{
    static const char *const header[] = {"X-Room: yes"};
    wsp_peer_options options;
    wsp_request request;
    struct hall hall;
    wsp_peer *peer;
    int32_t id;

    hall_open(&hall, 0, false);
    options = options_of(hall.rooms[0]);
    options.auto_accept = 0;
    CHECK_ERROR(wsp_multiplayer_set_options(hall.rooms[0], &options), WSP_OK);
    hall_invite(&hall, false, false);
    WAIT_FOR(hall.logged[0] == 1, poll_all(&hall));
    CHECK(hall.log[0][0].kind == WSP_MULTIPLAYER_REQUESTED);
    peer = wsp_multiplayer_get_peer(hall.rooms[0], hall.log[0][0].peer_id);
    request.struct_size = sizeof request;
    CHECK_ERROR(wsp_peer_get_request(peer, &request), WSP_OK);
    CHECK_TEXT(request.path, "/");
    CHECK_ERROR(wsp_peer_accept_request(peer, header, 1), WSP_OK);
    wsp_peer_free(peer);
    WAIT_LOGGED(&hall, 1, WSP_MULTIPLAYER_PEER_CONNECTED, 1, "");
    peer = wsp_multiplayer_get_peer(hall.rooms[1], 1);
    CHECK_TEXT(wsp_peer_find_received_header(peer, "x-room"), "yes");
    wsp_peer_free(peer);

    hall_invite(&hall, false, false);
    WAIT_FOR(hall.logged[0] == 3, poll_all(&hall));
    id = hall.log[0][2].peer_id;
    peer = wsp_multiplayer_get_peer(hall.rooms[0], id);
    CHECK_ERROR(wsp_peer_reject_request(peer, NULL), WSP_OK);
    wsp_peer_free(peer);
    WAIT_FOR(wsp_multiplayer_get_status(hall.rooms[2]) == WSP_MULTIPLAYER_DISCONNECTED, poll_all(&hall));
    CHECK(strstr(wsp_multiplayer_get_error_message(hall.rooms[2]), "403") != NULL);

    options.auto_accept = 1;
    CHECK_ERROR(wsp_multiplayer_set_options(hall.rooms[0], &options), WSP_OK);
    wsp_multiplayer_set_max_clients(hall.rooms[0], 1);
    CHECK_ERROR(wsp_multiplayer_create_client(hall.rooms[2], hall_url(&hall), NULL), WSP_OK);
    WAIT_FOR(wsp_multiplayer_get_status(hall.rooms[2]) == WSP_MULTIPLAYER_DISCONNECTED, poll_all(&hall));
    CHECK(strstr(wsp_multiplayer_get_error_message(hall.rooms[2]), "full") != NULL);
    wsp_multiplayer_set_max_clients(hall.rooms[0], 0);
    wsp_multiplayer_set_refuse_new_connections(hall.rooms[0], true);
    CHECK_ERROR(wsp_multiplayer_create_client(hall.rooms[2], hall_url(&hall), NULL), WSP_OK);
    WAIT_FOR(wsp_multiplayer_get_status(hall.rooms[2]) == WSP_MULTIPLAYER_DISCONNECTED, poll_all(&hall));
    CHECK(strstr(wsp_multiplayer_get_error_message(hall.rooms[2]), "503") != NULL);
    hall_close(&hall);
}

void a_scene_room_introduces_clients_and_relays_packets(void)
{
    struct hall hall;

    hall_open(&hall, 3, true);
    for (int from = 0; from < hall.count; from++) {
        WAIT_FOR(wsp_multiplayer_get_peers(hall.rooms[from], NULL, 0) == 3, poll_all(&hall));
        CHECK_ERROR(put_bytes(hall.rooms[from], 0, "hello all"), WSP_OK);
    }
    for (int to = 0; to < hall.count; to++) {
        for (int from = 0; from < hall.count; from++) {
            if (from != to) {
                WAIT_LOGGED(&hall, to, WSP_MULTIPLAYER_BYTES, id_of(&hall, from), "hello all");
            }
        }
    }
    CHECK_ERROR(put_bytes(hall.rooms[1], id_of(&hall, 2), "just you"), WSP_OK);
    WAIT_LOGGED(&hall, 2, WSP_MULTIPLAYER_BYTES, id_of(&hall, 1), "just you");
    CHECK(!has_logged(&hall, 3, WSP_MULTIPLAYER_BYTES, id_of(&hall, 1), "just you"));
    CHECK(!has_logged(&hall, 0, WSP_MULTIPLAYER_BYTES, id_of(&hall, 1), "just you"));
    /* A remote call is relayed unchanged. */
    CHECK_ERROR(put(hall.rooms[1], id_of(&hall, 3), "\x20 call"), WSP_OK);
    WAIT_LOGGED(&hall, 3, WSP_MULTIPLAYER_PACKET, id_of(&hall, 1), "\x20 call");
    {
        int32_t closed = id_of(&hall, 2);

        wsp_multiplayer_close(hall.rooms[2]);
        WAIT_LOGGED(&hall, 1, WSP_MULTIPLAYER_PEER_DISCONNECTED, closed, "");
        WAIT_LOGGED(&hall, 3, WSP_MULTIPLAYER_PEER_DISCONNECTED, closed, "");
        CHECK_ERROR(put_bytes(hall.rooms[1], closed, "too late"), WSP_ERR_INVALID_PARAMETER);
    }
    hall_close(&hall);
}

void a_scene_room_accepts_authenticated_peers(void)
{
    struct hall hall;
    int32_t id;

    memset(&hall, 0, sizeof hall);
    hall.rooms[0] = wsp_multiplayer_new();
    hall.count = 1;
    CHECK_ERROR(wsp_multiplayer_set_scene(hall.rooms[0], true, true), WSP_OK);
    CHECK_ERROR(wsp_multiplayer_create_server(hall.rooms[0], 0, "127.0.0.1", NULL), WSP_OK);
    hall_invite(&hall, true, true);
    WAIT_LOGGED(&hall, 1, WSP_MULTIPLAYER_AUTHENTICATING, 1, "");
    id = id_of(&hall, 1);
    WAIT_LOGGED(&hall, 0, WSP_MULTIPLAYER_AUTHENTICATING, id, "");
    CHECK_ERROR(wsp_multiplayer_send_auth(hall.rooms[1], 1, (const uint8_t *)"secret", 6), WSP_OK);
    WAIT_LOGGED(&hall, 0, WSP_MULTIPLAYER_AUTH, id, "secret");
    CHECK_NUMBER((long long)wsp_multiplayer_get_peers(hall.rooms[0], NULL, 0), 0);
    CHECK_ERROR(wsp_multiplayer_complete_auth(hall.rooms[0], id), WSP_OK);
    CHECK_ERROR(wsp_multiplayer_complete_auth(hall.rooms[1], 1), WSP_OK);
    WAIT_LOGGED(&hall, 0, WSP_MULTIPLAYER_PEER_CONNECTED, id, "");
    WAIT_LOGGED(&hall, 1, WSP_MULTIPLAYER_PEER_CONNECTED, 1, "");

    hall_invite(&hall, true, true);
    WAIT_LOGGED(&hall, 2, WSP_MULTIPLAYER_AUTHENTICATING, 1, "");
    id = id_of(&hall, 2);
    WAIT_LOGGED(&hall, 0, WSP_MULTIPLAYER_AUTHENTICATING, id, "");
    CHECK_ERROR(wsp_multiplayer_disconnect_peer(hall.rooms[0], id, true), WSP_OK);
    WAIT_LOGGED(&hall, 2, WSP_MULTIPLAYER_AUTH_FAILED, 1, "");
    CHECK(!has_logged(&hall, 1, WSP_MULTIPLAYER_PEER_CONNECTED, id, ""));
    hall_close(&hall);
}
