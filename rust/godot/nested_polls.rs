//! Decides which polls emit signals if a handler polls the object that is emitting, and emits them.

use std::sync::Arc;

use godot::prelude::*;

use super::object_field::ObjectClass;
use super::object_lock::{Lockable, ObjectLock};
use crate::limits::NESTED_POLLS;
use crate::peer::PeerEvent;

/// The polls of an object that are emitting signals, one inside another.
#[derive(Debug, Default)]
pub struct NestedPolls {
    depth: usize,
    /// Nested polls since the outermost one began.
    count: usize,
}

impl NestedPolls {
    /// Returns whether no poll is emitting signals.
    pub fn is_outermost(&self) -> bool {
        self.depth == 0
    }

    /// Returns whether a poll that begins now may emit signals.
    fn may_emit(&self) -> bool {
        self.is_outermost() || self.count < NESTED_POLLS
    }

    fn begin(&mut self) {
        self.count = if self.is_outermost() { 0 } else { self.count + 1 };
        self.depth += 1;
    }

    fn end(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }
}

/// An object with a queue of events.
pub trait EventObject: Lockable {
    /// What the object forgets after the outermost poll, for [`EventClass::forget`].
    type Forgotten;

    fn nested_polls(&mut self) -> &mut NestedPolls;

    /// Sends and receives.
    fn advance(&mut self);

    fn event_count(&mut self) -> usize;

    /// Takes the oldest event, which takes effect with this call.
    fn take_event(&mut self) -> Option<PeerEvent>;

    /// Called at the end of the outermost poll that emitted signals.
    fn outermost_poll_ended(&mut self) -> Self::Forgotten;
}

/// A class that emits the events of its object as signals.
pub trait EventClass: ObjectClass<Object: EventObject> {
    /// Emits the signals of an event. No lock is held, so handlers may call anything.
    fn emit(this: &mut Gd<Self>, event: PeerEvent);

    /// Forgets what the object has forgotten.
    fn forget(this: &Gd<Self>, forgotten: <Self::Object as EventObject>::Forgotten);
}

/// Advances the object, then emits the signals of the events that it had at that moment.
pub fn poll_and_emit<C: EventClass>(this: &C) {
    let object = this.object_field();
    let count = object.with(0, |object| {
        object.advance();
        if object.nested_polls().may_emit() { object.event_count() } else { 0 }
    });
    if count > 0 {
        // A handler may release the instance.
        emit_events(this.to_gd(), &Arc::clone(object.lock()), count);
    }
}

fn emit_events<C: EventClass>(mut this: Gd<C>, lock: &ObjectLock<C::Object>, count: usize) {
    lock.with((), |object| object.nested_polls().begin());
    for _ in 0..count {
        let Some(event) = lock.with(None, EventObject::take_event) else { break };
        C::emit(&mut this, event);
    }
    let forgotten = lock.with(None, |object| {
        object.nested_polls().end();
        object.nested_polls().is_outermost().then(|| object.outermost_poll_ended())
    });
    if let Some(forgotten) = forgotten {
        C::forget(&this, forgotten);
    }
}
