/*
 * Checks on Windows that the library stays mapped after it was used, because its threads and the pollers of the process
 * outlive FreeLibrary().
 *
 *     pinned wspeer.dll
 *
 * The last line of the output is `N passed, N failed`.
 */

#include "system.h"

typedef void *(*make_function)(void);
typedef void (*free_function)(void *object);
typedef int32_t (*listen_function)(void *server, int32_t port, const void *options);

int main(int argc, char **argv)
{
    HMODULE library = argc == 2 ? LoadLibraryA(argv[1]) : NULL;
    char name[MAX_PATH];
    make_function make;
    free_function end;
    listen_function listen_on;
    void *server;
    bool is_used = false;
    bool is_mapped;

    if (library == NULL || GetModuleFileNameA(library, name, sizeof name) == 0) {
        fprintf(stderr, "usage: pinned wspeer.dll\n");
        return EXIT_FAILURE;
    }
    make = (make_function)(uintptr_t)GetProcAddress(library, "wsp_server_new");
    end = (free_function)(uintptr_t)GetProcAddress(library, "wsp_server_free");
    listen_on = (listen_function)(uintptr_t)GetProcAddress(library, "wsp_server_listen");
    if (make != NULL && end != NULL && listen_on != NULL) {
        server = make();
        is_used = listen_on(server, 0, NULL) == 0;
        end(server);
    }
    FreeLibrary(library);
    is_mapped = GetModuleHandleA(name) != NULL;
    printf("%d passed, %d failed\n", is_used + is_mapped, 2 - is_used - is_mapped);
    return is_used && is_mapped ? EXIT_SUCCESS : EXIT_FAILURE;
}
