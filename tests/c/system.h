/* What POSIX and Windows name differently and the test programs need: sockets, standard input, arguments, processes.
 * Included before the system's headers, it makes them declare what POSIX has. */

#ifndef SYSTEM_H
#define SYSTEM_H

#if !defined(_WIN32) && !defined(_POSIX_C_SOURCE) && !defined(_DEFAULT_SOURCE)
#define _POSIX_C_SOURCE 200809L
#endif

#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#include <winsock2.h>
/* After winsock2.h, without which windows.h declares an older Winsock. */
#include <windows.h>

#include <fcntl.h>
#include <io.h>
#include <process.h>
#include <shellapi.h>
#else
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

/* Returns the factor for deadlines on a slow machine, from WSPEER_TEST_PATIENCE; at least 1. */
static inline double patience(void)
{
    const char *text = getenv("WSPEER_TEST_PATIENCE");
    double factor = text == NULL ? 0.0 : atof(text);

    return factor > 1.0 ? factor : 1.0;
}

/* Sockets. wsp_peer_get_fd() and wsp_tcp_server_get_fd() return the same numbers as int64_t. Winsock is started by the
 * library with its first socket. */

#ifdef _WIN32
typedef SOCKET socket_handle;
#define NO_SOCKET INVALID_SOCKET
enum { SHUT_WR = SD_SEND, SHUT_RDWR = SD_BOTH };
#else
typedef int socket_handle;
#define NO_SOCKET (-1)
#endif

static inline void close_socket(socket_handle handle)
{
#ifdef _WIN32
    closesocket(handle);
#else
    close(handle);
#endif
}

/* Waits for events of sockets. Returns the number of sockets that have some. */
static inline int poll_sockets(struct pollfd *sockets, unsigned count, int milliseconds)
{
#ifdef _WIN32
    return WSAPoll(sockets, count, milliseconds);
#else
    return poll(sockets, count, milliseconds);
#endif
}

/* Waits for one socket. Returns the events that it has. */
static inline int socket_events(int64_t number, bool for_write, int milliseconds)
{
    struct pollfd descriptor = {(socket_handle)number, POLLIN, 0};

    if (for_write) {
        descriptor.events |= POLLOUT;
    }
    return poll_sockets(&descriptor, 1, milliseconds) > 0 ? descriptor.revents : 0;
}

/* Returns a socket that is not the library's, like that of another program, connected to a port of this machine. */
static inline socket_handle connect_to_port(uint16_t port)
{
    struct sockaddr_in address;
    socket_handle handle = socket(AF_INET, SOCK_STREAM, 0);

    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (handle != NO_SOCKET && connect(handle, (struct sockaddr *)&address, sizeof address) != 0) {
        close_socket(handle);
        return NO_SOCKET;
    }
    return handle;
}

/* Sends everything. Returns whether that succeeded. */
static inline bool send_bytes(socket_handle handle, const void *data, size_t length)
{
#ifdef _WIN32
    return send(handle, data, (int)length, 0) == (int)length;
#else
    return send(handle, data, length, 0) == (ssize_t)length;
#endif
}

/* Receives what has arrived; with MSG_PEEK it stays. Returns 0 at the end of the stream and -1 if nothing has arrived. */
static inline int receive_bytes(socket_handle handle, void *data, size_t room, int flags)
{
    if (socket_events((int64_t)handle, false, 0) == 0) {
        return -1;
    }
#ifdef _WIN32
    return recv(handle, data, (int)room, flags);
#else
    return (int)recv(handle, data, room, flags);
#endif
}

/* Standard input. */

#ifdef _WIN32
/* What a thread has read: Windows has no way to wait for every kind of input. */
struct windows_input {
    HANDLE filled;
    HANDLE taken;
    char bytes[4096];
    DWORD count;
    DWORD position;
    bool is_at_end;
};

static inline DWORD WINAPI read_standard_input(void *argument)
{
    struct windows_input *input = argument;
    bool is_open = true;

    while (is_open) {
        DWORD count = 0;

        is_open = ReadFile(GetStdHandle(STD_INPUT_HANDLE), input->bytes, sizeof input->bytes, &count, NULL) && count > 0;
        input->count = is_open ? count : 0;
        SetEvent(input->filled);
        WaitForSingleObject(input->taken, INFINITE);
    }
    return 0;
}
#endif

/* Waits for input for at most that time. Returns the number of bytes, 0 at the end of the input, and -1 if none has come. */
static inline int read_input(char *bytes, size_t room, int milliseconds)
{
#ifdef _WIN32
    static struct windows_input input;
    size_t count;

    if (input.filled == NULL) {
        input.filled = CreateEventA(NULL, FALSE, FALSE, NULL);
        input.taken = CreateEventA(NULL, FALSE, FALSE, NULL);
        CloseHandle(CreateThread(NULL, 0, read_standard_input, &input, 0, NULL));
    }
    if (input.position == input.count && !input.is_at_end) {
        if (WaitForSingleObject(input.filled, (DWORD)milliseconds) != WAIT_OBJECT_0) {
            return -1;
        }
        input.position = 0;
        input.is_at_end = input.count == 0;
    }
    count = input.count - input.position < room ? input.count - input.position : room;
    memcpy(bytes, input.bytes + input.position, count);
    input.position += (DWORD)count;
    if (input.position == input.count && !input.is_at_end) {
        input.position = input.count = 0;
        SetEvent(input.taken);
    }
    return (int)count;
#else
    struct pollfd input = {STDIN_FILENO, POLLIN, 0};

    if (poll(&input, 1, milliseconds) <= 0) {
        return -1;
    }
    return (int)read(STDIN_FILENO, bytes, room);
#endif
}

/* Waits for input for at most that time and ignores it. Returns false at the end of standard input. */
static inline bool has_input(int milliseconds)
{
    char ignored[256];
    int count = read_input(ignored, sizeof ignored, milliseconds);

    return count != 0;
}

/* Makes Windows do what POSIX does: arguments are UTF-8, and lines that are printed end with '\n'. */
static inline void begin_program(int *argc, char ***argv)
{
#ifdef _WIN32
    wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), argc);

    *argv = calloc((size_t)*argc + 1, sizeof **argv);
    for (int i = 0; wide != NULL && *argv != NULL && i < *argc; i++) {
        int size = WideCharToMultiByte(CP_UTF8, 0, wide[i], -1, NULL, 0, NULL, NULL);

        (*argv)[i] = malloc((size_t)size);
        WideCharToMultiByte(CP_UTF8, 0, wide[i], -1, (*argv)[i], size, NULL, NULL);
    }
    _setmode(_fileno(stdout), _O_BINARY);
#else
    (void)argc;
    (void)argv;
#endif
}

/* Processes. */

#ifdef _WIN32
static inline DWORD WINAPI end_process(void *milliseconds)
{
    Sleep((DWORD)(uintptr_t)milliseconds);
    TerminateProcess(GetCurrentProcess(), 124);
    return 0;
}
#endif

/* Ends this program after that time. */
static inline void end_after(unsigned seconds)
{
#ifdef _WIN32
    CloseHandle(CreateThread(NULL, 0, end_process, (void *)((uintptr_t)seconds * 1000), 0, NULL));
#else
    alarm(seconds);
#endif
}

/* Returns the number of descriptors of this process; on Windows that of its handles. */
static inline int open_descriptors(void)
{
#ifdef _WIN32
    DWORD count = 0;

    GetProcessHandleCount(GetCurrentProcess(), &count);
    return (int)count;
#else
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;

    while (folder != NULL && readdir(folder) != NULL) {
        count++;
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return count;
#endif
}

/* Runs a program with two arguments. Returns its exit status, or -1 if it has none. */
static inline int status_of(const char *program, const char *first, const char *second)
{
#ifdef _WIN32
    return (int)_spawnl(_P_WAIT, program, program, first, second, NULL);
#else
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        execl(program, program, first, second, (char *)NULL);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        perror(program);
        return -1;
    }
    if (WIFSIGNALED(status)) {
        printf("  %s %s: ended by signal %d\n", first, second, WTERMSIG(status));
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
#endif
}

#endif
