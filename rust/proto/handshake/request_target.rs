//! Decides which request targets and `Host` fields a server accepts, and which path and query a target has (RFC 9112
//! section 3.2, RFC 9110 section 7.2).

use std::net::Ipv6Addr;

use super::headers::Headers;
use crate::proto::url::invalid_name_character;

/// The target of a request. It is valid in origin form (`/path?query`) and in absolute form (`http://host/path?query`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestTarget {
    text: String,
    /// Length of the scheme and authority, 0 in origin form; or why the target is invalid.
    path_start: Result<usize, TargetError>,
}

/// Why a request target is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// It is in asterisk form or authority form, or in no form at all.
    #[error("the request target is neither a path nor an absolute URL")]
    Form,
    /// The scheme of the absolute form is another one.
    #[error("the scheme of the request target is not http, https, ws or wss")]
    Scheme,
    /// The absolute form has user information, no host, or an invalid host or port.
    #[error("the request target has no valid host")]
    Host,
    /// It contains a character that other parsers read as the end of the path, or as a separator in it.
    #[error("the request target contains '{0}'")]
    Character(char),
}

/// Why the `Host` fields of a request are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// A request of HTTP/1.1 has none.
    #[error("the request has no Host header")]
    Missing,
    /// There is more than one.
    #[error("the request has more than one Host header")]
    Repeated,
    /// It is no host with an optional port.
    #[error("the Host header is not a host with an optional port")]
    Invalid,
}

impl RequestTarget {
    /// Parses the middle of a request line.
    pub fn parse(text: &str) -> Self {
        Self { text: text.to_owned(), path_start: path_start(text) }
    }

    /// Checks the form of the target.
    ///
    /// # Errors
    /// An error for every target that is not in origin form or absolute form. RFC 9112 section 3.2 reserves the other
    /// forms for CONNECT and for OPTIONS, which have no path.
    pub fn check(&self) -> Result<(), TargetError> {
        self.path_start.map(|_| ())
    }

    /// Returns the target as received.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns whether the target contains the host, which then counts instead of `Host` (RFC 9112 section 3.2.2).
    pub fn is_absolute(&self) -> bool {
        self.path_start.is_ok_and(|start| start > 0)
    }

    /// Returns the path, which begins with `/`, and the query without its `?`. Both are still percent-encoded. Both are
    /// empty if the target is invalid.
    pub fn path_and_query(&self) -> (&str, &str) {
        match self.path_start.map(|start| split_query(self.text.get(start..).unwrap_or_default())) {
            // RFC 9110 section 4.2.3: an empty path is the same as "/".
            Ok(("", query)) => ("/", query),
            Ok(parts) => parts,
            Err(_) => ("", ""),
        }
    }
}

fn split_query(text: &str) -> (&str, &str) {
    text.split_once('?').unwrap_or((text, ""))
}

/// Returns the length of what precedes the path.
fn path_start(text: &str) -> Result<usize, TargetError> {
    let start = if text.starts_with('/') { 0 } else { authority_end(text)? };
    // RFC 3986 section 3.3: neither may be in a URI unencoded. Browsers read '\' in a path as '/', and '#' ends the
    // query.
    if text.contains('#') {
        return Err(TargetError::Character('#'));
    }
    if split_query(text).0.contains('\\') {
        return Err(TargetError::Character('\\'));
    }
    Ok(start)
}

/// Returns the length of scheme and authority of a target in absolute form.
fn authority_end(text: &str) -> Result<usize, TargetError> {
    // A scheme contains none of the characters that could begin or end a path, so that "://" in a query never counts.
    let scheme_end = text.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '-' | '.'));
    let Some((scheme, rest)) = scheme_end.and_then(|end| text.split_at_checked(end)) else {
        return Err(TargetError::Form);
    };
    let Some(rest) = rest.strip_prefix("://") else { return Err(TargetError::Form) };
    // RFC 6455 section 4.1: a handshake's absolute form is an http or https URL. Some clients write the WebSocket URL
    // itself.
    if !["http", "https", "ws", "wss"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return Err(if scheme.is_empty() { TargetError::Form } else { TargetError::Scheme });
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    // RFC 9110 section 4.2.4: user information from an untrusted source is an error.
    if !is_host(authority) {
        return Err(TargetError::Host);
    }
    Ok(text.len() - rest.len() + authority.len())
}

/// Checks the `Host` fields of a request (RFC 9112 section 3.2). Before HTTP/1.1 the field may be missing.
pub(super) fn check_host(headers: &Headers, minor_version: u8) -> Result<(), HostError> {
    let mut hosts = headers.all("Host");
    match (hosts.next(), hosts.next()) {
        (None, _) if minor_version == 0 => Ok(()),
        (None, _) => Err(HostError::Missing),
        (Some(host), None) if is_host(host) => Ok(()),
        (Some(_), None) => Err(HostError::Invalid),
        (Some(_), Some(_)) => Err(HostError::Repeated),
    }
}

/// Returns whether the text is a valid value of `Host`, `uri-host [ ":" port ]` with a host (RFC 9110 sections 4.2.1
/// and 7.2).
pub(super) fn is_host(text: &str) -> bool {
    // RFC 3986 section 3.2.2. No other kind of IP literal is defined, and zones of addresses are not sent (RFC 9844).
    let (is_valid, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => (address.parse::<Ipv6Addr>().is_ok(), port),
        None => {
            let (name, port) = text.split_at(text.find(':').unwrap_or(text.len()));
            (!name.is_empty() && invalid_name_character(name).is_none(), port)
        }
    };
    is_valid && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
}

/// Returns whether the text is digits up to 65535; RFC 3986 section 3.2.3 allows none after the colon.
fn is_port(text: &str) -> bool {
    text.is_empty() || (text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok())
}
