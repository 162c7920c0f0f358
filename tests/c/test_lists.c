/* Messages to a list of peers. */

#include "check.h"
#include "tests.h"

#include <stdio.h>
#include <string.h>

enum { CLIENTS = 3 };

/* A server and its clients. */
struct crowd {
    wsp_server *server;
    wsp_client *clients[CLIENTS];
    int32_t ids[CLIENTS];
    int opened;
    /* What each client has received, each message followed by a space, those of binary type in brackets. */
    char got[CLIENTS][64];
};

static void crowd_poll(struct crowd *crowd)
{
    wsp_event event = WSP_EVENT_INIT;

    wsp_server_poll(crowd->server);
    while (wsp_server_next_event(crowd->server, &event) == WSP_OK) {
        if (event.type == WSP_EVENT_OPENED && crowd->opened < CLIENTS) {
            crowd->ids[crowd->opened++] = event.peer;
        }
    }
    for (int i = 0; i < CLIENTS; i++) {
        if (crowd->clients[i] == NULL) {
            continue;
        }
        wsp_client_poll(crowd->clients[i]);
        while (wsp_client_next_event(crowd->clients[i], &event) == WSP_OK) {
            size_t used = strlen(crowd->got[i]);

            if (event.type == WSP_EVENT_MESSAGE) {
                snprintf(crowd->got[i] + used, sizeof crowd->got[i] - used, event.is_text ? "%.*s " : "[%.*s] ",
                         (int)event.len, (const char *)event.data);
            }
        }
    }
}

static bool crowd_open(struct crowd *crowd)
{
    wsp_server_listen_options listen = loopback();
    char url[64];

    memset(crowd, 0, sizeof *crowd);
    crowd->server = wsp_server_new();
    if (!CHECK_ERROR(wsp_server_listen(crowd->server, 0, &listen), WSP_OK)) {
        return false;
    }
    snprintf(url, sizeof url, "ws://127.0.0.1:%u/", (unsigned)wsp_server_get_local_port(crowd->server));
    for (int i = 0; i < CLIENTS; i++) {
        crowd->clients[i] = wsp_client_new();
        CHECK_ERROR(wsp_client_connect_to_url(crowd->clients[i], url, NULL), WSP_OK);
        WAIT_FOR(crowd->opened == i + 1 && wsp_client_get_status(crowd->clients[i]) == WSP_CLIENT_CONNECTED,
                 crowd_poll(crowd));
    }
    return CHECK_NUMBER(crowd->opened, CLIENTS);
}

void a_message_reaches_the_listed_clients(void)
{
    struct crowd crowd;

    if (crowd_open(&crowd)) {
        const int32_t *ids = crowd.ids;
        const int32_t with_unknown[] = {ids[0], 1, ids[2]};
        wsp_server *server = crowd.server;

        CHECK_ERROR(wsp_server_send_list(server, ids, 2, (const uint8_t *)"two", 3), WSP_OK);
        CHECK_ERROR(wsp_server_send_text_list(server, ids + 1, 2, "text"), WSP_OK);
        CHECK_ERROR(wsp_server_send_text_list(server, ids + 1, 1, "one"), WSP_OK);
        CHECK_ERROR(wsp_server_send_list(server, with_unknown, 3, (const uint8_t *)"x", 1), WSP_ERR_INVALID_PARAMETER);
        CHECK(strstr(wsp_server_get_error_message(server), "1") != NULL);
        CHECK_ERROR(wsp_server_send_list(server, NULL, 0, (const uint8_t *)"to no peer", 10), WSP_OK);
        CHECK_ERROR(wsp_server_send_text_list(server, ids, 3, "end"), WSP_OK);
        WAIT_FOR(strstr(crowd.got[0], "end") && strstr(crowd.got[1], "end") && strstr(crowd.got[2], "end"),
                 crowd_poll(&crowd));
        CHECK_TEXT(crowd.got[0], "[two] [x] end ");
        CHECK_TEXT(crowd.got[1], "[two] text one end ");
        CHECK_TEXT(crowd.got[2], "text [x] end ");

        CHECK_ERROR(wsp_server_send_list(NULL, ids, 2, NULL, 0), WSP_ERR_INVALID_PARAMETER);
        CHECK_ERROR(wsp_server_send_list(server, NULL, 1, NULL, 0), WSP_ERR_INVALID_PARAMETER);
        CHECK_ERROR(wsp_server_send_list(server, ids, SIZE_MAX, NULL, 0), WSP_ERR_INVALID_PARAMETER);
        CHECK_ERROR(wsp_server_send_list(server, ids, 2, NULL, 1), WSP_ERR_INVALID_PARAMETER);
        CHECK_ERROR(wsp_server_send_text_list(NULL, ids, 2, "x"), WSP_ERR_INVALID_PARAMETER);
        CHECK_ERROR(wsp_server_send_text_list(server, ids, 2, NULL), WSP_ERR_INVALID_PARAMETER);
        CHECK_ERROR(wsp_server_send_text_list(server, ids, 2, "\xff"), WSP_ERR_INVALID_DATA);
    }
    for (int i = 0; i < CLIENTS; i++) {
        wsp_client_free(crowd.clients[i]);
    }
    wsp_server_free(crowd.server);
}

/* Takes the packets of a room's client, each followed by a space. */
static void take_packets(wsp_multiplayer *room, char *got, size_t size)
{
    wsp_multiplayer_event event;

    event.struct_size = sizeof event;
    wsp_multiplayer_poll(room);
    while (wsp_multiplayer_next_event(room, &event) == WSP_OK) {
        size_t used = strlen(got);

        if (event.kind == WSP_MULTIPLAYER_PACKET) {
            snprintf(got + used, size - used, "%.*s ", (int)event.len, (const char *)event.data);
        }
    }
}

void a_packet_reaches_the_listed_peers_of_a_room(void)
{
    wsp_multiplayer *rooms[1 + CLIENTS];
    char got[1 + CLIENTS][64];
    int32_t ids[CLIENTS];
    char url[64];

    memset(got, 0, sizeof got);
    for (int i = 0; i <= CLIENTS; i++) {
        rooms[i] = wsp_multiplayer_new();
    }
    CHECK_ERROR(wsp_multiplayer_send_list(rooms[0], NULL, 0, (const uint8_t *)"x", 1), WSP_ERR_UNCONFIGURED);
    CHECK_ERROR(wsp_multiplayer_create_server(rooms[0], 0, "127.0.0.1", NULL), WSP_OK);
    snprintf(url, sizeof url, "ws://127.0.0.1:%u/", (unsigned)wsp_multiplayer_get_local_port(rooms[0]));
    for (int i = 1; i <= CLIENTS; i++) {
        CHECK_ERROR(wsp_multiplayer_create_client(rooms[i], url, NULL), WSP_OK);
        WAIT_FOR(wsp_multiplayer_get_peers(rooms[0], NULL, 0) == (size_t)i &&
                     wsp_multiplayer_get_unique_id(rooms[i]) != 0,
                 (take_packets(rooms[0], got[0], sizeof got[0]), take_packets(rooms[i], got[i], sizeof got[i])));
        ids[i - 1] = wsp_multiplayer_get_unique_id(rooms[i]);
    }
    CHECK_ERROR(wsp_multiplayer_send_list(rooms[0], ids, 2, (const uint8_t *)"two", 3), WSP_OK);
    CHECK_ERROR(wsp_multiplayer_send_list(rooms[0], ids + 2, 1, (const uint8_t *)"one", 3), WSP_OK);
    CHECK_ERROR(wsp_multiplayer_send_list(rooms[0], ids, CLIENTS, NULL, 0), WSP_OK);
    CHECK_ERROR(wsp_multiplayer_put_packet(rooms[0], 0, (const uint8_t *)"end", 3), WSP_OK);
    for (int i = 1; i <= CLIENTS; i++) {
        WAIT_FOR(strstr(got[i], "end") != NULL, take_packets(rooms[i], got[i], sizeof got[i]));
        CHECK_TEXT(got[i], i == CLIENTS ? "one end " : "two end ");
    }
    ids[1] = 1;
    CHECK_ERROR(wsp_multiplayer_send_list(rooms[0], ids, 2, (const uint8_t *)"x", 1), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_multiplayer_send_list(NULL, ids, 2, NULL, 0), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_multiplayer_send_list(rooms[0], NULL, 1, NULL, 0), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_multiplayer_send_list(rooms[0], ids, 1, NULL, 1), WSP_ERR_INVALID_PARAMETER);
    for (int i = CLIENTS; i >= 0; i--) {
        wsp_multiplayer_free(rooms[i]);
    }
}
