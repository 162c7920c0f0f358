/* Random arguments for calls of every function of the header; see random_calls.c. */

#ifndef RANDOM_CALLS_H
#define RANDOM_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <wspeer.h>

/* The opaque handles of the header. */
enum kind { PEER, SERVER, CLIENT, MULTIPLAYER, TLS_OPTIONS, STREAM, TCP_SERVER, KINDS };

enum { MAX_BORROWED = 4, LIST = 3, BYTES = 70000 };

/* State of one thread. */
struct random {
    uint64_t state;
    /* Slots that the call in progress uses, in the order in which they were taken. */
    struct slot *borrowed[MAX_BORROWED];
    size_t borrowed_count;
    /* Whether no other thread uses the objects, so that lent texts and packets can be read. */
    bool is_alone;
    /* Arguments of the call in progress. */
    char url[96];
    const char *list[LIST];
    uint8_t bytes[BYTES];
    unsigned sum;
    /* Whether the call in progress returned WSP_OK, or has no result. */
    bool has_succeeded;
};

struct call {
    const char *name;
    void (*run)(struct random *random);
};

/* Written from the header by tools/wspeer_tools/suites/random_calls.py: one call for each function. */
extern const struct call CALLS[];
extern const size_t CALL_COUNT;
void *make(enum kind kind);
void destroy(enum kind kind, void *handle);

/* Returns a number below `bound`. */
uint32_t below(struct random *random, uint32_t bound);

/* Returns a handle that other threads may use too, rarely NULL. */
void *borrow(struct random *random, enum kind kind);
/* Ends the use of all handles that the call has borrowed. */
void give_back(struct random *random);
/* Keeps a new handle in the place of another one, which is freed. NULL is ignored. */
void keep(struct random *random, enum kind kind, void *handle);

/* Return a value for a parameter or field of this name; sometimes one that it refuses. */
const char *any_text(struct random *random, const char *parameter);
const char *const *any_list(struct random *random, const char *parameter);
const uint8_t *any_bytes(struct random *random);
size_t any_length(struct random *random);
int64_t any_integer(struct random *random, const char *parameter);
double any_number(struct random *random);

/* Note the ports and ids to which later calls refer. */
void note_port(uint16_t port);
void note_id(int32_t id);

/* Read what a call has lent, if no other thread can end the loan. */
void read_text(struct random *random, const char *text);
void read_bytes(struct random *random, const uint8_t *data, size_t length);

#endif
