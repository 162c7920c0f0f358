//! Decides when collected messages are written to the network: at the end of the frame, unless a poll comes first.

use godot::global::Error as GodotError;
use godot::prelude::*;

use super::object_field::ObjectClass;
use super::object_lock::Lockable;
use super::refused_calls;
use crate::error::Result;

/// Whether a flush at the end of the frame is scheduled.
#[derive(Debug, Default)]
pub struct FrameFlush {
    is_scheduled: bool,
}

/// An object that collects the messages of a frame. Its class has a method `flush()`, which calls [`flush`].
pub trait CollectsMessages: Lockable {
    fn frame_flush(&mut self) -> &mut FrameFlush;

    /// Returns whether messages wait for a flush.
    fn has_unflushed(&mut self) -> bool;

    /// Writes collected messages to the network.
    fn write_unflushed(&mut self);
}

/// Runs a call that sends, and schedules the flush of what it collected.
pub fn send<C: ObjectClass<Object: CollectsMessages>>(
    this: &C,
    call: impl FnOnce(&mut C::Object) -> Result,
) -> GodotError {
    let name = refused_calls::call_of(&call);
    let result = send_silently(this, call);
    refused_calls::number::<C>(result, name, || this.to_gd().instance_id())
}

/// Does the same as [`send`] without a warning. `None` is a call from inside another call on the same object.
pub fn send_silently<C: ObjectClass<Object: CollectsMessages>>(
    this: &C,
    call: impl FnOnce(&mut C::Object) -> Result,
) -> Option<Result> {
    let (result, schedules) = this.object_field().with((None, false), |object| {
        let result = call(object);
        let schedules = !object.frame_flush().is_scheduled && object.has_unflushed();
        object.frame_flush().is_scheduled |= schedules;
        (Some(result), schedules)
    });
    if schedules {
        this.to_gd().upcast::<Object>().call_deferred("flush", &[]);
    }
    result
}

/// Flushes now; the next message schedules the next flush.
pub fn flush(object: &mut impl CollectsMessages) {
    object.frame_flush().is_scheduled = false;
    object.write_unflushed();
}
