/* Calls random functions with random arguments, on shared objects, from several threads.
 *
 *     random_calls SEED CALLS [THREADS]
 *
 * The objects connect to each other over the loopback interface, so real connections open, transfer and
 * break. A handle is freed only while no other thread uses it, as the header demands. With one thread,
 * everything that a function lends is read. The program checks no result: the sanitizer that it is built
 * with reports what is wrong, and the program has to end. */

#define _POSIX_C_SOURCE 200809L

#include "random_calls.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 6, PORTS = 8, IDS = 16, MAX_THREADS = 64 };

/* Calls hold the lock for reading while they use the handle, and for writing to replace it. */
struct slot {
    pthread_rwlock_t lock;
    void *handle;
};

struct worker {
    struct random random;
    unsigned long calls;
    pthread_t thread;
};

static struct slot slots[KINDS][SLOTS];
static atomic_uint ports[PORTS];
static atomic_int ids[IDS];
static atomic_uint noted_ports;
static atomic_uint noted_ids;
/* For each function, how many calls had no error. */
static atomic_ulong *successes;

/* A server's certificate and key, and their files. */
static char certificate[8192];
static char private_key[8192];
static char certificate_file[1024];
static char key_file[1024];

/* xorshift64*. */
static uint64_t draw(struct random *random)
{
    random->state ^= random->state >> 12;
    random->state ^= random->state << 25;
    random->state ^= random->state >> 27;
    return random->state * 0x2545F4914F6CDD1DULL;
}

uint32_t below(struct random *random, uint32_t bound)
{
    return (uint32_t)((draw(random) >> 32) % bound);
}

void *borrow(struct random *random, enum kind kind)
{
    struct slot *slot = &slots[kind][below(random, SLOTS)];

    if (below(random, 200) == 0 || random->borrowed_count == MAX_BORROWED) {
        return NULL;
    }
    /* Only tries: two calls that wait for each other's second handle would not end. */
    if (pthread_rwlock_tryrdlock(&slot->lock) != 0) {
        return NULL;
    }
    random->borrowed[random->borrowed_count++] = slot;
    return slot->handle;
}

void give_back(struct random *random)
{
    while (random->borrowed_count > 0) {
        pthread_rwlock_unlock(&random->borrowed[--random->borrowed_count]->lock);
    }
}

void keep(struct random *random, enum kind kind, void *handle)
{
    struct slot *slot = &slots[kind][below(random, SLOTS)];

    if (handle == NULL) {
        return;
    }
    if (pthread_rwlock_trywrlock(&slot->lock) != 0) {
        destroy(kind, handle);
        return;
    }
    destroy(kind, slot->handle);
    slot->handle = handle;
    pthread_rwlock_unlock(&slot->lock);
}

void note_port(uint16_t port)
{
    if (port != 0) {
        atomic_store(&ports[atomic_fetch_add(&noted_ports, 1) % PORTS], port);
    }
}

void note_id(int32_t id)
{
    atomic_store(&ids[atomic_fetch_add(&noted_ids, 1) % IDS], id);
}

static unsigned any_port(struct random *random)
{
    return atomic_load(&ports[below(random, PORTS)]);
}

static bool has(const char *parameter, const char *part)
{
    return strstr(parameter, part) != NULL;
}

#define ANY_OF(random, list) ((list)[below((random), (uint32_t)(sizeof(list) / sizeof *(list)))])

const char *any_text(struct random *random, const char *parameter)
{
    static const char *const paths[] = {"/", "/a?b=c", "", "/\xc3\xbc", "/%00"};
    static const char *const addresses[] = {"127.0.0.1", "127.0.0.1", "::1", "localhost", "127.0.0.300"};
    static const char *const headers[] = {"X-One: 1", "Origin: http://a", "Broken", "A:b\r\nC: d", "Host: h"};
    static const char *const words[] = {"chat", "a", "", "binary", "http://a", "\xff", "Upgrade", "long reason"};
    static const char *const files[] = {"/nonexistent/file", "/dev/null", ""};
    const bool is_file = has(parameter, "_path");

    if (below(random, 100) == 0) {
        return NULL;
    }
    if (has(parameter, "url") && !has(parameter, "proxy")) {
        snprintf(random->url, sizeof random->url, "%s://127.0.0.1:%u%s", below(random, 8) == 0 ? "wss" : "ws",
                 any_port(random), ANY_OF(random, paths));
        return random->url;
    }
    if (has(parameter, "address") || has(parameter, "host")) {
        return ANY_OF(random, addresses);
    }
    if (has(parameter, "proxy")) {
        return below(random, 4) == 0 ? "http://user:word@127.0.0.1:9" : "";
    }
    if (has(parameter, "headers")) {
        return ANY_OF(random, headers);
    }
    if ((is_file || has(parameter, "_pem")) && below(random, 4) != 0) {
        const bool is_key = has(parameter, "key");

        return is_file ? (is_key ? key_file : certificate_file) : is_key ? private_key : certificate;
    }
    if (is_file) {
        return ANY_OF(random, files);
    }
    return ANY_OF(random, words);
}

const char *const *any_list(struct random *random, const char *parameter)
{
    for (size_t i = 0; i < LIST; i++) {
        random->list[i] = any_text(random, parameter);
    }
    return random->list;
}

const uint8_t *any_bytes(struct random *random)
{
    random->bytes[below(random, sizeof random->bytes)] = (uint8_t)below(random, 256);
    return random->bytes;
}

size_t any_length(struct random *random)
{
    switch (below(random, 8)) {
    case 0:
        return 0;
    case 1:
        return below(random, sizeof random->bytes);
    default:
        return below(random, 200);
    }
}

int64_t any_integer(struct random *random, const char *parameter)
{
    static const int32_t codes[] = {1000, 1001, 1008, 3000, 4999, 0, -1, 1005, 70000};
    static const int32_t statuses[] = {200, 302, 403, 503, 99, 600};
    static const int32_t numbers[] = {0, 1, 2, 3, 7, 9, 15, 64, 4096, 65536, 1 << 20, -1};

    if (has(parameter, "timeout_ms")) {
        return below(random, 3);
    }
    if (has(parameter, "port")) {
        return below(random, 3) == 0 ? any_port(random) : 0;
    }
    if (has(parameter, "target") || has(parameter, "peer")) {
        return below(random, 6) == 0 ? (int64_t)below(random, 5) - 2 : atomic_load(&ids[below(random, IDS)]);
    }
    if (has(parameter, "code")) {
        return ANY_OF(random, codes);
    }
    if (has(parameter, "status")) {
        return ANY_OF(random, statuses);
    }
    if (has(parameter, "mode") || has(parameter, "index")) {
        return below(random, 4);
    }
    return ANY_OF(random, numbers);
}

double any_number(struct random *random)
{
    const double numbers[] = {0.0, 0.001, 0.01, 0.5, 1.0, 2.0, 10.0, 1e12, -1.0, (double)NAN};

    return ANY_OF(random, numbers);
}

void read_text(struct random *random, const char *text)
{
    if (random->is_alone && text != NULL) {
        random->sum += (unsigned)strlen(text);
    }
}

void read_bytes(struct random *random, const uint8_t *data, size_t length)
{
    if (random->is_alone && data != NULL) {
        for (size_t i = 0; i < length; i++) {
            random->sum += data[i];
        }
    }
}

static void poll_some(struct random *random)
{
    wsp_server_poll(borrow(random, SERVER));
    wsp_multiplayer_poll(borrow(random, MULTIPLAYER));
    wsp_client_poll(borrow(random, CLIENT));
    wsp_peer_poll(borrow(random, PEER));
    give_back(random);
}

/* Makes a pair of objects that connect to each other, which random choice alone seldom does, with and without
 * TLS. Other threads may use the objects too, so each step may fail. */
static void connect_peers(struct random *random)
{
    wsp_tcp_server *listener = borrow(random, TCP_SERVER);
    wsp_peer *client = borrow(random, PEER);
    wsp_peer *server = borrow(random, PEER);
    const bool has_tls = below(random, 3) == 0;
    wsp_tls_options *tls = has_tls ? borrow(random, TLS_OPTIONS) : NULL;

    wsp_tcp_server_listen(listener, 0, "127.0.0.1");
    note_port(wsp_tcp_server_get_local_port(listener));
    snprintf(random->url, sizeof random->url, "ws%s://127.0.0.1:%u/", has_tls ? "s" : "",
             (unsigned)wsp_tcp_server_get_local_port(listener));
    wsp_tls_options_server(tls, private_key, certificate);
    wsp_peer_connect_to_url(client, random->url, NULL);
    for (int i = 0; i < 20; i++) {
        if (wsp_tcp_server_is_connection_available(listener)) {
            wsp_stream *stream = wsp_tcp_server_take_connection(listener);

            wsp_peer_accept_stream(server, stream, tls);
            wsp_stream_free(stream);
        }
        wsp_peer_poll(client);
        wsp_peer_poll(server);
    }
    give_back(random);
}

static void connect_rooms(struct random *random)
{
    wsp_multiplayer *server = borrow(random, MULTIPLAYER);
    wsp_multiplayer *client = borrow(random, MULTIPLAYER);
    const bool is_scene = below(random, 2) == 0;

    wsp_multiplayer_set_scene(server, is_scene, below(random, 2) == 0);
    wsp_multiplayer_set_scene(client, is_scene, false);
    wsp_multiplayer_create_server(server, 0, "127.0.0.1", NULL);
    note_port(wsp_multiplayer_get_local_port(server));
    snprintf(random->url, sizeof random->url, "ws://127.0.0.1:%u/",
             (unsigned)wsp_multiplayer_get_local_port(server));
    wsp_multiplayer_create_client(client, random->url, NULL);
    for (int i = 0; i < 20; i++) {
        wsp_multiplayer_event event = {.struct_size = sizeof event};

        wsp_multiplayer_poll(server);
        wsp_multiplayer_poll(client);
        if (wsp_multiplayer_next_event(below(random, 2) == 0 ? server : client, &event) == WSP_OK) {
            note_id(event.peer_id);
        }
    }
    give_back(random);
}

static void connect_client(struct random *random)
{
    wsp_server *server = borrow(random, SERVER);
    wsp_client *client = borrow(random, CLIENT);
    wsp_server_listen_options options = WSP_SERVER_LISTEN_OPTIONS_INIT;

    options.address = "127.0.0.1";
    options.gd_mp_api = (uint8_t)below(random, 2);
    wsp_server_listen(server, 0, &options);
    note_port(wsp_server_get_local_port(server));
    snprintf(random->url, sizeof random->url, "ws://127.0.0.1:%u/", (unsigned)wsp_server_get_local_port(server));
    wsp_client_connect_to_url(client, random->url, NULL);
    for (int i = 0; i < 20; i++) {
        wsp_event event = WSP_EVENT_INIT;

        wsp_client_poll(client);
        wsp_server_poll(server);
        if (wsp_server_next_event(server, &event) == WSP_OK && event.peer != 0) {
            note_id(event.peer);
        }
    }
    give_back(random);
}

/* Polls, notes the ids of connected peers, and sometimes connects two objects. */
static void refresh(struct random *random)
{
    static void (*const connect[])(struct random *) = {connect_peers, connect_rooms, connect_client};
    int32_t found[4];
    wsp_server *server = borrow(random, SERVER);
    wsp_multiplayer *room = borrow(random, MULTIPLAYER);
    size_t count = wsp_server_get_peers(server, found, 4);

    for (size_t i = 0; i < count && i < 4; i++) {
        note_id(found[i]);
    }
    count = wsp_multiplayer_get_peers(room, found, 4);
    for (size_t i = 0; i < count && i < 4; i++) {
        note_id(found[i]);
    }
    give_back(random);
    poll_some(random);
    if (below(random, 20) == 0) {
        ANY_OF(random, connect)(random);
    }
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct random *random = &worker->random;

    for (unsigned long i = 0; i < worker->calls; i++) {
        const uint32_t number = below(random, (uint32_t)CALL_COUNT);

        random->has_succeeded = true;
        CALLS[number].run(random);
        give_back(random);
        if (random->has_succeeded) {
            atomic_fetch_add(&successes[number], 1);
        }
        if (below(random, 4) == 0) {
            refresh(random);
        }
    }
    return NULL;
}

static void make_objects(void)
{
    for (int kind = 0; kind < KINDS; kind++) {
        for (int i = 0; i < SLOTS; i++) {
            pthread_rwlock_init(&slots[kind][i].lock, NULL);
            slots[kind][i].handle = make((enum kind)kind);
        }
    }
}

static void free_objects(void)
{
    for (int kind = 0; kind < KINDS; kind++) {
        for (int i = 0; i < SLOTS; i++) {
            destroy((enum kind)kind, slots[kind][i].handle);
            pthread_rwlock_destroy(&slots[kind][i].lock);
        }
    }
}

/* Reads a file of $WSPEER_TEST_CERTIFICATES. Returns whether it exists. */
static bool read_file(const char *name, char *path, size_t path_size, char *text, size_t text_size)
{
    const char *folder = getenv("WSPEER_TEST_CERTIFICATES");
    FILE *file;
    size_t length;

    snprintf(path, path_size, "%s/%s", folder == NULL ? "." : folder, name);
    file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "cannot read %s; WSPEER_TEST_CERTIFICATES is the folder of server.crt and server.key\n", path);
        return false;
    }
    length = fread(text, 1, text_size - 1, file);
    text[length] = '\0';
    fclose(file);
    return true;
}

int main(int count, char **arguments)
{
    static struct worker workers[MAX_THREADS];
    const unsigned long seed = count > 1 ? strtoul(arguments[1], NULL, 10) : 1;
    const unsigned long calls = count > 2 ? strtoul(arguments[2], NULL, 10) : 10000;
    unsigned long threads = count > 3 ? strtoul(arguments[3], NULL, 10) : 5;
    unsigned sum = 0;

    if (threads < 1 || threads > MAX_THREADS) {
        fprintf(stderr, "THREADS is 1 to %d\n", (int)MAX_THREADS);
        return 2;
    }
    if (!read_file("server.crt", certificate_file, sizeof certificate_file, certificate, sizeof certificate) ||
        !read_file("server.key", key_file, sizeof key_file, private_key, sizeof private_key)) {
        return 2;
    }
    /* A library must not raise it. */
    signal(SIGPIPE, SIG_DFL);
    make_objects();
    successes = calloc(CALL_COUNT, sizeof *successes);
    if (successes == NULL) {
        return 2;
    }
    for (unsigned long i = 0; i < threads; i++) {
        workers[i].random.state = (seed + 1) * 0x9E3779B97F4A7C15ULL + i * 0xD1B54A32D192ED03ULL + 1;
        workers[i].random.is_alone = threads == 1;
        workers[i].calls = calls;
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
            fprintf(stderr, "no thread\n");
            return 2;
        }
    }
    for (unsigned long i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
        sum += workers[i].random.sum;
    }
    free_objects();
    for (size_t i = 0; i < CALL_COUNT; i++) {
        if (atomic_load(&successes[i]) == 0) {
            printf("never succeeded: %s\n", CALLS[i].name);
        }
    }
    free(successes);
    printf("%lu calls of %zu functions by %lu threads, seed %lu, sum %u\n", calls * threads, CALL_COUNT, threads,
           seed, sum);
    return 0;
}
