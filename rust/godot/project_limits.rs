//! The project settings with the queue limits of Godot 3's WebSocket objects.

use godot::classes::ProjectSettings;
use godot::prelude::*;

use crate::limits::{OBJECT_BUFFER_KIB, OBJECT_BUFFER_PACKETS};

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
    QueueLimits {
        in_kib: read("max_in_buffer_kb", OBJECT_BUFFER_KIB),
        in_packets: read("max_in_packets", OBJECT_BUFFER_PACKETS),
        out_kib: read("max_out_buffer_kb", OBJECT_BUFFER_KIB),
        out_packets: read("max_out_packets", OBJECT_BUFFER_PACKETS),
    }
}
