//! Decides which texts are local addresses to bind to.

use crate::error::{Error, ErrorCode, Result};
use crate::net::listener::BindAddress;

/// Checks a local address: an IP address, or `*` for every interface.
pub(in crate::peer) fn check_bind_address(text: &str) -> Result {
    bind_address(text).map(drop)
}

/// Parses a local address.
pub(in crate::peer) fn bind_address(text: &str) -> Result<BindAddress> {
    let invalid = || format!("the address to bind to must be an IP address or '*', not '{text}'");
    BindAddress::parse(text).ok_or_else(|| Error::new(ErrorCode::InvalidParameter, invalid()))
}
