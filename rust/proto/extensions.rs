//! Negotiation of permessage-deflate in `Sec-WebSocket-Extensions`: the client's offer, the server's response, and the
//! client's check of it (RFC 6455 section 9.1, RFC 7692 sections 5 and 7.1).

use std::fmt::Write as _;

/// Smallest window that zlib can write, as a power of two; RFC 7692 allows 8.
pub const MIN_COMPRESSOR_WINDOW_BITS: u8 = 9;

/// Default and largest window, as a power of two (RFC 7692 section 7.1.2).
const MAX_WINDOW_BITS: u8 = 15;

const NAME: &str = "permessage-deflate";
const SERVER_NO_CONTEXT: &str = "server_no_context_takeover";
const CLIENT_NO_CONTEXT: &str = "client_no_context_takeover";
const SERVER_BITS: &str = "server_max_window_bits";
const CLIENT_BITS: &str = "client_max_window_bits";

/// Negotiated parameters of one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeflateDirection {
    /// The sender keeps its window from message to message (RFC 7692 section 7.1.1).
    pub context_takeover: bool,
    /// The sender's window is at most 2 to this power, 8 to 15 (RFC 7692 section 7.1.2).
    pub window_bits: u8,
}

impl Default for DeflateDirection {
    fn default() -> Self {
        Self { context_takeover: true, window_bits: MAX_WINDOW_BITS }
    }
}

/// Parameters that client and server negotiated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NegotiatedDeflate {
    /// Messages from the server.
    pub server: DeflateDirection,
    /// Messages from the client.
    pub client: DeflateDirection,
}

/// Parameters that this endpoint offers or accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeflatePreferences {
    /// Allow context takeover in both directions.
    pub context_takeover: bool,
    /// Largest window in both directions, 9 to 15.
    pub max_window_bits: u8,
}

impl Default for DeflatePreferences {
    fn default() -> Self {
        Self { context_takeover: true, max_window_bits: MAX_WINDOW_BITS }
    }
}

/// Returns the header value with which a client offers compression.
pub fn offer(preferences: DeflatePreferences) -> String {
    let mut value = NAME.to_owned();
    if !preferences.context_takeover {
        let _ = write!(value, "; {SERVER_NO_CONTEXT}; {CLIENT_NO_CONTEXT}");
    }
    if preferences.max_window_bits < MAX_WINDOW_BITS {
        let _ = write!(value, "; {SERVER_BITS}={0}; {CLIENT_BITS}={0}", preferences.max_window_bits);
    } else {
        let _ = write!(value, "; {CLIENT_BITS}");
    }
    value
}

/// Accepts the first acceptable of a client's offers. Returns the negotiated parameters and the header value of the
/// response. Offers with unknown, repeated or malformed parameters are declined and are no error (RFC 7692 section
/// 5.1).
pub fn accept<'a>(
    offers: impl Iterator<Item = &'a str>,
    preferences: DeflatePreferences,
) -> Option<(NegotiatedDeflate, String)> {
    offers.flat_map(split_list).filter_map(parse).find_map(|offer| accept_one(&offer, preferences))
}

fn accept_one(offer: &Parameters, preferences: DeflatePreferences) -> Option<(NegotiatedDeflate, String)> {
    let server_bits = match offer.server_bits {
        Some(WindowBits::Value(bits)) if bits < MIN_COMPRESSOR_WINDOW_BITS => return None,
        Some(WindowBits::Value(bits)) => bits.min(preferences.max_window_bits),
        Some(WindowBits::NoValue) => return None,
        None => preferences.max_window_bits,
    };
    // RFC 7692 section 7.1.2.2: a server must not send client_max_window_bits unless the client offered it.
    let client_bits = match offer.client_bits {
        Some(WindowBits::Value(bits)) => bits.min(preferences.max_window_bits),
        Some(WindowBits::NoValue) => preferences.max_window_bits,
        None => MAX_WINDOW_BITS,
    };
    let negotiated = NegotiatedDeflate {
        server: DeflateDirection {
            context_takeover: preferences.context_takeover && !offer.server_no_context,
            window_bits: server_bits,
        },
        client: DeflateDirection {
            context_takeover: preferences.context_takeover && !offer.client_no_context,
            window_bits: client_bits,
        },
    };
    let mut response = NAME.to_owned();
    if !negotiated.server.context_takeover {
        let _ = write!(response, "; {SERVER_NO_CONTEXT}");
    }
    if !negotiated.client.context_takeover {
        let _ = write!(response, "; {CLIENT_NO_CONTEXT}");
    }
    if server_bits < MAX_WINDOW_BITS {
        let _ = write!(response, "; {SERVER_BITS}={server_bits}");
    }
    if offer.client_bits.is_some() && client_bits < MAX_WINDOW_BITS {
        let _ = write!(response, "; {CLIENT_BITS}={client_bits}");
    }
    Some((negotiated, response))
}

/// Checks a server's response to a client's offer. Returns the negotiated parameters, or `None` if the server declined.
/// A response that does not match the offer is an error, which must fail the connection (RFC 7692 section 5.1).
pub fn check_response<'a>(
    responses: impl Iterator<Item = &'a str>,
    offered: Option<DeflatePreferences>,
) -> Result<Option<NegotiatedDeflate>, &'static str> {
    let mut responses = responses.flat_map(split_list);
    let Some(response) = responses.next() else { return Ok(None) };
    if responses.next().is_some() {
        return Err("server accepted more than one extension");
    }
    let Some(offered) = offered else { return Err("server accepted an extension that was not offered") };
    let Some(response) = parse(response) else {
        return Err("server accepted an extension or parameter that was not offered");
    };
    let server_bits = match response.server_bits {
        Some(WindowBits::Value(bits)) if bits <= offered.max_window_bits => bits,
        None if offered.max_window_bits == MAX_WINDOW_BITS => MAX_WINDOW_BITS,
        _ => return Err("server did not accept the offered server_max_window_bits"),
    };
    let client_bits = match response.client_bits {
        Some(WindowBits::Value(bits)) => bits.min(offered.max_window_bits),
        None => offered.max_window_bits,
        Some(WindowBits::NoValue) => return Err("server sent client_max_window_bits without a value"),
    };
    if !offered.context_takeover && !response.server_no_context {
        return Err("server did not accept server_no_context_takeover");
    }
    Ok(Some(NegotiatedDeflate {
        server: DeflateDirection { context_takeover: !response.server_no_context, window_bits: server_bits },
        client: DeflateDirection {
            context_takeover: offered.context_takeover && !response.client_no_context,
            window_bits: client_bits,
        },
    }))
}

/// Value of a parameter `server_max_window_bits` or `client_max_window_bits`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WindowBits {
    NoValue,
    Value(u8),
}

/// Parameters of one offer or response.
#[derive(Debug, Default, PartialEq, Eq)]
struct Parameters {
    server_no_context: bool,
    client_no_context: bool,
    server_bits: Option<WindowBits>,
    client_bits: Option<WindowBits>,
}

/// Splits at the separator outside quoted strings.
fn split_outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
    .map(str::trim)
}

fn split_list(value: &str) -> impl Iterator<Item = &str> {
    split_outside_quotes(value, ',').filter(|element| !element.is_empty())
}

/// Parses one offer or response. Returns `None` for another extension, and for parameters that RFC 7692 section 7.1
/// does not allow.
fn parse(extension: &str) -> Option<Parameters> {
    let mut parts = split_outside_quotes(extension, ';');
    if !parts.next()?.eq_ignore_ascii_case(NAME) {
        return None;
    }
    let mut parameters = Parameters::default();
    for part in parts {
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => (name.trim(), Some(unquoted(value.trim())?)),
            None => (part, None),
        };
        match name.to_ascii_lowercase().as_str() {
            SERVER_NO_CONTEXT if value.is_none() && !parameters.server_no_context => {
                parameters.server_no_context = true;
            }
            CLIENT_NO_CONTEXT if value.is_none() && !parameters.client_no_context => {
                parameters.client_no_context = true;
            }
            SERVER_BITS if parameters.server_bits.is_none() => parameters.server_bits = Some(window_bits(value)?),
            CLIENT_BITS if parameters.client_bits.is_none() => parameters.client_bits = Some(window_bits(value)?),
            _ => return None,
        }
    }
    Some(parameters)
}

fn unquoted(value: &str) -> Option<&str> {
    match value.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"'),
        None => Some(value),
    }
}

/// RFC 7692 section 7.1.2: a decimal integer without leading zeros, 8 to 15.
fn window_bits(value: Option<&str>) -> Option<WindowBits> {
    let Some(value) = value else { return Some(WindowBits::NoValue) };
    match value {
        "8" => Some(WindowBits::Value(8)),
        "9" => Some(WindowBits::Value(9)),
        "10" => Some(WindowBits::Value(10)),
        "11" => Some(WindowBits::Value(11)),
        "12" => Some(WindowBits::Value(12)),
        "13" => Some(WindowBits::Value(13)),
        "14" => Some(WindowBits::Value(14)),
        "15" => Some(WindowBits::Value(15)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(offer: &str) -> Option<String> {
        accept([offer].into_iter(), DeflatePreferences::default()).map(|(_, response)| response)
    }

    #[test]
    fn responds_to_offers_as_rfc_7692_section_7_1_says() {
        for (offer, expected) in [
            ("permessage-deflate", Some("permessage-deflate")),
            ("permessage-deflate; client_max_window_bits", Some("permessage-deflate")),
            ("permessage-deflate; client_max_window_bits=10", Some("permessage-deflate; client_max_window_bits=10")),
            ("permessage-deflate; client_max_window_bits=8", Some("permessage-deflate; client_max_window_bits=8")),
            ("permessage-deflate; server_max_window_bits=9", Some("permessage-deflate; server_max_window_bits=9")),
            (
                "permessage-deflate; server_max_window_bits=\"10\"",
                Some("permessage-deflate; server_max_window_bits=10"),
            ),
            ("permessage-deflate; server_no_context_takeover", Some("permessage-deflate; server_no_context_takeover")),
            ("permessage-deflate; client_no_context_takeover", Some("permessage-deflate; client_no_context_takeover")),
            ("x-webkit-deflate-frame, permessage-deflate", Some("permessage-deflate")),
            ("permessage-deflate; server_max_window_bits=8, permessage-deflate", Some("permessage-deflate")),
            ("PERMESSAGE-DEFLATE", Some("permessage-deflate")),
            ("permessage-deflate; server_max_window_bits=8", None),
            ("permessage-deflate; server_max_window_bits", None),
            ("permessage-deflate; server_max_window_bits=16", None),
            ("permessage-deflate; server_max_window_bits=7", None),
            ("permessage-deflate; server_max_window_bits=09", None),
            ("permessage-deflate; client_max_window_bits=x", None),
            ("permessage-deflate; server_no_context_takeover=1", None),
            ("permessage-deflate; server_no_context_takeover; server_no_context_takeover", None),
            ("permessage-deflate; unknown", None),
            ("permessage-deflate; client_max_window_bits=\"10", None),
            ("permessage-deflate;", None),
            ("permessage-bzip2", None),
            ("", None),
        ] {
            assert_eq!(response(offer).as_deref(), expected, "{offer}");
        }
    }

    #[test]
    fn a_server_limits_the_clients_window_only_if_the_client_allows_it() {
        let small = DeflatePreferences { context_takeover: true, max_window_bits: 10 };
        let (agreed, answer) = accept(["permessage-deflate"].into_iter(), small).unwrap();
        assert_eq!(answer, "permessage-deflate; server_max_window_bits=10");
        assert_eq!(agreed.client.window_bits, 15);
        let (agreed, answer) = accept(["permessage-deflate; client_max_window_bits"].into_iter(), small).unwrap();
        assert_eq!(answer, "permessage-deflate; server_max_window_bits=10; client_max_window_bits=10");
        assert_eq!(agreed.client.window_bits, 10);
    }

    #[test]
    fn a_client_refuses_a_response_that_does_not_match_its_offer() {
        let all = DeflatePreferences::default();
        let confirm = |value: &'static str, offered| check_response([value].into_iter(), offered);
        assert_eq!(confirm("", Some(all)), Ok(None));
        assert_eq!(confirm("permessage-deflate", Some(all)), Ok(Some(NegotiatedDeflate::default())));
        assert!(confirm("permessage-deflate", None).is_err());
        assert!(confirm("permessage-bzip2", Some(all)).is_err());
        assert!(confirm("permessage-deflate, permessage-deflate", Some(all)).is_err());
        assert!(confirm("permessage-deflate; client_max_window_bits", Some(all)).is_err());
        assert!(confirm("permessage-deflate; unknown=1", Some(all)).is_err());
        let small = DeflatePreferences { context_takeover: false, max_window_bits: 9 };
        assert!(confirm("permessage-deflate", Some(small)).is_err());
        assert!(confirm("permessage-deflate; server_max_window_bits=9", Some(small)).is_err());
        let agreed = confirm("permessage-deflate; server_max_window_bits=9; server_no_context_takeover", Some(small));
        let direction = DeflateDirection { context_takeover: false, window_bits: 9 };
        assert_eq!(agreed, Ok(Some(NegotiatedDeflate { server: direction, client: direction })));
    }

    #[test]
    fn a_server_accepts_the_offer_of_every_preference() {
        for context_takeover in [true, false] {
            for max_window_bits in 9..=15 {
                let client = DeflatePreferences { context_takeover, max_window_bits };
                let (agreed, answer) =
                    accept([offer(client).as_str()].into_iter(), DeflatePreferences::default()).unwrap();
                assert_eq!(check_response([answer.as_str()].into_iter(), Some(client)), Ok(Some(agreed)));
            }
        }
    }
}
