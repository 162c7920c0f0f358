//! Declares every option once: name, kind, default, bounds, what zero means, when it takes effect, which objects have
//! it, and its documentation. `build/` generates the rest from these rows: the Rust structs with their checked setters,
//! the C structs with their INIT macros, the properties of the Godot classes with their help, the table in
//! `docs/limits.md` and the test cases.
//!
//! In documentation, names stand in backticks; `ERR_…` is an error code. Unit, default, bounds, the meaning of zero and
//! the time of effect are appended to each text and are not repeated in it.

/// What an option belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Object {
    /// A single connection: `WebSocketPeer`, `wsp_peer`.
    Peer,
    /// `Client`, `wsp_client`.
    Client,
    /// `Server`, `wsp_server`.
    Server,
    /// A room of the high-level multiplayer API: `MultiplayerPeer`, `wsp_multiplayer`.
    Room,
    /// `StreamPeerTls`, `wsp_stream`.
    TlsStream,
}

use Object::{Client, Peer, Room, Server, TlsStream};

/// Type, unit, default and bounds of an option.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// On or off.
    Flag { default: bool },
    /// A number of bytes, from 0.
    Bytes { default: u64 },
    /// A count, from 0.
    Count { default: u64, of: &'static str },
    /// A whole number between bounds.
    Level { default: u32, min: u32, max: u32 },
    /// A time in seconds, from 0 to a year.
    Seconds { default: f64 },
    /// A number between bounds.
    Number { default: f64, min: f64, max: f64 },
    /// A text, empty by default unless `default` says otherwise, and the function that refuses wrong ones.
    Text { default: &'static str, check: Option<&'static str> },
    /// A list of texts, empty by default, and the function that brings it into its stored form.
    Texts { normalize: Option<&'static str> },
}

/// When a change takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// At once, for open connections too.
    Immediately,
    /// With the next connection.
    NextConnection,
    /// With the next handshake.
    NextHandshake,
    /// When the object listens the next time.
    NextListen,
    /// When the object connects or accepts the next time.
    NextStream,
}

/// One option.
#[derive(Clone, Copy, Debug)]
pub struct Declaration {
    /// Name of the Rust field and accessors, and of the field in C.
    pub name: &'static str,
    /// Name in Godot and in error messages, if it is another one.
    pub godot_name: Option<&'static str>,
    pub kind: Kind,
    /// Objects whose default is another one.
    pub defaults: &'static [(Object, f64)],
    /// Objects for which the value must be greater than 0.
    pub positive: &'static [Object],
    /// Godot's setter takes negative numbers for 0, as the engine's does.
    pub negative_is_zero: bool,
    /// The function of `godot/convert.rs` that writes a text as the engine does.
    pub godot_text: &'static str,
    /// What 0 means.
    pub zero: Option<&'static str>,
    pub effect: Effect,
    /// Objects that have the option.
    pub objects: &'static [Object],
    /// Type of the field in the C struct.
    pub c_type: Option<CType>,
    pub doc: &'static str,
}

/// Types of fields in C structs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CType {
    Size,
    Double,
    U8,
    U32,
}

/// Options that one struct holds.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// Name of the Rust struct.
    pub rust: &'static str,
    /// Name of the C struct.
    pub c: Option<&'static str>,
    pub doc: &'static str,
    pub c_doc: &'static str,
    /// Number of options in the first version of the C struct; later ones were appended one by one.
    pub c_first_version: usize,
    /// Objects whose defaults differ, each with a constructor `for_…()`.
    pub variants: &'static [Object],
    pub derives: &'static str,
    /// Fields that programs do not set by themselves: name, type, documentation.
    pub internal: &'static [(&'static str, &'static str, &'static str)],
    pub options: &'static [Declaration],
}

/// A declaration without exceptions; rows name what differs.
const ROW: Declaration = Declaration {
    name: "",
    godot_name: None,
    kind: Kind::Flag { default: false },
    defaults: &[],
    positive: &[],
    negative_is_zero: false,
    godot_text: "text",
    zero: None,
    effect: Effect::Immediately,
    objects: &[],
    c_type: None,
    doc: "",
};

/// Objects that hold WebSocket connections.
const CONNECTIONS: &[Object] = &[Peer, Client, Server, Room];

pub const GROUPS: &[Group] = &[
    Group {
        rust: "ConnectionOptions",
        c: Some("wsp_peer_options"),
        doc: "Settings of a WebSocket connection. They outlive connections.",
        c_doc: "Settings of a WebSocket connection. Start from `WSP_PEER_OPTIONS_INIT` or wsp_peer_options_init(), change fields, and \
                pass the struct to wsp_peer_set_options(). Later versions of the library append fields; `struct_size` names the ones \
                that the caller knows.",
        c_first_version: 1,
        variants: &[Client, Server, Room],
        derives: "Clone, Debug, PartialEq",
        internal: &[
            (
                "max_outbound_packets",
                "Option<usize>",
                "Messages that may be queued for the network, if that differs from `max_queued_packets`.",
            ),
            (
                "has_own_connect_timeout",
                "bool",
                "Whether the program has set `connect_timeout`, so that the default of a project does not apply.",
            ),
            ("refuses_unknown_offers", "bool", "Refuse offers if no sub-protocol is supported."),
        ],
        // The order is that of the fields in C: new options with a C field go to the end of those.
        options: &[
            Declaration {
                name: "inbound_buffer_size",
                kind: Kind::Bytes { default: 65_535 },
                // Godot 3's project setting: 64 KiB.
                defaults: &[(Client, 65_536.0), (Server, 65_536.0)],
                objects: CONNECTIONS,
                c_type: Some(CType::Size),
                doc: "The largest message that is received, over all its fragments, and the amount of unread messages above which \
                      reading pauses. A larger message closes the connection with code 1009. A limit, not an allocation.",
                ..ROW
            },
            Declaration {
                name: "outbound_buffer_size",
                kind: Kind::Bytes { default: 65_535 },
                negative_is_zero: true,
                zero: Some("for no limit"),
                objects: CONNECTIONS,
                c_type: Some(CType::Size),
                doc: "Payload that may be queued for the network. A message that does not fit is refused with `ERR_OUT_OF_MEMORY`.",
                ..ROW
            },
            Declaration {
                name: "max_queued_packets",
                kind: Kind::Count { default: 4096, of: "messages" },
                // Godot 3's project setting.
                defaults: &[(Client, 1024.0), (Server, 1024.0)],
                objects: CONNECTIONS,
                c_type: Some(CType::Size),
                doc: "Messages that may be queued in each direction. A full inbound queue pauses reading; a full outbound queue \
                      refuses messages with `ERR_OUT_OF_MEMORY`.",
                ..ROW
            },
            Declaration {
                name: "heartbeat_interval",
                kind: Kind::Seconds { default: 0.0 },
                zero: Some("for no pings"),
                objects: CONNECTIONS,
                c_type: Some(CType::Double),
                doc: "Time between pings; the first is sent this long after the connection opens. If no byte arrives for \
                      `heartbeat_timeout` after a ping, the connection is closed with code -1: any data shows that the remote peer is \
                      alive, not only a pong. Data that has arrived is read first, so a late poll does not cost the connection.",
                ..ROW
            },
            Declaration {
                name: "connect_timeout",
                kind: Kind::Seconds { default: 30.0 },
                zero: Some("for no limit"),
                effect: Effect::NextConnection,
                objects: &[Peer, Client],
                c_type: Some(CType::Double),
                doc: "Time for the name lookup and the TCP connection. In Godot the default is the project setting \
                      `network/limits/tcp/connect_timeout_seconds` at the time of connecting.",
                ..ROW
            },
            Declaration {
                name: "handshake_timeout",
                kind: Kind::Seconds { default: 10.0 },
                // Godot 3's server and Godot 4's multiplayer peer.
                defaults: &[(Server, 3.0), (Room, 3.0)],
                positive: &[Server, Room],
                zero: Some("for no limit (refused by servers and rooms)"),
                effect: Effect::NextConnection,
                objects: CONNECTIONS,
                c_type: Some(CType::Double),
                doc: "Time from the TCP connection to the end of the HTTP upgrade: for a proxy's tunnel, TLS and the upgrade. In a room it \
                      ends when the client has its id, and on a client of a room it includes connecting. If the program polls later than \
                      that and input waits, the handshake gets up to 2 s more.",
                ..ROW
            },
            Declaration {
                name: "close_timeout",
                kind: Kind::Seconds { default: 5.0 },
                zero: Some("to end the connection in the poll after the close frame was sent"),
                objects: CONNECTIONS,
                c_type: Some(CType::Double),
                doc: "Time for the remote peer to answer a close frame before the connection is dropped with code -1. It begins when \
                      all data that was sent before, and the close frame, were passed to the operating system. Until then the \
                      connection is dropped if the system accepts no byte for this time.",
                ..ROW
            },
            Declaration {
                name: "heartbeat_timeout",
                kind: Kind::Seconds { default: 0.0 },
                zero: Some("for the length of `heartbeat_interval`"),
                objects: CONNECTIONS,
                c_type: Some(CType::Double),
                doc: "Time after a ping without any received data that ends the connection.",
                ..ROW
            },
            Declaration {
                name: "max_frame_size",
                kind: Kind::Bytes { default: 0 },
                zero: Some("for one frame per message"),
                objects: CONNECTIONS,
                c_type: Some(CType::Size),
                doc: "The largest payload of an outgoing frame. Longer messages are sent in several frames.",
                ..ROW
            },
            Declaration {
                name: "stream_messages",
                kind: Kind::Flag { default: false },
                objects: &[Peer],
                c_type: Some(CType::U8),
                doc: "Delivers messages in the pieces they arrive in, of at most about 1 MiB, instead of whole. `inbound_buffer_size` \
                      then limits the queued bytes and not the messages.",
                ..ROW
            },
            Declaration {
                name: "compression_enabled",
                kind: Kind::Flag { default: false },
                effect: Effect::NextHandshake,
                objects: CONNECTIONS,
                c_type: Some(CType::U8),
                doc: "Offers (client) or accepts (server) permessage-deflate (RFC 7692).",
                ..ROW
            },
            Declaration {
                name: "compression_context_takeover",
                kind: Kind::Flag { default: true },
                effect: Effect::NextHandshake,
                objects: CONNECTIONS,
                c_type: Some(CType::U8),
                doc: "Keeps the compression windows from message to message, in both directions (RFC 7692 section 7.1.1): better \
                      compression for about 340 KiB per connection.",
                ..ROW
            },
            Declaration {
                name: "compression_max_window_bits",
                kind: Kind::Level { default: 15, min: 9, max: 15 },
                effect: Effect::NextHandshake,
                objects: CONNECTIONS,
                c_type: Some(CType::U8),
                doc: "The largest compression window as a power of two, in both directions (RFC 7692 section 7.1.2): 9 for 512 bytes, 15 \
                      for 32 KiB.",
                ..ROW
            },
            Declaration {
                name: "compression_level",
                kind: Kind::Level { default: 6, min: 0, max: 9 },
                effect: Effect::NextConnection,
                objects: CONNECTIONS,
                c_type: Some(CType::U32),
                doc: "The compression level of zlib: 0 stores, 1 is the fastest, 9 the smallest.",
                ..ROW
            },
            Declaration {
                name: "compression_threshold",
                kind: Kind::Bytes { default: 128 },
                zero: Some("to compress every message"),
                objects: CONNECTIONS,
                c_type: Some(CType::Size),
                doc: "Shorter messages are sent uncompressed.",
                ..ROW
            },
            Declaration {
                name: "auto_accept",
                kind: Kind::Flag { default: true },
                objects: &[Peer, Server, Room],
                c_type: Some(CType::U8),
                doc: "Accepts requests as a server without asking the program. Otherwise each request waits, for `handshake_timeout` at \
                      most, until `accept_request` or `reject_request` is called.",
                ..ROW
            },
            Declaration {
                name: "allow_no_protocol",
                kind: Kind::Flag { default: false },
                effect: Effect::NextHandshake,
                objects: CONNECTIONS,
                c_type: Some(CType::U8),
                doc: "Opens connections without a sub-protocol if client and server have none in common. Otherwise a client that \
                      requests sub-protocols refuses an answer that selects none, and a server with sub-protocols answers requests \
                      without one of them with HTTP status 400.",
                ..ROW
            },
            Declaration {
                name: "max_redirects",
                kind: Kind::Level { default: 0, min: 0, max: 20 },
                effect: Effect::NextConnection,
                zero: Some("to follow none"),
                objects: &[Peer, Client, Room],
                c_type: Some(CType::U32),
                doc: "Redirections in a row that a client follows: answers with HTTP status 301, 302, 303, 307 or 308 and a `Location`, in which http stands for ws and https for wss. They never lead from wss to ws. Another origin (scheme, host and port) gets no \
                      user name and password of the URL, no client certificate, and of the program's header lines only `Origin` and `User-Agent`; sub-protocols are sent to each. The time limits hold for the whole.",
                ..ROW
            },
            Declaration {
                name: "max_handshake_size",
                kind: Kind::Level { default: 16_384, min: 1024, max: 65_536 },
                effect: Effect::NextHandshake,
                objects: CONNECTIONS,
                c_type: Some(CType::U32),
                doc: "The longest HTTP head in bytes that the handshake reads, with at most 100 header lines. A server answers a longer request with HTTP status 431; a client refuses a longer answer, of a proxy too. A server holds up to this much for each handshake \
                      under way.",
                ..ROW
            },
            Declaration {
                name: "supported_protocols",
                kind: Kind::Texts { normalize: Some("super::trimmed") },
                effect: Effect::NextHandshake,
                objects: &[Peer, Room],
                doc: "The WebSocket sub-protocols that this end speaks, in order of preference on a client (RFC 6455 section 1.9).",
                ..ROW
            },
            Declaration {
                name: "handshake_headers",
                kind: Kind::Texts { normalize: None },
                effect: Effect::NextHandshake,
                objects: &[Peer, Room],
                doc: "Header lines (`Name: value`) that a client adds to its request and a server to its answers. If a line contains a line break, has no colon, or names a header of the handshake itself, connecting and accepting return `ERR_INVALID_PARAMETER`. A \
                      client may have one `Host` line, a host with an optional port, that the request names instead of the host of the URL; the connection and the check of the certificate use the URL.",
                ..ROW
            },
            Declaration {
                name: "allowed_origins",
                kind: Kind::Texts { normalize: None },
                effect: Effect::NextHandshake,
                objects: &[Peer, Server, Room],
                doc: "Origins of the pages that browsers may connect from, each as scheme and host such as `https://game.example`; empty \
                      for all. Other origins are answered with HTTP status 403. Requests without an `Origin` header, which programs \
                      other than browsers send, are always accepted.",
                ..ROW
            },
            Declaration {
                name: "http_proxy",
                kind: Kind::Text { default: "", check: Some("crate::net::proxy::check") },
                effect: Effect::NextConnection,
                objects: &[Peer, Client, Room],
                doc: "HTTP proxy for `ws://` URLs, `[http://][user:password@]host[:port]`, that is asked for a tunnel (CONNECT); empty \
                      for none. An invalid address is refused.",
                ..ROW
            },
            Declaration {
                name: "https_proxy",
                kind: Kind::Text { default: "", check: Some("crate::net::proxy::check") },
                effect: Effect::NextConnection,
                objects: &[Peer, Client, Room],
                doc: "HTTP proxy for `wss://` URLs; see `http_proxy`.",
                ..ROW
            },
            Declaration {
                name: "no_proxy",
                kind: Kind::Text { default: "", check: None },
                effect: Effect::NextConnection,
                objects: &[Peer, Client, Room],
                doc: "Hosts that are connected to without a proxy, separated by commas: names with all that end in them, IP addresses, \
                      networks (`10.0.0.0/8`), or `*` for all.",
                ..ROW
            },
        ],
    },
    Group {
        rust: "AdmissionOptions",
        c: Some("wsp_server_options"),
        doc: "Which clients a server or a room admits.",
        c_doc: "Settings of a server other than those of its connections. Start from `WSP_SERVER_OPTIONS_INIT` and pass the struct to \
                wsp_server_set_options(). Later versions of the library append fields; `struct_size` names the ones that the caller \
                knows.",
        c_first_version: 2,
        variants: &[],
        derives: "Clone, Copy, Debug, PartialEq",
        internal: &[],
        options: &[
            Declaration {
                name: "max_clients",
                kind: Kind::Count { default: 0, of: "clients" },
                zero: Some("for no limit"),
                objects: &[Server, Room],
                c_type: Some(CType::Size),
                doc: "Clients that are admitted at the same time. Further ones are answered with HTTP status 503; a server that speaks \
                      TLS drops them before the handshake.",
                ..ROW
            },
            Declaration {
                name: "refuse_new_connections",
                kind: Kind::Flag { default: false },
                // In Godot this is a member of the base class `MultiplayerPeer`.
                objects: &[],
                c_type: Some(CType::U8),
                doc: "Refuses new clients with HTTP status 503. Clients that are connected, or in the handshake, stay.",
                ..ROW
            },
        ],
    },
    Group {
        rust: "ListenOptions",
        c: None,
        doc: "The address that a server listens on.",
        c_doc: "",
        c_first_version: 0,
        variants: &[],
        derives: "Clone, Debug, PartialEq",
        internal: &[],
        options: &[Declaration {
            name: "bind_address",
            godot_name: Some("bind_ip"),
            godot_text: "address",
            kind: Kind::Text { default: "*", check: Some("crate::peer::streams::bind_address::check_bind_address") },
            effect: Effect::NextListen,
            objects: &[Server],
            doc: "The address to listen on: `*` for all, or an IP address, of IPv6 also with a zone (`fe80::1%eth0`). Cannot be changed while the server listens. An invalid address \
                  is refused.",
            ..ROW
        }],
    },
    Group {
        rust: "ReconnectOptions",
        c: Some("wsp_reconnect_options"),
        doc: "When a client connects again.",
        c_doc: "When a client connects again. Start from `WSP_RECONNECT_OPTIONS_INIT` and pass the struct to \
                wsp_client_set_reconnect_options(). Later versions of the library append fields; `struct_size` names the ones that \
                the caller knows.",
        c_first_version: 6,
        variants: &[],
        derives: "Clone, Copy, Debug, PartialEq",
        internal: &[],
        options: &[
            Declaration {
                name: "delay",
                godot_name: Some("reconnect_delay"),
                kind: Kind::Seconds { default: 0.5 },
                zero: Some("for none before the first attempt and 0.1 s before the next"),
                objects: &[Client],
                c_type: Some(CType::Double),
                doc: "Delay before the first attempt to reconnect. The delays and the attempts start again after a connection that \
                      stayed open for 10 s.",
                ..ROW
            },
            Declaration {
                name: "factor",
                godot_name: Some("reconnect_factor"),
                kind: Kind::Number { default: 2.0, min: 1.0, max: 1000.0 },
                objects: &[Client],
                c_type: Some(CType::Double),
                doc: "Each delay is this many times the previous one, up to `reconnect_max_delay`.",
                ..ROW
            },
            Declaration {
                name: "max_delay",
                godot_name: Some("reconnect_max_delay"),
                kind: Kind::Seconds { default: 30.0 },
                objects: &[Client],
                c_type: Some(CType::Double),
                doc: "The longest delay between two attempts. Attempts in a row are at least 0.1 s apart in any case.",
                ..ROW
            },
            Declaration {
                name: "jitter",
                godot_name: Some("reconnect_jitter"),
                kind: Kind::Number { default: 0.5, min: 0.0, max: 1.0 },
                objects: &[Client],
                c_type: Some(CType::Double),
                doc: "The part of each delay that is random, so that not all clients of a server reconnect at the same time.",
                ..ROW
            },
            Declaration {
                name: "max_attempts",
                godot_name: Some("reconnect_max_attempts"),
                kind: Kind::Level { default: 0, min: 0, max: u32::MAX },
                zero: Some("for no limit"),
                objects: &[Client],
                c_type: Some(CType::U32),
                doc: "Attempts in a row before the client gives up. An attempt whose connection ends within 10 s counts too.",
                ..ROW
            },
            Declaration {
                name: "enabled",
                godot_name: Some("auto_reconnect"),
                kind: Kind::Flag { default: false },
                objects: &[Client],
                c_type: Some(CType::U8),
                doc: "Connects again after a connection was lost or could not be made, unless the program closed it.",
                ..ROW
            },
        ],
    },
    Group {
        rust: "TlsTexts",
        c: None,
        doc: "TLS settings as PEM texts. An empty one leaves the choice to the engine's `TLSOptions`.",
        c_doc: "",
        c_first_version: 0,
        variants: &[],
        derives: "Clone, Debug, PartialEq",
        internal: &[],
        options: &[
            Declaration {
                name: "trusted_certificates",
                godot_name: Some("tls_trusted_certificates"),
                kind: Kind::Text { default: "", check: None },
                effect: Effect::NextStream,
                objects: &[Peer, TlsStream],
                doc: "Certificates that are trusted for servers, one after the other in PEM format, for example the text of a file \
                      `res://authorities.crt`. Empty for those of the TLS options, or else of the operating system.",
                ..ROW
            },
            Declaration {
                name: "certificate",
                godot_name: Some("tls_certificate"),
                kind: Kind::Text { default: "", check: None },
                effect: Effect::NextStream,
                objects: &[Peer, TlsStream],
                doc: "The certificate that identifies this end, followed by the intermediate certificates up to an authority, in PEM \
                      format: on a client for servers that ask for one (mutual TLS), on a server in place of that of the TLS options. \
                      Empty for none.",
                ..ROW
            },
            Declaration {
                name: "private_key",
                godot_name: Some("tls_private_key"),
                kind: Kind::Text { default: "", check: None },
                effect: Effect::NextStream,
                objects: &[Peer, TlsStream],
                doc: "The private key of `tls_certificate` in PEM format: RSA, ECDSA (P-256, P-384) or Ed25519.",
                ..ROW
            },
            Declaration {
                name: "client_ca",
                godot_name: Some("tls_client_ca"),
                kind: Kind::Text { default: "", check: None },
                effect: Effect::NextStream,
                objects: &[TlsStream],
                doc: "On a server, the authorities whose client certificates are accepted, in PEM format. Empty to ask for none.",
                ..ROW
            },
            Declaration {
                name: "client_certificate_required",
                godot_name: Some("tls_client_certificate_required"),
                kind: Kind::Flag { default: false },
                effect: Effect::NextStream,
                objects: &[TlsStream],
                doc: "On a server, refuses clients that present no certificate of `tls_client_ca`. Otherwise such clients are accepted \
                      without an identity. If set while `tls_client_ca` is empty, connections are refused with an error.",
                ..ROW
            },
        ],
    },
];
