// A client over wspeer.hpp: sends its argument to the URL and prints the echo. C++11 and later, without exceptions.
#include <wspeer.hpp>

#include <cstdio>

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    wsp::peer first;
    wsp::peer peer = std::move(first);
    wsp::peer_options options;
    options.compression_enabled = 1;
    if (first || peer.set_options(options) != WSP_OK || peer.options().compression_enabled != 1) return 3;
    if (peer.connect_to_url(std::string(argv[1])) != WSP_OK) {
        std::printf("refused: %s\n", std::string(peer.error_message()).c_str());
        return 1;
    }
    bool is_sent = false;
    while (!peer.is_closed()) {
        peer.poll();
        if (!is_sent && peer.is_open()) {
            is_sent = peer.send_text(std::string(argv[2])) == WSP_OK && peer.send(wsp::bytes()) == WSP_OK;
        }
        wsp::packet packet;
        while (peer.next_packet(packet)) {
            if (packet.is_text) {
                std::printf("< %s\n", std::string(packet.text()).c_str());
            } else {
                std::printf("< %u bytes\n", static_cast<unsigned>(packet.data.size()));
                (void)peer.close(1000, "done");
            }
        }
    }
    wsp_failure failure;
    std::printf("closed: %d%s\n", peer.close_code(), peer.failure(failure) ? failure.message : "");
    return peer.close_code() == 1000 ? 0 : 1;
}
