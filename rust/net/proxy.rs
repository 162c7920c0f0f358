//! HTTP proxies: which proxy a connection uses, and which hosts use none.

use std::net::IpAddr;

use crate::error::{Error, ErrorCode, Result};
use crate::proto::host_name;
use crate::proto::url::{Authority, Credentials};

/// An HTTP proxy that supports CONNECT (RFC 9110 section 9.3.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// Host and port of the proxy.
    pub address: Authority,
    /// User name and password.
    pub credentials: Option<Credentials>,
}

impl Proxy {
    /// Parses `[http://][user:password@]host[:port]`; the default port is 80.
    pub fn parse(text: &str) -> Result<Self> {
        let invalid = |why: &str| Error::new(ErrorCode::InvalidParameter, format!("proxy '{text}': {why}"));
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        if !scheme.eq_ignore_ascii_case("http") {
            return Err(invalid("only http:// proxies are supported"));
        }
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '#']) {
            return Err(invalid("a proxy address must not contain a path"));
        }
        let (address, credentials) = Authority::parse(rest, 80).map_err(|error| invalid(error.message()))?;
        Ok(Self { address, credentials })
    }
}

/// Checks the address of a proxy. An empty one stands for none.
pub(crate) fn check(address: &str) -> Result {
    if address.is_empty() { Ok(()) } else { Proxy::parse(address).map(drop) }
}

/// The proxy settings of a client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    /// For `ws://`; empty for none.
    pub http: String,
    /// For `wss://`; empty for none.
    pub https: String,
    /// Hosts without proxy, in curl's format: names, which include their subdomains, addresses, networks
    /// (`10.0.0.0/8`), or `*` for all; separated by commas or spaces.
    pub no_proxy: String,
}

impl Proxies {
    /// Reads `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` from the environment, in lower case or upper case.
    /// As in curl, `HTTP_PROXY` in upper case is ignored, because web servers set it from a request's `Proxy` header.
    pub fn from_environment() -> Self {
        let read = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let either = |name: &str| read(name).or_else(|| read(&name.to_ascii_uppercase()));
        let all = either("all_proxy");
        Self {
            http: read("http_proxy").or_else(|| all.clone()).unwrap_or_default(),
            https: either("https_proxy").or(all).unwrap_or_default(),
            no_proxy: either("no_proxy").unwrap_or_default(),
        }
    }

    /// Returns the proxy for a host; `None` for a direct connection.
    pub fn choose(&self, secure: bool, host: &str) -> Result<Option<Proxy>> {
        let proxy = if secure { &self.https } else { &self.http };
        if proxy.is_empty() || self.excludes(host) {
            return Ok(None);
        }
        Proxy::parse(proxy).map(Some)
    }

    fn excludes(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        let patterns = self.no_proxy.split([',', ' ']).filter(|pattern| !pattern.is_empty());
        let address: Option<IpAddr> = host.parse().ok();
        patterns.into_iter().any(|pattern| match address {
            _ if pattern == "*" => true,
            Some(address) => is_in_network(address, pattern),
            None => {
                // A name that is invalid as an international one excludes no host.
                let Ok(name) = host_name::to_ascii(pattern.trim_matches('.')) else { return false };
                let name = name.to_ascii_lowercase();
                host.strip_suffix(&name).is_some_and(|before| before.is_empty() || before.ends_with('.'))
            }
        })
    }
}

fn is_in_network(address: IpAddr, pattern: &str) -> bool {
    let (network, bits) = pattern.split_once('/').map_or((pattern, None), |(network, bits)| (network, Some(bits)));
    let network = network.trim_start_matches('[').trim_end_matches(']');
    let (Ok(network), bits) = (network.parse::<IpAddr>(), bits.map(str::parse::<u32>)) else { return false };
    let (address, network, width) = match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            (u128::from(address.to_bits()), u128::from(network.to_bits()), 32)
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => (address.to_bits(), network.to_bits(), 128),
        _ => return false,
    };
    match bits {
        None => address == network,
        Some(Ok(bits)) if bits <= width => (address ^ network).checked_shr(width - bits).unwrap_or(0) == 0,
        Some(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_credentials_are_parsed() {
        let proxy = Proxy::parse("http://us%3Aer:p%40w@Proxy.example:3128/").unwrap();
        assert_eq!(proxy.address, Authority { host: "proxy.example".to_owned(), zone: None, port: 3128 });
        let expected = Credentials { user: "us:er".to_owned(), password: "p@w".to_owned() };
        assert_eq!(proxy.credentials, Some(expected));
        let short = Proxy::parse("[::1]").unwrap();
        assert_eq!((short.address.to_string(), short.credentials), ("[::1]:80".to_owned(), None));
        for bad in ["https://p:1", "socks5://p:1", "http://", "p:0", "p:x", "p/path", "http://p:1?x"] {
            assert_eq!(Proxy::parse(bad).unwrap_err().code(), ErrorCode::InvalidParameter, "{bad}");
        }
    }

    #[test]
    fn hosts_without_proxy_match_as_in_curl() {
        let proxies =
            |no_proxy: &str| Proxies { http: "p:1".to_owned(), https: String::new(), no_proxy: no_proxy.to_owned() };
        let direct = |no_proxy: &str, host: &str| proxies(no_proxy).choose(false, host).unwrap().is_none();
        assert!(direct("example.com", "example.com") && direct("example.com", "a.example.com"));
        assert!(direct(".Example.com, other", "a.example.com") && direct("x other", "other."));
        assert!(!direct("example.com", "badexample.com") && !direct("", "example.com"));
        assert!(direct("*", "anything") && direct("*", "10.0.0.1"));
        assert!(direct("10.0.0.0/8", "10.1.2.3") && !direct("10.0.0.0/8", "11.1.2.3"));
        assert!(direct("::1", "::1") && direct("[::1]", "::1") && direct("fe80::/10", "fe80::1"));
        assert!(
            direct("0.0.0.0/0", "1.2.3.4") && !direct("10.0.0.0/33", "10.0.0.0") && !direct("10.0.0.0/x", "10.0.0.0")
        );
        assert!(!direct("::1", "127.0.0.1"));
        assert!(proxies("").choose(true, "example.com").unwrap().is_none(), "none for wss");
    }
}
