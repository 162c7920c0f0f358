//! HTTP header fields, and the rules for those a program adds.

use crate::error::{Error, ErrorCode, Result};

/// Fields in the order they were received, repeated ones included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// Fields as name and value; bytes that are not UTF-8 become U+FFFD.
    pub(super) fn from_parsed(parsed: &[httparse::Header<'_>]) -> Self {
        let value = |header: &httparse::Header<'_>| String::from_utf8_lossy(header.value).trim().to_owned();
        Self(parsed.iter().map(|header| (header.name.to_owned(), value(header))).collect())
    }

    /// All fields.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Values of every field of this name, in any case.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.iter().filter(move |(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Value of the first field of this name.
    pub fn first<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).next()
    }

    /// Whether a comma-separated field contains the token, in any case.
    pub fn has_token<'a>(&'a self, name: &'a str, token: &str) -> bool {
        self.list(name).any(|element| element.eq_ignore_ascii_case(token))
    }

    /// Elements of a comma-separated field, over all its lines.
    pub fn list<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.all(name).flat_map(|value| value.split(',')).map(str::trim).filter(|element| !element.is_empty())
    }
}

/// Fields that only the handshake itself may write, in lower case.
const OWNED: [&str; 10] = [
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

/// Checks header lines (`Name: value`) that a program adds to a request or response: nothing in them may break out of its
/// line, and none may repeat a field the handshake owns.
pub fn check_extra_headers(lines: &[String]) -> Result {
    for line in lines {
        let invalid = |why: &str| Err(Error::new(ErrorCode::InvalidParameter, format!("header {line:?} {why}")));
        let Some((name, value)) = line.split_once(':') else { return invalid("has no colon") };
        if !is_token(name) {
            return invalid("has a name with characters that HTTP does not allow");
        }
        if value.chars().any(|c| c.is_control() && c != '\t') {
            return invalid("contains a control character");
        }
        if OWNED.contains(&name.to_ascii_lowercase().as_str()) {
            return invalid("is one that the handshake writes itself");
        }
    }
    Ok(())
}

/// Checks a list of sub-protocol names (RFC 6455 section 4.1 item 10).
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

/// RFC 7230 section 3.2.6.
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
    fn protocols_are_unique_tokens() {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(check_protocols(&list(&["chat", "chat.v2"])), Ok(()));
        for bad in [&["a", "a"][..], &[""], &["a b"], &["a,b"], &["a\r\n"]] {
            assert!(check_protocols(&list(bad)).is_err(), "{bad:?}");
        }
    }
}
