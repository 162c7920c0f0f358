// Both peers of a connection in one C++11 program, with handles that free themselves.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <wspeer.h>

namespace {

struct Free {
    void operator()(wsp_peer *peer) const { wsp_peer_free(peer); }
    void operator()(wsp_stream *stream) const { wsp_stream_free(stream); }
    void operator()(wsp_tcp_server *server) const { wsp_tcp_server_free(server); }
};

template <typename T>
using Handle = std::unique_ptr<T, Free>;

struct Message {
    std::vector<std::uint8_t> bytes;
    bool is_text = false;

    std::string text() const { return std::string(bytes.begin(), bytes.end()); }
};

// Errors become exceptions, and lent data is copied.
class Peer {
public:
    Peer() : handle_(wsp_peer_new()) {}

    void connect(const std::string &url) { check(wsp_peer_connect_to_url(handle_.get(), url.c_str(), NULL)); }
    void accept(wsp_stream *stream) { check(wsp_peer_accept_stream(handle_.get(), stream, NULL)); }
    void poll() { wsp_peer_poll(handle_.get()); }
    wsp_state state() const { return wsp_peer_get_ready_state(handle_.get()); }

    void send(const std::string &text) {
        send(reinterpret_cast<const std::uint8_t *>(text.data()), text.size(), WSP_WRITE_MODE_TEXT);
    }
    void send(const std::vector<std::uint8_t> &bytes) {
        send(bytes.data(), bytes.size(), WSP_WRITE_MODE_BINARY);
    }

    bool receive(Message &message) {
        const std::uint8_t *data = nullptr;
        std::size_t size = 0;
        if (wsp_peer_get_packet(handle_.get(), &data, &size) != WSP_OK) {
            return false;
        }
        message.bytes.assign(data, data + size);
        message.is_text = wsp_peer_was_string_packet(handle_.get());
        return true;
    }

    void close(int code, const std::string &reason) {
        check(wsp_peer_close(handle_.get(), code, reason.c_str()));
    }
    int close_code() const { return wsp_peer_get_close_code(handle_.get()); }
    std::string close_reason() const {
        std::size_t size = 0;
        const char *reason = wsp_peer_get_close_reason(handle_.get(), &size);
        return std::string(reason, size);
    }

private:
    void send(const std::uint8_t *data, std::size_t size, wsp_write_mode mode) {
        check(wsp_peer_send(handle_.get(), data, size, mode));
    }
    void check(wsp_error error) const {
        if (error != WSP_OK) {
            throw std::runtime_error(std::string(wsp_error_name(error)) + ": " +
                                     wsp_peer_get_error_message(handle_.get()));
        }
    }

    Handle<wsp_peer> handle_;
};

// Polls both peers in turn, once per round.
template <typename Condition>
void poll_until(Peer &client, Peer &server, Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) {
            throw std::runtime_error("the condition is false after ten seconds");
        }
        client.poll();
        server.poll();
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

void expect(bool condition, const char *what) {
    if (!condition) {
        throw std::runtime_error(what);
    }
}

void run() {
    Handle<wsp_tcp_server> listener(wsp_tcp_server_new());
    expect(wsp_tcp_server_listen(listener.get(), 0, "127.0.0.1") == WSP_OK, "cannot listen");
    Peer client;
    client.connect("ws://127.0.0.1:" + std::to_string(wsp_tcp_server_get_local_port(listener.get())));

    Peer server;
    poll_until(client, server, [&] { return wsp_tcp_server_is_connection_available(listener.get()); });
    {
        Handle<wsp_stream> stream(wsp_tcp_server_take_connection(listener.get()));
        server.accept(stream.get());
    }
    poll_until(client, server,
               [&] { return client.state() == WSP_STATE_OPEN && server.state() == WSP_STATE_OPEN; });

    Message message;
    const std::string text("h\xc3\xa9llo\0world", 12);
    client.send(text);
    poll_until(client, server, [&] { return server.receive(message); });
    expect(message.is_text && message.text() == text, "the server received another text");

    const std::vector<std::uint8_t> bytes = {0, 1, 0xfe, 0xff};
    server.send(bytes);
    poll_until(client, server, [&] { return client.receive(message); });
    expect(!message.is_text && message.bytes == bytes, "the client received other bytes");

    // A move transfers the ownership of the handle.
    Peer moved = std::move(client);
    moved.close(1000, "done");
    poll_until(moved, server,
               [&] { return moved.state() == WSP_STATE_CLOSED && server.state() == WSP_STATE_CLOSED; });
    expect(moved.close_code() == 1000 && server.close_reason() == "done", "the close handshake failed");
}

} // namespace

int main() {
    try {
        run();
    } catch (const std::exception &error) {
        std::fprintf(stderr, "wsp_peer: %s\n", error.what());
        return 1;
    }
    std::puts("text and bytes arrived, closed cleanly");
    return 0;
}
