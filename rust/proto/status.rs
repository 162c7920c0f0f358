//! HTTP status codes: the numbers that the library writes or branches on, their classes, and their reason phrases
//! (RFC 9110 section 15).

use tungstenite::http::StatusCode;

/// The server agrees to the upgrade (RFC 6455 section 4.2.2).
pub const SWITCHING_PROTOCOLS: u16 = 101;
/// The request succeeded.
pub const OK: u16 = 200;
/// The response has no body.
pub const NO_CONTENT: u16 = 204;
/// The resource has another URL from now on.
pub const MOVED_PERMANENTLY: u16 = 301;
/// The resource has another URL for now.
pub const FOUND: u16 = 302;
/// Another resource answers the request.
pub const SEE_OTHER: u16 = 303;
/// The response has no body, because the client's copy is current.
pub const NOT_MODIFIED: u16 = 304;
/// As 302, and the method stays.
pub const TEMPORARY_REDIRECT: u16 = 307;
/// As 301, and the method stays.
pub const PERMANENT_REDIRECT: u16 = 308;
/// The request is malformed.
pub const BAD_REQUEST: u16 = 400;
/// The server refuses the request.
pub const FORBIDDEN: u16 = 403;
/// The server has no such resource.
pub const NOT_FOUND: u16 = 404;
/// The resource does not support the method.
pub const METHOD_NOT_ALLOWED: u16 = 405;
/// The proxy needs credentials.
pub const PROXY_AUTHENTICATION_REQUIRED: u16 = 407;
/// The request did not arrive in time.
pub const REQUEST_TIMEOUT: u16 = 408;
/// The server accepts the request only over another protocol, or another version of it (RFC 6455 section 4.4).
pub const UPGRADE_REQUIRED: u16 = 426;
/// The request head is too large (RFC 6585 section 5).
pub const REQUEST_HEADER_FIELDS_TOO_LARGE: u16 = 431;
/// The server met a condition that it did not expect.
pub const INTERNAL_SERVER_ERROR: u16 = 500;
/// The server is full, overloaded or in maintenance.
pub const SERVICE_UNAVAILABLE: u16 = 503;
/// The server does not support the request's HTTP version.
pub const HTTP_VERSION_NOT_SUPPORTED: u16 = 505;

/// Returns the reason phrase of a registered status, or an empty text.
pub fn reason_phrase(status: u16) -> &'static str {
    StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default()
}

/// Returns whether another response follows this one (RFC 9110 section 15.2). 101 ends HTTP on the connection, so
/// nothing follows it.
pub fn is_interim(status: u16) -> bool {
    (100..200).contains(&status) && status != SWITCHING_PROTOCOLS
}

/// Returns whether the request succeeded (RFC 9110 section 15.3).
pub fn is_successful(status: u16) -> bool {
    (200..300).contains(&status)
}

/// Returns whether the response refers to another URL (RFC 9110 section 15.4).
pub fn is_redirection(status: u16) -> bool {
    (300..400).contains(&status)
}

/// Returns whether the status is final: one that ends a request, from 200 to 599 (RFC 9110 section 15).
pub fn is_final(status: u16) -> bool {
    (200..600).contains(&status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_follow_the_first_digit() {
        assert!(is_interim(100) && is_interim(103) && !is_interim(SWITCHING_PROTOCOLS) && !is_interim(OK));
        assert!(is_successful(OK) && is_successful(299) && !is_successful(300));
        assert!(is_redirection(301) && !is_redirection(OK) && !is_redirection(BAD_REQUEST));
        assert!(is_final(OK) && is_final(599) && !is_final(199) && !is_final(600));
    }

    #[test]
    fn reason_phrases_are_those_of_rfc_9110() {
        for (status, phrase) in [
            (SWITCHING_PROTOCOLS, "Switching Protocols"),
            (OK, "OK"),
            (BAD_REQUEST, "Bad Request"),
            (FORBIDDEN, "Forbidden"),
            (METHOD_NOT_ALLOWED, "Method Not Allowed"),
            (REQUEST_TIMEOUT, "Request Timeout"),
            (UPGRADE_REQUIRED, "Upgrade Required"),
            (REQUEST_HEADER_FIELDS_TOO_LARGE, "Request Header Fields Too Large"),
            (SERVICE_UNAVAILABLE, "Service Unavailable"),
            (HTTP_VERSION_NOT_SUPPORTED, "HTTP Version Not Supported"),
            (599, ""),
            (0, ""),
        ] {
            assert_eq!(reason_phrase(status), phrase, "{status}");
        }
    }
}
