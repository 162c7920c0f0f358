/* wsp_client: the delays of reconnecting to a server that ends each connection. */

#include "check.h"
#include "tests.h"

#include <stdio.h>

enum { LOSSES = 4 };

/* Polls both until the client has an event of the type. Returns whether it came in time. */
static bool next_event(wsp_server *server, wsp_client *client, int32_t type, wsp_event *event)
{
    double deadline = now() + 10.0 * patience();

    while (now() < deadline) {
        wsp_event opened = WSP_EVENT_INIT;

        wsp_server_poll(server);
        while (wsp_server_next_event(server, &opened) == WSP_OK) {
            if (opened.type == WSP_EVENT_OPENED) {
                CHECK_ERROR(wsp_server_disconnect_peer(server, opened.peer, 1008, ""), WSP_OK);
            }
        }
        wsp_client_poll(client);
        while (wsp_client_next_event(client, event) == WSP_OK) {
            if (event->type == type) {
                return true;
            }
        }
        nap();
    }
    return false;
}

void a_server_that_accepts_and_closes_is_retried_ever_later(void)
{
    wsp_server *server = wsp_server_new();
    wsp_client *client = wsp_client_new();
    wsp_server_listen_options listen = loopback();
    wsp_reconnect_options options = WSP_RECONNECT_OPTIONS_INIT;
    wsp_event event = WSP_EVENT_INIT;
    char url[64];

    options.enabled = 1;
    options.delay = 0.02;
    options.factor = 1.5;
    options.jitter = 0.0;
    options.max_attempts = LOSSES;
    CHECK_ERROR(wsp_client_set_reconnect_options(client, &options), WSP_OK);
    CHECK_ERROR(wsp_server_listen(server, 0, &listen), WSP_OK);
    snprintf(url, sizeof url, "ws://127.0.0.1:%u", (unsigned)wsp_server_get_local_port(server));
    CHECK_ERROR(wsp_client_connect_to_url(client, url, NULL), WSP_OK);
    double delay = 0.02;
    for (int attempt = 1; attempt <= LOSSES; attempt++) {
        if (!CHECK(next_event(server, client, WSP_EVENT_RECONNECTING, &event))) {
            break;
        }
        CHECK_NUMBER(event.attempt, attempt);
        CHECK(event.delay > delay - 1e-6 && event.delay < delay + 1e-6);
        /* Attempts in a row are at least 0.1 s apart. */
        delay = (delay < 0.1 ? 0.1 : delay) * 1.5;
    }
    /* The last attempt opens and is closed too. */
    CHECK(next_event(server, client, WSP_EVENT_CLOSED, &event));
    CHECK_NUMBER(wsp_client_get_status(client), WSP_CLIENT_DISCONNECTED);
    wsp_client_free(client);
    wsp_server_free(server);
}
