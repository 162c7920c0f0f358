/*
 * Replaces the C library's name lookup in the tests: the functions of an executable precede those of its
 * libraries, so libwspeer calls these.
 *
 *     never.test    the lookup never ends
 *     hole.test     127.0.0.2, then 127.0.0.1
 *     unknown.test  does not exist
 *     NAME.test     127.0.0.1
 *
 * All other names are looked up by the C library.
 */

#define _GNU_SOURCE

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct answer {
    struct addrinfo info;
    struct sockaddr_in address;
};

/* freeaddrinfo() recognises results of this file by its address. */
static char mark[] = "names.c";

static struct addrinfo *answer(const char *address, struct addrinfo *next)
{
    struct answer *answer = calloc(1, sizeof *answer);

    if (answer == NULL) {
        abort();
    }
    answer->address.sin_family = AF_INET;
    inet_pton(AF_INET, address, &answer->address.sin_addr);
    answer->info.ai_family = AF_INET;
    answer->info.ai_socktype = SOCK_STREAM;
    answer->info.ai_protocol = IPPROTO_TCP;
    answer->info.ai_addrlen = sizeof answer->address;
    answer->info.ai_addr = (struct sockaddr *)&answer->address;
    answer->info.ai_next = next;
    answer->info.ai_canonname = mark;
    return &answer->info;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
    size_t length = node == NULL ? 0 : strlen(node);

    if (length < 5 || strcmp(node + length - 5, ".test") != 0) {
        int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

        *(void **)&next = dlsym(RTLD_NEXT, "getaddrinfo");
        return next(node, service, hints, result);
    }
    if (strcmp(node, "never.test") == 0) {
        for (;;) {
            pause();
        }
    }
    if (strcmp(node, "unknown.test") == 0) {
        return EAI_NONAME;
    }
    *result = answer("127.0.0.1", NULL);
    if (strcmp(node, "hole.test") == 0) {
        *result = answer("127.0.0.2", *result);
    }
    return 0;
}

void freeaddrinfo(struct addrinfo *info)
{
    if (info == NULL || info->ai_canonname != mark) {
        void (*next)(struct addrinfo *);

        *(void **)&next = dlsym(RTLD_NEXT, "freeaddrinfo");
        next(info);
        return;
    }
    while (info != NULL) {
        struct addrinfo *next = info->ai_next;

        free(info);
        info = next;
    }
}
