/*
 * An echo server on single wsp_peers in an epoll loop of its own; with the argument `deflate` it agrees on compression.
 * Ends with its standard input.
 */

#define _GNU_SOURCE

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <wspeer.h>

enum { EVENTS = 1024 };

static void serve(wsp_peer *peer)
{
    const uint8_t *data;
    size_t len;

    do {
        wsp_peer_poll(peer);
        while (wsp_peer_get_packet(peer, &data, &len) == WSP_OK) {
            wsp_peer_send(peer, data, len,
                          wsp_peer_was_string_packet(peer) ? WSP_WRITE_MODE_TEXT : WSP_WRITE_MODE_BINARY);
        }
    } while (wsp_peer_get_available_packet_count(peer) > 0);
}

int main(int argc, char **argv)
{
    wsp_peer_options options = WSP_PEER_OPTIONS_INIT;
    wsp_tcp_server *listener = wsp_tcp_server_new();
    struct epoll_event input = {.events = EPOLLIN, .data.ptr = &input};
    struct epoll_event events[EVENTS];
    int epoll = epoll_create1(0);

    options.inbound_buffer_size = 16 << 20;
    options.outbound_buffer_size = 16 << 20;
    options.compression_enabled = argc > 1 && strcmp(argv[1], "deflate") == 0;
    if (wsp_tcp_server_listen(listener, 0, "127.0.0.1") != WSP_OK) {
        fprintf(stderr, "%s\n", wsp_tcp_server_get_error_message(listener));
        return 1;
    }
    epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &input);
    printf("LISTENING %u\n", (unsigned)wsp_tcp_server_get_local_port(listener));
    fflush(stdout);
    for (bool is_over = false; !is_over;) {
        /* The library's listener tells no descriptor: while connections come, it is asked between the events. */
        int count = epoll_wait(epoll, events, EVENTS, 1);

        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == &input) {
                is_over = true;
                continue;
            }
            serve(events[i].data.ptr);
            if (wsp_peer_get_ready_state(events[i].data.ptr) == WSP_STATE_CLOSED) {
                wsp_peer_free(events[i].data.ptr);
            }
        }
        while (wsp_tcp_server_is_connection_available(listener)) {
            wsp_stream *stream = wsp_tcp_server_take_connection(listener);
            wsp_peer *peer = wsp_peer_new();
            struct epoll_event added = {.events = EPOLLIN | EPOLLET | EPOLLOUT, .data.ptr = peer};

            wsp_peer_set_options(peer, &options);
            wsp_peer_accept_stream(peer, stream, NULL);
            wsp_stream_free(stream);
            epoll_ctl(epoll, EPOLL_CTL_ADD, (int)wsp_peer_get_fd(peer, NULL), &added);
        }
    }
    wsp_tcp_server_free(listener);
    close(epoll);
    return 0;
}
