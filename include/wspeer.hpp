/*
 * wspeer.hpp: the C interface of wspeer.h with C++ ownership. Header-only, C++11 and later, without
 * exceptions and RTTI.
 *
 * Objects are movable and free themselves. Calls return wsp_error, as in C. wspeer.h describes each
 * call under the function of the same name: what it does, its errors, its thread rule and how long
 * what it lends stays valid. Payload is std::span<const uint8_t> since C++20 and text
 * std::string_view since C++17; before, wsp::bytes and wsp::text are small types with the same
 * members. Neither owns memory: it refers to the caller's for arguments and to the library's for
 * results.
 */
#ifndef WSPEER_HPP
#define WSPEER_HPP

#include <wspeer.h>

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#if defined(_MSVC_LANG)
#define WSPEER_CPLUSPLUS _MSVC_LANG
#else
#define WSPEER_CPLUSPLUS __cplusplus
#endif
#if WSPEER_CPLUSPLUS >= 201703L
#include <string_view>
#define WSPEER_NODISCARD [[nodiscard]]
#else
#define WSPEER_NODISCARD
#endif
#if WSPEER_CPLUSPLUS >= 202002L
#include <span>
#endif

namespace wsp {
// The types of parameters depend on the language version, and so do the functions' symbols: one
// program may mix versions.
#if WSPEER_CPLUSPLUS >= 202002L
inline namespace cpp20 {
#elif WSPEER_CPLUSPLUS >= 201703L
inline namespace cpp17 {
#else
inline namespace cpp11 {
#endif

#if WSPEER_CPLUSPLUS >= 202002L
/** Payload that it does not own. */
using bytes = std::span<const std::uint8_t>;
#else
/** Payload that it does not own. */
class bytes {
public:
    bytes() noexcept : data_(nullptr), size_(0) {}
    bytes(const std::uint8_t *data, std::size_t size) noexcept : data_(data), size_(size) {}
    bytes(const std::vector<std::uint8_t> &from) noexcept : data_(from.data()), size_(from.size()) {}
    template <std::size_t N>
    bytes(const std::uint8_t (&from)[N]) noexcept : data_(from), size_(N) {}

    const std::uint8_t *data() const noexcept { return data_; }
    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    const std::uint8_t *begin() const noexcept { return data_; }
    const std::uint8_t *end() const noexcept { return size_ == 0 ? data_ : data_ + size_; }
    const std::uint8_t &operator[](std::size_t index) const noexcept { return data_[index]; }

private:
    const std::uint8_t *data_;
    std::size_t size_;
};
#endif

#if WSPEER_CPLUSPLUS >= 201703L
/** Text that it does not own. Not NUL-terminated if the program made it. */
using text = std::string_view;
#else
/** Text that it does not own. Not NUL-terminated if the program made it. */
class text {
public:
    text() noexcept : data_(""), size_(0) {}
    text(const char *from) noexcept : data_(from), size_(std::strlen(from)) {}
    text(const char *data, std::size_t size) noexcept : data_(data), size_(size) {}
    text(const std::string &from) noexcept : data_(from.data()), size_(from.size()) {}

    const char *data() const noexcept { return data_; }
    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    const char *begin() const noexcept { return data_; }
    const char *end() const noexcept { return data_ + size_; }
    explicit operator std::string() const { return std::string(data_, size_); }

    friend bool operator==(text a, text b) noexcept {
        return a.size_ == b.size_ && std::memcmp(a.data_, b.data_, a.size_) == 0;
    }
    friend bool operator!=(text a, text b) noexcept { return !(a == b); }

private:
    const char *data_;
    std::size_t size_;
};
#endif

/**
 * A NUL-terminated text that is passed to the library: a literal, a std::string, or nullptr for
 * none.
 */
class c_text {
public:
    c_text(std::nullptr_t) noexcept : text_(nullptr) {}
    c_text(const char *from) noexcept : text_(from) {}
    c_text(const std::string &from) noexcept : text_(from.c_str()) {}
    operator const char *() const noexcept { return text_; }

private:
    const char *text_;
};

/**
 * A list of NUL-terminated texts that is passed to the library: header lines, sub-protocols,
 * origins.
 */
class c_texts {
public:
    c_texts() = default;
    c_texts(std::initializer_list<const char *> from) : texts_(from) {}
    c_texts(const std::vector<std::string> &from) {
        texts_.reserve(from.size());
        for (const std::string &each : from) texts_.push_back(each.c_str());
    }
    const char *const *data() const noexcept { return texts_.empty() ? nullptr : texts_.data(); }
    std::size_t size() const noexcept { return texts_.size(); }

private:
    std::vector<const char *> texts_;
};

namespace detail {
inline const std::uint8_t *octets(text from) noexcept { return reinterpret_cast<const std::uint8_t *>(from.data()); }

inline text lent(const char *from) noexcept { return from == nullptr ? text() : text(from); }

/** An answer that refers to its arguments. */
inline wsp_http_answer answer(int status, c_text reason, const c_texts &headers, text body) noexcept {
    wsp_http_answer made = WSP_HTTP_ANSWER_INIT;
    made.status = status;
    made.reason = reason;
    made.headers = headers.data();
    made.header_count = headers.size();
    made.body = octets(body);
    made.body_len = body.size();
    return made;
}

/** Owns a handle of the C interface. */
template <typename T, void (*Free)(T *)>
class handle {
public:
    explicit handle(T *raw) noexcept : raw_(raw) {}
    handle(handle &&other) noexcept : raw_(other.release()) {}
    handle &operator=(handle &&other) noexcept {
        if (this != &other) reset(other.release());
        return *this;
    }
    handle(const handle &) = delete;
    handle &operator=(const handle &) = delete;
    ~handle() { Free(raw_); }

    /** Returns the handle for functions of wspeer.h, which stays owned. NULL after a move. */
    T *get() const noexcept { return raw_; }

    /** Passes the ownership of the handle to the caller. */
    T *release() noexcept {
        T *raw = raw_;
        raw_ = nullptr;
        return raw;
    }

    /** Returns whether there is a handle. */
    explicit operator bool() const noexcept { return raw_ != nullptr; }

private:
    void reset(T *raw) noexcept {
        Free(raw_);
        raw_ = raw;
    }

    T *raw_;
};
} // namespace detail

/** Returns the version of the library that is loaded. */
inline text version() noexcept { return wsp_version(); }

/** Returns the name of an error number, such as "WSP_ERR_FAILED". */
inline text error_name(wsp_error error) noexcept { return wsp_error_name(error); }

/** wsp_peer_options with the library's defaults. */
struct peer_options : wsp_peer_options {
    peer_options() noexcept : wsp_peer_options() { (void)wsp_peer_options_init(this, sizeof(wsp_peer_options)); }
};

/** A received message, lent by the peer until its next next_packet() or poll(). */
struct packet {
    /** The payload. */
    bytes data;
    /** Whether it was sent as text. */
    bool is_text = false;
    /** With the option stream_messages, whether it is the last piece of its message; else true. */
    bool is_last_piece = true;

    /** Returns the payload as text. */
    wsp::text text() const noexcept {
        return data.size() == 0 ? wsp::text() : wsp::text(reinterpret_cast<const char *>(data.data()), data.size());
    }
};

/** TLS settings of clients or servers. */
class tls_options : public detail::handle<wsp_tls_options, wsp_tls_options_free> {
public:
    /** Makes options of a client that trusts the certificates that the operating system trusts. */
    tls_options() noexcept : handle(wsp_tls_options_new()) {}

    WSPEER_NODISCARD wsp_error client(c_text trusted_pem, c_text common_name_override = nullptr) noexcept {
        return wsp_tls_options_client(get(), trusted_pem, common_name_override);
    }
    WSPEER_NODISCARD wsp_error client_from_file(c_text trusted_path, c_text common_name_override = nullptr) noexcept {
        return wsp_tls_options_client_from_file(get(), trusted_path, common_name_override);
    }
    WSPEER_NODISCARD wsp_error client_unsafe(c_text trusted_pem = nullptr) noexcept {
        return wsp_tls_options_client_unsafe(get(), trusted_pem);
    }
    WSPEER_NODISCARD wsp_error client_unsafe_from_file(c_text trusted_path) noexcept {
        return wsp_tls_options_client_unsafe_from_file(get(), trusted_path);
    }
    WSPEER_NODISCARD wsp_error server(c_text private_key_pem, c_text certificate_pem) noexcept {
        return wsp_tls_options_server(get(), private_key_pem, certificate_pem);
    }
    WSPEER_NODISCARD wsp_error server_from_files(c_text private_key_path, c_text certificate_path) noexcept {
        return wsp_tls_options_server_from_files(get(), private_key_path, certificate_path);
    }
    WSPEER_NODISCARD wsp_error set_client_certificate(c_text private_key_pem, c_text certificate_pem) noexcept {
        return wsp_tls_options_set_client_certificate(get(), private_key_pem, certificate_pem);
    }
    WSPEER_NODISCARD wsp_error set_client_certificate_from_files(c_text key_path, c_text certificate_path) noexcept {
        return wsp_tls_options_set_client_certificate_from_files(get(), key_path, certificate_path);
    }
    WSPEER_NODISCARD wsp_error set_client_ca(c_text ca_pem, bool is_required) noexcept {
        return wsp_tls_options_set_client_ca(get(), ca_pem, is_required);
    }
    WSPEER_NODISCARD wsp_error set_client_ca_from_file(c_text ca_path, bool is_required) noexcept {
        return wsp_tls_options_set_client_ca_from_file(get(), ca_path, is_required);
    }
    text error_message() const noexcept { return wsp_tls_options_get_error_message(get()); }
};

/** A TCP connection, or the place for one. */
class stream : public detail::handle<wsp_stream, wsp_stream_free> {
public:
    stream() noexcept : handle(wsp_stream_new()) {}
    explicit stream(wsp_stream *raw) noexcept : handle(raw) {}

    WSPEER_NODISCARD wsp_error bind(int port, c_text address = nullptr) noexcept { return wsp_stream_bind(get(), port, address); }
    WSPEER_NODISCARD wsp_error connect_to_host(c_text host, int port) noexcept {
        return wsp_stream_connect_to_host(get(), host, port);
    }
    wsp_error poll() noexcept { return wsp_stream_poll(get()); }
    wsp_stream_status status() const noexcept { return wsp_stream_get_status(get()); }
    void disconnect_from_host() noexcept { wsp_stream_disconnect_from_host(get()); }

    WSPEER_NODISCARD wsp_error put_data(bytes data) noexcept { return wsp_stream_put_data(get(), data.data(), data.size()); }
    WSPEER_NODISCARD wsp_error put_partial_data(bytes data, std::size_t &sent) noexcept {
        return wsp_stream_put_partial_data(get(), data.data(), data.size(), &sent);
    }
    WSPEER_NODISCARD wsp_error get_data(std::uint8_t *data, std::size_t size, std::size_t *received = nullptr) noexcept {
        return wsp_stream_get_data(get(), data, size, received);
    }
    WSPEER_NODISCARD wsp_error get_partial_data(std::uint8_t *data, std::size_t size, std::size_t &received) noexcept {
        return wsp_stream_get_partial_data(get(), data, size, &received);
    }
    std::int64_t available_bytes() const noexcept { return wsp_stream_get_available_bytes(get()); }

    text connected_host() const noexcept { return wsp_stream_get_connected_host(get()); }
    std::uint16_t connected_port() const noexcept { return wsp_stream_get_connected_port(get()); }
    std::uint16_t local_port() const noexcept { return wsp_stream_get_local_port(get()); }
    wsp_error set_no_delay(bool enabled) noexcept { return wsp_stream_set_no_delay(get(), enabled); }
    text error_message() const noexcept { return wsp_stream_get_error_message(get()); }
};

/** A listener that accepts TCP connections. */
class tcp_server : public detail::handle<wsp_tcp_server, wsp_tcp_server_free> {
public:
    tcp_server() noexcept : handle(wsp_tcp_server_new()) {}

    WSPEER_NODISCARD wsp_error listen(int port, c_text bind_address = nullptr) noexcept {
        return wsp_tcp_server_listen(get(), port, bind_address);
    }
    bool is_listening() const noexcept { return wsp_tcp_server_is_listening(get()); }
    bool is_connection_available() noexcept { return wsp_tcp_server_is_connection_available(get()); }
    /** Takes the next connection; the stream is false if none is queued. */
    stream take_connection() noexcept { return stream(wsp_tcp_server_take_connection(get())); }
    std::uint16_t local_port() const noexcept { return wsp_tcp_server_get_local_port(get()); }
    std::int64_t fd() const noexcept { return wsp_tcp_server_get_fd(get()); }
    void stop() noexcept { wsp_tcp_server_stop(get()); }
    text error_message() const noexcept { return wsp_tcp_server_get_error_message(get()); }
};

/** A WebSocket connection, client or server side, or the place for one. */
class peer : public detail::handle<wsp_peer, wsp_peer_free> {
public:
    peer() noexcept : handle(wsp_peer_new()) {}
    explicit peer(wsp_peer *raw) noexcept : handle(raw) {}

    WSPEER_NODISCARD wsp_error connect_to_url(c_text url) noexcept { return wsp_peer_connect_to_url(get(), url, nullptr); }
    WSPEER_NODISCARD wsp_error connect_to_url(c_text url, const tls_options &tls) noexcept {
        return wsp_peer_connect_to_url(get(), url, tls.get());
    }
    WSPEER_NODISCARD wsp_error accept_stream(const stream &connection) noexcept {
        return wsp_peer_accept_stream(get(), connection.get(), nullptr);
    }
    WSPEER_NODISCARD wsp_error accept_stream(const stream &connection, const tls_options &tls) noexcept {
        return wsp_peer_accept_stream(get(), connection.get(), tls.get());
    }
    void poll() noexcept { wsp_peer_poll(get()); }
    void flush() noexcept { wsp_peer_flush(get()); }
    wsp_error close(int code = 1000, c_text reason = nullptr) noexcept { return wsp_peer_close(get(), code, reason); }

    WSPEER_NODISCARD wsp_error send(bytes data) noexcept {
        return wsp_peer_send(get(), data.data(), data.size(), WSP_WRITE_MODE_BINARY);
    }
    WSPEER_NODISCARD wsp_error send_text(text message) noexcept {
        return wsp_peer_send(get(), detail::octets(message), message.size(), WSP_WRITE_MODE_TEXT);
    }
    /** Sends a NUL-terminated text. */
    WSPEER_NODISCARD wsp_error send_text(const char *message) noexcept { return wsp_peer_send_text(get(), message); }
    WSPEER_NODISCARD wsp_error send_uncompressed(bytes data, wsp_write_mode mode = WSP_WRITE_MODE_BINARY) noexcept {
        return wsp_peer_send_uncompressed(get(), data.data(), data.size(), mode);
    }
    /** Takes the oldest received message. Returns false if none is queued. */
    bool next_packet(packet &into) noexcept {
        const std::uint8_t *data = nullptr;
        std::size_t size = 0;
        if (wsp_peer_get_packet(get(), &data, &size) != WSP_OK) return false;
        into.data = bytes(data, size);
        into.is_text = wsp_peer_was_string_packet(get());
        into.is_last_piece = wsp_peer_was_last_piece(get());
        return true;
    }
    std::size_t available_packet_count() const noexcept { return wsp_peer_get_available_packet_count(get()); }

    wsp_state ready_state() const noexcept { return wsp_peer_get_ready_state(get()); }
    bool is_open() const noexcept { return ready_state() == WSP_STATE_OPEN; }
    bool is_closed() const noexcept { return ready_state() == WSP_STATE_CLOSED; }
    int close_code() const noexcept { return wsp_peer_get_close_code(get()); }
    text close_reason() const noexcept {
        std::size_t size = 0;
        const char *reason = wsp_peer_get_close_reason(get(), &size);
        return reason == nullptr ? text() : text(reason, size);
    }
    text error_message() const noexcept { return wsp_peer_get_error_message(get()); }
    text selected_protocol() const noexcept { return wsp_peer_get_selected_protocol(get()); }
    text requested_url() const noexcept { return wsp_peer_get_requested_url(get()); }
    text connected_host() const noexcept { return wsp_peer_get_connected_host(get()); }
    std::uint16_t connected_port() const noexcept { return wsp_peer_get_connected_port(get()); }

    /**
     * Reports why the connection could not be made or was lost. Returns false if nothing has
     * failed.
     */
    bool failure(wsp_failure &into) const noexcept {
        into = wsp_failure();
        into.struct_size = sizeof into;
        return wsp_peer_get_failure(get(), &into) == WSP_OK;
    }
    /** Reports what the TLS handshake agreed on. Returns false without TLS. */
    bool tls_info(wsp_tls_info &into) const noexcept {
        into = wsp_tls_info();
        into.struct_size = sizeof into;
        return wsp_peer_get_tls_info(get(), &into) == WSP_OK;
    }
    std::size_t received_header_count() const noexcept { return wsp_peer_get_received_header_count(get()); }
    /**
     * Returns a header field of the remote peer's handshake, or false for an index beyond the last
     * one.
     */
    bool received_header(std::size_t index, text &name, text &value) const noexcept {
        const char *raw_name = nullptr, *raw_value = nullptr;
        if (wsp_peer_get_received_header(get(), index, &raw_name, &raw_value) != WSP_OK) return false;
        name = detail::lent(raw_name);
        value = detail::lent(raw_value);
        return true;
    }
    /** Finds the value of the first header field with this name. Returns false if there is none. */
    bool find_received_header(c_text name, text &value) const noexcept {
        const char *raw = wsp_peer_find_received_header(get(), name);
        value = detail::lent(raw);
        return raw != nullptr;
    }

    /**
     * Reports what the client of this server has requested. Returns false if no request has
     * arrived.
     */
    bool request(wsp_request &into) const noexcept {
        into = wsp_request();
        into.struct_size = sizeof into;
        return wsp_peer_get_request(get(), &into) == WSP_OK;
    }
    WSPEER_NODISCARD wsp_error accept_request(const c_texts &headers = c_texts()) noexcept {
        return wsp_peer_accept_request(get(), headers.data(), headers.size());
    }
    WSPEER_NODISCARD wsp_error reject_request(int status, c_text reason = nullptr, const c_texts &headers = c_texts(),
                                              text body = text()) noexcept {
        const wsp_http_answer answer = detail::answer(status, reason, headers, body);
        return wsp_peer_reject_request(get(), &answer);
    }
    WSPEER_NODISCARD wsp_error set_allowed_origins(const c_texts &origins) noexcept {
        return wsp_peer_set_allowed_origins(get(), origins.data(), origins.size());
    }

    WSPEER_NODISCARD wsp_error set_proxy(c_text http_proxy, c_text https_proxy, c_text no_proxy = nullptr) noexcept {
        return wsp_peer_set_proxy(get(), http_proxy, https_proxy, no_proxy);
    }
    WSPEER_NODISCARD wsp_error set_proxy_from_environment() noexcept { return wsp_peer_set_proxy_from_environment(get()); }

    WSPEER_NODISCARD wsp_error set_options(const wsp_peer_options &options) noexcept {
        return wsp_peer_set_options(get(), &options);
    }
    peer_options options() const noexcept {
        peer_options options;
        (void)wsp_peer_get_options(get(), &options);
        return options;
    }
    WSPEER_NODISCARD wsp_error set_supported_protocols(const c_texts &protocols) noexcept {
        return wsp_peer_set_supported_protocols(get(), protocols.data(), protocols.size());
    }
    WSPEER_NODISCARD wsp_error set_handshake_headers(const c_texts &headers) noexcept {
        return wsp_peer_set_handshake_headers(get(), headers.data(), headers.size());
    }
    wsp_error set_no_delay(bool enabled) noexcept { return wsp_peer_set_no_delay(get(), enabled); }

    WSPEER_NODISCARD wsp_error ping(bytes payload = bytes()) noexcept {
        return wsp_peer_ping(get(), payload.data(), payload.size());
    }
    /**
     * Returns the seconds between the last answered ping and its pong, -1 before the first pong.
     */
    double round_trip_time() const noexcept { return wsp_peer_get_round_trip_time(get(), nullptr); }
    double smoothed_round_trip_time() const noexcept {
        double smoothed = -1;
        (void)wsp_peer_get_round_trip_time(get(), &smoothed);
        return smoothed;
    }
    bool is_drained() const noexcept { return wsp_peer_is_drained(get()); }
    std::size_t current_outbound_buffered_amount() noexcept { return wsp_peer_get_current_outbound_buffered_amount(get()); }
    bool is_compression_active(wsp_compression_statistics *statistics = nullptr) const noexcept {
        return wsp_peer_is_compression_active(get(), statistics);
    }
    void release_compression_memory() noexcept { wsp_peer_release_compression_memory(get()); }

    /** Returns the socket for the program's own event loop, -1 if there is none. */
    std::int64_t fd(bool *wants_write = nullptr) const noexcept { return wsp_peer_get_fd(get(), wants_write); }
    bool needs_poll() const noexcept { return wsp_peer_needs_poll(get()); }
};

/** An event of a room. */
struct multiplayer_event : wsp_multiplayer_event {
    multiplayer_event() noexcept : wsp_multiplayer_event() { struct_size = sizeof(wsp_multiplayer_event); }

    /** Returns the payload of the kinds that have one. Lent until the next event. */
    bytes payload() const noexcept { return bytes(data, len); }
};

/** A room: a multiplayer session, as Godot's WebSocketMultiplayerPeer. */
class multiplayer : public detail::handle<wsp_multiplayer, wsp_multiplayer_free> {
public:
    multiplayer() noexcept : handle(wsp_multiplayer_new()) {}

    WSPEER_NODISCARD wsp_error create_server(int port, c_text bind_address = "*") noexcept {
        return wsp_multiplayer_create_server(get(), port, bind_address, nullptr);
    }
    WSPEER_NODISCARD wsp_error create_server(int port, c_text bind_address, const tls_options &tls) noexcept {
        return wsp_multiplayer_create_server(get(), port, bind_address, tls.get());
    }
    WSPEER_NODISCARD wsp_error create_client(c_text url) noexcept { return wsp_multiplayer_create_client(get(), url, nullptr); }
    WSPEER_NODISCARD wsp_error create_client(c_text url, const tls_options &tls) noexcept {
        return wsp_multiplayer_create_client(get(), url, tls.get());
    }
    WSPEER_NODISCARD wsp_error set_scene(bool is_scene, bool needs_auth = false) noexcept {
        return wsp_multiplayer_set_scene(get(), is_scene, needs_auth);
    }
    void poll() noexcept { wsp_multiplayer_poll(get()); }
    void flush() noexcept { wsp_multiplayer_flush(get()); }
    void close() noexcept { wsp_multiplayer_close(get()); }
    /** Takes the next event. Returns false if none is queued. */
    bool next_event(multiplayer_event &into) noexcept { return wsp_multiplayer_next_event(get(), &into) == WSP_OK; }

    WSPEER_NODISCARD wsp_error put_packet(std::int32_t target, bytes data) noexcept {
        return wsp_multiplayer_put_packet(get(), target, data.data(), data.size());
    }
    WSPEER_NODISCARD wsp_error send_list(const std::vector<std::int32_t> &peers, bytes data) noexcept {
        return wsp_multiplayer_send_list(get(), peers.data(), peers.size(), data.data(), data.size());
    }
    WSPEER_NODISCARD wsp_error send_bytes(std::int32_t target, bytes data) noexcept {
        return wsp_multiplayer_send_bytes(get(), target, data.data(), data.size());
    }
    WSPEER_NODISCARD wsp_error send_auth(std::int32_t peer_id, bytes data) noexcept {
        return wsp_multiplayer_send_auth(get(), peer_id, data.data(), data.size());
    }
    WSPEER_NODISCARD wsp_error complete_auth(std::int32_t peer_id) noexcept {
        return wsp_multiplayer_complete_auth(get(), peer_id);
    }
    wsp_error disconnect_peer(std::int32_t peer_id, bool force = false) noexcept {
        return wsp_multiplayer_disconnect_peer(get(), peer_id, force);
    }

    wsp_multiplayer_status status() const noexcept { return wsp_multiplayer_get_status(get()); }
    std::int32_t unique_id() const noexcept { return wsp_multiplayer_get_unique_id(get()); }
    std::uint16_t local_port() const noexcept { return wsp_multiplayer_get_local_port(get()); }
    std::vector<std::int32_t> peers() const {
        std::vector<std::int32_t> ids(wsp_multiplayer_get_peers(get(), nullptr, 0));
        const std::size_t count = wsp_multiplayer_get_peers(get(), ids.data(), ids.size());
        if (count < ids.size()) ids.resize(count);
        return ids;
    }
    /** Returns the connection to a peer, for queries only; the peer is false for an unknown id. */
    peer connection(std::int32_t peer_id) const noexcept { return peer(wsp_multiplayer_get_peer(get(), peer_id)); }

    WSPEER_NODISCARD wsp_error set_options(const wsp_peer_options &options) noexcept {
        return wsp_multiplayer_set_options(get(), &options);
    }
    peer_options options() const noexcept {
        peer_options options;
        (void)wsp_multiplayer_get_options(get(), &options);
        return options;
    }
    WSPEER_NODISCARD wsp_error set_supported_protocols(const c_texts &protocols) noexcept {
        return wsp_multiplayer_set_supported_protocols(get(), protocols.data(), protocols.size());
    }
    WSPEER_NODISCARD wsp_error set_handshake_headers(const c_texts &headers) noexcept {
        return wsp_multiplayer_set_handshake_headers(get(), headers.data(), headers.size());
    }
    void set_max_clients(std::size_t max_clients) noexcept { wsp_multiplayer_set_max_clients(get(), max_clients); }
    void set_refuse_new_connections(bool refuse) noexcept { wsp_multiplayer_set_refuse_new_connections(get(), refuse); }
    text error_message() const noexcept { return wsp_multiplayer_get_error_message(get()); }
};

/** An event of a client or a server. */
struct event : wsp_event {
    event() noexcept : wsp_event() { struct_size = sizeof(wsp_event); }

    /** Returns the payload of a message or packet. Lent until the next event. */
    bytes payload() const noexcept { return bytes(data, len); }
    /** Returns the payload as text. Lent until the next event. */
    wsp::text message() const noexcept {
        return len == 0 ? wsp::text() : wsp::text(reinterpret_cast<const char *>(data), len);
    }
};

/** wsp_reconnect_options with the library's defaults. */
struct reconnect_options : wsp_reconnect_options {
    reconnect_options() noexcept : wsp_reconnect_options() {
        (void)wsp_reconnect_options_init(this, sizeof(wsp_reconnect_options));
    }
};

/** wsp_server_options with the library's defaults. */
struct server_options : wsp_server_options {
    server_options() noexcept : wsp_server_options() { (void)wsp_server_options_init(this, sizeof(wsp_server_options)); }
};

/**
 * One connection to a server, which delivers events and reconnects after a loss if the program
 * enables it.
 */
class client : public detail::handle<wsp_client, wsp_client_free> {
public:
    client() noexcept : handle(wsp_client_new()) {}

    WSPEER_NODISCARD wsp_error connect_to_url(c_text url, const c_texts &protocols = c_texts(), bool gd_mp_api = false,
                                              const c_texts &headers = c_texts(), const tls_options *tls = nullptr) noexcept {
        wsp_client_connect_options options = WSP_CLIENT_CONNECT_OPTIONS_INIT;
        options.protocols = protocols.data();
        options.protocol_count = protocols.size();
        options.headers = headers.data();
        options.header_count = headers.size();
        options.tls = tls == nullptr ? nullptr : tls->get();
        options.gd_mp_api = gd_mp_api ? 1 : 0;
        return wsp_client_connect_to_url(get(), url, &options);
    }
    wsp_error disconnect(int code = 1000, c_text reason = nullptr) noexcept { return wsp_client_disconnect(get(), code, reason); }
    void poll() noexcept { wsp_client_poll(get()); }
    wsp_error wait(std::int32_t timeout_ms) noexcept { return wsp_client_wait(get(), timeout_ms); }
    void wake() noexcept { wsp_client_wake(get()); }
    /** Takes the next event. Returns false if none is queued. */
    bool next_event(event &into) noexcept { return wsp_client_next_event(get(), &into) == WSP_OK; }

    WSPEER_NODISCARD wsp_error send(bytes data) noexcept {
        return wsp_client_send(get(), data.data(), data.size(), WSP_WRITE_MODE_BINARY);
    }
    WSPEER_NODISCARD wsp_error send_text(text message) noexcept {
        return wsp_client_send(get(), detail::octets(message), message.size(), WSP_WRITE_MODE_TEXT);
    }
    /** Sends a NUL-terminated text. */
    WSPEER_NODISCARD wsp_error send_text(const char *message) noexcept { return wsp_client_send_text(get(), message); }
    WSPEER_NODISCARD wsp_error put_packet(std::int32_t target, bytes data) noexcept {
        return wsp_client_put_packet(get(), target, data.data(), data.size());
    }
    std::int32_t unique_id() const noexcept { return wsp_client_get_unique_id(get()); }
    void flush() noexcept { wsp_client_flush(get()); }
    WSPEER_NODISCARD wsp_error ping(bytes payload = bytes()) noexcept {
        return wsp_client_ping(get(), payload.data(), payload.size());
    }
    double round_trip_time() const noexcept { return wsp_client_get_round_trip_time(get()); }
    wsp_client_status status() const noexcept { return wsp_client_get_status(get()); }
    text connected_host(std::uint16_t *port = nullptr) const noexcept { return wsp_client_get_connected_host(get(), port); }
    std::size_t current_outbound_buffered_amount() noexcept { return wsp_client_get_current_outbound_buffered_amount(get()); }
    WSPEER_NODISCARD wsp_error set_peer_options(const wsp_peer_options &options) noexcept {
        return wsp_client_set_peer_options(get(), &options);
    }
    wsp::peer_options peer_options() const noexcept {
        wsp::peer_options options;
        (void)wsp_client_get_peer_options(get(), &options);
        return options;
    }
    WSPEER_NODISCARD wsp_error set_reconnect_options(const wsp_reconnect_options &options) noexcept {
        return wsp_client_set_reconnect_options(get(), &options);
    }
    text error_message() const noexcept { return wsp_client_get_error_message(get()); }
};

/** A server with all its connections, which are named by ids and report events. */
class server : public detail::handle<wsp_server, wsp_server_free> {
public:
    server() noexcept : handle(wsp_server_new()) {}

    WSPEER_NODISCARD wsp_error listen(int port, c_text address = nullptr, const c_texts &protocols = c_texts(),
                                      bool gd_mp_api = false) noexcept {
        wsp_server_listen_options options = WSP_SERVER_LISTEN_OPTIONS_INIT;
        options.address = address;
        options.protocols = protocols.data();
        options.protocol_count = protocols.size();
        options.gd_mp_api = gd_mp_api ? 1 : 0;
        return wsp_server_listen(get(), port, &options);
    }
    void stop() noexcept { wsp_server_stop(get()); }
    bool is_listening() const noexcept { return wsp_server_is_listening(get()); }
    std::uint16_t local_port() const noexcept { return wsp_server_get_local_port(get()); }
    void poll() noexcept { wsp_server_poll(get()); }
    wsp_error wait(std::int32_t timeout_ms) noexcept { return wsp_server_wait(get(), timeout_ms); }
    void wake() noexcept { wsp_server_wake(get()); }
    /** Takes the next event. Returns false if none is queued. */
    bool next_event(event &into) noexcept { return wsp_server_next_event(get(), &into) == WSP_OK; }

    WSPEER_NODISCARD wsp_error set_options(const wsp_server_options &options) noexcept {
        return wsp_server_set_options(get(), &options);
    }
    WSPEER_NODISCARD wsp_error set_peer_options(const wsp_peer_options &options) noexcept {
        return wsp_server_set_peer_options(get(), &options);
    }
    wsp::peer_options peer_options() const noexcept {
        wsp::peer_options options;
        (void)wsp_server_get_peer_options(get(), &options);
        return options;
    }
    /** Sets the TLS options for the clients that are accepted from now on; nullptr for none. */
    WSPEER_NODISCARD wsp_error set_tls(const tls_options *tls) noexcept {
        return wsp_server_set_tls(get(), tls == nullptr ? nullptr : tls->get());
    }
    WSPEER_NODISCARD wsp_error set_extra_headers(const c_texts &headers) noexcept {
        return wsp_server_set_extra_headers(get(), headers.data(), headers.size());
    }
    WSPEER_NODISCARD wsp_error set_allowed_origins(const c_texts &origins) noexcept {
        return wsp_server_set_allowed_origins(get(), origins.data(), origins.size());
    }
    text error_message() const noexcept { return wsp_server_get_error_message(get()); }

    WSPEER_NODISCARD wsp_error send(std::int32_t target, bytes data) noexcept {
        return wsp_server_send(get(), target, data.data(), data.size(), WSP_WRITE_MODE_BINARY);
    }
    WSPEER_NODISCARD wsp_error send_text(std::int32_t target, text message) noexcept {
        return wsp_server_send(get(), target, detail::octets(message), message.size(), WSP_WRITE_MODE_TEXT);
    }
    /** Sends a NUL-terminated text. */
    WSPEER_NODISCARD wsp_error send_text(std::int32_t target, const char *message) noexcept {
        return wsp_server_send_text(get(), target, message);
    }
    WSPEER_NODISCARD wsp_error send_list(const std::vector<std::int32_t> &peers, bytes data) noexcept {
        return wsp_server_send_list(get(), peers.data(), peers.size(), data.data(), data.size());
    }
    WSPEER_NODISCARD wsp_error send_text_list(const std::vector<std::int32_t> &peers, c_text message) noexcept {
        return wsp_server_send_text_list(get(), peers.data(), peers.size(), message);
    }
    WSPEER_NODISCARD wsp_error put_packet(std::int32_t target, bytes data) noexcept {
        return wsp_server_put_packet(get(), target, data.data(), data.size());
    }
    void flush() noexcept { wsp_server_flush(get()); }
    wsp_error disconnect_peer(std::int32_t peer, int code = 1000, c_text reason = nullptr) noexcept {
        return wsp_server_disconnect_peer(get(), peer, code, reason);
    }
    bool has_peer(std::int32_t peer) const noexcept { return wsp_server_has_peer(get(), peer); }
    std::vector<std::int32_t> peers() const {
        std::vector<std::int32_t> ids(wsp_server_get_peers(get(), nullptr, 0));
        const std::size_t count = wsp_server_get_peers(get(), ids.data(), ids.size());
        if (count < ids.size()) ids.resize(count);
        return ids;
    }
    text peer_address(std::int32_t peer, std::uint16_t *port = nullptr) const noexcept {
        return wsp_server_get_peer_address(get(), peer, port);
    }
    text requested_url(std::int32_t peer) const noexcept { return wsp_server_get_requested_url(get(), peer); }
    /**
     * Finds the value of the first header field of a peer's request with this name. Returns false
     * if there is none.
     */
    bool find_request_header(std::int32_t peer, c_text name, text &value) const noexcept {
        const char *raw = wsp_server_find_request_header(get(), peer, name);
        value = detail::lent(raw);
        return raw != nullptr;
    }
    WSPEER_NODISCARD wsp_error accept_request(std::int32_t peer, const c_texts &headers = c_texts()) noexcept {
        return wsp_server_accept_request(get(), peer, headers.data(), headers.size());
    }
    WSPEER_NODISCARD wsp_error reject_request(std::int32_t peer, int status, c_text reason = nullptr,
                                              const c_texts &headers = c_texts(), text body = text()) noexcept {
        const wsp_http_answer answer = detail::answer(status, reason, headers, body);
        return wsp_server_reject_request(get(), peer, &answer);
    }
    WSPEER_NODISCARD wsp_error ping(std::int32_t peer, bytes payload = bytes()) noexcept {
        return wsp_server_ping(get(), peer, payload.data(), payload.size());
    }
    double round_trip_time(std::int32_t peer) const noexcept { return wsp_server_get_round_trip_time(get(), peer); }
    WSPEER_NODISCARD wsp_error outbound_buffered_amount(std::int32_t peer, std::size_t &amount) const noexcept {
        return wsp_server_get_outbound_buffered_amount(get(), peer, &amount);
    }
};

} // inline namespace
} // namespace wsp

#undef WSPEER_NODISCARD
#undef WSPEER_CPLUSPLUS

#endif // WSPEER_HPP
