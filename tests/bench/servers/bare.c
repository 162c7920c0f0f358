/*
 * The cost of sockets alone: an epoll loop that sends all bytes back, without WebSocket except for a constant answer to the
 * handshake. The reference for the echo servers in this folder.
 */

#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 1024, BUFFER = 256 * 1024 };

static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

struct connection {
    int fd;
    bool is_open;
    uint8_t *unsent;
    size_t unsent_len;
};

static uint8_t buffer[BUFFER];

static void send_back(struct connection *connection, const uint8_t *data, size_t len)
{
    ssize_t sent = connection->unsent_len > 0 ? 0 : send(connection->fd, data, len, MSG_NOSIGNAL);

    if (sent < 0) {
        sent = 0;
    }
    if ((size_t)sent < len) {
        size_t left = len - (size_t)sent;

        connection->unsent = realloc(connection->unsent, connection->unsent_len + left);
        memcpy(connection->unsent + connection->unsent_len, data + sent, left);
        connection->unsent_len += left;
    }
}

static void flush_unsent(struct connection *connection)
{
    ssize_t sent = send(connection->fd, connection->unsent, connection->unsent_len, MSG_NOSIGNAL);

    if (sent > 0) {
        connection->unsent_len -= (size_t)sent;
        memmove(connection->unsent, connection->unsent + sent, connection->unsent_len);
    }
}

int main(void)
{
    static const int on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    struct epoll_event input = {.events = EPOLLIN, .data.ptr = &input};
    struct epoll_event events[EVENTS];

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 4096) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &len) != 0) {
        return 1;
    }
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &input);
    printf("LISTENING %u\n", (unsigned)ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        int count = epoll_wait(epoll, events, EVENTS, -1);

        for (int i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;
            ssize_t got;

            if (events[i].data.ptr == &input) {
                return 0;
            }
            if (connection == NULL) {
                int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);

                if (fd >= 0) {
                    struct epoll_event added = {.events = EPOLLIN | EPOLLOUT | EPOLLET};

                    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                    connection = calloc(1, sizeof *connection);
                    connection->fd = fd;
                    added.data.ptr = connection;
                    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &added);
                }
                continue;
            }
            if (connection->unsent_len > 0) {
                flush_unsent(connection);
            }
            do {
                got = recv(connection->fd, buffer, sizeof buffer, 0);
                if (got > 0 && connection->is_open) {
                    send_back(connection, buffer, (size_t)got);
                } else if (got > 0) {
                    /* Requests of the load generator arrive as a whole. */
                    connection->is_open = true;
                    send_back(connection, (const uint8_t *)answer, sizeof answer - 1);
                }
            } while (got == (ssize_t)sizeof buffer);
            if (got == 0 || (got < 0 && errno != EAGAIN)) {
                close(connection->fd);
                free(connection->unsent);
                free(connection);
            }
        }
    }
}
