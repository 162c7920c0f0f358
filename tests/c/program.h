/* What the test programs share: a clock, memory, standard input, and noise that is the same in every run.
 * The including file defines _POSIX_C_SOURCE as 200809L. */

#ifndef PROGRAM_H
#define PROGRAM_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static inline double seconds_of(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Returns the seconds on a clock that only goes forward. */
static inline double now(void)
{
    return seconds_of(CLOCK_MONOTONIC);
}

/* Sleeps for a millisecond. */
static inline void nap(void)
{
    const struct timespec millisecond = {0, 1000000};

    nanosleep(&millisecond, NULL);
}

/* Resizes memory; NULL makes it. Ends the program if there is none. */
static inline void *grown(void *memory, size_t size)
{
    memory = realloc(memory, size > 0 ? size : 1);
    if (memory == NULL) {
        perror("realloc");
        exit(EXIT_FAILURE);
    }
    return memory;
}

/* Waits for input for at most that time. Returns false at the end of standard input. */
static inline bool has_input(int milliseconds)
{
    struct pollfd input = {STDIN_FILENO, POLLIN, 0};
    char ignored[256];

    return poll(&input, 1, milliseconds) <= 0 || read(STDIN_FILENO, ignored, sizeof ignored) > 0;
}

/* Returns the next number of a fixed sequence, so that a failure can be repeated. */
static inline uint32_t noise(void)
{
    static uint32_t state = 2463534242;

    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

#endif
