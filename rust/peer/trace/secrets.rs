//! Decides what in URLs and HTTP heads is secret, and masks it for the trace.

use std::borrow::Cow;

/// The text that replaces a secret.
const MASK: &str = "***";

/// Header fields whose values are secrets, in lower case. The WebSocket key would help only to forge the response, but
/// its value is of no use to a reader.
const SECRET_HEADERS: [&str; 5] = ["authorization", "proxy-authorization", "cookie", "set-cookie", "sec-websocket-key"];

/// Parts of the names of query parameters whose values are secrets, in lower case.
const SECRET_PARAMETERS: [&str; 7] = ["token", "secret", "passw", "pwd", "key", "auth", "session"];

/// Returns the head of an HTTP request or response as text, with the values of secret header fields and URL parameters
/// masked.
pub(in crate::peer) fn mask_head(head: &[u8]) -> String {
    let text = String::from_utf8_lossy(head);
    let mut masked = String::with_capacity(text.len());
    let mut is_secret = false;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let end = line.trim_end_matches(['\r', '\n']).len();
        let (content, line_end) = line.split_at(end);
        // A line that begins with a space continues the field before it (RFC 7230 section 3.2.4).
        let is_continued = content.starts_with([' ', '\t']);
        let name = content.split_once(':').map(|(name, _)| name);
        is_secret = if is_continued { is_secret } else { name.is_some_and(is_secret_header) };
        match name {
            _ if index == 0 => masked.push_str(&mask_request_line(content)),
            Some(name) if is_secret && !is_continued => masked.extend([name, ": ", MASK]),
            _ if is_secret => masked.push_str(MASK),
            _ => masked.push_str(content),
        }
        masked.push_str(line_end);
    }
    masked
}

fn is_secret_header(name: &str) -> bool {
    SECRET_HEADERS.contains(&name.trim().to_ascii_lowercase().as_str())
}

/// Masks the first line: the middle of `GET /path?token=x HTTP/1.1` is a URL.
fn mask_request_line(line: &str) -> Cow<'_, str> {
    match (line.split_once(' '), line.rsplit_once(' ')) {
        (Some((method, _)), Some((_, version))) if version.starts_with("HTTP/") => {
            let target = line.get(method.len() + 1..line.len() - version.len() - 1).unwrap_or_default();
            Cow::Owned(format!("{method} {} {version}", mask_url(target)))
        }
        _ => Cow::Borrowed(line),
    }
}

/// Returns a URL or request target with its password and the values of secret parameters masked.
pub(in crate::peer) fn mask_url(url: &str) -> String {
    let (before, query) = url.split_once('?').map_or((url, None), |(before, query)| (before, Some(query)));
    let mut masked = mask_password(before);
    if let Some(query) = query {
        masked.push('?');
        masked.push_str(&query.split('&').map(mask_parameter).collect::<Vec<_>>().join("&"));
    }
    masked
}

fn mask_parameter(parameter: &str) -> Cow<'_, str> {
    let Some((name, _)) = parameter.split_once('=') else { return Cow::Borrowed(parameter) };
    let lower = name.to_ascii_lowercase();
    if SECRET_PARAMETERS.iter().any(|part| lower.contains(part)) {
        Cow::Owned(format!("{name}={MASK}"))
    } else {
        Cow::Borrowed(parameter)
    }
}

fn mask_password(url: &str) -> String {
    // After the authority, "://" belongs to the path.
    let (scheme, rest) = url.split_once("://").filter(|(scheme, _)| !scheme.contains('/')).unwrap_or(("", url));
    let authority = rest.split('/').next().unwrap_or_default();
    let Some((user_info, host)) = authority.rsplit_once('@') else { return url.to_owned() };
    let user = user_info.split(':').next().unwrap_or_default();
    let separator = if scheme.is_empty() { "" } else { "://" };
    let path = rest.get(authority.len()..).unwrap_or_default();
    format!("{scheme}{separator}{user}:{MASK}@{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_a_head_are_masked_and_nothing_else_is() {
        let head = "GET /chat?room=1&Access_Token=abc HTTP/1.1\r\nHost: h\r\nAUTHORIZATION: Basic abc\r\n def\r\n\
            Cookie:a=b\r\nProxy-Authorization: abc\r\nSec-WebSocket-Key: abc\r\nX-Name: visible\r\n\r\n";
        let masked = "GET /chat?room=1&Access_Token=*** HTTP/1.1\r\nHost: h\r\nAUTHORIZATION: ***\r\n***\r\n\
            Cookie: ***\r\nProxy-Authorization: ***\r\nSec-WebSocket-Key: ***\r\nX-Name: visible\r\n\r\n";
        assert_eq!(mask_head(head.as_bytes()), masked);
        let answer = "HTTP/1.1 101 Switching Protocols\r\nSet-Cookie: id=1\r\nServer: x\r\n\r\n";
        assert_eq!(mask_head(answer.as_bytes()), answer.replace("id=1", MASK));
        assert_eq!(mask_head(b"\xff\r\n\r\n"), "\u{fffd}\r\n\r\n");
        assert_eq!(mask_head(b""), "");
    }

    #[test]
    fn secrets_of_a_url_are_masked_and_nothing_else_is() {
        for (url, masked) in [
            ("ws://host/path?room=1&name=a=b", "ws://host/path?room=1&name=a=b"),
            ("wss://me:pass@host:1/p?x", "wss://me:***@host:1/p?x"),
            ("wss://a:b@c@host/@", "wss://a:***@host/@"),
            ("me:pass@host", "me:***@host"),
            ("me:pass@host/a://b", "me:***@host/a://b"),
            ("ws://h?apiKey=1&x=2&token", "ws://h?apiKey=***&x=2&token"),
            ("", ""),
        ] {
            assert_eq!(mask_url(url), masked);
        }
    }
}
