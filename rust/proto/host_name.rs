//! Decides which international host names are valid, and how they are written on the network (UTS 46, as in browsers).

use std::borrow::Cow;

use idna::AsciiDenyList;

use crate::error::{Error, ErrorCode, Result};
use crate::proto::url::percent_decoded;

/// Returns the form of a host name for name servers, `Host` and certificates: Punycode in place of international
/// characters, which may be percent-encoded (RFC 3986 section 3.2.2). ASCII names are returned as they are.
///
/// # Errors
/// `InvalidParameter` for an international name that UTS 46 does not allow.
pub fn to_ascii(name: &str) -> Result<Cow<'_, str>> {
    let international = match name.contains('%') {
        true => Cow::Owned(percent_decoded(name)),
        false => Cow::Borrowed(name),
    };
    if international.is_ascii() {
        return Ok(Cow::Borrowed(name));
    }
    let ascii = idna::domain_to_ascii_cow(international.as_bytes(), AsciiDenyList::URL);
    ascii.map(|ascii| Cow::Owned(ascii.into_owned())).map_err(|_| {
        let message = format!("{international:?} is not a valid international host name (UTS 46)");
        Error::new(ErrorCode::InvalidParameter, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names, and their form in browsers.
    #[test]
    fn international_names_become_punycode_as_in_browsers() {
        for (name, ascii) in [
            ("h\u{f6}st", "xn--hst-sna"),
            ("H\u{d6}ST.Example", "xn--hst-sna.example"),
            ("ho\u{308}st", "xn--hst-sna"),
            ("h%C3%B6st", "xn--hst-sna"),
            ("stra\u{df}e.example", "xn--strae-oqa.example"),
            ("\u{65e5}\u{672c}\u{8a9e}\u{3002}\u{ff4a}\u{ff50}", "xn--wgv71a119e.jp"),
            ("\u{ff11}\u{ff12}\u{ff17}.0.0.1", "127.0.0.1"),
            ("\u{1f600}.example", "xn--e28h.example"),
            ("_h\u{f6}st", "xn--_hst-6qa"),
        ] {
            assert_eq!(to_ascii(name).as_deref(), Ok(ascii), "{name}");
            assert_eq!(url::Host::parse(name).unwrap().to_string(), ascii, "{name}");
        }
    }

    #[test]
    fn ascii_names_stay_as_they_are() {
        for name in ["Host", "a_b", "xn--hst-sna", "a%41", "127.0.0.1", "a b", ""] {
            assert_eq!(to_ascii(name).as_deref(), Ok(name));
        }
    }

    #[test]
    fn invalid_international_names_are_refused() {
        for name in [
            "h\u{f6} st",
            "h\u{f6}:80",
            "h\u{f6}/x",
            "h\u{f6}@x",
            "\u{ff0f}h\u{f6}",
            "xn--\u{f6}",
            "\u{300}a",
            "\u{fffd}",
            "\u{5d0}1a\u{f6}",
            "h%FF",
            "h\u{f6}%00",
        ] {
            assert!(to_ascii(name).is_err(), "{name:?}: {:?}", to_ascii(name));
        }
        let message = to_ascii("h\u{f6} st").unwrap_err();
        assert_eq!(message.message(), "\"h\u{f6} st\" is not a valid international host name (UTS 46)");
    }
}
