//! WebSockets for programs that tick.

#[cfg(feature = "capi")]
mod capi;
pub mod error;
#[doc(hidden)]
pub mod fuzzing;
#[cfg(feature = "godot")]
#[expect(clippy::needless_pass_by_value, reason = "arguments of methods that scripts call are values")]
mod godot;
pub mod limits;
pub mod net;
pub mod peer;
pub mod proto;
