//! The engine's project settings that limit connections: the queue limits of Godot 3's WebSocket objects, and the time
//! for TCP connections.

use std::time::Duration;

use godot::classes::ProjectSettings;
use godot::prelude::*;

use super::convert;
use crate::peer::ConnectionOptions;

/// Queue limits in KiB and packets, for each direction.
pub struct QueueLimits {
    pub in_kib: i64,
    pub in_packets: i64,
    pub out_kib: i64,
    pub out_packets: i64,
}

/// Returns the limits that a project converted from Godot 3 sets below `network/limits/<object>/`.
pub fn queue_limits(object: &str) -> QueueLimits {
    let settings = ProjectSettings::singleton();
    let read = |name: &str, default: i64| {
        let path = format!("network/limits/{object}/{name}");
        let value = settings.has_setting(&path).then(|| settings.get_setting(&path).try_to::<i64>().ok());
        value.flatten().unwrap_or(default)
    };
    // Client and server objects have the same defaults; the outbound buffer is one byte short of a whole number of KiB.
    let defaults = ConnectionOptions::for_client();
    let (in_kib, out_kib) = (defaults.inbound_buffer_size() / 1024, defaults.outbound_buffer_size().div_ceil(1024));
    QueueLimits {
        in_kib: read("max_in_buffer_kb", convert::integer(in_kib)),
        in_packets: read("max_in_packets", convert::integer(defaults.max_queued_packets())),
        out_kib: read("max_out_buffer_kb", convert::integer(out_kib)),
        out_packets: read("max_out_packets", convert::integer(defaults.max_outbound_packets())),
    }
}

/// Returns the time that the project allows for a TCP connection, `network/limits/tcp/connect_timeout_seconds`; `None`
/// if it is not a number greater than 0. The engine reads it whenever it connects.
pub fn connect_timeout() -> Option<Duration> {
    let seconds = ProjectSettings::singleton().get_setting("network/limits/tcp/connect_timeout_seconds");
    let seconds = seconds.try_to_relaxed::<f64>().ok().filter(|seconds| *seconds > 0.0)?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// Gives connections the time of [`connect_timeout`], unless the script has set its own.
pub fn apply_connect_timeout(options: &mut ConnectionOptions) {
    if let Some(timeout) = connect_timeout() {
        options.set_default_connect_timeout(timeout);
    }
}
