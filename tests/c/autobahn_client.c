/*
 * The client's side of the Autobahn test suite, whose server it connects to once per test case.
 *
 *     autobahn_client ws://127.0.0.1:PORT AGENT
 *
 * /getCaseCount answers with a number, /runCase?case=N&agent=AGENT expects an echo of every message, and
 * /updateReports?agent=AGENT makes the server write its report.
 */

#include "message.h"

/* The suite itself gives its slowest cases 480 seconds. */
#define SECONDS_PER_CASE 600

/* Connects, echoes if requested, and polls until the connection is closed for any reason: the server
 * judges the behaviour in each case. The last message stays in `message`. Returns false if the connection
 * did not end in time. */
static bool visit(const char *url, bool echoes, struct message *message)
{
    wsp_peer *peer = wsp_peer_new();
    wsp_peer_options options = WSP_PEER_OPTIONS_INIT;
    wsp_tls_options *tls = wsp_tls_options_new();
    double deadline = now() + SECONDS_PER_CASE;
    bool has_ended;

    options.inbound_buffer_size = (size_t)32 * 1024 * 1024;
    /* No limit: the suite waits for echoes, so that at most one case's data is queued. */
    options.outbound_buffer_size = 0;
    /* The cases for compression expect compressed short messages too. */
    options.compression_enabled = 1;
    options.compression_threshold = 0;
    wsp_peer_set_options(peer, &options);
    /* The certificate of the suite's server has no host name. */
    wsp_tls_options_client_unsafe(tls, NULL);
    if (wsp_peer_connect_to_url(peer, url, tls) != WSP_OK) {
        fprintf(stderr, "%s: %s\n", url, wsp_peer_get_error_message(peer));
        wsp_tls_options_free(tls);
        wsp_peer_free(peer);
        return false;
    }
    wsp_tls_options_free(tls);
    while (wsp_peer_get_ready_state(peer) != WSP_STATE_CLOSED && now() < deadline) {
        bool is_busy = false;

        wsp_peer_poll(peer);
        while (take_message(peer, message)) {
            is_busy = true;
            if (echoes) {
                /* Refused only if the connection has closed, which some cases provoke. */
                send_message(peer, message);
            }
        }
        if (!is_busy) {
            nap();
        }
    }
    has_ended = wsp_peer_get_ready_state(peer) == WSP_STATE_CLOSED;
    if (!has_ended) {
        fprintf(stderr, "%s: no end after %d seconds\n", url, SECONDS_PER_CASE);
    }
    wsp_peer_free(peer);
    return has_ended;
}

int main(int argc, char **argv)
{
    struct message message = {NULL, 0, 0, WSP_WRITE_MODE_TEXT};
    char url[1024];
    int failures = 0;
    int count;

    begin_program(&argc, &argv);
    if (argc != 3 || strlen(argv[1]) + strlen(argv[2]) > sizeof url - 100) {
        fprintf(stderr, "usage: autobahn_client ws://127.0.0.1:PORT AGENT\n");
        return EXIT_FAILURE;
    }
    snprintf(url, sizeof url, "%s/getCaseCount", argv[1]);
    if (!visit(url, false, &message) || message.data == NULL) {
        fprintf(stderr, "%s: no answer\n", url);
        free(message.data);
        return EXIT_FAILURE;
    }
    count = atoi((const char *)message.data);
    printf("%d cases\n", count);
    for (int number = 1; number <= count; number++) {
        snprintf(url, sizeof url, "%s/runCase?case=%d&agent=%s", argv[1], number, argv[2]);
        failures += visit(url, true, &message) ? 0 : 1;
    }
    snprintf(url, sizeof url, "%s/updateReports?agent=%s", argv[1], argv[2]);
    failures += visit(url, false, &message) ? 0 : 1;
    free(message.data);
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
