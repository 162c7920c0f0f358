//! Decides how long a configuration is kept, so that connections with equal settings share it and resume each other's
//! sessions.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use crate::error::Result;
use crate::limits::REMEMBERED_TLS_SETTINGS;

/// Settings from which a configuration is made.
pub(super) trait TlsSpec: PartialEq {
    /// Returns whether the settings contain a private key, which must not stay in memory.
    fn has_private_key(&self) -> bool;
}

/// Settings, and what was made from them.
#[derive(Debug)]
pub(super) struct MadeConfig<S, C> {
    spec: S,
    pub content: C,
}

/// The configurations that exist: those with a private key as long as options or connections use them, the newest
/// others also longer.
pub(super) struct ConfigCache<S, C>(Mutex<Known<S, C>>);

struct Known<S, C> {
    used: Vec<Weak<MadeConfig<S, C>>>,
    remembered: VecDeque<Arc<MadeConfig<S, C>>>,
}

impl<S: TlsSpec, C> ConfigCache<S, C> {
    pub const fn new() -> Self {
        Self(Mutex::new(Known { used: Vec::new(), remembered: VecDeque::new() }))
    }

    /// Returns the configuration of these settings.
    pub fn get_or_make(&self, spec: S, make: impl FnOnce(&S) -> Result<C>) -> Result<Arc<MadeConfig<S, C>>> {
        if let Some(known) = self.0.lock().find(&spec) {
            return Ok(known);
        }
        let made = Arc::new(MadeConfig { content: make(&spec)?, spec });
        let mut known = self.0.lock();
        known.used.retain(|other| other.strong_count() > 0);
        known.used.push(Arc::downgrade(&made));
        if !made.spec.has_private_key() {
            if known.remembered.len() >= REMEMBERED_TLS_SETTINGS {
                known.remembered.pop_front();
            }
            known.remembered.push_back(Arc::clone(&made));
        }
        Ok(made)
    }

    /// Returns whether a configuration of these settings exists.
    #[cfg(test)]
    pub fn contains(&self, spec: &S) -> bool {
        self.0.lock().find(spec).is_some()
    }
}

impl<S: TlsSpec, C> Known<S, C> {
    fn find(&self, spec: &S) -> Option<Arc<MadeConfig<S, C>>> {
        self.used.iter().filter_map(Weak::upgrade).find(|made| made.spec == *spec)
    }
}
