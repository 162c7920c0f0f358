/* How servers and rooms stop, and shut down without losing messages. Each case runs for both. */

#include "check.h"
#include "tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLIENTS = 4, MESSAGE = 1024 * 1024 };

/* A server object or a room that is a server, and its clients. */
struct host {
    bool is_room;
    wsp_server *server;
    wsp_multiplayer *room;
    wsp_peer *clients[CLIENTS];
    int opened, closed, received;
    int whole_messages[CLIENTS];
};

static const char *const host_names[] = {"server", "room"};

static uint8_t *message(void)
{
    static uint8_t data[MESSAGE];

    fill(data, sizeof data, 5);
    return data;
}

/* Polls the host, and counts its events. */
static void host_poll(struct host *host)
{
    wsp_event event = WSP_EVENT_INIT;
    wsp_multiplayer_event room_event;

    wsp_server_poll(host->server);
    while (wsp_server_next_event(host->server, &event) == WSP_OK) {
        host->opened += event.type == WSP_EVENT_OPENED;
        host->received += event.type == WSP_EVENT_MESSAGE;
        host->closed += event.type == WSP_EVENT_CLOSED && event.was_clean;
    }
    wsp_multiplayer_poll(host->room);
    room_event.struct_size = sizeof room_event;
    while (wsp_multiplayer_next_event(host->room, &room_event) == WSP_OK) {
        host->opened += room_event.kind == WSP_MULTIPLAYER_PEER_CONNECTED;
        host->received += room_event.kind == WSP_MULTIPLAYER_PACKET;
        host->closed += room_event.kind == WSP_MULTIPLAYER_PEER_DISCONNECTED;
    }
}

/* Polls everything, and counts the messages that arrive whole. */
static void poll_all(struct host *host)
{
    const uint8_t *data;
    size_t length;

    host_poll(host);
    for (int i = 0; i < CLIENTS; i++) {
        wsp_peer_poll(host->clients[i]);
        while (wsp_peer_get_packet(host->clients[i], &data, &length) == WSP_OK) {
            host->whole_messages[i] += length == MESSAGE && is_filled(data, length, 5);
        }
    }
}

static bool all_clients(const struct host *host, wsp_state state)
{
    for (int i = 0; i < CLIENTS; i++) {
        if (wsp_peer_get_ready_state(host->clients[i]) != state) {
            return false;
        }
    }
    return true;
}

static wsp_error host_listen(struct host *host)
{
    wsp_server_listen_options options = loopback();

    return host->is_room ? wsp_multiplayer_create_server(host->room, 0, "127.0.0.1", NULL)
                         : wsp_server_listen(host->server, 0, &options);
}

static int host_port(const struct host *host)
{
    return host->is_room ? wsp_multiplayer_get_local_port(host->room) : wsp_server_get_local_port(host->server);
}

static wsp_error host_send(struct host *host, const uint8_t *data, size_t length)
{
    return host->is_room ? wsp_multiplayer_put_packet(host->room, 0, data, length)
                         : wsp_server_send(host->server, 0, data, length, WSP_WRITE_MODE_BINARY);
}

static wsp_error host_shutdown(struct host *host, int32_t code, const char *reason, int32_t timeout_ms)
{
    return host->is_room ? wsp_multiplayer_shutdown(host->room, code, reason, timeout_ms)
                         : wsp_server_shutdown(host->server, code, reason, timeout_ms);
}

static bool is_shutting_down(const struct host *host)
{
    return host->is_room ? wsp_multiplayer_is_shutting_down(host->room) : wsp_server_is_shutting_down(host->server);
}

static const char *host_error(const struct host *host)
{
    return host->is_room ? wsp_multiplayer_get_error_message(host->room) : wsp_server_get_error_message(host->server);
}

static void host_stop(struct host *host)
{
    if (host->is_room) {
        wsp_multiplayer_close(host->room);
    } else {
        wsp_server_stop(host->server);
    }
}

static void host_make(struct host *host, bool is_room)
{
    wsp_peer_options options = wide_options();

    memset(host, 0, sizeof *host);
    host->is_room = is_room;
    if (is_room) {
        host->room = wsp_multiplayer_new();
        CHECK_ERROR(wsp_multiplayer_set_options(host->room, &options), WSP_OK);
    } else {
        host->server = wsp_server_new();
        CHECK_ERROR(wsp_server_set_peer_options(host->server, &options), WSP_OK);
    }
}

/* Makes a host with connected clients. */
static void host_open(struct host *host, bool is_room)
{
    wsp_peer_options options = wide_options();
    char url[64];

    host_make(host, is_room);
    CHECK_ERROR(host_listen(host), WSP_OK);
    snprintf(url, sizeof url, "ws://127.0.0.1:%d/", host_port(host));
    for (int i = 0; i < CLIENTS; i++) {
        host->clients[i] = wsp_peer_new();
        CHECK_ERROR(wsp_peer_set_options(host->clients[i], &options), WSP_OK);
        CHECK_ERROR(wsp_peer_connect_to_url(host->clients[i], url, NULL), WSP_OK);
    }
    WAIT_FOR(host->opened == CLIENTS && all_clients(host, WSP_STATE_OPEN), poll_all(host));
}

static void host_free(struct host *host)
{
    wsp_server_free(host->server);
    wsp_multiplayer_free(host->room);
    host->server = NULL;
    host->room = NULL;
    for (int i = 0; i < CLIENTS; i++) {
        wsp_peer_free(host->clients[i]);
    }
    about(NULL);
}

static void check_clients(struct host *host, int32_t code, const char *reason)
{
    WAIT_FOR(all_clients(host, WSP_STATE_CLOSED), poll_all(host));
    for (int i = 0; i < CLIENTS; i++) {
        CHECK_NUMBER(host->whole_messages[i], 1);
        CHECK_NUMBER(wsp_peer_get_close_code(host->clients[i]), code);
        CHECK_TEXT(wsp_peer_get_close_reason(host->clients[i], NULL), reason);
    }
}

void stopped_and_freed_hosts_deliver_what_was_sent(void)
{
    for (int i = 0; i < 4; i++) {
        struct host host;

        about(host_names[i % 2]);
        host_open(&host, i % 2 == 1);
        CHECK_ERROR(host_send(&host, message(), MESSAGE), WSP_OK);
        if (i < 2) {
            host_stop(&host);
            CHECK_NUMBER(host_port(&host), 0);
        } else {
            wsp_server_free(host.server);
            wsp_multiplayer_free(host.room);
            host.server = NULL;
            host.room = NULL;
        }
        check_clients(&host, 1001, "");
        CHECK_NUMBER(host.closed, 0);
        host_free(&host);
    }
}

void a_shutdown_delivers_messages_in_both_directions(void)
{
    for (int i = 0; i < 2; i++) {
        struct host host;

        about(host_names[i]);
        host_open(&host, i == 1);
        CHECK_ERROR(host_send(&host, message(), MESSAGE), WSP_OK);
        CHECK_ERROR(wsp_peer_send(host.clients[0], (const uint8_t *)"late", 4, WSP_WRITE_MODE_BINARY), WSP_OK);
        CHECK_ERROR(host_shutdown(&host, 4001, "update", -1), WSP_OK);
        CHECK(is_shutting_down(&host) && host_port(&host) == 0);
        CHECK(!wsp_server_is_listening(host.server));
        WAIT_FOR(!is_shutting_down(&host), poll_all(&host));
        CHECK_NUMBER(host.closed, CLIENTS);
        CHECK_NUMBER(host.received, 1);
        check_clients(&host, 4001, "update");
        CHECK_ERROR(host_listen(&host), WSP_OK);
        host_free(&host);
    }
}

void a_shutdown_drops_clients_that_do_not_answer(void)
{
    for (int i = 0; i < 2; i++) {
        struct host host;

        about(host_names[i]);
        host_open(&host, i == 1);
        CHECK_ERROR(host_shutdown(&host, 1001, NULL, 20), WSP_OK);
        WAIT_FOR(!is_shutting_down(&host), host_poll(&host));
        CHECK_NUMBER(host.closed, i == 1 ? CLIENTS : 0);
        CHECK_NUMBER((long long)wsp_server_get_peers(host.server, NULL, 0), 0);
        host_free(&host);
    }
}

void a_refused_shutdown_changes_nothing(void)
{
    CHECK_ERROR(wsp_server_shutdown(NULL, 1000, NULL, 0), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_multiplayer_shutdown(NULL, 1000, NULL, 0), WSP_ERR_INVALID_PARAMETER);
    CHECK(!wsp_server_is_shutting_down(NULL) && !wsp_multiplayer_is_shutting_down(NULL));
    for (int i = 0; i < 2; i++) {
        struct host host;

        about(host_names[i]);
        host_make(&host, i == 1);
        CHECK_ERROR(host_shutdown(&host, 1001, NULL, -1), WSP_ERR_UNCONFIGURED);
        CHECK_ERROR(host_listen(&host), WSP_OK);
        CHECK_ERROR(host_shutdown(&host, -1, NULL, -1), WSP_ERR_INVALID_PARAMETER);
        CHECK_TEXT(host_error(&host), "close code must be at least 0, not -1");
        CHECK_ERROR(host_shutdown(&host, 1006, NULL, -1), WSP_ERR_INVALID_PARAMETER);
        CHECK_ERROR(host_shutdown(&host, 1001, "\xff", -1), WSP_ERR_INVALID_DATA);
        CHECK(!is_shutting_down(&host) && host_port(&host) != 0);

        CHECK_ERROR(host_shutdown(&host, 1001, NULL, -1), WSP_OK);
        CHECK_ERROR(host_shutdown(&host, 1001, NULL, -1), WSP_ERR_ALREADY_IN_USE);
        CHECK_ERROR(host_listen(&host), WSP_ERR_ALREADY_IN_USE);
        CHECK_TEXT(host_error(&host), "the server is shutting down");
        CHECK_ERROR(host_send(&host, message(), 1), WSP_ERR_FAILED);
        CHECK_TEXT(host_error(&host), "the server is shutting down");
        host_stop(&host);
        CHECK(!is_shutting_down(&host));
        CHECK_ERROR(host_listen(&host), WSP_OK);
        host_free(&host);
    }
}

void a_wait_returns_when_a_shutdown_is_over(void)
{
    struct host host;

    host_make(&host, false);
    CHECK_ERROR(host_listen(&host), WSP_OK);
    CHECK_ERROR(host_shutdown(&host, 1001, NULL, -1), WSP_OK);
    CHECK_ERROR(wsp_server_wait(host.server, -1), WSP_OK);
    CHECK(!is_shutting_down(&host));
    CHECK_ERROR(wsp_server_wait(host.server, -1), WSP_ERR_UNCONFIGURED);
    host_free(&host);
}
