/*
 * One server object with many connections:
 *
 *     many_connections [COUNT]...        (default 100 1000 10000)
 *
 * For each count, in ascending order, another process makes the connections with plain sockets. Prints the memory of an idle
 * connection in the server's process, and the cost of a poll while all connections are idle and while one is active. Then every
 * client sends a message and must receive it once. The status is 0 if every message came back; the figures are not judged.
 */

#define _DEFAULT_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <wspeer.h>

#include "program.h"

#define POLLS 2000

static const char request[] = "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

static void fail(const char *what)
{
    fprintf(stderr, "many_connections: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

/* The clients' process. */

static void read_exactly(int socket, void *data, size_t length)
{
    size_t done = 0;

    while (done < length) {
        ssize_t count = recv(socket, (char *)data + done, length - done, 0);

        if (count <= 0) {
            fail("a client's connection broke");
        }
        done += (size_t)count;
    }
}

static int connected(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    char head[4096];
    size_t length = 0;
    int client = socket(AF_INET, SOCK_STREAM, 0);

    if (client < 0 || connect(client, (struct sockaddr *)&address, sizeof address) != 0 ||
        send(client, request, sizeof request - 1, 0) != (ssize_t)sizeof request - 1) {
        fail("a client cannot connect");
    }
    while (length < 4 || memcmp(head + length - 4, "\r\n\r\n", 4) != 0) {
        if (length == sizeof head) {
            fail("the answer has no end");
        }
        read_exactly(client, head + length++, 1);
    }
    if (memcmp(head, "HTTP/1.1 101", 12) != 0) {
        fail("a client was refused");
    }
    return client;
}

/* Sends each client's number in a masked binary frame; each must receive it once and nothing else. */
static void exchange(const int *clients, size_t first, size_t count)
{
    for (size_t i = first; i < first + count; i++) {
        uint32_t number = (uint32_t)i;
        uint8_t frame[10] = {0x82, 0x84, 0, 0, 0, 0};

        memcpy(frame + 6, &number, 4);
        if (send(clients[i], frame, sizeof frame, 0) != (ssize_t)sizeof frame) {
            fail("a client cannot send");
        }
    }
    for (size_t i = first; i < first + count; i++) {
        uint32_t number = (uint32_t)i;
        uint8_t echo[6];
        uint8_t more;

        read_exactly(clients[i], echo, sizeof echo);
        if (echo[0] != 0x82 || echo[1] != 4 || memcmp(echo + 2, &number, 4) != 0) {
            fail("a client received another message");
        }
        if (recv(clients[i], &more, 1, MSG_DONTWAIT) != -1) {
            fail("a client received more than it has sent");
        }
    }
}

struct order {
    char what; /* 'c': connect up to that many, 'e': echo that many, 'q': quit */
    size_t count;
};

static void be_the_clients(uint16_t port, int orders, int answers, size_t most)
{
    int *clients = calloc(most, sizeof *clients);
    size_t open = 0;
    struct order order;

    while (read(orders, &order, sizeof order) == (ssize_t)sizeof order && order.what != 'q') {
        if (order.what == 'c') {
            while (open < order.count) {
                clients[open++] = connected(port);
            }
        } else {
            exchange(clients, 0, order.count);
        }
        if (write(answers, "k", 1) != 1) {
            fail("the server's process has ended");
        }
    }
    _exit(EXIT_SUCCESS);
}

/* The server's process. */

static size_t resident(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long total = 0;
    unsigned long pages = 0;

    if (file == NULL || fscanf(file, "%lu %lu", &total, &pages) != 2) {
        fail("/proc/self/statm");
    }
    fclose(file);
    return (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
}

static size_t opened;
static size_t echoed;

static void serve(wsp_server *server)
{
    wsp_event event = WSP_EVENT_INIT;

    while (wsp_server_next_event(server, &event) == WSP_OK) {
        if (event.type == WSP_EVENT_OPENED) {
            opened++;
        } else if (event.type == WSP_EVENT_MESSAGE) {
            if (wsp_server_send(server, event.peer, event.data, event.len, WSP_WRITE_MODE_BINARY) != WSP_OK) {
                fail(wsp_server_get_error_message(server));
            }
            echoed++;
        } else {
            fprintf(stderr, "many_connections: event %d: %s\n", (int)event.type, event.text);
            exit(EXIT_FAILURE);
        }
    }
}

/* Serves until the clients have executed an order. */
static void command(wsp_server *server, int orders, int answers, char what, size_t count)
{
    struct order order;
    struct pollfd answer = {answers, POLLIN, 0};
    char done;

    memset(&order, 0, sizeof order);
    order.what = what;
    order.count = count;
    if (write(orders, &order, sizeof order) != (ssize_t)sizeof order) {
        fail("the clients have ended");
    }
    /* A busy loop, because the clients' answer does not end wsp_server_wait(). */
    while (poll(&answer, 1, 0) == 0) {
        wsp_server_poll(server);
        serve(server);
    }
    if (read(answers, &done, 1) != 1) {
        fail("the clients have ended");
    }
}

static double microseconds_per_poll(wsp_server *server)
{
    double begin;

    for (int i = 0; i < 10; i++) {
        wsp_server_poll(server);
    }
    begin = now();
    for (int i = 0; i < POLLS; i++) {
        wsp_server_poll(server);
    }
    return (now() - begin) * 1e6 / POLLS;
}

int main(int argc, char **argv)
{
    static const size_t usual[] = {100, 1000, 10000};
    size_t steps = argc > 1 ? (size_t)(argc - 1) : sizeof usual / sizeof usual[0];
    wsp_server *server = wsp_server_new();
    struct rlimit files;
    int orders[2];
    int answers[2];
    pid_t child;
    size_t most = argc > 1 ? (size_t)atol(argv[argc - 1]) : usual[steps - 1];
    double first_cost = 0.0;
    wsp_server_listen_options listen = WSP_SERVER_LISTEN_OPTIONS_INIT;
    size_t before;
    int status = 0;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_max < most + 64) {
        fprintf(stderr, "many_connections: this process may have %lu files open\n", (unsigned long)files.rlim_max);
        return EXIT_FAILURE;
    }
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    listen.address = "127.0.0.1";
    if (wsp_server_listen(server, 0, &listen) != WSP_OK || pipe(orders) != 0 || pipe(answers) != 0) {
        fail(wsp_server_get_error_message(server));
    }
    fflush(stdout);
    child = fork();
    if (child == 0) {
        close(orders[1]);
        close(answers[0]);
        be_the_clients(wsp_server_get_local_port(server), orders[0], answers[1], most);
    }
    close(orders[0]);
    close(answers[1]);
    before = resident();
    for (size_t step = 0; step < steps; step++) {
        size_t count = argc > 1 ? (size_t)atol(argv[step + 1]) : usual[step];
        double idle;

        command(server, orders[1], answers[0], 'c', count);
        /* The memory of handshakes is freed in the polls after them. */
        for (int i = 0; i < 10; i++) {
            wsp_server_poll(server);
        }
        serve(server);
        idle = microseconds_per_poll(server);
        if (step == 0) {
            first_cost = idle;
        }
        printf("%zu connections: %zu bytes each, %.2f us per poll while idle (%.1f times the first)\n", count,
               (resident() - before) / count, idle, idle / first_cost);
        fflush(stdout);
        echoed = 0;
        command(server, orders[1], answers[0], 'e', count);
        if (opened != count || echoed != count || wsp_server_get_peers(server, NULL, 0) != count) {
            fprintf(stderr, "many_connections: %zu opened, %zu echoed of %zu\n", opened, echoed, count);
            return EXIT_FAILURE;
        }
        printf("  every one was echoed once\n");
        /* One connection is active, the others are idle and must not add to the cost. */
        {
            double begin = now();

            for (int i = 0; i < 200; i++) {
                command(server, orders[1], answers[0], 'e', 1);
            }
            printf("  %.1f us for one echo among them\n", (now() - begin) * 1e6 / 200);
        }
    }
    close(orders[1]);
    wsp_server_free(server);
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
