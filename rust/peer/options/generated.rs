//! The option structs, written by the build script from `table.rs`.

use std::time::Duration;

use super::bounds;
#[cfg(doc)]
use crate::error::ErrorCode;
use crate::error::Result;

/// The objects whose connections have defaults or bounds of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Object {
    Peer,
    Client,
    Server,
    Room,
}

include!(concat!(env!("OUT_DIR"), "/options.rs"));
