/* An echo server on libwebsockets; the argument `deflate` enables compression. Ends on a signal. */

#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct session {
    unsigned char *data;
    size_t len;
    size_t room;
    int is_text;
    int is_whole;
};

static int echo(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    struct session *session = user;

    switch (reason) {
    case LWS_CALLBACK_RECEIVE:
        if (lws_is_first_fragment(wsi)) {
            session->len = 0;
            session->is_text = !lws_frame_is_binary(wsi);
        }
        if (session->len + len > session->room) {
            session->room = 2 * (session->len + len);
            session->data = realloc(session->data, LWS_PRE + session->room);
        }
        memcpy(session->data + LWS_PRE + session->len, in, len);
        session->len += len;
        if (lws_is_final_fragment(wsi)) {
            session->is_whole = 1;
            lws_callback_on_writable(wsi);
        }
        break;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        if (session->is_whole) {
            session->is_whole = 0;
            if (lws_write(wsi, session->data + LWS_PRE, session->len, session->is_text ? LWS_WRITE_TEXT : LWS_WRITE_BINARY) <
                (int)session->len) {
                return -1;
            }
        }
        break;
    case LWS_CALLBACK_CLOSED:
        free(session->data);
        session->data = NULL;
        break;
    default:
        break;
    }
    return 0;
}

int main(int argc, char **argv)
{
    static const struct lws_protocols protocols[] = {{"echo", echo, sizeof(struct session), 65536, 0, NULL, 0},
                                                     {NULL, NULL, 0, 0, 0, NULL, 0}};
    static const struct lws_extension extensions[] = {
        {"permessage-deflate", lws_extension_callback_pm_deflate, "permessage-deflate; client_max_window_bits"},
        {NULL, NULL, NULL}};
    struct lws_context_creation_info info;
    struct lws_context *context;
    struct lws_vhost *host;

    lws_set_log_level(LLL_ERR, NULL);
    memset(&info, 0, sizeof info);
    info.port = CONTEXT_PORT_NO_LISTEN_SERVER;
    info.protocols = protocols;
    info.gid = (gid_t)-1;
    info.uid = (uid_t)-1;
    info.fd_limit_per_thread = 16384;
    info.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS;
    context = lws_create_context(&info);
    info.port = 0;
    info.iface = "127.0.0.1";
    if (argc > 1 && strcmp(argv[1], "deflate") == 0) {
        info.extensions = extensions;
    }
    host = context == NULL ? NULL : lws_create_vhost(context, &info);
    if (host == NULL) {
        return 1;
    }
    printf("LISTENING %d\n", lws_get_vhost_listen_port(host));
    fflush(stdout);
    while (lws_service(context, 0) >= 0) {
    }
    lws_context_destroy(context);
    return 0;
}
