/*
 * A chat server: a client that connects to ws://ADDRESS:PORT/NAME is called NAME, and its messages are sent to all.
 *
 *     chat_server [PORT]
 *
 * It listens on 127.0.0.1. With port 0, the default, the operating system chooses one; the first line of output names
 * it. The server ends on SIGTERM and at the end of its standard input.
 *
 * It has no frames: wsp_server_wait() blocks until an event is queued. A thread that reads standard input wakes it.
 */

#include "system.h"

#include <pthread.h>
#include <signal.h>

#include <wspeer.h>

#define LONGEST_NAME 32

struct guest {
    int32_t id;
    char name[LONGEST_NAME + 1];
    struct guest *next;
};

static volatile sig_atomic_t is_stopping;
static struct guest *guests;

static void stop(int number)
{
    (void)number;
    is_stopping = 1;
}

static void *watch_input(void *server)
{
    while (!is_stopping && has_input(200)) {
    }
    is_stopping = 1;
    wsp_server_wake(server);
    return NULL;
}

static const char *name_of(int32_t id)
{
    for (struct guest *guest = guests; guest != NULL; guest = guest->next) {
        if (guest->id == id) {
            return guest->name;
        }
    }
    return "?";
}

/* Sends "NAME<between>TEXT" to all clients, or to all but one. Returns false for invalid UTF-8. */
static bool say(wsp_server *server, int32_t target, const char *name, const char *between, const char *text, size_t length)
{
    size_t size = strlen(name) + strlen(between) + length + 1;
    char *line = malloc(size);
    bool is_text;

    if (line == NULL) {
        perror("chat_server");
        exit(EXIT_FAILURE);
    }
    snprintf(line, size, "%s%s%.*s", name, between, (int)length, text);
    puts(line);
    fflush(stdout);
    is_text = wsp_server_send_text(server, target, line) != WSP_ERR_INVALID_DATA;
    free(line);
    return is_text;
}

static void add_guest(wsp_server *server, int32_t id)
{
    struct guest *guest = calloc(1, sizeof *guest);
    const char *path = strrchr(wsp_server_get_requested_url(server, id), '/');

    if (guest == NULL) {
        perror("chat_server");
        exit(EXIT_FAILURE);
    }
    guest->id = id;
    snprintf(guest->name, sizeof guest->name, "%.*s", LONGEST_NAME, path != NULL && path[1] != 0 ? path + 1 : "guest");
    guest->next = guests;
    guests = guest;
    say(server, 0, guest->name, " has come", "", 0);
}

static void remove_guest(wsp_server *server, int32_t id)
{
    say(server, 0, name_of(id), " has gone", "", 0);
    for (struct guest **link = &guests; *link != NULL; link = &(*link)->next) {
        if ((*link)->id == id) {
            struct guest *guest = *link;

            *link = guest->next;
            free(guest);
            return;
        }
    }
}

static void handle(wsp_server *server, const wsp_event *event)
{
    switch (event->type) {
    case WSP_EVENT_OPENED:
        add_guest(server, event->peer);
        break;
    case WSP_EVENT_MESSAGE:
        /* Clients may send binary messages that are not UTF-8. */
        if (!say(server, 0, name_of(event->peer), ": ", (const char *)event->data, event->len)) {
            wsp_server_disconnect_peer(server, event->peer, 1007, "text only");
        }
        break;
    case WSP_EVENT_CLOSED:
        remove_guest(server, event->peer);
        break;
    case WSP_EVENT_FAILED:
        fprintf(stderr, "chat_server: a handshake failed: %s\n", event->text);
        break;
    default:
        break;
    }
}

int main(int argc, char **argv)
{
    wsp_server_listen_options listen = WSP_SERVER_LISTEN_OPTIONS_INIT;
    wsp_server *server = wsp_server_new();
    pthread_t watcher;
    int port = argc > 1 ? atoi(argv[1]) : 0;

    begin_program(&argc, &argv);
    listen.address = "127.0.0.1";
    if (wsp_server_listen(server, port, &listen) != WSP_OK) {
        fprintf(stderr, "chat_server: %s\n", wsp_server_get_error_message(server));
        wsp_server_free(server);
        return EXIT_FAILURE;
    }
    signal(SIGTERM, stop);
    if (pthread_create(&watcher, NULL, watch_input, server) != 0) {
        perror("chat_server");
        return EXIT_FAILURE;
    }
    printf("LISTENING %u\n", (unsigned)wsp_server_get_local_port(server));
    fflush(stdout);

    while (!is_stopping) {
        wsp_event event = WSP_EVENT_INIT;

        /* The timeout is for the signal, which does not wake the server. */
        wsp_server_wait(server, 200);
        while (wsp_server_next_event(server, &event) == WSP_OK) {
            handle(server, &event);
        }
    }
    pthread_join(watcher, NULL);
    /* Sends a close frame to every client. */
    wsp_server_free(server);
    while (guests != NULL) {
        struct guest *guest = guests;

        guests = guest->next;
        free(guest);
    }
    return EXIT_SUCCESS;
}
