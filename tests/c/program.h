/* What the test programs share besides system.h: memory, and noise that is the same in every run. */

#ifndef PROGRAM_H
#define PROGRAM_H

#include "system.h"

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
