# shellcheck shell=bash
# Sourced by run.sh: `make abi` passes for what is there and for additions, and fails for what breaks programs.

# abi_of SED...: the comparison with a header that was changed so. Wants the change to have changed something.
abi_of() {
    sed -E "$@" "$root/include/wspeer.h" >changed.h && ! cmp -s "$root/include/wspeer.h" changed.h &&
        WSPEER_HEADER=$work/changed.h "$root/tools/abi.sh"
}

step 'the C interface is that of the baseline' make -s -C "$root" abi
step 'abi finds a function that is gone' fails abi_of '/^void wsp_peer_flush\(/d'
step 'abi finds a parameter of another type' fails abi_of 's/^(wsp_error wsp_peer_send_text\(wsp_peer \*peer, )const char \*text/\1int32_t text/'
step 'abi finds a field in between' fails abi_of 's/^    double heartbeat_timeout;/    double other;\n&/'
step 'abi finds a field of another type' fails abi_of 's/^    double connect_timeout;/    float connect_timeout;/'
step 'abi finds another number' fails abi_of 's/WSP_ERR_TIMEOUT = 24/WSP_ERR_TIMEOUT = 25/'
step 'abi passes a new function' abi_of 's/^void wsp_peer_flush\(.*/&\nvoid wsp_peer_other(wsp_peer *peer);/'
step 'abi passes a field at the end' abi_of 's/^\} wsp_peer_options;/    double other;\n&/'
step 'abi passes a new number' abi_of 's/^( *)WSP_ERR_BUG = 47,/&\n\1WSP_ERR_OTHER = 48,/'
