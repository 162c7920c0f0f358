/* An echo server on one wsp_server; the argument `deflate` enables compression. Ends on a signal. */

#include <stdio.h>
#include <string.h>

#include <wspeer.h>

int main(int argc, char **argv)
{
    wsp_peer_options options = WSP_PEER_OPTIONS_INIT;
    wsp_server_listen_options listen = WSP_SERVER_LISTEN_OPTIONS_INIT;
    wsp_server *server = wsp_server_new();

    listen.address = "127.0.0.1";
    options.inbound_buffer_size = 16 << 20;
    options.outbound_buffer_size = 16 << 20;
    options.compression_enabled = argc > 1 && strcmp(argv[1], "deflate") == 0;
    options.compression_level = 1; /* the default of libwebsockets */
    if (wsp_server_set_peer_options(server, &options) != WSP_OK ||
        wsp_server_listen(server, 0, &listen) != WSP_OK) {
        fprintf(stderr, "%s\n", wsp_server_get_error_message(server));
        return 1;
    }
    printf("LISTENING %u\n", (unsigned)wsp_server_get_local_port(server));
    fflush(stdout);
    for (;;) {
        wsp_event event = WSP_EVENT_INIT;

        wsp_server_wait(server, -1);
        while (wsp_server_next_event(server, &event) == WSP_OK) {
            if (event.type == WSP_EVENT_MESSAGE) {
                wsp_server_send(server, event.peer, event.data, event.len,
                                event.is_text ? WSP_WRITE_MODE_TEXT : WSP_WRITE_MODE_BINARY);
            }
        }
    }
}
