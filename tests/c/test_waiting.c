/* wsp_client_wait() and wsp_server_wait() in several threads: what ends them, and what they leave alone. */

#include "check.h"
#include "tests.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#ifndef _WIN32
#include <sys/resource.h>
#endif

/* A server with two clients. */
struct hall {
    wsp_server *server;
    wsp_client *clients[2];
};

/* A thread that waits on an object, and what that returned. */
struct waiter {
    pthread_t thread;
    wsp_client *client;
    wsp_server *server;
    int32_t timeout;
    atomic_bool has_begun;
    atomic_int result;
};

enum { WAITS = -1 };

static wsp_error wait_on(const struct waiter *waiter, int32_t timeout)
{
    return waiter->server != NULL ? wsp_server_wait(waiter->server, timeout)
                                  : wsp_client_wait(waiter->client, timeout);
}

static void *run_waiter(void *argument)
{
    struct waiter *waiter = argument;

    atomic_store(&waiter->has_begun, true);
    atomic_store(&waiter->result, (int)wait_on(waiter, waiter->timeout));
    return NULL;
}

/* Begins to wait, and gives the thread time to block. A test does not rely on it: it only makes it likely
 * that the case it names is the one that happens. */
static void begin(struct waiter *waiter, wsp_client *client, wsp_server *server, int32_t timeout)
{
    waiter->client = client;
    waiter->server = server;
    waiter->timeout = timeout;
    atomic_store(&waiter->has_begun, false);
    atomic_store(&waiter->result, WAITS);
    CHECK(pthread_create(&waiter->thread, NULL, run_waiter, waiter) == 0);
    WAIT_FOR(atomic_load(&waiter->has_begun), (void)0);
    for (int i = 0; i < 30; i++) {
        nap();
    }
}

/* Returns whether the waiting ends with this result. */
static bool ends_with(struct waiter *waiter, wsp_error result)
{
    WAIT_FOR(atomic_load(&waiter->result) != WAITS, (void)0);
    if (atomic_load(&waiter->result) == WAITS) {
        /* The thread cannot be joined; it would hang the test. */
        return false;
    }
    pthread_join(waiter->thread, NULL);
    return check_number(atomic_load(&waiter->result), (long long)result, "result of the wait", __FILE__, __LINE__);
}

static int take_events(struct hall *hall)
{
    wsp_event event = WSP_EVENT_INIT;
    int opened = 0;

    wsp_server_poll(hall->server);
    while (wsp_server_next_event(hall->server, &event) == WSP_OK) {
    }
    for (int i = 0; i < 2; i++) {
        wsp_client_poll(hall->clients[i]);
        while (wsp_client_next_event(hall->clients[i], &event) == WSP_OK) {
        }
        opened += wsp_client_get_status(hall->clients[i]) == WSP_CLIENT_CONNECTED;
    }
    return opened;
}

static const char *url_of_hall(const struct hall *hall)
{
    static char url[64];

    snprintf(url, sizeof url, "ws://127.0.0.1:%u/", (unsigned)wsp_server_get_local_port(hall->server));
    return url;
}

static bool hall_open(struct hall *hall)
{
    wsp_server_listen_options listen = loopback();
    bool is_open = false;

    hall->server = wsp_server_new();
    CHECK_ERROR(wsp_server_listen(hall->server, 0, &listen), WSP_OK);
    for (int i = 0; i < 2; i++) {
        hall->clients[i] = wsp_client_new();
        CHECK_ERROR(wsp_client_connect_to_url(hall->clients[i], url_of_hall(hall), NULL), WSP_OK);
    }
    WAIT_FOR(is_open, is_open = take_events(hall) == 2);
    return is_open;
}

static void hall_free(struct hall *hall)
{
    wsp_client_free(hall->clients[0]);
    wsp_client_free(hall->clients[1]);
    wsp_server_free(hall->server);
}

void waiting_on_one_object_does_not_delay_others(void)
{
    struct hall hall;
    struct waiter first;
    struct waiter second;
    wsp_client *third = wsp_client_new();
    wsp_event event = WSP_EVENT_INIT;

    REQUIRE(hall_open(&hall));
    begin(&first, hall.clients[0], NULL, -1);
    begin(&second, hall.clients[1], NULL, 50);
    REQUIRE(ends_with(&second, WSP_ERR_TIMEOUT));
    /* A name that has to be looked up, and is not found. */
    CHECK_ERROR(wsp_client_connect_to_url(third, "ws://no-such-host.invalid/", NULL), WSP_OK);
    begin(&second, third, NULL, -1);
    REQUIRE(ends_with(&second, WSP_OK));
    CHECK_ERROR(wsp_client_next_event(third, &event), WSP_OK);
    CHECK_NUMBER(event.type, WSP_EVENT_FAILED);
    CHECK_NUMBER(atomic_load(&first.result), WAITS);
    wsp_client_wake(hall.clients[0]);
    REQUIRE(ends_with(&first, WSP_OK));
    wsp_client_free(third);
    hall_free(&hall);
}

void messages_leave_while_a_client_waits(void)
{
    struct hall hall;
    struct waiter waiter;
    wsp_event event = WSP_EVENT_INIT;
    int received = 0;

    REQUIRE(hall_open(&hall));
    begin(&waiter, hall.clients[0], NULL, -1);
    /* The second message of a tick is collected until the next poll, which only the waiting thread makes. */
    CHECK_ERROR(wsp_client_send_text(hall.clients[0], "one"), WSP_OK);
    CHECK_ERROR(wsp_client_send_text(hall.clients[0], "two"), WSP_OK);
    WAIT_FOR(received == 2, {
        wsp_server_poll(hall.server);
        while (wsp_server_next_event(hall.server, &event) == WSP_OK) {
            received += event.type == WSP_EVENT_MESSAGE;
        }
    });
    CHECK_NUMBER(atomic_load(&waiter.result), WAITS);
    CHECK_ERROR(wsp_server_send_text(hall.server, 0, "three"), WSP_OK);
    REQUIRE(ends_with(&waiter, WSP_OK));
    CHECK_ERROR(wsp_client_next_event(hall.clients[0], &event), WSP_OK);
    CHECK(event.type == WSP_EVENT_MESSAGE && event.len == 5 && memcmp(event.data, "three", 5) == 0);
    hall_free(&hall);
}

void a_wake_ends_the_wait_of_a_client(void)
{
    struct hall hall;
    struct waiter waiter;
    wsp_event event = WSP_EVENT_INIT;

    wsp_client_wake(NULL);
    REQUIRE(hall_open(&hall));
    /* A wake before the wait counts for it, once. */
    wsp_client_wake(hall.clients[0]);
    CHECK_ERROR(wsp_client_wait(hall.clients[0], -1), WSP_OK);
    CHECK_ERROR(wsp_client_wait(hall.clients[0], 5), WSP_ERR_TIMEOUT);
    for (int round = 0; round < 3; round++) {
        begin(&waiter, hall.clients[0], NULL, -1);
        wsp_client_wake(hall.clients[0]);
        REQUIRE(ends_with(&waiter, WSP_OK));
        CHECK_ERROR(wsp_client_next_event(hall.clients[0], &event), WSP_ERR_UNAVAILABLE);
    }
    hall_free(&hall);
}

void threads_wait_for_times_of_their_own(void)
{
    struct hall hall;
    struct waiter for_ever;
    struct waiter shortly;

    REQUIRE(hall_open(&hall));
    for (int object = 0; object < 2; object++) {
        wsp_client *client = object == 0 ? hall.clients[0] : NULL;
        wsp_server *server = object == 0 ? NULL : hall.server;

        begin(&for_ever, client, server, -1);
        begin(&shortly, client, server, 50);
        REQUIRE(ends_with(&shortly, WSP_ERR_TIMEOUT));
        CHECK_NUMBER(atomic_load(&for_ever.result), WAITS);
        wsp_client_wake(client);
        wsp_server_wake(server);
        REQUIRE(ends_with(&for_ever, WSP_OK));
    }
    hall_free(&hall);
}

void stopping_and_disconnecting_end_every_wait(void)
{
    struct hall hall;
    struct waiter waiters[2];
    wsp_tcp_server *silent = wsp_tcp_server_new();
    wsp_client *client = wsp_client_new();
    char url[64];

    REQUIRE(hall_open(&hall));
    begin(&waiters[0], NULL, hall.server, -1);
    begin(&waiters[1], NULL, hall.server, 60000);
    wsp_server_stop(hall.server);
    REQUIRE(ends_with(&waiters[0], WSP_ERR_UNCONFIGURED));
    REQUIRE(ends_with(&waiters[1], WSP_ERR_UNCONFIGURED));
    /* The server has closed the connection, which is an event. */
    CHECK_ERROR(wsp_client_wait(hall.clients[0], -1), WSP_OK);
    /* The listener accepts no connection, so that the handshake goes on until the program gives up. */
    CHECK_ERROR(wsp_tcp_server_listen(silent, 0, "127.0.0.1"), WSP_OK);
    snprintf(url, sizeof url, "ws://127.0.0.1:%u/", (unsigned)wsp_tcp_server_get_local_port(silent));
    CHECK_ERROR(wsp_client_connect_to_url(client, url, NULL), WSP_OK);
    begin(&waiters[0], client, NULL, -1);
    begin(&waiters[1], client, NULL, 60000);
    CHECK_ERROR(wsp_client_disconnect(client, 1000, NULL), WSP_OK);
    REQUIRE(ends_with(&waiters[0], WSP_ERR_UNCONFIGURED));
    REQUIRE(ends_with(&waiters[1], WSP_ERR_UNCONFIGURED));
    wsp_client_free(client);
    wsp_tcp_server_free(silent);
    hall_free(&hall);
}

#ifndef _WIN32
/* In a process of its own, because it takes all its descriptors: the client's first socket is the last one
 * that the system gives, and none is left for a poller. */
void waiting_without_descriptors(void)
{
    struct rlimit few = {64, 64};
    wsp_tcp_server *silent = wsp_tcp_server_new();
    wsp_client *client = wsp_client_new();
    struct pair pair;
    int taken[64];
    int count = 0;
    double start;
    double used;
    char url[64];

    REQUIRE(setrlimit(RLIMIT_NOFILE, &few) == 0);
    CHECK_ERROR(wsp_tcp_server_listen(silent, 0, "127.0.0.1"), WSP_OK);
    snprintf(url, sizeof url, "ws://127.0.0.1:%u/", (unsigned)wsp_tcp_server_get_local_port(silent));
    while (count < 64 && (taken[count] = dup(0)) >= 0) {
        count++;
    }
    REQUIRE(count > 1);
    close(taken[--count]);
    CHECK_ERROR(wsp_client_connect_to_url(client, url, NULL), WSP_OK);
    start = now();
    used = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    CHECK_ERROR(wsp_client_wait(client, 500), WSP_ERR_TIMEOUT);
    used = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - used;
    CHECK(used < (now() - start) / 3);
    if (failed_checks() > 0) {
        printf("  %.3f s of the processor in %.3f s\n", used, now() - start);
    }
    /* With descriptors the client waits as usual. */
    while (count > 0) {
        close(taken[--count]);
    }
    CHECK_ERROR(wsp_client_wait(client, 20), WSP_ERR_TIMEOUT);
    wsp_client_wake(client);
    CHECK_ERROR(wsp_client_wait(client, -1), WSP_OK);
    wsp_client_free(client);
    wsp_tcp_server_free(silent);
    CHECK(pair_open(&pair, NULL));
    pair_free(&pair);
}

void a_wait_without_descriptors_does_not_spin(void)
{
    CHECK(passes_isolated("waiting_without_descriptors"));
}
#endif

void freed_objects_release_their_descriptors(void)
{
    int before = 0;

    /* The first round makes what belongs to the process. */
    for (int round = 0; round < 3; round++) {
        struct hall hall;
        struct waiter waiter;
        wsp_event event = WSP_EVENT_INIT;
        int closed = 0;

        REQUIRE(hall_open(&hall));
        begin(&waiter, hall.clients[0], NULL, -1);
        wsp_client_wake(hall.clients[0]);
        REQUIRE(ends_with(&waiter, WSP_OK));
        for (int i = 0; i < 2; i++) {
            CHECK_ERROR(wsp_client_disconnect(hall.clients[i], 1000, NULL), WSP_OK);
        }
        WAIT_FOR(closed == 4, {
            wsp_server_poll(hall.server);
            while (wsp_server_next_event(hall.server, &event) == WSP_OK) {
                closed += event.type == WSP_EVENT_CLOSED;
            }
            for (int i = 0; i < 2; i++) {
                wsp_client_poll(hall.clients[i]);
                while (wsp_client_next_event(hall.clients[i], &event) == WSP_OK) {
                    closed += event.type == WSP_EVENT_CLOSED;
                }
            }
        });
        hall_free(&hall);
        if (round == 0) {
            before = open_descriptors();
        }
        WAIT_FOR(open_descriptors() <= before, (void)0);
    }
}
