/* Each option has its default on each object, and refused values change nothing and name their bounds.
 * The cases come from rust/peer/options/table.rs. */

#include "check.h"
#include "option_cases.h"
#include "tests.h"

#include <string.h>

static const wsp_peer_options peer_initial = WSP_PEER_OPTIONS_INIT;
static const wsp_server_options server_initial = WSP_SERVER_OPTIONS_INIT;
static const wsp_reconnect_options reconnect_initial = WSP_RECONNECT_OPTIONS_INIT;

/* Defines read_OBJECT_STRUCT(), which returns the options of a new object. */
#define READS_OPTIONS(object, handle, type, initial, get)                                              \
    static type read_##object##_##type(void)                                                           \
    {                                                                                                  \
        wsp_##handle *owner = wsp_##handle##_new();                                                    \
        type options = initial;                                                                        \
        CHECK_ERROR(get, WSP_OK);                                                                      \
        wsp_##handle##_free(owner);                                                                    \
        return options;                                                                                \
    }

/* Defines refuses_OBJECT_STRUCT(), which checks that setting options is refused with a message and
 * changes nothing. */
#define REFUSES_OPTIONS(object, handle, type, initial, get, set)                                       \
    static void refuses_##object##_##type(const type *refused, const char *message)                    \
    {                                                                                                  \
        wsp_##handle *owner = wsp_##handle##_new();                                                    \
        type before = initial;                                                                         \
        type options = initial;                                                                        \
        CHECK_ERROR(get, WSP_OK);                                                                      \
        before = options;                                                                              \
        CHECK_ERROR(set, WSP_ERR_INVALID_PARAMETER);                                                   \
        CHECK_TEXT(wsp_##handle##_get_error_message(owner), message);                                  \
        CHECK_ERROR(get, WSP_OK);                                                                      \
        CHECK(memcmp(&options, &before, sizeof options) == 0);                                         \
        wsp_##handle##_free(owner);                                                                    \
    }

/* These two structs have no call that reads them from an object. */
static wsp_error initial_server_options(wsp_server *server, wsp_server_options *options)
{
    (void)server;
    return wsp_server_options_init(options, sizeof *options);
}

static wsp_error initial_reconnect_options(wsp_client *client, wsp_reconnect_options *options)
{
    (void)client;
    return wsp_reconnect_options_init(options, sizeof *options);
}

#define HAS_OPTIONS(object, handle, type, initial, get, set)      \
    READS_OPTIONS(object, handle, type, initial, get)             \
    REFUSES_OPTIONS(object, handle, type, initial, get, set)

HAS_OPTIONS(peer, peer, wsp_peer_options, peer_initial, wsp_peer_get_options(owner, &options),
            wsp_peer_set_options(owner, refused))
HAS_OPTIONS(client, client, wsp_peer_options, peer_initial,
            wsp_client_get_peer_options(owner, &options), wsp_client_set_peer_options(owner, refused))
HAS_OPTIONS(server, server, wsp_peer_options, peer_initial,
            wsp_server_get_peer_options(owner, &options), wsp_server_set_peer_options(owner, refused))
HAS_OPTIONS(room, multiplayer, wsp_peer_options, peer_initial,
            wsp_multiplayer_get_options(owner, &options), wsp_multiplayer_set_options(owner, refused))
HAS_OPTIONS(client, client, wsp_reconnect_options, reconnect_initial,
            initial_reconnect_options(owner, &options), wsp_client_set_reconnect_options(owner, refused))
/* Its fields refuse no value. */
READS_OPTIONS(server, server, wsp_server_options, server_initial, initial_server_options(owner, &options))

void every_option_of_every_object_has_its_default(void)
{
#define CHECK_DEFAULT(object, type, field, value) \
    about(#object " " #field);                    \
    CHECK(read_##object##_##type().field == (value));
    FOR_EACH_DEFAULT(CHECK_DEFAULT)
#undef CHECK_DEFAULT
    about(NULL);
}

void refused_options_change_nothing_and_name_their_bounds(void)
{
#define CHECK_REFUSED(object, type, field_name, value, message) \
    {                                                           \
        type wanted = read_##object##_##type();                 \
        about(#object " " #field_name " = " #value);            \
        wanted.field_name = (value);                            \
        refuses_##object##_##type(&wanted, message);            \
    }
    FOR_EACH_REFUSED_VALUE(CHECK_REFUSED)
#undef CHECK_REFUSED
    about(NULL);
}
