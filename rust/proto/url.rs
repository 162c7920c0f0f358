//! `ws://` and `wss://` URLs: which are valid, and what the request contains of them (RFC 6455 section 3, RFC 3986).
//! Every URL that the engine accepts is valid.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::net::Ipv6Addr;

use data_encoding::BASE64;
use zeroize::{Zeroize as _, Zeroizing};

use crate::error::{Error, ErrorCode, Result};

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// Name or address in lower case, without the brackets of IPv6 literals.
    pub host: String,
    /// 1 to 65535.
    pub port: u16,
}

/// A user name and a password, percent-decoded. The password is overwritten when it is dropped, and `Debug` does not
/// show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// User name.
    pub user: String,
    /// Password.
    pub password: String,
}

impl Authority {
    /// Parses `[user[:password]@]host[:port]`.
    pub fn parse(text: &str, default_port: u16) -> Result<(Self, Option<Credentials>)> {
        let (user_info, host_port) = match text.rsplit_once('@') {
            Some((user_info, host_port)) => (Some(user_info), host_port),
            None => (None, text),
        };
        let (host, port) = split_host_port(host_port)?;
        let port = match port {
            None => default_port,
            Some(port) => match port.parse() {
                Ok(0) | Err(_) => {
                    return Err(invalid(format!("URL port must be a number from 1 to 65535, not '{port}'")));
                }
                Ok(port) => port,
            },
        };
        let credentials = user_info.map(|info| {
            let (user, password) = info.split_once(':').unwrap_or((info, ""));
            Credentials { user: percent_decoded(user), password: percent_decoded(password) }
        });
        Ok((Self { host, port }, credentials))
    }

    /// Returns the host as it is written before a port.
    fn bracketed_host(&self) -> Cow<'_, str> {
        if self.host.contains(':') { format!("[{}]", self.host).into() } else { self.host.as_str().into() }
    }
}

impl std::fmt::Display for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.bracketed_host(), self.port)
    }
}

impl Drop for Credentials {
    fn drop(&mut self) {
        self.password.zeroize();
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Credentials {
    /// Returns the value of an `Authorization` or `Proxy-Authorization` header (RFC 7617).
    pub fn basic(&self) -> String {
        let pair = Zeroizing::new(format!("{}:{}", self.user, self.password));
        format!("Basic {}", BASE64.encode(pair.as_bytes()))
    }
}

/// A parsed WebSocket URL.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Url {
    /// `wss`.
    pub secure: bool,
    /// Host and port of the server.
    pub address: Authority,
    /// Path and query as the request line contains them.
    pub target: String,
    /// Credentials for the `Authorization` header.
    pub credentials: Option<Credentials>,
}

impl Url {
    /// Parses a URL. The scheme is `ws` if there is none.
    pub fn parse(text: &str) -> Result<Self> {
        let (scheme, rest) = match text.split_once("://") {
            // After the authority, "://" belongs to the path or query.
            Some((scheme, rest)) if !scheme.contains(['/', '?', '#']) => (scheme, rest),
            _ => ("ws", text),
        };
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "ws" => false,
            "wss" => true,
            _ => return Err(invalid(format!("URL scheme must be ws or wss, not '{scheme}'"))),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let split = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(split);
        let (address, credentials) = Authority::parse(authority, default_port(secure))?;
        Ok(Self { secure, address, target: request_target(target), credentials })
    }

    /// Returns the value of the `Host` header (RFC 9110 section 7.2).
    pub fn host_header(&self) -> String {
        if self.address.port == default_port(self.secure) {
            self.address.bracketed_host().into_owned()
        } else {
            self.address.to_string()
        }
    }
}

fn default_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

fn invalid(message: String) -> Error {
    Error::new(ErrorCode::InvalidParameter, message)
}

fn split_host_port(text: &str) -> Result<(String, Option<&str>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let Some((address, rest)) = rest.split_once(']') else {
            return Err(invalid(format!("IPv6 address in '{text}' has no closing bracket")));
        };
        let address: Ipv6Addr = address.parse().map_err(|_| invalid(format!("'{address}' is not an IPv6 address")))?;
        let port = match rest {
            "" => None,
            _ => Some(rest.strip_prefix(':').ok_or_else(|| invalid(format!("'{rest}' after the host is not a port")))?),
        };
        return Ok((address.to_string(), port));
    }
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    if host.is_empty() {
        return Err(invalid("URL has no host".to_owned()));
    }
    // Other characters must not reach the Host header either.
    if let Some(bad) = invalid_name_character(host) {
        return Err(invalid(format!("host name contains {bad:?}; international names must be in punycode")));
    }
    Ok((host.to_ascii_lowercase(), port))
}

/// Returns the first character that a `reg-name` must not contain at its position (RFC 3986 section 3.2.2). IPv4
/// addresses are such names too.
pub(super) fn invalid_name_character(name: &str) -> Option<char> {
    let mut rest = name.chars();
    while let Some(first) = rest.next() {
        let mut next_is_digit = || rest.next().is_some_and(|digit| digit.is_ascii_hexdigit());
        let is_valid = match first {
            '%' => next_is_digit() && next_is_digit(),
            '.' | '-' | '_' | '~' | '!' | '$' | '&' | '\'' | '(' | ')' | '*' | '+' | ',' | ';' | '=' => true,
            _ => first.is_ascii_alphanumeric(),
        };
        if !is_valid {
            return Some(first);
        }
    }
    None
}

/// Percent-encodes characters that a request line must not contain; existing escapes stay.
fn request_target(path_and_query: &str) -> String {
    let mut target = String::with_capacity(path_and_query.len() + 1);
    if !path_and_query.starts_with('/') {
        target.push('/');
    }
    for byte in path_and_query.bytes() {
        if byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\') {
            target.push(char::from(byte));
        } else {
            let _ = write!(target, "%{byte:02X}");
        }
    }
    target
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let escape = tail.first_chunk::<2>().and_then(|digits| std::str::from_utf8(digits).ok());
        match escape.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(decoded) if byte == b'%' => {
                bytes.push(decoded);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (bool, String, u16, String) {
        let url = Url::parse(text).unwrap();
        (url.secure, url.address.host, url.address.port, url.target)
    }

    #[test]
    fn urls_of_the_engine_are_valid() {
        let ws = |host: &str, port, target: &str| (false, host.to_owned(), port, target.to_owned());
        assert_eq!(parts("127.0.0.1:1"), ws("127.0.0.1", 1, "/"));
        assert_eq!(parts("WS://Example.COM"), ws("example.com", 80, "/"));
        assert_eq!(parts("wss://host"), (true, "host".to_owned(), 443, "/".to_owned()));
        assert_eq!(parts("ws://host/a/b?x=1#f"), ws("host", 80, "/a/b?x=1"));
        assert_eq!(parts("ws://[::1]:9/"), ws("::1", 9, "/"));
        assert_eq!(parts("ws://host:+80"), ws("host", 80, "/"));
        assert_eq!(parts("host:1/a?next=http://x/b"), ws("host", 1, "/a?next=http://x/b"));
        assert_eq!(parts("host?wss://x"), ws("host", 80, "/?wss://x"));
    }

    #[test]
    fn query_without_path_and_credentials_are_valid() {
        assert_eq!(parts("ws://host:9?x=1").3, "/?x=1");
        assert_eq!(parts("ws://host/p q/\u{fc}%20\"\\").3, "/p%20q/%C3%BC%20%22%5C");
        let url = Url::parse("ws://us%40er:p:w%zz@host").unwrap();
        let credentials = url.credentials.unwrap();
        assert_eq!((credentials.user.as_str(), credentials.password.as_str()), ("us@er", "p:w%zz"));
        assert_eq!(credentials.basic(), format!("Basic {}", BASE64.encode(b"us@er:p:w%zz")));
        assert_eq!(url.address.host, "host");
    }

    #[test]
    fn the_host_header_has_the_port_if_it_is_not_the_default() {
        for (url, host) in [
            ("ws://host", "host"),
            ("ws://host:80", "host"),
            ("ws://host:443", "host:443"),
            ("wss://host:443", "host"),
            ("ws://[::1]:8080", "[::1]:8080"),
            ("wss://[::1]", "[::1]"),
        ] {
            assert_eq!(Url::parse(url).unwrap().host_header(), host);
        }
    }

    #[test]
    fn invalid_urls_are_refused() {
        for text in [
            "",
            "ws://",
            "ws:///x",
            "http://host",
            "://host",
            "w$s://host",
            "ws:127.0.0.1:1",
            " ws://host",
            "ws://ho st",
            "ws://ho%2",
            "ws://ho%2x",
            "ws://host:0",
            "ws://host:70000",
            "ws://host:abc",
            "ws://host:",
            "ws://host:-1",
            "ws://host:1:2",
            "ws://::1",
            "ws://[::1",
            "ws://[::1]x",
            "ws://[nonsense]",
            "ws://ho\r\nst",
            "ws://h\u{f6}st",
            "ws://user@",
        ] {
            assert_eq!(Url::parse(text).unwrap_err().code(), ErrorCode::InvalidParameter, "{text:?}");
        }
    }
}
