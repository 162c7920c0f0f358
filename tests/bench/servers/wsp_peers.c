/*
 * An echo server on single wsp_peers in its own epoll loop; the argument `deflate` enables compression.
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

struct connection {
    wsp_peer *peer;
    bool wants_write;
};

static void wait_for(int epoll, int operation, struct connection *connection, bool wants_write)
{
    struct epoll_event event = {.events = wants_write ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = connection};

    connection->wants_write = wants_write;
    epoll_ctl(epoll, operation, (int)wsp_peer_get_fd(connection->peer, NULL), &event);
}

static void serve(int epoll, struct connection *connection)
{
    wsp_peer *peer = connection->peer;
    const uint8_t *data;
    size_t len;
    bool wants_write;

    do {
        wsp_peer_poll(peer);
        while (wsp_peer_get_packet(peer, &data, &len) == WSP_OK) {
            wsp_peer_send(peer, data, len,
                          wsp_peer_was_string_packet(peer) ? WSP_WRITE_MODE_TEXT : WSP_WRITE_MODE_BINARY);
        }
        wsp_peer_get_fd(peer, &wants_write);
    } while (wsp_peer_needs_poll(peer) && !wants_write);
    if (wsp_peer_get_ready_state(peer) == WSP_STATE_CLOSED) {
        wsp_peer_free(peer);
        free(connection);
    } else if (wants_write != connection->wants_write) {
        wait_for(epoll, EPOLL_CTL_MOD, connection, wants_write);
    }
}

static void accept_all(wsp_tcp_server *listener, int epoll, const wsp_peer_options *options)
{
    wsp_stream *stream;

    while ((stream = wsp_tcp_server_take_connection(listener)) != NULL) {
        struct connection *connection = calloc(1, sizeof *connection);

        connection->peer = wsp_peer_new();
        wsp_peer_set_options(connection->peer, options);
        wsp_peer_accept_stream(connection->peer, stream, NULL);
        wsp_stream_free(stream);
        wait_for(epoll, EPOLL_CTL_ADD, connection, false);
    }
}

int main(int argc, char **argv)
{
    wsp_peer_options options = WSP_PEER_OPTIONS_INIT;
    wsp_tcp_server *listener = wsp_tcp_server_new();
    struct epoll_event input = {.events = EPOLLIN, .data.ptr = &input};
    struct epoll_event connections = {.events = EPOLLIN, .data.ptr = listener};
    struct epoll_event events[EVENTS];
    int epoll = epoll_create1(0);

    options.inbound_buffer_size = 16 << 20;
    options.outbound_buffer_size = 16 << 20;
    options.compression_enabled = argc > 1 && strcmp(argv[1], "deflate") == 0;
    options.compression_level = 1; /* the default of libwebsockets */
    if (wsp_tcp_server_listen(listener, 0, "127.0.0.1") != WSP_OK) {
        fprintf(stderr, "%s\n", wsp_tcp_server_get_error_message(listener));
        return 1;
    }
    epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &input);
    epoll_ctl(epoll, EPOLL_CTL_ADD, (int)wsp_tcp_server_get_fd(listener), &connections);
    printf("LISTENING %u\n", (unsigned)wsp_tcp_server_get_local_port(listener));
    fflush(stdout);
    for (bool is_over = false; !is_over;) {
        int count = epoll_wait(epoll, events, EVENTS, -1);

        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == &input) {
                is_over = true;
            } else if (events[i].data.ptr == listener) {
                accept_all(listener, epoll, &options);
            } else {
                serve(epoll, events[i].data.ptr);
            }
        }
    }
    wsp_tcp_server_free(listener);
    close(epoll);
    return 0;
}
