/* The handshake as both peers report it: the request, the decision about it, and failures. */

#include "check.h"
#include "tests.h"

#include <string.h>

/* Connects a plain TCP client that has sent `text` to a server peer whose program decides about requests. */
static bool ask(struct raw_pair *pair, const char *text)
{
    wsp_peer_options options = WSP_PEER_OPTIONS_INIT;
    wsp_request request = {sizeof request, NULL, NULL, NULL, NULL, 0, 0, NULL};

    options.auto_accept = 0;
    raw_connect(pair, &options, text);
    WAIT_FOR(wsp_peer_get_request(pair->server, &request) == WSP_OK, wsp_peer_poll(pair->server));
    return CHECK(request.is_pending == 1);
}

/* Returns what the plain client has received until the connection ended. */
static const char *answer_to(struct raw_pair *pair)
{
    static char answer[4096];
    size_t length = 0;
    size_t count = 0;
    wsp_error error = WSP_OK;

    WAIT_FOR(error != WSP_OK, {
        wsp_peer_poll(pair->server);
        error = wsp_stream_get_partial_data(pair->raw, (uint8_t *)answer + length,
                                            sizeof answer - 1 - length, &count);
        length += error == WSP_OK ? count : 0;
    });
    answer[length] = '\0';
    return answer;
}

void a_server_program_reads_and_accepts_a_request(void)
{
    static const char *const extra[] = {"Set-Cookie: id=1"};
    static const char *const wrong[] = {"no colon"};
    wsp_request request = {sizeof request, NULL, NULL, NULL, NULL, 0, 0, NULL};
    const char *name = "";
    const char *value = "";
    struct raw_pair pair;

    if (ask(&pair, "GET /room/7?a=b HTTP/1.1\r\nHost: h\r\nCookie: x\r\nCookie: y\r\n" HANDSHAKE "\r\n")) {
        CHECK_ERROR(wsp_peer_get_request(pair.server, &request), WSP_OK);
        CHECK_TEXT(request.method, "GET");
        CHECK_TEXT(request.target, "/room/7?a=b");
        CHECK_TEXT(request.path, "/room/7");
        CHECK_TEXT(request.query, "a=b");
        CHECK_NUMBER(request.is_websocket, 1);
        CHECK_NUMBER((long long)wsp_peer_get_received_header_count(pair.server), 7);
        CHECK_ERROR(wsp_peer_get_received_header(pair.server, 2, &name, &value), WSP_OK);
        CHECK_TEXT(name, "Cookie");
        CHECK_TEXT(value, "y");
        CHECK_ERROR(wsp_peer_get_received_header(pair.server, 2, NULL, NULL), WSP_OK);
        CHECK_ERROR(wsp_peer_get_received_header(pair.server, 7, &name, &value), WSP_ERR_INVALID_PARAMETER);
        CHECK(name == NULL && value == NULL);
        CHECK_TEXT(wsp_peer_find_received_header(pair.server, "COOKIE"), "x");
        CHECK(wsp_peer_find_received_header(pair.server, "Origin") == NULL);
        CHECK(wsp_peer_find_received_header(pair.server, NULL) == NULL);

        CHECK_ERROR(wsp_peer_accept_request(pair.server, wrong, 1), WSP_ERR_INVALID_PARAMETER);
        CHECK_ERROR(wsp_peer_accept_request(pair.server, NULL, 1), WSP_ERR_INVALID_PARAMETER);
        CHECK_ERROR(wsp_peer_accept_request(pair.server, extra, 1), WSP_OK);
        CHECK_ERROR(wsp_peer_accept_request(pair.server, NULL, 0), WSP_ERR_UNCONFIGURED);
        WAIT_FOR(wsp_peer_get_ready_state(pair.server) == WSP_STATE_OPEN, wsp_peer_poll(pair.server));
        CHECK_ERROR(wsp_peer_close(pair.server, -1, NULL), WSP_OK);
        CHECK(strstr(answer_to(&pair), "\r\nSet-Cookie: id=1\r\n") != NULL);
    }
    raw_free(&pair);
}

void a_server_program_answers_with_pages_and_refusals(void)
{
    static const char *const headers[] = {"Content-Type: text/html"};
    static const char *const split[] = {"A: b\r\nC: d"};
    wsp_http_answer answer;
    wsp_request request = {sizeof request, NULL, NULL, NULL, NULL, 0, 0, NULL};
    wsp_failure failure;
    struct raw_pair pair;

    if (ask(&pair, "GET /health HTTP/1.1\r\nHost: h\r\n\r\n")) {
        CHECK_ERROR(wsp_peer_get_request(pair.server, &request), WSP_OK);
        CHECK_NUMBER(request.is_websocket, 0);
        answer = answer_with(99, NULL);
        CHECK_ERROR(wsp_peer_reject_request(pair.server, &answer), WSP_ERR_INVALID_PARAMETER);
        answer = answer_with(200, NULL);
        answer.headers = split;
        answer.header_count = 1;
        CHECK_ERROR(wsp_peer_reject_request(pair.server, &answer), WSP_ERR_INVALID_PARAMETER);
        answer = answer_with(200, NULL);
        answer.body_len = 2;
        CHECK_ERROR(wsp_peer_reject_request(pair.server, &answer), WSP_ERR_INVALID_PARAMETER);
        answer = answer_with(200, "ok");
        answer.struct_size = 3;
        CHECK_ERROR(wsp_peer_reject_request(pair.server, &answer), WSP_ERR_INVALID_PARAMETER);
        answer.struct_size = sizeof answer;
        answer.headers = headers;
        answer.header_count = 1;
        CHECK_ERROR(wsp_peer_reject_request(pair.server, &answer), WSP_OK);
        CHECK_NUMBER(wsp_peer_get_ready_state(pair.server), WSP_STATE_CLOSED);
        CHECK_ERROR(wsp_peer_reject_request(pair.server, &answer), WSP_ERR_UNCONFIGURED);
        CHECK_TEXT(answer_to(&pair), "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n"
                                     "Content-Type: text/html\r\n\r\nok");
        memset(&failure, 0xaa, sizeof failure);
        failure.struct_size = sizeof failure;
        CHECK_ERROR(wsp_peer_get_failure(pair.server, &failure), WSP_ERR_UNAVAILABLE);
        CHECK_NUMBER(failure.stage, WSP_STAGE_NONE);
        CHECK_TEXT(failure.message, "");
    }
    raw_free(&pair);

    if (ask(&pair, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")) {
        CHECK_ERROR(wsp_peer_accept_request(pair.server, NULL, 0), WSP_ERR_INVALID_DATA);
        CHECK(strstr(answer_to(&pair), "HTTP/1.1 426 ") != NULL);
    }
    raw_free(&pair);
}

void origins_can_be_limited(void)
{
    static const char *const allowed[] = {"https://game.example"};
    struct raw_pair pair;

    if (ask(&pair, "GET / HTTP/1.1\r\nHost: h\r\nOrigin: https://evil.example\r\n" HANDSHAKE "\r\n")) {
        CHECK_ERROR(wsp_peer_set_allowed_origins(pair.server, NULL, 1), WSP_ERR_INVALID_PARAMETER);
        CHECK_ERROR(wsp_peer_set_allowed_origins(pair.server, allowed, 1), WSP_OK);
        CHECK_ERROR(wsp_peer_accept_request(pair.server, NULL, 0), WSP_ERR_INVALID_DATA);
        CHECK(strstr(answer_to(&pair), "HTTP/1.1 403 ") != NULL);
    }
    raw_free(&pair);
}

void a_client_reports_the_answer_that_refused_it(void)
{
    static const char *const headers[] = {"Location: /elsewhere"};
    wsp_http_answer answer = answer_with(302, "gone");
    wsp_peer_options options = WSP_PEER_OPTIONS_INIT;
    wsp_request request = {sizeof request, NULL, NULL, NULL, NULL, 0, 0, NULL};
    wsp_failure failure;
    struct pair pair;

    answer.reason = "Moved";
    answer.headers = headers;
    answer.header_count = 1;
    failure.struct_size = sizeof failure;
    options.auto_accept = 0;
    pair_make(&pair, NULL, &options);
    CHECK_ERROR(wsp_tcp_server_listen(pair.listener, 0, "127.0.0.1"), WSP_OK);
    CHECK_ERROR(wsp_peer_connect_to_url(pair.client, url_of(pair.listener, "/"), NULL), WSP_OK);
    WAIT_FOR(wsp_tcp_server_is_connection_available(pair.listener), wsp_peer_poll(pair.client));
    accept_connection(pair.listener, pair.server, NULL);
    CHECK_ERROR(wsp_peer_get_request(pair.server, &request), WSP_ERR_UNAVAILABLE);
    WAIT_FOR(wsp_peer_get_request(pair.server, &request) == WSP_OK, pair_poll(&pair));
    CHECK_ERROR(wsp_peer_reject_request(pair.server, &answer), WSP_OK);
    WAIT_FOR(wsp_peer_get_ready_state(pair.client) == WSP_STATE_CLOSED, pair_poll(&pair));
    CHECK_ERROR(wsp_peer_get_failure(pair.client, &failure), WSP_OK);
    CHECK_NUMBER(failure.stage, WSP_STAGE_HTTP);
    CHECK_NUMBER(failure.http_status, 302);
    CHECK_NUMBER(failure.os_error, 0);
    CHECK_TEXT(failure.http_reason, "Moved");
    CHECK_TEXT(failure.tls, "");
    CHECK(strstr(failure.message, "/elsewhere") != NULL);
    CHECK_NUMBER((long long)failure.http_body_len, 4);
    CHECK_TEXT((const char *)failure.http_body, "gone");
    CHECK_TEXT(wsp_peer_find_received_header(pair.client, "location"), "/elsewhere");
    pair_free(&pair);
}

void proxies_are_checked(void)
{
    wsp_peer *peer = wsp_peer_new();

    CHECK_ERROR(wsp_peer_set_proxy(peer, "socks5://h:1", NULL, NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_peer_set_proxy(peer, NULL, "h:0", NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK(wsp_peer_get_error_message(peer)[0] != '\0');
    CHECK_ERROR(wsp_peer_set_proxy(peer, "http://u:p@127.0.0.1:3128", "", "localhost, 10.0.0.0/8"), WSP_OK);
    CHECK_ERROR(wsp_peer_set_proxy(peer, NULL, NULL, NULL), WSP_OK);
    CHECK_ERROR(wsp_peer_set_proxy_from_environment(peer), WSP_OK);
    wsp_peer_free(peer);
}

void handshake_calls_refuse_null_and_unknown_sizes(void)
{
    wsp_request request = {1, NULL, NULL, NULL, NULL, 0, 0, NULL};
    wsp_tls_info info = {1, NULL, NULL, NULL, NULL, 0};
    wsp_peer *peer = wsp_peer_new();
    const char *name = "";
    wsp_failure failure;

    failure.struct_size = 3;
    CHECK_ERROR(wsp_peer_get_failure(peer, &failure), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_peer_get_failure(peer, NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_peer_get_failure(NULL, &failure), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_peer_get_request(peer, &request), WSP_ERR_UNAVAILABLE);
    CHECK_ERROR(wsp_peer_get_request(NULL, &request), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_peer_get_tls_info(peer, &info), WSP_ERR_UNAVAILABLE);
    CHECK_ERROR(wsp_peer_get_tls_info(NULL, &info), WSP_ERR_INVALID_PARAMETER);
    CHECK_NUMBER((long long)wsp_peer_get_received_header_count(NULL), 0);
    CHECK_ERROR(wsp_peer_get_received_header(NULL, 0, &name, NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK(name == NULL);
    CHECK(wsp_peer_find_received_header(NULL, "a") == NULL);
    CHECK_ERROR(wsp_peer_accept_request(NULL, NULL, 0), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_peer_accept_request(peer, NULL, 0), WSP_ERR_UNCONFIGURED);
    CHECK_ERROR(wsp_peer_reject_request(NULL, NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_peer_reject_request(peer, NULL), WSP_ERR_UNCONFIGURED);
    CHECK_ERROR(wsp_peer_set_allowed_origins(NULL, NULL, 0), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_peer_set_proxy(NULL, NULL, NULL, NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_peer_set_proxy_from_environment(NULL), WSP_ERR_INVALID_PARAMETER);
    wsp_peer_free(peer);
}
