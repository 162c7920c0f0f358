/* What a program sees of a connection that opens and breaks at once: the same events whether the bytes arrive
 * whole or one by one, from every object. */

#include "check.h"
#include "tests.h"

#include <stdio.h>
#include <string.h>

enum { MOST_BYTES = 2048 };

/* One object, its bare remote peer, and the log of what the program sees. */
struct trial {
    wsp_peer *peer;
    wsp_client *client;
    wsp_server *server;
    wsp_multiplayer *room;
    wsp_tcp_server *listener;
    wsp_stream *raw;
    bool was_open;
    bool is_over;
    char log[256];
    uint8_t bytes[MOST_BYTES];
    size_t length;
};

static void note(struct trial *trial, const char *event)
{
    size_t used = strlen(trial->log);

    snprintf(trial->log + used, sizeof trial->log - used, "%s%s", used > 0 ? ", " : "", event);
}

static void note_message(struct trial *trial, const uint8_t *data, size_t len)
{
    char text[32];

    snprintf(text, sizeof text, "message %.*s", (int)len, (const char *)data);
    note(trial, text);
}

static void note_end(struct trial *trial, const char *event)
{
    note(trial, event);
    trial->is_over = true;
}

static void poll_peer(struct trial *trial)
{
    const uint8_t *data;
    size_t len;
    wsp_failure failure;

    wsp_peer_poll(trial->peer);
    if (!trial->was_open && wsp_peer_get_ready_state(trial->peer) == WSP_STATE_OPEN) {
        trial->was_open = true;
        note(trial, "open");
    }
    while (wsp_peer_get_packet(trial->peer, &data, &len) == WSP_OK) {
        note_message(trial, data, len);
    }
    if (!trial->is_over && wsp_peer_get_ready_state(trial->peer) == WSP_STATE_CLOSED) {
        failure.struct_size = sizeof failure;
        if (!trial->was_open) {
            note_end(trial, "failed");
        } else {
            note_end(trial, wsp_peer_get_failure(trial->peer, &failure) == WSP_OK ? "unclean" : "clean");
        }
    }
}

static void note_event(struct trial *trial, const wsp_event *event)
{
    switch (event->type) {
    case WSP_EVENT_OPENED:
        note(trial, "open");
        break;
    case WSP_EVENT_MESSAGE:
        note_message(trial, event->data, event->len);
        break;
    case WSP_EVENT_CLOSED:
        note_end(trial, event->was_clean ? "clean" : "unclean");
        break;
    case WSP_EVENT_FAILED:
        note_end(trial, "failed");
        break;
    default:
        CHECK_NUMBER(event->type, WSP_EVENT_CLOSE_REQUEST);
    }
}

static void poll_client(struct trial *trial)
{
    wsp_event event = WSP_EVENT_INIT;

    wsp_client_poll(trial->client);
    while (wsp_client_next_event(trial->client, &event) == WSP_OK) {
        note_event(trial, &event);
    }
}

static void poll_server(struct trial *trial)
{
    wsp_event event = WSP_EVENT_INIT;

    wsp_server_poll(trial->server);
    while (wsp_server_next_event(trial->server, &event) == WSP_OK) {
        note_event(trial, &event);
    }
}

static void poll_room(struct trial *trial)
{
    wsp_multiplayer_event event;
    wsp_failure failure;
    wsp_peer *peer;

    wsp_multiplayer_poll(trial->room);
    event.struct_size = sizeof event;
    while (wsp_multiplayer_next_event(trial->room, &event) == WSP_OK) {
        if (event.kind == WSP_MULTIPLAYER_PEER_CONNECTED) {
            note(trial, "open");
        } else if (event.kind == WSP_MULTIPLAYER_PACKET) {
            note_message(trial, event.data, event.len);
        } else if (CHECK_NUMBER(event.kind, WSP_MULTIPLAYER_PEER_DISCONNECTED)) {
            failure.struct_size = sizeof failure;
            peer = wsp_multiplayer_get_peer(trial->room, event.peer_id);
            note_end(trial, wsp_peer_get_failure(peer, &failure) == WSP_OK ? "unclean" : "clean");
            wsp_peer_free(peer);
        }
    }
    if (!trial->is_over && wsp_multiplayer_get_status(trial->room) == WSP_MULTIPLAYER_DISCONNECTED) {
        note_end(trial, "failed");
    }
}

static void append(struct trial *trial, const void *bytes, size_t length)
{
    if (CHECK(trial->length + length <= MOST_BYTES)) {
        memcpy(trial->bytes + trial->length, bytes, length);
        trial->length += length;
    }
}

static void append_frame(struct trial *trial, bool masked, uint8_t first, const char *payload, size_t length)
{
    /* Masked with a key that changes nothing. */
    uint8_t header[6] = {first, (uint8_t)((masked ? 0x80 : 0) | length), 0, 0, 0, 0};

    append(trial, header, masked ? 6 : 2);
    append(trial, payload, length);
}

/* Accepts the object's connection, reads its request, and has another server make the answer that fits the key. */
static void answer_request(struct trial *trial, void (*poll)(struct trial *))
{
    struct raw_pair other;
    char request[1024];
    uint8_t answer[1024];
    size_t length = 0;
    size_t count;

    WAIT_FOR(wsp_tcp_server_is_connection_available(trial->listener), poll(trial));
    trial->raw = wsp_tcp_server_take_connection(trial->listener);
    WAIT_FOR(length >= 4 && memcmp(request + length - 4, "\r\n\r\n", 4) == 0, {
        poll(trial);
        if (wsp_stream_get_partial_data(trial->raw, (uint8_t *)request + length, sizeof request - 1 - length,
                                        &count) == WSP_OK) {
            length += count;
        }
    });
    request[length] = '\0';
    raw_connect(&other, NULL, request);
    length = 0;
    WAIT_FOR(length >= 4 && memcmp(answer + length - 4, "\r\n\r\n", 4) == 0, {
        wsp_peer_poll(other.server);
        if (wsp_stream_get_partial_data(other.raw, answer + length, sizeof answer - length, &count) == WSP_OK) {
            length += count;
        }
    });
    append(trial, answer, length);
    raw_free(&other);
}

static void listen_for(struct trial *trial)
{
    trial->listener = wsp_tcp_server_new();
    CHECK_ERROR(wsp_tcp_server_listen(trial->listener, 0, "127.0.0.1"), WSP_OK);
}

static void begin_client_peer(struct trial *trial)
{
    listen_for(trial);
    trial->peer = wsp_peer_new();
    CHECK_ERROR(wsp_peer_connect_to_url(trial->peer, url_of(trial->listener, "/"), NULL), WSP_OK);
    answer_request(trial, poll_peer);
}

static void begin_client(struct trial *trial)
{
    listen_for(trial);
    trial->client = wsp_client_new();
    CHECK_ERROR(wsp_client_connect_to_url(trial->client, url_of(trial->listener, "/"), NULL), WSP_OK);
    answer_request(trial, poll_client);
}

static void begin_room_client(struct trial *trial)
{
    listen_for(trial);
    trial->room = wsp_multiplayer_new();
    CHECK_ERROR(wsp_multiplayer_create_client(trial->room, url_of(trial->listener, "/"), NULL), WSP_OK);
    answer_request(trial, poll_room);
    append_frame(trial, false, 0x82, "\x4d\0\0", 4);
}

static void connect_raw(struct trial *trial, uint16_t port)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: h\r\n" HANDSHAKE "\r\n";

    trial->raw = wsp_stream_new();
    CHECK_ERROR(wsp_stream_connect_to_host(trial->raw, "127.0.0.1", port), WSP_OK);
    WAIT_FOR(wsp_stream_get_status(trial->raw) == WSP_STREAM_STATUS_CONNECTED, wsp_stream_poll(trial->raw));
    append(trial, request, strlen(request));
}

static void begin_server_peer(struct trial *trial)
{
    listen_for(trial);
    trial->peer = wsp_peer_new();
    connect_raw(trial, wsp_tcp_server_get_local_port(trial->listener));
    WAIT_FOR(wsp_tcp_server_is_connection_available(trial->listener), (void)0);
    accept_connection(trial->listener, trial->peer, NULL);
}

static void begin_server(struct trial *trial)
{
    wsp_server_listen_options options = loopback();

    trial->server = wsp_server_new();
    CHECK_ERROR(wsp_server_listen(trial->server, 0, &options), WSP_OK);
    connect_raw(trial, wsp_server_get_local_port(trial->server));
}

static void begin_room_server(struct trial *trial)
{
    trial->room = wsp_multiplayer_new();
    CHECK_ERROR(wsp_multiplayer_create_server(trial->room, 0, "127.0.0.1", NULL), WSP_OK);
    connect_raw(trial, (uint16_t)wsp_multiplayer_get_local_port(trial->room));
}

struct subject {
    const char *name;
    bool is_server;
    void (*begin)(struct trial *trial);
    void (*poll)(struct trial *trial);
};

struct scenario {
    const char *name;
    bool has_message;
    /* The frame after it; `length` -1 for none. */
    uint8_t first;
    const char *payload;
    int length;
    const char *log;
};

/* Sends the bytes at once, or one by one with a poll after each, and then ends the stream. */
static void run(const struct subject *subject, const struct scenario *scenario, bool is_whole)
{
    /* The header of a binary frame of 16 MiB, which is more than the default limit. */
    static const uint8_t big[2][14] = {{0x82, 127, 0, 0, 0, 0, 1, 0, 0, 0},
                                       {0x82, 255, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0}};
    static char title[128];
    struct trial trial;

    memset(&trial, 0, sizeof trial);
    snprintf(title, sizeof title, "%s, %s, %s", subject->name, scenario->name, is_whole ? "whole" : "one by one");
    about(title);
    subject->begin(&trial);
    if (scenario->has_message) {
        append_frame(&trial, subject->is_server, 0x81, "hi", 2);
    }
    if (scenario->first == 0) {
        append(&trial, big[subject->is_server], subject->is_server ? 14 : 10);
    } else if (scenario->length >= 0) {
        append_frame(&trial, subject->is_server, scenario->first, scenario->payload, (size_t)scenario->length);
    }
    if (is_whole) {
        CHECK_ERROR(wsp_stream_put_data(trial.raw, trial.bytes, trial.length), WSP_OK);
    }
    for (size_t i = 0; !is_whole && i < trial.length && !trial.is_over; i++) {
        CHECK_ERROR(wsp_stream_put_data(trial.raw, trial.bytes + i, 1), WSP_OK);
        subject->poll(&trial);
    }
    wsp_stream_disconnect_from_host(trial.raw);
    WAIT_FOR(trial.is_over, subject->poll(&trial));
    for (int i = 0; i < 3; i++) {
        subject->poll(&trial);
    }
    CHECK_TEXT(trial.log, scenario->log);
    wsp_stream_free(trial.raw);
    wsp_peer_free(trial.peer);
    wsp_client_free(trial.client);
    wsp_server_free(trial.server);
    wsp_multiplayer_free(trial.room);
    wsp_tcp_server_free(trial.listener);
    about(NULL);
}

void events_do_not_depend_on_how_the_bytes_arrive(void)
{
    static const struct subject subjects[] = {
        {"client peer", false, begin_client_peer, poll_peer}, {"client", false, begin_client, poll_client},
        {"room client", false, begin_room_client, poll_room}, {"server peer", true, begin_server_peer, poll_peer},
        {"server", true, begin_server, poll_server},          {"room server", true, begin_room_server, poll_room},
    };
    static const struct scenario scenarios[] = {
        {"oversized message", false, 0, "", 0, "open, unclean"},
        {"reserved opcode", false, 0x83, "", 0, "open, unclean"},
        {"bad UTF-8", false, 0x81, "\xff", 1, "open, unclean"},
        {"end of the stream", false, 0x81, "", -1, "open, unclean"},
        {"half a message", false, 0x01, "x", 1, "open, unclean"},
        {"close", false, 0x88, "\x03\xe8", 2, "open, clean"},
        {"message, oversized message", true, 0, "", 0, "open, message hi, unclean"},
        {"message, reserved opcode", true, 0x83, "", 0, "open, message hi, unclean"},
        {"message, bad UTF-8", true, 0x81, "\xff", 1, "open, message hi, unclean"},
        {"message, end of the stream", true, 0x81, "", -1, "open, message hi, unclean"},
        {"message, close", true, 0x88, "\x03\xe8", 2, "open, message hi, clean"},
    };

    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
        for (size_t j = 0; j < sizeof scenarios / sizeof scenarios[0]; j++) {
            run(&subjects[i], &scenarios[j], true);
            run(&subjects[i], &scenarios[j], false);
        }
    }
}

/* Sends a request over a socket that then sends no more. */
static socket_handle ask_and_shut_down(uint16_t port, const char *request)
{
    socket_handle handle = connect_to_port(port);

    CHECK(send_bytes(handle, request, strlen(request)));
    CHECK(shutdown(handle, SHUT_WR) == 0);
    return handle;
}

void a_request_before_the_end_of_the_stream_is_answered(void)
{
    static const char *const cases[][2] = {
        {"GET / HTTP/1.1\r\nHost: h\r\n" HANDSHAKE "\r\n", "HTTP/1.1 101 "},
        {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 426 "},
        {"POST / HTTP/1.1\r\nHost: h\r\n" HANDSHAKE "\r\n", "HTTP/1.1 405 "},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        wsp_server_listen_options options = loopback();
        wsp_multiplayer *room = wsp_multiplayer_new();
        wsp_server *server = wsp_server_new();
        char answer[2][16];
        socket_handle sockets[2];

        about(cases[i][1]);
        CHECK_ERROR(wsp_server_listen(server, 0, &options), WSP_OK);
        CHECK_ERROR(wsp_multiplayer_create_server(room, 0, "127.0.0.1", NULL), WSP_OK);
        sockets[0] = ask_and_shut_down(wsp_server_get_local_port(server), cases[i][0]);
        sockets[1] = ask_and_shut_down((uint16_t)wsp_multiplayer_get_local_port(room), cases[i][0]);
        for (int j = 0; j < 2; j++) {
            memset(answer[j], 0, sizeof answer[j]);
            WAIT_FOR(receive_bytes(sockets[j], answer[j], strlen(cases[i][1]), 0) > 0, {
                wsp_server_poll(server);
                wsp_multiplayer_poll(room);
            });
            CHECK_TEXT(answer[j], cases[i][1]);
            close_socket(sockets[j]);
        }
        wsp_server_free(server);
        wsp_multiplayer_free(room);
    }
    about(NULL);
}

void a_refusal_whose_body_does_not_end_is_reported(void)
{
    static const char *const framings[] = {"Transfer-Encoding: chunked\r\n\r\n9\r\nbo", "Connection: close\r\n\r\nbo",
                                           "Content-Length: 9\r\n\r\nbo", "X: y\r\n\r\nbo"};
    wsp_peer_options options = WSP_PEER_OPTIONS_INIT;

    /* A limit that the test does not reach. */
    options.handshake_timeout = 3600.0;
    for (size_t i = 0; i < sizeof framings / sizeof framings[0]; i++) {
        struct trial trial;
        wsp_failure failure;
        char answer[128];

        about(framings[i]);
        memset(&trial, 0, sizeof trial);
        listen_for(&trial);
        trial.peer = wsp_peer_new();
        CHECK_ERROR(wsp_peer_set_options(trial.peer, &options), WSP_OK);
        CHECK_ERROR(wsp_peer_connect_to_url(trial.peer, url_of(trial.listener, "/"), NULL), WSP_OK);
        WAIT_FOR(wsp_tcp_server_is_connection_available(trial.listener), wsp_peer_poll(trial.peer));
        trial.raw = wsp_tcp_server_take_connection(trial.listener);
        snprintf(answer, sizeof answer, "HTTP/1.1 302 Found\r\nLocation: /new\r\n%s", framings[i]);
        CHECK_ERROR(wsp_stream_put_data(trial.raw, (const uint8_t *)answer, strlen(answer)), WSP_OK);
        WAIT_FOR(wsp_peer_get_ready_state(trial.peer) == WSP_STATE_CLOSED, wsp_peer_poll(trial.peer));
        failure.struct_size = sizeof failure;
        CHECK_ERROR(wsp_peer_get_failure(trial.peer, &failure), WSP_OK);
        CHECK_NUMBER(failure.http_status, 302);
        CHECK_TEXT((const char *)failure.http_body, "bo");
        CHECK_TEXT(wsp_peer_find_received_header(trial.peer, "Location"), "/new");
        wsp_stream_free(trial.raw);
        wsp_peer_free(trial.peer);
        wsp_tcp_server_free(trial.listener);
    }
    about(NULL);
}
