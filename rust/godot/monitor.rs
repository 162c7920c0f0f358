//! `RustWebSocketMonitor`, and the profiler that sends the same data to the editor's "WebSockets" tab.

use std::sync::atomic::{AtomicBool, Ordering};

use godot::classes::{EngineDebugger, EngineProfiler, IEngineProfiler, IObject, Performance, ProjectSettings};
use godot::obj::Singleton;
use godot::prelude::*;

use super::{convert, missing_classes};
use crate::net::clock;
use crate::peer::trace::{self, Direction, Meter, PeerClass, PeerRow, TraceEvent, TraceEventKind, TraceSubscriber};
use crate::proto::Role;

/// Name of the profiler, and prefix of its messages to the editor.
const NAME: &str = "wspeer";

/// Project setting with the initial value of `preview_bytes`.
const PREVIEW_SETTING: &str = "wspeer/monitor/preview_bytes";

/// Largest number of events in one message to the editor, so that none exceeds the limit of the debugger's connection.
const BATCH: usize = 256;

/// Seconds between two reports to the editor.
const INTERVAL: f64 = 0.2;

const CONNECTIONS: &str = "wspeer/connections";
const BYTES_IN: &str = "wspeer/bytes_in_per_second";
const BYTES_OUT: &str = "wspeer/bytes_out_per_second";

static IS_STARTED: AtomicBool = AtomicBool::new(false);

/// A view of all WebSocket connections of the running game: the live peers, and a log of recent messages.
///
/// In a game that was started from the editor it is enabled from the start. It then adds the monitors
/// [code]wspeer/connections[/code], [code]wspeer/bytes_in_per_second[/code] and
/// [code]wspeer/bytes_out_per_second[/code] to [Performance], and, if the plugin "wspeer" is enabled, feeds the tab
/// "WebSockets" of the debugger. A game may also use it for a display of its own. While it is not enabled, its cost is
/// not measurable.
///
/// Passwords in URLs, URL parameters that look like secrets, and the headers [code]Authorization[/code],
/// [code]Proxy-Authorization[/code], [code]Cookie[/code], [code]Set-Cookie[/code] and [code]Sec-WebSocket-Key[/code]
/// are masked.
#[derive(GodotClass)]
#[class(singleton)]
pub struct RustWebSocketMonitor {
    subscriber: Option<TraceSubscriber>,
    is_logging: bool,
    received: Meter,
    sent: Meter,

    /// If [code]true[/code], live peers are recorded, and the monitors of [Performance] are registered. Default
    /// [code]true[/code] if a debugger is attached, else [code]false[/code].
    #[var(get = get_enabled, set = set_enabled)]
    enabled: PhantomVar<bool>,

    /// If [code]true[/code], messages are recorded for [method take_messages] while [member enabled]. Default
    /// [code]false[/code]. The tab in the editor does not need it.
    #[var(get = get_log_enabled, set = set_log_enabled)]
    log_enabled: PhantomVar<bool>,

    /// The number of bytes of each message that are recorded as its preview, also for the tab in the editor; from 0 to
    /// 1024. 0 records no contents, not even of handshakes. Default: the project setting
    /// [code]wspeer/monitor/preview_bytes[/code], or 128.
    #[var(get = get_preview_bytes, set = set_preview_bytes)]
    preview_bytes: PhantomVar<i64>,

    base: Base<Object>,
}

#[godot_api]
impl RustWebSocketMonitor {
    #[func]
    fn get_enabled(&self) -> bool {
        self.subscriber.is_some()
    }

    #[func]
    fn set_enabled(&mut self, enabled: bool) {
        if enabled == self.subscriber.is_some() {
            return;
        }
        self.subscribe(enabled);
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
            self.subscribe(self.subscriber.is_some());
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
    /// [code]class[/code], [code]role[/code] ([code]"client"[/code], [code]"server"[/code], or [code]""[/code] before
    /// the first connection), [code]state[/code] (a [enum RustWebSocketPeer.State]), [code]url[/code],
    /// [code]remote_address[/code], [code]protocol[/code], [code]compressed[/code], [code]compression_ratio[/code]
    /// (bytes on the network per byte of compressed messages; -1 if there were none), [code]messages_in[/code],
    /// [code]bytes_in[/code], [code]messages_out[/code], [code]bytes_out[/code] (of this connection, before
    /// compression), [code]inbound_messages[/code], [code]inbound_bytes[/code], [code]outbound_messages[/code],
    /// [code]outbound_bytes[/code] (contents of the queues), [code]round_trip_time[/code] (seconds, -1 before the first
    /// pong) and [code]failure[/code]. The values are those at the end of each peer's last [method
    /// RustWebSocketPeer.poll]. Empty while not [member enabled].
    #[func]
    fn get_peers(&self) -> Array<VarDictionary> {
        if self.subscriber.is_some() { trace::peers().iter().map(peer_values).collect() } else { Array::new() }
    }

    /// Returns the events that were recorded since the last call, at most the newest 4096, oldest first, each with the
    /// keys [code]time[/code] (seconds since the monitor was first enabled), [code]peer[/code] (its [code]id[/code]),
    /// [code]sent[/code] ([code]true[/code] for sent, [code]false[/code] for received), [code]kind[/code]
    /// ([code]"handshake"[/code], [code]"text"[/code], [code]"binary"[/code], [code]"ping"[/code], [code]"pong"[/code],
    /// [code]"close"[/code] or [code]"failure"[/code]), [code]size[/code] (bytes before compression) and
    /// [code]preview[/code] (the first bytes, see [member preview_bytes]). Empty while not [member log_enabled].
    #[func]
    fn take_messages(&mut self) -> Array<VarDictionary> {
        let Some(subscriber) = &mut self.subscriber else { return Array::new() };
        std::iter::from_fn(|| subscriber.next_event()).map(|event| event_values(&event)).collect()
    }

    /// Returns the number of events that were dropped since the last call because [method take_messages] was called too
    /// rarely.
    #[func]
    fn take_missed_count(&mut self) -> i64 {
        let missed = self.subscriber.as_mut().map_or(0, TraceSubscriber::take_missed);
        i64::try_from(missed).unwrap_or(i64::MAX)
    }

    /// Returns the number of connections that are open or closing; 0 while not [member enabled].
    #[func]
    fn get_connection_count(&self) -> i64 {
        convert::integer(trace::connection_count())
    }

    /// Returns the payload bytes per second that all peers receive, before compression. Measured between two calls, at
    /// most once a second.
    #[func]
    fn get_bytes_in_per_second(&mut self) -> f64 {
        self.received.rate(trace::totals().received.bytes, clock::now())
    }

    /// Returns the payload bytes per second that all peers send, before compression. Measured between two calls, at
    /// most once a second.
    #[func]
    fn get_bytes_out_per_second(&mut self) -> f64 {
        self.sent.rate(trace::totals().sent.bytes, clock::now())
    }

    fn subscribe(&mut self, enabled: bool) {
        let subscribe = if self.is_logging { TraceSubscriber::to_messages } else { TraceSubscriber::to_peers };
        // The new subscriber is made first, because the records are dropped with the last subscriber.
        self.subscriber = enabled.then(subscribe);
    }
}

#[godot_api]
impl IObject for RustWebSocketMonitor {
    fn init(base: Base<Object>) -> Self {
        Self {
            subscriber: None,
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

/// Sends peers and messages to the editor while its tab asks for them. It records before that, because the tab learns
/// of the game only when the first handshakes may have finished.
#[derive(GodotClass)]
#[class(internal, base = EngineProfiler)]
struct RustWebSocketProfiler {
    subscriber: Option<TraceSubscriber>,
    seconds: f64,
    base: Base<EngineProfiler>,
}

#[godot_api]
impl IEngineProfiler for RustWebSocketProfiler {
    fn init(base: Base<EngineProfiler>) -> Self {
        Self { subscriber: Some(TraceSubscriber::to_messages()), seconds: 0.0, base }
    }

    fn toggle(&mut self, enable: bool, _options: VarArray) {
        self.subscriber = enable.then(|| self.subscriber.take().unwrap_or_else(TraceSubscriber::to_messages));
    }

    fn add_frame(&mut self, _data: VarArray) {}

    fn tick(&mut self, frame_time: f64, _process_time: f64, _physics_time: f64, _physics_frame_time: f64) {
        self.seconds += frame_time;
        if let Some(subscriber) = &mut self.subscriber
            && self.seconds >= INTERVAL
        {
            self.seconds = 0.0;
            report(subscriber);
        }
    }
}

fn report(subscriber: &mut TraceSubscriber) {
    let mut debugger = EngineDebugger::singleton();
    let rows: VarArray = trace::peers().iter().map(|row| peer_values(row).to_variant()).collect();
    debugger.send_message(&format!("{NAME}:peers"), &rows);
    loop {
        let events: VarArray = std::iter::from_fn(|| subscriber.next_event())
            .take(BATCH)
            .map(|event| event_values(&event).to_variant())
            .collect();
        let missed = i64::try_from(subscriber.take_missed()).unwrap_or(i64::MAX);
        if events.is_empty() && missed == 0 {
            return;
        }
        debugger.send_message(&format!("{NAME}:messages"), &varray![missed, &events]);
    }
}

/// Enables the monitor in a game that was started by an editor; called when the classes are registered.
pub fn start() {
    let settings = ProjectSettings::singleton();
    if settings.has_setting(PREVIEW_SETTING) {
        let bytes: i64 = settings.get_setting(PREVIEW_SETTING).try_to().unwrap_or(0);
        trace::set_preview_size(usize::try_from(bytes).unwrap_or(0));
    }
    IS_STARTED.store(true, Ordering::Relaxed);
    if EngineDebugger::singleton().is_active() {
        if missing_classes::is_registered::<RustWebSocketProfiler>() {
            EngineDebugger::singleton().register_profiler(NAME, &RustWebSocketProfiler::new_gd());
        }
        RustWebSocketMonitor::singleton().bind_mut().set_enabled(true);
    }
}

/// Disables the monitor; called before the classes are unregistered.
pub fn stop() {
    // Without it, the classes could not be registered.
    if !IS_STARTED.load(Ordering::Relaxed) {
        return;
    }
    RustWebSocketMonitor::singleton().bind_mut().set_enabled(false);
    let mut debugger = EngineDebugger::singleton();
    if debugger.has_profiler(NAME) {
        debugger.unregister_profiler(NAME);
    }
}

fn peer_values(row: &PeerRow) -> VarDictionary {
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

fn event_values(event: &TraceEvent) -> VarDictionary {
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
