/* What the tests of the C interface share: checks, time, and two connected peers. */

#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wspeer.h>

/* A failed check is printed and counted, and the test goes on. Returns whether it held. */
#define CHECK(condition) check((condition), #condition, __FILE__, __LINE__)
#define CHECK_ERROR(call, error) check_error((call), (error), #call, __FILE__, __LINE__)
#define CHECK_TEXT(call, text) check_text((call), (text), #call, __FILE__, __LINE__)
#define CHECK_NUMBER(call, number) check_number((call), (number), #call, __FILE__, __LINE__)

/* Ends a test function that could not go on. */
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

/* Failed checks so far. */
int failed_checks(void);

/* What failed checks are about from now on, printed behind them; NULL for nothing more than what the
 * check itself says. For tests that run through a list. The text must stay alive. */
void about(const char *text);

/* Runs one of the functions of `ISOLATED_CASES` in a process of its own, because the defect it looks
 * for would end the process. Returns whether it succeeded there. */
bool passes_isolated(const char *name);

/* How much longer than on an idle machine things may take; from WSPEER_TEST_PATIENCE. */
double patience(void);

/* Seconds on a clock that only goes forward. */
double now(void);
void nap(void);

/* Until the condition holds, which is looked at once per round, runs the step and naps. Gives up, which
 * is a failed check, after ten seconds. */
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

/* Makes both ends; NULL options are the defaults. Settings can be added before pair_connect(). */
void pair_make(struct pair *pair, const wsp_peer_options *client, const wsp_peer_options *server);
/* Connects them. Returns whether both are open. */
bool pair_connect(struct pair *pair, const char *path);
/* Both, with the same options at both ends. */
bool pair_open(struct pair *pair, const wsp_peer_options *options);
void pair_poll(struct pair *pair);
void pair_free(struct pair *pair);

/* Options without limits that a test could meet. */
wsp_peer_options wide_options(void);

/* Options of a server that listens on 127.0.0.1. */
wsp_server_listen_options loopback(void);

/* An answer with a text as body; NULL for none. */
wsp_http_answer answer_with(int32_t status, const char *body);

/* Address of a listener on 127.0.0.1; static memory. */
const char *url_of(const wsp_tcp_server *listener, const char *path);

/* Fills and recognises payload of any length; `seed` tells messages apart. */
void fill(uint8_t *data, size_t length, unsigned seed);
bool is_filled(const uint8_t *data, size_t length, unsigned seed);

/* Takes the next message, if there is one, and compares it. */
bool next_is(wsp_peer *peer, const void *data, size_t length);
bool next_is_text(wsp_peer *peer, const char *text);

/* A plain TCP client in front of a server peer, for what no well-behaved client would send. It has
 * shaken hands and read the answer. */
struct raw_pair {
    wsp_tcp_server *listener;
    wsp_stream *raw;
    wsp_peer *server;
};

bool raw_open(struct raw_pair *pair, const wsp_peer_options *options);
void raw_free(struct raw_pair *pair);
/* Sends a final frame with at most 125 bytes. */
bool raw_send(struct raw_pair *pair, uint8_t opcode, const void *payload, size_t length);

enum { TEXT_FRAME = 1, BINARY_FRAME = 2, CLOSE_FRAME = 8 };

#endif
