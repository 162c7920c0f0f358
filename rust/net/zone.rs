//! Decides which network interface the zone of an IPv6 address names (RFC 4007 section 11).

use std::io;
use std::net::{Ipv6Addr, SocketAddrV6};
#[cfg(unix)]
use std::net::{SocketAddr, ToSocketAddrs};

/// Parses `address%zone`, in which the zone is the name or the number of an interface. Returns the address with port 0;
/// `None` if the text is no IPv6 address with a zone, and an error for an interface that does not exist.
pub fn parse(text: &str) -> Option<io::Result<SocketAddrV6>> {
    let (address, zone) = text.split_once('%')?;
    let address: Ipv6Addr = address.parse().ok()?;
    Some(interface_number(zone).map(|number| SocketAddrV6::new(address, 0, 0, number)))
}

fn interface_number(zone: &str) -> io::Result<u32> {
    if let Ok(number) = zone.parse() {
        return Ok(number);
    }
    let unknown = || io::Error::new(io::ErrorKind::NotFound, format!("there is no network interface '{zone}'"));
    if zone.is_empty() || zone.contains(char::is_control) {
        return Err(unknown());
    }
    named_interface(zone).ok_or_else(unknown)
}

/// The system's resolver knows the names, for link-local addresses. A numeric address needs no lookup.
#[cfg(unix)]
fn named_interface(name: &str) -> Option<u32> {
    let scope = |address| match address {
        SocketAddr::V6(address) => Some(address.scope_id()).filter(|number| *number != 0),
        SocketAddr::V4(_) => None,
    };
    (format!("fe80::1%{name}"), 0).to_socket_addrs().ok()?.find_map(scope)
}

#[cfg(windows)]
fn named_interface(name: &str) -> Option<u32> {
    super::windows::interface_number(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_the_number_or_the_name_of_an_interface() {
        let number = |text: &str| parse(text).map(|result| result.map(|address| address.scope_id()).ok());
        assert_eq!(number("fe80::1%7"), Some(Some(7)));
        for text in ["fe80::1%no-such-interface", "fe80::1%", "::1%a\0b", "::1%-1", "::1%4294967296"] {
            assert_eq!(number(text), Some(None), "{text}");
        }
        for text in ["fe80::1", "127.0.0.1%lo", "host%lo", "", "%lo"] {
            assert_eq!(number(text), None, "{text}");
        }
        #[cfg(target_os = "linux")]
        for text in ["fe80::1%lo", "::1%lo"] {
            assert_eq!(number(text), Some(Some(1)), "{text}");
        }
    }
}
