/* A plugin that contains the static library of wspeer. */

#include <wspeer.h>

const char *plugin_name(void);

const char *plugin_name(void)
{
    wsp_peer *peer = wsp_peer_new();

    wsp_peer_free(peer);
    return "plugin";
}
