/*
 * Loads the library, uses it in a thread that ends, and closes it, again and again.
 *
 *     unload LIBRARY
 *
 * Fails if a round leaves descriptors or threads open.
 */

#include "system.h"

#include <dlfcn.h>
#include <pthread.h>

#include <wspeer.h>

enum { ROUNDS = 50, MAX_POLLS = 10000 };

static void *library;

/* Looks a function of the library up. ISO C has no conversion from an object pointer to a function pointer,
 * but POSIX has. */
#define LOOK_UP(name)                                   \
    __typeof__(&name) call_##name;                      \
    do {                                                \
        void *found = dlsym(library, #name);            \
        memcpy(&call_##name, &found, sizeof found);     \
    } while (0)

static void fail(const char *what)
{
    printf("unload: %s\n", what);
    exit(EXIT_FAILURE);
}

/* Connects a client to a server, and ends the connection. */
static void *use(void *unused)
{
    LOOK_UP(wsp_server_new);
    LOOK_UP(wsp_server_listen);
    LOOK_UP(wsp_server_get_local_port);
    LOOK_UP(wsp_server_poll);
    LOOK_UP(wsp_server_next_event);
    LOOK_UP(wsp_server_free);
    LOOK_UP(wsp_client_new);
    LOOK_UP(wsp_client_connect_to_url);
    LOOK_UP(wsp_client_poll);
    LOOK_UP(wsp_client_next_event);
    LOOK_UP(wsp_client_disconnect);
    LOOK_UP(wsp_client_free);
    wsp_server *server = call_wsp_server_new();
    wsp_client *client = call_wsp_client_new();
    wsp_server_listen_options options = WSP_SERVER_LISTEN_OPTIONS_INIT;
    int closed = 0;
    char url[64];

    (void)unused;
    options.address = "127.0.0.1";
    if (call_wsp_server_listen(server, 0, &options) != WSP_OK) {
        fail("the server does not listen");
    }
    snprintf(url, sizeof url, "ws://127.0.0.1:%u/", (unsigned)call_wsp_server_get_local_port(server));
    if (call_wsp_client_connect_to_url(client, url, NULL) != WSP_OK) {
        fail("the client does not connect");
    }
    for (int polls = 0; closed < 2; polls++) {
        wsp_event event = WSP_EVENT_INIT;

        if (polls == MAX_POLLS) {
            fail("the connection does not end");
        }
        call_wsp_server_poll(server);
        while (call_wsp_server_next_event(server, &event) == WSP_OK) {
            closed += event.type == WSP_EVENT_CLOSED;
        }
        call_wsp_client_poll(client);
        while (call_wsp_client_next_event(client, &event) == WSP_OK) {
            closed += event.type == WSP_EVENT_CLOSED;
            if (event.type == WSP_EVENT_OPENED && call_wsp_client_disconnect(client, 1000, NULL) != WSP_OK) {
                fail("the client does not disconnect");
            }
        }
        nap();
    }
    call_wsp_client_free(client);
    call_wsp_server_free(server);
    return NULL;
}

int main(int argc, char **argv)
{
    int descriptors = 0;

    if (argc != 2) {
        fail("one argument: the library");
    }
    for (int round = 0; round < ROUNDS; round++) {
        pthread_t thread;

        library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
        if (library == NULL) {
            fail(dlerror());
        }
        if (pthread_create(&thread, NULL, use, NULL) != 0 || pthread_join(thread, NULL) != 0) {
            fail("no thread");
        }
        dlclose(library);
        /* What the first two rounds have opened belongs to the process. */
        if (round == 1) {
            descriptors = open_descriptors();
        }
    }
    /* Connections that were closed last may still be finished in the background. */
    for (int naps = 0; open_descriptors() > descriptors; naps++) {
        if (naps == MAX_POLLS) {
            printf("%d descriptors after 2 rounds, %d after %d\n", descriptors,
                   open_descriptors(), ROUNDS);
            return EXIT_FAILURE;
        }
        nap();
    }
    printf("%d rounds, %d descriptors\n", ROUNDS, descriptors);
    return EXIT_SUCCESS;
}
