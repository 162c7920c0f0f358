/* TLS through the C interface. $WSPEER_TEST_CERTIFICATES has self-signed certificates and their keys: server.crt
 * (localhost, 127.0.0.1) and server.key, client.crt (CN=player) and client.key. */

#include "check.h"
#include "tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *path_of(const char *file)
{
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % 4];
    const char *folder = getenv("WSPEER_TEST_CERTIFICATES");

    snprintf(path, sizeof paths[0], "%s/%s", folder == NULL ? "." : folder, file);
    return path;
}

static const char *text_of(const char *file)
{
    static char texts[4][16384];
    static unsigned next;
    char *text = texts[next++ % 4];
    FILE *stream = fopen(path_of(file), "rb");
    size_t length = stream == NULL ? 0 : fread(text, 1, sizeof texts[0] - 1, stream);

    if (stream != NULL) {
        fclose(stream);
    }
    text[length] = '\0';
    CHECK(length > 0);
    return text;
}

static bool have_finished(const struct pair *pair)
{
    return wsp_peer_get_ready_state(pair->client) != WSP_STATE_CONNECTING &&
           wsp_peer_get_ready_state(pair->server) != WSP_STATE_CONNECTING;
}

/* Connects a client by wss:// until both peers are open or closed. */
static void secure(struct pair *pair, const char *host, const wsp_tls_options *client, const wsp_tls_options *server)
{
    char url[256];

    pair_make(pair, NULL, NULL);
    CHECK_ERROR(wsp_tcp_server_listen(pair->listener, 0, "127.0.0.1"), WSP_OK);
    snprintf(url, sizeof url, "wss://%s:%u/", host, (unsigned)wsp_tcp_server_get_local_port(pair->listener));
    CHECK_ERROR(wsp_peer_connect_to_url(pair->client, url, client), WSP_OK);
    WAIT_FOR(wsp_tcp_server_is_connection_available(pair->listener), wsp_peer_poll(pair->client));
    accept_connection(pair->listener, pair->server, server);
    WAIT_FOR(have_finished(pair), pair_poll(pair));
}

static bool exchanges(struct pair *pair)
{
    CHECK_TEXT(wsp_peer_get_error_message(pair->client), "");
    CHECK_ERROR(wsp_peer_send_text(pair->client, "secret"), WSP_OK);
    WAIT_FOR(wsp_peer_get_available_packet_count(pair->server) > 0, pair_poll(pair));
    return next_is_text(pair->server, "secret");
}

void wss_connections_open(void)
{
    wsp_tls_options *client = wsp_tls_options_new();
    wsp_tls_options *server = wsp_tls_options_new();
    wsp_tls_info info = {sizeof info, NULL, NULL, NULL, NULL, 0};
    struct pair pair;

    CHECK_ERROR(wsp_tls_options_server(server, text_of("server.key"), text_of("server.crt")), WSP_OK);
    CHECK_ERROR(wsp_tls_options_client(client, text_of("server.crt"), NULL), WSP_OK);
    secure(&pair, "localhost", client, server);
    CHECK(exchanges(&pair));
    CHECK_ERROR(wsp_peer_get_tls_info(pair.client, &info), WSP_OK);
    CHECK_TEXT(info.version, "TLSv1.3");
    CHECK_TEXT(info.alpn, "http/1.1");
    CHECK_TEXT(info.peer_subject, "CN=server");
    CHECK(info.cipher_suite[0] != '\0');
    CHECK(strncmp(wsp_peer_get_requested_url(pair.server), "wss://localhost:", 16) == 0);
    pair_free(&pair);

    /* The same from files. Connections copy the options, which can be freed. */
    CHECK_ERROR(wsp_tls_options_server_from_files(server, path_of("server.key"), path_of("server.crt")), WSP_OK);
    CHECK_ERROR(wsp_tls_options_client_from_file(client, path_of("server.crt"), "localhost"), WSP_OK);
    secure(&pair, "127.0.0.1", client, server);
    wsp_tls_options_free(client);
    wsp_tls_options_free(server);
    CHECK(exchanges(&pair));
    pair_free(&pair);
}

void an_untrusted_server_is_refused(void)
{
    wsp_tls_options *client = wsp_tls_options_new();
    wsp_tls_options *server = wsp_tls_options_new();
    wsp_failure failure;
    struct pair pair;

    failure.struct_size = sizeof failure;
    CHECK_ERROR(wsp_tls_options_server(server, text_of("server.key"), text_of("server.crt")), WSP_OK);
    secure(&pair, "localhost", NULL, server);
    CHECK_ERROR(wsp_peer_get_failure(pair.client, &failure), WSP_OK);
    CHECK_NUMBER(failure.stage, WSP_STAGE_TLS);
    CHECK_TEXT(failure.tls, "the certificate is not signed by a trusted authority");
    CHECK_NUMBER(failure.is_name_mismatch, 0);
    pair_free(&pair);

    CHECK_ERROR(wsp_tls_options_client(client, text_of("server.crt"), "other.example"), WSP_OK);
    secure(&pair, "localhost", client, server);
    CHECK_ERROR(wsp_peer_get_failure(pair.client, &failure), WSP_OK);
    CHECK_NUMBER(failure.is_name_mismatch, 1);
    pair_free(&pair);

    CHECK_ERROR(wsp_tls_options_client_unsafe(client, NULL), WSP_OK);
    secure(&pair, "127.0.0.1", client, server);
    CHECK(exchanges(&pair));
    pair_free(&pair);

    CHECK_ERROR(wsp_tls_options_client_unsafe_from_file(client, path_of("client.crt")), WSP_OK);
    secure(&pair, "127.0.0.1", client, server);
    CHECK_NUMBER(wsp_peer_get_ready_state(pair.client), WSP_STATE_CLOSED);
    pair_free(&pair);
    wsp_tls_options_free(client);
    wsp_tls_options_free(server);
}

void a_client_certificate_identifies_the_client(void)
{
    wsp_tls_options *client = wsp_tls_options_new();
    wsp_tls_options *server = wsp_tls_options_new();
    wsp_tls_info info = {sizeof info, NULL, NULL, NULL, NULL, 0};
    wsp_failure failure;
    struct pair pair;

    failure.struct_size = sizeof failure;
    CHECK_ERROR(wsp_tls_options_server(server, text_of("server.key"), text_of("server.crt")), WSP_OK);
    CHECK_ERROR(wsp_tls_options_set_client_ca(server, text_of("client.crt"), true), WSP_OK);
    CHECK_ERROR(wsp_tls_options_client(client, text_of("server.crt"), NULL), WSP_OK);
    secure(&pair, "localhost", client, server);
    WAIT_FOR(wsp_peer_get_ready_state(pair.client) == WSP_STATE_CLOSED, pair_poll(&pair));
    CHECK_ERROR(wsp_peer_get_failure(pair.client, &failure), WSP_OK);
    CHECK(strstr(failure.tls, "CertificateRequired") != NULL);
    pair_free(&pair);

    CHECK_ERROR(wsp_tls_options_set_client_certificate(client, text_of("client.key"), text_of("client.crt")), WSP_OK);
    secure(&pair, "localhost", client, server);
    CHECK(exchanges(&pair));
    CHECK_ERROR(wsp_peer_get_tls_info(pair.server, &info), WSP_OK);
    CHECK_TEXT(info.peer_subject, "CN=player");
    pair_free(&pair);

    CHECK_ERROR(wsp_tls_options_set_client_ca_from_file(server, path_of("client.crt"), false), WSP_OK);
    CHECK_ERROR(wsp_tls_options_set_client_certificate_from_files(client, path_of("client.key"), path_of("client.crt")),
                WSP_OK);
    secure(&pair, "localhost", client, server);
    CHECK(exchanges(&pair));
    pair_free(&pair);
    wsp_tls_options_free(client);
    wsp_tls_options_free(server);
}

void invalid_tls_options_are_refused_with_a_reason(void)
{
    wsp_tls_options *options = wsp_tls_options_new();
    wsp_peer *peer = wsp_peer_new();
    wsp_stream *stream = wsp_stream_new();

    wsp_tls_options_free(NULL);
    CHECK_TEXT(wsp_tls_options_get_error_message(NULL), "");
    CHECK_TEXT(wsp_tls_options_get_error_message(options), "");
    CHECK_ERROR(wsp_tls_options_client(NULL, NULL, NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_tls_options_client(options, "nonsense", NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK(strstr(wsp_tls_options_get_error_message(options), "certificate") != NULL);
    CHECK_ERROR(wsp_tls_options_client(options, "\xff", NULL), WSP_ERR_INVALID_DATA);
    CHECK_ERROR(wsp_tls_options_client_from_file(options, "/does/not/exist", NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK(strstr(wsp_tls_options_get_error_message(options), "/does/not/exist") != NULL);
    CHECK_ERROR(wsp_tls_options_client_from_file(options, NULL, NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_tls_options_client_unsafe(options, "nonsense"), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_tls_options_client_unsafe_from_file(options, "/does/not/exist"), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_tls_options_server(options, NULL, NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_tls_options_server(options, text_of("client.key"), text_of("server.crt")), WSP_ERR_INVALID_PARAMETER);
    CHECK(strstr(wsp_tls_options_get_error_message(options), "does not belong") != NULL);
    CHECK_ERROR(wsp_tls_options_server_from_files(options, NULL, NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_tls_options_set_client_certificate(options, NULL, NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_tls_options_set_client_certificate_from_files(options, NULL, NULL), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_tls_options_set_client_ca(options, text_of("client.crt"), true), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_tls_options_set_client_ca_from_file(options, NULL, true), WSP_ERR_INVALID_PARAMETER);

    /* Refused calls have changed nothing: the options are those of a client, which no server can use. */
    CHECK_ERROR(wsp_peer_accept_stream(peer, stream, options), WSP_ERR_INVALID_PARAMETER);
    CHECK_ERROR(wsp_tls_options_server(options, text_of("server.key"), text_of("server.crt")), WSP_OK);
    CHECK_ERROR(wsp_peer_connect_to_url(peer, "wss://localhost:1/", options), WSP_ERR_INVALID_PARAMETER);
    CHECK_NUMBER(wsp_peer_get_ready_state(peer), WSP_STATE_CLOSED);
    wsp_stream_free(stream);
    wsp_peer_free(peer);
    wsp_tls_options_free(options);
}
