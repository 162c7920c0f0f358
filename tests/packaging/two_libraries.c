/* Uses the static library of wspeer and another Rust library in one program. */

#include <stddef.h>
#include <stdio.h>

#include <wspeer.h>

size_t second_count_words(const char *text);
size_t second_count_panics(void);

int main(void)
{
    wsp_peer *peer = wsp_peer_new();
    wsp_error error = wsp_peer_connect_to_url(peer, "no URL", NULL);

    printf("%zu words, %zu panics, error %d\n", second_count_words("a b a c"), second_count_panics(), (int)error);
    wsp_peer_free(peer);
    return 0;
}
