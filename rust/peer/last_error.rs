//! Keeps the text that `error_message()` of a client, a server or a room returns.

use crate::error::Result;

/// The text of the last refused call or lost connection; empty if there was none.
#[derive(Debug, Default)]
pub(in crate::peer) struct LastError(String);

impl LastError {
    /// Keeps the text of an error; a success leaves the earlier text.
    pub fn record<T>(&mut self, result: Result<T>) -> Result<T> {
        if let Err(error) = &result {
            self.set(error.message());
        }
        result
    }

    /// Replaces the text.
    pub fn set(&mut self, text: &str) {
        text.clone_into(&mut self.0);
    }

    /// Empties the text.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
