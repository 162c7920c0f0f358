/* Many silent connections, no free descriptors, and connections that a forked process closes. */

#include "check.h"
#include "tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifndef _WIN32
#include <fcntl.h>
#include <sys/resource.h>
#endif

#ifdef _WIN32
/* wine takes milliseconds for each further one when they all end. */
enum { SILENT = 1000, DESCRIPTORS = 8192 };
#else
enum { SILENT = 3000, DESCRIPTORS = 8192 };
#endif

static const char request[] = "GET / HTTP/1.1\r\nHost: h\r\n" HANDSHAKE "\r\n";

/* A listener of one of both kinds. */
struct host {
    const char *name;
    wsp_server *server;
    wsp_multiplayer *room;
};

static void host_make(struct host *host, bool is_room)
{
    host->name = is_room ? "room" : "server";
    host->server = NULL;
    host->room = NULL;
    about(host->name);
    if (is_room) {
        host->room = wsp_multiplayer_new();
        CHECK_ERROR(wsp_multiplayer_create_server(host->room, 0, "127.0.0.1", NULL), WSP_OK);
    } else {
        wsp_server_listen_options options = loopback();

        host->server = wsp_server_new();
        CHECK_ERROR(wsp_server_listen(host->server, 0, &options), WSP_OK);
    }
}

static void host_free(struct host *host)
{
    wsp_server_free(host->server);
    wsp_multiplayer_free(host->room);
    about(NULL);
}

/* Polls. Returns how many events report that connections cannot be accepted. */
static int host_poll(struct host *host)
{
    int reports = 0;

    if (host->room != NULL) {
        wsp_multiplayer_event event;

        memset(&event, 0, sizeof event);
        event.struct_size = sizeof event;
        wsp_multiplayer_poll(host->room);
        while (wsp_multiplayer_next_event(host->room, &event) == WSP_OK) {
            event.struct_size = sizeof event;
        }
    } else {
        wsp_event event = WSP_EVENT_INIT;

        wsp_server_poll(host->server);
        while (wsp_server_next_event(host->server, &event) == WSP_OK) {
            reports += event.type == WSP_EVENT_FAILED && event.peer == 0;
        }
    }
    return reports;
}

/* Returns a connection to the listener, or NO_SOCKET. */
static socket_handle host_connect(const struct host *host)
{
    int port = host->room != NULL ? wsp_multiplayer_get_local_port(host->room)
                                  : wsp_server_get_local_port(host->server);

    return connect_to_port((uint16_t)port);
}

static bool sends_request(socket_handle player)
{
    return send_bytes(player, request, sizeof request - 1);
}

static bool has_answer(socket_handle player)
{
    char answer[13] = "";

    return receive_bytes(player, answer, 12, MSG_PEEK) == 12 && strcmp(answer, "HTTP/1.1 101") == 0;
}

/* Limits the descriptors of this process. Windows has no such limit. */
static void set_descriptors(int count)
{
#ifdef _WIN32
    (void)count;
#else
    struct rlimit limit;

    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = (rlim_t)count;
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
#endif
}

void joining_while_silent_connections_are_held(void)
{
    static socket_handle silent[SILENT];

    set_descriptors(DESCRIPTORS);
    for (int kind = 0; kind < 2; kind++) {
        struct host host;
        socket_handle player;

        host_make(&host, kind == 1);
        for (int i = 0; i < SILENT; i++) {
            silent[i] = host_connect(&host);
            CHECK(silent[i] != NO_SOCKET);
            if (i % 500 == 499) {
                host_poll(&host);
            }
        }
        player = host_connect(&host);
        CHECK(sends_request(player));
        WAIT_FOR(has_answer(player), host_poll(&host));
        close_socket(player);
        for (int i = 0; i < SILENT; i++) {
            close_socket(silent[i]);
        }
        host_free(&host);
    }
}

void players_join_while_silent_connections_are_held(void)
{
    CHECK(passes_isolated("joining_while_silent_connections_are_held"));
}

/* Closes a peer that has sent more than the kernel takes, and reads everything without a poll. */
static void deliver_after_free(void)
{
    static uint8_t data[16 << 20];
    wsp_peer_options options = wide_options();
    struct raw_pair pair;
    size_t received = 0;

    options.outbound_buffer_size = sizeof data;
    if (raw_open(&pair, &options)) {
        CHECK_ERROR(wsp_peer_send(pair.server, data, sizeof data, WSP_WRITE_MODE_BINARY), WSP_OK);
#ifndef _WIN32
        /* Windows takes everything at once. */
        CHECK(wsp_peer_get_current_outbound_buffered_amount(pair.server) > 0);
#endif
        wsp_peer_free(pair.server);
        pair.server = NULL;
        while (received < sizeof data) {
            static uint8_t piece[1 << 16];
            size_t count = sizeof data - received < sizeof piece ? sizeof data - received : sizeof piece;

            REQUIRE(wsp_stream_get_data(pair.raw, piece, count, NULL) == WSP_OK);
            received += count;
        }
    }
    raw_free(&pair);
}

void freed_peers_deliver_without_polls(void)
{
    deliver_after_free();
}

#ifndef _WIN32
#define REPORT "accepting a connection failed: "

static const char *host_error(const struct host *host)
{
    return host->room != NULL ? wsp_multiplayer_get_error_message(host->room)
                              : wsp_server_get_error_message(host->server);
}

void accepting_without_descriptors(void)
{
    for (int kind = 0; kind < 2; kind++) {
        struct host host;
        int reports = 0;
        socket_handle player;
        int free_descriptor;

        set_descriptors(DESCRIPTORS);
        host_make(&host, kind == 1);
        player = host_connect(&host);
        CHECK(sends_request(player));
        free_descriptor = open("/dev/null", O_RDONLY);
        close(free_descriptor);
        set_descriptors(free_descriptor);
        for (int i = 0; i < 300; i++) {
            reports += host_poll(&host);
            nap();
        }
        CHECK_NUMBER(reports, kind == 1 ? 0 : 1);
        CHECK(strncmp(host_error(&host), REPORT, strlen(REPORT)) == 0);
        CHECK(!has_answer(player));
        set_descriptors(DESCRIPTORS);
        WAIT_FOR(has_answer(player), host_poll(&host));
        close_socket(player);
        host_free(&host);
    }
}

void a_listener_without_descriptors_says_so_once(void)
{
    CHECK(passes_isolated("accepting_without_descriptors"));
}

void closing_in_a_forked_process(void)
{
    int status = 0;
    pid_t child;

    deliver_after_free();
    child = fork();
    if (child == 0) {
        deliver_after_free();
        _exit(failed_checks() == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
}

void freed_peers_deliver_without_polls_in_a_forked_process_too(void)
{
    CHECK(passes_isolated("closing_in_a_forked_process"));
}
#endif
