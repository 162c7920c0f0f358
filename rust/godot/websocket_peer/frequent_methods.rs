//! The bodies of the methods that games call for every message or frame: one for each, for calls through gdext and for
//! the engine's pointer calls, which [`pointer_calls`](super::pointer_calls) lists.

use godot::global::Error as GodotError;
use godot::prelude::*;

use super::RustWebSocketPeer;
use super::peer_object::PeerObject;
use crate::godot::called_instance::CalledInstance;
use crate::godot::class_enums::{State, WriteMode};
use crate::godot::object_lock::ObjectLock;
use crate::godot::{convert, frame_flush, string_to_utf8};

/// A `RustWebSocketPeer` that a method was called on.
pub trait CalledPeer: CalledInstance<Class = RustWebSocketPeer> {}

impl<I: CalledInstance<Class = RustWebSocketPeer>> CalledPeer for I {}

pub fn poll(this: &impl CalledPeer) {
    let has_drained = this.on(|lock| {
        lock.poll(|object| {
            let idle = object.peer.poll_unless_idle();
            (object.peer.take_drained(), idle)
        })
    });
    if has_drained {
        this.handle().signals().drained().emit();
    }
}

pub fn get_ready_state(this: &impl CalledPeer) -> State {
    const BUSY: State = State(crate::peer::State::Closed as i64);
    this.on(|lock| lock.read(BUSY, |object| State(object.peer.state() as i64)))
}

pub fn get_available_packet_count(this: &impl CalledPeer) -> i32 {
    this.on(|lock| lock.read(0, |object| convert::integer32(object.peer.packet_count())))
}

pub fn was_string_packet(this: &impl CalledPeer) -> bool {
    this.on(|lock| lock.read(false, |object| object.peer.was_string_packet()))
}

pub fn get_packet(this: &impl CalledPeer) -> PackedByteArray {
    this.on(|lock| lock.with(PackedByteArray::new(), PeerObject::take_packet))
}

pub fn send(this: &impl CalledPeer, message: &PackedByteArray, write_mode: WriteMode) -> GodotError {
    // A stream that is written in a script may change the caller's array in the middle of the call.
    let copy = this.on(ObjectLock::calls_scripts).then(|| message.clone());
    let message = copy.as_ref().unwrap_or(message);
    frame_flush::send(this, |object| object.peer.send(write_mode.message_kind(), message.as_slice()))
}

pub fn send_text(this: &impl CalledPeer, message: &GString) -> GodotError {
    string_to_utf8::with(message, |text| frame_flush::send(this, |object| object.peer.send_text(text)))
}
