/*
 * Resident memory of idle connections, both peers in this process:
 *
 *     idle_memory plain|compressed [CONNECTIONS]
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <wspeer.h>

static size_t resident(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long total = 0;
    unsigned long pages = 0;

    if (file == NULL || fscanf(file, "%lu %lu", &total, &pages) != 2) {
        exit(1);
    }
    fclose(file);
    return (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void poll_all(wsp_peer **peers, int count, int rounds)
{
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < count; i++) {
            const uint8_t *data;
            size_t len;

            wsp_peer_poll(peers[i]);
            while (wsp_peer_get_packet(peers[i], &data, &len) == WSP_OK) {
            }
        }
    }
}

static void measure(int connections, bool compressed)
{
    static const char message[] = "a message that is long enough to be compressed, long enough to be compressed, long "
                                  "enough to be compressed, long enough to be compressed, long enough to be compressed";
    wsp_peer_options options = WSP_PEER_OPTIONS_INIT;
    wsp_tcp_server *server = wsp_tcp_server_new();
    wsp_peer **peers = calloc((size_t)connections * 2, sizeof *peers);
    char url[64];
    size_t before;
    size_t peer_count = (size_t)connections * 2;
    int open = 0;

    options.compression_enabled = compressed;
    if (wsp_tcp_server_listen(server, 0, "127.0.0.1") != WSP_OK || peers == NULL) {
        exit(1);
    }
    snprintf(url, sizeof url, "ws://127.0.0.1:%u", (unsigned)wsp_tcp_server_get_local_port(server));
    before = resident();
    for (int i = 0; i < connections; i++) {
        wsp_stream *stream = NULL;

        peers[2 * i] = wsp_peer_new();
        peers[2 * i + 1] = wsp_peer_new();
        wsp_peer_set_options(peers[2 * i], &options);
        wsp_peer_set_options(peers[2 * i + 1], &options);
        wsp_peer_connect_to_url(peers[2 * i], url, NULL);
        for (int tries = 0; stream == NULL && tries < 100000; tries++) {
            stream = wsp_tcp_server_take_connection(server);
        }
        wsp_peer_accept_stream(peers[2 * i + 1], stream, NULL);
        wsp_stream_free(stream);
        for (int tries = 0; wsp_peer_get_ready_state(peers[2 * i]) != WSP_STATE_OPEN && tries < 100000; tries++) {
            wsp_peer_poll(peers[2 * i]);
            wsp_peer_poll(peers[2 * i + 1]);
        }
        open += wsp_peer_get_ready_state(peers[2 * i]) == WSP_STATE_OPEN;
    }
    poll_all(peers, connections * 2, 3);
    printf("%s, %d connections open: %zu bytes per peer\n", compressed ? "compressed" : "plain", open, (resident() - before) / peer_count);
    for (int i = 0; i < connections * 2; i++) {
        wsp_peer_send_text(peers[i], message);
    }
    poll_all(peers, connections * 2, 3);
    printf("  after a message each way: %zu bytes per peer\n", (resident() - before) / peer_count);
    for (int i = 0; i < connections * 2; i++) {
        wsp_peer_release_compression_memory(peers[i]);
    }
    printf("  after wsp_peer_release_compression_memory(): %zu bytes per peer\n", (resident() - before) / peer_count);
    for (int i = 0; i < connections * 2; i++) {
        wsp_peer_free(peers[i]);
    }
    wsp_tcp_server_free(server);
    free(peers);
}

int main(int argc, char **argv)
{
    int connections = argc > 2 ? atoi(argv[2]) : 400;

    if (argc < 2) {
        return 2;
    }
    measure(connections, strcmp(argv[1], "compressed") == 0);
    return 0;
}
