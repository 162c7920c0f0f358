/* One object in several threads, and several objects in several threads. */

#include "check.h"
#include "tests.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { MESSAGES = 5000, THREADS = 4, ROUNDS = 300 };

/* State of all threads on one peer. */
struct shared {
    wsp_peer *peer;
    atomic_int received;
    atomic_llong bytes;
    atomic_bool is_over;
};

struct worker {
    struct shared *shared;
    uint32_t number;
    atomic_int errors;
};

struct stamp {
    uint32_t thread;
    uint32_t message;
};

/* Counts what has arrived. Another thread's calls may end the loan of a packet at any time, so only its
 * length is used. */
static void count_packets(struct shared *shared)
{
    const uint8_t *data;
    size_t length;

    while (wsp_peer_get_packet(shared->peer, &data, &length) == WSP_OK) {
        atomic_fetch_add(&shared->received, 1);
        atomic_fetch_add(&shared->bytes, (long long)length);
    }
}

static void *send_and_receive(void *argument)
{
    struct worker *worker = argument;
    struct shared *shared = worker->shared;

    for (uint32_t i = 0; i < MESSAGES && !atomic_load(&shared->is_over); i++) {
        const struct stamp stamp = {worker->number, i};
        wsp_error error;

        while ((error = wsp_peer_send(shared->peer, (const uint8_t *)&stamp, sizeof stamp,
                                      WSP_WRITE_MODE_BINARY)) == WSP_ERR_OUT_OF_MEMORY &&
               !atomic_load(&shared->is_over)) {
            wsp_peer_poll(shared->peer);
            count_packets(shared);
        }
        if (error != WSP_OK) {
            atomic_fetch_add(&worker->errors, 1);
        }
        if (i % 16 == 0) {
            wsp_peer_poll(shared->peer);
            /* Any other function may be called at the same time. */
            wsp_peer_get_error_message(shared->peer);
            wsp_peer_get_fd(shared->peer, NULL);
            count_packets(shared);
        }
    }
    while (!atomic_load(&shared->is_over)) {
        wsp_peer_poll(shared->peer);
        count_packets(shared);
        nap();
    }
    return NULL;
}

/* What the remote peer has received and sent. */
struct answers {
    uint32_t next[2];
    int count;
    long long bytes;
};

/* Answers each message with one of another length. */
static void answer(wsp_peer *server, struct answers *answers)
{
    static const uint8_t data[256];
    const uint8_t *packet;
    size_t length;

    wsp_peer_poll(server);
    while (wsp_peer_get_current_outbound_buffered_amount(server) < 2000 &&
           wsp_peer_get_packet(server, &packet, &length) == WSP_OK) {
        struct stamp stamp = {0, 0};

        if (CHECK_NUMBER((long long)length, sizeof stamp)) {
            memcpy(&stamp, packet, sizeof stamp);
        }
        /* Each thread's messages are complete and in order. */
        if (CHECK(stamp.thread < 2)) {
            CHECK_NUMBER(stamp.message, answers->next[stamp.thread]);
            answers->next[stamp.thread] = stamp.message + 1;
        }
        length = (size_t)answers->count % sizeof data;
        CHECK_ERROR(wsp_peer_send(server, data, length, WSP_WRITE_MODE_BINARY), WSP_OK);
        answers->count++;
        answers->bytes += (long long)length;
    }
}

void two_threads_share_a_peer(void)
{
    wsp_peer_options options = WSP_PEER_OPTIONS_INIT;
    struct pair pair;
    struct shared shared;
    struct worker workers[2];
    pthread_t threads[2];
    struct answers answers = {{0, 0}, 0, 0};

    /* Small limits, so that both directions are often full. */
    options.outbound_buffer_size = 4000;
    options.inbound_buffer_size = 4000;
    options.max_queued_packets = 100;
    if (!pair_open(&pair, &options)) {
        pair_free(&pair);
        return;
    }
    shared.peer = pair.client;
    atomic_init(&shared.received, 0);
    atomic_init(&shared.bytes, 0);
    atomic_init(&shared.is_over, false);
    for (uint32_t i = 0; i < 2; i++) {
        workers[i].shared = &shared;
        workers[i].number = i;
        atomic_init(&workers[i].errors, 0);
        CHECK(pthread_create(&threads[i], NULL, send_and_receive, &workers[i]) == 0);
    }

    WAIT_FOR(answers.count == 2 * MESSAGES && atomic_load(&shared.received) == answers.count,
             answer(pair.server, &answers));
    atomic_store(&shared.is_over, true);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        CHECK_NUMBER(atomic_load(&workers[i].errors), 0);
        CHECK_NUMBER(answers.next[i], MESSAGES);
    }
    CHECK_NUMBER(atomic_load(&shared.received), 2 * MESSAGES);
    CHECK_NUMBER(atomic_load(&shared.bytes), answers.bytes);
    CHECK_NUMBER(wsp_peer_get_ready_state(pair.client), WSP_STATE_OPEN);
    pair_free(&pair);
}

struct private_pair {
    struct pair pair;
    uint32_t seed;
    bool is_done;
};

/* CHECK is not for several threads at once, so the result is checked afterwards. */
static void *play_alone(void *argument)
{
    struct private_pair *private_pair = argument;
    struct pair *pair = &private_pair->pair;
    double deadline = now() + 20.0 * patience();
    uint8_t data[3000];

    for (uint32_t round = 0; round < ROUNDS; round++) {
        size_t length = round * 10 % sizeof data;
        const uint8_t *packet;
        size_t size;

        fill(data, length, private_pair->seed + round);
        if (wsp_peer_send(pair->client, data, length, WSP_WRITE_MODE_BINARY) != WSP_OK) {
            return NULL;
        }
        while (wsp_peer_get_available_packet_count(pair->server) == 0 && now() < deadline) {
            pair_poll(pair);
        }
        if (wsp_peer_get_packet(pair->server, &packet, &size) != WSP_OK || size != length ||
            !is_filled(packet, size, private_pair->seed + round)) {
            return NULL;
        }
    }
    private_pair->is_done = true;
    return NULL;
}

void threads_do_not_disturb_each_other(void)
{
    struct private_pair pairs[THREADS];
    pthread_t threads[THREADS];

    for (uint32_t i = 0; i < THREADS; i++) {
        pairs[i].seed = i * 1000;
        pairs[i].is_done = false;
        CHECK(pair_open(&pairs[i].pair, NULL));
    }
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, play_alone, &pairs[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        CHECK(pairs[i].is_done);
        pair_free(&pairs[i].pair);
    }
}
