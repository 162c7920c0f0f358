/*
 * A dedicated server for Godot clients that use the high-level multiplayer API.
 *
 *     room_server [PASSWORD]
 *
 * Prints `LISTENING PORT`, then a line for each event. The room introduces clients to each other and relays
 * their calls. Bytes of a client that begin with "echo " are sent back, with "all " to all clients, and
 * "kick" disconnects the client. With a password, each client must send it by send_auth(). Ends, with a
 * close frame to every client, at the end of its standard input and on SIGTERM and SIGINT.
 */

#include "system.h"

#include <inttypes.h>
#include <signal.h>

#include <wspeer.h>

#define TICK_MILLISECONDS 5

static volatile sig_atomic_t is_ended;

static void end(int number)
{
    (void)number;
    is_ended = 1;
}

static bool begins_with(const wsp_multiplayer_event *event, const char *word)
{
    return event->len >= strlen(word) && memcmp(event->data, word, strlen(word)) == 0;
}

static void say(const wsp_multiplayer_event *event, const char *what)
{
    printf("%s %" PRId32 "\n", what, event->peer_id);
}

/* Prints why a peer has disconnected; its handle is valid until the next event. */
static void report_disconnected(wsp_multiplayer *room, const wsp_multiplayer_event *event)
{
    wsp_peer *peer = wsp_multiplayer_get_peer(room, event->peer_id);

    printf("DISCONNECTED %" PRId32 " %d %s\n", event->peer_id, peer == NULL ? 0 : (int)wsp_peer_get_close_code(peer),
           wsp_multiplayer_get_error_message(room));
    wsp_peer_free(peer);
}

static void answer(wsp_multiplayer *room, const wsp_multiplayer_event *event)
{
    /* Errors are ignored: a client that cannot be reached is about to disconnect. */
    if (begins_with(event, "echo ")) {
        (void)wsp_multiplayer_send_bytes(room, event->peer_id, event->data, event->len);
    } else if (begins_with(event, "all ")) {
        (void)wsp_multiplayer_send_bytes(room, 0, event->data, event->len);
    } else if (begins_with(event, "kick")) {
        (void)wsp_multiplayer_disconnect_peer(room, event->peer_id, false);
    }
}

static void authenticate(wsp_multiplayer *room, const wsp_multiplayer_event *event, const char *password)
{
    if (event->len == strlen(password) && memcmp(event->data, password, event->len) == 0) {
        (void)wsp_multiplayer_complete_auth(room, event->peer_id);
    } else {
        (void)wsp_multiplayer_disconnect_peer(room, event->peer_id, true);
        say(event, "REFUSED");
    }
}

static void on_event(wsp_multiplayer *room, const wsp_multiplayer_event *event, const char *password)
{
    switch (event->kind) {
    case WSP_MULTIPLAYER_PEER_CONNECTED:
        say(event, "CONNECTED");
        break;
    case WSP_MULTIPLAYER_PEER_DISCONNECTED:
        report_disconnected(room, event);
        break;
    case WSP_MULTIPLAYER_BYTES:
        answer(room, event);
        break;
    case WSP_MULTIPLAYER_PACKET:
        say(event, "CALL");
        break;
    case WSP_MULTIPLAYER_AUTHENTICATING:
        say(event, "AUTHENTICATING");
        break;
    case WSP_MULTIPLAYER_AUTH:
        authenticate(room, event, password);
        break;
    case WSP_MULTIPLAYER_AUTH_FAILED:
        say(event, "AUTH_FAILED");
        break;
    case WSP_MULTIPLAYER_REQUESTED:
        break;
    }
}

int main(int argc, char **argv)
{
    wsp_multiplayer *room = wsp_multiplayer_new();
    wsp_peer_options options;
    wsp_multiplayer_event event;

    begin_program(&argc, &argv);
    signal(SIGTERM, end);
    signal(SIGINT, end);

    options.struct_size = sizeof options;
    if (wsp_multiplayer_get_options(room, &options) != WSP_OK) {
        return EXIT_FAILURE;
    }
    options.heartbeat_interval = 2.0;
    if (wsp_multiplayer_set_options(room, &options) != WSP_OK ||
        wsp_multiplayer_set_scene(room, true, argc > 1) != WSP_OK ||
        wsp_multiplayer_create_server(room, 0, "127.0.0.1", NULL) != WSP_OK) {
        fprintf(stderr, "room_server: %s\n", wsp_multiplayer_get_error_message(room));
        wsp_multiplayer_free(room);
        return EXIT_FAILURE;
    }
    printf("LISTENING %u\n", (unsigned)wsp_multiplayer_get_local_port(room));
    fflush(stdout);

    while (!is_ended && has_input(TICK_MILLISECONDS)) {
        wsp_multiplayer_poll(room);
        event.struct_size = sizeof event;
        while (wsp_multiplayer_next_event(room, &event) == WSP_OK) {
            on_event(room, &event, argc > 1 ? argv[1] : "");
        }
        fflush(stdout);
    }
    /* Sends a close frame to every client. */
    wsp_multiplayer_free(room);
    return EXIT_SUCCESS;
}
