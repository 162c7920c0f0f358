//! Declares every bound and size that is not an option, with its unit and the reason for its value. Defaults and bounds
//! of options are declared in `peer/options/table.rs`.

use std::time::Duration;

/// Interim HTTP responses (status 1xx) that are skipped before the final one; servers send one or two.
pub const MAX_INTERIM_ANSWERS: usize = 16;

/// Header lines of one HTTP head; tungstenite and common servers allow about a hundred.
pub const MAX_HANDSHAKE_HEADERS: usize = 100;

/// Longest time that an option accepts: a year means "never" in practice and can be added to any `Instant`.
pub const MAX_DURATION: Duration = Duration::from_secs(365 * 24 * 3600);

/// Time for the name lookup and the TCP connection (Godot's `network/limits/tcp/connect_timeout_seconds`).
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// Time that a connection must stay open for the delays and the number of attempts to reconnect to start again.
/// Otherwise a server that accepts and closes would be retried at the shortest delay without end.
pub const STABLE_CONNECTION: Duration = Duration::from_secs(10);

/// Shortest delay before the second and later attempts to reconnect in a row, whatever the options say.
pub const LEAST_RECONNECT_DELAY: Duration = Duration::from_millis(100);

/// Time for a peer of a scene room to authenticate (Godot's `SceneMultiplayer.auth_timeout`).
pub const SCENE_AUTH_TIMEOUT: Duration = Duration::from_secs(3);

/// Delay before the next address of a host is tried in parallel with one that has not answered (RFC 8305 section 8).
pub const CONNECTION_ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Bytes read from a socket by one system call. One buffer of this size exists per polling thread, none per peer.
pub const SCRATCH_BYTES: usize = 256 * 1024;

/// Messages of one tick are collected up to this many bytes; after that they are written without waiting for `poll()`.
pub const COALESCE_BYTES: usize = 64 * 1024;

/// Time after which a thread writes output that was collected and neither flushed nor polled since: half a frame at 60
/// frames per second, so that a message leaves within one frame's time.
pub const FLUSH_INTERVAL: Duration = Duration::from_millis(8);

/// Time after which it tries again if another thread uses the object.
pub const FLUSH_RETRY: Duration = Duration::from_millis(1);

/// Time without collected output after which that thread ends.
pub const FLUSH_IDLE: Duration = Duration::from_secs(1);

/// A server writes messages of at least this length from the caller's memory by a vectored write. For shorter ones, a
/// copy into the output buffer is cheaper than the second I/O vector.
pub const VECTORED_WRITE_BYTES: usize = 16 * 1024;

/// Bytes that a client masks between two writes, so that masking and the kernel's copy share the cache.
pub const MASK_CHUNK_BYTES: usize = 128 * 1024;

/// Shortest payload of a frame that is read directly into its message's buffer: one more system call, one copy less.
pub const DIRECT_RECEIVE_BYTES: usize = 32 * 1024;

/// A shorter rest of such a frame is read together with the bytes that follow the frame.
pub const DIRECT_REST_BYTES: usize = 4 * 1024;

/// Bytes read for the header of a frame that probably has a large payload.
pub const HEADER_READ_BYTES: usize = 1024;

/// Buffers of large messages that each thread keeps for later messages. New memory costs the system more than the
/// library's own work on a message.
pub const SPARE_BUFFERS: usize = 4;
/// Largest buffer that is kept as one of the [`SPARE_BUFFERS`].
pub const SPARE_BUFFER_BYTES: usize = 1024 * 1024;

/// Bytes by which a message's buffer may be larger than the data that has arrived.
pub const RECEIVE_STEP_BYTES: usize = 256 * 1024;

/// Messages up to this size are stored one after another in the packet queue. Larger ones have a buffer of their own,
/// which can be passed on without a copy.
pub const ARENA_MESSAGE_BYTES: usize = 4 * 1024;

/// Unused bytes in the buffers of all messages that one connection has queued. Buffers that would exceed it are
/// shortened, so that a full queue holds little more than its limit.
pub const QUEUE_UNUSED_BYTES: usize = 256 * 1024;

/// Bytes that are searched for control frames while a full packet queue stops the reading of messages.
pub const LOOKAHEAD_BYTES: usize = 64 * 1024;

/// Automatic pongs are delayed and merged while this many bytes wait for the network. RFC 6455 section 5.5.3 allows
/// answering only the most recent ping.
pub const PONG_BACKLOG_BYTES: usize = 4096;

/// Bytes that one `poll()` of one peer may read beyond its inbound limit: control frames and message headers.
pub const POLL_BUDGET_SLACK: usize = 1024 * 1024;

/// Longest payload of a control frame (RFC 6455 section 5.5).
pub const MAX_CONTROL_PAYLOAD: usize = 125;

/// Longest close reason in bytes of UTF-8: a control frame's payload less the two bytes of the code.
pub const MAX_CLOSE_REASON: usize = MAX_CONTROL_PAYLOAD - 2;

/// Connections that the kernel holds for a listening socket until they are accepted. The engine asks for 8, which drops
/// connections when a lobby fills; the kernel has a limit of its own.
pub const LISTEN_BACKLOG: i32 = 1024;

/// Time between two reads of a stream that cannot be waited for, in calls that block.
pub const WAIT_STEP: Duration = Duration::from_millis(1);

/// Name lookups that run at the same time, each on a thread; further ones wait. A lookup that hangs cannot be
/// cancelled and keeps its thread until the system's resolver gives up, so there are many more threads than a game
/// needs.
pub const DNS_WORKERS: usize = 32;

/// Closed connections that are finished in the background. A server that stops with ten thousand clients delivers to
/// all of them. One more drops the oldest that has written everything, or the oldest if none has.
pub const LINGERING_SOCKETS: usize = 16 * 1024;
/// Unsent bytes of all those connections; more drop the oldest that has any, but never the newest. It is the memory
/// that the connections held before they were closed.
pub const LINGERING_BYTES: usize = 1024 * 1024 * 1024;
/// Time after the last progress of such a flush until the connection is dropped.
pub const LINGER_TIME: Duration = Duration::from_secs(2);
/// Bytes of input of a closed connection that are discarded at a time; more wait for [`LINGER_TICK`], so that a remote
/// peer that sends without end costs little.
pub const LINGER_DISCARD_BYTES: usize = 256 * 1024;
/// Time between two looks at the closed connections while the process waits for them at its exit.
pub const EXIT_TICK: Duration = Duration::from_millis(1);
/// Time after which the thread that finishes closed connections ends if there are none. At most [`LINGER_TIME`], so
/// that a new connection never has to wake it.
pub const LINGER_IDLE: Duration = Duration::from_secs(2);

/// Default time of a shutdown in Godot: twice the default of `close_timeout`.
pub const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// Messages of at least this length that compression does not shorten are sent uncompressed. Shorter ones grow by a few
/// bytes at most, and their content in the compression window helps the next message.
pub const DEFLATE_GIVE_UP_BYTES: usize = 1024;

/// Time after which an unused compressor frees its memory (about 310 KiB).
pub const DEFLATE_IDLE: Duration = Duration::from_secs(10);

/// Compressed input that is expanded at a time if messages are delivered in pieces; DEFLATE expands by a factor of at
/// most 1032.
pub const DEFLATE_PIECE_BYTES: usize = 1024;

/// Largest piece of an uncompressed message that is delivered in pieces.
pub const PIECE_BYTES: usize = 64 * 1024;

/// Unanswered pings that are remembered for the round-trip time; the oldest are dropped.
pub const AWAITED_PINGS: usize = 16;

/// TLS settings (certificates, keys, names) that are remembered so that later connections can resume sessions.
pub const REMEMBERED_TLS_SETTINGS: usize = 8;

/// Plaintext that is encrypted at a time, four full records. Each connection queues about this much ciphertext at most.
pub const TLS_WRITE_BYTES: usize = 64 * 1024;

/// Bytes of the body of a refusing HTTP response that are kept for the program.
pub const MAX_FAILURE_BODY: usize = 4096;

/// Time after the head of a refusing HTTP response for its body, if the end of the body is known. A response whose body
/// never ends is reported after that with the part that has arrived.
pub const REFUSAL_BODY_TIME: Duration = Duration::from_millis(250);

/// Time by which a handshake is extended, once, if the first poll after its deadline finds input: the remote peer was
/// in time, and the program polled too late. Enough for the rest of a TLS handshake and for a program's decision.
pub const LATE_HANDSHAKE_EXTENSION: Duration = Duration::from_secs(2);

/// Bytes after a request that are kept until the program decides about it; nothing more is read meanwhile.
pub const MAX_EARLY_BYTES: usize = 64 * 1024;

/// Unfinished handshakes of a server object or a room's server. One more drops the oldest whose request has not
/// arrived, so that slow clients cannot keep others out. Each handshake can hold a head of `max_handshake_size`
/// until `handshake_timeout`.
pub const PENDING_HANDSHAKES: usize = 4096;

/// Those of one address (IPv6: one /64 network). Many players may share an address, but not one that opens a thousand
/// connections before their requests arrive.
pub const PENDING_HANDSHAKES_PER_ADDRESS: usize = 1024;

/// Connections that one `poll()` of a server object or a room accepts. At most [`PENDING_HANDSHAKES_PER_ADDRESS`], so
/// that none is dropped before it was polled.
pub const ACCEPTS_PER_POLL: usize = 1024;

/// Time after which a listener accepts again if the system had no free descriptor.
pub const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// Time without such a failure after which the next one is reported again.
pub const ACCEPT_FAILURE_TIME: Duration = Duration::from_secs(10);

/// Time between two looks at a closed connection whose readiness the system does not report, or which sends without
/// end.
pub const LINGER_TICK: Duration = Duration::from_millis(50);

/// Polls of a client or server object from its own signals that emit signals, within one outer poll. Further ones leave
/// the events to the outer calls, so that two objects which answer each other cannot loop for ever in one call.
pub const NESTED_POLLS: usize = 32;

/// Newest events (messages, handshakes, failures) that the trace keeps: some seconds of a busy game.
pub const TRACE_EVENTS: usize = 4096;

/// Bytes of each message that the trace keeps by default; enough to recognise a game's message.
pub const TRACE_PREVIEW: usize = 128;

/// Largest setting of [`TRACE_PREVIEW`]: [`TRACE_EVENTS`] of them stay below 9 MiB, heads included.
pub const MAX_TRACE_PREVIEW: usize = 1024;

/// Bytes of each HTTP head that the trace keeps; usual heads are complete.
pub const TRACE_HEAD: usize = 2048;
