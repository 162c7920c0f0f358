/*
 * Sends messages to an echo server on this machine and measures their cost:
 *
 *     load PORT PID CONNECTIONS BYTES SECONDS IDLE [DEFLATED]
 *
 * Each of CONNECTIONS connections sends one binary message of BYTES, waits for its echo, and sends the next, for
 * SECONDS; IDLE more connections are open and idle. The messages are made once, so that this program costs little more
 * than its system calls. DEFLATED is a file with the compressed payload of such a message: the program then requests
 * permessage-deflate without context takeover, and counts the echoes without decompressing them.
 *
 * Prints messages per second, and the nanoseconds of processor time, user and system, of the process PID per message.
 */

#define _GNU_SOURCE

#include <arpa/inet.h>
#include <dirent.h>
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

#include "../c/program.h"

enum { EVENTS = 256, INPUT = 256 * 1024 };

static const uint8_t key[4] = {0x37, 0xfa, 0x21, 0x3d};

struct connection {
    int fd;
    size_t sent;      /* bytes of the current message */
    uint8_t head[14]; /* header of the incoming frame */
    size_t head_len;
    uint64_t payload_left;
    bool in_payload;
};

static uint8_t *message;
static size_t message_len;
static uint8_t input[INPUT];
static unsigned long long echoes;

static void fail(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* Returns the processor time of all threads of a process in nanoseconds. */
static unsigned long long processor_time(int pid)
{
    char path[64];
    unsigned long long total = 0;
    struct dirent *entry;
    DIR *tasks;

    snprintf(path, sizeof path, "/proc/%d/task", pid);
    tasks = opendir(path);
    if (tasks == NULL) {
        fail("the server's process");
    }
    while ((entry = readdir(tasks)) != NULL) {
        char file[400];
        unsigned long long nanoseconds = 0;
        FILE *stream;

        snprintf(file, sizeof file, "%s/%s/schedstat", path, entry->d_name);
        stream = entry->d_name[0] == '.' ? NULL : fopen(file, "r");
        if (stream != NULL) {
            if (fscanf(stream, "%llu", &nanoseconds) == 1) {
                total += nanoseconds;
            }
            fclose(stream);
        }
    }
    closedir(tasks);
    return total;
}

static void make_message(size_t bytes, const char *deflated)
{
    uint8_t *payload = malloc(bytes + 1024);
    size_t len = bytes;
    size_t head = 0;

    if (payload == NULL || (message = malloc(2 * bytes + 2048)) == NULL) {
        fail("memory");
    }
    for (size_t i = 0; i < bytes; i++) {
        payload[i] = (uint8_t) "{\"x\": 12, \"y\": 7, \"name\": \"player\"}, "[i % 38];
    }
    if (deflated != NULL) {
        FILE *file = fopen(deflated, "rb");

        len = file == NULL ? 0 : fread(payload, 1, bytes + 1024, file);
        if (len == 0) {
            fail("the compressed message");
        }
        fclose(file);
    }
    message[head++] = (uint8_t)(0x82 | (deflated != NULL ? 0x40 : 0));
    if (len < 126) {
        message[head++] = (uint8_t)(0x80 | len);
    } else if (len < 65536) {
        message[head++] = 0x80 | 126;
        message[head++] = (uint8_t)(len >> 8);
        message[head++] = (uint8_t)len;
    } else {
        message[head++] = 0x80 | 127;
        for (int shift = 56; shift >= 0; shift -= 8) {
            message[head++] = (uint8_t)((uint64_t)len >> shift);
        }
    }
    memcpy(message + head, key, 4);
    head += 4;
    for (size_t i = 0; i < len; i++) {
        message[head + i] = (uint8_t)(payload[i] ^ key[i % 4]);
    }
    message_len = head + len;
    free(payload);
}

static int open_connection(uint16_t port, bool deflated)
{
    static const int on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    char request[512];
    char answer[4096];
    size_t got = 0;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        fail("connect");
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    snprintf(request, sizeof request,
             "GET / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
             (unsigned)port,
             deflated ? "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover; "
                        "server_no_context_takeover\r\n"
                      : "");
    if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0) {
        fail("send");
    }
    while (got < sizeof answer - 1) {
        ssize_t count = recv(fd, answer + got, 1, 0);

        if (count <= 0) {
            fail("handshake");
        }
        got++;
        if (got >= 4 && memcmp(answer + got - 4, "\r\n\r\n", 4) == 0) {
            break;
        }
    }
    answer[got] = '\0';
    if (strncmp(answer, "HTTP/1.1 101", 12) != 0 || (deflated && strcasestr(answer, "permessage-deflate") == NULL)) {
        fprintf(stderr, "load: the server answered %.80s\n", answer);
        exit(1);
    }
    return fd;
}

/* Sends as much of the message as the network accepts. */
static void send_on(struct connection *connection)
{
    while (connection->sent < message_len) {
        ssize_t count = send(connection->fd, message + connection->sent, message_len - connection->sent,
                             MSG_NOSIGNAL | MSG_DONTWAIT);

        if (count < 0) {
            if (errno == EAGAIN) {
                return;
            }
            fail("send");
        }
        connection->sent += (size_t)count;
    }
}

/* Parses received frames. Returns whether one has ended its message. */
static bool take(struct connection *connection, const uint8_t *data, size_t len)
{
    bool turned = false;

    while (len > 0) {
        if (!connection->in_payload) {
            size_t wanted;

            connection->head[connection->head_len++] = *data++;
            len--;
            if (connection->head_len < 2) {
                continue;
            }
            wanted = (connection->head[1] & 0x7f) == 126 ? 4 : (connection->head[1] & 0x7f) == 127 ? 10 : 2;
            wanted += connection->head[1] & 0x80 ? 4 : 0;
            if (connection->head_len < wanted) {
                continue;
            }
            connection->payload_left = connection->head[1] & 0x7f;
            if (connection->payload_left == 126) {
                connection->payload_left = (uint64_t)(connection->head[2] << 8 | connection->head[3]);
            } else if (connection->payload_left == 127) {
                connection->payload_left = 0;
                for (int i = 2; i < 10; i++) {
                    connection->payload_left = connection->payload_left << 8 | connection->head[i];
                }
            }
            connection->in_payload = true;
        }
        if (connection->payload_left <= len) {
            /* A server may answer in several frames; the last one has the FIN bit. */
            turned |= (connection->head[0] & 0x80) != 0;
            data += connection->payload_left;
            len -= (size_t)connection->payload_left;
            connection->head_len = 0;
            connection->in_payload = false;
        } else {
            connection->payload_left -= len;
            len = 0;
        }
    }
    return turned;
}

int main(int argc, char **argv)
{
    int connections = argc > 3 ? atoi(argv[3]) : 0;
    int idle = argc > 6 ? atoi(argv[6]) : 0;
    const char *deflated = argc > 7 ? argv[7] : NULL;
    int pid;
    double seconds;
    double start;
    double end;
    unsigned long long before;
    unsigned long long counted = 0;
    struct epoll_event events[EVENTS];
    struct connection *all;
    int epoll;

    if (argc < 7 || connections < 1) {
        fprintf(stderr, "usage: load PORT PID CONNECTIONS BYTES SECONDS IDLE [DEFLATED]\n");
        return 2;
    }
    pid = atoi(argv[2]);
    seconds = atof(argv[5]);
    make_message((size_t)atol(argv[4]), deflated);
    all = calloc((size_t)connections, sizeof *all);
    epoll = epoll_create1(0);
    for (int i = 0; i < idle; i++) {
        open_connection((uint16_t)atoi(argv[1]), deflated != NULL);
    }
    for (int i = 0; i < connections; i++) {
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = &all[i]};

        all[i].fd = open_connection((uint16_t)atoi(argv[1]), deflated != NULL);
        epoll_ctl(epoll, EPOLL_CTL_ADD, all[i].fd, &event);
    }
    start = now();
    before = processor_time(pid);
    end = start + seconds * 1.2;
    for (double at = start; at < end; at = now()) {
        int count = epoll_wait(epoll, events, EVENTS, 100);

        /* The first sixth is for warming up. */
        if (counted == 0 && at > start + seconds * 0.2) {
            counted = echoes;
            before = processor_time(pid);
            start = at;
            end = at + seconds;
        }
        for (int i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;

            send_on(connection);
            for (;;) {
                ssize_t got = recv(connection->fd, input, sizeof input, MSG_DONTWAIT);

                if (got == 0) {
                    fprintf(stderr, "load: the server has closed a connection\n");
                    return 1;
                }
                if (got < 0) {
                    break;
                }
                if (take(connection, input, (size_t)got)) {
                    echoes++;
                    connection->sent = 0;
                    send_on(connection);
                }
                if ((size_t)got < sizeof input) {
                    break;
                }
            }
        }
    }
    counted = echoes - counted;
    seconds = now() - start;
    if (counted == 0) {
        fprintf(stderr, "load: no message was echoed\n");
        return 1;
    }
    printf("%.0f %.0f\n", (double)counted / seconds, (double)(processor_time(pid) - before) / (double)counted);
    return 0;
}
