/*
 * The client's side of the Autobahn test suite, whose server it connects to once per test case.
 *
 *     autobahn_client ws://127.0.0.1:PORT AGENT
 *
 * /getCaseCount answers with a number, /runCase?case=N&agent=AGENT wants every message echoed, and
 * /updateReports?agent=AGENT makes the server write what it saw.
 */

/* For clock_gettime() and nanosleep(). */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <wspeer.h>

/* The suite itself gives its slowest cases 480 seconds. */
#define SECONDS_PER_CASE 600

/* A message is copied, because a packet is lent only until the next call on its peer. */
struct message {
    uint8_t *data;
    size_t length;
    size_t capacity;
    wsp_write_mode mode;
};

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void nap(void)
{
    const struct timespec millisecond = {0, 1000000};

    nanosleep(&millisecond, NULL);
}

static bool take_message(wsp_peer *peer, struct message *message)
{
    const uint8_t *data;
    size_t length;

    if (wsp_peer_get_packet(peer, &data, &length) != WSP_OK) {
        return false;
    }
    if (length >= message->capacity) {
        message->capacity = length + 1;
        message->data = realloc(message->data, message->capacity);
        if (message->data == NULL) {
            perror("autobahn_client");
            exit(EXIT_FAILURE);
        }
    }
    memcpy(message->data, data, length);
    /* So that a text can be read as a C string. */
    message->data[length] = 0;
    message->length = length;
    message->mode = wsp_peer_was_string_packet(peer) ? WSP_WRITE_MODE_TEXT : WSP_WRITE_MODE_BINARY;
    return true;
}

/* Connects, echoes where that is wanted, and polls until the connection is closed, for whatever
 * reason: what is right in a case is for the server to judge. The last message stays in `message`.
 * Returns false when the connection did not end in time. */
static bool visit(const char *url, bool echoes, struct message *message)
{
    wsp_peer *peer = wsp_peer_new();
    wsp_peer_options options = WSP_PEER_OPTIONS_INIT;
    wsp_tls_options *tls = wsp_tls_options_new();
    double deadline = now() + SECONDS_PER_CASE;
    bool has_ended;

    options.inbound_buffer_size = (size_t)32 * 1024 * 1024;
    /* Unlimited: the suite waits for echoes, so that no more than one case's data can gather. */
    options.outbound_buffer_size = 0;
    /* The cases for compression want to see short messages compressed too. */
    options.compression_enabled = 1;
    options.compression_threshold = 0;
    wsp_peer_set_options(peer, &options);
    /* The suite's server has a certificate for nobody in particular. */
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
                /* Refused only where the connection is closed meanwhile, which cases try too. */
                wsp_peer_send(peer, message->data, message->length, message->mode);
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
