/* wsp_client: the state after an event was taken is that of the event. */

#include "check.h"
#include "tests.h"

#include <stdio.h>

/* The status after each event; events that are not listed change nothing. */
static const struct {
    int32_t type;
    wsp_client_status status;
} EXPECTED[] = {
    {WSP_EVENT_OPENED, WSP_CLIENT_CONNECTED},
    {WSP_EVENT_FAILED, WSP_CLIENT_DISCONNECTED},
    {WSP_EVENT_CLOSED, WSP_CLIENT_DISCONNECTED},
    {WSP_EVENT_PEER_CONNECTED, WSP_CLIENT_CONNECTED},
    {WSP_EVENT_CONNECTION_SUCCEEDED, WSP_CLIENT_CONNECTED},
    {WSP_EVENT_PEER_DISCONNECTED, WSP_CLIENT_DISCONNECTED},
    {WSP_EVENT_SERVER_DISCONNECTED, WSP_CLIENT_DISCONNECTED},
    {WSP_EVENT_CONNECTION_FAILED, WSP_CLIENT_DISCONNECTED},
    {WSP_EVENT_RECONNECTING, WSP_CLIENT_CONNECTING},
    {WSP_EVENT_RECONNECTED, WSP_CLIENT_CONNECTED},
};

static void take_events(wsp_client *client, unsigned *seen)
{
    wsp_event event = WSP_EVENT_INIT;

    while (wsp_client_next_event(client, &event) == WSP_OK) {
        *seen |= 1U << event.type;
        for (size_t i = 0; i < sizeof EXPECTED / sizeof EXPECTED[0]; i++) {
            if (EXPECTED[i].type == event.type) {
                CHECK_NUMBER(wsp_client_get_status(client), EXPECTED[i].status);
            }
        }
    }
}

static void drop_server_events(wsp_server *server, int32_t *id)
{
    wsp_event event = WSP_EVENT_INIT;

    while (wsp_server_next_event(server, &event) == WSP_OK) {
        if (event.type == WSP_EVENT_OPENED || event.type == WSP_EVENT_PEER_CONNECTED) {
            *id = event.peer;
        }
    }
}

void a_client_has_the_status_of_each_event(void)
{
    for (int multiplayer = 0; multiplayer <= 1; multiplayer++) {
        wsp_server *server = wsp_server_new();
        wsp_client *client = wsp_client_new();
        wsp_server_listen_options listen = loopback();
        wsp_client_connect_options connect = WSP_CLIENT_CONNECT_OPTIONS_INIT;
        wsp_reconnect_options reconnect = WSP_RECONNECT_OPTIONS_INIT;
        char url[64];
        unsigned seen = 0;
        int32_t id = 0;

        about(multiplayer ? "multiplayer mode" : "messages");
        listen.gd_mp_api = multiplayer != 0;
        connect.gd_mp_api = multiplayer != 0;
        reconnect.enabled = 1;
        reconnect.delay = 0.01;
        CHECK_ERROR(wsp_client_set_reconnect_options(client, &reconnect), WSP_OK);
        CHECK_ERROR(wsp_server_listen(server, 0, &listen), WSP_OK);
        snprintf(url, sizeof url, "ws://127.0.0.1:%u/", (unsigned)wsp_server_get_local_port(server));
        CHECK_ERROR(wsp_client_connect_to_url(client, url, &connect), WSP_OK);
        WAIT_FOR(id != 0 && wsp_client_get_status(client) == WSP_CLIENT_CONNECTED,
                 (wsp_server_poll(server), drop_server_events(server, &id), wsp_client_poll(client), take_events(client, &seen)));
        CHECK_ERROR(wsp_server_disconnect_peer(server, id, 1012, ""), WSP_OK);
        WAIT_FOR(seen & (1U << WSP_EVENT_RECONNECTED),
                 (wsp_server_poll(server), drop_server_events(server, &id), wsp_client_poll(client), take_events(client, &seen)));
        wsp_client_free(client);
        wsp_server_free(server);
    }
    about(NULL);
}
