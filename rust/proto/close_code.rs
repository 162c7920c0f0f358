//! Close codes: their numbers, and which of them a close frame may carry (RFC 6455 section 7.4 and IANA's registry
//! "WebSocket Close Code Number").

/// The purpose of the connection has been fulfilled (RFC 6455 section 7.4.1).
pub const NORMAL: u16 = 1000;
/// A server shuts down, or a browser leaves the page (RFC 6455 section 7.4.1).
pub const GOING_AWAY: u16 = 1001;
/// The remote peer violated the protocol (RFC 6455 section 7.4.1).
pub const PROTOCOL_ERROR: u16 = 1002;
/// The endpoint cannot accept this kind of data, for example text (RFC 6455 section 7.4.1).
pub const UNSUPPORTED_DATA: u16 = 1003;
/// The close frame carried no code. Reserved for reports by an API; never sent (RFC 6455 section 7.4.1).
pub const NO_STATUS_RECEIVED: u16 = 1005;
/// The connection ended without a close frame. Reserved for reports by an API; never sent (RFC 6455 section 7.4.1).
pub const ABNORMAL_CLOSURE: u16 = 1006;
/// A message does not match its type, for example text that is not UTF-8 (RFC 6455 section 7.4.1).
pub const INVALID_PAYLOAD: u16 = 1007;
/// A message violates a policy of the endpoint (RFC 6455 section 7.4.1).
pub const POLICY_VIOLATION: u16 = 1008;
/// A message is larger than the endpoint accepts (RFC 6455 section 7.4.1).
pub const MESSAGE_TOO_BIG: u16 = 1009;
/// The server did not negotiate an extension that the client needs (RFC 6455 section 7.4.1).
pub const MANDATORY_EXTENSION: u16 = 1010;
/// The server met a condition that it did not expect (RFC 6455 section 7.4.1).
pub const INTERNAL_ERROR: u16 = 1011;
/// The server restarts; the client may reconnect (registered by IANA).
pub const SERVICE_RESTART: u16 = 1012;
/// The server is overloaded; the client should reconnect later (registered by IANA).
pub const TRY_AGAIN_LATER: u16 = 1013;
/// A gateway got an invalid response from an upstream server (registered by IANA).
pub const BAD_GATEWAY: u16 = 1014;
/// The TLS handshake failed. Reserved for reports by an API; never sent (RFC 6455 section 7.4.1).
pub const TLS_HANDSHAKE: u16 = 1015;

/// First code for libraries and frameworks, registered with IANA (RFC 6455 section 7.4.2).
pub const FIRST_REGISTERED: u16 = 3000;
/// Last code for applications, which need not be registered (RFC 6455 section 7.4.2).
pub const LAST_PRIVATE: u16 = 4999;

/// The codes of [`is_sendable`], as an error message lists them.
pub const SENDABLE: &str = "1000-1003, 1007-1014, 3000-4999";

/// Returns whether a close frame may carry the code: the codes of RFC 6455 section 7.4.1 that are not reserved, those
/// that IANA registered later (1012-1014), and the ranges for libraries (3000-3999) and applications (4000-4999).
pub fn is_sendable(code: u16) -> bool {
    matches!(
        code,
        NORMAL..=UNSUPPORTED_DATA | INVALID_PAYLOAD..=BAD_GATEWAY | FIRST_REGISTERED..=LAST_PRIVATE
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_and_unregistered_codes_are_not_sendable() {
        for code in [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, u16::MAX] {
            assert!(!is_sendable(code), "{code}");
        }
        for code in [1000, 1003, 1007, 1014, 3000, 3999, 4000, 4999] {
            assert!(is_sendable(code), "{code}");
        }
    }
}
