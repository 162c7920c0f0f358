//! Every bound and size that is no option, with its unit and the reason for its value. Defaults and bounds of options are
//! declared in `peer/options/table.rs`.

use std::time::Duration;

/// Bytes of one HTTP request or response head that are read before it is refused: room for large cookies and tokens,
/// and still a bound for peers that have not proved anything yet.
pub const MAX_HANDSHAKE_BYTES: usize = 16 * 1024;

/// Interim HTTP answers (status 1xx) that are passed over in front of the real one; servers send one or two.
pub const MAX_INTERIM_ANSWERS: usize = 16;

/// Header lines of one HTTP head; tungstenite and common servers allow about a hundred.
pub const MAX_HANDSHAKE_HEADERS: usize = 100;

/// Longest time that an option accepts: long enough for "never", short enough to be added to any moment.
pub const MAX_DURATION: Duration = Duration::from_secs(365 * 24 * 3600);

/// Time for the name lookup and the TCP connection (Godot's `network/limits/tcp/connect_timeout_seconds`).
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// Time for a peer of a scene room to authenticate (Godot's `SceneMultiplayer.auth_timeout`).
pub const SCENE_AUTH_TIMEOUT: Duration = Duration::from_secs(3);

/// Connections of a room's server that have not finished the handshake, at most; more wait in the kernel. Each can hold a head
/// of [`MAX_HANDSHAKE_BYTES`] for the handshake timeout without having proved anything.
pub const PENDING_CONNECTIONS: usize = 1024;

/// Delay before the next address of a host is tried beside the one that has not answered (RFC 8305 section 8).
pub const CONNECTION_ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Bytes read from a socket by one system call. One buffer of this size exists per polling thread, none per peer.
pub const SCRATCH_BYTES: usize = 256 * 1024;

/// Messages of one tick are collected up to this many bytes before they are written without waiting for `poll()`.
pub const COALESCE_BYTES: usize = 64 * 1024;

/// Messages at least this long leave a server by a vectored write straight from the caller's memory; below it, one copy
/// into the output buffer is cheaper than the second I/O vector.
pub const VECTORED_WRITE_BYTES: usize = 16 * 1024;

/// A client masks this many bytes at a time between two writes, so that masking and the kernel's copy share the cache.
pub const MASK_CHUNK_BYTES: usize = 128 * 1024;

/// A frame of at least this much payload is received straight into its message's buffer: a system call more, and a copy less.
pub const DIRECT_RECEIVE_BYTES: usize = 32 * 1024;

/// Less than this at the end of such a frame is received together with what follows it.
pub const DIRECT_REST_BYTES: usize = 4 * 1024;

/// Bytes read for the header of a frame that is likely to be followed by a large payload.
pub const HEADER_READ_BYTES: usize = 1024;

/// Buffers of large messages that were read are kept for the next ones: at most this many in each thread, and none longer than
/// [`SPARE_BUFFER_BYTES`]. New memory costs the system more than a message's way through the library does.
pub const SPARE_BUFFERS: usize = 4;
/// See [`SPARE_BUFFERS`].
pub const SPARE_BUFFER_BYTES: usize = 1024 * 1024;

/// A message's buffer grows by at most this much ahead of the data that has really arrived.
pub const RECEIVE_STEP_BYTES: usize = 256 * 1024;

/// Messages up to this size are stored back to back in the packet queue; larger ones keep a buffer of their own, which can be
/// handed on without a copy.
pub const ARENA_MESSAGE_BYTES: usize = 4 * 1024;

/// Bytes looked ahead for control frames while a full packet queue stops the reading of messages.
pub const LOOKAHEAD_BYTES: usize = 64 * 1024;

/// Automatic pongs are delayed and merged while this many bytes wait for the network (RFC 6455 section 5.5.3 allows to
/// answer only the most recent ping).
pub const PONG_BACKLOG_BYTES: usize = 4096;

/// Bytes that one `poll()` of one peer reads beyond its inbound limit, at most: control frames and message headers.
pub const POLL_BUDGET_SLACK: usize = 1024 * 1024;

/// Longest payload of a control frame (RFC 6455 section 5.5).
pub const MAX_CONTROL_PAYLOAD: usize = 125;

/// Longest close reason in bytes of UTF-8: a control frame's payload less the two bytes of the code.
pub const MAX_CLOSE_REASON: usize = MAX_CONTROL_PAYLOAD - 2;

/// Connections the kernel holds for a listener that has not accepted them yet. The engine asks for 8, which drops
/// connections as soon as a lobby fills; the kernel caps this by its own setting.
pub const LISTEN_BACKLOG: i32 = 1024;

/// Pause between two looks at a stream that cannot be waited for, in calls that block.
pub const WAIT_STEP: Duration = Duration::from_millis(1);

/// Name lookups that run at the same time; more wait for a free worker.
pub const DNS_WORKERS: usize = 4;

/// Closed connections whose last bytes are still being delivered, at most, and for how long after the last progress.
pub const LINGERING_SOCKETS: usize = 256;
/// See [`LINGERING_SOCKETS`].
pub const LINGER_TIME: Duration = Duration::from_secs(2);

/// Messages at least this long that do not become shorter are sent uncompressed. Shorter ones grow by a few bytes at most, and
/// what they leave in the compression window helps the next.
pub const DEFLATE_GIVE_UP_BYTES: usize = 1024;

/// A compressor that has had nothing to do for this long gives its memory (about 310 KiB) back.
pub const DEFLATE_IDLE: Duration = Duration::from_secs(10);

/// Compressed input that is expanded at a time while messages are handed out in pieces; DEFLATE expands at most 1032 times.
pub const DEFLATE_PIECE_BYTES: usize = 1024;

/// Plain input that makes one piece of a message at most.
pub const PIECE_BYTES: usize = 64 * 1024;

/// Pings whose pongs are awaited for the round-trip time; older ones are forgotten.
pub const AWAITED_PINGS: usize = 16;

/// TLS settings (certificates, keys, names) that are remembered so that later connections can resume sessions.
pub const REMEMBERED_TLS_SETTINGS: usize = 8;

/// Plaintext that is encrypted at a time, four full records: ciphertext of about this size waits per connection at most.
pub const TLS_WRITE_BYTES: usize = 64 * 1024;

/// Bytes of an HTTP error's body that are kept for the program to read.
pub const MAX_FAILURE_BODY: usize = 4096;

/// While the program decides about a request, no more is read once this many bytes behind it are kept.
pub const MAX_EARLY_BYTES: usize = 64 * 1024;

/// Connections of a server object whose handshake is under way, at most: beyond it the oldest, which has had the most time,
/// gives way, so that slow clients cannot keep others out.
pub const PENDING_HANDSHAKES: usize = 4096;

/// Connections that one `poll()` of a server object accepts at most.
pub const ACCEPTS_PER_POLL: usize = 1024;

/// Time after which a server object tries to accept again when the system had no descriptor left.
pub const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// Longest that a waiting program leaves connections alone that are being closed.
pub const LINGER_TICK: Duration = Duration::from_millis(50);

/// Polls of a client or server object from inside its own signals, in one poll from outside, that emit signals too. Further ones
/// leave them to the calls further out, so that two ends which answer each other cannot talk for ever inside of one call.
pub const NESTED_POLLS: usize = 32;

/// Newest events (messages, handshakes, failures) that are kept for who traces the process: some seconds of a busy game.
pub const TRACE_EVENTS: usize = 4096;

/// Bytes of each message kept in the trace by default: enough to recognise a game's message.
pub const TRACE_PREVIEW: usize = 128;

/// Bytes of each message kept in the trace at most, so that [`TRACE_EVENTS`] of them stay below 9 MiB, heads included.
pub const MAX_TRACE_PREVIEW: usize = 1024;

/// Bytes of each HTTP head kept in the trace: usual ones in full.
pub const TRACE_HEAD: usize = 2048;
