/* Messages of a program that makes no further call leave by themselves, from every object. */

#include "check.h"
#include "tests.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGES = 5, BURST = 20000, NUMBER = 8 };

/* One object of each kind, connected to its counterpart. */
struct world {
    struct pair pair;
    wsp_server *server;
    wsp_client *client;
    int32_t id;
    wsp_multiplayer *rooms[2];
    int received;
    bool is_in_order;
};

/* A direction in which messages are sent. `send` is the only call on the sender, and `receive` makes none on it. */
struct direction {
    const char *name;
    wsp_error (*send)(struct world *world, const uint8_t *data, size_t length);
    void (*receive)(struct world *world);
};

static void take(struct world *world, const uint8_t *data, size_t length)
{
    char expected[16];

    snprintf(expected, sizeof expected, "%08d", world->received++);
    world->is_in_order = world->is_in_order && length == NUMBER && memcmp(data, expected, length) == 0;
}

static void take_packets(struct world *world, wsp_peer *peer)
{
    const uint8_t *data;
    size_t length;

    wsp_peer_poll(peer);
    while (wsp_peer_get_packet(peer, &data, &length) == WSP_OK) {
        take(world, data, length);
    }
}

static wsp_error send_by_client_peer(struct world *world, const uint8_t *data, size_t length)
{
    return wsp_peer_send(world->pair.client, data, length, WSP_WRITE_MODE_BINARY);
}

static void receive_by_server_peer(struct world *world)
{
    take_packets(world, world->pair.server);
}

static wsp_error send_by_server_peer(struct world *world, const uint8_t *data, size_t length)
{
    return wsp_peer_send(world->pair.server, data, length, WSP_WRITE_MODE_BINARY);
}

static void receive_by_client_peer(struct world *world)
{
    take_packets(world, world->pair.client);
}

static wsp_error send_by_client(struct world *world, const uint8_t *data, size_t length)
{
    return wsp_client_send(world->client, data, length, WSP_WRITE_MODE_BINARY);
}

static void receive_by_server(struct world *world)
{
    wsp_event event = WSP_EVENT_INIT;

    wsp_server_poll(world->server);
    while (wsp_server_next_event(world->server, &event) == WSP_OK) {
        if (event.type == WSP_EVENT_MESSAGE) {
            take(world, event.data, event.len);
        } else if (event.type == WSP_EVENT_OPENED) {
            world->id = event.peer;
        }
    }
}

static wsp_error send_by_server(struct world *world, const uint8_t *data, size_t length)
{
    return wsp_server_send(world->server, world->id, data, length, WSP_WRITE_MODE_BINARY);
}

static wsp_error send_by_server_to_all(struct world *world, const uint8_t *data, size_t length)
{
    return wsp_server_send(world->server, 0, data, length, WSP_WRITE_MODE_BINARY);
}

static void receive_by_client(struct world *world)
{
    wsp_event event = WSP_EVENT_INIT;

    wsp_client_poll(world->client);
    while (wsp_client_next_event(world->client, &event) == WSP_OK) {
        if (event.type == WSP_EVENT_MESSAGE) {
            take(world, event.data, event.len);
        }
    }
}

static void receive_by_room(struct world *world, int room)
{
    wsp_multiplayer_event event;

    event.struct_size = sizeof event;
    wsp_multiplayer_poll(world->rooms[room]);
    while (wsp_multiplayer_next_event(world->rooms[room], &event) == WSP_OK) {
        if (event.kind == WSP_MULTIPLAYER_PACKET) {
            take(world, event.data, event.len);
        }
    }
}

static wsp_error send_by_room_server(struct world *world, const uint8_t *data, size_t length)
{
    return wsp_multiplayer_put_packet(world->rooms[0], 0, data, length);
}

static void receive_by_room_client(struct world *world)
{
    receive_by_room(world, 1);
}

static wsp_error send_by_room_client(struct world *world, const uint8_t *data, size_t length)
{
    return wsp_multiplayer_put_packet(world->rooms[1], 1, data, length);
}

static void receive_by_room_server(struct world *world)
{
    receive_by_room(world, 0);
}

static const struct direction DIRECTIONS[] = {
    {"a client peer", send_by_client_peer, receive_by_server_peer},
    {"a server peer", send_by_server_peer, receive_by_client_peer},
    {"a client", send_by_client, receive_by_server},
    {"a server", send_by_server, receive_by_client},
    {"a server to all", send_by_server_to_all, receive_by_client},
    {"the server of a room", send_by_room_server, receive_by_room_client},
    {"a client of a room", send_by_room_client, receive_by_room_server},
};

enum { DIRECTION_COUNT = sizeof DIRECTIONS / sizeof *DIRECTIONS };

static void poll_objects(struct world *world)
{
    receive_by_server(world);
    receive_by_client(world);
    receive_by_room(world, 0);
    receive_by_room(world, 1);
}

static bool world_open(struct world *world)
{
    wsp_server_listen_options listen = loopback();
    wsp_peer_options options = wide_options();
    char url[64];

    memset(world, 0, sizeof *world);
    if (!pair_open(&world->pair, &options)) {
        return false;
    }
    world->server = wsp_server_new();
    world->client = wsp_client_new();
    CHECK_ERROR(wsp_server_set_peer_options(world->server, &options), WSP_OK);
    CHECK_ERROR(wsp_client_set_peer_options(world->client, &options), WSP_OK);
    CHECK_ERROR(wsp_server_listen(world->server, 0, &listen), WSP_OK);
    snprintf(url, sizeof url, "ws://127.0.0.1:%u/", (unsigned)wsp_server_get_local_port(world->server));
    CHECK_ERROR(wsp_client_connect_to_url(world->client, url, NULL), WSP_OK);
    for (int i = 0; i < 2; i++) {
        world->rooms[i] = wsp_multiplayer_new();
        CHECK_ERROR(wsp_multiplayer_set_options(world->rooms[i], &options), WSP_OK);
    }
    CHECK_ERROR(wsp_multiplayer_create_server(world->rooms[0], 0, "127.0.0.1", NULL), WSP_OK);
    snprintf(url, sizeof url, "ws://127.0.0.1:%u/", (unsigned)wsp_multiplayer_get_local_port(world->rooms[0]));
    CHECK_ERROR(wsp_multiplayer_create_client(world->rooms[1], url, NULL), WSP_OK);
    WAIT_FOR(world->id != 0 && wsp_client_get_status(world->client) == WSP_CLIENT_CONNECTED &&
                 wsp_multiplayer_get_peers(world->rooms[0], NULL, 0) == 1 &&
                 wsp_multiplayer_get_peers(world->rooms[1], NULL, 0) == 1,
             poll_objects(world));
    return CHECK_NUMBER(world->received, 0);
}

static void world_free(struct world *world)
{
    wsp_client_free(world->client);
    wsp_server_free(world->server);
    wsp_multiplayer_free(world->rooms[1]);
    wsp_multiplayer_free(world->rooms[0]);
    pair_free(&world->pair);
}

static void send_numbers(struct world *world, const struct direction *direction, int count)
{
    for (int i = 0; i < count; i++) {
        char number[16];

        snprintf(number, sizeof number, "%08d", i);
        CHECK_ERROR(direction->send(world, (const uint8_t *)number, NUMBER), WSP_OK);
    }
}

static void receive_numbers(struct world *world, const struct direction *direction, int count)
{
    world->received = 0;
    world->is_in_order = true;
    WAIT_FOR(world->received >= count, direction->receive(world));
    CHECK_NUMBER(world->received, count);
    CHECK(world->is_in_order);
}

void accepted_messages_leave_without_further_calls(void)
{
    static const int COUNTS[] = {MESSAGES, BURST};
    struct world world;

    if (world_open(&world)) {
        for (size_t i = 0; i < sizeof COUNTS / sizeof *COUNTS; i++) {
            for (int j = 0; j < DIRECTION_COUNT; j++) {
                about(DIRECTIONS[j].name);
                send_numbers(&world, &DIRECTIONS[j], COUNTS[i]);
                receive_numbers(&world, &DIRECTIONS[j], COUNTS[i]);
            }
        }
        about(NULL);
    }
    world_free(&world);
}

struct sender {
    struct world *world;
    const struct direction *direction;
};

static void *send_in_a_thread(void *argument)
{
    const struct sender *sender = argument;

    send_numbers(sender->world, sender->direction, MESSAGES);
    return NULL;
}

void messages_of_an_ended_thread_leave(void)
{
    struct world world;

    if (world_open(&world)) {
        for (int i = 0; i < DIRECTION_COUNT; i++) {
            struct sender sender = {&world, &DIRECTIONS[i]};
            pthread_t thread;

            about(DIRECTIONS[i].name);
            if (!CHECK(pthread_create(&thread, NULL, send_in_a_thread, &sender) == 0)) {
                break;
            }
            pthread_join(thread, NULL);
            receive_numbers(&world, &DIRECTIONS[i], MESSAGES);
        }
        about(NULL);
    }
    world_free(&world);
}

/* Each round frees objects that have just asked for a flush. */
void objects_are_freed_while_their_messages_are_flushed(void)
{
    for (int round = 0; round < 20; round++) {
        struct world world;

        if (world_open(&world)) {
            for (int i = 0; i < DIRECTION_COUNT; i++) {
                send_numbers(&world, &DIRECTIONS[i], MESSAGES);
            }
            for (int i = 0; i < round % 10; i++) {
                nap();
            }
        }
        world_free(&world);
    }
}
