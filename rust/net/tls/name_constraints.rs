//! Decides whether a certificate's common names satisfy the name constraints of its authorities (RFC 5280 section
//! 4.2.1.10).
//!
//! webpki checks subject alternative names only. A certificate without them is compared by its common name, so its
//! authorities' constraints must hold for that too.

use std::net::IpAddr;

use rustls::pki_types::DnsName;
use x509_parser::extensions::GeneralSubtree;
use x509_parser::prelude::{GeneralName, X509Certificate};

use super::trusted::Purpose;

/// Checks the common names of an end entity against the constraints of one authority in its chain.
pub(super) fn check_common_names(
    end_entity: &X509Certificate<'_>,
    purpose: Purpose,
    authority: &X509Certificate<'_>,
) -> Result<(), webpki::Error> {
    let constraints = authority.name_constraints().map_err(|_| webpki::Error::MalformedNameConstraint)?;
    let Some(constraints) = constraints.map(|extension| extension.value) else { return Ok(()) };
    if has_dns_name(end_entity)? {
        return Ok(());
    }
    let permitted = constraints.permitted_subtrees.as_deref().unwrap_or_default();
    let excluded = constraints.excluded_subtrees.as_deref().unwrap_or_default();
    for name in end_entity.subject().iter_common_name() {
        // A common name in another alphabet is compared with no host name.
        let Ok(name) = name.as_str() else { continue };
        let name = name.strip_suffix('.').unwrap_or(name);
        if !is_address_allowed(name, permitted, excluded) || !is_host_allowed(name, purpose, permitted, excluded) {
            return Err(webpki::Error::NameConstraintViolation);
        }
    }
    Ok(())
}

fn has_dns_name(certificate: &X509Certificate<'_>) -> Result<bool, webpki::Error> {
    let names = certificate.subject_alternative_name().map_err(|_| webpki::Error::MalformedExtensions)?;
    Ok(names.is_some_and(|names| names.value.general_names.iter().any(|name| matches!(name, GeneralName::DNSName(_)))))
}

fn is_address_allowed(name: &str, permitted: &[GeneralSubtree<'_>], excluded: &[GeneralSubtree<'_>]) -> bool {
    let Ok(address) = name.parse::<IpAddr>() else { return true };
    let networks = |subtrees: &[GeneralSubtree<'_>]| -> Vec<bool> {
        let bases = subtrees.iter().filter_map(|subtree| match &subtree.base {
            GeneralName::IPAddress(base) => Some(contains_address(base, address)),
            _ => None,
        });
        bases.collect()
    };
    let permitted = networks(permitted);
    (permitted.is_empty() || permitted.contains(&true)) && !networks(excluded).contains(&true)
}

/// Returns whether a constraint (an address and its mask) contains an address. One of the other family does not.
fn contains_address(base: &[u8], address: IpAddr) -> bool {
    let address = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let Some((network, mask)) = base.split_at_checked(address.len()) else { return false };
    let masked = |bytes: &[u8]| bytes.iter().zip(mask).map(|(byte, mask)| byte & mask).collect::<Vec<_>>();
    mask.len() == address.len() && masked(network) == masked(&address)
}

fn is_host_allowed(
    name: &str,
    purpose: Purpose,
    permitted: &[GeneralSubtree<'_>],
    excluded: &[GeneralSubtree<'_>],
) -> bool {
    if !is_host_name(name, purpose) {
        return true;
    }
    let is_unrestricted = domains(permitted).next().is_none();
    (is_unrestricted || domains(permitted).any(|base| contains_host(base, name)))
        && !domains(excluded).any(|base| may_overlap(base, name))
}

fn domains<'a>(subtrees: &'a [GeneralSubtree<'a>]) -> impl Iterator<Item = &'a str> {
    subtrees.iter().filter_map(|subtree| match &subtree.base {
        GeneralName::DNSName(base) => Some(*base),
        _ => None,
    })
}

/// Returns whether a common name counts as a host name. Those of servers are compared with one whenever they can be; a
/// client's is a player's or a machine's name, and a host's only if it has a dot, as OpenSSL judges.
fn is_host_name(name: &str, purpose: Purpose) -> bool {
    let host = name.strip_prefix("*.").unwrap_or(name);
    let has_the_form = DnsName::try_from(host).is_ok() || host.parse::<IpAddr>().is_ok();
    has_the_form && (purpose == Purpose::Server || host.contains('.'))
}

/// Returns whether a domain contains a name, or every name that a wildcard matches. A domain that begins with a dot
/// contains the names below it only.
fn contains_host(domain: &str, name: &str) -> bool {
    let (domain, name) = (domain.to_ascii_lowercase(), name.to_ascii_lowercase());
    match name.strip_suffix(&domain) {
        Some(rest) => rest.is_empty() || domain.is_empty() || domain.starts_with('.') || rest.ends_with('.'),
        None => false,
    }
}

/// Returns whether a domain contains a name, or any name that a wildcard matches.
fn may_overlap(domain: &str, name: &str) -> bool {
    // A wildcard stands for one label.
    let is_matched = name.strip_prefix("*.").is_some_and(|parent| {
        domain.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest.eq_ignore_ascii_case(parent))
    });
    is_matched || contains_host(domain, name)
}

#[cfg(test)]
mod tests {
    use super::{contains_host, may_overlap};

    #[test]
    fn a_domain_contains_itself_and_the_names_below_it() {
        let cases = [
            ("game.example", "game.example", true),
            ("game.example", "GAME.Example", true),
            ("game.example", "eu.game.example", true),
            ("game.example", "*.game.example", true),
            ("game.example", "mygame.example", false),
            ("game.example", "*.example", false),
            (".game.example", "game.example", false),
            (".game.example", "eu.game.example", true),
            ("", "anything.example", true),
        ];
        for (domain, name, contains) in cases {
            assert_eq!(contains_host(domain, name), contains, "{domain} {name}");
        }
        assert!(may_overlap("game.example", "*.example"));
        assert!(!may_overlap("eu.game.example", "*.example"));
        assert!(!may_overlap("game.example", "*.other"));
    }
}
