/* A library that was built without TLS. */

#include "check.h"
#include "tests.h"

#include <string.h>

static bool has_reason(const char *message)
{
    return strstr(message, "without TLS") != NULL;
}

/* The library refuses wss:// and every TLS option, and still connects without TLS. */
void a_library_without_tls_refuses_it_with_the_reason(void)
{
    wsp_tls_options *options = wsp_tls_options_new();
    wsp_client *client = wsp_client_new();
    wsp_server *server = wsp_server_new();
    wsp_multiplayer *room = wsp_multiplayer_new();
    wsp_peer *peer = wsp_peer_new();
    struct pair pair;

    CHECK_ERROR(wsp_peer_connect_to_url(peer, "wss://localhost:1/", NULL), WSP_ERR_UNAVAILABLE);
    CHECK(has_reason(wsp_peer_get_error_message(peer)));
    CHECK_ERROR(wsp_client_connect_to_url(client, "wss://localhost:1/", NULL), WSP_ERR_UNAVAILABLE);
    CHECK(has_reason(wsp_client_get_error_message(client)));
    CHECK_ERROR(wsp_multiplayer_create_client(room, "wss://localhost:1/", NULL), WSP_ERR_UNAVAILABLE);
    CHECK(has_reason(wsp_multiplayer_get_error_message(room)));
    CHECK_ERROR(wsp_server_set_tls(server, options), WSP_ERR_UNAVAILABLE);
    CHECK(has_reason(wsp_server_get_error_message(server)));

    CHECK_ERROR(wsp_tls_options_client(options, NULL, NULL), WSP_ERR_UNAVAILABLE);
    CHECK(has_reason(wsp_tls_options_get_error_message(options)));
    CHECK_ERROR(wsp_tls_options_client_from_file(options, "/no/such/file", NULL), WSP_ERR_UNAVAILABLE);
    CHECK_ERROR(wsp_tls_options_client_unsafe(options, NULL), WSP_ERR_UNAVAILABLE);
    CHECK_ERROR(wsp_tls_options_client_unsafe_from_file(options, NULL), WSP_ERR_UNAVAILABLE);
    CHECK_ERROR(wsp_tls_options_server(options, "", ""), WSP_ERR_UNAVAILABLE);
    CHECK_ERROR(wsp_tls_options_server_from_files(options, "", ""), WSP_ERR_UNAVAILABLE);
    CHECK_ERROR(wsp_tls_options_set_client_certificate(options, "", ""), WSP_ERR_UNAVAILABLE);
    CHECK_ERROR(wsp_tls_options_set_client_certificate_from_files(options, "", ""), WSP_ERR_UNAVAILABLE);
    CHECK_ERROR(wsp_tls_options_set_client_ca(options, "", true), WSP_ERR_UNAVAILABLE);
    CHECK_ERROR(wsp_tls_options_set_client_ca_from_file(options, "", true), WSP_ERR_UNAVAILABLE);
    CHECK_ERROR(wsp_tls_options_set_client_ca(options, NULL, true), WSP_ERR_INVALID_PARAMETER);

    CHECK(pair_open(&pair, NULL));
    pair_free(&pair);
    wsp_peer_free(peer);
    wsp_multiplayer_free(room);
    wsp_server_free(server);
    wsp_client_free(client);
    wsp_tls_options_free(options);
}
