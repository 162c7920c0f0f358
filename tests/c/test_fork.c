/* Processes that fork(): the child uses objects of its own. */

#include "check.h"
#include "tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef _WIN32

/* The random values of one connection, as its bytes show them, and the ids of a server and of a room. */
struct draws {
    char key[32];
    unsigned char mask[4];
    int32_t server_id;
    int32_t room_id;
};

/* A client whose bytes pass through this program on their way to a server. */
struct tapped {
    wsp_server *server;
    wsp_client *client;
    wsp_tcp_server *listener;
    wsp_stream *from_client;
    wsp_stream *to_server;
    bool is_open;
    int32_t id;
    unsigned char sent[4096];
    size_t sent_length;
};

/* Passes on what has arrived in one direction. Returns the number of bytes. */
static size_t pass_on(wsp_stream *from, wsp_stream *to, unsigned char *bytes, size_t room)
{
    size_t count = 0;

    wsp_stream_poll(from);
    if (wsp_stream_get_partial_data(from, bytes, room, &count) != WSP_OK || count == 0) {
        return 0;
    }
    CHECK_ERROR(wsp_stream_put_data(to, bytes, count), WSP_OK);
    return count;
}

static void step(struct tapped *tapped)
{
    unsigned char answer[4096];
    wsp_event event = WSP_EVENT_INIT;

    if (tapped->from_client == NULL) {
        tapped->from_client = wsp_tcp_server_take_connection(tapped->listener);
    } else {
        tapped->sent_length += pass_on(tapped->from_client, tapped->to_server, tapped->sent + tapped->sent_length,
                                       sizeof tapped->sent - tapped->sent_length);
        pass_on(tapped->to_server, tapped->from_client, answer, sizeof answer);
    }
    wsp_server_poll(tapped->server);
    while (wsp_server_next_event(tapped->server, &event) == WSP_OK) {
        if (event.type == WSP_EVENT_OPENED) {
            tapped->id = event.peer;
        }
    }
    wsp_client_poll(tapped->client);
    while (wsp_client_next_event(tapped->client, &event) == WSP_OK) {
        tapped->is_open |= event.type == WSP_EVENT_OPENED;
    }
}

static void exchange(struct tapped *tapped, struct draws *draws)
{
    static const char name[] = "Sec-WebSocket-Key: ";
    wsp_server_listen_options listen = loopback();
    char url[64];
    const char *key;
    size_t head;

    REQUIRE(CHECK_ERROR(wsp_server_listen(tapped->server, 0, &listen), WSP_OK));
    REQUIRE(CHECK_ERROR(wsp_tcp_server_listen(tapped->listener, 0, "127.0.0.1"), WSP_OK));
    CHECK_ERROR(wsp_stream_connect_to_host(tapped->to_server, "127.0.0.1", wsp_server_get_local_port(tapped->server)),
                WSP_OK);
    WAIT_FOR(wsp_stream_get_status(tapped->to_server) == WSP_STREAM_STATUS_CONNECTED,
             wsp_stream_poll(tapped->to_server));
    snprintf(url, sizeof url, "ws://127.0.0.1:%u/", (unsigned)wsp_tcp_server_get_local_port(tapped->listener));
    REQUIRE(CHECK_ERROR(wsp_client_connect_to_url(tapped->client, url, NULL), WSP_OK));
    WAIT_FOR(tapped->is_open && tapped->id != 0, step(tapped));
    tapped->sent[sizeof tapped->sent - 1] = 0;
    key = strstr((const char *)tapped->sent, name);
    REQUIRE(key != NULL);
    memcpy(draws->key, key + strlen(name), 24);
    head = tapped->sent_length;
    CHECK_ERROR(wsp_client_send_text(tapped->client, "hi"), WSP_OK);
    WAIT_FOR(tapped->sent_length >= head + 8, step(tapped));
    /* RFC 6455 section 5.2: two bytes of header, the masking key, the payload. */
    memcpy(draws->mask, tapped->sent + head + 2, sizeof draws->mask);
    draws->server_id = tapped->id;
}

static int32_t id_in_a_room(void)
{
    wsp_multiplayer *host = wsp_multiplayer_new();
    wsp_multiplayer *guest = wsp_multiplayer_new();
    wsp_multiplayer_event event = {sizeof event, 0, 0, NULL, 0};
    int32_t id = 0;
    char url[64];

    CHECK_ERROR(wsp_multiplayer_create_server(host, 0, "127.0.0.1", NULL), WSP_OK);
    snprintf(url, sizeof url, "ws://127.0.0.1:%u/", (unsigned)wsp_multiplayer_get_local_port(host));
    CHECK_ERROR(wsp_multiplayer_create_client(guest, url, NULL), WSP_OK);
    WAIT_FOR(id != 0, {
        wsp_multiplayer_poll(host);
        wsp_multiplayer_poll(guest);
        while (wsp_multiplayer_next_event(host, &event) == WSP_OK) {
            id = event.peer_id;
        }
    });
    wsp_multiplayer_free(guest);
    wsp_multiplayer_free(host);
    return id;
}

/* Makes new objects and returns what they draw. */
static struct draws draw(void)
{
    struct draws draws = {{0}, {0}, 0, 0};
    struct tapped tapped = {0};

    tapped.server = wsp_server_new();
    tapped.client = wsp_client_new();
    tapped.listener = wsp_tcp_server_new();
    tapped.to_server = wsp_stream_new();
    exchange(&tapped, &draws);
    wsp_client_free(tapped.client);
    wsp_server_free(tapped.server);
    wsp_stream_free(tapped.from_client);
    wsp_stream_free(tapped.to_server);
    wsp_tcp_server_free(tapped.listener);
    draws.room_id = id_in_a_room();
    return draws;
}

/* Runs draw() in a child process. Returns whether it succeeded there. */
static bool draw_in_child(struct draws *draws)
{
    int ends[2];
    int status = 0;
    bool is_complete;
    pid_t child;

    if (pipe(ends) != 0) {
        return false;
    }
    fflush(stdout);
    child = fork();
    if (child == 0) {
        const struct draws drawn = draw();
        const bool is_written = write(ends[1], &drawn, sizeof drawn) == (ssize_t)sizeof drawn;

        fflush(stdout);
        _exit(is_written && failed_checks() == 0 ? 0 : 1);
    }
    close(ends[1]);
    is_complete = read(ends[0], draws, sizeof *draws) == (ssize_t)sizeof *draws;
    close(ends[0]);
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
           is_complete;
}

void a_forked_child_draws_other_random_numbers(void)
{
    struct draws first = draw();
    struct draws parent;
    struct draws child;
    struct draws second_child;

    REQUIRE(failed_checks() == 0);
    REQUIRE(draw_in_child(&child));
    REQUIRE(draw_in_child(&second_child));
    parent = draw();
    CHECK(strcmp(first.key, parent.key) != 0);
    CHECK(strcmp(parent.key, child.key) != 0);
    CHECK(strcmp(parent.key, second_child.key) != 0);
    CHECK(strcmp(child.key, second_child.key) != 0);
    CHECK(memcmp(parent.mask, child.mask, sizeof parent.mask) != 0);
    CHECK(memcmp(child.mask, second_child.mask, sizeof parent.mask) != 0);
    CHECK(parent.server_id != child.server_id && child.server_id != second_child.server_id);
    CHECK(parent.room_id != child.room_id && child.room_id != second_child.room_id);
}

/* Exchanges a message between new objects of this process. */
static void exchange_a_message(void)
{
    struct pair pair;

    CHECK(pair_open(&pair, NULL));
    CHECK_ERROR(wsp_peer_send_text(pair.client, "hello"), WSP_OK);
    WAIT_FOR(wsp_peer_get_available_packet_count(pair.server) == 1, pair_poll(&pair));
    CHECK(next_is_text(pair.server, "hello"));
    pair_free(&pair);
}

void a_forked_child_does_not_take_events_of_its_parent(void)
{
    struct pair pair;
    int status = 0;
    pid_t child;

    REQUIRE(pair_open(&pair, NULL));
    for (int i = 0; i < 3; i++) {
        pair_poll(&pair);
    }
    fflush(stdout);
    /* Unread when the child begins, so that a child with the same poller would take the event. */
    CHECK_ERROR(wsp_peer_send_text(pair.client, "for the parent"), WSP_OK);
    child = fork();
    if (child == 0) {
        exchange_a_message();
        fflush(stdout);
        _exit(failed_checks() == 0 ? 0 : 1);
    }
    REQUIRE(child > 0);
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    WAIT_FOR(wsp_peer_get_available_packet_count(pair.server) == 1, pair_poll(&pair));
    CHECK(next_is_text(pair.server, "for the parent"));
    pair_free(&pair);
}

#endif
