//! HTTP header fields, and which of them a program may add to a request or response.

use super::request_target::is_host;
use crate::error::{Error, ErrorCode, Result};

/// Header fields in the order in which they were received, repeated ones included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// Copies parsed fields; bytes that are not UTF-8 become U+FFFD, and folded lines become one.
    pub(super) fn from_parsed(parsed: &[httparse::Header<'_>]) -> Self {
        let value = |header: &httparse::Header<'_>| unfolded(&String::from_utf8_lossy(header.value));
        Self(parsed.iter().map(|header| (header.name.to_owned(), value(header))).collect())
    }

    /// Returns all fields as name and value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the values of every field of this name. Names are compared without regard to case.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.iter().filter(move |(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Returns the value of the first field of this name.
    pub fn first<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).next()
    }

    /// Returns whether a comma-separated field contains the token, without regard to case.
    pub fn has_token<'a>(&'a self, name: &'a str, token: &str) -> bool {
        self.list(name).any(|element| element.eq_ignore_ascii_case(token))
    }

    /// Returns the elements of a comma-separated field, over all its lines.
    pub fn list<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.all(name).flat_map(|value| value.split(',')).map(str::trim).filter(|element| !element.is_empty())
    }
}

/// Replaces each line end of a folded value, with the white space around it, by a space (RFC 9112 section 5.2).
fn unfolded(value: &str) -> String {
    let lines: Vec<&str> = value.split('\n').map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join(" ")
}

/// Fields that only the handshake itself writes, in lower case.
const RESERVED: [&str; 10] = [
    "host",
    "upgrade",
    "connection",
    "content-length",
    "transfer-encoding",
    "sec-websocket-key",
    "sec-websocket-accept",
    "sec-websocket-version",
    "sec-websocket-protocol",
    "sec-websocket-extensions",
];

/// Checks header lines (`Name: value`) that a program adds to a response. A line must not contain a control character,
/// which could inject another line, and must not repeat a field of the handshake.
pub fn check_extra_headers(lines: &[String]) -> Result {
    check_lines(lines.iter())
}

/// Checks header lines that a client's program adds to its request, as [`check_extra_headers`] does. One `Host` line is
/// allowed, which replaces the host of the URL.
pub fn check_request_headers(lines: &[String]) -> Result {
    let invalid = |why: &str| Err(Error::new(ErrorCode::InvalidParameter, why.to_owned()));
    let mut hosts = lines.iter().filter_map(|line| host_of(line));
    let host = hosts.next();
    if hosts.next().is_some() {
        return invalid("the handshake headers have more than one Host line");
    }
    if let Some(host) = host
        && !is_host(host)
    {
        return invalid(&format!("header Host must be a host with an optional port, not {host:?}"));
    }
    check_lines(lines.iter().filter(|line| host_of(line).is_none()))
}

/// Returns the value of a `Host` line, `None` for any other line.
pub(super) fn host_of(line: &str) -> Option<&str> {
    let (name, value) = line.split_once(':')?;
    name.eq_ignore_ascii_case("host").then(|| value.trim_matches([' ', '\t']))
}

fn check_lines<'a>(lines: impl Iterator<Item = &'a String>) -> Result {
    for line in lines {
        let invalid = |why: &str| Err(Error::new(ErrorCode::InvalidParameter, format!("header {line:?} {why}")));
        let Some((name, value)) = line.split_once(':') else { return invalid("has no colon") };
        if !is_token(name) {
            return invalid("has a name that is not an HTTP token");
        }
        if value.chars().any(|c| c.is_control() && c != '\t') {
            return invalid("contains a control character");
        }
        if RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
            return invalid("is reserved for the handshake");
        }
    }
    Ok(())
}

/// Checks a list of sub-protocol names: unique tokens (RFC 6455 section 4.1, requirement 10 of the request).
pub fn check_protocols(protocols: &[String]) -> Result {
    for (index, name) in protocols.iter().enumerate() {
        let invalid = |why: &str| Err(Error::new(ErrorCode::InvalidParameter, format!("sub-protocol {name:?} {why}")));
        if !is_token(name) {
            return invalid("is not an HTTP token");
        }
        if protocols.iter().take(index).any(|earlier| earlier == name) {
            return invalid("is listed twice");
        }
    }
    Ok(())
}

/// Returns whether the text is a token (RFC 9110 section 5.6.2).
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(line: &str) -> Vec<String> {
        vec![line.to_owned()]
    }

    #[test]
    fn extra_headers_cannot_inject_or_override() {
        for good in ["X-Test: 1", "Authorization: Bearer x", "X-Empty:", "Origin:https://a", "X: \u{fc}\ttab"] {
            assert_eq!(check_extra_headers(&lines(good)), Ok(()), "{good}");
        }
        for bad in [
            "no colon",
            "X: a\r\nEvil: 1",
            "X: a\nb",
            "X\0: a",
            " X: a",
            ": a",
            "Host: x",
            "UPGRADE: x",
            "sec-websocket-key: x",
            "Content-Length: 3",
        ] {
            assert_eq!(check_extra_headers(&lines(bad)).unwrap_err().code(), ErrorCode::InvalidParameter, "{bad:?}");
        }
    }

    #[test]
    fn a_request_may_have_one_host_line() {
        let names = |list: &[&str]| list.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
        for good in [&["Host: a.example"][..], &["HOST:[::1]:81", "X: y"], &["host: a:80\t"], &["X: y"]] {
            assert_eq!(check_request_headers(&names(good)), Ok(()), "{good:?}");
        }
        for bad in [
            &["Host: a", "host: a"][..],
            &["Host:"],
            &["Host: a b"],
            &["Host: a\r\nX: y"],
            &["Host: user@a"],
            &["Host: a:port"],
            &["Host: [fe80::1%25lo]"],
            &["Host: h\u{f6}st"],
            &["Host : a"],
            &["Host: a", "Upgrade: x"],
        ] {
            assert_eq!(check_request_headers(&names(bad)).unwrap_err().code(), ErrorCode::InvalidParameter, "{bad:?}");
        }
    }

    #[test]
    fn protocols_are_unique_tokens() {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(check_protocols(&list(&["chat", "chat.v2"])), Ok(()));
        for bad in [&["a", "a"][..], &[""], &["a b"], &["a,b"], &["a\r\n"]] {
            assert!(check_protocols(&list(bad)).is_err(), "{bad:?}");
        }
    }
}
