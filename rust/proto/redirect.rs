//! Decides which redirections are followed: statuses, schemes of locations, and their resolution
//! (RFC 9110 sections 10.2.2 and 15.4, RFC 3986 section 5).

use crate::error::Error;
use crate::proto::handshake::Headers;
use crate::proto::status;
use crate::proto::url::{Url, request_target};

/// Why a redirection is not followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedirectError {
    /// More than one `Location` leaves open which one counts.
    #[error("the response has more than one Location header")]
    Repeated,
    /// The location has another scheme.
    #[error("the scheme '{0}' is not ws, wss, http or https")]
    Scheme(String),
    /// The location has a scheme and no host. Browsers would read it as a path.
    #[error("the location has no host")]
    Host,
    /// The location is an invalid URL.
    #[error("{0}")]
    Url(Error),
    /// The location has user information, which RFC 9110 section 4.2.4 makes an error in a URL from an untrusted
    /// source.
    #[error("the location contains user information")]
    UserInfo,
    /// The location leads from an encrypted connection to an unencrypted one.
    #[error("it leads from wss to ws")]
    Unencrypted,
}

/// Returns whether the status names another place for the same request. 300 and 305 do not: the first one is a choice,
/// the second one is deprecated (RFC 9110 section 15.4).
pub fn is_followed(status: u16) -> bool {
    use status::{FOUND, MOVED_PERMANENTLY, PERMANENT_REDIRECT, SEE_OTHER, TEMPORARY_REDIRECT};
    matches!(status, MOVED_PERMANENTLY | FOUND | SEE_OTHER | TEMPORARY_REDIRECT | PERMANENT_REDIRECT)
}

/// Returns the location of a response; `None` without one.
pub fn location(headers: &Headers) -> Result<Option<&str>, RedirectError> {
    let mut locations = headers.all("Location").filter(|location| !location.is_empty());
    let location = locations.next();
    if locations.next().is_some() { Err(RedirectError::Repeated) } else { Ok(location) }
}

/// Returns the URL that a location of a response from `base` refers to. The credentials of `base` remain only if the
/// location names no host. http stands for ws, and https for wss.
pub fn resolve(base: &Url, location: &str) -> Result<Url, RedirectError> {
    // A request has no fragment.
    let reference = location.split('#').next().unwrap_or_default();
    let url = match split_scheme(reference) {
        Some((scheme, rest)) => {
            let secure = is_secure(scheme).ok_or_else(|| RedirectError::Scheme(scheme.to_owned()))?;
            absolute(secure, rest)?
        }
        None if reference.starts_with("//") => absolute(base.secure, reference)?,
        None => Url { target: request_target(&relative(&base.target, reference)), ..base.clone() },
    };
    if base.secure && !url.secure {
        return Err(RedirectError::Unencrypted);
    }
    Ok(url)
}

/// Returns whether two URLs have the same scheme, host and port (RFC 6454 section 4).
pub fn is_same_origin(one: &Url, other: &Url) -> bool {
    (one.secure, &one.address) == (other.secure, &other.address)
}

/// Returns scheme, host, port and path of a URL, for messages: without credentials and query, which may be secret.
pub fn place(url: &Url) -> String {
    let scheme = if url.secure { "wss" } else { "ws" };
    format!("{scheme}://{}{}", url.address, split_query(&url.target).0)
}

/// Splits off a scheme (RFC 3986 section 3.1).
fn split_scheme(reference: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = reference.split_once(':')?;
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    is_scheme.then_some((scheme, rest))
}

fn is_secure(scheme: &str) -> Option<bool> {
    match scheme.to_ascii_lowercase().as_str() {
        "ws" | "http" => Some(false),
        "wss" | "https" => Some(true),
        _ => None,
    }
}

/// Parses the part of an absolute URL after its scheme.
fn absolute(secure: bool, rest: &str) -> Result<Url, RedirectError> {
    if !rest.starts_with("//") {
        return Err(RedirectError::Host);
    }
    let scheme = if secure { "wss" } else { "ws" };
    let mut url = Url::parse(&format!("{scheme}:{rest}")).map_err(RedirectError::Url)?;
    if url.credentials.is_some() {
        return Err(RedirectError::UserInfo);
    }
    let (path, query) = split_query(&url.target);
    url.target = without_dot_segments(path) + query;
    Ok(url)
}

/// Resolves a reference without scheme and host (RFC 3986 section 5.2.2).
fn relative(base: &str, reference: &str) -> String {
    let (base_path, base_query) = split_query(base);
    let (path, query) = split_query(reference);
    if path.is_empty() {
        return format!("{base_path}{}", if query.is_empty() { base_query } else { query });
    }
    if path.starts_with('/') {
        return without_dot_segments(path) + query;
    }
    let folder = base_path.rsplit_once('/').map_or("", |(folder, _)| folder);
    without_dot_segments(&format!("{folder}/{path}")) + query
}

/// Splits a target into its path and its query with the question mark.
fn split_query(target: &str) -> (&str, &str) {
    target.split_at(target.find('?').unwrap_or(target.len()))
}

/// Resolves the segments "." and ".." of a path that begins with '/' (RFC 3986 section 5.2.4).
fn without_dot_segments(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    let mut ends_in_folder = false;
    for segment in path.split('/').skip(1) {
        ends_in_folder = matches!(segment, "." | "..");
        match segment {
            "." => {}
            ".." => {
                segments.pop();
            }
            _ => segments.push(segment),
        }
    }
    if ends_in_folder {
        segments.push("");
    }
    format!("/{}", segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(base: &str, location: &str) -> Result<String, RedirectError> {
        let url = resolve(&Url::parse(base).unwrap(), location)?;
        Ok(format!("{}://{}{}", if url.secure { "wss" } else { "ws" }, url.address, url.target))
    }

    /// The examples of RFC 3986 section 5.4, except for those with another scheme or with parameters of a fragment.
    #[test]
    fn references_are_resolved_as_rfc_3986_says() {
        for (reference, target) in [
            ("g", "/b/c/g"),
            ("./g", "/b/c/g"),
            ("g/", "/b/c/g/"),
            ("/g", "/g"),
            ("?y", "/b/c/d;p?y"),
            ("g?y", "/b/c/g?y"),
            ("#s", "/b/c/d;p?q"),
            ("g#s", "/b/c/g"),
            ("g?y#s", "/b/c/g?y"),
            (";x", "/b/c/;x"),
            ("g;x", "/b/c/g;x"),
            ("", "/b/c/d;p?q"),
            (".", "/b/c/"),
            ("./", "/b/c/"),
            ("..", "/b/"),
            ("../", "/b/"),
            ("../g", "/b/g"),
            ("../..", "/"),
            ("../../", "/"),
            ("../../g", "/g"),
            ("../../../g", "/g"),
            ("../../../../g", "/g"),
            ("/./g", "/g"),
            ("/../g", "/g"),
            ("g.", "/b/c/g."),
            (".g", "/b/c/.g"),
            ("g..", "/b/c/g.."),
            ("..g", "/b/c/..g"),
            ("./../g", "/b/g"),
            ("./g/.", "/b/c/g/"),
            ("g/./h", "/b/c/g/h"),
            ("g/../h", "/b/c/h"),
            ("g;x=1/./y", "/b/c/g;x=1/y"),
            ("g;x=1/../y", "/b/c/y"),
            ("g?y/./x", "/b/c/g?y/./x"),
            ("g?y/../x", "/b/c/g?y/../x"),
            ("\\\\evil\\x", "/b/c/%5C%5Cevil%5Cx"),
        ] {
            let expected = format!("ws://a:80{target}");
            assert_eq!(resolved("ws://a/b/c/d;p?q", reference), Ok(expected), "{reference}");
        }
    }

    #[test]
    fn absolute_locations_name_the_scheme_as_websocket_or_http() {
        for (location, url) in [
            ("//g", "ws://g:80/"),
            ("//g:81/x?y", "ws://g:81/x?y"),
            ("http://g/a/../b", "ws://g:80/b"),
            ("HTTPS://G", "wss://g:443/"),
            ("wss://g:1?x", "wss://g:1/?x"),
        ] {
            assert_eq!(resolved("ws://a/b?c", location), Ok(url.to_owned()), "{location}");
        }
        assert_eq!(resolved("wss://a", "//g"), Ok("wss://g:443/".to_owned()));
        for location in ["ws://a", "http://a:443"] {
            assert_eq!(resolved("wss://a", location), Err(RedirectError::Unencrypted), "{location}");
        }
        for location in ["ftp://a", "javascript:x", "file:///etc", "urn:a"] {
            assert!(matches!(resolved("ws://a", location), Err(RedirectError::Scheme(_))), "{location}");
        }
        for location in ["http:g", "http:/g", "ws:80", "https:"] {
            assert_eq!(resolved("ws://a", location), Err(RedirectError::Host), "{location}");
        }
        for location in ["ws://", "ws://a:0", "ws://a b", "//"] {
            assert!(matches!(resolved("ws://a", location), Err(RedirectError::Url(_))), "{location}");
        }
        for location in ["ws://u:p@a", "//u@b/", "ws://@a"] {
            assert_eq!(resolved("ws://a", location), Err(RedirectError::UserInfo), "{location}");
        }
    }

    #[test]
    fn credentials_of_the_url_remain_at_its_origin_only() {
        let base = Url::parse("ws://u:p@a/b").unwrap();
        assert_eq!(resolve(&base, "/c").unwrap().credentials, base.credentials);
        for location in ["//b/c", "ws://a/c", "wss://a/c"] {
            assert_eq!(resolve(&base, location).unwrap().credentials, None, "{location}");
        }
        let origin = |location: &str| is_same_origin(&base, &resolve(&base, location).unwrap());
        assert!(origin("/c") && origin("ws://A:80/c"));
        assert!(!origin("ws://a:81") && !origin("wss://a") && !origin("//b"));
    }

    #[test]
    fn a_place_has_neither_credentials_nor_query() {
        assert_eq!(place(&Url::parse("wss://u:p@a/b/c?token=1").unwrap()), "wss://a:443/b/c");
    }
}
