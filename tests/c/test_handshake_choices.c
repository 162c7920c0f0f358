/* What a program chooses in the handshake: the sub-protocol at run time, none at all, and redirections. */

#include "check.h"
#include "tests.h"

#include <stdio.h>
#include <string.h>

#define OFFER "GET / HTTP/1.1\r\nHost: h\r\nSec-WebSocket-Protocol: chess, go\r\n" HANDSHAKE "\r\n"

/* Connects a plain TCP client that offers two sub-protocols to a server peer whose program decides. */
static bool offer(struct raw_pair *pair)
{
    wsp_peer_options options = WSP_PEER_OPTIONS_INIT;
    wsp_request request = {sizeof request, NULL, NULL, NULL, NULL, 0, 0, NULL};

    options.auto_accept = 0;
    raw_connect(pair, &options, OFFER);
    WAIT_FOR(wsp_peer_get_request(pair->server, &request) == WSP_OK, wsp_peer_poll(pair->server));
    CHECK_TEXT(request.protocols, "chess, go");
    return request.is_pending == 1;
}

/* Accepts the request and returns the selected sub-protocol. */
static const char *accepted_protocol(struct raw_pair *pair)
{
    CHECK_ERROR(wsp_peer_accept_request(pair->server, NULL, 0), WSP_OK);
    WAIT_FOR(wsp_peer_get_ready_state(pair->server) == WSP_STATE_OPEN, wsp_peer_poll(pair->server));
    return wsp_peer_get_selected_protocol(pair->server);
}

void a_server_program_selects_an_offered_sub_protocol(void)
{
    wsp_request old = {offsetof(wsp_request, protocols), NULL, NULL, NULL, NULL, 0, 0, NULL};
    struct raw_pair pair;

    if (offer(&pair)) {
        CHECK_ERROR(wsp_peer_get_request(pair.server, &old), WSP_OK);
        CHECK(old.protocols == NULL);
        CHECK_ERROR(wsp_peer_select_protocol(pair.server, "draughts"), WSP_ERR_INVALID_PARAMETER);
        CHECK(strstr(wsp_peer_get_error_message(pair.server), "draughts") != NULL);
        CHECK_ERROR(wsp_peer_select_protocol(pair.server, "\xff"), WSP_ERR_INVALID_DATA);
        CHECK_ERROR(wsp_peer_select_protocol(pair.server, "go"), WSP_OK);
        CHECK_TEXT(accepted_protocol(&pair), "go");
        CHECK_ERROR(wsp_peer_select_protocol(pair.server, "go"), WSP_ERR_UNCONFIGURED);
    }
    raw_free(&pair);
    if (offer(&pair)) {
        CHECK_ERROR(wsp_peer_select_protocol(pair.server, "go"), WSP_OK);
        CHECK_ERROR(wsp_peer_select_protocol(pair.server, NULL), WSP_OK);
        CHECK_TEXT(accepted_protocol(&pair), "");
    }
    raw_free(&pair);
    CHECK_ERROR(wsp_peer_select_protocol(NULL, "go"), WSP_ERR_INVALID_PARAMETER);
}

void a_server_object_selects_for_each_client(void)
{
    static const char *const offered[] = {"chess", "go"};
    wsp_server_listen_options listening = loopback();
    wsp_client_connect_options connecting = WSP_CLIENT_CONNECT_OPTIONS_INIT;
    wsp_peer_options options = WSP_PEER_OPTIONS_INIT;
    wsp_server *server = wsp_server_new();
    wsp_client *client = wsp_client_new();
    wsp_event event = WSP_EVENT_INIT;
    char url[64];

    CHECK_ERROR(wsp_server_get_peer_options(server, &options), WSP_OK);
    options.auto_accept = 0;
    CHECK_ERROR(wsp_server_set_peer_options(server, &options), WSP_OK);
    CHECK_ERROR(wsp_server_listen(server, 0, &listening), WSP_OK);
    snprintf(url, sizeof url, "ws://127.0.0.1:%d/", (int)wsp_server_get_local_port(server));
    connecting.protocols = offered;
    connecting.protocol_count = 2;
    CHECK_ERROR(wsp_client_connect_to_url(client, url, &connecting), WSP_OK);
    WAIT_FOR(wsp_server_next_event(server, &event) == WSP_OK, {
        wsp_client_poll(client);
        wsp_server_poll(server);
    });
    CHECK_NUMBER(event.type, WSP_EVENT_REQUEST);
    CHECK_ERROR(wsp_server_select_protocol(server, event.peer, "draughts"), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_server_select_protocol(server, 1, "go"), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_server_select_protocol(NULL, event.peer, "go"), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_server_select_protocol(server, event.peer, "go"), WSP_OK);
    CHECK_ERROR(wsp_server_accept_request(server, event.peer, NULL, 0), WSP_OK);
    WAIT_FOR(wsp_client_next_event(client, &event) == WSP_OK, {
        wsp_client_poll(client);
        wsp_server_poll(server);
    });
    CHECK_NUMBER(event.type, WSP_EVENT_OPENED);
    CHECK_TEXT(event.text, "go");
    wsp_client_free(client);
    wsp_server_free(server);
}

void a_client_may_accept_an_answer_without_sub_protocol(void)
{
    static const char *const offered[] = {"chess"};
    wsp_peer_options options = WSP_PEER_OPTIONS_INIT;
    struct pair pair;

    options.allow_no_protocol = 1;
    pair_make(&pair, &options, NULL);
    CHECK_ERROR(wsp_peer_set_supported_protocols(pair.client, offered, 1), WSP_OK);
    if (pair_connect(&pair, "/")) {
        CHECK_TEXT(wsp_peer_get_selected_protocol(pair.client), "");
    }
    pair_free(&pair);
}

void redirections_are_followed_if_the_option_says_so(void)
{
    const char *headers[1];
    char location[64];
    char first_url[64];
    wsp_http_answer answer = answer_with(302, NULL);
    wsp_peer_options options = WSP_PEER_OPTIONS_INIT;
    wsp_peer *second_server = wsp_peer_new();
    wsp_tcp_server *second = wsp_tcp_server_new();
    wsp_request request = {sizeof request, NULL, NULL, NULL, NULL, 0, 0, NULL};
    struct pair pair;

    CHECK_ERROR(wsp_tcp_server_listen(second, 0, "127.0.0.1"), WSP_OK);
    snprintf(location, sizeof location, "Location: %s", url_of(second, "/lobby"));
    headers[0] = location;
    answer.headers = headers;
    answer.header_count = 1;
    options.max_redirects = 1;
    options.auto_accept = 0;
    pair_make(&pair, &options, &options);
    CHECK_ERROR(wsp_tcp_server_listen(pair.listener, 0, "127.0.0.1"), WSP_OK);
    snprintf(first_url, sizeof first_url, "%s", url_of(pair.listener, "/"));
    CHECK_ERROR(wsp_peer_connect_to_url(pair.client, first_url, NULL), WSP_OK);
    WAIT_FOR(wsp_tcp_server_is_connection_available(pair.listener), wsp_peer_poll(pair.client));
    accept_connection(pair.listener, pair.server, NULL);
    WAIT_FOR(wsp_peer_get_request(pair.server, &request) == WSP_OK, pair_poll(&pair));
    CHECK_ERROR(wsp_peer_reject_request(pair.server, &answer), WSP_OK);
    WAIT_FOR(wsp_tcp_server_is_connection_available(second), pair_poll(&pair));
    accept_connection(second, second_server, NULL);
    WAIT_FOR(wsp_peer_get_ready_state(pair.client) == WSP_STATE_OPEN, {
        wsp_peer_poll(pair.client);
        wsp_peer_poll(second_server);
    });
    CHECK_TEXT(wsp_peer_get_requested_url(pair.client), first_url);
    CHECK_NUMBER(wsp_peer_get_connected_port(pair.client), wsp_tcp_server_get_local_port(second));
    CHECK_ERROR(wsp_peer_get_request(second_server, &request), WSP_OK);
    CHECK_TEXT(request.path, "/lobby");
    pair_free(&pair);
    wsp_peer_free(second_server);
    wsp_tcp_server_free(second);
}

void an_own_host_is_sent_by_clients_only(void)
{
    static const char *const host[] = {"Host: game.example"};
    static const char *const two[] = {"Host: a", "Host: b"};
    wsp_request request = {sizeof request, NULL, NULL, NULL, NULL, 0, 0, NULL};
    wsp_peer_options options = WSP_PEER_OPTIONS_INIT;
    struct pair pair;

    options.auto_accept = 0;
    pair_make(&pair, NULL, &options);
    CHECK_ERROR(wsp_peer_set_handshake_headers(pair.client, two, 2), WSP_OK);
    CHECK_ERROR(wsp_peer_connect_to_url(pair.client, "ws://127.0.0.1:9/", NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_peer_set_handshake_headers(pair.client, host, 1), WSP_OK);
    CHECK_ERROR(wsp_tcp_server_listen(pair.listener, 0, "127.0.0.1"), WSP_OK);
    CHECK_ERROR(wsp_peer_connect_to_url(pair.client, url_of(pair.listener, "/"), NULL), WSP_OK);
    WAIT_FOR(wsp_tcp_server_is_connection_available(pair.listener), wsp_peer_poll(pair.client));
    accept_connection(pair.listener, pair.server, NULL);
    WAIT_FOR(wsp_peer_get_request(pair.server, &request) == WSP_OK, pair_poll(&pair));
    CHECK_TEXT(wsp_peer_find_received_header(pair.server, "Host"), "game.example");
    CHECK_ERROR(wsp_peer_accept_request(pair.server, host, 1), WSP_ERR_INVALID_PARAMETER);
    pair_free(&pair);
}
