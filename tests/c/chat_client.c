/*
 * A chat client: sends the lines of its standard input and prints the messages of others.
 *
 *     chat_client URL
 *
 * Prints "connected" after connecting and each message on its own line, and ends when its input ends. An input line
 * ":wait TEXT" is not sent; it delays the following lines until TEXT has been received.
 */

#include "system.h"

#include <wspeer.h>

#define LONGEST_LINE 4096

static bool is_connected;
static bool is_over;
static bool was_clean;
/* The text that ":wait" waits for, "" for none. */
static char awaited[LONGEST_LINE];

static void handle(wsp_client *client, const wsp_event *event)
{
    (void)client;
    switch (event->type) {
    case WSP_EVENT_OPENED:
        is_connected = true;
        puts("connected");
        break;
    case WSP_EVENT_MESSAGE:
        printf("%.*s\n", (int)event->len, (const char *)event->data);
        if (strlen(awaited) == event->len && memcmp(awaited, event->data, event->len) == 0) {
            awaited[0] = 0;
        }
        break;
    case WSP_EVENT_CLOSE_REQUEST:
        printf("the server closes: %d %s\n", (int)event->code, event->text);
        break;
    case WSP_EVENT_CLOSED:
        is_over = true;
        was_clean = event->was_clean != 0;
        break;
    case WSP_EVENT_FAILED:
        fprintf(stderr, "chat_client: %s\n", event->text);
        is_over = true;
        break;
    default:
        break;
    }
    fflush(stdout);
}

/* Waits for an event for at most this time, and handles all events. */
static void pass_time(wsp_client *client, int milliseconds)
{
    wsp_event event = WSP_EVENT_INIT;

    wsp_client_wait(client, milliseconds);
    while (wsp_client_next_event(client, &event) == WSP_OK) {
        handle(client, &event);
    }
}

/* Returns false at the end of the input. `*line` is "" if no complete line has arrived. */
static bool next_line(char *line)
{
    static char held[LONGEST_LINE];
    static size_t length;
    static bool is_at_end;
    char *end;

    line[0] = 0;
    if (memchr(held, '\n', length) == NULL && !is_at_end) {
        int count = read_input(held + length, sizeof held - 1 - length, 0);

        is_at_end = count == 0;
        length += count > 0 ? (size_t)count : 0;
    }
    end = memchr(held, '\n', length);
    if (end == NULL) {
        return !is_at_end;
    }
    memcpy(line, held, (size_t)(end - held));
    line[end - held] = 0;
    length -= (size_t)(end - held) + 1;
    memmove(held, end + 1, length);
    return true;
}

int main(int argc, char **argv)
{
    wsp_client *client = wsp_client_new();
    char line[LONGEST_LINE];
    double deadline = now() + 60 * patience();

    begin_program(&argc, &argv);
    if (argc != 2) {
        fprintf(stderr, "usage: chat_client URL\n");
        return EXIT_FAILURE;
    }
    if (wsp_client_connect_to_url(client, argv[1], NULL) != WSP_OK) {
        fprintf(stderr, "chat_client: %s\n", wsp_client_get_error_message(client));
        wsp_client_free(client);
        return EXIT_FAILURE;
    }
    while (!is_over && now() < deadline) {
        pass_time(client, 20);
        if (!is_connected) {
            continue;
        }
        while (awaited[0] == 0) {
            if (!next_line(line)) {
                wsp_client_disconnect(client, 1000, "bye");
                break;
            }
            if (line[0] == 0) {
                break;
            }
            if (strncmp(line, ":wait ", 6) == 0) {
                memcpy(awaited, line + 6, strlen(line + 6) + 1);
            } else if (wsp_client_send_text(client, line) != WSP_OK) {
                fprintf(stderr, "chat_client: %s\n", wsp_client_get_error_message(client));
            }
        }
    }
    wsp_client_free(client);
    return was_clean ? EXIT_SUCCESS : EXIT_FAILURE;
}
