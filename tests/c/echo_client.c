/*
 * Sends texts to a WebSocket server that echoes them, and prints the echoes.
 *
 *     echo_client URL TEXT...
 *
 * Prints a line `< TEXT` for each message and at the end `closed: CODE REASON`. The exit status is 0
 * if every text came back unchanged and the connection was closed cleanly, within ten seconds (longer with
 * WSPEER_TEST_PATIENCE).
 */

#include "system.h"

#include <wspeer.h>

#define SECONDS 10

static bool is_equal(const uint8_t *data, size_t length, const char *text)
{
    return length == strlen(text) && memcmp(data, text, length) == 0;
}

int main(int argc, char **argv)
{
    wsp_peer *peer = wsp_peer_new();
    double deadline = now() + SECONDS * patience();
    char **texts;
    int count;
    int sent = 0;
    int returned = 0;
    int code = -1;

    begin_program(&argc, &argv);
    texts = argv + 2;
    count = argc - 2;
    if (count < 1) {
        fprintf(stderr, "usage: echo_client URL TEXT...\n");
        wsp_peer_free(peer);
        return EXIT_FAILURE;
    }
    /* This call only starts to connect; polling completes it. */
    if (wsp_peer_connect_to_url(peer, argv[1], NULL) != WSP_OK) {
        fprintf(stderr, "echo_client: %s\n", wsp_peer_get_error_message(peer));
        wsp_peer_free(peer);
        return EXIT_FAILURE;
    }

    while (wsp_peer_get_ready_state(peer) != WSP_STATE_CLOSED && now() < deadline) {
        const uint8_t *data;
        size_t length;

        wsp_peer_poll(peer);

        while (sent < count && wsp_peer_get_ready_state(peer) == WSP_STATE_OPEN) {
            wsp_error error = wsp_peer_send_text(peer, texts[sent]);

            if (error == WSP_OK) {
                sent++;
                continue;
            }
            if (error == WSP_ERR_OUT_OF_MEMORY &&
                wsp_peer_get_current_outbound_buffered_amount(peer) > 0) {
                /* Earlier texts wait for the network; this one is sent in a later round. */
                break;
            }
            /* Not UTF-8, or longer than outbound_buffer_size: no later call would succeed. */
            fprintf(stderr, "echo_client: cannot send '%s': %s\n", texts[sent], wsp_error_name(error));
            wsp_peer_close(peer, 1000, "giving up");
        }

        /* Messages that arrived before the connection was closed can still be read. The data is
         * lent until the next call on the peer. */
        while (wsp_peer_get_packet(peer, &data, &length) == WSP_OK) {
            fputs("< ", stdout);
            fwrite(data, 1, length, stdout);
            putchar('\n');
            if (returned < count && is_equal(data, length, texts[returned])) {
                returned++;
            }
        }

        if (returned == count) {
            /* A second call does nothing. */
            wsp_peer_close(peer, 1000, "done");
        }
        /* In place of the rest of a game's frame. */
        nap();
    }

    if (wsp_peer_get_ready_state(peer) == WSP_STATE_CLOSED) {
        code = wsp_peer_get_close_code(peer);
        printf("closed: %d %s\n", code, wsp_peer_get_close_reason(peer, NULL));
        if (code == -1) {
            fprintf(stderr, "echo_client: %s\n", wsp_peer_get_error_message(peer));
        }
    } else {
        fprintf(stderr, "echo_client: not closed after %d seconds\n", (int)(SECONDS * patience()));
    }
    wsp_peer_free(peer);
    return code == 1000 && returned == count ? EXIT_SUCCESS : EXIT_FAILURE;
}
