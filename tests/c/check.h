/* What the tests of the C interface share: checks, deadlines, and connected peers. Included first. */

#ifndef CHECK_H
#define CHECK_H

/* Before the system's headers. */
#include "system.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wspeer.h>

/* A failed check is printed and counted, and the test continues. Returns whether the check passed. */
#define CHECK(condition) check((condition), #condition, __FILE__, __LINE__)
#define CHECK_ERROR(call, error) check_error((call), (error), #call, __FILE__, __LINE__)
#define CHECK_TEXT(call, text) check_text((call), (text), #call, __FILE__, __LINE__)
#define CHECK_NUMBER(call, number) check_number((call), (number), #call, __FILE__, __LINE__)

/* Ends a test function that cannot continue. */
#define REQUIRE(condition)       \
    do {                         \
        if (!CHECK(condition)) { \
            return;              \
        }                        \
    } while (0)

bool check(bool condition, const char *what, const char *file, int line);
bool check_error(wsp_error actual, wsp_error wanted, const char *what, const char *file, int line);
bool check_text(const char *actual, const char *wanted, const char *what, const char *file, int line);
bool check_number(long long actual, long long wanted, const char *what, const char *file, int line);

/* Returns the number of failed checks. */
int failed_checks(void);

/* Sets the case of a list to print with failed checks; NULL for none. The text must stay alive. */
void about(const char *text);

/* Runs one of the functions of `ISOLATED_CASES` in its own process, because its defect would end the
 * process. Returns whether its checks passed. */
bool passes_isolated(const char *name);

/* Runs the step and naps until the condition is true, which is evaluated once per round. Ten seconds
 * are a failed check. */
#define WAIT_FOR(condition, step)                                               \
    do {                                                                        \
        double wait_deadline = now() + 10.0 * patience();                       \
        bool wait_is_over = false;                                              \
        for (int wait_round = 0;; wait_round++) {                               \
            wait_is_over = (condition);                                         \
            if (wait_is_over || now() >= wait_deadline) {                       \
                break;                                                          \
            }                                                                   \
            if (wait_round > 0) {                                               \
                nap();                                                          \
            }                                                                   \
            step;                                                               \
        }                                                                       \
        check(wait_is_over, "in time: " #condition, __FILE__, __LINE__);        \
    } while (0)

/* A client and a server in this process, polled in turn. */
struct pair {
    wsp_tcp_server *listener;
    wsp_peer *client;
    wsp_peer *server;
};

/* Makes both peers; NULL options are the defaults. Settings can be added before pair_connect(). */
void pair_make(struct pair *pair, const wsp_peer_options *client, const wsp_peer_options *server);
/* Connects the peers. Returns whether both are open. */
bool pair_connect(struct pair *pair, const char *path);
/* Makes and connects peers with the same options. */
bool pair_open(struct pair *pair, const wsp_peer_options *options);
/* Takes the listener's next connection as a server. */
void accept_connection(wsp_tcp_server *listener, wsp_peer *server, const wsp_tls_options *tls);
void pair_poll(struct pair *pair);
void pair_free(struct pair *pair);

/* Returns options whose limits no test reaches. */
wsp_peer_options wide_options(void);

/* Returns options of a server that listens on 127.0.0.1. */
wsp_server_listen_options loopback(void);

/* Returns an answer with a text as body; NULL for none. */
wsp_http_answer answer_with(int32_t status, const char *body);

/* Returns the URL of a listener on 127.0.0.1, in static memory. */
const char *url_of(const wsp_tcp_server *listener, const char *path);

/* Fill and recognise payload of any length; each `seed` gives another payload. */
void fill(uint8_t *data, size_t length, unsigned seed);
bool is_filled(const uint8_t *data, size_t length, unsigned seed);

/* Take the next message. Return whether there is one and it has this payload. */
bool next_is(wsp_peer *peer, const void *data, size_t length);
bool next_is_text(wsp_peer *peer, const char *text);

/* A plain TCP client of a server peer, for bytes that a correct client would not send. */
struct raw_pair {
    wsp_tcp_server *listener;
    wsp_stream *raw;
    wsp_peer *server;
};

/* Makes the connection, over which the client has sent `request`; NULL options are the defaults. */
void raw_connect(struct raw_pair *pair, const wsp_peer_options *options, const char *request);
/* Makes the connection, completes the handshake and reads the answer. Returns whether the peer is open. */
bool raw_open(struct raw_pair *pair, const wsp_peer_options *options);
void raw_free(struct raw_pair *pair);

/* Makes a listener on 127.0.0.1 and a stream that is connected to it. */
void stream_connect(wsp_tcp_server **listener, wsp_stream **stream);

/* Sends a final frame with at most 125 bytes. */
bool raw_send(struct raw_pair *pair, uint8_t opcode, const void *payload, size_t length);

/* The header fields of a WebSocket request that are always the same. */
#define HANDSHAKE                                     \
    "Upgrade: websocket\r\nConnection: Upgrade\r\n"   \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" \
    "Sec-WebSocket-Version: 13\r\n"

enum { TEXT_FRAME = 1, BINARY_FRAME = 2, CLOSE_FRAME = 8 };

#endif
