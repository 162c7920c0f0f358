//! `RustWebSocketMonitor`, and the profiler by which the editor's "WebSockets" tab asks for the same.

use godot::classes::{EngineDebugger, EngineProfiler, IEngineProfiler, IObject, Performance, ProjectSettings};
use godot::obj::Singleton;
use godot::prelude::*;

use super::convert;
use crate::net::clock;
use crate::peer::trace::{self, Direction, Meter, PeerClass, PeerRow, TraceEvent, TraceEventKind, TraceSubscriber};
use crate::proto::Role;

/// Name of the profiler, and of the messages to the editor.
const NAME: &str = "wspeer";

/// Project setting with the first value of `preview_bytes`.
const PREVIEW_SETTING: &str = "wspeer/monitor/preview_bytes";

/// Messages that go to the editor at once, so that none grows beyond what the debugger's connection takes.
const BATCH: usize = 256;

/// Seconds between two reports to the editor.
const INTERVAL: f64 = 0.2;

const CONNECTIONS: &str = "wspeer/connections";
const BYTES_IN: &str = "wspeer/bytes_in_per_second";
const BYTES_OUT: &str = "wspeer/bytes_out_per_second";

/// Shows what all WebSocket connections of the running game do: the live peers, and a log of recent messages.
///
/// In a game that was started from the editor it is enabled from the beginning, adds the monitors
/// [code]wspeer/connections[/code], [code]wspeer/bytes_in_per_second[/code] and [code]wspeer/bytes_out_per_second[/code] to
/// [Performance], and feeds the tab "WebSockets" of the debugger where the plugin "wspeer" is enabled. A game may also use it
/// for a display of its own. While it is not enabled, it costs nothing that could be measured.
///
/// Passwords in URLs, URL parameters that look like secrets, and the headers [code]Authorization[/code],
/// [code]Proxy-Authorization[/code], [code]Cookie[/code], [code]Set-Cookie[/code] and [code]Sec-WebSocket-Key[/code] are masked.
#[derive(GodotClass)]
#[class(singleton)]
pub struct RustWebSocketMonitor {
    listener: Option<TraceSubscriber>,
    is_logging: bool,
    received: Meter,
    sent: Meter,

    /// Keeps account of live peers, and registers the monitors of [Performance]. Default: whether a debugger is attached.
    #[var(get = get_enabled, set = set_enabled)]
    enabled: PhantomVar<bool>,

    /// Keeps messages for [method take_messages] too, from now on and while [member enabled]. Default [code]false[/code]. The
    /// tab in the editor does not need it.
    #[var(get = get_log_enabled, set = set_log_enabled)]
    log_enabled: PhantomVar<bool>,

    /// Bytes of each message that are kept as its preview, for the tab in the editor too; from 0 to 1024. 0 keeps all contents
    /// out, those of handshakes included. Default: the project setting [code]wspeer/monitor/preview_bytes[/code], or 128.
    #[var(get = get_preview_bytes, set = set_preview_bytes)]
    preview_bytes: PhantomVar<i64>,

    base: Base<Object>,
}

#[godot_api]
impl RustWebSocketMonitor {
    #[func]
    fn get_enabled(&self) -> bool {
        self.listener.is_some()
    }

    #[func]
    fn set_enabled(&mut self, enabled: bool) {
        if enabled == self.listener.is_some() {
            return;
        }
        self.listen(enabled);
        let mut performance = Performance::singleton();
        for (name, method) in [
            (CONNECTIONS, "get_connection_count"),
            (BYTES_IN, "get_bytes_in_per_second"),
            (BYTES_OUT, "get_bytes_out_per_second"),
        ] {
            if enabled {
                performance.add_custom_monitor(name, &Callable::from_object_method(&self.to_gd(), method));
            } else {
                performance.remove_custom_monitor(name);
            }
        }
    }

    #[func]
    fn get_log_enabled(&self) -> bool {
        self.is_logging
    }

    #[func]
    fn set_log_enabled(&mut self, enabled: bool) {
        if enabled != self.is_logging {
            self.is_logging = enabled;
            self.listen(self.listener.is_some());
        }
    }

    #[func]
    fn get_preview_bytes(&self) -> i64 {
        convert::integer(trace::preview_size())
    }

    #[func]
    fn set_preview_bytes(&mut self, bytes: i64) {
        trace::set_preview_size(usize::try_from(bytes).unwrap_or(0));
    }

    /// Returns the live peers, oldest first, each with the keys [code]id[/code] (a number that no other peer gets),
    /// [code]class[/code], [code]role[/code] ([code]"client"[/code], [code]"server"[/code] or [code]""[/code] before the first
    /// connection), [code]state[/code] (a [enum RustWebSocketPeer.State]), [code]url[/code], [code]remote_address[/code],
    /// [code]protocol[/code], [code]compressed[/code], [code]compression_ratio[/code] (bytes on the network for one byte of
    /// compressed messages; -1 for none), [code]messages_in[/code], [code]bytes_in[/code], [code]messages_out[/code],
    /// [code]bytes_out[/code] (of this connection, before compression), [code]inbound_messages[/code],
    /// [code]inbound_bytes[/code], [code]outbound_messages[/code], [code]outbound_bytes[/code] (what waits in the queues),
    /// [code]round_trip_time[/code] (seconds, -1 before the first pong) and [code]failure[/code]. As they were at the end of
    /// each peer's last [method RustWebSocketPeer.poll]; empty while not [member enabled].
    #[func]
    fn get_peers(&self) -> Array<VarDictionary> {
        if self.listener.is_some() { trace::peers().iter().map(describe).collect() } else { Array::new() }
    }

    /// Returns what was logged since the last call, at most the newest 4096 events, oldest first, each with the keys
    /// [code]time[/code] (seconds since the monitor was first enabled), [code]peer[/code] (its [code]id[/code]),
    /// [code]sent[/code] ([code]true[/code] for what this end has sent), [code]kind[/code] ([code]"handshake"[/code],
    /// [code]"text"[/code], [code]"binary"[/code], [code]"ping"[/code], [code]"pong"[/code], [code]"close"[/code] or
    /// [code]"failure"[/code]), [code]size[/code] (bytes before compression) and [code]preview[/code] (the first bytes, see
    /// [member preview_bytes]). Empty while not [member log_enabled].
    #[func]
    fn take_messages(&mut self) -> Array<VarDictionary> {
        let Some(listener) = &mut self.listener else { return Array::new() };
        std::iter::from_fn(|| listener.next_event()).map(|event| relate(&event)).collect()
    }

    /// Returns how many events were dropped since the last call because [method take_messages] was not called in time.
    #[func]
    fn take_missed_count(&mut self) -> i64 {
        let missed = self.listener.as_mut().map_or(0, TraceSubscriber::take_missed);
        i64::try_from(missed).unwrap_or(i64::MAX)
    }

    /// Returns the number of connections that are open or closing; 0 while not [member enabled].
    #[func]
    fn get_connection_count(&self) -> i64 {
        convert::integer(trace::connection_count())
    }

    /// Returns the payload bytes received per second by all peers, before compression. Measured at most once a second, between two
    /// calls.
    #[func]
    fn get_bytes_in_per_second(&mut self) -> f64 {
        self.received.rate(trace::totals().received.bytes, clock::now())
    }

    /// Returns the payload bytes sent per second by all peers, before compression. Measured at most once a second, between two calls.
    #[func]
    fn get_bytes_out_per_second(&mut self) -> f64 {
        self.sent.rate(trace::totals().sent.bytes, clock::now())
    }

    fn listen(&mut self, enabled: bool) {
        let listener = if self.is_logging { TraceSubscriber::to_messages } else { TraceSubscriber::to_peers };
        // The new one first: when the last one goes, what was kept goes with it.
        self.listener = enabled.then(listener);
    }
}

#[godot_api]
impl IObject for RustWebSocketMonitor {
    fn init(base: Base<Object>) -> Self {
        Self {
            listener: None,
            is_logging: false,
            received: Meter::default(),
            sent: Meter::default(),
            enabled: PhantomVar::default(),
            log_enabled: PhantomVar::default(),
            preview_bytes: PhantomVar::default(),
            base,
        }
    }
}

/// Sends peers and messages to the editor while its tab asks for them. It listens before that, because the tab learns of the game,
/// and asks, when the first handshakes may be over.
#[derive(GodotClass)]
#[class(internal, base = EngineProfiler)]
struct RustWebSocketProfiler {
    listener: Option<TraceSubscriber>,
    seconds: f64,
    base: Base<EngineProfiler>,
}

#[godot_api]
impl IEngineProfiler for RustWebSocketProfiler {
    fn init(base: Base<EngineProfiler>) -> Self {
        Self { listener: Some(TraceSubscriber::to_messages()), seconds: 0.0, base }
    }

    fn toggle(&mut self, enable: bool, _options: VarArray) {
        self.listener = enable.then(|| self.listener.take().unwrap_or_else(TraceSubscriber::to_messages));
    }

    fn add_frame(&mut self, _data: VarArray) {}

    fn tick(&mut self, frame_time: f64, _process_time: f64, _physics_time: f64, _physics_frame_time: f64) {
        self.seconds += frame_time;
        if let Some(listener) = &mut self.listener
            && self.seconds >= INTERVAL
        {
            self.seconds = 0.0;
            report(listener);
        }
    }
}

fn report(listener: &mut TraceSubscriber) {
    let mut debugger = EngineDebugger::singleton();
    let rows: VarArray = trace::peers().iter().map(|row| describe(row).to_variant()).collect();
    debugger.send_message(&format!("{NAME}:peers"), &rows);
    loop {
        let events: VarArray =
            std::iter::from_fn(|| listener.next_event()).take(BATCH).map(|event| relate(&event).to_variant()).collect();
        let missed = i64::try_from(listener.take_missed()).unwrap_or(i64::MAX);
        if events.is_empty() && missed == 0 {
            return;
        }
        debugger.send_message(&format!("{NAME}:messages"), &varray![missed, &events]);
    }
}

/// Called when the classes are registered: a game that was started by an editor is watched from its first frame on.
pub(super) fn start() {
    let settings = ProjectSettings::singleton();
    if settings.has_setting(PREVIEW_SETTING) {
        let bytes: i64 = settings.get_setting(PREVIEW_SETTING).try_to().unwrap_or(0);
        trace::set_preview_size(usize::try_from(bytes).unwrap_or(0));
    }
    if EngineDebugger::singleton().is_active() {
        EngineDebugger::singleton().register_profiler(NAME, &RustWebSocketProfiler::new_gd());
        RustWebSocketMonitor::singleton().bind_mut().set_enabled(true);
    }
}

/// Called before the classes go.
pub(super) fn stop() {
    RustWebSocketMonitor::singleton().bind_mut().set_enabled(false);
    let mut debugger = EngineDebugger::singleton();
    if debugger.has_profiler(NAME) {
        debugger.unregister_profiler(NAME);
    }
}

fn describe(row: &PeerRow) -> VarDictionary {
    vdict! {
        "id" => row.id.cast_signed(),
        "class" => class_name(row.class),
        "role" => role_name(row.role),
        "state" => row.state as i64,
        "url" => &convert::text(&row.url),
        "remote_address" => &convert::text(&row.remote.map_or_else(String::new, |address| address.to_string())),
        "protocol" => &convert::text(&row.protocol),
        "compressed" => row.is_compressed,
        "compression_ratio" => row.compression_ratio.unwrap_or(-1.0),
        "messages_in" => row.traffic.received.messages.cast_signed(),
        "bytes_in" => row.traffic.received.bytes.cast_signed(),
        "messages_out" => row.traffic.sent.messages.cast_signed(),
        "bytes_out" => row.traffic.sent.bytes.cast_signed(),
        "inbound_messages" => convert::integer(row.inbound_messages),
        "inbound_bytes" => convert::integer(row.inbound_bytes),
        "outbound_messages" => convert::integer(row.outbound_messages),
        "outbound_bytes" => convert::integer(row.outbound_bytes),
        "round_trip_time" => row.round_trip.map_or(-1.0, |time| time.as_secs_f64()),
        "failure" => &convert::text(&row.failure),
    }
}

fn relate(event: &TraceEvent) -> VarDictionary {
    vdict! {
        "time" => event.time.as_secs_f64(),
        "peer" => event.peer.cast_signed(),
        "sent" => event.direction == Direction::Sent,
        "kind" => kind_name(event.kind),
        "size" => convert::integer(event.size),
        "preview" => &PackedByteArray::from(&event.preview[..]),
    }
}

fn class_name(class: PeerClass) -> &'static str {
    match class {
        PeerClass::Peer => "RustWebSocketPeer",
        PeerClass::Client => "RustWebSocketClient",
        PeerClass::Server => "RustWebSocketServer",
        PeerClass::Multiplayer => "RustWebSocketMultiplayerPeer",
    }
}

fn role_name(role: Option<Role>) -> &'static str {
    match role {
        None => "",
        Some(Role::Client) => "client",
        Some(Role::Server) => "server",
    }
}

fn kind_name(kind: TraceEventKind) -> &'static str {
    match kind {
        TraceEventKind::Handshake => "handshake",
        TraceEventKind::Text => "text",
        TraceEventKind::Binary => "binary",
        TraceEventKind::Ping => "ping",
        TraceEventKind::Pong => "pong",
        TraceEventKind::Close => "close",
        TraceEventKind::Failure => "failure",
    }
}
